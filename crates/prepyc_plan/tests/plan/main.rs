//! The planner against the rules of docs/precompiling.md, case by case, as a table, and on graphs that mean it ill.

mod beyond;
mod cases;
mod graphs;
mod outputs;
mod restated;
mod settings;
mod table;
mod workspace;
