//! Which passes run, in which order: one list for each way CPython has had of doing it.

use prepyc_bytecode::Strings;
use prepyc_version::{CfgPipeline, Features};

use super::{BasicBlock, Cfg};
use crate::stack::StackEffects;
use crate::unit::CodeUnitMetadata;

/// One step from the graph as built to the graph that is assembled. Named after what CPython calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    MarkExceptHandlers,
    LabelExceptionTargets,
    InlineSmallBlocks,
    RemoveUnreachableBlocks,
    ResolveLineNumbers,
    ShrinkSmallInts,
    FoldConstantJumps,
    FuseConstantReturns,
    OptimizeBasicBlocks,
    RemoveRedundantNopsAndPairs,
    RemoveRedundantNopsAndJumps,
    RemoveUnusedConstants,
    CheckUnboundLocals,
    InsertSuperinstructions,
    PushColdBlocksToEnd,
    ConvertPseudoConditionalJumps,
    CalculateStackDepth,
    PrepareLocalsplus,
    ConvertPseudoInstructions,
    NormalizeJumps,
    BorrowLocals,
}

/// Runs all passes on a graph.
pub(crate) type Passes = fn(&mut Cfg, &mut PassContext<'_>);

/// Lists of passes, each as a function that runs them in order: written out one after the other, for a loop over a list
/// would have to guess each time which pass comes next.
macro_rules! pipelines {
    ($($(#[$about:meta])* fn $name:ident runs $($pass:ident,)*;)*) => {
        $($(#[$about])* fn $name(cfg: &mut Cfg, context: &mut PassContext<'_>) {
            $(cfg.run_pass(Pass::$pass, context);)*
        })*
    };
}

pipelines! {
    /// 3.12 and 3.13.
    fn folded_tree runs
        MarkExceptHandlers,
        LabelExceptionTargets,
        InlineSmallBlocks,
        RemoveUnreachableBlocks,
        ResolveLineNumbers,
        FoldConstantJumps,
        FuseConstantReturns,
        OptimizeBasicBlocks,
        RemoveRedundantNopsAndPairs,
        RemoveUnreachableBlocks,
        RemoveRedundantNopsAndJumps,
        RemoveUnusedConstants,
        CheckUnboundLocals,
        InsertSuperinstructions,
        PushColdBlocksToEnd,
        ResolveLineNumbers,
        CalculateStackDepth,
        PrepareLocalsplus,
        ConvertPseudoInstructions,
        NormalizeJumps,;

    /// 3.14 and 3.15.
    fn folded_graph runs
        MarkExceptHandlers,
        LabelExceptionTargets,
        InlineSmallBlocks,
        RemoveUnreachableBlocks,
        ResolveLineNumbers,
        ShrinkSmallInts,
        FoldConstantJumps,
        OptimizeBasicBlocks,
        RemoveRedundantNopsAndPairs,
        RemoveUnreachableBlocks,
        RemoveRedundantNopsAndJumps,
        RemoveUnusedConstants,
        CheckUnboundLocals,
        InsertSuperinstructions,
        PushColdBlocksToEnd,
        ResolveLineNumbers,
        ConvertPseudoConditionalJumps,
        CalculateStackDepth,
        PrepareLocalsplus,
        ConvertPseudoInstructions,
        NormalizeJumps,
        BorrowLocals,;
}

/// The passes of a pipeline, or nothing where they are not written yet.
pub(crate) const fn passes_of(pipeline: CfgPipeline) -> Option<Passes> {
    match pipeline {
        CfgPipeline::BlocksFromCodegen => None,
        CfgPipeline::FoldedTree => Some(folded_tree),
        CfgPipeline::FoldedGraph => Some(folded_graph),
    }
}

/// What the passes have besides the graph, and what they find out.
pub(crate) struct PassContext<'a> {
    pub(crate) unit: &'a mut CodeUnitMetadata,
    pub(crate) strings: &'a mut Strings,
    pub(crate) features: &'static Features,
    pub(crate) effects: &'a StackEffects,
    /// `co_stacksize`.
    pub(crate) stack_depth: u32,
}

impl Cfg {
    #[inline(always)]
    fn run_pass(&mut self, pass: Pass, context: &mut PassContext<'_>) {
        match pass {
            Pass::MarkExceptHandlers => self.mark_except_handlers(),
            Pass::LabelExceptionTargets => self.label_exception_targets(),
            Pass::InlineSmallBlocks => self.inline_small_blocks(),
            Pass::RemoveUnreachableBlocks => self.remove_unreachable_blocks(),
            Pass::ResolveLineNumbers => self.resolve_line_numbers(),
            Pass::ShrinkSmallInts => self.shrink_small_ints(&context.unit.consts),
            Pass::FoldConstantJumps => self.fold_constant_jumps(&mut context.unit.consts, context.strings),
            Pass::FuseConstantReturns => self.fuse_constant_returns(),
            Pass::OptimizeBasicBlocks => self.optimize_basic_blocks(context),
            Pass::RemoveRedundantNopsAndPairs => self.remove_redundant_nops_and_pairs(),
            Pass::RemoveRedundantNopsAndJumps => self.remove_redundant_nops_and_jumps(),
            Pass::RemoveUnusedConstants => self.remove_unused_constants(&mut context.unit.consts),
            Pass::CheckUnboundLocals => self.check_unbound_locals(context.unit),
            Pass::InsertSuperinstructions => self.insert_superinstructions(),
            Pass::PushColdBlocksToEnd => self.push_cold_blocks_to_end(),
            Pass::ConvertPseudoConditionalJumps => self.convert_pseudo_conditional_jumps(),
            Pass::CalculateStackDepth => context.stack_depth = self.calculate_stack_depth(context.effects),
            Pass::PrepareLocalsplus => self.prepare_localsplus(context.unit),
            Pass::ConvertPseudoInstructions => self.convert_pseudo_instructions(),
            Pass::NormalizeJumps => self.normalize_jumps(context.features),
            Pass::BorrowLocals => self.borrow_locals(context),
        }
        debug_assert!(
            self.blocks[..self.in_use].iter().all(BasicBlock::contents_hold),
            "{pass:?} puts into a block what it does not note"
        );
    }
}
