//! The attributes of targets that precompiling reads: docs/precompiling.md §3.

use crate::level::OptimizeAttribute;
use crate::setting::words;

words! {
    /// `precompile`: whether the target's own sources are compiled.
    PrecompileAttribute for "precompile" {
        /// Pycs are made for whoever wants them.
        Inherit = "inherit",
        /// Pycs are made, and consumers must ship them.
        Enabled = "enabled",
        /// No pycs.
        Disabled = "disabled",
    }
    removed {
        "if_generated_source" => "write \"enabled\" where the sources are generated, else \"disabled\"",
    }
}

words! {
    /// `precompile_source_retention`: whether compiled sources are kept.
    SourceRetentionAttribute for "precompile_source_retention" {
        /// As the flag says.
        Inherit = "inherit",
        /// Sources stay beside their pycs.
        KeepSource = "keep_source",
        /// Pycs take the place of their sources.
        OmitSource = "omit_source",
    }
    removed {
        "omit_if_generated_source" => "write \"omit_source\" where the sources are generated, else \"keep_source\"",
    }
}

words! {
    /// `precompile_invalidation_mode`: how a pyc is held against its source when it is imported.
    InvalidationAttribute for "precompile_invalidation_mode" {
        /// By the compilation mode.
        Auto = "auto",
        /// The source's hash is compared.
        CheckedHash = "checked_hash",
        /// Nothing is compared.
        UncheckedHash = "unchecked_hash",
    }
    removed {}
}

words! {
    /// `pyc_collection`, of binaries and tests: whether they ship the pycs that libraries leave to them.
    PycCollectionAttribute for "pyc_collection" {
        /// As `--precompile` says.
        Inherit = "inherit",
        /// They do.
        IncludePyc = "include_pyc",
        /// They ship the sources instead.
        Disabled = "disabled",
    }
    removed {}
}

/// The attributes that every Python target has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// `precompile`
    pub precompile: PrecompileAttribute,
    /// `precompile_source_retention`
    pub precompile_source_retention: SourceRetentionAttribute,
    /// `precompile_invalidation_mode`
    pub precompile_invalidation_mode: InvalidationAttribute,
    /// `precompile_optimize_level`
    pub precompile_optimize_level: OptimizeAttribute,
}

impl Attributes {
    /// What holds where a target sets none of them.
    pub fn unset() -> Attributes {
        Attributes {
            precompile: PrecompileAttribute::Inherit,
            precompile_source_retention: SourceRetentionAttribute::Inherit,
            precompile_invalidation_mode: InvalidationAttribute::Auto,
            precompile_optimize_level: OptimizeAttribute::Inherit,
        }
    }
}
