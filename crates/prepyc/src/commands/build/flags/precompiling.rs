//! Flags of what is precompiled, and how: rules_python's and our own.

use super::{FlagSpec, Takes, flag, setting};

const HEADING: &str = "Precompiling";

pub(super) const FLAGS: &[FlagSpec] = &[
    FlagSpec {
        more: "auto is disabled. What targets say comes first, but for the two force_ values. In full: \
               --@rules_python//python/config_settings:precompile.",
        ..flag(
            HEADING,
            "precompile",
            Takes::Value("auto|enabled|disabled|force_enabled|force_disabled"),
            |draft, value| setting(draft, "precompile", value),
            "Whether binaries collect the pycs of targets that leave it open",
        )
    },
    flag(
        HEADING,
        "precompile_source_retention",
        Takes::Value("auto|keep_source|omit_source"),
        |draft, value| setting(draft, "precompile_source_retention", value),
        "Whether sources stay beside their pycs where targets leave it open",
    ),
    flag(
        HEADING,
        "pyc_only",
        Takes::Value("auto|enabled|disabled"),
        |draft, value| setting(draft, "pyc_only", value),
        "Whole binaries of pycs without sources, whatever targets say; not a flag of rules_python",
    ),
    flag(
        HEADING,
        "precompile_optimize_levels",
        Takes::Value("auto|LEVELS"),
        |draft, value| setting(draft, "precompile_optimize_levels", value),
        "The levels of targets that set none, such as 0,2: each gets its pyc, named for -O and -OO; not of rules_python",
    ),
    flag(
        HEADING,
        "on_precompile_error",
        Takes::Value("auto|fail|warn|keep_source"),
        |draft, value| setting(draft, "on_precompile_error", value),
        "What becomes of a source that does not compile; auto is fail; not a flag of rules_python",
    ),
    flag(
        HEADING,
        "add_srcs_to_runfiles",
        Takes::Value("auto|enabled|disabled"),
        |draft, value| setting(draft, "add_srcs_to_runfiles", value),
        "Whether a library's kept sources are in its own runfiles",
    ),
    flag(
        HEADING,
        "exec_tools_toolchain",
        Takes::Value("enabled|disabled"),
        |draft, value| setting(draft, "exec_tools_toolchain", value),
        "Whether prepyc itself precompiles where the workspace registers no precompiler",
    ),
    FlagSpec {
        more: "In full: --@rules_python//tools/precompiler:execution_requirements.",
        ..flag(
            HEADING,
            "execution_requirements",
            Takes::Value("KEY=VALUE"),
            |draft, value| setting(draft, "execution_requirements", value),
            "How the workspace's own precompiler may be run; repeatable, the first takes the place of the stock ones",
        )
    },
];
