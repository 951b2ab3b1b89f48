//! Parameters of functions and lambdas, type parameters, and what goes wrong in them.

use super::{Diagnosis, Node, Shape, first};
use crate::error::ErrorKind;
use crate::lexer::token::TokenKind as T;

/// Whose parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Function,
    Lambda,
}

impl Owner {
    fn end(self) -> T {
        if self == Owner::Function { T::RParen } else { T::Colon }
    }
}

impl Diagnosis<'_> {
    pub(super) fn params(&mut self) -> Option<Node> {
        self.parameter_list(Owner::Function)
    }

    pub(super) fn lambda_params(&mut self) -> Option<Node> {
        self.parameter_list(Owner::Lambda)
    }

    fn parameter_list(&mut self, owner: Owner) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| p.invalid_parameters(owner));
            if self.error.is_some() {
                return None;
            }
        }
        let start = self.position;
        first!(self as p: {
            p.slash_no_default(owner)?;
            p.many(|p| p.param_no_default(owner))?;
            p.many(|p| p.param_with_default(owner))?;
            p.optional(|p| p.star_etc(owner))?;
            Some(p.node(start, Shape::Other))
        }, {
            p.slash_with_default(owner)?;
            p.many(|p| p.param_with_default(owner))?;
            p.optional(|p| p.star_etc(owner))?;
            Some(p.node(start, Shape::Other))
        }, {
            p.some(|p| p.param_no_default(owner))?;
            p.many(|p| p.param_with_default(owner))?;
            p.optional(|p| p.star_etc(owner))?;
            Some(p.node(start, Shape::Other))
        }, {
            p.some(|p| p.param_with_default(owner))?;
            p.optional(|p| p.star_etc(owner))?;
            Some(p.node(start, Shape::Other))
        }, p.star_etc(owner))
    }

    /// `,`, or the end of the list ahead.
    fn separator(&mut self, owner: Owner) -> Option<()> {
        first!(self as p: p.token(T::Comma).map(|_| ()), p.look(owner.end()))
    }

    fn slash(&mut self, owner: Owner) -> Option<()> {
        self.token(T::Div)?;
        self.separator(owner)
    }

    fn slash_no_default(&mut self, owner: Owner) -> Option<()> {
        self.some(|p| p.param_no_default(owner))?;
        self.slash(owner)
    }

    fn slash_with_default(&mut self, owner: Owner) -> Option<()> {
        self.many(|p| p.param_no_default(owner))?;
        self.some(|p| p.param_with_default(owner))?;
        self.slash(owner)
    }

    fn any_slash(&mut self, owner: Owner) -> Option<()> {
        first!(self as p: p.slash_no_default(owner), p.slash_with_default(owner))
    }

    fn param(&mut self, owner: Owner) -> Option<Node> {
        let start = self.position;
        self.name()?;
        if owner == Owner::Function {
            self.optional(|p| {
                p.token(T::Colon)?;
                p.expression()
            })?;
        }
        Some(self.node(start, Shape::Other))
    }

    fn param_no_default(&mut self, owner: Owner) -> Option<Node> {
        let param = self.param(owner)?;
        self.separator(owner)?;
        Some(param)
    }

    fn param_with_default(&mut self, owner: Owner) -> Option<Node> {
        let param = self.param(owner)?;
        self.default()?;
        self.separator(owner)?;
        Some(param)
    }

    fn param_maybe_default(&mut self, owner: Owner) -> Option<Node> {
        let param = self.param(owner)?;
        self.optional(Self::default)?;
        self.separator(owner)?;
        Some(param)
    }

    fn default(&mut self) -> Option<Node> {
        first!(self as p: {
            p.token(T::Assign)?;
            p.expression()
        }, {
            if !p.second_pass {
                return None;
            }
            let a = p.token(T::Assign)?;
            if !p.at_any(&[T::RParen, T::Comma]) {
                return None;
            }
            p.raise(a.location, "expected default value expression")
        })
    }

    fn star_etc(&mut self, owner: Owner) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| p.invalid_star_etc(owner));
        }
        let start = self.position;
        first!(self as p: {
            p.token(T::Mult)?;
            p.param_no_default(owner)?;
            p.many(|p| p.param_maybe_default(owner))?;
            p.optional(|p| p.kwds(owner))?;
            Some(p.node(start, Shape::Other))
        }, {
            if owner == Owner::Lambda {
                return None;
            }
            p.token(T::Mult)?;
            p.name()?;
            p.token(T::Colon)?;
            p.star_expression()?;
            p.separator(owner)?;
            p.many(|p| p.param_maybe_default(owner))?;
            p.optional(|p| p.kwds(owner))?;
            Some(p.node(start, Shape::Other))
        }, {
            p.token(T::Mult)?;
            p.token(T::Comma)?;
            p.some(|p| p.param_maybe_default(owner))?;
            p.optional(|p| p.kwds(owner))?;
            Some(p.node(start, Shape::Other))
        }, p.kwds(owner))
    }

    fn kwds(&mut self, owner: Owner) -> Option<Node> {
        if self.second_pass {
            self.attempt(|p| p.invalid_kwds(owner));
        }
        self.token(T::Pow)?;
        self.param_no_default(owner)
    }

    fn invalid_kwds(&mut self, owner: Owner) -> Option<Node> {
        let parameter = self.grammar.mistakes.parameter;
        self.token(T::Pow)?;
        self.param(owner)?;
        if let Some(a) = self.token(T::Assign) {
            return self.raise(a.location, &format!("var-keyword {parameter} cannot have default value"));
        }
        self.token(T::Comma)?;
        let message = &format!("{parameter}s cannot follow var-keyword {parameter}");
        first!(self as p: {
            let a = p.param(owner)?;
            p.raise(a.location, message)
        }, {
            let a = p.any_token(&[T::Mult, T::Pow, T::Div])?;
            p.raise(a.location, message)
        })
    }

    fn invalid_star_etc(&mut self, owner: Owner) -> Option<Node> {
        let parameter = self.grammar.mistakes.parameter;
        let a = self.token(T::Mult)?;
        let after = self.position;
        let bare = self.at(owner.end())
            || self.ahead(|p| {
                p.token(T::Comma)?;
                if p.at_any(&[owner.end(), T::Pow]) { Some(()) } else { None }
            });
        if bare {
            if owner == Owner::Lambda {
                // CPython reads what is behind the star before it complains, and points at the last of it.
                if self.token(T::Comma).is_some() {
                    self.at(T::Pow);
                }
                return self.raise_last(
                    ErrorKind::Syntax,
                    &format!("named {}s must follow bare *", self.grammar.mistakes.parameter),
                );
            }
            return self.raise(
                a.location,
                &format!("named {}s must follow bare *", self.grammar.mistakes.parameter),
            );
        }
        self.attempt(|p| {
            p.param(owner)?;
            let a = p.token(T::Assign)?;
            p.raise::<Node>(a.location, &format!("var-positional {parameter} cannot have default value"))
        });
        self.position = after;
        first!(self as p: {
            first!(p: p.param_no_default(owner), p.token(T::Comma))
        })?;
        self.many(|p| p.param_maybe_default(owner))?;
        let a = self.token(T::Mult)?;
        first!(self as p: p.param_no_default(owner), p.token(T::Comma))?;
        let message = if parameter == "argument" {
            "* argument may appear only once"
        } else {
            "* may appear only once"
        };
        self.raise(a.location, message)
    }

    fn invalid_parameters(&mut self, owner: Owner) -> Option<Node> {
        if self.grammar.mistakes.default_order_first {
            self.attempt(|p| p.default_order(owner));
        }
        let parameter = self.grammar.mistakes.parameter;
        self.attempt(|p| {
            let a = p.token(T::Div)?;
            p.token(T::Comma)?;
            p.raise::<Node>(a.location, &format!("at least one {parameter} must precede /"))
        });
        self.attempt(|p| {
            p.any_slash(owner)?;
            p.many(|p| p.param_maybe_default(owner))?;
            let a = p.token(T::Div)?;
            p.raise::<Node>(a.location, "/ may appear only once")
        });
        self.attempt(|p| p.default_order(owner));
        self.attempt(|p| {
            p.many(|p| p.param_no_default(owner))?;
            let a = p.token(T::LParen)?;
            if owner == Owner::Function {
                p.some(|p| p.param_no_default(owner))?;
            } else {
                p.list_of(|p| p.param(owner))?;
            }
            p.optional(|p| p.token(T::Comma))?;
            let b = p.token(T::RParen)?;
            let what = if owner == Owner::Function { "Function" } else { "Lambda expression" };
            p.raise::<Node>(a.location.to(b.location), &format!("{what} parameters cannot be parenthesized"))
        });
        self.attempt(|p| {
            p.optional(|p| p.any_slash(owner))?;
            p.many(|p| p.param_maybe_default(owner))?;
            p.token(T::Mult)?;
            first!(p: p.token(T::Comma), p.param_no_default(owner))?;
            p.many(|p| p.param_maybe_default(owner))?;
            let a = p.token(T::Div)?;
            p.raise::<Node>(a.location, "/ must be ahead of *")
        });
        self.attempt(|p| {
            p.some(|p| p.param_maybe_default(owner))?;
            p.token(T::Div)?;
            let a = p.token(T::Mult)?;
            p.raise::<Node>(a.location, "expected comma between / and *")
        })
    }

    fn default_order(&mut self, owner: Owner) -> Option<Node> {
        self.optional(|p| p.slash_no_default(owner))?;
        self.many(|p| p.param_no_default(owner))?;
        first!(self as p: p.slash_with_default(owner), p.some(|p| p.param_with_default(owner)).map(|_| ()))?;
        let a = self.param_no_default(owner)?;
        self.raise(a.location, self.grammar.mistakes.default_order)
    }

    pub(super) fn type_params(&mut self) -> Option<Node> {
        if !self.grammar.type_params {
            return None;
        }
        if self.second_pass && self.grammar.mistakes.empty_type_params_errors {
            self.attempt(|p| {
                p.token(T::LBracket)?;
                let close = p.token(T::RBracket)?;
                p.raise_from::<Node>(close.location, "Type parameter list cannot be empty")
            });
        }
        let start = self.position;
        self.attempt(|p| {
            p.token(T::LBracket)?;
            p.list_of(Self::type_param)?;
            p.optional(|p| p.token(T::Comma))?;
            p.token(T::RBracket)
        })?;
        Some(self.node(start, Shape::Other))
    }

    fn type_param(&mut self) -> Option<Node> {
        first!(self as p: {
            let name = p.name()?;
            p.optional(|p| {
                p.token(T::Colon)?;
                p.expression()
            })?;
            p.optional(|p| p.type_param_default(T::Name))?;
            Some(name)
        }, {
            if !p.second_pass {
                return None;
            }
            p.invalid_type_param()
        }, {
            let star = p.any_token(&[T::Mult, T::Pow])?;
            p.name()?;
            let kind = if p.tokens[p.position - 2].kind == T::Mult { T::Mult } else { T::Pow };
            p.optional(|p| p.type_param_default(kind))?;
            Some(star)
        })
    }

    fn type_param_default(&mut self, kind: T) -> Option<Node> {
        if !self.grammar.type_param_defaults {
            return None;
        }
        self.token(T::Assign)?;
        if kind == T::Mult { self.star_expression() } else { self.expression() }
    }

    fn invalid_type_param(&mut self) -> Option<Node> {
        let what = match self.kind() {
            T::Mult => "TypeVarTuple",
            T::Pow => "ParamSpec",
            _ => return None,
        };
        self.position += 1;
        self.name()?;
        let colon = self.token(T::Colon)?;
        let bound = self.expression()?;
        let noun = if bound.shape == Shape::Tuple { "constraints" } else { "bound" };
        self.raise_from(colon.location, &format!("cannot use {noun} with {what}"))
    }
}
