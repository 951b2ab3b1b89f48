//! Which attributes each rule takes, and of which type: tables, from rules_python's `attributes.bzl` and its rules, and from
//! Bazel's build encyclopedia.

use crate::package::Rule;

/// What an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// True or False, or 1 or 0.
    Bool,
    /// A number.
    Integer,
    /// -1, 0 or 1, or True or False.
    Tristate,
    /// A text.
    String,
    /// A label.
    Label,
    /// A list of labels.
    LabelList,
    /// A list of texts.
    StringList,
    /// Texts by text.
    StringDict,
    /// Lists of texts by text.
    StringListDict,
    /// Texts by label.
    LabelKeyedStringDict,
    /// A list of numbers.
    IntegerList,
    /// Anything: the rule is not known, or the value means nothing here. Texts stand as they were written.
    Any,
}

/// One attribute of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeSchema {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: AttributeType,
    /// Whether it must be given.
    pub needed: Needed,
    /// Whether its value may be a `select()`.
    pub configurable: Configurable,
}

/// Whether an attribute must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// There is no target without it.
    Always,
    /// It has a default.
    No,
}

/// Whether a value may be a `select()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configurable {
    /// It may.
    Yes,
    /// It may not: what a `select()` asks depends on it.
    No,
}

/// A rule and its attributes.
#[derive(Debug)]
pub struct RuleSchema {
    /// The rule's name, as BUILD files call it.
    pub name: &'static str,
    /// The rule.
    pub rule: Rule,
    /// The tables its attributes stand in.
    groups: &'static [&'static [AttributeSchema]],
}

impl RuleSchema {
    /// The attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeSchema> {
        self.attributes().find(|attribute| attribute.name == name)
    }

    /// All attributes, but for `name`.
    pub fn attributes(&self) -> impl Iterator<Item = &'static AttributeSchema> + use<> {
        self.groups.iter().flat_map(|group| group.iter())
    }
}

/// The schema of a known rule, by the name BUILD files call it.
pub fn rule_schema(name: &str) -> Option<&'static RuleSchema> {
    RULES.iter().find(|schema| schema.name == name)
}

const fn optional(name: &'static str, kind: AttributeType) -> AttributeSchema {
    AttributeSchema { name, kind, needed: Needed::No, configurable: Configurable::Yes }
}

const fn needed(name: &'static str, kind: AttributeType) -> AttributeSchema {
    AttributeSchema { needed: Needed::Always, ..optional(name, kind) }
}

const fn fixed(name: &'static str, kind: AttributeType) -> AttributeSchema {
    AttributeSchema { configurable: Configurable::No, ..optional(name, kind) }
}

use AttributeType::{
    Any, Bool, Integer, Label, LabelKeyedStringDict, LabelList, String as Text, StringDict, StringList,
    Tristate,
};

/// What every rule takes (Bazel, "Attributes common to all build rules").
const COMMON: &[AttributeSchema] = &[
    fixed("visibility", LabelList),
    fixed("tags", StringList),
    fixed("testonly", Bool),
    fixed("deprecation", Text),
    optional("features", StringList),
    fixed("compatible_with", LabelList),
    fixed("restricted_to", LabelList),
    optional("target_compatible_with", LabelList),
    optional("exec_compatible_with", LabelList),
    optional("exec_group_compatible_with", Any),
    optional("exec_properties", StringDict),
    fixed("licenses", Any),
    fixed("applicable_licenses", LabelList),
    fixed("package_metadata", LabelList),
    fixed("aspect_hints", LabelList),
    optional("toolchains", LabelList),
    fixed("generator_name", Text),
    fixed("generator_function", Text),
    fixed("generator_location", Text),
    fixed("expect_failure", Text),
    fixed("transitive_configs", StringList),
    fixed("output_licenses", Any),
];

/// What every test takes besides (Bazel, "Attributes common to all test rules").
const TEST: &[AttributeSchema] = &[
    fixed("size", Text),
    fixed("timeout", Text),
    fixed("flaky", Bool),
    optional("shard_count", Integer),
    fixed("local", Bool),
];

/// What everything that runs takes besides (Bazel, "Attributes common to all binary rules").
const EXECUTABLE: &[AttributeSchema] = &[
    optional("args", StringList),
    optional("env", StringDict),
    optional("env_inherit", StringList),
    fixed("output_to_bindir", Bool),
];

