//! Patterns, and what goes wrong in them.

use super::{Diagnosis, Node, Rule, Shape, first};
use crate::lexer::token::TokenKind as T;

impl Diagnosis<'_> {
    pub(super) fn patterns(&mut self) -> Option<Node> {
        first!(self as p: p.open_sequence(), p.pattern())
    }

    fn open_sequence(&mut self) -> Option<Node> {
        let start = self.position;
        self.maybe_star_pattern()?;
        self.token(T::Comma)?;
        self.optional(Self::maybe_sequence)?;
        Some(self.node(start, Shape::Other))
    }

    fn maybe_sequence(&mut self) -> Option<Node> {
        let start = self.position;
        self.list_of(Self::maybe_star_pattern)?;
        self.optional(|p| p.token(T::Comma))?;
        Some(self.node(start, Shape::Other))
    }

    fn maybe_star_pattern(&mut self) -> Option<Node> {
        first!(self as p: {
            let start = p.position;
            p.token(T::Mult)?;
            first!(p: p.capture_target(), p.word("_"))?;
            Some(p.node(start, Shape::Other))
        }, p.pattern())
    }

    fn pattern(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: {
            p.or_pattern()?;
            p.token(T::As)?;
            p.capture_target()?;
            Some(p.node(start, Shape::Other))
        }, p.invalid_as_pattern(), p.or_pattern())
    }

    fn invalid_as_pattern(&mut self) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        first!(self as p: {
            p.or_pattern()?;
            p.token(T::As)?;
            let a = p.word("_")?;
            p.raise(a.location, "cannot use '_' as a target")
        }, {
            p.or_pattern()?;
            p.token(T::As)?;
            if !p.grammar.mistakes.import_target_errors {
                p.not(T::Name)?;
                let a = p.expression()?;
                return p.raise(a.location, "invalid pattern target");
            }
            let a = p.expression()?;
            p.raise(a.location, &format!("cannot use {} as pattern target", a.shape.name()))
        })
    }

    fn or_pattern(&mut self) -> Option<Node> {
        let start = self.position;
        let first = self.closed_pattern()?;
        let rest = self.many(|p| {
            p.token(T::BitOr)?;
            p.closed_pattern()
        })?;
        Some(if rest.is_empty() { first } else { self.node(start, Shape::Other) })
    }

    fn capture_target(&mut self) -> Option<Node> {
        if self.ahead(|p| p.word("_")) {
            return None;
        }
        let name = self.name()?;
        if self.at_any(&[T::Dot, T::LParen, T::Assign]) { None } else { Some(name) }
    }

    fn closed_pattern(&mut self) -> Option<Node> {
        self.remembered(Rule::ClosedPattern, |p| {
            first!(p: p.literal_pattern(), p.capture_target(), p.word("_"), {
                let node = p.name_or_attribute()?;
                if node.shape != Shape::Attribute || p.at_any(&[T::Dot, T::LParen, T::Assign]) {
                    return None;
                }
                Some(node)
            }, p.group_pattern(), p.sequence_pattern(), p.mapping_pattern(), p.class_pattern())
        })
    }

    fn literal_pattern(&mut self) -> Option<Node> {
        first!(self as p: {
            let node = p.signed_number()?;
            if p.at_any(&[T::Add, T::Sub]) { None } else { Some(node) }
        }, p.complex_number(), p.strings(), p.any_token(&[T::None, T::True, T::False]))
    }

    fn signed_number(&mut self) -> Option<Node> {
        let start = self.position;
        if self.grammar.plus_in_patterns {
            self.optional(|p| p.any_token(&[T::Sub, T::Add]))?;
        } else {
            self.optional(|p| p.token(T::Sub))?;
        }
        self.token(T::Number)?;
        Some(self.node(start, Shape::Literal))
    }

    fn complex_number(&mut self) -> Option<Node> {
        let start = self.position;
        self.signed_number()?;
        if self.number_is_imaginary() {
            let location = self.tokens[self.position - 1].location;
            return self.raise(location, "real number required in complex literal");
        }
        self.any_token(&[T::Add, T::Sub])?;
        self.token(T::Number)?;
        if !self.number_is_imaginary() {
            let location = self.tokens[self.position - 1].location;
            return self.raise(location, "imaginary number required in complex literal");
        }
        Some(self.node(start, Shape::Operation))
    }

    /// Whether the number just consumed is imaginary.
    fn number_is_imaginary(&self) -> bool {
        self.text_at(self.position - 1).ends_with(['j', 'J'])
    }

    fn name_or_attribute(&mut self) -> Option<Node> {
        let start = self.position;
        let mut node = self.name()?;
        while self
            .attempt(|p| {
                p.token(T::Dot)?;
                p.name()
            })
            .is_some()
        {
            node = self.node(start, Shape::Attribute);
        }
        self.error.is_none().then_some(node)
    }

    fn group_pattern(&mut self) -> Option<Node> {
        self.token(T::LParen)?;
        let node = self.pattern()?;
        self.token(T::RParen)?;
        Some(node)
    }

    fn sequence_pattern(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: {
            p.token(T::LBracket)?;
            p.optional(Self::maybe_sequence)?;
            p.token(T::RBracket)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.token(T::LParen)?;
            p.optional(Self::open_sequence)?;
            p.token(T::RParen)?;
            Some(p.node(start, Shape::Other))
        })
    }

    fn mapping_pattern(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: {
            p.token(T::LBrace)?;
            p.token(T::RBrace)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.token(T::LBrace)?;
            p.double_star_pattern()?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RBrace)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.token(T::LBrace)?;
            p.list_of(Self::key_value_pattern)?;
            p.optional(|p| {
                p.token(T::Comma)?;
                p.double_star_pattern()
            })?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RBrace)?;
            Some(p.node(start, Shape::Other))
        }, {
            if !p.second_pass || !p.grammar.mistakes.mapping_rest_errors {
                return None;
            }
            p.token(T::LBrace)?;
            p.optional(|p| {
                p.list_of(Self::key_value_pattern)?;
                p.token(T::Comma)
            })?;
            let rest = p.double_star_pattern()?;
            p.token(T::Comma)?;
            p.list_of(Self::key_value_pattern)?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RBrace)?;
            p.raise(rest.location, "double star pattern must be the last (right-most) subpattern in the mapping pattern")
        })
    }

    fn double_star_pattern(&mut self) -> Option<Node> {
        self.token(T::Pow)?;
        self.capture_target()
    }

    fn key_value_pattern(&mut self) -> Option<Node> {
        first!(self as p: p.literal_pattern(), {
            let node = p.name_or_attribute()?;
            (node.shape == Shape::Attribute).then_some(node)
        })?;
        self.token(T::Colon)?;
        self.pattern()
    }

    fn class_pattern(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: {
            p.name_or_attribute()?;
            p.token(T::LParen)?;
            p.token(T::RParen)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.name_or_attribute()?;
            p.token(T::LParen)?;
            p.list_of(Self::pattern)?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RParen)?;
            Some(p.node(start, Shape::Other))
        }, {
            p.name_or_attribute()?;
            p.token(T::LParen)?;
            p.optional(|p| {
                p.list_of(Self::pattern)?;
                p.token(T::Comma)
            })?;
            p.list_of(Self::keyword_pattern)?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RParen)?;
            Some(p.node(start, Shape::Other))
        }, {
            if !p.second_pass {
                return None;
            }
            p.name_or_attribute()?;
            p.token(T::LParen)?;
            p.optional(|p| {
                p.list_of(Self::pattern)?;
                p.token(T::Comma)
            })?;
            p.list_of(Self::keyword_pattern)?;
            p.token(T::Comma)?;
            let late = p.list_of(Self::pattern)?;
            let location = Self::over(&late)?;
            p.raise(location, "positional patterns follow keyword patterns")
        })
    }

    fn keyword_pattern(&mut self) -> Option<Node> {
        self.name()?;
        self.token(T::Assign)?;
        self.pattern()
    }
}
