//! The syntax tree, shaped and named as CPython's `Parser/Python.asdl`: the union of 3.11 to 3.15.
//!
//! Everything lives in one arena and is `Copy`: children are references and slices into it, names and strings are
//! [`StrId`]s. What CPython marks optional is an `Option`, what it marks `*` a slice. Left out is `type_comment`
//! (and `TypeIgnore`), which CPython's own compiler never asks its parser for.
//!
//! Frequent nodes stand within [`ExprKind`] itself, wide and rare ones behind a reference, so that an expression
//! takes 40 bytes wherever it stands.

pub use prepyc_bytecode::StrId;

/// Where a node stands, exactly as CPython says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The first line, from 1.
    pub lineno: u32,
    /// The line of its end, from 1.
    pub end_lineno: u32,
    /// Bytes of UTF-8 before it in its first line.
    pub col_offset: u32,
    /// Bytes of UTF-8 before its end in its last line.
    pub end_col_offset: u32,
}

impl Location {
    /// From the start of `self` to the end of `last`.
    #[must_use]
    pub const fn to(self, last: Location) -> Location {
        Location {
            lineno: self.lineno,
            end_lineno: last.end_lineno,
            col_offset: self.col_offset,
            end_col_offset: last.end_col_offset,
        }
    }
}

/// A whole file.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// Its statements.
    pub body: &'a [Stmt<'a>],
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Stmt<'a> {
    /// Where it stands; a decorated definition starts at its `def` or `class`.
    pub location: Location,
    /// What it is.
    pub kind: StmtKind<'a>,
}

/// ASDL `stmt`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub enum StmtKind<'a> {
    FunctionDef(&'a FunctionDef<'a>),
    AsyncFunctionDef(&'a FunctionDef<'a>),
    ClassDef(&'a ClassDef<'a>),
    Return { value: Option<&'a Expr<'a>> },
    Delete { targets: &'a [Expr<'a>] },
    Assign { targets: &'a [Expr<'a>], value: &'a Expr<'a> },
    TypeAlias(&'a TypeAlias<'a>),
    AugAssign { target: &'a Expr<'a>, op: Operator, value: &'a Expr<'a> },
    AnnAssign(&'a AnnAssign<'a>),
    For(&'a For<'a>),
    AsyncFor(&'a For<'a>),
    While(&'a While<'a>),
    If(&'a If<'a>),
    With(&'a With<'a>),
    AsyncWith(&'a With<'a>),
    Match { subject: &'a Expr<'a>, cases: &'a [MatchCase<'a>] },
    Raise { exc: Option<&'a Expr<'a>>, cause: Option<&'a Expr<'a>> },
    Try(&'a Try<'a>),
    TryStar(&'a Try<'a>),
    Assert { test: &'a Expr<'a>, msg: Option<&'a Expr<'a>> },
    Import { names: &'a [Alias], is_lazy: bool },
    ImportFrom(&'a ImportFrom<'a>),
    Global { names: &'a [StrId] },
    Nonlocal { names: &'a [StrId] },
    Expr { value: &'a Expr<'a> },
    Pass,
    Break,
    Continue,
}

/// ASDL `FunctionDef` and `AsyncFunctionDef`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct FunctionDef<'a> {
    pub name: StrId,
    pub args: &'a Arguments<'a>,
    pub body: &'a [Stmt<'a>],
    pub decorator_list: &'a [Expr<'a>],
    pub returns: Option<&'a Expr<'a>>,
    pub type_params: &'a [TypeParam<'a>],
}

/// ASDL `ClassDef`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct ClassDef<'a> {
    pub name: StrId,
    pub bases: &'a [Expr<'a>],
    pub keywords: &'a [Keyword<'a>],
    pub body: &'a [Stmt<'a>],
    pub decorator_list: &'a [Expr<'a>],
    pub type_params: &'a [TypeParam<'a>],
}

