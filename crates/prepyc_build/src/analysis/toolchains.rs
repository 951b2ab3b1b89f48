//! Which Python a configuration is built for, and who precompiles there.
//!
//! As Bazel resolves toolchains: the registered ones in order, the first whose settings and constraints hold
//! (<https://bazel.build/extending/toolchains#toolchain-resolution>).

use std::path::{Path, PathBuf};

use prepyc_loading::{LoadErrorKind, Loader, PackageId, Rule, Target, Value};
use prepyc_plan::{Given, Label, Precompiler, PythonVersion, Runtime, Toolchain};

use super::condition::{Conditions, MAX_ALIASES};
use super::configuration::is_rules_python;
use super::error::AnalysisError;
use super::found::{Declared, Named, look_up};
use super::labels::Referent;
use super::target::{Interpreter, PrecompilerTool, Python};

/// The Python to take where no toolchain is registered.
#[derive(Clone, Debug, Default)]
pub struct DefaultPython {
    /// Its version, if anyone said so outside of BUILD files.
    pub version: Option<PythonVersion>,
    /// Its interpreter, if one was named.
    pub interpreter: Option<PathBuf>,
    /// Where `python3.14` is looked for where only a version is known: the folders of PATH.
    pub search_path: Vec<PathBuf>,
}

