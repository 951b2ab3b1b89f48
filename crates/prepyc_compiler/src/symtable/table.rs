//! The table: every scope and symbol of a module, and how they are found.
//!
//! Nothing is hashed by name: names have dense numbers. `innermost` says of each name which symbol it is in the
//! innermost open scope that mentions it, and that symbol says which it is further out. A scope that closes puts back
//! what was there before it.

use std::num::NonZeroU32;

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::Location;
use rustc_hash::FxHashMap;

use super::analyze::Workspace;
use super::scope::{NameScope, NodeKey, Scope, ScopeId, Symbol, SymbolFlags};

/// Every scope of a module. Keeps its memory from one module to the next.
#[derive(Debug, Default)]
pub(crate) struct Symtable {
    pub(super) scopes: Vec<Scope>,
    /// Of all scopes, in the order of first mention.
    symbols: Vec<Symbol>,
    pub(super) by_node: FxHashMap<NodeKey, ScopeId>,
    /// By name: the symbol of the innermost open scope that mentions it.
    innermost: Vec<Option<SymbolId>>,
    /// Names in `global` and `nonlocal` statements, for errors found later.
    pub(super) directives: Vec<(ScopeId, StrId, Location)>,
    /// The names of type parameters, of the scope of a generic class's.
    pub(super) private_parameters: Vec<(ScopeId, StrId)>,
    /// Whether a `try` has a `finally`.
    pub(crate) has_finally: bool,
    /// What the analysis keeps its memory in.
    pub(super) workspace: Workspace,
}

/// A symbol's place in its table. One less than the number kept, so that none takes no more room than some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SymbolId(NonZeroU32);

