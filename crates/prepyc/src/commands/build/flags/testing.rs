//! Flags of `prepyc test`.

use super::values::{one_of, tag_filter, test_timeouts};
use super::{Draft, FlagSpec, FlagValue, Problem, Takes, flag};
use crate::commands::build::options::TestOutput;

const HEADING: &str = "Tests";

pub(super) const FLAGS: &[FlagSpec] = &[
    flag(
        HEADING,
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
        HEADING,
        "test_filter",
        Takes::Value("TEXT"),
        |draft, value| {
            draft.options.test.filter = Some(value.text.to_owned()).filter(|text| !text.is_empty());
            Ok(())
        },
        "What the tests get as TESTBRIDGE_TEST_ONLY",
    ),
    flag(
        HEADING,
        "test_arg",
        Takes::Value("ARG"),
        |draft, value| {
            draft.options.test.arguments.push(value.text.to_owned());
            Ok(())
        },
        "An argument for each test; repeatable",
    ),
    flag(
        HEADING,
        "test_env",
        Takes::Value("NAME[=VALUE]"),
        test_env,
        "An environment variable for each test; repeatable",
    ),
    flag(
        HEADING,
        "test_tag_filters",
        Takes::Value("TAG,-TAG"),
        |draft, value| {
            draft.options.test.tag_filters = tag_filter(value.text);
            Ok(())
        },
        "Run only tests with one of these tags and none of those with a -",
    ),
    flag(
        HEADING,
        "test_timeout",
        Takes::Value("SECONDS"),
        |draft, value| {
            draft.options.test.timeouts = test_timeouts(value.text)?;
            Ok(())
        },
        "How long a test may take; or four numbers: short, moderate, long and eternal tests",
    ),
];

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
