//! An interpreter that compiles for itself what prepyc has compiled, and compares: the process behind `reference.py`.
//!
//! A request is the level (one byte), the lengths of file name, source and prepyc's marshal bytes (four bytes each, little-endian,
//! `0xFFFFFFFF` for no bytes), then these. An answer is a kind (0 accepted, 1 rejected), the number of fields, the length
//! of them all, and the fields, each with its length.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, anyhow, bail};
use prepyc_engine::{CompileRequest, Diagnostic};

/// The program of the process.
const PROGRAM: &str = include_str!("reference.py");
/// In place of a length: there are no such bytes.
const NOTHING: u32 = u32::MAX;
/// More than any honest answer, in bytes.
const MAX_ANSWER_BYTES: u32 = 1 << 30;

/// The process.
#[derive(Debug)]
pub(super) struct Reference {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What the interpreter makes of a source.
#[derive(Debug)]
pub(super) enum Answer {
    /// It compiles.
    Accepted {
        /// Its own marshal bytes.
        marshal: Vec<u8>,
        /// What it finds when it loads prepyc's: a line for each code object that differs.
        differences: Vec<String>,
    },
    /// It is rejected. CPython looks into the file of the source's name, if there is one, to say where.
    Rejected {
        /// What it says so.
        named: Rejection,
        /// What it says where it knows the source alone.
        unnamed: Rejection,
    },
}

/// Why a source is rejected, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejection {
    /// The class of the exception.
    pub(super) kind: String,
    /// What it says.
    pub(super) message: String,
    /// Line, column, last line, one past the last column.
    pub(super) position: [Option<u32>; 4],
}

impl Reference {
    /// Starts an interpreter.
    pub(super) fn start(executable: &Path) -> anyhow::Result<Reference> {
        let mut child = Command::new(executable)
            .args(["-I", "-S", "-B", "-X", "utf8", "-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", executable.display()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{}: its streams are not ours", executable.display());
        };
        Ok(Reference { child, requests: BufWriter::new(stdin), answers: BufReader::new(stdout) })
    }

    /// Has a source compiled and, where prepyc accepts it, prepyc's bytes loaded and compared.
    pub(super) fn ask(&mut self, request: &CompileRequest, ours: Option<&[u8]>) -> anyhow::Result<Answer> {
        self.send(request, ours).and_then(|()| self.receive()).map_err(|error| {
            match error.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe) => {
                    anyhow!("the interpreter ended over this source")
                }
                _ => error.context("the interpreter's answer cannot be read"),
            }
        })
    }

    fn send(&mut self, request: &CompileRequest, ours: Option<&[u8]>) -> anyhow::Result<()> {
        let filename = request.filename.as_bytes();
        let ours_length = ours.map_or(Ok(NOTHING), |ours| u32::try_from(ours.len()))?;
        self.requests.write_all(&[request.optimize.level()])?;
        self.requests.write_all(&u32::try_from(filename.len())?.to_le_bytes())?;
        self.requests.write_all(&u32::try_from(request.source.len())?.to_le_bytes())?;
        self.requests.write_all(&ours_length.to_le_bytes())?;
        for bytes in [filename, &request.source, ours.unwrap_or_default()] {
            self.requests.write_all(bytes)?;
        }
        Ok(self.requests.flush()?)
    }

    fn receive(&mut self) -> anyhow::Result<Answer> {
        let mut kind = [0];
        self.answers.read_exact(&mut kind)?;
        let count = self.read_length()?;
        let length = self.read_length()?;
        if length > MAX_ANSWER_BYTES {
            bail!("an answer of {length} bytes");
        }
        let mut body = Vec::new();
        self.answers.by_ref().take(length.into()).read_to_end(&mut body)?;
        let mut rest = body.as_slice();
        let mut fields =
            (0..count).map(|_| take_field(&mut rest)).collect::<io::Result<Vec<_>>>()?.into_iter();
        let text = |field: Vec<u8>| String::from_utf8_lossy(&field).into_owned();
        let first = fields.next().context("an answer without fields")?;
        if kind == [0] {
            return Ok(Answer::Accepted { marshal: first, differences: fields.map(text).collect() });
        }
        let message = fields.next().map(text).unwrap_or_default();
        // Line 0 is how some errors say that they have none.
        let mut number = || fields.next().map(text)?.parse().ok().filter(|&number| number > 0);
        let mut position = || [number(), number(), number(), number()];
        let named = Rejection { kind: text(first), message, position: position() };
        let unnamed = Rejection { position: position(), ..named.clone() };
        Ok(Answer::Rejected { named, unnamed })
    }

    fn read_length(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.answers.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // It may be busy with a source that never ends.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Rejection {
    /// The same of prepyc's diagnostic.
    pub(super) fn of(diagnostic: &Diagnostic) -> Rejection {
        let Diagnostic { kind, message, line, column, end_line, end_column, .. } = diagnostic;
        Rejection {
            kind: kind.clone(),
            message: message.clone(),
            position: [*line, *column, *end_line, *end_column],
        }
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)?;
        let [line, column, end_line, end_column] =
            self.position.map(|number| number.map_or("-".to_owned(), |number| number.to_string()));
        write!(f, " (line {line}, column {column} to line {end_line}, column {end_column})")
    }
}

fn take_field(rest: &mut &[u8]) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    rest.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    let (field, after) = rest.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = after;
    Ok(field.to_vec())
}
