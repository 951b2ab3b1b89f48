//! Packages, each loaded once, by as many threads as there are processors.

use std::collections::{BTreeSet, HashMap};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use prepyc_plan::Label;
use rayon::prelude::*;
use starlark::environment::FrozenModule;
use starlark::syntax::AstModule;

use crate::error::{LoadError, LoadErrorKind};
use crate::evaluation::{
    self, Context, FileKind, FileNames, Loads, PackageBuilder, Source, Wanted, bzl, external,
};
use crate::folders::{self, Search};
use crate::glob::Listing;
use crate::limits;
use crate::package::{Location, Message, Package, PackageId};
use crate::workspace::{self, Workspace};

type PackageResult = Result<Arc<Package>, Arc<LoadError>>;

/// Loads packages, and keeps them.
pub struct Loader {
    inner: Inner,
    threads: rayon::ThreadPool,
}

struct Inner {
    workspace: Workspace,
    packages: Mutex<HashMap<PackageId, Arc<OnceLock<PackageResult>>>>,
    modules: Mutex<HashMap<Label, Result<Module, Arc<LoadError>>>>,
    /// Held by whoever loads .bzl files, so that two threads do not wait for each other's.
    loading_modules: Mutex<()>,
    file_names: Arc<FileNames>,
}

/// A .bzl file, evaluated.
#[derive(Clone)]
struct Module {
    frozen: FrozenModule,
    messages: Arc<[Message]>,
}

impl Loader {
    /// A loader that has loaded nothing yet.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn new(workspace: Workspace) -> Result<Loader, LoadError> {
        let threads = rayon::ThreadPoolBuilder::new()
            .thread_name(|index| format!("prepyc-loading-{index}"))
            .stack_size(limits::STACK_BYTES)
            .build()
            .map_err(|error| {
                LoadError::new(LoadErrorKind::Workspace, format!("no thread can be started: {error}"))
            })?;
        let inner = Inner {
            workspace,
            packages: Mutex::default(),
            modules: Mutex::default(),
            loading_modules: Mutex::default(),
            file_names: Arc::default(),
        };
        Ok(Loader { inner, threads })
    }

    /// The workspace.
    pub fn workspace(&self) -> &Workspace {
        &self.inner.workspace
    }

    /// A package, loaded if it has not been yet.
    ///
    /// # Errors
    /// It has no BUILD file ([`LoadErrorKind::NoBuildFile`]), its repository is not here ([`LoadErrorKind::NoRepository`]), or
    /// its BUILD file is wrong. The error is kept, too.
    pub fn package(&self, id: &PackageId) -> PackageResult {
        let cell = self.inner.cell(id);
        match cell.get() {
            Some(result) => result.clone(),
            None => self.threads.install(|| cell.get_or_init(|| self.inner.load(id)).clone()),
        }
    }

    /// Packages, loaded at the same time; results in the order of `ids`.
    pub fn load_all(&self, ids: &[PackageId]) -> Vec<PackageResult> {
        self.threads.install(|| {
            ids.par_iter().map(|id| self.inner.cell(id).get_or_init(|| self.inner.load(id)).clone()).collect()
        })
    }

    /// The packages in a folder of a repository and below, sorted: what `//prefix/...` means.
    ///
    /// # Errors
    /// The repository is not here, or a folder cannot be read.
    pub fn packages_below(&self, repository: &str, prefix: &str) -> Result<Vec<PackageId>, LoadError> {
        let workspace = &self.inner.workspace;
        let id = |name: String| PackageId { repository: Arc::from(repository), name: Arc::from(name) };
        if let Some(made_up) = workspace.made_up(repository) {
            let is_below = |name: &String| {
                prefix.is_empty()
                    || name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            return Ok(made_up.packages()?.into_iter().filter(is_below).map(id).collect());
        }
        let Some(root) = workspace.repository_folder(repository) else {
            return Err(workspace.missing_repository(repository));
        };
        if !prefix.is_empty() && !root.join(prefix).is_dir() {
            let message = format!("there is no folder '{prefix}' in {}", root.display());
            return Err(LoadError::new(LoadErrorKind::NoBuildFile, message));
        }
        let others = workspace.other_folders();
        let ignored = workspace.ignored(repository);
        let left_out: Vec<PathBuf> = others.into_iter().filter(|folder| folder != root).collect();
        let search = Search { root, ignored: &ignored, left_out: &left_out };
        Ok(search.packages_below(prefix)?.into_iter().map(id).collect())
    }
}

