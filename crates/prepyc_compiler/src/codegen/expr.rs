//! Expressions.

use prepyc_bytecode::{Constant, PyInt, StrId};
use prepyc_syntax::ast::{
    BoolOp, CmpOp, Compare, Dict, Expr, ExprContext, ExprKind, Operator, Slice, UnaryOp,
};

use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;
use crate::symtable::ComprehensionKind;

pub(super) const INTRINSIC_STOPITERATION_ERROR: u32 = 3;
pub(super) const INTRINSIC_ASYNC_GEN_WRAP: u32 = 4;
const INTRINSIC_UNARY_POSITIVE: u32 = 5;
pub(super) const INTRINSIC_LIST_TO_TUPLE: u32 = 6;

/// Displays of more elements are built piece by piece, to keep the stack small.
pub(super) const STACK_USE_GUIDELINE: usize = 30;

/// In-place operators come this much after the others.
const INPLACE: u32 = 13;
const SUBSCRIPT: u32 = 26;

/// Which way a conditional jump goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JumpWhen {
    True,
    False,
}

impl JumpWhen {
    fn inverted(self) -> JumpWhen {
        if self == JumpWhen::True { JumpWhen::False } else { JumpWhen::True }
    }

    fn op(self) -> Op {
        if self == JumpWhen::True { Op::PopJumpIfTrue } else { Op::PopJumpIfFalse }
    }
}

