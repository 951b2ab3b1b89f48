//! What an expression is worth before it runs: literals everywhere, whole expressions in versions that fold the tree.
//!
//! Mirrors `Python/ast_opt.c`. From 3.14 on the graph folds the rest.

use prepyc_bytecode::{Constant, FrozenSet, PyInt};
use prepyc_syntax::ast::{self, CmpOp, Compare, Expr, ExprContext, ExprKind, Literal, Slice, UnaryOp};
use prepyc_version::CfgPipeline;

use super::display::Display;
use super::expr::operator_number;
use super::{Codegen, Generated, place};
use crate::evaluate::{
    BinaryOperator, UnaryOperator, binary_operation, unary_operation, without_equal_elements,
};
use crate::location::Location;

impl<'a> Codegen<'a, '_> {
    pub(super) fn folds_tree(&self) -> bool {
        self.features.cfg_pipeline == CfgPipeline::FoldedTree
    }

    /// The expression's value, if CPython's code generator would see a `Constant` there.
    #[inline]
    pub(super) fn constant(&mut self, e: &'a Expr<'a>) -> Option<Constant> {
        if self.may_be_constant(e) { self.constant_of(e) } else { None }
    }

    /// Whether it is worth a closer look: most expressions are not.
    #[inline]
    fn may_be_constant(&self, e: &Expr<'_>) -> bool {
        match e.kind {
            ExprKind::Constant { .. } => true,
            ExprKind::Name { id, .. } => id == self.names.debug,
            ExprKind::Slice(_) => !self.folds_tree(),
            ExprKind::UnaryOp { .. }
            | ExprKind::BinOp { .. }
            | ExprKind::Tuple { .. }
            | ExprKind::Subscript { .. } => self.folds_tree(),
            _ => false,
        }
    }

    #[inline(never)]
    fn constant_of(&mut self, e: &'a Expr<'a>) -> Option<Constant> {
        match e.kind {
            ExprKind::Constant { value, .. } => Some(literal(value)),
            ExprKind::Name { ctx: ExprContext::Load, .. } => Some(self.debug()),
            ExprKind::Name { .. } => None,
            ExprKind::Slice(slice) => self.constant_slice(slice),
            _ if self.parts_may_be_constant(e) => self.folded_once(e),
            _ => None,
        }
    }

    /// Whether none of what it is made of says at once that it folds to nothing: that spares remembering it.
    fn parts_may_be_constant(&self, e: &Expr<'_>) -> bool {
        match e.kind {
            ExprKind::UnaryOp { operand, .. } => self.may_be_constant(operand),
            ExprKind::BinOp { left, right, .. } => self.may_be_constant(right) && self.may_be_constant(left),
            ExprKind::Tuple { elts, ctx } => {
                ctx == ExprContext::Load && elts.iter().all(|element| self.may_be_constant(element))
            }
            ExprKind::Subscript { value, slice, ctx } => {
                ctx == ExprContext::Load && self.may_be_constant(value) && self.may_be_constant(slice)
            }
            _ => false,
        }
    }

    /// `__debug__`.
    pub(super) fn debug(&self) -> Constant {
        Constant::Bool(self.optimize.keeps_assertions())
    }

    fn constant_slice(&mut self, slice: &'a Slice<'a>) -> Option<Constant> {
        let mut parts = [Constant::None, Constant::None, Constant::None];
        for (part, given) in parts.iter_mut().zip([&slice.lower, &slice.upper, &slice.step]) {
            if let Some(given) = given {
                *part = self.constant(given)?;
            }
        }
        Some(Constant::Slice(parts.into()))
    }

    /// What it folds to, remembered: the expressions around it ask again.
    fn folded_once(&mut self, e: &'a Expr<'a>) -> Option<Constant> {
        let address = std::ptr::from_ref(e).addr();
        if let Some(known) = self.folded.get(&address) {
            return known.clone();
        }
        let mut folded = self.fold(e);
        if let Some(constant) = &mut folded
            && !matches!(e.kind, ExprKind::Subscript { .. } | ExprKind::UnaryOp { op: UnaryOp::UAdd, .. })
        {
            self.nans.name(constant);
        }
        self.folded.insert(address, folded.clone());
        folded
    }

    fn fold(&mut self, e: &'a Expr<'a>) -> Option<Constant> {
        match e.kind {
            ExprKind::UnaryOp { op, operand } => {
                let operand = self.constant(operand)?;
                let op = match op {
                    UnaryOp::Invert => UnaryOperator::Invert,
                    UnaryOp::Not => UnaryOperator::Not,
                    UnaryOp::UAdd => UnaryOperator::Positive,
                    UnaryOp::USub => UnaryOperator::Negative,
                };
                unary_operation(op, &operand, self.strings)
            }
            ExprKind::BinOp { left, op, right } => {
                let left = self.constant(left)?;
                let right = self.constant(right)?;
                let op = BinaryOperator::from_oparg(operator_number(op))?;
                binary_operation(&left, op, &right, self.strings, self.features.arithmetic)
            }
            ExprKind::Tuple { elts, ctx: ExprContext::Load } => {
                Some(Constant::Tuple(self.constants(elts)?.into()))
            }
            ExprKind::Subscript { value, slice, ctx: ExprContext::Load } => {
                let value = self.constant(value)?;
                let index = self.constant(slice)?;
                let rules = self.features.arithmetic;
                binary_operation(&value, BinaryOperator::Subscript, &index, self.strings, rules)
            }
            _ => None,
        }
    }

    pub(super) fn constants(&mut self, elts: &'a [Expr<'a>]) -> Option<Vec<Constant>> {
        elts.iter().map(|element| self.constant(element)).collect()
    }

    pub(super) fn frozenset(&mut self, elements: Vec<Constant>) -> Constant {
        Constant::FrozenSet(FrozenSet::new(without_equal_elements(elements), self.strings))
    }

    /// A comparison under one `not` or more that the tree's folding turns into its opposite, and which that is.
    pub(super) fn inverted_compare(&self, e: &'a Expr<'a>) -> Option<(&'a Expr<'a>, &'a Compare<'a>, CmpOp)> {
        let (mut inner, mut inversions) = (e, 0);
        while let ExprKind::UnaryOp { op: UnaryOp::Not, operand } = inner.kind {
            (inner, inversions) = (operand, inversions + 1);
        }
        let ExprKind::Compare(node) = inner.kind else { return None };
        let [op] = node.ops else { return None };
        if inversions == 0 || !self.folds_tree() {
            return None;
        }
        let opposite = match op {
            CmpOp::Is => CmpOp::IsNot,
            CmpOp::IsNot => CmpOp::Is,
            CmpOp::In => CmpOp::NotIn,
            CmpOp::NotIn => CmpOp::In,
            _ => return None,
        };
        Some((inner, node, if inversions % 2 == 1 { opposite } else { *op }))
    }

    /// Where an expression stands once the tree is folded: a comparison keeps its place and takes that of its `not`.
    pub(super) fn location_of(&self, e: &'a Expr<'a>) -> ast::Location {
        self.inverted_compare(e).map_or(e.location, |(inner, _, _)| inner.location)
    }

    pub(super) fn place_of(&self, e: &'a Expr<'a>) -> Location {
        place(self.location_of(e))
    }

    /// Something that is only iterated over or searched: a display of constants may be a constant itself.
    pub(super) fn iterated(&mut self, e: &'a Expr<'a>) -> Generated {
        if self.folds_tree() {
            match e.kind {
                ExprKind::List { elts, .. }
                    if !elts.iter().any(|element| matches!(element.kind, ExprKind::Starred { .. })) =>
                {
                    if let Some(constants) = self.constants(elts) {
                        self.load_const(Constant::Tuple(constants.into()), place(e.location));
                        return Ok(());
                    }
                    return self.display(elts, Display::Tuple, 0, None, place(e.location));
                }
                ExprKind::Set { elts } => {
                    if let Some(constants) = self.constants(elts) {
                        let folded = self.frozenset(constants);
                        self.load_const(folded, place(e.location));
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        self.expression(e)
    }
}

pub(super) fn literal(value: Literal<'_>) -> Constant {
    match value {
        Literal::None => Constant::None,
        Literal::True => Constant::Bool(true),
        Literal::False => Constant::Bool(false),
        Literal::Ellipsis => Constant::Ellipsis,
        Literal::Int(value) => Constant::Int(PyInt::from(value)),
        Literal::BigInt(digits) => Constant::Int(big(digits)),
        Literal::Float(value) => Constant::Float(value),
        Literal::Complex(imag) => Constant::Complex { real: 0.0, imag },
        Literal::Str(text) => Constant::Str(text),
        Literal::Bytes(bytes) => Constant::Bytes((*bytes).into()),
    }
}

/// Digits of 32 bits as digits of 15.
fn big(digits: &[u32]) -> PyInt {
    let (mut narrow, mut held, mut bits) = (Vec::new(), 0_u64, 0);
    for &digit in digits {
        held |= u64::from(digit) << bits;
        bits += 32;
        while bits >= 15 {
            narrow.push((held & 0x7FFF) as u16);
            held >>= 15;
            bits -= 15;
        }
    }
    narrow.push((held & 0x7FFF) as u16);
    narrow.push((held >> 15) as u16);
    PyInt::from_digits(false, &narrow)
}

impl<'a> Codegen<'a, '_> {
    /// A value or key of a pattern, whose signs and sums of numbers every version folds in the tree.
    pub(super) fn fold_pattern(&mut self, e: &'a Expr<'a>) -> Option<Constant> {
        match e.kind {
            ExprKind::UnaryOp { op: UnaryOp::USub, operand } => {
                let operand = self.fold_pattern(operand)?;
                unary_operation(UnaryOperator::Negative, &operand, self.strings)
            }
            ExprKind::BinOp { left, op, right } => {
                let left = self.fold_pattern(left)?;
                let right = self.fold_pattern(right)?;
                let op = BinaryOperator::from_oparg(operator_number(op))?;
                binary_operation(&left, op, &right, self.strings, self.features.arithmetic)
            }
            _ => self.constant(e),
        }
    }
}
