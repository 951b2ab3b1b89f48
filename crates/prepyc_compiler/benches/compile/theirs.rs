//! The interpreter to compare with: one process that keeps its sources in memory and times itself.

use std::io::{self, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use prepyc_testing::Oracle;

/// Reads `c PATH`: compile that file, keep its source under the next number, answer `LENGTH COMPILE MARSHAL` and that
/// many bytes (-1 and none if it is rejected); `m NUMBER`: compile it again, answer with the
/// times; `f`: forget the last one.
const PROGRAM: &str = "
import sys, marshal, warnings
from time import perf_counter
warnings.simplefilter('ignore')
read, out = sys.stdin.buffer, sys.stdout.buffer
kept = []
def measure(source, path):
    start = perf_counter()
    code = compile(source, path, 'exec', dont_inherit=True, optimize=0)
    between = perf_counter()
    data = marshal.dumps(code)
    return data, between - start, perf_counter() - between
for line in read:
    command, _, rest = line.rstrip(b'\\n').partition(b' ')
    if command == b'f':
        kept.pop()
        continue
    data = b''
    if command == b'c':
        path = rest.decode()
        with open(path, 'rb') as file:
            kept.append((file.read(), path))
        try:
            data, *times = measure(*kept[-1])
            answer = '%d %.9f %.9f' % (len(data), *times)
        except Exception:
            answer = '-1 0 0'
    else:
        _, *times = measure(*kept[int(rest)])
        answer = '0 %.9f %.9f' % (*times,)
    out.write(answer.encode() + b'\\n' + data)
    out.flush()
";

/// The process.
pub(super) struct Interpreter {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What it made of a source.
pub(super) struct Theirs {
    pub(super) bytes: Vec<u8>,
    /// For compiling and for marshal.
    pub(super) seconds: [f64; 2],
}

impl Interpreter {
    pub(super) fn start(oracle: &Oracle) -> io::Result<Interpreter> {
        let mut command = oracle.command();
        command.args(["-I", "-S", "-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        Ok(Interpreter { child, input, output: BufReader::new(output) })
    }

    /// Compiles a file for the first time; `None` if it is rejected.
    pub(super) fn compile(&mut self, path: &Path) -> io::Result<Option<Theirs>> {
        self.send(&[b"c ", path.as_os_str().as_bytes()].concat())?;
        let (length, seconds) = self.answer()?;
        let Ok(length) = usize::try_from(length) else { return Ok(None) };
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes)?;
        Ok(Some(Theirs { bytes, seconds }))
    }

    /// Drops the last file.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.send(b"f")
    }

    /// Compiles a file that it has again; files are numbered in the order in which they came.
    pub(super) fn measure(&mut self, number: usize) -> io::Result<[f64; 2]> {
        self.send(format!("m {number}").as_bytes())?;
        Ok(self.answer()?.1)
    }

    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        let input = self.input.as_mut().ok_or_else(|| io::Error::other("no input"))?;
        input.write_all(&[line, b"\n"].concat())
    }

    fn answer(&mut self) -> io::Result<(i64, [f64; 2])> {
        let mut line = String::new();
        io::BufRead::read_line(&mut self.output, &mut line)?;
        let mut words = line.split_whitespace();
        let mut figure = || words.next().and_then(|word| word.parse::<f64>().ok());
        match (figure(), figure(), figure()) {
            (Some(length), Some(compiling), Some(marshal)) => Ok((length as i64, [compiling, marshal])),
            _ => Err(io::Error::other(format!("the interpreter answered {line:?}"))),
        }
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        let _ = self.child.wait();
    }
}
