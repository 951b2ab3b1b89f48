//! What Python knows of characters beyond what its tokenizer needs.

use prepyc_version::Grammar;

/// Separators and invisible characters that have names, the same in every Unicode that a version knows. (U+13439 and what
/// follows came with Unicode 15.)
const UNPRINTABLE_BUT_NAMED: [(char, char); 24] = [
    ('\u{A0}', '\u{A0}'),
    ('\u{AD}', '\u{AD}'),
    ('\u{600}', '\u{605}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{6DD}', '\u{6DD}'),
    ('\u{70F}', '\u{70F}'),
    ('\u{890}', '\u{891}'),
    ('\u{8E2}', '\u{8E2}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{180E}', '\u{180E}'),
    ('\u{2000}', '\u{200F}'),
    ('\u{2028}', '\u{202F}'),
    ('\u{205F}', '\u{2064}'),
    ('\u{2066}', '\u{206F}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFF9}', '\u{FFFB}'),
    ('\u{110BD}', '\u{110BD}'),
    ('\u{110CD}', '\u{110CD}'),
    ('\u{13430}', '\u{1343F}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0001}', '\u{E0001}'),
    ('\u{E0020}', '\u{E007F}'),
];

/// A name as Python compares names: in normal form KC.
pub(crate) fn normalize_name(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    if text.is_ascii() { text.to_owned() } else { text.nfkc().collect() }
}

/// Appends a code point, which may be a surrogate, as UTF-8 would have it.
pub(crate) fn push_code_point(out: &mut Vec<u8>, code_point: u32) {
    match char::from_u32(code_point) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xE0 | (code_point >> 12) as u8,
            0x80 | (code_point >> 6 & 0x3F) as u8,
            0x80 | (code_point & 0x3F) as u8,
        ]),
    }
}

/// Whether the version's Unicode has the character: what is newer is one that it cannot print.
pub(crate) fn is_assigned(character: char, grammar: &Grammar) -> bool {
    grammar.is_printable(character)
        || character.is_control()
        || UNPRINTABLE_BUT_NAMED.iter().any(|&(first, last)| (first..=last).contains(&character))
}

/// The character of that name or alias, as `\N{…}` knows it: letters of either case, nothing else forgiven.
///
/// Characters that are newer than the version's Unicode have no name to it.
pub(crate) fn character_named(name: &str, grammar: &Grammar) -> Option<char> {
    // No name begins with a hyphen, and the crate looks at what stands before one.
    if name.starts_with('-') {
        return None;
    }
    let character = unicode_names2::character(name)?;
    if !is_assigned(character, grammar) {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    match unicode_names2::name(character) {
        Some(own) => {
            let own = own.to_string();
            // The crate forgives spaces and hyphens; what is the name but for those is not the name.
            (own == upper || letters(&own) != letters(&upper)).then_some(character)
        }
        None => Some(character),
    }
}

fn letters(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, ' ' | '-' | '_')).collect()
}
