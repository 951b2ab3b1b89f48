//! MODULE.bazel and WORKSPACE files: evaluated, as they are written.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use prepyc_plan::Label;
use starlark::collections::SmallMap;
use starlark::environment::{Globals, GlobalsBuilder};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::list::UnpackList;
use starlark::values::none::NoneType;
use starlark::values::tuple::UnpackTuple;

use super::module_values::{
    Declarations, Declared, Dependency, Extension, Origin, Registered, RepositoryRule, UseFor, location,
};
use super::{Registration, read_source};
use crate::error::{LoadError, LoadErrorKind};
use crate::evaluation::{self, FileKind, Loads, Wanted, external, failure};
use crate::folders::Ignored;
use crate::glob::Pattern;
use crate::label_text::{self, RepositoryText};

/// So many files may a MODULE.bazel file include, and they each other.
const MOST_INCLUDES: usize = 1_000;

/// Reads a repository's MODULE.bazel, with the files it includes.
pub(super) fn read_module(root: &Path, folder: &Path) -> Result<Declarations, LoadError> {
    let declared = Declared::default();
    let mut waiting: Vec<PathBuf> = vec![folder.join("MODULE.bazel")];
    let mut read = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if read.len() > MOST_INCLUDES || !read.insert(path.clone()) {
            let message = format!("MODULE.bazel includes {} twice, or too many files", path.display());
            return Err(LoadError::new(LoadErrorKind::Workspace, message));
        }
        let source = read_source(root, &path)?;
        let ast = evaluation::parse(&source, FileKind::Declarations)?;
        if let Some(load) = ast.loads().first() {
            let line = u32::try_from(load.span.resolve_span().begin.line + 1).unwrap_or(u32::MAX);
            return Err(LoadError::new(LoadErrorKind::Evaluation, "`load` is not for MODULE.bazel files")
                .at(crate::package::Location { file: source.name, line }));
        }
        evaluation::evaluate(ast, module_globals(), &Loads(HashMap::new()), &declared, Wanted::Nothing)?;
        let includes = std::mem::take(&mut declared.0.borrow_mut().includes);
        for (text, location) in includes.into_iter().rev() {
            let bad = |problem: String| LoadError::new(LoadErrorKind::Label, problem).at(location.clone());
            let label = label_text::split(&text).map_err(bad)?;
            if !matches!(label.repository, RepositoryText::Own) {
                return Err(bad(format!("include() takes a file of the main repository, not '{text}'")));
            }
            waiting.push(folder.join(label.package.unwrap_or("")).join(label.name));
        }
    }
    Ok(declared.0.into_inner())
}

/// Reads a WORKSPACE file. What it loads is not known here, and does nothing.
pub(super) fn read_workspace(root: &Path, path: &Path) -> Result<Declarations, LoadError> {
    let source = read_source(root, path)?;
    let ast = evaluation::parse(&source, FileKind::Declarations)?;
    let mut wanted: HashMap<String, BTreeSet<String>> = HashMap::new();
    for load in ast.loads() {
        let symbols = load.symbols.into_values().map(str::to_owned);
        wanted.entry(load.module_id.to_owned()).or_default().extend(symbols);
    }
    let unknown = Label::new("", "", "unknown.bzl")
        .map_err(|error| LoadError::new(LoadErrorKind::Label, error.to_string()))?;
    let modules: Result<HashMap<_, _>, LoadError> = wanted
        .into_iter()
        .map(|(file, symbols)| Ok((file, external::opaque_module(&unknown, &symbols)?)))
        .collect();
    let declared = Declared::default();
    evaluation::evaluate(ast, workspace_globals(), &Loads(modules?), &declared, Wanted::Nothing)?;
    Ok(declared.0.into_inner())
}

/// Reads what a repository's `.bazelignore` and REPO.bazel leave alone.
pub(super) fn read_ignored(root: &Path, folder: &Path) -> Result<Ignored, LoadError> {
    let mut ignored = Ignored::read(folder)?;
    let path = folder.join("REPO.bazel");
    if path.is_file() {
        let source = read_source(root, &path)?;
        let ast = evaluation::parse(&source, FileKind::Declarations)?;
        let declared = Declared::default();
        let globals = GlobalsBuilder::standard().with(repository_functions).build();
        evaluation::evaluate(ast, &globals, &Loads(HashMap::new()), &declared, Wanted::Nothing)?;
        for pattern in declared.0.into_inner().ignored {
            ignored.add_pattern(pattern);
        }
    }
    Ok(ignored)
}

