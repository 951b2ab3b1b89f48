//! `import` and `from … import`.

use super::{Fail, Parse, Parser};
use crate::ast::{Alias, ImportFrom, StmtKind};
use crate::lexer::token::{Token, TokenKind};
use prepyc_bytecode::StrId;

impl<'a> Parser<'a, '_> {
    /// `import …` or `from … import …`, behind a `lazy` if there is one.
    pub(super) fn import_statement(&mut self, lazy: Option<Token>) -> Parse<StmtKind<'a>> {
        let is_lazy = lazy.is_some();
        if self.eat(TokenKind::Import) {
            return Ok(StmtKind::Import { names: self.import_names()?, is_lazy });
        }
        self.expect(TokenKind::From)?;
        self.import_from(lazy)
    }

    fn import_names(&mut self) -> Parse<&'a [Alias]> {
        let base = self.scratch.aliases.len();
        loop {
            let start = self.start();
            let name = self.dotted_name()?;
            let asname = if self.eat(TokenKind::As) { Some(self.name()?) } else { None };
            let location = self.since(start);
            self.scratch.aliases.push(Alias { location, name, asname });
            if !self.eat(TokenKind::Comma) {
                return Ok(self.take_aliases(base));
            }
        }
    }

    fn import_from(&mut self, lazy: Option<Token>) -> Parse<StmtKind<'a>> {
        let mut level = 0;
        loop {
            match self.current.kind {
                TokenKind::Dot => level += 1,
                TokenKind::Ellipsis => level += 3,
                _ => break,
            }
            self.bump();
        }
        let module = if level > 0 && self.at(TokenKind::Import) { None } else { Some(self.dotted_name()?) };
        self.expect(TokenKind::Import)?;
        let names = self.import_from_names()?;
        if level == 0
            && module.is_some_and(|module| self.names.strings().get(module).to_str() == Some("__future__"))
        {
            if let Some(lazy) = lazy {
                return self.reject(&lazy, "lazy from __future__ import is not allowed");
            }
            self.note_future(names);
        }
        let is_lazy = lazy.is_some();
        Ok(StmtKind::ImportFrom(self.alloc(ImportFrom { module, names, level, is_lazy })))
    }

    fn import_from_names(&mut self) -> Parse<&'a [Alias]> {
        let base = self.scratch.aliases.len();
        if self.at(TokenKind::Mult) {
            let alias = Alias { location: self.current.location, name: self.names.intern("*"), asname: None };
            self.bump();
            self.scratch.aliases.push(alias);
            return Ok(self.take_aliases(base));
        }
        let parenthesized = self.eat(TokenKind::LParen);
        loop {
            let start = self.start();
            let name = self.name()?;
            let asname = if self.eat(TokenKind::As) { Some(self.name()?) } else { None };
            let location = self.since(start);
            self.scratch.aliases.push(Alias { location, name, asname });
            if !self.eat(TokenKind::Comma) || parenthesized && self.at(TokenKind::RParen) {
                break;
            }
        }
        if parenthesized {
            self.expect(TokenKind::RParen)?;
        }
        Ok(self.take_aliases(base))
    }

    /// `a.b.c`, one string whatever white space is in it.
    fn dotted_name(&mut self) -> Parse<StrId> {
        if !self.at(TokenKind::Name) {
            return Err(Fail);
        }
        let first = self.lexer.text(&self.current);
        let id = self.current.name;
        self.bump();
        if !self.at(TokenKind::Dot) {
            return Ok(id);
        }
        let base = self.text.len();
        self.push_normalized(first);
        while self.eat(TokenKind::Dot) {
            if !self.at(TokenKind::Name) {
                return Err(Fail);
            }
            self.text.push(b'.');
            self.push_normalized(self.lexer.text(&self.current));
            self.bump();
        }
        Ok(self.take_text(base))
    }

    /// Appends the name that stands so in the source.
    fn push_normalized(&mut self, name: &str) {
        if name.is_ascii() {
            self.text.extend_from_slice(name.as_bytes());
        } else {
            self.text.extend_from_slice(crate::unicode::normalize_name(name).as_bytes());
        }
    }

    /// `from __future__ import barry_as_FLUFL` changes what the parser takes from here on.
    fn note_future(&mut self, names: &[Alias]) {
        let flufl = |alias: &Alias| self.names.strings().get(alias.name).to_str() == Some("barry_as_FLUFL");
        self.flufl |= self.grammar.flufl_import && names.iter().any(flufl);
    }
}
