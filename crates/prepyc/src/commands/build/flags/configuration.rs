//! Flags of what is built for what: versions, platforms, toolchains, pip hubs.

use super::values::{assignment, python_version, tag_filter};
use super::{Draft, FlagSpec, FlagValue, Problem, Takes, flag, setting, sourced};

const HEADING: &str = "Configuration";

pub(super) const FLAGS: &[FlagSpec] = &[
    FlagSpec {
        aliases: &["pip-hub"],
        more: "@NAME//requests is then the distribution `requests` that is installed in DIR, with what it requires, as its \
               RECORD and METADATA have it. Make DIR with `python3 -m pip install --target DIR -r requirements.txt`.",
        ..flag(
            HEADING,
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
            HEADING,
            "python_version",
            Takes::Value("X.Y"),
            set_python_version,
            "The version of Python that will load the pycs",
        )
    },
    flag(
        HEADING,
        "python",
        Takes::Value("EXE"),
        set_python,
        "The target's interpreter where no toolchain names one: a path, or a name found on PATH",
    ),
    FlagSpec {
        short: Some('c'),
        more: "opt makes pycs that are not checked against their sources (unchecked_hash).",
        ..flag(
            HEADING,
            "compilation_mode",
            Takes::Value("fastbuild|dbg|opt"),
            |draft, value| setting(draft, "compilation_mode", value),
            "Bazel's compilation mode",
        )
    },
    flag(
        HEADING,
        "define",
        Takes::Value("NAME=VALUE"),
        |draft, value| {
            let (name, text) = assignment(value.text, "NAME=VALUE")?;
            draft.options.defines.insert(name.to_owned(), text.to_owned());
            Ok(())
        },
        "A value for `define_values` of config_setting; repeatable",
    ),
    flag(HEADING, "platforms", Takes::Value("LABEL"), platforms, "The target platform"),
    flag(
        HEADING,
        "extra_toolchains",
        Takes::Value("LABEL,LABEL"),
        extra_toolchains,
        "Toolchains before those that the workspace registers; repeatable, the last comes first",
    ),
    flag(
        HEADING,
        "build_tag_filters",
        Takes::Value("TAG,-TAG"),
        |draft, value| {
            draft.options.build_tag_filters = tag_filter(value.text);
            Ok(())
        },
        "Build only targets with one of these tags and none of those with a -",
    ),
];

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
