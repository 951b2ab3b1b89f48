//! From what a BUILD file hands to a rule to the attribute's own type, labels made absolute.

use prepyc_plan::Label;

use super::raw::{Raw, RawPart, RawSelect};
use crate::package::{Attribute, Part, Select, Value};
use crate::schema::{AttributeSchema, AttributeType, Configurable};

/// Makes labels of texts, and notes which were made.
pub(crate) trait Resolve {
    /// The label that a text names in the package at hand.
    ///
    /// # Errors
    /// What is wrong with it.
    fn resolve(&mut self, text: &str) -> Result<Label, String>;

    /// Notes a label that a target mentions.
    fn mention(&mut self, label: &Label);
}

/// The attribute that parts come to; none where its value is `None`.
///
/// # Errors
/// A part is not of the attribute's type, or a `select()` where none may be.
pub(crate) fn convert(
    schema: &AttributeSchema,
    parts: &[RawPart],
    resolver: &mut dyn Resolve,
) -> Result<Option<Attribute>, String> {
    if let [RawPart::Value(Raw::None)] = parts {
        return Ok(None);
    }
    if parts.len() > 1 && !can_be_added(schema.kind) {
        return Err(format!("values of type '{}' cannot be added up", type_text(schema.kind)));
    }
    let parts: Result<Vec<Part>, String> = parts
        .iter()
        .map(|part| match part {
            RawPart::Value(value) => Ok(Part::Value(convert_value(schema.kind, value, resolver)?)),
            RawPart::Select(_) if schema.configurable == Configurable::No => {
                Err("it is not configurable: a select() cannot decide it".to_owned())
            }
            RawPart::Select(select) => Ok(Part::Select(convert_select(schema.kind, select, resolver)?)),
        })
        .collect();
    Ok(Some(Attribute { parts: parts? }))
}

fn can_be_added(kind: AttributeType) -> bool {
    !matches!(
        kind,
        AttributeType::Bool | AttributeType::Integer | AttributeType::Tristate | AttributeType::Label
    )
}

fn convert_select(
    kind: AttributeType,
    select: &RawSelect,
    resolver: &mut dyn Resolve,
) -> Result<Select, String> {
    let mut branches = Vec::with_capacity(select.branches.len());
    for (condition, value) in &select.branches {
        let condition = match condition {
            Raw::String(text) => resolver.resolve(text)?,
            Raw::Label(label) => label.clone(),
            other => return Err(format!("{other} is no condition of a select(): conditions are labels")),
        };
        let value = match value {
            Raw::None => Value::None,
            value => convert_value(kind, value, resolver)?,
        };
        if branches.iter().any(|(other, _)| *other == condition) {
            return Err(format!("'{condition}' is a condition of one select() twice"));
        }
        branches.push((condition, value));
    }
    Ok(Select { branches, no_match_error: select.no_match_error.clone() })
}

fn convert_value(kind: AttributeType, value: &Raw, resolver: &mut dyn Resolve) -> Result<Value, String> {
    if let Raw::Opaque(text) = value
        && kind != AttributeType::Any
    {
        return Err(unknown_value(text));
    }
    let mismatch =
        || format!("expected a value of type '{}', but got {value} ({})", type_text(kind), value.type_name());
    match (kind, value) {
        (AttributeType::Bool, Raw::Bool(truth)) => Ok(Value::Bool(*truth)),
        (AttributeType::Bool, Raw::Integer(number @ (0 | 1))) => Ok(Value::Bool(*number == 1)),
        (AttributeType::Tristate, Raw::Bool(truth)) => Ok(Value::Integer(i64::from(*truth))),
        (AttributeType::Tristate, Raw::Integer(number @ -1..=1)) => Ok(Value::Integer(*number)),
        (AttributeType::Integer, Raw::Integer(number)) => Ok(Value::Integer(*number)),
        (AttributeType::String, Raw::String(text)) => Ok(Value::String(text.clone())),
        (AttributeType::Label, value) => label_value(value, resolver)?.ok_or_else(mismatch),
        (AttributeType::LabelList, Raw::List(items)) => label_list(items, resolver),
        (AttributeType::StringList, Raw::List(items)) => list_of(AttributeType::String, items, resolver),
        (AttributeType::IntegerList, Raw::List(items)) => list_of(AttributeType::Integer, items, resolver),
        (AttributeType::StringDict, Raw::Dict(entries)) => {
            dict_of(AttributeType::String, AttributeType::String, entries, resolver)
        }
        (AttributeType::StringListDict, Raw::Dict(entries)) => {
            dict_of(AttributeType::String, AttributeType::StringList, entries, resolver)
        }
        (AttributeType::LabelKeyedStringDict, Raw::Dict(entries)) => {
            dict_of(AttributeType::Label, AttributeType::String, entries, resolver)
        }
        (AttributeType::Any, value) => Ok(plain(value, resolver)),
        _ => Err(mismatch()),
    }
}

