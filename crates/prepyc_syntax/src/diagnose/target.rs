//! Targets, and what cannot be one.

use super::{Diagnosis, Node, Rule, Shape, first};
use crate::lexer::token::TokenKind as T;

/// What the targets are of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetUse {
    Assign,
    Delete,
    For,
}

impl Diagnosis<'_> {
    pub(super) fn star_targets(&mut self) -> Option<Node> {
        let start = self.position;
        let first = self.star_target()?;
        let rest = self.many(|p| {
            p.token(T::Comma)?;
            p.star_target()
        })?;
        let comma = self.optional(|p| p.token(T::Comma))?;
        if rest.is_empty() && comma.is_none() {
            return Some(first);
        }
        Some(self.node(start, Shape::Tuple))
    }

    pub(super) fn star_target(&mut self) -> Option<Node> {
        self.remembered(Rule::StarTarget, |p| {
            first!(p: {
                let start = p.position;
                p.token(T::Mult)?;
                p.not(T::Mult)?;
                p.star_target()?;
                Some(p.node(start, Shape::Starred))
            }, p.target_with_star_atom())
        })
    }

    fn target_with_star_atom(&mut self) -> Option<Node> {
        self.remembered(Rule::TargetWithStarAtom, |p| first!(p: p.attribute_or_subscript(), p.star_atom()))
    }

    fn star_atom(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: p.name(), {
            p.token(T::LParen)?;
            let node = p.target_with_star_atom()?;
            p.token(T::RParen)?;
            Some(node)
        }, {
            p.token(T::LParen)?;
            p.optional(|p| {
                p.star_target()?;
                p.token(T::Comma)?;
                p.optional(|p| {
                    p.list_of(Self::star_target)?;
                    p.optional(|p| p.token(T::Comma))
                })
            })?;
            p.token(T::RParen)?;
            Some(p.node(start, Shape::Tuple))
        }, {
            p.token(T::LBracket)?;
            p.optional(|p| {
                p.list_of(Self::star_target)?;
                p.optional(|p| p.token(T::Comma))
            })?;
            p.token(T::RBracket)?;
            Some(p.node(start, Shape::List))
        })
    }

    /// `single_subscript_attribute_target`
    pub(super) fn attribute_or_subscript(&mut self) -> Option<Node> {
        let node = self.primary()?;
        matches!(node.shape, Shape::Attribute | Shape::Subscript)
            .then_some(node)
            .filter(|_| self.is_bare(&node))
    }

    /// Whether no parenthesis stands between the last token and the node's end.
    fn is_bare(&self, node: &Node) -> bool {
        let last = self.tokens[self.position - 1].location;
        (last.end_lineno, last.end_col_offset) == (node.location.end_lineno, node.location.end_col_offset)
    }

    pub(super) fn single_target(&mut self) -> Option<Node> {
        first!(self as p: p.attribute_or_subscript(), p.name(), {
            p.token(T::LParen)?;
            let node = p.single_target()?;
            p.token(T::RParen)?;
            Some(node)
        })
    }

    pub(super) fn delete_target(&mut self) -> Option<Node> {
        self.remembered(Rule::DeleteTarget, Self::read_delete_target)
    }

    fn read_delete_target(&mut self) -> Option<Node> {
        let start = self.position;
        first!(self as p: p.attribute_or_subscript(), p.name(), {
            p.token(T::LParen)?;
            let node = p.delete_target()?;
            p.token(T::RParen)?;
            Some(node)
        }, {
            p.token(T::LParen)?;
            p.optional(Self::delete_targets)?;
            p.token(T::RParen)?;
            Some(p.node(start, Shape::Tuple))
        }, {
            p.token(T::LBracket)?;
            p.optional(Self::delete_targets)?;
            p.token(T::RBracket)?;
            Some(p.node(start, Shape::List))
        })
    }

    pub(super) fn delete_targets(&mut self) -> Option<Vec<Node>> {
        let targets = self.list_of(Self::delete_target)?;
        self.optional(|p| p.token(T::Comma))?;
        Some(targets)
    }

    pub(super) fn invalid_for_target(&mut self) -> Option<Node> {
        if !self.second_pass {
            return None;
        }
        self.optional(|p| p.token(T::Async))?;
        self.token(T::For)?;
        let a = self.star_expressions()?;
        self.raise_invalid_target(&a, TargetUse::For)
    }

    /// Names the part that is no target, if there is one.
    pub(super) fn raise_invalid_target(&mut self, node: &Node, wanted: TargetUse) -> Option<Node> {
        let bad = self.invalid_target(node, wanted)?;
        let verb = if wanted == TargetUse::Delete { "delete" } else { "assign to" };
        self.raise(bad.location, &format!("cannot {verb} {}", bad.shape.name()))
    }

    /// CPython: `_PyPegen_get_invalid_target`.
    fn invalid_target(&self, node: &Node, wanted: TargetUse) -> Option<Node> {
        match node.shape {
            Shape::List | Shape::Tuple => {
                self.children_of(node).iter().find_map(|child| self.invalid_target(child, wanted))
            }
            Shape::Starred if wanted == TargetUse::Delete => Some(*node),
            Shape::Starred => {
                self.children_of(node).first().and_then(|child| self.invalid_target(child, wanted))
            }
            Shape::In if wanted == TargetUse::For => {
                self.children_of(node).first().and_then(|child| self.invalid_target(child, wanted))
            }
            // Of a comparison the parser has no words for: only the first operator counts.
            Shape::Compare if wanted == TargetUse::For => None,
            Shape::Name | Shape::Subscript | Shape::Attribute => None,
            _ => Some(*node),
        }
    }
}