/// ASDL `TypeAlias` (from 3.12 on); `name` is always an [`ExprKind::Name`].
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct TypeAlias<'a> {
    pub name: Expr<'a>,
    pub type_params: &'a [TypeParam<'a>],
    pub value: Expr<'a>,
}

/// ASDL `AnnAssign`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct AnnAssign<'a> {
    pub target: Expr<'a>,
    pub annotation: Expr<'a>,
    pub value: Option<Expr<'a>>,
    /// The target is a name without parentheses.
    pub simple: bool,
}

/// ASDL `For` and `AsyncFor`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct For<'a> {
    pub target: Expr<'a>,
    pub iter: Expr<'a>,
    pub body: &'a [Stmt<'a>],
    pub orelse: &'a [Stmt<'a>],
}

/// ASDL `While`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct While<'a> {
    pub test: Expr<'a>,
    pub body: &'a [Stmt<'a>],
    pub orelse: &'a [Stmt<'a>],
}

/// ASDL `If`; an `elif` is an `If` alone in `orelse`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct If<'a> {
    pub test: Expr<'a>,
    pub body: &'a [Stmt<'a>],
    pub orelse: &'a [Stmt<'a>],
}

/// ASDL `With` and `AsyncWith`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct With<'a> {
    pub items: &'a [WithItem<'a>],
    pub body: &'a [Stmt<'a>],
}

/// ASDL `withitem`; it has no location of its own.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct WithItem<'a> {
    pub context_expr: Expr<'a>,
    pub optional_vars: Option<Expr<'a>>,
}

/// ASDL `match_case`; it has no location of its own.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct MatchCase<'a> {
    pub pattern: Pattern<'a>,
    pub guard: Option<Expr<'a>>,
    pub body: &'a [Stmt<'a>],
}

/// ASDL `Try` and `TryStar`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Try<'a> {
    pub body: &'a [Stmt<'a>],
    pub handlers: &'a [ExceptHandler<'a>],
    pub orelse: &'a [Stmt<'a>],
    pub finalbody: &'a [Stmt<'a>],
}

/// ASDL `ExceptHandler`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct ExceptHandler<'a> {
    pub location: Location,
    pub type_: Option<Expr<'a>>,
    pub name: Option<StrId>,
    pub body: &'a [Stmt<'a>],
}

/// ASDL `ImportFrom`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct ImportFrom<'a> {
    pub module: Option<StrId>,
    pub names: &'a [Alias],
    /// The number of leading dots.
    pub level: u32,
    /// `lazy from …` (from 3.15 on).
    pub is_lazy: bool,
}

/// ASDL `alias`; `name` may have dots in it or be `*`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Alias {
    pub location: Location,
    pub name: StrId,
    pub asname: Option<StrId>,
}

/// ASDL `type_param` (from 3.12 on).
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct TypeParam<'a> {
    pub location: Location,
    pub name: StrId,
    /// From 3.13 on.
    pub default_value: Option<Expr<'a>>,
    pub kind: TypeParamKind<'a>,
}

/// Which of ASDL's type parameters it is.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub enum TypeParamKind<'a> {
    TypeVar { bound: Option<&'a Expr<'a>> },
    ParamSpec,
    TypeVarTuple,
}

/// An expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr<'a> {
    /// Where it stands.
    pub location: Location,
    /// What it is.
    pub kind: ExprKind<'a>,
}

