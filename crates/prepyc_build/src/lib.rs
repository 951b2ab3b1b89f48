//! `prepyc build`: packages to a plan, the plan to actions, their outputs to trees that run.
