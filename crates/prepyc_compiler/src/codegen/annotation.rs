//! Annotations: evaluated where they stand (to 3.13), or in functions of their own (from 3.14 on).

use std::sync::Arc;

use prepyc_bytecode::{CodeObject, Constant, PyInt, StrId};
use prepyc_syntax::ast::{AnnAssign, Expr, ExprContext, ExprKind, FunctionDef, Stmt, StmtKind};

use super::function::FunctionParts;
use super::unit::{AtEnd, Parameters, UnitKind};
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::symtable::{NodeKey, ScopeId, has_annotations as has_function_annotations};

/// `annotationlib.Format.VALUE_WITH_FAKE_GLOBALS`.
const VALUE_WITH_FAKE_GLOBALS: i64 = 2;
const COMPARE_GREATER: u32 = 4 << 5 | 4;
const NOT_IMPLEMENTED_ERROR: u32 = 1;

impl<'a> Codegen<'a, '_> {
    /// Whether a module or class begins by making its `__annotations__`.
    pub(super) fn sets_up_annotations(&self, statements: &[Stmt<'_>]) -> bool {
        if self.features.lazy_annotations {
            return self.future.annotations && self.scope().annotations_used;
        }
        has_annotations(statements)
    }

    pub(super) fn function_annotations(&mut self, def: &'a FunctionDef<'a>, loc: Location) -> Generated<u32> {
        if !self.features.lazy_annotations {
            let count = self.annotations_of(def, loc)?;
            if count == 0 {
                return Ok(0);
            }
            self.emit_with(Op::BuildTuple, count * 2, loc);
            return Ok(FunctionParts::ANNOTATIONS);
        }
        if !has_function_annotations(def) {
            return Ok(0);
        }
        let id = self.scope_of(NodeKey::annotations(def.args));
        self.enter_annotations(self.names.annotate, id, loc, loc.line().unwrap_or(1));
        let count = self.annotations_of(def, loc)?;
        self.emit_with(Op::BuildMap, count, loc);
        let code = self.leave_annotations(loc)?;
        self.make_closure(code, FunctionParts::default(), loc)?;
        Ok(FunctionParts::ANNOTATE)
    }

    fn annotations_of(&mut self, def: &'a FunctionDef<'a>, loc: Location) -> Generated<u32> {
        let args = def.args;
        let ordered = args.args.iter().chain(args.posonlyargs).chain(args.vararg).chain(args.kwonlyargs);
        let mut count = 0;
        for arg in ordered.chain(args.kwarg) {
            if let Some(annotation) = arg.annotation {
                self.argument_annotation(arg.arg, annotation, loc)?;
                count += 1;
            }
        }
        if let Some(returns) = def.returns {
            self.argument_annotation(self.names.return_, returns, loc)?;
            count += 1;
        }
        Ok(count)
    }

    fn argument_annotation(&mut self, name: StrId, annotation: &'a Expr<'a>, loc: Location) -> Generated {
        let mangled = self.mangle(name);
        self.load_str(mangled, loc);
        if self.future.annotations {
            return self.annotation_text(annotation);
        }
        match annotation.kind {
            ExprKind::Starred { value, .. } => {
                self.expression(value)?;
                self.emit_with(Op::UnpackSequence, 1, loc);
                Ok(())
            }
            _ => self.expression(annotation),
        }
    }

    /// PEP 563: the annotation as it would be written.
    fn annotation_text(&mut self, annotation: &'a Expr<'a>) -> Generated {
        if let ExprKind::Name { id, .. } = annotation.kind {
            self.load_str(id, place(annotation.location));
            return Ok(());
        }
        let text = self.unparser.unparse(annotation, self.strings, self.features)?;
        let text = self.intern_bytes(&text);
        self.load_str(text, place(annotation.location));
        Ok(())
    }

    /// Opens a function that evaluates annotations, and refuses formats it does not know.
    pub(super) fn enter_annotations(&mut self, name: StrId, id: ScopeId, loc: Location, line: u32) {
        let parameters = Parameters { positional_only: 1, ..Parameters::default() };
        self.enter(name, UnitKind::Annotations, id, line, None, parameters);
        let body = self.new_label();
        self.emit_with(Op::LoadFast, 0, loc);
        self.load_const(Constant::Int(PyInt::from(VALUE_WITH_FAKE_GLOBALS)), loc);
        self.emit_with(Op::CompareOp, COMPARE_GREATER, loc);
        self.emit_jump(Op::PopJumpIfFalse, body, loc);
        self.emit_with(Op::LoadCommonConstant, NOT_IMPLEMENTED_ERROR, loc);
        self.emit_with(Op::RaiseVarargs, 1, loc);
        self.use_label(body);
    }

    /// Ends such a function. Its argument has a name that no annotation can mean; for callers it is `format`, which
    /// evaluators of type parameters and aliases do without (CPython: `codegen_leave_annotations_scope`).
    fn leave_annotations(&mut self, loc: Location) -> Generated<Arc<CodeObject>> {
        self.emit(Op::ReturnValue, loc);
        let mut code = self.leave(AtEnd::ReturnNone)?;
        let made = Arc::get_mut(&mut code).expect("the code is new");
        let mut names = self.strings.names(made.localsplusnames).to_vec();
        names[0] = self.names.format;
        made.localsplusnames = self.strings.intern_names(&names);
        Ok(code)
    }

    pub(super) fn annotated(&mut self, s: &'a Stmt<'a>, node: &'a AnnAssign<'a>) -> Generated {
        let loc = place(s.location);
        if let Some(value) = &node.value {
            self.expression(value)?;
            self.expression(&node.target)?;
        }
        if let ExprKind::Name { id: name, .. } | ExprKind::Attribute { attr: name, .. } = node.target.kind {
            self.check_name(name, ExprContext::Store, loc)?;
        }
        let in_body = matches!(self.unit.kind, UnitKind::Module | UnitKind::Class);
        match node.target.kind {
            ExprKind::Name { id, .. } if node.simple && in_body => {
                if self.features.lazy_annotations && !self.future.annotations {
                    self.defer_annotation(s, node, loc);
                } else {
                    if self.future.annotations {
                        self.annotation_text(&node.annotation)?;
                    } else {
                        self.expression(&node.annotation)?;
                    }
                    self.emit_name(Op::LoadName, self.names.annotations, 0, 0, loc);
                    let mangled = self.mangle(id);
                    self.load_str(mangled, loc);
                    self.emit(Op::StoreSubscr, loc);
                }
            }
            ExprKind::Attribute { value, .. } if node.value.is_none() => self.only_evaluate(value)?,
            ExprKind::Subscript { value, slice, .. } if node.value.is_none() => {
                self.only_evaluate(value)?;
                self.evaluate_subscript(slice)?;
            }
            _ => {}
        }
        if !node.simple && in_body && !self.future.annotations && !self.features.lazy_annotations {
            self.only_evaluate(&node.annotation)?;
        }
        Ok(())
    }

    fn only_evaluate(&mut self, e: &'a Expr<'a>) -> Generated {
        self.expression(e)?;
        let loc = self.place_of(e);
        self.emit(Op::PopTop, loc);
        Ok(())
    }

    fn evaluate_subscript(&mut self, e: &'a Expr<'a>) -> Generated {
        match e.kind {
            ExprKind::Slice(slice) => {
                for part in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
                    self.only_evaluate(part)?;
                }
                Ok(())
            }
            ExprKind::Tuple { elts, .. } => {
                elts.iter().try_for_each(|element| self.evaluate_subscript(element))
            }
            _ => self.only_evaluate(e),
        }
    }

    fn defer_annotation(&mut self, s: &'a Stmt<'a>, node: &'a AnnAssign<'a>, loc: Location) {
        let unit = &mut self.unit;
        let is_module = unit.kind == UnitKind::Module;
        let number = (is_module || unit.in_conditional_block).then(|| {
            unit.conditional_annotations += 1;
            unit.conditional_annotations - 1
        });
        unit.deferred_annotations.push((s, node, number));
        let Some(number) = number else { return };
        let name = self.names.conditional_annotations;
        if is_module {
            self.emit_name(Op::LoadName, name, 0, 0, loc);
        } else {
            let index = self.unit.metadata.cellvars.add(name);
            self.emit_with(Op::LoadDeref, index, loc);
        }
        self.load_int(i64::from(number), loc);
        self.emit_with(Op::SetAdd, 1, loc);
        self.emit(Op::PopTop, loc);
    }

    /// The function that evaluates a module's or a class's annotations.
    pub(super) fn deferred_annotations(&mut self, loc: Location) -> Generated {
        let deferred = std::mem::take(&mut self.unit.deferred_annotations);
        if deferred.is_empty() {
            return Ok(());
        }
        let is_module = self.unit.kind == UnitKind::Module;
        let main = is_module.then(|| std::mem::take(&mut self.unit.sequence));
        let id = self.scope().annotation_scope.expect("annotated names make a scope");
        self.enter_annotations(self.names.annotate, id, loc, loc.line().unwrap_or(1));
        self.emit_with(Op::BuildMap, 0, loc);
        for (statement, node, number) in deferred {
            let at = place(statement.location);
            let ExprKind::Name { id, .. } = node.target.kind else { continue };
            let not_set = self.new_label();
            if let Some(number) = number {
                self.load_int(i64::from(number), at);
                let name = self.names.conditional_annotations;
                if is_module {
                    self.emit_name(Op::LoadGlobal, name, 1, 0, at);
                } else {
                    // The symbol table knows nothing of this use: the cell becomes free here.
                    let metadata = &mut self.unit.metadata;
                    let index = metadata.freevars.add(name) + metadata.cellvars.len() as u32;
                    self.emit_with(Op::LoadDeref, index, at);
                }
                self.emit_with(Op::ContainsOp, 0, at);
                self.emit_jump(Op::PopJumpIfFalse, not_set, at);
            }
            self.expression(&node.annotation)?;
            self.emit_with(Op::Copy, 2, at);
            let mangled = self.mangle(id);
            self.load_str(mangled, at);
            self.emit(Op::StoreSubscr, loc);
            self.use_label(not_set);
        }
        let code = self.leave_annotations(loc)?;
        self.make_closure(code, FunctionParts::default(), loc)?;
        let name = if is_module { self.names.annotate } else { self.names.annotate_func };
        self.store_name(name, loc)?;
        if let Some(main) = main {
            let annotations = std::mem::replace(&mut self.unit.sequence, main);
            self.unit.sequence.set_annotations_code(annotations);
        }
        Ok(())
    }
}

/// Whether a variable is annotated anywhere in the body, inner functions and classes aside.
fn has_annotations(statements: &[Stmt<'_>]) -> bool {
    statements.iter().any(|statement| match statement.kind {
        StmtKind::AnnAssign(_) => true,
        StmtKind::For(node) | StmtKind::AsyncFor(node) => {
            has_annotations(node.body) || has_annotations(node.orelse)
        }
        StmtKind::While(node) => has_annotations(node.body) || has_annotations(node.orelse),
        StmtKind::If(node) => has_annotations(node.body) || has_annotations(node.orelse),
        StmtKind::With(node) | StmtKind::AsyncWith(node) => has_annotations(node.body),
        StmtKind::Match { cases, .. } => cases.iter().any(|case| has_annotations(case.body)),
        StmtKind::Try(node) | StmtKind::TryStar(node) => {
            has_annotations(node.body)
                || node.handlers.iter().any(|handler| has_annotations(handler.body))
                || has_annotations(node.orelse)
                || has_annotations(node.finalbody)
        }
        _ => false,
    })
}
