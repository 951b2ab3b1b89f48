//! `prepyc inspect --format json`.

use prepyc_bytecode::{
    CodeObject, Instructions, Invalidation, Location, LocationTable, Program, StrId, exception_table,
};
use prepyc_version::PyRelease;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::commands::path_text;
use crate::commands::pyc_file::{Body, PycFile};

/// A pyc.
#[derive(Serialize)]
struct File {
    path: Box<RawValue>,
    magic: u16,
    python: Option<String>,
    invalidation: Mode,
    body_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Vec<Code>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_listed: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
enum Mode {
    Timestamp { mtime: u32, size: u32 },
    CheckedHash { hash: String },
    UncheckedHash { hash: String },
}

/// A code object; names as Python has them, `co_` left off.
#[derive(Serialize)]
struct Code {
    qualname: String,
    name: String,
    filename: String,
    firstlineno: i32,
    argcount: u32,
    posonlyargcount: u32,
    kwonlyargcount: u32,
    stacksize: u32,
    flags: u32,
    names: Vec<String>,
    varnames: Vec<String>,
    cellvars: Vec<String>,
    freevars: Vec<String>,
    consts: Vec<String>,
    instructions: Vec<Row>,
    exceptions: Vec<Handler>,
}

/// An instruction; offsets in bytes.
#[derive(Serialize)]
struct Row {
    offset: u32,
    opcode: String,
    oparg: u32,
    /// Line, end line, column, end column, as `co_positions` has them.
    position: [Option<i64>; 4],
    #[serde(skip_serializing_if = "Option::is_none")]
    jump_target: Option<u32>,
}

/// An entry of the exception table; offsets in bytes.
#[derive(Serialize)]
struct Handler {
    start: u32,
    end: u32,
    target: u32,
    depth: u32,
    lasti: bool,
}

/// Bytes in a code unit.
const UNIT_BYTES: u32 = 2;

/// The object, on one line.
pub(super) fn object(pyc: &PycFile) -> String {
    let (code, not_listed) = match &pyc.body {
        Body::Program(program) => (Some(all_code(program)), None),
        Body::Opaque(why) => (None, Some(why.clone())),
    };
    let path = RawValue::from_string(path_text::json(&pyc.path));
    let file = File {
        path: path.expect("path_text::json writes a JSON string"),
        magic: pyc.header.magic.0,
        python: PyRelease::from_magic(pyc.header.magic).map(|release| release.to_string()),
        invalidation: match pyc.header.invalidation {
            Invalidation::Timestamp { mtime, size } => Mode::Timestamp { mtime, size },
            Invalidation::CheckedHash(hash) => Mode::CheckedHash { hash: hex(&hash) },
            Invalidation::UncheckedHash(hash) => Mode::UncheckedHash { hash: hex(&hash) },
        },
        body_bytes: pyc.body_bytes.len(),
        code,
        not_listed,
    };
    serde_json::to_string(&file).expect("strings and numbers can be written")
}

/// All code objects, each before those among its constants.
fn all_code(program: &Program) -> Vec<Code> {
    let mut found = Vec::new();
    let mut waiting = vec![&program.code];
    while let Some(code) = waiting.pop() {
        found.push(one_code(program, code));
        waiting.extend(code.inner().into_iter().rev());
    }
    found
}

fn one_code(program: &Program, code: &CodeObject) -> Code {
    let text = |id: StrId| program.str(id).to_string();
    let handlers = exception_table::decode(program.bytes(code.exceptiontable)).unwrap_or_default();
    Code {
        qualname: text(code.qualname),
        name: text(code.name),
        filename: text(code.filename),
        firstlineno: code.firstlineno,
        argcount: code.argcount,
        posonlyargcount: code.posonlyargcount,
        kwonlyargcount: code.kwonlyargcount,
        stacksize: code.stacksize,
        flags: code.flags,
        names: program.names(code.names).iter().copied().map(text).collect(),
        varnames: code.varnames(&program.strings).map(text).collect(),
        cellvars: code.cellvars(&program.strings).map(text).collect(),
        freevars: code.freevars(&program.strings).map(text).collect(),
        consts: code.consts.iter().map(|constant| program.repr(constant).to_string()).collect(),
        instructions: instructions(program, code),
        exceptions: handlers
            .iter()
            .map(|entry| Handler {
                start: entry.start * UNIT_BYTES,
                end: entry.end * UNIT_BYTES,
                target: entry.target * UNIT_BYTES,
                depth: entry.depth,
                lasti: entry.lasti,
            })
            .collect(),
    }
}

fn instructions(program: &Program, code: &CodeObject) -> Vec<Row> {
    // Entries and instructions both go forwards; an entry may cover several instructions.
    let mut table = LocationTable::new(program.bytes(code.linetable), code.firstlineno);
    let mut covered = 0;
    let mut location = Location::None;
    let mut position_of = |position: u32| {
        while covered <= position {
            match table.next() {
                Some(Ok(entry)) => {
                    covered += entry.code_units;
                    location = entry.location;
                }
                Some(Err(_)) | None => return [None; 4],
            }
        }
        positions(location)
    };
    Instructions::new(program.bytes(code.code), program.version)
        .map(|instruction| Row {
            offset: instruction.start * UNIT_BYTES,
            opcode: match instruction.info {
                Some(info) => info.opcode.name().to_owned(),
                None => format!("<{}>", instruction.number),
            },
            oparg: instruction.oparg,
            position: position_of(instruction.position),
            jump_target: instruction.jump_target().map(|target| target * UNIT_BYTES),
        })
        .collect()
}

fn positions(location: Location) -> [Option<i64>; 4] {
    match location {
        Location::None => [None; 4],
        Location::Line(line) => [Some(line.into()), Some(line.into()), None, None],
        Location::Span { line, end_line, column, end_column } => {
            [Some(line.into()), Some(end_line.into()), column.map(i64::from), end_column.map(i64::from)]
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
