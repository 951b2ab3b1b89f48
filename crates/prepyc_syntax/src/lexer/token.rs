//! What the lexer hands to the parser, and the tables that tell bytes and words apart.

use crate::ast::{Location, Operator, StrId};

/// A token: its kind, its bytes and its place. Its text stays in the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    /// In a batch, the name that it is; the text, if that is known of a string.
    pub(crate) name: StrId,
    /// Whether `name` is the text of the string, which then has neither prefix nor escapes.
    pub(crate) is_known: bool,
    /// Offset of its first byte in the decoded source.
    pub(crate) start: u32,
    /// Offset after its last byte.
    pub(crate) end: u32,
    pub(crate) location: Location,
}

impl Token {
    /// Of the bytes between the two offsets, all of them on the line of that number that starts there.
    #[inline(always)]
    pub(crate) fn within_line(
        kind: TokenKind,
        start: usize,
        end: usize,
        line: u32,
        line_start: usize,
    ) -> Token {
        Token {
            kind,
            name: StrId::default(),
            is_known: false,
            start: start as u32,
            end: end as u32,
            location: Location {
                lineno: line,
                end_lineno: line,
                col_offset: start.wrapping_sub(line_start) as u32,
                end_col_offset: end.wrapping_sub(line_start) as u32,
            },
        }
    }
}

/// Kinds of tokens; CPython's, with each keyword a kind of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TokenKind {
    /// The lexer failed; it holds the error.
    Error,
    /// `$`, `?` or a backquote, which no rule takes.
    Unknown,
    Name,
    Number,
    String,
    FStringStart,
    FStringMiddle,
    FStringEnd,
    TStringStart,
    TStringMiddle,
    TStringEnd,

    EndMarker,
    Newline,
    Indent,
    Dedent,

    LParen,
    RParen,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    Colon,
    Comma,
    Semi,
    Dot,
    Ellipsis,
    Arrow,
    Assign,
    ColonAssign,
    Exclamation,
    Tilde,

    Or,
    And,
    Not,
    Is,
    In,
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    BitOr,
    BitXor,
    BitAnd,
    LShift,
    RShift,
    Add,
    Sub,
    Mult,
    Div,
    FloorDiv,
    Mod,
    MatMult,
    Pow,

    AddAssign,
    SubAssign,
    MultAssign,
    MatMultAssign,
    DivAssign,
    ModAssign,
    BitAndAssign,
    BitOrAssign,
    BitXorAssign,
    LShiftAssign,
    RShiftAssign,
    PowAssign,
    FloorDivAssign,

    False,
    None,
    True,
    As,
    Assert,
    Async,
    Await,
    Break,
    Class,
    Continue,
    Def,
    Del,
    Elif,
    Else,
    Except,
    Finally,
    For,
    From,
    Global,
    If,
    Import,
    Lambda,
    Nonlocal,
    Pass,
    Raise,
    Return,
    Try,
    While,
    With,
    Yield,
}

/// How tightly the binary operators bind; the levels of CPython's grammar from `disjunction` to `power`.
pub(crate) mod level {
    pub(crate) const NONE: u8 = 0;
    /// That of no operator: `lambda` and whatever binds more tightly.
    pub(crate) const EXPRESSION: u8 = 1;
    pub(crate) const OR: u8 = 2;
    pub(crate) const AND: u8 = 3;
    pub(crate) const NOT: u8 = 4;
    pub(crate) const COMPARE: u8 = 5;
    pub(crate) const BIT_OR: u8 = 6;
    pub(crate) const BIT_XOR: u8 = 7;
    pub(crate) const BIT_AND: u8 = 8;
    pub(crate) const SHIFT: u8 = 9;
    pub(crate) const SUM: u8 = 10;
    pub(crate) const TERM: u8 = 11;
}

