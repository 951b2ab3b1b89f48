//! The second pass: where every name lives.
//!
//! One walk over the scopes. On the way in, every name a scope mentions is resolved against the scopes around it, which
//! are open. On the way out, names that inner scopes need are handed up until a scope binds them, and comprehensions
//! are taken into the scope around them.

use std::collections::BTreeMap;

use prepyc_bytecode::{StrId, Strings};
use prepyc_version::Features;

use super::build::WellKnown;
use super::name_set::NameSet;
use super::scope::{ComprehensionKind, NameScope, ScopeId, ScopeKind, Symbol, SymbolFlags};
use super::set_order::{FreeOrder, SetOrder, Settled};
use super::table::Symtable;
use crate::error::SourceError;

type Analyzed<T = ()> = Result<T, Box<SourceError>>;

/// Decides the scope of every name.
///
/// # Errors
/// A `nonlocal` without a binding, or beside a `global`.
pub(super) fn analyze(
    table: &mut Symtable,
    features: &Features,
    names: &WellKnown,
    strings: &Strings,
) -> Analyzed {
    let mut work = std::mem::take(&mut table.workspace);
    work.clear(table.scopes.len());
    let mut analysis = Analysis { table, features, names, strings, work };
    let result = analysis.walk();
    analysis.table.workspace = analysis.work;
    result
}

struct Analysis<'s> {
    table: &'s mut Symtable,
    features: &'s Features,
    names: &'s WellKnown,
    strings: &'s Strings,
    work: Workspace,
}

/// Sets of names, kept for their memory.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// What settled scopes need from outside, one scope after the other, as far as the scope around is not settled.
    free: Vec<StrId>,
    /// By scope: where in `free` its names stand.
    free_of: Vec<(usize, usize)>,
    /// By open scope: where in `free` the names of the scopes inside it begin.
    starts: Vec<usize>,
    /// What the scope at hand needs for those inside it.
    needed: NameSet,
    /// What inlined comprehensions want in cells.
    inlined_cells: NameSet,
    /// What a comprehension needs from outside.
    comprehension_free: NameSet,
    /// What the scopes inside a comprehension need from it.
    free_inside: NameSet,
    /// What the scope at hand needs from outside.
    own: NameSet,
    /// By class: the names that it has from its comprehensions, as far as they are settled, and whether the first of
    /// these that has the name binds it.
    taken_in: BTreeMap<(ScopeId, StrId), bool>,
    /// Where the order of what is needed shows.
    order: FreeOrder,
}

impl Workspace {
    fn clear(&mut self, scopes: usize) {
        self.free.clear();
        self.free_of.clear();
        self.free_of.resize(scopes, (0, 0));
        self.starts.clear();
        self.taken_in.clear();
    }
}

