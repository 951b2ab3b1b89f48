//! Statements on one line, and what goes wrong in them.

use super::target::TargetUse;
use super::{Diagnosis, Node, Rule, Shape, first};
use crate::error::ErrorKind;
use crate::lexer::token::TokenKind as T;

impl Diagnosis<'_> {
    pub(super) fn simple_statements(&mut self) -> Option<Node> {
        let start = self.position;
        self.simple_statement()?;
        while self
            .attempt(|p| {
                p.token(T::Semi)?;
                p.simple_statement()
            })
            .is_some()
        {}
        self.optional(|p| p.token(T::Semi))?;
        self.token(T::Newline)?;
        Some(self.node(start, Shape::Other))
    }

    pub(super) fn simple_statement(&mut self) -> Option<Node> {
        self.remembered(Rule::SimpleStatement, |p| {
            let start = p.position;
            let kind = p.kind();
            first!(p: p.assignment(), {
                if !p.grammar.type_params || !p.ahead(|p| p.word("type")) {
                    return None;
                }
                p.type_alias()
            }, p.import_statement(kind), p.star_expressions(), {
                p.keyword_statement(kind)?;
                Some(p.node(start, Shape::Other))
            })
        })
    }

    fn keyword_statement(&mut self, kind: T) -> Option<()> {
        match kind {
            T::Return => {
                self.token(T::Return)?;
                self.optional(Self::star_expressions)?;
            }
            T::Raise => self.raise_statement()?,
            T::Pass | T::Break | T::Continue => {
                self.token(kind)?;
            }
            T::Del => self.delete_statement()?,
            T::Yield => {
                self.yield_expression()?;
            }
            T::Assert => self.assert_statement()?,
            T::Global | T::Nonlocal => {
                self.token(kind)?;
                self.list_of(Self::name)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn type_alias(&mut self) -> Option<Node> {
        let start = self.position;
        self.word("type")?;
        self.name()?;
        self.optional(Self::type_params)?;
        self.token(T::Assign)?;
        self.expression()?;
        Some(self.node(start, Shape::Other))
    }

    fn assignment(&mut self) -> Option<Node> {
        let start = self.position;
        let plain = self.attempt(|p| {
            first!(p: {
                p.name()?;
                p.annotation(start)
            }, {
                first!(p: {
                    p.token(T::LParen)?;
                    p.single_target()?;
                    p.token(T::RParen)
                }, p.attribute_or_subscript())?;
                p.annotation(start)
            }, {
                p.some(|p| {
                    let target = p.star_targets()?;
                    p.token(T::Assign)?;
                    Some(target)
                })?;
                p.yield_or_star()?;
                p.not(T::Assign)?;
                Some(p.node(start, Shape::Other))
            })
        });
        if plain.is_some() {
            return plain;
        }
        let augmented = self.attempt(|p| {
            p.single_target()?;
            p.augmented_operator()
        });
        if augmented.is_some() {
            self.yield_or_star()?;
            return Some(self.node(start, Shape::Other));
        }
        self.invalid_assignment()
    }

    fn annotation(&mut self, start: usize) -> Option<Node> {
        self.token(T::Colon)?;
        self.expression()?;
        self.optional(|p| {
            p.token(T::Assign)?;
            p.yield_or_star()
        })?;
        Some(self.node(start, Shape::Other))
    }

    fn augmented_operator(&mut self) -> Option<Node> {
        let token = self.token_at(self.position);
        token.kind.augmented_operator()?;
        self.token(token.kind)
    }

    fn invalid_assignment(&mut self) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        first!(self as p: {
            let a = p.list_or_tuple_target()?;
            p.token(T::Colon)?;
            p.expression()?;
            p.raise(a.location, &format!("only single target (not {}) can be annotated", a.shape.name()))
        }, {
            let a = p.star_named_expression()?;
            p.token(T::Comma)?;
            p.many(|p| {
                let element = p.list_of(Self::star_named_expression)?;
                p.optional(|p| p.token(T::Comma))?;
                element.first().copied()
            })?;
            p.token(T::Colon)?;
            p.expression()?;
            p.raise(a.location, "only single target (not tuple) can be annotated")
        }, {
            let a = p.expression()?;
            p.token(T::Colon)?;
            p.expression()?;
            p.raise(a.location, "illegal target for annotation")
        }, {
            p.skip_targets()?;
            let a = p.star_expressions()?;
            p.token(T::Assign)?;
            p.raise_invalid_target(&a, TargetUse::Assign)
        }, {
            p.skip_targets()?;
            let a = p.yield_expression()?;
            p.token(T::Assign)?;
            p.raise(a.location, "assignment to yield expression not possible")
        }, {
            let a = p.star_expressions()?;
            p.augmented_operator()?;
            p.yield_or_star()?;
            p.raise(a.location, &format!("'{}' is an illegal expression for augmented assignment", a.shape.name()))
        })
    }

    fn skip_targets(&mut self) -> Option<()> {
        self.many(|p| {
            let target = p.star_targets()?;
            p.token(T::Assign)?;
            Some(target)
        })
        .map(|_| ())
    }

    fn list_or_tuple_target(&mut self) -> Option<Node> {
        first!(self as p: p.list(), p.tuple(), {
            p.token(T::LParen)?;
            let node = p.list_or_tuple_target()?;
            p.token(T::RParen)?;
            Some(node)
        })
    }

    fn raise_statement(&mut self) -> Option<()> {
        first!(self as p: {
            p.token(T::Raise)?;
            p.expression()?;
            p.token(T::From)?;
            p.expression().map(|_| ())
        }, {
            if !p.second_pass || !p.grammar.mistakes.raise_from_errors {
                return None;
            }
            let a = p.token(T::Raise)?;
            if let Some(b) = p.token(T::From) {
                let message = "did you forget an expression between 'raise' and 'from'?";
                return p.raise(a.location.to(b.location), message);
            }
            p.expression()?;
            let a = p.token(T::From)?;
            p.raise(a.location, "did you forget an expression after 'from'?")
        }, {
            p.token(T::Raise)?;
            p.expression().map(|_| ())
        }, {
            p.token(T::Raise).map(|_| ())
        })
    }

    fn delete_statement(&mut self) -> Option<()> {
        first!(self as p: {
            p.token(T::Del)?;
            p.delete_targets()?;
            p.at_any(&[T::Semi, T::Newline]).then_some(())
        }, {
            if !p.second_pass {
                return None;
            }
            p.token(T::Del)?;
            let a = p.star_expressions()?;
            p.raise_invalid_target(&a, TargetUse::Delete).map(|_| ())
        })
    }

    fn assert_statement(&mut self) -> Option<()> {
        if self.second_pass && self.grammar.mistakes.assert_errors {
            self.attempt(Self::invalid_assert);
        }
        self.token(T::Assert)?;
        self.expression()?;
        self.optional(|p| {
            p.token(T::Comma)?;
            p.expression()
        })?;
        Some(())
    }

    fn invalid_assert(&mut self) -> Option<Node> {
        self.token(T::Assert)?;
        let start = self.position;
        for message_part in [false, true] {
            self.position = start;
            if message_part {
                self.expression()?;
                self.token(T::Comma)?;
            }
            let a = self.expression()?;
            if self.token(T::Assign).is_some() {
                if let Some(b) = self.attempt(Self::expression) {
                    let name = a.shape.name();
                    let message =
                        format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?");
                    return self.raise(a.location.to(b.location), &message);
                }
            } else if self.token(T::ColonAssign).is_some()
                && let Some(b) = self.attempt(Self::expression)
            {
                let message = "cannot use named expression without parentheses here";
                return self.raise(a.location.to(b.location), message);
            }
        }
        None
    }

    fn import_statement(&mut self, kind: T) -> Option<Node> {
        let lazy = self.grammar.lazy_imports && self.ahead(|p| p.word("lazy"));
        if !lazy && !matches!(kind, T::Import | T::From) {
            return None;
        }
        if self.second_pass && self.grammar.mistakes.import_errors {
            self.attempt(Self::invalid_import);
        }
        let start = self.position;
        first!(self as p: {
            p.optional(|p| if lazy { p.word("lazy") } else { None })?;
            p.token(T::Import)?;
            p.list_of(Self::dotted_as_name)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.optional(|p| if lazy { p.word("lazy") } else { None })?;
            p.token(T::From)?;
            let dots = p.many(|p| p.any_token(&[T::Dot, T::Ellipsis]))?;
            let module = p.optional(Self::dotted_name)?;
            if dots.is_empty() && module.is_none() {
                return None;
            }
            p.token(T::Import)?;
            p.import_targets()?;
            let words = start..p.position;
            if p.grammar.flufl_import && words.into_iter().any(|at| p.text_at(at) == "barry_as_FLUFL") {
                p.flufl = true;
            }
            Some(p.node(start, Shape::Other))
        })
    }

    fn invalid_import(&mut self) -> Option<Node> {
        let a = self.token(T::Import)?;
        if self.grammar.mistakes.import_names_errors
            && let Some(newline) = self.token(T::Newline)
        {
            return self.raise_from(newline.location, "Expected one or more names after 'import'");
        }
        self.list_of(Self::dotted_name)?;
        self.token(T::From)?;
        self.dotted_name()?;
        self.raise_from(a.location, "Did you mean to use 'from ... import ...' instead?")
    }

    fn dotted_name(&mut self) -> Option<Node> {
        let start = self.position;
        self.name()?;
        while self
            .attempt(|p| {
                p.token(T::Dot)?;
                p.name()
            })
            .is_some()
        {}
        Some(self.node(start, Shape::Other))
    }

    fn dotted_as_name(&mut self) -> Option<Node> {
        self.as_name(Self::dotted_name)
    }

    fn as_name(&mut self, name: fn(&mut Self) -> Option<Node>) -> Option<Node> {
        if self.second_pass && self.grammar.mistakes.import_target_errors {
            self.attempt(|p| {
                name(p)?;
                p.token(T::As)?;
                let plain = p.ahead(|p| {
                    p.name()?;
                    p.at_any(&[T::Comma, T::RParen, T::Semi, T::Newline]).then_some(())
                });
                if plain || p.error.is_some() {
                    return None;
                }
                let a = p.expression()?;
                p.raise::<Node>(a.location, &format!("cannot use {} as import target", a.shape.name()))
            });
        }
        let node = name(self)?;
        self.optional(|p| {
            p.token(T::As)?;
            p.name()
        })?;
        Some(node)
    }

    fn import_targets(&mut self) -> Option<Node> {
        first!(self as p: {
            p.token(T::LParen)?;
            p.list_of(|p| p.as_name(Self::name))?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RParen)
        }, {
            let names = p.list_of(|p| p.as_name(Self::name))?;
            p.not(T::Comma)?;
            names.first().copied()
        }, p.token(T::Mult), {
            if !p.second_pass {
                return None;
            }
            if p.grammar.mistakes.import_names_errors
                && let Some(newline) = p.token(T::Newline)
            {
                return p.raise_from(newline.location, "Expected one or more names after 'import'");
            }
            p.list_of(|p| p.as_name(Self::name))?;
            p.token(T::Comma)?;
            p.token(T::Newline)?;
            p.raise_last(ErrorKind::Syntax, "trailing comma not allowed without surrounding parentheses")
        })
    }
}
