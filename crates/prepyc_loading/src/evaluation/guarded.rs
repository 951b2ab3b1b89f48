//! Functions of Starlark's own whose cost is beyond all measure for some arguments, with a bound put before them.

use std::sync::LazyLock;

use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::dict::DictRef;
use starlark::values::list::ListRef;
use starlark::values::structs::StructRef;
use starlark::values::tuple::TupleRef;

use super::failure;
use crate::limits;

/// Starlark's own functions, unbounded.
fn unbounded() -> &'static Globals {
    static GLOBALS: LazyLock<Globals> = LazyLock::new(|| Globals::extended_by(&[LibraryExtension::Json]));
    &GLOBALS
}

fn original<'v>(path: &[&str], eval: &Evaluator<'v, '_, '_>) -> starlark::Result<Value<'v>> {
    let missing = || failure(format!("there is no function {}", path.join(".")));
    let (first, rest) = path.split_first().ok_or_else(missing)?;
    let found = unbounded().iter().find(|(name, _)| name == first);
    let mut value = found.map(|(_, value)| value.to_value()).ok_or_else(missing)?;
    for name in rest {
        value = value.get_attr(name, eval.heap())?.ok_or_else(missing)?;
    }
    Ok(value)
}

/// `int`: what it makes of a text takes time by the square of its length.
#[starlark_module]
pub(crate) fn int_function(builder: &mut GlobalsBuilder) {
    fn int<'v>(
        #[starlark(require = pos)] x: Option<Value<'v>>,
        base: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        if x.and_then(|x| x.unpack_str()).is_some_and(|text| text.len() > limits::NUMBER_DIGITS) {
            return Err(failure(format!("a number has more than {} digits", limits::NUMBER_DIGITS)));
        }
        let function = original(&["int"], eval)?;
        let positional: Vec<Value<'v>> = x.into_iter().collect();
        let named: Vec<(&str, Value<'v>)> = base.map(|base| ("base", base)).into_iter().collect();
        eval.eval_function(function, &positional, &named)
    }
}

/// `json`: what is nested without bound would overflow the stack.
#[starlark_module]
pub(crate) fn json_functions(builder: &mut GlobalsBuilder) {
    fn encode<'v>(
        #[starlark(require = pos)] x: Value<'v>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        check_depth(x)?;
        let function = original(&["json", "encode"], eval)?;
        eval.eval_function(function, &[x], &[])
    }

    /// The same on one line: what it looks like means nothing here.
    fn encode_indent<'v>(
        #[starlark(require = pos)] x: Value<'v>,
        #[starlark(require = named, default = "")] prefix: &str,
        #[starlark(require = named, default = "\t")] indent: &str,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let _ = (prefix, indent);
        check_depth(x)?;
        let function = original(&["json", "encode"], eval)?;
        eval.eval_function(function, &[x], &[])
    }

    fn indent<'v>(
        #[starlark(require = pos)] s: Value<'v>,
        #[starlark(require = named, default = "")] prefix: &str,
        #[starlark(require = named, default = "\t")] indent: &str,
    ) -> starlark::Result<Value<'v>> {
        let _ = (prefix, indent);
        Ok(s)
    }

    fn decode<'v>(
        #[starlark(require = pos)] x: Value<'v>,
        default: Option<Value<'v>>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let function = original(&["json", "decode"], eval)?;
        match (eval.eval_function(function, &[x], &[]), default) {
            (Err(_), Some(default)) => Ok(default),
            (result, _) => result,
        }
    }
}

/// Refuses what is nested too deep, or is too much, to be written out.
fn check_depth(value: Value<'_>) -> starlark::Result<()> {
    let mut waiting = vec![(value, 0)];
    let mut seen = 0u64;
    while let Some((value, depth)) = waiting.pop() {
        seen += 1;
        if depth > limits::JSON_DEPTH || seen > limits::STEPS {
            return Err(failure(format!(
                "a value nested more than {} deep cannot be written as JSON",
                limits::JSON_DEPTH
            )));
        }
        if let Some(list) = ListRef::from_value(value) {
            waiting.extend(list.iter().map(|item| (item, depth + 1)));
        } else if let Some(tuple) = TupleRef::from_value(value) {
            waiting.extend(tuple.iter().map(|item| (item, depth + 1)));
        } else if let Some(dict) = DictRef::from_value(value) {
            waiting.extend(dict.iter().map(|(_, item)| (item, depth + 1)));
        } else if let Some(fields) = StructRef::from_value(value) {
            waiting.extend(fields.iter().map(|(_, item)| (item, depth + 1)));
        }
    }
    Ok(())
}
