//! What goes beyond rules_python: levels in names, pyc-only by one flag, sources that do not compile, no conflicts,
//! warnings, reasons.

use prepyc_plan::{FailedActions, OnPrecompileError, Precompiler, Toolchain};

use crate::workspace::{Planned, Workspace, binary, fakepy, library};

const NOTHING: [&str; 0] = [];

#[test]
fn a_binary_has_pycs_for_every_level_it_may_run_at() {
    let mut workspace = Workspace::new(&[("precompile", "enabled"), ("precompile_optimize_levels", "0,1,2")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:lib"]));
    workspace.add(library("//p:lib").srcs(&["lib.py"]).optimize(1));
    let planned = workspace.plan();
    assert_eq!(
        planned.runfiles("//p:bin"),
        [
            "p/__pycache__/bin.fakepy-45.opt-1.pyc",
            "p/__pycache__/bin.fakepy-45.opt-2.pyc",
            "p/__pycache__/bin.fakepy-45.pyc",
            "p/__pycache__/lib.fakepy-45.opt-1.pyc",
            "p/bin.py",
            "p/lib.py",
        ],
        "the attribute beats the flag, and with the flag every name says its level"
    );
    let levels: Vec<String> = planned.plan.actions().map(|(_, action)| action.level().to_string()).collect();
    assert_eq!(levels, ["1", "2", "0", "1"]);
}

#[test]
fn without_the_flag_names_say_nothing_of_levels() {
    let mut workspace = Workspace::new(&[("precompile", "enabled")]);
    workspace.add(library("//p:two").srcs(&["two.py"]).precompile("enabled").optimize(2));
    workspace.add(library("//p:own").srcs(&["own.py"]).precompile("enabled").optimize(-1));
    let planned = workspace.plan();
    assert_eq!(planned.outputs("//p:two"), ["p/two.py", "p/__pycache__/two.fakepy-45.pyc"]);
    let levels: Vec<String> = planned.plan.actions().map(|(_, action)| action.level().to_string()).collect();
    assert_eq!(levels, ["0", "2"], "own, then two: the interpreter's own level is 0");
}

#[test]
fn beside_a_source_one_level_has_to_do() {
    let one_of_several = "//p:bin: compiled at level 1 alone: sources are omitted, and a pyc in a source's place has one \
                          name for all levels";
    for (levels, level, warnings) in [("1,2", "1", &[one_of_several][..]), ("2", "2", &[])] {
        let mut workspace = Workspace::new(&[
            ("precompile", "enabled"),
            ("precompile_source_retention", "omit_source"),
            ("precompile_optimize_levels", levels),
        ]);
        workspace.add(binary("//p:bin").srcs(&["bin.py"]));
        let planned = workspace.plan();
        assert_eq!(planned.runfiles("//p:bin"), ["p/bin.pyc"]);
        let (_, action) = planned.plan.actions().next().expect("one action");
        assert_eq!(action.level().to_string(), level);
        assert_eq!(planned.warnings(&["//p:bin"]), warnings);
    }
}

/// Everything that attributes can say against it.
fn stubborn(settings: &[(&str, &str)]) -> Planned {
    let mut workspace = Workspace::new(settings);
    let subject = binary("//p:bin").srcs(&["bin.py"]).precompile("disabled").retention("keep_source");
    workspace.add(subject.collection("disabled").deps(&["//p:lib", "//p:plain"]));
    workspace.add(
        library("//p:lib").srcs(&["lib.py", "//q:far.py"]).precompile("disabled").retention("keep_source"),
    );
    workspace.add(library("//p:plain").srcs(&["plain.py"]));
    workspace.plan()
}

#[test]
fn one_flag_makes_a_whole_binary_of_pycs_alone() {
    let planned = stubborn(&[("pyc_only", "enabled")]);
    assert_eq!(planned.runfiles("//p:bin"), ["p/bin.pyc", "p/lib.pyc", "p/plain.pyc", "q/far.py"]);
    assert_eq!(planned.main("//p:bin").as_deref(), Some("p/bin.pyc"));
    assert_eq!(
        planned.warnings(&["//p:bin"]),
        ["//p:lib: //q:far.py is not compiled, the source ships: the source belongs to another package"]
    );
    assert_eq!(planned.outputs("//p:plain"), ["p/plain.pyc"]);
    let without = stubborn(&[("pyc_only", "disabled")]);
    assert_eq!(without.runfiles("//p:bin"), ["p/bin.py", "p/lib.py", "p/plain.py", "q/far.py"]);
}

#[test]
fn a_configuration_has_flags_of_its_own() {
    let mut workspace = Workspace::new(&[]);
    let pyc_only = workspace.configure(&[("pyc_only", "enabled")]);
    workspace.add(library("//p:lib").srcs(&["lib.py"]));
    workspace.add(binary("//p:plain").srcs(&["plain.py"]).deps(&["//p:lib"]));
    workspace.add_in(pyc_only, pyc_only, library("//p:lib").srcs(&["lib.py"]));
    workspace.add_in(pyc_only, pyc_only, binary("//p:shipped").srcs(&["shipped.py"]).deps(&["//p:lib"]));
    let planned = workspace.plan();
    assert_eq!(planned.runfiles("//p:plain"), ["p/lib.py", "p/plain.py"]);
    let shipped = planned.id_in(pyc_only, "//p:shipped");
    let runfiles = planned.plan.runfiles(shipped, &FailedActions::none());
    let paths: Vec<&str> =
        runfiles.artifacts.iter().map(|artifact| planned.plan.runfiles_path(*artifact)).collect();
    assert_eq!(paths, ["_main/p/lib.pyc", "_main/p/shipped", "_main/p/shipped.pyc"]);
    assert!(
        runfiles.artifacts.iter().all(|artifact| planned.plan.configuration_of(*artifact) == Some(pyc_only))
    );
}

#[test]
fn targets_that_share_a_source_share_its_action() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(library("//p:one").srcs(&["shared.py", "one.py"]));
    workspace.add(library("//p:two").srcs(&["two.py", "shared.py"]).precompile("disabled"));
    let planned = workspace.plan();
    let pycs: Vec<&str> = planned.plan.actions().map(|(_, action)| action.runfiles_path()).collect();
    assert_eq!(
        pycs,
        [
            "_main/p/__pycache__/one.fakepy-45.pyc",
            "_main/p/__pycache__/shared.fakepy-45.pyc",
            "_main/p/__pycache__/two.fakepy-45.pyc",
        ]
    );
}

#[test]
fn targets_that_differ_about_a_shared_source_do_not_conflict() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(library("//p:high").srcs(&["shared.py"]).optimize(2));
    workspace.add(library("//p:low").srcs(&["shared.py"]));
    workspace.add(library("//p:low_unchecked").srcs(&["shared.py"]).invalidation("unchecked_hash"));
    workspace.add(library("//p:omitting").srcs(&["shared.py"]).retention("omit_source"));
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:high", "//p:low"]));
    let planned = workspace.plan();
    let shared: Vec<(String, u32, String)> = planned
        .plan
        .actions()
        .filter(|(_, action)| action.runfiles_path().contains("shared"))
        .map(|(id, action)| {
            (
                planned.plan.describe(prepyc_plan::Artifact::Pyc(id)),
                action.variant(),
                action.runfiles_path().to_owned(),
            )
        })
        .collect();
    let cache = "_main/p/__pycache__/shared.fakepy-45.pyc".to_owned();
    let described = |what: &str| format!("//p:__pycache__/shared.fakepy-45.pyc ({what})");
    assert_eq!(
        shared,
        [
            (described("level 0, checked_hash"), 0, cache.clone()),
            (described("level 0, unchecked_hash"), 1, cache.clone()),
            (described("level 2, checked_hash"), 2, cache),
            ("//p:shared.pyc (level 0, checked_hash)".to_owned(), 0, "_main/p/shared.pyc".to_owned()),
        ]
    );
    let runfiles = planned.plan.runfiles(planned.id("//p:bin"), &FailedActions::none());
    let [collision] = runfiles.collisions[..] else { panic!("{:?}", runfiles.collisions) };
    assert_eq!(planned.plan.describe(collision.kept), described("level 0, checked_hash"));
    assert_eq!(planned.plan.describe(collision.dropped), described("level 2, checked_hash"));
    let own = planned.plan.runfiles(planned.id("//p:high"), &FailedActions::none());
    assert_eq!(own.collisions, []);
}

