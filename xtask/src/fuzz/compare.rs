//! One program, compiled both ways.

use std::panic::{AssertUnwindSafe, catch_unwind};

use prepyc_bytecode::Program;
use prepyc_bytecode::diff::{Difference, first_differences};
use prepyc_compiler::{Compiled, Compiler, Optimize, Rejection};

use crate::interpreter::{Answer, Interpreter, Source};

/// `co_filename` of all of them.
pub(super) const FILENAME: &str = "fuzz.py";

/// What became of a program natively; nothing of one that made the compiler panic.
pub(super) type Ours = Option<Result<Compiled, Rejection>>;

/// How a program is compiled differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// Its kind: what is minimized keeps it.
    pub(super) kind: String,
    /// What each side has.
    pub(super) detail: String,
}

/// Compiles natively.
pub(super) fn compile(compiler: &mut Compiler, source: &[u8], level: u8) -> Ours {
    let optimize = [Optimize::Level0, Optimize::Level1, Optimize::Level2][usize::from(level)];
    let work = AssertUnwindSafe(|| compiler.compile(source, FILENAME.into(), optimize));
    catch_unwind(work).ok().or_else(|| {
        *compiler = Compiler::new(compiler.version()).expect("it was there before");
        None
    })
}

/// How the kind of a rejection begins that names another class or line than the interpreter's.
const ELSEWHERE: &str = "rejected elsewhere";

/// Holds one against the other.
pub(super) fn mismatch(ours: &Ours, theirs: &Answer) -> anyhow::Result<Option<Mismatch>> {
    let (kind, detail) = match (ours, theirs) {
        (None, _) => ("panic".to_owned(), String::new()),
        (Some(Ok(_)), Answer::Rejected { class, line, message }) => {
            (format!("accepted, {class}: {}", gist(message)), format!("line {line}: {message}"))
        }
        (Some(Err(rejection)), Answer::Code(_)) => (
            format!("rejected: {}", gist(&rejection.message)),
            format!("{}: {:?}", rejection.message, rejection.place),
        ),
        (Some(Err(ours)), Answer::Rejected { class, line, message }) => {
            let our_line = ours.place.map_or(0, |place| place.lineno);
            // Where CPython names no line, as for what it finds behind a `with` that it has left, ours may help.
            let same_line = our_line == *line || *line == 0 && ours.message == *message;
            if ours.kind.name() == class && same_line {
                return Ok(None);
            }
            (
                format!("{ELSEWHERE}, {class}: {}", gist(message)),
                format!(
                    "line {our_line}: {}: {} | line {line}: {class}: {message}",
                    ours.kind.name(),
                    ours.message
                ),
            )
        }
        // Where the interpreter itself crashes, nothing can be said of us.
        (Some(_), Answer::Crashed) => return Ok(None),
        (Some(Ok(ours)), Answer::Code(marshal)) => {
            let theirs = Program::from_marshal(marshal, ours.program.version)?;
            let Some(first) = first_differences(&ours.program, &theirs).into_iter().next() else {
                return Ok(None);
            };
            (kind_of(&first), first.to_string())
        }
    };
    Ok(Some(Mismatch { kind, detail }))
}

/// A message without what it says of this program alone.
fn gist(message: &str) -> String {
    let words = message
        .split(' ')
        .filter(|word| !word.contains(['\'', '"', '(']) && !word.contains(char::is_numeric));
    words.collect::<Vec<_>>().join(" ")
}

/// The field, and for instructions and constants their kinds.
fn kind_of(difference: &Difference) -> String {
    let head = |text: &str| text.split([' ', '(']).next().unwrap_or_default().to_owned();
    match difference.field {
        "co_code" => format!("co_code {} | {}", head(&difference.left), head(&difference.right)),
        field => field.to_owned(),
    }
}

/// Compiles one program both ways.
pub(super) fn check(
    interpreter: &mut Interpreter,
    compiler: &mut Compiler,
    bytes: &[u8],
    level: u8,
) -> anyhow::Result<Option<Mismatch>> {
    let source = Source { bytes, filename: FILENAME, level };
    let (answers, ours) = interpreter.compile(&[source], || compile(compiler, bytes, level))?;
    mismatch(&ours, &answers[0])
}
