//! Loads, stores and deletions of names, by the scope that the symbol table gives them.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::ExprContext;

use super::unit::UnitKind;
use super::{Codegen, Generated, Variable};
use crate::location::Location;
use crate::mangle::{mangle, may_be_private};
use crate::op::Op;
use crate::symtable::{Meaning, NameScope, ScopeKind};

impl Codegen<'_, '_> {
    pub(super) fn mangle(&mut self, name: StrId) -> StrId {
        let private = self.unit.private;
        if private.is_some()
            && may_be_private(self.strings, name)
            && self.table.mangles(self.unit.scope, name)
        {
            mangle(self.strings, private, name)
        } else {
            name
        }
    }

    pub(super) fn load_name(&mut self, name: StrId, location: Location) -> Generated {
        self.name(name, ExprContext::Load, location)
    }

    pub(super) fn store_name(&mut self, name: StrId, location: Location) -> Generated {
        self.name(name, ExprContext::Store, location)
    }

    /// Where a mangled name lives for the unit at hand.
    pub(super) fn name_scope(&self, mangled: StrId) -> NameScope {
        self.tables.variables.get(mangled).unwrap_or_default().meaning.scope
    }

    /// A name, mangled, and where it lives for the unit at hand.
    ///
    /// A scope that knows the name as it is written does not mangle it: the text needs no look. But a name that is free
    /// may be known only because a scope inside, which mangles otherwise, has it from further out.
    fn look_up(&mut self, name: StrId) -> (StrId, NameScope) {
        if let Some(variable) = self.tables.variables.get(name)
            && variable.meaning.scope != NameScope::Free
            && self.table.knows_names_as_written(self.unit.scope)
        {
            return (name, variable.meaning.scope);
        }
        let mangled = self.mangle(name);
        (mangled, self.name_scope(mangled))
    }

    /// What a name is in the module, or in the comprehension that is being inlined there.
    pub(super) fn module_meaning(&self, name: StrId) -> Meaning {
        self.tables.in_module.get(name.index()).copied().flatten().unwrap_or_default()
    }

    /// Gives a name another meaning in the unit at hand; the one it had before.
    pub(super) fn replace_meaning(&mut self, name: StrId, meaning: Meaning) -> Meaning {
        if self.unit.kind == UnitKind::Module {
            self.tables.in_module[name.index()] = Some(meaning);
        }
        match self.tables.variables.get_mut(name) {
            Some(variable) => std::mem::replace(&mut variable.meaning, meaning),
            None => {
                self.tables.variables.set(name, Variable { meaning, local: None });
                Meaning::default()
            }
        }
    }

    /// `__debug__` can be read only. From 3.14 on the symbol table has seen to that.
    pub(super) fn check_name(&self, name: StrId, context: ExprContext, location: Location) -> Generated {
        if name != self.names.debug || self.features.symtable_checks_context {
            return Ok(());
        }
        match context {
            ExprContext::Load => Ok(()),
            ExprContext::Store => self.error_at("cannot assign to __debug__", location),
            ExprContext::Del => self.error_at("cannot delete __debug__", location),
        }
    }

    /// Most are locals that have an index already, and globals that are read, in functions.
    pub(super) fn name(&mut self, name: StrId, context: ExprContext, location: Location) -> Generated {
        if self.unit.is_plain_function
            && let Some(Variable { meaning, local }) = self.tables.variables.get(name)
        {
            if meaning.scope == NameScope::Local
                && let Some(index) = local
            {
                let op = by_context(context, Op::LoadFast, Op::StoreFast, Op::DeleteFast);
                self.emit_with(op, index, location);
                return Ok(());
            }
            let is_read = context == ExprContext::Load && name != self.names.debug;
            if meaning.scope == NameScope::GlobalImplicit && is_read {
                let index = self.name_index(name);
                self.emit_with(Op::LoadGlobal, index << 1, location);
                return Ok(());
            }
        }
        self.any_name(name, context, location)
    }

