//! Every flag, in the order of `--help`.

use std::num::NonZeroUsize;

use super::values::{
    MNEMONIC, assignment, count, count_of_mnemonic, one_of, python_version, seconds, strategies, tag_filter,
    test_timeouts, truth, word_of,
};
use super::{Draft, FlagSpec, FlagValue, ImportTime, Problem, Takes};
use crate::commands::build::command_name::CommandName;
use crate::commands::build::options::{
    ExplainFormat, OnFailure, ReportFormat, Sourced, TestOutput, Verbosity, When, given,
};

const PRECOMPILING: &str = "Precompiling";
const CONFIGURATION: &str = "Configuration";
const EXECUTION: &str = "Execution";
const TESTING: &str = "Tests";
const OUTPUT: &str = "Output and report";
const RC_FILES: &str = ".bazelrc files";

const EVERY: &[CommandName] = &CommandName::ALL;

/// A flag of every command; the rest is filled in.
const fn flag(
    heading: &'static str,
    name: &'static str,
    takes: Takes,
    set: fn(&mut Draft, FlagValue<'_>) -> Result<(), Problem>,
    help: &'static str,
) -> FlagSpec {
    FlagSpec { name, aliases: &[], short: None, takes, heading, commands: EVERY, help, more: "", set }
}

/// Every flag.
pub(in crate::commands::build) const FLAGS: &[FlagSpec] = &[
    FlagSpec {
        more: "auto is disabled. What targets say comes first, but for the two force_ values. In full: \
               --@rules_python//python/config_settings:precompile.",
        ..flag(
            PRECOMPILING,
            "precompile",
            Takes::Value("auto|enabled|disabled|force_enabled|force_disabled"),
            |draft, value| setting(draft, "precompile", value),
            "Whether binaries collect the pycs of targets that leave it open",
        )
    },
    flag(
        PRECOMPILING,
        "precompile_source_retention",
        Takes::Value("auto|keep_source|omit_source"),
        |draft, value| setting(draft, "precompile_source_retention", value),
        "Whether sources stay beside their pycs where targets leave it open",
    ),
    flag(
        PRECOMPILING,
        "pyc_only",
        Takes::Value("auto|enabled|disabled"),
        |draft, value| setting(draft, "pyc_only", value),
        "Whole binaries of pycs without sources, whatever targets say; not a flag of rules_python",
    ),
    flag(
        PRECOMPILING,
        "precompile_optimize_levels",
        Takes::Value("auto|LEVELS"),
        |draft, value| setting(draft, "precompile_optimize_levels", value),
        "The levels of targets that set none, such as 0,2: each gets its pyc, named for -O and -OO; not of rules_python",
    ),
    flag(
        PRECOMPILING,
        "on_precompile_error",
        Takes::Value("auto|fail|warn|keep_source"),
        |draft, value| setting(draft, "on_precompile_error", value),
        "What becomes of a source that does not compile; auto is fail; not a flag of rules_python",
    ),
    flag(
        PRECOMPILING,
        "add_srcs_to_runfiles",
        Takes::Value("auto|enabled|disabled"),
        |draft, value| setting(draft, "add_srcs_to_runfiles", value),
        "Whether a library's kept sources are in its own runfiles",
    ),
    flag(
        PRECOMPILING,
        "exec_tools_toolchain",
        Takes::Value("enabled|disabled"),
        |draft, value| setting(draft, "exec_tools_toolchain", value),
        "Whether prepyc itself precompiles where the workspace registers no precompiler",
    ),
    FlagSpec {
        more: "In full: --@rules_python//tools/precompiler:execution_requirements.",
        ..flag(
            PRECOMPILING,
            "execution_requirements",
            Takes::Value("KEY=VALUE"),
            |draft, value| setting(draft, "execution_requirements", value),
            "How the workspace's own precompiler may be run; repeatable, the first takes the place of the stock ones",
        )
    },
    FlagSpec {
        aliases: &["pip-hub"],
        more: "@NAME//requests is then the distribution `requests` that is installed in DIR, with what it requires, as its \
               RECORD and METADATA have it. Make DIR with `python3 -m pip install --target DIR -r requirements.txt`.",
        ..flag(
            CONFIGURATION,
            "pip_hub",
            Takes::Value("NAME=DIR"),
            pip_hub,
            "The site-packages folder that the pip hub @NAME stands for; repeatable",
        )
    },
    FlagSpec {
        aliases: &["python-version"],
        more: "Without this it is the registered toolchain's. In full: \
               --@rules_python//python/config_settings:python_version.",
        ..flag(
            CONFIGURATION,
            "python_version",
            Takes::Value("X.Y"),
            set_python_version,
            "The version of Python that will load the pycs",
        )
    },
    flag(
        CONFIGURATION,
        "python",
        Takes::Value("EXE"),
        set_python,
        "The target's interpreter where no toolchain names one: a path, or a name found on PATH",
    ),
    FlagSpec {
        short: Some('c'),
        more: "opt makes pycs that are not checked against their sources (unchecked_hash).",
        ..flag(
            CONFIGURATION,
            "compilation_mode",
            Takes::Value("fastbuild|dbg|opt"),
            |draft, value| setting(draft, "compilation_mode", value),
            "Bazel's compilation mode",
        )
    },
    flag(
        CONFIGURATION,
        "define",
        Takes::Value("NAME=VALUE"),
        |draft, value| {
            let (name, text) = assignment(value.text, "NAME=VALUE")?;
            draft.options.defines.insert(name.to_owned(), text.to_owned());
            Ok(())
        },
        "A value for `define_values` of config_setting; repeatable",
    ),
    flag(CONFIGURATION, "platforms", Takes::Value("LABEL"), platforms, "The target platform"),
    flag(
        CONFIGURATION,
        "extra_toolchains",
        Takes::Value("LABEL,LABEL"),
        extra_toolchains,
        "Toolchains before those that the workspace registers; repeatable, the last comes first",
    ),
    flag(
        CONFIGURATION,
        "build_tag_filters",
        Takes::Value("TAG,-TAG"),
        |draft, value| {
            draft.options.build_tag_filters = tag_filter(value.text);
            Ok(())
        },
        "Build only targets with one of these tags and none of those with a -",
    ),
    flag(
        EXECUTION,
        "engine",
        Takes::Value("auto|native|interpreter"),
        |draft, value| {
            draft.options.engine = word_of(value.text)?;
            Ok(())
        },
        "What compiles where no precompiler is registered: auto is native where prepyc has a compiler, else the interpreter",
    ),
    FlagSpec {
        more: "The first that can run an action does. Only PyCompile means anything here.",
        ..flag(
            EXECUTION,
            "strategy",
            Takes::Value("PyCompile=worker,sandboxed,local"),
            strategy,
            "How the workspace's own precompiler is run",
        )
    },
    flag(
        EXECUTION,
        "spawn_strategy",
        Takes::Value("worker,sandboxed,local"),
        |draft, value| {
            draft.any_strategy = strategies(value, value.text)?;
            Ok(())
        },
        "As --strategy, where that says nothing",
    ),
    flag(
        EXECUTION,
        "worker_extra_flag",
        Takes::Value("PyCompile=FLAG"),
        worker_extra_flag,
        "A flag that the precompiler gets when it is started as a worker; repeatable",
    ),
    flag(
        EXECUTION,
        "worker_max_instances",
        Takes::Value("[MNEMONIC=]N"),
        |draft, value| count_of_mnemonic(&mut draft.instances, value.text),
        "How many workers at a time, where they take one request at a time",
    ),
    flag(
        EXECUTION,
        "worker_max_multiplex_instances",
        Takes::Value("[MNEMONIC=]N"),
        |draft, value| count_of_mnemonic(&mut draft.multiplex_instances, value.text),
        "How many requests a multiplex worker gets at a time",
    ),
    flag(
        EXECUTION,
        "worker_multiplex",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.multiplex, value),
        "Send a worker that can take it several requests at a time [default: yes]",
    ),
    flag(
        EXECUTION,
        "worker_sandboxing",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.sandboxing, value),
        "Run workers that take one request at a time in a folder with nothing but its files",
    ),
    flag(
        EXECUTION,
        "experimental_worker_multiplex_sandboxing",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.multiplex_sandboxing, value),
        "Give each request to a multiplex worker that can use it a folder with nothing but its files",
    ),
    flag(
        EXECUTION,
        "experimental_worker_cancellation",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.cancellation, value),
        "Ask workers that can to give requests up, instead of ending them",
    ),
    flag(
        EXECUTION,
        "worker_verbose",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.verbose, value),
        "Ask workers to say more in their logs",
    ),
    flag(
        EXECUTION,
        "action_timeout",
        Takes::Value("SECONDS"),
        |draft, value| {
            draft.options.execution.action_timeout = Some(seconds(value.text)?);
            Ok(())
        },
        "How long the workspace's own precompiler may take for an action, then it is killed [default: 600]",
    ),
    FlagSpec {
        short: Some('j'),
        ..flag(
            EXECUTION,
            "jobs",
            Takes::Value("N"),
            |draft, value| {
                draft.options.execution.jobs = count(value.text)?;
                Ok(())
            },
            "How many actions at a time [default: one a core]",
        )
    },
    FlagSpec {
        short: Some('k'),
        aliases: &["keep-going"],
        ..flag(
            EXECUTION,
            "keep_going",
            Takes::Truth,
            keep_going,
            "Go on after an error with whatever does not depend on it",
        )
    },
    FlagSpec {
        aliases: &["disk-cache"],
        more: "Builds of any workspace can share it at the same time. An empty value is none.",
        ..flag(
            EXECUTION,
            "disk_cache",
            Takes::Value("DIR"),
            disk_cache,
            "Keep what actions make in DIR, and look there first",
        )
    },
    flag(
        TESTING,
        "test_output",
        Takes::Value("summary|errors|all"),
        |draft, value| {
            draft.options.test.output = one_of(
                value.text,
                &[
                    ("summary", TestOutput::Summary),
                    ("errors", TestOutput::Errors),
                    ("all", TestOutput::All),
                    ("streamed", TestOutput::All),
                ],
            )?;
            Ok(())
        },
        "Whose logs are shown",
    ),
    flag(
        TESTING,
        "test_filter",
        Takes::Value("TEXT"),
        |draft, value| {
            draft.options.test.filter = Some(value.text.to_owned()).filter(|text| !text.is_empty());
            Ok(())
        },
        "What the tests get as TESTBRIDGE_TEST_ONLY",
    ),
    flag(
        TESTING,
        "test_arg",
        Takes::Value("ARG"),
        |draft, value| {
            draft.options.test.arguments.push(value.text.to_owned());
            Ok(())
        },
        "An argument for each test; repeatable",
    ),
    flag(
        TESTING,
        "test_env",
        Takes::Value("NAME[=VALUE]"),
        test_env,
        "An environment variable for each test; repeatable",
    ),
    flag(
        TESTING,
        "test_tag_filters",
        Takes::Value("TAG,-TAG"),
        |draft, value| {
            draft.options.test.tag_filters = tag_filter(value.text);
            Ok(())
        },
        "Run only tests with one of these tags and none of those with a -",
    ),
    flag(
        TESTING,
        "test_timeout",
        Takes::Value("SECONDS"),
        |draft, value| {
            draft.options.test.timeouts = test_timeouts(value.text)?;
            Ok(())
        },
        "How long a test may take; or four numbers: short, moderate, long and eternal tests",
    ),
    FlagSpec {
        short: Some('o'),
        commands: &[CommandName::Zip, CommandName::Report],
        ..flag(
            OUTPUT,
            "output_file",
            Takes::Value("FILE"),
            |draft, value| {
                draft.output = Some(draft.path(value)?);
                Ok(())
            },
            "Where it is written [default: a zip to the output tree, a report to standard output]",
        )
    },
    FlagSpec {
        commands: &[CommandName::Explain],
        ..flag(
            OUTPUT,
            "output",
            Takes::Value("text|json"),
            |draft, value| {
                draft.explain_format =
                    one_of(value.text, &[("text", ExplainFormat::Text), ("json", ExplainFormat::Json)])?;
                Ok(())
            },
            "In which form it is explained",
        )
    },
    FlagSpec {
        commands: &[CommandName::Report],
        ..flag(
            OUTPUT,
            "format",
            Takes::Value("text|json|html"),
            |draft, value| {
                let words = [
                    ("text", ReportFormat::Text),
                    ("json", ReportFormat::Json),
                    ("html", ReportFormat::Html),
                ];
                draft.report_format = one_of(value.text, &words)?;
                Ok(())
            },
            "In which form it is reported; html is one page that needs no other file",
        )
    },
    FlagSpec {
        commands: &[CommandName::Report],
        ..flag(OUTPUT, "rounds", Takes::Value("N"), rounds, "How often the import is timed [default: 5]")
    },
    FlagSpec {
        commands: &[CommandName::Report],
        ..flag(
            OUTPUT,
            "import_time",
            Takes::Truth,
            |draft, value| {
                draft.import_time =
                    if truth(value.text)? { ImportTime::Measured } else { ImportTime::LeftOut };
                Ok(())
            },
            "Time the import with pycs and without [default: yes; --no_import_time leaves it out]",
        )
    },
    FlagSpec {
        more: "With `x-` the outputs are found by `x-bin` and so on. `/` makes no link.",
        ..flag(
            OUTPUT,
            "symlink_prefix",
            Takes::Value("TEXT"),
            |draft, value| {
                draft.options.symlink_prefix = Some(value.text.to_owned());
                Ok(())
            },
            "What the names of the links to the outputs begin with",
        )
    },
    FlagSpec {
        ..flag(
            OUTPUT,
            "progress",
            Takes::Value("auto|never"),
            |draft, value| {
                draft.options.console.progress = one_of(
                    value.text,
                    &[("auto", When::Auto), ("always", When::Always), ("never", When::Never)],
                )?;
                Ok(())
            },
            "A progress bar: auto shows one where standard error is a terminal",
        )
    },
    flag(
        OUTPUT,
        "show_progress",
        Takes::Truth,
        |draft, value| {
            draft.options.console.progress = if truth(value.text)? { When::Auto } else { When::Never };
            Ok(())
        },
        "As --progress=auto; --noshow_progress is --progress=never",
    ),
    flag(
        OUTPUT,
        "color",
        Takes::Value("auto|yes|no"),
        |draft, value| {
            draft.options.console.color =
                one_of(value.text, &[("auto", When::Auto), ("yes", When::Always), ("no", When::Never)])?;
            Ok(())
        },
        "Colours: auto has them where standard error is a terminal",
    ),
    FlagSpec {
        short: Some('v'),
        ..flag(
            OUTPUT,
            "verbose",
            Takes::Truth,
            |draft, value| {
                draft.options.console.verbosity =
                    if truth(value.text)? { Verbosity::Verbose } else { Verbosity::Normal };
                Ok(())
            },
            "Say what was decided on the way, such as which flags of .bazelrc mean nothing here",
        )
    },
    FlagSpec {
        more: "Sections `build:NAME`, `common:NAME` and that of the command count, wherever they stand.",
        ..flag(
            RC_FILES,
            "config",
            Takes::Value("NAME"),
            |_, _| Ok(()),
            "Put here what .bazelrc files have in sections named :NAME; repeatable",
        )
    },
    flag(
        RC_FILES,
        "enable_platform_specific_config",
        Takes::Truth,
        |_, value| truth(value.text).map(drop),
        "--config=linux, --config=macos and so on, as the machine is, where there is such a section",
    ),
    FlagSpec {
        more: "After those of the workspace and of the user. /dev/null ends the list.",
        ..flag(
            RC_FILES,
            "bazelrc",
            Takes::Value("FILE"),
            |draft, value| {
                let path = draft.path(value)?;
                draft.rc.files.push(path);
                Ok(())
            },
            "Read this .bazelrc file, too; repeatable",
        )
    },
    flag(
        RC_FILES,
        "workspace_rc",
        Takes::Truth,
        |draft, value| {
            draft.rc.workspace = truth(value.text)?;
            Ok(())
        },
        "Read .bazelrc of the workspace [default: yes; --noworkspace_rc does not]",
    ),
    flag(
        RC_FILES,
        "home_rc",
        Takes::Truth,
        |draft, value| {
            draft.rc.home = truth(value.text)?;
            Ok(())
        },
        "Read .bazelrc of the home folder [default: yes; --nohome_rc does not]",
    ),
    flag(
        RC_FILES,
        "ignore_all_rc_files",
        Takes::Truth,
        |draft, value| {
            draft.rc.none = truth(value.text)?;
            Ok(())
        },
        "Read no .bazelrc at all",
    ),
];

