//! What BUILD files call besides rules: `glob`, `package`, `exports_files`, `select` and the rest. Macros have them in `native`.

use std::collections::BTreeSet;
use std::sync::Arc;

use starlark::collections::SmallMap;
use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::dict::{AllocDict, DictRef};
use starlark::values::list::{AllocList, UnpackList};
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;
use starlark::values::{Heap, Value};

use super::attributes::{self, Resolve};
use super::declare::Labels;
use super::raw::{self, Raw, RawPart, RawSelect};
use super::values::{LabelValue, RuleKind, RuleValue, SelectValue};
use super::{Context, failure, trouble};
use crate::glob::{Give, Pattern};
use crate::package::{self, Message, Part};
use crate::schema::{self, AttributeSchema, AttributeType, Configurable, Needed};
use crate::spelling;

/// All of it, and the rules that need no `load`.
pub(crate) fn add_native(builder: &mut GlobalsBuilder) {
    file_functions(builder);
    ignored_functions(builder);
    place_functions(builder);
    rule_functions(builder);
    for name in NATIVE_RULES {
        if let Some(schema) = schema::rule_schema(name) {
            builder.set(name, RuleValue::of(RuleKind::Known(schema)));
        }
    }
    for &name in schema::OTHER_NATIVE_RULES {
        builder.set(name, RuleValue::of(RuleKind::Unknown(Arc::from(name))));
    }
}

/// The known rules that Bazel has (or had) of itself.
const NATIVE_RULES: &[&str] = &[
    "py_library",
    "py_binary",
    "py_test",
    "py_runtime",
    "toolchain",
    "toolchain_type",
    "filegroup",
    "alias",
    "config_setting",
    "constraint_setting",
    "constraint_value",
    "platform",
    "test_suite",
    "package_group",
];

#[starlark_module]
fn file_functions(builder: &mut GlobalsBuilder) {
    fn glob<'v>(
        #[starlark(default = UnpackList::default())] include: UnpackList<String>,
        #[starlark(default = UnpackList::default())] exclude: UnpackList<String>,
        #[starlark(require = named, default = 1)] exclude_directories: i32,
        #[starlark(require = named)] allow_empty: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<String>> {
        let give = if exclude_directories == 0 { Give::FilesAndFolders } else { Give::Files };
        let may_be_empty = allow_empty.is_none_or(|value| value.unpack_bool() != Some(false));
        find_files(Context::of(eval)?, &include.items, &exclude.items, give, may_be_empty)
    }

    fn subpackages<'v>(
        #[starlark(require = named)] include: UnpackList<String>,
        #[starlark(require = named, default = UnpackList::default())] exclude: UnpackList<String>,
        #[starlark(require = named)] allow_empty: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Vec<String>> {
        let context = Context::of(eval)?;
        let builder = context.builder("subpackages")?.borrow();
        let found = builder.listing.subpackages().map_err(failure)?;
        let include = patterns(&include.items)?;
        let exclude = patterns(&exclude.items)?;
        let found: Vec<String> = found
            .into_iter()
            .filter(|path| include.iter().any(|pattern| pattern.matches(path)))
            .filter(|path| !exclude.iter().any(|pattern| pattern.matches(path)))
            .collect();
        if found.is_empty() && allow_empty.is_some_and(|value| value.unpack_bool() == Some(false)) {
            return Err(failure("subpackages() found nothing, but allow_empty is set to False"));
        }
        Ok(found)
    }

    fn exports_files<'v>(
        srcs: UnpackList<String>,
        visibility: Option<Value<'v>>,
        licenses: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let _ = licenses;
        let context = Context::of(eval)?;
        // Bazel: files that are exported without a visibility are visible to everyone.
        let visibility = match visibility.filter(|value| !value.is_none()) {
            Some(value) => label_texts(context, "visibility", value)?,
            None => vec!["//visibility:public".to_owned()],
        };
        let mut builder = context.builder("exports_files")?.borrow_mut();
        for name in srcs.items {
            let label = context.resolve(&name).map_err(failure)?;
            if label.package() != &*context.package.name || label.repository() != &*context.package.repository
            {
                return Err(failure(format!("exports_files: '{name}' is no file of this package")));
            }
            builder.package.exported_files.insert(Arc::from(label.name()), visibility.clone());
        }
        Ok(NoneType)
    }
}

