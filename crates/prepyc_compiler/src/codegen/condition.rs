//! Truth: boolean operators, comparisons, and jumps by what an expression says.

use prepyc_syntax::ast::{BoolOp, CmpOp, Compare, Expr, ExprKind, UnaryOp};

use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;

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

impl<'a> Codegen<'a, '_> {
    pub(super) fn boolean(&mut self, op: BoolOp, values: &'a [Expr<'a>], loc: Location) -> Generated {
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
        if self.features.short_circuits_by_pseudo_jumps {
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
    pub(super) fn comparator(&mut self, e: &'a Expr<'a>, op: CmpOp) -> Generated {
        if matches!(op, CmpOp::In | CmpOp::NotIn) { self.iterated(e) } else { self.expression(e) }
    }

    pub(super) fn compare(&mut self, node: &'a Compare<'a>, loc: Location) -> Generated {
        self.suspect_comparison(node, node.ops, loc);
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
            self.emit_with(Op::Copy, 1, loc);
            self.emit(Op::ToBool, loc);
            self.emit_jump(Op::PopJumpIfFalse, cleanup, loc);
            self.emit(Op::PopTop, loc);
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
                ExprKind::UnaryOp { op: UnaryOp::Not, operand } if self.inverted_compare(e).is_none() => {
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
        let at = self.place_of(e);
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
        self.suspect_comparison(node, node.ops, loc);
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
}
