//! The back half held against CPython, code object by code object, on what was recorded in `tests/oracle/*/stages`
//! (`cargo xtask stages`): the sequences its code generator emitted, and what they became.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_bytecode::{Constant, FrozenSet, PyInt, StrId, Strings};
use prepyc_version::PyVersion;

use crate::{
    Backend, CodeFlags, CodeUnitMetadata, InstructionSequence, Label, Location, NameTable, Op, same_constant,
};

#[test]
fn recorded_sequences_become_what_cpython_makes_of_them_3_13() {
    check_recorded("3.13");
}

#[test]
fn recorded_sequences_become_what_cpython_makes_of_them_3_14() {
    check_recorded("3.14");
}

fn check_recorded(version: &str) {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle").join(version).join("stages");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "nothing is recorded for {version}");
    let version = version.parse::<PyVersion>().unwrap();
    let mut backend = Backend::new(version).unwrap();
    for file in files {
        for case in
            std::fs::read_to_string(&file).unwrap().split("\n\n").filter(|case| !case.trim().is_empty())
        {
            check_case(&file, case.trim_end(), version, &mut backend);
        }
    }
}

/// The lines of a recorded unit, by the words they begin with.
fn lines_of<'a>(case: &'a str, title: &'a str) -> impl Iterator<Item = &'a str> {
    case.lines().filter_map(move |line| line.strip_prefix(title)).map(str::trim_start)
}

fn check_case(file: &Path, case: &str, version: PyVersion, backend: &mut Backend) {
    let mut strings = Strings::new();
    let name = case.lines().next().unwrap();
    let what = format!("{}: {name}", file.display());
    let mut unit = unit_of(case, &mut strings);
    let mut sequence = sequence_of(case, version);
    let filename = strings.intern("recorded.py");
    let code = backend.make_code(&mut sequence, &mut unit, filename, &mut strings).unwrap();

    let (_, expected) = case.split_once("expected code\n").unwrap_or((case, ""));
    assert_eq!(backend.listing(&sequence), format!("{expected}\n"), "{what}");
    let wanted: Vec<Constant> =
        lines_of(case, "expected const").map(|text| constant_of(text, &mut strings)).collect();
    assert!(
        code.consts.len() == wanted.len()
            && code.consts.iter().zip(&wanted).all(|(left, right)| same_constant(left, right)),
        "{what}: constants are {:?}, not {wanted:?}",
        code.consts
    );
    let field = |title: &str| lines_of(case, title).next().unwrap_or("").to_owned();
    assert_eq!(code.stacksize.to_string(), field("expected stacksize"), "{what}");
    assert_eq!(hex(strings.bytes(code.code)), field("expected bytes"), "{what}");
    assert_eq!(hex(strings.bytes(code.linetable)), field("expected linetable"), "{what}");
    assert_eq!(hex(strings.bytes(code.exceptiontable)), field("expected exceptiontable"), "{what}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unit_of(case: &str, strings: &mut Strings) -> CodeUnitMetadata {
    let numbers = |title: &str| -> Vec<u32> {
        lines_of(case, title).flat_map(str::split_whitespace).map(|word| word.parse().unwrap()).collect()
    };
    let mut unit =
        CodeUnitMetadata::new(strings.intern("f"), strings.intern("f"), numbers("given firstlineno")[0]);
    unit.flags = CodeFlags(numbers("given flags")[0]);
    let parameters = numbers("given parameters");
    (unit.argcount, unit.posonlyargcount, unit.kwonlyargcount) =
        (parameters[0], parameters[1], parameters[2]);
    let mut names = |title: &str| -> NameTable {
        lines_of(case, title).flat_map(str::split_whitespace).map(|name| strings.intern(name)).collect()
    };
    unit.varnames = names("given varnames");
    unit.cellvars = names("given cellvars");
    unit.freevars = names("given freevars");
    unit.fasthidden = names("given hidden");
    unit.names = names("given names");
    for (index, text) in lines_of(case, "given const").enumerate() {
        assert_eq!(unit.consts.add(constant_of(text, strings)), index as u32, "{text} is there already");
    }
    unit
}

fn sequence_of(case: &str, version: PyVersion) -> InstructionSequence {
    let (_, rest) = case.split_once("given sequence\n").unwrap();
    let (rows, _) = rest.split_once("expected ").unwrap();
    let mut sequence = InstructionSequence::new();
    let mut labels: BTreeMap<&str, Label> = BTreeMap::new();
    let opcodes = version.opcodes().instructions;
    for row in rows.lines() {
        if let Some(name) = row.trim_start().strip_suffix(':') {
            let label = *labels.entry(name).or_insert_with(|| sequence.new_label());
            sequence.use_target(label);
            continue;
        }
        let words: Vec<&str> = row.split_whitespace().collect();
        let op = opcodes.iter().map(|info| info.opcode).find(|op| op.name() == words[0]).unwrap();
        let place = location_of(words[2]);
        if words[1].starts_with('L') {
            let label = *labels.entry(words[1]).or_insert_with(|| sequence.new_label());
            sequence.emit_jump(op, label, place);
        } else {
            sequence.emit(op, words[1].parse().unwrap(), place);
        }
    }
    sequence
}

fn location_of(text: &str) -> Location {
    let text = text.trim_start_matches('@');
    let numbers: Vec<u32> = text.split([':', '-']).filter_map(|number| number.parse().ok()).collect();
    match (text, numbers[..].first_chunk()) {
        ("none", _) => Location::NONE,
        ("next", _) => Location::NEXT,
        (_, Some(&[line, column, end_line, end_column])) => {
            Location::range(line, column, end_line, end_column)
        }
        _ => Location::line_only(numbers[0]),
    }
}

/// Reads what Python's `repr` wrote, as far as the recorded units need it.
fn constant_of(text: &str, strings: &mut Strings) -> Constant {
    let inner =
        |prefix: &str, suffix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    match text {
        "None" => return Constant::None,
        "Ellipsis" => return Constant::Ellipsis,
        "True" | "False" => return Constant::Bool(text == "True"),
        _ => {}
    }
    if let Some(elements) = inner("frozenset({", "})") {
        let elements = constants_of(elements, strings);
        return Constant::FrozenSet(FrozenSet::new(elements, strings));
    }
    if let Some(parts) = inner("slice(", ")") {
        let parts: [Constant; 3] = constants_of(parts, strings).try_into().unwrap();
        return Constant::Slice(Arc::new(parts));
    }
    if let Some(number) = inner("(", "j)") {
        let (real, imag) = number.split_once('+').unwrap();
        return Constant::Complex { real: real.parse().unwrap(), imag: imag.parse().unwrap() };
    }
    if let Some(imag) = inner("", "j") {
        return Constant::Complex { real: 0.0, imag: imag.parse().unwrap() };
    }
    if let Some(elements) = inner("(", ")") {
        return Constant::Tuple(constants_of(elements, strings).into());
    }
    if let Some(bytes) = inner("b'", "'") {
        return Constant::Bytes(bytes.as_bytes().into());
    }
    if let Some(string) = inner("'", "'") {
        return Constant::Str(strings.intern(string));
    }
    if text.starts_with('<') {
        // A code object: any constant that is nothing else will do.
        return Constant::Tuple([Constant::Str(strings.intern(text)), Constant::StopIteration].into());
    }
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) => Constant::Int(PyInt::from(number)),
        (_, Ok(number)) => Constant::Float(number),
        _ => panic!("{text} is not read yet"),
    }
}

