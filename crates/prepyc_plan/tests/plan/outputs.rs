//! What goes where beside the plain table: mains, other kinds of targets, packages, who carries whom.

use prepyc_plan::{PlanError, Rule};

use crate::workspace::{Rule as Target, Workspace, binary, builtin_library, files, library, test};

const NOTHING: [&str; 0] = [];
const OMIT: [(&str, &str); 2] = [("precompile", "enabled"), ("precompile_source_retention", "omit_source")];

#[test]
fn the_main_of_a_module_is_left_alone() {
    let mut workspace = Workspace::new(&OMIT);
    let subject = binary("//p:bin").srcs(&["extra.py"]).main_module("pkg.__main__").collection("include_pyc");
    workspace.add(subject);
    let planned = workspace.plan();
    assert_eq!(planned.main("//p:bin").as_deref(), Some("-m pkg.__main__"));
    assert_eq!(planned.runfiles("//p:bin"), ["p/extra.pyc"]);
    assert_eq!(planned.plan.main_source(planned.id("//p:bin")), None);
}

#[test]
fn a_check_of_the_main_reads_the_source_whatever_runs() {
    let mut workspace = Workspace::new(&OMIT);
    workspace.add(test("//p:t").srcs(&["t.py", "other.py"]));
    let planned = workspace.plan();
    let source = planned.plan.main_source(planned.id("//p:t")).expect("it has a main");
    assert_eq!(planned.sources(&[source]), ["p/t.py"]);
    assert_eq!(planned.main("//p:t").as_deref(), Some("p/t.pyc"));
}

#[test]
fn a_main_of_another_package_stays_a_source() {
    let mut workspace = Workspace::new(&OMIT);
    workspace.add(binary("//p:bin").srcs(&["//q:sub/run.py", "mod.py"]).main("sub/run.py"));
    let planned = workspace.plan();
    assert_eq!(planned.main("//p:bin").as_deref(), Some("q/sub/run.py"));
    assert_eq!(planned.runfiles("//p:bin"), ["p/mod.pyc", "q/sub/run.py"]);
    assert_eq!(
        planned.warnings(&["//p:bin"]),
        ["//p:bin: //q:sub/run.py is not compiled, the source ships: the source belongs to another package"]
    );
}

fn check_bad_main(rule: Target, expected: &str) {
    let mut workspace = Workspace::new(&[]);
    workspace.add(rule);
    let errors = workspace.try_plan().err().expect("there is no main");
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    assert!(matches!(errors[0], PlanError::BadMain { .. }));
}

#[test]
fn mains_that_cannot_be_found_are_errors() {
    check_bad_main(
        binary("//p:bin").srcs(&["other.py"]),
        "//p:bin: no file of srcs is called \"bin.py\", after its name, as main is not set",
    );
    check_bad_main(
        binary("//p:bin").srcs(&["xbin.py"]).main("bin.py"),
        "//p:bin: no file of srcs is called \"bin.py\", after main",
    );
    check_bad_main(
        binary("//p:bin").srcs(&["a/bin.py", "b/bin.py"]),
        "//p:bin: several files of srcs are called \"bin.py\", after its name, as main is not set: p/a/bin.py, \
         p/b/bin.py",
    );
    check_bad_main(
        binary("//p:bin").srcs(&["bin.py"]).main("bin"),
        "//p:bin: main = \"bin\" does not end in .py",
    );
    check_bad_main(binary("//p:bin.py").srcs(&["bin.py"]), "//p:bin.py: its name may not end in .py");
}

#[test]
fn only_files_called_py_take_part() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(library("//p:lib").srcs(&["a.py", "b.py3", "c.pyi", "d.PY", "py", "e.pyc", "a.py"]));
    assert_eq!(workspace.plan().outputs("//p:lib"), ["p/a.py", "p/__pycache__/a.fakepy-45.pyc"]);
}

#[test]
fn names_of_pycs_lose_the_last_extension_alone() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(library("//p:lib").srcs(&["sub/mod.v1.py", "ünï.py"]));
    workspace.add(library("@repo//:top").srcs(&["top.py"]).retention("omit_source"));
    let planned = workspace.plan();
    assert_eq!(
        planned.outputs("//p:lib"),
        [
            "p/sub/mod.v1.py",
            "p/ünï.py",
            "p/sub/__pycache__/mod.v1.fakepy-45.pyc",
            "p/__pycache__/ünï.fakepy-45.pyc",
        ]
    );
    assert_eq!(planned.outputs("@repo//:top"), ["repo/top.pyc"]);
    let (_, action) =
        planned.plan.actions().find(|(_, action)| action.runfiles_path() == "repo/top.pyc").unwrap();
    let source = planned.plan.file(action.source());
    assert_eq!(source.label.short_path(), "../repo/top.py", "what the pyc says of its source");
}

#[test]
fn a_package_of_the_same_name_elsewhere_is_foreign() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(library("//p:lib").srcs(&["@other//p:mod.py"]));
    let planned = workspace.plan();
    assert_eq!(planned.outputs("//p:lib"), ["other/p/mod.py"]);
    assert_eq!(planned.warnings(&["//p:lib"]).len(), 1);
}

#[test]
fn a_library_carries_its_dependencies_sources_and_no_pycs() {
    let mut workspace = Workspace::new(&[]);
    workspace.add(library("//p:a").srcs(&["a.py"]).precompile("enabled").deps(&["//p:b"]));
    workspace.add(library("//p:b").srcs(&["b.py"]).precompile("enabled").deps(&["//p:c"]));
    workspace.add(library("//p:c").srcs(&["c.py"]).precompile("enabled").retention("omit_source"));
    let planned = workspace.plan();
    assert_eq!(planned.runfiles("//p:a"), ["p/a.py", "p/b.py"]);
    assert_eq!(planned.requested(&["//p:a"]), ["p/__pycache__/a.fakepy-45.pyc"]);
}

