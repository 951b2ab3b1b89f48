//! What the symbol table holds: scopes and symbols, and the nodes that open scopes.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::Location;

use super::table::SymbolId;

/// A scope's place in its table; number 0 is the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScopeId(pub(super) u32);

/// The node that opens a scope, and which of its scopes is meant.
///
/// Nodes live in the arena for as long as the table is in use, so an address names a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeKey {
    address: usize,
    role: Role,
}

/// Which of the scopes that one node opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    Body,
    TypeParameters,
    Annotations,
    Bound,
    Default,
}

impl NodeKey {
    /// The body of a module, function, class, lambda, comprehension or type alias.
    pub(crate) fn body<T>(node: &T) -> NodeKey {
        NodeKey::new(node, Role::Body)
    }

    /// The type parameters of a definition.
    pub(crate) fn type_parameters<T>(node: &T) -> NodeKey {
        NodeKey::new(node, Role::TypeParameters)
    }

    /// The annotations of a function's arguments and result.
    pub(crate) fn annotations<T>(node: &T) -> NodeKey {
        NodeKey::new(node, Role::Annotations)
    }

    /// The bound of a type variable.
    pub(crate) fn bound<T>(node: &T) -> NodeKey {
        NodeKey::new(node, Role::Bound)
    }

    /// The default of a type parameter.
    pub(crate) fn default<T>(node: &T) -> NodeKey {
        NodeKey::new(node, Role::Default)
    }

    fn new<T>(node: &T, role: Role) -> NodeKey {
        NodeKey { address: std::ptr::from_ref(node).addr(), role }
    }
}

/// What kind of code a scope holds (CPython: `_Py_block_ty`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    /// The module.
    Module,
    /// A function, a lambda or a comprehension.
    Function,
    /// A class body.
    Class,
    /// Annotations, evaluated on demand (PEP 649) or never (PEP 563).
    Annotation,
    /// A bound or default of a type parameter.
    TypeVariable,
    /// The value of a `type` statement.
    TypeAlias,
    /// The type parameters of a generic function, class or alias.
    TypeParameters,
}

impl ScopeKind {
    /// Whether names resolve as in a function: bindings are visible in inner scopes, fast locals are possible.
    pub(crate) const fn is_function_like(self) -> bool {
        !matches!(self, ScopeKind::Module | ScopeKind::Class)
    }
}

/// Which comprehension a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComprehensionKind {
    /// `[x for …]`.
    List,
    /// `{x for …}`.
    Set,
    /// `{x: y for …}`.
    Dict,
    /// `(x for …)`.
    Generator,
}

/// One scope.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Its name: of the function or class, or what CPython calls it (`<lambda>`, `<genexpr>` …).
    pub(crate) name: StrId,
    /// What it holds.
    pub(crate) kind: ScopeKind,
    /// Where its node stands.
    pub(crate) location: Location,
    /// The scope around it.
    pub(crate) parent: Option<ScopeId>,
    /// The first and the last of its symbols.
    pub(super) symbols: Option<(SymbolId, SymbolId)>,
    /// The first and the last scope directly inside.
    pub(super) children: Option<(ScopeId, ScopeId)>,
    /// The next scope inside the one around.
    pub(super) next: Option<ScopeId>,
    /// The type parameters of a generic class around it, up to the class itself, where only their names are private to
    /// the class; elsewhere all private names are mangled.
    pub(super) mangles_only: Option<ScopeId>,
    /// The comprehension it is, if it is one.
    pub(crate) comprehension: Option<ComprehensionKind>,
    /// Stands, at some distance, in a function.
    pub(crate) nested: bool,
    /// Has `yield` in it.
    pub(crate) generator: bool,
    /// Is `async`, or has `await` in it.
    pub(crate) coroutine: bool,
    /// Has `*args`.
    pub(crate) varargs: bool,
    /// Has `**kwargs`.
    pub(crate) varkeywords: bool,
    /// Stands directly in a class: CPython's `CO_METHOD`.
    pub(crate) method: bool,
    /// Has a docstring.
    pub(crate) has_docstring: bool,
    /// A class whose `__class__` cell some method uses.
    pub(crate) needs_class_closure: bool,
    /// A class whose namespace some annotation scope reads.
    pub(crate) needs_classdict: bool,
    /// A class with a function whose scope of annotations would read its namespace, had it not been left out.
    pub(super) classdict_wanted: bool,
    /// A comprehension compiled into the scope around it (PEP 709).
    pub(crate) inlined: bool,
    /// Names resolve in the class around it first.
    pub(crate) can_see_class_scope: bool,
    /// Some annotation stands where it may not run: the class or module keeps a set of those that did.
    pub(crate) has_conditional_annotations: bool,
    /// An annotation scope in which something is annotated.
    pub(crate) annotations_used: bool,
    /// The scope of the variable annotations of a class or module.
    pub(crate) annotation_scope: Option<ScopeId>,
    /// Takes part in the analysis; what annotations that become strings say of names does not.
    pub(super) attached: bool,
    /// What errors call a scope of a type variable.
    pub(super) what: Option<&'static str>,
    /// While it is being built: inside the target of a comprehension's `for`.
    pub(super) in_iteration_target: bool,
    /// While it is being built: how many comprehension iterables it is inside of.
    pub(super) iterable_depth: u32,
    /// While it is being built: inside a statement that may not run, or run twice.
    pub(super) in_conditional_block: bool,
    /// While it is being built: inside an annotation that never runs.
    pub(super) in_unevaluated_annotation: bool,
}

