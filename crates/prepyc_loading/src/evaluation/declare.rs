//! Calling a rule: from arguments to a target of the package at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_plan::Label;
use starlark::eval::{Arguments, Evaluator};

use super::attributes::{self, Resolve};
use super::raw::{self, Raw, RawPart};
use super::values::RuleKind;
use super::{Context, failure, trouble};
use crate::glob::Listing;
use crate::package::{Location, Package, PackageId, Rule, Target};
use crate::schema::{AttributeSchema, AttributeType, Configurable, Needed, RuleSchema};
use crate::spelling;

/// A package while its BUILD file is evaluated.
pub(crate) struct PackageBuilder {
    pub(crate) package: Package,
    pub(crate) file: Arc<Path>,
    /// Names that label attributes mention.
    pub(crate) mentioned: BTreeSet<Arc<str>>,
    /// Whether `package()` has been called.
    pub(crate) package_call: Option<Location>,
    /// What is below the package's folder.
    pub(crate) listing: Listing,
}

impl PackageBuilder {
    /// An empty package.
    pub(crate) fn new(id: PackageId, folder: PathBuf, file: Arc<Path>, listing: Listing) -> PackageBuilder {
        let package = Package {
            id,
            folder,
            targets: BTreeMap::new(),
            exported_files: BTreeMap::new(),
            default_visibility: Vec::new(),
            default_testonly: false,
            mentioned: BTreeSet::new(),
            messages: Vec::new(),
        };
        PackageBuilder { package, file, mentioned: BTreeSet::new(), package_call: None, listing }
    }

    /// What it has come to.
    pub(crate) fn finish(mut self) -> Package {
        self.mentioned.retain(|name| !self.package.targets.contains_key(name));
        self.package.mentioned = self.mentioned;
        self.package
    }
}

/// Whether a call would declare a target: it has a name, and a BUILD file is being evaluated.
pub(crate) fn can_declare(args: &Arguments<'_, '_>, eval: &Evaluator<'_, '_, '_>) -> starlark::Result<bool> {
    let named =
        args.names_map()?.iter().any(|(name, value)| name.as_str() == "name" && value.unpack_str().is_some());
    Ok(named && Context::of(eval).is_ok_and(|context| context.builder.is_some()))
}

/// Declares the target that a call of a rule describes.
pub(crate) fn declare_by_call<'v>(
    kind: &RuleKind,
    args: &Arguments<'v, '_>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<()> {
    let rule_name = rule_name(kind);
    let is_known = matches!(kind, RuleKind::Known(_));
    if is_known && args.positions(eval.heap())?.next().is_some() {
        return Err(failure(format!("{rule_name}() takes its attributes by name: {rule_name}(name = …)")));
    }
    let mut given = Vec::new();
    for (name, value) in args.names_map()? {
        let parts = match raw::take_parts(value) {
            Ok(parts) => parts,
            Err(problem) if is_known => {
                let name = name.as_str();
                return Err(failure(format!("{rule_name}: attribute '{name}': {problem}")));
            }
            // What is called may be no rule at all but a macro, which takes anything.
            Err(_) => vec![RawPart::Value(Raw::Opaque(format!("<{}>", value.get_type())))],
        };
        given.push((name.as_str().to_owned(), parts));
    }
    let location = trouble::outermost_location(eval);
    let context = Context::of(eval)?;
    declare(context, kind, given, location).map_err(failure)
}

fn rule_name(kind: &RuleKind) -> &str {
    match kind {
        RuleKind::Known(schema) => schema.name,
        RuleKind::Unknown(name) => name,
    }
}

/// Declares a target.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn declare(
    context: &Context,
    kind: &RuleKind,
    given: Vec<(String, Vec<RawPart>)>,
    location: Option<Location>,
) -> Result<(), String> {
    let rule_name = rule_name(kind);
    let name = target_name(rule_name, &given)?;
    let builder = context.builder(rule_name).map_err(|error| error.without_diagnostic().to_string())?;
    let mut builder = builder.borrow_mut();
    let id = builder.package.id.clone();
    let label = Label::new(&id.repository, &id.name, &name).map_err(|error| error.to_string())?;
    if let Some(existing) = builder.package.targets.get(name.as_str()) {
        return Err(format!(
            "{rule_name} rule '{name}' in package '{}' conflicts with existing {} rule, defined at {}",
            id.name, existing.rule, existing.location
        ));
    }
    let mut labels = Labels { context, mentioned: BTreeSet::new() };
    let attributes = convert_all(kind, &label, given, &mut labels)?;
    if let RuleKind::Known(schema) = kind {
        check_needed(schema, &label, &attributes)?;
    }
    builder.mentioned.extend(labels.mentioned);
    let rule = match kind {
        RuleKind::Known(schema) => schema.rule.clone(),
        RuleKind::Unknown(name) => Rule::Unknown(name.clone()),
    };
    let location = location.unwrap_or_else(|| Location { file: builder.file.clone(), line: 0 });
    builder.package.targets.insert(Arc::from(name), Target { label, rule, location, attributes });
    Ok(())
}

