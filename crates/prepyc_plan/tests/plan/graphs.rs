//! Graphs that are wrong, large, deep or shuffled.

use prepyc_plan::{FailedActions, PlanError};
use proptest::prelude::*;

use crate::workspace::{Planned, Rule, Workspace, binary, builtin_library, library};

fn errors(rules: &[Rule]) -> Vec<String> {
    let mut workspace = Workspace::new(&[]);
    for rule in rules {
        workspace.add(rule.clone());
    }
    let errors = workspace.try_plan().err().expect("there is a mistake");
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_circle_is_named_from_its_least_label_on() {
    let rules = [
        library("//p:Above").deps(&["//p:z"]),
        library("//p:z").deps(&["//p:a"]),
        library("//p:a").deps(&["//p:m", "//p:leaf"]),
        library("//p:m").deps(&["//p:z"]),
        library("//p:leaf"),
    ];
    let expected = ["targets depend on each other in a circle: //p:a -> //p:m -> //p:z -> //p:a"];
    assert_eq!(errors(&rules), expected);
    let mut reversed = rules.to_vec();
    reversed.reverse();
    assert_eq!(errors(&reversed), expected);
}

#[test]
fn a_target_may_not_depend_on_itself() {
    assert_eq!(
        errors(&[binary("//p:bin").srcs(&["bin.py"]).extra_deps(&["//p:bin"])]),
        ["targets depend on each other in a circle: //p:bin -> //p:bin"]
    );
}

#[test]
fn a_long_circle_is_counted() {
    let rules: Vec<Rule> = (0..1000)
        .map(|number| {
            library(&format!("//p:{number:04}")).deps(&[&format!("//p:{:04}", (number + 1) % 1000)])
        })
        .collect();
    let [error] = &errors(&rules)[..] else { panic!("one circle is one error") };
    assert!(
        error.starts_with("targets depend on each other in a circle: //p:0000 -> //p:0001 -> "),
        "{error}"
    );
    assert!(error.ends_with(" -> //p:0019 -> 980 more -> //p:0000"), "{error}");
}

#[test]
fn what_is_missing_and_what_is_there_twice_is_said_all_at_once() {
    assert_eq!(
        errors(&[
            library("//p:b").deps(&["//p:gone", "//q:gone"]),
            library("//p:a").deps(&["//p:b", "//p:gone"]),
            library("//p:b"),
        ]),
        [
            "//p:b: there are two targets of this name",
            "//p:a: depends on //p:gone, which does not exist",
            "//p:b: depends on //p:gone, which does not exist",
            "//p:b: depends on //q:gone, which does not exist",
        ]
    );
}

#[test]
fn a_dependency_of_another_configuration_is_missing() {
    let mut workspace = Workspace::new(&[]);
    let other = workspace.configure(&[]);
    workspace.add(library("//p:lib"));
    workspace.add_in(other, other, library("//p:user").deps(&["//p:lib"]));
    let errors = workspace.try_plan().err().expect("there is no such target in that configuration");
    let [PlanError::MissingDep { dep, .. }] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(dep.to_string(), "//p:lib (configuration 1)");
}

#[test]
fn a_hundred_thousand_targets_one_below_the_other() {
    const DEPTH: usize = 100_000;
    let mut workspace = Workspace::new(&[("precompile", "enabled")]);
    for number in 0..DEPTH {
        let below = format!("//p:{}", number + 1);
        let deps: &[&str] = if number + 1 < DEPTH { &[&below] } else { &[] };
        let rule = if number % 1000 == 999 { builtin_library } else { library };
        workspace.add(rule(&format!("//p:{number}")).srcs(&[&format!("m{number}.py")]).deps(deps));
    }
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:0"]));
    let planned = workspace.plan();
    let pycs_above_the_first_builtin = 999;
    assert_eq!(planned.runfiles("//p:bin").len(), DEPTH + pycs_above_the_first_builtin + 2);
    assert_eq!(planned.requested(&["//p:bin"]).len(), pycs_above_the_first_builtin + 1);
    let providers = planned.providers("//p:bin");
    assert_eq!(providers.transitive_sources.len(), DEPTH + 1);
}

/// So many paths lead through it that only a walk which remembers can end.
#[test]
fn ten_thousand_targets_with_more_paths_than_atoms() {
    const LAYERS: usize = 5000;
    let mut workspace = Workspace::new(&[("precompile", "enabled")]);
    for layer in 0..LAYERS {
        for side in ["l", "r"] {
            let below = [format!("//p:l{}", layer + 1), format!("//p:r{}", layer + 1)];
            let deps: Vec<&str> =
                if layer + 1 < LAYERS { below.iter().map(String::as_str).collect() } else { Vec::new() };
            workspace.add(
                library(&format!("//p:{side}{layer}")).srcs(&[&format!("{side}{layer}.py")]).deps(&deps),
            );
        }
    }
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:l0", "//p:r0"]));
    let planned = workspace.plan();
    let modules = 2 * LAYERS + 1;
    assert_eq!(planned.runfiles("//p:bin").len(), 2 * modules);
    assert_eq!(planned.requested(&["//p:bin"]).len(), modules);
    let providers = planned.providers("//p:bin");
    assert_eq!(providers.transitive_original_sources.len(), modules);
}

/// A few targets over a few shared sources; each depends on some of those after it.
fn arbitrary_rules() -> impl Strategy<Value = Vec<Rule>> {
    let words = (
        prop::sample::select(vec!["inherit", "enabled", "disabled"]),
        prop::sample::select(vec!["inherit", "keep_source", "omit_source"]),
        prop::sample::select(vec!["inherit", "include_pyc", "disabled"]),
        -1..=2i64,
    );
    let target =
        (0..3u8, words, prop::collection::vec(0..6usize, 0..4), prop::collection::vec(1..8usize, 0..4));
    prop::collection::vec(target, 1..8).prop_map(|targets| {
        let count = targets.len();
        let rules = targets.into_iter().enumerate().map(|(index, (kind, words, srcs, deps))| {
            let (precompile, retention, collection, level) = words;
            let label = format!("//p:t{index}");
            let rule = match kind {
                0 => library(&label),
                1 => binary(&label).main_module("m").collection(collection),
                _ => builtin_library(&label),
            };
            let srcs: Vec<String> = srcs.iter().map(|number| format!("s{number}.py")).collect();
            let deps: Vec<String> = deps
                .iter()
                .filter(|step| index + **step < count)
                .map(|step| format!("//p:t{}", index + step))
                .collect();
            let srcs: Vec<&str> = srcs.iter().map(String::as_str).collect();
            let deps: Vec<&str> = deps.iter().map(String::as_str).collect();
            rule.srcs(&srcs).deps(&deps).precompile(precompile).retention(retention).optimize(level)
        });
        rules.collect()
    })
}

fn plan_all(rules: &[Rule]) -> Planned {
    let mut workspace = Workspace::new(&[("precompile", "enabled")]);
    for rule in rules {
        workspace.add(rule.clone());
    }
    workspace.plan()
}

proptest! {
    #[test]
    fn the_order_of_targets_means_nothing(
        (rules, shuffled) in arbitrary_rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle()))
    ) {
        let (plan, other) = (plan_all(&rules).plan, plan_all(&shuffled).plan);
        prop_assert_eq!(&plan, &other);
    }

    #[test]
    fn the_order_of_sources_and_deps_means_nothing_to_what_ships(rules in arbitrary_rules()) {
        let reversed: Vec<Rule> = rules.iter().cloned().map(Rule::reversed).collect();
        let (plan, other) = (plan_all(&rules).plan, plan_all(&reversed).plan);
        let none = FailedActions::none();
        for id in plan.targets() {
            prop_assert_eq!(plan.default_outputs(id, &none), other.default_outputs(id, &none));
            prop_assert_eq!(plan.runfiles(id, &none), other.runfiles(id, &none));
            prop_assert_eq!(plan.request(&[id]), other.request(&[id]));
        }
    }

    /// What is asked for together is what is asked for one by one.
    #[test]
    fn a_request_is_the_sum_of_its_targets(rules in arbitrary_rules()) {
        let plan = plan_all(&rules).plan;
        let all: Vec<_> = plan.targets().collect();
        let mut one_by_one: Vec<_> = all.iter().flat_map(|id| plan.request(&[*id]).actions).collect();
        one_by_one.sort();
        one_by_one.dedup();
        prop_assert_eq!(plan.request(&all).actions, one_by_one);
    }

    /// No module is lost on its way into a binary, and every pyc there is one that the build makes.
    #[test]
    fn every_module_of_a_binary_ships(rules in arbitrary_rules()) {
        let planned = plan_all(&rules);
        let none = FailedActions::none();
        for id in planned.plan.targets().filter(|id| planned.plan.target(*id).kind().executable().is_some()) {
            let runfiles = planned.plan.runfiles(id, &none);
            let paths: Vec<&str> =
                runfiles.artifacts.iter().map(|artifact| planned.plan.runfiles_path(*artifact)).collect();
            let providers = planned.plan.providers(id, &none);
            let modules = providers.transitive_original_sources.iter().chain(&providers.transitive_sources);
            for file in modules {
                let source = planned.plan.file(*file).label.runfiles_path();
                let legacy = format!("{source}c");
                prop_assert!(paths.iter().any(|path| *path == source || *path == legacy), "{source} is lost");
            }
            let request = planned.plan.request(&[id]);
            for artifact in &runfiles.artifacts {
                if let prepyc_plan::Artifact::Pyc(action) = artifact {
                    prop_assert!(request.actions.contains(action));
                }
            }
        }
    }
}
