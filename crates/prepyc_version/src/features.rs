//! What the compilers of the versions do differently: one plain struct, each version written as its predecessor plus
//! what is new in it.
//!
//! Each field cites where CPython says so, mostly the log in `Include/internal/pycore_magic_number.h`.

use crate::PyVersion;
use crate::grammar::is_outside;
use crate::tables::{py311, py312, py313, py314, py315};

/// The behaviours in which CPython's compilers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// What the native compiler makes for this version is held against its interpreter in every field; without that it
    /// makes nothing.
    pub native_compiler_is_exact: bool,
    /// Which passes run over the control-flow graph, in which order.
    pub cfg_pipeline: CfgPipeline,
    /// How a call finds its method and its arguments.
    pub method_call_shape: MethodCallShape,
    /// What an iterator is on the value stack.
    pub iterator_shape: IteratorShape,
    /// How many items `END_FOR` takes: none (there is no `END_FOR`), both, or only the value.
    /// Magic 3531 (3.12: both), 3557 (3.13: `END_FOR` and a `POP_TOP`).
    pub end_for_pops: u32,
    /// Magic 3572 (3.14): `CALL_FUNCTION_EX` always takes a mapping or NULL.
    pub call_function_ex_always_takes_kwargs: bool,
    /// Magic 3556 (3.13): `SET_FUNCTION_ATTRIBUTE` instead of flags of `MAKE_FUNCTION`.
    pub function_attributes_by_instruction: bool,
    /// 3.14: `BUILD_SLICE` is declared with as many inputs as its oparg says, whatever that is.
    pub build_slice_counts_any: bool,
    /// 3.14: the kinds of a code object's variables say how a parameter is given.
    pub parameters_have_kinds: bool,
    /// Which instruction the analysis of borrowed loads credits with the items that another leaves on top of its
    /// inputs.
    pub extra_items_credited: ExtraItemsCredited,
    /// How numbers are calculated with while compiling.
    pub arithmetic: Arithmetic,
    /// PEP 695 (3.12): type parameters, and class namespaces that annotation scopes can see.
    pub type_parameters: bool,
    /// To 3.13 the base that a class with type parameters gets counts as one of those in its brackets, where many are
    /// gathered in a list (`compiler_class`, `Python/compile.c`; from 3.14 on `codegen_class`, `Python/codegen.c`).
    pub generic_base_is_listed: bool,
    /// PEP 709 (3.12): comprehensions other than generators run in the frame around them.
    pub inlined_comprehensions: bool,
    /// 3.13: an inlined comprehension of a class body sets aside every name it mentions, whether it binds the name or
    /// not, and its `.0` (`push_inlined_comprehension_state`, `Python/compile.c`).
    pub class_comprehensions_clear_every_name: bool,
    /// 3.14: a comprehension that a class body inlines, not within another one, has the cell of its variable to itself,
    /// also where the class sees an outer function's variable of that name; before, that variable's slot was taken for
    /// it, and functions within the comprehension still saw the cell (`codegen_push_inlined_comprehension_locals`,
    /// `Python/codegen.c`).
    pub class_comprehensions_own_cells: bool,
    /// 3.14: the symbol table notes a local as used where only an inlined comprehension uses it.
    pub inlined_uses_count: bool,
    /// PEP 649 (3.14): annotations are scopes of their own, evaluated on demand.
    pub lazy_annotations: bool,
    /// Magic 3600 (3.14): `LOAD_COMMON_CONSTANT` instead of `LOAD_ASSERTION_ERROR`.
    pub common_constants: bool,
    /// Magic 3602 (3.14): `LOAD_SPECIAL` instead of `BEFORE_WITH` and `BEFORE_ASYNC_WITH`.
    pub with_loads_special_methods: bool,
    /// To magic 3602 (3.13): `BUILD_CONST_KEY_MAP`; 3603 removed it.
    pub maps_with_constant_keys: bool,
    /// To magic 3603 (3.13): the test of a `while` stands at its end once more; 3604 jumps back to the first one.
    pub while_repeats_test: bool,
    /// Magic 3607 (3.14): `and`, `or` and chained comparisons jump by the pseudo-instructions `JUMP_IF_TRUE` and
    /// `JUMP_IF_FALSE`.
    pub short_circuits_by_pseudo_jumps: bool,
    /// Magics 3611, 3612, 3617 and 3618 (3.14): both ways of a branch can be monitored, by `NOT_TAKEN`, `POP_ITER` and the
    /// target of `END_ASYNC_FOR`.
    pub branches_are_marked: bool,
    /// Magic 3616 (3.14): `BINARY_OP` instead of `BINARY_SUBSCR`.
    pub subscript_is_binary_operation: bool,
    /// Magic 3620 (3.14): `all`, `any` and `tuple` of a generator expression run it in place.
    pub consumes_generators_in_place: bool,
    /// 3.13.1 to 3.13: a comprehension's clause makes an iterator of its iterator once more, for a generator's argument
    /// can be changed from outside (`compiler_sync_comprehension_generator`, `Python/compile.c`).
    pub clauses_ask_for_iterators_again: bool,
    /// 3.14: flags of a function's code say whether its first constant is a docstring (before, that is None where there is
    /// none), and whether it stands in a class: `CO_HAS_DOCSTRING` and `CO_METHOD`, `Include/cpython/code.h`.
    pub docstrings_and_methods_are_flagged: bool,
    /// What `-OO` leaves of a docstring.
    pub dropped_docstring: DroppedDocstring,
    /// 3.14: a subject that has matched is dropped at the place of what comes next (`codegen_match_inner`,
    /// `Python/codegen.c`); before, at that of the pattern.
    pub next_place_drops_matched_subject: bool,
    /// 3.14: the symbol table refuses `await` outside coroutines and assignments to `__debug__`; before, the code
    /// generator does (`Python/symtable.c`, `check_name`).
    pub symtable_checks_context: bool,
    /// 3.14: functions in a comprehension that a class body inlines reach the cells that the class makes, `__class__`
    /// above all; before, the compiler failed unless a method used the cell too (`inline_comprehension`,
    /// `Python/symtable.c`; a `SystemError` in 3.13.18).
    pub class_cells_reach_into_comprehensions: bool,
    /// The first and last code points, in order, of what `str.isprintable` denies and `repr` escapes: each version
    /// has its own Unicode database.
    pub unprintable: &'static [(u32, u32)],
    /// How deep nodes of the tree nest. To 3.13 a fixed number (`C_RECURSION_LIMIT`, less what stands around a module);
    /// from 3.14 on the size of the stack decides, and this is what the usual 8 MiB take.
    pub max_tree_depth: u32,
    /// PEP 765 (3.14): `return`, `break` and `continue` that leave a `finally` are warned of.
    pub finally_exits_warned: bool,
}

