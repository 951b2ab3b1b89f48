//! Compiling, from source bytes to marshal bytes, in memory, one thread: `prepyc_compiler` against `compile()` and
//! `marshal.dumps` of the interpreter of that version, and how long each of our stages takes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use prepyc_testing::{Oracle, Package};

use super::Arguments;
use super::figures::Table;
use crate::workspace;

/// The packages of `tests/packages.txt` that are compiled, besides the standard library.
const PACKAGES: [&str; 2] = ["django", "sympy"];

/// Our stages, in the order in which the bench target prints their seconds.
const STAGES: [&str; 7] =
    ["parsing", "symbol tables", "code generation", "passes", "assembling", "giving memory back", "marshal"];

/// Measures the standard library and the packages that are unpacked, or the one tree that was asked for.
pub(super) fn measure(oracle: &Oracle, arguments: &Arguments, table: &mut Table) -> anyhow::Result<()> {
    for (name, folder) in folders(oracle, arguments) {
        let mut bench = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        bench.current_dir(workspace::root());
        bench.args(["bench", "--quiet", "--package", "prepyc_compiler", "--bench", "compile", "--"]);
        bench.arg(&arguments.python).arg(arguments.rounds.to_string()).arg(folder);
        let output = bench.output().with_context(|| format!("cannot run {}", workspace::name(&bench)))?;
        if !output.status.success() {
            bail!("{} failed: {}", workspace::name(&bench), String::from_utf8_lossy(&output.stderr));
        }
        add(&name, &String::from_utf8(output.stdout)?, table)?;
    }
    Ok(())
}

fn folders(oracle: &Oracle, arguments: &Arguments) -> Vec<(String, PathBuf)> {
    if let Some(tree) = &arguments.tree {
        return vec![("the tree".to_owned(), tree.clone())];
    }
    let packages = PACKAGES.map(|name| (name.to_owned(), Package::named(name).folder()));
    let unpacked = packages.into_iter().filter(|(_, folder)| folder.is_dir());
    let library = std::iter::once(("the library without tests".to_owned(), oracle.stdlib()));
    library.chain(unpacked).collect()
}

/// Adds the rows of a line `FILES LEFT_OUT BYTES`, two times of theirs, seven of ours.
fn add(name: &str, line: &str, table: &mut Table) -> anyhow::Result<()> {
    let figures = line.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>();
    let [files, left_out, bytes, compile, dumps, ours @ ..] = &figures.unwrap_or_default()[..] else {
        bail!("not a line of figures: {line}");
    };
    let what =
        format!("compiling {files} files of {name} ({:.1} MB; {left_out} left out), one thread", bytes / 1e6);
    let all: f64 = ours.iter().sum();
    table.add_seconds(what, compile + dumps, all);
    let stages = STAGES.iter().zip(ours);
    let shares = stages.map(|(stage, seconds)| format!("{stage} {:.1} ms", seconds * 1000.0));
    table.add_note(format!("{name}: {}", shares.collect::<Vec<_>>().join(", ")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_bench_target_becomes_a_row_and_a_note() {
        let mut table = Table::default();
        let line = "517 38 9704602 1.1 0.1 0.01 0.02 0.03 0.04 0.05 0.06 0.09\n";
        add("a tree", line, &mut table).unwrap();
        let text = table.to_string();
        assert!(
            text.contains("517 files of a tree (9.7 MB; 38 left out), one thread | 1.20 s | 300.0 ms | 4.00"),
            "{text}"
        );
        assert!(text.contains("a tree: parsing 10.0 ms, symbol tables 20.0 ms"), "{text}");
        assert!(add("a tree", "517 38", &mut table).is_err());
    }
}