/// ASDL `expr`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub enum ExprKind<'a> {
    BoolOp {
        op: BoolOp,
        values: &'a [Expr<'a>],
    },
    NamedExpr {
        target: &'a Expr<'a>,
        value: &'a Expr<'a>,
    },
    BinOp {
        left: &'a Expr<'a>,
        op: Operator,
        right: &'a Expr<'a>,
    },
    UnaryOp {
        op: UnaryOp,
        operand: &'a Expr<'a>,
    },
    Lambda {
        args: &'a Arguments<'a>,
        body: &'a Expr<'a>,
    },
    IfExp(&'a IfExp<'a>),
    Dict(&'a Dict<'a>),
    Set {
        elts: &'a [Expr<'a>],
    },
    ListComp {
        elt: &'a Expr<'a>,
        generators: &'a Generators<'a>,
    },
    SetComp {
        elt: &'a Expr<'a>,
        generators: &'a Generators<'a>,
    },
    DictComp(&'a DictComp<'a>),
    GeneratorExp {
        elt: &'a Expr<'a>,
        generators: &'a Generators<'a>,
    },
    Await {
        value: &'a Expr<'a>,
    },
    Yield {
        value: Option<&'a Expr<'a>>,
    },
    YieldFrom {
        value: &'a Expr<'a>,
    },
    Compare(&'a Compare<'a>),
    Call(&'a Call<'a>),
    FormattedValue(&'a FormattedValue<'a>),
    /// From 3.14 on.
    Interpolation(&'a Interpolation<'a>),
    JoinedStr {
        values: &'a [Expr<'a>],
    },
    /// From 3.14 on.
    TemplateStr {
        values: &'a [Expr<'a>],
    },
    Constant {
        value: Literal<'a>,
        kind: ConstantKind,
    },
    Attribute {
        value: &'a Expr<'a>,
        attr: StrId,
        ctx: ExprContext,
    },
    Subscript {
        value: &'a Expr<'a>,
        slice: &'a Expr<'a>,
        ctx: ExprContext,
    },
    Starred {
        value: &'a Expr<'a>,
        ctx: ExprContext,
    },
    Name {
        id: StrId,
        ctx: ExprContext,
    },
    List {
        elts: &'a [Expr<'a>],
        ctx: ExprContext,
    },
    Tuple {
        elts: &'a [Expr<'a>],
        ctx: ExprContext,
    },
    Slice(&'a Slice<'a>),
}

/// The `for` clauses of a comprehension; at least one.
pub type Generators<'a> = &'a [Comprehension<'a>];

/// ASDL `IfExp`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct IfExp<'a> {
    pub test: Expr<'a>,
    pub body: Expr<'a>,
    pub orelse: Expr<'a>,
}

/// ASDL `Dict`; a key that is `None` marks `**value`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Dict<'a> {
    pub keys: &'a [Option<Expr<'a>>],
    pub values: &'a [Expr<'a>],
}

/// ASDL `DictComp`; without a value it is `{**key for …}` (from 3.15 on).
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct DictComp<'a> {
    pub key: Expr<'a>,
    pub value: Option<Expr<'a>>,
    pub generators: Generators<'a>,
}

/// ASDL `comprehension`; it has no location of its own.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Comprehension<'a> {
    pub target: Expr<'a>,
    pub iter: Expr<'a>,
    pub ifs: &'a [Expr<'a>],
    pub is_async: bool,
}

/// ASDL `Compare`; as many `ops` as `comparators`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Compare<'a> {
    pub left: Expr<'a>,
    pub ops: &'a [CmpOp],
    pub comparators: &'a [Expr<'a>],
}

/// ASDL `Call`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Call<'a> {
    pub func: Expr<'a>,
    pub args: &'a [Expr<'a>],
    pub keywords: &'a [Keyword<'a>],
}

/// ASDL `FormattedValue`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct FormattedValue<'a> {
    pub value: Expr<'a>,
    pub conversion: Conversion,
    pub format_spec: Option<Expr<'a>>,
}

/// ASDL `Interpolation`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Interpolation<'a> {
    pub value: Expr<'a>,
    /// The expression's source text.
    pub str: StrId,
    pub conversion: Conversion,
    pub format_spec: Option<Expr<'a>>,
}

/// ASDL `Slice`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Slice<'a> {
    pub lower: Option<Expr<'a>>,
    pub upper: Option<Expr<'a>>,
    pub step: Option<Expr<'a>>,
}

/// ASDL `keyword`; without `arg` it is `**value`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Keyword<'a> {
    pub location: Location,
    pub arg: Option<StrId>,
    pub value: Expr<'a>,
}