const LEVELS: [u8; 128] = {
    let mut levels = [level::NONE; 128];
    levels[TokenKind::Or as usize] = level::OR;
    levels[TokenKind::And as usize] = level::AND;
    // `not` as a binary operator is the first half of `not in`.
    levels[TokenKind::Not as usize] = level::COMPARE;
    levels[TokenKind::Is as usize] = level::COMPARE;
    levels[TokenKind::In as usize] = level::COMPARE;
    levels[TokenKind::Eq as usize] = level::COMPARE;
    levels[TokenKind::NotEq as usize] = level::COMPARE;
    levels[TokenKind::Lt as usize] = level::COMPARE;
    levels[TokenKind::LtE as usize] = level::COMPARE;
    levels[TokenKind::Gt as usize] = level::COMPARE;
    levels[TokenKind::GtE as usize] = level::COMPARE;
    levels[TokenKind::BitOr as usize] = level::BIT_OR;
    levels[TokenKind::BitXor as usize] = level::BIT_XOR;
    levels[TokenKind::BitAnd as usize] = level::BIT_AND;
    levels[TokenKind::LShift as usize] = level::SHIFT;
    levels[TokenKind::RShift as usize] = level::SHIFT;
    levels[TokenKind::Add as usize] = level::SUM;
    levels[TokenKind::Sub as usize] = level::SUM;
    levels[TokenKind::Mult as usize] = level::TERM;
    levels[TokenKind::Div as usize] = level::TERM;
    levels[TokenKind::FloorDiv as usize] = level::TERM;
    levels[TokenKind::Mod as usize] = level::TERM;
    levels[TokenKind::MatMult as usize] = level::TERM;
    levels
};

/// Tokens that go on with an operand: operators and what makes a primary longer.
const CONTINUES_OPERAND: [bool; 128] = {
    let mut table = [false; 128];
    let mut kind = 0;
    while kind < table.len() {
        table[kind] = LEVELS[kind] != level::NONE;
        kind += 1;
    }
    table[TokenKind::Dot as usize] = true;
    table[TokenKind::LParen as usize] = true;
    table[TokenKind::LBracket as usize] = true;
    table[TokenKind::Pow as usize] = true;
    table
};

impl TokenKind {
    /// Whether an operand before it is not all of an expression.
    #[inline(always)]
    pub(crate) const fn continues_operand(self) -> bool {
        CONTINUES_OPERAND[self as usize & 127]
    }

    /// Whether it makes a longer primary of the one before it.
    #[inline(always)]
    pub(crate) const fn continues_primary(self) -> bool {
        matches!(self, TokenKind::Dot | TokenKind::LParen | TokenKind::LBracket)
    }

    /// How tightly it binds as a binary operator; [`level::NONE`] if it is none.
    pub(crate) const fn level(self) -> u8 {
        LEVELS[self as usize & 127]
    }

    /// The operator of an arithmetic or bitwise operation.
    pub(crate) const fn operator(self) -> Option<Operator> {
        Some(match self {
            TokenKind::Add => Operator::Add,
            TokenKind::Sub => Operator::Sub,
            TokenKind::Mult => Operator::Mult,
            TokenKind::MatMult => Operator::MatMult,
            TokenKind::Div => Operator::Div,
            TokenKind::Mod => Operator::Mod,
            TokenKind::Pow => Operator::Pow,
            TokenKind::LShift => Operator::LShift,
            TokenKind::RShift => Operator::RShift,
            TokenKind::BitOr => Operator::BitOr,
            TokenKind::BitXor => Operator::BitXor,
            TokenKind::BitAnd => Operator::BitAnd,
            TokenKind::FloorDiv => Operator::FloorDiv,
            _ => return None,
        })
    }

    /// The operator of an augmented assignment.
    pub(crate) const fn augmented_operator(self) -> Option<Operator> {
        Some(match self {
            TokenKind::AddAssign => Operator::Add,
            TokenKind::SubAssign => Operator::Sub,
            TokenKind::MultAssign => Operator::Mult,
            TokenKind::MatMultAssign => Operator::MatMult,
            TokenKind::DivAssign => Operator::Div,
            TokenKind::ModAssign => Operator::Mod,
            TokenKind::PowAssign => Operator::Pow,
            TokenKind::LShiftAssign => Operator::LShift,
            TokenKind::RShiftAssign => Operator::RShift,
            TokenKind::BitOrAssign => Operator::BitOr,
            TokenKind::BitXorAssign => Operator::BitXor,
            TokenKind::BitAndAssign => Operator::BitAnd,
            TokenKind::FloorDivAssign => Operator::FloorDiv,
            _ => return None,
        })
    }

