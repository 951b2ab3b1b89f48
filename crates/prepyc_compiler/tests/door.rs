//! The door: what a compiler says of sources that it refuses, and what it warns of.

use prepyc_compiler::{Compiler, ErrorKind, ErrorPlace, Optimize, Rejection, Warning};
use prepyc_version::PyVersion;

fn compiler(version: &str) -> Compiler {
    let version: PyVersion = version.parse().expect("a version");
    Compiler::new(version).expect("a native compiler")
}

fn rejection(version: &str, source: &[u8]) -> Rejection {
    let result = compiler(version).compile(source, "m.py".into(), Optimize::Level0);
    result.expect_err("CPython refuses it")
}

fn shown(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_rejection_has_what_the_exception_has() {
    let error = rejection("3.13", "x = 1\né = 1; return 1\n".as_bytes());
    assert_eq!(error.kind, ErrorKind::Syntax);
    assert_eq!(error.message, "'return' outside function");
    // Later stages count bytes: é has two.
    let place = ErrorPlace { lineno: 2, offset: 9, end_lineno: 2, end_offset: 17 };
    assert_eq!(error.place, Some(place));
    assert_eq!(error.source_line.as_deref(), Some("é = 1; return 1"));
    assert_eq!(error.to_string(), "SyntaxError: 'return' outside function (line 2)");
}

#[test]
fn a_line_is_shown_in_its_own_encoding() {
    let error = rejection("3.14", b"# coding: latin-1\r\ns = '\xE9'; return 1\r\n");
    assert_eq!(error.source_line.as_deref(), Some("s = 'é'; return 1"));
}

#[test]
fn what_the_parser_refuses_is_a_rejection_too() {
    let error = rejection("3.13", b"if x:\npass\n");
    assert_eq!(error.kind, ErrorKind::Indentation);
    assert_eq!(error.message, "expected an indented block after 'if' statement on line 1");
    let null = rejection("3.13", b"a\0b");
    assert_eq!((null.place, null.source_line), (None, None));
}

#[test]
fn warnings_come_with_the_code_and_with_the_rejection() {
    let source = b"assert (1, 2)\nassert (1, 2)\nx = '\\d'\n";
    let compiled = compiler("3.13").compile(source, "m.py".into(), Optimize::Level1).expect("valid");
    assert_eq!(
        shown(&compiled.warnings),
        [
            "SyntaxWarning: invalid escape sequence '\\d' (line 3)",
            "SyntaxWarning: assertion is always true, perhaps remove parentheses? (line 1)",
            "SyntaxWarning: assertion is always true, perhaps remove parentheses? (line 2)",
        ]
    );
    let error = rejection("3.13", b"assert (1, 2)\nreturn\n");
    assert_eq!(
        shown(&error.warnings),
        ["SyntaxWarning: assertion is always true, perhaps remove parentheses? (line 1)"]
    );
}

#[test]
fn one_compiler_serves_many_sources() {
    let mut compiler = compiler("3.14");
    let mut program = |source: &str| {
        let compiled = compiler.compile(source.as_bytes(), "m.py".into(), Optimize::Level0);
        compiled.map(|compiled| compiled.program.to_string())
    };
    let first = program("def f(x): return x + 1\n");
    assert!(first.is_ok());
    assert!(program("return\n").is_err());
    assert!(program("import os\nclass C:\n  x: int = 1\n").is_ok());
    assert_eq!(program("def f(x): return x + 1\n"), first);
}

#[test]
fn a_version_without_a_compiler_is_an_error() {
    let version: PyVersion = "3.11".parse().expect("a version");
    let error = Compiler::new(version).expect_err("not written yet");
    assert_eq!(error.to_string(), "there is no native compiler for Python 3.11");
}

#[test]
fn what_takes_more_instructions_than_memory_is_refused() {
    let names: Vec<String> = (0..9000).map(|number| format!("n{number}")).collect();
    let source = format!("match x:\n case [{}]: pass\n", names.join(", "));
    let error = rejection("3.14", source.as_bytes());
    assert_eq!(error.kind, ErrorKind::Memory);
    assert!(
        error.message.starts_with("a function or module takes more than 33554432 instructions"),
        "{error}"
    );
}

#[test]
fn a_keyword_that_is_repeated_is_found_among_few_and_many() {
    for count in [3, 40] {
        let names: Vec<String> = (0..count).map(|number| format!("n{number}=0")).collect();
        let source = format!("f({}, n2=1, **k, n1=1)", names.join(", "));
        let error = rejection("3.13", source.as_bytes());
        assert_eq!(error.message, "keyword argument repeated: n1");
        assert_eq!(error.place.map(|place| place.end_offset as usize), Some(source.len()));
        assert!(
            compiler("3.13")
                .compile(source.replace(", n2=1, **k, n1=1", "").as_bytes(), "m.py".into(), Optimize::Level0)
                .is_ok()
        );
    }
}