#[test]
fn a_binary_prefers_its_own_pycs() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py", "shared.py"]).optimize(2).deps(&["//p:low"]));
    workspace.add(library("//p:low").srcs(&["shared.py"]));
    let planned = workspace.plan();
    let runfiles = planned.plan.runfiles(planned.id("//p:bin"), &FailedActions::none());
    let [collision] = runfiles.collisions[..] else { panic!("{:?}", runfiles.collisions) };
    assert_eq!(
        planned.plan.describe_collision(&collision),
        "_main/p/__pycache__/shared.fakepy-45.pyc is //p:__pycache__/shared.fakepy-45.pyc (level 2, checked_hash), \
         not //p:__pycache__/shared.fakepy-45.pyc (level 0, checked_hash)"
    );
}

#[test]
fn the_same_pyc_of_two_configurations_is_no_collision() {
    let mut workspace = Workspace::new(&[("precompile", "enabled")]);
    let other = workspace.configure(&[("precompile", "enabled"), ("add_srcs_to_runfiles", "disabled")]);
    workspace.add(binary("//p:top").srcs(&["top.py"]).deps(&["//p:lib"]));
    workspace.add(library("//p:lib").srcs(&["lib.py"]));
    workspace.add_in(other, other, library("//p:lib").srcs(&["lib.py"]));
    let top_level = {
        let mut planned = workspace;
        planned.add_in(other, other, binary("//p:tool").srcs(&["tool.py"]).deps(&["//p:lib"]));
        planned.add(binary("//p:plain").srcs(&["plain.py"]));
        planned
    };
    let planned = top_level.plan();
    let ids = [planned.id("//p:top"), planned.id_in(other, "//p:tool")];
    let files = planned.plan.package_files(&ids, &FailedActions::none());
    assert_eq!(files.collisions, []);
    let request = planned.plan.request(&ids);
    let paths: Vec<&str> =
        request.actions.iter().map(|action| planned.plan.action(*action).runfiles_path()).collect();
    let lib = "_main/p/__pycache__/lib.fakepy-45.pyc";
    assert_eq!(
        paths.iter().filter(|path| **path == lib).count(),
        2,
        "each configuration has outputs of its own"
    );
}