/// What a scope does with a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Symbol {
    /// The name, mangled.
    pub(crate) name: StrId,
    /// Whose symbol it is.
    pub(crate) owner: ScopeId,
    /// What the source says.
    pub(crate) flags: SymbolFlags,
    /// What follows.
    pub(crate) scope: NameScope,
    /// The next symbol of the scope.
    pub(super) next: Option<SymbolId>,
    /// While the scope is open: the symbol of that name in the next scope around that mentions it.
    pub(super) outer: Option<SymbolId>,
}

impl Symbol {
    /// What it says, without whose it is.
    pub(crate) fn meaning(&self) -> Meaning {
        Meaning { flags: self.flags, scope: self.scope }
    }
}

/// What a name is in a scope.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meaning {
    /// What the source says.
    pub(crate) flags: SymbolFlags,
    /// What follows.
    pub(crate) scope: NameScope,
}

/// Where a name lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NameScope {
    /// Not decided: the analysis has not run, or the scope does not mention it.
    #[default]
    Unknown,
    /// In this scope alone.
    Local,
    /// Global, by a `global` statement.
    GlobalExplicit,
    /// Global or builtin, for want of another binding.
    GlobalImplicit,
    /// In a function around this one.
    Free,
    /// In this scope, and inner ones use it.
    Cell,
}

/// What the source says of a name in a scope (CPython: `DEF_*` and `USE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SymbolFlags(pub(super) u16);

impl SymbolFlags {
    /// In a `global` statement.
    pub(crate) const GLOBAL: SymbolFlags = SymbolFlags(1);
    /// Assigned to.
    pub(crate) const LOCAL: SymbolFlags = SymbolFlags(1 << 1);
    /// A parameter.
    pub(crate) const PARAM: SymbolFlags = SymbolFlags(1 << 2);
    /// In a `nonlocal` statement.
    pub(crate) const NONLOCAL: SymbolFlags = SymbolFlags(1 << 3);
    /// Read.
    pub(crate) const USE: SymbolFlags = SymbolFlags(1 << 4);
    /// Bound in a class, and also free in a method of it.
    pub(crate) const FREE_CLASS: SymbolFlags = SymbolFlags(1 << 6);
    /// Bound by `import`.
    pub(crate) const IMPORT: SymbolFlags = SymbolFlags(1 << 7);
    /// Annotated.
    pub(crate) const ANNOT: SymbolFlags = SymbolFlags(1 << 8);
    /// The target of a comprehension's `for`.
    pub(crate) const COMP_ITER: SymbolFlags = SymbolFlags(1 << 9);
    /// A type parameter.
    pub(crate) const TYPE_PARAM: SymbolFlags = SymbolFlags(1 << 10);
    /// A cell only because an inlined comprehension needs one.
    pub(crate) const COMP_CELL: SymbolFlags = SymbolFlags(1 << 11);
    /// Any binding.
    pub(crate) const BOUND: SymbolFlags =
        SymbolFlags(Self::LOCAL.0 | Self::PARAM.0 | Self::IMPORT.0 | Self::TYPE_PARAM.0);

    /// Whether any bit of `other` is set.
    pub(crate) const fn intersects(self, other: SymbolFlags) -> bool {
        self.0 & other.0 != 0
    }

    /// The bits of both.
    pub(crate) const fn union(self, other: SymbolFlags) -> SymbolFlags {
        SymbolFlags(self.0 | other.0)
    }

    pub(super) fn insert(&mut self, other: SymbolFlags) {
        self.0 |= other.0;
    }
}

impl Scope {
    pub(super) fn new(name: StrId, kind: ScopeKind, location: Location, parent: Option<ScopeId>) -> Scope {
        Scope {
            name,
            kind,
            location,
            parent,
            symbols: None,
            children: None,
            next: None,
            mangles_only: None,
            comprehension: None,
            nested: false,
            generator: false,
            coroutine: false,
            varargs: false,
            varkeywords: false,
            method: false,
            has_docstring: false,
            needs_class_closure: false,
            needs_classdict: false,
            classdict_wanted: false,
            inlined: false,
            can_see_class_scope: false,
            has_conditional_annotations: false,
            annotations_used: false,
            annotation_scope: None,
            attached: true,
            what: None,
            in_iteration_target: false,
            iterable_depth: 0,
            in_conditional_block: false,
            in_unevaluated_annotation: false,
        }
    }
}
