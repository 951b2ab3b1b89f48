//! From packages to a plan: targets in configurations, with every label, `select()` and toolchain resolved.
//!
//! The walk goes from the targets that were asked for to all that they need, each once in each configuration, without
//! recursion. It knows nothing of actions and outputs.

mod condition;
mod configuration;
mod error;
mod found;
mod labels;
mod platform;
mod precompiler;
mod python;
mod request;
mod target;
mod toolchains;

use std::collections::BTreeMap;

use prepyc_loading::{Loader, Package, Target};
use prepyc_plan::{ConfigurationId, ConfiguredLabel, Given, Graph, Label, Plan, ToolchainId};

pub use configuration::{Configuration, FlagName};
pub use error::AnalysisError;
pub use request::{Asked, Skipped, Why};
pub use target::{
    File, Flakiness, InitFiles, Interpreter, PrecompilerProgram, PrecompilerTool, Program, Python,
    PythonTarget, TestSettings, Timeout,
};
pub use toolchains::{DefaultPython, Toolchains};

use condition::Conditions;
use found::{Declared, Named, look_up};
use platform::Platform;
use python::{Drafted, is_python};

/// Under what a build is analysed.
#[derive(Clone, Debug)]
pub struct AnalysisOptions {
    /// The flags of the command line and of `.bazelrc`.
    pub configuration: Configuration,
    /// `--extra_toolchains`, before those of the workspace: labels or patterns as they were given, in order; the last counts
    /// first.
    pub extra_toolchains: Vec<(String, Given)>,
    /// `--platforms`; this machine where it is not given.
    pub platform: Option<Label>,
    /// The Python to take where no toolchain is registered.
    pub default_python: DefaultPython,
    /// What one wrong target means for the others.
    pub on_error: OnError,
}

/// What one wrong target means for the others that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// There is no analysis.
    Stop,
    /// It is left out, and what is wrong with it is among the analysis' errors.
    KeepGoing,
}

/// A configuration of the build, and what follows from it alone.
#[derive(Clone, Debug)]
pub struct ConfigurationFacts {
    /// Its name in the plan.
    pub id: ConfigurationId,
    /// Its flags.
    pub configuration: Configuration,
    /// Its toolchains.
    pub toolchains: Toolchains,
    /// The `py_binary` that precompiles here, where it is one and anything is precompiled.
    pub tool: Option<ConfiguredLabel>,
    /// Its toolchains' name in the plan.
    pub(crate) toolchain: ToolchainId,
}

/// Everything about the targets that were asked for and all that they need.
#[derive(Debug)]
pub struct Analysis {
    /// Every decision about precompiling.
    pub plan: Plan,
    /// The targets, each in each of its configurations.
    pub targets: BTreeMap<ConfiguredLabel, PythonTarget>,
    /// The configurations; the first is that of the command line.
    pub configurations: Vec<ConfigurationFacts>,
    /// The Python targets that were asked for, sorted.
    pub requested: Vec<ConfiguredLabel>,
    /// What was asked for but cannot be built, or need not be; sorted.
    pub skipped: Vec<Skipped>,
    /// What is wrong with targets that are left out, each error once, by the label that was asked for. Always empty where the
    /// first error is to be the end ([`OnError::Stop`]).
    pub errors: Vec<AnalysisError>,
}

impl Analysis {
    /// The facts about a configuration.
    ///
    /// # Panics
    /// If it is another analysis' configuration.
    pub fn configuration(&self, id: ConfigurationId) -> &ConfigurationFacts {
        self.configurations.iter().find(|facts| facts.id == id).expect("a configuration of this analysis")
    }
}

/// Analyses targets and all that they need.
///
/// # Errors
/// The first thing that is wrong with a package, a label, an attribute or a flag; else all that the plan finds wrong.
pub fn analyze(
    loader: &Loader,
    options: &AnalysisOptions,
    asked: &[Asked],
) -> Result<Analysis, AnalysisError> {
    let mut walk = Walk::begin(loader, options)?;
    let mut skipped = Vec::new();
    let mut requested = Vec::new();
    let mut errors = Errors { on_error: options.on_error, errors: Vec::new() };
    for found in request::expand(&walk.conditions(0), asked, &mut skipped, &mut errors)? {
        let label = found.target().label.clone();
        match walk.reach(found) {
            Ok(reached) => requested.push(reached),
            Err(error) => {
                walk.leave_path();
                errors.add(error)?;
                skipped.push(Skipped { label, reason: "it, or what it needs, is wrong".to_owned() });
            }
        }
    }
    walk.reach_tools()?;
    requested.sort();
    requested.dedup();
    skipped.sort();
    skipped.dedup();
    let Walk { graph, configurations, targets, .. } = walk;
    let plan = Plan::new(graph).map_err(AnalysisError::Plan)?;
    let targets = targets.into_iter().filter_map(|(label, state)| match state {
        State::Done(target) => Some((label, *target)),
        State::Open => None,
    });
    let errors = errors.errors;
    Ok(Analysis { plan, targets: targets.collect(), configurations, requested, skipped, errors })
}