fn with_one_bad_source(settings: &[(&str, &str)]) -> (Planned, FailedActions) {
    let mut workspace = Workspace::new(settings);
    workspace.add(binary("//p:bin").srcs(&["bin.py", "_py2.py"]));
    let planned = workspace.plan();
    let bad = planned.plan.actions().filter(|(_, action)| action.pyc().name().contains("_py2"));
    let failed = FailedActions::of(bad.map(|(id, _)| id).take(1));
    (planned, failed)
}

#[test]
fn a_source_that_does_not_compile_ships_instead_of_its_pyc() {
    for (word, expected) in
        [("warn", OnPrecompileError::Warn), ("keep_source", OnPrecompileError::KeepSource)]
    {
        let (planned, failed) =
            with_one_bad_source(&[("pyc_only", "enabled"), ("on_precompile_error", word)]);
        assert_eq!(planned.runfiles("//p:bin"), ["p/_py2.pyc", "p/bin.pyc"]);
        assert_eq!(planned.runfiles_after("//p:bin", &failed), ["p/_py2.py", "p/bin.pyc"]);
        assert!(planned.plan.actions().all(|(_, action)| action.on_error() == expected));
        let rejections = planned.plan.rejections(&[planned.id("//p:bin")], &failed);
        let messages: Vec<String> = rejections.iter().map(ToString::to_string).collect();
        assert_eq!(messages, ["//p:bin: //p:_py2.py does not compile, the source ships"]);
    }
    let (planned, _) = with_one_bad_source(&[]);
    assert!(planned.plan.actions().all(|(_, action)| action.on_error() == OnPrecompileError::Fail));
}

#[test]
fn a_source_rejected_at_one_level_has_pycs_at_none() {
    let settings = [("precompile", "enabled"), ("precompile_optimize_levels", "0,1")];
    let (planned, failed) = with_one_bad_source(&settings);
    assert_eq!(
        planned.runfiles_after("//p:bin", &failed),
        ["p/__pycache__/bin.fakepy-45.opt-1.pyc", "p/__pycache__/bin.fakepy-45.pyc", "p/_py2.py", "p/bin.py"]
    );
}

#[test]
fn a_main_that_does_not_compile_runs_as_source() {
    let mut workspace = Workspace::new(&[("pyc_only", "enabled"), ("on_precompile_error", "warn")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).precompile("enabled"));
    let planned = workspace.plan();
    let failed = FailedActions::of(planned.plan.actions().map(|(id, _)| id));
    assert_eq!(planned.main_after("//p:bin", &failed).as_deref(), Some("p/bin.py"));
    assert_eq!(planned.outputs_after("//p:bin", &failed), ["p/bin", "p/bin.py"]);
    let decided = planned.plan.main(planned.id("//p:bin"), &failed).expect("it has a main");
    assert_eq!(decided.reason.to_string(), "main: it does not compile");
}

