//! Where lines start: blank lines, `INDENT` and `DEDENT`.

use super::chunk::Chunk;
use super::token::{Token, TokenKind};
use super::{Lexer, Mode};
use crate::error::ErrorKind;
use memchr::memchr;

/// One more block within another is an error (CPython: `MAXINDENT`).
pub(super) const MAX_INDENTS: usize = 99;

const TAB_SIZE: u32 = 8;

impl Lexer<'_> {
    /// Reads the `INDENT`, `DEDENT` or `ENDMARKER` that the line starts with; whether there is one.
    pub(super) fn indentation(&mut self, out: &mut Token) -> bool {
        if self.pending_dedents > 0 {
            *out = self.dedent();
            return true;
        }
        let (column, tabless) = match self.first_column() {
            Ok(columns) => columns,
            Err(token) => {
                *out = *token;
                return true;
            }
        };
        let open = self.indents.last().copied().unwrap_or((0, 0));
        if (column, tabless) == open && self.byte(self.position) != 0 {
            self.mode = Mode::Line;
            return false;
        }
        *out = self.change_of_indentation(open, column, tabless);
        true
    }

    /// The token of a line that does not start where the open block does, or of the source's end.
    fn change_of_indentation(&mut self, open: (u32, u32), column: u32, tabless: u32) -> Token {
        if column == open.0 {
            if tabless != open.1 {
                return self.inconsistent_tabs();
            }
            return self.end_marker(self.position);
        }
        if column > open.0 {
            if self.indents.len() >= MAX_INDENTS {
                return self.too_many_indents();
            }
            if tabless <= open.1 {
                return self.inconsistent_tabs();
            }
            self.indents.push((column, tabless));
            self.mode = Mode::Line;
            return self.token(TokenKind::Indent, self.position, self.position);
        }
        while self.indents.last().is_some_and(|&(outer, _)| column < outer) {
            self.indents.pop();
            self.pending_dedents += 1;
        }
        let outer = self.indents.last().copied().unwrap_or((0, 0));
        if column != outer.0 {
            self.pending_dedents = 0;
            return self.unmatched_dedent();
        }
        if tabless != outer.1 {
            return self.inconsistent_tabs();
        }
        self.dedent()
    }

    fn dedent(&mut self) -> Token {
        self.pending_dedents -= 1;
        if self.pending_dedents == 0 && self.byte(self.position) != 0 {
            self.mode = Mode::Line;
        }
        self.token(TokenKind::Dedent, self.position, self.position)
    }

    /// The token at the source's end.
    pub(super) fn end_marker(&mut self, start: usize) -> Token {
        self.position = start;
        self.token(TokenKind::EndMarker, start, start)
    }

    /// Skips blank lines; the column of the first thing on a line, with tabs to multiples of eight and with tabs as one.
    fn first_column(&mut self) -> Result<(u32, u32), Box<Token>> {
        loop {
            let (mut column, mut tabless) = (0, 0);
            if let Some(chunk) = Chunk::at(self.bytes, self.position) {
                let spaces = chunk.space_length();
                self.position += spaces;
                column = spaces as u32;
                tabless = spaces as u32;
            }
            // Once a line continues, the first line's column counts.
            let mut continued = None;
            loop {
                match self.byte(self.position) {
                    b' ' => {
                        column += 1;
                        tabless += 1;
                    }
                    b'\t' => {
                        column = (column / TAB_SIZE + 1) * TAB_SIZE;
                        tabless += 1;
                    }
                    b'\x0C' => {
                        column = 0;
                        tabless = 0;
                    }
                    b'\\' => {
                        // CPython takes a column of zero for none yet.
                        if !matches!(continued, Some((1.., _))) {
                            continued = Some((column, tabless));
                        }
                        self.position += 1;
                        if let Some(error) = self.continue_line() {
                            return Err(Box::new(error));
                        }
                        continue;
                    }
                    _ => break,
                }
                self.position += 1;
            }
            match self.byte(self.position) {
                b'#' => {
                    let rest = &self.bytes[self.position..];
                    self.position += memchr(b'\n', rest).unwrap_or(rest.len());
                }
                b'\n' => {}
                0 => return Ok((0, 0)),
                _ => {
                    return Ok(match continued {
                        Some((first @ 1.., first_tabless)) => (first, first_tabless),
                        _ => (column, tabless),
                    });
                }
            }
            self.skip_line_end();
        }
    }

    fn inconsistent_tabs(&mut self) -> Token {
        self.fail_on_line(ErrorKind::Tab, "inconsistent use of tabs and spaces in indentation")
    }

    fn too_many_indents(&mut self) -> Token {
        self.fail_on_line(ErrorKind::Indentation, "too many levels of indentation")
    }

    fn unmatched_dedent(&mut self) -> Token {
        self.fail_at_line_end(ErrorKind::Indentation, "unindent does not match any outer indentation level")
    }
}
