//! Every value that marshal can hold survives being written and read, and its bytes depend on the value alone.

mod values;

use prepyc_bytecode::marshal::{read_value, write_value};
use prepyc_bytecode::{Constant, FormatErrorKind, FrozenSet, PyInt, Strings, marshal::Value};
use prepyc_version::PyVersion;
use proptest::prelude::*;
use values::{build, values};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_is_written_is_read(
        (version, plain) in prop::sample::select(PyVersion::ALL.to_vec()).prop_flat_map(|version| (Just(version), values(version))),
    ) {
        let value = build(&plain, version);
        let bytes = write_value(&value);
        let read = read_value(&bytes, version).unwrap();
        prop_assert_eq!(write_value(&read), bytes);
        prop_assert_eq!(read, value);
    }

    #[test]
    fn strings_may_be_interned_in_any_order(plain in values(PyVersion::Py315)) {
        let mut other = build(&plain, PyVersion::Py315);
        let value = other.clone();
        // The same value again, behind strings that nothing uses.
        other.strings = Strings::new();
        for text in ["zzz", "name", "unused"] {
            other.strings.intern(text);
        }
        let shifted = shift(&value.root, &value.strings, &mut other.strings);
        other.root = shifted;
        prop_assert_eq!(write_value(&other), write_value(&value));
    }
}

/// The same constant with its strings in another table.
fn shift(constant: &Constant, from: &Strings, to: &mut Strings) -> Constant {
    let mut all = |elements: &[Constant]| elements.iter().map(|one| shift(one, from, to)).collect::<Vec<_>>();
    match constant {
        Constant::Str(id) => Constant::Str(to.intern(from.get(*id))),
        Constant::Tuple(elements) => Constant::Tuple(all(elements).into()),
        Constant::List(elements) => Constant::List(all(elements).into()),
        Constant::Slice(parts) => {
            let [start, stop, step] = parts.each_ref().map(|part| shift(part, from, to));
            Constant::Slice([start, stop, step].into())
        }
        Constant::FrozenSet(set) => {
            let mut elements = all(set.elements());
            elements.reverse();
            Constant::FrozenSet(FrozenSet::new(elements, to))
        }
        Constant::Set(set) => {
            let elements = all(set.elements());
            Constant::Set(FrozenSet::new(elements, to))
        }
        Constant::Dict(items) => Constant::Dict(
            items.iter().map(|(key, value)| (shift(key, from, to), shift(value, from, to))).collect(),
        ),
        Constant::FrozenDict(items) => Constant::FrozenDict(
            items.iter().map(|(key, value)| (shift(key, from, to), shift(value, from, to))).collect(),
        ),
        other => other.clone(),
    }
}

fn written(root: Constant, strings: &Strings) -> Vec<u8> {
    write_value(&Value { version: PyVersion::Py313, strings: strings.clone(), root })
}

#[test]
fn only_what_is_referred_to_is_flagged() {
    let mut strings = Strings::new();
    let name = Constant::Str(strings.intern("name"));
    let other = Constant::Str(strings.intern("a b"));
    let tuple = Constant::Tuple([name.clone(), other].into());
    let bytes = written(Constant::Tuple([tuple.clone(), name, tuple].into()), &strings);
    assert_eq!(bytes, b")\x03\xa9\x02\xda\x04namez\x03a br\x01\0\0\0r\0\0\0\0");
}

#[test]
fn a_nan_is_never_another_one() {
    let strings = Strings::new();
    let complex = Constant::Complex { real: 1.0, imag: f64::NAN };
    for nan in [Constant::Float(f64::NAN), complex] {
        let once = written(nan.clone(), &strings);
        let pair = |element: &Constant| Constant::Tuple([element.clone(), element.clone()].into());
        let two = [&b")\x02"[..], &once, &once].concat();
        assert_eq!(written(pair(&nan), &strings), two);
        // Nor is what holds one.
        assert_eq!(written(pair(&pair(&nan)), &strings), [&b")\x02"[..], &two, &two].concat());
    }
}

#[test]
fn values_of_other_types_and_signs_are_never_shared() {
    let strings = Strings::new();
    let int = |value: i64| Constant::Int(PyInt::from(value));
    let elements =
        [int(1), Constant::Float(1.0), Constant::Bool(true), Constant::Float(0.0), Constant::Float(-0.0)];
    let bytes = written(Constant::Tuple(elements.into()), &strings);
    assert!(!bytes.contains(&b'r'), "{bytes:?}");
    let twice = written(Constant::Tuple([Constant::Float(1.5), Constant::Float(1.5)].into()), &strings);
    assert_eq!(twice, b")\x02\xe7\0\0\0\0\0\0\xf8\x3fr\0\0\0\0");
}

