//! Words: every value of every flag and attribute, removed ones, wrong ones, and what the messages say.

use prepyc_plan::{
    AddSrcsToRunfilesFlag, CompilationMode, ExecToolsToolchainFlag, Flags, Given, InvalidationAttribute,
    Label, OnPrecompileError, OptimizeAttribute, OptimizeLevel, OptimizeLevelsFlag, PlanError,
    PrecompileAttribute, PrecompileFlag, Precompiler, PycCollectionAttribute, PycOnlyFlag, PythonVersion,
    Runtime, SourceRetentionAttribute, SourceRetentionFlag, Toolchain,
};

use crate::workspace::{Workspace, fakepy, library};

#[test]
fn every_value_is_read_as_it_is_written() {
    macro_rules! check {
        ($type:ty: $($word:literal)+) => {
            let words: Vec<&str> = <$type>::ALL.iter().map(|value| value.word()).collect();
            assert_eq!(words, [$($word),+]);
            for value in <$type>::ALL {
                assert_eq!(value.to_string().parse::<$type>().as_ref(), Ok(value));
            }
        };
    }
    check!(PrecompileFlag: "auto" "enabled" "disabled" "force_enabled" "force_disabled");
    check!(SourceRetentionFlag: "auto" "keep_source" "omit_source");
    check!(AddSrcsToRunfilesFlag: "auto" "enabled" "disabled");
    check!(ExecToolsToolchainFlag: "enabled" "disabled");
    check!(CompilationMode: "fastbuild" "dbg" "opt");
    check!(PycOnlyFlag: "auto" "enabled" "disabled");
    check!(OnPrecompileError: "auto" "fail" "warn" "keep_source");
    check!(PrecompileAttribute: "inherit" "enabled" "disabled");
    check!(SourceRetentionAttribute: "inherit" "keep_source" "omit_source");
    check!(InvalidationAttribute: "auto" "checked_hash" "unchecked_hash");
    check!(PycCollectionAttribute: "inherit" "include_pyc" "disabled");
}

fn refusal(name: &str, value: &str) -> String {
    let mut flags = Flags::unset();
    let error = flags.set(name, value, Given::CommandLine).expect_err("it is refused");
    assert_eq!(flags, Flags::unset(), "a refused value changes nothing");
    error.to_string()
}

#[test]
fn removed_flags_and_values_say_what_replaced_them() {
    assert_eq!(
        refusal("pyc_collection", "include_pyc"),
        "--pyc_collection: rules_python 0.37 removed this flag; a binary's pyc_collection attribute decides, and \
         inherits from --precompile"
    );
    assert_eq!(
        refusal("precompile_add_to_runfiles", "always"),
        "--precompile_add_to_runfiles: rules_python 0.37 removed this flag; a binary's pyc_collection attribute \
         decides what its runfiles hold"
    );
    assert_eq!(
        refusal("precompile", "if_generated_source"),
        "--precompile: rules_python 0.37 removed the value \"if_generated_source\"; set precompile = \"enabled\" on \
         the targets with generated sources"
    );
    assert_eq!(
        refusal("precompile_source_retention", "omit_if_generated_source"),
        "--precompile_source_retention: rules_python 0.37 removed the value \"omit_if_generated_source\"; set \
         precompile_source_retention = \"omit_source\" on the targets with generated sources"
    );
    let attribute = "if_generated_source".parse::<PrecompileAttribute>().expect_err("it is removed");
    assert!(attribute.to_string().starts_with("precompile: rules_python 0.37 removed"), "{attribute}");
    let attribute =
        "omit_if_generated_source".parse::<SourceRetentionAttribute>().expect_err("it is removed");
    assert!(attribute.to_string().contains("write \"omit_source\" where"), "{attribute}");
}

#[test]
fn wrong_values_are_told_what_there_is() {
    assert_eq!(
        refusal("precompile", "yes"),
        "--precompile: \"yes\" is not a value (one of auto, enabled, disabled, force_enabled, force_disabled)"
    );
    assert_eq!(
        refusal("exec_tools_toolchain", "auto"),
        "--exec_tools_toolchain: \"auto\" is not a value (one of enabled, disabled)"
    );
    assert_eq!(refusal("precompiled", "enabled"), "--precompiled: not a flag of precompiling");
    for bad in ["", "3", "0,", "-1", "00", "0;1"] {
        assert!(
            refusal("precompile_optimize_levels", bad).contains("is not an optimization level"),
            "{bad:?}"
        );
    }
    let timestamp = "timestamp".parse::<InvalidationAttribute>().expect_err("no attribute offers it");
    assert_eq!(
        timestamp.to_string(),
        "precompile_invalidation_mode: \"timestamp\" is not a value (one of auto, checked_hash, unchecked_hash)"
    );
}

