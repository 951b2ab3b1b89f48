//! Runs of SWAP: shortened, and then done at compile time where the instructions that pop can trade places instead.
//!
//! Mirrors `swaptimize` and `apply_static_swaps` (`Python/flowgraph.c`).

use super::contents::Contents;
use super::{BasicBlockId, Cfg, Instruction};
use crate::op::Op;

impl Cfg {
    /// Shortens the runs of SWAP in a block, and does those that can be done without.
    pub(super) fn optimize_swaps(&mut self, id: BasicBlockId) {
        self[id].contents.insert(Contents::NOP);
        let instructions = self[id].instructions_mut();
        let mut index = 0;
        while index < instructions.len() {
            if instructions[index].op == Op::Swap {
                index = shorten_run(instructions, index);
                apply_static_swaps(instructions, index);
            }
            index += 1;
        }
    }
}

/// Replaces the run of SWAPs and NOPs that begins at `start` by as few SWAPs as do the same; gives the last place of
/// the run (that of its first SWAP where it has but one).
fn shorten_run(instructions: &mut [Instruction], start: usize) -> usize {
    let run = &instructions[start..];
    let length = run.iter().position(|found| !matches!(found.op, Op::Swap | Op::Nop)).unwrap_or(run.len());
    let run = &mut instructions[start..start + length];
    let swaps = run.iter().filter(|found| found.op == Op::Swap);
    if swaps.clone().count() < 2 {
        return start;
    }
    let depth = swaps.map(|swap| swap.oparg as usize).max().unwrap_or(0);
    let mut stack: Vec<usize> = (0..depth).collect();
    for swap in run.iter().filter(|found| found.op == Op::Swap) {
        stack.swap(0, swap.oparg as usize - 1);
    }
    // A permutation falls into cycles; each is undone by swapping its places with the top in turn. Written from the
    // end of the run, the undoing becomes the doing.
    let mut free = length;
    let mut visited = vec![false; depth];
    for begin in 0..depth {
        if visited[begin] || stack[begin] == begin {
            continue;
        }
        let mut at = begin;
        loop {
            if at != 0 {
                free -= 1;
                run[free].op = Op::Swap;
                run[free].oparg = at as u32 + 1;
            }
            if visited[at] {
                break;
            }
            visited[at] = true;
            at = stack[at];
        }
    }
    for unused in &mut run[..free] {
        unused.set_nop();
    }
    start + length - 1
}

/// From `last` backwards: does SWAPs by exchanging the two instructions that pop what they swap.
fn apply_static_swaps(instructions: &mut [Instruction], last: usize) {
    for index in (0..=last).rev() {
        let swap = instructions[index];
        if swap.op != Op::Swap {
            if swap.op == Op::Nop || is_swappable(swap.op) {
                continue;
            }
            return;
        }
        let Some(first) = next_swappable(instructions, index, None) else {
            return;
        };
        let place = instructions[first].location;
        let mut second = first;
        for _ in 1..swap.oparg {
            // Names must stay bound at the same line events.
            match next_swappable(instructions, second, place.line()) {
                Some(found) => second = found,
                None => return,
            }
        }
        if stores_conflict(instructions, first, second) {
            return;
        }
        instructions[index].set_nop();
        instructions.swap(first, second);
    }
}

/// Whether an exchange would change which of two stores to one local comes last.
fn stores_conflict(instructions: &[Instruction], first: usize, second: usize) -> bool {
    let (stored_first, stored_second) =
        (stored_local(&instructions[first]), stored_local(&instructions[second]));
    if stored_first.is_none() && stored_second.is_none() {
        return false;
    }
    if stored_first == stored_second {
        return true;
    }
    let mut between = instructions[first + 1..second.max(first + 1)].iter().filter_map(stored_local);
    between.any(|stored| Some(stored) == stored_first || Some(stored) == stored_second)
}

/// The next instruction that only pops, past NOPs; `None` if something else, or another line than `line`, is met first.
fn next_swappable(instructions: &[Instruction], after: usize, line: Option<u32>) -> Option<usize> {
    for (index, instruction) in instructions.iter().enumerate().skip(after + 1) {
        if line.is_some() && instruction.location.line() != line {
            return None;
        }
        match instruction.op {
            Op::Nop => {}
            op if is_swappable(op) => return Some(index),
            _ => return None,
        }
    }
    None
}

const fn is_swappable(op: Op) -> bool {
    matches!(op, Op::StoreFast | Op::StoreFastMaybeNull | Op::PopTop)
}

fn stored_local(instruction: &Instruction) -> Option<u32> {
    matches!(instruction.op, Op::StoreFast | Op::StoreFastMaybeNull).then_some(instruction.oparg)
}