impl SymbolId {
    fn of_index(index: usize) -> SymbolId {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        SymbolId(number.expect("fewer symbols than bytes of source"))
    }

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Symtable {
    /// The module's scope.
    pub(crate) const MODULE: ScopeId = ScopeId(0);

    /// Forgets everything, for a module with that many names.
    pub(super) fn clear(&mut self, names: usize) {
        self.scopes.clear();
        self.symbols.clear();
        self.by_node.clear();
        self.innermost.clear();
        self.innermost.resize(names, None);
        self.directives.clear();
        self.private_parameters.clear();
        self.has_finally = false;
    }

    /// How many scopes there are.
    pub(crate) fn scope_count(&self) -> usize {
        self.scopes.len()
    }

    /// The scope.
    pub(crate) fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0 as usize]
    }

    pub(super) fn scope_mut(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.scopes[id.0 as usize]
    }

    /// The symbol.
    pub(crate) fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.index()]
    }

    pub(super) fn symbol_mut(&mut self, id: SymbolId) -> &mut Symbol {
        &mut self.symbols[id.index()]
    }

    /// The symbols of a scope, in order of first mention.
    pub(crate) fn symbols(&self, id: ScopeId) -> impl Iterator<Item = (SymbolId, &Symbol)> {
        let mut next = self.first_symbol(id);
        std::iter::from_fn(move || {
            let id = next?;
            next = self.symbol_after(id);
            Some((id, self.symbol(id)))
        })
    }

    /// The symbol that a scope mentions first.
    pub(super) fn first_symbol(&self, id: ScopeId) -> Option<SymbolId> {
        self.scope(id).symbols.map(|(first, _)| first)
    }

    /// The symbol that the same scope mentions next.
    pub(super) fn symbol_after(&self, id: SymbolId) -> Option<SymbolId> {
        self.symbol(id).next
    }

    /// The parameters of a scope, mangled, in the order of `co_varnames`, which is that of first mention.
    pub(crate) fn parameters(&self, id: ScopeId) -> impl Iterator<Item = StrId> {
        let is_parameter = |symbol: &Symbol| symbol.flags.intersects(SymbolFlags::PARAM);
        self.symbols(id).filter(move |(_, symbol)| is_parameter(symbol)).map(|(_, symbol)| symbol.name)
    }

    /// Where a name lives that any scope may mention; a look at all of its symbols.
    pub(crate) fn name_scope(&self, id: ScopeId, name: StrId) -> NameScope {
        let found = self.symbols(id).find(|(_, symbol)| symbol.name == name);
        found.map_or(NameScope::Unknown, |(_, symbol)| symbol.scope)
    }

    /// Whether anything is declared `global` or `nonlocal`.
    pub(crate) fn has_directives(&self) -> bool {
        !self.directives.is_empty()
    }

    /// Scopes directly inside. Once the table is analyzed, those of an inlined comprehension stand here in its stead.
    pub(crate) fn children(&self, id: ScopeId) -> impl Iterator<Item = ScopeId> {
        let mut next = self.first_child(id);
        std::iter::from_fn(move || {
            let id = next?;
            next = self.scope(id).next;
            Some(id)
        })
    }

    /// The first scope directly inside.
    pub(super) fn first_child(&self, id: ScopeId) -> Option<ScopeId> {
        self.scope(id).children.map(|(first, _)| first)
    }

    /// Appends a scope to those inside another.
    pub(super) fn append_child(&mut self, parent: ScopeId, child: ScopeId) {
        self.scope_mut(child).next = None;
        let children = &mut self.scope_mut(parent).children;
        match children {
            Some((_, last)) => {
                let before = std::mem::replace(last, child);
                self.scope_mut(before).next = Some(child);
            }
            None => *children = Some((child, child)),
        }
    }

    /// Takes the scopes out of the one around them; the first of them knows the others.
    pub(super) fn take_children(&mut self, id: ScopeId) -> Option<ScopeId> {
        self.scope_mut(id).children.take().map(|(first, _)| first)
    }

    /// Whether a scope that knows a name as it is written can be taken at its word: a type parameter that stands behind
    /// may make the name one to be mangled.
    pub(crate) fn knows_names_as_written(&self, id: ScopeId) -> bool {
        self.scope(id).mangles_only.is_none()
    }

    /// Whether it is a function, or the like of one, that knows names as they are written and asks no class for them.
    pub(crate) fn is_plain_function(&self, id: ScopeId) -> bool {
        let scope = self.scope(id);
        scope.kind.is_function_like() && scope.mangles_only.is_none() && !scope.can_see_class_scope
    }

    /// Whether a scope mangles that name if it is private.
    pub(crate) fn mangles(&self, id: ScopeId, name: StrId) -> bool {
        let owner = self.scope(id).mangles_only;
        owner.is_none_or(|owner| self.private_parameters.contains(&(owner, name)))
    }

    /// The scope that a node opens.
    ///
    /// # Panics
    /// If it opens none: the code generator asks only for what the builder has entered.
    pub(crate) fn of_node(&self, key: NodeKey) -> ScopeId {
        *self.by_node.get(&key).expect("the symbol table has a scope for every node that opens one")
    }
}

/// Symbols by name, in scopes that are open. A scope has a higher number than those around it.
impl Symtable {
    /// The symbol of a name in the innermost open scope that mentions it.
    #[inline]
    fn innermost(&self, name: StrId) -> Option<SymbolId> {
        self.innermost.get(name.index()).copied().flatten()
    }

    /// The symbol of a name in an open scope.
    #[inline]
    pub(super) fn find(&self, id: ScopeId, name: StrId) -> Option<SymbolId> {
        let mut found = self.innermost(name)?;
        let mut symbol = self.symbol(found);
        while symbol.owner > id {
            found = symbol.outer?;
            symbol = self.symbol(found);
        }
        (symbol.owner == id).then_some(found)
    }