#[test]
fn warnings_are_given_where_a_pyc_would_have_been_taken() {
    let plan = |settings: &[(&str, &str)]| {
        let toolchain = Toolchain { precompiler: Precompiler::Missing, runtime: fakepy() };
        let mut workspace = Workspace::with_toolchain(settings, toolchain);
        workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:lib", "//p:off"]));
        workspace.add(library("//p:lib").srcs(&["lib.py"]));
        workspace.add(library("//p:off").deps(&["//p:lib"]));
        workspace.plan()
    };
    assert_eq!(plan(&[]).warnings(&["//p:bin", "//p:lib"]), NOTHING, "nobody asked for pycs");
    assert_eq!(
        plan(&[("precompile", "enabled")]).warnings(&["//p:bin"]),
        [
            "//p:bin: sources are not compiled: the exec tools toolchain has no precompiler",
            "//p:lib: sources are not compiled: the exec tools toolchain has no precompiler",
        ]
    );
}

#[test]
fn the_flag_of_the_exec_tools_toolchain_switches_the_stock_one_off() {
    for (precompiler, pycs) in [(Precompiler::Stock, 0), (Precompiler::Registered, 1)] {
        let toolchain = Toolchain { precompiler, runtime: fakepy() };
        let settings = [("exec_tools_toolchain", "disabled"), ("precompile", "force_enabled")];
        let mut workspace = Workspace::with_toolchain(&settings, toolchain);
        workspace.add(library("//p:lib").srcs(&["lib.py"]));
        let planned = workspace.plan();
        assert_eq!(planned.plan.actions().count(), pycs);
        assert_eq!(planned.warnings(&["//p:lib"]).len(), 1 - pycs);
    }
}

#[test]
fn a_pyc_beside_its_source_is_pointed_out() {
    let mut workspace = Workspace::new(&[]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:lib"]));
    workspace.add(library("//p:lib").srcs(&["lib.py"]).precompile("enabled").retention("omit_source"));
    let planned = workspace.plan();
    assert_eq!(planned.runfiles("//p:bin"), ["p/bin.py", "p/lib.py", "p/lib.pyc"]);
    assert_eq!(
        planned.warnings(&["//p:bin"]),
        [
            "//p:lib: //p:bin does not collect pycs and ships its sources beside its pycs, which are never read then"
        ]
    );
}

#[test]
fn every_decision_says_why() {
    let mut workspace = Workspace::new(&[("precompile", "enabled"), ("compilation_mode", "opt")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py", "//q:far.py"]).retention("omit_source").optimize(2));
    workspace.add(library("//p:forced").srcs(&["forced.py"]).precompile("disabled"));
    let planned = workspace.plan();
    let target = planned.plan.target(planned.id("//p:bin"));
    let settings = target.settings();
    let collection = settings.collection.expect("a binary collects or does not");
    for (value, reason, expected) in [
        (
            settings.generation.value.to_string(),
            settings.generation.reason,
            "compiled; R1 generate: precompile = \"inherit\"",
        ),
        (
            settings.retention.value.to_string(),
            settings.retention.reason,
            "omit_source; R2 retention: precompile_source_retention = \"omit_source\"",
        ),
        (
            settings.layout.value.to_string(),
            settings.layout.reason,
            "legacy; R3 layout: follows from R2 retention",
        ),
        (
            settings.invalidation.value.to_string(),
            settings.invalidation.reason,
            "unchecked_hash; R6 invalidation: --compilation_mode=opt (from the command line)",
        ),
        (
            collection.value.to_string(),
            collection.reason,
            "collects pycs; R7 collect: --precompile=enabled (from the command line)",
        ),
        (
            settings.requirement.value.to_string(),
            settings.requirement.reason,
            "implicit; R8 classify: precompile = \"inherit\"",
        ),
        (
            settings.levels.value.to_string(),
            settings.levels.reason,
            "2; optimize level: precompile_optimize_level = 2",
        ),
    ] {
        assert_eq!(format!("{value}; {reason}"), expected);
    }
    let reasons: Vec<String> = target
        .sources()
        .iter()
        .flat_map(|source| [source.compilation.reason.to_string(), source.fate.reason.to_string()])
        .collect();
    assert_eq!(
        reasons,
        [
            "R4 compile: follows from R1 generate",
            "R5 keep source: follows from R2 retention",
            "R4 compile: the source belongs to another package",
            "R5 keep source: follows from R4 compile",
        ]
    );
    let forced = planned.plan.target(planned.id("//p:forced")).settings();
    assert_eq!(forced.generation.reason.to_string(), "R1 generate: precompile = \"disabled\"");
    assert_eq!(
        forced.retention.reason.to_string(),
        "R2 retention: --precompile_source_retention=auto (the default)"
    );
}
