//! The cases of rules_python's own test suite, by its names: docs/precompiling.md §9.

use prepyc_plan::{Action, ENVIRONMENT, MNEMONIC};

use crate::workspace::{Planned, Rule, Workspace, binary, library, test};

fn check_executable_with_two_libraries(subject: Rule) {
    let mut workspace = Workspace::new(&[]);
    workspace.add(subject.srcs(&["main.py"]).main("main.py").precompile("enabled").deps(&["//p:lib1"]));
    workspace.add(library("//p:lib1").srcs(&["lib1.py"]).precompile("enabled").deps(&["//p:lib2"]));
    workspace.add(library("//p:lib2").srcs(&["lib2.py"]).precompile("enabled"));
    let planned = workspace.plan();
    assert_eq!(
        planned.runfiles("//p:subject"),
        [
            "p/__pycache__/lib1.fakepy-45.pyc",
            "p/__pycache__/lib2.fakepy-45.pyc",
            "p/__pycache__/main.fakepy-45.pyc",
            "p/lib1.py",
            "p/lib2.py",
            "p/main.py",
        ]
    );
    assert_eq!(
        planned.outputs("//p:subject"),
        ["p/subject", "p/main.py", "p/__pycache__/main.fakepy-45.pyc"]
    );
    let providers = planned.providers("//p:subject");
    assert_eq!(planned.pycs(&providers.direct_pyc_files), ["p/__pycache__/main.fakepy-45.pyc"]);
    assert_eq!(
        planned.pycs(&providers.transitive_pyc_files),
        [
            "p/__pycache__/lib2.fakepy-45.pyc",
            "p/__pycache__/lib1.fakepy-45.pyc",
            "p/__pycache__/main.fakepy-45.pyc",
        ]
    );
}

#[test]
fn case_1_precompile_enabled_py_binary() {
    check_executable_with_two_libraries(binary("//p:subject"));
}

#[test]
fn case_2_precompile_enabled_py_test() {
    check_executable_with_two_libraries(test("//p:subject"));
}

fn check_enabled_library(add_srcs_to_runfiles: &str, runfiles: &[&str]) {
    let mut workspace = Workspace::new(&[("add_srcs_to_runfiles", add_srcs_to_runfiles)]);
    workspace.add(library("//p:subject").srcs(&["lib.py"]).precompile("enabled"));
    let planned = workspace.plan();
    assert_eq!(planned.outputs("//p:subject"), ["p/lib.py", "p/__pycache__/lib.fakepy-45.pyc"]);
    let providers = planned.providers("//p:subject");
    assert_eq!(planned.pycs(&providers.direct_pyc_files), ["p/__pycache__/lib.fakepy-45.pyc"]);
    assert_eq!(planned.pycs(&providers.transitive_pyc_files), ["p/__pycache__/lib.fakepy-45.pyc"]);
    assert_eq!(planned.runfiles("//p:subject"), runfiles);
}

#[test]
fn case_3_precompile_enabled_py_library_add_to_runfiles_disabled() {
    check_enabled_library("disabled", &[]);
}

#[test]
fn case_4_precompile_enabled_py_library_add_to_runfiles_enabled() {
    check_enabled_library("enabled", &["p/lib.py"]);
}

#[test]
fn case_5_pyc_only() {
    let mut workspace = Workspace::new(&[("precompile", "enabled")]);
    let subject = binary("//p:subject").srcs(&["main.py"]).main("main.py").deps(&["//p:lib"]);
    workspace.add(subject.precompile("enabled").retention("omit_source").collection("include_pyc"));
    workspace.add(library("//p:lib").srcs(&["lib.py"]).retention("omit_source"));
    let planned = workspace.plan();
    assert_eq!(planned.runfiles("//p:subject"), ["p/lib.pyc", "p/main.pyc"]);
    assert_eq!(planned.outputs("//p:subject"), ["p/subject", "p/main.pyc"]);
    assert_eq!(planned.main("//p:subject").as_deref(), Some("p/main.pyc"));
}

fn only_action(planned: &Planned) -> &Action {
    let actions: Vec<&Action> = planned.plan.actions().map(|(_, action)| action).collect();
    assert_eq!(actions.len(), 1);
    actions[0]
}