#[test]
fn levels_are_integers_in_build_files() {
    assert_eq!(OptimizeAttribute::from_integer(-1), Ok(OptimizeAttribute::Interpreter));
    assert_eq!(OptimizeAttribute::from_integer(2), Ok(OptimizeAttribute::Level(OptimizeLevel::Two)));
    for bad in [-2, 3, i64::MAX] {
        let error = OptimizeAttribute::from_integer(bad).expect_err("no compile() takes it");
        assert!(error.to_string().contains("(-1, 0, 1 or 2)"), "{error}");
    }
    let flag: OptimizeLevelsFlag = "2,0,2".parse().expect("levels");
    assert_eq!(flag.to_string(), "0,2");
    assert_eq!("auto".parse(), Ok(OptimizeLevelsFlag::Auto));
}

#[test]
fn execution_requirements_given_replace_the_stock_ones() {
    let mut flags = Flags::unset();
    let stock: Vec<(&str, &str)> = flags.execution_requirements.value.iter().collect();
    assert_eq!(
        stock,
        [
            ("requires-worker-protocol", "json"),
            ("supports-multiplex-sandboxing", "1"),
            ("supports-multiplex-workers", "1"),
            ("supports-worker-cancellation", "1"),
            ("supports-workers", "1"),
        ]
    );
    for text in ["supports-workers=1", " ", "requires-worker-protocol=proto", "key=a=b"] {
        flags.set("execution_requirements", text, Given::ConfigFile).expect("a requirement");
    }
    let given: Vec<(&str, &str)> = flags.execution_requirements.value.iter().collect();
    assert_eq!(given, [("key", "a=b"), ("requires-worker-protocol", "proto"), ("supports-workers", "1")]);
    assert_eq!(flags.execution_requirements.value.get("supports-multiplex-workers"), None);
    assert_eq!(
        refusal("execution_requirements", "no-cache"),
        "--execution_requirements: \"no-cache\" is not of the form key=value"
    );
}

#[test]
fn tags_come_from_the_attribute_else_from_implementation_and_version() {
    let version = PythonVersion { major: 3, minor: 14 };
    assert_eq!(Runtime::cpython(version).effective_tag().as_deref(), Some("cpython-314"));
    assert_eq!(fakepy().effective_tag().as_deref(), Some("fakepy-45"));
    let explicit = Runtime { pyc_tag: Some("own".into()), ..Runtime::unknown() };
    assert_eq!(explicit.effective_tag().as_deref(), Some("own"));
    let empty = Runtime { pyc_tag: Some("".into()), ..fakepy() };
    assert_eq!(empty.effective_tag().as_deref(), Some("fakepy-45"));
    assert_eq!(Runtime::unknown().effective_tag(), None);
}

#[test]
fn a_tag_that_leads_elsewhere_is_an_error() {
    let runtime = Runtime { pyc_tag: Some("../../etc/x".into()), ..fakepy() };
    let toolchain = Toolchain { precompiler: Precompiler::Stock, runtime };
    let mut workspace = Workspace::with_toolchain(&[], toolchain);
    workspace.add(library("//p:lib").srcs(&["lib.py"]));
    let errors = workspace.try_plan().err().expect("no such file can be");
    assert_eq!(errors, [PlanError::BadPycTag("../../etc/x".to_owned())]);
}

#[test]
fn contradictory_flags_are_an_error() {
    let workspace = Workspace::new(&[("pyc_only", "enabled"), ("precompile", "force_disabled")]);
    let errors = workspace.try_plan().err().expect("they contradict each other");
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "--pyc_only=enabled cannot be had with --precompile=force_disabled: one asks for pycs alone, the other for \
          none"
        ]
    );
}

#[test]
fn labels_are_absolute_and_lead_nowhere_else() {
    for (text, shown, path, short_path, runfiles_path) in [
        ("//a/b:c.py", "//a/b:c.py", "a/b/c.py", "a/b/c.py", "_main/a/b/c.py"),
        ("//a/b", "//a/b:b", "a/b/b", "a/b/b", "_main/a/b/b"),
        ("//:top.py", "//:top.py", "top.py", "top.py", "_main/top.py"),
        ("@r//p:s/n", "@r//p:s/n", "p/s/n", "../r/p/s/n", "r/p/s/n"),
        ("@@r+//p:n", "@r+//p:n", "p/n", "../r+/p/n", "r+/p/n"),
        ("@//p:n", "//p:n", "p/n", "p/n", "_main/p/n"),
    ] {
        let label: Label = text.parse().expect("a label");
        assert_eq!(label.to_string(), shown);
        assert_eq!(
            (label.path(), label.short_path(), label.runfiles_path()),
            (path.into(), short_path.into(), runfiles_path.into())
        );
    }
    for bad in [
        "",
        "a",
        ":a",
        "a//b:c",
        "//a:",
        "//",
        "//a:../b",
        "//../a:b",
        "//a//b:c",
        "/a:b",
        "//a:/b",
        "//a:b/",
        "//a/:b",
        "@..//a:b",
        "//a:b/./c",
        "@a/b//c:d",
        "//a:b\0c",
    ] {
        assert!(bad.parse::<Label>().is_err(), "{bad:?}");
    }
}