/// What BUILD files say that means nothing here.
#[starlark_module]
fn ignored_functions(builder: &mut GlobalsBuilder) {
    fn licenses<'v>(#[starlark(args)] given: UnpackTuple<Value<'v>>) -> starlark::Result<NoneType> {
        let _ = given;
        Ok(NoneType)
    }

    fn distribs<'v>(#[starlark(args)] given: UnpackTuple<Value<'v>>) -> starlark::Result<NoneType> {
        let _ = given;
        Ok(NoneType)
    }

    fn environment_group<'v>(
        #[starlark(kwargs)] given: SmallMap<String, Value<'v>>,
    ) -> starlark::Result<NoneType> {
        let _ = given;
        Ok(NoneType)
    }

    fn environment<'v>(#[starlark(kwargs)] given: SmallMap<String, Value<'v>>) -> starlark::Result<NoneType> {
        let _ = given;
        Ok(NoneType)
    }
}

/// Where a BUILD file is.
#[starlark_module]
fn place_functions(builder: &mut GlobalsBuilder) {
    fn package_name(eval: &mut Evaluator<'_, '_, '_>) -> starlark::Result<String> {
        let context = Context::of(eval)?;
        context.builder("package_name")?;
        Ok(context.package.name.to_string())
    }

    fn repository_name(eval: &mut Evaluator<'_, '_, '_>) -> starlark::Result<String> {
        Ok(format!("@{}", Context::of(eval)?.package.repository))
    }

    fn repo_name(eval: &mut Evaluator<'_, '_, '_>) -> starlark::Result<String> {
        Ok(Context::of(eval)?.package.repository.to_string())
    }

    fn module_name<'v>(eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        let context = Context::of(eval)?;
        let name = context.workspace.module_name_of(&context.package.repository);
        Ok(name.map_or_else(Value::new_none, |name| eval.heap().alloc(name)))
    }

    fn module_version<'v>(eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        let context = Context::of(eval)?;
        let version = context.workspace.module_version_of(&context.package.repository);
        Ok(version.map_or_else(Value::new_none, |version| eval.heap().alloc(version)))
    }

    fn package_relative_label<'v>(
        #[starlark(require = pos)] input: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<LabelValue> {
        if let Some(label) = LabelValue::from_value(input) {
            return Ok(LabelValue { label: label.label.clone() });
        }
        let text = input
            .unpack_str()
            .ok_or_else(|| failure(format!("package_relative_label() takes a text, not {input}")))?;
        Ok(LabelValue { label: Context::of(eval)?.resolve(text).map_err(failure)? })
    }
}

/// `select`, and what there is in the package so far.
#[starlark_module]
fn rule_functions(builder: &mut GlobalsBuilder) {
    fn package<'v>(
        #[starlark(kwargs)] given: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        set_defaults(eval, &given)?;
        Ok(NoneType)
    }

    fn select<'v>(
        #[starlark(require = pos)] branches: Value<'v>,
        #[starlark(require = named, default = "")] no_match_error: &str,
    ) -> starlark::Result<SelectValue> {
        make_select(branches, no_match_error)
    }

    fn existing_rule<'v>(
        #[starlark(require = pos)] name: &str,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let builder = Context::of(eval)?.builder("existing_rule")?.borrow();
        Ok(match builder.package.targets.get(name) {
            Some(target) => describe(target, eval.heap()),
            None => Value::new_none(),
        })
    }

    fn existing_rules<'v>(eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
        let builder = Context::of(eval)?.builder("existing_rules")?.borrow();
        let heap = eval.heap();
        let rules =
            builder.package.targets.iter().map(|(name, target)| (name.to_string(), describe(target, heap)));
        Ok(heap.alloc(AllocDict(rules)))
    }

    fn package_default_visibility<'v>(eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Vec<String>> {
        let builder = Context::of(eval)?.builder("package_default_visibility")?.borrow();
        Ok(builder.package.default_visibility.clone())
    }
}

