//! prepyc's own compiler as an engine: held against the interpreter's in all that it says and makes.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use prepyc_bytecode::Program;
use prepyc_engine::{
    CompileFailure, CompileRequest, CompileResult, Engine, EngineError, Filename, Optimize, Target,
    has_native_compiler,
};
use prepyc_version::PyVersion;

use crate::support::{engine, oracle, request};

fn native_versions() -> Vec<PyVersion> {
    PyVersion::ALL.into_iter().filter(|&version| has_native_compiler(version)).collect()
}

fn native(version: PyVersion) -> Engine {
    Engine::native(version, 2).expect("a version that has a compiler")
}

/// Both engines of each version that has both.
fn pairs() -> Vec<(Engine, Engine)> {
    let versions = native_versions().into_iter();
    versions.filter_map(|version| Some((native(version), engine(&oracle(&version.to_string())?)))).collect()
}

/// CPython's later stages look for the line they speak of in the file of that name, which is not there in these tests.
fn without_line_if_not_in(ours: &mut CompileResult, theirs: &CompileResult) {
    if let (
        Err(CompileFailure::Rejected { diagnostic: ours, .. }),
        Err(CompileFailure::Rejected { diagnostic: theirs, .. }),
    ) = (ours, theirs)
        && theirs.source_line.is_none()
    {
        ours.source_line = None;
    }
}

/// All that a result says, in text: warnings, and what it was rejected for, field by field.
fn said(result: &CompileResult) -> String {
    let (error, warnings) = match result {
        Ok(compiled) => (None, &compiled.warnings),
        Err(CompileFailure::Rejected { diagnostic, warnings }) => (Some(diagnostic), warnings),
        Err(CompileFailure::Engine(error)) => panic!("{error}"),
    };
    let mut text = String::new();
    for warning in warnings {
        text += &format!("{warning}\n");
    }
    if let Some(error) = error {
        let place = (error.line, error.column, error.end_line, error.end_column);
        text += &format!("{error}\n{}: {} at {place:?}\n", error.kind, error.message);
    }
    text
}

/// Both engines make the same of it: bytes, warnings, errors.
#[track_caller]
fn check(native: &Engine, interpreter: &Engine, request: &CompileRequest) {
    let (mut ours, theirs) = (native.compile(request.clone()), interpreter.compile(request.clone()));
    without_line_if_not_in(&mut ours, &theirs);
    let name = &request.filename;
    let (said, wanted) = (said(&ours), said(&theirs));
    assert!(said == wanted, "{name} for {}\n{said:.600}\n{wanted:.600}", native.target());
    if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
        assert!(ours.code == theirs.code, "{name}: other bytes for {}", native.target());
    }
}

#[test]
fn the_target_is_the_final_release() {
    assert!(!native_versions().is_empty());
    for version in PyVersion::ALL {
        let engine = Engine::native(version, 1);
        assert_eq!(engine.is_some(), has_native_compiler(version));
        if let Some(engine) = engine {
            assert_eq!(*engine.target(), Target::from_release(version.into()));
        }
    }
}

/// The files that `prepyc compile` is tested with, too; the messages of both engines are the same.
#[test]
fn rejections_and_warnings_are_cpythons() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/errors");
    let mut sources: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    sources.sort();
    assert!(sources.len() >= 20);
    for (native, interpreter) in pairs() {
        for path in &sources {
            let name = path.file_name().unwrap().to_str().unwrap();
            check(&native, &interpreter, &request(&fs::read(path).unwrap(), name));
        }
    }
}

