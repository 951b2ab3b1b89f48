//! Expressions.

use prepyc_bytecode::{Constant, PyInt, StrId};
use prepyc_syntax::ast::{Expr, ExprContext, ExprKind, IfExp, Operator, Slice, UnaryOp};

use super::condition::JumpWhen;
use super::display::Display;
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::symtable::ComprehensionKind;

pub(super) const INTRINSIC_STOPITERATION_ERROR: u32 = 3;
pub(super) const INTRINSIC_ASYNC_GEN_WRAP: u32 = 4;
const INTRINSIC_UNARY_POSITIVE: u32 = 5;
pub(super) const INTRINSIC_LIST_TO_TUPLE: u32 = 6;

/// In-place operators come this much after the others.
const INPLACE: u32 = 13;
const SUBSCRIPT: u32 = 26;

impl<'a> Codegen<'a, '_> {
    pub(super) fn expressions(&mut self, expressions: &'a [Expr<'a>]) -> Generated {
        expressions.iter().try_for_each(|expression| self.expression(expression))
    }

    pub(super) fn optional(&mut self, expression: Option<&'a Expr<'a>>, location: Location) -> Generated {
        match expression {
            Some(expression) => self.expression(expression),
            None => {
                self.load_none(location);
                Ok(())
            }
        }
    }

    /// Most are names and literals, which need less room on the stack than the others.
    pub(super) fn expression(&mut self, e: &'a Expr<'a>) -> Generated {
        match e.kind {
            ExprKind::Name { id, ctx } => self.name(id, ctx, place(e.location)),
            ExprKind::Constant { value, .. } => {
                self.load_literal(value, place(e.location));
                Ok(())
            }
            _ => self.compound_expression(e),
        }
    }

    #[inline(never)]
    fn compound_expression(&mut self, e: &'a Expr<'a>) -> Generated {
        let loc = place(e.location);
        if let Some(constant) = self.constant(e) {
            self.load_const(constant, loc);
            return Ok(());
        }
        match e.kind {
            ExprKind::NamedExpr { target, value } => {
                self.expression(value)?;
                self.emit_with(Op::Copy, 1, loc);
                self.expression(target)
            }
            ExprKind::BoolOp { op, values } => self.boolean(op, values, loc),
            ExprKind::BinOp { left, op, right } => self.binary(e, left, op, right),
            ExprKind::UnaryOp { op, operand } => self.unary(e, op, operand),
            ExprKind::Lambda { args, body } => self.lambda(e, args, body),
            ExprKind::IfExp(node) => self.conditional_expression(node, loc),
            ExprKind::Dict(dict) => self.dict(dict, loc),
            ExprKind::Set { elts } => self.display(elts, Display::Set, 0, None, loc),
            ExprKind::ListComp { elt, generators } => {
                self.comprehension(e, ComprehensionKind::List, generators, elt, None)
            }
            ExprKind::SetComp { elt, generators } => {
                self.comprehension(e, ComprehensionKind::Set, generators, elt, None)
            }
            ExprKind::DictComp(node) => self.comprehension(
                e,
                ComprehensionKind::Dict,
                node.generators,
                &node.key,
                node.value.as_ref(),
            ),
            ExprKind::GeneratorExp { elt, generators } => {
                self.comprehension(e, ComprehensionKind::Generator, generators, elt, None)
            }
            ExprKind::Await { .. } | ExprKind::Yield { .. } | ExprKind::YieldFrom { .. } => {
                self.suspension(e)
            }
            ExprKind::Compare(node) => self.compare(node, loc),
            ExprKind::Call(call) => self.call(e, call),
            ExprKind::FormattedValue(node) => self.formatted_value(node, loc),
            ExprKind::Interpolation(node) => self.interpolation(node, loc),
            ExprKind::JoinedStr { values } => self.joined_str(values, loc),
            ExprKind::TemplateStr { values } => self.template_str(values, loc),
            ExprKind::Constant { .. } | ExprKind::Name { .. } => unreachable!("these are looked at before"),
            ExprKind::Attribute { value, attr, ctx } => self.attribute(e, value, attr, ctx),
            ExprKind::Subscript { value, slice, ctx } => self.subscript(value, slice, ctx, loc),
            ExprKind::Starred { ctx: ExprContext::Store, .. } => {
                self.error("starred assignment target must be in a list or tuple", e.location)
            }
            ExprKind::Starred { .. } => self.error("can't use starred expression here", e.location),
            ExprKind::List { elts, ctx } => self.sequence(e, elts, ctx, Display::List),
            ExprKind::Tuple { elts, ctx } => self.sequence(e, elts, ctx, Display::Tuple),
            ExprKind::Slice(slice) => {
                let count = self.slice_parts(slice, loc)?;
                self.emit_with(Op::BuildSlice, count, loc);
                Ok(())
            }
        }
    }

    fn binary(
        &mut self,
        e: &'a Expr<'a>,
        left: &'a Expr<'a>,
        op: Operator,
        right: &'a Expr<'a>,
    ) -> Generated {
        // A tuple that is a constant by now is not one of parts to be formatted.
        if let (Operator::Mod, ExprKind::Tuple { elts, .. }) = (op, right.kind)
            && self.constant(right).is_none()
            && let Some(Constant::Str(format)) = self.constant(left)
            && self.percent_format(e, left, format, elts)?
        {
            return Ok(());
        }
        self.expression(left)?;
        self.expression(right)?;
        self.emit_with(Op::BinaryOp, operator_number(op), place(e.location));
        Ok(())
    }

    fn conditional_expression(&mut self, node: &'a IfExp<'a>, loc: Location) -> Generated {
        let (end, next) = (self.new_label(), self.new_label());
        self.jump_if(&node.test, next, JumpWhen::False, loc)?;
        self.expression(&node.body)?;
        self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
        self.use_label(next);
        self.expression(&node.orelse)?;
        self.use_label(end);
        Ok(())
    }

    fn unary(&mut self, e: &'a Expr<'a>, op: UnaryOp, operand: &'a Expr<'a>) -> Generated {
        if let Some((inner, node, inverted)) = self.inverted_compare(e) {
            self.suspect_comparison(node, &[inverted], place(inner.location));
            self.expression(&node.left)?;
            self.comparator(&node.comparators[0], inverted)?;
            self.compare_op(inverted, place(inner.location));
            return Ok(());
        }
        let loc = place(e.location);
        self.expression(operand)?;
        match op {
            UnaryOp::Not => {
                self.emit(Op::ToBool, loc);
                self.emit(Op::UnaryNot, loc);
            }
            UnaryOp::Invert => self.emit(Op::UnaryInvert, loc),
            UnaryOp::UAdd => self.emit_with(Op::CallIntrinsic1, INTRINSIC_UNARY_POSITIVE, loc),
            UnaryOp::USub => self.emit(Op::UnaryNegative, loc),
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        e: &'a Expr<'a>,
        value: &'a Expr<'a>,
        attr: StrId,
        ctx: ExprContext,
    ) -> Generated {
        if ctx == ExprContext::Load
            && let Some(super_call) = self.super_call(value, attr)
        {
            self.super_arguments(value, super_call)?;
            let low = if super_call.args.is_empty() { 0 } else { 2 };
            self.emit_name(Op::LoadSuperAttr, attr, 2, low, place(e.location));
            let loc = self.at_attribute(place(e.location), e, attr);
            self.emit(Op::Nop, loc);
            return Ok(());
        }
        if ctx == ExprContext::Store {
            self.note_static_attribute(value, attr);
        }
        self.expression(value)?;
        let loc = self.at_attribute(place(e.location), e, attr);
        match ctx {
            ExprContext::Load => self.emit_name(Op::LoadAttr, attr, 1, 0, loc),
            ExprContext::Store => {
                self.check_name(attr, ctx, loc)?;
                self.emit_name(Op::StoreAttr, attr, 0, 0, loc);
            }
            ExprContext::Del => self.emit_name(Op::DeleteAttr, attr, 0, 0, loc),
        }
        Ok(())
    }

    /// The place for an instruction about an attribute that ends on a later line: its name alone.
    pub(super) fn at_attribute(&self, loc: Location, attribute: &Expr<'_>, attr: StrId) -> Location {
        let at = attribute.location;
        if loc.line() == Some(at.end_lineno) {
            return loc;
        }
        let length = self.strings.get(attr).code_points().count() as u32;
        let end_line = loc.end_line().unwrap_or(at.end_lineno);
        let end_column = loc.columns().map_or(at.end_col_offset, |(_, end)| end);
        if length > at.end_col_offset {
            return Location::line_only(at.end_lineno);
        }
        Location::range(at.end_lineno, at.end_col_offset - length, end_line, end_column)
    }

    /// A slice of two parts has instructions of its own, unless the version makes a constant of it.
    pub(super) fn plain_slice(&mut self, slice: &'a Expr<'a>) -> Option<&'a Slice<'a>> {
        match slice.kind {
            ExprKind::Slice(parts) if parts.step.is_none() && self.constant(slice).is_none() => Some(parts),
            _ => None,
        }
    }

    /// Pushes the parts of a slice; how many there are.
    pub(super) fn slice_parts(&mut self, slice: &'a Slice<'a>, loc: Location) -> Generated<u32> {
        self.optional(slice.lower.as_ref(), loc)?;
        self.optional(slice.upper.as_ref(), loc)?;
        let Some(step) = &slice.step else { return Ok(2) };
        self.expression(step)?;
        Ok(3)
    }

    pub(super) fn load_subscript(&mut self, loc: Location) {
        if self.features.subscript_is_binary_operation {
            self.emit_with(Op::BinaryOp, SUBSCRIPT, loc);
        } else {
            self.emit(Op::BinarySubscr, loc);
        }
    }

    fn subscript(
        &mut self,
        value: &'a Expr<'a>,
        slice: &'a Expr<'a>,
        ctx: ExprContext,
        loc: Location,
    ) -> Generated {
        if ctx == ExprContext::Load {
            self.suspect_subscript(value, slice);
        }
        self.expression(value)?;
        if ctx != ExprContext::Del
            && let Some(parts) = self.plain_slice(slice)
        {
            self.slice_parts(parts, place(slice.location))?;
            self.emit(if ctx == ExprContext::Load { Op::BinarySlice } else { Op::StoreSlice }, loc);
            return Ok(());
        }
        self.expression(slice)?;
        match ctx {
            ExprContext::Load => self.load_subscript(loc),
            ExprContext::Store => self.emit(Op::StoreSubscr, loc),
            ExprContext::Del => self.emit(Op::DeleteSubscr, loc),
        }
        Ok(())
    }

    pub(super) fn load_int(&mut self, value: i64, loc: Location) {
        self.load_const(Constant::Int(PyInt::from(value)), loc);
    }

    pub(super) fn inplace(&mut self, op: Operator, loc: Location) {
        self.emit_with(Op::BinaryOp, operator_number(op) + INPLACE, loc);
    }
}

/// The oparg of `BINARY_OP` (CPython: `NB_*`).
pub(super) fn operator_number(op: Operator) -> u32 {
    match op {
        Operator::Add => 0,
        Operator::BitAnd => 1,
        Operator::FloorDiv => 2,
        Operator::LShift => 3,
        Operator::MatMult => 4,
        Operator::Mult => 5,
        Operator::Mod => 6,
        Operator::BitOr => 7,
        Operator::Pow => 8,
        Operator::RShift => 9,
        Operator::Sub => 10,
        Operator::Div => 11,
        Operator::BitXor => 12,
    }
}
