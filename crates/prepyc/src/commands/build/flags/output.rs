//! Flags of what is written and shown, and in which form.

use std::num::NonZeroUsize;

use super::values::{one_of, truth};
use super::{Draft, FlagSpec, FlagValue, ImportTime, Problem, Takes, flag};
use crate::commands::build::command_name::CommandName;
use crate::commands::build::options::{ExplainFormat, ReportFormat, Verbosity, When};

const HEADING: &str = "Output and report";

pub(super) const FLAGS: &[FlagSpec] = &[
    FlagSpec {
        short: Some('o'),
        commands: &[CommandName::Zip, CommandName::Report],
        ..flag(
            HEADING,
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
            HEADING,
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
            HEADING,
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
        ..flag(HEADING, "rounds", Takes::Value("N"), rounds, "How often the import is timed [default: 5]")
    },
    FlagSpec {
        commands: &[CommandName::Report],
        ..flag(
            HEADING,
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
            HEADING,
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
            HEADING,
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
        HEADING,
        "show_progress",
        Takes::Truth,
        |draft, value| {
            draft.options.console.progress = if truth(value.text)? { When::Auto } else { When::Never };
            Ok(())
        },
        "As --progress=auto; --noshow_progress is --progress=never",
    ),
    flag(
        HEADING,
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
            HEADING,
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
];

fn rounds(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    draft.rounds =
        value.text.parse::<NonZeroUsize>().map_err(|_| format!("{:?} is not a number from 1", value.text))?;
    Ok(())
}
