//! Comprehensions and generator expressions, in a frame of their own or inlined; and what suspends a frame.

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::{Comprehension, Expr, ExprKind};

use super::condition::JumpWhen;
use super::expr::INTRINSIC_ASYNC_GEN_WRAP;
use super::frame_block::FrameBlock;
use super::function::FunctionParts;
use super::unit::{AtEnd, Parameters, UnitKind};
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;
use crate::symtable::{ComprehensionKind, Meaning, NameScope, NodeKey, ScopeId, ScopeKind, SymbolFlags};

const RESUME_AFTER_YIELD: u32 = 1;
const RESUME_AFTER_YIELD_FROM: u32 = 2;
const RESUME_AFTER_AWAIT: u32 = 3;

/// What a comprehension collects.
#[derive(Clone, Copy)]
struct Collected<'a> {
    kind: ComprehensionKind,
    element: &'a Expr<'a>,
    value: Option<&'a Expr<'a>>,
}

/// What an inlined comprehension has to put back.
struct Inlined {
    pushed: Vec<StrId>,
    hidden: Vec<StrId>,
    overridden: Vec<(StrId, Meaning)>,
    cleanup: Option<Label>,
}

/// Whether the first iterator is on the stack, or the argument of the frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FirstIterator {
    OnStack,
    Argument,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn comprehension(
        &mut self,
        e: &'a Expr<'a>,
        kind: ComprehensionKind,
        generators: &'a [Comprehension<'a>],
        element: &'a Expr<'a>,
        value: Option<&'a Expr<'a>>,
    ) -> Generated {
        let loc = place(e.location);
        let id = self.scope_of(NodeKey::body(e));
        let collected = Collected { kind, element, value };
        let is_async = self.table.scope(id).coroutine && kind != ComprehensionKind::Generator;
        let suspends = matches!(self.unit.kind, UnitKind::AsyncFunction | UnitKind::Comprehension);
        if is_async && !suspends && !self.features.symtable_checks_context {
            let message = "asynchronous comprehension outside of an asynchronous function";
            return self.error(message, e.location);
        }
        let build = match kind {
            ComprehensionKind::List => Some(Op::BuildList),
            ComprehensionKind::Set => Some(Op::BuildSet),
            ComprehensionKind::Dict => Some(Op::BuildMap),
            ComprehensionKind::Generator => None,
        };
        if self.table.scope(id).inlined {
            let first = &generators[0];
            self.iterated(&first.iter)?;
            self.emit(get_iterator(first), self.place_of(&first.iter));
            let inlined = self.push_inlined(id, loc)?;
            self.emit(build.expect("generators are not inlined"), loc);
            self.emit_with(Op::Swap, 2, loc);
            self.clause(generators, 0, 0, collected, FirstIterator::OnStack, loc)?;
            self.pop_inlined(inlined, loc);
            return Ok(());
        }
        let name = match kind {
            ComprehensionKind::List => self.names.listcomp,
            ComprehensionKind::Set => self.names.setcomp,
            ComprehensionKind::Dict => self.names.dictcomp,
            ComprehensionKind::Generator => self.names.genexpr,
        };
        let parameters = Parameters { positional: 1, ..Parameters::default() };
        self.enter(name, UnitKind::Comprehension, id, e.location.lineno, None, parameters);
        if let Some(build) = build {
            self.emit(build, loc);
        }
        self.clause(generators, 0, 0, collected, FirstIterator::Argument, loc)?;
        if kind == ComprehensionKind::Generator {
            self.wrap_in_stopiteration_handler();
        } else {
            self.emit(Op::ReturnValue, loc);
        }
        let code = self.leave(AtEnd::ReturnNone)?;
        self.make_closure(code, FunctionParts::default(), loc)?;
        let first = &generators[0];
        self.iterated(&first.iter)?;
        self.emit(get_iterator(first), self.place_of(&first.iter));
        self.emit_with(Op::Call, 0, loc);
        if self.table.scope(id).coroutine && kind != ComprehensionKind::Generator {
            self.await_top(0, loc);
        }
        Ok(())
    }

    fn push_inlined(&mut self, id: ScopeId, loc: Location) -> Generated<Inlined> {
        let kind = self.scope().kind;
        let in_class = kind == ScopeKind::Class && self.unit.inlined_depth == 0;
        self.unit.inlined_depth += 1;
        let mut inlined =
            Inlined { pushed: Vec::new(), hidden: Vec::new(), overridden: Vec::new(), cleanup: None };
        let table = self.table;
        for (_, &symbol) in table.symbols(id) {
            let name = symbol.name;
            // To CPython it is a constant before the symbol table is built.
            if name == self.names.debug {
                continue;
            }
            let outer = self.name_scope(name);
            let is_other = symbol.scope != outer
                && symbol.scope != NameScope::Free
                && !(symbol.scope == NameScope::Cell && outer == NameScope::Free);
            if is_other || in_class {
                let before = self.replace_meaning(name, symbol.meaning());
                inlined.overridden.push((name, before));
            }
            let is_bound = symbol.flags.intersects(SymbolFlags::LOCAL)
                && !symbol.flags.intersects(SymbolFlags::NONLOCAL);
            let is_cleared = is_bound || in_class && self.features.class_comprehensions_clear_every_name;
            // Where the tree is folded, it has no such name any more.
            let is_folded = name == self.names.debug && self.folds_tree();
            if is_cleared && !is_folded {
                let is_own = in_class && self.features.class_comprehensions_own_cells;
                let outer = if is_own { symbol.scope } else { outer };
                self.clear_local(name, symbol.scope, outer, loc, &mut inlined);
            }
        }
        if !inlined.pushed.is_empty() {
            self.emit_with(Op::Swap, inlined.pushed.len() as u32 + 1, loc);
            let cleanup = self.new_label();
            self.emit_jump(Op::SetupFinally, cleanup, loc);
            self.push_block(FrameBlock::Transparent, loc)?;
            inlined.cleanup = Some(cleanup);
        }
        Ok(inlined)
    }

    /// Pushes what a fast local of the frame around has under a name of an inlined comprehension, and clears it.
    fn clear_local(
        &mut self,
        name: StrId,
        scope: NameScope,
        outer: NameScope,
        loc: Location,
        inlined: &mut Inlined,
    ) {
        if !self.scope().kind.is_function_like() && !self.unit.hidden.contains(&name) {
            self.unit.hidden.push(name);
            self.unit.metadata.fasthidden.add(name);
            inlined.hidden.push(name);
        }
        let index = self.local_index(name);
        self.emit_with(Op::LoadFastAndClear, index, loc);
        if scope == NameScope::Cell {
            let metadata = &self.unit.metadata;
            let free = metadata.freevars.find(name).map(|index| index + metadata.cellvars.len() as u32);
            let index = match (outer, metadata.cellvars.find(name), free) {
                (NameScope::Free, _, Some(free)) => free,
                (_, Some(cell), _) => cell,
                _ => self.unit.metadata.cellvars.add(name),
            };
            self.emit_with(Op::MakeCell, index, loc);
        }
        inlined.pushed.push(name);
    }

    fn pop_inlined(&mut self, inlined: Inlined, loc: Location) {
        self.unit.inlined_depth -= 1;
        if let Some(cleanup) = inlined.cleanup {
            self.pop_block();
            self.emit(Op::PopBlock, Location::NONE);
            let end = self.new_label();
            self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
            self.use_label(cleanup);
            self.emit_with(Op::Swap, 2, Location::NONE);
            self.emit(Op::PopTop, Location::NONE);
            self.restore_locals(&inlined.pushed, loc);
            self.emit(Op::Reraise, Location::NONE);
            self.use_label(end);
            self.restore_locals(&inlined.pushed, loc);
        }
        for (name, before) in inlined.overridden {
            self.replace_meaning(name, before);
        }
        self.unit.hidden.retain(|name| !inlined.hidden.contains(name));
    }

    fn restore_locals(&mut self, pushed: &[StrId], loc: Location) {
        self.emit_with(Op::Swap, pushed.len() as u32 + 1, loc);
        for &name in pushed.iter().rev() {
            let index = self.local_index(name);
            self.emit_with(Op::StoreFastMaybeNull, index, loc);
        }
    }

    /// The one element of the display that a clause goes over: it is evaluated, and nothing iterated over. Where the tree
    /// is folded, a display of a constant is none any more.
    fn lone_element(&mut self, generator: &Comprehension<'a>) -> Option<&'a Expr<'a>> {
        let (ExprKind::List { elts: [lone], .. } | ExprKind::Tuple { elts: [lone], .. }) =
            generator.iter.kind
        else {
            return None;
        };
        let is_starred = matches!(lone.kind, ExprKind::Starred { .. });
        let is_folded = self.folds_tree() && self.constant(lone).is_some();
        (!generator.is_async && !is_starred && !is_folded).then_some(lone)
    }

    fn clause(
        &mut self,
        generators: &'a [Comprehension<'a>],
        index: usize,
        depth: u32,
        collected: Collected<'a>,
        first: FirstIterator,
        loc: Location,
    ) -> Generated {
        let generator = &generators[index];
        let (start, again, cleanup) = (self.new_label(), self.new_label(), self.new_label());
        let mut depth = depth;
        let mut is_loop = true;
        let mut send = None;
        if index > 0 {
            if let Some(lone) = self.lone_element(generator) {
                self.expression(lone)?;
                is_loop = false;
            } else {
                self.iterated(&generator.iter)?;
                self.emit(get_iterator(generator), self.place_of(&generator.iter));
            }
        } else if first == FirstIterator::Argument {
            self.emit(Op::LoadFast, loc);
        }
        if is_loop {
            // 3.13 asks again: a generator's argument can be changed from outside.
            if !generator.is_async && self.features.clauses_ask_for_iterators_again {
                self.emit(Op::GetIter, self.place_of(&generator.iter));
            }
            depth += 1;
            self.use_target(start);
            if generator.is_async {
                send = Some(self.next_of_async(cleanup, loc));
            } else {
                self.emit_jump(Op::ForIter, cleanup, self.place_of(&generator.iter));
            }
        }
        self.expression(&generator.target)?;
        for condition in generator.ifs {
            self.jump_if(condition, again, JumpWhen::False, loc)?;
        }
        let at = self.place_of(collected.element);
        let at = if index + 1 < generators.len() {
            self.clause(generators, index + 1, depth, collected, first, loc)?;
            at
        } else {
            self.collect(collected, depth)?
        };
        self.use_label(again);
        if is_loop {
            self.emit_jump(Op::Jump, start, at);
            self.use_label(cleanup);
            match send {
                Some(send) => self.end_async_for(send, loc),
                None => self.end_for(),
            }
        }
        Ok(())
    }

    fn collect(&mut self, collected: Collected<'a>, depth: u32) -> Generated<Location> {
        let at = self.place_of(collected.element);
        self.expression(collected.element)?;
        match collected.kind {
            ComprehensionKind::Generator => {
                self.yield_value(at);
                self.emit(Op::PopTop, at);
            }
            ComprehensionKind::List => self.emit_with(Op::ListAppend, depth + 1, at),
            ComprehensionKind::Set => self.emit_with(Op::SetAdd, depth + 1, at),
            ComprehensionKind::Dict => {
                let Some(value) = collected.value else { return Ok(at) };
                self.expression(value)?;
                let at = place(self.location_of(collected.element).to(self.location_of(value)));
                self.emit_with(Op::MapAdd, depth + 1, at);
                return Ok(at);
            }
        }
        Ok(at)
    }

    /// Gets the next item of an asynchronous iterator; where to go on sending.
    pub(super) fn next_of_async(&mut self, except: Label, loc: Location) -> Label {
        self.emit_jump(Op::SetupFinally, except, loc);
        self.emit(Op::GetAnext, loc);
        self.load_none(loc);
        let send = self.new_label();
        self.use_target(send);
        self.yield_from(RESUME_AFTER_AWAIT, loc);
        self.emit(Op::PopBlock, loc);
        send
    }

    pub(super) fn end_async_for(&mut self, send: Label, loc: Location) {
        if self.features.branches_are_marked {
            self.emit_jump(Op::EndAsyncFor, send, loc);
        } else {
            self.emit(Op::EndAsyncFor, loc);
        }
    }

    fn yield_value(&mut self, loc: Location) {
        let scope = self.scope();
        if scope.coroutine && scope.generator {
            self.emit_with(Op::CallIntrinsic1, INTRINSIC_ASYNC_GEN_WRAP, loc);
        }
        self.emit_with(Op::YieldValue, 0, loc);
        self.emit_with(Op::Resume, RESUME_AFTER_YIELD, loc);
    }

    fn yield_from(&mut self, resume: u32, loc: Location) {
        let (send, fail, exit) = (self.new_label(), self.new_label(), self.new_label());
        self.use_target(send);
        self.emit_jump(Op::Send, exit, loc);
        self.emit_jump(Op::SetupFinally, fail, loc);
        self.emit_with(Op::YieldValue, 1, loc);
        self.emit(Op::PopBlock, Location::NONE);
        self.emit_with(Op::Resume, resume, loc);
        self.emit_jump(Op::JumpNoInterrupt, send, loc);
        self.use_label(fail);
        self.emit(Op::CleanupThrow, loc);
        self.use_label(exit);
        self.emit(Op::EndSend, loc);
    }

    /// Awaits what is on top of the stack; `oparg` says who asks, for errors.
    pub(super) fn await_top(&mut self, oparg: u32, loc: Location) {
        self.emit_with(Op::GetAwaitable, oparg, loc);
        self.load_none(loc);
        self.yield_from(RESUME_AFTER_AWAIT, loc);
    }

    pub(super) fn suspension(&mut self, e: &'a Expr<'a>) -> Generated {
        let loc = place(e.location);
        let is_function = self.scope().kind.is_function_like();
        match e.kind {
            ExprKind::Yield { value } => {
                if !is_function {
                    return self.error("'yield' outside function", e.location);
                }
                self.optional(value, loc)?;
                self.yield_value(loc);
            }
            ExprKind::YieldFrom { value } => {
                if !is_function {
                    return self.error("'yield from' outside function", e.location);
                }
                if self.unit.kind == UnitKind::AsyncFunction {
                    return self.error("'yield from' inside async function", e.location);
                }
                self.expression(value)?;
                self.emit(Op::GetYieldFromIter, loc);
                self.load_none(loc);
                self.yield_from(RESUME_AFTER_YIELD_FROM, loc);
            }
            ExprKind::Await { value } => {
                if !is_function {
                    return self.error("'await' outside function", e.location);
                }
                if !matches!(self.unit.kind, UnitKind::AsyncFunction | UnitKind::Comprehension) {
                    return self.error("'await' outside async function", e.location);
                }
                self.expression(value)?;
                self.await_top(0, loc);
            }
            _ => unreachable!("only these suspend a frame"),
        }
        Ok(())
    }
}

fn get_iterator(clause: &Comprehension<'_>) -> Op {
    if clause.is_async { Op::GetAiter } else { Op::GetIter }
}
