//! Functions and lambdas: defaults, closures, decorators.

use prepyc_bytecode::{CodeObject, Constant, StrId};
use prepyc_syntax::ast::{Arguments, Expr, ExprContext, FunctionDef, Stmt};
use prepyc_syntax::{ErrorKind, SyntaxError};
use std::sync::Arc;

use super::frame_block::FrameBlock;
use super::unit::{AtEnd, Parameters, UnitKind};
use super::{Codegen, Failure, Generated, place};
use crate::docstring::docstring;
use crate::location::Location;
use crate::op::Op;
use crate::symtable::{NameScope, NodeKey};

pub(super) const INTRINSIC_SET_FUNCTION_TYPE_PARAMS: u32 = 4;

/// What stands on the stack for a function to be made: bits of `SET_FUNCTION_ATTRIBUTE`.
#[derive(Clone, Copy, Default)]
pub(super) struct FunctionParts(pub(super) u32);

impl FunctionParts {
    pub(super) const DEFAULTS: u32 = 1;
    pub(super) const KWDEFAULTS: u32 = 2;
    pub(super) const ANNOTATIONS: u32 = 4;
    const CLOSURE: u32 = 8;
    pub(super) const ANNOTATE: u32 = 16;
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn function(
        &mut self,
        s: &'a Stmt<'a>,
        def: &'a FunctionDef<'a>,
        kind: UnitKind,
    ) -> Generated {
        let loc = place(s.location);
        let firstlineno =
            def.decorator_list.first().map_or(s.location.lineno, |first| self.location_of(first).lineno);
        self.check_parameters(def.args)?;
        self.expressions(def.decorator_list)?;
        let mut parts = self.defaults(def.args, loc)?;
        let given = parts.0.count_ones();
        let is_generic = !def.type_params.is_empty();
        if is_generic {
            if given == 2 {
                self.emit_with(Op::Swap, 2, loc);
            }
            self.enter_type_parameters(def.name, NodeKey::type_parameters(s), firstlineno, None);
            self.type_parameters(def.type_params)?;
            for index in 0..given {
                self.emit_with(Op::LoadFast, index, loc);
            }
        }
        parts.0 |= self.function_annotations(def, loc)?;
        self.function_body(s, def, kind, parts, firstlineno)?;
        if is_generic {
            self.emit_with(Op::Swap, 2, loc);
            self.emit_with(Op::CallIntrinsic2, INTRINSIC_SET_FUNCTION_TYPE_PARAMS, loc);
            // Not known before: annotations cannot tell that there is an argument (as `super()` asks).
            self.unit.metadata.argcount = given;
            let code = self.leave(AtEnd::ReturnTop)?;
            self.make_closure(code, FunctionParts::default(), loc)?;
            if given > 0 {
                self.emit_with(Op::Swap, given + 1, loc);
                self.emit_with(Op::Call, given - 1, loc);
            } else {
                self.emit(Op::PushNull, loc);
                self.emit_with(Op::Call, 0, loc);
            }
        }
        self.apply_decorators(def.decorator_list);
        self.store_name(def.name, loc)
    }

