//! The back half held against the installed interpreters: for whole modules of their standard libraries, what CPython's
//! code generator emits has to become the code objects that CPython makes of it, field by field.
//!
//! Needs the interpreters (`cargo xtask oracles`); without them it is skipped. What needs none is `src/stage_tests.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prepyc_bytecode::{CodeObject, Constant, StrId, Strings, marshal};
use prepyc_compiler::{
    Backend, CodeFlags, CodeUnitMetadata, InstructionSequence, Label, Location, NameTable, Op, same_constant,
};
use prepyc_testing::Oracle;
use prepyc_version::PyVersion;

/// Modules that among them have every kind of statement, and every peculiarity of the passes that is known.
const MODULES: [&str; 14] = [
    "argparse.py",
    "ast.py",
    "asyncio/base_events.py",
    "asyncio/taskgroups.py",
    "dataclasses.py",
    "enum.py",
    "functools.py",
    "pprint.py",
    "re/_parser.py",
    "runpy.py",
    "test/test_asyncgen.py",
    "test/test_contextlib_async.py",
    "traceback.py",
    "typing.py",
];

#[test]
fn sequences_of_cpython_3_13_become_its_code_objects() {
    check("3.13", "sequences_of_cpython_3_13_become_its_code_objects");
}

#[test]
fn sequences_of_cpython_3_14_become_its_code_objects() {
    check("3.14", "sequences_of_cpython_3_14_become_its_code_objects");
}

fn check(number: &str, test: &str) {
    let Some(oracle) = Oracle::find_or_skip(number, test) else {
        return;
    };
    let version: PyVersion = number.parse().unwrap();
    let mut backend = Backend::new(version).unwrap();
    let (mut units, mut differing) = (0, BTreeMap::<&str, Vec<String>>::new());
    for module in MODULES {
        let value = marshal::read_value(&dump(&oracle, module), version).unwrap();
        let mut strings = value.strings;
        for unit in elements(&value.root) {
            units += 1;
            if let Some(field) = check_unit(elements(unit), version, &mut backend, &mut strings) {
                let name = strings.get(string(&elements(unit)[0])).to_string();
                differing.entry(field).or_default().push(name);
            }
        }
    }
    assert!(units > 1000, "only {units} units");
    assert!(differing.is_empty(), "of {units} units, by the field that differs first: {differing:#?}");
}

/// What the recorder writes of one module; units that its second compilation gives no sure constants for are left out.
fn dump(oracle: &Oracle, module: &str) -> Vec<u8> {
    let recorder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/src/stages.py");
    let name = format!("stages-{}-{}", oracle.version(), module.replace('/', "-"));
    let out: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let source = oracle.stdlib().join(module);
    let status = oracle.command().arg(recorder).arg("dump").arg(&out).arg(source).status().unwrap();
    assert!(status.success(), "{module}: {status}");
    std::fs::read(out).unwrap()
}

/// Makes the unit's code object; gives the field that is not as CPython has it.
fn check_unit(
    unit: &[Constant],
    version: PyVersion,
    backend: &mut Backend,
    strings: &mut Strings,
) -> Option<&'static str> {
    let [_, rows, consts, varnames, cellvars, freevars, hidden, Constant::Code(wanted)] = unit else {
        panic!("a unit has eight parts, not {unit:?}");
    };
    let mut made = CodeUnitMetadata::new(wanted.name, wanted.qualname, wanted.firstlineno.cast_unsigned());
    made.flags = CodeFlags(wanted.flags);
    made.argcount = wanted.argcount - wanted.posonlyargcount;
    made.posonlyargcount = wanted.posonlyargcount;
    made.kwonlyargcount = wanted.kwonlyargcount;
    made.names = strings.names(wanted.names).iter().copied().collect();
    made.varnames = names(varnames);
    made.cellvars = names(cellvars);
    made.freevars = names(freevars);
    made.fasthidden = names(hidden);
    for (index, constant) in elements(consts).iter().enumerate() {
        if made.consts.add(constant.clone()) != index as u32 {
            // The recorder did not see through it: a constant that only unreachable code loads.
            return None;
        }
    }
    let mut sequence = sequence_of(rows, version, strings)?;
    let code = backend.make_code(&mut sequence, &mut made, wanted.filename, strings).unwrap();
    first_difference(&code, wanted)
}

fn sequence_of(rows: &Constant, version: PyVersion, strings: &Strings) -> Option<InstructionSequence> {
    let rows: Vec<&[Constant]> = elements(rows).iter().map(elements).collect();
    let mut sequence = InstructionSequence::new();
    let mut labels: BTreeMap<i64, Label> = BTreeMap::new();
    for row in rows.iter().filter(|row| is_true(&row[6])) {
        labels.entry(number(&row[1])).or_insert_with(|| sequence.new_label());
    }
    for (index, row) in rows.iter().enumerate() {
        if let Some(&label) = labels.get(&(index as i64)) {
            sequence.use_target(label);
        }
        let name = strings.get(string(&row[0]));
        let mut known = version.opcodes().instructions.iter().map(|info| info.opcode);
        let op: Op = known.find(|op| Some(op.name()) == name.to_str())?;
        let place: Vec<i64> = row[2..6].iter().map(number).collect();
        let location = match place[..] {
            [-1, ..] => Location::NONE,
            [-2, ..] => Location::NEXT,
            [line, _, column, _] if column < 0 => Location::line_only(line as u32),
            _ => Location::range(place[0] as u32, place[2] as u32, place[1] as u32, place[3] as u32),
        };
        if is_true(&row[6]) {
            sequence.emit_jump(op, labels[&number(&row[1])], location);
        } else {
            sequence.emit(op, number(&row[1]) as u32, location);
        }
    }
    Some(sequence)
}

fn first_difference(made: &CodeObject, wanted: &CodeObject) -> Option<&'static str> {
    let same_consts = made.consts.len() == wanted.consts.len()
        && made.consts.iter().zip(wanted.consts.iter()).all(|(made, wanted)| same_constant(made, wanted));
    let fields = [
        (same_consts, "co_consts"),
        (made.code == wanted.code, "co_code"),
        (made.stacksize == wanted.stacksize, "co_stacksize"),
        (made.exceptiontable == wanted.exceptiontable, "co_exceptiontable"),
        (made.linetable == wanted.linetable, "co_linetable"),
        (made.names == wanted.names, "co_names"),
        (made.localsplusnames == wanted.localsplusnames, "co_localsplusnames"),
        (made.localspluskinds == wanted.localspluskinds, "co_localspluskinds"),
        (made.argcount == wanted.argcount, "co_argcount"),
        (made.firstlineno == wanted.firstlineno, "co_firstlineno"),
    ];
    fields.into_iter().find(|(same, _)| !same).map(|(_, field)| field)
}

fn elements(constant: &Constant) -> &[Constant] {
    match constant {
        Constant::Tuple(elements) => elements,
        other => panic!("a tuple, not {other:?}"),
    }
}

fn number(constant: &Constant) -> i64 {
    match constant {
        Constant::Int(number) => number.to_i64().unwrap(),
        other => panic!("an int, not {other:?}"),
    }
}

fn is_true(constant: &Constant) -> bool {
    matches!(constant, Constant::Bool(true))
}

fn string(constant: &Constant) -> StrId {
    match constant {
        Constant::Str(id) => *id,
        other => panic!("a str, not {other:?}"),
    }
}

fn names(constant: &Constant) -> NameTable {
    elements(constant).iter().map(string).collect()
}