impl Inner {
    fn cell(&self, id: &PackageId) -> Arc<OnceLock<PackageResult>> {
        let mut packages = self.packages.lock().unwrap_or_else(PoisonError::into_inner);
        packages.entry(id.clone()).or_default().clone()
    }

    /// A bug, or more memory than can be had, costs one package.
    fn load(&self, id: &PackageId) -> PackageResult {
        let loaded = panic::catch_unwind(AssertUnwindSafe(|| self.load_package(id)));
        let result = loaded.unwrap_or_else(|_| {
            let message = format!("loading the package '{id}' failed: it asks for more memory than there is, or prepyc has a bug");
            Err(LoadError::new(LoadErrorKind::Evaluation, message))
        });
        result.map(Arc::new).map_err(Arc::new)
    }

    fn load_package(&self, id: &PackageId) -> Result<Package, LoadError> {
        if let Some(made_up) = self.workspace.made_up(&id.repository) {
            return made_up
                .package(&id.name)?
                .ok_or_else(|| no_package(id, "the repository has no such package"));
        }
        let Some(root) = self.workspace.repository_folder(&id.repository) else {
            return Err(self.workspace.missing_repository(&id.repository));
        };
        let ignored = self.workspace.ignored(&id.repository);
        if ignored.covers(&id.name) {
            return Err(no_package(id, "the folder is left alone, as .bazelignore or REPO.bazel says"));
        }
        let folder = if id.name.is_empty() { root.to_owned() } else { root.join(&*id.name) };
        let Some(path) = folders::build_file(&folder) else {
            return Err(no_package(
                id,
                &format!("BUILD file not found: neither BUILD.bazel nor BUILD is in {}", folder.display()),
            ));
        };
        let source = workspace::read_source(self.workspace.root(), &path)?;
        self.file_names.insert(&source.name, id.clone());
        let ast = evaluation::parse(&source, FileKind::Declarations)?;
        let mut messages = Vec::new();
        let loads = self.load_modules(&ast, id, &source, &mut Vec::new(), &mut messages)?;
        let listing = Listing::new(folder.clone(), &id.name, ignored);
        let builder = PackageBuilder::new(id.clone(), folder, source.name.clone(), listing);
        let context = Context {
            workspace: self.workspace.clone(),
            package: id.clone(),
            file_names: self.file_names.clone(),
            builder: Some(builder.into()),
            messages: messages.into(),
        };
        evaluation::evaluate(ast, bzl::build_globals(), &loads, &context, Wanted::Nothing)
            .map_err(|error| error.or_in(&source.name))?;
        let builder = context.builder.map(std::cell::RefCell::into_inner);
        let mut package =
            builder.map(PackageBuilder::finish).ok_or_else(|| no_package(id, "it was never begun"))?;
        package.messages = context.messages.into_inner();
        Ok(package)
    }

    /// The modules that a parsed file loads. `chain`: the .bzl files that are being loaded, outermost first.
    fn load_modules(
        &self,
        ast: &AstModule,
        package: &PackageId,
        source: &Source,
        chain: &mut Vec<Label>,
        messages: &mut Vec<Message>,
    ) -> Result<Loads, LoadError> {
        let mut wanted: Vec<(String, Location, BTreeSet<String>)> = Vec::new();
        for load in ast.loads() {
            let begin = load.span.resolve_span().begin.line;
            let line = u32::try_from(begin).map_or(u32::MAX, |line| line.saturating_add(1));
            let location = Location { file: source.name.clone(), line };
            let symbols: BTreeSet<String> = load.symbols.into_values().map(str::to_owned).collect();
            match wanted.iter_mut().find(|(module, _, _)| module == load.module_id) {
                Some((_, _, known)) => known.extend(symbols),
                None => wanted.push((load.module_id.to_owned(), location, symbols)),
            }
        }
        let mut loads = HashMap::new();
        for (text, location, symbols) in wanted {
            let label = self
                .workspace
                .resolve_text(&text, package)
                .map_err(|problem| LoadError::new(LoadErrorKind::Label, problem).at(location.clone()))?;
            let module = self.module(&label, &symbols, chain).map_err(|error| {
                let error = (*error).clone();
                match error.location() {
                    None => error.at(location.clone()),
                    Some(_) => error.with_note(format!("loaded at {location}")),
                }
            })?;
            messages.extend(module.messages.iter().cloned());
            loads.insert(text, module.frozen);
        }
        Ok(Loads(loads))
    }