#[starlark_module]
fn repository_functions(builder: &mut GlobalsBuilder) {
    fn repo<'v>(#[starlark(kwargs)] rest: SmallMap<String, Value<'v>>) -> starlark::Result<NoneType> {
        let _ = rest;
        Ok(NoneType)
    }

    fn ignore_directories(
        #[starlark(require = pos)] patterns: UnpackList<String>,
        eval: &mut Evaluator<'_, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let patterns: Result<Vec<Pattern>, String> =
            patterns.items.iter().map(|text| Pattern::new(text)).collect();
        Declared::of(eval)?.borrow_mut().ignored.extend(patterns.map_err(failure)?);
        Ok(NoneType)
    }
}

fn module_globals() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
        GlobalsBuilder::standard()
            .with(module_functions)
            .with(override_functions)
            .with(extension_functions)
            .with(registrations)
            .build()
    });
    &GLOBALS
}

fn workspace_globals() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
        let mut builder = GlobalsBuilder::standard().with(workspace_functions).with(registrations);
        for name in ["local_repository", "new_local_repository"] {
            builder.set(name, RepositoryRule { name: name.to_owned() });
        }
        builder.build()
    });
    &GLOBALS
}

fn use_for(dev_dependency: Option<bool>) -> UseFor {
    if dev_dependency == Some(true) { UseFor::Development } else { UseFor::Everyone }
}

#[starlark_module]
fn registrations(builder: &mut GlobalsBuilder) {
    fn register_toolchains(
        #[starlark(args)] patterns: UnpackTuple<String>,
        #[starlark(require = named)] dev_dependency: Option<bool>,
        eval: &mut Evaluator<'_, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let location = location(eval);
        let registered = patterns.items.into_iter().map(|pattern| Registered {
            registration: Registration { pattern, location: location.clone() },
            use_for: use_for(dev_dependency),
        });
        Declared::of(eval)?.borrow_mut().toolchains.extend(registered);
        Ok(NoneType)
    }

    fn register_execution_platforms(
        #[starlark(args)] patterns: UnpackTuple<String>,
        #[starlark(require = named)] dev_dependency: Option<bool>,
        eval: &mut Evaluator<'_, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let location = location(eval);
        let registered = patterns.items.into_iter().map(|pattern| Registered {
            registration: Registration { pattern, location: location.clone() },
            use_for: use_for(dev_dependency),
        });
        Declared::of(eval)?.borrow_mut().platforms.extend(registered);
        Ok(NoneType)
    }

    fn print<'v>(#[starlark(args)] args: UnpackTuple<Value<'v>>) -> starlark::Result<NoneType> {
        let _ = args;
        Ok(NoneType)
    }
}

#[starlark_module]
fn workspace_functions(builder: &mut GlobalsBuilder) {
    fn workspace<'v>(
        #[starlark(require = named)] name: String,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let _ = rest;
        Declared::of(eval)?.borrow_mut().name = name;
        Ok(NoneType)
    }

    fn bind<'v>(#[starlark(kwargs)] rest: SmallMap<String, Value<'v>>) -> starlark::Result<NoneType> {
        let _ = rest;
        Ok(NoneType)
    }
}

#[starlark_module]
fn module_functions(builder: &mut GlobalsBuilder) {
    fn module<'v>(
        #[starlark(default = "")] name: &str,
        #[starlark(default = "")] version: &str,
        #[starlark(require = named)] repo_name: Option<String>,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let _ = rest;
        let mut declared = Declared::of(eval)?.borrow_mut();
        declared.name = name.to_owned();
        declared.version = version.to_owned();
        declared.repo_name = repo_name.filter(|name| !name.is_empty());
        Ok(NoneType)
    }

    fn bazel_dep<'v>(
        name: String,
        #[starlark(default = "")] version: &str,
        #[starlark(require = named)] repo_name: Option<Value<'v>>,
        #[starlark(require = named)] dev_dependency: Option<bool>,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let _ = rest;
        let repo_name = match repo_name {
            Some(given) if given.is_none() => None,
            Some(given) => {
                given.unpack_str().filter(|given| !given.is_empty()).or(Some(&name)).map(str::to_owned)
            }
            None => Some(name.clone()),
        };
        let dependency = Dependency {
            module: name,
            version: version.to_owned(),
            repo_name,
            use_for: use_for(dev_dependency),
            location: location(eval),
        };
        Declared::of(eval)?.borrow_mut().dependencies.push(dependency);
        Ok(NoneType)
    }
}

