//! Statements.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::{
    Alias, AnnAssign, ExceptHandler, Expr, ExprContext, ExprKind, For, ImportFrom, Location, Stmt, StmtKind,
    Try, TypeAlias, With, WithItem,
};

use super::{Builder, Walk};
use crate::error::SourceError;
use crate::future::LATE_IMPORT;
use crate::symtable::scope::{NodeKey, ScopeKind, SymbolFlags};
use crate::symtable::table::Symtable;

/// Which of the two statements that say where a name lives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Global,
    Nonlocal,
}

impl Builder<'_> {
    pub(super) fn visit_body(&mut self, body: &[Stmt<'_>]) -> Walk {
        body.iter().try_for_each(|statement| self.visit_statement(statement))
    }

    fn visit_statement(&mut self, statement: &Stmt<'_>) -> Walk {
        self.descend(statement.location)?;
        self.visit_statement_inside(statement)?;
        self.ascend();
        Ok(())
    }

    fn visit_statement_inside(&mut self, statement: &Stmt<'_>) -> Walk {
        let location = statement.location;
        match &statement.kind {
            StmtKind::FunctionDef(def) => self.visit_function(statement, def, super::definition::Color::Sync),
            StmtKind::AsyncFunctionDef(def) => {
                self.visit_function(statement, def, super::definition::Color::Async)
            }
            StmtKind::ClassDef(def) => self.visit_class(statement, def),
            StmtKind::TypeAlias(alias) => self.visit_type_alias(statement, alias),
            StmtKind::Return { value } => self.visit_optional(*value),
            StmtKind::Delete { targets } => self.visit_all(targets),
            StmtKind::Assign { targets, value } => {
                self.visit_all(targets)?;
                self.visit(value)
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.visit(target)?;
                self.visit(value)
            }
            StmtKind::AnnAssign(assign) => self.visit_annotated_assignment(assign, location),
            StmtKind::For(node) => self.visit_for(node),
            StmtKind::AsyncFor(node) => {
                self.require_coroutine("'async for' outside async function", location)?;
                self.visit_for(node)
            }
            StmtKind::While(node) => {
                self.visit(&node.test)?;
                self.conditionally(|this| {
                    this.visit_body(node.body)?;
                    this.visit_body(node.orelse)
                })
            }
            StmtKind::If(node) => {
                self.visit(&node.test)?;
                self.conditionally(|this| {
                    this.visit_body(node.body)?;
                    this.visit_body(node.orelse)
                })
            }
            StmtKind::With(node) => self.visit_with(node),
            StmtKind::AsyncWith(node) => {
                self.require_coroutine("'async with' outside async function", location)?;
                self.visit_with(node)
            }
            StmtKind::Match { subject, cases } => {
                self.visit(subject)?;
                self.conditionally(|this| cases.iter().try_for_each(|case| this.visit_match_case(case)))
            }
            StmtKind::Raise { exc, cause } => {
                self.visit_optional(*exc)?;
                self.visit_optional(*cause)
            }
            StmtKind::Try(node) | StmtKind::TryStar(node) => self.visit_try(node),
            StmtKind::Assert { test, msg } => {
                self.visit(test)?;
                self.visit_optional(*msg)
            }
            StmtKind::Import { names, .. } => names.iter().try_for_each(|alias| self.visit_alias(alias)),
            StmtKind::ImportFrom(import) => {
                self.check_future_import(import, location)?;
                import.names.iter().try_for_each(|alias| self.visit_alias(alias))
            }
            StmtKind::Global { names } => self.visit_directive(Directive::Global, names, location),
            StmtKind::Nonlocal { names } => self.visit_directive(Directive::Nonlocal, names, location),
            StmtKind::Expr { value } => self.visit(value),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
        }
    }

    /// Walks something that may not run, or run twice: annotations in it are conditional.
    fn conditionally(&mut self, walk: impl FnOnce(&mut Self) -> Walk) -> Walk {
        let before = std::mem::replace(&mut self.current().in_conditional_block, true);
        walk(self)?;
        self.current().in_conditional_block = before;
        Ok(())
    }

    fn visit_for(&mut self, node: &For<'_>) -> Walk {
        self.visit(&node.target)?;
        self.visit(&node.iter)?;
        self.conditionally(|this| {
            this.visit_body(node.body)?;
            this.visit_body(node.orelse)
        })
    }

    fn visit_with(&mut self, node: &With<'_>) -> Walk {
        self.conditionally(|this| {
            node.items.iter().try_for_each(|item| this.visit_with_item(item))?;
            this.visit_body(node.body)
        })
    }

    /// Before 3.14 the code generator sees to that.
    fn require_coroutine(&mut self, message: &'static str, location: Location) -> Walk {
        if self.features.symtable_checks_context && !self.is_coroutine() {
            return Err(SourceError::new(message, location));
        }
        Ok(())
    }

    fn visit_try(&mut self, node: &Try<'_>) -> Walk {
        self.conditionally(|this| {
            this.visit_body(node.body)?;
            node.handlers.iter().try_for_each(|handler| this.visit_handler(handler))?;
            this.visit_body(node.orelse)?;
            this.table.has_finally |= !node.finalbody.is_empty();
            this.visit_body(node.finalbody)
        })
    }

    fn visit_handler(&mut self, handler: &ExceptHandler<'_>) -> Walk {
        self.visit_optional(handler.type_.as_ref())?;
        if let Some(name) = handler.name {
            self.check_name(name, ExprContext::Store, handler.location)?;
            self.add(name, SymbolFlags::LOCAL, handler.location)?;
        }
        self.visit_body(handler.body)
    }

    fn visit_with_item(&mut self, item: &WithItem<'_>) -> Walk {
        self.visit(&item.context_expr)?;
        self.visit_optional(item.optional_vars.as_ref())
    }

    fn visit_type_alias(&mut self, statement: &Stmt<'_>, alias: &TypeAlias<'_>) -> Walk {
        self.visit(&alias.name)?;
        let ExprKind::Name { id: name, .. } = alias.name.kind else {
            unreachable!("the parser makes a type alias of a name only")
        };
        let is_generic = !alias.type_params.is_empty();
        if is_generic {
            self.enter_type_parameters(name, statement, &[])?;
            self.visit_type_parameters(alias.type_params)?;
        }
        let location = statement.location;
        self.enter_evaluated_later(name, ScopeKind::TypeAlias, NodeKey::body(statement), location)?;
        self.visit(&alias.value)?;
        self.exit();
        if is_generic {
            self.exit();
        }
        Ok(())
    }

    fn visit_annotated_assignment(&mut self, assign: &AnnAssign<'_>, location: Location) -> Walk {
        self.current().annotations_used = true;
        if let ExprKind::Name { id, .. } = assign.target.kind {
            let flags = self.flags(id);
            let declared = SymbolFlags::GLOBAL.union(SymbolFlags::NONLOCAL);
            if flags.intersects(declared) && assign.simple && self.current_id() != Symtable::MODULE {
                let what = if flags.intersects(SymbolFlags::GLOBAL) { "global" } else { "nonlocal" };
                return Err(self.annotated_name_error(id, what, location));
            }
            let at = assign.target.location;
            if assign.simple {
                self.check_name(id, ExprContext::Store, at)?;
                self.add(id, SymbolFlags::ANNOT.union(SymbolFlags::LOCAL), at)?;
            } else if assign.value.is_some() {
                self.check_name(id, ExprContext::Store, at)?;
                self.add(id, SymbolFlags::LOCAL, at)?;
            }
        } else {
            self.visit(&assign.target)?;
        }
        self.visit_variable_annotation(&assign.annotation)?;
        self.visit_optional(assign.value.as_ref())
    }

    fn annotated_name_error(&self, name: StrId, what: &str, location: Location) -> Box<SourceError> {
        SourceError::new(format!("annotated name '{}' can't be {what}", self.text(name)), location)
    }

    /// The annotation of a variable; from 3.14 on a scope of its own, one for all of a class or module.
    fn visit_variable_annotation(&mut self, annotation: &Expr<'_>) -> Walk {
        let location = annotation.location;
        if !self.features.lazy_annotations {
            return self.visit_eager_annotation(annotation);
        }
        let around = self.current_id();
        let scope = self.table.scope(around);
        let kind = scope.kind;
        let is_conditional =
            kind == ScopeKind::Module || kind == ScopeKind::Class && scope.in_conditional_block;
        if is_conditional && !scope.has_conditional_annotations {
            self.current().has_conditional_annotations = true;
            self.add(self.names.conditional_annotations, SymbolFlags::USE, location)?;
        }
        match self.table.scope(around).annotation_scope {
            Some(scope) => self.go_into(scope),
            None => {
                let scope = self.enter_annotations(None, location)?;
                self.table.scope_mut(around).annotation_scope = Some(scope);
                if kind == ScopeKind::Class && !self.future.annotations {
                    // Whatever the class itself says of the name: these have its cell.
                    self.table.scope_mut(around).needs_classdict = true;
                    self.current().can_see_class_scope = true;
                    self.add(self.names.classdict, SymbolFlags::USE, location)?;
                }
            }
        }
        let is_unevaluated = kind.is_function_like();
        self.current().in_unevaluated_annotation = is_unevaluated;
        self.visit(annotation)?;
        self.current().in_unevaluated_annotation = false;
        self.leave_open();
        Ok(())
    }

    /// Before 3.14 the code generator sees to that.
    fn check_future_import(&mut self, import: &ImportFrom<'_>, location: Location) -> Walk {
        let is_future = import.level == 0 && import.module == Some(self.names.future);
        if is_future && self.features.symtable_checks_context && location.lineno > self.future.last_line {
            return Err(SourceError::new(LATE_IMPORT, location));
        }
        Ok(())
    }

    fn visit_alias(&mut self, alias: &Alias) -> Walk {
        let text = self.strings.get(alias.name);
        if alias.asname.is_none() && text.as_bytes() == b"*" {
            if self.kind() != ScopeKind::Module {
                return Err(SourceError::new("import * only allowed at module level", alias.location));
            }
            return Ok(());
        }
        let bound = match alias.asname {
            Some(name) => name,
            None => self.first_component(alias.name),
        };
        self.check_name(bound, ExprContext::Store, alias.location)?;
        self.add(bound, SymbolFlags::IMPORT, alias.location)
    }

    /// `a` of `a.b.c`.
    fn first_component(&mut self, name: StrId) -> StrId {
        let text = self.strings.get(name).to_str().expect("identifiers have no surrogates");
        match text.split_once('.') {
            Some((first, _)) => {
                let first = first.to_owned();
                self.strings.intern(first.as_str())
            }
            None => name,
        }
    }

    fn visit_directive(&mut self, directive: Directive, names: &[StrId], location: Location) -> Walk {
        let (word, flag) = match directive {
            Directive::Global => ("global", SymbolFlags::GLOBAL),
            Directive::Nonlocal => ("nonlocal", SymbolFlags::NONLOCAL),
        };
        for &name in names {
            let flags = self.flags(name);
            let text = self.text(name);
            let problem = if flags.intersects(SymbolFlags::PARAM) {
                Some(format!("name '{text}' is parameter and {word}"))
            } else if flags.intersects(SymbolFlags::USE) {
                Some(format!("name '{text}' is used prior to {word} declaration"))
            } else if flags.intersects(SymbolFlags::ANNOT) {
                Some(format!("annotated name '{text}' can't be {word}"))
            } else if flags.intersects(SymbolFlags::LOCAL) {
                Some(format!("name '{text}' is assigned to before {word} declaration"))
            } else {
                None
            };
            if let Some(problem) = problem {
                return Err(SourceError::new(problem, location));
            }
            self.add(name, flag, location)?;
            self.record_directive(name, location);
        }
        Ok(())
    }
}
