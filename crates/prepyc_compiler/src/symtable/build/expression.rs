//! Expressions.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::{Comprehension, Expr, ExprContext, ExprKind, Generators, Location};

use super::{Attachment, Builder, Walk};
use crate::error::SourceError;
use crate::symtable::scope::{ComprehensionKind, NodeKey, ScopeId, ScopeKind, SymbolFlags};

/// What a comprehension yields for each turn.
struct Element<'e, 'a> {
    kind: ComprehensionKind,
    key: &'e Expr<'a>,
    value: Option<&'e Expr<'a>>,
}

impl Builder<'_> {
    pub(super) fn visit_all(&mut self, expressions: &[Expr<'_>]) -> Walk {
        expressions.iter().try_for_each(|expression| self.visit(expression))
    }

    pub(super) fn visit_optional(&mut self, expression: Option<&Expr<'_>>) -> Walk {
        expression.map_or(Ok(()), |expression| self.visit(expression))
    }

    /// Most are names and literals, which need less room on the stack than the others.
    pub(super) fn visit(&mut self, expression: &Expr<'_>) -> Walk {
        self.descend(expression.location)?;
        match expression.kind {
            ExprKind::Name { id, ctx } => self.visit_name(id, ctx, expression.location)?,
            ExprKind::Constant { .. } => {}
            _ => self.visit_inside(expression)?,
        }
        self.ascend();
        Ok(())
    }

    fn visit_inside(&mut self, expression: &Expr<'_>) -> Walk {
        let location = expression.location;
        match &expression.kind {
            ExprKind::Name { .. } | ExprKind::Constant { .. } => Ok(()),
            ExprKind::Attribute { value, attr, ctx } => {
                self.check_name(*attr, *ctx, location)?;
                self.visit(value)
            }
            ExprKind::Call(call) => {
                self.visit(&call.func)?;
                self.visit_all(call.args)?;
                self.visit_keywords(call.keywords)
            }
            ExprKind::BinOp { left, right, .. } => {
                self.visit(left)?;
                self.visit(right)
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.visit(value)?;
                self.visit(slice)
            }
            ExprKind::BoolOp { values, .. }
            | ExprKind::JoinedStr { values }
            | ExprKind::TemplateStr { values } => self.visit_all(values),
            ExprKind::Set { elts } | ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => {
                self.visit_all(elts)
            }
            ExprKind::UnaryOp { operand: value, .. } | ExprKind::Starred { value, .. } => self.visit(value),
            ExprKind::Compare(node) => {
                self.visit(&node.left)?;
                self.visit_all(node.comparators)
            }
            ExprKind::IfExp(node) => {
                self.visit(&node.test)?;
                self.visit(&node.body)?;
                self.visit(&node.orelse)
            }
            ExprKind::Dict(node) => {
                node.keys.iter().try_for_each(|key| self.visit_optional(key.as_ref()))?;
                self.visit_all(node.values)
            }
            ExprKind::Slice(node) => [&node.lower, &node.upper, &node.step]
                .into_iter()
                .try_for_each(|bound| self.visit_optional(bound.as_ref())),
            ExprKind::FormattedValue(node) => {
                self.visit(&node.value)?;
                self.visit_optional(node.format_spec.as_ref())
            }
            ExprKind::Interpolation(node) => {
                self.visit(&node.value)?;
                self.visit_optional(node.format_spec.as_ref())
            }
            ExprKind::Lambda { args, body } => {
                self.visit_defaults(args)?;
                let key = NodeKey::body(expression);
                let name = self.names.lambda;
                self.enter(name, ScopeKind::Function, Some(key), location, Attachment::Attached);
                self.visit_parameters(args)?;
                self.visit(body)?;
                self.exit();
                Ok(())
            }
            ExprKind::NamedExpr { target, value } => self.visit_named(expression, target, value),
            ExprKind::Await { value } => self.visit_await(expression, value),
            ExprKind::Yield { value } => self.visit_yield(expression, *value),
            ExprKind::YieldFrom { value } => self.visit_yield(expression, Some(value)),
            ExprKind::GeneratorExp { elt, generators } => {
                let element = Element { kind: ComprehensionKind::Generator, key: elt, value: None };
                self.visit_comprehension(expression, &element, generators)
            }
            ExprKind::ListComp { elt, generators } => {
                let element = Element { kind: ComprehensionKind::List, key: elt, value: None };
                self.visit_comprehension(expression, &element, generators)
            }
            ExprKind::SetComp { elt, generators } => {
                let element = Element { kind: ComprehensionKind::Set, key: elt, value: None };
                self.visit_comprehension(expression, &element, generators)
            }
            ExprKind::DictComp(node) => {
                let element =
                    Element { kind: ComprehensionKind::Dict, key: &node.key, value: node.value.as_ref() };
                self.visit_comprehension(expression, &element, node.generators)
            }
        }
    }

    fn visit_name(&mut self, id: StrId, ctx: ExprContext, location: Location) -> Walk {
        let flags = if ctx == ExprContext::Load { SymbolFlags::USE } else { SymbolFlags::LOCAL };
        // Most names were mentioned before in the same way.
        if self.table.says_already(self.current, id, flags) && id != self.names.debug {
            return Ok(());
        }
        self.visit_new_name(id, ctx, flags, location)
    }

    /// A name of which the scope does not say that yet.
    #[inline(never)]
    fn visit_new_name(
        &mut self,
        id: StrId,
        ctx: ExprContext,
        flags: SymbolFlags,
        location: Location,
    ) -> Walk {
        let scope = self.table.scope(self.current_id());
        if scope.in_unevaluated_annotation {
            return Ok(());
        }
        self.check_name(id, ctx, location)?;
        self.add(id, flags, location)?;
        // A use of `super` is a use of the class it stands in.
        if ctx == ExprContext::Load && id == self.names.super_ && self.kind().is_function_like() {
            self.add(self.names.class, SymbolFlags::USE, location)?;
        }
        Ok(())
    }

    /// `__debug__` can be read only. Before 3.14 the code generator sees to that.
    #[inline]
    pub(super) fn check_name(&self, name: StrId, ctx: ExprContext, location: Location) -> Walk {
        if name == self.names.debug { self.check_debug(ctx, location) } else { Ok(()) }
    }

    fn check_debug(&self, ctx: ExprContext, location: Location) -> Walk {
        match ctx {
            _ if !self.features.symtable_checks_context => Ok(()),
            ExprContext::Load => Ok(()),
            ExprContext::Store => Err(SourceError::new("cannot assign to __debug__", location)),
            ExprContext::Del => Err(SourceError::new("cannot delete __debug__", location)),
        }
    }

    fn visit_named(&mut self, expression: &Expr<'_>, target: &Expr<'_>, value: &Expr<'_>) -> Walk {
        self.refuse_in_annotation("named expression", expression)?;
        if self.current().iterable_depth > 0 {
            return Err(SourceError::new(
                "assignment expression cannot be used in a comprehension iterable expression",
                expression.location,
            ));
        }
        if self.current().comprehension.is_some() {
            self.bind_outside_comprehension(target)?;
        }
        self.visit(value)?;
        self.visit(target)
    }

    /// The target of `:=` in a comprehension belongs to the nearest scope around that is none.
    fn bind_outside_comprehension(&mut self, target: &Expr<'_>) -> Walk {
        let ExprKind::Name { id, .. } = target.kind else { unreachable!("the target of := is a name") };
        let location = target.location;
        let around: Vec<ScopeId> = self.around.iter().rev().copied().collect();
        for scope in std::iter::once(self.current_id()).chain(around) {
            let flags = self.flags_in(scope, id);
            let is_comprehension = self.table.scope(scope).comprehension.is_some();
            if is_comprehension {
                let bound = SymbolFlags::LOCAL.union(SymbolFlags::GLOBAL);
                if flags.intersects(SymbolFlags::COMP_ITER) && flags.intersects(bound) {
                    let text = self.text(id);
                    return Err(SourceError::new(
                        format!(
                            "assignment expression cannot rebind comprehension iteration variable '{text}'"
                        ),
                        location,
                    ));
                }
                continue;
            }
            let place = match self.table.scope(scope).kind {
                ScopeKind::Function => {
                    let is_global = flags.intersects(SymbolFlags::GLOBAL);
                    let flag = if is_global { SymbolFlags::GLOBAL } else { SymbolFlags::NONLOCAL };
                    self.add(id, flag, location)?;
                    self.record_directive(id, location);
                    return self.add_in(scope, id, SymbolFlags::LOCAL, location);
                }
                ScopeKind::Module => {
                    self.add(id, SymbolFlags::GLOBAL, location)?;
                    self.record_directive(id, location);
                    return self.add_in(scope, id, SymbolFlags::GLOBAL, location);
                }
                ScopeKind::Class => "in a class body",
                ScopeKind::TypeParameters => "within the definition of a generic",
                ScopeKind::TypeAlias => "in a type alias",
                ScopeKind::TypeVariable => "in a TypeVar bound",
                ScopeKind::Annotation => continue,
            };
            return Err(SourceError::new(
                format!("assignment expression within a comprehension cannot be used {place}"),
                location,
            ));
        }
        unreachable!("the module is around everything")
    }

    fn visit_await(&mut self, expression: &Expr<'_>, value: &Expr<'_>) -> Walk {
        self.refuse_in_annotation("await expression", expression)?;
        if self.features.symtable_checks_context {
            if !self.kind().is_function_like() {
                return Err(SourceError::new("'await' outside function", expression.location));
            }
            if !self.is_coroutine() && self.current().comprehension.is_none() {
                return Err(SourceError::new("'await' outside async function", expression.location));
            }
        }
        self.visit(value)?;
        self.current().coroutine = true;
        Ok(())
    }

    pub(super) fn is_coroutine(&mut self) -> bool {
        let scope = self.current();
        scope.kind == ScopeKind::Function && scope.coroutine
    }

    fn visit_yield(&mut self, expression: &Expr<'_>, value: Option<&Expr<'_>>) -> Walk {
        self.refuse_in_annotation("yield expression", expression)?;
        self.visit_optional(value)?;
        self.current().generator = true;
        let place = match self.current().comprehension {
            None => return Ok(()),
            Some(ComprehensionKind::List) => "'yield' inside list comprehension",
            Some(ComprehensionKind::Set) => "'yield' inside set comprehension",
            Some(ComprehensionKind::Dict) => "'yield' inside dict comprehension",
            Some(ComprehensionKind::Generator) => "'yield' inside generator expression",
        };
        Err(SourceError::new(place, expression.location))
    }

    /// What would bind or suspend is not allowed in code that runs on demand.
    fn refuse_in_annotation(&mut self, what: &str, expression: &Expr<'_>) -> Walk {
        let scope = self.current();
        let place = match scope.kind {
            ScopeKind::Annotation => "an annotation",
            ScopeKind::TypeVariable => scope.what.expect("a type variable's scope says what it is"),
            ScopeKind::TypeAlias => "a type alias",
            ScopeKind::TypeParameters => "the definition of a generic",
            ScopeKind::Module | ScopeKind::Function | ScopeKind::Class => return Ok(()),
        };
        Err(SourceError::new(format!("{what} cannot be used within {place}"), expression.location))
    }

    fn visit_comprehension(
        &mut self,
        expression: &Expr<'_>,
        element: &Element<'_, '_>,
        generators: Generators<'_>,
    ) -> Walk {
        let [outermost, inner @ ..] = generators else { unreachable!("a comprehension has a clause") };
        // The outermost iterable is evaluated outside.
        self.visit_iterable(&outermost.iter)?;
        let name = match element.kind {
            ComprehensionKind::List => self.names.listcomp,
            ComprehensionKind::Set => self.names.setcomp,
            ComprehensionKind::Dict => self.names.dictcomp,
            ComprehensionKind::Generator => self.names.genexpr,
        };
        let location = expression.location;
        let key = Some(NodeKey::body(expression));
        self.enter(name, ScopeKind::Function, key, location, Attachment::Attached);
        let is_generator = element.kind == ComprehensionKind::Generator;
        self.current().comprehension = Some(element.kind);
        self.current().coroutine = outermost.is_async;
        self.add(self.names.implicit_argument, SymbolFlags::PARAM, location)?;
        self.visit_target(&outermost.target)?;
        self.visit_all(outermost.ifs)?;
        // Each clause is a loop inside the one before.
        inner.iter().try_for_each(|clause| {
            self.descend(location)?;
            self.visit_clause(clause)
        })?;
        self.visit_optional(element.value)?;
        self.visit(element.key)?;
        inner.iter().for_each(|_| self.ascend());
        self.current().generator = is_generator;
        let is_async = self.current().coroutine && !is_generator;
        self.exit();
        if is_async {
            let refuses = self.features.symtable_checks_context
                && !self.is_coroutine()
                && self.current().comprehension.is_none();
            if refuses {
                let message = "asynchronous comprehension outside of an asynchronous function";
                return Err(SourceError::new(message, location));
            }
            self.current().coroutine = true;
        }
        Ok(())
    }

    fn visit_clause(&mut self, clause: &Comprehension<'_>) -> Walk {
        self.visit_target(&clause.target)?;
        self.visit_iterable(&clause.iter)?;
        self.visit_all(clause.ifs)?;
        if clause.is_async {
            self.current().coroutine = true;
        }
        Ok(())
    }

    fn visit_target(&mut self, target: &Expr<'_>) -> Walk {
        self.current().in_iteration_target = true;
        self.visit(target)?;
        self.current().in_iteration_target = false;
        Ok(())
    }

    fn visit_iterable(&mut self, iterable: &Expr<'_>) -> Walk {
        self.current().iterable_depth += 1;
        self.visit(iterable)?;
        self.current().iterable_depth -= 1;
        Ok(())
    }
}
