//! Tuples, lists and sets whose elements are constants, and operations on constants.
//!
//! Mirrors `fold_tuple_of_constants`, `fold_constant_intrinsic_list_to_tuple`, `optimize_lists_and_sets`,
//! `fold_const_binop` and `fold_const_unaryop` (`Python/flowgraph.c`, 3.14), and `fold_tuple_on_constants` (3.13).

use std::ops::Range;

use prepyc_bytecode::{Constant, FrozenSet};

use super::constants::{loaded_constant, loads_constant, set_load};
use super::contents::Contents;
use super::pipeline::PassContext;
use super::{BasicBlockId, Cfg};
use crate::evaluate::{self, BinaryOperator, UnaryOperator};
use crate::location::Location;
use crate::op::Op;

/// Displays of more elements are not folded.
///
/// CPython: `_PY_STACK_USE_GUIDELINE` (`Include/internal/pycore_compile.h`, 3.14).
const MAX_FOLDED_ELEMENTS: u32 = 30;

/// Lists and sets of fewer constants are built from their elements.
const MIN_EXTENDED_ELEMENTS: u32 = 3;

impl Cfg {
    /// Where the first of the `count` loads of constants right before `end` stands, with nothing but NOPs in between;
    /// `None` if there are other things.
    fn constant_loads_before(&self, id: BasicBlockId, end: usize, count: u32) -> Option<usize> {
        let mut missing = count;
        let mut at = end;
        while missing > 0 {
            at = at.checked_sub(1)?;
            let instruction = &self[id].slots[at];
            if instruction.op == Op::Nop {
                continue;
            }
            if !loads_constant(instruction) {
                return None;
            }
            missing -= 1;
        }
        Some(at)
    }

    /// The constants that are loaded there.
    fn constants_at(
        &self,
        id: BasicBlockId,
        places: Range<usize>,
        context: &PassContext<'_>,
    ) -> Vec<Constant> {
        let slots = &self[id].slots[places];
        let mut constants = Vec::with_capacity(slots.len());
        constants.extend(slots.iter().filter_map(|load| loaded_constant(load, &context.unit.consts)));
        constants
    }

    /// The tuple of the constants that are loaded there.
    fn tuple_at(&self, id: BasicBlockId, places: Range<usize>, context: &PassContext<'_>) -> Constant {
        let loads = &self[id].slots[places.clone()];
        if !loads.iter().all(loads_constant) {
            return Constant::Tuple(self.constants_at(id, places, context).into());
        }
        // The rule, and their number is known: it needs no list in between.
        let constants = loads.iter().map(|load| loaded_constant(load, &context.unit.consts));
        Constant::Tuple(constants.map(|constant| constant.unwrap_or(Constant::None)).collect())
    }

    /// Turns instructions into NOPs that no line holds on to; NOPs stay as they are.
    fn clear_instructions(&mut self, id: BasicBlockId, places: Range<usize>) {
        let block = &mut self[id];
        block.contents.insert(Contents::NOP.and(Contents::LINELESS).and(Contents::CONSTANT_DROPPED));
        for instruction in block.slots[places].iter_mut().filter(|found| found.op != Op::Nop) {
            instruction.set_nop();
            instruction.location = Location::NONE;
        }
    }

    /// Folds a BUILD_TUPLE of constants (3.14).
    pub(super) fn fold_tuple(&mut self, id: BasicBlockId, index: usize, context: &mut PassContext<'_>) {
        let count = self[id].slots[index].oparg;
        if count > MAX_FOLDED_ELEMENTS {
            return;
        }
        let Some(first) = self.constant_loads_before(id, index, count) else {
            return;
        };
        let tuple = self.tuple_at(id, first..index, context);
        self.clear_instructions(id, first..index);
        set_load(&mut self[id], index, tuple, &mut context.unit.consts);
    }

    /// Folds a BUILD_TUPLE whose elements are loaded right before it (3.12, 3.13); their NOPs keep their lines.
    pub(super) fn fold_adjacent_tuple(
        &mut self,
        id: BasicBlockId,
        index: usize,
        context: &mut PassContext<'_>,
    ) {
        let count = self[id].slots[index].oparg as usize;
        let Some(first) = index.checked_sub(count) else {
            return;
        };
        if !self[id].slots[first..index].iter().all(|found| found.op == Op::LoadConst) {
            return;
        }
        let tuple = self.tuple_at(id, first..index, context);
        for at in first..index {
            self[id].set_nop(at);
        }
        let tuple = context.unit.consts.add(tuple);
        self[id].set(index, Op::LoadConst, tuple);
    }

    /// Folds a list built constant by constant and then made a tuple: what a long tuple display is compiled to.
    /// Where it is only iterated over, the list will do if its elements are no constants.
    pub(super) fn fold_list_to_tuple(
        &mut self,
        id: BasicBlockId,
        index: usize,
        context: &mut PassContext<'_>,
    ) {
        let Some(start) = self.appended_start(id, index, Op::BuildList, Op::ListAppend) else {
            if self[id].instructions().get(index + 1).is_some_and(|next| next.op == Op::GetIter) {
                self[id].set_nop(index);
            }
            return;
        };
        let tuple = self.tuple_at(id, start..index, context);
        self.clear_instructions(id, start..index);
        set_load(&mut self[id], index, tuple, &mut context.unit.consts);
    }

