//! What .bzl files of other repositories have, as far as it is known: rules_python's rules, bazel_skylib's flags, the
//! functions of a pip hub. All else is opaque.

use std::collections::BTreeSet;

use prepyc_plan::Label;
use starlark::environment::{FrozenModule, Module};
use starlark::values::list::AllocList;
use starlark::values::{Heap, Value};

use super::bzl;
use super::requirement::Requirement;
use super::values::{Opaque, RuleKind, RuleValue};
use crate::error::{LoadError, LoadErrorKind};
use crate::schema;
use crate::workspace::MadeUpRepository;

/// Repositories whose .bzl files are known here, whether they are on this machine or not.
pub(crate) const KNOWN_REPOSITORIES: [&str; 3] = ["rules_python", "bazel_skylib", "bazel_tools"];

/// The module that stands for a file: those of its symbols that somebody loads.
///
/// # Errors
/// The values cannot be kept, which would be a mistake of ours.
pub(crate) fn module(
    file: &Label,
    symbols: &BTreeSet<String>,
    hub: Option<&dyn MadeUpRepository>,
) -> Result<FrozenModule, LoadError> {
    let is_list = |name: &String| REQUIREMENT_LISTS.contains(&name.as_str());
    let distributions = match hub {
        Some(hub) if is_requirements(file) && symbols.iter().any(is_list) => hub.packages()?,
        _ => Vec::new(),
    };
    Module::with_temp_heap(|module| {
        for name in symbols {
            let value = if hub.is_some() && is_requirements(file) && is_list(name) {
                let target = target_of(name);
                let labels =
                    distributions.iter().map(|one| format!("@@{}//{one}{target}", file.repository()));
                module.heap().alloc(AllocList(labels))
            } else {
                symbol(file, name, module.heap())
            };
            module.set(name, value);
        }
        module.freeze().map_err(|error| {
            LoadError::new(LoadErrorKind::Evaluation, format!("{file} cannot be made up: {error:?}"))
        })
    })
}

/// A module of symbols that are not known.
///
/// # Errors
/// As [`module`].
pub(crate) fn opaque_module(file: &Label, symbols: &BTreeSet<String>) -> Result<FrozenModule, LoadError> {
    Module::with_temp_heap(|module| {
        for name in symbols {
            module.set(name, module.heap().alloc(Opaque::new(name, "")));
        }
        module.freeze().map_err(|error| {
            LoadError::new(LoadErrorKind::Evaluation, format!("{file} cannot be made up: {error:?}"))
        })
    })
}

fn symbol<'v>(file: &Label, name: &str, heap: Heap<'v>) -> Value<'v> {
    let known = KNOWN_REPOSITORIES.contains(&base_name(file.repository()));
    // `@python_versions//3.12:defs.bzl`, `@python_3_12//:defs.bzl`: the rules, for that version.
    let is_of_version = base_name(file.repository()).starts_with("python_") && file.name() == "defs.bzl";
    if (known || is_of_version)
        && let Some(schema) = schema::rule_schema(name)
    {
        return heap.alloc(RuleValue::of(RuleKind::Known(schema)));
    }
    if known && let Some(value) = bzl::own_module(name).and_then(|own| own.get(name).ok()) {
        return heap.access_owned_frozen_value(&value);
    }
    if is_requirements(file) && REQUIREMENT_FUNCTIONS.contains(&name) {
        return heap.alloc(Requirement { hub: file.repository().to_owned(), name: name.to_owned() });
    }
    heap.alloc(Opaque::new(name, &file.to_string()))
}

/// A canonical repository's name without what Bazel adds to a module's.
pub(crate) fn base_name(repository: &str) -> &str {
    repository.split(['+', '~']).next().unwrap_or(repository)
}

fn is_requirements(file: &Label) -> bool {
    file.package().is_empty() && file.name() == "requirements.bzl"
}

/// What a hub's `requirements.bzl` has of all its distributions.
const REQUIREMENT_LISTS: [&str; 3] = ["all_requirements", "all_whl_requirements", "all_data_requirements"];

/// Which target of a distribution's package a function or list of `requirements.bzl` is about.
pub(super) fn target_of(name: &str) -> &'static str {
    match name {
        "whl_requirement" | "all_whl_requirements" => ":whl",
        "data_requirement" | "all_data_requirements" => ":data",
        "dist_info_requirement" => ":dist_info",
        _ => "",
    }
}

/// What a hub's `requirements.bzl` has that takes a distribution's name.
const REQUIREMENT_FUNCTIONS: [&str; 4] =
    ["requirement", "whl_requirement", "data_requirement", "dist_info_requirement"];