/// The orders of passes over the control-flow graph that CPython has had (`Python/flowgraph.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CfgPipeline {
    /// 3.11: before instruction sequences and the analysis of unbound locals.
    BlocksFromCodegen,
    /// 3.12 and 3.13: constants are folded in the syntax tree, only tuples in the graph.
    FoldedTree,
    /// 3.14 and 3.15: constants are folded in the graph; loads of locals are borrowed.
    FoldedGraph,
}

/// How a call finds its method and its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodCallShape {
    /// 3.11: `LOAD_METHOD`, `PRECALL`, `CALL`.
    Precall,
    /// 3.12 on (magic 3519): the lowest bit of `LOAD_ATTR`'s oparg asks for a method; `CALL` takes everything.
    Flagged,
}

/// What an iterator is on the value stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IteratorShape {
    /// The iterator alone.
    Object,
    /// 3.15 (magic 3651): the iterable and an index, or the iterator and NULL.
    Virtual,
}

/// Whom the analysis of borrowed loads takes for the one that pushed an item (`optimize_load_fast`,
/// `Python/flowgraph.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraItemsCredited {
    /// The instruction that pushed it.
    ToTheirInstruction,
    /// 3.14: the block's first instruction for the first such item, its second for the second.
    ToTheFirstInstructions,
}

/// How numbers are calculated with while compiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// An operation of a real and a complex number.
    pub complex: ComplexArithmetic,
    /// A sum or a product of two floats that are both NaN.
    pub two_nans: TwoNans,
}

/// Whose sign the sum or the product of two NaNs has: that is up to the C compiler, so it is measured (`float_add`,
/// `float_mul`, `Objects/floatobject.c`). Every other operation keeps the left one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoNans {
    /// That of the right one.
    Right,
    /// 3.14: that of the left one.
    Left,
}

/// How an operation of a real and a complex number is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplexArithmetic {
    /// The real number becomes a complex one first: `0.0 - 0j` has the imaginary part `0.0`.
    Coerced,
    /// 3.14: by rules of their own, as in C's Annex G: the imaginary part is `-0.0`.
    Mixed,
}

/// What `-OO` leaves of a docstring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DroppedDocstring {
    /// To 3.12: a statement without effect (`compiler_body`, `Python/compile.c`).
    StaysAsStatement,
    /// 3.13: nothing (`compiler_body` and `compiler_function_body`, `Python/compile.c`).
    Vanishes,
    /// 3.14: nothing, or a `pass` in its place where there is nothing else (`remove_docstring`,
    /// `Python/ast_preprocess.c`).
    BecomesPassIfAlone,
}