    /// The module of a .bzl file.
    fn module(
        &self,
        label: &Label,
        symbols: &BTreeSet<String>,
        chain: &mut Vec<Label>,
    ) -> Result<Module, Arc<LoadError>> {
        let own = self.own_rules_python(label);
        let label = own.as_ref().unwrap_or(label);
        let known = external::KNOWN_REPOSITORIES.contains(&external::base_name(label.repository()));
        let root = self.workspace.repository_folder(label.repository()).filter(|_| !known);
        let Some(root) = root else {
            if external::base_name(label.repository()) == "bazel_skylib"
                && let Some(own) = bzl::own_module(&label.path())
            {
                return Ok(Module { frozen: own.clone(), messages: Arc::from([]) });
            }
            let frozen = external::module(
                label,
                symbols,
                self.workspace.made_up(label.repository()).map(|hub| &**hub),
            )
            .map_err(Arc::new)?;
            return Ok(Module { frozen, messages: Arc::from([]) });
        };
        if let Some(module) = self.known_module(label) {
            return module;
        }
        if let Some(at) = chain.iter().position(|other| other == label) {
            return Err(Arc::new(cycle(&chain[at..], label)));
        }
        if chain.len() >= limits::LOAD_DEPTH {
            let message = format!("more than {} .bzl files load each other in a row", limits::LOAD_DEPTH);
            return Err(Arc::new(LoadError::new(LoadErrorKind::Evaluation, message)));
        }
        let _turn =
            chain.is_empty().then(|| self.loading_modules.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(module) = self.known_module(label) {
            return module;
        }
        chain.push(label.clone());
        let module = self.load_module(root.join(label.path()), label, chain).map_err(Arc::new);
        chain.pop();
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        modules.insert(label.clone(), module.clone());
        module
    }

    /// In rules_python itself, its public files are what they are elsewhere.
    fn own_rules_python(&self, label: &Label) -> Option<Label> {
        let is_public = label.repository().is_empty() && label.package() == "python";
        if !is_public || self.workspace.module_name() != "rules_python" {
            return None;
        }
        Label::new("rules_python", label.package(), label.name()).ok()
    }

    fn known_module(&self, label: &Label) -> Option<Result<Module, Arc<LoadError>>> {
        self.modules.lock().unwrap_or_else(PoisonError::into_inner).get(label).cloned()
    }

    fn load_module(&self, path: PathBuf, label: &Label, chain: &mut Vec<Label>) -> Result<Module, LoadError> {
        if !label.name().ends_with(".bzl") && !label.name().ends_with(".scl") {
            let message = format!("'{label}' cannot be loaded: the name of a file to load ends with .bzl");
            return Err(LoadError::new(LoadErrorKind::Label, message));
        }
        if !path.is_file() {
            let message = format!("cannot load '{label}': there is no file {}", path.display());
            return Err(LoadError::new(LoadErrorKind::NoTarget, message));
        }
        let source = workspace::read_source(self.workspace.root(), &path)?;
        let id = PackageId::of(label);
        self.file_names.insert(&source.name, id.clone());
        let ast = evaluation::parse(&source, FileKind::Definitions)?;
        let mut messages = Vec::new();
        let loads = self.load_modules(&ast, &id, &source, chain, &mut messages)?;
        let context = Context {
            workspace: self.workspace.clone(),
            package: id,
            file_names: self.file_names.clone(),
            builder: None,
            messages: messages.into(),
        };
        let wanted = Wanted::Module { prelude: Some(bzl::prelude()) };
        let frozen = evaluation::evaluate(ast, bzl::bzl_globals(), &loads, &context, wanted)
            .map_err(|error| error.or_in(&source.name))?;
        let frozen = frozen.ok_or_else(|| LoadError::new(LoadErrorKind::Evaluation, "it has no values"))?;
        Ok(Module { frozen, messages: Arc::from(context.messages.into_inner()) })
    }
}

fn no_package(id: &PackageId, problem: &str) -> LoadError {
    LoadError::new(LoadErrorKind::NoBuildFile, format!("no such package '{id}': {problem}"))
}

fn cycle(chain: &[Label], again: &Label) -> LoadError {
    let names: Vec<String> = chain.iter().chain([again]).map(ToString::to_string).collect();
    LoadError::new(
        LoadErrorKind::Evaluation,
        format!(".bzl files load each other in a circle: {}", names.join(" -> ")),
    )
}
