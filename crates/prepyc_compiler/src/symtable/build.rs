//! The first pass: one walk over the tree that notes what each scope says of each name.
//!
//! The order of the walk is CPython's, since it decides which of several errors is reported.

mod definition;
mod expression;
mod pattern;
mod statement;

use prepyc_bytecode::{StrId, Strings};
use prepyc_syntax::ast::{Location, Module};
use prepyc_version::Features;

use super::analyze::analyze;
use super::scope::{NameScope, NodeKey, Scope, ScopeId, ScopeKind, Symbol, SymbolFlags, Symtable};
use crate::error::SourceError;
use crate::future::FutureFeatures;
use crate::mangle::mangle;

/// Builds the table of a module.
///
/// # Errors
/// The first thing that CPython's symbol table would not have.
pub(crate) fn build_symtable(
    module: &Module<'_>,
    features: &Features,
    future: FutureFeatures,
    strings: &mut Strings,
    max_depth: u32,
) -> Result<Symtable, SourceError> {
    let names = WellKnown::intern(strings);
    let mut builder = Builder {
        table: Symtable { scopes: Vec::new(), by_node: rustc_hash::FxHashMap::default() },
        stack: Vec::new(),
        class: None,
        names,
        strings,
        features,
        future,
        depth: 0,
        max_depth,
    };
    builder.enter(
        names.top,
        ScopeKind::Module,
        Some(NodeKey::body(module)),
        MODULE_LOCATION,
        Attachment::Attached,
    );
    builder.visit_module(module)?;
    let mut table = builder.table;
    analyze(&mut table, features, &names, strings)?;
    Ok(table)
}

/// The module has no node of its own with a place.
const MODULE_LOCATION: Location = Location { lineno: 0, end_lineno: 0, col_offset: 0, end_col_offset: 0 };

/// Names that the compiler itself brings in.
#[derive(Clone, Copy)]
pub(super) struct WellKnown {
    top: StrId,
    lambda: StrId,
    listcomp: StrId,
    setcomp: StrId,
    dictcomp: StrId,
    genexpr: StrId,
    annotate: StrId,
    super_: StrId,
    implicit_argument: StrId,
    type_params: StrId,
    dunder_type_params: StrId,
    generic_base: StrId,
    defaults: StrId,
    kwdefaults: StrId,
    debug: StrId,
    format: StrId,
    future: StrId,
    pub(super) class: StrId,
    pub(super) classdict: StrId,
    pub(super) conditional_annotations: StrId,
}

impl WellKnown {
    fn intern(strings: &mut Strings) -> WellKnown {
        WellKnown {
            top: strings.intern("top"),
            lambda: strings.intern("lambda"),
            listcomp: strings.intern("listcomp"),
            setcomp: strings.intern("setcomp"),
            dictcomp: strings.intern("dictcomp"),
            genexpr: strings.intern("genexpr"),
            annotate: strings.intern("__annotate__"),
            super_: strings.intern("super"),
            implicit_argument: strings.intern(".0"),
            type_params: strings.intern(".type_params"),
            dunder_type_params: strings.intern("__type_params__"),
            generic_base: strings.intern(".generic_base"),
            defaults: strings.intern(".defaults"),
            kwdefaults: strings.intern(".kwdefaults"),
            debug: strings.intern("__debug__"),
            format: strings.intern(".format"),
            future: strings.intern("__future__"),
            class: strings.intern("__class__"),
            classdict: strings.intern("__classdict__"),
            conditional_annotations: strings.intern("__conditional_annotations__"),
        }
    }
}

/// Whether a new scope takes part in the analysis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attachment {
    Attached,
    /// Annotations that become strings (PEP 563) are walked for their errors; what they say of names is forgotten.
    Forgotten,
}

/// The walk.
struct Builder<'b> {
    table: Symtable,
    /// The scopes around the node at hand, innermost last; never empty during the walk.
    stack: Vec<ScopeId>,
    /// The class whose private names are mangled.
    class: Option<StrId>,
    names: WellKnown,
    strings: &'b mut Strings,
    features: &'b Features,
    future: FutureFeatures,
    /// How many nodes are around the one at hand.
    depth: u32,
    /// A node deeper than this is an error, so that no later stage meets one.
    max_depth: u32,
}

type Walk = Result<(), SourceError>;

