//! A package as text: stable, for people and for tests.

use std::fmt;

use crate::package::{Attribute, Package, Part, Select, Target, Value};

impl fmt::Display for Package {
    /// The package's own settings, then its targets in the order of their names, an attribute a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "package {}", self.id)?;
        if !self.default_visibility.is_empty() {
            writeln!(f, "  default_visibility {}", self.default_visibility.join(" "))?;
        }
        if self.default_testonly {
            writeln!(f, "  default_testonly")?;
        }
        for (file, visibility) in &self.exported_files {
            writeln!(f, "  exports {file} to {}", visibility.join(" "))?;
        }
        for file in &self.mentioned {
            writeln!(f, "  mentions {file}")?;
        }
        for message in &self.messages {
            writeln!(f, "  {}: {}", message.location, message.text)?;
        }
        for target in self.targets.values() {
            write!(f, "{target}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} at {}", self.rule, self.label, self.location)?;
        for (name, attribute) in &self.attributes {
            writeln!(f, "  {name} = {attribute}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(" + ")?;
            }
            match part {
                Part::Value(value) => write!(f, "{value}")?,
                Part::Select(select) => write!(f, "{select}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("select({")?;
        for (index, (condition, value)) in self.branches.iter().enumerate() {
            write!(f, "{}\"{condition}\": {value}", separator(index))?;
        }
        f.write_str("}")?;
        if !self.no_match_error.is_empty() {
            write!(f, ", no_match_error = {:?}", self.no_match_error)?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Value {
    /// As it would be written in Starlark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::String(text) => write!(f, "{text:?}"),
            Value::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", separator(index))?;
                }
                f.write_str("]")
            }
            Value::Dict(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", separator(index))?;
                }
                f.write_str("}")
            }
        }
    }
}

fn separator(index: usize) -> &'static str {
    if index > 0 { ", " } else { "" }
}
