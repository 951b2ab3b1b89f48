//! One command at work: the workspace opened, patterns expanded, targets analysed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use prepyc_build::analysis::{
    Analysis, AnalysisOptions, Asked, Configuration, DefaultPython, FlagName, Interpreter, OnError, analyze,
};
use prepyc_loading::{Loader, PackageId, Value, Workspace};
use prepyc_plan::{Flags, Given, Label, PythonVersion};

use super::asked::{self, Expanded};
use super::options::{BuildOptions, LabelFlagValue, OnFailure, given};
use super::patterns::Pattern;
use crate::commands::target::find_on_path;

/// A workspace that is open.
pub(super) struct Session {
    pub(super) options: BuildOptions,
    pub(super) loader: Loader,
    pub(super) started: Instant,
}

impl Session {
    /// Reads what the workspace says of itself.
    ///
    /// # Errors
    /// MODULE.bazel or WORKSPACE is wrong, or a pip hub has no such folder.
    pub(super) fn open(options: BuildOptions) -> anyhow::Result<Session> {
        let started = Instant::now();
        let mut workspace = Workspace::discover(&options.workspace.root)?;
        super::pip_hubs::add(&mut workspace, &options)?;
        Ok(Session { loader: Loader::new(workspace)?, options, started })
    }

    /// Analyses what patterns mean.
    ///
    /// # Errors
    /// Whatever is wrong with a BUILD file, a label, an attribute or a flag; with `--keep_going` only what concerns everything.
    pub(super) fn analyze_patterns(&self, patterns: &[Pattern]) -> anyhow::Result<Analysis> {
        let Expanded { asked, mut errors } = asked::expand(&self.loader, patterns, self.on_error())?;
        let mut analysis = self.analyze(&asked)?;
        errors.append(&mut analysis.errors);
        analysis.errors = errors;
        Ok(analysis)
    }

    fn on_error(&self) -> OnError {
        match self.options.execution.on_failure {
            OnFailure::Stop => OnError::Stop,
            OnFailure::KeepGoing => OnError::KeepGoing,
        }
    }

    /// Analyses what was asked for.
    ///
    /// # Errors
    /// Whatever is wrong with a BUILD file, a label, an attribute or a flag.
    pub(super) fn analyze(&self, asked: &[Asked]) -> anyhow::Result<Analysis> {
        let platform = match &self.options.platforms {
            Some(platform) => Some(self.label(&platform.value).context("--platforms")?),
            None => None,
        };
        let options = AnalysisOptions {
            configuration: self.configuration()?,
            extra_toolchains: self.extra_toolchains(),
            platform,
            default_python: self.default_python()?,
            on_error: self.on_error(),
        };
        let mut analysis = analyze(&self.loader, &options, asked)?;
        let filter = &self.options.build_tag_filters;
        let Analysis { requested, targets, .. } = &mut analysis;
        requested.retain(|label| {
            targets.get(label).is_some_and(|target| filter.takes(target.tags.iter().map(String::as_str)))
        });
        let nobody_knows = |facts: &&prepyc_build::analysis::ConfigurationFacts| {
            let python = &facts.toolchains.python;
            python.version.is_none() && python.interpreter == Interpreter::Found
        };
        if !analysis.requested.is_empty() && analysis.configurations.iter().any(|facts| nobody_knows(&facts))
        {
            bail!(
                "which Python to build for is not known: no Python toolchain is registered; register one, or say \
                 --python_version=3.14"
            );
        }
        Ok(analysis)
    }

    fn extra_toolchains(&self) -> Vec<(String, Given)> {
        let extra = self.options.extra_toolchains.iter();
        extra.map(|pattern| (pattern.value.clone(), given(&pattern.origin))).collect()
    }

    /// The flags under which the build stands.
    fn configuration(&self) -> anyhow::Result<Configuration> {
        let mut configuration = Configuration::unset();
        add_precompiling_flags(&mut configuration, &self.options.flags);
        if let Some(version) = &self.options.python_version {
            configuration.add(FlagName::python_version(), &version.value, given(&version.origin));
        }
        for (name, value) in &self.options.defines {
            let define = FlagName::Native(Arc::from("define"));
            configuration.add(define, &format!("{name}={value}"), Given::CommandLine);
        }
        for flag in &self.options.label_flags {
            let label = self.label(&flag.label).with_context(|| format!("--{}", flag.label))?;
            let value = match &flag.value {
                LabelFlagValue::Text(text) => text.as_str(),
                LabelFlagValue::On => "True",
                LabelFlagValue::Off => "False",
            };
            configuration.add(FlagName::of_label(&label), value, given(&flag.origin));
        }
        Ok(configuration)
    }

