//! Statements with blocks, and what goes wrong in them.

use super::target::TargetUse;
use super::{Diagnosis, Node, Rule, Shape, first};
use crate::error::ErrorKind;
use crate::lexer::token::TokenKind as T;

impl Diagnosis<'_> {
    pub(super) fn statement(&mut self) -> Option<Node> {
        first!(self as p: p.compound_statement(), p.simple_statements())
    }

    fn compound_statement(&mut self) -> Option<Node> {
        match self.kind() {
            T::If => self.if_statement(T::If),
            T::Def => self.function(),
            T::Class => self.class(),
            T::MatMult => first!(self as p: {
                p.decorators()?;
                p.function()
            }, {
                p.decorators()?;
                p.class()
            }),
            T::Async => first!(self as p: p.function(), p.with_statement(), p.for_statement()),
            T::With => self.with_statement(),
            T::For => self.for_statement(),
            T::Try => self.try_statement(),
            T::While => self.while_statement(),
            _ => self.match_statement(),
        }
    }

    fn block(&mut self) -> Option<Node> {
        self.remembered(Rule::Block, |p| {
            let start = p.position;
            first!(p: {
                p.token(T::Newline)?;
                p.token(T::Indent)?;
                p.some(Self::statement)?;
                p.token(T::Dedent)?;
                Some(p.node(start, Shape::Other))
            }, p.simple_statements(), {
                if !p.second_pass {
                    return None;
                }
                p.token(T::Newline)?;
                p.not(T::Indent)?;
                p.raise_last(ErrorKind::Indentation, "expected an indented block")
            })
        })
    }

    /// `:` and a line's end with no indented line behind it.
    fn unindented(&mut self, what: &str, line: u32) -> Option<Node> {
        self.token(T::Colon)?;
        self.token(T::Newline)?;
        self.not(T::Indent)?;
        self.raise_unindented(what, line)
    }

    /// A line's end where a `:` should be.
    fn missing_colon(&mut self) -> Option<Node> {
        self.token(T::Newline)?;
        self.raise_last(ErrorKind::Syntax, "expected ':'")
    }

    fn decorators(&mut self) -> Option<Node> {
        let nodes = self.some(|p| {
            p.token(T::MatMult)?;
            let node = p.named_expression()?;
            p.token(T::Newline)?;
            Some(node)
        })?;
        nodes.first().copied()
    }

    fn if_statement(&mut self, keyword: T) -> Option<Node> {
        let word = if keyword == T::If { "if" } else { "elif" };
        if self.second_pass {
            self.attempt(|p| {
                p.token(keyword)?;
                p.named_expression()?;
                p.missing_colon()
            });
            self.attempt(|p| {
                let a = p.token(keyword)?;
                p.named_expression()?;
                p.unindented(&format!("'{word}' statement"), a.location.lineno)
            });
        }
        let start = self.position;
        first!(self as p: {
            p.token(keyword)?;
            p.named_expression()?;
            p.token(T::Colon)?;
            p.block()?;
            p.if_statement(T::Elif)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.token(keyword)?;
            p.named_expression()?;
            p.token(T::Colon)?;
            p.block()?;
            p.optional(Self::else_block)?;
            Some(p.node(start, Shape::Other))
        })
    }

    fn else_block(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| {
                let a = p.token(T::Else)?;
                p.unindented("'else' statement", a.location.lineno)
            });
            if self.grammar.mistakes.elif_after_else_errors {
                self.attempt(|p| {
                    p.token(T::Else)?;
                    p.token(T::Colon)?;
                    p.block()?;
                    p.token(T::Elif)?;
                    p.raise_last::<Node>(ErrorKind::Syntax, "'elif' block follows an 'else' block")
                });
            }
        }
        self.token(T::Else)?;
        self.force(T::Colon, ":")?;
        self.block()
    }

    fn while_statement(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| {
                p.token(T::While)?;
                p.named_expression()?;
                p.missing_colon()
            });
            self.attempt(|p| {
                let a = p.token(T::While)?;
                p.named_expression()?;
                p.unindented("'while' statement", a.location.lineno)
            });
        }
        let start = self.position;
        self.token(T::While)?;
        self.named_expression()?;
        self.token(T::Colon)?;
        self.block()?;
        self.optional(Self::else_block)?;
        Some(self.node(start, Shape::Other))
    }

    fn for_statement(&mut self) -> Option<Node> {
        let start = self.position;
        if self.second_pass {
            self.attempt(|p| {
                p.for_head()?;
                p.missing_colon()
            });
            self.attempt(|p| {
                let a = p.for_head()?;
                p.unindented("'for' statement", a.location.lineno)
            });
        }
        let committed = self.attempt(|p| {
            p.optional(|p| p.token(T::Async))?;
            p.token(T::For)?;
            p.star_targets()?;
            p.token(T::In)
        });
        if committed.is_some() {
            self.star_expressions()?;
            self.token(T::Colon)?;
            self.block()?;
            self.optional(Self::else_block)?;
            return Some(self.node(start, Shape::Other));
        }
        self.position = start;
        self.attempt(Self::invalid_for_target)
    }

    /// Up to the colon; the node is the `for`.
    fn for_head(&mut self) -> Option<Node> {
        self.optional(|p| p.token(T::Async))?;
        let a = self.token(T::For)?;
        self.star_targets()?;
        self.token(T::In)?;
        self.star_expressions()?;
        Some(a)
    }

    fn function(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| {
                p.optional(|p| p.token(T::Async))?;
                let a = p.token(T::Def)?;
                p.name()?;
                p.optional(Self::type_params)?;
                p.token(T::LParen)?;
                p.optional(Self::params)?;
                p.token(T::RParen)?;
                p.optional(Self::returns)?;
                p.unindented("function definition", a.location.lineno)
            });
        }
        let start = self.position;
        self.optional(|p| p.token(T::Async))?;
        self.token(T::Def)?;
        self.name()?;
        self.optional(Self::type_params)?;
        self.force(T::LParen, "(")?;
        self.optional(Self::params)?;
        self.token(T::RParen)?;
        self.optional(Self::returns)?;
        self.force(T::Colon, ":")?;
        self.block()?;
        Some(self.node(start, Shape::Other))
    }

    fn returns(&mut self) -> Option<Node> {
        self.token(T::Arrow)?;
        self.expression()
    }

    fn class_head(&mut self) -> Option<Node> {
        let a = self.token(T::Class)?;
        self.name()?;
        self.optional(Self::type_params)?;
        self.optional(|p| {
            p.token(T::LParen)?;
            p.optional(Self::arguments)?;
            p.token(T::RParen)
        })?;
        Some(a)
    }

    fn class(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| {
                p.class_head()?;
                p.missing_colon()
            });
            self.attempt(|p| {
                let a = p.class_head()?;
                p.unindented("class definition", a.location.lineno)
            });
        }
        let start = self.position;
        self.class_head()?;
        self.token(T::Colon)?;
        self.block()?;
        Some(self.node(start, Shape::Other))
    }

    fn with_statement(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| {
                p.optional(|p| p.token(T::Async))?;
                let a = p.token(T::With)?;
                p.list_of(|p| p.with_item_like(Self::expression))?;
                p.unindented("'with' statement", a.location.lineno)
            });
            self.attempt(|p| {
                p.optional(|p| p.token(T::Async))?;
                let a = p.token(T::With)?;
                p.parenthesized_items_like()?;
                p.unindented("'with' statement", a.location.lineno)
            });
        }
        let start = self.position;
        first!(self as p: {
            p.optional(|p| p.token(T::Async))?;
            p.token(T::With)?;
            p.token(T::LParen)?;
            p.list_of(Self::with_item)?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RParen)?;
            p.token(T::Colon)?;
            p.block()?;
            Some(p.node(start, Shape::Other))
        }, {
            p.optional(|p| p.token(T::Async))?;
            p.token(T::With)?;
            p.list_of(Self::with_item)?;
            p.token(T::Colon)?;
            p.block()?;
            Some(p.node(start, Shape::Other))
        }, p.invalid_with())
    }

    fn invalid_with(&mut self) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        self.optional(|p| p.token(T::Async))?;
        self.token(T::With)?;
        if self.grammar.mistakes.with_comma_errors {
            self.attempt(|p| {
                p.list_of(|p| p.with_item_like(Self::expression))?;
                let comma = p.token(T::Comma)?;
                p.token(T::Colon)?;
                p.raise::<Node>(comma.location, "the last 'with' item has a trailing comma")
            });
        }
        first!(self as p: {
            p.list_of(|p| p.with_item_like(Self::expression))?;
            p.missing_colon()
        }, {
            p.parenthesized_items_like()?;
            p.missing_colon()
        })
    }

    fn parenthesized_items_like(&mut self) -> Option<Node> {
        self.token(T::LParen)?;
        self.list_of(|p| p.with_item_like(Self::expressions))?;
        self.optional(|p| p.token(T::Comma))?;
        self.token(T::RParen)
    }

    fn with_item_like(&mut self, expression: fn(&mut Self) -> Option<Node>) -> Option<Node> {
        let node = expression(self)?;
        self.optional(|p| {
            p.token(T::As)?;
            p.star_target()
        })?;
        Some(node)
    }

    fn with_item(&mut self) -> Option<Node> {
        first!(self as p: {
            let node = p.expression()?;
            p.token(T::As)?;
            p.star_target()?;
            p.at_any(&[T::Comma, T::RParen, T::Colon]).then_some(node)
        }, {
            if !p.second_pass {
                return None;
            }
            p.expression()?;
            p.token(T::As)?;
            let a = p.expression()?;
            if !p.at_any(&[T::Comma, T::RParen, T::Colon]) {
                return None;
            }
            p.raise_invalid_target(&a, TargetUse::Assign)
        }, p.expression())
    }

    fn try_statement(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(Self::invalid_try);
        }
        let start = self.position;
        first!(self as p: {
            p.token(T::Try)?;
            p.force(T::Colon, ":")?;
            p.block()?;
            p.finally_block()?;
            Some(p.node(start, Shape::Other))
        }, {
            p.token(T::Try)?;
            p.force(T::Colon, ":")?;
            p.block()?;
            p.some(|p| p.except_block(false))?;
            p.optional(Self::else_block)?;
            p.optional(Self::finally_block)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.token(T::Try)?;
            p.force(T::Colon, ":")?;
            p.block()?;
            p.some(|p| p.except_block(true))?;
            p.optional(Self::else_block)?;
            p.optional(Self::finally_block)?;
            Some(p.node(start, Shape::Other))
        })
    }

    fn invalid_try(&mut self) -> Option<Node> {
        self.attempt(|p| {
            let a = p.token(T::Try)?;
            p.unindented("'try' statement", a.location.lineno)
        });
        self.attempt(|p| {
            p.token(T::Try)?;
            p.token(T::Colon)?;
            p.block()?;
            if p.at_any(&[T::Except, T::Finally]) || p.error.is_some() {
                return None;
            }
            p.raise_last::<Node>(ErrorKind::Syntax, "expected 'except' or 'finally' block")
        });
        let mixed = "cannot have both 'except' and 'except*' on the same 'try'";
        self.attempt(|p| {
            p.token(T::Try)?;
            p.token(T::Colon)?;
            p.many(Self::block)?;
            p.some(|p| p.except_block(false))?;
            if !p.grammar.mistakes.mixed_except_by_head && !p.ahead(|p| p.except_block(true)) {
                return None;
            }
            let a = p.token(T::Except)?;
            let b = p.token(T::Mult)?;
            p.expression()?;
            p.optional(Self::as_target_name)?;
            p.token(T::Colon)?;
            p.raise::<Node>(a.location.to(b.location), mixed)
        });
        self.token(T::Try)?;
        self.token(T::Colon)?;
        self.many(Self::block)?;
        self.some(|p| p.except_block(true))?;
        let a = self.token(T::Except)?;
        self.optional(|p| {
            p.expression()?;
            p.optional(Self::as_target_name)
        })?;
        self.token(T::Colon)?;
        self.raise(a.location, mixed)
    }

    fn as_target_name(&mut self) -> Option<Node> {
        self.token(T::As)?;
        self.name()
    }

    fn except_word(&mut self, star: bool) -> Option<Node> {
        let a = self.token(T::Except)?;
        if star {
            self.token(T::Mult)?;
        }
        Some(a)
    }

    fn except_block(&mut self, star: bool) -> Option<Node> {
        let what = if star { "'except*' statement" } else { "'except' statement" };
        if self.second_pass {
            self.attempt(|p| {
                let a = p.except_word(star)?;
                p.expression()?;
                p.optional(Self::as_target_name)?;
                p.unindented(what, a.location.lineno)
            });
            if !star {
                self.attempt(|p| {
                    let a = p.token(T::Except)?;
                    p.unindented(what, a.location.lineno)
                });
            }
        }
        let start = self.position;
        first!(self as p: {
            p.except_word(star)?;
            p.expression()?;
            p.optional(Self::as_target_name)?;
            p.token(T::Colon)?;
            p.block()?;
            Some(p.node(start, Shape::Other))
        }, {
            if !p.grammar.except_without_parentheses {
                return None;
            }
            p.except_word(star)?;
            p.expressions()?;
            p.token(T::Colon)?;
            p.block()?;
            Some(p.node(start, Shape::Other))
        }, {
            if star {
                return None;
            }
            p.token(T::Except)?;
            p.token(T::Colon)?;
            p.block()?;
            Some(p.node(start, Shape::Other))
        }, p.invalid_except(star))
    }

    fn invalid_except(&mut self, star: bool) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        first!(self as p: {
            p.except_word(star)?;
            let a = p.expression()?;
            p.token(T::Comma)?;
            p.expressions()?;
            if p.grammar.except_without_parentheses {
                p.as_target_name()?;
                p.token(T::Colon)?;
                return p.raise_from(a.location, "multiple exception types must be parenthesized when using 'as'");
            }
            p.optional(Self::as_target_name)?;
            p.token(T::Colon)?;
            p.raise_from(a.location, "multiple exception types must be parenthesized")
        }, {
            p.except_word(star)?;
            p.expression()?;
            p.optional(Self::as_target_name)?;
            p.missing_colon()
        }, {
            p.except_word(star)?;
            if !star {
                return p.missing_colon();
            }
            p.any_token(&[T::Newline, T::Colon])?;
            p.raise_last(ErrorKind::Syntax, "expected one or more exception types")
        }, {
            if !p.grammar.mistakes.except_target_errors {
                return None;
            }
            p.except_word(star)?;
            p.expression()?;
            p.token(T::As)?;
            let a = p.expression()?;
            p.token(T::Colon)?;
            p.block()?;
            let word = if star { "except*" } else { "except" };
            p.raise(a.location, &format!("cannot use {word} statement with {}", a.shape.name()))
        })
    }

    fn finally_block(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| {
                let a = p.token(T::Finally)?;
                p.unindented("'finally' statement", a.location.lineno)
            });
        }
        self.token(T::Finally)?;
        self.force(T::Colon, ":")?;
        self.block()
    }

    fn match_statement(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: {
            p.word("match")?;
            p.subject()?;
            p.token(T::Colon)?;
            p.token(T::Newline)?;
            p.token(T::Indent)?;
            p.some(Self::case_block)?;
            p.token(T::Dedent)?;
            Some(p.node(start, Shape::Other))
        }, {
            if !p.second_pass {
                return None;
            }
            p.invalid_match()
        })
    }

    fn invalid_match(&mut self) -> Option<Node> {
        first!(self as p: {
            p.word("match")?;
            p.subject()?;
            p.missing_colon()
        }, {
            let a = p.word("match")?;
            p.subject()?;
            p.unindented("'match' statement", a.location.lineno)
        }, {
            if !p.grammar.mistakes.stray_case_errors {
                return None;
            }
            let a = p.word("case")?;
            p.patterns()?;
            p.optional(Self::guard)?;
            let b = p.token(T::Colon)?;
            p.block()?;
            p.raise(a.location.to(b.location), "case statement must be inside match statement")
        })
    }

    fn subject(&mut self) -> Option<Node> {
        first!(self as p: {
            let node = p.star_named_expression()?;
            p.token(T::Comma)?;
            p.optional(|p| {
                p.list_of(Self::star_named_expression)?;
                p.optional(|p| p.token(T::Comma))
            })?;
            Some(node)
        }, p.named_expression())
    }

    fn guard(&mut self) -> Option<Node> {
        self.token(T::If)?;
        self.named_expression()
    }

    fn case_block(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| {
                p.word("case")?;
                p.patterns()?;
                p.optional(Self::guard)?;
                p.missing_colon()
            });
            self.attempt(|p| {
                let a = p.word("case")?;
                p.patterns()?;
                p.optional(Self::guard)?;
                p.unindented("'case' statement", a.location.lineno)
            });
        }
        self.word("case")?;
        self.patterns()?;
        self.optional(Self::guard)?;
        self.token(T::Colon)?;
        self.block()
    }
}
