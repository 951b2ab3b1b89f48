//! What each version's parser takes and makes of it, as named facts.
//!
//! One constant per version, written as the previous one plus what is new, so that `PY314` reads as "what is new in
//! 3.14". Nothing else in the project compares versions: it asks for one of these.

use crate::PyVersion;
use crate::mistakes::{self, Mistakes};
use crate::tables::{py311, py312, py313, py314, py315};

/// The facts of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grammar {
    /// How f-strings are read.
    pub fstrings: FStrings,
    /// A format specification in an f-string with single quotes may end with the line.
    pub newline_in_format_spec: bool,
    /// `from __future__ import barry_as_FLUFL` in a source makes `<>` the operator and `!=` none.
    pub flufl_import: bool,
    /// `type X = …`, `def f[T](…)`, `class C[T]` (PEP 695).
    pub type_params: bool,
    /// `def f[T = int](…)` (PEP 696).
    pub type_param_defaults: bool,
    /// `t"…"` (PEP 750).
    pub template_strings: bool,
    /// `except A, B:` (PEP 758).
    pub except_without_parentheses: bool,
    /// `lazy import a`, `lazy from a import b` (PEP 810).
    pub lazy_imports: bool,
    /// `[*a for a in b]`, `{**a for a in b}` (PEP 798).
    pub comprehension_unpacking: bool,
    /// `case +1:`.
    pub plus_in_patterns: bool,
    /// `Features::unprintable`: characters that this version's Unicode does not have are among them.
    pub unprintable: &'static [(u32, u32)],
    /// What mistakes are told.
    pub mistakes: Mistakes,
    /// What `ast.dump` leaves out unless told otherwise.
    pub ast_dump: AstDump,
}

/// How f-strings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FStrings {
    /// As one string token, whose expressions are found by searching its text and parsed on their own.
    OneToken,
    /// As tokens of their own (PEP 701).
    Tokens,
}

/// What `ast.dump` leaves out unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AstDump {
    /// Optional fields that are `None`.
    OmitsNone,
    /// Empty lists as well.
    OmitsEmpty,
    /// `ctx=Load()` as well.
    OmitsLoad,
}

const PY311: Grammar = Grammar {
    fstrings: FStrings::OneToken,
    newline_in_format_spec: false,
    flufl_import: false,
    type_params: false,
    type_param_defaults: false,
    template_strings: false,
    except_without_parentheses: false,
    lazy_imports: false,
    comprehension_unpacking: false,
    plus_in_patterns: false,
    unprintable: &py311::UNPRINTABLE,
    mistakes: mistakes::PY311,
    ast_dump: AstDump::OmitsNone,
};

const PY312: Grammar = Grammar {
    fstrings: FStrings::Tokens,
    newline_in_format_spec: true,
    type_params: true,
    unprintable: &py312::UNPRINTABLE,
    mistakes: mistakes::PY312,
    ..PY311
};

const PY313: Grammar = Grammar {
    newline_in_format_spec: false,
    flufl_import: true,
    type_param_defaults: true,
    unprintable: &py313::UNPRINTABLE,
    mistakes: mistakes::PY313,
    ast_dump: AstDump::OmitsEmpty,
    ..PY312
};

const PY314: Grammar = Grammar {
    template_strings: true,
    except_without_parentheses: true,
    unprintable: &py314::UNPRINTABLE,
    mistakes: mistakes::PY314,
    ..PY313
};

const PY315: Grammar = Grammar {
    lazy_imports: true,
    comprehension_unpacking: true,
    plus_in_patterns: true,
    unprintable: &py315::UNPRINTABLE,
    mistakes: mistakes::PY315,
    ast_dump: AstDump::OmitsLoad,
    ..PY314
};

impl Grammar {
    /// `str.isprintable` of a character.
    #[must_use]
    pub fn is_printable(&self, character: char) -> bool {
        is_outside(self.unprintable, character.into())
    }
}

/// Whether a code point is in none of those ranges, which are sorted.
pub(crate) fn is_outside(ranges: &[(u32, u32)], code_point: u32) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= code_point);
    after == 0 || ranges[after - 1].1 < code_point
}

impl PyVersion {
    /// What this version's parser does in its own way.
    #[must_use]
    pub const fn grammar(self) -> &'static Grammar {
        match self {
            PyVersion::Py311 => &PY311,
            PyVersion::Py312 => &PY312,
            PyVersion::Py313 => &PY313,
            PyVersion::Py314 => &PY314,
            PyVersion::Py315 => &PY315,
        }
    }
}