/// What is wrong so far, where that is not the end.
pub(crate) struct Errors {
    on_error: OnError,
    errors: Vec<AnalysisError>,
}

impl Errors {
    /// Keeps an error unless it is known already; hands it back where it is the end.
    pub(crate) fn add(&mut self, error: AnalysisError) -> Result<(), AnalysisError> {
        match self.on_error {
            OnError::Stop => return Err(error),
            OnError::KeepGoing => {
                let text = error.to_string();
                if self.errors.iter().all(|known| known.to_string() != text) {
                    self.errors.push(error);
                }
            }
        }
        Ok(())
    }
}

/// How far the walk is with a target.
enum State {
    /// What it needs is being looked at.
    Open,
    Done(Box<PythonTarget>),
}

/// A target on the path that the walk is on.
struct Step {
    found: Declared,
    label: ConfiguredLabel,
    /// Its configuration's place in the list.
    configuration: usize,
    drafted: Drafted,
    /// What is known so far of what it needs: first `deps`, then `data`.
    reached: Vec<ConfiguredLabel>,
}

struct Walk<'a> {
    loader: &'a Loader,
    options: &'a AnalysisOptions,
    platform: Platform,
    registered: Vec<Label>,
    graph: Graph,
    configurations: Vec<ConfigurationFacts>,
    targets: BTreeMap<ConfiguredLabel, State>,
}