impl Builder<'_> {
    fn visit_module(&mut self, module: &Module<'_>) -> Walk {
        self.current().has_docstring = crate::docstring::docstring(module.body).is_some();
        self.visit_body(module.body)
    }

    /// Goes into a node; the caller takes it back with [`Builder::ascend`] unless it fails.
    fn descend(&mut self, location: Location) -> Walk {
        self.depth += 1;
        if self.depth > self.max_depth { Err(SourceError::too_deep(location)) } else { Ok(()) }
    }

    fn ascend(&mut self) {
        self.depth -= 1;
    }

    fn current_id(&self) -> ScopeId {
        *self.stack.last().expect("the walk is inside the module")
    }

    fn current(&mut self) -> &mut Scope {
        let id = self.current_id();
        self.table.scope_mut(id)
    }

    fn kind(&self) -> ScopeKind {
        self.table.scope(self.current_id()).kind
    }

    /// Opens a scope inside the current one.
    fn enter(
        &mut self,
        name: StrId,
        kind: ScopeKind,
        key: Option<NodeKey>,
        location: Location,
        attachment: Attachment,
    ) -> ScopeId {
        let id = ScopeId(u32::try_from(self.table.scopes.len()).expect("fewer scopes than bytes of source"));
        let parent = self.stack.last().copied();
        let mut scope = Scope::new(name, kind, location, parent);
        if let Some(parent) = parent {
            let parent = self.table.scope_mut(parent);
            scope.nested = parent.nested || parent.kind.is_function_like();
            scope.iterable_depth = parent.iterable_depth;
            scope.mangles_only = parent.mangles_only.filter(|_| kind != ScopeKind::Class);
            scope.attached = parent.attached && attachment == Attachment::Attached;
            if scope.attached {
                parent.children.push(id);
            }
        }
        self.table.scopes.push(scope);
        if let Some(key) = key {
            self.table.by_node.insert(key, id);
        }
        self.stack.push(id);
        id
    }

    fn exit(&mut self) {
        self.stack.pop();
    }

    /// Opens a scope whose names resolve in the class around it, where there is one.
    fn enter_beside_class(&mut self, name: StrId, kind: ScopeKind, key: NodeKey, location: Location) -> Walk {
        let around = self.table.scope(self.current_id());
        let sees_class = around.kind == ScopeKind::Class || around.can_see_class_scope;
        self.enter(name, kind, Some(key), location, Attachment::Attached);
        if sees_class {
            self.current().can_see_class_scope = true;
            self.add(self.names.classdict, SymbolFlags::USE, location)?;
        }
        Ok(())
    }

    fn mangle_in(&mut self, scope: ScopeId, name: StrId) -> StrId {
        if self.table.mangles(scope, name) { mangle(self.strings, self.class, name) } else { name }
    }

    /// What the current scope says of a name so far.
    fn flags(&mut self, name: StrId) -> SymbolFlags {
        let scope = self.current_id();
        let name = self.mangle_in(scope, name);
        self.table.scope(scope).flags(name)
    }

    /// Notes something about a name in the current scope.
    fn add(&mut self, name: StrId, flags: SymbolFlags, location: Location) -> Walk {
        self.add_in(self.current_id(), name, flags, location)
    }

    /// Notes something about a name in a scope around the node at hand.
    fn add_in(&mut self, id: ScopeId, name: StrId, flags: SymbolFlags, location: Location) -> Walk {
        let mangled = self.mangle_in(id, name);
        let scope = self.table.scope_mut(id);
        let in_iteration_target = scope.in_iteration_target;
        let symbol = scope
            .symbols
            .entry(mangled)
            .or_insert(Symbol { flags: SymbolFlags::default(), scope: NameScope::Unknown });
        let before = symbol.flags;
        symbol.flags.insert(flags);
        if in_iteration_target {
            if symbol.flags.intersects(SymbolFlags::GLOBAL.union(SymbolFlags::NONLOCAL)) {
                let text = self.strings.get(name);
                return Err(SourceError::new(
                    format!("comprehension inner loop cannot rebind assignment expression target '{text}'"),
                    location,
                ));
            }
            symbol.flags.insert(SymbolFlags::COMP_ITER);
        }
        for (flag, what) in [
            (SymbolFlags::PARAM, "duplicate argument '{}' in function definition"),
            (SymbolFlags::TYPE_PARAM, "duplicate type parameter '{}'"),
        ] {
            if flags.intersects(flag) && before.intersects(flag) {
                let text = self.strings.get(name).to_string();
                return Err(SourceError::new(what.replace("{}", &text), location));
            }
        }
        if flags.intersects(SymbolFlags::PARAM) {
            scope.parameters.push(mangled);
        } else if flags.intersects(SymbolFlags::GLOBAL) {
            let module = self.table.scope_mut(Symtable::MODULE);
            let global = module
                .symbols
                .entry(mangled)
                .or_insert(Symbol { flags: SymbolFlags::default(), scope: NameScope::Unknown });
            global.flags.insert(flags);
        }
        Ok(())
    }

    /// Remembers where a name was declared `global` or `nonlocal`.
    fn record_directive(&mut self, name: StrId, location: Location) {
        let scope = self.current_id();
        let name = self.mangle_in(scope, name);
        self.current().directives.push((name, location));
    }

    fn text(&self, name: StrId) -> String {
        self.strings.get(name).to_string()
    }
}
