//! What BUILD files hand to rules, as plain data: taken out of Starlark's heap at once, so that `select()` can hold it.

use std::fmt;

use prepyc_plan::Label;
use starlark::values::Value as StarlarkValue;
use starlark::values::ValueLike;
use starlark::values::dict::DictRef;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;

use super::values::{LabelValue, Opaque, SelectValue};
use crate::limits::VALUE_DEPTH;

/// A value that is not yet of any attribute's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    None,
    Bool(bool),
    Integer(i64),
    String(String),
    /// A `Label()`, or what a label attribute's text came to.
    Label(Label),
    List(Vec<Raw>),
    Dict(Vec<(Raw, Raw)>),
    /// What comes from a file that isn't here, by how it is written there.
    Opaque(String),
}

/// A value or a `select()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RawPart {
    Value(Raw),
    Select(RawSelect),
}

/// A `select()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawSelect {
    /// Texts or labels, and what holds under each.
    pub(crate) branches: Vec<(Raw, Raw)>,
    pub(crate) no_match_error: String,
}

impl Raw {
    /// What Starlark calls its type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Raw::None => "NoneType",
            Raw::Bool(_) => "bool",
            Raw::Integer(_) => "int",
            Raw::String(_) => "string",
            Raw::Label(_) => "Label",
            Raw::List(_) => "list",
            Raw::Dict(_) => "dict",
            Raw::Opaque(_) => "unknown",
        }
    }

    /// Takes a value out of Starlark.
    ///
    /// # Errors
    /// It is of a type that no attribute takes, or nested beyond all reason.
    pub(crate) fn take(value: StarlarkValue<'_>) -> Result<Raw, String> {
        take_below(value, 0)
    }
}

/// The parts of a value: those of a `select()`, or the value alone.
///
/// # Errors
/// As [`Raw::take`].
pub(crate) fn take_parts(value: StarlarkValue<'_>) -> Result<Vec<RawPart>, String> {
    match SelectValue::from_value(value) {
        Some(select) => Ok(select.parts.clone()),
        None => Ok(vec![RawPart::Value(Raw::take(value)?)]),
    }
}

fn take_below(value: StarlarkValue<'_>, depth: u32) -> Result<Raw, String> {
    if depth > VALUE_DEPTH {
        return Err(format!("lists and dictionaries lie in each other more than {VALUE_DEPTH} deep"));
    }
    if value.is_none() {
        return Ok(Raw::None);
    }
    if let Some(truth) = value.unpack_bool() {
        return Ok(Raw::Bool(truth));
    }
    if let Some(text) = value.unpack_str() {
        return Ok(Raw::String(text.to_owned()));
    }
    if value.get_type() == "int" {
        let number: i64 =
            value.to_str().parse().map_err(|_| format!("the number {value} has more than 64 bits"))?;
        return Ok(Raw::Integer(number));
    }
    if let Some(label) = LabelValue::from_value(value) {
        return Ok(Raw::Label(label.label.clone()));
    }
    if let Some(list) = ListRef::from_value(value) {
        return take_all(list.iter(), depth);
    }
    if let Some(tuple) = TupleRef::from_value(value) {
        return take_all(tuple.iter(), depth);
    }
    if let Some(dict) = DictRef::from_value(value) {
        let entries: Result<Vec<(Raw, Raw)>, String> = dict
            .iter()
            .map(|(key, value)| Ok((take_below(key, depth + 1)?, take_below(value, depth + 1)?)))
            .collect();
        return entries.map(Raw::Dict);
    }
    if let Some(opaque) = value.downcast_ref::<Opaque>() {
        return Ok(Raw::Opaque(opaque.to_string()));
    }
    if SelectValue::from_value(value).is_some() {
        return Err("a select() must not lie in a list, a dictionary or another select(); \
                    add it with '+' instead"
            .to_owned());
    }
    Err(format!("a value of type '{}' is nothing that an attribute takes", value.get_type()))
}

fn take_all<'v>(items: impl Iterator<Item = StarlarkValue<'v>>, depth: u32) -> Result<Raw, String> {
    let items: Result<Vec<Raw>, String> = items.map(|item| take_below(item, depth + 1)).collect();
    items.map(Raw::List)
}

impl fmt::Display for Raw {
    /// As it is written in Starlark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::None => f.write_str("None"),
            Raw::Bool(true) => f.write_str("True"),
            Raw::Bool(false) => f.write_str("False"),
            Raw::Integer(number) => write!(f, "{number}"),
            Raw::String(text) => write!(f, "{text:?}"),
            Raw::Label(label) => write!(f, "Label(\"{label}\")"),
            Raw::Opaque(text) => f.write_str(text),
            Raw::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Raw::Dict(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl fmt::Display for RawSelect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "select({})", Raw::Dict(self.branches.clone()))
    }
}
