//! Sources that exhaust, crash or confuse real interpreters: each ends in a rejection or a result, never in silence.

use std::fs;

use prepyc_engine::{CompileFailure, Engine, Limits};
use tempfile::tempdir;

use crate::support::{engine, every_python, oracles, rejection, request, run_python};

/// Sources that every CPython rejects, with the exception's class where all agree on it.
fn rejected_everywhere() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("syntax error", b"x = = 1\n".to_vec()),
        ("unclosed", b"x = (1,\n".to_vec()),
        ("indentation", b"if x:\npass\n".to_vec()),
        ("tabs", b"if x:\n\ty\n        z\n".to_vec()),
        ("null byte", b"x = 1\n\0\n".to_vec()),
        ("null byte alone", b"\0".to_vec()),
        ("bad cookie", b"# coding: nonexistent\nx = 1\n".to_vec()),
        ("cookie against BOM", b"\xef\xbb\xbf# coding: latin-1\n".to_vec()),
        ("no UTF-8", b"x = '\xff'\n".to_vec()),
        ("no ASCII", b"# coding: ascii\nx = '\xc3\xa9'\n".to_vec()),
        ("UTF-16 with BOM", b"\xff\xfex\0 \0=\0 \x001\0\n\0".to_vec()),
        ("UTF-16 cookie", b"# coding: utf-16\nx = 1\n".to_vec()),
        ("hex codec", b"# coding: hex\n78\n".to_vec()),
        ("return outside", b"return 1\n".to_vec()),
        ("100,000 parentheses", b"(".repeat(100_000)),
        ("100,000 closed parentheses", [b"(".repeat(100_000), b")".repeat(100_000)].concat()),
        (
            "200 nested blocks",
            (0..200).map(|n| format!("{}if x:\n", " ".repeat(n))).collect::<String>().into_bytes(),
        ),
        ("100,000 minus signs", [b"-".repeat(100_000), b"x\n".to_vec()].concat()),
        ("lone surrogate in the message", b"x = '\\ud800' + \xed\xa0\x80\n".to_vec()),
        ("bad escape", b"x = '\\N{no such name}'\n".to_vec()),
        ("future", b"from __future__ import braces\n".to_vec()),
        ("control character", b"x = \x01\n".to_vec()),
    ]
}

#[test]
fn what_cpython_rejects_is_rejected_and_nothing_dies() {
    for python in every_python() {
        let engine = Engine::interpreter(&python, 1, Limits::STANDARD).unwrap();
        for (name, source) in rejected_everywhere() {
            match engine.compile(request(&source, "m.py")) {
                Err(CompileFailure::Rejected { diagnostic, .. }) => {
                    assert_eq!(diagnostic.filename, "m.py");
                    assert!(!diagnostic.kind.is_empty());
                    assert!(diagnostic.to_string().contains(&diagnostic.kind), "{name}: {diagnostic}");
                    assert!(diagnostic.to_string().contains("File \"m.py\""), "{name}: {diagnostic}");
                }
                other => panic!("{name} in {}: {other:?}", python.display()),
            }
        }
        // The same process: nothing has harmed it.
        assert!(engine.compile(request(b"x = 1\n", "m.py")).is_ok());
    }
}

