//! f-strings of 3.11: one token, whose expressions are found by searching its text and then parsed on their own.
//!
//! Mirrors CPython 3.11's `Parser/string_parser.c`. Parts have the place of the whole concatenation, those of a format
//! specification that of their literal; only the expressions have their own.

use super::reader::Ahead;
use super::strings::{FixedPlace, Pieces, Run};
use super::{Fail, Parse, Parser};
use crate::ast::{ConstantKind, Conversion, Expr, ExprKind, FormattedValue, Location};
use crate::lexer::token::{Token, TokenKind};
use crate::literal::string;

/// Brackets nested deeper in an expression are an error (CPython: `MAXLEVEL`).
const MAX_BRACKETS: usize = 200;

/// The literal being read: offsets are into the source.
struct Literal311 {
    token: Token,
    raw: bool,
    end: usize,
}

impl<'a> Parser<'a, '_> {
    /// Neighbouring literals, the first of which has been consumed.
    pub(super) fn one_token_strings(&mut self, first: Token) -> Parse<Expr<'a>> {
        let mut tokens = vec![first];
        while self.at(TokenKind::String) {
            tokens.push(self.current);
            self.bump();
        }
        let last = tokens[tokens.len() - 1];
        let location = first.location.to(last.location);
        let kind =
            if self.lexer.text(&first).starts_with('u') { ConstantKind::U } else { ConstantKind::Plain };
        let mut pieces = self.pieces();
        let whole = Run { location, kind };
        pieces.fixed = Some(FixedPlace { whole, end: whole });
        for token in tokens {
            let parts = string::split(self.lexer.text(&token));
            if !parts.is_formatted() {
                self.plain_piece(&mut pieces, token)?;
                continue;
            }
            pieces.note_string()?;
            pieces.set_formatted();
            let start = token.start as usize + parts.body_offset;
            let literal = Literal311 { token, raw: parts.is_raw(), end: start + parts.body.len() };
            let end = self.literal_and_fields(&mut pieces, &literal, start, 0)?;
            if end != literal.end {
                return self.reject(&token, "f-string: single '}' is not allowed");
            }
        }
        self.join(pieces, location)
    }

    /// Text and fields from `at` on; where they end: at the literal's end, or within a field at its `}`.
    fn literal_and_fields(
        &mut self,
        pieces: &mut Pieces,
        literal: &Literal311,
        at: usize,
        level: u32,
    ) -> Parse<usize> {
        let mut at = at;
        loop {
            at = self.literal_text(literal, at, level)?;
            match self.lexer.byte_at(at) {
                b'{' if at < literal.end => at = self.field(pieces, literal, at, level)?,
                _ => return Ok(at),
            }
        }
    }

    /// Appends text up to a field's `{`, a closing `}` or the literal's end; where that is.
    fn literal_text(&mut self, literal: &Literal311, start: usize, level: u32) -> Parse<usize> {
        let mut start = start;
        loop {
            let (end, next) = self.literal_extent(literal, start, level)?;
            let body = self.lexer.slice(start, end);
            if literal.raw {
                self.text.extend_from_slice(body.as_bytes());
            } else {
                self.decode_escapes(&literal.token, start, body, false)?;
            }
            match next {
                Some(next) => start = next,
                None => return Ok(end),
            }
        }
    }

    /// Where text that starts there ends; and where it goes on, behind a doubled brace.
    fn literal_extent(
        &mut self,
        literal: &Literal311,
        start: usize,
        level: u32,
    ) -> Parse<(usize, Option<usize>)> {
        let mut at = start;
        while at < literal.end {
            let mut byte = self.lexer.byte_at(at);
            if byte == b'\\' && !literal.raw && at + 1 < literal.end {
                at += 1;
                byte = self.lexer.byte_at(at);
                if byte == b'N' {
                    at += 1;
                    if self.lexer.byte_at(at) == b'{' && at < literal.end {
                        while at < literal.end && self.lexer.byte_at(at) != b'}' {
                            at += 1;
                        }
                        at += 1;
                    }
                    continue;
                }
                if byte != b'{' && byte != b'}' {
                    at += 1;
                    continue;
                }
            }
            if byte == b'{' || byte == b'}' {
                if level > 0 {
                    return Ok((at, None));
                }
                if at + 1 < literal.end && self.lexer.byte_at(at + 1) == byte {
                    return Ok((at + 1, Some(at + 2)));
                }
                if byte == b'}' {
                    return self.reject(&literal.token, "f-string: single '}' is not allowed");
                }
                return Ok((at, None));
            }
            at += 1;
        }
        Ok((literal.end.min(at), None))
    }

    /// A replacement field, from its `{`; where it ends.
    fn field(&mut self, pieces: &mut Pieces, literal: &Literal311, open: usize, level: u32) -> Parse<usize> {
        let token = &literal.token;
        if level >= 2 {
            return self.reject(token, "f-string: expressions nested too deeply");
        }
        let end = self.expression_extent(literal, open + 1)?;
        if end >= literal.end {
            return self.reject(token, "f-string: expecting '}'");
        }
        let value = self.inner_expression(literal, open, end)?;
        let mut at = end;
        let mut text = None;
        if self.lexer.byte_at(at) == b'=' {
            at += 1;
            while matches!(self.lexer.byte_at(at), b' ' | b'\t' | b'\n' | b'\x0B' | b'\x0C') {
                at += 1;
            }
            if at >= literal.end {
                return self.reject(token, "f-string: expecting '}'");
            }
            text = Some(self.lexer.slice(open + 1, at));
        }
        let mut conversion = Conversion::None;
        if self.lexer.byte_at(at) == b'!' {
            conversion = self.conversion_at(literal, at + 1)?;
            at += 2;
        }
        if let Some(text) = text {
            self.text.extend_from_slice(text.as_bytes());
        }
        self.end_run(pieces);
        let mut format_spec = None;
        if at < literal.end && self.lexer.byte_at(at) == b':' {
            let mut inner = self.pieces();
            let end = Run { location: token.location, kind: ConstantKind::Plain };
            inner.fixed = Some(FixedPlace { whole: pieces.fixed.map_or(end, |fixed| fixed.whole), end });
            inner.set_formatted();
            at = self.literal_and_fields(&mut inner, literal, at + 1, level + 1)?;
            format_spec = Some(self.join(inner, token.location)?);
        }
        if at >= literal.end || self.lexer.byte_at(at) != b'}' {
            return self.reject(token, "f-string: expecting '}'");
        }
        if text.is_some() && conversion == Conversion::None && format_spec.is_none() {
            conversion = Conversion::Repr;
        }
        let kind = ExprKind::FormattedValue(self.alloc(FormattedValue { value, conversion, format_spec }));
        let location = self.whole_location(pieces, token);
        self.scratch.exprs.push(Expr { location, kind });
        Ok(at + 1)
    }

    fn whole_location(&self, pieces: &Pieces, token: &Token) -> Location {
        pieces.fixed.map_or(token.location, |fixed| fixed.whole.location)
    }

    fn conversion_at(&mut self, literal: &Literal311, at: usize) -> Parse<Conversion> {
        if at >= literal.end {
            return self.reject(&literal.token, "f-string: expecting '}'");
        }
        match self.lexer.byte_at(at) {
            b's' => Ok(Conversion::Str),
            b'r' => Ok(Conversion::Repr),
            b'a' => Ok(Conversion::Ascii),
            _ => {
                let message = "f-string: invalid conversion character: expected 's', 'r', or 'a'";
                self.reject(&literal.token, message)
            }
        }
    }

    /// Where the expression that starts there ends: at a `!`, `:`, `=` or `}` outside of brackets and strings.
    fn expression_extent(&mut self, literal: &Literal311, start: usize) -> Parse<usize> {
        let token = &literal.token;
        let mut open = Vec::new();
        let mut quote: Option<(u8, usize)> = None;
        let mut at = start;
        while at < literal.end {
            let byte = self.lexer.byte_at(at);
            let tripled = |lexer: &crate::lexer::Lexer<'_>| {
                at + 2 < literal.end && lexer.byte_at(at + 1) == byte && lexer.byte_at(at + 2) == byte
            };
            if byte == b'\\' {
                return self.reject(token, "f-string expression part cannot include a backslash");
            }
            if let Some((quoted, length)) = quote {
                if byte == quoted && (length == 1 || tripled(&self.lexer)) {
                    quote = None;
                    at += length - 1;
                }
                at += 1;
                continue;
            }
            match byte {
                b'\'' | b'"' => {
                    let length = if tripled(&self.lexer) { 3 } else { 1 };
                    quote = Some((byte, length));
                    at += length - 1;
                }
                b'[' | b'{' | b'(' => {
                    if open.len() >= MAX_BRACKETS {
                        return self.reject(token, "f-string: too many nested parenthesis");
                    }
                    open.push(byte);
                }
                b'#' => return self.reject(token, "f-string expression part cannot include '#'"),
                b'!' | b':' | b'}' | b'=' | b'<' | b'>' if open.is_empty() => {
                    let doubled = byte != b':' && byte != b'}' && self.lexer.byte_at(at + 1) == b'=';
                    if doubled && at + 1 < literal.end {
                        at += 1;
                    } else if byte != b'<' && byte != b'>' {
                        return Ok(at);
                    }
                }
                b']' | b'}' | b')' => self.close_inner_bracket(token, &mut open, byte)?,
                _ => {}
            }
            at += 1;
        }
        if quote.is_some() {
            return self.reject(token, "f-string: unterminated string");
        }
        match open.last() {
            Some(&bracket) => self.reject(token, &format!("f-string: unmatched '{}'", char::from(bracket))),
            None => Ok(at),
        }
    }

    fn close_inner_bracket(&mut self, token: &Token, open: &mut Vec<u8>, byte: u8) -> Parse<()> {
        let closing = char::from(byte);
        match (open.pop(), byte) {
            (None, _) => self.reject(token, &format!("f-string: unmatched '{closing}'")),
            (Some(b'('), b')') | (Some(b'['), b']') | (Some(b'{'), b'}') => Ok(()),
            (Some(opening), _) => {
                let opening = char::from(opening);
                let message = format!(
                    "f-string: closing parenthesis '{closing}' does not match opening parenthesis '{opening}'"
                );
                self.reject(token, &message)
            }
        }
    }

    /// The expression between a field's `{` and what ends it, read as if these were parentheses.
    fn inner_expression(&mut self, literal: &Literal311, open: usize, end: usize) -> Parse<Expr<'a>> {
        let text = self.lexer.slice(open + 1, end);
        if text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\x0C')) {
            let message = match self.lexer.byte_at(end) {
                terminator @ (b'!' | b':' | b'=') => {
                    format!("f-string: expression required before '{}'", char::from(terminator))
                }
                _ => "f-string: empty expression not allowed".to_owned(),
            };
            return self.reject(&literal.token, &message);
        }
        let (lexer, parenthesis) = self.lexer.within_parentheses(&literal.token, open, end);
        self.take_lexer_warnings(self.current.end as usize);
        let outer = std::mem::replace(&mut self.lexer, lexer);
        let ahead = std::mem::replace(&mut self.ahead, Ahead::empty());
        let (current, previous) = (self.current, self.previous);
        self.current = parenthesis;
        let result = self.atom();
        let complete = self.at(TokenKind::EndMarker);
        self.take_lexer_warnings(usize::MAX);
        self.lexer = outer;
        let expr = match result {
            Ok(expr) if complete => expr,
            _ => {
                if self.error.is_none() {
                    let (fresh, parenthesis) = self.lexer.within_parentheses(&literal.token, open, end);
                    self.error =
                        Some(Box::new(crate::diagnose::explain_field(fresh, parenthesis, self.grammar)));
                }
                (self.current, self.ahead) = (current, ahead);
                return Err(Fail);
            }
        };
        (self.current, self.ahead, self.previous) = (current, ahead, previous);
        Ok(expr)
    }
}
