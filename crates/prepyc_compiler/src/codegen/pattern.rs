//! `match` and its patterns.

use prepyc_bytecode::{Constant, StrId};
use prepyc_syntax::ast::{
    self, Expr, ExprContext, ExprKind, MatchCase, MatchClass, MatchMapping, Pattern, PatternKind, Stmt,
};

use super::condition::JumpWhen;
use super::fold::literal;
use super::{Codegen, Generated, place};
use crate::evaluate::DistinctConstants;
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;

/// Where a pattern that does not match goes, by how much it has to pop.
struct PatternContext {
    stores: Vec<StrId>,
    allows_irrefutable: bool,
    fail_pop: Vec<Label>,
    on_top: usize,
}

/// `COMPARE_OP`'s `==`.
const COMPARE_EQUAL: u32 = 2 << 5 | 8;

impl<'a> Codegen<'a, '_> {
    pub(super) fn match_(
        &mut self,
        _s: &'a Stmt<'a>,
        subject: &'a Expr<'a>,
        cases: &'a [MatchCase<'a>],
    ) -> Generated {
        self.expression(subject)?;
        let end = self.new_label();
        let last = cases.len() - 1;
        let has_default = is_wildcard(&cases[last].pattern) && cases.len() > 1;
        let tested = cases.len() - usize::from(has_default);
        for (index, case) in cases[..tested].iter().enumerate() {
            let loc = place(case.pattern.location);
            if index + 1 != tested {
                self.emit_with(Op::Copy, 1, loc);
            }
            let mut context = PatternContext {
                stores: Vec::new(),
                allows_irrefutable: case.guard.is_some() || index == last,
                fail_pop: Vec::new(),
                on_top: 0,
            };
            self.pattern(&case.pattern, &mut context)?;
            for name in std::mem::take(&mut context.stores) {
                self.store_name(name, loc)?;
            }
            if let Some(guard) = &case.guard {
                self.ensure_fail_pop(&mut context, 0);
                self.jump_if(guard, context.fail_pop[0], JumpWhen::False, loc)?;
            }
            if index + 1 != tested {
                self.emit(
                    Op::PopTop,
                    if self.features.next_place_drops_matched_subject { Location::NEXT } else { loc },
                );
            }
            self.statements(case.body)?;
            self.emit_jump(Op::Jump, end, Location::NONE);
            self.emit_fail_pop(&mut context, loc);
        }
        if has_default {
            let case = &cases[last];
            let loc = place(case.pattern.location);
            if cases.len() == 1 {
                self.emit(Op::PopTop, loc);
            } else {
                self.emit(Op::Nop, loc);
            }
            if let Some(guard) = &case.guard {
                self.jump_if(guard, end, JumpWhen::False, loc)?;
            }
            self.statements(case.body)?;
        }
        self.use_label(end);
        Ok(())
    }

    fn ensure_fail_pop(&mut self, context: &mut PatternContext, pops: usize) {
        while context.fail_pop.len() <= pops {
            let label = self.new_label();
            context.fail_pop.push(label);
        }
    }

    fn jump_to_fail_pop(&mut self, context: &mut PatternContext, op: Op, loc: Location) {
        let pops = context.on_top + context.stores.len();
        self.ensure_fail_pop(context, pops);
        self.emit_jump(op, context.fail_pop[pops], loc);
    }

    fn emit_fail_pop(&mut self, context: &mut PatternContext, loc: Location) {
        if context.fail_pop.is_empty() {
            return;
        }
        while context.fail_pop.len() > 1 {
            let label = context.fail_pop.pop().expect("more than one");
            self.use_label(label);
            self.emit(Op::PopTop, loc);
        }
        let first = context.fail_pop.pop().expect("one");
        self.use_label(first);
    }

    fn pattern(&mut self, p: &'a Pattern<'a>, context: &mut PatternContext) -> Generated {
        let loc = place(p.location);
        match p.kind {
            PatternKind::MatchValue { value } => {
                self.pattern_value(value, p.location, "patterns")?;
                self.emit_with(Op::CompareOp, COMPARE_EQUAL, loc);
                self.emit(Op::ToBool, loc);
                self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
                Ok(())
            }
            PatternKind::MatchSingleton { value } => {
                self.load_const(literal(value), loc);
                self.emit(Op::IsOp, loc);
                self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
                Ok(())
            }
            PatternKind::MatchSequence { patterns } => self.sequence_pattern(p, patterns, context),
            PatternKind::MatchMapping(node) => self.mapping_pattern(p, node, context),
            PatternKind::MatchClass(node) => self.class_pattern(p, node, context),
            PatternKind::MatchStar { name } => self.capture(p.location, name, context),
            PatternKind::MatchAs { pattern, name } => self.as_pattern(p, pattern, name, context),
            PatternKind::MatchOr { patterns } => self.or_pattern(p, patterns, context),
        }
    }

    /// A literal or an attribute; `what` can be nothing else.
    fn pattern_value(&mut self, value: &'a Expr<'a>, at: ast::Location, what: &str) -> Generated {
        match self.fold_pattern(value) {
            Some(constant) => {
                self.load_const(constant, place(value.location));
                Ok(())
            }
            None if matches!(value.kind, ExprKind::Attribute { .. }) => self.expression(value),
            None => self.error(format!("{what} may only match literals and attribute lookups"), at),
        }
    }

    /// Refuses a literal that equals one of the keys before it.
    fn check_key(&mut self, key: &'a Expr<'a>, seen: &mut DistinctConstants, at: ast::Location) -> Generated {
        let Some(constant) = self.fold_pattern(key) else { return Ok(()) };
        if seen.contains(&constant) {
            let shown = constant.repr(self.strings);
            return self.error(format!("mapping pattern checks duplicate key ({shown})"), at);
        }
        seen.insert(constant);
        Ok(())
    }

    fn subpattern(&mut self, p: &'a Pattern<'a>, context: &mut PatternContext) -> Generated {
        let outer = std::mem::replace(&mut context.allows_irrefutable, true);
        self.pattern(p, context)?;
        context.allows_irrefutable = outer;
        Ok(())
    }

    /// Moves what is on top below the captured names.
    fn rotate(&mut self, count: usize, loc: Location) {
        for position in (2..=count).rev() {
            self.emit_with(Op::Swap, position as u32, loc);
        }
    }

    fn capture(&mut self, at: ast::Location, name: Option<StrId>, context: &mut PatternContext) -> Generated {
        let loc = place(at);
        let Some(name) = name else {
            self.emit(Op::PopTop, loc);
            return Ok(());
        };
        self.check_name(name, ExprContext::Store, loc)?;
        if context.stores.contains(&name) {
            let message = format!("multiple assignments to name '{}' in pattern", self.text(name));
            return self.error(message, at);
        }
        self.check_size()?;
        self.rotate(context.on_top + context.stores.len() + 1, loc);
        context.stores.push(name);
        Ok(())
    }

    fn as_pattern(
        &mut self,
        p: &'a Pattern<'a>,
        pattern: Option<&'a Pattern<'a>>,
        name: Option<StrId>,
        context: &mut PatternContext,
    ) -> Generated {
        let Some(pattern) = pattern else {
            if !context.allows_irrefutable {
                if let Some(name) = name {
                    let message =
                        format!("name capture '{}' makes remaining patterns unreachable", self.text(name));
                    return self.error(message, p.location);
                }
                return self.error("wildcard makes remaining patterns unreachable", p.location);
            }
            return self.capture(p.location, name, context);
        };
        context.on_top += 1;
        self.emit_with(Op::Copy, 1, place(p.location));
        self.pattern(pattern, context)?;
        context.on_top -= 1;
        self.capture(p.location, name, context)
    }

    fn sequence_pattern(
        &mut self,
        p: &'a Pattern<'a>,
        patterns: &'a [Pattern<'a>],
        context: &mut PatternContext,
    ) -> Generated {
        let loc = place(p.location);
        let size = patterns.len();
        let mut star = None;
        let (mut only_wildcard, mut star_wildcard) = (true, false);
        for (index, pattern) in patterns.iter().enumerate() {
            let is_star = matches!(pattern.kind, PatternKind::MatchStar { .. });
            if is_star && star.is_some() {
                return self.error("multiple starred names in sequence pattern", p.location);
            }
            if is_star {
                star_wildcard = is_wildcard_star(pattern);
                only_wildcard &= star_wildcard;
                star = Some(index);
                continue;
            }
            only_wildcard &= is_wildcard(pattern);
        }
        context.on_top += 1;
        self.emit(Op::MatchSequence, loc);
        self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
        if star.is_none() || size > 1 {
            self.emit(Op::GetLen, loc);
            self.load_int(if star.is_some() { size as i64 - 1 } else { size as i64 }, loc);
            let compare = if star.is_some() { 5 << 5 | 12 } else { COMPARE_EQUAL };
            self.emit_with(Op::CompareOp, compare, loc);
            self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
        }
        context.on_top -= 1;
        if only_wildcard {
            self.emit(Op::PopTop, loc);
        } else if let Some(star) = star.filter(|_| star_wildcard) {
            self.subscript_items(p, patterns, star, context)?;
        } else {
            self.unpack_items(p, patterns, star, context)?;
        }
        Ok(())
    }

    fn unpack_items(
        &mut self,
        p: &'a Pattern<'a>,
        patterns: &'a [Pattern<'a>],
        star: Option<usize>,
        context: &mut PatternContext,
    ) -> Generated {
        let loc = place(p.location);
        match star {
            Some(star) => {
                if star >= 1 << 8 {
                    return self.error("too many expressions in star-unpacking sequence pattern", p.location);
                }
                let after = patterns.len() - star - 1;
                self.emit_with(Op::UnpackEx, (star + (after << 8)) as u32, loc);
            }
            None => self.emit_with(Op::UnpackSequence, patterns.len() as u32, loc),
        }
        context.on_top += patterns.len();
        for pattern in patterns {
            context.on_top -= 1;
            self.subpattern(pattern, context)?;
        }
        Ok(())
    }

    fn subscript_items(
        &mut self,
        p: &'a Pattern<'a>,
        patterns: &'a [Pattern<'a>],
        star: usize,
        context: &mut PatternContext,
    ) -> Generated {
        let loc = place(p.location);
        context.on_top += 1;
        for (index, pattern) in patterns.iter().enumerate() {
            if is_wildcard(pattern) || index == star {
                continue;
            }
            self.emit_with(Op::Copy, 1, loc);
            if index < star {
                self.load_int(index as i64, loc);
            } else {
                self.emit(Op::GetLen, loc);
                self.load_int((patterns.len() - index) as i64, loc);
                self.emit_with(Op::BinaryOp, 10, loc);
            }
            self.load_subscript(loc);
            self.subpattern(pattern, context)?;
        }
        context.on_top -= 1;
        self.emit(Op::PopTop, loc);
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        p: &'a Pattern<'a>,
        node: &'a MatchMapping<'a>,
        context: &mut PatternContext,
    ) -> Generated {
        let loc = place(p.location);
        let size = node.keys.len();
        context.on_top += 1;
        self.emit(Op::MatchMapping, loc);
        self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
        if size == 0 && node.rest.is_none() {
            context.on_top -= 1;
            self.emit(Op::PopTop, loc);
            return Ok(());
        }
        if size > 0 {
            self.emit(Op::GetLen, loc);
            self.load_int(size as i64, loc);
            self.emit_with(Op::CompareOp, 5 << 5 | 12, loc);
            self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
        }
        let mut seen = DistinctConstants::default();
        for key in node.keys {
            self.check_key(key, &mut seen, p.location)?;
            self.pattern_value(key, p.location, "mapping pattern keys")?;
        }
        self.emit_with(Op::BuildTuple, size as u32, loc);
        self.emit(Op::MatchKeys, loc);
        context.on_top += 2;
        self.emit_with(Op::Copy, 1, loc);
        self.load_none(loc);
        self.emit_with(Op::IsOp, 1, loc);
        self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
        self.emit_with(Op::UnpackSequence, size as u32, loc);
        context.on_top += size;
        context.on_top -= 1;
        for pattern in node.patterns {
            context.on_top -= 1;
            self.subpattern(pattern, context)?;
        }
        context.on_top -= 2;
        if let Some(rest) = node.rest {
            self.emit_with(Op::BuildMap, 0, loc);
            self.emit_with(Op::Swap, 3, loc);
            self.emit_with(Op::DictUpdate, 2, loc);
            self.emit_with(Op::UnpackSequence, size as u32, loc);
            for left in (1..=size).rev() {
                self.emit_with(Op::Copy, 1 + left as u32, loc);
                self.emit_with(Op::Swap, 2, loc);
                self.emit(Op::DeleteSubscr, loc);
            }
            return self.capture(p.location, Some(rest), context);
        }
        self.emit(Op::PopTop, loc);
        self.emit(Op::PopTop, loc);
        Ok(())
    }

    fn class_pattern(
        &mut self,
        p: &'a Pattern<'a>,
        node: &'a MatchClass<'a>,
        context: &mut PatternContext,
    ) -> Generated {
        let loc = place(p.location);
        for (index, name) in node.kwd_attrs.iter().enumerate() {
            let at = place(node.kwd_patterns[index].location);
            self.check_name(*name, ExprContext::Store, at)?;
            if let Some(other) = node.kwd_attrs[index + 1..].iter().position(|other| other == name) {
                let message = format!("attribute name repeated in class pattern: {}", self.text(*name));
                return self.error(message, node.kwd_patterns[index + 1 + other].location);
            }
        }
        self.expression(&node.cls)?;
        let names: Vec<Constant> = node.kwd_attrs.iter().copied().map(Constant::Str).collect();
        self.load_const(Constant::Tuple(names.into()), loc);
        self.emit_with(Op::MatchClass, node.patterns.len() as u32, loc);
        self.emit_with(Op::Copy, 1, loc);
        self.load_none(loc);
        self.emit_with(Op::IsOp, 1, loc);
        context.on_top += 1;
        self.jump_to_fail_pop(context, Op::PopJumpIfFalse, loc);
        let total = node.patterns.len() + node.kwd_patterns.len();
        self.emit_with(Op::UnpackSequence, total as u32, loc);
        context.on_top += total;
        context.on_top -= 1;
        for pattern in node.patterns.iter().chain(node.kwd_patterns) {
            context.on_top -= 1;
            if is_wildcard(pattern) {
                self.emit(Op::PopTop, loc);
            } else {
                self.subpattern(pattern, context)?;
            }
        }
        Ok(())
    }

    fn or_pattern(
        &mut self,
        p: &'a Pattern<'a>,
        patterns: &'a [Pattern<'a>],
        outer: &mut PatternContext,
    ) -> Generated {
        let loc = place(p.location);
        let end = self.new_label();
        let last = patterns.len() - 1;
        let mut control: Option<Vec<StrId>> = None;
        for (index, alternative) in patterns.iter().enumerate() {
            let at = place(alternative.location);
            let mut context = PatternContext {
                stores: Vec::new(),
                allows_irrefutable: index == last && outer.allows_irrefutable,
                fail_pop: Vec::new(),
                on_top: 0,
            };
            self.emit_with(Op::Copy, 1, at);
            self.pattern(alternative, &mut context)?;
            match &mut control {
                None => control = Some(context.stores.clone()),
                Some(control) => {
                    if control.len() != context.stores.len()
                        || control.iter().any(|name| !context.stores.contains(name))
                    {
                        return self.error("alternative patterns bind different names", p.location);
                    }
                    self.reorder_stores(control, &mut context.stores, at);
                }
            }
            self.emit_jump(Op::Jump, end, at);
            self.emit_fail_pop(&mut context, at);
        }
        self.emit(Op::PopTop, loc);
        self.jump_to_fail_pop(outer, Op::Jump, loc);
        self.use_label(end);
        let stores = control.unwrap_or_default();
        let moved = stores.len() + 1 + outer.on_top + outer.stores.len();
        for &name in &stores {
            self.rotate(moved, loc);
            if outer.stores.contains(&name) {
                let message = format!("multiple assignments to name '{}' in pattern", self.text(name));
                return self.error(message, p.location);
            }
            outer.stores.push(name);
        }
        self.emit(Op::PopTop, loc);
        Ok(())
    }

    /// Brings the names an alternative captured into the order of the first one.
    fn reorder_stores(&mut self, control: &[StrId], stores: &mut Vec<StrId>, loc: Location) {
        for target in (0..control.len()).rev() {
            let name = control[target];
            let from = stores.iter().position(|&store| store == name).expect("both bind the same names");
            if from == target {
                continue;
            }
            let rotated: Vec<StrId> = stores.drain(..=from).collect();
            let insert_at = target - from;
            stores.splice(insert_at..insert_at, rotated);
            for _ in 0..=from {
                self.rotate(target + 1, loc);
            }
        }
    }
}

fn is_wildcard(p: &Pattern<'_>) -> bool {
    matches!(p.kind, PatternKind::MatchAs { pattern: None, name: None })
}

fn is_wildcard_star(p: &Pattern<'_>) -> bool {
    matches!(p.kind, PatternKind::MatchStar { name: None })
}
