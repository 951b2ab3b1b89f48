//! A workspace in a few words: what a BUILD file would say, and what a plan makes of it.
//!
//! The runtime is that of rules_python's own test suite: `fakepy` 4.5, tag `fakepy-45`.

use std::sync::Arc;

use prepyc_plan::{
    ActionId, Artifact, Attributes, ConfigurationId, ConfiguredLabel, Executable, FailedActions, FileOrigin,
    Flags, Given, Graph, Kind, Label, Main, OptimizeAttribute, Plan, PlanError, Precompiler,
    PycCollectionAttribute, PythonVersion, Runtime, SourceFile, Target, TargetId, Toolchain, ToolchainId,
};

/// A rule of a BUILD file.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    label: String,
    kind: Kind,
    attributes: Attributes,
    srcs: Vec<(String, bool)>,
    deps: Vec<String>,
    extra_deps: Vec<String>,
}

fn rule(label: &str, kind: Kind) -> Rule {
    Rule {
        label: label.to_owned(),
        kind,
        attributes: Attributes::unset(),
        srcs: Vec::new(),
        deps: Vec::new(),
        extra_deps: Vec::new(),
    }
}

fn executable() -> Executable {
    Executable { main: Main::ByName, pyc_collection: PycCollectionAttribute::Inherit, extra_deps: Vec::new() }
}

pub(crate) fn library(label: &str) -> Rule {
    rule(label, Kind::Library)
}

pub(crate) fn binary(label: &str) -> Rule {
    rule(label, Kind::Binary(executable()))
}

pub(crate) fn test(label: &str) -> Rule {
    rule(label, Kind::Test(executable()))
}

pub(crate) fn builtin_library(label: &str) -> Rule {
    rule(label, Kind::BuiltinLibrary)
}

pub(crate) fn files(label: &str) -> Rule {
    rule(label, Kind::Files)
}

impl Rule {
    /// Sources: names in the rule's package, or labels.
    pub(crate) fn srcs(mut self, srcs: &[&str]) -> Rule {
        self.srcs.extend(srcs.iter().map(|src| ((*src).to_owned(), false)));
        self
    }

    pub(crate) fn generated_srcs(mut self, srcs: &[&str]) -> Rule {
        self.srcs.extend(srcs.iter().map(|src| ((*src).to_owned(), true)));
        self
    }

    pub(crate) fn deps(mut self, deps: &[&str]) -> Rule {
        self.deps.extend(deps.iter().map(|dep| (*dep).to_owned()));
        self
    }

    pub(crate) fn extra_deps(mut self, deps: &[&str]) -> Rule {
        self.extra_deps.extend(deps.iter().map(|dep| (*dep).to_owned()));
        self
    }

    pub(crate) fn precompile(mut self, value: &str) -> Rule {
        self.attributes.precompile = value.parse().expect("a value of precompile");
        self
    }

    pub(crate) fn retention(mut self, value: &str) -> Rule {
        self.attributes.precompile_source_retention = value.parse().expect("a value of the attribute");
        self
    }

    pub(crate) fn invalidation(mut self, value: &str) -> Rule {
        self.attributes.precompile_invalidation_mode = value.parse().expect("a value of the attribute");
        self
    }

    pub(crate) fn optimize(mut self, level: i64) -> Rule {
        self.attributes.precompile_optimize_level = OptimizeAttribute::from_integer(level).expect("a level");
        self
    }

    /// The same rule with its lists the other way round.
    pub(crate) fn reversed(mut self) -> Rule {
        self.srcs.reverse();
        self.deps.reverse();
        self
    }

    fn executable_mut(&mut self) -> &mut Executable {
        match &mut self.kind {
            Kind::Binary(executable) | Kind::Test(executable) => executable,
            other => panic!("{other:?} has no such attribute"),
        }
    }

    pub(crate) fn collection(mut self, value: &str) -> Rule {
        self.executable_mut().pyc_collection = value.parse().expect("a value of pyc_collection");
        self
    }

    pub(crate) fn main(mut self, name: &str) -> Rule {
        self.executable_mut().main = Main::File(name.to_owned());
        self
    }

    pub(crate) fn main_module(mut self, module: &str) -> Rule {
        self.executable_mut().main = Main::Module(module.to_owned());
        self
    }
}

/// A graph in the making: one toolchain, and as many configurations as are asked for.
pub(crate) struct Workspace {
    graph: Graph,
    toolchain: ToolchainId,
    configuration: ConfigurationId,
}

/// The flags, as from a command line.
pub(crate) fn flags(settings: &[(&str, &str)]) -> Flags {
    let mut flags = Flags::unset();
    for (name, value) in settings {
        flags.set(name, value, Given::CommandLine).expect("a flag and a value of it");
    }
    flags
}

/// The runtime of rules_python's test suite.
pub(crate) fn fakepy() -> Runtime {
    Runtime {
        pyc_tag: None,
        implementation_name: Some(Arc::from("fakepy")),
        python_version: Some(PythonVersion { major: 4, minor: 5 }),
    }
}

impl Workspace {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Workspace {
        Workspace::with_toolchain(settings, Toolchain { precompiler: Precompiler::Stock, runtime: fakepy() })
    }

    pub(crate) fn with_toolchain(settings: &[(&str, &str)], toolchain: Toolchain) -> Workspace {
        let mut graph = Graph::new();
        let configuration = graph.add_configuration(flags(settings));
        let toolchain = graph.add_toolchain(toolchain);
        Workspace { graph, toolchain, configuration }
    }

