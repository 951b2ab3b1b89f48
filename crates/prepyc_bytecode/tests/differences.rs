//! `diff::first_differences` names every field in which code objects can differ, and nothing else.

use std::path::Path;
use std::sync::Arc;

use prepyc_bytecode::{
    BytesId, CodeObject, Constant, FrozenSet, LocationTableWriter, NamesId, Program, PyInt, Pyc, StrId,
    Strings, diff,
};
use prepyc_version::PyVersion;

fn program(version: PyVersion) -> Program {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pycs");
    let bytes = std::fs::read(folder.join(format!("everything.{version}.pyc"))).unwrap();
    Pyc::decode(&bytes).unwrap().program
}

/// What changes in a program, and how the difference is told.
fn check(change: impl FnOnce(&mut Program), expected: &[&str]) {
    let original = program(PyVersion::Py313);
    let mut changed = original.clone();
    change(&mut changed);
    assert_ne!(changed, original);
    let told = |left, right| -> Vec<String> {
        diff::first_differences(left, right).iter().map(ToString::to_string).collect()
    };
    assert_eq!(told(&original, &changed), expected);
    assert_eq!(told(&changed, &original).len(), expected.len());
    assert_eq!(told(&changed, &changed), [""; 0]);
}

/// The shared slice with one element replaced.
fn replaced<T: Clone>(slice: &Arc<[T]>, index: usize, element: T) -> Arc<[T]> {
    let mut elements = slice.to_vec();
    elements[index] = element;
    elements.into()
}

/// The bytes with one replaced.
fn replaced_byte(strings: &mut Strings, bytes: BytesId, index: usize, byte: u8) -> BytesId {
    let mut bytes = strings.bytes(bytes).to_vec();
    bytes[index] = byte;
    strings.intern_bytes(&bytes)
}

/// The names with one replaced.
fn replaced_name(strings: &mut Strings, names: NamesId, index: usize, name: StrId) -> NamesId {
    let mut names = strings.names(names).to_vec();
    names[index] = name;
    strings.intern_names(&names)
}

/// Changes a code object among the module's constants.
fn change_inner(program: &mut Program, name: &str, change: impl FnOnce(&mut CodeObject, &mut Strings)) {
    let index = program.code.consts.iter().position(
        |constant| matches!(constant, Constant::Code(code) if program.str(code.name).to_str() == Some(name)),
    );
    let index = index.expect("the module has such a code object");
    let Constant::Code(code) = &program.code.consts[index] else { unreachable!("found as one") };
    let mut changed = (**code).clone();
    change(&mut changed, &mut program.strings);
    program.code.consts = replaced(&program.code.consts, index, Constant::Code(Arc::new(changed)));
}

#[test]
fn numbers_are_compared() {
    type Change = fn(&mut CodeObject);
    let set: [(Change, &str); 6] = [
        (|code| code.argcount += 1, "co_argcount: 0 | 1"),
        (|code| code.posonlyargcount += 1, "co_posonlyargcount: 0 | 1"),
        (|code| code.kwonlyargcount += 1, "co_kwonlyargcount: 0 | 1"),
        (|code| code.flags |= 0x40, "co_flags: 0x1000000 | 0x1000040"),
        (|code| code.firstlineno = 7, "co_firstlineno: 1 | 7"),
        (|code| code.stacksize = 1000, ""),
    ];
    for (change, expected) in set {
        let stacksize = program(PyVersion::Py313).code.stacksize;
        let expected = match expected {
            "" => format!("<module> (line 1): co_stacksize: {stacksize} | 1000"),
            told => format!("<module> (line 1): {told}"),
        };
        check(|program| change(&mut program.code), &[&expected]);
    }
}

#[test]
fn names_are_compared() {
    check(
        |program| program.code.filename = program.strings.intern("other.py"),
        &["<module> (line 1): co_filename: 'everything.py' | 'other.py'"],
    );
    check(
        |program| {
            let name = program.strings.intern("other");
            program.code.names = replaced_name(&mut program.strings, program.code.names, 0, name);
        },
        &["<module> (line 1): co_names[0]: '__doc__' | 'other'"],
    );
    check(
        |program| {
            let first = program.names(program.code.names)[..1].to_vec();
            program.code.names = program.strings.intern_names(&first);
        },
        &["<module> (line 1): co_names[1]: '__future__' | nothing"],
    );
    check(
        |program| {
            let other = program.strings.intern("other");
            change_inner(program, "many_names", |code, strings| {
                code.localsplusnames = replaced_name(strings, code.localsplusnames, 0, other);
            });
        },
        &["many_names (line 85): co_localsplusnames[0]: 'x' | 'other'"],
    );
    check(
        |program| {
            change_inner(program, "many_names", |code, strings| {
                code.localspluskinds = strings.intern_bytes(&[0x40]);
            });
        },
        &["many_names (line 85): co_localspluskinds[0]: 0x20 | 0x40"],
    );
}