/// What BUILD and .bzl files have in common and Starlark has not, or has otherwise.
#[starlark_module]
pub(crate) fn language_functions(builder: &mut GlobalsBuilder) {
    fn print<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(require = named, default = " ")] sep: &str,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let text: Vec<String> = args.items.iter().map(|value| value.to_str()).collect();
        let context = Context::of(eval)?;
        if let Some(location) = trouble::innermost_location(eval) {
            context.messages.borrow_mut().push(Message { location, text: text.join(sep) });
        }
        Ok(NoneType)
    }

    fn fail<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(require = named)] msg: Option<Value<'v>>,
        #[starlark(require = named)] attr: Option<Value<'v>>,
        #[starlark(require = named, default = " ")] sep: &str,
        #[starlark(require = named)] stack_trace: Option<Value<'v>>,
    ) -> starlark::Result<NoneType> {
        let _ = stack_trace;
        let attr = attr.filter(|attr| !attr.is_none()).map(|attr| format!("attribute {}:", attr.to_str()));
        let parts = attr.into_iter().chain(msg.iter().chain(&args.items).map(|value| value.to_str()));
        let text: Vec<String> = parts.collect();
        Err(failure(text.join(sep)))
    }
}

fn patterns(texts: &[String]) -> starlark::Result<Vec<Pattern>> {
    texts.iter().map(|text| Pattern::new(text).map_err(failure)).collect()
}

fn find_files(
    context: &Context,
    include: &[String],
    exclude: &[String],
    give: Give,
    may_be_empty: bool,
) -> starlark::Result<Vec<String>> {
    let builder = context.builder("glob")?.borrow();
    let exclude = patterns(exclude)?;
    let mut found = BTreeSet::new();
    for (text, pattern) in include.iter().zip(patterns(include)?) {
        let before = found.len();
        builder.listing.find(&pattern, give, &mut found).map_err(failure)?;
        if found.len() == before && !may_be_empty {
            return Err(failure(format!(
                "glob pattern '{text}' didn't match anything, but allow_empty is set to False"
            )));
        }
    }
    found.retain(|path| !exclude.iter().any(|pattern| pattern.matches(path)));
    if found.is_empty() && !may_be_empty {
        return Err(failure("all files in the glob have been excluded, but allow_empty is set to False"));
    }
    Ok(found.into_iter().collect())
}

/// The arguments of `package()`; those that mean nothing here are taken all the same.
const PACKAGE_ARGUMENTS: &[&str] = &[
    "default_visibility",
    "default_testonly",
    "default_deprecation",
    "default_applicable_licenses",
    "default_package_metadata",
    "default_compatible_with",
    "default_restricted_to",
    "default_copts",
    "default_hdrs_check",
    "default_strict_java_deps",
    "features",
    "licenses",
    "distribs",
    "transitive_visibility",
];

fn set_defaults<'v>(
    eval: &Evaluator<'v, '_, '_>,
    given: &SmallMap<String, Value<'v>>,
) -> starlark::Result<()> {
    let context = Context::of(eval)?;
    let location = trouble::outermost_location(eval);
    for (name, value) in given {
        match name.as_str() {
            "default_visibility" => {
                let labels = label_texts(context, name, *value)?;
                context.builder("package")?.borrow_mut().package.default_visibility = labels;
            }
            "default_testonly" => {
                let value = attributes::convert(
                    &argument("default_testonly", AttributeType::Bool),
                    &raw::take_parts(*value).map_err(failure)?,
                    &mut labels_of(context),
                )
                .map_err(|problem| failure(format!("package(): argument '{name}': {problem}")))?;
                let is_set = value == Some(package::Attribute::plain(package::Value::Bool(true)));
                context.builder("package")?.borrow_mut().package.default_testonly = is_set;
            }
            name if PACKAGE_ARGUMENTS.contains(&name) => {}
            name => {
                let hint = spelling::did_you_mean(name, PACKAGE_ARGUMENTS.iter().copied());
                return Err(failure(format!("package() has no argument '{name}'{hint}")));
            }
        }
    }
    let mut builder = context.builder("package")?.borrow_mut();
    if let Some(first) = &builder.package_call {
        return Err(failure(format!(
            "'package' can only be used once per BUILD file; it is at {first} already"
        )));
    }
    builder.package_call = location;
    Ok(())
}

fn labels_of(context: &Context) -> Labels<'_> {
    Labels { context, mentioned: BTreeSet::new() }
}

fn argument(name: &'static str, kind: AttributeType) -> AttributeSchema {
    AttributeSchema { name, kind, needed: Needed::No, configurable: Configurable::No }
}

