//! A configuration: the values of all flags under which a target is looked at.
//!
//! Flags are Bazel's own (`compilation_mode`) or build settings, which are labels. Whoever sets a flag to the value that it
//! has anyway changes nothing: so two binaries that ask for the same are in the same configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prepyc_plan::{Flags, Given, Label, PythonVersion, SettingError};

/// The repository whose flags decide about precompiling.
const RULES_PYTHON: &str = "rules_python";
const FLAG_PACKAGE: &str = "python/config_settings";

/// Flags of rules_python's that decide about precompiling, and those of prepyc's own beside them, with their defaults.
const PRECOMPILING_FLAGS: [(&str, &str); 7] = [
    ("precompile", "auto"),
    ("precompile_source_retention", "auto"),
    ("add_srcs_to_runfiles", "auto"),
    ("exec_tools_toolchain", "enabled"),
    ("pyc_only", "auto"),
    ("precompile_optimize_levels", "auto"),
    ("on_precompile_error", "auto"),
];

/// `--precompile`, where nothing is.
const NOTHING_PRECOMPILED: &str = "force_disabled";

/// Flags that rules_python had once; the plan says what became of them.
const REMOVED_FLAGS: [&str; 2] = ["pyc_collection", "precompile_add_to_runfiles"];

/// A flag by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlagName {
    /// One of Bazel's own, without dashes: `compilation_mode`, `define`, `cpu`.
    Native(Arc<str>),
    /// A build setting.
    Setting(Label),
}

impl fmt::Display for FlagName {
    /// `--compilation_mode`, `--//pkg:flag`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlagName::Native(name) => write!(f, "--{name}"),
            FlagName::Setting(label) => write!(f, "--{label}"),
        }
    }
}

impl FlagName {
    /// A flag of precompiling by its last name.
    pub fn precompiling(name: &str) -> Option<FlagName> {
        let known = name == "execution_requirements"
            || REMOVED_FLAGS.contains(&name)
            || PRECOMPILING_FLAGS.iter().any(|(known, _)| *known == name);
        let package = if name == "execution_requirements" { "tools/precompiler" } else { FLAG_PACKAGE };
        known.then(|| rules_python_flag(package, name))
    }

    /// `@rules_python//python/config_settings:python_version`
    pub fn python_version() -> FlagName {
        rules_python_flag(FLAG_PACKAGE, "python_version")
    }

    /// The flag that a label names; whatever name rules_python goes by, its flags are known.
    pub fn of_label(label: &Label) -> FlagName {
        match is_rules_python(label.repository()) {
            true => rules_python_flag(label.package(), label.name()),
            false => FlagName::Setting(label.clone()),
        }
    }

    /// The name that the plan knows the flag by.
    fn planned(&self) -> Option<&str> {
        match self {
            FlagName::Native(name) if &**name == "compilation_mode" => Some("compilation_mode"),
            FlagName::Native(_) => None,
            FlagName::Setting(label) => {
                let name = label.name();
                (FlagName::precompiling(name).as_ref() == Some(self)).then_some(name)
            }
        }
    }

    /// What a flag is where nobody sets it, as far as that is known without its target.
    fn default_value(&self) -> Option<&'static str> {
        match self {
            FlagName::Native(name) => match &**name {
                "compilation_mode" => Some("fastbuild"),
                "stamp" | "collect_code_coverage" => Some("false"),
                "cpu" | "host_cpu" => Some(host_cpu()),
                _ => None,
            },
            FlagName::Setting(label) if is_rules_python(label.repository()) => {
                let known = PRECOMPILING_FLAGS.iter().find(|(known, _)| *known == label.name());
                Some(known.map_or("", |(_, default)| default))
            }
            FlagName::Setting(_) => None,
        }
    }
}

fn rules_python_flag(package: &str, name: &str) -> FlagName {
    let label = Label::new(RULES_PYTHON, package, name);
    FlagName::Setting(label.expect("parts of a label make a label"))
}

