//! The second pass: where every name lives.
//!
//! First, from the outside in, every name a scope mentions is resolved against the scopes around it. Then, from the
//! inside out, names that inner scopes need are handed up until a scope binds them, and comprehensions are taken
//! into the scope around them. Scopes are numbered in the order in which they open, so the first is a walk up the
//! numbers and the second a walk down.

use indexmap::IndexSet;
use prepyc_bytecode::{StrId, Strings};
use prepyc_version::Features;
use rustc_hash::FxBuildHasher;

use super::build::WellKnown;
use super::scope::{ComprehensionKind, NameScope, Scope, ScopeId, ScopeKind, Symbol, SymbolFlags, Symtable};
use crate::error::SourceError;

/// Decides the scope of every name.
///
/// # Errors
/// A `nonlocal` without a binding, or beside a `global`.
pub(super) fn analyze(
    table: &mut Symtable,
    features: &Features,
    names: &WellKnown,
    strings: &Strings,
) -> Result<(), SourceError> {
    let mut analysis = Analysis { table, features, names, strings };
    let count = u32::try_from(analysis.table.scopes.len()).expect("scope ids are 32 bits");
    for id in (0..count).map(ScopeId) {
        if analysis.table.scope(id).attached {
            analysis.resolve_names(id)?;
        }
    }
    let mut free: Vec<NameSet> = (0..count).map(|_| NameSet::default()).collect();
    for id in (0..count).rev().map(ScopeId) {
        if analysis.table.scope(id).attached {
            analysis.settle(id, &mut free);
        }
    }
    Ok(())
}

struct Analysis<'s> {
    table: &'s mut Symtable,
    features: &'s Features,
    names: &'s WellKnown,
    strings: &'s Strings,
}