/// The toolchains of one configuration.
#[derive(Clone, Debug)]
pub struct Toolchains {
    /// What the plan has to know.
    pub planned: Toolchain,
    /// What runs programs.
    pub python: Python,
    /// What precompiles, if it is not prepyc.
    pub precompiler: Option<PrecompilerTool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ToolchainType {
    Python,
    ExecTools,
}

impl ToolchainType {
    fn of(label: &Label) -> Option<ToolchainType> {
        let repository = label.repository();
        let is_ours = is_rules_python(repository) && label.package() == "python"
            || repository == "bazel_tools" && label.package() == "tools/python";
        match label.name() {
            "toolchain_type" if is_ours => Some(ToolchainType::Python),
            "exec_tools_toolchain_type" if is_ours => Some(ToolchainType::ExecTools),
            _ => None,
        }
    }
}

/// The `toolchain` targets that are registered, in order.
///
/// Those of repositories that are not here bring interpreters that are not here either: they are left out.
pub(crate) fn registered(loader: &Loader, extra: &[(String, Given)]) -> Result<Vec<Label>, AnalysisError> {
    let mut toolchains = Vec::new();
    let here = PackageId { repository: "".into(), name: "".into() };
    for (pattern, given) in extra.iter().rev() {
        toolchains.extend(extra_toolchains(loader, pattern, *given, &here)?);
    }
    for registration in loader.workspace().registered_toolchains() {
        for label in labels_of(loader, &registration.pattern, &here).map_err(|error| {
            AnalysisError::at(&registration.location, format!("register_toolchains: {error}"))
        })? {
            toolchains.push(label);
        }
    }
    Ok(toolchains)
}

/// What `--extra_toolchains` names. What was typed has to be there; a `.bazelrc` may name repositories that are not.
fn extra_toolchains(
    loader: &Loader,
    pattern: &str,
    given: Given,
    here: &PackageId,
) -> Result<Vec<Label>, AnalysisError> {
    let bad = |problem: String| AnalysisError::Given(format!("--extra_toolchains: {problem}"));
    let labels = labels_of(loader, pattern, here).map_err(|error| bad(error.to_string()))?;
    if labels.is_empty() && given == Given::CommandLine {
        return Err(bad(format!("{pattern} names no toolchain")));
    }
    for label in &labels {
        if let Named::Target(found) = look_up(loader, label)?
            && found.target().rule == Rule::Toolchain
        {
            continue;
        }
        return Err(bad(format!("{label} is no toolchain(…) target")));
    }
    Ok(labels)
}

/// What a pattern comes to: a label by itself, or the toolchains of one package or of all below a folder.
fn labels_of(
    loader: &Loader,
    pattern: &str,
    here: &PackageId,
) -> Result<Vec<Label>, std::sync::Arc<prepyc_loading::LoadError>> {
    let is_missing = |error: &prepyc_loading::LoadError| error.kind() == LoadErrorKind::NoRepository;
    let (packages, rest) = match (pattern.strip_suffix(":all"), pattern.split_once("...")) {
        (Some(package), None) => {
            let label = loader.workspace().resolve_label(&format!("{package}:all"), here)?;
            (vec![PackageId::of(&label)], None)
        }
        (_, Some((folder, _))) => {
            let folder = folder.trim_end_matches('/');
            let folder = if folder.is_empty() || folder.ends_with('@') {
                format!("{folder}//")
            } else {
                folder.to_owned()
            };
            let label = loader.workspace().resolve_label(&format!("{folder}:all"), here)?;
            match loader.packages_below(label.repository(), label.package()) {
                Ok(packages) => (packages, None),
                Err(error) if is_missing(&error) => (Vec::new(), None),
                Err(error) => return Err(std::sync::Arc::new(error)),
            }
        }
        (None, None) => (Vec::new(), Some(loader.workspace().resolve_label(pattern, here)?)),
    };
    let mut labels = Vec::new();
    if let Some(label) = rest {
        match look_up(loader, &label) {
            Ok(_) => labels.push(label),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    for package in packages {
        match loader.package(&package) {
            Ok(package) => {
                let toolchains = package.targets.values().filter(|target| target.rule == Rule::Toolchain);
                labels.extend(toolchains.map(|target| target.label.clone()));
            }
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(labels)
}

impl Conditions<'_> {
    /// Resolves both kinds of toolchain.
    pub(crate) fn toolchains(
        &self,
        registered: &[Label],
        default: &DefaultPython,
    ) -> Result<Toolchains, AnalysisError> {
        let flag = self.configuration.python_version().map_err(|error| {
            AnalysisError::Given(format!("--@rules_python//python/config_settings:python_version: {error}"))
        })?;
        let (runtime, python) = match self.first(registered, ToolchainType::Python)? {
            Some(toolchain) => self.runtime(&toolchain, flag)?,
            None => default_python(flag, default),
        };
        let (precompiler, program) = match self.first(registered, ToolchainType::ExecTools)? {
            Some(toolchain) => self.exec_tools(&toolchain, &python)?,
            None => (Precompiler::Stock, None),
        };
        Ok(Toolchains { planned: Toolchain { precompiler, runtime }, python, precompiler: program })
    }

    /// The toolchain that a registered `toolchain` target of that type leads to.
    fn first(&self, registered: &[Label], wanted: ToolchainType) -> Result<Option<Declared>, AnalysisError> {
        for label in registered {
            let Named::Target(found) = look_up(self.loader, label)? else { continue };
            let target = found.target();
            let kind = self.label(target, "toolchain_type")?;
            if kind.as_ref().and_then(ToolchainType::of) != Some(wanted) || !self.is_compatible(target)? {
                continue;
            }
            let Some(toolchain) = self.label(target, "toolchain")? else {
                return Err(AnalysisError::at(&target.location, format!("{label}: toolchain is not set")));
            };
            return match self.refer(target, &toolchain)? {
                Referent::Target(found) => Ok(Some(found)),
                Referent::File(_) => {
                    Err(AnalysisError::at(&target.location, format!("{label}: {toolchain} is a file")))
                }
            };
        }
        Ok(None)
    }

    fn is_compatible(&self, toolchain: &Target) -> Result<bool, AnalysisError> {
        for name in ["target_compatible_with", "exec_compatible_with"] {
            if self.labels(toolchain, name)?.iter().any(|constraint| !self.platform.has(constraint)) {
                return Ok(false);
            }
        }
        for setting in self.labels(toolchain, "target_settings")? {
            if self.demands(&setting, &toolchain.location, MAX_ALIASES)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn runtime(
        &self,
        toolchain: &Declared,
        flag: Option<PythonVersion>,
    ) -> Result<(Runtime, Python), AnalysisError> {
        let pair = toolchain.target();
        let runtime = match pair.rule {
            Rule::PyRuntime => toolchain.clone(),
            Rule::PyRuntimePair => {
                let label = self.label(pair, "py3_runtime")?.ok_or_else(|| {
                    AnalysisError::at(&pair.location, format!("{}: py3_runtime is not set", pair.label))
                })?;
                match self.refer(pair, &label)? {
                    Referent::Target(found) if found.target().rule == Rule::PyRuntime => found,
                    _ => {
                        let message = format!("{}: {label} is no py_runtime", pair.label);
                        return Err(AnalysisError::at(&pair.location, message));
                    }
                }
            }
            ref rule => {
                let message =
                    format!("{}: a Python toolchain is a py_runtime_pair, not a {rule}", pair.label);
                return Err(AnalysisError::at(&pair.location, message));
            }
        };
        self.py_runtime(runtime.target(), flag)
    }

    fn py_runtime(
        &self,
        target: &Target,
        flag: Option<PythonVersion>,
    ) -> Result<(Runtime, Python), AnalysisError> {
        let bad = |problem: &str| AnalysisError::at(&target.location, format!("{}: {problem}", target.label));
        let info = self.dict(target, "interpreter_version_info")?;
        let number =
            |key: &str| info.iter().find(|(name, _)| name == key).map(|(_, text)| text.parse::<u32>());
        let version = match (number("major"), number("minor")) {
            (Some(Ok(major)), Some(Ok(minor))) => Some(PythonVersion { major, minor }),
            (None, None) => flag,
            _ => return Err(bad("interpreter_version_info needs whole numbers for major and minor")),
        };
        let path = self.text(target, "interpreter_path")?;
        let interpreter = match (path, self.label(target, "interpreter")?) {
            (Some(path), None) if Path::new(&path).is_absolute() => Interpreter::Path(PathBuf::from(path)),
            (Some(_), None) => return Err(bad("interpreter_path has to be absolute")),
            (None, Some(label)) => match self.refer(target, &label)? {
                Referent::File(file) => Interpreter::File(file),
                Referent::Target(_) => {
                    return Err(bad("interpreter has to be a file: prepyc build makes no interpreters"));
                }
            },
            (Some(_), Some(_)) => return Err(bad("interpreter and interpreter_path are both set")),
            (None, None) => return Err(bad("neither interpreter nor interpreter_path is set")),
        };
        let name = self.text(target, "implementation_name")?.filter(|name| !name.is_empty());
        let runtime = Runtime {
            pyc_tag: self.text(target, "pyc_tag")?.map(|tag| tag.as_str().into()),
            implementation_name: Some(name.as_deref().unwrap_or("cpython").into()),
            python_version: version,
        };
        let files = self.referents(target, "files")?.files;
        Ok((runtime, Python { version, interpreter, files }))
    }

    /// A text that an attribute holds, if it is set.
    pub(crate) fn text(&self, target: &Target, name: &str) -> Result<Option<String>, AnalysisError> {
        Ok(self.attribute(target, name)?.as_ref().and_then(as_string))
    }

    /// The constraint values of a `platform` target, and of its parents where it has none of the same setting.
    pub(crate) fn platform_values(&self, label: &Label) -> Result<Vec<Label>, AnalysisError> {
        let mut values: Vec<Label> = Vec::new();
        let mut settings: Vec<Label> = Vec::new();
        let mut next = Some(label.clone());
        for _ in 0..MAX_ALIASES {
            let Some(label) = next.take() else { break };
            let Named::Target(found) = look_up(self.loader, &label)? else {
                return Err(AnalysisError::Given(format!("--platforms: {label} is no platform")));
            };
            let target = found.target();
            let attribute = match target.rule {
                Rule::Platform => "parents",
                Rule::Alias => "actual",
                _ => return Err(AnalysisError::Given(format!("--platforms: {label} is no platform"))),
            };
            for value in self.labels(target, "constraint_values")? {
                let setting = self.setting_of(&value)?;
                if !settings.contains(&setting) {
                    settings.push(setting);
                    values.push(value);
                }
            }
            next = self.labels(target, attribute)?.into_iter().next();
        }
        Ok(values)
    }

    /// The setting of a constraint value: for those of other repositories, their package.
    fn setting_of(&self, value: &Label) -> Result<Label, AnalysisError> {
        if let Some(repository) = value.repository().strip_suffix("platforms")
            && repository.is_empty()
        {
            return Ok(Label::new("platforms", value.package(), "setting").unwrap_or_else(|_| value.clone()));
        }
        match look_up(self.loader, value)? {
            Named::Target(found) => {
                let setting = self.label(found.target(), "constraint_setting")?;
                Ok(setting.unwrap_or_else(|| value.clone()))
            }
            Named::File(_) => Ok(value.clone()),
        }
    }
}

pub(super) fn as_string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The Python of that version that the machine has.
fn default_python(flag: Option<PythonVersion>, default: &DefaultPython) -> (Runtime, Python) {
    let version = flag.or(default.version);
    let runtime = version.map_or_else(Runtime::unknown, Runtime::cpython);
    let interpreter = match (&default.interpreter, version) {
        (Some(path), _) => Interpreter::Path(path.clone()),
        (None, Some(version)) => {
            let found = find_in(&default.search_path, &format!("python{version}"));
            found.map_or(Interpreter::Found, Interpreter::Path)
        }
        (None, None) => Interpreter::Found,
    };
    (runtime, Python { version, interpreter, files: Vec::new() })
}

fn find_in(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}