    /// Whether the innermost open scope says that of a name already, so that saying it again would change nothing.
    #[inline]
    pub(super) fn says_already(&self, id: ScopeId, name: StrId, flags: SymbolFlags) -> bool {
        let Some(symbol) = self.innermost(name) else { return false };
        let symbol = self.symbol(symbol);
        let scope = self.scope(id);
        let is_same = (symbol.owner == id) & symbol.flags.intersects(flags);
        // What a comprehension's target says is more, and what a scope mangles it says of another name.
        is_same & !scope.in_iteration_target & scope.mangles_only.is_none()
    }

    /// The symbols of a name in the open scopes around one, from the inside out.
    pub(super) fn symbols_around(&self, id: ScopeId, name: StrId) -> impl Iterator<Item = &Symbol> {
        let mut next = self.innermost(name);
        let all = std::iter::from_fn(move || {
            let symbol = self.symbol(next?);
            next = symbol.outer;
            Some(symbol)
        });
        all.skip_while(move |symbol| symbol.owner >= id)
    }

    /// The symbol of a name in an open scope; one that says nothing, if there was none.
    #[inline]
    pub(super) fn find_or_add(&mut self, id: ScopeId, name: StrId) -> SymbolId {
        match self.find(id, name) {
            Some(found) => found,
            None => self.add(id, name, SymbolFlags::default(), NameScope::Unknown),
        }
    }

    /// Adds a symbol of a name that an open scope does not mention yet.
    pub(super) fn add(&mut self, id: ScopeId, name: StrId, flags: SymbolFlags, scope: NameScope) -> SymbolId {
        let added = SymbolId::of_index(self.symbols.len());
        let mut inner = None;
        let mut outer = self.innermost(name);
        while let Some(other) = outer.filter(|&other| self.symbol(other).owner > id) {
            (inner, outer) = (Some(other), self.symbol(other).outer);
        }
        self.symbols.push(Symbol { name, owner: id, flags, scope, next: None, outer });
        match inner {
            Some(inner) => self.symbol_mut(inner).outer = Some(added),
            None => self.set_innermost(name, Some(added)),
        }
        let symbols = &mut self.scope_mut(id).symbols;
        match symbols {
            Some((_, last)) => {
                let before = std::mem::replace(last, added);
                self.symbol_mut(before).next = Some(added);
            }
            None => *symbols = Some((added, added)),
        }
        added
    }

    fn set_innermost(&mut self, name: StrId, symbol: Option<SymbolId>) {
        if name.index() >= self.innermost.len() {
            self.innermost.resize(name.index() + 1, None);
        }
        self.innermost[name.index()] = symbol;
    }

    /// Opens a scope that has symbols already. It is inside all that are open.
    pub(super) fn open(&mut self, id: ScopeId) {
        let mut next = self.first_symbol(id);
        while let Some(opened) = next {
            let outer = self.innermost(self.symbol(opened).name);
            let symbol = self.symbol_mut(opened);
            (symbol.outer, next) = (outer, symbol.next);
            let name = symbol.name;
            self.set_innermost(name, Some(opened));
        }
    }

    /// Closes the innermost open scope.
    pub(super) fn close(&mut self, id: ScopeId) {
        let mut next = self.first_symbol(id);
        while let Some(closed) = next {
            let &Symbol { name, outer, .. } = self.symbol(closed);
            next = self.symbol(closed).next;
            self.set_innermost(name, outer);
        }
    }

    /// Takes symbols out of a scope that is closed.
    pub(super) fn remove(&mut self, id: ScopeId, is_removed: impl Fn(StrId) -> bool) {
        let mut next = self.scope_mut(id).symbols.take().map(|(first, _)| first);
        let mut kept: Option<(SymbolId, SymbolId)> = None;
        while let Some(symbol) = next {
            next = self.symbol_mut(symbol).next.take();
            if is_removed(self.symbol(symbol).name) {
                continue;
            }
            if let Some((_, last)) = kept {
                self.symbol_mut(last).next = Some(symbol);
            }
            kept = Some((kept.map_or(symbol, |(first, _)| first), symbol));
        }
        self.scope_mut(id).symbols = kept;
    }
}
