//! String literals side by side, f-strings and t-strings. Grammar: `strings`, `fstring`, `tstring`.
//!
//! Text that meets becomes one constant, be it of one literal, of neighbouring ones, or the text of a field's `=`. A `Run`
//! is such a constant under construction; its bytes grow on the parser's text buffer, which the literals within a
//! replacement field use above it.

use prepyc_version::FStrings;

use super::atom::constant;
use super::{Fail, Parse, Parser};
use crate::ast::{
    ConstantKind, Conversion, Expr, ExprKind, FormattedValue, Interpolation, Literal, Location,
};
use crate::error::{ErrorKind, SyntaxError};
use crate::lexer::token::{Token, TokenKind};
use crate::literal::string::{self, BadEscape, Parts};

/// Text on its way to a constant.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) location: Location,
    pub(super) kind: ConstantKind,
}

/// The values of an f-string or of neighbouring literals under construction.
pub(super) struct Pieces {
    /// Where on the scratch stack of expressions the values start.
    values: usize,
    /// Where in the text buffer the current run starts.
    text: usize,
    run: Option<Run>,
    is_bytes: Option<bool>,
    formatted: bool,
    pub(super) fixed: Option<FixedPlace>,
    /// The first text that could not be decoded, and why: CPython decodes a string's text when it has all of it.
    bad_text: Option<Box<(Token, String)>>,
}

/// In 3.11 all parts of an f-string have the place of the whole, and constants the first literal's kind.
#[derive(Clone, Copy)]
pub(super) struct FixedPlace {
    /// Of constants before a replacement field, and of the fields.
    pub(super) whole: Run,
    /// Of the constant at the end.
    pub(super) end: Run,
}

/// Which of the two kinds of strings with replacement fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavor {
    Formatted,
    Template,
}

fn is_string(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart)
}

fn kind_of(text: &str) -> ConstantKind {
    if text.starts_with('u') { ConstantKind::U } else { ConstantKind::Plain }
}

