//! f-strings and t-strings as tokens, and what goes wrong in their replacement fields.

use super::{Diagnosis, Node, Shape, first};
use crate::error::ErrorKind;
use crate::lexer::token::TokenKind as T;

/// The string that fields stand in.
#[derive(Clone, Copy)]
struct Around {
    /// What its text is.
    middle: T,
    /// What it is called by: `f` or `t`.
    letter: char,
    is_raw: bool,
}

impl Diagnosis<'_> {
    pub(super) fn fstring(&mut self) -> Option<Node> {
        self.string_with_fields([T::FStringStart, T::FStringMiddle, T::FStringEnd], 'f', Shape::FString)
    }

    pub(super) fn tstring(&mut self) -> Option<Node> {
        self.string_with_fields([T::TStringStart, T::TStringMiddle, T::TStringEnd], 't', Shape::TString)
    }

    fn string_with_fields(
        &mut self,
        [start, middle, end]: [T; 3],
        letter: char,
        shape: Shape,
    ) -> Option<Node> {
        let first = self.position;
        self.token(start)?;
        let is_raw = self.text_at(first).bytes().any(|byte| byte | 0x20 == b'r');
        let around = Around { middle, letter, is_raw };
        let mut bad_text = None;
        self.many(|p| {
            first!(p: p.replacement_field(around), {
                let text = p.token(middle)?;
                if let Some(error) = p.decoding_error(p.position - 1).filter(|_| !is_raw) {
                    bad_text.get_or_insert((text.location, error));
                }
                Some(text)
            })
        })?;
        let end = self.token(end)?;
        match bad_text {
            Some((text, error)) => {
                let at_end = self.grammar.mistakes.bad_escapes_told_at_end;
                self.raise(if at_end { end.location } else { text }, &format!("(unicode error) {error}"))
            }
            None => Some(self.node(first, shape)),
        }
    }

    fn replacement_field(&mut self, around: Around) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::LBrace)?;
            p.yield_or_star()?;
            p.optional(|p| p.token(T::Assign))?;
            let conversion = p.optional(|p| p.conversion(around.letter))?;
            p.optional(|p| p.format_spec(around))?;
            p.token(T::RBrace)?;
            if let Some(name) = conversion {
                p.check_conversion_character(&name, around.letter)?;
            }
            Some(p.node(start, Shape::FString))
        }, p.invalid_replacement_field(around))
    }

    fn conversion(&mut self, letter: char) -> Option<Node> {
        let mark = self.token(T::Exclamation)?;
        let name = self.name()?;
        if mark.location.end_col_offset != name.location.col_offset
            || mark.location.lineno != name.location.lineno
        {
            let word = self.grammar.mistakes.exclamation;
            let message = format!("{letter}-string: conversion type must come right after the {word} mark");
            return self.raise(mark.location.to(name.location), &message);
        }
        if self.grammar.mistakes.conversion_checked_at_once {
            self.check_conversion_character(&name, letter)?;
        }
        Some(name)
    }

    fn check_conversion_character(&mut self, name: &Node, letter: char) -> Option<()> {
        let text = self.text_of(name).to_owned();
        if matches!(text.as_str(), "s" | "r" | "a") {
            return Some(());
        }
        let message =
            format!("{letter}-string: invalid conversion character '{text}': expected 's', 'r', or 'a'");
        self.raise(name.location, &message)
    }

    fn format_spec(&mut self, around: Around) -> Option<Node> {
        let start = self.position;
        self.token(T::Colon)?;
        self.spec_parts(around)?;
        Some(self.node(start, Shape::Other))
    }

    /// What stands in a format specification. Its text is decoded as it is read, and nobody gives a place to what is
    /// wrong with it.
    fn spec_parts(&mut self, around: Around) -> Option<Vec<Node>> {
        self.many(|p| {
            first!(p: {
                let text = p.token(around.middle)?;
                match p.decoding_error(p.position - 1).filter(|_| !around.is_raw) {
                    Some(error) => p.raise_unplaced(ErrorKind::UnicodeDecode, error),
                    None => Some(text),
                }
            }, p.replacement_field(around))
        })
    }

    fn invalid_replacement_field(&mut self, around: Around) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        let letter = around.letter;
        self.token(T::LBrace)?;
        for (token, text) in [(T::Assign, "="), (T::Exclamation, "!"), (T::Colon, ":"), (T::RBrace, "}")] {
            if let Some(a) = self.token(token) {
                let message = format!("{letter}-string: valid expression required before '{text}'");
                return self.raise(a.location, &message);
            }
        }
        if !self.ahead(Self::yield_or_star) {
            let message = format!("{letter}-string: expecting a valid expression after '{{'");
            return self.raise_next(&message);
        }
        self.yield_or_star()?;
        if !self.at_any(&[T::Assign, T::Exclamation, T::Colon, T::RBrace]) {
            return self.raise_next(&format!("{letter}-string: expecting '=', or '!', or ':', or '}}'"));
        }
        let debug = self.token(T::Assign).is_some();
        if debug && !self.at_any(&[T::Exclamation, T::Colon, T::RBrace]) {
            return self.raise_next(&format!("{letter}-string: expecting '!', or ':', or '}}'"));
        }
        if self.token(T::Exclamation).is_some() {
            if self.at_any(&[T::Colon, T::RBrace]) {
                let message = format!("{letter}-string: missing conversion character");
                return self.raise_next(&message);
            }
            if !self.at(T::Name) {
                return self.raise_next(&format!("{letter}-string: invalid conversion character"));
            }
            self.name()?;
        }
        if !self.at_any(&[T::Colon, T::RBrace]) {
            return self.raise_next(&format!("{letter}-string: expecting ':' or '}}'"));
        }
        if self.token(T::Colon).is_some() {
            self.spec_parts(around)?;
            if !self.at(T::RBrace) {
                return self.raise_next(&format!("{letter}-string: expecting '}}', or format specs"));
            }
        }
        if !self.at(T::RBrace) {
            return self.raise_next(&format!("{letter}-string: expecting '}}'"));
        }
        None
    }
}
