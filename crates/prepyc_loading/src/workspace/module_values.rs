//! What MODULE.bazel and WORKSPACE files handle: module extensions, their tags, repository rules; and what the files come to.

#![expect(
    unsafe_code,
    reason = "starlark's derive makes an unsafe impl, which is sound for types without lifetimes"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use allocative::Allocative;
use starlark::any::ProvidesStaticType;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, StarlarkValue, Value, starlark_value};

use super::{ExtensionTag, Registration};
use crate::evaluation::raw::Raw;
use crate::evaluation::{failure, trouble};
use crate::glob::Pattern;
use crate::package::{self, Location};

/// What a MODULE.bazel or WORKSPACE file comes to.
#[derive(Debug, Default, ProvidesStaticType)]
pub(super) struct Declared(pub(super) RefCell<Declarations>);

/// The declarations of a file, as written.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    pub(super) name: String,
    pub(super) version: String,
    /// What the module calls itself.
    pub(super) repo_name: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
    /// Modules that stand at a path, by their names.
    pub(super) paths: BTreeMap<String, (String, Location)>,
    /// Modules that come from somewhere else, by their names, with the function that says so.
    pub(super) elsewhere: BTreeMap<String, (String, Location)>,
    /// Repositories by the name they are given here.
    pub(super) repositories: Vec<(String, Origin, Location)>,
    pub(super) toolchains: Vec<Registered>,
    pub(super) platforms: Vec<Registered>,
    pub(super) tags: Vec<ExtensionTag>,
    /// Labels of `include()`, in order.
    pub(super) includes: Vec<(String, Location)>,
    /// What `ignore_directories` of a REPO.bazel says.
    pub(super) ignored: Vec<Pattern>,
}

/// A `bazel_dep`.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) module: String,
    pub(super) version: String,
    /// What the repository is called here; none if nothing.
    pub(super) repo_name: Option<String>,
    pub(super) use_for: UseFor,
    pub(super) location: Location,
}

/// Whom a declaration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UseFor {
    /// Whoever uses the module.
    Everyone,
    /// The module's own development.
    Development,
}

/// A registered pattern, as written.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) registration: Registration,
    pub(super) use_for: UseFor,
}

/// Where a repository that a file declares comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// A folder.
    Path(String),
    /// Something that would have to be fetched or made.
    Elsewhere(String),
}

impl Declared {
    /// The declarations of the file that is evaluated.
    pub(super) fn of<'a>(eval: &Evaluator<'_, 'a, '_>) -> starlark::Result<&'a RefCell<Declarations>> {
        eval.extra
            .and_then(|extra| extra.downcast_ref::<Declared>())
            .map(|declared| &declared.0)
            .ok_or_else(|| failure("this function is for MODULE.bazel and WORKSPACE files alone"))
    }
}

/// What `use_extension` returns.
#[derive(Clone, Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(super) struct Extension {
    pub(super) file: String,
    pub(super) name: String,
}
starlark_simple_value!(Extension);

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<module extension {} of {}>", self.name, self.file)
    }
}

#[starlark_value(type = "module_extension_proxy")]
impl<'v> StarlarkValue<'v> for Extension {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        Some(heap.alloc(Tag { extension: self.clone(), name: attribute.to_owned() }))
    }

    fn has_attr(&self, _attribute: &str, _heap: Heap<'v>) -> bool {
        true
    }
}

/// A tag class of an extension: `pip.parse`.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
struct Tag {
    extension: Extension,
    name: String,
}
starlark_simple_value!(Tag);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<tag {} of {}>", self.name, self.extension)
    }
}

#[starlark_value(type = "tag")]
impl<'v> StarlarkValue<'v> for Tag {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut arguments = BTreeMap::new();
        for (name, value) in args.names_map()? {
            if let Ok(raw) = Raw::take(value) {
                arguments.insert(name.as_str().to_owned(), plain(&raw));
            }
        }
        let tag = ExtensionTag {
            file: self.extension.file.clone(),
            extension: self.extension.name.clone(),
            tag: self.name.clone(),
            arguments,
            location: location(eval),
        };
        Declared::of(eval)?.borrow_mut().tags.push(tag);
        Ok(Value::new_none())
    }
}

/// A repository rule: what `use_repo_rule` returns, or one of Bazel's own in a WORKSPACE file.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(super) struct RepositoryRule {
    pub(super) name: String,
}
starlark_simple_value!(RepositoryRule);

impl fmt::Display for RepositoryRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<repository rule {}>", self.name)
    }
}

#[starlark_value(type = "repository_rule")]
impl<'v> StarlarkValue<'v> for RepositoryRule {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let named = args.names_map()?;
        let text = |wanted: &str| {
            let found = named.iter().find(|(name, _)| name.as_str() == wanted);
            found.and_then(|(_, value)| value.unpack_str()).map(str::to_owned)
        };
        let Some(name) = text("name") else {
            return Err(failure(format!("{}: missing value for mandatory attribute 'name'", self.name)));
        };
        let origin = match (self.name.as_str(), text("path")) {
            ("local_repository", Some(path)) => Origin::Path(path),
            ("local_repository", None) => {
                return Err(failure("local_repository: missing value for mandatory attribute 'path'"));
            }
            (rule, _) => Origin::Elsewhere(format!("{rule} would make it")),
        };
        let location = location(eval);
        Declared::of(eval)?.borrow_mut().repositories.push((name, origin, location));
        Ok(Value::new_none())
    }
}

/// Notes the repository that a call of something unknown names, if a WORKSPACE file calls it.
pub(crate) fn note_repository(
    rule: &str,
    args: &Arguments<'_, '_>,
    eval: &Evaluator<'_, '_, '_>,
) -> starlark::Result<()> {
    let Ok(declared) = Declared::of(eval) else { return Ok(()) };
    let named = args.names_map()?;
    let name = named.iter().find(|(name, _)| name.as_str() == "name");
    if let Some(name) = name.and_then(|(_, value)| value.unpack_str()) {
        let origin = Origin::Elsewhere(format!("{rule} would make it"));
        declared.borrow_mut().repositories.push((name.to_owned(), origin, location(eval)));
    }
    Ok(())
}

/// Where the file at hand calls.
pub(super) fn location(eval: &Evaluator<'_, '_, '_>) -> Location {
    trouble::outermost_location(eval).unwrap_or_else(|| Location {
        file: std::sync::Arc::from(std::path::Path::new("MODULE.bazel")),
        line: 0,
    })
}

fn plain(raw: &Raw) -> package::Value {
    match raw {
        Raw::None => package::Value::None,
        Raw::Bool(truth) => package::Value::Bool(*truth),
        Raw::Integer(number) => package::Value::Integer(*number),
        Raw::String(text) | Raw::Opaque(text) => package::Value::String(text.clone()),
        Raw::Label(label) => package::Value::String(label.to_string()),
        Raw::List(items) => package::Value::List(items.iter().map(plain).collect()),
        Raw::Dict(entries) => {
            package::Value::Dict(entries.iter().map(|(key, value)| (plain(key), plain(value))).collect())
        }
    }
}