impl<'a> Parser<'a, '_> {
    /// `strings`
    #[inline(never)]
    pub(super) fn strings(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        if self.at(TokenKind::TStringStart) {
            return self.template_strings();
        }
        let first = self.current;
        if first.is_known {
            self.bump();
            if !is_string(self.current.kind) {
                let kind = constant(Literal::Str(first.name));
                return Ok(Expr { location: first.location, kind });
            }
            if self.grammar.fstrings == FStrings::OneToken {
                return self.one_token_strings(first);
            }
        } else if first.kind == TokenKind::String {
            let parts = string::split(self.lexer.text(&first));
            let formatted = parts.is_formatted();
            self.bump();
            if !is_string(self.current.kind) && !formatted {
                return self.single_string(first, parts);
            }
            if self.grammar.fstrings == FStrings::OneToken {
                return self.one_token_strings(first);
            }
        }
        let mut pieces = self.pieces();
        if first.kind == TokenKind::String {
            self.plain_piece(&mut pieces, first)?;
        }
        loop {
            match self.current.kind {
                TokenKind::String => {
                    let token = self.current;
                    self.bump();
                    self.plain_piece(&mut pieces, token)?;
                }
                TokenKind::FStringStart => {
                    pieces.note_bytes(false)?;
                    self.formatted_string(&mut pieces)?;
                }
                TokenKind::TStringStart => return Err(Fail),
                _ => break,
            }
        }
        let location = self.since(start);
        self.join(pieces, location)
    }

    pub(super) fn pieces(&self) -> Pieces {
        Pieces {
            values: self.scratch.exprs.len(),
            text: self.text.len(),
            run: None,
            is_bytes: None,
            formatted: false,
            fixed: None,
            bad_text: None,
        }
    }

    /// A literal that stands alone.
    #[inline]
    fn single_string(&mut self, token: Token, parts: Parts<'_>) -> Parse<Expr<'a>> {
        let base = self.text.len();
        if parts.is_bytes() {
            self.decode(&token, parts)?;
            let value = self.bytes_literal(base);
            return Ok(Expr { location: token.location, kind: constant(value) });
        }
        let kind = kind_of(parts.prefix);
        let value = if parts.is_raw() || memchr::memchr(b'\\', parts.body.as_bytes()).is_none() {
            Literal::Str(self.names.intern(parts.body))
        } else {
            self.decode(&token, parts)?;
            self.str_literal(base)
        };
        Ok(Expr { location: token.location, kind: ExprKind::Constant { value, kind } })
    }

    /// The string that was put together since `base`.
    fn str_literal(&mut self, base: usize) -> Literal<'a> {
        Literal::Str(self.take_text(base))
    }

    fn bytes_literal(&mut self, base: usize) -> Literal<'a> {
        let bytes: &'a [u8] = self.arena.alloc_slice_copy(&self.text[base..]);
        self.text.truncate(base);
        Literal::Bytes(self.alloc(bytes))
    }

    /// Appends what the literal stands for.
    fn decode(&mut self, token: &Token, parts: Parts<'_>) -> Parse<()> {
        if parts.is_bytes() && !parts.body.is_ascii() {
            return self.reject_at(token, "bytes can only contain ASCII literal characters");
        }
        if parts.is_raw() {
            self.text.extend_from_slice(parts.body.as_bytes());
            return Ok(());
        }
        self.decode_escapes(token, token.start as usize + parts.body_offset, parts.body, parts.is_bytes())
    }

    /// Appends what text with escapes stands for; it starts at that offset of the source.
    pub(super) fn decode_escapes(
        &mut self,
        token: &Token,
        offset: usize,
        body: &str,
        is_bytes: bool,
    ) -> Parse<()> {
        if !is_bytes {
            let decoded = self.decode_text(token, offset, body);
            return decoded.or_else(|error| self.reject(token, &format!("(unicode error) {error}")));
        }
        let mut bad = None;
        let decoded = string::decode_bytes(body, &mut self.text, &mut bad);
        self.warn_of_escape(token, offset, body, bad);
        decoded.or_else(|error| self.reject(token, &format!("(value error) {error}")))
    }

    /// The same, of text; gives what the codec says.
    fn decode_text(&mut self, token: &Token, offset: usize, body: &str) -> Result<(), String> {
        let mut bad = None;
        let decoded = string::decode_str(body, self.grammar, &mut self.text, &mut bad);
        self.warn_of_escape(token, offset, body, bad);
        decoded
    }

    fn warn_of_escape(&mut self, token: &Token, offset: usize, body: &str, bad: Option<BadEscape>) {
        if let Some(bad) = bad {
            self.warn(self.lexer.escape_warning(token, offset, body, &bad));
        }
    }

    /// Fails with a `SyntaxError` where CPython raises those that it does not place itself.
    pub(super) fn reject<T>(&mut self, token: &Token, message: &str) -> Parse<T> {
        // CPython 3.11 points at the last token it has looked at.
        let last = self.current;
        self.reject_at(if self.grammar.fstrings == FStrings::OneToken { &last } else { token }, message)
    }

    /// Fails with a `SyntaxError` that covers the token.
    fn reject_at<T>(&mut self, token: &Token, message: &str) -> Parse<T> {
        let place = self.lexer.place_of(token.location);
        let error = SyntaxError { kind: ErrorKind::Syntax, message: message.to_owned(), place: Some(place) };
        self.error.get_or_insert_with(|| Box::new(error));
        Err(Fail)
    }

    /// A literal without fields beside others.
    pub(super) fn plain_piece(&mut self, pieces: &mut Pieces, token: Token) -> Parse<()> {
        let text = self.lexer.text(&token);
        let parts = string::split(text);
        pieces.extend_run(token.location, kind_of(text));
        // CPython reads each literal before it looks at all of them.
        self.decode(&token, parts)?;
        pieces.note_bytes(parts.is_bytes())
    }

    /// All pieces as one expression.
    pub(super) fn join(&mut self, mut pieces: Pieces, location: Location) -> Parse<Expr<'a>> {
        if pieces.is_bytes == Some(true) {
            let value = self.bytes_literal(pieces.text);
            let kind = pieces.run.map_or(ConstantKind::Plain, |run| run.kind);
            return Ok(Expr { location, kind: ExprKind::Constant { value, kind } });
        }
        if !pieces.formatted {
            let value = self.str_literal(pieces.text);
            let kind = pieces.run.map_or(ConstantKind::Plain, |run| run.kind);
            return Ok(Expr { location, kind: ExprKind::Constant { value, kind } });
        }
        pieces.fixed = pieces.fixed.map(|fixed| FixedPlace { whole: fixed.end, ..fixed });
        self.end_run(&mut pieces);
        let values = self.take_exprs(pieces.values);
        Ok(Expr { location, kind: ExprKind::JoinedStr { values } })
    }

    /// Turns the run, if there is one with text, into a constant.
    pub(super) fn end_run(&mut self, pieces: &mut Pieces) {
        let run = pieces.run.take();
        if self.text.len() == pieces.text {
            return;
        }
        let value = self.str_literal(pieces.text);
        let fixed = pieces.fixed.map(|fixed| fixed.whole);
        if let Some(Run { location, kind }) = fixed.or(run) {
            self.scratch.exprs.push(Expr { location, kind: ExprKind::Constant { value, kind } });
        }
    }

    /// `fstring`, from its first token to its last.
    fn formatted_string(&mut self, pieces: &mut Pieces) -> Parse<()> {
        let raw = self.lexer.text(&self.current).bytes().any(|byte| byte | 0x20 == b'r');
        pieces.formatted = true;
        self.bump();
        self.string_content(pieces, Flavor::Formatted, raw)?;
        self.string_end(pieces, TokenKind::FStringEnd)
    }

    /// The end of a string, when it is known whether all of its text can be decoded.
    fn string_end(&mut self, pieces: &mut Pieces, kind: TokenKind) -> Parse<()> {
        let end = self.current;
        if let (Some(bad), true) = (&pieces.bad_text, end.kind == kind) {
            let (text, error) = &**bad;
            let token = if self.grammar.mistakes.bad_escapes_told_at_end { &end } else { text };
            return self.reject_at(token, &format!("(unicode error) {error}"));
        }
        self.expect(kind)
    }

    /// Text and replacement fields, up to what ends them.
    fn string_content(&mut self, pieces: &mut Pieces, flavor: Flavor, raw: bool) -> Parse<()> {
        loop {
            match self.current.kind {
                TokenKind::FStringMiddle | TokenKind::TStringMiddle => self.middle(pieces, raw)?,
                TokenKind::LBrace => {
                    self.enter()?;
                    self.replacement_field(pieces, flavor, raw)?;
                    self.leave();
                }
                _ => return Ok(()),
            }
        }
    }

    fn middle(&mut self, pieces: &mut Pieces, raw: bool) -> Parse<()> {
        let token = self.current;
        let body = self.lexer.text(&token);
        if !body.is_empty() {
            pieces.extend_run(token.location, ConstantKind::Plain);
            if raw || memchr::memchr(b'\\', body.as_bytes()).is_none() {
                self.text.extend_from_slice(body.as_bytes());
            } else {
                self.decode_text(&token, token.start as usize, body)
                    .unwrap_or_else(|error| pieces.note_bad_text(token, error));
            }
        }
        self.bump();
        Ok(())
    }

    /// `{…}`, pushed as a value behind the text so far.
    fn replacement_field(&mut self, pieces: &mut Pieces, flavor: Flavor, raw: bool) -> Parse<()> {
        let start = self.start();
        let text_start = self.current.end as usize;
        self.bump();
        // The run stays open: the text of a `=` may go on with it. Literals within the field work above it.
        let value = self.yield_or_star_expressions()?;
        let expression_end = self.current.start as usize;
        let debug = self.eat(TokenKind::Assign);
        let end = self.current;
        let mut debug_end = (end.location.lineno, end.location.col_offset);
        let mut conversion = self.conversion(&mut debug_end)?;
        let format_spec = if self.at(TokenKind::Colon) { Some(self.format_spec(raw)?) } else { None };
        if end.kind == TokenKind::RBrace {
            debug_end = (self.current.location.end_lineno, self.current.location.end_col_offset - 1);
        }
        self.expect(TokenKind::RBrace)?;
        let location = self.since(start);
        if debug {
            let text = self.field_text(text_start, end.start as usize);
            if conversion == Conversion::None && format_spec.is_none() {
                conversion = Conversion::Repr;
            }
            pieces.extend_run(
                Location {
                    lineno: start.lineno,
                    col_offset: start.col_offset + 1,
                    end_lineno: debug_end.0,
                    end_col_offset: debug_end.1,
                },
                ConstantKind::Plain,
            );
            self.text.extend_from_slice(text.as_bytes());
        }
        self.end_run(pieces);
        let kind = match flavor {
            Flavor::Formatted => {
                ExprKind::FormattedValue(self.alloc(FormattedValue { value, conversion, format_spec }))
            }
            Flavor::Template => {
                let str = self.names.intern(self.field_text(text_start, expression_end).as_str());
                ExprKind::Interpolation(self.alloc(Interpolation { value, str, conversion, format_spec }))
            }
        };
        self.scratch.exprs.push(Expr { location, kind });
        Ok(())
    }

    /// `!r`, if it is there; and where a debug text before it ends.
    fn conversion(&mut self, debug_end: &mut (u32, u32)) -> Parse<Conversion> {
        if !self.at(TokenKind::Exclamation) {
            return Ok(Conversion::None);
        }
        let exclamation = self.current.end;
        self.bump();
        if !self.at(TokenKind::Name) || self.current.start != exclamation {
            return Err(Fail);
        }
        *debug_end = (self.current.location.lineno, self.current.location.col_offset - 1);
        let conversion = match self.lexer.text(&self.current) {
            "s" => Conversion::Str,
            "r" => Conversion::Repr,
            "a" => Conversion::Ascii,
            _ => return Err(Fail),
        };
        self.bump();
        Ok(conversion)
    }

    /// `fstring_full_format_spec`, at its colon.
    fn format_spec(&mut self, raw: bool) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        let mut pieces = self.pieces();
        pieces.formatted = true;
        // A field within a format specification is formatted, whatever string it is in.
        self.string_content(&mut pieces, Flavor::Formatted, raw)?;
        if let Some(bad) = pieces.bad_text {
            // CPython decodes a specification as it reads it, and gives nobody's place to what is wrong with it.
            let error = SyntaxError::unplaced(ErrorKind::UnicodeDecode, &*bad.1);
            self.error.get_or_insert_with(|| Box::new(error));
            return Err(Fail);
        }
        let location = self.since(start);
        self.join(pieces, location)
    }

    /// The source between the two offsets, without comments.
    fn field_text(&self, start: usize, end: usize) -> String {
        let text = self.lexer.slice(start, end);
        let mut out = String::with_capacity(text.len());
        let mut quote = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' => {
                    out.push(character);
                    out.extend(characters.next());
                    continue;
                }
                '"' | '\'' => match quote {
                    None => quote = Some(character),
                    Some(open) if open == character => quote = None,
                    Some(_) => {}
                },
                '#' if quote.is_none() => {
                    while characters.next_if(|&next| next != '\n').is_some() {}
                    continue;
                }
                _ => {}
            }
            out.push(character);
        }
        out
    }

    /// `tstring+`
    fn template_strings(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let mut pieces = self.pieces();
        while self.at(TokenKind::TStringStart) {
            let raw = self.lexer.text(&self.current).bytes().any(|byte| byte | 0x20 == b'r');
            self.bump();
            self.string_content(&mut pieces, Flavor::Template, raw)?;
            self.string_end(&mut pieces, TokenKind::TStringEnd)?;
        }
        if is_string(self.current.kind) {
            return Err(Fail);
        }
        self.end_run(&mut pieces);
        let values = self.take_exprs(pieces.values);
        Ok(Expr { location: self.since(start), kind: ExprKind::TemplateStr { values } })
    }
}

impl Pieces {
    /// Bytes and strings do not mix.
    fn note_bytes(&mut self, is_bytes: bool) -> Parse<()> {
        if *self.is_bytes.get_or_insert(is_bytes) == is_bytes { Ok(()) } else { Err(Fail) }
    }

    /// The run goes on to the end of that place, or starts with it.
    pub(super) fn extend_run(&mut self, location: Location, kind: ConstantKind) {
        self.run = Some(match self.run {
            Some(run) => Run { location: run.location.to(location), kind: run.kind },
            None => Run { location, kind },
        });
    }

    fn note_bad_text(&mut self, token: Token, error: String) {
        self.bad_text.get_or_insert_with(|| Box::new((token, error)));
    }

    pub(super) fn set_formatted(&mut self) {
        self.formatted = true;
    }

    pub(super) fn note_string(&mut self) -> Parse<()> {
        self.note_bytes(false)
    }
}