/// The name among a call's arguments.
fn target_name(rule_name: &str, given: &[(String, Vec<RawPart>)]) -> Result<String, String> {
    let Some((_, parts)) = given.iter().find(|(name, _)| name == "name") else {
        return Err(format!("{rule_name}: missing value for mandatory attribute 'name'"));
    };
    let [RawPart::Value(Raw::String(name))] = parts.as_slice() else {
        return Err(match parts.as_slice() {
            [RawPart::Value(value)] => {
                format!("{rule_name}: the attribute 'name' is a text, not {value} ({})", value.type_name())
            }
            _ => format!("{rule_name}: the attribute 'name' is a text, not a select()"),
        });
    };
    let bad_char = name.chars().find(|&c| c == ':' || c == '\\' || c.is_control());
    let bad_part = name.split('/').any(|part| matches!(part, "" | "." | ".."));
    match bad_char {
        Some(bad) => Err(format!("{rule_name}: invalid target name {name:?}: it has the character {bad:?}")),
        None if name.is_empty() => Err(format!("{rule_name}: invalid target name \"\": it is empty")),
        None if bad_part => {
            Err(format!("{rule_name}: invalid target name {name:?}: it has an empty, '.' or '..' component"))
        }
        None => Ok(name.clone()),
    }
}

fn convert_all(
    kind: &RuleKind,
    label: &Label,
    given: Vec<(String, Vec<RawPart>)>,
    labels: &mut Labels<'_>,
) -> Result<BTreeMap<Arc<str>, crate::package::Attribute>, String> {
    let mut attributes = BTreeMap::new();
    for (name, parts) in given {
        if name == "name" {
            continue;
        }
        let schema = match kind {
            RuleKind::Known(schema) => match schema.attribute(&name) {
                Some(attribute) => *attribute,
                None => return Err(unknown_attribute(schema, label, &name)),
            },
            RuleKind::Unknown(_) => any_attribute(&name),
        };
        let attribute = attributes::convert(&schema, &parts, labels)
            .map_err(|problem| format!("{label}: attribute '{name}' of {}: {problem}", rule_name(kind)))?;
        if let Some(attribute) = attribute {
            attributes.insert(Arc::from(name), attribute);
        }
    }
    Ok(attributes)
}

/// An attribute of a rule that isn't known. What all rules have is known all the same.
fn any_attribute(name: &str) -> AttributeSchema {
    let kind = match name {
        "visibility" => AttributeType::LabelList,
        _ => AttributeType::Any,
    };
    AttributeSchema { name: "", kind, needed: Needed::No, configurable: Configurable::Yes }
}

fn unknown_attribute(schema: &RuleSchema, label: &Label, name: &str) -> String {
    let names = schema.attributes().map(|attribute| attribute.name).chain(["name"]);
    let hint = spelling::did_you_mean(name, names);
    format!("{label}: no such attribute '{name}' in '{}' rule{hint}", schema.name)
}

fn check_needed(
    schema: &RuleSchema,
    label: &Label,
    attributes: &BTreeMap<Arc<str>, crate::package::Attribute>,
) -> Result<(), String> {
    let missing = schema
        .attributes()
        .find(|attribute| attribute.needed == Needed::Always && !attributes.contains_key(attribute.name));
    match missing {
        Some(attribute) => Err(format!(
            "{label}: missing value for mandatory attribute '{}' in '{}' rule",
            attribute.name, schema.name
        )),
        None => Ok(()),
    }
}

/// Labels of the package at hand.
pub(crate) struct Labels<'a> {
    pub(crate) context: &'a Context,
    pub(crate) mentioned: BTreeSet<Arc<str>>,
}

impl Resolve for Labels<'_> {
    fn resolve(&mut self, text: &str) -> Result<Label, String> {
        self.context.resolve(text)
    }

    fn mention(&mut self, label: &Label) {
        let package = &self.context.package;
        if label.package() == &*package.name && label.repository() == &*package.repository {
            self.mentioned.insert(Arc::from(label.name()));
        }
    }
}
