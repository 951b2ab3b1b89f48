//! What Python knows of characters beyond what its tokenizer needs.

/// `str.isprintable` of one character, for error messages: no controls, separators, surrogates or unassigned characters.
pub(crate) fn is_printable(character: char) -> bool {
    !(character.is_control()
        || character.is_whitespace()
        || matches!(character,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}'
        | '\u{E0001}' | '\u{E0020}'..='\u{E007F}' | '\u{F0000}'..))
}

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

/// The character of that name or alias, as `\N{…}` knows it: letters of either case, nothing else forgiven.
pub(crate) fn character_named(name: &str) -> Option<char> {
    let character = unicode_names2::character(name)?;
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