impl<'a> Walk<'a> {
    fn begin(loader: &'a Loader, options: &'a AnalysisOptions) -> Result<Walk<'a>, AnalysisError> {
        let mut platform = Platform::host();
        if let Some(label) = &options.platform {
            let conditions =
                Conditions { loader, configuration: &options.configuration, platform: &platform };
            platform = Platform::of(conditions.platform_values(label)?);
        }
        platform.python_version = options.default_python.version;
        let registered = toolchains::registered(loader, &options.extra_toolchains)?;
        let mut walk = Walk {
            loader,
            options,
            platform,
            registered,
            graph: Graph::new(),
            configurations: Vec::new(),
            targets: BTreeMap::new(),
        };
        walk.configure(options.configuration.clone())?;
        walk.check_settings()?;
        Ok(walk)
    }

    /// Whether the flags of the command line that are targets are there and can have their values.
    ///
    /// Those of repositories that are not here mean nothing to what is built: a `.bazelrc` may set them for other rules.
    fn check_settings(&self) -> Result<(), AnalysisError> {
        let conditions = self.conditions(0);
        for (label, value) in self.options.configuration.settings() {
            if !label.repository().is_empty() && look_up(self.loader, label).is_err() {
                continue;
            }
            if let Some(problem) = conditions.problem_with(label, value)? {
                return Err(AnalysisError::Given(format!("--{problem}")));
            }
        }
        Ok(())
    }

    fn conditions(&self, configuration: usize) -> Conditions<'_> {
        Conditions {
            loader: self.loader,
            configuration: &self.configurations[configuration].configuration,
            platform: &self.platform,
        }
    }

    /// The place of a configuration in the list; new ones get their toolchains.
    fn configure(&mut self, configuration: Configuration) -> Result<usize, AnalysisError> {
        if let Some(place) = self.configurations.iter().position(|facts| facts.configuration == configuration)
        {
            return Ok(place);
        }
        let flags = configuration.precompiling_flags();
        let flags = flags.map_err(|error| AnalysisError::Given(error.to_string()))?;
        let conditions =
            Conditions { loader: self.loader, configuration: &configuration, platform: &self.platform };
        let toolchains = conditions.toolchains(&self.registered, &self.options.default_python)?;
        let id = self.graph.add_configuration(flags);
        let toolchain = self.graph.add_toolchain(toolchains.planned.clone());
        self.configurations.push(ConfigurationFacts { id, configuration, toolchains, tool: None, toolchain });
        Ok(self.configurations.len() - 1)
    }

    /// A target under the configuration it asks for, coming from another.
    fn enter(&mut self, found: &Declared, from: usize) -> Result<(ConfiguredLabel, usize), AnalysisError> {
        let configuration = self.conditions(from).transition(found.target())?;
        let place = self.configure(configuration)?;
        let label = found.target().label.clone();
        Ok((ConfiguredLabel { label, configuration: self.configurations[place].id }, place))
    }

    /// The `py_binary`s that precompile. What precompiles is not precompiled itself: it would have to run before it is built.
    fn reach_tools(&mut self) -> Result<(), AnalysisError> {
        // Those of tools are added on the way, and precompile nothing.
        for place in 0..self.configurations.len() {
            let facts = &self.configurations[place];
            let Some(PrecompilerProgram::Binary(label)) =
                facts.toolchains.precompiler.as_ref().map(|tool| &tool.program)
            else {
                continue;
            };
            if facts.configuration.precompiles_nothing() {
                continue;
            }
            let Named::Target(found) = look_up(self.loader, label)? else { continue };
            let configuration = self.conditions(place).transition(found.target())?.for_tools();
            let configuration = self.configure(configuration)?;
            let id = self.configurations[configuration].id;
            let tool = ConfiguredLabel { label: found.target().label.clone(), configuration: id };
            self.reach_from(found, tool.clone(), configuration)?;
            self.configurations[place].tool = Some(tool);
        }
        Ok(())
    }

    /// Walks from a target that was asked for to all that it needs.
    fn reach(&mut self, found: Declared) -> Result<ConfiguredLabel, AnalysisError> {
        let (start, configuration) = self.enter(&found, 0)?;
        self.reach_from(found, start.clone(), configuration)?;
        Ok(start)
    }

    fn reach_from(
        &mut self,
        found: Declared,
        start: ConfiguredLabel,
        configuration: usize,
    ) -> Result<(), AnalysisError> {
        if self.targets.contains_key(&start) {
            return Ok(());
        }
        let mut path = vec![self.step(found, start, configuration)?];
        while let Some(step) = path.last_mut() {
            let Drafted { needed, .. } = &step.drafted;
            let Some(next) = needed.deps.iter().chain(&needed.data).nth(step.reached.len()).cloned() else {
                let step = path.pop().expect("the path has a last step");
                self.finish(step)?;
                continue;
            };
            let (label, configuration) = self.enter(&next, step.configuration)?;
            step.reached.push(label.clone());
            match self.targets.get(&label) {
                Some(State::Done(_)) => {}
                Some(State::Open) => return Err(circle(&path, &label)),
                None => {
                    let step = self.step(next, label, configuration)?;
                    path.push(step);
                }
            }
        }
        Ok(())
    }

    /// Forgets the targets on a path that came to an error.
    fn leave_path(&mut self) {
        self.targets.retain(|_, state| matches!(state, State::Done(_)));
    }

    fn step(
        &mut self,
        found: Declared,
        label: ConfiguredLabel,
        configuration: usize,
    ) -> Result<Step, AnalysisError> {
        let drafted = self.conditions(configuration).draft(found.target())?;
        self.targets.insert(label.clone(), State::Open);
        Ok(Step { found, label, configuration, drafted, reached: Vec::new() })
    }

    /// Everything that the target needs is known.
    fn finish(&mut self, step: Step) -> Result<(), AnalysisError> {
        let Step { found, label, configuration, drafted, reached } = step;
        let target = found.target();
        let facts = &self.configurations[configuration];
        let conditions = self.conditions(configuration);
        let (deps, data_targets) = reached.split_at(drafted.needed.deps.len());
        let planned = conditions.planned(target, &label, &drafted.sources, deps, facts.toolchain)?;
        let program = match planned.kind.executable() {
            Some(_) => Some(conditions.program(target, &facts.toolchains.python)?),
            None => None,
        };
        let analyzed = PythonTarget {
            label: label.clone(),
            rule: target.rule.clone(),
            location: target.location.clone(),
            imports: conditions.imports(target)?,
            deps: deps.to_vec(),
            sources: drafted.sources,
            data_files: drafted.data_files,
            data_targets: data_targets.to_vec(),
            program,
            tags: conditions.texts(target, "tags")?,
        };
        self.graph.add_target(planned);
        self.targets.insert(label, State::Done(Box::new(analyzed)));
        Ok(())
    }
}

/// Targets that need each other.
fn circle(path: &[Step], again: &ConfiguredLabel) -> AnalysisError {
    let start = path.iter().position(|step| step.label == *again).unwrap_or(0);
    let mut lines: Vec<String> = path[start..]
        .iter()
        .map(|step| format!("  {} ({})", step.label.label, step.found.target().location))
        .collect();
    lines.push(format!("  {}", again.label));
    let location = &path[start].found.target().location;
    AnalysisError::at(location, format!("targets depend on each other in a circle:\n{}", lines.join("\n")))
}

/// A package's targets that are Python's.
fn python_targets(package: &Package) -> impl Iterator<Item = &Target> {
    package.targets.values().filter(|target| is_python(&target.rule))
}