/// rules_python: `COMMON_ATTRS`, `PY_SRCS_ATTRS`, `IMPORTS_ATTRS`.
const PYTHON: &[AttributeSchema] = &[
    optional("srcs", LabelList),
    optional("deps", LabelList),
    optional("data", LabelList),
    optional("imports", StringList),
    optional("distribs", StringList),
    optional("precompile", Text),
    optional("precompile_invalidation_mode", Text),
    optional("precompile_optimize_level", Integer),
    optional("precompile_source_retention", Text),
    optional("pyi_deps", LabelList),
    optional("pyi_srcs", LabelList),
    optional("srcs_version", Text),
];

/// rules_python: `py_library.bzl`.
const PYTHON_LIBRARY: &[AttributeSchema] =
    &[optional("experimental_venvs_site_packages", Label), optional("namespace_package_files", LabelList)];

/// rules_python: `EXECUTABLE_ATTRS`, `CONFIG_SETTINGS_ATTR`, `AGNOSTIC_EXECUTABLE_ATTRS`.
const PYTHON_EXECUTABLE: &[AttributeSchema] = &[
    fixed("config_settings", LabelKeyedStringDict),
    optional("interpreter_args", StringList),
    optional("legacy_create_init", Tristate),
    optional("main", Label),
    optional("main_module", Text),
    optional("pyc_collection", Text),
    fixed("python_version", Text),
    optional("stamp", Tristate),
    optional("win_deploy_zip", Bool),
];

/// rules_python: `py_runtime_rule.bzl`.
const PYTHON_RUNTIME: &[AttributeSchema] = &[
    optional("abi_flags", Text),
    optional("bootstrap_template", Label),
    optional("coverage_tool", Label),
    optional("files", LabelList),
    optional("implementation_name", Text),
    optional("interpreter", Label),
    optional("interpreter_path", Text),
    optional("interpreter_version_info", StringDict),
    optional("pyc_tag", Text),
    optional("python_version", Text),
    optional("site_init_template", Label),
    optional("stub_shebang", Text),
    optional("supports_build_time_venv", Bool),
    optional("venv_bin_files", LabelList),
    optional("zip_main_template", Label),
];

const PYTHON_RUNTIME_PAIR: &[AttributeSchema] =
    &[optional("py2_runtime", Label), optional("py3_runtime", Label)];

/// rules_python: `py_exec_tools_toolchain.bzl`.
const PYTHON_EXEC_TOOLS: &[AttributeSchema] =
    &[optional("exec_interpreter", Label), optional("exec_runtime", Label), optional("precompiler", Label)];

const TOOLCHAIN: &[AttributeSchema] = &[
    AttributeSchema { configurable: Configurable::No, ..needed("toolchain_type", Label) },
    AttributeSchema { configurable: Configurable::No, ..needed("toolchain", Label) },
    optional("target_settings", LabelList),
    fixed("use_target_platform_constraints", Bool),
];

const TOOLCHAIN_TYPE: &[AttributeSchema] = &[fixed("no_match_error", Text)];

const FILEGROUP: &[AttributeSchema] = &[
    optional("srcs", LabelList),
    optional("data", LabelList),
    optional("output_group", Text),
    optional("path", Text),
];

const ALIAS: &[AttributeSchema] = &[needed("actual", Label)];

const CONFIG_SETTING: &[AttributeSchema] = &[
    fixed("values", StringDict),
    fixed("define_values", StringDict),
    fixed("flag_values", LabelKeyedStringDict),
    fixed("constraint_values", LabelList),
];

/// bazel_skylib's `selects.config_setting_group`.
const CONFIG_SETTING_GROUP: &[AttributeSchema] =
    &[fixed("match_any", LabelList), fixed("match_all", LabelList)];

const CONSTRAINT_SETTING: &[AttributeSchema] =
    &[fixed("default_constraint_value", Label), fixed("refines", Label)];

const CONSTRAINT_VALUE: &[AttributeSchema] =
    &[AttributeSchema { configurable: Configurable::No, ..needed("constraint_setting", Label) }];

const PLATFORM: &[AttributeSchema] = &[
    fixed("constraint_values", LabelList),
    fixed("parents", LabelList),
    fixed("flags", StringList),
    fixed("remote_execution_properties", Text),
    fixed("required_settings", LabelList),
    fixed("check_toolchain_types", Bool),
    fixed("allowed_toolchain_types", LabelList),
    fixed("missing_toolchain_error", Text),
];

/// What the flags and settings of bazel_skylib's `common_settings.bzl` take besides their default.
const BUILD_SETTING: &[AttributeSchema] = &[
    fixed("make_variable", Text),
    fixed("values", StringList),
    fixed("scope", Text),
    fixed("on_leave_scope", Any),
];

const fn setting(kind: AttributeType) -> AttributeSchema {
    AttributeSchema { configurable: Configurable::No, ..needed("build_setting_default", kind) }
}