impl Analysis<'_> {
    /// Every scope, those inside it after it begins and before it ends.
    fn walk(&mut self) -> Analyzed {
        let mut id = Symtable::MODULE;
        loop {
            self.work.starts.push(self.work.free.len());
            self.table.open(id);
            self.work.order.open(self.is_ordered_by_hash(id));
            self.resolve_names(id)?;
            if let Some(child) = self.table.first_child(id) {
                id = child;
                continue;
            }
            loop {
                self.settle(id);
                self.note_taken_in(id);
                self.table.close(id);
                self.work.order.close();
                let scope = self.table.scope(id);
                match (scope.next, scope.parent) {
                    (Some(next), _) => {
                        id = next;
                        break;
                    }
                    (None, Some(parent)) => id = parent,
                    (None, None) => return Ok(()),
                }
            }
        }
    }

    fn resolve_names(&mut self, id: ScopeId) -> Analyzed {
        let class = self.class_seen_from(id);
        let mut next = self.table.first_symbol(id);
        while let Some(current) = next {
            let &Symbol { name, flags, .. } = self.table.symbol(current);
            let scope = self.resolve(id, class, name, flags)?;
            self.table.symbol_mut(current).scope = scope;
            next = self.table.symbol_after(current);
        }
        Ok(())
    }

    fn resolve(
        &self,
        id: ScopeId,
        class: Option<ScopeId>,
        name: StrId,
        flags: SymbolFlags,
    ) -> Analyzed<NameScope> {
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
                Some(binder) if self.flags(binder, name).intersects(SymbolFlags::TYPE_PARAM) => {
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
            let flags = self.flags(class, name);
            if flags.intersects(SymbolFlags::GLOBAL) {
                return Ok(NameScope::GlobalExplicit);
            }
            let is_bound = flags.intersects(SymbolFlags::BOUND) && !flags.intersects(SymbolFlags::NONLOCAL);
            if is_bound || self.work.taken_in.get(&(class, name)) == Some(&true) {
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

    /// What an open scope says of a name.
    fn flags(&self, id: ScopeId, name: StrId) -> SymbolFlags {
        let found = self.table.find(id, name);
        found.map_or(SymbolFlags::default(), |symbol| self.table.symbol(symbol).flags)
    }

    /// The scope around an open one whose binding of the name is the one seen in it.
    ///
    /// Class bodies bind nothing for what stands in them, but for the names that the compiler itself makes there.
    fn binding_around(&self, id: ScopeId, name: StrId) -> Option<ScopeId> {
        if self.is_made_by_class(name) {
            return self.class_or_binding_around(id, name);
        }
        self.table
            .symbols_around(id, name)
            .find_map(|symbol| match self.table.scope(symbol.owner).kind {
                ScopeKind::Module => Some(None),
                ScopeKind::Class => None,
                _ => binding(symbol),
            })
            .flatten()
    }

    fn class_or_binding_around(&self, id: ScopeId, name: StrId) -> Option<ScopeId> {
        let mut around = self.table.scope(id).parent;
        while let Some(id) = around {
            match self.table.scope(id).kind {
                ScopeKind::Module => return None,
                ScopeKind::Class => return Some(id),
                _ => {
                    let symbol = self.table.find(id, name).map(|symbol| self.table.symbol(symbol));
                    if let Some(found) = symbol.and_then(binding) {
                        return found;
                    }
                }
            }
            around = self.table.scope(id).parent;
        }
        None
    }

    fn is_made_by_class(&self, name: StrId) -> bool {
        name == self.names.class
            || name == self.names.classdict && self.features.type_parameters
            || name == self.names.conditional_annotations && self.features.lazy_annotations
    }

    fn directive_error(&self, id: ScopeId, name: StrId, message: &str) -> Box<SourceError> {
        let directives = &self.table.directives;
        let found = directives.iter().find(|(scope, directive, _)| (*scope, *directive) == (id, name));
        let &(_, _, location) = found.expect("a directive is recorded where it is noted");
        SourceError::new(message.replace("{}", &self.strings.get(name).to_string()), location)
    }

    /// Notes the names of a comprehension that a class takes in: to the scopes that come after it and see the class, they
    /// are the class's, unless it has the name already (`inline_comprehension`, `Python/symtable.c`, adds them as it comes
    /// to the comprehension).
    fn note_taken_in(&mut self, id: ScopeId) {
        let Some(parent) = self.table.scope(id).parent else { return };
        if self.table.scope(parent).kind != ScopeKind::Class || !self.is_inlined(parent, id) {
            return;
        }
        for (_, &Symbol { name, flags, .. }) in self.table.symbols(id) {
            if !flags.intersects(SymbolFlags::PARAM) && self.table.find(parent, name).is_none() {
                let is_bound = flags.intersects(SymbolFlags::BOUND);
                self.work.taken_in.entry((parent, name)).or_insert(is_bound);
            }
        }
    }

    /// Whether names that a scope only passes on become locals of the class around in the order of a hash table.
    fn is_ordered_by_hash(&self, id: ScopeId) -> bool {
        self.features.class_comprehensions_clear_every_name
            && self.table.scope(id).parent.is_some_and(|parent| {
                self.table.scope(parent).kind == ScopeKind::Class && self.is_inlined(parent, id)
            })
    }

    /// Settles an open scope whose inner scopes are settled.
    fn settle(&mut self, id: ScopeId) {
        self.work.needed.clear();
        self.work.inlined_cells.clear();
        let mut ordered = self.work.order.is_wanted().then(|| {
            let free = self.table.symbols(id).filter(|(_, symbol)| symbol.scope == NameScope::Free);
            Settled { own: free.map(|(_, symbol)| symbol.name).collect(), passed_on: SetOrder::default() }
        });
        self.take_over_children(id, ordered.as_mut().map(|ordered| &mut ordered.passed_on));
        let scope = self.table.scope(id);
        if scope.kind.is_function_like() {
            self.make_cells(id);
        } else if scope.kind == ScopeKind::Class {
            self.provide_class_cells(id);
        }
        for &name in self.work.inlined_cells.names() {
            if let Some(symbol) = self.table.find(id, name) {
                self.table.symbol_mut(symbol).flags.insert(SymbolFlags::COMP_CELL);
            }
        }
        self.work.own.clear();
        for (_, symbol) in self.table.symbols(id) {
            if symbol.scope == NameScope::Free {
                self.work.own.insert(symbol.name);
            }
        }
        if let Some(ordered) = ordered {
            self.order_needed(id, ordered);
        }
        self.hand_up(id);
        let Workspace { free, free_of, starts, needed, own, .. } = &mut self.work;
        needed.names().iter().for_each(|&name| own.insert(name));
        let start = starts.pop().expect("a scope that ends has begun");
        free.truncate(start);
        free.extend_from_slice(own.names());
        free_of[id.0 as usize] = (start, free.len());
    }

    /// Gathers what the scopes inside need, in CPython's order too where that is wanted, and takes in the comprehensions
    /// among them.
    fn take_over_children(&mut self, id: ScopeId, mut ordered: Option<&mut SetOrder>) {
        let mut next = self.table.take_children(id);
        while let Some(child) = next {
            next = self.table.scope(child).next;
            let (start, end) = self.work.free_of[child.0 as usize];
            if !self.is_inlined(id, child) {
                self.table.append_child(id, child);
                let Workspace { free, needed, .. } = &mut self.work;
                free[start..end].iter().for_each(|&name| needed.insert(name));
                if let Some(ordered) = ordered.as_deref_mut() {
                    ordered.merge(&self.work.order.of_child(ordered, child, self.strings));
                }
                continue;
            }
            let Workspace { free, comprehension_free, .. } = &mut self.work;
            comprehension_free.clear();
            free[start..end].iter().for_each(|&name| comprehension_free.insert(name));
            self.inline(id, child);
            let Workspace { comprehension_free, needed, .. } = &mut self.work;
            comprehension_free.names().iter().for_each(|&name| needed.insert(name));
            if let Some(ordered) = ordered.as_deref_mut() {
                self.merge_inlined(child, ordered);
            }
            let mut next_inside = self.table.take_children(child);
            while let Some(inside) = next_inside {
                next_inside = self.table.scope(inside).next;
                self.table.append_child(id, inside);
            }
        }
    }

    /// Adds what an inlined comprehension still needs from outside.
    fn merge_inlined(&mut self, child: ScopeId, ordered: &mut SetOrder) {
        let Workspace { order, comprehension_free, free, free_of, .. } = &self.work;
        let mut all = order.of_child(ordered, child, self.strings);
        let (start, end) = free_of[child.0 as usize];
        let settled = free[start..end].iter().filter(|&&name| !comprehension_free.contains(name));
        settled.for_each(|&name| all.discard(name));
        ordered.merge(&all);
    }

    /// Puts what is needed in the order in which CPython hands it up.
    fn order_needed(&mut self, id: ScopeId, mut ordered: Settled) {
        let Workspace { needed, order, .. } = &mut self.work;
        let found: Vec<StrId> = ordered.passed_on.names().filter(|&name| !needed.contains(name)).collect();
        found.into_iter().for_each(|name| ordered.passed_on.discard(name));
        let all: Vec<StrId> = ordered.passed_on.names().collect();
        debug_assert_eq!(all.len(), needed.names().len(), "the order is one of the same names");
        needed.clear();
        all.into_iter().for_each(|name| needed.insert(name));
        order.settle(id, ordered);
    }

    /// Locals that inner scopes need live in cells, and are needed from outside no longer.
    fn make_cells(&mut self, id: ScopeId) {
        let Workspace { needed, inlined_cells, .. } = &mut self.work;
        if needed.names().is_empty() && inlined_cells.names().is_empty() {
            return;
        }
        let mut next = self.table.first_symbol(id);
        while let Some(current) = next {
            next = self.table.symbol_after(current);
            let symbol = self.table.symbol_mut(current);
            let name = symbol.name;
            if symbol.scope == NameScope::Local && (needed.contains(name) || inlined_cells.contains(name)) {
                symbol.scope = NameScope::Cell;
                needed.remove(name);
            }
        }
    }

    /// Notes in a scope the names that pass through it.
    fn hand_up(&mut self, id: ScopeId) {
        let scope = self.table.scope(id);
        let sees_class = scope.kind == ScopeKind::Class || scope.can_see_class_scope;
        for &name in self.work.needed.names() {
            match self.table.find(id, name) {
                Some(symbol) if sees_class => {
                    self.table.symbol_mut(symbol).flags.insert(SymbolFlags::FREE_CLASS);
                }
                Some(_) => {}
                None if self.binding_around(id, name).is_some() => {
                    self.table.add(id, name, SymbolFlags::default(), NameScope::Free);
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
    fn inline(&mut self, id: ScopeId, child: ScopeId) {
        let is_class = self.table.scope(id).kind == ScopeKind::Class;
        self.gather_free_inside(child);
        let mut hidden = Vec::new();
        let mut next = self.table.first_symbol(child);
        while let Some(current) = next {
            next = self.table.symbol_after(current);
            let &Symbol { name, flags, mut scope, .. } = self.table.symbol(current);
            if flags.intersects(SymbolFlags::PARAM) {
                continue;
            }
            let is_use = scope == NameScope::Free && flags.intersects(SymbolFlags::USE);
            if scope == NameScope::Cell || flags.intersects(SymbolFlags::COMP_CELL) {
                self.work.inlined_cells.insert(name);
            }
            // A class makes these cells for its methods; in its own body the name is an ordinary one.
            if is_class && scope == NameScope::Free && self.is_made_by_class(name) {
                scope = NameScope::GlobalImplicit;
                let is_needed = self.work.free_inside.contains(name);
                if !is_needed || !self.features.class_cells_reach_into_comprehensions {
                    self.work.comprehension_free.remove(name);
                }
                hidden.push(name);
            }
            let Some(existing) = self.table.find(id, name) else {
                self.table.add(id, name, flags, scope);
                continue;
            };
            let existing = &mut self.table.symbol_mut(existing).flags;
            if existing.intersects(SymbolFlags::BOUND) && !is_class {
                if !self.work.free_inside.contains(name) {
                    self.work.comprehension_free.remove(name);
                }
                // What was a use of an outer variable is now a use of a local one.
                if is_use && self.features.inlined_uses_count {
                    existing.insert(SymbolFlags::USE);
                }
            }
        }
        self.table.scope_mut(child).inlined = true;
        if !hidden.is_empty() {
            self.table.remove(child, |name| hidden.contains(&name));
        }
    }

    /// Gathers what the scopes inside a comprehension say is free there.
    fn gather_free_inside(&mut self, comprehension: ScopeId) {
        let inside = &mut self.work.free_inside;
        inside.clear();
        for child in self.table.children(comprehension) {
            let symbols = self.table.symbols(child).map(|(_, symbol)| symbol);
            symbols.filter(|symbol| symbol.scope == NameScope::Free).for_each(|it| inside.insert(it.name));
        }
    }

    /// Takes out of `needed` what a class makes for its methods.
    fn provide_class_cells(&mut self, id: ScopeId) {
        let names = self.names;
        let (class, classdict, annotations) = (
            self.is_made_by_class(names.class),
            self.is_made_by_class(names.classdict),
            self.is_made_by_class(names.conditional_annotations),
        );
        // Where the class says that the name is global, or binds it, nobody asks it for its own.
        let flags = self.flags(id, names.classdict);
        let is_bound = flags.intersects(SymbolFlags::BOUND) && !flags.intersects(SymbolFlags::NONLOCAL);
        let is_wanted =
            self.table.scope(id).classdict_wanted && !flags.intersects(SymbolFlags::GLOBAL) && !is_bound;
        let needed = &mut self.work.needed;
        let scope = self.table.scope_mut(id);
        if class && needed.remove(names.class) {
            scope.needs_class_closure = true;
        }
        if classdict && (needed.remove(names.classdict) || is_wanted) {
            scope.needs_classdict = true;
        }
        if annotations && needed.remove(names.conditional_annotations) {
            scope.has_conditional_annotations = true;
        }
    }
}

/// What a symbol of a function means for a name of a scope inside: bound there, global, or to be looked for further out.
fn binding(symbol: &Symbol) -> Option<Option<ScopeId>> {
    if symbol.flags.intersects(SymbolFlags::GLOBAL) {
        return Some(None);
    }
    let is_bound =
        symbol.flags.intersects(SymbolFlags::BOUND) && !symbol.flags.intersects(SymbolFlags::NONLOCAL);
    is_bound.then_some(Some(symbol.owner))
}
