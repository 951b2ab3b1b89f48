//! `Label`: its fields and methods, and `Label()` itself.

use prepyc_plan::Label;
use starlark::environment::{GlobalsBuilder, Methods, MethodsBuilder, MethodsStatic};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;

use super::values::LabelValue;
use super::{Context, failure};

pub(crate) fn methods() -> Option<&'static Methods> {
    static METHODS: MethodsStatic = MethodsStatic::new("Label", label_methods);
    Some(METHODS.methods())
}

#[starlark_module]
fn label_methods(builder: &mut MethodsBuilder) {
    /// The target's name.
    #[starlark(attribute)]
    fn name(this: &LabelValue) -> starlark::Result<String> {
        Ok(this.label.name().to_owned())
    }

    /// The package, below its repository.
    #[starlark(attribute)]
    fn package(this: &LabelValue) -> starlark::Result<String> {
        Ok(this.label.package().to_owned())
    }

    /// The canonical repository.
    #[starlark(attribute)]
    fn repo_name(this: &LabelValue) -> starlark::Result<String> {
        Ok(this.label.repository().to_owned())
    }

    /// As `repo_name`.
    #[starlark(attribute)]
    fn workspace_name(this: &LabelValue) -> starlark::Result<String> {
        Ok(this.label.repository().to_owned())
    }

    /// Where the repository stands below the execution root.
    #[starlark(attribute)]
    fn workspace_root(this: &LabelValue) -> starlark::Result<String> {
        Ok(match this.label.repository() {
            "" => String::new(),
            repository => format!("external/{repository}"),
        })
    }

    /// A target of the same package.
    fn same_package_label(
        this: &LabelValue,
        #[starlark(require = pos)] target_name: &str,
    ) -> starlark::Result<LabelValue> {
        let label = Label::new(this.label.repository(), this.label.package(), target_name)
            .map_err(|error| failure(error.to_string()))?;
        Ok(LabelValue { label })
    }

    /// A label as it would be written in the package of this one.
    fn relative(
        this: &LabelValue,
        #[starlark(require = pos)] text: &str,
        eval: &mut Evaluator<'_, '_, '_>,
    ) -> starlark::Result<LabelValue> {
        let package = crate::package::PackageId::of(&this.label);
        let label = Context::of(eval)?.workspace.resolve_text(text, &package).map_err(failure)?;
        Ok(LabelValue { label })
    }
}

/// `Label()`: relative to the file that the call is written in.
#[starlark_module]
pub(crate) fn label_function(builder: &mut GlobalsBuilder) {
    fn Label<'v>(
        #[starlark(require = pos)] input: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<LabelValue> {
        if let Some(label) = LabelValue::from_value(input) {
            return Ok(LabelValue { label: label.label.clone() });
        }
        let text = input.unpack_str().ok_or_else(|| {
            failure(format!("Label() takes a text, not a value of type '{}'", input.get_type()))
        })?;
        let context = Context::of(eval)?;
        let written_in = super::trouble::innermost_location(eval)
            .and_then(|location| context.file_names.package_of(&location.file.display().to_string()));
        let package = written_in.as_ref().unwrap_or(&context.package);
        let label = context.workspace.resolve_text(text, package).map_err(failure)?;
        Ok(LabelValue { label })
    }
}
