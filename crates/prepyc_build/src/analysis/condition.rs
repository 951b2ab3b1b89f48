//! `select()`: which conditions hold in a configuration, and which of several decides.
//!
//! <https://bazel.build/reference/be/general#config_setting>: a condition that demands all that another does and more is
//! a specialization of it, and wins. Two that both hold and are no specializations must say the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use prepyc_loading::{Loader, Location, PackageId, Part, Rule, Select, Target, Value};
use prepyc_plan::Label;

use super::configuration::{Configuration, FlagName, is_rules_python, parse_python_version};
use super::error::AnalysisError;
use super::found::{Declared, Named, look_up};
use super::platform::Platform;

/// So many aliases are followed from one to the next.
pub(crate) const MAX_ALIASES: usize = 64;

/// Looks at conditions in one configuration.
#[derive(Clone, Copy)]
pub(crate) struct Conditions<'a> {
    pub(crate) loader: &'a Loader,
    pub(crate) configuration: &'a Configuration,
    pub(crate) platform: &'a Platform,
}

/// What a condition demands, where it holds.
type Demands = BTreeSet<String>;

impl Conditions<'_> {
    /// The value of an attribute: every select decided, its parts added up. `None` where it is not set.
    pub(crate) fn attribute(&self, target: &Target, name: &str) -> Result<Option<Value>, AnalysisError> {
        let Some(attribute) = target.attributes.get(name) else { return Ok(None) };
        let mut sum: Option<Value> = None;
        for part in &attribute.parts {
            let value = match part {
                Part::Value(value) => value.clone(),
                Part::Select(select) => self.decide(select, target, name)?,
            };
            sum = match (sum, value) {
                (sum, Value::None) => sum,
                (None, value) => Some(value),
                (Some(sum), value) => Some(add(sum, value).ok_or_else(|| {
                    let message = format!("{}: {name} adds up values of different types", target.label);
                    AnalysisError::at(&target.location, message)
                })?),
            };
        }
        Ok(sum)
    }

    fn decide(&self, select: &Select, target: &Target, name: &str) -> Result<Value, AnalysisError> {
        let mut holding: Vec<(&Label, Demands, &Value)> = Vec::new();
        let mut default = None;
        for (condition, value) in &select.branches {
            if is_default(condition) {
                default = Some(value);
            } else if let Some(demands) = self.demands(condition, &target.location, MAX_ALIASES)? {
                holding.push((condition, demands, value));
            }
        }
        let is_best = |demands: &Demands| {
            !holding.iter().any(|(_, others, _)| others.len() > demands.len() && others.is_superset(demands))
        };
        let best: Vec<_> = holding.iter().filter(|(_, demands, _)| is_best(demands)).collect();
        match (&best[..], default) {
            ([(_, _, value), rest @ ..], _) if rest.iter().all(|(_, _, other)| other == value) => {
                Ok((*value).clone())
            }
            ([], Some(value)) => Ok(value.clone()),
            ([], None) => {
                let labels = select.branches.iter().map(|(label, _)| label.to_string());
                let conditions: Vec<String> = labels.collect();
                let message = match &*select.no_match_error {
                    "" => format!(
                        "{}: no condition of the select() of {name} holds, and it has no \"//conditions:default\" \
                         (conditions: {})",
                        target.label,
                        conditions.join(", ")
                    ),
                    error => format!("{}: {name}: {error}", target.label),
                };
                Err(AnalysisError::at(&target.location, message))
            }
            (several, _) => {
                let labels: Vec<String> = several.iter().map(|(label, _, _)| label.to_string()).collect();
                let message = format!(
                    "{}: several conditions of the select() of {name} hold, say different things, and none is a \
                     specialization of the others: {}",
                    target.label,
                    labels.join(", ")
                );
                Err(AnalysisError::at(&target.location, message))
            }
        }
    }

    /// What a condition demands; `None` where it does not hold.
    pub(crate) fn demands(
        &self,
        label: &Label,
        from: &Location,
        aliases: usize,
    ) -> Result<Option<Demands>, AnalysisError> {
        if let Some(demands) = self.made_up_condition(label) {
            return Ok(demands);
        }
        let found = match look_up(self.loader, label)? {
            Named::Target(target) => target,
            Named::File(_) => {
                return Err(AnalysisError::at(from, format!("{label} is a file, no condition")));
            }
        };
        let target = found.target();
        match &target.rule {
            Rule::ConfigSetting => self.config_setting(target),
            Rule::ConstraintValue => Ok(self.platform.has(label).then(|| Demands::from([label.to_string()]))),
            Rule::Alias if aliases > 0 => {
                let actual = self.attribute(target, "actual")?;
                let Some(actual) = actual.as_ref().and_then(as_label) else {
                    return Err(AnalysisError::at(&target.location, format!("{label} has no actual")));
                };
                self.demands(&actual, &target.location, aliases - 1)
            }
            Rule::ConfigSettingGroup => self.setting_group(target, aliases),
            rule => {
                let message =
                    format!("{label} is no condition but a {rule}: a select() takes config_settings");
                Err(AnalysisError::at(from, message))
            }
        }
    }

    /// Conditions that stand in no BUILD file here: platforms' and rules_python's.
    fn made_up_condition(&self, label: &Label) -> Option<Option<Demands>> {
        if is_rules_python(label.repository())
            && let Some(version) = label.name().strip_prefix("is_python_")
        {
            let wanted = parse_python_version(version).ok();
            let now = self.configuration.python_version().ok().flatten().or(self.platform.python_version);
            let holds = wanted.is_some() && now == wanted;
            return Some(holds.then(|| Demands::from([label.to_string()])));
        }
        let known = self.platform.knows(label)?;
        Some(known.then(|| Demands::from([label.to_string()])))
    }

    /// `selects.config_setting_group`: what any of several settings demands, or all of them together.
    fn setting_group(&self, group: &Target, aliases: usize) -> Result<Option<Demands>, AnalysisError> {
        if aliases == 0 {
            let message = format!("{}: groups of settings refer to each other in a circle", group.label);
            return Err(AnalysisError::at(&group.location, message));
        }
        for setting in self.labels(group, "match_any")? {
            if let Some(demands) = self.demands(&setting, &group.location, aliases - 1)? {
                return Ok(Some(demands));
            }
        }
        let all = self.labels(group, "match_all")?;
        let mut together = Demands::new();
        for setting in &all {
            match self.demands(setting, &group.location, aliases - 1)? {
                Some(demands) => together.extend(demands),
                None => return Ok(None),
            }
        }
        Ok((!all.is_empty()).then_some(together))
    }

    fn config_setting(&self, target: &Target) -> Result<Option<Demands>, AnalysisError> {
        let mut demands = Demands::new();
        for (name, wanted) in self.dict(target, "values")? {
            let name = if name == "c" { "compilation_mode".to_owned() } else { name };
            let flag = FlagName::Native(Arc::from(&*name));
            let holds = match wanted.split_once('=') {
                Some((key, value)) if name == "define" => self.configuration.define(key) == Some(value),
                _ => self.configuration.value(&flag).is_some_and(|now| are_equal(now, &wanted)),
            };
            if !holds {
                return Ok(None);
            }
            demands.insert(format!("{flag}={wanted}"));
        }
        for (name, wanted) in self.dict(target, "define_values")? {
            if self.configuration.define(&name) != Some(&wanted) {
                return Ok(None);
            }
            demands.insert(format!("--define={name}={wanted}"));
        }
        for (flag, wanted) in self.dict(target, "flag_values")? {
            if !self.flag_is(&flag, &wanted, target)? {
                return Ok(None);
            }
            demands.insert(format!("--{flag}={wanted}"));
        }
        if let Some(Value::List(constraints)) = self.attribute(target, "constraint_values")? {
            for constraint in constraints.iter().filter_map(as_label) {
                if !self.platform.has(&constraint) {
                    return Ok(None);
                }
                demands.insert(constraint.to_string());
            }
        }
        Ok(Some(demands))
    }

    /// Whether a build setting has that value; lists have it if it is among theirs.
    fn flag_is(&self, flag: &str, wanted: &str, setting: &Target) -> Result<bool, AnalysisError> {
        let bad =
            |problem: String| AnalysisError::at(&setting.location, format!("{}: {problem}", setting.label));
        let label: Label = flag.parse().map_err(|error| bad(format!("flag_values: {error}")))?;
        let name = FlagName::of_label(&label);
        if let Some(now) = self.configuration.value(&name) {
            let given = self.configuration.values(&name);
            return Ok(are_equal(now, wanted) || given.iter().any(|value| are_equal(value, wanted)));
        }
        match self.default_of(&label)? {
            Some(default) => Ok(default.iter().any(|value| are_equal(value, wanted))),
            None => Err(bad(format!("flag_values: {label} is no flag"))),
        }
    }

    /// What a build setting is where nobody sets it; `None` for what is no build setting.
    pub(crate) fn default_of(&self, label: &Label) -> Result<Option<Vec<String>>, AnalysisError> {
        let Some(found) = self.build_setting(label)? else { return Ok(None) };
        Ok(Some(fixed(found.target(), "build_setting_default").map_or_else(Vec::new, as_texts)))
    }

    /// The build setting that a label names, itself or by aliases.
    fn build_setting(&self, label: &Label) -> Result<Option<Declared>, AnalysisError> {
        let mut label = label.clone();
        for _ in 0..MAX_ALIASES {
            let Named::Target(found) = look_up(self.loader, &label)? else { return Ok(None) };
            match found.target().rule {
                Rule::StringFlag | Rule::BoolFlag | Rule::IntFlag | Rule::StringListFlag => {
                    return Ok(Some(found));
                }
                Rule::Alias => {
                    let actual = self.attribute(found.target(), "actual")?;
                    match actual.as_ref().and_then(as_label) {
                        Some(actual) => label = actual,
                        None => return Ok(None),
                    }
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// What is wrong with setting a build setting to a value, if anything is.
    pub(crate) fn problem_with(&self, label: &Label, value: &str) -> Result<Option<String>, AnalysisError> {
        let Some(found) = self.build_setting(label)? else {
            return Ok(Some(format!("{label} is no flag")));
        };
        let target = found.target();
        let problem = match target.rule {
            Rule::StringFlag => {
                let values = fixed(target, "values").map_or_else(Vec::new, as_texts);
                let is_known = values.is_empty() || values.iter().any(|known| known == value);
                (!is_known).then(|| format!("is not a value (one of {})", values.join(", ")))
            }
            Rule::BoolFlag => truth(value).is_none().then(|| "is neither true nor false".to_owned()),
            Rule::IntFlag => value.parse::<i32>().is_err().then(|| "is no whole number".to_owned()),
            _ => None,
        };
        Ok(problem.map(|problem| format!("{label}: {value:?} {problem}")))
    }

    /// A dictionary from text to text.
    pub(crate) fn dict(&self, target: &Target, name: &str) -> Result<Vec<(String, String)>, AnalysisError> {
        let Some(Value::Dict(entries)) = self.attribute(target, name)? else { return Ok(Vec::new()) };
        let text = |value: Value| as_texts(&value).into_iter().next().unwrap_or_default();
        Ok(entries.into_iter().map(|(key, value)| (text(key), text(value))).collect())
    }
}

/// `//conditions:default`
fn is_default(label: &Label) -> bool {
    label.package() == "conditions" && label.name() == "default"
}

/// An attribute that no `select()` can decide.
fn fixed<'a>(target: &'a Target, name: &str) -> Option<&'a Value> {
    match &target.attributes.get(name)?.parts[..] {
        [Part::Value(value)] => Some(value),
        _ => None,
    }
}

/// Truth values are written in several ways; numbers in one.
fn are_equal(now: &str, wanted: &str) -> bool {
    now == wanted || truth(now).is_some() && truth(now) == truth(wanted)
}

/// A truth value, as Bazel's flags have them (`Converters.BooleanConverter`).
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// Lists and dictionaries are added up, as `+` and `|` do; texts as well.
fn add(sum: Value, value: Value) -> Option<Value> {
    Some(match (sum, value) {
        (Value::List(mut sum), Value::List(more)) => {
            sum.extend(more);
            Value::List(sum)
        }
        (Value::Dict(mut sum), Value::Dict(more)) => {
            for (key, value) in more {
                match sum.iter_mut().find(|(known, _)| *known == key) {
                    Some(entry) => entry.1 = value,
                    None => sum.push((key, value)),
                }
            }
            Value::Dict(sum)
        }
        (Value::String(sum), Value::String(more)) => Value::String(sum + &more),
        _ => return None,
    })
}

/// A value as the texts it stands for: truth values as Bazel writes them, lists one by one.
fn as_texts(value: &Value) -> Vec<String> {
    match value {
        Value::None | Value::Dict(_) => Vec::new(),
        Value::Bool(true) => vec!["True".to_owned()],
        Value::Bool(false) => vec!["False".to_owned()],
        Value::Integer(number) => vec![number.to_string()],
        Value::String(text) => vec![text.clone()],
        Value::List(values) => values.iter().flat_map(as_texts).collect(),
    }
}

/// The label that a text of a loaded attribute is.
pub(crate) fn as_label(value: &Value) -> Option<Label> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The package that a target stands in.
pub(crate) fn package_of(target: &Target) -> PackageId {
    PackageId::of(&target.label)
}