/// What to say of a value whose file isn't here.
fn unknown_value(text: &str) -> String {
    format!("{text} is not known here, since the file it comes from isn't on this machine")
}

fn label_value(value: &Raw, resolver: &mut dyn Resolve) -> Result<Option<Value>, String> {
    let label = match value {
        Raw::String(text) => resolver.resolve(text)?,
        Raw::Label(label) => label.clone(),
        _ => return Ok(None),
    };
    resolver.mention(&label);
    Ok(Some(Value::String(label.to_string())))
}

fn label_list(items: &[Raw], resolver: &mut dyn Resolve) -> Result<Value, String> {
    let mut seen = std::collections::HashSet::new();
    let mut labels = Vec::with_capacity(items.len());
    for item in items {
        let label = convert_value(AttributeType::Label, item, resolver)?;
        if let Value::String(text) = &label
            && !seen.insert(text.clone())
        {
            return Err(format!("the label '{text}' is there twice"));
        }
        labels.push(label);
    }
    Ok(Value::List(labels))
}

fn list_of(kind: AttributeType, items: &[Raw], resolver: &mut dyn Resolve) -> Result<Value, String> {
    let items: Result<Vec<Value>, String> =
        items.iter().map(|item| convert_value(kind, item, resolver)).collect();
    items.map(Value::List)
}

fn dict_of(
    keys: AttributeType,
    values: AttributeType,
    entries: &[(Raw, Raw)],
    resolver: &mut dyn Resolve,
) -> Result<Value, String> {
    let entries: Result<Vec<(Value, Value)>, String> = entries
        .iter()
        .map(|(key, value)| {
            Ok((convert_value(keys, key, resolver)?, convert_value(values, value, resolver)?))
        })
        .collect();
    entries.map(Value::Dict)
}

/// A value of an unknown type: as it was written, with what could be files of the package noted.
fn plain(value: &Raw, resolver: &mut dyn Resolve) -> Value {
    match value {
        Raw::None => Value::None,
        Raw::Bool(truth) => Value::Bool(*truth),
        Raw::Integer(number) => Value::Integer(*number),
        Raw::String(text) => {
            if !text.contains("//")
                && !text.starts_with('@')
                && let Ok(label) = resolver.resolve(text)
            {
                resolver.mention(&label);
            }
            Value::String(text.clone())
        }
        Raw::Label(label) => {
            resolver.mention(label);
            Value::String(label.to_string())
        }
        Raw::Opaque(text) => Value::String(text.clone()),
        Raw::List(items) => Value::List(items.iter().map(|item| plain(item, resolver)).collect()),
        Raw::Dict(entries) => Value::Dict(
            entries.iter().map(|(key, value)| (plain(key, resolver), plain(value, resolver))).collect(),
        ),
    }
}

/// What Bazel calls a type.
pub(crate) fn type_text(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::Bool => "boolean",
        AttributeType::Integer => "int",
        AttributeType::Tristate => "int or boolean",
        AttributeType::String => "string",
        AttributeType::Label => "label",
        AttributeType::LabelList => "list(label)",
        AttributeType::StringList => "list(string)",
        AttributeType::StringDict => "dict(string, string)",
        AttributeType::StringListDict => "dict(string, list(string))",
        AttributeType::LabelKeyedStringDict => "dict(label, string)",
        AttributeType::IntegerList => "list(int)",
        AttributeType::Any => "any",
    }
}
