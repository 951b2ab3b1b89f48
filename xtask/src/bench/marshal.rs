//! Reading and writing marshal, in memory, one thread: `prepyc_bytecode` against the interpreter's own `marshal`.

use std::process::Command;

use super::figures::Table;
use super::tree::Copies;
use super::{Arguments, Tools, figures};
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
    let [_, their_read, their_write] = figures(theirs.args(["-c", THEIRS]).arg(&folder).arg(&rounds))?;
    let mut ours = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    ours.current_dir(workspace::root());
    ours.args(["bench", "--quiet", "--package", "prepyc_bytecode", "--bench", "marshal", "--"]);
    let [size, read, write] = figures(ours.arg(&folder).arg(&rounds))?;
    let name = |what: &str| format!("marshal {what} of {:.0} MB, one thread", size / 1e6);
    table.add_seconds(name("reading"), their_read, read);
    table.add_seconds(name("writing"), their_write, write);
    Ok(())
}
