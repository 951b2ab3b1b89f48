//! Strings, bytes and tuples.

use prepyc_bytecode::{Constant, PyStr, Strings};

/// Tuples of more elements are not made by repetition.
const MAX_COLLECTION_SIZE: usize = 256;
/// Strings of more characters are not made by repetition.
const MAX_STR_SIZE: usize = 4096;
/// Tuples of more elements, inner ones counted, are not made by repetition.
const MAX_TOTAL_ITEMS: usize = 1024;

pub(super) fn concatenate(left: &Constant, right: &Constant, strings: &mut Strings) -> Option<Constant> {
    match (left, right) {
        (Constant::Str(left), Constant::Str(right)) => {
            let joined = [strings.get(*left).as_bytes(), strings.get(*right).as_bytes()].concat();
            intern(&joined, strings)
        }
        (Constant::Bytes(left), Constant::Bytes(right)) => {
            Some(Constant::Bytes([&left[..], &right[..]].concat().into()))
        }
        (Constant::Tuple(left), Constant::Tuple(right)) => {
            Some(Constant::Tuple(left.iter().chain(right.iter()).cloned().collect()))
        }
        _ => None,
    }
}

pub(super) fn repeat(left: &Constant, right: &Constant, strings: &mut Strings) -> Option<Constant> {
    let (sequence, count) = match (count_of(left), count_of(right)) {
        (None, Some(count)) => (left, count),
        (Some(count), None) => (right, count),
        _ => return None,
    };
    let length = length_of(sequence, strings)?;
    let limit = if matches!(sequence, Constant::Tuple(_)) { MAX_COLLECTION_SIZE } else { MAX_STR_SIZE };
    let count = match count {
        Count::Below => return if length == 0 { Some(sequence.clone()) } else { None },
        Count::Fits(_) if length == 0 => 0,
        Count::Fits(count) if count <= limit / length => count,
        _ => return None,
    };
    match sequence {
        Constant::Str(id) => {
            let repeated = strings.get(*id).as_bytes().repeat(count);
            intern(&repeated, strings)
        }
        Constant::Bytes(bytes) => Some(Constant::Bytes(bytes.repeat(count).into())),
        Constant::Tuple(elements) => {
            if count > 0 && total_items(elements, MAX_TOTAL_ITEMS / count).is_none() {
                return None;
            }
            let repeated = std::iter::repeat_n(&elements[..], count).flatten().cloned();
            Some(Constant::Tuple(repeated.collect()))
        }
        _ => None,
    }
}

/// What is left of `budget` after all elements, inner ones too; `None` where it does not suffice.
fn total_items(elements: &[Constant], budget: usize) -> Option<usize> {
    let mut left = budget.checked_sub(elements.len())?;
    for element in elements {
        if let Constant::Tuple(inner) = element {
            left = total_items(inner, left)?;
        }
    }
    Some(left)
}

enum Count {
    Fits(usize),
    /// Below zero.
    Below,
    /// Beyond any length: an OverflowError, even for the empty sequence.
    Beyond,
}

fn count_of(constant: &Constant) -> Option<Count> {
    match constant {
        Constant::Bool(value) => Some(Count::Fits(usize::from(*value))),
        Constant::Int(value) => Some(match value.to_i64() {
            None => Count::Beyond,
            Some(count) => usize::try_from(count).map_or(Count::Below, Count::Fits),
        }),
        _ => None,
    }
}

/// `len(sequence)`.
fn length_of(sequence: &Constant, strings: &Strings) -> Option<usize> {
    match sequence {
        Constant::Str(id) => Some(strings.get(*id).code_points().count()),
        Constant::Bytes(bytes) => Some(bytes.len()),
        Constant::Tuple(elements) => Some(elements.len()),
        _ => None,
    }
}

/// `container[key]`.
pub(super) fn subscript(container: &Constant, key: &Constant, strings: &mut Strings) -> Option<Constant> {
    let length = length_of(container, strings)?;
    if let Constant::Slice(parts) = key {
        return pick(container, &slice_indices(parts, length)?, strings);
    }
    let index = match key {
        Constant::Bool(value) => i64::from(*value),
        Constant::Int(value) => value.to_i64()?,
        _ => return None,
    };
    let index = if index < 0 { index + length as i64 } else { index };
    let index = usize::try_from(index).ok().filter(|&index| index < length)?;
    match container {
        Constant::Tuple(elements) => Some(elements[index].clone()),
        Constant::Bytes(bytes) => Some(Constant::Int(i64::from(bytes[index]).into())),
        _ => pick(container, &[index], strings),
    }
}

/// The indices of `slice.indices(length)`.
fn slice_indices(parts: &[Constant; 3], length: usize) -> Option<Vec<usize>> {
    let part = |constant: &Constant| match constant {
        Constant::None => Some(None),
        Constant::Bool(value) => Some(Some(i64::from(*value))),
        Constant::Int(value) => {
            let beyond = if value.is_negative() { i64::MIN } else { i64::MAX };
            Some(Some(value.to_i64().unwrap_or(beyond)))
        }
        _ => None,
    };
    let length = length as i64;
    let step = part(&parts[2])?.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |given: Option<i64>, default: i64| match given {
        None => default,
        Some(index) if index < 0 => index.saturating_add(length).max(lowest),
        Some(index) => index.min(highest),
    };
    let (first, last) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    let start = bound(part(&parts[0])?, first);
    let stop = bound(part(&parts[1])?, last);
    let mut indices = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        indices.push(at as usize);
        at = at.saturating_add(step);
    }
    Some(indices)
}

fn pick(container: &Constant, indices: &[usize], strings: &mut Strings) -> Option<Constant> {
    match container {
        Constant::Str(id) => {
            let text = strings.get(*id);
            let starts: Vec<usize> = char_starts(text);
            let mut picked = Vec::new();
            for &index in indices {
                let end = starts.get(index + 1).copied().unwrap_or(text.as_bytes().len());
                picked.extend_from_slice(&text.as_bytes()[starts[index]..end]);
            }
            intern(&picked, strings)
        }
        Constant::Bytes(bytes) => Some(Constant::Bytes(indices.iter().map(|&index| bytes[index]).collect())),
        Constant::Tuple(elements) => {
            Some(Constant::Tuple(indices.iter().map(|&index| elements[index].clone()).collect()))
        }
        _ => None,
    }
}

/// Where each code point begins.
fn char_starts(text: PyStr<'_>) -> Vec<usize> {
    let is_start = |byte: &u8| byte & 0xC0 != 0x80;
    text.as_bytes().iter().enumerate().filter(|(_, byte)| is_start(byte)).map(|(index, _)| index).collect()
}

/// The string of these bytes. A high and a low surrogate that meet stay two code points, as in a Python `str`.
fn intern(bytes: &[u8], strings: &mut Strings) -> Option<Constant> {
    PyStr::from_bytes(bytes).ok().map(|text| Constant::Str(strings.intern(text)))
}
