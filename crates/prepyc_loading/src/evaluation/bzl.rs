//! What .bzl files have besides what BUILD files have: `rule`, `provider`, `struct`, `native` and the like.

use std::sync::LazyLock;

use starlark::collections::SmallMap;
use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::tuple::UnpackTuple;

use super::labels::label_function;
use super::package_functions::{add_native, language_functions};
use super::values::{Opaque, RuleValue};

/// What a BUILD file may call.
pub(crate) fn build_globals() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
        GlobalsBuilder::standard().with(language_functions).with(label_function).with(add_native).build()
    });
    &GLOBALS
}

/// What a .bzl file may call.
pub(crate) fn bzl_globals() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| {
        let extensions = [LibraryExtension::StructType, LibraryExtension::Json, LibraryExtension::SetType];
        let mut builder = GlobalsBuilder::extended_by(&extensions)
            .with(language_functions)
            .with(label_function)
            .with(select_function)
            .with(definition_functions);
        builder.namespace("native", add_native);
        for name in UNKNOWN_HERE {
            builder.set(name, Opaque::new(name, ""));
        }
        builder.build()
    });
    &GLOBALS
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
    "attr",
    "cc_common",
    "config",
    "config_common",
    "configuration_field",
    "coverage_common",
    "depset",
    "exec_group",
    "exec_transition",
    "java_common",
    "macro",
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
