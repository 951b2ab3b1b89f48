//! `py_library`, `py_binary` and `py_test`: from attributes to what the plan and a tree of runfiles are made from.

use prepyc_loading::{Location, Rule, Target, Value};
use prepyc_plan::{
    Attributes, ConfiguredLabel, Executable, FileOrigin, Kind, Label, Main, OptimizeAttribute, SettingError,
    SourceFile, ToolchainId,
};

use super::condition::Conditions;
use super::configuration::{Configuration, FlagName, is_rules_python, parse_python_version};
use super::error::AnalysisError;
use super::found::Declared;
use super::labels::Referent;
use super::target::{File, Flakiness, InitFiles, Program, Python, PythonTarget, TestSettings, Timeout};

/// What a Python target refers to, each in the configuration that refers to it.
pub(crate) struct Needed {
    pub(crate) deps: Vec<Declared>,
    pub(crate) data: Vec<Declared>,
}

/// A Python target, all but its dependencies, whose configurations have to be found out first.
pub(crate) struct Drafted {
    pub(crate) sources: Vec<File>,
    pub(crate) data_files: Vec<File>,
    pub(crate) needed: Needed,
}

/// Whether a rule is one of Python's three.
pub(crate) fn is_python(rule: &Rule) -> bool {
    matches!(rule, Rule::PyLibrary | Rule::PyBinary | Rule::PyTest)
}