fn setting(draft: &mut Draft, name: &str, value: FlagValue<'_>) -> Result<(), Problem> {
    Ok(draft.options.flags.set(name, value.text, given(value.origin))?)
}

fn sourced<T>(value: T, from: FlagValue<'_>) -> Sourced<T> {
    Sourced { value, origin: from.origin.clone() }
}

fn pip_hub(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    let (name, folder) = assignment(value.text, "NAME=DIR")?;
    let name = name.trim_start_matches('@');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(plain) || matches!(name, "." | "..") {
        return Err(
            format!("{name:?} is not the name of a repository (letters, digits, `_`, `-`, `.`)").into()
        );
    }
    let folder = draft.path(FlagValue { text: folder, ..value })?;
    draft.options.pip_hubs.insert(name.to_owned(), sourced(folder, value));
    Ok(())
}

fn set_python_version(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    draft.options.python_version =
        if value.text.is_empty() { None } else { Some(sourced(python_version(value.text)?, value)) };
    Ok(())
}

fn set_python(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    let is_name = !value.text.contains('/') && !matches!(value.text, "" | "~" | "." | "..");
    draft.options.python = Some(if is_name { value.text.into() } else { draft.path(value)? });
    Ok(())
}

fn platforms(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    if value.text.contains(',') {
        return Err(format!("{:?} names several platforms; a build has one", value.text).into());
    }
    draft.options.platforms =
        if value.text.is_empty() { None } else { Some(sourced(value.text.to_owned(), value)) };
    Ok(())
}

