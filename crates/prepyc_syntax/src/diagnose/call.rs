//! Arguments, and what goes wrong in them.

use super::{Diagnosis, Node, Rule, Shape, first};
use crate::ast::Location;
use crate::lexer::token::TokenKind as T;

impl Diagnosis<'_> {
    /// Its children are the positional arguments; the shape is `Other`, or `Named` where keywords are among them.
    pub(super) fn arguments(&mut self) -> Option<Node> {
        self.remembered(Rule::Arguments, |p| {
            first!(p: {
                let args = p.args()?;
                p.optional(|p| p.token(T::Comma))?;
                p.look(T::RParen)?;
                Some(args)
            }, p.invalid_arguments())
        })
    }

    fn args(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            let positional = p.list_of(Self::positional)?;
            let keywords = p.optional(|p| {
                p.token(T::Comma)?;
                p.keywords()
            })?;
            let shape = if keywords.is_some() { Shape::Named } else { Shape::Other };
            Some(p.node_with(start, shape, &positional))
        }, {
            let start = p.position;
            p.keywords()?;
            Some(p.node(start, Shape::Named))
        })
    }

    fn positional(&mut self) -> Option<Node> {
        first!(self as p: p.starred_expression(), {
            let node = p.unstarred()?;
            p.not(T::Assign)?;
            Some(node)
        })
    }

    fn unstarred(&mut self) -> Option<Node> {
        first!(self as p: p.assignment_expression(), {
            let node = p.expression()?;
            p.not(T::ColonAssign)?;
            Some(node)
        })
    }

    fn keywords(&mut self) -> Option<Node> {
        first!(self as p: {
            p.list_of(Self::keyword_or_starred)?;
            p.token(T::Comma)?;
            let last = p.list_of(Self::keyword_or_double_starred)?;
            Some(last[last.len() - 1])
        }, {
            let last = p.list_of(Self::keyword_or_starred)?;
            Some(last[last.len() - 1])
        }, {
            let last = p.list_of(Self::keyword_or_double_starred)?;
            Some(last[last.len() - 1])
        })
    }

    pub(super) fn starred_expression(&mut self) -> Option<Node> {
        if self.second_pass && self.grammar.mistakes.unpacking_assignment_errors {
            self.attempt(Self::invalid_starred_unpacking);
        }
        first!(self as p: {
            let start = p.position;
            p.token(T::Mult)?;
            let value = p.expression()?;
            Some(p.node_with(start, Shape::Starred, &[value]))
        }, {
            let mistakes = &p.grammar.mistakes;
            let is_told = mistakes.starred_expression_told_at_once
                || p.second_pass && mistakes.starred_expression_errors;
            if !is_told {
                return None;
            }
            p.token(T::Mult)?;
            p.told_at_once = true;
            p.raise_last(crate::error::ErrorKind::Syntax, "Invalid star expression")
        })
    }

    pub(super) fn invalid_starred_unpacking(&mut self) -> Option<Node> {
        first!(self as p: {
            if !p.grammar.mistakes.unpacking_errors {
                return None;
            }
            let a = p.token(T::Mult)?;
            let b = p.conditional()?;
            p.raise(a.location.to(b.location), "invalid starred expression. Did you forget to wrap the conditional expression in parentheses?")
        }, {
            let a = p.token(T::Mult)?;
            p.expression()?;
            p.token(T::Assign)?;
            let b = p.expression()?;
            p.raise(a.location.to(b.location), "cannot assign to iterable argument unpacking")
        })
    }

    fn keyword(&mut self) -> Option<Node> {
        if self.second_pass {
            self.attempt(Self::invalid_keyword);
        }
        self.attempt(|p| {
            let start = p.position;
            p.name()?;
            p.token(T::Assign)?;
            p.expression()?;
            Some(p.node(start, Shape::Other))
        })
    }

    fn keyword_or_starred(&mut self) -> Option<Node> {
        first!(self as p: p.keyword(), p.starred_expression())
    }

    fn keyword_or_double_starred(&mut self) -> Option<Node> {
        first!(self as p: p.keyword(), {
            let start = p.position;
            p.token(T::Pow)?;
            p.expression()?;
            Some(p.node(start, Shape::Other))
        })
    }

    fn invalid_keyword(&mut self) -> Option<Node> {
        first!(self as p: {
            let a = p.any_token(&[T::True, T::False, T::None])?;
            let b = p.token(T::Assign)?;
            let word = p.text_of(&a).to_owned();
            p.raise(a.location.to(b.location), &format!("cannot assign to {word}"))
        }, {
            p.keyword_with_clauses()
        }, {
            if p.ahead(|p| { p.name()?; p.token(T::Assign) }) {
                return None;
            }
            let a = p.expression()?;
            let b = p.token(T::Assign)?;
            p.raise(a.location.to(b.location), "expression cannot contain assignment, perhaps you meant \"==\"?")
        }, {
            if !p.grammar.mistakes.unpacking_assignment_errors {
                return None;
            }
            let a = p.token(T::Pow)?;
            p.expression()?;
            p.token(T::Assign)?;
            let b = p.expression()?;
            p.raise(a.location.to(b.location), "cannot assign to keyword argument unpacking")
        })
    }

    fn keyword_with_clauses(&mut self) -> Option<Node> {
        let a = self.name()?;
        let b = self.token(T::Assign)?;
        self.expression()?;
        self.clauses()?;
        self.raise(a.location.to(b.location), "invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
    }

    fn invalid_arguments(&mut self) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        first!(self as p: {
            p.invalid_unpacking_order()
        }, {
            let a = p.expression()?;
            let b = p.clauses()?;
            p.token(T::Comma)?;
            p.optional(|p| first!(p: p.args(), {
                p.expression()?;
                p.clauses()
            }))?;
            p.raise(a.location.to(b.location), "Generator expression must be parenthesized")
        }, {
            p.keyword_with_clauses()
        }, {
            if !p.grammar.mistakes.missing_value_errors {
                return None;
            }
            p.optional(|p| {
                p.args()?;
                p.token(T::Comma)
            })?;
            let a = p.name()?;
            let b = p.token(T::Assign)?;
            if !p.at_any(&[T::Comma, T::RParen]) {
                return None;
            }
            p.raise(a.location.to(b.location), "expected argument value expression")
        }, {
            let a = p.args()?;
            let b = p.clauses()?;
            let children = p.children_of(&a);
            // CPython: `_PyPegen_nonparen_genexp_in_call`.
            if children.len() <= 1 {
                return None;
            }
            p.raise(children[children.len() - 1].location.to(b.location), "Generator expression must be parenthesized")
        }, {
            p.args()?;
            p.token(T::Comma)?;
            let a = p.expression()?;
            let b = p.clauses()?;
            p.raise(a.location.to(b.location), "Generator expression must be parenthesized")
        }, {
            let start = p.position;
            p.args()?;
            let a_end = p.position;
            p.token(T::Comma)?;
            p.args()?;
            let unpacked = p.has_double_star(start, a_end);
            let message = if unpacked {
                "positional argument follows keyword argument unpacking"
            } else {
                "positional argument follows keyword argument"
            };
            p.raise_last(crate::error::ErrorKind::Syntax, message)
        })
    }

    fn invalid_unpacking_order(&mut self) -> Option<Node> {
        if !self.grammar.mistakes.unpacking_order_errors {
            self.args()?;
            self.token(T::Comma)?;
            let a = self.token(T::Mult)?;
            return self.raise(a.location, "iterable argument unpacking follows keyword argument unpacking");
        }
        first!(self as p: {
            p.list_of(Self::positional)?;
            p.token(T::Comma)?;
            p.keywords()
        }, p.keywords())?;
        let a = self.token(T::Comma)?;
        self.list_of(|p| {
            let node = p.starred_expression()?;
            p.not(T::Assign)?;
            Some(node)
        })?;
        self.raise_from(a.location, "iterable argument unpacking follows keyword argument unpacking")
    }

    /// Whether there is a `**` argument between the tokens.
    fn has_double_star(&self, start: usize, end: usize) -> bool {
        let mut depth = 0;
        let mut at_start = true;
        for token in &self.tokens[start..end] {
            match token.kind {
                T::Pow if depth == 0 && at_start => return true,
                T::LParen | T::LBracket | T::LBrace => depth += 1,
                T::RParen | T::RBracket | T::RBrace => depth -= 1,
                _ => {}
            }
            at_start = token.kind == T::Comma && depth == 0;
        }
        false
    }

    /// From the first to the last.
    pub(super) fn over(nodes: &[Node]) -> Option<Location> {
        Some(nodes.first()?.location.to(nodes.last()?.location))
    }
}
