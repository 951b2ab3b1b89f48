//! Expressions down to primaries, and what goes wrong in them.

use super::{Diagnosis, Node, Rule, Shape, first};
use crate::lexer::token::{TokenKind as T, level};

/// The words after which a bare expression looks like a call of Python 2.
const LEGACY_STATEMENTS: [&str; 2] = ["print", "exec"];

/// Soft keywords, after which two expressions in a row are no missing comma.
fn is_soft_keyword(word: &str, lazy: bool, type_: bool) -> bool {
    matches!(word, "_" | "case" | "match") || type_ && word == "type" || lazy && word == "lazy"
}

impl Diagnosis<'_> {
    pub(super) fn expressions(&mut self) -> Option<Node> {
        let start = self.position;
        let first = self.expression()?;
        let rest = self.many(|p| {
            p.token(T::Comma)?;
            p.expression()
        })?;
        self.finish_tuple(start, first, rest)
    }

    /// A tuple if there was a comma, else the one expression.
    fn finish_tuple(&mut self, start: usize, first: Node, rest: Vec<Node>) -> Option<Node> {
        let comma = self.token(T::Comma).is_some();
        if self.error.is_some() {
            return None;
        }
        if rest.is_empty() && !comma {
            return Some(first);
        }
        let mut elements = vec![first];
        elements.extend(rest);
        Some(self.node_with(start, Shape::Tuple, &elements))
    }

    pub(super) fn star_expressions(&mut self) -> Option<Node> {
        let start = self.position;
        let first = self.star_expression()?;
        let rest = self.many(|p| {
            p.token(T::Comma)?;
            p.star_expression()
        })?;
        self.finish_tuple(start, first, rest)
    }

    pub(super) fn star_expression(&mut self) -> Option<Node> {
        self.remembered(Rule::StarExpression, |p| {
            first!(p: {
                let start = p.position;
                p.token(T::Mult)?;
                let value = p.bitwise_or()?;
                Some(p.node_with(start, Shape::Starred, &[value]))
            }, p.expression())
        })
    }

    pub(super) fn yield_or_star(&mut self) -> Option<Node> {
        first!(self as p: p.yield_expression(), p.star_expressions())
    }

    pub(super) fn yield_expression(&mut self) -> Option<Node> {
        let start = self.position;
        self.token(T::Yield)?;
        if self.token(T::From).is_some() {
            if self.attempt(Self::expression).is_some() {
                return Some(self.node(start, Shape::Yield));
            }
            self.position = start + 1;
        }
        self.optional(Self::star_expressions)?;
        Some(self.node(start, Shape::Yield))
    }

    pub(super) fn star_named_expression(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::Mult)?;
            let value = p.bitwise_or()?;
            Some(p.node_with(start, Shape::Starred, &[value]))
        }, p.named_expression())
    }

    pub(super) fn assignment_expression(&mut self) -> Option<Node> {
        let start = self.position;
        self.name()?;
        self.token(T::ColonAssign)?;
        self.expression()?;
        Some(self.node(start, Shape::Named))
    }

    pub(super) fn named_expression(&mut self) -> Option<Node> {
        let start = self.position;
        if let Some(node) = self.attempt(Self::assignment_expression) {
            return Some(node);
        }
        // Behind `name :=` there is no way back.
        if self.error.is_some()
            || self.ahead(|p| {
                p.name()?;
                p.token(T::ColonAssign)
            })
        {
            return None;
        }
        self.position = start;
        if self.second_pass {
            self.attempt(Self::invalid_named_expression);
        }
        first!(self as p: {
            let node = p.expression()?;
            p.not(T::ColonAssign)?;
            Some(node)
        })
    }

    fn invalid_named_expression(&mut self) -> Option<Node> {
        self.remembered(Rule::NamedInvalid, |p| {
            first!(p: {
                let a = p.expression()?;
                p.token(T::ColonAssign)?;
                p.expression()?;
                p.raise(a.location, &format!("cannot use assignment expressions with {}", a.shape.name()))
            }, {
                let a = p.name()?;
                p.token(T::Assign)?;
                let b = p.bitwise_or()?;
                p.not(T::Assign)?;
                p.not(T::ColonAssign)?;
                p.raise(a.location.to(b.location), "invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
            }, {
                if p.ahead(Self::list_tuple_generator_or_constant) || p.error.is_some() {
                    return None;
                }
                let a = p.bitwise_or()?;
                p.token(T::Assign)?;
                p.bitwise_or()?;
                p.not(T::Assign)?;
                p.not(T::ColonAssign)?;
                let name = a.shape.name();
                p.raise(a.location, &format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?"))
            })
        })
    }

    fn list_tuple_generator_or_constant(&mut self) -> Option<Node> {
        first!(self as p: p.list(), p.tuple(), p.generator(), p.any_token(&[T::True, T::None, T::False]))
    }

    pub(super) fn expression(&mut self) -> Option<Node> {
        self.remembered(Rule::Expression, |p| {
            if p.second_pass {
                if p.grammar.mistakes.partial_conditional_errors {
                    p.attempt(Self::invalid_if_expression);
                }
                p.attempt(Self::invalid_expression);
                p.attempt(Self::invalid_legacy_expression);
            }
            p.plain_expression()
        })
    }

    fn plain_expression(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.disjunction()?;
            p.token(T::If)?;
            p.disjunction()?;
            p.token(T::Else)?;
            p.expression()?;
            Some(p.node(start, Shape::Conditional))
        }, p.disjunction(), p.lambda())
    }

    pub(super) fn conditional(&mut self) -> Option<Node> {
        let start = self.position;
        self.disjunction()?;
        self.token(T::If)?;
        self.disjunction()?;
        self.token(T::Else)?;
        self.expression()?;
        Some(self.node(start, Shape::Conditional))
    }

    fn invalid_if_expression(&mut self) -> Option<Node> {
        self.disjunction()?;
        self.token(T::If)?;
        self.disjunction()?;
        self.token(T::Else)?;
        if let Some(star) = self.token(T::Mult) {
            return self.raise(star.location, "cannot unpack only part of a conditional expression");
        }
        let stars = self.token(T::Pow)?;
        self.raise(stars.location, "cannot use dict unpacking on only part of a conditional expression")
    }

    fn invalid_expression(&mut self) -> Option<Node> {
        if self.grammar.mistakes.string_part_errors {
            self.attempt(|p| {
                p.token(T::String)?;
                let inner = p.some(|p| {
                    p.not(T::String)?;
                    p.without_mistakes(Self::plain_expression)
                })?;
                p.token(T::String)?;
                let location = inner[0].location.to(inner[inner.len() - 1].location);
                p.raise::<Node>(location, "invalid syntax. Is this intended to be part of the string?")
            });
        }
        self.attempt(Self::missing_comma);
        self.attempt(|p| {
            let a = p.disjunction()?;
            p.token(T::If)?;
            let b = p.disjunction()?;
            p.not(T::Else)?;
            p.not(T::Colon)?;
            p.raise::<Node>(a.location.to(b.location), "expected 'else' after 'if' expression")
        });
        if self.grammar.mistakes.conditional_statement_errors {
            self.attempt(Self::invalid_conditional_statement);
        }
        for (middle, letter) in [(T::FStringMiddle, 'f'), (T::TStringMiddle, 't')] {
            self.attempt(|p| {
                let a = p.token(T::Lambda)?;
                p.optional(Self::lambda_params)?;
                let b = p.token(T::Colon)?;
                p.look(middle)?;
                let message =
                    format!("{letter}-string: lambda expressions are not allowed without parentheses");
                p.raise::<Node>(a.location.to(b.location), &message)
            });
        }
        None
    }

    /// Two expressions side by side, within brackets.
    fn missing_comma(&mut self) -> Option<Node> {
        let lazy = self.grammar.lazy_imports;
        let type_ = self.grammar.type_params;
        if self.at(T::Name) {
            let next = self.token_at(self.position + 1).kind;
            let word = self.text_at(self.position);
            if next == T::String || is_soft_keyword(word, lazy, type_) {
                return None;
            }
        }
        let a = self.disjunction()?;
        let behind = self.position;
        let b = self.without_mistakes(Self::plain_expression)?;
        // CPython: `_PyPegen_raise_error_for_missing_comma`.
        if LEGACY_STATEMENTS.contains(&self.text_of(&a)) && a.shape == Shape::Name {
            return None;
        }
        if self.brackets_open_before(behind) == 0 {
            return None;
        }
        self.raise(a.location.to(b.location), "invalid syntax. Perhaps you forgot a comma?")
    }

    /// How many brackets are open before the last token looked at.
    fn brackets_open_before(&self, index: usize) -> usize {
        let mut depth = 0_usize;
        for token in &self.tokens[..index] {
            match token.kind {
                T::LParen | T::LBracket | T::LBrace => depth += 1,
                T::RParen | T::RBracket | T::RBrace => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        depth
    }

    /// The text of a name.
    pub(super) fn text_of(&self, node: &Node) -> &str {
        let place = self.lexer.start_of_line(node.location.lineno);
        let (start, end) =
            (place + node.location.col_offset as usize, place + node.location.end_col_offset as usize);
        if node.location.lineno == node.location.end_lineno { self.lexer.slice(start, end) } else { "" }
    }

    fn invalid_conditional_statement(&mut self) -> Option<Node> {
        self.attempt(|p| {
            p.disjunction()?;
            p.token(T::If)?;
            p.disjunction()?;
            p.token(T::Else)?;
            if p.ahead(Self::expression) {
                return None;
            }
            p.raise_next::<Node>("expected expression after 'else', but statement is given")
        });
        let a = self.any_token(&[T::Pass, T::Break, T::Continue])?;
        self.token(T::If)?;
        self.disjunction()?;
        self.token(T::Else)?;
        self.simple_statement()?;
        self.raise(a.location, "expected expression before 'if', but statement is given")
    }

    fn invalid_legacy_expression(&mut self) -> Option<Node> {
        let a = self.name()?;
        self.not(T::LParen)?;
        let word = self.text_of(&a).to_owned();
        let b = self.star_expressions()?;
        if !LEGACY_STATEMENTS.contains(&word.as_str()) {
            return None;
        }
        let message = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
        self.raise(a.location.to(b.location), &message)
    }

    fn lambda(&mut self) -> Option<Node> {
        let start = self.position;
        self.token(T::Lambda)?;
        self.optional(Self::lambda_params)?;
        self.token(T::Colon)?;
        self.expression()?;
        Some(self.node(start, Shape::Lambda))
    }

    pub(super) fn disjunction(&mut self) -> Option<Node> {
        self.remembered(Rule::Disjunction, |p| p.bool_op(T::Or, Self::conjunction))
    }

    fn conjunction(&mut self) -> Option<Node> {
        self.remembered(Rule::Conjunction, |p| p.bool_op(T::And, Self::inversion))
    }

    fn bool_op(&mut self, operator: T, operand: fn(&mut Self) -> Option<Node>) -> Option<Node> {
        let start = self.position;
        let first = operand(self)?;
        let rest = self.many(|p| {
            p.token(operator)?;
            operand(p)
        })?;
        Some(if rest.is_empty() { first } else { self.node(start, Shape::Operation) })
    }

    fn inversion(&mut self) -> Option<Node> {
        self.remembered(Rule::Inversion, |p| {
            first!(p: {
                let start = p.position;
                p.token(T::Not)?;
                p.inversion()?;
                Some(p.node(start, Shape::Operation))
            }, p.comparison())
        })
    }

    fn comparison(&mut self) -> Option<Node> {
        let start = self.position;
        let left = self.bitwise_or()?;
        let starts_with_in = self.at(T::In);
        let operands = self.many(|p| {
            if p.at(T::NotEq) && (p.text_at(p.position) == "<>") != p.flufl {
                return p.wrong_inequality();
            }
            if p.any_token(&[T::Eq, T::NotEq, T::LtE, T::Lt, T::GtE, T::Gt, T::In]).is_none() {
                if p.token(T::Not).is_some() {
                    p.token(T::In)?;
                } else {
                    p.token(T::Is)?;
                    p.optional(|p| p.token(T::Not))?;
                }
            }
            p.bitwise_or()
        })?;
        if operands.is_empty() {
            return Some(left);
        }
        let shape = if starts_with_in { Shape::In } else { Shape::Compare };
        Some(self.node_with(start, shape, &[left]))
    }

    /// CPython: `_PyPegen_check_barry_as_flufl` (`Parser/pegen.c`).
    fn wrong_inequality(&mut self) -> Option<Node> {
        if !self.grammar.mistakes.inequality_errors {
            return None;
        }
        let message = match self.flufl {
            true => "with Barry as BDFL, use '<>' instead of '!='",
            false => "invalid syntax.  Maybe you meant '!=' instead of '<>'?",
        };
        let operator = self.token_at(self.position).location;
        self.raise(operator, message)
    }

    pub(super) fn bitwise_or(&mut self) -> Option<Node> {
        self.remembered(Rule::BitwiseOr, |p| p.operation(level::BIT_OR))
    }

    /// Binary operators from that level on.
    fn operation(&mut self, lowest: u8) -> Option<Node> {
        if lowest > level::TERM {
            return self.factor();
        }
        let start = self.position;
        let mut left = self.operation(lowest + 1)?;
        loop {
            let more = self.attempt(|p| {
                if p.error.is_some() || p.kind().level() != lowest {
                    return None;
                }
                p.position += 1;
                p.operation(lowest + 1)
            });
            if more.is_none() {
                break;
            }
            left = self.node(start, Shape::Operation);
        }
        if self.error.is_some() {
            return None;
        }
        if self.second_pass && lowest >= level::SUM && self.grammar.mistakes.not_after_operator_errors {
            self.attempt(Self::not_after_operator);
            if self.error.is_some() {
                return None;
            }
        }
        Some(left)
    }

    fn not_after_operator(&mut self) -> Option<Node> {
        self.any_token(&[T::Add, T::Sub, T::Mult, T::Div, T::Mod, T::FloorDiv, T::MatMult])?;
        let a = self.token(T::Not)?;
        let b = self.inversion()?;
        self.raise(a.location.to(b.location), "'not' after an operator must be parenthesized")
    }

    fn factor(&mut self) -> Option<Node> {
        self.remembered(Rule::Factor, |p| {
            if p.second_pass && p.grammar.mistakes.not_after_operator_errors {
                p.attempt(|p| {
                    p.any_token(&[T::Add, T::Sub, T::Tilde])?;
                    let a = p.token(T::Not)?;
                    let b = p.factor()?;
                    p.raise::<Node>(
                        a.location.to(b.location),
                        "'not' after an operator must be parenthesized",
                    )
                });
            }
            first!(p: {
                let start = p.position;
                p.any_token(&[T::Add, T::Sub, T::Tilde])?;
                p.factor()?;
                Some(p.node(start, Shape::Operation))
            }, p.power())
        })
    }

    fn power(&mut self) -> Option<Node> {
        let start = self.position;
        let base = self.await_primary()?;
        let exponent = self.optional(|p| {
            p.token(T::Pow)?;
            p.factor()
        })?;
        Some(if exponent.is_some() { self.node(start, Shape::Operation) } else { base })
    }

    fn await_primary(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::Await)?;
            p.primary()?;
            Some(p.node(start, Shape::Await))
        }, p.primary())
    }

    pub(super) fn primary(&mut self) -> Option<Node> {
        self.remembered(Rule::Primary, |p| {
            let start = p.position;
            let mut node = p.atom()?;
            while let Some(shape) = p.attempt(Self::trailer) {
                node = p.node(start, shape);
            }
            p.error.is_none().then_some(node)
        })
    }

    fn trailer(&mut self) -> Option<Shape> {
        first!(self as p: {
            p.token(T::Dot)?;
            p.name()?;
            Some(Shape::Attribute)
        }, {
            p.generator()?;
            Some(Shape::Call)
        }, {
            p.token(T::LParen)?;
            p.optional(Self::arguments)?;
            p.token(T::RParen)?;
            Some(Shape::Call)
        }, {
            p.token(T::LBracket)?;
            p.slices()?;
            p.token(T::RBracket)?;
            Some(Shape::Subscript)
        })
    }

    fn slices(&mut self) -> Option<Node> {
        first!(self as p: {
            let slice = p.slice()?;
            p.not(T::Comma)?;
            Some(slice)
        }, {
            let start = p.position;
            p.list_of(|p| first!(p: p.slice(), p.starred_expression()))?;
            p.optional(|p| p.token(T::Comma))?;
            Some(p.node(start, Shape::Tuple))
        })
    }

    fn slice(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.optional(Self::expression)?;
            p.token(T::Colon)?;
            p.optional(Self::expression)?;
            p.optional(|p| {
                p.token(T::Colon)?;
                p.optional(Self::expression)
            })?;
            Some(p.node(start, Shape::Other))
        }, p.named_expression())
    }
}