/// One of each stage and kind: lexer, parser, decoding, symbol table, code generator.
const REJECTED: &[&[u8]] = &[
    b"x = 'open\n",
    b"if x:\n",
    b"if x:\npass\n",
    b"  x = 1\n",
    b"if x:\n\ty\n        z\n",
    b"class A:\n    def f(self):\n        pass\n  x = 1\n",
    b"x = $\n",
    b"x = 1__0\n",
    b"try:\n    pass\n",
    b"f(a=1, a=2)\n",
    b"f(**k, *a)\n",
    b"None = 1\n",
    b"(a, 1) = b\n",
    b"del f()\n",
    b"break\n",
    b"def f():\n    continue\n",
    b"await x\n",
    b"def f(): await x\n",
    b"def f():\n    x = 1\n    global x\n",
    b"def f(x):\n    nonlocal x\n",
    b"from __future__ import nothing\n",
    b"x = 1\nfrom __future__ import annotations\n",
    b"def f():\n    from m import *\n",
    b"class C[T, T]: pass\n",
    b"match x:\n    case a: pass\n    case 1: pass\n",
    b"match x:\n    case (a, a): pass\n",
    b"f'{x'\n",
    b"f'{}'\n",
    b"'\\N{no such}'\n",
    b"b'\xc3\xa9'\n",
    b"\xff\n",
    b"x = 1\n\xc3\xa9\xff = 1\n",
    b"# coding: no-such\nx = 1\n",
    b"x\0y\n",
    b"x = 1 \\\n",
    b"x = (1,\n     2\n",
    b"x = (1]\n",
    b"print 'a'\n",
    b"yield 1\n",
    b"class A:\n    return 1\n",
    b"[x async for x in y]\n",
    b"x: int: str\n",
    b"lambda: (yield)\nreturn\n",
    b"a, *b, *c = d\n",
    b"*a\n",
    b"x = *a\n",
    "größe = é + ( \n".as_bytes(),
    "x = '\u{1F600}' ++ \n".as_bytes(),
];

#[test]
fn every_stage_says_what_cpython_says() {
    for (native, interpreter) in pairs() {
        for (number, source) in REJECTED.iter().enumerate() {
            let name = format!("{number}.py");
            let result = interpreter.compile(request(source, &name));
            assert!(result.is_err(), "{}", String::from_utf8_lossy(source));
            check(&native, &interpreter, &request(source, &name));
        }
    }
}

#[test]
fn warnings_are_shown_once_and_as_the_default_filters_have_it() {
    let source =
        b"x = '\\d' '\\d'; y = '\\d'\nassert (x, 1)\ntry:\n    pass\nfinally:\n    x is 1\n1()\n[][1.0]\n";
    for (native, interpreter) in pairs() {
        for name in ["m.py", "__main__.py"] {
            let compiled = native.compile(request(source, name)).unwrap();
            assert!(compiled.warnings.len() >= 4, "{:?}", compiled.warnings);
            check(&native, &interpreter, &request(source, name));
        }
    }
}

#[test]
fn names_levels_and_encodings_give_the_same_bytes() {
    let sources: [&[u8]; 5] = [
        b"",
        b"'docs'\nassert __debug__\ndef f(x=(1, 2.5, 'a')):\n    'more'\n    return [x for x in f'{x!r:>{x}}']\n",
        b"# coding: latin-1\nx = '\xe9'\r\nclass A:\r\n    y: int = 1\r\n",
        b"\xef\xbb\xbfx = '\\ud800'\n",
        b"import a.b as c\nasync def f():\n    async with c as d:\n        await d\n",
    ];
    for (native, interpreter) in pairs() {
        for source in sources {
            for name in [&b"m.py"[..], b"", b"a/\xff\xc3\xa9\xed\xa0\x80.py", b"null\0.py"] {
                for optimize in Optimize::ALL {
                    let filename = Filename::from_bytes(name);
                    check(
                        &native,
                        &interpreter,
                        &CompileRequest { source: source.into(), filename, optimize },
                    );
                }
            }
        }
    }
}

#[test]
fn many_requests_are_answered_once_each_with_the_same_bytes() {
    for version in native_versions() {
        let (many, one) = (native(version), Engine::native(version, 1).unwrap());
        let (sender, receiver) = mpsc::channel();
        let source = |number: usize| {
            let body = "y = [1, 2, {'x', 'y', 'z'}]\n".repeat(number % 7 * 100);
            if number % 10 == 3 { "(".to_owned() } else { format!("x = {number}\n{body}") }
        };
        for number in 0..300 {
            let sender = sender.clone();
            many.submit(request(source(number).as_bytes(), "m.py"), move |result| {
                sender.send((number, result.ok().map(|compiled| compiled.code))).unwrap();
            });
        }
        drop(sender);
        let mut answers: Vec<_> = receiver.iter().collect();
        answers.sort_unstable();
        let alone: Vec<_> = (0..300)
            .rev()
            .map(|number| {
                let result = one.compile(request(source(number).as_bytes(), "m.py"));
                assert_eq!(result.is_err(), number % 10 == 3);
                (number, result.ok().map(|compiled| compiled.code))
            })
            .collect();
        assert!(answers == alone.into_iter().rev().collect::<Vec<_>>());
        let code = answers[0].1.as_ref().unwrap();
        assert_eq!(Program::from_marshal(code, version).unwrap().to_marshal(), *code);
    }
}

