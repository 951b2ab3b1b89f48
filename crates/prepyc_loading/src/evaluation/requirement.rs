//! `requirement()` of a pip hub.

#![expect(
    unsafe_code,
    reason = "starlark's derive makes an unsafe impl, which is sound for types without lifetimes"
)]

use allocative::Allocative;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};

use super::failure;

/// `requirement("requests")`: the label of a distribution in its hub.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Requirement {
    pub(crate) hub: String,
    pub(crate) name: String,
}
starlark_simple_value!(Requirement);

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<function {} of @{}//:requirements.bzl>", self.name, self.hub)
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for Requirement {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let named = args.names_map()?;
        let first = args.positions(eval.heap())?.next();
        let given = first.or_else(|| named.values().next().copied());
        let Some(name) = given.and_then(|value| value.unpack_str()) else {
            return Err(failure(format!("{}() takes the name of a distribution", self.name)));
        };
        let target = super::external::target_of(&self.name);
        Ok(eval.heap().alloc(format!("@@{}//{}{target}", self.hub, package_of_distribution(name))))
    }
}

/// A distribution's package in its hub: normalised (PEP 503), with `_` for `-`, extras left out.
pub(crate) fn package_of_distribution(name: &str) -> String {
    let name = name.split('[').next().unwrap_or(name).trim();
    let mut package = String::with_capacity(name.len());
    for c in name.chars() {
        if !matches!(c, '-' | '_' | '.') {
            package.extend(c.to_lowercase());
        } else if !package.ends_with('_') {
            package.push('_');
        }
    }
    package
}

#[cfg(test)]
mod tests {
    use super::package_of_distribution;

    #[test]
    fn distributions_are_normalised() {
        assert_eq!(package_of_distribution("Foo.Bar-_baz"), "foo_bar_baz");
        assert_eq!(package_of_distribution("requests[socks]"), "requests");
    }
}
