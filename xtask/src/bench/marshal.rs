//! Reading and writing marshal, in memory, one thread: `prepyc_bytecode` against the interpreter's own `marshal`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::figures::Table;
use super::tree::Copies;
use super::{Arguments, Tools};
use crate::workspace;

/// Prints the same three figures as the bench target does: `BYTES READ WRITE`.
const THEIRS: &str = "
import marshal, os, sys, time
bodies = []
for folder, _, files in os.walk(sys.argv[1]):
    for name in files:
        if name.endswith('.pyc'):
            with open(os.path.join(folder, name), 'rb') as file:
                bodies.append(file.read()[16:])
reads, writes = [], []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter(); codes = [marshal.loads(body) for body in bodies]
    reads.append(time.perf_counter() - start)
    start = time.perf_counter(); size = sum(len(marshal.dumps(code)) for code in codes)
    writes.append(time.perf_counter() - start)
median = lambda seconds: sorted(seconds)[len(seconds) // 2]
print(size, median(reads), median(writes))
";

/// Measures both over the pycs of prepyc's copy of the tree.
pub(super) fn measure(
    tools: &Tools,
    copies: &Copies,
    arguments: &Arguments,
    table: &mut Table,
) -> anyhow::Result<()> {
    let (folder, rounds) = (copies.ours(), arguments.rounds.to_string());
    let mut theirs = tools.oracle.command();
    let [_, their_read, their_write] = figures(theirs.args(["-c", THEIRS]), &folder, &rounds)?;
    let mut ours = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    ours.current_dir(workspace::root());
    ours.args(["bench", "--quiet", "--package", "prepyc_bytecode", "--bench", "marshal", "--"]);
    let [size, read, write] = figures(&mut ours, &folder, &rounds)?;
    let name = |what: &str| format!("marshal {what} of {:.0} MB, one thread", size / 1e6);
    table.add_seconds(name("reading"), their_read, read);
    table.add_seconds(name("writing"), their_write, write);
    Ok(())
}

fn figures(command: &mut Command, folder: &Path, rounds: &str) -> anyhow::Result<[f64; 3]> {
    let output = command
        .arg(folder)
        .arg(rounds)
        .output()
        .with_context(|| format!("cannot run {}", workspace::name(command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", workspace::name(command), String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    let words = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>();
    words.ok().and_then(|words| words.try_into().ok()).with_context(|| format!("not three figures: {text}"))
}