    /// Folds a list or set that is built constant by constant, where it is only looked at: what a long display in a
    /// `for` or after `in` is compiled to. Ends with the append at `index`; the load has no place (3.14.8).
    pub(super) fn fold_appended_display(
        &mut self,
        id: BasicBlockId,
        index: usize,
        context: &mut PassContext<'_>,
    ) {
        let append = self[id].slots[index].op;
        let build = if append == Op::ListAppend { Op::BuildList } else { Op::BuildSet };
        let Some(start) = self.appended_start(id, index + 1, build, append) else {
            return;
        };
        let elements = self.constants_at(id, start..index, context);
        let folded = if build == Op::BuildList {
            Constant::Tuple(elements.into())
        } else {
            let distinct = evaluate::without_equal_elements(elements);
            Constant::FrozenSet(FrozenSet::new(distinct, context.strings))
        };
        self.clear_instructions(id, start..index + 1);
        set_load(&mut self[id], index, folded, &mut context.unit.consts);
    }

    /// Where the empty list or set is built to which, up to `end`, only constants are appended.
    fn appended_start(&self, id: BasicBlockId, end: usize, build: Op, append: Op) -> Option<usize> {
        let mut expects_append = true;
        for at in (0..end).rev() {
            let instruction = &self[id].slots[at];
            match instruction.op {
                Op::Nop => continue,
                op if op == build && instruction.oparg == 0 => return expects_append.then_some(at),
                op if op == append && expects_append && instruction.oparg == 1 => {}
                _ if !expects_append && loads_constant(instruction) => {}
                _ => return None,
            }
            expects_append = !expects_append;
        }
        None
    }

    /// Folds a BUILD_LIST or BUILD_SET of constants: into one constant where it is only looked at, else into one
    /// that an empty list or set is extended by.
    pub(super) fn fold_list_or_set(&mut self, id: BasicBlockId, index: usize, context: &mut PassContext<'_>) {
        let display = self[id].slots[index];
        let count = display.oparg;
        let next = self[id].instructions().get(index + 1).map(|next| next.op);
        let is_only_read = matches!(next, Some(Op::GetIter | Op::ContainsOp));
        if count > MAX_FOLDED_ELEMENTS || (count < MIN_EXTENDED_ELEMENTS && !is_only_read) {
            return;
        }
        let Some(first) = self.constant_loads_before(id, index, count) else {
            if is_only_read && display.op == Op::BuildList {
                self[id].set(index, Op::BuildTuple, count);
            }
            return;
        };
        let elements = self.constants_at(id, first..index, context);
        let folded = if display.op == Op::BuildSet {
            let distinct = evaluate::without_equal_elements(elements);
            Constant::FrozenSet(FrozenSet::new(distinct, context.strings))
        } else {
            Constant::Tuple(elements.into())
        };
        let folded = context.unit.consts.add(folded);
        self.clear_instructions(id, first..index);
        let block = &mut self[id];
        if is_only_read {
            block.set(index, Op::LoadConst, folded);
            return;
        }
        // What was there is unplaced by now; this may be as well.
        block.slots[index - 2].location = display.location;
        block.set(index - 2, display.op, 0);
        block.set(index - 1, Op::LoadConst, folded);
        let extend = if display.op == Op::BuildList { Op::ListExtend } else { Op::SetUpdate };
        block.set(index, extend, 1);
    }

    /// Folds a BINARY_OP of constants.
    pub(super) fn fold_binary_operation(
        &mut self,
        id: BasicBlockId,
        index: usize,
        context: &mut PassContext<'_>,
    ) {
        let Some(first) = self.constant_loads_before(id, index, 2) else {
            return;
        };
        let Some(operator) = BinaryOperator::from_oparg(self[id].slots[index].oparg) else {
            return;
        };
        let operands = self.constants_at(id, first..index, context);
        let rules = context.features.arithmetic;
        let Some(value) =
            evaluate::binary_operation(&operands[0], operator, &operands[1], context.strings, rules)
        else {
            return;
        };
        self.clear_instructions(id, first..index);
        set_load(&mut self[id], index, value, &mut context.unit.consts);
    }

    /// Folds a unary operation on a constant.
    pub(super) fn fold_unary_operation(
        &mut self,
        id: BasicBlockId,
        index: usize,
        operator: UnaryOperator,
        context: &mut PassContext<'_>,
    ) {
        let Some(first) = self.constant_loads_before(id, index, 1) else {
            return;
        };
        let operand = self.constants_at(id, first..index, context);
        if operator == UnaryOperator::Invert && matches!(operand[0], Constant::Bool(_)) {
            // CPython: `eval_const_unaryop` (3.14) leaves `~True` to run time, where it warns.
            return;
        }
        let Some(value) = evaluate::unary_operation(operator, &operand[0], context.strings) else {
            return;
        };
        self.clear_instructions(id, first..index);
        set_load(&mut self[id], index, value, &mut context.unit.consts);
    }
}