#[test]
fn the_callers_thread_compiles_the_same_until_the_end() {
    for version in native_versions() {
        let (own, callers) = (native(version), Engine::native_on_callers_thread(version).unwrap());
        for source in [&b"def f(x): return x is 1\n"[..], b"x = = 1\n"] {
            let request = request(source, "m.py");
            let (sender, receiver) = mpsc::channel();
            callers.submit(request.clone(), move |result| {
                sender.send((thread::current().id(), result)).unwrap();
            });
            let (compiled_by, result) = receiver.try_recv().expect("an answer before submit returns");
            assert_eq!(compiled_by, thread::current().id());
            let wanted = own.compile(request);
            assert_eq!(said(&result), said(&wanted));
            assert!(result.ok().map(|compiled| compiled.code) == wanted.ok().map(|compiled| compiled.code));
        }
        callers.shut_down();
        let ended = callers.compile(request(b"x = 1\n", "m.py"));
        assert!(matches!(ended, Err(CompileFailure::Engine(EngineError::ShutDown { .. }))), "{ended:?}");
    }
}

#[test]
fn after_the_end_nothing_is_compiled_and_everything_answered() {
    for version in native_versions() {
        let engine = Engine::native(version, 1).unwrap();
        let (sender, receiver) = mpsc::channel();
        let slow = "x = [\n".to_owned() + &"(1, 2, y, z),\n".repeat(20_000) + "]\n";
        for _ in 0..20 {
            let sender = sender.clone();
            engine.submit(request(slow.as_bytes(), "m.py"), move |result| sender.send(result).unwrap());
        }
        drop(sender);
        engine.shut_down();
        let ended = |result: &CompileResult| {
            matches!(result, Err(CompileFailure::Engine(EngineError::ShutDown { .. })))
        };
        assert!(ended(&engine.compile(request(b"x = 1\n", "m.py"))));
        drop(engine);
        let answers: Vec<_> = receiver.iter().collect();
        assert_eq!(answers.len(), 20);
        assert!(answers.iter().all(|result| result.is_ok() || ended(result)));
        assert!(answers.iter().any(ended));
    }
}

/// Deep, wide and long sources are refused or compiled, on the stack that the engine gives them.
#[test]
fn hostile_shapes_end_in_an_answer() {
    const DEPTH: usize = 100_000;
    let nested = |open: &str, middle: &str, close: &str| {
        [open.repeat(DEPTH).as_str(), middle, close.repeat(DEPTH).as_str()].concat()
    };
    let blocks: String = (0..120).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    let sources = [
        nested("(", "1", ")"),
        nested("-", "1", ""),
        nested("not ", "x", ""),
        nested("lambda: ", "x", ""),
        nested("", "x", "()"),
        nested("", "x", ".a"),
        nested("", "x", "[0]"),
        nested("", "x", " + x"),
        nested("", "x", " ** x"),
        nested("", "x", " and x"),
        nested("", "x", " if x else x"),
        nested("", "x", " < x"),
        nested("x = ", "1", ""),
        nested("[", "", "]"),
        nested("{1: ", "1", "}"),
        nested("f'{", "x", "}'"),
        nested("await ", "x", ""),
        nested("*", "x", ""),
        nested("", "'a'", " 'a'"),
        "if x: pass\n".to_owned() + &"elif x: pass\n".repeat(DEPTH),
        "x = 1\n".repeat(DEPTH),
        blocks,
    ];
    for version in native_versions() {
        let engine = native(version);
        for source in &sources {
            let result = engine.compile(request(source.as_bytes(), "m.py"));
            let start = &source[..source.len().min(20)];
            assert!(
                !matches!(result, Err(CompileFailure::Engine(EngineError::Bug { .. }))),
                "{start:?}: {result:?}"
            );
        }
    }
}
