//! Programs that are large in one way: opargs, tables and jumps of two bytes and more, deep nesting, long lists.

use std::fmt::Write as _;

use crate::fuzz::random::Random;

/// Around the sizes at which an encoding gets longer.
fn size(random: &mut Random) -> usize {
    match random.below(12) {
        0 => random.between(65_520, 65_560),
        1..=3 => random.between(500, 3000),
        _ => random.between(250, 262),
    }
}

/// `count` parts, numbered, with something between them.
fn list(count: usize, between: &str, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(between)
}

/// The program.
pub(super) fn program(random: &mut Random) -> String {
    let count = size(random);
    let body = match random.below(22) {
        0 => list(count, "\n", |i| format!("n{i} = {i}")),
        1 => list(count, "\n", |i| format!("x = {i}.5")),
        2 => format!(
            "def f(a):\n    {}\n    return v{}",
            list(count, "\n    ", |i| format!("v{i} = a")),
            count - 1
        ),
        3 => format!("x = [{}]", list(count, ", ", |i| format!("a{i}"))),
        4 => format!("x = [{}]", list(count, ", ", |i| i.to_string())),
        5 => format!("x = {{{}}}", list(count, ", ", |i| format!("{i}: a"))),
        6 => format!("f({})", list(count, ", ", |i| format!("k{i}={i}"))),
        7 => format!("f({}, *b)", list(count, ", ", |i| format!("a{i}"))),
        8 => format!("def f({}): pass", list(count.min(3000), ", ", |i| format!("a{i}={i}"))),
        9 => format!(
            "for i in a:\n    if b: continue\n    {}\nelse: c",
            list(count, "\n    ", |_| "a.b(i)".to_owned())
        ),
        10 => format!("while a:\n    {}\n    if c: break", list(count, "\n    ", |_| "a = b + a".to_owned())),
        11 => format!("try:\n    {}\nexcept E: b", list(count, "\n    ", |_| "a()".to_owned())),
        12 => format!(
            "def f():\n    {}\n    def g(): return {}",
            list(count.min(3000), "\n    ", |i| format!("v{i} = 1")),
            list(count.min(3000), ", ", |i| format!("v{i}"))
        ),
        13 => format!("x = {}", list(count.min(1500), " + ", |i| format!("a{i}"))),
        14 => format!("x = f'{}'", list(count, "", |i| format!("{{a{i}}}-"))),
        15 => format!("x{}", list(count.min(3000), "", |i| format!(".a{i}()"))),
        16 => list(count.min(1500), "\n", |i| format!("def f{i}(): return {i}")),
        17 => format!("{}, *r = x", list(count.min(300), ", ", |i| format!("a{i}"))),
        18 => nested(random),
        19 => format!("x = (1,{}2)", "\n".repeat(count)),
        20 => format!("x = a{}+ b\ny = c", " ".repeat(count)),
        _ => format!("match x:\n{}", list(count.min(1000), "\n", |i| format!("    case {i} | a.b{i}: y{i}"))),
    };
    let mut text = String::new();
    if random.percent(30) {
        let indented = body.replace('\n', "\n    ");
        write!(text, "def outer(x, y):\n    {indented}\n").expect("writing to memory");
    } else {
        text = body + "\n";
    }
    text
}

/// Nesting, at depths around what the interpreters allow.
fn nested(random: &mut Random) -> String {
    let depth = random.pick(&[&5, &19, &20, &21, &50, &90, &99, &100, &101, &150, &198, &199, &200, &201]);
    let blocks = |head: &str| -> String {
        let mut text = String::new();
        for level in 0..*depth {
            writeln!(text, "{}{head}:", " ".repeat(level)).expect("writing to memory");
        }
        text + &" ".repeat(*depth) + "pass"
    };
    match random.below(12) {
        0 => format!("x = {}a{}", "(".repeat(*depth), ")".repeat(*depth)),
        1 => format!("x = {}a{}", "[".repeat(*depth), "]".repeat(*depth)),
        2 => format!("x = {}a", "-".repeat(*depth)),
        3 => format!("x = {}a", "not ".repeat(*depth)),
        4 => format!("x = {}a", "lambda: ".repeat(*depth)),
        5 => format!("x = a{}", "[b]".repeat(*depth)),
        6 => format!("x = {}a{}", "f(".repeat(*depth), ")".repeat(*depth)),
        7 => blocks("if a"),
        8 => blocks("for a in b"),
        9 => blocks("with a"),
        10 => blocks("def f()"),
        _ => format!("x = {}a", "b if c else ".repeat(*depth)),
    }
}