/// A list of labels that a function was given, as absolute texts.
fn label_texts(context: &Context, name: &str, value: Value<'_>) -> starlark::Result<Vec<String>> {
    let of_argument = |problem: String| failure(format!("argument '{name}': {problem}"));
    let list = match Raw::take(value).map_err(of_argument)? {
        Raw::List(items) => items,
        other => {
            let kind = other.type_name();
            return Err(of_argument(format!(
                "expected a value of type 'list(label)', but got {other} ({kind})"
            )));
        }
    };
    let mut labels = labels_of(context);
    list.iter()
        .map(|item| match item {
            Raw::String(text) => labels.resolve(text).map(|label| label.to_string()),
            Raw::Label(label) => Ok(label.to_string()),
            other => Err(format!("expected a label, but got {other} ({})", other.type_name())),
        })
        .map(|label| label.map_err(of_argument))
        .collect()
}

pub(crate) fn make_select(branches: Value<'_>, no_match_error: &str) -> starlark::Result<SelectValue> {
    let Some(dict) = DictRef::from_value(branches) else {
        let kind = branches.get_type();
        return Err(failure(format!(
            "select() takes a dictionary of conditions and values, not a value of type '{kind}'"
        )));
    };
    if dict.is_empty() {
        return Err(failure("select() with an empty dictionary has no condition that could hold"));
    }
    let mut taken = Vec::with_capacity(dict.len());
    for (condition, value) in dict.iter() {
        let condition = Raw::take(condition).map_err(failure)?;
        if !matches!(condition, Raw::String(_) | Raw::Label(_)) {
            return Err(failure(format!("{condition} is no condition of a select(): conditions are labels")));
        }
        taken.push((condition, Raw::take(value).map_err(failure)?));
    }
    Ok(SelectValue::new(RawSelect { branches: taken, no_match_error: no_match_error.to_owned() }))
}

/// What `existing_rule` says of a target.
fn describe<'v>(target: &package::Target, heap: Heap<'v>) -> Value<'v> {
    let mut entries: Vec<(String, Value<'v>)> = vec![
        ("name".to_owned(), heap.alloc(target.label.name())),
        ("kind".to_owned(), heap.alloc(target.rule.name())),
    ];
    for (name, attribute) in &target.attributes {
        let value = match attribute.parts.as_slice() {
            [Part::Value(value)] => give_back(value, heap),
            parts => heap.alloc(SelectValue { parts: parts.iter().map(raw_part).collect() }),
        };
        entries.push((name.to_string(), value));
    }
    heap.alloc(AllocDict(entries))
}

fn give_back<'v>(value: &package::Value, heap: Heap<'v>) -> Value<'v> {
    match value {
        package::Value::None => Value::new_none(),
        package::Value::Bool(truth) => Value::new_bool(*truth),
        package::Value::Integer(number) => heap.alloc(*number),
        package::Value::String(text) => heap.alloc(text.as_str()),
        package::Value::List(items) => heap.alloc(AllocList(items.iter().map(|item| give_back(item, heap)))),
        package::Value::Dict(entries) => heap.alloc(AllocDict(
            entries.iter().map(|(key, value)| (give_back(key, heap), give_back(value, heap))),
        )),
    }
}

fn raw_part(part: &Part) -> RawPart {
    match part {
        Part::Value(value) => RawPart::Value(raw_value(value)),
        Part::Select(select) => RawPart::Select(RawSelect {
            branches: select
                .branches
                .iter()
                .map(|(condition, value)| (Raw::Label(condition.clone()), raw_value(value)))
                .collect(),
            no_match_error: select.no_match_error.clone(),
        }),
    }
}

fn raw_value(value: &package::Value) -> Raw {
    match value {
        package::Value::None => Raw::None,
        package::Value::Bool(truth) => Raw::Bool(*truth),
        package::Value::Integer(number) => Raw::Integer(*number),
        package::Value::String(text) => Raw::String(text.clone()),
        package::Value::List(items) => Raw::List(items.iter().map(raw_value).collect()),
        package::Value::Dict(entries) => {
            Raw::Dict(entries.iter().map(|(key, value)| (raw_value(key), raw_value(value))).collect())
        }
    }
}
