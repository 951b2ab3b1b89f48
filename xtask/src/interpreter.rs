//! A reference interpreter that compiles one source after another, for whatever is recorded of it or compared with it.

use std::io::{self, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context;
use prepyc_testing::{Oracle, oracles_dir};

/// What the interpreter runs.
const SERVER: &str = include_str!("interpreter.py");

/// A source to compile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    /// `co_filename`.
    pub(crate) filename: &'a str,
    /// 0, 1 or 2.
    pub(crate) level: u8,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The marshal bytes of its code.
    Code(Vec<u8>),
    /// An exception; line 0 where it names none.
    Rejected { class: String, line: u32, message: String },
    /// The process ended over it.
    Crashed,
}

/// The process. It ends with the value: its standard input does.
pub(crate) struct Interpreter {
    oracle: Oracle,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Interpreter {
    /// Starts the reference interpreter of a version such as `3.13`.
    pub(crate) fn start(version: &str) -> anyhow::Result<Interpreter> {
        let oracle = Oracle::find(version).with_context(|| {
            format!("no CPython {version} in {}; run cargo xtask oracles", oracles_dir().display())
        })?;
        Interpreter::run(oracle)
    }

    fn run(oracle: Oracle) -> anyhow::Result<Interpreter> {
        let mut command: Command = oracle.command();
        let mut child = command.args(["-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take().context("a pipe for requests")?;
        let answers = BufReader::new(child.stdout.take().context("a pipe for answers")?);
        Ok(Interpreter { oracle, child, requests, answers })
    }

    /// The patch release, such as `3.13.18`.
    pub(crate) fn release(&self) -> String {
        self.oracle.evaluate("import platform; print(platform.python_version())")
    }

    /// Compiles the sources, while `meanwhile` runs; the answers stand in their order.
    pub(crate) fn compile<T>(
        &mut self,
        sources: &[Source<'_>],
        meanwhile: impl FnOnce() -> T,
    ) -> anyhow::Result<(Vec<Answer>, T)> {
        let (mut found, result) = self.exchange(sources, meanwhile)?;
        while found.len() < sources.len() {
            // The process ended over this one; the next takes the others.
            found.push(Answer::Crashed);
            self.child.wait()?;
            *self = Interpreter::run(self.oracle.clone())?;
            let (rest, ()) = self.exchange(&sources[found.len()..], || ())?;
            found.extend(rest);
        }
        Ok((found, result))
    }

    /// The answers up to where the process ended.
    fn exchange<T>(
        &mut self,
        sources: &[Source<'_>],
        meanwhile: impl FnOnce() -> T,
    ) -> anyhow::Result<(Vec<Answer>, T)> {
        let (requests, answers) = (&mut self.requests, &mut self.answers);
        std::thread::scope(|scope| {
            let sender = scope.spawn(move || sources.iter().try_for_each(|source| send(requests, source)));
            let result = meanwhile();
            let found: Vec<Answer> =
                (0..sources.len()).map_while(|_| receive(answers).transpose()).collect::<io::Result<_>>()?;
            let sent = sender.join().expect("the sender does not panic");
            if found.len() == sources.len() {
                // Where the process ended, not everything could be sent.
                sent?;
            }
            Ok((found, result))
        })
    }
}

fn send(requests: &mut ChildStdin, source: &Source<'_>) -> io::Result<()> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map(u32::to_le_bytes).map_err(io::Error::other);
    let name = source.filename.as_bytes();
    let mut message = vec![source.level];
    message.extend(length(name)?);
    message.extend(length(source.bytes)?);
    message.extend(name);
    message.extend(source.bytes);
    requests.write_all(&message)
}

/// The next answer; `None` where the process ended.
fn receive(answers: &mut BufReader<ChildStdout>) -> io::Result<Option<Answer>> {
    let mut header = [0; 5];
    match answers.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        outcome => outcome?,
    }
    let length = u32::from_le_bytes([header[1], header[2], header[3], header[4]]);
    let mut bytes = vec![0; length as usize];
    answers.read_exact(&mut bytes)?;
    if header[0] == b'C' {
        return Ok(Some(Answer::Code(bytes)));
    }
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    let mut lines = text.splitn(3, '\n').map(str::to_owned);
    let mut next = || lines.next().ok_or_else(|| io::Error::other("an answer that is cut off"));
    let (class, line, message) = (next()?, next()?, next()?);
    Ok(Some(Answer::Rejected { class, line: line.parse().map_err(io::Error::other)?, message }))
}
