//! Atoms, displays and comprehensions, and what goes wrong in them.

use super::{Diagnosis, Node, Rule, Shape, first};
use crate::error::ErrorKind;
use crate::lexer::token::TokenKind as T;
use crate::literal::string;

impl Diagnosis<'_> {
    pub(super) fn atom(&mut self) -> Option<Node> {
        self.remembered(Rule::Atom, |p| {
            let start = p.position;
            let shape = match p.kind() {
                T::Name => Shape::Name,
                T::True => Shape::True,
                T::False => Shape::False,
                T::None => Shape::None,
                T::Number => Shape::Literal,
                T::Ellipsis => Shape::Ellipsis,
                T::String | T::FStringStart | T::TStringStart => return p.strings(),
                T::LParen => return p.parenthesized(),
                T::LBracket => return p.bracketed(),
                T::LBrace => return p.braced(),
                _ => return None,
            };
            p.position += 1;
            Some(p.node(start, shape))
        })
    }

    fn parenthesized(&mut self) -> Option<Node> {
        if self.grammar.comprehension_unpacking {
            first!(self as p: p.generator(), p.tuple(), p.group())
        } else {
            first!(self as p: p.tuple(), p.group(), p.generator())
        }
    }

    fn bracketed(&mut self) -> Option<Node> {
        if self.grammar.comprehension_unpacking {
            first!(self as p: p.list_comprehension(), p.list())
        } else {
            first!(self as p: p.list(), p.list_comprehension())
        }
    }

    fn braced(&mut self) -> Option<Node> {
        if self.grammar.comprehension_unpacking {
            first!(self as p: p.dict_comprehension(), p.set_comprehension(), p.dict(), p.set())
        } else {
            first!(self as p: p.dict(), p.set(), p.dict_comprehension(), p.set_comprehension())
        }
    }

    fn group(&mut self) -> Option<Node> {
        first!(self as p: {
            p.token(T::LParen)?;
            let node = first_of(p, Self::yield_expression, Self::named_expression)?;
            p.token(T::RParen)?;
            Some(node)
        }, p.invalid_group())
    }

    fn invalid_group(&mut self) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        first!(self as p: {
            p.token(T::LParen)?;
            let a = p.starred_expression()?;
            p.token(T::RParen)?;
            p.raise(a.location, "cannot use starred expression here")
        }, {
            p.token(T::LParen)?;
            let a = p.token(T::Pow)?;
            p.expression()?;
            p.token(T::RParen)?;
            p.raise(a.location, "cannot use double starred expression here")
        })
    }

    pub(super) fn tuple(&mut self) -> Option<Node> {
        let start = self.position;
        self.token(T::LParen)?;
        let mut elements = Vec::new();
        let found = self.optional(|p| {
            let first = p.sequence_element()?;
            p.token(T::Comma)?;
            let rest = p.optional(Self::sequence_elements)?.unwrap_or_default();
            Some((first, rest))
        })?;
        if let Some((first, rest)) = found {
            elements.push(first);
            elements.extend(rest);
        }
        self.token(T::RParen)?;
        Some(self.node_with(start, Shape::Tuple, &elements))
    }

    fn sequence_elements(&mut self) -> Option<Vec<Node>> {
        let elements = self.list_of(Self::sequence_element)?;
        self.optional(|p| p.token(T::Comma))?;
        Some(elements)
    }

    /// An element of a tuple, list or set.
    fn sequence_element(&mut self) -> Option<Node> {
        if self.second_pass && self.grammar.mistakes.unpacking_errors {
            self.attempt(|p| {
                let a = p.token(T::Pow)?;
                p.bitwise_or()?;
                p.raise::<Node>(a.location, "cannot use dict unpacking here")
            });
            self.attempt(Self::invalid_starred_unpacking);
        }
        if self.error.is_some() {
            return None;
        }
        self.star_named_expression()
    }

    pub(super) fn list(&mut self) -> Option<Node> {
        let start = self.position;
        self.token(T::LBracket)?;
        let elements = self.optional(Self::sequence_elements)?.unwrap_or_default();
        self.token(T::RBracket)?;
        Some(self.node_with(start, Shape::List, &elements))
    }

    fn set(&mut self) -> Option<Node> {
        let start = self.position;
        self.token(T::LBrace)?;
        self.sequence_elements()?;
        self.token(T::RBrace)?;
        Some(self.node(start, Shape::Set))
    }

    fn dict(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::LBrace)?;
            p.optional(|p| {
                p.list_of(Self::dict_item)?;
                p.optional(|p| p.token(T::Comma))
            })?;
            p.token(T::RBrace)?;
            Some(p.node(start, Shape::Dict))
        }, {
            p.token(T::LBrace)?;
            let _never = p.invalid_dict_items();
            p.told_at_once = p.error.is_some() && !p.lexer_failed;
            None
        })
    }

    fn dict_item(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::Pow)?;
            p.bitwise_or()?;
            Some(p.node(start, Shape::Other))
        }, p.key_and_value())
    }

    fn key_and_value(&mut self) -> Option<Node> {
        let start = self.position;
        self.expression()?;
        self.token(T::Colon)?;
        self.expression()?;
        Some(self.node(start, Shape::Other))
    }

    /// To 3.14 CPython tells of these mistakes in its first pass: its generator of parsers leaves rules for mistakes out of
    /// that where an alternative is nothing but such a rule, and here a brace stood before it.
    ///
    /// CPython: `visit_Alt` (`Tools/peg_generator/pegen/c_generator.py`).
    fn invalid_dict_items(&mut self) -> Option<Node> {
        let unpacking = self.grammar.mistakes.unpacking_errors;
        if unpacking && !self.second_pass {
            return None;
        }
        first!(self as p: {
            if !unpacking {
                return None;
            }
            p.invalid_item_unpacking()
        }, {
            p.list_of(Self::dict_item)?;
            p.token(T::Comma)?;
            p.invalid_dict_item()
        }, {
            p.expression()?;
            let a = p.token(T::Colon)?;
            let _ = p.bitwise_star_value(a)?;
            None
        }, {
            p.expression()?;
            let a = p.token(T::Colon)?;
            if !p.at_any(&[T::RBrace, T::Comma]) {
                return None;
            }
            p.raise(a.location, "expression expected after dictionary key and ':'")
        })
    }

    /// `*x` as a dictionary's value, before versions that have more to say of unpacking.
    fn bitwise_star_value(&mut self, _colon: Node) -> Option<Node> {
        if self.grammar.mistakes.unpacking_errors {
            return None;
        }
        let a = self.token(T::Mult)?;
        self.bitwise_or()?;
        self.raise_from(a.location, "cannot use a starred expression in a dictionary value")
    }

    fn invalid_item_unpacking(&mut self) -> Option<Node> {
        first!(self as p: {
            let a = p.token(T::Pow)?;
            let b = p.conditional()?;
            p.raise(a.location.to(b.location), "invalid double starred expression. Did you forget to wrap the conditional expression in parentheses?")
        }, {
            let a = p.token(T::Mult)?;
            let b = p.bitwise_or()?;
            p.token(T::Colon)?;
            p.expression()?;
            p.raise(a.location.to(b.location), "cannot use a starred expression in a dictionary key")
        }, {
            let a = p.token(T::Pow)?;
            let b = p.bitwise_or()?;
            p.token(T::Colon)?;
            p.expression()?;
            p.raise(a.location.to(b.location), "cannot use dict unpacking in a dictionary key")
        }, {
            p.expression()?;
            p.token(T::Colon)?;
            let a = p.token(T::Mult)?;
            let b = p.bitwise_or()?;
            p.raise(a.location.to(b.location), "cannot use a starred expression in a dictionary value")
        }, {
            p.expression()?;
            p.token(T::Colon)?;
            let a = p.token(T::Pow)?;
            let b = p.bitwise_or()?;
            p.raise(a.location.to(b.location), "cannot use dict unpacking in a dictionary value")
        })
    }

    fn invalid_dict_item(&mut self) -> Option<Node> {
        first!(self as p: {
            let a = p.expression()?;
            p.not(T::Colon)?;
            let mut location = a.location;
            location.col_offset = a.location.end_col_offset.saturating_sub(1);
            location.lineno = a.location.lineno;
            p.raise_open(location, "':' expected after dictionary key")
        }, {
            p.expression()?;
            p.token(T::Colon)?;
            let a = p.token(T::Mult)?;
            p.bitwise_or()?;
            p.raise_from(a.location, "cannot use a starred expression in a dictionary value")
        }, {
            p.expression()?;
            let a = p.token(T::Colon)?;
            if !p.at_any(&[T::RBrace, T::Comma]) {
                return None;
            }
            p.raise(a.location, "expression expected after dictionary key and ':'")
        }, {
            if !p.grammar.mistakes.unpacking_errors {
                return None;
            }
            p.invalid_item_unpacking()
        })
    }

    /// With no end.
    fn raise_open(&mut self, location: crate::ast::Location, message: &str) -> Option<Node> {
        self.raise::<Node>(location, message);
        if let Some(place) = self.error.as_mut().and_then(|error| error.place.as_mut()) {
            place.end_offset = 0;
        }
        None
    }

    fn list_comprehension(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::LBracket)?;
            p.comprehension_element()?;
            p.clauses()?;
            p.token(T::RBracket)?;
            Some(p.node(start, Shape::ListComp))
        }, p.invalid_comprehension())
    }

    fn set_comprehension(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::LBrace)?;
            p.comprehension_element()?;
            p.clauses()?;
            p.token(T::RBrace)?;
            Some(p.node(start, Shape::SetComp))
        }, p.invalid_comprehension())
    }

    fn comprehension_element(&mut self) -> Option<Node> {
        if self.grammar.comprehension_unpacking {
            self.star_named_expression()
        } else {
            self.named_expression()
        }
    }

    pub(super) fn generator(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::LParen)?;
            p.generator_element()?;
            p.clauses()?;
            p.token(T::RParen)?;
            Some(p.node(start, Shape::Generator))
        }, p.invalid_comprehension())
    }

    fn generator_element(&mut self) -> Option<Node> {
        first!(self as p: p.assignment_expression(), {
            let node = p.expression()?;
            p.not(T::ColonAssign)?;
            Some(node)
        }, {
            if !p.grammar.comprehension_unpacking {
                return None;
            }
            p.starred_expression()
        })
    }

    fn dict_comprehension(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: {
            p.token(T::LBrace)?;
            p.key_and_value()?;
            p.clauses()?;
            p.token(T::RBrace)?;
            Some(p.node(start, Shape::DictComp))
        }, p.dict_comprehension_unpacking(start))
    }

    fn dict_comprehension_unpacking(&mut self, start: usize) -> Option<Node> {
        if self.grammar.comprehension_unpacking {
            self.token(T::LBrace)?;
            self.token(T::Pow)?;
            self.expression()?;
            self.clauses()?;
            self.token(T::RBrace)?;
            return Some(self.node(start, Shape::DictComp));
        }
        if !self.second_pass {
            return None;
        }
        self.token(T::LBrace)?;
        let a = self.token(T::Pow)?;
        self.bitwise_or()?;
        self.clauses()?;
        self.token(T::RBrace)?;
        self.raise(a.location, "dict unpacking cannot be used in dict comprehension")
    }

    fn invalid_comprehension(&mut self) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        if self.grammar.comprehension_unpacking {
            for (open, what) in [(T::LBracket, "list comprehension"), (T::LParen, "generator expression")] {
                self.attempt(|p| {
                    p.token(open)?;
                    let a = p.token(T::Pow)?;
                    let b = p.expression()?;
                    p.clauses()?;
                    let message = format!("cannot use dict unpacking in {what}");
                    p.raise::<Node>(a.location.to(b.location), &message)
                });
            }
        } else {
            self.attempt(|p| {
                p.any_token(&[T::LBracket, T::LParen, T::LBrace])?;
                let a = p.starred_expression()?;
                p.clauses()?;
                p.raise::<Node>(a.location, "iterable unpacking cannot be used in comprehension")
            });
        }
        let message = "did you forget parentheses around the comprehension target?";
        first!(self as p: {
            p.any_token(&[T::LBracket, T::LBrace])?;
            let a = p.star_named_expression()?;
            p.token(T::Comma)?;
            let rest = p.list_of(Self::star_named_expression)?;
            p.optional(|p| p.token(T::Comma))?;
            p.clauses()?;
            p.raise(a.location.to(rest[rest.len() - 1].location), message)
        }, {
            p.any_token(&[T::LBracket, T::LBrace])?;
            let a = p.star_named_expression()?;
            let b = p.token(T::Comma)?;
            p.clauses()?;
            p.raise(a.location.to(b.location), message)
        })
    }

    /// `for_if_clauses`; its node ends where the last clause does.
    pub(super) fn clauses(&mut self) -> Option<Node> {
        self.remembered(Rule::ForIfClauses, |p| {
            let clauses = p.some(Self::clause)?;
            Some(clauses[clauses.len() - 1])
        })
    }

    fn clause(&mut self) -> Option<Node> {
        let start = self.position;
        let committed = self.attempt(|p| {
            p.optional(|p| p.token(T::Async))?;
            p.token(T::For)?;
            p.star_targets()?;
            p.token(T::In)
        });
        if committed.is_some() {
            self.disjunction()?;
            self.many(|p| {
                p.token(T::If)?;
                p.disjunction()
            })?;
            return Some(self.node(start, Shape::Other));
        }
        self.position = start;
        if !self.second_pass || self.error.is_some() {
            return None;
        }
        if self.grammar.mistakes.missing_in_errors {
            self.attempt(|p| {
                p.optional(|p| p.token(T::Async))?;
                p.token(T::For)?;
                p.list_of(Self::bitwise_or)?;
                p.optional(|p| p.token(T::Comma))?;
                p.not(T::In)?;
                p.raise_last::<Node>(ErrorKind::Syntax, "'in' expected after for-loop variables")
            });
        }
        self.invalid_for_target()
    }

    pub(super) fn strings(&mut self) -> Option<Node> {
        self.remembered(Rule::Strings, |p| {
            if p.second_pass && p.grammar.template_strings {
                p.attempt(Self::invalid_string_mix);
            }
            let start = p.position;
            if let Some(parts) = p.attempt(|p| p.some(Self::string_or_fstring)) {
                let formatted = parts.iter().any(|part| part.shape == Shape::FString);
                let shape = if formatted { Shape::FString } else { Shape::Literal };
                if p.mixes_bytes(&parts) {
                    return p.raise_last(ErrorKind::Syntax, "cannot mix bytes and nonbytes literals");
                }
                return Some(p.node(start, shape));
            }
            p.some(Self::tstring)?;
            Some(p.node(start, Shape::TString))
        })
    }

    fn mixes_bytes(&self, parts: &[Node]) -> bool {
        let is_bytes = |part: &Node| {
            let at = self.lexer.start_of_line(part.location.lineno) + part.location.col_offset as usize;
            matches!(
                (self.lexer.byte_at(at) | 0x20, self.lexer.byte_at(at + 1) | 0x20),
                (b'b', _) | (b'r', b'b')
            )
        };
        let first = parts.first().is_some_and(is_bytes);
        parts.iter().any(|part| is_bytes(part) != first)
    }

    fn invalid_string_mix(&mut self) -> Option<Node> {
        let message = "cannot mix t-string literals with string or bytes literals";
        first!(self as p: {
            let parts = p.some(Self::string_or_fstring)?;
            let b = p.tstring()?;
            p.raise(parts[parts.len() - 1].location.to(b.location), message)
        }, {
            let parts = p.some(Self::tstring)?;
            let b = p.string_or_fstring()?;
            p.raise(parts[parts.len() - 1].location.to(b.location), message)
        })
    }

    fn string_or_fstring(&mut self) -> Option<Node> {
        first!(self as p: p.fstring(), {
            let node = p.token(T::String)?;
            let parts = string::split(p.text_at(p.position - 1));
            let formatted = parts.is_formatted();
            if parts.is_bytes() && !parts.body.is_ascii() {
                return p.raise(node.location, "bytes can only contain ASCII literal characters");
            }
            if !formatted && let Some(message) = p.decoding_error(p.position - 1) {
                let what = if parts.is_bytes() { "value" } else { "unicode" };
                return p.raise_last(ErrorKind::Syntax, &format!("({what} error) {message}"));
            }
            Some(Node { shape: if formatted { Shape::FString } else { Shape::Literal }, ..node })
        })
    }
}

impl Diagnosis<'_> {
    /// What CPython's codecs say of a string, or of the text of one with fields, which they read as soon as a rule has
    /// it, even where it only looks for another mistake.
    pub(super) fn decoding_error(&self, index: usize) -> Option<String> {
        let text = self.text_at(index);
        let parts = match self.tokens[index].kind {
            T::String => string::split(text),
            _ => string::Parts { prefix: "", body: text, body_offset: 0 },
        };
        if parts.is_raw() || !parts.body.contains('\\') {
            return None;
        }
        let (mut value, mut warning) = (Vec::new(), None);
        if parts.is_bytes() {
            return string::decode_bytes(parts.body, &mut value, &mut warning).err();
        }
        string::decode_str(parts.body, self.grammar, &mut value, &mut warning).err()
    }
}

/// The first of two rules that succeeds.
fn first_of<'s>(
    p: &mut Diagnosis<'s>,
    one: fn(&mut Diagnosis<'s>) -> Option<Node>,
    other: fn(&mut Diagnosis<'s>) -> Option<Node>,
) -> Option<Node> {
    first!(p: one(p), other(p))
}