    /// Apart from [`Codegen::name`], which is to need no room on the stack.
    #[inline(never)]
    fn any_name(&mut self, name: StrId, context: ExprContext, location: Location) -> Generated {
        if name == self.names.debug {
            if context == ExprContext::Load {
                self.load_const(self.debug(), location);
                return Ok(());
            }
            self.check_name(name, context, location)?;
        }
        let (mangled, name_scope) = self.look_up(name);
        let scope = self.scope();
        let (kind, sees_class) = (scope.kind, scope.can_see_class_scope);
        let in_comprehension = self.unit.inlined_depth > 0;
        match name_scope {
            NameScope::Free | NameScope::Cell => {
                let index = self.deref_index(mangled);
                let op = match context {
                    ExprContext::Store => Op::StoreDeref,
                    ExprContext::Del => Op::DeleteDeref,
                    ExprContext::Load if kind == ScopeKind::Class && !in_comprehension => {
                        self.emit(Op::LoadLocals, location);
                        Op::LoadFromDictOrDeref
                    }
                    ExprContext::Load if sees_class => {
                        self.load_classdict(location);
                        Op::LoadFromDictOrDeref
                    }
                    ExprContext::Load => Op::LoadDeref,
                };
                self.emit_with(op, index, location);
            }
            NameScope::Local if kind.is_function_like() || self.unit.hidden.contains(&mangled) => {
                let index = self.local_index(mangled);
                let op = by_context(context, Op::LoadFast, Op::StoreFast, Op::DeleteFast);
                self.emit_with(op, index, location);
            }
            NameScope::GlobalExplicit => self.global(mangled, context, location),
            NameScope::GlobalImplicit if kind.is_function_like() => {
                if context == ExprContext::Load && sees_class {
                    self.load_classdict(location);
                    let index = self.name_index(mangled);
                    self.emit_with(Op::LoadFromDictOrGlobals, index, location);
                } else {
                    self.global(mangled, context, location);
                }
            }
            _ => {
                if context == ExprContext::Load && kind == ScopeKind::Class && in_comprehension {
                    self.global(mangled, context, location);
                    return Ok(());
                }
                let index = self.name_index(mangled);
                let op = by_context(context, Op::LoadName, Op::StoreName, Op::DeleteName);
                self.emit_with(op, index, location);
            }
        }
        Ok(())
    }

    fn global(&mut self, mangled: StrId, context: ExprContext, location: Location) {
        let index = self.name_index(mangled);
        let (op, oparg) = match context {
            ExprContext::Load => (Op::LoadGlobal, index << 1),
            ExprContext::Store => (Op::StoreGlobal, index),
            ExprContext::Del => (Op::DeleteGlobal, index),
        };
        self.emit_with(op, oparg, location);
    }

    /// Loads the namespace of the class around, through a cell that may become free here.
    fn load_classdict(&mut self, location: Location) {
        let name = self.names.classdict;
        if self.unit.metadata.cellvars.find(name).is_none() {
            self.unit.metadata.freevars.add(name);
        }
        let index = self.deref_index(name);
        self.emit_with(Op::LoadDeref, index, location);
    }

    /// The index of a cell or free variable. A name can be both in a class: a cell of a comprehension that is inlined
    /// there, and free for its methods, whatever it is in the class itself.
    ///
    /// CPython: `compiler_make_closure` (`Python/compile.c`, 3.13) looks among the cells only for what is one at that place.
    pub(super) fn find_deref(&mut self, mangled: StrId) -> Option<u32> {
        let is_cell = self.name_scope(mangled) == NameScope::Cell;
        let metadata = &self.unit.metadata;
        let cell = metadata.cellvars.find(mangled);
        let free = metadata.freevars.find(mangled).map(|index| index + metadata.cellvars.len() as u32);
        if is_cell { cell.or(free) } else { free.or(cell) }
    }

    /// The same of a name that is known to be one.
    pub(super) fn deref_index(&mut self, mangled: StrId) -> u32 {
        self.find_deref(mangled).expect("the symbol table made it a cell or a free variable")
    }
}

fn by_context(context: ExprContext, load: Op, store: Op, delete: Op) -> Op {
    match context {
        ExprContext::Load => load,
        ExprContext::Store => store,
        ExprContext::Del => delete,
    }
}
