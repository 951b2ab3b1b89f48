//! Expressions, and the text that interpreters make of them as annotations.
//!
//! Recorded from `__annotations__` under `from __future__ import annotations`: 3.13.18, 3.14.10 and 3.15.2 agree.

use bumpalo::Bump;
use prepyc_bytecode::Strings;
use prepyc_syntax::ast::{Expr, StmtKind};
use prepyc_syntax::parse_module;
use prepyc_version::PyVersion;

use super::Unparser;
use crate::codegen::Failure;
use crate::limits::{Limit, MAX_ANNOTATION_TEXT};

/// A variable's annotation, and what is made of it.
const TEXTS: &[(&str, &str)] = &[
    ("lambda: 0", "lambda: 0"),
    ("lambda *a: 0", "lambda*a: 0"),
    ("lambda *, k: 0", "lambda*, k: 0"),
    ("lambda **k: 0", "lambda**k: 0"),
    ("lambda a: 0", "lambda a: 0"),
    ("lambda a, /, b=1, *c, d, e=(1,2), **f: (yield)", "lambda a, /, b=1, *c, d, e=(1, 2), **f: (yield)"),
    ("x[1:2, ::3]", "x[1:2, ::3]"),
    ("x[*a, b]", "x[*a, b]"),
    ("x[*a]", "x[*a,]"),
    ("x[a,]", "x[a,]"),
    ("x[()]", "x[()]"),
    ("x[1:2:3]", "x[1:2:3]"),
    ("x[(a, b):]", "x[(a, b):]"),
    ("(1).real", "1 .real"),
    ("1.0.real", "1.0.real"),
    ("1j.real", "1j.real"),
    ("-1 ** 2", "-1 ** 2"),
    ("(-1) ** 2", "(-1) ** 2"),
    ("2 ** -1", "2 ** (-1)"),
    ("(a ** b) ** c", "(a ** b) ** c"),
    ("a ** b ** c", "a ** b ** c"),
    ("1429035198630573.25", "1429035198630573.2"),
    ("1429035198630573.25j", "1429035198630573.2j"),
    ("1e400", "1e309"),
    ("-1e400", "-1e309"),
    ("1e400j", "1e309j"),
    ("f'{x}'", "f'{x}'"),
    (r#"f"{x!r:>{w}}""#, "f'{x!r:>{w}}'"),
    (r#"f"{ {1:2} }""#, "f'{ {1: 2}}'"),
    (r#"f"{{a}} {'b'}""#, r#"f"{{a}} {'b'}""#),
    (r#"f"{(lambda: 1)}""#, "f'{(lambda: 1)}'"),
    ("f'{x=}'", "f'x={x!r}'"),
    (r#"f"a'{x['q']}\n""#, r#"f"a'{x['q']}\n""#),
    (r#"f"{a if b else c}""#, "f'{(a if b else c)}'"),
    (r#"f"{a, b}""#, "f'{(a, b)}'"),
    (r#"f"{x:{{}}}""#, "f'{x:{ {}}}'"),
    (r#"f"{x:a}}}""#, "f'{x:a}}}'"),
    (r#"f"{x:\n}""#, r#"f'{x:\n}'"#),
    (r#"f"{x:%Y'}""#, r#"f"{x:%Y'}""#),
    (r#"f"""#, "f''"),
    ("f\"{x}\" \"abc\" '\u{E9}'", "f'{x}abc\u{E9}'"),
    (r#"f"{f'{x}'}""#, r#"f"{f'{x}'}""#),
    (r#"f"{f'{x!s}' !r}""#, r#"f"{f'{x!s}'!r}""#),
    ("'a' f'{x}'", "f'a{x}'"),
    (
        "[f(x for x in y), f((x for x in y), 1), f(x for x in y)]",
        "[f(x for x in y), f((x for x in y), 1), f(x for x in y)]",
    ),
    ("f(*a, **b, c=1)", "f(*a, **b, c=1)"),
    ("{**a, 'b': 1}", "{**a, 'b': 1}"),
    ("{**a | b}", "{**a | b}"),
    ("{*a, b}", "{*a, b}"),
    ("{1}", "{1}"),
    ("{}", "{}"),
    ("()", "()"),
    ("(a,)", "(a,)"),
    ("(a, b)", "(a, b)"),
    ("[a, b]", "[a, b]"),
    ("[*a]", "[*a]"),
    ("not a", "not a"),
    ("not not a", "not not a"),
    ("not (a == b)", "not a == b"),
    ("a and (b or c)", "a and (b or c)"),
    ("(a and b) and c", "(a and b) and c"),
    ("a or b or c", "a or b or c"),
    ("a < b < c", "a < b < c"),
    ("(a < b) < c", "(a < b) < c"),
    ("a if b else (c if d else e)", "a if b else c if d else e"),
    ("(a if b else c) if d else e", "(a if b else c) if d else e"),
    ("(a if b else c)", "a if b else c"),
    ("(lambda: x)()", "(lambda: x)()"),
    ("-x.y", "-x.y"),
    ("(-x).y", "(-x).y"),
    ("~x", "~x"),
    ("+ - x", "+-x"),
    ("(a, b)[0]", "(a, b)[0]"),
    (r#""abc"[0]"#, "'abc'[0]"),
    (r#"'a\'b'"#, r#""a'b""#),
    (r#"'"\''"#, r#"'"\''"#),
    ("'\\x00\\x7f\\u200b\\ud800\u{E9}\\U0001f600'", "'\\x00\\x7f\\u200b\\ud800\u{E9}\u{1F600}'"),
    (r#"b'a\xff"'"#, r#"b'a\xff"'"#),
    ("...", "..."),
    ("....x", "....x"),
    ("None.x", "None.x"),
    ("True", "True"),
    ("a @ b // c % d", "a @ b // c % d"),
    ("a << b >> c | d ^ e & f", "a << b >> c | d ^ e & f"),
    ("a - (b - c)", "a - (b - c)"),
    ("(a - b) - c", "a - b - c"),
    ("a @ (b @ c)", "a @ (b @ c)"),
    ("a not in b is not c", "a not in b is not c"),
    ("[(a, b) for a, b in c if d if e for f in g]", "[(a, b) for a, b in c if d if e for f in g]"),
    ("{a: b for a, b in c}", "{a: b for a, b in c}"),
    ("{a for a in b}", "{a for a in b}"),
    ("(x for x in (y if z else w))", "(x for x in (y if z else w))"),
    ("[x for x in y if (z if w else q)]", "[x for x in y if (z if w else q)]"),
    ("10**100", "10 ** 100"),
    ("0xffffffffffffffffffffff", "309485009821345068724781055"),
    ("1_000", "1000"),
    ("'a' 'b'", "'ab'"),
    ("u'a'", "u'a'"),
    ("1.5e300", "1.5e+300"),
    ("1e16", "1e+16"),
    ("1e-5", "1e-05"),
    (r#"f"{x!s}""#, "f'{x!s}'"),
    (r#"f"{x:}""#, "f'{x:}'"),
    (r#"f"{x!r:}""#, "f'{x!r:}'"),
    ("f'{x:{y}{z!r:w}}'", "f'{x:{y}{z!r:w}}'"),
    (r#"f"{'a' 'b'}""#, r#"f"{'ab'}""#),
    (r#"f"{'{'}""#, r#"f"{'{'}""#),
    (r#"f"{b'{'}""#, r#"f"{b'{'}""#),
    (r#"f"{1:{'{'}}""#, r#"f"{1:{'{'}}""#),
    (r#"rf"\{x}""#, r#"f'\\{x}'"#),
    (r#"f"{x}\\""#, r#"f'{x}\\'"#),
    (r#"f"{ {1} }""#, "f'{ {1}}'"),
    (r#"f"{ {1 for x in y}}""#, "f'{ {1 for x in y}}'"),
    (r#"f"{[1]}""#, "f'{[1]}'"),
    (r#"f"{x}{{}}""#, "f'{x}{{}}'"),
    ("a[b].c(d)[e:f]", "a[b].c(d)[e:f]"),
    ("(a.b)(c)", "a.b(c)"),
    ("(a or b)(c)", "(a or b)(c)"),
    ("f(**a|b)", "f(**a | b)"),
    ("f(*a or b)", "f(*(a or b))"),
    ("lambda: (y:=1)", "lambda: (y := 1)"),
    ("lambda: (yield from z)", "lambda: (yield from z)"),
    ("lambda: (yield (1, 2))", "lambda: (yield (1, 2))"),
    (r#"f"a\"b'c{x!r}""#, r#"f'a"b\'c{x!r}'"#),
    (r#"f"{x}\ud800""#, r#"f'{x}\ud800'"#),
    (r#"f"{'a\nb'}""#, r#"f"{'a\\nb'}""#),
    ("-1 .real", "-1 .real"),
    ("0xffffffff.real", "4294967295 .real"),
    ("(1, 2).x", "(1, 2).x"),
    ("x[lambda: 1]", "x[lambda: 1]"),
    ("x[1:lambda: 2]", "x[1:lambda: 2]"),
    ("{**a, **b}", "{**a, **b}"),
    ("0.1", "0.1"),
    ("0.00001234", "1.234e-05"),
    ("123456789012345678.0", "1.2345678901234568e+17"),
    ("1e22", "1e+22"),
    ("100.0", "100.0"),
    ("0.0", "0.0"),
    ("0j", "0j"),
    ("1_0.5e-3j", "0.0105j"),
    (r#"b"it's""#, r#"b"it's""#),
    (r#"b'\t\n\r\\'"#, r#"b'\t\n\r\\'"#),
    (r#"'\t\n\r\\'"#, r#"'\t\n\r\\'"#),
    (r#"'\xa0\xad\u2028\u3000\ue000\U000e0001\u0378'"#, r#"'\xa0\xad\u2028\u3000\ue000\U000e0001\u0378'"#),
    (r#"f"{x:{{{1}}}}""#, "f'{x:{ {{1}}}}'"),
    ("f'{x!r:^{width}.{precision}}'", "f'{x!r:^{width}.{precision}}'"),
    (r#"f"{f"{f'{x}'}"}""#, r#"f'{f"{f\'{x}\'}"}'"#),
    ("f(a, *b, c=1, **d)", "f(a, *b, c=1, **d)"),
    ("f(a for b in c)", "f(a for b in c)"),
    ("f(x, (a for b in c))", "f(x, (a for b in c))"),
    ("a if (b if c else d) else e", "a if (b if c else d) else e"),
    ("not (not a)", "not not a"),
    ("(not a) + 1", "(not a) + 1"),
    ("- (not a)", "-(not a)"),
    ("(lambda: a) or b", "(lambda: a) or b"),
    ("a or (lambda: b)", "a or (lambda: b)"),
    ("lambda a, *, b=1: a", "lambda a, *, b=1: a"),
    ("lambda a=1, /: a", "lambda a=1, /: a"),
    ("lambda *a, **b: a", "lambda*a, **b: a"),
    ("[*a, *b]", "[*a, *b]"),
    ("x[a:b, c]", "x[a:b, c]"),
    ("x[(a, b)]", "x[a, b]"),
    ("x[(yield_)]", "x[yield_]"),
    ("x.y.z[0](1)", "x.y.z[0](1)"),
    ("a // b / c", "a // b / c"),
    ("a ** (b ** c)", "a ** b ** c"),
    ("-(a ** b)", "-a ** b"),
    ("(-a) ** b", "(-a) ** b"),
    ("(a + b) * c", "(a + b) * c"),
    ("a * (b + c)", "a * (b + c)"),
    ("a | (b | c)", "a | (b | c)"),
    ("(a & b) == c", "a & b == c"),
    ("a & (b == c)", "a & (b == c)"),
    ("(a, b) + c", "(a, b) + c"),
    ("a < (b, c)", "a < (b, c)"),
];

/// The same of t-strings, which there are from 3.14 on.
const TEMPLATES: &[(&str, &str)] = &[
    (r#"t"{x}""#, "t'{x}'"),
    (r#"t"{x!r:>{w}}""#, "t'{x!r:>{w}}'"),
    (r#"t"{x=}""#, "t'x={x!r}'"),
    (r#"t"{ {1} }""#, "t'{ {1} }'"),
    (r#"t"a{x}b" t"c""#, "t'a{x}bc'"),
    (r#"t"{{}}""#, "t'{{}}'"),
    (r#"t"""#, "t''"),
    (r#"t"{ x + 1 }""#, "t'{ x + 1 }'"),
    (r#"t"{ 'a' }""#, r#"t"{ 'a' }""#),
    (r#"f"{t'{x}'}""#, r#"f"{t'{x}'}""#),
    (r#"t"{f'{x}'}""#, r#"t"{f'{x}'}""#),
    (r#"t"{x:{y}}""#, "t'{x:{y}}'"),
    (r#"t"{(lambda: 1)}""#, "t'{(lambda: 1)}'"),
    (r#"t"{t'{x!a}'}""#, r#"t"{t'{x!a}'}""#),
    ("t\"{'\u{E9}'}{'\\n'}\"", "t\"{'\u{E9}'}{'\\\\n'}\""),
];

fn with_annotation<T>(version: PyVersion, source: &str, see: impl FnOnce(&Expr<'_>, &Strings) -> T) -> T {
    let (arena, mut strings) = (Bump::new(), Strings::new());
    let source = format!("x: {source}\n");
    let parsed = parse_module(source.as_bytes(), version.grammar(), &arena, &mut strings)
        .unwrap_or_else(|error| panic!("{source}: {error:?}"));
    let StmtKind::AnnAssign(statement) = parsed.module.body[0].kind else { panic!("{source}") };
    see(&statement.annotation, &strings)
}

fn text(version: PyVersion, source: &str) -> Result<String, Failure> {
    with_annotation(version, source, |annotation, strings| {
        let text = Unparser::default().unparse(annotation, strings, version.features())?;
        Ok(String::from_utf8(text).expect("no surrogates"))
    })
}

#[test]
fn annotations_read_as_the_interpreters_write_them() {
    for version in [PyVersion::Py313, PyVersion::Py314, PyVersion::Py315] {
        for (source, expected) in TEXTS {
            assert_eq!(text(version, source).unwrap(), *expected, "{version}: {source}");
        }
    }
}

#[test]
fn template_strings_keep_the_source_of_their_fields() {
    for version in [PyVersion::Py314, PyVersion::Py315] {
        for (source, expected) in TEMPLATES {
            assert_eq!(text(version, source).unwrap(), *expected, "{version}: {source}");
        }
    }
}

#[test]
fn what_can_be_shown_depends_on_the_version() {
    // U+1C89 came with Unicode 16.
    assert_eq!(text(PyVersion::Py313, "'\u{1C89}'").unwrap(), r"'\u1c89'");
    assert_eq!(text(PyVersion::Py314, "'\u{1C89}'").unwrap(), "'\u{1C89}'");
}

#[test]
fn numbers_too_large_for_decimal_are_refused() {
    let fits = format!("0x{}", "f".repeat(3571));
    assert_eq!(text(PyVersion::Py314, &fits).unwrap().len(), 4300);
    for digits in [3572, 40_000] {
        let source = format!("0x{}", "f".repeat(digits));
        assert!(matches!(text(PyVersion::Py314, &source), Err(Failure::Limit(Limit::DecimalDigits))));
    }
}

#[test]
fn quotes_in_quotes_stay_within_the_limit() {
    // Each level escapes the backslashes of those inside it.
    let mut source = "f'\"{x}\\\\'".to_owned();
    for _ in 0..100 {
        source = format!("f'\"{{{source}}}\\\\'");
    }
    with_annotation(PyVersion::Py314, &source, |annotation, strings| {
        let mut unparser = Unparser { written: MAX_ANNOTATION_TEXT - 10_000 };
        let result = unparser.unparse(annotation, strings, PyVersion::Py314.features());
        assert!(matches!(result, Err(Failure::Limit(Limit::AnnotationText))));
    });
    with_annotation(PyVersion::Py314, "'abc'", |annotation, strings| {
        let mut unparser = Unparser { written: MAX_ANNOTATION_TEXT - 7 };
        let features = PyVersion::Py314.features();
        assert!(unparser.unparse(annotation, strings, features).is_ok());
        assert!(unparser.unparse(annotation, strings, features).is_err());
    });
}
