//! What .bzl files have besides what BUILD files have: `rule`, `provider`, `struct`, `native` and the like.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use starlark::collections::SmallMap;
use starlark::environment::{FrozenModule, Globals, GlobalsBuilder, LibraryExtension};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::tuple::UnpackTuple;

use super::context::NoContext;
use super::guarded::{int_function, json_functions};
use super::labels::label_function;
use super::package_functions::{add_native, language_functions};
use super::values::{Opaque, RuleKind, RuleValue};
use super::{FileKind, Loads, Source, Wanted, evaluate, parse};
use crate::schema::{self, RuleSchema};

/// What a BUILD file may call.
pub(crate) fn build_globals() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
        GlobalsBuilder::standard().with(language_functions).with(label_function).with(add_native).build()
    });
    &GLOBALS
}

/// What a .bzl file may call, but for what [`prelude`] has.
pub(crate) fn bzl_globals() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| bzl_builder().build());
    &GLOBALS
}

/// What the .bzl files that come with prepyc may call.
fn own_globals() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
        let mut builder = bzl_builder().with(own_functions);
        if let Some(schema) = schema::rule_schema("config_setting_group") {
            builder.set(schema.name, RuleValue::of(RuleKind::Known(schema)));
        }
        builder.build()
    });
    &GLOBALS
}

fn bzl_builder() -> GlobalsBuilder {
    let extensions = [LibraryExtension::StructType, LibraryExtension::SetType];
    let mut builder = GlobalsBuilder::extended_by(&extensions)
        .with(int_function)
        .with(language_functions)
        .with(label_function)
        .with(select_function)
        .with(definition_functions);
    builder.namespace("native", add_native);
    builder.namespace("json", json_functions);
    for name in UNKNOWN_HERE {
        builder.set(name, Opaque::new(name, ""));
    }
    builder
}

/// The .bzl files that come with prepyc, by the paths under which bazel_skylib has them, or by the symbol that they are for.
const OWN_FILES: &[(&str, &str)] = &[
    ("lib/collections.bzl", include_str!("starlark/collections.bzl")),
    ("lib/dicts.bzl", include_str!("starlark/collections.bzl")),
    ("lib/paths.bzl", include_str!("starlark/paths.bzl")),
    ("lib/selects.bzl", include_str!("starlark/selects.bzl")),
    ("lib/shell.bzl", include_str!("starlark/collections.bzl")),
    ("lib/structs.bzl", include_str!("starlark/collections.bzl")),
    ("pip_utils", include_str!("starlark/pip_utils.bzl")),
    ("lib/types.bzl", include_str!("starlark/collections.bzl")),
];

/// A file that comes with prepyc.
pub(crate) fn own_module(path: &str) -> Option<&'static FrozenModule> {
    static MODULES: LazyLock<Vec<(&'static str, FrozenModule)>> =
        LazyLock::new(|| OWN_FILES.iter().map(|(path, text)| (*path, evaluate_own(path, text))).collect());
    MODULES.iter().find(|(own, _)| *own == path).map(|(_, module)| module)
}

/// What every .bzl file has that is written in Starlark.
pub(crate) fn prelude() -> &'static FrozenModule {
    static PRELUDE: LazyLock<FrozenModule> =
        LazyLock::new(|| evaluate_own("prelude.bzl", include_str!("starlark/prelude.bzl")));
    &PRELUDE
}

/// Evaluates a file of our own: that it is right is what the tests show.
fn evaluate_own(path: &str, text: &str) -> FrozenModule {
    let source = Source { name: Arc::from(Path::new(path)), text: text.to_owned() };
    let evaluated = parse(&source, FileKind::Definitions).and_then(|ast| {
        evaluate(ast, own_globals(), &Loads::default(), &NoContext, Wanted::Module { prelude: None })
    });
    match evaluated {
        Ok(Some(module)) => module,
        Ok(None) => unreachable!("{path} has values"),
        Err(error) => panic!("{error}"),
    }
}

/// What only matters when a rule of somebody else's is analysed: it can be called and passed on, and means nothing.
const UNKNOWN_HERE: &[&str] = &[
    "AnalysisFailureInfo",
    "AnalysisTestResultInfo",
    "Args",
    "CcInfo",
    "CcToolchainConfigInfo",
    "DebugPackageInfo",
    "DefaultInfo",
    "ExecutionInfo",
    "InstrumentedFilesInfo",
    "JavaInfo",
    "JavaPluginInfo",
    "OutputGroupInfo",
    "PackageSpecificationInfo",
    "ProguardSpecProvider",
    "ProtoInfo",
    "PyInfo",
    "PyCcLinkParamsProvider",
    "PyRuntimeInfo",
    "RunEnvironmentInfo",
    "analysis_test_transition",
    "apple_common",
    "aspect",
    "cc_common",
    "config",
    "config_common",
    "configuration_field",
    "coverage_common",
    "depset",
    "exec_group",
    "exec_transition",
    "java_common",
    "materializer_rule",
    "module_extension",
    "platform_common",
    "proto_common_do_not_use",
    "py_internal",
    "repository_rule",
    "subrule",
    "tag_class",
    "testing",
    "transition",
    "visibility",
];

#[starlark_module]
fn select_function(builder: &mut GlobalsBuilder) {
    fn select<'v>(
        #[starlark(require = pos)] branches: Value<'v>,
        #[starlark(require = named, default = "")] no_match_error: &str,
    ) -> starlark::Result<super::values::SelectValue> {
        super::package_functions::make_select(branches, no_match_error)
    }
}

/// What only the files of our own call.
#[starlark_module]
fn own_functions(builder: &mut GlobalsBuilder) {
    /// The names of the attributes that a symbolic macro inherits: those of a rule, or those that all rules have.
    fn inherited_attributes<'v>(#[starlark(require = pos)] from: Value<'v>) -> starlark::Result<Vec<String>> {
        let schema = if let Some(rule) = RuleValue::from_value(from) {
            match rule.kind.get() {
                Some(RuleKind::Known(schema)) => Some(*schema),
                Some(RuleKind::Unknown(_)) | None => None,
            }
        } else if from.unpack_str() == Some("common") {
            schema::rule_schema("toolchain_type")
        } else {
            None
        };
        Ok(schema
            .into_iter()
            .flat_map(RuleSchema::attributes)
            .map(|attribute| attribute.name.to_owned())
            .collect())
    }
}

#[starlark_module]
fn definition_functions(builder: &mut GlobalsBuilder) {
    /// What it returns declares targets of the name it is assigned to.
    fn rule<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] given: SmallMap<String, Value<'v>>,
    ) -> starlark::Result<RuleValue> {
        let _ = (args, given);
        Ok(RuleValue::nameless())
    }

    /// With `init`, Bazel returns the provider and its raw constructor.
    fn provider<'v>(
        #[starlark(args)] args: UnpackTuple<Value<'v>>,
        #[starlark(kwargs)] given: SmallMap<String, Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let _ = args;
        let heap = eval.heap();
        Ok(match given.get("init") {
            Some(init) if !init.is_none() => {
                heap.alloc((Opaque::new("provider", ""), Opaque::new("provider", "")))
            }
            _ => heap.alloc(Opaque::new("provider", "")),
        })
    }
}