/// Whether that repository is rules_python, by its apparent or one of its canonical names.
pub(crate) fn is_rules_python(repository: &str) -> bool {
    repository.trim_end_matches(['+', '~']) == RULES_PYTHON
}

/// Bazel's name for the processor of this machine.
fn host_cpu() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "darwin_arm64",
        ("macos", _) => "darwin_x86_64",
        (_, "x86_64") => "k8",
        (_, arch) => arch,
    }
}

/// What a flag was set to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct FlagValues {
    /// Every value, in order; of a flag that is not repeatable the last counts.
    values: Vec<String>,
    given: Given,
}

/// The flags that are not as they are by default.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Configuration {
    flags: BTreeMap<FlagName, FlagValues>,
}

impl Configuration {
    /// Every flag at its default.
    pub fn unset() -> Configuration {
        Configuration { flags: BTreeMap::new() }
    }

    /// Sets a flag, or adds a value to one that takes several.
    pub fn add(&mut self, name: FlagName, value: &str, given: Given) {
        let flag = self.flags.entry(name).or_insert_with(|| FlagValues { values: Vec::new(), given });
        flag.values.push(value.to_owned());
        flag.given = given;
    }

    /// Sets a flag to one value, as a transition does.
    pub(crate) fn replace(&mut self, name: FlagName, value: &str, default: Option<&str>) {
        let now = self.value(&name).or(default);
        if now != Some(value) {
            let value = FlagValues { values: vec![value.to_owned()], given: Given::ConfigSettings };
            self.flags.insert(name, value);
        }
    }

    /// This one as programs are built under that run while building: they are not precompiled.
    pub(crate) fn for_tools(mut self) -> Configuration {
        if let Some(pyc_only) = FlagName::precompiling("pyc_only") {
            self.flags.remove(&pyc_only);
        }
        if let Some(precompile) = FlagName::precompiling("precompile") {
            self.replace(precompile, NOTHING_PRECOMPILED, None);
        }
        self
    }

    /// Whether no target is precompiled, whatever it says.
    pub(crate) fn precompiles_nothing(&self) -> bool {
        let precompile = FlagName::precompiling("precompile");
        precompile.is_some_and(|name| self.value(&name) == Some(NOTHING_PRECOMPILED))
    }

    /// The value of a flag that was set, else its default where that is known.
    pub fn value(&self, name: &FlagName) -> Option<&str> {
        match self.flags.get(name) {
            Some(flag) => flag.values.last().map(String::as_str),
            None => name.default_value(),
        }
    }

    /// Every value a flag was given, in order.
    pub(crate) fn values(&self, name: &FlagName) -> &[String] {
        self.flags.get(name).map_or(&[], |flag| &flag.values)
    }

    /// The flags that are targets and not rules_python's, with their values.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&Label, &str)> {
        let settings = self.flags.iter().filter_map(|(name, flag)| match name {
            FlagName::Setting(label) if !is_rules_python(label.repository()) => Some((label, flag)),
            _ => None,
        });
        settings.flat_map(|(label, flag)| flag.values.iter().map(move |value| (label, value.as_str())))
    }

    /// The value of a `--define`; the last one counts.
    pub(crate) fn define(&self, name: &str) -> Option<&str> {
        let defines = self.values(&FlagName::Native(Arc::from("define")));
        defines
            .iter()
            .rev()
            .filter_map(|text| text.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|it| it.1)
    }

    /// What the flags are to the plan.
    ///
    /// # Errors
    /// A value that its flag does not take, or never took, or no longer takes.
    pub fn precompiling_flags(&self) -> Result<Flags, SettingError> {
        let mut flags = Flags::unset();
        for (name, flag) in &self.flags {
            let Some(planned) = name.planned() else { continue };
            for value in &flag.values {
                flags.set(planned, value, flag.given)?;
            }
        }
        Ok(flags)
    }

    /// The version that `--python_version` asks for; `None` where it does not.
    ///
    /// # Errors
    /// A text that is no version, in words.
    pub(crate) fn python_version(&self) -> Result<Option<PythonVersion>, String> {
        match self.value(&FlagName::python_version()) {
            None | Some("") => Ok(None),
            Some(text) => parse_python_version(text).map(Some),
        }
    }

    /// What differs from another configuration, one flag a line; for people.
    pub fn differences(&self, other: &Configuration) -> Vec<String> {
        let names = self.flags.keys().filter(|name| self.flags.get(name) != other.flags.get(name));
        names.map(|name| format!("{name}={}", self.value(name).unwrap_or_default())).collect()
    }

    /// A short name for a folder of outputs: the flags that were set, and nothing of where.
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        for (name, flag) in &self.flags {
            hasher.add(name.to_string().as_bytes());
            for value in &flag.values {
                hasher.add(value.as_bytes());
            }
            hasher.add(&[]);
        }
        hasher.0
    }
}

