//! Classes.

use prepyc_bytecode::{Constant, StrId};
use prepyc_syntax::ast::{ClassDef, Expr, ExprKind, Stmt};

use super::function::FunctionParts;
use super::unit::{AtEnd, Parameters, UnitKind};
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::symtable::NodeKey;

const INTRINSIC_SUBSCRIPT_GENERIC: u32 = 10;

impl<'a> Codegen<'a, '_> {
    pub(super) fn class(&mut self, s: &'a Stmt<'a>, def: &'a ClassDef<'a>) -> Generated {
        let loc = place(s.location);
        let firstlineno =
            def.decorator_list.first().map_or(s.location.lineno, |first| self.location_of(first).lineno);
        self.expressions(def.decorator_list)?;
        if def.type_params.is_empty() {
            self.class_body(s, def, firstlineno)?;
            self.validate_keywords(def.keywords)?;
            self.call_arguments(loc, 2, def.bases, None, def.keywords)?;
        } else {
            let key = NodeKey::type_parameters(s);
            self.enter_type_parameters(def.name, key, firstlineno, Some(def.name));
            self.type_parameters(def.type_params)?;
            self.store_name(self.names.type_params, loc)?;
            self.class_body(s, def, firstlineno)?;
            self.load_name(self.names.type_params, loc)?;
            self.emit_with(Op::CallIntrinsic1, INTRINSIC_SUBSCRIPT_GENERIC, loc);
            self.store_name(self.names.generic_base, loc)?;
            self.validate_keywords(def.keywords)?;
            self.call_arguments(loc, 2, def.bases, Some(self.names.generic_base), def.keywords)?;
            let code = self.leave(AtEnd::ReturnTop)?;
            self.make_closure(code, FunctionParts::default(), loc)?;
            self.emit(Op::PushNull, loc);
            self.emit_with(Op::Call, 0, loc);
        }
        self.apply_decorators(def.decorator_list);
        self.store_name(def.name, loc)
    }

    fn class_body(&mut self, s: &'a Stmt<'a>, def: &'a ClassDef<'a>, firstlineno: u32) -> Generated {
        let names = self.names;
        let id = self.scope_of(NodeKey::body(s));
        self.enter(def.name, UnitKind::Class, id, firstlineno, Some(def.name), Parameters::default());
        let loc = Location::range(firstlineno, 0, firstlineno, 0);
        self.load_name(names.dunder_name, loc)?;
        self.store_name(names.dunder_module, loc)?;
        let qualname = self.unit.metadata.qualname;
        self.load_str(qualname, loc);
        self.store_name(names.qualname, loc)?;
        self.load_int(i64::from(firstlineno), loc);
        self.store_name(names.firstlineno, loc)?;
        if !def.type_params.is_empty() {
            self.load_name(names.type_params, loc)?;
            self.store_name(names.dunder_type_params, loc)?;
        }
        let scope = self.scope();
        let (needs_classdict, needs_closure, is_conditional) =
            (scope.needs_classdict, scope.needs_class_closure, scope.has_conditional_annotations);
        if needs_classdict {
            self.emit(Op::LoadLocals, loc);
            self.store_cell(names.classdict, loc);
        }
        if is_conditional {
            self.emit_with(Op::BuildSet, 0, loc);
            self.store_cell(names.conditional_annotations, loc);
        }
        self.body(def.body, loc)?;
        let mut attributes = std::mem::take(&mut self.unit.static_attributes);
        attributes.sort_by_key(|&name| self.strings.get(name).as_bytes());
        let attributes: Vec<Constant> = attributes.into_iter().map(Constant::Str).collect();
        self.load_const(Constant::Tuple(attributes.into()), Location::NONE);
        self.store_name(names.static_attributes, Location::NONE)?;
        if needs_classdict {
            self.load_cell(names.classdict);
            self.store_name(names.classdictcell, Location::NONE)?;
        }
        if needs_closure {
            self.load_cell(names.class);
            self.emit_with(Op::Copy, 1, Location::NONE);
            self.store_name(names.classcell, Location::NONE)?;
        } else {
            self.load_none(Location::NONE);
        }
        self.emit(Op::ReturnValue, Location::NONE);
        let code = self.leave(AtEnd::ReturnNone)?;
        let loc = place(s.location);
        self.emit(Op::LoadBuildClass, loc);
        self.emit(Op::PushNull, loc);
        self.make_closure(code, FunctionParts::default(), loc)?;
        self.load_str(def.name, loc);
        Ok(())
    }

    fn store_cell(&mut self, name: StrId, loc: Location) {
        let index = self.unit.metadata.cellvars.add(name);
        self.emit_with(Op::StoreDeref, index, loc);
    }

    fn load_cell(&mut self, name: StrId) {
        let index = self.unit.metadata.cellvars.add(name);
        self.emit_with(Op::LoadClosure, index, Location::NONE);
    }

    /// A class lists what its methods assign to `self`.
    pub(super) fn note_static_attribute(&mut self, object: &Expr<'_>, attr: StrId) {
        let ExprKind::Name { id, .. } = object.kind else { return };
        if id != self.names.self_ {
            return;
        }
        if let Some(class) = self.outer.iter_mut().rev().find(|unit| unit.kind == UnitKind::Class)
            && !class.static_attributes.contains(&attr)
        {
            class.static_attributes.push(attr);
        }
    }
}