fn extra_toolchains(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    let labels = value.text.split(',').map(str::trim).filter(|label| !label.is_empty());
    draft.options.extra_toolchains.extend(labels.map(|label| sourced(label.to_owned(), value)));
    Ok(())
}

fn worker_choice(choice: &mut Option<bool>, value: FlagValue<'_>) -> Result<(), Problem> {
    *choice = Some(truth(value.text)?);
    Ok(())
}

fn strategy(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    match value.text.split_once('=') {
        None | Some(("", _)) => {
            draft.any_strategy = strategies(value, value.text.trim_start_matches('='))?;
        }
        Some((MNEMONIC, names)) => draft.own_strategy = strategies(value, names)?,
        Some(_) => {}
    }
    Ok(())
}

fn worker_extra_flag(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    let (mnemonic, flag) = assignment(value.text, "MNEMONIC=FLAG")?;
    if mnemonic == MNEMONIC {
        draft.options.execution.worker_extra_flags.push(flag.to_owned());
    }
    Ok(())
}

fn keep_going(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    draft.options.execution.on_failure =
        if truth(value.text)? { OnFailure::KeepGoing } else { OnFailure::Stop };
    Ok(())
}

fn disk_cache(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    draft.options.execution.disk_cache = if value.text.is_empty() { None } else { Some(draft.path(value)?) };
    Ok(())
}

fn test_env(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    let (name, text) = match value.text.split_once('=') {
        Some((name, text)) => (name, Some(text.to_owned())),
        None => (value.text, None),
    };
    if name.is_empty() {
        return Err(format!("{:?} is not of the form NAME=VALUE or NAME", value.text).into());
    }
    draft.options.test.environment.insert(name.to_owned(), text);
    Ok(())
}

fn rounds(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    draft.rounds =
        value.text.parse::<NonZeroUsize>().map_err(|_| format!("{:?} is not a number from 1", value.text))?;
    Ok(())
}