    /// Whether a node ends before it rather than with it: line ends and indentation.
    pub(crate) const fn is_whitespace(self) -> bool {
        matches!(self, TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent | TokenKind::EndMarker)
    }
}

/// Bytes that continue a name; bytes beyond ASCII are looked at closely later.
pub(crate) const NAME_CONTINUES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80..=0xFF);
        byte += 1;
    }
    table
};

pub(crate) const KEYWORDS: [(&[u8], TokenKind); 35] = [
    (b"False", TokenKind::False),
    (b"None", TokenKind::None),
    (b"True", TokenKind::True),
    (b"and", TokenKind::And),
    (b"as", TokenKind::As),
    (b"assert", TokenKind::Assert),
    (b"async", TokenKind::Async),
    (b"await", TokenKind::Await),
    (b"break", TokenKind::Break),
    (b"class", TokenKind::Class),
    (b"continue", TokenKind::Continue),
    (b"def", TokenKind::Def),
    (b"del", TokenKind::Del),
    (b"elif", TokenKind::Elif),
    (b"else", TokenKind::Else),
    (b"except", TokenKind::Except),
    (b"finally", TokenKind::Finally),
    (b"for", TokenKind::For),
    (b"from", TokenKind::From),
    (b"global", TokenKind::Global),
    (b"if", TokenKind::If),
    (b"import", TokenKind::Import),
    (b"in", TokenKind::In),
    (b"is", TokenKind::Is),
    (b"lambda", TokenKind::Lambda),
    (b"nonlocal", TokenKind::Nonlocal),
    (b"not", TokenKind::Not),
    (b"or", TokenKind::Or),
    (b"pass", TokenKind::Pass),
    (b"raise", TokenKind::Raise),
    (b"return", TokenKind::Return),
    (b"try", TokenKind::Try),
    (b"while", TokenKind::While),
    (b"with", TokenKind::With),
    (b"yield", TokenKind::Yield),
];

const SLOTS: usize = 256;

/// Of some tried, one that gives each keyword a slot of its own; another would not compile.
pub(crate) const KEYWORD_MULTIPLIER: u64 = 0x4834_9983_C3CD_98BD;

/// The bytes of the keyword of each slot as a number, and its kind.
static KEYWORD_SLOTS: [(u64, TokenKind); SLOTS] = {
    let mut slots = [(0, TokenKind::Name); SLOTS];
    let mut index = 0;
    while index < KEYWORDS.len() {
        let (text, kind) = KEYWORDS[index];
        let slot = slot(word_of(text));
        assert!(slots[slot].0 == 0, "two keywords have one slot");
        slots[slot] = (word_of(text), kind);
        index += 1;
    }
    slots
};

const fn slot(word: u64) -> usize {
    (word.wrapping_mul(KEYWORD_MULTIPLIER) >> 56) as usize
}

/// Up to eight bytes as a number, the first the least significant; no keyword has more.
pub(crate) const fn word_of(text: &[u8]) -> u64 {
    let mut word = 0;
    let mut index = text.len();
    while index > 0 {
        index -= 1;
        word = word << 8 | text[index] as u64;
    }
    word
}

/// The kind of the keyword whose bytes are those of the number, or [`TokenKind::Name`].
#[inline(always)]
pub(crate) fn keyword_or_name(word: u64) -> TokenKind {
    let (keyword, kind) = KEYWORD_SLOTS[slot(word) % SLOTS];
    if keyword == word { kind } else { TokenKind::Name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_and_other_words_are_names() {
        for (word, kind) in KEYWORDS {
            assert_eq!(keyword_or_name(word_of(word)), kind);
        }
        for word in [&b"x"[..], b"match", b"iff", b"none", b"finall", b"Non", b"an"] {
            assert_eq!(keyword_or_name(word_of(word)), TokenKind::Name);
        }
    }
}
