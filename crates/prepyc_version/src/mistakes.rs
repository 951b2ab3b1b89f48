//! Which mistakes the parsers of the versions have words of their own for, and which words.

/// What a version's parser says of mistakes that not every version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// `[*a if b else *c]` has words of its own.
    pub partial_conditional_errors: bool,
    /// `"a" b "c"`, likewise.
    pub string_part_errors: bool,
    /// `a if b else pass`, likewise.
    pub conditional_statement_errors: bool,
    /// `3 + not a`, likewise.
    pub not_after_operator_errors: bool,
    /// `[**a]`, `{*a: b}` and `*a if b else c`, likewise.
    pub unpacking_errors: bool,
    /// `f(*a=b)` and `f(**a=b)`, likewise.
    pub unpacking_assignment_errors: bool,
    /// `f(*)`, likewise.
    pub starred_expression_errors: bool,
    /// `f(*)` is told of as soon as it is read, even where other mistakes are looked for: `a b(*)`.
    pub starred_expression_told_at_once: bool,
    /// `f(a=)`, likewise.
    pub missing_value_errors: bool,
    /// `f(**a, *b)` is pointed at from the comma on.
    pub unpacking_order_errors: bool,
    /// `[x for x y]` has words of its own.
    pub missing_in_errors: bool,
    /// `raise from a`, likewise.
    pub raise_from_errors: bool,
    /// `assert a = b`, likewise.
    pub assert_errors: bool,
    /// `import a from b`, likewise.
    pub import_errors: bool,
    /// `import` with nothing behind it, likewise.
    pub import_names_errors: bool,
    /// `import a as b.c` and `case a as b.c`, likewise.
    pub import_target_errors: bool,
    /// `case {**a, 1: b}`, likewise.
    pub mapping_rest_errors: bool,
    /// `elif` after `else`, likewise.
    pub elif_after_else_errors: bool,
    /// `with a, :`, likewise.
    pub with_comma_errors: bool,
    /// `except A as b.c`, likewise.
    pub except_target_errors: bool,
    /// `case` outside of `match`, likewise.
    pub stray_case_errors: bool,
    /// `def f[]()`, likewise.
    pub empty_type_params_errors: bool,
    /// `a <> b`, likewise; and `a != b` under `barry_as_FLUFL`.
    pub inequality_errors: bool,
    /// `ub""`, likewise.
    pub string_prefix_errors: bool,
    /// `"a\"` at a line's end, likewise: the quote that would end it is escaped.
    pub escaped_quote_errors: bool,
    /// What is wrong with escapes in an f-string's text is told at the string's end; from 3.14 on, over the text.
    pub bad_escapes_told_at_end: bool,
    /// The parser counts bytes, not characters, in a source that does not say its encoding.
    pub columns_need_encoding: bool,
    /// What a parameter without a default behind one with a default is told.
    pub default_order: &'static str,
    /// That order is looked at before anything else about parameters.
    pub default_order_first: bool,
    /// What parameters are called.
    pub parameter: &'static str,
    /// 3.14: a byte that is no UTF-8 is told of by its line and character, where before the name it stands in is.
    pub undecodable_by_line: bool,
    /// 3.14: `except*` after `except` is told of by its first line; before, the mistakes of its block come first.
    pub mixed_except_by_head: bool,
    /// 3.14: a cookie that contradicts a byte order mark is told of by its line, where before no line is named.
    ///
    /// CPython: `_PyTokenizer_raise_init_error` (`Parser/tokenizer/helpers.c`, 3.14) keeps the `SyntaxError` it is given.
    pub contradiction_by_line: bool,
    /// 3.14: warnings of unknown escape sequences say what to write instead.
    pub escapes_advised: bool,
    /// 3.14: `!g` in an f-string is told of at once; before, what the tokenizer makes of the text behind it comes first.
    pub conversion_checked_at_once: bool,
    /// How the word for `!` is spelled.
    pub exclamation: &'static str,
}

const NONE: Mistakes = Mistakes {
    partial_conditional_errors: false,
    string_part_errors: false,
    conditional_statement_errors: false,
    not_after_operator_errors: false,
    unpacking_errors: false,
    unpacking_assignment_errors: false,
    starred_expression_errors: false,
    starred_expression_told_at_once: false,
    missing_value_errors: false,
    unpacking_order_errors: false,
    missing_in_errors: false,
    raise_from_errors: false,
    assert_errors: false,
    import_errors: false,
    import_names_errors: false,
    import_target_errors: false,
    mapping_rest_errors: false,
    elif_after_else_errors: false,
    with_comma_errors: false,
    except_target_errors: false,
    stray_case_errors: false,
    empty_type_params_errors: false,
    inequality_errors: false,
    string_prefix_errors: false,
    escaped_quote_errors: false,
    bad_escapes_told_at_end: false,
    columns_need_encoding: false,
    default_order: "parameter without a default follows parameter with a default",
    default_order_first: false,
    parameter: "argument",
    undecodable_by_line: false,
    mixed_except_by_head: false,
    contradiction_by_line: false,
    escapes_advised: false,
    conversion_checked_at_once: false,
    exclamation: "exclamation",
};

pub(crate) const PY311: Mistakes = Mistakes {
    default_order: "non-default argument follows default argument",
    default_order_first: true,
    columns_need_encoding: true,
    ..NONE
};

pub(crate) const PY312: Mistakes = Mistakes {
    unpacking_assignment_errors: true,
    starred_expression_errors: true,
    starred_expression_told_at_once: true,
    missing_value_errors: true,
    unpacking_order_errors: true,
    import_errors: true,
    bad_escapes_told_at_end: true,
    exclamation: "exclamanation",
    ..NONE
};

pub(crate) const PY313: Mistakes = Mistakes {
    missing_in_errors: true,
    inequality_errors: true,
    empty_type_params_errors: true,
    not_after_operator_errors: true,
    import_names_errors: true,
    escaped_quote_errors: true,
    exclamation: "exclamation",
    ..PY312
};

pub(crate) const PY314: Mistakes = Mistakes {
    bad_escapes_told_at_end: false,
    starred_expression_told_at_once: false,
    undecodable_by_line: true,
    mixed_except_by_head: true,
    contradiction_by_line: true,
    escapes_advised: true,
    conversion_checked_at_once: true,
    string_part_errors: true,
    conditional_statement_errors: true,
    import_target_errors: true,
    elif_after_else_errors: true,
    except_target_errors: true,
    string_prefix_errors: true,
    ..PY313
};

pub(crate) const PY315: Mistakes = Mistakes {
    partial_conditional_errors: true,
    unpacking_errors: true,
    raise_from_errors: true,
    assert_errors: true,
    mapping_rest_errors: true,
    with_comma_errors: true,
    stray_case_errors: true,
    parameter: "parameter",
    ..PY314
};
