//! Flags that are targets: `--//my:flag=x`, and rules_python's own by their whole labels.

use anyhow::bail;
use prepyc_loading::bazelrc::Word;

use super::command_name::CommandName;
use super::flags::{Draft, FlagSpec, FlagValue};
use super::options::{LabelFlag, LabelFlagValue};
use super::reading::explained;

/// The package of most of rules_python's flags, and those of them that prepyc has by a name.
const CONFIG_SETTINGS: (&str, &[&str]) = (
    "python/config_settings",
    &[
        "precompile",
        "precompile_source_retention",
        "add_srcs_to_runfiles",
        "exec_tools_toolchain",
        "python_version",
        // Removed by rules_python: the message says what took their place.
        "pyc_collection",
        "precompile_add_to_runfiles",
    ],
);
/// The package of its precompiler.
const PRECOMPILER: (&str, &[&str]) = ("tools/precompiler", &["execution_requirements"]);

/// Whether a word is `--//…`, `--@…`, `--no//…` or `--no@…`.
pub(super) fn is_label_flag(word: &str) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    let is_label = |text: &str| text.starts_with("//") || text.starts_with('@');
    is_label(name) || name.strip_prefix("no").is_some_and(is_label)
}

/// Lets a flag that is a label take its value.
pub(super) fn set(word: &Word, draft: &mut Draft) -> anyhow::Result<()> {
    let origin = &word.origin;
    let text = word.text.trim_start_matches("--");
    let (label, value) = match (text.split_once('='), text.strip_prefix("no")) {
        (Some((label, _)), Some(_)) if label.starts_with("no") => {
            bail!("{origin}: --{label}: a flag with `no` before it takes no value")
        }
        (Some((label, value)), _) => (label, LabelFlagValue::Text(value.to_owned())),
        (None, Some(label)) => (label, LabelFlagValue::Off),
        (None, None) => (text, LabelFlagValue::On),
    };
    check_label(label).map_err(|problem| anyhow::anyhow!("{origin}: --{label}: {problem}"))?;
    let Some(name) = flag_of_rules_python(label) else {
        draft.options.label_flags.push(LabelFlag { label: label.to_owned(), value, origin: origin.clone() });
        return Ok(());
    };
    let LabelFlagValue::Text(text) = &value else {
        bail!("{origin}: --{label}: a value has to follow, as in --{label}=VALUE");
    };
    let result = match FlagSpec::named(name, CommandName::Build) {
        Some(flag) => (flag.set)(draft, FlagValue { text, origin }),
        None => draft
            .options
            .flags
            .set(name, text, super::options::given(origin))
            .map_err(super::flags::Problem::from),
    };
    result.map_err(|problem| explained(problem, name, origin))
}

/// The short name of a flag of rules_python's, by its label there: `@rules_python//python/config_settings:precompile`, by
/// the apparent or any canonical name of that module (`@@rules_python+//…`, `@@rules_python~1.2//…`).
fn flag_of_rules_python(label: &str) -> Option<&str> {
    let (repository, rest) = label.trim_start_matches('@').split_once("//")?;
    let module = repository.split(['+', '~']).next().unwrap_or(repository);
    if module != "rules_python" {
        return None;
    }
    let (package, name) = rest.split_once(':')?;
    [CONFIG_SETTINGS, PRECOMPILER]
        .into_iter()
        .find(|(known, names)| *known == package && names.contains(&name))
        .map(|_| name)
}

/// Whether the text can be a label at all; which target it names is found out later.
fn check_label(label: &str) -> Result<(), String> {
    let (repository, rest) = match label.split_once("//") {
        Some(parts) => parts,
        None => return Err("a label has `//` before its package".to_owned()),
    };
    let absolute =
        format!("{}//{rest}", if repository == "@" || repository == "@@" { "" } else { repository });
    absolute.parse::<prepyc_plan::Label>().map(drop).map_err(|error| error.to_string())
}