/// The elements of a display, at its commas outside of inner ones.
fn constants_of(text: &str, strings: &mut Strings) -> Vec<Constant> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (index, byte) in text.bytes().chain([b',']).enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                let element = text[start..index].trim();
                if !element.is_empty() {
                    found.push(constant_of(element, strings));
                }
                start = index + 1;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn labels_are_numbered_in_the_order_of_the_code() {
    let numbers: BTreeSet<u32> = [9, 3, 3, 7].into();
    assert_eq!(crate::assemble::label_names(&numbers).into_values().collect::<Vec<_>>(), ["L1", "L2", "L3"]);
}

#[test]
fn the_same_unit_becomes_the_same_code_again() {
    let mut backend = Backend::new("3.14".parse::<PyVersion>().unwrap()).unwrap();
    let mut strings = Strings::new();
    let name: StrId = strings.intern("f");
    let mut make = |backend: &mut Backend| {
        let mut sequence = InstructionSequence::new();
        let end = sequence.new_label();
        let mut unit = CodeUnitMetadata::new(name, name, 1);
        let none = unit.consts.add(Constant::None);
        sequence.emit(Op::Resume, 0, Location::range(0, 0, 1, 0));
        sequence.emit(Op::LoadName, unit.names.add(name), Location::line_only(1));
        sequence.emit_jump(Op::PopJumpIfTrue, end, Location::line_only(1));
        sequence.use_label(end);
        sequence.emit(Op::LoadConst, none, Location::NONE);
        sequence.emit(Op::ReturnValue, 0, Location::NONE);
        backend.make_code(&mut sequence, &mut unit, name, &mut strings).unwrap()
    };
    let first = make(&mut backend);
    let second = make(&mut backend);
    assert_eq!(first.code, second.code);
    assert_eq!(first.linetable, second.linetable);
}
