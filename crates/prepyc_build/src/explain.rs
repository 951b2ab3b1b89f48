//! `prepyc explain`: for each source of a target, whether it is compiled, where its pyc goes, what ships, and why.
//!
//! Every answer is a decision of the plan with its reason; nothing is worked out here.

use std::collections::BTreeSet;
use std::fmt;

use prepyc_plan::{
    ActionId, Artifact, Collection, Compilation, Decided, FailedActions, Generation, Layout, MainFile, Plan,
    Reason, Requirement, Retention, SourceFate, SourcePlan, TargetId, TargetPlan,
};
use serde::Serialize;

use crate::analysis::{Analysis, PythonTarget};

/// One decision: what, its value, and the rule and value that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What was decided.
    pub what: &'static str,
    /// The decision.
    pub value: String,
    /// The rule of `docs/precompiling.md` that decided.
    pub rule: String,
    /// What gave it the value: a flag and where it was given, an attribute, a fact, another rule.
    pub because: String,
}

/// What becomes of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceExplanation {
    /// Its label.
    pub source: String,
    /// Whether pycs are made of it.
    pub compiled: bool,
    /// Whether building what was asked about makes them; implicit pycs are left alone where nothing takes them.
    pub built: bool,
    /// Its pycs, as paths in a tree of runfiles.
    pub pycs: Vec<String>,
    /// `required` or `implicit`, where there are pycs.
    pub pycs_are: Option<&'static str>,
    /// `__pycache__` or `beside the source`, where there are pycs.
    pub layout: Option<&'static str>,
    /// `checked_hash` or `unchecked_hash`, where there are pycs.
    pub invalidation: Option<String>,
    /// `kept` or `omitted`: whether consumers have to ship it.
    pub source_is: &'static str,
    /// What of it the binary that was asked about ships, as paths in its runfiles; `None` where a library was asked about.
    pub ships: Option<Vec<String>>,
    /// Why it is compiled or not, and kept or not.
    pub why: Vec<Decision>,
}

/// What becomes of one target's sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetExplanation {
    /// Its label.
    pub target: String,
    /// Its rule.
    pub rule: String,
    /// Where it is declared.
    pub location: String,
    /// The flags that its configuration differs in from that of the command line.
    pub configuration: Vec<String>,
    /// The decisions about it as a whole.
    pub decisions: Vec<Decision>,
    /// Its sources, by label.
    pub sources: Vec<SourceExplanation>,
}

/// A target that was asked about, then for binaries and tests all that they ship from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The target, then its dependencies by label.
    pub targets: Vec<TargetExplanation>,
    /// What concerns the whole: collisions of runfiles, sources that fall back.
    pub warnings: Vec<String>,
}

/// Explains the targets that were asked for.
pub fn explain(analysis: &Analysis) -> Vec<Explanation> {
    let requested = analysis.requested.iter().filter_map(|label| analysis.targets.get(label));
    requested.map(|target| explain_one(analysis, target)).collect()
}

fn explain_one(analysis: &Analysis, asked: &PythonTarget) -> Explanation {
    let plan = &analysis.plan;
    let none = FailedActions::none();
    let Some(id) = find(plan, asked) else {
        return Explanation { targets: Vec::new(), warnings: Vec::new() };
    };
    let request = plan.request(&[id]);
    let mut warnings: Vec<String> = request.warnings.iter().map(ToString::to_string).collect();
    let ships = asked.is_program().then(|| {
        let runfiles = plan.runfiles(id, &none);
        warnings.extend(runfiles.collisions.iter().map(|collision| plan.describe_collision(collision)));
        runfiles.artifacts.into_iter().collect()
    });
    let asked_about = AskedAbout { built: request.actions.iter().copied().collect(), ships };
    let mut targets = vec![explain_target(analysis, asked, id, &asked_about)];
    if asked.is_program() {
        for label in crate::closure::dependencies(analysis, asked) {
            let target = &analysis.targets[&label];
            if let Some(id) = find(plan, target) {
                targets.push(explain_target(analysis, target, id, &asked_about));
            }
        }
    }
    Explanation { targets, warnings }
}

/// What building the target that was asked about would do.
struct AskedAbout {
    /// The actions that run.
    built: BTreeSet<ActionId>,
    /// What is in its runfiles; `None` for a library.
    ships: Option<BTreeSet<Artifact>>,
}

fn find(plan: &Plan, target: &PythonTarget) -> Option<TargetId> {
    plan.find(&target.label.label, target.label.configuration)
}

fn explain_target(
    analysis: &Analysis,
    target: &PythonTarget,
    id: TargetId,
    asked_about: &AskedAbout,
) -> TargetExplanation {
    let plan = &analysis.plan;
    let planned = plan.target(id);
    let configuration = &analysis.configuration(target.label.configuration).configuration;
    let common = &analysis.configurations[0].configuration;
    TargetExplanation {
        target: target.label.label.to_string(),
        rule: target.rule.to_string(),
        location: target.location.to_string(),
        configuration: configuration.differences(common),
        decisions: target_decisions(plan, id),
        sources: planned
            .sources()
            .iter()
            .map(|source| explain_source(plan, planned, source, asked_about))
            .collect(),
    }
}

