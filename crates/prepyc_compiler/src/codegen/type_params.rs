//! Type parameters and type aliases.

use prepyc_bytecode::{Constant, PyInt, StrId};
use prepyc_syntax::ast::{Expr, ExprKind, Stmt, TypeAlias, TypeParam, TypeParamKind};

use super::function::FunctionParts;
use super::unit::{AtEnd, Parameters, UnitKind};
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::symtable::{NodeKey, ScopeKind};

const INTRINSIC_TYPEVAR: u32 = 7;
const INTRINSIC_PARAMSPEC: u32 = 8;
const INTRINSIC_TYPEVARTUPLE: u32 = 9;
const INTRINSIC_TYPEALIAS: u32 = 11;
const INTRINSIC_TYPEVAR_WITH_BOUND: u32 = 2;
const INTRINSIC_TYPEVAR_WITH_CONSTRAINTS: u32 = 3;
const INTRINSIC_SET_TYPEPARAM_DEFAULT: u32 = 5;

/// What a star before the expression does: the default of a `*Ts` is unpacked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Star {
    Unpacked,
    Refused,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn enter_type_parameters(
        &mut self,
        name: StrId,
        key: NodeKey,
        firstlineno: u32,
        class: Option<StrId>,
    ) {
        let text = [b"<generic parameters of ", self.strings.get(name).as_bytes(), b">"].concat();
        let name = self.intern_bytes(&text);
        let id = self.scope_of(key);
        self.enter(name, UnitKind::TypeParameters, id, firstlineno, class, Parameters::default());
    }

    pub(super) fn type_parameters(&mut self, params: &'a [TypeParam<'a>]) -> Generated {
        let mut seen_default = false;
        for param in params {
            let loc = place(param.location);
            self.load_str(param.name, loc);
            let mut star = Star::Refused;
            match param.kind {
                TypeParamKind::TypeVar { bound: Some(bound) } => {
                    self.evaluated_later(bound, param.name, NodeKey::bound(param), Star::Refused)?;
                    // A tuple that is folded in the tree is a bound like any other.
                    let is_folded = self.folds_tree() && self.constant(bound).is_some();
                    let intrinsic = if matches!(bound.kind, ExprKind::Tuple { .. }) && !is_folded {
                        INTRINSIC_TYPEVAR_WITH_CONSTRAINTS
                    } else {
                        INTRINSIC_TYPEVAR_WITH_BOUND
                    };
                    self.emit_with(Op::CallIntrinsic2, intrinsic, loc);
                }
                TypeParamKind::TypeVar { bound: None } => {
                    self.emit_with(Op::CallIntrinsic1, INTRINSIC_TYPEVAR, loc);
                }
                TypeParamKind::ParamSpec => self.emit_with(Op::CallIntrinsic1, INTRINSIC_PARAMSPEC, loc),
                TypeParamKind::TypeVarTuple => {
                    star = Star::Unpacked;
                    self.emit_with(Op::CallIntrinsic1, INTRINSIC_TYPEVARTUPLE, loc);
                }
            }
            if let Some(default) = &param.default_value {
                seen_default = true;
                self.evaluated_later(default, param.name, NodeKey::default(param), star)?;
                self.emit_with(Op::CallIntrinsic2, INTRINSIC_SET_TYPEPARAM_DEFAULT, loc);
            } else if seen_default {
                let message = format!(
                    "non-default type parameter '{}' follows default type parameter",
                    self.text(param.name)
                );
                return self.error(message, param.location);
            }
            self.emit_with(Op::Copy, 1, loc);
            self.store_name(param.name, loc)?;
        }
        let first = place(params[0].location);
        self.emit_with(Op::BuildTuple, params.len() as u32, first);
        Ok(())
    }

    /// The function that evaluates a bound, a default or an alias when it is asked for.
    fn evaluated_later(&mut self, e: &'a Expr<'a>, name: StrId, key: NodeKey, star: Star) -> Generated {
        let loc = self.place_of(e);
        let parts = self.enter_evaluator(name, key, loc, self.location_of(e).lineno);
        match e.kind {
            ExprKind::Starred { value, .. } if star == Star::Unpacked => {
                self.expression(value)?;
                self.emit_with(Op::UnpackSequence, 1, loc);
            }
            _ => self.expression(e)?,
        }
        self.emit(Op::ReturnValue, loc);
        let code = self.leave(AtEnd::ReturnNone)?;
        self.make_closure(code, parts, loc)?;
        Ok(())
    }

    fn enter_evaluator(&mut self, name: StrId, key: NodeKey, loc: Location, line: u32) -> FunctionParts {
        let id = self.scope_of(key);
        if self.features.lazy_annotations {
            self.load_const(Constant::Tuple([Constant::Int(PyInt::from(1_i64))].into()), loc);
            self.enter_annotations(name, id, loc, line);
            return FunctionParts(FunctionParts::DEFAULTS);
        }
        let kind = match self.table.scope(id).kind {
            ScopeKind::TypeAlias => UnitKind::Function,
            _ => UnitKind::TypeParameters,
        };
        self.enter(name, kind, id, line, None, Parameters::default());
        FunctionParts::default()
    }

    pub(super) fn type_alias(&mut self, s: &'a Stmt<'a>, alias: &'a TypeAlias<'a>) -> Generated {
        let loc = place(s.location);
        let ExprKind::Name { id: name, .. } = alias.name.kind else { unreachable!("an alias has a name") };
        let is_generic = !alias.type_params.is_empty();
        if is_generic {
            self.enter_type_parameters(name, NodeKey::type_parameters(s), s.location.lineno, None);
            self.load_str(name, loc);
            self.type_parameters(alias.type_params)?;
        } else {
            self.load_str(name, loc);
            self.load_none(loc);
        }
        let parts = self.enter_evaluator(name, NodeKey::body(s), loc, s.location.lineno);
        if !self.features.docstrings_and_methods_are_flagged {
            self.constant_index(Constant::None);
        }
        self.expression(&alias.value)?;
        self.emit(Op::ReturnValue, loc);
        let code = self.leave(AtEnd::ReturnTop)?;
        self.make_closure(code, parts, loc)?;
        self.emit_with(Op::BuildTuple, 3, loc);
        self.emit_with(Op::CallIntrinsic1, INTRINSIC_TYPEALIAS, loc);
        if is_generic {
            let code = self.leave(AtEnd::ReturnTop)?;
            self.make_closure(code, FunctionParts::default(), loc)?;
            self.emit(Op::PushNull, loc);
            self.emit_with(Op::Call, 0, loc);
        }
        self.store_name(name, loc)
    }
}