impl Analysis<'_> {
    fn resolve_names(&mut self, id: ScopeId) -> Result<(), SourceError> {
        let class = self.class_seen_from(id);
        for index in 0..self.table.scope(id).symbols.len() {
            let (&name, symbol) =
                self.table.scope(id).symbols.get_index(index).expect("the index is in range");
            let scope = self.resolve(id, class, name, symbol.flags)?;
            self.table.scope_mut(id).symbols[index].scope = scope;
        }
        Ok(())
    }

    fn resolve(
        &self,
        id: ScopeId,
        class: Option<ScopeId>,
        name: StrId,
        flags: SymbolFlags,
    ) -> Result<NameScope, SourceError> {
        if flags.intersects(SymbolFlags::GLOBAL) {
            if flags.intersects(SymbolFlags::NONLOCAL) {
                return Err(self.directive_error(id, name, "name '{}' is nonlocal and global"));
            }
            return Ok(NameScope::GlobalExplicit);
        }
        if flags.intersects(SymbolFlags::NONLOCAL) {
            if id == Symtable::MODULE {
                return Err(self.directive_error(
                    id,
                    name,
                    "nonlocal declaration not allowed at module level",
                ));
            }
            return match self.binding_around(id, name) {
                None => Err(self.directive_error(id, name, "no binding for nonlocal '{}' found")),
                Some(binder) if self.table.scope(binder).flags(name).intersects(SymbolFlags::TYPE_PARAM) => {
                    let message = "nonlocal binding not allowed for type parameter '{}'";
                    Err(self.directive_error(id, name, message))
                }
                Some(_) => Ok(NameScope::Free),
            };
        }
        if flags.intersects(SymbolFlags::BOUND) {
            return Ok(NameScope::Local);
        }
        if let Some(class) = class {
            let flags = self.table.scope(class).flags(name);
            if flags.intersects(SymbolFlags::GLOBAL) {
                return Ok(NameScope::GlobalExplicit);
            }
            if flags.intersects(SymbolFlags::BOUND) && !flags.intersects(SymbolFlags::NONLOCAL) {
                return Ok(NameScope::GlobalImplicit);
            }
        }
        let is_bound = self.binding_around(id, name).is_some();
        Ok(if is_bound { NameScope::Free } else { NameScope::GlobalImplicit })
    }

    /// The class whose names a scope sees before all others, if it is one that may.
    fn class_seen_from(&self, id: ScopeId) -> Option<ScopeId> {
        let mut scope = self.table.scope(id);
        while scope.can_see_class_scope {
            let parent = scope.parent?;
            scope = self.table.scope(parent);
            if scope.kind == ScopeKind::Class {
                return Some(parent);
            }
        }
        None
    }

    /// The scope around `id` whose binding of the name is the one seen in it.
    ///
    /// Class bodies bind nothing for what stands in them, but for the names that the compiler itself makes there.
    fn binding_around(&self, id: ScopeId, name: StrId) -> Option<ScopeId> {
        let mut around = self.table.scope(id).parent;
        while let Some(id) = around {
            let scope = self.table.scope(id);
            match scope.kind {
                ScopeKind::Module => return None,
                ScopeKind::Class if self.is_made_by_class(name) => return Some(id),
                ScopeKind::Class => {}
                _ => {
                    let flags = scope.flags(name);
                    if flags.intersects(SymbolFlags::GLOBAL) {
                        return None;
                    }
                    if flags.intersects(SymbolFlags::BOUND) && !flags.intersects(SymbolFlags::NONLOCAL) {
                        return Some(id);
                    }
                }
            }
            around = scope.parent;
        }
        None
    }

    fn is_made_by_class(&self, name: StrId) -> bool {
        name == self.names.class
            || name == self.names.classdict && self.features.type_parameters
            || name == self.names.conditional_annotations && self.features.lazy_annotations
    }

    fn directive_error(&self, id: ScopeId, name: StrId, message: &str) -> SourceError {
        let directives = &self.table.scope(id).directives;
        let found = directives.iter().find(|(directive, _)| *directive == name);
        let &(_, location) = found.expect("a directive is recorded where it is noted");
        SourceError::new(message.replace("{}", &self.strings.get(name).to_string()), location)
    }

    /// Settles a scope whose inner scopes are settled; `free` holds what each of those needs from outside.
    fn settle(&mut self, id: ScopeId, free: &mut [NameSet]) {
        let mut needed = NameSet::default();
        let mut inlined_cells = NameSet::default();
        let children = std::mem::take(&mut self.table.scope_mut(id).children);
        let mut spliced = Vec::with_capacity(children.len());
        for &child in &children {
            let mut child_free = std::mem::take(&mut free[child.0 as usize]);
            if self.is_inlined(id, child) {
                self.inline(id, child, &mut child_free, &mut inlined_cells);
                spliced.extend_from_slice(&self.table.scope(child).children);
            } else {
                spliced.push(child);
            }
            child_free.0.into_iter().for_each(|name| needed.insert(name));
        }
        let scope = self.table.scope_mut(id);
        scope.children = spliced;
        if scope.kind.is_function_like() {
            make_cells(scope, &mut needed, &inlined_cells);
        } else if scope.kind == ScopeKind::Class {
            self.provide_class_cells(id, &mut needed);
        }
        for &name in &inlined_cells.0 {
            if let Some(symbol) = self.table.scope_mut(id).symbols.get_mut(&name) {
                symbol.flags.insert(SymbolFlags::COMP_CELL);
            }
        }
        let scope = self.table.scope(id);
        let is_free = |symbol: &Symbol| symbol.scope == NameScope::Free;
        let own = scope.symbols.iter().filter(|(_, symbol)| is_free(symbol)).map(|(&name, _)| name);
        let mut own = NameSet(own.collect());
        // What a class binds as `__classdict__` is a global in the scopes that see it; they need its cell all the same.
        if scope.can_see_class_scope
            && let Some(symbol) = scope.symbols.get(&self.names.classdict)
            && symbol.scope == NameScope::GlobalImplicit
        {
            own.insert(self.names.classdict);
        }
        self.hand_up(id, &needed);
        needed.0.into_iter().for_each(|name| own.insert(name));
        free[id.0 as usize] = own;
    }

    /// Notes in a scope the names that pass through it.
    fn hand_up(&mut self, id: ScopeId, needed: &NameSet) {
        for &name in &needed.0 {
            let is_bound_around = self.binding_around(id, name).is_some();
            let scope = self.table.scope_mut(id);
            let sees_class = scope.kind == ScopeKind::Class || scope.can_see_class_scope;
            match scope.symbols.get_mut(&name) {
                Some(symbol) if sees_class => symbol.flags.insert(SymbolFlags::FREE_CLASS),
                Some(_) => {}
                None if is_bound_around => {
                    let symbol = Symbol { flags: SymbolFlags::default(), scope: NameScope::Free };
                    scope.symbols.insert(name, symbol);
                }
                None => {}
            }
        }
    }

    /// PEP 709: every comprehension but a generator, unless names in it resolve in a class first.
    fn is_inlined(&self, id: ScopeId, child: ScopeId) -> bool {
        self.features.inlined_comprehensions
            && !self.table.scope(id).can_see_class_scope
            && !matches!(self.table.scope(child).comprehension, None | Some(ComprehensionKind::Generator))
    }

    /// Takes a comprehension's names into the scope around it.
    fn inline(&mut self, id: ScopeId, child: ScopeId, child_free: &mut NameSet, cells: &mut NameSet) {
        let is_class = self.table.scope(id).kind == ScopeKind::Class;
        let mut hidden = Vec::new();
        for index in 0..self.table.scope(child).symbols.len() {
            let (&name, &symbol) =
                self.table.scope(child).symbols.get_index(index).expect("the index is in range");
            if symbol.flags.intersects(SymbolFlags::PARAM) {
                continue;
            }
            if symbol.scope == NameScope::Cell || symbol.flags.intersects(SymbolFlags::COMP_CELL) {
                cells.insert(name);
            }
            let mut scope = symbol.scope;
            // A class makes these cells for its methods; in its own body the name is an ordinary one.
            if is_class && scope == NameScope::Free && self.is_made_by_class(name) {
                scope = NameScope::GlobalImplicit;
                let is_needed = self.is_free_in_child(child, name);
                if !is_needed || !self.features.class_cells_reach_into_comprehensions {
                    child_free.remove(name);
                }
                hidden.push(name);
            }
            let existing = self.table.scope(id).symbols.get(&name).map(|symbol| symbol.flags);
            match existing {
                None => {
                    let symbol = Symbol { flags: symbol.flags, scope };
                    self.table.scope_mut(id).symbols.insert(name, symbol);
                }
                Some(flags) if flags.intersects(SymbolFlags::BOUND) && !is_class => {
                    if !self.is_free_in_child(child, name) {
                        child_free.remove(name);
                    }
                    // What was a use of an outer variable is now a use of a local one.
                    let is_use = symbol.scope == NameScope::Free && symbol.flags.intersects(SymbolFlags::USE);
                    if is_use && self.features.inlined_uses_count {
                        self.table.scope_mut(id).symbols[&name].flags.insert(SymbolFlags::USE);
                    }
                }
                Some(_) => {}
            }
        }
        let comprehension = self.table.scope_mut(child);
        comprehension.inlined = true;
        for name in hidden {
            comprehension.symbols.shift_remove(&name);
        }
    }

    fn is_free_in_child(&self, id: ScopeId, name: StrId) -> bool {
        let children = &self.table.scope(id).children;
        children.iter().any(|&child| self.table.scope(child).name_scope(name) == NameScope::Free)
    }

    /// Takes out of `needed` what a class makes for its methods.
    fn provide_class_cells(&mut self, id: ScopeId, needed: &mut NameSet) {
        let names = self.names;
        let (class, classdict, annotations) = (
            self.is_made_by_class(names.class),
            self.is_made_by_class(names.classdict),
            self.is_made_by_class(names.conditional_annotations),
        );
        let scope = self.table.scope_mut(id);
        if class && needed.remove(names.class) {
            scope.needs_class_closure = true;
        }
        if classdict && needed.remove(names.classdict) {
            scope.needs_classdict = true;
        }
        if annotations && needed.remove(names.conditional_annotations) {
            scope.has_conditional_annotations = true;
        }
    }
}

/// Locals that inner scopes need live in cells, and are needed from outside no longer.
fn make_cells(scope: &mut Scope, needed: &mut NameSet, inlined_cells: &NameSet) {
    for (&name, symbol) in &mut scope.symbols {
        if symbol.scope == NameScope::Local && (needed.contains(name) || inlined_cells.contains(name)) {
            symbol.scope = NameScope::Cell;
            needed.remove(name);
        }
    }
}

/// Names, in order of insertion.
#[derive(Debug, Default)]
struct NameSet(IndexSet<StrId, FxBuildHasher>);

impl NameSet {
    fn contains(&self, name: StrId) -> bool {
        self.0.contains(&name)
    }

    fn insert(&mut self, name: StrId) {
        self.0.insert(name);
    }

    /// Whether the name was there.
    fn remove(&mut self, name: StrId) -> bool {
        self.0.swap_remove(&name)
    }
}
