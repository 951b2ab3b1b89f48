//! Names beyond ASCII, and the prefixes of strings.

use prepyc_version::FStrings;

use super::Lexer;
use super::token::{Token, TokenKind, keyword_or_name, word_of};
use crate::unicode::is_assigned;

impl Lexer<'_> {
    /// Whether these one or two bytes before a quote are a string's prefix.
    pub(super) fn is_string_prefix(&self, start: usize, end: usize) -> bool {
        let lower = |at: usize| self.bytes[at].to_ascii_lowercase();
        let pair = if end - start == 1 { (lower(start), b'r') } else { (lower(start), lower(start + 1)) };
        match pair {
            (b'u', b'r') => end - start == 1,
            (b'r', b'r') => end - start == 1,
            (b'b' | b'f', b'r') | (b'r', b'b' | b'f') => true,
            (b't', b'r') | (b'r', b't') => self.grammar.template_strings,
            _ => false,
        }
    }

    /// What starts with a name that is not all ASCII or that a quote follows.
    #[inline(never)]
    pub(super) fn unusual_name_or_string(&mut self, start: usize, end: usize) -> Token {
        if matches!(self.byte(end), b'"' | b'\'') {
            if end - start <= 2 && self.is_string_prefix(start, end) {
                return self.string(start, end);
            }
            if let Some(error) = self.conflicting_prefixes(start, end) {
                return error;
            }
        }
        let text = &self.bytes[start..end];
        if !text.is_ascii() {
            return self.unusual_name(start, end);
        }
        self.position = end;
        let kind = if text.len() <= 8 { keyword_or_name(word_of(text)) } else { TokenKind::Name };
        self.token(kind, start, end)
    }

    /// An error if what stands before a quote is made of prefixes that do not go together.
    #[cold]
    pub(super) fn conflicting_prefixes(&mut self, start: usize, end: usize) -> Option<Token> {
        if !self.grammar.mistakes.string_prefix_errors {
            return None;
        }
        let mut seen = Vec::new();
        for at in start..end {
            let letter = self.bytes[at].to_ascii_lowercase();
            if !b"burft".contains(&letter) || seen.contains(&letter) {
                return None;
            }
            seen.push(letter);
        }
        let (one, other) = [b"ub", b"ur", b"uf", b"ut", b"bf", b"bt", b"ft"]
            .into_iter()
            .find(|pair| pair.iter().all(|letter| seen.contains(letter)))
            .map(|&[one, other]| (char::from(one), char::from(other)))?;
        let message = format!("'{one}' and '{other}' prefixes are incompatible");
        Some(self.fail_range(start, end, message))
    }

    /// Whether the prefix is that of a string with tokens within.
    pub(super) fn has_inner_tokens(&self, start: usize, end: usize) -> bool {
        self.grammar.fstrings == FStrings::Tokens
            && self.bytes[start..end].iter().any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T'))
    }

    /// A name with characters beyond ASCII.
    #[cold]
    pub(super) fn unusual_name(&mut self, start: usize, end: usize) -> Token {
        let text = &self.source[start..end];
        let mut characters = text.char_indices();
        let bad = match characters.next() {
            Some((_, first)) if first != '_' && !self.starts_name(first) => Some((0, first)),
            _ => characters.find(|&(_, character)| !self.continues_name(character)),
        };
        if let Some((at, character)) = bad {
            let code_point = u32::from(character);
            let message = if self.grammar.is_printable(character) {
                format!("invalid character '{character}' (U+{code_point:04X})")
            } else {
                format!("invalid non-printable character U+{code_point:04X}")
            };
            return self.fail_before(start + at + character.len_utf8(), message);
        }
        self.position = end;
        self.token(TokenKind::Name, start, end)
    }

    fn starts_name(&self, character: char) -> bool {
        unicode_ident::is_xid_start(character) && is_assigned(character, self.grammar)
    }

    fn continues_name(&self, character: char) -> bool {
        unicode_ident::is_xid_continue(character) && is_assigned(character, self.grammar)
    }
}
