//! `cargo xtask record WHAT`: writes down what the real interpreters say, so that the tests need none. Only they are asked;
//! our own output is never recorded.

mod charsets;
mod corpora;
mod opcodes;
mod several_bytes;

/// What `cargo xtask record` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// What their bytecode is, which `gen` makes tables of.
    Opcodes(opcodes::Arguments),
    /// Which characters their one-byte codecs read.
    Charsets,
    /// What they compile the corpora to, which the compiler is held against.
    Corpora(corpora::Arguments),
}

/// Runs the chore.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.what {
        What::Opcodes(arguments) => opcodes::run(arguments),
        What::Charsets => charsets::run(),
        What::Corpora(arguments) => corpora::run(arguments),
    }
}
