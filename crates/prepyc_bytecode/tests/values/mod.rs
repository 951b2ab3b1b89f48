//! Arbitrary values that marshal can hold, for the property tests.

use prepyc_bytecode::{Constant, FrozenSet, PyInt, PyStr, Strings, marshal::Value};
use prepyc_version::PyVersion;
use proptest::prelude::*;

/// A value that owns its strings. Sets and keys hold nothing that Python would find equal.
#[derive(Clone, Debug)]
pub(crate) enum Plain {
    None,
    Bool(bool),
    Ellipsis,
    StopIteration,
    Int(i64),
    BigInt(bool, Vec<u16>),
    Float(u64),
    Complex(u64, u64),
    Str(Vec<u8>),
    Bytes(Vec<u8>),
    Tuple(Vec<Plain>),
    List(Vec<Plain>),
    Dict(Vec<(Vec<u8>, Plain)>),
    Set(Vec<Plain>),
    FrozenSet(Vec<Plain>),
    Slice(Box<[Plain; 3]>),
    FrozenDict(Vec<(Vec<u8>, Plain)>),
}

/// Text, often the same, sometimes with surrogates.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let surrogates =
        prop::collection::vec(prop_oneof![Just(b"\xED\xB2\x80".to_vec()), Just(b"a".to_vec())], 1..4);
    prop_oneof![
        4 => prop::sample::select(vec!["", "a", "name", "two words", "\u{e9}", "\u{1F600}"]).prop_map(|text| text.into()),
        2 => any::<String>().prop_map(String::into_bytes),
        1 => "[a-z ]{250,260}".prop_map(String::into_bytes),
        1 => surrogates.prop_map(|parts| parts.concat()),
    ]
}

/// Numbers, often the same; all bits of a float count, but not those by which a NaN signals.
fn floats() -> impl Strategy<Value = u64> {
    let quiet = |bits: u64| if f64::from_bits(bits).is_nan() { bits | 1 << 51 } else { bits };
    prop_oneof![prop::sample::select(vec![0.0, -0.0, 1.0, f64::NAN]).prop_map(f64::to_bits), any::<u64>()]
        .prop_map(quiet)
}

fn leaves() -> impl Strategy<Value = Plain> {
    prop_oneof![
        prop::sample::select(vec![Plain::None, Plain::Ellipsis, Plain::StopIteration]),
        any::<bool>().prop_map(Plain::Bool),
        prop_oneof![-8..260_i64, Just(1 << 31), Just(-(1 << 31) - 1), any::<i64>()].prop_map(Plain::Int),
        (any::<bool>(), prop::collection::vec(0..0x8000_u16, 0..12))
            .prop_map(|(sign, digits)| Plain::BigInt(sign, digits)),
        floats().prop_map(Plain::Float),
        (floats(), floats()).prop_map(|(real, imag)| Plain::Complex(real, imag)),
        texts().prop_map(Plain::Str),
        prop_oneof![Just(Vec::new()), any::<Vec<u8>>()].prop_map(Plain::Bytes),
    ]
}

/// Elements of a set: different in type and in value.
fn set_elements() -> impl Strategy<Value = Vec<Plain>> {
    let strings = prop::collection::btree_set(texts(), 0..4);
    let numbers = prop::collection::btree_set(-300..300_i64, 0..4);
    (strings, numbers, prop::collection::btree_set(texts(), 0..3)).prop_map(|(strings, numbers, tuples)| {
        let strings = strings.into_iter().map(Plain::Str);
        let tuples = tuples.into_iter().map(|text| Plain::Tuple(vec![Plain::Str(text), Plain::Int(1)]));
        strings.chain(numbers.into_iter().map(Plain::Int)).chain(tuples).collect()
    })
}

/// Any value that the version's marshal can hold.
pub(crate) fn values(version: PyVersion) -> impl Strategy<Value = Plain> {
    let marshal_version = version.marshal_version();
    leaves().prop_recursive(6, 60, 6, move |inner| {
        let items = prop::collection::btree_map(texts(), inner.clone(), 0..4)
            .prop_map(|map| map.into_iter().collect())
            .boxed();
        let sequence = prop::collection::vec(inner.clone(), 0..6);
        let slices = [inner.clone(), inner.clone(), inner].prop_map(|parts| Plain::Slice(Box::new(parts)));
        let mut kinds = vec![
            (4, sequence.clone().prop_map(Plain::Tuple).boxed()),
            (2, sequence.prop_map(Plain::List).boxed()),
            (1, items.clone().prop_map(Plain::Dict).boxed()),
            (1, set_elements().prop_map(Plain::Set).boxed()),
            (2, set_elements().prop_map(Plain::FrozenSet).boxed()),
        ];
        if marshal_version >= 5 {
            kinds.push((1, slices.boxed()));
        }
        if marshal_version >= 6 {
            kinds.push((1, items.prop_map(Plain::FrozenDict).boxed()));
        }
        prop::strategy::Union::new_weighted(kinds)
    })
}

/// The value with its strings in a table of its own.
pub(crate) fn build(plain: &Plain, version: PyVersion) -> Value {
    let mut strings = Strings::new();
    let root = constant(plain, &mut strings);
    Value { version, strings, root }
}

fn constant(plain: &Plain, strings: &mut Strings) -> Constant {
    let mut all = |plains: &[Plain]| plains.iter().map(|plain| constant(plain, strings)).collect::<Vec<_>>();
    match plain {
        Plain::None => Constant::None,
        Plain::Bool(value) => Constant::Bool(*value),
        Plain::Ellipsis => Constant::Ellipsis,
        Plain::StopIteration => Constant::StopIteration,
        Plain::Int(value) => Constant::Int(PyInt::from(*value)),
        Plain::BigInt(negative, digits) => Constant::Int(PyInt::from_digits(*negative, digits)),
        Plain::Float(bits) => Constant::Float(f64::from_bits(*bits)),
        Plain::Complex(real, imag) => {
            Constant::Complex { real: f64::from_bits(*real), imag: f64::from_bits(*imag) }
        }
        Plain::Str(text) => Constant::Str(strings.intern(PyStr::from_bytes(text).unwrap())),
        Plain::Bytes(bytes) => Constant::Bytes(bytes.as_slice().into()),
        Plain::Tuple(elements) => Constant::Tuple(all(elements).into()),
        Plain::List(elements) => Constant::List(all(elements).into()),
        Plain::Set(elements) => Constant::Set({
            let elements = all(elements);
            FrozenSet::new(elements, strings)
        }),
        Plain::FrozenSet(elements) => Constant::FrozenSet({
            let elements = all(elements);
            FrozenSet::new(elements, strings)
        }),
        Plain::Slice(parts) => {
            let [start, stop, step] = parts.each_ref().map(|part| constant(part, strings));
            Constant::Slice([start, stop, step].into())
        }
        Plain::Dict(items) => Constant::Dict(pairs(items, strings)),
        Plain::FrozenDict(items) => Constant::FrozenDict(pairs(items, strings)),
    }
}

fn pairs(items: &[(Vec<u8>, Plain)], strings: &mut Strings) -> std::sync::Arc<[(Constant, Constant)]> {
    let pair = |(key, value): &(Vec<u8>, Plain)| {
        let key = Constant::Str(strings.intern(PyStr::from_bytes(key).unwrap()));
        (key, constant(value, strings))
    };
    items.iter().map(pair).collect()
}
