//! What .bzl files of other repositories have, as far as it is known: rules_python's rules, bazel_skylib's flags, the
//! functions of a pip hub. All else is opaque.

use std::collections::BTreeSet;

use prepyc_plan::Label;
use starlark::environment::{FrozenModule, Module};
use starlark::values::{Heap, Value};

use super::requirement::Requirement;
use super::values::{Opaque, RuleKind, RuleValue};
use crate::error::{LoadError, LoadErrorKind};
use crate::schema;

/// Repositories whose .bzl files are known here, whether they are on this machine or not.
pub(crate) const KNOWN_REPOSITORIES: [&str; 3] = ["rules_python", "bazel_skylib", "bazel_tools"];

/// The module that stands for a file: those of its symbols that somebody loads.
///
/// # Errors
/// The values cannot be kept, which would be a mistake of ours.
pub(crate) fn module(file: &Label, symbols: &BTreeSet<String>) -> Result<FrozenModule, LoadError> {
    Module::with_temp_heap(|module| {
        for name in symbols {
            module.set(name, symbol(file, name, module.heap()));
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
    if known && let Some(schema) = schema::rule_schema(name) {
        return heap.alloc(RuleValue::of(RuleKind::Known(schema)));
    }
    if file.package().is_empty() && file.name() == "requirements.bzl" && REQUIREMENT_FUNCTIONS.contains(&name)
    {
        return heap.alloc(Requirement { hub: file.repository().to_owned(), name: name.to_owned() });
    }
    heap.alloc(Opaque::new(name, &file.to_string()))
}

/// A canonical repository's name without what Bazel adds to a module's.
pub(crate) fn base_name(repository: &str) -> &str {
    repository.split(['+', '~']).next().unwrap_or(repository)
}

/// What a hub's `requirements.bzl` has that takes a distribution's name.
const REQUIREMENT_FUNCTIONS: [&str; 4] =
    ["requirement", "whl_requirement", "data_requirement", "dist_info_requirement"];
