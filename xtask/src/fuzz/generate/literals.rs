//! Names and constants.

use super::Generator;

/// Most of a program's names, few enough that they meet.
pub(super) const NAMES: [&str; 14] =
    ["a", "b", "c", "d", "x", "y", "z", "self", "f", "i", "_", "__p", "é", "key"];

/// Names of assignment expressions: not those of a comprehension's targets, which they may not rebind.
const WALRUS_NAMES: [&str; 4] = ["w", "v", "u", "__w"];

const BUILTINS: [&str; 12] = [
    "len",
    "print",
    "any",
    "all",
    "tuple",
    "list",
    "set",
    "super",
    "int",
    "__class__",
    "__debug__",
    "__name__",
];

const NUMBERS: [&str; 30] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "63",
    "255",
    "256",
    "257",
    "1000",
    "65536",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "18446744073709551616",
    "0xFFFF_FFFF_FFFF_FFFF_FFFF_FFFF",
    "10**20",
    "0.0",
    "0.5",
    "1.0",
    "1e3",
    "1e308",
    "1e400",
    "5e-324",
    "3.141592653589793",
    "0j",
    "1j",
    "2.5j",
    "1_0",
];

const STRINGS: [&str; 22] = [
    "''",
    "'a'",
    "\"b\"",
    "'abc'",
    "'hello world'",
    "'é'",
    "'\\ud800'",
    "'𐀀'",
    "'%s'",
    "'%s %r'",
    "'%d%%'",
    "'%(a)s'",
    "'%5s'",
    "r'\\n'",
    "'a' 'b'",
    "'''x'''",
    "'\\x00'",
    "'a.b'",
    "u'x'",
    "'_'",
    "'Name1'",
    "'\\N{DIGIT ONE}'",
];

const BYTES: [&str; 6] = ["b''", "b'a'", "b'abc'", "b'\\xff'", "rb'\\n'", "b'a' b'b'"];

impl Generator<'_> {
    /// A name to read or write.
    pub(super) fn name(&mut self) -> &'static str {
        self.random.pick(&NAMES)
    }

    /// A name to read.
    pub(super) fn loaded_name(&mut self) -> &'static str {
        match self.random.below(12) {
            0 => self.random.pick(&BUILTINS),
            1 => self.random.pick(&WALRUS_NAMES),
            _ => self.name(),
        }
    }

    pub(super) fn walrus_name(&mut self) -> &'static str {
        if self.is_wild() { self.name() } else { self.random.pick(&WALRUS_NAMES) }
    }

    pub(super) fn attribute(&mut self) -> &'static str {
        self.random.pick(&["a", "b", "append", "join", "__p", "__dict__", "x", "format"])
    }

    pub(super) fn number(&mut self) -> &'static str {
        self.random.pick(&NUMBERS)
    }

    /// A literal.
    pub(super) fn literal(&mut self) -> String {
        match self.random.weighted(&[8, 6, 2, 4]) {
            0 => self.number().to_owned(),
            1 => self.random.pick(&STRINGS).to_owned(),
            2 => self.random.pick(&BYTES).to_owned(),
            _ => self.random.pick(&["None", "True", "False", "..."]).to_owned(),
        }
    }

    /// An expression of constants: much of it is folded, some can't be.
    pub(super) fn constant(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.literal();
        }
        match self.random.weighted(&[4, 8, 3, 4, 3, 2, 1]) {
            0 => self.literal(),
            1 => {
                let operator = self
                    .random
                    .pick(&["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "+", "*"]);
                let (left, right) = (self.constant(depth - 1), self.constant(depth - 1));
                if self.random.percent(60) {
                    format!("({left} {operator} {right})")
                } else {
                    format!("({left}){operator}({right})")
                }
            }
            2 => format!(
                "({}{})",
                self.random.pick(&["-", "+", "~", "not ", "--", "-~"]),
                self.constant(depth - 1)
            ),
            3 => self.constant_tuple(depth),
            4 => {
                let index = self.constant_index();
                format!(
                    "{}[{index}]",
                    if self.random.percent(50) { self.constant_tuple(depth) } else { self.literal() }
                )
            }
            5 => {
                let times = self.random.pick(&["0", "1", "2", "3", "20", "255", "300", "4096", "5000", "-1"]);
                format!("({} * {times})", self.constant(depth - 1))
            }
            _ => {
                let left = self.random.pick(&STRINGS);
                format!("({left} % {})", self.constant_tuple(depth))
            }
        }
    }

    fn constant_index(&mut self) -> String {
        let mut part = || {
            self.random.pick(&["", "0", "1", "-1", "2", "None", "True", "5", "'a'", "1.5", "-2"]).to_owned()
        };
        let (start, stop, step) = (part(), part(), part());
        match self.random.below(6) {
            0 => format!("{start}:{stop}"),
            1 => format!("{start}:{stop}:{step}"),
            _ if start.is_empty() => "0".to_owned(),
            _ => start,
        }
    }

    fn constant_tuple(&mut self, depth: usize) -> String {
        let count = self.random.below(5);
        let mut items: Vec<_> = (0..count).map(|_| self.constant(depth - 1)).collect();
        if count == 1 {
            items.push(String::new());
        }
        format!("({})", items.join(", "))
    }

    pub(super) fn docstring(&mut self) {
        let text = match self.random.below(6) {
            0 => "'doc'".to_owned(),
            1 => format!("\"\"\"First\n{0}{0}  more\n\n{0} less\n{0}\"\"\"", self.unit),
            2 => "'''\n\ttab\n        spaces\n'''".to_owned(),
            3 => "'one' ' two'".to_owned(),
            4 => "f'none'".to_owned(),
            _ => "r'''raw \\n'''".to_owned(),
        };
        self.line(&text);
    }
}
