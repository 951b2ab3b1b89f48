//! The project's own chores, as `cargo xtask NAME`. This file only finds the one asked for.

mod ast;
mod ast_record;
mod bench;
mod ci;
mod corpus;
mod cpython_tests;
mod fuzz;
mod r#gen;
mod interpreter;
mod oracles;
mod record;
mod snippets;
mod stages;
mod tidy;
mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything a change has to pass: format, lints, house rules, every test, documentation.
    Ci(ci::Arguments),
    /// The house rules, held against every tracked file.
    Tidy,
    /// Write the generated tables anew from the recorded facts.
    Gen(r#gen::Arguments),
    /// Hold our parser against the real interpreters', tree by tree.
    AstCompare(ast::Arguments),
    /// Write down what the real parsers make of tests/syntax.
    AstRecord(ast_record::Arguments),
    /// Record what the real interpreters say: of their bytecode, and of the corpora.
    Record(record::Arguments),
    /// Compile programs that nobody wrote, natively and by the real interpreters.
    Fuzz(fuzz::Arguments),
    /// Record what CPython's code generator emits, for the compiler's stage tests.
    Stages(stages::Arguments),
    /// Record what the interpreters say of the sources in CPython's own tests.
    Snippets(snippets::Arguments),
    /// Run CPython's own tests from libraries without sources, compiled by prepyc and by CPython, and compare.
    CpythonTests(cpython_tests::Arguments),
    /// Measure: figures to read, not marks to pass.
    Bench(bench::Arguments),
    /// Install real CPython 3.11 to 3.15, which the tests hold our output against.
    Oracles(oracles::Arguments),
    /// Fetch and unpack the pinned wheels that the tests compile.
    Corpus(corpus::Arguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a backtrace, whatever the environment asks for: it is seldom ours that failed.
            let told = writeln!(io::stderr().lock(), "xtask: {error:#}");
            if told.is_ok() { ExitCode::FAILURE } else { ExitCode::from(2) }
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<()> {
    match chore {
        Chore::Ci(arguments) => ci::run(&arguments),
        Chore::Tidy => tidy::run(),
        Chore::Gen(arguments) => r#gen::run(&arguments),
        Chore::AstCompare(arguments) => ast::run(&arguments),
        Chore::AstRecord(arguments) => ast_record::run(&arguments),
        Chore::Record(arguments) => record::run(&arguments),
        Chore::Fuzz(arguments) => fuzz::run(&arguments),
        Chore::Stages(arguments) => stages::run(&arguments),
        Chore::Snippets(arguments) => snippets::run(&arguments),
        Chore::CpythonTests(arguments) => cpython_tests::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Oracles(arguments) => oracles::run(&arguments),
        Chore::Corpus(arguments) => corpus::run(&arguments),
    }
}
