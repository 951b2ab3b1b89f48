//! Calls: methods, `super()`, keywords, and arguments that are unpacked.

use std::collections::HashSet;

use prepyc_bytecode::{Constant, StrId};
use prepyc_syntax::ast::{Call, Expr, ExprContext, ExprKind, Keyword};
use rustc_hash::FxBuildHasher;

use super::display::{Display, STACK_USE_GUIDELINE};
use super::expr::INTRINSIC_LIST_TO_TUPLE;
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;
use crate::symtable::{NameScope, NodeKey, SymbolFlags};

/// Of so many keywords each is compared with all after it.
const SCANNED_KEYWORDS: usize = 16;

/// The functions whose call with a generator expression 3.14 runs in place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consumer {
    Tuple,
    All,
    Any,
}

/// The names that stand there more than once.
fn repeated_names(keywords: &[Keyword<'_>]) -> HashSet<StrId, FxBuildHasher> {
    let mut seen = HashSet::with_hasher(FxBuildHasher);
    keywords.iter().filter_map(|keyword| keyword.arg).filter(|&name| !seen.insert(name)).collect()
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn call(&mut self, e: &'a Expr<'a>, call: &'a Call<'a>) -> Generated {
        self.validate_keywords(call.keywords)?;
        if self.method_call(e, call)? {
            return Ok(());
        }
        self.suspect_call(&call.func);
        self.expression(&call.func)?;
        let consumed =
            if self.features.consumes_generators_in_place { self.consumer_call(call)? } else { None };
        self.emit(Op::PushNull, self.place_of(&call.func));
        self.call_arguments(place(e.location), 0, call.args, None, call.keywords)?;
        if let Some(end) = consumed {
            self.use_label(end);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn validate_keywords(&self, keywords: &[Keyword<'_>]) -> Generated {
        if keywords.is_empty() { Ok(()) } else { self.validate_some_keywords(keywords) }
    }

    /// The first name that is repeated is an error, at its next place.
    #[inline(never)]
    fn validate_some_keywords(&self, keywords: &[Keyword<'_>]) -> Generated {
        let repeated = if keywords.len() > SCANNED_KEYWORDS { Some(repeated_names(keywords)) } else { None };
        for (index, keyword) in keywords.iter().enumerate() {
            let Some(name) = keyword.arg else { continue };
            self.check_name(name, ExprContext::Store, place(keyword.location))?;
            if repeated.as_ref().is_some_and(|names| !names.contains(&name)) {
                continue;
            }
            if let Some(other) = keywords[index + 1..].iter().find(|other| other.arg == Some(name)) {
                return self.error(format!("keyword argument repeated: {}", self.text(name)), other.location);
            }
        }
        Ok(())
    }

    fn method_call(&mut self, e: &'a Expr<'a>, call: &'a Call<'a>) -> Generated<bool> {
        let method = &call.func;
        let ExprKind::Attribute { value, attr, ctx: ExprContext::Load } = method.kind else {
            return Ok(false);
        };
        if let ExprKind::Name { id, .. } = value.kind
            && self.module_meaning(id).flags.intersects(SymbolFlags::IMPORT)
        {
            return Ok(false);
        }
        let (args, keywords) = (call.args.len(), call.keywords.len());
        if args + keywords + usize::from(keywords > 0) >= STACK_USE_GUIDELINE
            || has_unpacking(call.args, call.keywords)
        {
            return Ok(false);
        }
        let mut loc = place(method.location);
        if let Some(super_call) = self.super_call(value, attr) {
            self.super_arguments(value, super_call)?;
            let low = if super_call.args.is_empty() { 1 } else { 3 };
            self.emit_name(Op::LoadSuperAttr, attr, 2, low, loc);
            loc = self.at_attribute(loc, method, attr);
            self.emit(Op::Nop, loc);
        } else {
            self.expression(value)?;
            loc = self.at_attribute(loc, method, attr);
            self.emit_name(Op::LoadAttr, attr, 1, 1, loc);
        }
        self.expressions(call.args)?;
        let op = if keywords > 0 {
            call.keywords.iter().try_for_each(|keyword| self.expression(&keyword.value))?;
            self.keyword_names(call.keywords, loc);
            Op::CallKw
        } else {
            Op::Call
        };
        let loc = self.at_attribute(place(e.location), method, attr);
        self.emit_with(op, (args + keywords) as u32, loc);
        Ok(true)
    }

    /// The names of keywords that all have one.
    fn keyword_names(&mut self, keywords: &[Keyword<'_>], loc: Location) {
        let name = |keyword: &Keyword<'_>| Constant::Str(keyword.arg.expect("these have names"));
        self.load_const(Constant::Tuple(keywords.iter().map(name).collect()), loc);
    }

    /// A call of `super` that one instruction can do together with the attribute.
    pub(super) fn super_call(&mut self, e: &'a Expr<'a>, attr: StrId) -> Option<&'a Call<'a>> {
        let ExprKind::Call(call) = e.kind else { return None };
        let ExprKind::Name { id, .. } = call.func.kind else { return None };
        if id != self.names.super_ || attr == self.names.class || !call.keywords.is_empty() {
            return None;
        }
        // A module that so much as mentions the name may have another `super`.
        if self.name_scope(id) != NameScope::GlobalImplicit
            || self.module_meaning(id).scope != NameScope::Unknown
        {
            return None;
        }
        match call.args {
            [] => {
                let class = self.names.class;
                let metadata = &self.unit.metadata;
                let has_argument = metadata.argcount + metadata.posonlyargcount > 0;
                (has_argument && self.name_scope(class) == NameScope::Free).then_some(call)
            }
            [first, second] => {
                let is_plain = |e: &Expr<'_>| !matches!(e.kind, ExprKind::Starred { .. });
                (is_plain(first) && is_plain(second)).then_some(call)
            }
            _ => None,
        }
    }

    pub(super) fn super_arguments(&mut self, e: &'a Expr<'a>, call: &'a Call<'a>) -> Generated {
        self.load_name(self.names.super_, place(call.func.location))?;
        if !call.args.is_empty() {
            return self.expressions(call.args);
        }
        let loc = place(e.location);
        self.load_name(self.names.class, loc)?;
        let first = self.unit.metadata.varnames.as_slice()[0];
        self.load_name(first, loc)
    }

    /// Arguments, whose keywords are valid, and the call itself; `pushed` of them stand on the stack already.
    pub(super) fn call_arguments(
        &mut self,
        loc: Location,
        pushed: u32,
        args: &'a [Expr<'a>],
        injected: Option<StrId>,
        keywords: &'a [Keyword<'a>],
    ) -> Generated {
        let extra = usize::from(injected.is_some());
        let listed = args.len() + if self.features.generic_base_is_listed { extra } else { 0 };
        if listed + keywords.len() * 2 <= STACK_USE_GUIDELINE && !has_unpacking(args, keywords) {
            self.expressions(args)?;
            if let Some(name) = injected {
                self.load_name(name, loc)?;
            }
            let count = pushed + (args.len() + extra + keywords.len()) as u32;
            if keywords.is_empty() {
                self.emit_with(Op::Call, count, loc);
            } else {
                keywords.iter().try_for_each(|keyword| self.expression(&keyword.value))?;
                self.keyword_names(keywords, loc);
                self.emit_with(Op::CallKw, count, loc);
            }
            return Ok(());
        }
        match args {
            [Expr { kind: ExprKind::Starred { value, .. }, .. }] if pushed == 0 && injected.is_none() => {
                self.expression(value)?;
            }
            _ => self.display(args, Display::Tuple, pushed, injected, loc)?,
        }
        self.unpacked_keywords(keywords, loc)?;
        let has_keywords = !keywords.is_empty();
        if self.features.call_function_ex_always_takes_kwargs {
            if !has_keywords {
                self.emit(Op::PushNull, loc);
            }
            self.emit(Op::CallFunctionEx, loc);
        } else {
            self.emit_with(Op::CallFunctionEx, u32::from(has_keywords), loc);
        }
        Ok(())
    }

    fn unpacked_keywords(&mut self, keywords: &'a [Keyword<'a>], loc: Location) -> Generated {
        let (mut is_built, mut pending) = (false, 0);
        for (index, keyword) in keywords.iter().enumerate() {
            if keyword.arg.is_some() {
                pending += 1;
                continue;
            }
            if pending > 0 {
                self.some_keywords(&keywords[index - pending..index], loc)?;
                if is_built {
                    self.emit_with(Op::DictMerge, 1, loc);
                }
                is_built = true;
                pending = 0;
            }
            if !is_built {
                self.emit_with(Op::BuildMap, 0, loc);
                is_built = true;
            }
            self.expression(&keyword.value)?;
            self.emit_with(Op::DictMerge, 1, loc);
        }
        if pending > 0 {
            self.some_keywords(&keywords[keywords.len() - pending..], loc)?;
            if is_built {
                self.emit_with(Op::DictMerge, 1, loc);
            }
        }
        Ok(())
    }

    fn some_keywords(&mut self, keywords: &'a [Keyword<'a>], loc: Location) -> Generated {
        let count = keywords.len();
        let is_big = count * 2 > STACK_USE_GUIDELINE;
        if self.features.maps_with_constant_keys && count > 1 && !is_big {
            keywords.iter().try_for_each(|keyword| self.expression(&keyword.value))?;
            self.keyword_names(keywords, loc);
            self.emit_with(Op::BuildConstKeyMap, count as u32, loc);
            return Ok(());
        }
        if is_big {
            self.emit_with(Op::BuildMap, 0, Location::NONE);
        }
        for keyword in keywords {
            self.load_str(keyword.arg.expect("these have names"), loc);
            self.expression(&keyword.value)?;
            if is_big {
                self.emit_with(Op::MapAdd, 1, Location::NONE);
            }
        }
        if !is_big {
            self.emit_with(Op::BuildMap, count as u32, loc);
        }
        Ok(())
    }

    /// `all`, `any` and `tuple` of a generator expression, if they are the builtins when it runs: where the call that
    /// follows for all other functions is to end.
    fn consumer_call(&mut self, call: &'a Call<'a>) -> Generated<Option<Label>> {
        let ExprKind::Name { id, .. } = call.func.kind else { return Ok(None) };
        let ([generator], []) = (call.args, call.keywords) else { return Ok(None) };
        let is_generator = matches!(generator.kind, ExprKind::GeneratorExp { .. });
        if !is_generator || self.table.scope(self.scope_of(NodeKey::body(generator))).coroutine {
            return Ok(None);
        }
        let (consumer, number) = match id {
            id if id == self.names.tuple => (Consumer::Tuple, 2),
            id if id == self.names.all => (Consumer::All, 3),
            id if id == self.names.any => (Consumer::Any, 4),
            _ => return Ok(None),
        };
        let loc = place(call.func.location);
        let (end, skip) = (self.new_label(), self.new_label());
        let (start, cleanup) = (self.new_label(), self.new_label());
        self.emit_with(Op::Copy, 1, loc);
        self.emit_with(Op::LoadCommonConstant, number, loc);
        self.emit(Op::IsOp, loc);
        self.emit_jump(Op::PopJumpIfFalse, skip, loc);
        self.emit(Op::PopTop, loc);
        if consumer == Consumer::Tuple {
            self.emit(Op::BuildList, loc);
        }
        self.expression(generator)?;
        self.use_target(start);
        self.emit_jump(Op::ForIter, cleanup, loc);
        if consumer == Consumer::Tuple {
            self.emit_with(Op::ListAppend, 2, loc);
            self.emit_jump(Op::Jump, start, loc);
        } else {
            self.emit(Op::ToBool, loc);
            let again = if consumer == Consumer::All { Op::PopJumpIfTrue } else { Op::PopJumpIfFalse };
            self.emit_jump(again, start, loc);
        }
        self.emit(Op::PopIter, Location::NONE);
        if consumer != Consumer::Tuple {
            self.load_const(Constant::Bool(consumer == Consumer::Any), loc);
        }
        self.emit_jump(Op::Jump, end, loc);
        self.use_label(cleanup);
        self.emit(Op::EndFor, Location::NONE);
        self.emit(Op::PopIter, Location::NONE);
        if consumer == Consumer::Tuple {
            self.emit_with(Op::CallIntrinsic1, INTRINSIC_LIST_TO_TUPLE, loc);
        } else {
            self.load_const(Constant::Bool(consumer == Consumer::All), loc);
        }
        self.emit_jump(Op::Jump, end, loc);
        self.use_label(skip);
        Ok(Some(end))
    }
}

fn has_unpacking(args: &[Expr<'_>], keywords: &[Keyword<'_>]) -> bool {
    args.iter().any(|arg| matches!(arg.kind, ExprKind::Starred { .. }))
        || keywords.iter().any(|keyword| keyword.arg.is_none())
}