#[test]
fn case_6_precompiler_action() {
    let mut workspace = Workspace::new(&[]);
    let subject = binary("//p:subject").srcs(&["main2.py"]).main("main2.py").precompile("enabled");
    workspace.add(subject.optimize(2).invalidation("unchecked_hash"));
    let planned = workspace.plan();
    let action = only_action(&planned);
    let source = planned.plan.file(action.source());
    assert_eq!(
        action.arguments(source, "p/main2.py", "bazel-out/bin/p/__pycache__/main2.fakepy-45.pyc"),
        [
            "--invalidation_mode",
            "unchecked_hash",
            "--src",
            "p/main2.py",
            "--src_name",
            "p/main2.py",
            "--pyc",
            "bazel-out/bin/p/__pycache__/main2.fakepy-45.pyc",
            "--optimize",
            "2",
            "--python_version",
            "4.5",
        ]
    );
    assert_eq!(MNEMONIC, "PyCompile");
    assert_eq!(ENVIRONMENT, [("PYTHONHASHSEED", "0"), ("PYTHONNOUSERSITE", "1"), ("PYTHONSAFEPATH", "1")]);
}

/// A binary that is not compiled itself, with a library for each value of `precompile`.
fn check_collection(flag: &str, collection: &str, pycs: &[&str]) {
    let mut workspace = Workspace::new(&[("precompile", flag)]);
    let deps = ["//p:lib_inherit", "//p:lib_enabled", "//p:lib_disabled"];
    let subject = binary("//p:bin").srcs(&["bin.py"]).precompile("disabled").collection(collection);
    workspace.add(subject.deps(&deps));
    for value in ["inherit", "enabled", "disabled"] {
        let source = format!("lib_{value}.py");
        workspace.add(library(&format!("//p:lib_{value}")).srcs(&[&source]).precompile(value));
    }
    let planned = workspace.plan();
    let sources = ["p/bin.py", "p/lib_disabled.py", "p/lib_enabled.py", "p/lib_inherit.py"];
    let expected: Vec<&str> = pycs.iter().chain(&sources).copied().collect();
    assert_eq!(planned.runfiles("//p:bin"), expected);
}

const BOTH: [&str; 2] =
    ["p/__pycache__/lib_enabled.fakepy-45.pyc", "p/__pycache__/lib_inherit.fakepy-45.pyc"];

#[test]
fn case_7_precompile_flag_enabled_pyc_collection_attr_include_pyc() {
    check_collection("enabled", "include_pyc", &BOTH);
}

#[test]
fn case_8_precompile_flag_enabled_pyc_collection_attr_disabled() {
    check_collection("enabled", "disabled", &BOTH[..1]);
}

#[test]
fn case_9_precompile_flag_disabled_pyc_collection_attr_include_pyc() {
    check_collection("disabled", "include_pyc", &BOTH);
}

#[test]
fn case_10_precompile_flag_disabled_pyc_collection_attr_disabled() {
    check_collection("disabled", "disabled", &BOTH[..1]);
}

#[test]
fn case_11_pyc_collection_disabled_library_omit_source() {
    let mut workspace = Workspace::new(&[]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).collection("disabled").deps(&["//p:lib"]));
    workspace.add(library("//p:lib").srcs(&["lib.py"]).retention("omit_source"));
    assert_eq!(workspace.plan().runfiles("//p:bin"), ["p/bin.py", "p/lib.py"]);
}

#[test]
fn case_12_pyc_collection_include_dep_omit_source() {
    let mut workspace = Workspace::new(&[]);
    let subject = binary("//p:bin").srcs(&["bin.py"]).precompile("disabled").collection("include_pyc");
    workspace.add(subject.deps(&["//p:lib"]));
    workspace.add(library("//p:lib").srcs(&["lib.py"]).retention("omit_source"));
    assert_eq!(workspace.plan().runfiles("//p:bin"), ["p/bin.py", "p/lib.pyc"]);
}

#[test]
fn case_13_precompile_attr_inherit_pyc_collection_disabled_precompile_flag_enabled() {
    let mut workspace = Workspace::new(&[("precompile", "enabled")]);
    workspace.add(binary("//p:bin").srcs(&["bin.py"]).collection("disabled"));
    let planned = workspace.plan();
    assert_eq!(planned.runfiles("//p:bin"), ["p/bin.py"]);
    assert_eq!(planned.outputs("//p:bin"), ["p/bin", "p/bin.py"]);
    assert_eq!(planned.requested(&["//p:bin"]), Vec::<String>::new(), "nothing is made that nobody takes");
}

#[test]
fn case_14_precompile_enabled_succeeds() {
    let mut workspace = Workspace::new(&[]);
    workspace.add(test("//p:subject").generated_srcs(&["subject.py"]).precompile("enabled"));
    let planned = workspace.plan();
    assert_eq!(planned.requested(&["//p:subject"]), ["p/__pycache__/subject.fakepy-45.pyc"]);
    assert_eq!(planned.runfiles("//p:subject"), ["p/__pycache__/subject.fakepy-45.pyc", "p/subject.py"]);
    assert_eq!(planned.main("//p:subject").as_deref(), Some("p/subject.py"));
}