#[test]
fn constants_are_compared_by_type_and_sign() {
    let change = |constant: Constant, expected: &str| {
        let change = |program: &mut Program| {
            change_inner(program, "many_names", |code, _| code.consts = replaced(&code.consts, 0, constant));
        };
        check(
            change,
            &[&format!(
                "many_names (line 85): co_consts[0]: 'Enough of them for extended opargs.' | {expected}"
            )],
        );
    };
    change(Constant::Float(-0.0), "-0.0");
    change(Constant::Int(PyInt::from(0)), "0");
    change(Constant::Bool(false), "False");

    let with = |constant: Constant| {
        let mut program = program(PyVersion::Py313);
        change_inner(&mut program, "many_names", |code, _| code.consts = [constant].into());
        program
    };
    let distinct = [
        Constant::Float(0.0),
        Constant::Float(-0.0),
        Constant::Int(PyInt::from(0)),
        Constant::Bool(false),
        Constant::Complex { real: 0.0, imag: 0.0 },
        Constant::Complex { real: 0.0, imag: -0.0 },
        Constant::Tuple([Constant::Float(0.0)].into()),
        Constant::Tuple([Constant::Float(-0.0)].into()),
        Constant::Bytes([].into()),
    ];
    for (left_index, left) in distinct.iter().enumerate() {
        for (right_index, right) in distinct.iter().enumerate() {
            let found = diff::first_differences(&with(left.clone()), &with(right.clone()));
            assert_eq!(found.len(), usize::from(left_index != right_index), "{left:?} {right:?}");
        }
    }
}

#[test]
fn sets_are_the_same_in_any_order() {
    let with = |texts: [&str; 3]| {
        let mut program = program(PyVersion::Py313);
        let elements = texts.map(|text| Constant::Str(program.strings.intern(text))).to_vec();
        let set = Constant::FrozenSet(FrozenSet::new(elements, &program.strings));
        change_inner(&mut program, "many_names", |code, _| code.consts = [set].into());
        program
    };
    assert_eq!(diff::first_differences(&with(["a", "b", "c"]), &with(["c", "a", "b"])), []);
    assert_eq!(with(["a", "b", "c"]), with(["c", "a", "b"]));
    assert_eq!(diff::first_differences(&with(["a", "b", "c"]), &with(["c", "a", "d"])).len(), 1);
}

#[test]
fn instructions_locations_and_handlers_are_compared_one_by_one() {
    check(
        |program| {
            change_inner(program, "many_names", |code, strings| {
                code.code = replaced_byte(strings, code.code, 3, 9);
            });
        },
        &["many_names (line 85): co_code at offset 2: BUILD_LIST 0 | BUILD_LIST 9"],
    );
    check(
        |program| {
            change_inner(program, "many_names", |code, strings| {
                let mut writer = LocationTableWriter::new(code.firstlineno);
                let code_units = strings.bytes(code.code).len() as u32 / 2;
                writer.push(code_units, prepyc_bytecode::Location::Line(5));
                code.linetable = strings.intern_bytes(&writer.finish());
            });
        },
        &["many_names (line 85): co_linetable at offset 0: 85:0-85:0 | 5"],
    );
    check(
        |program| {
            change_inner(program, "errors", |code, strings| code.exceptiontable = strings.intern_bytes(&[]));
        },
        &["errors (line 44): co_exceptiontable[0]: 6 to 20: 174, depth 0 | nothing"],
    );
}

#[test]
fn each_code_object_is_told_of_once() {
    check(
        |program| {
            program.code.flags |= 0x40;
            change_inner(program, "many_names", |code, _| code.flags |= 0x40);
        },
        &[
            "<module> (line 1): co_flags: 0x1000000 | 0x1000040",
            "many_names (line 85): co_flags: 0x1000003 | 0x1000043",
        ],
    );
    let found = diff::first_differences(&program(PyVersion::Py313), &program(PyVersion::Py314));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "<module> (line 1): version: 3.13 | 3.14");
}