/// A kind of display.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Display {
    Tuple,
    List,
    Set,
}

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

    pub(super) fn expression(&mut self, e: &'a Expr<'a>) -> Generated {
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
            ExprKind::BinOp { left, op, right } => {
                if let (Operator::Mod, ExprKind::Tuple { elts, .. }) = (op, right.kind)
                    && self.constant(right).is_none()
                    && let Some(Constant::Str(format)) = self.constant(left)
                    && self.percent_format(e, left, format, elts)?
                {
                    return Ok(());
                }
                self.expression(left)?;
                self.expression(right)?;
                self.emit_with(Op::BinaryOp, operator_number(op), loc);
                Ok(())
            }
            ExprKind::UnaryOp { op, operand } => self.unary(op, operand, loc),
            ExprKind::Lambda { args, body } => self.lambda(e, args, body),
            ExprKind::IfExp(node) => {
                let (end, next) = (self.new_label(), self.new_label());
                self.jump_if(&node.test, next, JumpWhen::False, loc)?;
                self.expression(&node.body)?;
                self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
                self.use_label(next);
                self.expression(&node.orelse)?;
                self.use_label(end);
                Ok(())
            }
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
            ExprKind::Constant { .. } => unreachable!("literals are constants"),
            ExprKind::Attribute { value, attr, ctx } => self.attribute(e, value, attr, ctx),
            ExprKind::Subscript { value, slice, ctx } => self.subscript(value, slice, ctx, loc),
            ExprKind::Starred { value, ctx } => match ctx {
                ExprContext::Store => {
                    self.error("starred assignment target must be in a list or tuple", e.location)
                }
                _ => {
                    let _ = value;
                    self.error("can't use starred expression here", e.location)
                }
            },
            ExprKind::Name { id, ctx } => self.name(id, ctx, loc),
            ExprKind::List { elts, ctx } => self.sequence(e, elts, ctx, Display::List),
            ExprKind::Tuple { elts, ctx } => self.sequence(e, elts, ctx, Display::Tuple),
            ExprKind::Slice(slice) => {
                let count = self.slice_parts(slice, loc)?;
                self.emit_with(Op::BuildSlice, count, loc);
                Ok(())
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &'a Expr<'a>, loc: Location) -> Generated {
        if let (UnaryOp::Not, Some((node, inverted))) = (op, self.inverted_compare(operand)) {
            self.expression(&node.left)?;
            self.comparator(&node.comparators[0], inverted)?;
            self.compare_op(inverted, place(operand.location));
            return Ok(());
        }
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

    fn boolean(&mut self, op: BoolOp, values: &'a [Expr<'a>], loc: Location) -> Generated {
        let end = self.new_label();
        let (last, rest) = values.split_last().expect("two operands at least");
        for value in rest {
            self.expression(value)?;
            self.jump_or_pop(if op == BoolOp::Or { JumpWhen::True } else { JumpWhen::False }, end, loc);
        }
        self.expression(last)?;
        self.use_label(end);
        Ok(())
    }

    fn jump_or_pop(&mut self, when: JumpWhen, end: Label, loc: Location) {
        if self.features.lazy_annotations {
            let op = if when == JumpWhen::True { Op::JumpIfTrue } else { Op::JumpIfFalse };
            self.emit_jump(op, end, loc);
        } else {
            self.emit_with(Op::Copy, 1, loc);
            self.emit(Op::ToBool, loc);
            self.emit_jump(when.op(), end, loc);
        }
        self.emit(Op::PopTop, loc);
    }

    pub(super) fn compare_op(&mut self, op: CmpOp, loc: Location) {
        let (op, oparg) = match op {
            CmpOp::Lt => (Op::CompareOp, 2),
            CmpOp::LtE => (Op::CompareOp, 1 << 5 | 10),
            CmpOp::Eq => (Op::CompareOp, 2 << 5 | 8),
            CmpOp::NotEq => (Op::CompareOp, 3 << 5 | 7),
            CmpOp::Gt => (Op::CompareOp, 4 << 5 | 4),
            CmpOp::GtE => (Op::CompareOp, 5 << 5 | 12),
            CmpOp::Is => (Op::IsOp, 0),
            CmpOp::IsNot => (Op::IsOp, 1),
            CmpOp::In => (Op::ContainsOp, 0),
            CmpOp::NotIn => (Op::ContainsOp, 1),
        };
        self.emit_with(op, oparg, loc);
    }

    /// The last operand of a comparison: a display it is looked for in may become a constant.
    fn comparator(&mut self, e: &'a Expr<'a>, op: CmpOp) -> Generated {
        if matches!(op, CmpOp::In | CmpOp::NotIn) { self.iterated(e) } else { self.expression(e) }
    }

    fn compare(&mut self, node: &'a Compare<'a>, loc: Location) -> Generated {
        self.expression(&node.left)?;
        let last = node.ops.len() - 1;
        if last == 0 {
            self.comparator(&node.comparators[0], node.ops[0])?;
            self.compare_op(node.ops[0], loc);
            return Ok(());
        }
        let cleanup = self.new_label();
        for (&op, comparator) in node.ops[..last].iter().zip(node.comparators) {
            self.expression(comparator)?;
            self.emit_with(Op::Swap, 2, loc);
            self.emit_with(Op::Copy, 2, loc);
            self.compare_op(op, loc);
            self.jump_or_pop(JumpWhen::False, cleanup, loc);
        }
        self.comparator(&node.comparators[last], node.ops[last])?;
        self.compare_op(node.ops[last], loc);
        let end = self.new_label();
        self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
        self.use_label(cleanup);
        self.emit_with(Op::Swap, 2, loc);
        self.emit(Op::PopTop, loc);
        self.use_label(end);
        Ok(())
    }

    /// Jumps by the truth of an expression, without making a bool of it where it can be helped.
    pub(super) fn jump_if(
        &mut self,
        e: &'a Expr<'a>,
        target: Label,
        when: JumpWhen,
        loc: Location,
    ) -> Generated {
        if self.constant(e).is_none() {
            match e.kind {
                ExprKind::UnaryOp { op: UnaryOp::Not, operand }
                    if self.inverted_compare(operand).is_none() =>
                {
                    return self.jump_if(operand, target, when.inverted(), loc);
                }
                ExprKind::BoolOp { op, values } => {
                    return self.jump_if_boolean(op, values, target, when, loc);
                }
                ExprKind::IfExp(node) => {
                    let (end, next) = (self.new_label(), self.new_label());
                    self.jump_if(&node.test, next, JumpWhen::False, loc)?;
                    self.jump_if(&node.body, target, when, loc)?;
                    self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
                    self.use_label(next);
                    self.jump_if(&node.orelse, target, when, loc)?;
                    self.use_label(end);
                    return Ok(());
                }
                ExprKind::Compare(node) if node.ops.len() > 1 => {
                    return self.jump_if_chain(node, target, when, place(e.location));
                }
                _ => {}
            }
        }
        self.expression(e)?;
        let at = match e.kind {
            ExprKind::UnaryOp { op: UnaryOp::Not, operand } if self.inverted_compare(operand).is_some() => {
                place(operand.location)
            }
            _ => place(e.location),
        };
        self.emit(Op::ToBool, at);
        self.emit_jump(when.op(), target, at);
        Ok(())
    }

    fn jump_if_boolean(
        &mut self,
        op: BoolOp,
        values: &'a [Expr<'a>],
        target: Label,
        when: JumpWhen,
        loc: Location,
    ) -> Generated {
        let decided = if op == BoolOp::Or { JumpWhen::True } else { JumpWhen::False };
        let early = if decided == when { target } else { self.new_label() };
        let (last, rest) = values.split_last().expect("two operands at least");
        for value in rest {
            self.jump_if(value, early, decided, loc)?;
        }
        self.jump_if(last, target, when, loc)?;
        if decided != when {
            self.use_label(early);
        }
        Ok(())
    }

    fn jump_if_chain(
        &mut self,
        node: &'a Compare<'a>,
        target: Label,
        when: JumpWhen,
        loc: Location,
    ) -> Generated {
        let cleanup = self.new_label();
        self.expression(&node.left)?;
        let last = node.ops.len() - 1;
        for (&op, comparator) in node.ops[..last].iter().zip(node.comparators) {
            self.expression(comparator)?;
            self.emit_with(Op::Swap, 2, loc);
            self.emit_with(Op::Copy, 2, loc);
            self.compare_op(op, loc);
            self.emit(Op::ToBool, loc);
            self.emit_jump(Op::PopJumpIfFalse, cleanup, loc);
        }
        self.comparator(&node.comparators[last], node.ops[last])?;
        self.compare_op(node.ops[last], loc);
        self.emit(Op::ToBool, loc);
        self.emit_jump(when.op(), target, loc);
        let end = self.new_label();
        self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
        self.use_label(cleanup);
        self.emit(Op::PopTop, loc);
        if when == JumpWhen::False {
            self.emit_jump(Op::JumpNoInterrupt, target, Location::NONE);
        }
        self.use_label(end);
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
            ExprContext::Store => self.emit_name(Op::StoreAttr, attr, 0, 0, loc),
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
        if self.features.lazy_annotations {
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

    fn sequence(
        &mut self,
        e: &'a Expr<'a>,
        elts: &'a [Expr<'a>],
        ctx: ExprContext,
        display: Display,
    ) -> Generated {
        let loc = place(e.location);
        match ctx {
            ExprContext::Load => self.display(elts, display, 0, None, loc),
            ExprContext::Del => self.expressions(elts),
            ExprContext::Store => {
                self.unpack(e, elts)?;
                for element in elts {
                    match element.kind {
                        ExprKind::Starred { value, .. } => self.expression(value)?,
                        _ => self.expression(element)?,
                    }
                }
                Ok(())
            }
        }
    }

    fn unpack(&mut self, e: &Expr<'_>, elts: &[Expr<'_>]) -> Generated {
        let loc = place(e.location);
        let is_starred = |element: &Expr<'_>| matches!(element.kind, ExprKind::Starred { .. });
        let Some(star) = elts.iter().position(is_starred) else {
            self.emit_with(Op::UnpackSequence, elts.len() as u32, loc);
            return Ok(());
        };
        let after = elts.len() - star - 1;
        if star >= 1 << 8 || after >= (i32::MAX as usize) >> 8 {
            return self.error("too many expressions in star-unpacking assignment", e.location);
        }
        if elts[star + 1..].iter().any(is_starred) {
            return self.error("multiple starred expressions in assignment", e.location);
        }
        self.emit_with(Op::UnpackEx, (star + (after << 8)) as u32, loc);
        Ok(())
    }

    /// A display, or the arguments of a call, of which `pushed` stand on the stack already.
    pub(super) fn display(
        &mut self,
        elts: &'a [Expr<'a>],
        display: Display,
        pushed: u32,
        injected: Option<StrId>,
        loc: Location,
    ) -> Generated {
        let (build, add, extend) = match display {
            Display::Set => (Op::BuildSet, Op::SetAdd, Op::SetUpdate),
            _ => (Op::BuildList, Op::ListAppend, Op::ListExtend),
        };
        if self.folded_display(elts, display, pushed, loc) {
            return Ok(());
        }
        let total = elts.len() + pushed as usize + usize::from(injected.is_some());
        let is_big = total > STACK_USE_GUIDELINE;
        let has_star = elts.iter().any(|element| matches!(element.kind, ExprKind::Starred { .. }));
        if !has_star && !is_big {
            self.expressions(elts)?;
            if let Some(name) = injected {
                self.load_name(name, loc)?;
            }
            let build = if display == Display::Tuple { Op::BuildTuple } else { build };
            self.emit_with(build, total as u32, loc);
            return Ok(());
        }
        let mut is_built = is_big;
        if is_big {
            self.emit_with(build, pushed, loc);
        }
        for (index, element) in elts.iter().enumerate() {
            if let ExprKind::Starred { value, .. } = element.kind {
                if !is_built {
                    self.emit_with(build, index as u32 + pushed, loc);
                    is_built = true;
                }
                self.expression(value)?;
                self.emit_with(extend, 1, loc);
            } else {
                self.expression(element)?;
                if is_built {
                    self.emit_with(add, 1, loc);
                }
            }
        }
        if let Some(name) = injected {
            self.load_name(name, loc)?;
            self.emit_with(add, 1, loc);
        }
        if display == Display::Tuple {
            self.emit_with(Op::CallIntrinsic1, INTRINSIC_LIST_TO_TUPLE, loc);
        }
        Ok(())
    }

    /// A display of more than two constants, where the tree is folded; whether it was one.
    fn folded_display(&mut self, elts: &'a [Expr<'a>], display: Display, pushed: u32, loc: Location) -> bool {
        if self.features.lazy_annotations || elts.len() <= 2 {
            return false;
        }
        let Some(constants) = self.constants(elts) else { return false };
        let (build, extend) = match display {
            Display::Set => (Op::BuildSet, Op::SetUpdate),
            _ => (Op::BuildList, Op::ListExtend),
        };
        let folded = match display {
            Display::Set => self.frozenset(constants),
            _ => Constant::Tuple(constants.into()),
        };
        if display == Display::Tuple && pushed == 0 {
            self.load_const(folded, loc);
            return true;
        }
        self.emit_with(build, pushed, loc);
        self.load_const(folded, loc);
        self.emit_with(extend, 1, loc);
        if pushed > 0 && display == Display::Tuple {
            self.emit_with(Op::CallIntrinsic1, INTRINSIC_LIST_TO_TUPLE, loc);
        }
        true
    }

    fn dict(&mut self, dict: &'a Dict<'a>, loc: Location) -> Generated {
        let (mut is_built, mut pending) = (false, 0);
        let count = dict.values.len();
        for (index, (key, value)) in dict.keys.iter().zip(dict.values).enumerate() {
            if key.is_none() {
                if pending > 0 {
                    self.dict_part(dict, index - pending, index, loc)?;
                    self.update_dict(&mut is_built, loc);
                    pending = 0;
                }
                if !is_built {
                    self.emit_with(Op::BuildMap, 0, loc);
                    is_built = true;
                }
                self.expression(value)?;
                self.emit_with(Op::DictUpdate, 1, loc);
            } else if pending * 2 > STACK_USE_GUIDELINE {
                self.dict_part(dict, index - pending, index + 1, loc)?;
                self.update_dict(&mut is_built, loc);
                pending = 0;
            } else {
                pending += 1;
            }
        }
        if pending > 0 {
            self.dict_part(dict, count - pending, count, loc)?;
            self.update_dict(&mut is_built, loc);
        }
        if !is_built {
            self.emit_with(Op::BuildMap, 0, loc);
        }
        Ok(())
    }

    fn update_dict(&mut self, is_built: &mut bool, loc: Location) {
        if *is_built {
            self.emit_with(Op::DictUpdate, 1, loc);
        }
        *is_built = true;
    }

    fn dict_part(&mut self, dict: &'a Dict<'a>, begin: usize, end: usize, loc: Location) -> Generated {
        let count = end - begin;
        let is_big = count * 2 > STACK_USE_GUIDELINE;
        if !self.features.lazy_annotations && count > 1 && !is_big {
            let keys: Option<Vec<Constant>> = dict.keys[begin..end]
                .iter()
                .map(|key| key.as_ref().and_then(|key| self.constant(key)))
                .collect();
            if let Some(keys) = keys {
                self.expressions(&dict.values[begin..end])?;
                self.load_const(Constant::Tuple(keys.into()), loc);
                self.emit_with(Op::BuildConstKeyMap, count as u32, loc);
                return Ok(());
            }
        }
        if is_big {
            self.emit_with(Op::BuildMap, 0, loc);
        }
        for (key, value) in dict.keys[begin..end].iter().zip(&dict.values[begin..end]) {
            self.expression(key.as_ref().expect("parts have keys"))?;
            self.expression(value)?;
            if is_big {
                self.emit_with(Op::MapAdd, 1, loc);
            }
        }
        if !is_big {
            self.emit_with(Op::BuildMap, count as u32, loc);
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