/// FNV-1a over texts with an end each: the same on every machine and in every version.
struct Fnv(u64);

impl Fnv {
    fn add(&mut self, text: &[u8]) {
        for byte in text.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// `3.13` or `3.13.5`: what follows the minor version does not matter to bytecode.
pub(crate) fn parse_python_version(text: &str) -> Result<PythonVersion, String> {
    let mut parts = text.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok(PythonVersion { major, minor }),
        _ => Err(format!("{text:?} is no Python version such as 3.13")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Label {
        text.parse().unwrap()
    }

    #[test]
    fn flags_of_rules_python_are_known_by_all_its_names() {
        for repository in ["rules_python", "rules_python+", "rules_python~"] {
            let label = label(&format!("@{repository}//python/config_settings:precompile"));
            assert_eq!(Some(FlagName::of_label(&label)), FlagName::precompiling("precompile"));
        }
        assert_eq!(FlagName::precompiling("precompiles"), None);
    }

    #[test]
    fn setting_a_flag_to_what_it_is_changes_nothing() {
        let mut configuration = Configuration::unset();
        let precompile = FlagName::precompiling("precompile").unwrap();
        configuration.replace(precompile.clone(), "auto", None);
        assert_eq!(configuration, Configuration::unset());
        configuration.replace(precompile.clone(), "enabled", None);
        assert_ne!(configuration, Configuration::unset());
        assert_ne!(configuration.digest(), Configuration::unset().digest());
        assert_eq!(configuration.value(&precompile), Some("enabled"));
        let own = FlagName::Setting(label("//:flavour"));
        configuration.replace(own.clone(), "plain", Some("plain"));
        assert_eq!(configuration.value(&own), None);
    }

    #[test]
    fn values_reach_the_plan_and_removed_ones_are_explained() {
        let mut configuration = Configuration::unset();
        let name = |name: &str| FlagName::precompiling(name).unwrap();
        configuration.add(name("precompile"), "enabled", Given::CommandLine);
        configuration.add(FlagName::Native(Arc::from("compilation_mode")), "opt", Given::ConfigFile);
        let flags = configuration.precompiling_flags().unwrap();
        assert_eq!(flags.precompile.value.word(), "enabled");
        assert_eq!(flags.compilation_mode.given, Given::ConfigFile);
        configuration.add(name("pyc_collection"), "x", Given::CommandLine);
        let error = configuration.precompiling_flags().unwrap_err().to_string();
        assert!(error.contains("pyc_collection attribute"), "{error}");
    }

    #[test]
    fn versions_are_two_numbers() {
        assert_eq!(parse_python_version("3.13.2"), Ok(PythonVersion { major: 3, minor: 13 }));
        for text in ["", "3", "3.x", "three.13"] {
            assert!(parse_python_version(text).is_err(), "{text}");
        }
    }
}