#[test]
fn a_binary_below_decides_for_itself() {
    let mut workspace = Workspace::new(&[]);
    workspace.add(binary("//p:top").srcs(&["top.py"]).deps(&["//p:tool"]));
    workspace.add(binary("//p:tool").srcs(&["tool.py"]).collection("include_pyc").deps(&["//p:lib"]));
    workspace.add(library("//p:lib").srcs(&["lib.py"]));
    let planned = workspace.plan();
    let below =
        ["p/__pycache__/lib.fakepy-45.pyc", "p/__pycache__/tool.fakepy-45.pyc", "p/lib.py", "p/tool.py"];
    assert_eq!(planned.runfiles("//p:tool"), below);
    assert_eq!(planned.runfiles("//p:top"), [&below[..], &["p/top.py"]].concat());
}

#[test]
fn a_debugger_is_carried_but_not_passed_on() {
    let mut workspace = Workspace::new(&[("precompile", "enabled"), ("add_srcs_to_runfiles", "disabled")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).extra_deps(&["//p:debugger"]));
    workspace.add(library("//p:debugger").srcs(&["debugger.py"]));
    let planned = workspace.plan();
    assert_eq!(
        planned.runfiles("//p:bin"),
        [
            "p/__pycache__/bin.fakepy-45.pyc",
            "p/__pycache__/debugger.fakepy-45.pyc",
            "p/bin.py",
            "p/debugger.py"
        ]
    );
    let providers = planned.providers("//p:bin");
    assert_eq!(planned.sources(&providers.transitive_original_sources), ["p/bin.py"]);
}

#[test]
fn behind_a_provider_that_knows_no_pycs_there_are_sources() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:old"]));
    workspace.add(builtin_library("//p:old").srcs(&["old.py"]).deps(&["//p:kept", "//p:omitted"]));
    workspace.add(library("//p:kept").srcs(&["kept.py"]));
    workspace.add(library("//p:omitted").srcs(&["omitted.py"]).retention("omit_source"));
    let planned = workspace.plan();
    assert_eq!(
        planned.runfiles("//p:bin"),
        ["p/__pycache__/bin.fakepy-45.pyc", "p/bin.py", "p/kept.py", "p/old.py", "p/omitted.py"]
    );
    let providers = planned.providers("//p:bin");
    assert_eq!(planned.pycs(&providers.transitive_pyc_files), NOTHING);
    assert_eq!(
        planned.sources(&providers.transitive_sources),
        ["p/kept.py", "p/omitted.py", "p/old.py", "p/bin.py"]
    );
}

#[test]
fn files_among_the_dependencies_travel_with_the_provider() {
    let mut workspace = Workspace::new(&[("precompile", "force_enabled")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).deps(&["//p:lib", "//p:loose"]));
    workspace.add(library("//p:lib").srcs(&["lib.py"]).deps(&["//p:group"]));
    workspace.add(files("//p:group").srcs(&["group.py", "group.txt"]));
    workspace.add(files("//p:loose").srcs(&["loose.py"]));
    let planned = workspace.plan();
    let runfiles = planned.runfiles("//p:bin");
    assert!(runfiles.contains(&"p/group.py".to_owned()), "{runfiles:?}");
    assert!(!runfiles.contains(&"p/loose.py".to_owned()), "{runfiles:?}");
}

#[test]
fn a_package_holds_every_module_once() {
    let mut workspace = Workspace::new(&[("add_srcs_to_runfiles", "disabled")]);
    let deps = ["//p:kept", "//p:left_to_binaries", "//p:omitted", "//p:required"];
    workspace.add(library("//p:all").deps(&deps));
    workspace.add(library("//p:kept").srcs(&["kept.py"]));
    workspace.add(library("//p:left_to_binaries").srcs(&["left.py"]).retention("omit_source"));
    workspace
        .add(library("//p:omitted").srcs(&["omitted.py"]).precompile("enabled").retention("omit_source"));
    workspace.add(library("//p:required").srcs(&["required.py"]).precompile("enabled"));
    assert_eq!(
        workspace.plan().package("//p:all"),
        ["p/__pycache__/required.fakepy-45.pyc", "p/kept.py", "p/left.py", "p/omitted.pyc", "p/required.py"]
    );
}

#[test]
fn dependencies_come_before_what_depends_on_them() {
    let mut workspace = Workspace::new(&[]);
    workspace.add(library("//p:a").srcs(&["a.py"]).deps(&["//p:c", "//p:b"]));
    workspace.add(library("//p:b").srcs(&["b.py"]).deps(&["//p:d"]));
    workspace.add(library("//p:c").srcs(&["c.py"]).deps(&["//p:d"]));
    workspace.add(library("//p:d").srcs(&["d.py"]));
    let planned = workspace.plan();
    let providers = planned.providers("//p:a");
    assert_eq!(planned.sources(&providers.transitive_sources), ["p/d.py", "p/c.py", "p/b.py", "p/a.py"]);
}

#[test]
fn sources_in_the_runfiles_of_libraries_follow_their_flag() {
    let mut workspace = Workspace::new(&[("add_srcs_to_runfiles", "disabled")]);
    workspace.add(library("//p:lib").srcs(&["lib.py"]));
    let planned = workspace.plan();
    let decided = planned.plan.target(planned.id("//p:lib")).settings().add_sources;
    assert_eq!(decided.reason.rule, Rule::AddSources);
    assert_eq!(
        decided.reason.to_string(),
        "add sources to runfiles: --add_srcs_to_runfiles=disabled (from the command line)"
    );
}