fn decision<T>(what: &'static str, decided: &Decided<T>, value: impl fmt::Display) -> Decision {
    let Reason { rule, origin } = &decided.reason;
    Decision { what, value: value.to_string(), rule: rule.to_string(), because: origin.to_string() }
}

fn target_decisions(plan: &Plan, id: TargetId) -> Vec<Decision> {
    let settings = plan.target(id).settings();
    let mut decisions = vec![
        decision(
            "compile",
            &settings.generation,
            match settings.generation.value {
                Generation::Yes => "yes",
                Generation::No => "no",
            },
        ),
        decision(
            "sources",
            &settings.retention,
            match settings.retention.value {
                Retention::Keep => "kept",
                Retention::Omit => "omitted",
            },
        ),
        decision("layout", &settings.layout, layout_words(settings.layout.value)),
        decision("invalidation", &settings.invalidation, settings.invalidation.value),
        decision("pycs are", &settings.requirement, requirement_words(settings.requirement.value)),
        decision("levels", &settings.levels, settings.levels.value),
    ];
    if let Some(collection) = &settings.collection {
        decisions.push(decision(
            "collects pycs",
            collection,
            match collection.value {
                Collection::On => "yes",
                Collection::Off => "no",
            },
        ));
    }
    if let Some(main) = plan.main(id, &FailedActions::none()) {
        let value = match &main.value {
            MainFile::Source(file) => plan.runfiles_path(Artifact::Source(*file)).to_owned(),
            MainFile::Pyc(action) => plan.runfiles_path(Artifact::Pyc(*action)).to_owned(),
            MainFile::Module(module) => format!("module {module}"),
        };
        decisions.push(decision("runs", &main, value));
    }
    decisions
}

fn layout_words(layout: Layout) -> &'static str {
    match layout {
        Layout::Cache => "__pycache__",
        Layout::Legacy => "beside the source",
    }
}

fn requirement_words(requirement: Requirement) -> &'static str {
    match requirement {
        Requirement::Required => "required",
        Requirement::Implicit => "implicit",
    }
}

fn explain_source(
    plan: &Plan,
    target: &TargetPlan,
    source: &SourcePlan,
    asked_about: &AskedAbout,
) -> SourceExplanation {
    let settings = target.settings();
    let compiled = source.compilation.value == Compilation::Compiled;
    let path = |artifact: Artifact| plan.runfiles_path(artifact).to_owned();
    let own = || {
        let pycs = source.actions.iter().map(|action| Artifact::Pyc(*action));
        std::iter::once(Artifact::Source(source.file)).chain(pycs)
    };
    let kept = match source.fate.value {
        SourceFate::Kept => "kept",
        SourceFate::Omitted => "omitted",
    };
    SourceExplanation {
        source: plan.file(source.file).label.to_string(),
        compiled,
        built: source.actions.iter().any(|action| asked_about.built.contains(action)),
        pycs: source.actions.iter().map(|action| path(Artifact::Pyc(*action))).collect(),
        pycs_are: compiled.then(|| requirement_words(settings.requirement.value)),
        layout: compiled.then(|| layout_words(settings.layout.value)),
        invalidation: compiled.then(|| settings.invalidation.value.to_string()),
        source_is: kept,
        ships: asked_about
            .ships
            .as_ref()
            .map(|ships| own().filter(|artifact| ships.contains(artifact)).map(path).collect()),
        why: vec![
            decision("compile", &source.compilation, if compiled { "yes" } else { "no" }),
            decision("source", &source.fate, kept),
        ],
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decision { what, value, rule, because } = self;
        write!(f, "{what:<14} {value:<20} {rule}: {because}")
    }
}

impl fmt::Display for SourceExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}\n    ", self.source)?;
        match (self.pycs_are, self.layout, &self.invalidation) {
            (Some(pycs_are), Some(layout), Some(invalidation)) => {
                let compiled = if self.built { "compiled" } else { "compiled only where it is collected" };
                writeln!(f, "{compiled}: {} ({pycs_are}, {layout}, {invalidation})", self.pycs.join(", "))?;
            }
            _ => writeln!(f, "not compiled")?,
        }
        for decision in &self.why {
            writeln!(f, "    {decision}")?;
        }
        match &self.ships {
            None => Ok(()),
            Some(paths) if paths.is_empty() => writeln!(f, "    ships          nothing of it"),
            Some(paths) => writeln!(f, "    ships          {}", paths.join(", ")),
        }
    }
}

impl fmt::Display for TargetExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}, {})", self.target, self.rule, self.location)?;
        for flag in &self.configuration {
            writeln!(f, "  under {flag}")?;
        }
        for decision in &self.decisions {
            writeln!(f, "  {decision}")?;
        }
        for source in &self.sources {
            write!(f, "{source}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, target) in self.targets.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{target}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}