impl Conditions<'_> {
    /// The configuration that a target asks for, coming from the one at hand: `python_version` and `config_settings`.
    pub(crate) fn transition(&self, target: &Target) -> Result<Configuration, AnalysisError> {
        let mut configuration = self.configuration.clone();
        if !matches!(target.rule, Rule::PyBinary | Rule::PyTest) {
            return Ok(configuration);
        }
        let bad =
            |problem: String| AnalysisError::at(&target.location, format!("{}: {problem}", target.label));
        if let Some(version) = self.text(target, "python_version")?
            && !matches!(&*version, "" | "PY3")
        {
            parse_python_version(&version).map_err(|error| bad(format!("python_version: {error}")))?;
            configuration.replace(FlagName::python_version(), &version, None);
        }
        for (flag, value) in self.dict(target, "config_settings")? {
            if flag.contains("//command_line_option:") {
                let name = flag.rsplit(':').next().unwrap_or_default();
                configuration.replace(FlagName::Native(name.into()), &value, None);
                continue;
            }
            let label: Label = flag.parse().map_err(|error| bad(format!("config_settings: {error}")))?;
            let name = FlagName::of_label(&label);
            if let FlagName::Setting(label) = &name
                && !is_rules_python(label.repository())
                && let Some(problem) = self.problem_with(label, &value)?
            {
                return Err(bad(format!("config_settings: {problem}")));
            }
            let default = match &name {
                FlagName::Setting(label) if self.configuration.value(&name).is_none() => {
                    self.default_of(label)?.and_then(|default| default.into_iter().next())
                }
                _ => None,
            };
            configuration.replace(name, &value, default.as_deref());
        }
        configuration
            .precompiling_flags()
            .and_then(|flags| flags.check())
            .map_err(|error| bad(format!("config_settings: {error}")))?;
        Ok(configuration)
    }

    /// Reads what a Python target refers to.
    pub(crate) fn draft(&self, target: &Target) -> Result<Drafted, AnalysisError> {
        let mut sources = Vec::new();
        let mut data_files = Vec::new();
        let srcs = self.referents(target, "srcs")?;
        for file in srcs.files {
            let extension = file.label.basename().rsplit_once('.').map(|(_, extension)| extension);
            match extension {
                Some("py") => sources.push(file),
                _ => data_files.push(file),
            }
        }
        if let Some(found) = srcs.targets.first() {
            return Err(self.opaque(target, "srcs", found.target(), "its files are not known"));
        }
        let data = self.referents(target, "data")?;
        data_files.extend(data.files);
        if let Some(found) = data.targets.iter().find(|found| !is_python(&found.target().rule)) {
            return Err(self.opaque(target, "data", found.target(), "its files are not known"));
        }
        let mut deps = Vec::new();
        for label in self.labels(target, "deps")? {
            match self.refer(target, &label)? {
                Referent::Target(found) if is_python(&found.target().rule) => deps.push(found),
                Referent::Target(found) => {
                    return Err(self.opaque(target, "deps", found.target(), "it brings no Python"));
                }
                Referent::File(_) => {
                    let message =
                        format!("{}: deps: {label} is a file; files go into srcs or data", target.label);
                    return Err(AnalysisError::at(&target.location, message));
                }
            }
        }
        self.check_testonly(target, deps.iter().chain(&data.targets))?;
        Ok(Drafted { sources, data_files, needed: Needed { deps, data: data.targets } })
    }

    /// Something in an attribute is of a rule that cannot be there, or that nothing is known of.
    fn opaque(&self, target: &Target, name: &str, other: &Target, why: &str) -> AnalysisError {
        let message = match other.rule {
            Rule::Unknown(_) => format!(
                "{}: {name}: {} is a {}, a rule that prepyc build does not know ({}): {why}",
                target.label, other.label, other.rule, other.location
            ),
            _ => format!("{}: {name}: {} is a {}: {why}", target.label, other.label, other.rule),
        };
        AnalysisError::at(&target.location, message)
    }

    fn check_testonly<'f>(
        &self,
        target: &Target,
        others: impl Iterator<Item = &'f Declared>,
    ) -> Result<(), AnalysisError> {
        if target.rule == Rule::PyTest || self.truth(target, "testonly")? == Some(true) {
            return Ok(());
        }
        for found in others {
            let other = found.target();
            let testonly = match self.truth(other, "testonly")? {
                Some(testonly) => testonly,
                None => other.rule == Rule::PyTest || found.package().default_testonly,
            };
            if testonly {
                let message = format!(
                    "{}: {} is testonly; what is not testonly itself cannot depend on it",
                    target.label, other.label
                );
                return Err(AnalysisError::at(&target.location, message));
            }
        }
        Ok(())
    }

    /// A truth value, if it is set. Bazel takes 0 and 1 as well.
    pub(crate) fn truth(&self, target: &Target, name: &str) -> Result<Option<bool>, AnalysisError> {
        Ok(match self.attribute(target, name)? {
            Some(Value::Bool(value)) => Some(value),
            Some(Value::Integer(number)) => Some(number != 0),
            _ => None,
        })
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, target: &Target, name: &str) -> Result<Vec<String>, AnalysisError> {
        Ok(match self.attribute(target, name)? {
            Some(Value::List(values)) => values
                .into_iter()
                .filter_map(|value| match value {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        })
    }

    /// The target as the plan takes it.
    pub(crate) fn planned(
        &self,
        target: &Target,
        label: &ConfiguredLabel,
        sources: &[File],
        deps: &[ConfiguredLabel],
        toolchain: ToolchainId,
    ) -> Result<prepyc_plan::Target, AnalysisError> {
        let srcs = sources
            .iter()
            .map(|file| SourceFile { label: file.label.clone(), origin: FileOrigin::Workspace });
        let kind = match target.rule {
            Rule::PyLibrary => Kind::Library,
            Rule::PyTest => Kind::Test(self.executable(target)?),
            _ => Kind::Binary(self.executable(target)?),
        };
        Ok(prepyc_plan::Target {
            label: label.label.clone(),
            configuration: label.configuration,
            toolchain,
            kind,
            attributes: self.precompiling_attributes(target)?,
            srcs: srcs.collect(),
            deps: deps.to_vec(),
        })
    }

    fn executable(&self, target: &Target) -> Result<Executable, AnalysisError> {
        let main = match (self.label(target, "main")?, self.text(target, "main_module")?) {
            (Some(_), Some(_)) => {
                let message = format!("{}: main and main_module are both set", target.label);
                return Err(AnalysisError::at(&target.location, message));
            }
            (Some(main), None) => Main::File(main.name().to_owned()),
            (None, Some(module)) => Main::Module(module),
            (None, None) => Main::ByName,
        };
        let pyc_collection = self.setting(target, "pyc_collection")?;
        Ok(Executable {
            main,
            pyc_collection: pyc_collection.unwrap_or(prepyc_plan::PycCollectionAttribute::Inherit),
            extra_deps: Vec::new(),
        })
    }

    fn precompiling_attributes(&self, target: &Target) -> Result<Attributes, AnalysisError> {
        let mut attributes = Attributes::unset();
        if let Some(value) = self.setting(target, "precompile")? {
            attributes.precompile = value;
        }
        if let Some(value) = self.setting(target, "precompile_source_retention")? {
            attributes.precompile_source_retention = value;
        }
        if let Some(value) = self.setting(target, "precompile_invalidation_mode")? {
            attributes.precompile_invalidation_mode = value;
        }
        if let Some(Value::Integer(level)) = self.attribute(target, "precompile_optimize_level")? {
            attributes.precompile_optimize_level =
                OptimizeAttribute::from_integer(level).map_err(|error| setting_error(target, &error))?;
        }
        Ok(attributes)
    }

    /// An attribute with a few words as values.
    fn setting<T: std::str::FromStr<Err = SettingError>>(
        &self,
        target: &Target,
        name: &str,
    ) -> Result<Option<T>, AnalysisError> {
        let text = self.text(target, name)?;
        text.map(|text| text.parse().map_err(|error| setting_error(target, &error))).transpose()
    }

    /// What a binary or test is started with.
    pub(crate) fn program(&self, target: &Target, python: &Python) -> Result<Program, AnalysisError> {
        // Bazel's `legacy_create_init` is -1, `auto`, where it is not set, which is true.
        let creates_init_files = match self.attribute(target, "legacy_create_init")? {
            Some(Value::Integer(0) | Value::Bool(false)) => InitFiles::AsTheyAre,
            _ => InitFiles::Created,
        };
        let test = match target.rule {
            Rule::PyTest => Some(self.test_settings(target)?),
            _ => None,
        };
        Ok(Program {
            args: self.texts(target, "args")?,
            env: self.dict(target, "env")?,
            env_inherit: self.texts(target, "env_inherit")?,
            interpreter_args: self.texts(target, "interpreter_args")?,
            creates_init_files,
            test,
            python: python.clone(),
        })
    }

    /// <https://bazel.build/reference/be/common-definitions#test.size>
    fn test_settings(&self, target: &Target) -> Result<TestSettings, AnalysisError> {
        let bad =
            |problem: String| AnalysisError::at(&target.location, format!("{}: {problem}", target.label));
        let size = self.text(target, "size")?;
        let by_size = match size.as_deref().unwrap_or("medium") {
            "small" => "short",
            "medium" => "moderate",
            "large" => "long",
            "enormous" => "eternal",
            other => return Err(bad(format!("size: {other:?} is none of small, medium, large, enormous"))),
        };
        let timeout = self.text(target, "timeout")?;
        let timeout = match timeout.as_deref().unwrap_or(by_size) {
            "short" => Timeout::Short,
            "moderate" => Timeout::Moderate,
            "long" => Timeout::Long,
            "eternal" => Timeout::Eternal,
            other => {
                return Err(bad(format!("timeout: {other:?} is none of short, moderate, long, eternal")));
            }
        };
        let flaky = match self.truth(target, "flaky")? {
            Some(true) => Flakiness::Flaky,
            _ => Flakiness::Steady,
        };
        let shards = match self.attribute(target, "shard_count")? {
            Some(Value::Integer(count @ 0..=50)) => u32::try_from(count).unwrap_or(0),
            Some(Value::Integer(count)) if count != -1 => {
                return Err(bad(format!("shard_count: {count} is not between 0 and 50")));
            }
            _ => 0,
        };
        Ok(TestSettings { timeout, flaky, shards })
    }

    /// `imports`, as folders in a tree of runfiles.
    pub(crate) fn imports(&self, target: &Target) -> Result<Vec<String>, AnalysisError> {
        let texts = self.texts(target, "imports")?;
        texts.iter().map(|text| import_folder(&target.label, text, &target.location)).collect()
    }
}

fn setting_error(target: &Target, error: &SettingError) -> AnalysisError {
    AnalysisError::at(&target.location, format!("{}: {error}", target.label))
}

/// An import of a target, relative to its package, as a folder in a tree of runfiles.
fn import_folder(label: &Label, import: &str, location: &Location) -> Result<String, AnalysisError> {
    let bad = |problem: &str| AnalysisError::at(location, format!("{label}: imports: {import:?} {problem}"));
    if import.starts_with('/') {
        return Err(bad("is absolute; imports are relative to their package"));
    }
    let repository = match label.repository() {
        "" => prepyc_plan::MAIN_REPOSITORY,
        repository => repository,
    };
    let mut folder: Vec<&str> = Vec::new();
    let package = label.package().split('/').filter(|component| !component.is_empty());
    for component in std::iter::once(repository).chain(package).chain(import.split('/')) {
        match component {
            "" | "." => {}
            ".." => {
                folder.pop();
                if folder.is_empty() {
                    return Err(bad("leads out of its repository"));
                }
            }
            component => folder.push(component),
        }
    }
    Ok(folder.join("/"))
}

impl PythonTarget {
    /// Whether it is a binary or a test.
    pub fn is_program(&self) -> bool {
        self.program.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::condition::as_label;

    #[test]
    fn imports_stay_in_their_repository() {
        let location = Location { file: std::sync::Arc::from(std::path::Path::new("a/BUILD")), line: 3 };
        let label: Label = "//a/b:c".parse().unwrap();
        let folder =
            |import: &str| import_folder(&label, import, &location).map_err(|error| error.to_string());
        assert_eq!(folder("src/.").unwrap(), "_main/a/b/src");
        assert_eq!(folder("../..").unwrap(), "_main");
        assert!(folder("../../..").unwrap_err().starts_with("a/BUILD:3: //a/b:c: imports: "));
        assert!(folder("/x").unwrap_err().contains("absolute"));
        let label: Label = "@pip_six//:pkg".parse().unwrap();
        assert_eq!(import_folder(&label, "site-packages", &location).unwrap(), "pip_six/site-packages");
        assert_eq!(as_label(&Value::String("//a".to_owned())), Some("//a:a".parse().unwrap()));
    }
}