    /// Another configuration, for [`Workspace::add_in`].
    pub(crate) fn configure(&mut self, settings: &[(&str, &str)]) -> ConfigurationId {
        self.graph.add_configuration(flags(settings))
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.add_in(self.configuration, self.configuration, rule);
    }

    /// Adds a rule in one configuration whose dependencies are in one, as well.
    pub(crate) fn add_in(&mut self, configuration: ConfigurationId, deps_in: ConfigurationId, rule: Rule) {
        let Rule { label, mut kind, attributes, srcs, deps, extra_deps } = rule;
        let label: Label = label.parse().expect("a label");
        let configured =
            |text: &String| ConfiguredLabel { label: text.parse().expect("a label"), configuration: deps_in };
        if let Kind::Binary(executable) | Kind::Test(executable) = &mut kind {
            executable.extra_deps = extra_deps.iter().map(configured).collect();
        }
        let srcs = srcs.iter().map(|(src, generated)| SourceFile {
            label: if src.contains("//") {
                src.parse().expect("a label")
            } else {
                Label::new(label.repository(), label.package(), src).expect("a name")
            },
            origin: if *generated { FileOrigin::Generated(configuration) } else { FileOrigin::Workspace },
        });
        let srcs = srcs.collect();
        let deps = deps.iter().map(configured).collect();
        let toolchain = self.toolchain;
        self.graph.add_target(Target { label, configuration, toolchain, kind, attributes, srcs, deps });
    }

    pub(crate) fn plan(self) -> Planned {
        match self.try_plan() {
            Ok(planned) => planned,
            Err(errors) => panic!("{errors:#?}"),
        }
    }

    pub(crate) fn try_plan(self) -> Result<Planned, Vec<PlanError>> {
        Ok(Planned { configuration: self.configuration, plan: Plan::new(self.graph)? })
    }
}

/// A plan that is asked in labels and answers in paths.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    configuration: ConfigurationId,
}

impl Planned {
    pub(crate) fn id(&self, label: &str) -> TargetId {
        self.id_in(self.configuration, label)
    }

    pub(crate) fn id_in(&self, configuration: ConfigurationId, label: &str) -> TargetId {
        let label: Label = label.parse().expect("a label");
        self.plan.find(&label, configuration).unwrap_or_else(|| panic!("{label} is not planned"))
    }

    fn paths(&self, artifacts: &[Artifact]) -> Vec<String> {
        artifacts.iter().map(|artifact| self.path(*artifact)).collect()
    }

    fn path(&self, artifact: Artifact) -> String {
        let path = self.plan.runfiles_path(artifact);
        path.strip_prefix("_main/").unwrap_or(path).to_owned()
    }

    pub(crate) fn outputs(&self, label: &str) -> Vec<String> {
        self.paths(&self.plan.default_outputs(self.id(label), &FailedActions::none()))
    }

    pub(crate) fn outputs_after(&self, label: &str, failed: &FailedActions) -> Vec<String> {
        self.paths(&self.plan.default_outputs(self.id(label), failed))
    }

    /// Runfiles without executables.
    pub(crate) fn runfiles(&self, label: &str) -> Vec<String> {
        self.runfiles_after(label, &FailedActions::none())
    }

    pub(crate) fn runfiles_after(&self, label: &str, failed: &FailedActions) -> Vec<String> {
        let mut artifacts = self.plan.runfiles(self.id(label), failed).artifacts;
        artifacts.retain(|artifact| !matches!(artifact, Artifact::Executable(_)));
        self.paths(&artifacts)
    }

    pub(crate) fn package(&self, label: &str) -> Vec<String> {
        self.paths(&self.plan.package_files(&[self.id(label)], &FailedActions::none()).artifacts)
    }

    pub(crate) fn pycs(&self, actions: &[ActionId]) -> Vec<String> {
        actions.iter().map(|action| self.path(Artifact::Pyc(*action))).collect()
    }

    pub(crate) fn sources(&self, files: &[prepyc_plan::FileId]) -> Vec<String> {
        files.iter().map(|file| self.path(Artifact::Source(*file))).collect()
    }

    pub(crate) fn providers(&self, label: &str) -> prepyc_plan::Providers {
        self.plan.providers(self.id(label), &FailedActions::none())
    }

    /// The path of what is run, or a module's name after `-m `.
    pub(crate) fn main(&self, label: &str) -> Option<String> {
        self.main_after(label, &FailedActions::none())
    }

    pub(crate) fn main_after(&self, label: &str, failed: &FailedActions) -> Option<String> {
        Some(match self.plan.main(self.id(label), failed)?.value {
            prepyc_plan::MainFile::Source(file) => self.path(Artifact::Source(file)),
            prepyc_plan::MainFile::Pyc(action) => self.path(Artifact::Pyc(action)),
            prepyc_plan::MainFile::Module(module) => format!("-m {module}"),
        })
    }

    /// The pycs that building those targets makes.
    pub(crate) fn requested(&self, labels: &[&str]) -> Vec<String> {
        let ids: Vec<TargetId> = labels.iter().map(|label| self.id(label)).collect();
        self.pycs(&self.plan.request(&ids).actions)
    }

    pub(crate) fn warnings(&self, labels: &[&str]) -> Vec<String> {
        let ids: Vec<TargetId> = labels.iter().map(|label| self.id(label)).collect();
        self.plan.request(&ids).warnings.iter().map(ToString::to_string).collect()
    }
}