const PY311: Features = Features {
    native_compiler_is_exact: false,
    cfg_pipeline: CfgPipeline::BlocksFromCodegen,
    method_call_shape: MethodCallShape::Precall,
    iterator_shape: IteratorShape::Object,
    end_for_pops: 0,
    call_function_ex_always_takes_kwargs: false,
    function_attributes_by_instruction: false,
    build_slice_counts_any: false,
    parameters_have_kinds: false,
    extra_items_credited: ExtraItemsCredited::ToTheirInstruction,
    arithmetic: Arithmetic { complex: ComplexArithmetic::Coerced, two_nans: TwoNans::Right },
    type_parameters: false,
    generic_base_is_listed: true,
    inlined_comprehensions: false,
    class_comprehensions_clear_every_name: false,
    class_comprehensions_own_cells: false,
    inlined_uses_count: false,
    lazy_annotations: false,
    common_constants: false,
    with_loads_special_methods: false,
    maps_with_constant_keys: true,
    while_repeats_test: true,
    short_circuits_by_pseudo_jumps: false,
    branches_are_marked: false,
    subscript_is_binary_operation: false,
    consumes_generators_in_place: false,
    clauses_ask_for_iterators_again: false,
    docstrings_and_methods_are_flagged: false,
    dropped_docstring: DroppedDocstring::StaysAsStatement,
    next_place_drops_matched_subject: false,
    symtable_checks_context: false,
    class_cells_reach_into_comprehensions: false,
    unprintable: &py311::UNPRINTABLE,
    max_tree_depth: 9997,
    finally_exits_warned: false,
};

const PY312: Features = Features {
    cfg_pipeline: CfgPipeline::FoldedTree,
    method_call_shape: MethodCallShape::Flagged,
    end_for_pops: 2,
    type_parameters: true,
    inlined_comprehensions: true,
    class_comprehensions_clear_every_name: true,
    unprintable: &py312::UNPRINTABLE,
    ..PY311
};

const PY313: Features = Features {
    native_compiler_is_exact: true,
    end_for_pops: 1,
    function_attributes_by_instruction: true,
    clauses_ask_for_iterators_again: true,
    unprintable: &py313::UNPRINTABLE,
    dropped_docstring: DroppedDocstring::Vanishes,
    ..PY312
};

const PY314: Features = Features {
    cfg_pipeline: CfgPipeline::FoldedGraph,
    call_function_ex_always_takes_kwargs: true,
    build_slice_counts_any: true,
    parameters_have_kinds: true,
    extra_items_credited: ExtraItemsCredited::ToTheFirstInstructions,
    arithmetic: Arithmetic { complex: ComplexArithmetic::Mixed, two_nans: TwoNans::Left },
    generic_base_is_listed: false,
    class_comprehensions_clear_every_name: false,
    class_comprehensions_own_cells: true,
    inlined_uses_count: true,
    lazy_annotations: true,
    common_constants: true,
    with_loads_special_methods: true,
    maps_with_constant_keys: false,
    while_repeats_test: false,
    short_circuits_by_pseudo_jumps: true,
    branches_are_marked: true,
    subscript_is_binary_operation: true,
    consumes_generators_in_place: true,
    clauses_ask_for_iterators_again: false,
    docstrings_and_methods_are_flagged: true,
    dropped_docstring: DroppedDocstring::BecomesPassIfAlone,
    next_place_drops_matched_subject: true,
    symtable_checks_context: true,
    class_cells_reach_into_comprehensions: true,
    unprintable: &py314::UNPRINTABLE,
    max_tree_depth: 55_000,
    finally_exits_warned: true,
    ..PY313
};

const PY315: Features = Features {
    native_compiler_is_exact: false,
    iterator_shape: IteratorShape::Virtual,
    extra_items_credited: ExtraItemsCredited::ToTheirInstruction,
    unprintable: &py315::UNPRINTABLE,
    ..PY314
};

impl Features {
    /// `str.isprintable` of a character, by its code point.
    #[must_use]
    pub fn is_printable(&self, code_point: u32) -> bool {
        is_outside(self.unprintable, code_point)
    }
}

impl PyVersion {
    /// What this version's compiler does in its own way.
    #[must_use]
    pub const fn features(self) -> &'static Features {
        match self {
            PyVersion::Py311 => &PY311,
            PyVersion::Py312 => &PY312,
            PyVersion::Py313 => &PY313,
            PyVersion::Py314 => &PY314,
            PyVersion::Py315 => &PY315,
        }
    }
}
