//! The values that BUILD and .bzl files handle besides Starlark's own: labels, selects, rules, what is not known here.

#![expect(
    unsafe_code,
    reason = "starlark's derive makes an unsafe impl, which is sound for types without lifetimes"
)]

use std::fmt;
use std::sync::{Arc, OnceLock};

use allocative::Allocative;
use prepyc_plan::Label;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};

use super::declare;
use super::raw::{Raw, RawPart, RawSelect};
use crate::schema::RuleSchema;

/// `Label("//package:name")`.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct LabelValue {
    #[allocative(skip)]
    pub(crate) label: Label,
}
starlark_simple_value!(LabelValue);

impl fmt::Display for LabelValue {
    /// Bazel's canonical form, `@@//package:name` for the main repository.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@@{}//{}:{}", self.label.repository(), self.label.package(), self.label.name())
    }
}

#[starlark_value(type = "Label")]
impl<'v> StarlarkValue<'v> for LabelValue {
    fn get_methods() -> Option<&'static starlark::environment::Methods> {
        super::labels::methods()
    }

    fn collect_repr(&self, collector: &mut String) {
        collector.push_str(&format!("Label(\"{self}\")"));
    }

    fn collect_str(&self, collector: &mut String) {
        collector.push_str(&self.to_string());
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(LabelValue::from_value(other).is_some_and(|other| other.label == self.label))
    }

    fn write_hash(&self, hasher: &mut starlark::collections::StarlarkHasher) -> starlark::Result<()> {
        std::hash::Hash::hash(&self.label, hasher);
        Ok(())
    }
}

/// A `select()`, and what was added to it.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct SelectValue {
    #[allocative(skip)]
    pub(crate) parts: Vec<RawPart>,
}
starlark_simple_value!(SelectValue);

impl fmt::Display for SelectValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(" + ")?;
            }
            match part {
                RawPart::Value(value) => write!(f, "{value}")?,
                RawPart::Select(select) => write!(f, "{select}")?,
            }
        }
        Ok(())
    }
}

impl SelectValue {
    /// One `select()` alone.
    pub(crate) fn new(select: RawSelect) -> SelectValue {
        SelectValue { parts: vec![RawPart::Select(select)] }
    }

    fn joined<'v>(first: Vec<RawPart>, second: Vec<RawPart>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let (one, other) = (kind_of(&first), kind_of(&second));
        if let (Some(one), Some(other)) = (one, other)
            && one != other
        {
            return Err(super::failure(format!("a select() of '{one}' and a '{other}' cannot be added up")));
        }
        let mut parts = first;
        parts.extend(second);
        Ok(heap.alloc(SelectValue { parts }))
    }
}

/// The type of what is added up, if it is known.
fn kind_of(parts: &[RawPart]) -> Option<&'static str> {
    parts.iter().find_map(|part| match part {
        RawPart::Value(Raw::None | Raw::Opaque(_)) => None,
        RawPart::Value(value) => Some(value.type_name()),
        RawPart::Select(select) => select
            .branches
            .iter()
            .map(|(_, value)| value)
            .find(|value| !matches!(value, Raw::None | Raw::Opaque(_)))
            .map(Raw::type_name),
    })
}

#[starlark_value(type = "select")]
impl<'v> StarlarkValue<'v> for SelectValue {
    fn add(&self, other: Value<'v>, heap: Heap<'v>) -> Option<starlark::Result<Value<'v>>> {
        let other = match super::raw::take_parts(other) {
            Ok(parts) => parts,
            Err(problem) => return Some(Err(super::failure(problem))),
        };
        Some(SelectValue::joined(self.parts.clone(), other, heap))
    }

    fn radd(&self, other: Value<'v>, heap: Heap<'v>) -> Option<starlark::Result<Value<'v>>> {
        let other = match super::raw::take_parts(other) {
            Ok(parts) => parts,
            Err(problem) => return Some(Err(super::failure(problem))),
        };
        Some(SelectValue::joined(other, self.parts.clone(), heap))
    }

    fn bit_or(&self, other: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        let other = super::raw::take_parts(other).map_err(super::failure)?;
        SelectValue::joined(self.parts.clone(), other, heap)
    }
}

/// What calling a rule declares.
#[derive(Clone, Debug)]
pub(crate) enum RuleKind {
    /// A rule whose attributes are known.
    Known(&'static RuleSchema),
    /// Any other, by its name.
    Unknown(Arc<str>),
}

/// A rule that BUILD files and macros call.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct RuleValue {
    /// Not set for the result of `rule()` until it is assigned to a name.
    #[allocative(skip)]
    pub(crate) kind: OnceLock<RuleKind>,
}
starlark_simple_value!(RuleValue);

