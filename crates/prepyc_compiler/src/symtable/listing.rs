//! The table as text, for tests: a line a scope, then a line a name, names in alphabetical order.
//!
//! Scopes of annotations that name nothing are left out.
//!
//! ```text
//! function f 1 nested
//!   x local bound
//!   y free
//! ```

use std::fmt;

use prepyc_bytecode::Strings;

use super::scope::{NameScope, Scope, ScopeId, ScopeKind, SymbolFlags};
use super::table::Symtable;

/// Displays a table with the names of its strings.
pub(crate) struct Listing<'l> {
    pub(crate) table: &'l Symtable,
    pub(crate) strings: &'l Strings,
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_scope(f, Symtable::MODULE, 0)
    }
}

impl Listing<'_> {
    fn write_scope(&self, f: &mut fmt::Formatter<'_>, id: ScopeId, depth: usize) -> fmt::Result {
        let scope = self.table.scope(id);
        if self.is_bare_annotation(id) {
            return Ok(());
        }
        let name = self.strings.get(scope.name);
        let line = scope.location.lineno;
        writeln!(
            f,
            "{:indent$}{} {name} {line}{}",
            "",
            kind_name(scope.kind),
            nested(scope),
            indent = 2 * depth
        )?;
        let symbols = self.table.symbols(id);
        let mut symbols: Vec<_> =
            symbols.map(|(_, symbol)| (self.strings.get(symbol.name), symbol)).collect();
        symbols.sort_by_key(|(name, _)| *name);
        for (name, symbol) in symbols {
            let kind = scope_name(symbol.scope);
            writeln!(f, "{:indent$}  {name} {kind}{}", "", FlagNames(symbol.flags), indent = 2 * depth)?;
        }
        for name in self.table.parameters(id) {
            writeln!(f, "{:indent$}  parameter {}", "", self.strings.get(name), indent = 2 * depth)?;
        }
        self.table.children(id).try_for_each(|child| self.write_scope(f, child, depth + 1))
    }
}

impl Listing<'_> {
    /// A scope of annotations that name nothing and open no scope: there may be one or not.
    fn is_bare_annotation(&self, id: ScopeId) -> bool {
        let is_own = |name: &[u8]| matches!(name, b".format" | b"__classdict__");
        self.table.scope(id).kind == ScopeKind::Annotation
            && self.table.symbols(id).all(|(_, symbol)| is_own(self.strings.get(symbol.name).as_bytes()))
            && self.table.children(id).next().is_none()
    }
}

fn nested(scope: &Scope) -> &'static str {
    if scope.nested { " nested" } else { "" }
}

fn kind_name(kind: ScopeKind) -> &'static str {
    match kind {
        ScopeKind::Module => "module",
        ScopeKind::Function => "function",
        ScopeKind::Class => "class",
        ScopeKind::Annotation => "annotation",
        ScopeKind::TypeVariable => "type variable",
        ScopeKind::TypeAlias => "type alias",
        ScopeKind::TypeParameters => "type parameters",
    }
}

fn scope_name(scope: NameScope) -> &'static str {
    match scope {
        NameScope::Unknown => "unknown",
        NameScope::Local => "local",
        NameScope::GlobalExplicit => "global",
        NameScope::GlobalImplicit => "implicit",
        NameScope::Free => "free",
        NameScope::Cell => "cell",
    }
}

struct FlagNames(SymbolFlags);

impl fmt::Display for FlagNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (SymbolFlags::GLOBAL, "global"),
            (SymbolFlags::LOCAL, "assigned"),
            (SymbolFlags::PARAM, "parameter"),
            (SymbolFlags::NONLOCAL, "nonlocal"),
            (SymbolFlags::USE, "used"),
            (SymbolFlags::FREE_CLASS, "free-class"),
            (SymbolFlags::IMPORT, "imported"),
            (SymbolFlags::ANNOT, "annotated"),
            (SymbolFlags::COMP_ITER, "iterated"),
            (SymbolFlags::TYPE_PARAM, "type-parameter"),
            (SymbolFlags::COMP_CELL, "comprehension-cell"),
        ];
        names
            .iter()
            .filter(|(flag, _)| self.0.intersects(*flag))
            .try_for_each(|(_, name)| write!(f, " {name}"))
    }
}
