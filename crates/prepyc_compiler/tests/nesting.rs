//! However deep a source nests, and on however small a stack: code, or one clear message.

use prepyc_compiler::{Compiler, ErrorKind, Optimize, Rejection};
use prepyc_version::PyVersion;

/// What a thread with a megabyte of stack says.
fn outcome(version: &'static str, source: String) -> Result<(), Rejection> {
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
        let version: PyVersion = version.parse().expect("a version");
        let mut compiler = Compiler::new(version).expect("a native compiler");
        compiler.compile(source.as_bytes(), "m.py".into(), Optimize::Level0).map(drop)
    });
    thread.expect("a thread").join().expect("no panic")
}

fn check_rejected(version: &'static str, source: String, kind: ErrorKind, message: &str) {
    let error = outcome(version, source).expect_err("too deep");
    assert_eq!((error.kind, error.message.as_str()), (kind, message));
}

#[test]
fn long_chains_are_compiled() {
    for version in ["3.13", "3.14"] {
        for (link, count) in [
            ("+a", 9900),
            (".a", 9900),
            ("()", 9900),
            ("[0]", 9900),
            ("[1:2]", 9900),
            (".a()", 4900),
            (" and a or b", 20_000),
            (" < a", 20_000),
            (" if b else a", 5900),
        ] {
            let source = format!("x = a{}\n", link.repeat(count));
            assert_eq!(outcome(version, source), Ok(()), "{version}: {link}");
        }
        let elifs = format!("if a: pass\n{}", "elif a is b: pass\n".repeat(5900));
        assert_eq!(outcome(version, elifs), Ok(()), "{version}");
        let clauses = format!("[a{}]", " for a in b".repeat(500));
        assert_eq!(outcome(version, clauses), Ok(()), "{version}");
    }
}

#[test]
fn deep_constructs_are_compiled() {
    for version in ["3.13", "3.14"] {
        for source in [
            format!("{}1", "-".repeat(5900)),
            format!("{}1", "lambda: ".repeat(2900)),
            format!("{}1", "a ** -".repeat(2900)),
            format!("{}a", "not ".repeat(5900)),
            format!("{}1{}", "f(".repeat(200), ")".repeat(200)),
            format!("match a:\n case {}{}: pass", "[".repeat(200), "]".repeat(200)),
            format!("from __future__ import annotations\nx: a{}", "+a".repeat(9900)),
        ] {
            assert_eq!(outcome(version, source.clone()), Ok(()), "{version}: {source:.20}");
        }
    }
}

#[test]
fn what_is_too_deep_is_refused() {
    let parser = "Parser stack overflowed - Python source too complex to parse";
    let tree = "maximum recursion depth exceeded during compilation";
    for version in ["3.13", "3.14"] {
        let minus = |count: usize| format!("{}1", "-".repeat(count));
        check_rejected(version, minus(100_000), ErrorKind::Memory, parser);
        check_rejected(version, format!("a{}", ".a".repeat(60_000)), ErrorKind::Recursion, tree);
        check_rejected(version, format!("[a{}]", " for a in b".repeat(60_000)), ErrorKind::Recursion, tree);
        let elifs = |count: usize| format!("if a: pass\n{}", "elif a: pass\n".repeat(count));
        assert_eq!(outcome(version, elifs(5965)), Ok(()));
        check_rejected(version, elifs(5966), ErrorKind::Memory, parser);
        let brackets = format!("{}{}", "(".repeat(201), ")".repeat(201));
        check_rejected(version, brackets, ErrorKind::Syntax, "too many nested parentheses");
    }
    check_rejected("3.13", format!("a{}", ".a".repeat(9996)), ErrorKind::Recursion, tree);
}

#[test]
fn blocks_nest_as_deep_as_in_cpython() {
    let loops = |count: usize| {
        let heads: String = (0..count).map(|depth| format!("{}for x in y:\n", " ".repeat(depth))).collect();
        format!("{heads}{}pass\n", " ".repeat(count))
    };
    let comprehensions = |count: usize| format!("{}a{}", "[".repeat(count), " for a in b]".repeat(count));
    for version in ["3.13", "3.14"] {
        for nested in [loops, comprehensions] {
            assert_eq!(outcome(version, nested(21)), Ok(()));
            let message = "too many statically nested blocks";
            check_rejected(version, nested(22), ErrorKind::Syntax, message);
        }
    }
}