/// ASDL `arguments`; `defaults` belong to the last of `posonlyargs` and `args` together, `kw_defaults` one to each of
/// `kwonlyargs`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Arguments<'a> {
    pub posonlyargs: &'a [Arg<'a>],
    pub args: &'a [Arg<'a>],
    pub vararg: Option<&'a Arg<'a>>,
    pub kwonlyargs: &'a [Arg<'a>],
    pub kw_defaults: &'a [Option<Expr<'a>>],
    pub kwarg: Option<&'a Arg<'a>>,
    pub defaults: &'a [Expr<'a>],
}

/// ASDL `arg`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct Arg<'a> {
    pub location: Location,
    pub arg: StrId,
    pub annotation: Option<&'a Expr<'a>>,
}

/// A pattern of a `match` statement.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    /// Where it stands.
    pub location: Location,
    /// What it is.
    pub kind: PatternKind<'a>,
}

/// ASDL `pattern`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub enum PatternKind<'a> {
    MatchValue {
        value: &'a Expr<'a>,
    },
    /// `None`, `True` or `False`.
    MatchSingleton {
        value: Literal<'a>,
    },
    MatchSequence {
        patterns: &'a [Pattern<'a>],
    },
    MatchMapping(&'a MatchMapping<'a>),
    MatchClass(&'a MatchClass<'a>),
    MatchStar {
        name: Option<StrId>,
    },
    /// `_` has neither pattern nor name.
    MatchAs {
        pattern: Option<&'a Pattern<'a>>,
        name: Option<StrId>,
    },
    MatchOr {
        patterns: &'a [Pattern<'a>],
    },
}

/// ASDL `MatchMapping`; as many `keys` as `patterns`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct MatchMapping<'a> {
    pub keys: &'a [Expr<'a>],
    pub patterns: &'a [Pattern<'a>],
    pub rest: Option<StrId>,
}

/// ASDL `MatchClass`; as many `kwd_attrs` as `kwd_patterns`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are CPython's own")]
pub struct MatchClass<'a> {
    pub cls: Expr<'a>,
    pub patterns: &'a [Pattern<'a>],
    pub kwd_attrs: &'a [StrId],
    pub kwd_patterns: &'a [Pattern<'a>],
}

/// What a literal says. Signs are operators, so numbers are never negative.
#[derive(Clone, Copy, Debug)]
pub enum Literal<'a> {
    /// `None`.
    None,
    /// `True`.
    True,
    /// `False`.
    False,
    /// `...`.
    Ellipsis,
    /// An integer that an `i64` holds.
    Int(i64),
    /// A larger one: its digits in base 2^32, the least significant first.
    BigInt(&'a &'a [u32]),
    /// A float; never NaN, infinite where the literal is too large.
    Float(f64),
    /// An imaginary number; its real part is zero.
    Complex(f64),
    /// A string.
    Str(StrId),
    /// Bytes.
    Bytes(&'a &'a [u8]),
}

/// `Constant.kind`: whether a string literal was written with a `u` before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstantKind {
    /// `kind=None`.
    Plain,
    /// `kind='u'`.
    U,
}

/// The conversion of a replacement field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// None given: -1 in CPython's tree.
    None,
    /// `!s`.
    Str,
    /// `!r`; also what a bare `=` means.
    Repr,
    /// `!a`.
    Ascii,
}

/// ASDL `expr_context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are CPython's own")]
pub enum ExprContext {
    Load,
    Store,
    Del,
}

/// ASDL `boolop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are CPython's own")]
pub enum BoolOp {
    And,
    Or,
}

/// ASDL `operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are CPython's own")]
pub enum Operator {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    FloorDiv,
}

/// ASDL `unaryop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are CPython's own")]
pub enum UnaryOp {
    Invert,
    Not,
    UAdd,
    USub,
}

/// ASDL `cmpop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are CPython's own")]
pub enum CmpOp {
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
}

// Parsing is mostly writing nodes: their size is its speed.
const _: () = assert!(size_of::<Expr<'static>>() <= 40);
const _: () = assert!(size_of::<Stmt<'static>>() <= 48);
