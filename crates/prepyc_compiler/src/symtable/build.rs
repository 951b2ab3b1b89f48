//! The first pass: one walk over the tree that notes what each scope says of each name.
//!
//! The order of the walk is CPython's, since it decides which of several errors is reported.

pub(super) mod definition;
mod expression;
mod pattern;
mod statement;

use prepyc_bytecode::{StrId, Strings};
use prepyc_syntax::ast::{Location, Module};
use prepyc_version::Features;

use super::analyze::analyze;
use super::scope::{NameScope, NodeKey, Scope, ScopeId, ScopeKind, SymbolFlags};
use super::table::{SymbolId, Symtable};
use crate::error::SourceError;
use crate::future::FutureFeatures;
use crate::mangle::{mangle, may_be_private};

/// Builds the table of a module.
///
/// # Errors
/// The first thing that CPython's symbol table would not have.
pub(crate) fn build_symtable(
    table: &mut Symtable,
    module: &Module<'_>,
    features: &Features,
    future: FutureFeatures,
    strings: &mut Strings,
    max_depth: u32,
) -> Result<(), Box<SourceError>> {
    let names = WellKnown::intern(strings);
    table.clear(strings.len());
    let mut builder = Builder {
        table,
        current: Symtable::MODULE,
        around: Vec::new(),
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
    builder.exit();
    analyze(table, features, &names, strings)
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
    table: &'b mut Symtable,
    /// The scope of the node at hand.
    current: ScopeId,
    /// Those around it, innermost last.
    around: Vec<ScopeId>,
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

type Walk = Result<(), Box<SourceError>>;

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
        self.current
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
        let parent = if id == Symtable::MODULE { None } else { Some(self.current) };
        let mut scope = Scope::new(name, kind, location, parent);
        if let Some(parent) = parent {
            let parent = self.table.scope_mut(parent);
            scope.nested = parent.nested || parent.kind.is_function_like();
            scope.iterable_depth = parent.iterable_depth;
            scope.mangles_only = parent.mangles_only.filter(|_| kind != ScopeKind::Class);
            scope.attached = parent.attached && attachment == Attachment::Attached;
        }
        let attached = scope.attached;
        self.table.scopes.push(scope);
        if let Some(parent) = parent.filter(|_| attached) {
            self.table.append_child(parent, id);
        }
        if let Some(key) = key {
            self.table.by_node.insert(key, id);
        }
        if parent.is_some() {
            self.go_into(id);
        }
        id
    }

    fn go_into(&mut self, id: ScopeId) {
        self.around.push(std::mem::replace(&mut self.current, id));
    }

    /// Closes the current scope for good.
    fn exit(&mut self) {
        let id = self.current;
        if let Some(annotations) = self.table.scope(id).annotation_scope {
            self.table.close(annotations);
        }
        self.table.close(id);
        self.leave_open();
    }

    /// Goes back to the scope around the current one, which stays open until that one closes: it will be gone into
    /// again.
    fn leave_open(&mut self) {
        self.current = self.around.pop().unwrap_or(Symtable::MODULE);
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
        if self.class.is_some() && may_be_private(self.strings, name) && self.table.mangles(scope, name) {
            mangle(self.strings, self.class, name)
        } else {
            name
        }
    }

    /// The symbol of a name in a scope around the node at hand, and the name as that scope has it.
    ///
    /// A scope that knows the name as it is written does not mangle it: the text needs no look.
    #[inline]
    fn find(&mut self, scope: ScopeId, name: StrId) -> (Option<SymbolId>, StrId) {
        let found = self.table.find(scope, name);
        if found.is_some() && self.table.knows_names_as_written(scope) {
            return (found, name);
        }
        let mangled = self.mangle_in(scope, name);
        if mangled == name { (found, name) } else { (self.table.find(scope, mangled), mangled) }
    }

    /// What a scope around the node at hand says of a name so far.
    fn flags_in(&mut self, scope: ScopeId, name: StrId) -> SymbolFlags {
        let (found, _) = self.find(scope, name);
        found.map_or(SymbolFlags::default(), |symbol| self.table.symbol(symbol).flags)
    }

    /// What the current scope says of a name so far.
    fn flags(&mut self, name: StrId) -> SymbolFlags {
        self.flags_in(self.current_id(), name)
    }

    /// Notes something about a name in the current scope.
    #[inline]
    fn add(&mut self, name: StrId, flags: SymbolFlags, location: Location) -> Walk {
        self.add_in(self.current_id(), name, flags, location)
    }

    /// Notes something about a name in a scope around the node at hand.
    fn add_in(&mut self, id: ScopeId, name: StrId, flags: SymbolFlags, location: Location) -> Walk {
        let (found, mangled) = self.find(id, name);
        let symbol =
            found.unwrap_or_else(|| self.table.add(id, mangled, SymbolFlags::default(), NameScope::Unknown));
        let in_iteration_target = self.table.scope(id).in_iteration_target;
        let symbol = self.table.symbol_mut(symbol);
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
        if flags.intersects(before) && flags.intersects(SymbolFlags::PARAM.union(SymbolFlags::TYPE_PARAM)) {
            self.refuse_second(name, before, flags, location)?;
        }
        if flags.intersects(SymbolFlags::GLOBAL) && !flags.intersects(SymbolFlags::PARAM) {
            let global = self.table.find_or_add(Symtable::MODULE, mangled);
            self.table.symbol_mut(global).flags.insert(flags);
        }
        Ok(())
    }

    /// A parameter or type parameter is there but once.
    fn refuse_second(
        &self,
        name: StrId,
        before: SymbolFlags,
        flags: SymbolFlags,
        location: Location,
    ) -> Walk {
        for (flag, what) in [
            (SymbolFlags::PARAM, "duplicate argument '{}' in function definition"),
            (SymbolFlags::TYPE_PARAM, "duplicate type parameter '{}'"),
        ] {
            if flags.intersects(flag) && before.intersects(flag) {
                return Err(SourceError::new(what.replace("{}", &self.text(name)), location));
            }
        }
        Ok(())
    }

    /// Remembers where a name was declared `global` or `nonlocal`.
    fn record_directive(&mut self, name: StrId, location: Location) {
        let scope = self.current_id();
        let name = self.mangle_in(scope, name);
        self.table.directives.push((scope, name, location));
    }

    fn text(&self, name: StrId) -> String {
        self.strings.get(name).to_string()
    }
}