#[test]
fn nothing_is_gained_by_sharing_what_there_is_only_one_of() {
    let strings = Strings::new();
    let one =
        [Constant::None, Constant::Int(PyInt::from(256)), Constant::Tuple([].into()), Constant::Ellipsis];
    let bytes = written(Constant::Tuple([one.clone(), one].concat().into()), &strings);
    assert!(!bytes.contains(&b'r') && bytes.iter().all(|byte| byte & 0x80 == 0), "{bytes:?}");
    let large = Constant::Int(PyInt::from(257));
    let bytes = written(Constant::Tuple([large.clone(), large].into()), &strings);
    assert_eq!(bytes, b")\x02\xe9\x01\x01\0\0r\0\0\0\0");
}

#[test]
fn lists_are_never_shared_for_they_can_change() {
    let strings = Strings::new();
    let list = Constant::List([Constant::Float(1.5)].into());
    let bytes = written(Constant::Tuple([list.clone(), list].into()), &strings);
    assert_eq!(bytes, b")\x02[\x01\0\0\0\xe7\0\0\0\0\0\0\xf8\x3f[\x01\0\0\0r\0\0\0\0");
}

/// What older versions of marshal wrote, and what CPython still reads.
#[test]
fn old_forms_are_read_and_written_as_new_ones() {
    for (old, new) in [
        (&b"I\x05\0\0\0\0\0\0\0"[..], &b"i\x05\0\0\0"[..]),
        (b"l\x01\0\0\0\x05\0", b"i\x05\0\0\0"),
        (b"l\0\0\0\0", b"i\0\0\0\0"),
        (b"f\x031.5", b"g\0\0\0\0\0\0\xf8\x3f"),
        (b"f\x04-inf", b"g\0\0\0\0\0\0\xf0\xff"),
        (b"x\x010\x031.5", b"y\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xf8\x3f"),
        (b"t\x01\0\0\0a", b"Z\x01a"),
        (b"u\x03\0\0\0a b", b"z\x03a b"),
        (b"a\x03\0\0\0a b", b"z\x03a b"),
        (b"z\x01\xe9", b"u\x02\0\0\0\xc3\xa9"),
        (b"(\x01\0\0\0N", b")\x01N"),
        (b"\xa9\x01N", b")\x01N"),
    ] {
        let value = read_value(old, PyVersion::Py313).unwrap();
        assert_eq!(write_value(&value), new, "{old:?}");
    }
}

#[test]
fn what_is_not_marshal_is_told_by_kind_and_place() {
    use FormatErrorKind as Kind;
    for (bytes, kind, offset) in [
        (&b""[..], Kind::Truncated, 0),
        (b"i\0\0", Kind::Truncated, 1),
        (b"NN", Kind::TrailingBytes, 1),
        (b"?", Kind::UnknownType(b'?'), 0),
        (b"0", Kind::Null, 1),
        (b")\x010", Kind::Null, 3),
        (b"{N0", Kind::Null, 3),
        (b"r\0\0\0\0", Kind::Reference, 1),
        (b")\x02\xe9\x01\0\0\0r\x01\0\0\0", Kind::Reference, 8),
        // To a tuple that is not complete; to None, which takes no index.
        (b"\xa9\x01r\0\0\0\0", Kind::Reference, 3),
        (b")\x02\xcer\0\0\0\0", Kind::Reference, 4),
        (b"s\xff\xff\xff\xff", Kind::Size, 5),
        (b"[\xff\xff\xff\x7f", Kind::Truncated, 5),
        (b"u\x02\0\0\0\xc3\x28", Kind::Utf8, 5),
        (b"l\x01\0\0\0\0\0", Kind::Integer, 7),
        (b"l\x01\0\0\0\xff\xff", Kind::Integer, 7),
        (b"f\x02e5", Kind::Float, 4),
        (b":NNN", Kind::UnknownType(b':'), 0),
        (b"}0", Kind::UnknownType(b'}'), 0),
    ] {
        let error = read_value(bytes, PyVersion::Py313).unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset), "{bytes:?}");
    }
    assert!(read_value(b":NNN", PyVersion::Py314).is_ok());
    assert!(read_value(b"}0", PyVersion::Py314).is_err());
    assert!(read_value(b"}0", PyVersion::Py315).is_ok());
}