    pub(super) fn apply_decorators(&mut self, decorators: &'a [Expr<'a>]) {
        for decorator in decorators.iter().rev() {
            self.emit_with(Op::Call, 0, self.place_of(decorator));
        }
    }

    fn function_body(
        &mut self,
        s: &'a Stmt<'a>,
        def: &'a FunctionDef<'a>,
        kind: UnitKind,
        parts: FunctionParts,
        firstlineno: u32,
    ) -> Generated {
        let id = self.scope_of(NodeKey::body(s));
        self.enter(def.name, kind, id, firstlineno, None, parameters(def.args));
        let doc = docstring(def.body).filter(|_| self.optimize.keeps_docstrings());
        let body = match doc {
            Some(text) => {
                let clean = self.clean_docstring(text)?;
                self.string_index(clean);
                &def.body[1..]
            }
            None => {
                if !self.features.docstrings_and_methods_are_flagged {
                    self.constant_index(Constant::None);
                }
                self.without_docstring(def.body)
            }
        };
        let scope = self.scope();
        let is_generator = scope.coroutine || scope.generator;
        if is_generator {
            self.push_block(FrameBlock::Transparent, place(s.location))?;
        }
        self.statements(body)?;
        if is_generator {
            self.wrap_in_stopiteration_handler();
            self.pop_block();
        }
        let code = self.leave(AtEnd::ReturnNone)?;
        self.make_closure(code, parts, place(s.location))?;
        Ok(())
    }

    pub(super) fn lambda(
        &mut self,
        e: &'a Expr<'a>,
        args: &'a Arguments<'a>,
        body: &'a Expr<'a>,
    ) -> Generated {
        self.check_parameters(args)?;
        let loc = place(e.location);
        let parts = self.defaults(args, loc)?;
        let id = self.scope_of(NodeKey::body(e));
        self.enter(self.names.lambda, UnitKind::Lambda, id, e.location.lineno, None, parameters(args));
        if !self.features.docstrings_and_methods_are_flagged {
            self.constant_index(Constant::None);
        }
        self.expression(body)?;
        let code = if self.scope().generator {
            self.leave(AtEnd::ReturnTop)?
        } else {
            self.emit(Op::ReturnValue, self.place_of(body));
            self.leave(AtEnd::ReturnNone)?
        };
        self.make_closure(code, parts, loc)?;
        Ok(())
    }

    fn check_parameters(&self, args: &Arguments<'_>) -> Generated {
        if self.features.symtable_checks_context {
            return Ok(());
        }
        let positional = args.posonlyargs.iter().chain(args.args);
        let mut all = positional.chain(args.vararg).chain(args.kwonlyargs).chain(args.kwarg);
        all.try_for_each(|arg| self.check_name(arg.arg, ExprContext::Store, place(arg.location)))
    }

    fn defaults(&mut self, args: &'a Arguments<'a>, loc: Location) -> Generated<FunctionParts> {
        let mut parts = FunctionParts::default();
        if !args.defaults.is_empty() {
            parts.0 |= FunctionParts::DEFAULTS;
            self.expressions(args.defaults)?;
            self.emit_with(Op::BuildTuple, args.defaults.len() as u32, loc);
        }
        let mut names = Vec::new();
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            let Some(default) = default else { continue };
            let name = self.mangle(arg.arg);
            names.push(Constant::Str(name));
            if !self.features.maps_with_constant_keys {
                self.load_str(name, loc);
            }
            self.expression(default)?;
        }
        if !names.is_empty() {
            parts.0 |= FunctionParts::KWDEFAULTS;
            let count = names.len() as u32;
            if self.features.maps_with_constant_keys {
                self.load_const(Constant::Tuple(names.into()), loc);
                self.emit_with(Op::BuildConstKeyMap, count, loc);
            } else {
                self.emit_with(Op::BuildMap, count, loc);
            }
        }
        Ok(parts)
    }

    /// Makes a function of a code object, with the cells it asks for.
    pub(super) fn make_closure(
        &mut self,
        code: Arc<CodeObject>,
        mut parts: FunctionParts,
        loc: Location,
    ) -> Generated {
        let mut count = 0;
        let freevars: Vec<StrId> = code.freevars(self.strings).collect();
        for name in freevars {
            let is_class_cell = self.unit.kind == UnitKind::Class
                && [self.names.class, self.names.classdict, self.names.conditional_annotations]
                    .contains(&name);
            let index =
                if is_class_cell { self.unit.metadata.cellvars.find(name) } else { self.find_deref(name) };
            let Some(index) = index else { return self.no_cell(name, &code, is_class_cell) };
            self.emit_with(Op::LoadClosure, index, loc);
            count += 1;
        }
        if count > 0 {
            self.emit_with(Op::BuildTuple, count, loc);
            parts.0 |= FunctionParts::CLOSURE;
        }
        self.load_const(Constant::Code(code), loc);
        self.emit(Op::MakeFunction, loc);
        for part in [
            FunctionParts::CLOSURE,
            FunctionParts::ANNOTATIONS,
            FunctionParts::ANNOTATE,
            FunctionParts::KWDEFAULTS,
            FunctionParts::DEFAULTS,
        ] {
            if parts.0 & part != 0 {
                self.emit_with(Op::SetFunctionAttribute, part, loc);
            }
        }
        Ok(())
    }
}

impl Codegen<'_, '_> {
    /// CPython's own words where a function is to get a cell that there is not (`codegen_make_closure`).
    fn no_cell(&mut self, name: StrId, code: &CodeObject, is_class_cell: bool) -> Generated {
        let scope = if is_class_cell { NameScope::Cell } else { self.name_scope(name) };
        let reftype = match scope {
            NameScope::Unknown => 0,
            NameScope::Local => 1,
            NameScope::GlobalExplicit => 2,
            NameScope::GlobalImplicit => 3,
            NameScope::Free => 4,
            NameScope::Cell => 5,
        };
        let unit = self.unit.metadata.name;
        let (name, unit, code_name) = (self.text(name), self.text(unit), self.text(code.name));
        let names: Vec<StrId> = code.freevars(self.strings).collect();
        let mut freevars: String = names.iter().map(|&name| format!("'{}', ", self.text(name))).collect();
        freevars.truncate(freevars.len() - if names.len() == 1 { 1 } else { 2 });
        let message = format!(
            "compiler_lookup_arg(name='{name}') with reftype={reftype} failed in {unit}; \
             freevars of code {code_name}: ({freevars})"
        );
        Err(Box::new(Failure::Syntax(SyntaxError { kind: ErrorKind::System, message, place: None })))
    }
}

fn parameters(args: &Arguments<'_>) -> Parameters {
    Parameters {
        positional: args.args.len() as u32,
        positional_only: args.posonlyargs.len() as u32,
        keyword_only: args.kwonlyargs.len() as u32,
    }
}
