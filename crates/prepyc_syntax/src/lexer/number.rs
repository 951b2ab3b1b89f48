//! The extent of numbers; their values are `literal::number`'s.

use super::Lexer;
use super::token::{NAME_CONTINUES, Token, TokenKind};
use crate::error::WarningKind;

/// The words that may stand right after a number, so far with a warning only.
const FOLLOWING_WORDS: [&[u8]; 5] = [b"and", b"else", b"for", b"or", b"not"];

/// What is taken for such a word, whatever follows it.
const FOLLOWING_STARTS: [&[u8]; 3] = [b"if", b"in", b"is"];

impl Lexer<'_> {
    /// A number that starts at `start`, with a digit or with a dot before one.
    #[inline]
    pub(super) fn number(&mut self, start: usize, out: &mut Token) {
        // The common case first: a few digits and nothing that could belong to a number or a name.
        let mut end = start;
        while self.byte(end).is_ascii_digit() {
            end += 1;
        }
        let next = self.byte(end);
        let plain =
            next != b'.' && !NAME_CONTINUES[next as usize] && (self.byte(start) != b'0' || end == start + 1);
        if plain && end > start {
            self.position = end;
            return *out = self.token(TokenKind::Number, start, end);
        }
        match self.number_end(start) {
            Ok(end) => {
                self.position = end;
                *out = self.token(TokenKind::Number, start, end);
            }
            Err(token) => *out = token,
        }
    }

    #[cold]
    fn number_end(&mut self, start: usize) -> Result<usize, Token> {
        let mut end = start;
        if self.byte(start) == b'0' {
            match self.byte(start + 1) | 0x20 {
                b'x' => return self.digits_of(start + 2, "hexadecimal", u8::is_ascii_hexdigit),
                b'o' => return self.digits_of(start + 2, "octal", |byte| matches!(byte, b'0'..=b'7')),
                b'b' => return self.digits_of(start + 2, "binary", |byte| matches!(byte, b'0' | b'1')),
                _ => {}
            }
            end = start + 1;
            loop {
                if self.byte(end) == b'_' {
                    end += 1;
                    if !self.byte(end).is_ascii_digit() {
                        return Err(self.fail_before(end, "invalid decimal literal"));
                    }
                }
                if self.byte(end) != b'0' {
                    break;
                }
                end += 1;
            }
            let zeros_end = end;
            if self.byte(end).is_ascii_digit() {
                end = self.decimal_tail(end)?;
                if !matches!(self.byte(end), b'.' | b'e' | b'E' | b'j' | b'J') {
                    let message = "leading zeros in decimal integer literals are not permitted; \
                                   use an 0o prefix for octal integers";
                    return Err(self.fail_range(start, zeros_end, message));
                }
            }
        } else if self.byte(start) != b'.' {
            end = self.decimal_tail(start)?;
        }
        self.fraction_and_exponent(end)
    }

    /// What may follow a decimal integer's digits.
    fn fraction_and_exponent(&mut self, mut end: usize) -> Result<usize, Token> {
        if self.byte(end) == b'.' {
            end += 1;
            if self.byte(end).is_ascii_digit() {
                end = self.decimal_tail(end)?;
            }
        }
        if self.byte(end) | 0x20 == b'e' {
            let exponent = end;
            end += 1;
            if matches!(self.byte(end), b'+' | b'-') {
                end += 1;
                if !self.byte(end).is_ascii_digit() {
                    return Err(self.fail_before(end, "invalid decimal literal"));
                }
            } else if !self.byte(end).is_ascii_digit() {
                return self.check_number_end(exponent, "decimal");
            }
            end = self.decimal_tail(end)?;
        }
        if self.byte(end) | 0x20 == b'j' {
            return self.check_number_end(end + 1, "imaginary");
        }
        self.check_number_end(end, "decimal")
    }

    /// The end of decimal digits with single underscores between them.
    fn decimal_tail(&mut self, mut at: usize) -> Result<usize, Token> {
        loop {
            while self.byte(at).is_ascii_digit() {
                at += 1;
            }
            if self.byte(at) != b'_' {
                return Ok(at);
            }
            at += 1;
            if !self.byte(at).is_ascii_digit() {
                return Err(self.fail_before(at, "invalid decimal literal"));
            }
        }
    }

    /// The end of the digits after `0x`, `0o` or `0b`.
    fn digits_of(
        &mut self,
        mut at: usize,
        base: &str,
        is_digit: impl Fn(&u8) -> bool,
    ) -> Result<usize, Token> {
        loop {
            if self.byte(at) == b'_' {
                at += 1;
            }
            if !is_digit(&self.byte(at)) {
                return Err(self.bad_digit(at, base));
            }
            while is_digit(&self.byte(at)) {
                at += 1;
            }
            if self.byte(at) != b'_' {
                break;
            }
        }
        if self.byte(at).is_ascii_digit() {
            return Err(self.bad_digit(at, base));
        }
        self.check_number_end(at, base)
    }

    fn bad_digit(&mut self, at: usize, base: &str) -> Token {
        let byte = self.byte(at);
        if byte.is_ascii_digit() {
            self.fail_before(at + 1, format!("invalid digit '{}' in {base} literal", char::from(byte)))
        } else {
            self.fail_before(at, format!("invalid {base} literal"))
        }
    }

    /// Sees to it that no name follows right after a number that ends at `at`.
    fn check_number_end(&mut self, at: usize, base: &str) -> Result<usize, Token> {
        let byte = self.byte(at);
        if byte >= 0x80 || !NAME_CONTINUES[byte as usize] {
            return Ok(at);
        }
        // CPython: `verify_end_of_number` (`Parser/tokenizer/tokenizer.c`), whose `lookahead` wants whole words.
        let rest = &self.bytes[at..];
        let is_word = |word: &&[u8]| {
            rest.starts_with(word) && rest.get(word.len()).is_none_or(|&next| !NAME_CONTINUES[next as usize])
        };
        let has_start = FOLLOWING_STARTS.iter().any(|start| rest.starts_with(start));
        if has_start || FOLLOWING_WORDS.iter().any(is_word) {
            self.warn(at, WarningKind::Syntax, format!("invalid {base} literal"));
            return Ok(at);
        }
        Err(self.fail_before(at, format!("invalid {base} literal")))
    }
}