/// Sources that one CPython takes and another rejects, or that end its process: any answer will do, and the engine goes on.
#[test]
fn sources_at_the_limits_cost_at_most_themselves() {
    let deep_binary = [b"x = 1".to_vec(), b" + 1".repeat(20_000), b"\n".to_vec()].concat();
    let deep_attribute = [b"x".to_vec(), b".a".repeat(20_000), b"\n".to_vec()].concat();
    let deep_calls = [b"x".to_vec(), b"()".repeat(10_000), b"\n".to_vec()].concat();
    let brackets = [b"[".repeat(150), b"]".repeat(150)].concat();
    let lambdas = [b"lambda: ".repeat(3_000), b"x\n".to_vec()].concat();
    let elifs = [b"if x: pass\n".to_vec(), b"elif x: pass\n".repeat(5_000)].concat();
    let digits = [b"x = ".to_vec(), b"9".repeat(10_000), b"\n".to_vec()].concat();
    let huge = [b"x = [\n".to_vec(), b"(1, 'a', b'b', y),\n".repeat(20_000), b"]\n".to_vec()].concat();
    let sources = [
        ("binary", deep_binary),
        ("attribute", deep_attribute),
        ("calls", deep_calls),
        ("brackets", brackets),
        ("lambdas", lambdas),
        ("elifs", elifs),
        ("digits", digits),
        ("huge", huge),
        ("surrogate", b"x = '\\ud800'\n".to_vec()),
        ("empty", Vec::new()),
        ("BOM alone", b"\xef\xbb\xbf".to_vec()),
        ("CR alone", b"x = 1\ry = 2\r".to_vec()),
    ];
    for python in every_python() {
        let engine = engine(&python);
        for (name, source) in &sources {
            if let Err(CompileFailure::Engine(error)) = engine.compile(request(source, "m.py")) {
                panic!("{name} in {}: {error}", python.display());
            }
            assert!(engine.compile(request(b"x = 1\n", "m.py")).is_ok(), "after {name}");
        }
    }
}

/// Our rendering from the fields is the interpreter's own text, from 3.10 on; what it shows is its own text throughout.
#[test]
fn diagnostics_have_cpythons_form() {
    let sources: &[&[u8]] = &[
        b"x = = 1\n",
        b"  \tx = 1\n",
        b"def f(:\n    pass\n",
        b"if x:\npass\n",
        b"x = (1,\n",
        b"x = '\xc3\xa9\xc3\xa9' y z\n",
        b"x = 1 +\n",
        b"f(a, b=1, c)\n",
        b"\tif x:\n\t\ty = 'abc\n",
        b"print 'hello'\n",
        b"x = '''abc\n\n\n",
        b"(a, b) += 1\n",
        b"return 1",
        b"class A:\n    x = 1\n    await y\n",
        b"def f():\n    global x\n    nonlocal x\n",
        b"def f(a, a): pass\n",
        b"x = {1: 2, 3}\n",
        b"f(x for x in y, 1)\n",
    ];
    for python in oracles() {
        let engine = engine(&python);
        for source in sources {
            let mut diagnostic = rejection(engine.compile(request(source, "dir/m.py")));
            let rendered = diagnostic.rendered.take().expect("the interpreter has a text of its own");
            assert_eq!(diagnostic.to_string(), rendered, "{}", python.display());
        }
    }
}

/// The text is what `py_compile` prints of a plain SyntaxError.
#[test]
fn diagnostics_are_py_compiles() {
    let script = "\
import py_compile, sys
for path in sys.argv[1:]:
    try:
        py_compile.compile(path, path + 'c', dfile='m.py', doraise=True)
    except py_compile.PyCompileError as error:
        print(error.msg.rstrip() + '\\0')
";
    let sources: &[&[u8]] = &[
        b"x = = 1\n",
        b"whlie True:\n    pass\n",
        b"# coding: nonexistent\n",
        b"f(a=1, b)\n",
        b"x = '\xff'\n",
    ];
    for python in every_python() {
        let folder = tempdir().unwrap();
        let paths: Vec<_> =
            (0..sources.len()).map(|number| folder.path().join(format!("{number}.py"))).collect();
        paths.iter().zip(sources).for_each(|(path, source)| fs::write(path, source).unwrap());
        let arguments: Vec<_> = paths.iter().map(|path| path.as_os_str()).collect();
        let theirs = run_python(&python, script, &arguments);
        let theirs: Vec<_> =
            theirs.trim_end().split_terminator('\0').map(|text| text.trim_start_matches('\n')).collect();
        let engine = engine(&python);
        let ours: Vec<_> = sources
            .iter()
            .map(|source| rejection(engine.compile(request(source, "m.py"))).to_string())
            .collect();
        assert_eq!(ours, theirs, "{}", python.display());
    }
}
