//! What CPython compiles, but warns of: calls and subscripts of literals, comparisons by identity with them, and
//! assertions of tuples (CPython: `check_caller`, `check_compare` and their like).

use prepyc_bytecode::Constant;
use prepyc_syntax::ast::{CmpOp, Compare, Expr, ExprKind};

use super::{Codegen, place};
use crate::location::Location;

impl<'a> Codegen<'a, '_> {
    /// `1()`, `"text"()`.
    pub(super) fn suspect_call(&mut self, function: &'a Expr<'a>) {
        if self.is_ordinary(function) {
            return;
        }
        let is_function = matches!(function.kind, ExprKind::Lambda { .. });
        if let Some(type_name) = self.literal_type(function).filter(|_| !is_function) {
            let message = format!("'{type_name}' object is not callable; perhaps you missed a comma?");
            self.warn(message, place(function.location));
        }
    }

    /// `1[0]`, and `"text"["key"]`.
    pub(super) fn suspect_subscript(&mut self, value: &'a Expr<'a>, index: &'a Expr<'a>) {
        if self.is_ordinary(value) {
            return;
        }
        let Some(type_name) = self.literal_type(value) else { return };
        match type_name {
            "str" | "bytes" | "tuple" | "list" => {
                let Some(index) = self.literal_type(index).filter(|&name| !matches!(name, "int" | "bool"))
                else {
                    return;
                };
                let message = format!(
                    "{type_name} indices must be integers or slices, not {index}; perhaps you missed a comma?"
                );
                self.warn(message, place(value.location));
            }
            "dict" => {}
            _ => {
                let message =
                    format!("'{type_name}' object is not subscriptable; perhaps you missed a comma?");
                self.warn(message, place(value.location));
            }
        }
    }

    /// Whether it is what most calls and subscripts are of, whose type the form does not say.
    fn is_ordinary(&self, e: &Expr<'_>) -> bool {
        match e.kind {
            ExprKind::Name { id, .. } => id != self.names.debug,
            ExprKind::Attribute { .. } | ExprKind::Call(_) => true,
            _ => false,
        }
    }

    /// `x is 1`; only the first such pair of a chain.
    pub(super) fn suspect_comparison(
        &mut self,
        node: &'a Compare<'a>,
        operators: &[CmpOp],
        location: Location,
    ) {
        let mut left = &node.left;
        for (&operator, right) in operators.iter().zip(node.comparators) {
            let (word, instead) = match operator {
                CmpOp::Is => ("is", "=="),
                CmpOp::IsNot => ("is not", "!="),
                _ => {
                    left = right;
                    continue;
                }
            };
            for operand in [left, right] {
                if self.is_identityless(operand)
                    && let Some(type_name) = self.literal_type(operand)
                {
                    let message =
                        format!("\"{word}\" with '{type_name}' literal. Did you mean \"{instead}\"?");
                    self.warn(message, location);
                    return;
                }
            }
            left = right;
        }
    }

    /// `assert (test, "message")`.
    pub(super) fn suspect_assertion(&mut self, test: &'a Expr<'a>, location: Location) {
        let is_tuple = match test.kind {
            ExprKind::Tuple { elts, .. } => !elts.is_empty(),
            _ => matches!(self.constant(test), Some(Constant::Tuple(items)) if !items.is_empty()),
        };
        if is_tuple {
            self.warn("assertion is always true, perhaps remove parentheses?", location);
        }
    }

    /// Whether it is a literal that has no identity to speak of. `None`, `True`, `False` and `...` have one.
    fn is_identityless(&mut self, e: &'a Expr<'a>) -> bool {
        match self.constant(e) {
            Some(constant) => !matches!(constant, Constant::None | Constant::Bool(_) | Constant::Ellipsis),
            None => match e.kind {
                ExprKind::Tuple { elts, .. } => elts.iter().all(|element| self.constant(element).is_some()),
                _ => false,
            },
        }
    }

    /// The type of what the expression makes, where its form alone says it (CPython: `infer_type`).
    fn literal_type(&mut self, e: &'a Expr<'a>) -> Option<&'static str> {
        if let Some(constant) = self.constant(e) {
            return type_of(&constant);
        }
        Some(match e.kind {
            ExprKind::Tuple { .. } => "tuple",
            ExprKind::List { .. } | ExprKind::ListComp { .. } => "list",
            ExprKind::Dict(_) | ExprKind::DictComp(_) => "dict",
            ExprKind::Set { .. } | ExprKind::SetComp { .. } => "set",
            ExprKind::GeneratorExp { .. } => "generator",
            ExprKind::Lambda { .. } => "function",
            ExprKind::TemplateStr { .. } => "string.templatelib.Template",
            ExprKind::JoinedStr { .. } | ExprKind::FormattedValue(_) => "str",
            ExprKind::BinOp { .. } if self.is_percent_format(e) => "str",
            _ => return None,
        })
    }
}

fn type_of(constant: &Constant) -> Option<&'static str> {
    Some(match constant {
        Constant::None => "NoneType",
        Constant::Bool(_) => "bool",
        Constant::Ellipsis => "ellipsis",
        Constant::Int(_) => "int",
        Constant::Float(_) => "float",
        Constant::Complex { .. } => "complex",
        Constant::Str(_) => "str",
        Constant::Bytes(_) => "bytes",
        Constant::Tuple(_) => "tuple",
        Constant::FrozenSet(_) => "frozenset",
        _ => return None,
    })
}