    fn label(&self, text: &str) -> anyhow::Result<Label> {
        let top = PackageId { repository: Arc::from(""), name: Arc::from("") };
        Ok(self.loader.workspace().resolve_label(text, &top)?)
    }

    /// The Python where no toolchain is registered: `--python`, else the default of MODULE.bazel's `python.toolchain`s.
    fn default_python(&self) -> anyhow::Result<DefaultPython> {
        let search_path = env::var_os("PATH").unwrap_or_default();
        let interpreter =
            match &self.options.python {
                None => None,
                Some(named) if named.components().count() > 1 => Some(
                    std::path::absolute(named).with_context(|| format!("--python={}", named.display()))?,
                ),
                Some(name) => Some(find_on_path(name, &search_path).into_iter().next().ok_or_else(|| {
                    anyhow!("--python={}: there is no such program on PATH", name.display())
                })?),
            };
        let version = match (&self.options.python_version, &interpreter) {
            (Some(_), _) => None,
            (None, Some(interpreter)) => Some(version_of(interpreter)?),
            (None, None) => self.module_version()?,
        };
        Ok(DefaultPython { version, interpreter, search_path: env::split_paths(&search_path).collect() })
    }

    /// What MODULE.bazel's `python.toolchain(python_version = …, is_default = True)` says, or the only one.
    fn module_version(&self) -> anyhow::Result<Option<PythonVersion>> {
        let tags = self.loader.workspace().extension_tags().iter();
        let toolchains: Vec<_> = tags
            .filter(|tag| tag.extension == "python" && matches!(&*tag.tag, "toolchain" | "defaults"))
            .collect();
        let is_default = |value: Option<&Value>| value == Some(&Value::Bool(true));
        let chosen = match &toolchains[..] {
            [only] => Some(only),
            several => several
                .iter()
                .find(|tag| tag.tag == "defaults" || is_default(tag.arguments.get("is_default"))),
        };
        let Some(tag) = chosen else { return Ok(None) };
        let Some(Value::String(version)) = tag.arguments.get("python_version") else { return Ok(None) };
        let mut numbers = version.split('.').map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Some(PythonVersion { major, minor })),
            _ => bail!("{}: python_version: {version:?} is no Python version such as 3.14", tag.location),
        }
    }
}

/// The flags that were set, by their names.
fn add_precompiling_flags(configuration: &mut Configuration, flags: &Flags) {
    let mut add = |name: &str, value: &str, given: Given| {
        let flag = match name {
            "compilation_mode" => Some(FlagName::Native(Arc::from(name))),
            _ => FlagName::precompiling(name),
        };
        if let Some(flag) = flag.filter(|_| given != Given::Default) {
            configuration.add(flag, value, given);
        }
    };
    add("precompile", flags.precompile.value.word(), flags.precompile.given);
    let retention = &flags.precompile_source_retention;
    add("precompile_source_retention", retention.value.word(), retention.given);
    add("add_srcs_to_runfiles", flags.add_srcs_to_runfiles.value.word(), flags.add_srcs_to_runfiles.given);
    add("exec_tools_toolchain", flags.exec_tools_toolchain.value.word(), flags.exec_tools_toolchain.given);
    add("compilation_mode", flags.compilation_mode.value.word(), flags.compilation_mode.given);
    add("pyc_only", flags.pyc_only.value.word(), flags.pyc_only.given);
    let levels = &flags.precompile_optimize_levels;
    add("precompile_optimize_levels", &levels.value.to_string(), levels.given);
    add("on_precompile_error", flags.on_precompile_error.value.word(), flags.on_precompile_error.given);
    for (key, value) in flags.execution_requirements.value.iter() {
        let given = flags.execution_requirements.given;
        add("execution_requirements", &format!("{key}={value}"), given);
    }
}

/// Asks an interpreter for its version.
fn version_of(interpreter: &Path) -> anyhow::Result<PythonVersion> {
    let program = "import sys; print(sys.version_info[0], sys.version_info[1])";
    let output = Command::new(interpreter).args(["-I", "-S", "-c", program]).output();
    let output = output.with_context(|| format!("--python: {} cannot be started", interpreter.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u32> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [major, minor] if output.status.success() => Ok(PythonVersion { major, minor }),
        _ => bail!("--python: {} does not say its version; is it a Python?", interpreter.display()),
    }
}

/// An interpreter by its version, for whoever has to start one.
pub(super) fn interpreter_on_path(version: Option<PythonVersion>) -> Option<PathBuf> {
    let search_path = env::var_os("PATH").unwrap_or_default();
    let exact = version.map(|version| format!("python{version}"));
    exact.into_iter().find_map(|name| find_on_path(name, &search_path).into_iter().next())
}
