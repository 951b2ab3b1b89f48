//! The logical instructions: the union of what CPython 3.11 to 3.15 execute, plus the pseudo-instructions that only
//! their compilers know.
//!
//! Code generation and the passes speak these alone. Numbers, cache entries and EXTENDED_ARG belong to `assemble`;
//! which of them a version has is a matter of its opcode table.

use std::fmt;

macro_rules! logical_instructions {
    ($($(#[$meta:meta])* $variant:ident = $name:literal,)*) => {
        /// A logical instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the names are CPython's own")]
        pub enum Op { $($(#[$meta])* $variant,)* }

        impl Op {
            /// All of them.
            pub const ALL: &[Op] = &[$(Op::$variant,)*];

            /// CPython's name, as in `dis.opname`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Op::$variant => $name,)* }
            }
        }
    };
}

logical_instructions! {
    AnnotationsPlaceholder = "ANNOTATIONS_PLACEHOLDER",
    AsyncGenWrap = "ASYNC_GEN_WRAP",
    BeforeAsyncWith = "BEFORE_ASYNC_WITH",
    BeforeWith = "BEFORE_WITH",
    BinaryOp = "BINARY_OP",
    BinarySlice = "BINARY_SLICE",
    BinarySubscr = "BINARY_SUBSCR",
    BuildConstKeyMap = "BUILD_CONST_KEY_MAP",
    BuildInterpolation = "BUILD_INTERPOLATION",
    BuildList = "BUILD_LIST",
    BuildMap = "BUILD_MAP",
    BuildSet = "BUILD_SET",
    BuildSlice = "BUILD_SLICE",
    BuildString = "BUILD_STRING",
    BuildTemplate = "BUILD_TEMPLATE",
    BuildTuple = "BUILD_TUPLE",
    Cache = "CACHE",
    Call = "CALL",
    CallFunctionEx = "CALL_FUNCTION_EX",
    CallIntrinsic1 = "CALL_INTRINSIC_1",
    CallIntrinsic2 = "CALL_INTRINSIC_2",
    CallKw = "CALL_KW",
    CheckEgMatch = "CHECK_EG_MATCH",
    CheckExcMatch = "CHECK_EXC_MATCH",
    CleanupThrow = "CLEANUP_THROW",
    CompareOp = "COMPARE_OP",
    ContainsOp = "CONTAINS_OP",
    ConvertValue = "CONVERT_VALUE",
    Copy = "COPY",
    CopyFreeVars = "COPY_FREE_VARS",
    DeleteAttr = "DELETE_ATTR",
    DeleteDeref = "DELETE_DEREF",
    DeleteFast = "DELETE_FAST",
    DeleteGlobal = "DELETE_GLOBAL",
    DeleteName = "DELETE_NAME",
    DeleteSubscr = "DELETE_SUBSCR",
    DictMerge = "DICT_MERGE",
    DictUpdate = "DICT_UPDATE",
    EndAsyncFor = "END_ASYNC_FOR",
    EndFor = "END_FOR",
    EndSend = "END_SEND",
    ExtendedArg = "EXTENDED_ARG",
    FormatSimple = "FORMAT_SIMPLE",
    FormatValue = "FORMAT_VALUE",
    FormatWithSpec = "FORMAT_WITH_SPEC",
    ForIter = "FOR_ITER",
    GetAiter = "GET_AITER",
    GetAnext = "GET_ANEXT",
    GetAwaitable = "GET_AWAITABLE",
    GetIter = "GET_ITER",
    GetLen = "GET_LEN",
    GetYieldFromIter = "GET_YIELD_FROM_ITER",
    ImportFrom = "IMPORT_FROM",
    ImportName = "IMPORT_NAME",
    ImportStar = "IMPORT_STAR",
    IsOp = "IS_OP",
    Jump = "JUMP",
    JumpBackward = "JUMP_BACKWARD",
    JumpBackwardNoInterrupt = "JUMP_BACKWARD_NO_INTERRUPT",
    JumpForward = "JUMP_FORWARD",
    JumpIfFalse = "JUMP_IF_FALSE",
    JumpIfFalseOrPop = "JUMP_IF_FALSE_OR_POP",
    JumpIfTrue = "JUMP_IF_TRUE",
    JumpIfTrueOrPop = "JUMP_IF_TRUE_OR_POP",
    JumpNoInterrupt = "JUMP_NO_INTERRUPT",
    KwNames = "KW_NAMES",
    ListAppend = "LIST_APPEND",
    ListExtend = "LIST_EXTEND",
    ListToTuple = "LIST_TO_TUPLE",
    LoadAssertionError = "LOAD_ASSERTION_ERROR",
    LoadAttr = "LOAD_ATTR",
    LoadBuildClass = "LOAD_BUILD_CLASS",
    LoadClassderef = "LOAD_CLASSDEREF",
    LoadClosure = "LOAD_CLOSURE",
    LoadCommonConstant = "LOAD_COMMON_CONSTANT",
    LoadConst = "LOAD_CONST",
    LoadDeref = "LOAD_DEREF",
    LoadFast = "LOAD_FAST",
    LoadFastAndClear = "LOAD_FAST_AND_CLEAR",
    LoadFastBorrow = "LOAD_FAST_BORROW",
    LoadFastBorrowLoadFastBorrow = "LOAD_FAST_BORROW_LOAD_FAST_BORROW",
    LoadFastCheck = "LOAD_FAST_CHECK",
    LoadFastLoadFast = "LOAD_FAST_LOAD_FAST",
    LoadFromDictOrDeref = "LOAD_FROM_DICT_OR_DEREF",
    LoadFromDictOrGlobals = "LOAD_FROM_DICT_OR_GLOBALS",
    LoadGlobal = "LOAD_GLOBAL",
    LoadLocals = "LOAD_LOCALS",
    LoadMethod = "LOAD_METHOD",
    LoadName = "LOAD_NAME",
    LoadSmallInt = "LOAD_SMALL_INT",
    LoadSpecial = "LOAD_SPECIAL",
    LoadSuperAttr = "LOAD_SUPER_ATTR",
    MakeCell = "MAKE_CELL",
    MakeFunction = "MAKE_FUNCTION",
    MapAdd = "MAP_ADD",
    MatchClass = "MATCH_CLASS",
    MatchKeys = "MATCH_KEYS",
    MatchMapping = "MATCH_MAPPING",
    MatchSequence = "MATCH_SEQUENCE",
    Nop = "NOP",
    NotTaken = "NOT_TAKEN",
    PopBlock = "POP_BLOCK",
    PopExcept = "POP_EXCEPT",
    PopIter = "POP_ITER",
    PopJumpBackwardIfFalse = "POP_JUMP_BACKWARD_IF_FALSE",
    PopJumpBackwardIfNone = "POP_JUMP_BACKWARD_IF_NONE",
    PopJumpBackwardIfNotNone = "POP_JUMP_BACKWARD_IF_NOT_NONE",
    PopJumpBackwardIfTrue = "POP_JUMP_BACKWARD_IF_TRUE",
    PopJumpForwardIfFalse = "POP_JUMP_FORWARD_IF_FALSE",
    PopJumpForwardIfNone = "POP_JUMP_FORWARD_IF_NONE",
    PopJumpForwardIfNotNone = "POP_JUMP_FORWARD_IF_NOT_NONE",
    PopJumpForwardIfTrue = "POP_JUMP_FORWARD_IF_TRUE",
    PopJumpIfFalse = "POP_JUMP_IF_FALSE",
    PopJumpIfNone = "POP_JUMP_IF_NONE",
    PopJumpIfNotNone = "POP_JUMP_IF_NOT_NONE",
    PopJumpIfTrue = "POP_JUMP_IF_TRUE",
    PopTop = "POP_TOP",
    Precall = "PRECALL",
    PrepReraiseStar = "PREP_RERAISE_STAR",
    PrintExpr = "PRINT_EXPR",
    PushExcInfo = "PUSH_EXC_INFO",
    PushNull = "PUSH_NULL",
    RaiseVarargs = "RAISE_VARARGS",
    Reraise = "RERAISE",
    Resume = "RESUME",
    ReturnConst = "RETURN_CONST",
    ReturnGenerator = "RETURN_GENERATOR",
    ReturnValue = "RETURN_VALUE",
    Send = "SEND",
    SetupAnnotations = "SETUP_ANNOTATIONS",
    SetupCleanup = "SETUP_CLEANUP",
    SetupFinally = "SETUP_FINALLY",
    SetupWith = "SETUP_WITH",
    SetAdd = "SET_ADD",
    SetFunctionAttribute = "SET_FUNCTION_ATTRIBUTE",
    SetUpdate = "SET_UPDATE",
    StoreAttr = "STORE_ATTR",
    StoreDeref = "STORE_DEREF",
    StoreFast = "STORE_FAST",
    StoreFastLoadFast = "STORE_FAST_LOAD_FAST",
    StoreFastMaybeNull = "STORE_FAST_MAYBE_NULL",
    StoreFastStoreFast = "STORE_FAST_STORE_FAST",
    StoreGlobal = "STORE_GLOBAL",
    StoreName = "STORE_NAME",
    StoreSlice = "STORE_SLICE",
    StoreSubscr = "STORE_SUBSCR",
    Swap = "SWAP",
    ToBool = "TO_BOOL",
    UnaryInvert = "UNARY_INVERT",
    UnaryNegative = "UNARY_NEGATIVE",
    UnaryNot = "UNARY_NOT",
    UnaryPositive = "UNARY_POSITIVE",
    UnpackEx = "UNPACK_EX",
    UnpackSequence = "UNPACK_SEQUENCE",
    WithExceptStart = "WITH_EXCEPT_START",
    YieldValue = "YIELD_VALUE",
}

impl Op {
    /// The instruction of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.binary_search_by(|op| op.name().cmp(name)).ok().map(|index| Op::ALL[index])
    }

    /// Whether it announces an exception handler at its target: `SETUP_FINALLY` and its like.
    #[must_use]
    pub const fn is_block_push(self) -> bool {
        matches!(self, Op::SetupFinally | Op::SetupCleanup | Op::SetupWith)
    }

    /// Whether control never reaches what follows it, but continues at its target.
    #[must_use]
    pub const fn is_unconditional_jump(self) -> bool {
        matches!(
            self,
            Op::Jump | Op::JumpNoInterrupt | Op::JumpForward | Op::JumpBackward | Op::JumpBackwardNoInterrupt
        )
    }

    /// Whether it jumps by the truth or the None-ness of what it pops.
    #[must_use]
    pub const fn is_conditional_jump(self) -> bool {
        matches!(self, Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::PopJumpIfNone | Op::PopJumpIfNotNone)
    }

    /// Whether it leaves the code object.
    #[must_use]
    pub const fn is_scope_exit(self) -> bool {
        matches!(self, Op::ReturnValue | Op::ReturnConst | Op::RaiseVarargs | Op::Reraise)
    }

    /// Whether the interpreter looks for signals and other threads there.
    #[must_use]
    pub const fn has_eval_break(self) -> bool {
        matches!(self, Op::Jump | Op::JumpBackward | Op::Resume | Op::Call | Op::CallKw | Op::CallFunctionEx)
    }

    /// Whether its oparg is an index into the constants.
    #[must_use]
    pub const fn has_const(self) -> bool {
        matches!(self, Op::LoadConst | Op::ReturnConst | Op::KwNames)
    }

    /// The jump that is taken exactly when `self` is not, for the conditional ones.
    #[must_use]
    pub const fn inverted(self) -> Option<Op> {
        match self {
            Op::PopJumpIfFalse => Some(Op::PopJumpIfTrue),
            Op::PopJumpIfTrue => Some(Op::PopJumpIfFalse),
            Op::PopJumpIfNone => Some(Op::PopJumpIfNotNone),
            Op::PopJumpIfNotNone => Some(Op::PopJumpIfNone),
            _ => None,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Op;

    #[test]
    fn every_name_is_found_again() {
        for &op in Op::ALL {
            assert_eq!(Op::from_name(op.name()), Some(op));
        }
        assert_eq!(Op::from_name("LOAD_FAST_NOTHING"), None);
    }
}