impl RuleValue {
    /// A rule of a name.
    pub(crate) fn of(kind: RuleKind) -> RuleValue {
        RuleValue { kind: OnceLock::from(kind) }
    }

    /// What `rule()` returns.
    pub(crate) fn nameless() -> RuleValue {
        RuleValue { kind: OnceLock::new() }
    }
}

impl fmt::Display for RuleValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind.get() {
            Some(RuleKind::Known(schema)) => write!(f, "<rule {}>", schema.name),
            Some(RuleKind::Unknown(name)) => write!(f, "<rule {name}>"),
            None => f.write_str("<rule>"),
        }
    }
}

#[starlark_value(type = "rule")]
impl<'v> StarlarkValue<'v> for RuleValue {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let kind = self.kind.get().cloned().unwrap_or_else(|| RuleKind::Unknown(Arc::from("rule")));
        declare::declare_by_call(&kind, args, eval)?;
        Ok(Value::new_none())
    }

    fn export_as(&self, variable_name: &str, _eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<()> {
        // A second name is another name for the same rule.
        let _ = self.kind.set(RuleKind::Unknown(Arc::from(variable_name)));
        Ok(())
    }
}

/// Whatever a .bzl file has that isn't here: it can be called, and asked for attributes, and comes to nothing known.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct Opaque {
    /// The last name of how it is written; a target it declares is of a rule of that name.
    #[allocative(skip)]
    pub(crate) name: Arc<str>,
    /// How it is written.
    #[allocative(skip)]
    pub(crate) text: Arc<str>,
    /// The file it comes from, as it was loaded.
    #[allocative(skip)]
    pub(crate) origin: Arc<str>,
}
starlark_simple_value!(Opaque);

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin.is_empty() {
            write!(f, "<{}>", self.text)
        } else {
            write!(f, "<{} of {}>", self.text, self.origin)
        }
    }
}

impl Opaque {
    /// What a file has under a name.
    pub(crate) fn new(name: &str, origin: &str) -> Opaque {
        Opaque { name: Arc::from(name), text: Arc::from(name), origin: Arc::from(origin) }
    }

    fn is_unknown(&self, what: &str) -> starlark::Error {
        super::failure(format!("{self} cannot be {what}: the file it comes from isn't on this machine"))
    }

    /// What comes of it by something that is done with it.
    fn followed_by(&self, what: &str) -> Opaque {
        Opaque {
            name: self.name.clone(),
            text: Arc::from(shortened(format!("{}{what}", self.text))),
            origin: self.origin.clone(),
        }
    }
}

#[starlark_value(type = "unknown")]
impl<'v> StarlarkValue<'v> for Opaque {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        crate::workspace::note_repository(&self.name, args, eval)?;
        if declare::can_declare(args, eval)? {
            declare::declare_by_call(&RuleKind::Unknown(self.name.clone()), args, eval)?;
        }
        Ok(eval.heap().alloc(self.followed_by("(…)")))
    }

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        Some(heap.alloc(Opaque {
            name: Arc::from(attribute),
            text: Arc::from(shortened(format!("{}.{attribute}", self.text))),
            origin: self.origin.clone(),
        }))
    }

    fn has_attr(&self, _attribute: &str, _heap: Heap<'v>) -> bool {
        true
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(Opaque::from_value(other)
            .is_some_and(|other| other.text == self.text && other.origin == self.origin))
    }

    fn write_hash(&self, hasher: &mut starlark::collections::StarlarkHasher) -> starlark::Result<()> {
        std::hash::Hash::hash(&(&self.text, &self.origin), hasher);
        Ok(())
    }

    fn iterate_collect(&self, _heap: Heap<'v>) -> starlark::Result<Vec<Value<'v>>> {
        Err(self.is_unknown("gone through"))
    }

    fn is_in(&self, _other: Value<'v>) -> starlark::Result<bool> {
        Err(self.is_unknown("searched"))
    }

    fn length(&self) -> starlark::Result<i32> {
        Err(self.is_unknown("measured"))
    }

    fn add(&self, _other: Value<'v>, heap: Heap<'v>) -> Option<starlark::Result<Value<'v>>> {
        Some(Ok(heap.alloc(self.followed_by(" + …"))))
    }

    fn radd(&self, _other: Value<'v>, heap: Heap<'v>) -> Option<starlark::Result<Value<'v>>> {
        Some(Ok(heap.alloc(self.followed_by(" + …"))))
    }

    fn bit_or(&self, _other: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        Ok(heap.alloc(self.followed_by(" | …")))
    }

    fn at(&self, _index: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        Ok(heap.alloc(self.followed_by("[…]")))
    }
}

/// A chain of calls in a loop must not grow without bound.
fn shortened(text: String) -> String {
    const LONGEST: usize = 200;
    if text.len() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST / 2).chain("…".chars()).collect()
}