/// Where modules come from instead.
#[starlark_module]
fn override_functions(builder: &mut GlobalsBuilder) {
    fn local_path_override<'v>(
        #[starlark(require = named)] module_name: String,
        #[starlark(require = named)] path: String,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let location = location(eval);
        Declared::of(eval)?.borrow_mut().paths.insert(module_name, (path, location));
        Ok(NoneType)
    }

    fn archive_override<'v>(
        #[starlark(require = named)] module_name: String,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let _ = rest;
        note_elsewhere(eval, module_name, "archive_override would fetch it")
    }

    fn git_override<'v>(
        #[starlark(require = named)] module_name: String,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let _ = rest;
        note_elsewhere(eval, module_name, "git_override would fetch it")
    }

    fn single_version_override<'v>(
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
    ) -> starlark::Result<NoneType> {
        let _ = rest;
        Ok(NoneType)
    }

    fn multiple_version_override<'v>(
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
    ) -> starlark::Result<NoneType> {
        let _ = rest;
        Ok(NoneType)
    }

    fn flag_alias<'v>(#[starlark(kwargs)] rest: SmallMap<String, Value<'v>>) -> starlark::Result<NoneType> {
        let _ = rest;
        Ok(NoneType)
    }
}

/// Repositories that are not modules.
#[starlark_module]
fn extension_functions(builder: &mut GlobalsBuilder) {
    fn use_extension<'v>(
        #[starlark(require = pos)] file: String,
        #[starlark(require = pos)] name: String,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
    ) -> starlark::Result<Extension> {
        let _ = rest;
        Ok(Extension { file, name })
    }

    fn use_repo<'v>(
        #[starlark(require = pos)] extension: &Extension,
        #[starlark(args)] names: UnpackTuple<String>,
        #[starlark(kwargs)] renamed: SmallMap<String, String>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let location = location(eval);
        let origin = || {
            Origin::Elsewhere(format!(
                "the module extension {} of {} would make it",
                extension.name, extension.file
            ))
        };
        let names = names.items.into_iter().chain(renamed.into_iter().map(|(name, _)| name));
        let repositories = names.map(|name| (name, origin(), location.clone()));
        Declared::of(eval)?.borrow_mut().repositories.extend(repositories);
        Ok(NoneType)
    }

    fn override_repo<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
    ) -> starlark::Result<NoneType> {
        let _ = (args, rest);
        Ok(NoneType)
    }

    fn inject_repo<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] rest: SmallMap<String, Value<'v>>,
    ) -> starlark::Result<NoneType> {
        let _ = (args, rest);
        Ok(NoneType)
    }

    fn use_repo_rule(
        #[starlark(require = pos)] file: &str,
        #[starlark(require = pos)] name: &str,
    ) -> starlark::Result<RepositoryRule> {
        let _ = file;
        Ok(RepositoryRule { name: name.to_owned() })
    }

    fn include(
        #[starlark(require = pos)] label: String,
        eval: &mut Evaluator<'_, '_, '_>,
    ) -> starlark::Result<NoneType> {
        let location = location(eval);
        Declared::of(eval)?.borrow_mut().includes.push((label, location));
        Ok(NoneType)
    }

    fn fail<'v>(#[starlark(args)] args: UnpackTuple<Value<'v>>) -> starlark::Result<NoneType> {
        let text: Vec<String> = args.items.iter().map(|value| value.to_str()).collect();
        Err(failure(text.join(" ")))
    }
}

fn note_elsewhere(eval: &Evaluator<'_, '_, '_>, module: String, what: &str) -> starlark::Result<NoneType> {
    let location = location(eval);
    Declared::of(eval)?.borrow_mut().elsewhere.insert(module, (what.to_owned(), location));
    Ok(NoneType)
}