const STRING_SETTING: &[AttributeSchema] = &[setting(Text)];
const BOOL_SETTING: &[AttributeSchema] = &[setting(Bool)];
const INTEGER_SETTING: &[AttributeSchema] = &[setting(Integer)];
const STRING_LIST_SETTING: &[AttributeSchema] = &[setting(StringList), fixed("repeatable", Bool)];

const TEST_SUITE: &[AttributeSchema] = &[fixed("tests", LabelList)];

const PACKAGE_GROUP: &[AttributeSchema] = &[fixed("packages", StringList), fixed("includes", LabelList)];

macro_rules! rules {
    ($($name:literal $rule:ident [$($group:ident),*];)*) => {
        &[$(RuleSchema { name: $name, rule: Rule::$rule, groups: &[$($group,)* COMMON] },)*]
    };
}

const RULES: &[RuleSchema] = rules! {
    "py_library" PyLibrary [PYTHON, PYTHON_LIBRARY];
    "py_binary" PyBinary [PYTHON, PYTHON_EXECUTABLE, EXECUTABLE];
    "py_test" PyTest [PYTHON, PYTHON_EXECUTABLE, EXECUTABLE, TEST];
    "py_runtime" PyRuntime [PYTHON_RUNTIME];
    "py_runtime_pair" PyRuntimePair [PYTHON_RUNTIME_PAIR];
    "py_exec_tools_toolchain" PyExecToolsToolchain [PYTHON_EXEC_TOOLS];
    "toolchain" Toolchain [TOOLCHAIN];
    "toolchain_type" ToolchainType [TOOLCHAIN_TYPE];
    "filegroup" Filegroup [FILEGROUP];
    "alias" Alias [ALIAS];
    "config_setting" ConfigSetting [CONFIG_SETTING];
    "config_setting_group" ConfigSettingGroup [CONFIG_SETTING_GROUP];
    "constraint_setting" ConstraintSetting [CONSTRAINT_SETTING];
    "constraint_value" ConstraintValue [CONSTRAINT_VALUE];
    "platform" Platform [PLATFORM];
    "string_flag" StringFlag [STRING_SETTING, BUILD_SETTING];
    "string_setting" StringFlag [STRING_SETTING, BUILD_SETTING];
    "bool_flag" BoolFlag [BOOL_SETTING, BUILD_SETTING];
    "bool_setting" BoolFlag [BOOL_SETTING, BUILD_SETTING];
    "int_flag" IntFlag [INTEGER_SETTING, BUILD_SETTING];
    "int_setting" IntFlag [INTEGER_SETTING, BUILD_SETTING];
    "string_list_flag" StringListFlag [STRING_LIST_SETTING, BUILD_SETTING];
    "string_list_setting" StringListFlag [STRING_LIST_SETTING, BUILD_SETTING];
    "test_suite" TestSuite [TEST_SUITE];
    "package_group" PackageGroup [PACKAGE_GROUP];
};

/// Bazel's other rules that a BUILD file calls without loading them: targets of theirs are opaque.
pub(crate) const OTHER_NATIVE_RULES: &[&str] = &[
    "action_listener",
    "analysis_test",
    "android_binary",
    "android_device",
    "android_device_script_fixture",
    "android_host_service_fixture",
    "android_instrumentation_test",
    "android_library",
    "android_local_test",
    "android_ndk_repository",
    "android_sdk",
    "android_sdk_repository",
    "android_tools_defaults_jar",
    "apple_cc_toolchain",
    "available_xcodes",
    "cc_binary",
    "cc_import",
    "cc_libc_top_alias",
    "cc_library",
    "cc_proto_library",
    "cc_shared_library",
    "cc_static_library",
    "cc_test",
    "cc_toolchain",
    "cc_toolchain_alias",
    "cc_toolchain_suite",
    "extra_action",
    "fdo_prefetch_hints",
    "fdo_profile",
    "genquery",
    "genrule",
    "java_binary",
    "java_import",
    "java_library",
    "java_lite_proto_library",
    "java_package_configuration",
    "java_plugin",
    "java_plugins_flag_alias",
    "java_proto_library",
    "java_runtime",
    "java_test",
    "java_toolchain",
    "j2objc_library",
    "label_flag",
    "label_setting",
    "memprof_profile",
    "objc_import",
    "objc_library",
    "propeller_optimize",
    "proto_lang_toolchain",
    "proto_library",
    "sh_binary",
    "sh_library",
    "sh_test",
    "starlark_doc_extract",
    "xcode_config",
    "xcode_config_alias",
    "xcode_version",
];
