//! Functions, classes, their type parameters and their annotations.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::{
    Arg, Arguments, ClassDef, Expr, ExprContext, ExprKind, FunctionDef, Keyword, Location, Stmt, TypeParam,
    TypeParamKind,
};

use super::{Attachment, Builder, Walk};
use crate::docstring::docstring;
use crate::error::SourceError;
use crate::symtable::scope::{NodeKey, ScopeId, ScopeKind, SymbolFlags};

/// `def` or `async def`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Color {
    Sync,
    Async,
}

impl Builder<'_> {
    pub(super) fn visit_function(
        &mut self,
        statement: &Stmt<'_>,
        def: &FunctionDef<'_>,
        color: Color,
    ) -> Walk {
        let location = statement.location;
        self.check_name(def.name, ExprContext::Store, location)?;
        self.add(def.name, SymbolFlags::LOCAL, location)?;
        self.visit_defaults(def.args)?;
        self.visit_all(def.decorator_list)?;
        let is_generic = !def.type_params.is_empty();
        if is_generic {
            // CPython declares `.defaults` whether or not there are any: the parser's empty list counts as one.
            let mut implicit = vec![self.names.defaults];
            if def.args.kw_defaults.iter().any(Option::is_some) {
                implicit.push(self.names.kwdefaults);
            }
            self.enter_type_parameters(def.name, statement, &implicit)?;
            self.visit_type_parameters(def.type_params)?;
        }
        self.visit_function_annotations(def, location)?;
        let is_method = self.kind() == ScopeKind::Class || self.is_beside_class();
        self.enter(
            def.name,
            ScopeKind::Function,
            Some(NodeKey::body(statement)),
            location,
            Attachment::Attached,
        );
        let scope = self.current();
        scope.method = is_method;
        scope.has_docstring = docstring(def.body).is_some();
        scope.coroutine = color == Color::Async;
        self.visit_parameters(def.args)?;
        self.visit_body(def.body)?;
        self.exit();
        if is_generic {
            self.exit();
        }
        Ok(())
    }

    /// Inside the type parameters of something that stands in a class.
    fn is_beside_class(&self) -> bool {
        let scope = self.table.scope(self.current_id());
        scope.kind == ScopeKind::TypeParameters
            && scope.parent.is_some_and(|parent| self.table.scope(parent).kind == ScopeKind::Class)
    }

    pub(super) fn visit_class(&mut self, statement: &Stmt<'_>, def: &ClassDef<'_>) -> Walk {
        let location = statement.location;
        self.check_name(def.name, ExprContext::Store, location)?;
        self.add(def.name, SymbolFlags::LOCAL, location)?;
        self.visit_all(def.decorator_list)?;
        let outer_class = self.class;
        let is_generic = !def.type_params.is_empty();
        if is_generic {
            self.enter_type_parameters(def.name, statement, &[])?;
            for name in [self.names.type_params, self.names.generic_base] {
                self.add(name, SymbolFlags::LOCAL, location)?;
            }
            self.add(self.names.type_params, SymbolFlags::USE, location)?;
            self.add(self.names.generic_base, SymbolFlags::USE, location)?;
            self.current().mangles_only = Some(self.current_id());
            self.class = Some(def.name);
            self.visit_type_parameters(def.type_params)?;
        }
        self.visit_all(def.bases)?;
        self.visit_keywords(def.keywords)?;
        let key = NodeKey::body(statement);
        self.enter(def.name, ScopeKind::Class, Some(key), location, Attachment::Attached);
        self.class = Some(def.name);
        if is_generic {
            self.add(self.names.dunder_type_params, SymbolFlags::LOCAL, location)?;
            self.add(self.names.type_params, SymbolFlags::USE, location)?;
        }
        self.current().has_docstring = docstring(def.body).is_some();
        self.visit_body(def.body)?;
        self.exit();
        if is_generic {
            self.exit();
        }
        self.class = outer_class;
        Ok(())
    }

    pub(super) fn visit_keywords(&mut self, keywords: &[Keyword<'_>]) -> Walk {
        for keyword in keywords {
            if let Some(name) = keyword.arg {
                self.check_name(name, ExprContext::Store, keyword.location)?;
            }
        }
        keywords.iter().try_for_each(|keyword| self.visit(&keyword.value))
    }

    /// Default values, which belong to the scope around the function.
    pub(super) fn visit_defaults(&mut self, args: &Arguments<'_>) -> Walk {
        self.visit_all(args.defaults)?;
        args.kw_defaults.iter().try_for_each(|default| self.visit_optional(default.as_ref()))
    }

    pub(super) fn visit_parameters(&mut self, args: &Arguments<'_>) -> Walk {
        for arg in args.posonlyargs.iter().chain(args.args).chain(args.kwonlyargs) {
            self.visit_parameter(arg)?;
        }
        if let Some(arg) = args.vararg {
            self.visit_parameter(arg)?;
            self.current().varargs = true;
        }
        if let Some(arg) = args.kwarg {
            self.visit_parameter(arg)?;
            self.current().varkeywords = true;
        }
        Ok(())
    }

    fn visit_parameter(&mut self, arg: &Arg<'_>) -> Walk {
        self.check_name(arg.arg, ExprContext::Store, arg.location)?;
        self.add(arg.arg, SymbolFlags::PARAM, arg.location)
    }

    /// Annotations of arguments and result. From 3.14 on they have a scope.
    ///
    /// CPython makes that scope of every function. One without annotations is left out here, where it would do nothing
    /// but make a class keep its namespace.
    fn visit_function_annotations(&mut self, def: &FunctionDef<'_>, location: Location) -> Walk {
        let args = def.args;
        if !self.features.lazy_annotations {
            return annotations(args)
                .chain(def.returns)
                .try_for_each(|annotation| self.visit_eager_annotation(annotation));
        }
        let around = self.table.scope(self.current_id());
        if !has_annotations(def) && !around.can_see_class_scope {
            if around.kind == ScopeKind::Class && !self.future.annotations {
                self.current().classdict_wanted = true;
            }
            return Ok(());
        }
        let sees_class = around.kind == ScopeKind::Class || around.can_see_class_scope;
        self.enter_annotations(Some(NodeKey::annotations(args)), location)?;
        if sees_class {
            self.current().can_see_class_scope = true;
            self.add(self.names.classdict, SymbolFlags::USE, location)?;
        }
        for annotation in annotations(args).chain(def.returns) {
            self.current().annotations_used = true;
            self.visit(annotation)?;
        }
        self.exit();
        Ok(())
    }

    /// An annotation evaluated where it stands, or, under PEP 563, made a string and never evaluated.
    pub(super) fn visit_eager_annotation(&mut self, annotation: &Expr<'_>) -> Walk {
        if !self.future.annotations {
            return self.visit(annotation);
        }
        let name = self.names.annotate;
        self.enter(name, ScopeKind::Annotation, None, annotation.location, Attachment::Forgotten);
        self.visit(annotation)?;
        self.exit();
        Ok(())
    }

    /// Opens a scope of annotations that are evaluated on demand.
    pub(super) fn enter_annotations(
        &mut self,
        key: Option<NodeKey>,
        location: Location,
    ) -> Result<ScopeId, Box<SourceError>> {
        let attachment = if self.future.annotations { Attachment::Forgotten } else { Attachment::Attached };
        let id = self.enter(self.names.annotate, ScopeKind::Annotation, key, location, attachment);
        self.add_format_argument(location)?;
        Ok(id)
    }

    /// Opens the scope of a value that is evaluated on demand: an alias, a bound, a default.
    pub(super) fn enter_evaluated_later(
        &mut self,
        name: StrId,
        kind: ScopeKind,
        key: NodeKey,
        location: Location,
    ) -> Walk {
        self.enter_beside_class(name, kind, key, location)?;
        if self.features.lazy_annotations {
            self.add_format_argument(location)?;
        }
        Ok(())
    }

    /// The argument of an evaluation function (PEP 649).
    fn add_format_argument(&mut self, location: Location) -> Walk {
        self.add(self.names.format, SymbolFlags::PARAM.union(SymbolFlags::USE), location)
    }

    /// Opens the scope of type parameters; `implicit` are the values it is handed as arguments.
    pub(super) fn enter_type_parameters(
        &mut self,
        name: StrId,
        statement: &Stmt<'_>,
        implicit: &[StrId],
    ) -> Walk {
        let key = NodeKey::type_parameters(statement);
        self.enter_beside_class(name, ScopeKind::TypeParameters, key, statement.location)?;
        implicit.iter().try_for_each(|&name| self.add(name, SymbolFlags::PARAM, statement.location))
    }

    pub(super) fn visit_type_parameters(&mut self, params: &[TypeParam<'_>]) -> Walk {
        params.iter().try_for_each(|param| self.visit_type_parameter(param))
    }

    fn visit_type_parameter(&mut self, param: &TypeParam<'_>) -> Walk {
        self.check_name(param.name, ExprContext::Store, param.location)?;
        if let Some(owner) = self.current().mangles_only {
            self.table.private_parameters.push((owner, param.name));
        }
        self.add(param.name, SymbolFlags::TYPE_PARAM.union(SymbolFlags::LOCAL), param.location)?;
        if param.name == self.names.classdict {
            let text = self.text(param.name);
            return Err(SourceError::new(
                format!("reserved name '{text}' cannot be used for type parameter"),
                param.location,
            ));
        }
        let default_of = match param.kind {
            TypeParamKind::TypeVar { bound } => {
                if let Some(bound) = bound {
                    let is_constraint = matches!(bound.kind, ExprKind::Tuple { .. });
                    let what = if is_constraint { "a TypeVar constraint" } else { "a TypeVar bound" };
                    self.visit_evaluated_later(bound, param.name, NodeKey::bound(param), what)?;
                }
                "a TypeVar default"
            }
            TypeParamKind::ParamSpec => "a ParamSpec default",
            TypeParamKind::TypeVarTuple => "a TypeVarTuple default",
        };
        if let Some(default) = &param.default_value {
            self.visit_evaluated_later(default, param.name, NodeKey::default(param), default_of)?;
        }
        Ok(())
    }

    fn visit_evaluated_later(
        &mut self,
        value: &Expr<'_>,
        name: StrId,
        key: NodeKey,
        what: &'static str,
    ) -> Walk {
        self.enter_evaluated_later(name, ScopeKind::TypeVariable, key, value.location)?;
        self.current().what = Some(what);
        self.visit(value)?;
        self.exit();
        Ok(())
    }
}

/// Whether an argument or the result is annotated.
pub(crate) fn has_annotations(def: &FunctionDef<'_>) -> bool {
    def.returns.is_some() || annotations(def.args).next().is_some()
}

/// The annotations of arguments, in the order in which they are evaluated.
fn annotations<'a>(args: &Arguments<'a>) -> impl Iterator<Item = &'a Expr<'a>> + use<'a> {
    let positional = args.posonlyargs.iter().chain(args.args);
    let variadic = args.vararg.into_iter().chain(args.kwarg);
    positional.chain(variadic).chain(args.kwonlyargs).filter_map(|arg| arg.annotation)
}
