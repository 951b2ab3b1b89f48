//! Tuples, lists, sets and dictionaries, built or taken apart.

use prepyc_bytecode::{Constant, StrId};
use prepyc_syntax::ast::{Dict, Expr, ExprContext, ExprKind};

use super::expr::INTRINSIC_LIST_TO_TUPLE;
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;

/// Displays of more elements are built piece by piece, to keep the stack small.
pub(super) const STACK_USE_GUIDELINE: usize = 30;

/// A kind of display.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Display {
    Tuple,
    List,
    Set,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn sequence(
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
        if injected.is_none() && self.folded_display(elts, display, pushed, loc) {
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
        if !self.folds_tree() || elts.len() <= 2 {
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

    pub(super) fn dict(&mut self, dict: &'a Dict<'a>, loc: Location) -> Generated {
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
        if self.features.maps_with_constant_keys && count > 1 && !is_big {
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
}
