//! Parameters of functions and lambdas, and type parameters. Grammar: `params`, `lambda_params`, `type_params`.

use super::{Fail, Parse, Parser, to_arena};
use crate::ast::{Arg, Arguments, Expr, TypeParam, TypeParamKind};
use crate::lexer::token::TokenKind;

/// Whose parameters they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Function,
    Lambda,
}

impl Owner {
    /// What ends the list.
    fn end(self) -> TokenKind {
        match self {
            Owner::Function => TokenKind::RParen,
            Owner::Lambda => TokenKind::Colon,
        }
    }
}

/// A parameter list under construction; indices are into the scratch stack of parameters.
struct ParameterList<'a> {
    base: usize,
    slash: Option<usize>,
    star: Option<usize>,
    vararg: Option<&'a Arg<'a>>,
    kwarg: Option<&'a Arg<'a>>,
    defaults_base: usize,
    kw_defaults_base: usize,
}

impl<'a> Parser<'a, '_> {
    /// The parameters of a `def`, up to its closing parenthesis.
    pub(super) fn function_parameters(&mut self) -> Parse<&'a Arguments<'a>> {
        self.parameters(Owner::Function)
    }

    /// The parameters of a lambda, up to its colon.
    pub(super) fn lambda_parameters(&mut self) -> Parse<&'a Arguments<'a>> {
        self.parameters(Owner::Lambda)
    }

    fn parameters(&mut self, owner: Owner) -> Parse<&'a Arguments<'a>> {
        let mut list = ParameterList {
            base: self.scratch.args.len(),
            slash: None,
            star: None,
            vararg: None,
            kwarg: None,
            defaults_base: self.scratch.exprs.len(),
            kw_defaults_base: self.scratch.keys.len(),
        };
        while !self.at(owner.end()) {
            match self.current.kind {
                TokenKind::Name => self.parameter(owner, &mut list)?,
                TokenKind::Div => {
                    let here = self.scratch.args.len();
                    if here == list.base || list.slash.is_some() || list.star.is_some() {
                        return Err(Fail);
                    }
                    self.bump();
                    list.slash = Some(here);
                }
                TokenKind::Mult => self.star_parameter(owner, &mut list)?,
                TokenKind::Pow => {
                    self.bump();
                    let arg = self.arg(owner, TokenKind::Pow)?;
                    list.kwarg = Some(self.alloc(arg));
                    self.eat(TokenKind::Comma);
                    break;
                }
                _ => return Err(Fail),
            }
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        if !self.at(owner.end()) || list.star.is_some_and(|star| self.lacks_keyword_only(&list, star)) {
            return Err(Fail);
        }
        Ok(self.finish_parameters(&list))
    }

    /// Whether nothing stands behind a `*` that is no parameter itself.
    fn lacks_keyword_only(&self, list: &ParameterList<'a>, star: usize) -> bool {
        list.vararg.is_none() && self.scratch.args.len() == star
    }

    fn finish_parameters(&mut self, list: &ParameterList<'a>) -> &'a Arguments<'a> {
        let all = &self.scratch.args;
        let slash = list.slash.unwrap_or(list.base);
        let star = list.star.unwrap_or(all.len());
        let posonlyargs = to_arena(self.arena, &all[list.base..slash]);
        let args = to_arena(self.arena, &all[slash..star]);
        let kwonlyargs = to_arena(self.arena, &all[star..]);
        self.scratch.args.truncate(list.base);
        let kw_defaults = self.take_keys(list.kw_defaults_base);
        let defaults = self.take_exprs(list.defaults_base);
        let ParameterList { vararg, kwarg, .. } = *list;
        self.alloc(Arguments { posonlyargs, args, vararg, kwonlyargs, kw_defaults, kwarg, defaults })
    }

    /// A name, perhaps with a default.
    fn parameter(&mut self, owner: Owner, list: &mut ParameterList<'a>) -> Parse<()> {
        let arg = self.arg(owner, TokenKind::Name)?;
        self.scratch.args.push(arg);
        let default = if self.eat(TokenKind::Assign) { Some(self.expression()?) } else { None };
        if list.star.is_some() {
            self.scratch.keys.push(default);
        } else if let Some(default) = default {
            self.scratch.exprs.push(default);
        } else if self.scratch.exprs.len() > list.defaults_base {
            return Err(Fail);
        }
        Ok(())
    }

    fn star_parameter(&mut self, owner: Owner, list: &mut ParameterList<'a>) -> Parse<()> {
        if list.star.is_some() {
            return Err(Fail);
        }
        self.bump();
        list.star = Some(self.scratch.args.len());
        if self.at(TokenKind::Comma) {
            return Ok(());
        }
        let arg = self.arg(owner, TokenKind::Mult)?;
        list.vararg = Some(self.alloc(arg));
        Ok(())
    }

    /// A parameter's name and annotation; after `*` the annotation may be starred.
    fn arg(&mut self, owner: Owner, behind: TokenKind) -> Parse<Arg<'a>> {
        let start = self.start();
        let arg = self.name()?;
        let annotation = if owner == Owner::Function && self.eat(TokenKind::Colon) {
            let annotation =
                if behind == TokenKind::Mult { self.star_expression()? } else { self.expression()? };
            Some(self.alloc(annotation))
        } else {
            None
        };
        Ok(Arg { location: self.since(start), arg, annotation })
    }

    /// `[T, *Ts, **P]` behind the name of a function, a class or a type alias, if it is there.
    pub(super) fn type_params(&mut self) -> Parse<&'a [TypeParam<'a>]> {
        if !self.at(TokenKind::LBracket) || !self.grammar.type_params {
            return Ok(&[]);
        }
        self.bump();
        let base = self.scratch.type_params.len();
        loop {
            let param = self.type_param()?;
            self.scratch.type_params.push(param);
            if !self.eat(TokenKind::Comma) || self.at(TokenKind::RBracket) {
                break;
            }
        }
        self.expect(TokenKind::RBracket)?;
        Ok(self.take_type_params(base))
    }

    fn type_param(&mut self) -> Parse<TypeParam<'a>> {
        let start = self.start();
        let first = self.current.kind;
        if matches!(first, TokenKind::Mult | TokenKind::Pow) {
            self.bump();
        }
        let name = self.name()?;
        let kind = match first {
            TokenKind::Mult => TypeParamKind::TypeVarTuple,
            TokenKind::Pow => TypeParamKind::ParamSpec,
            _ if self.eat(TokenKind::Colon) => {
                let bound = self.expression()?;
                TypeParamKind::TypeVar { bound: Some(self.alloc(bound)) }
            }
            _ => TypeParamKind::TypeVar { bound: None },
        };
        let default_value = self.type_param_default(first)?;
        Ok(TypeParam { location: self.since(start), name, default_value, kind })
    }

    fn type_param_default(&mut self, first: TokenKind) -> Parse<Option<Expr<'a>>> {
        if !self.grammar.type_param_defaults || !self.eat(TokenKind::Assign) {
            return Ok(None);
        }
        if first == TokenKind::Mult { self.star_expression().map(Some) } else { self.expression().map(Some) }
    }
}
