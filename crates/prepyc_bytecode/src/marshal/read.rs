//! Reading marshal, whoever wrote it: all that CPython's own reader takes, and no more.
//!
//! Nothing is allocated on the word of a size: elements are collected as they come. Objects referred to are
//! shared, not copied; how many objects a reference stands for is counted all the same, because whoever walks
//! the value meets every one of them.

use std::sync::Arc;

use prepyc_version::PyVersion;

use super::{FLAG_REF, MAX_DEPTH, Value, type_code};
use crate::Program;
use crate::code::CodeObject;
use crate::constant::{Constant, FrozenSet, PyInt};
use crate::error::{FormatError, FormatErrorKind as Kind};
use crate::strings::{BytesId, NamesId, PyStr, StrId, Strings};

type Result<T> = std::result::Result<T, FormatError>;

pub(crate) fn read_program(bytes: &[u8], version: PyVersion) -> Result<Program> {
    let value = read_value(bytes, version)?;
    match value.root {
        Constant::Code(code) => {
            Ok(Program { version, strings: value.strings, code: Arc::unwrap_or_clone(code) })
        }
        _ => Err(FormatError { kind: Kind::NotCode, offset: 0 }),
    }
}

pub(crate) fn read_value(bytes: &[u8], version: PyVersion) -> Result<Value> {
    let mut reader = Reader::new(bytes, version);
    if i32::try_from(bytes.len()).is_err() {
        return reader.fail(Kind::TooLong);
    }
    let root = reader.object()?;
    if reader.position != bytes.len() {
        return reader.fail(Kind::TrailingBytes);
    }
    Ok(Value { version, strings: reader.strings, root })
}

/// An object that can be referred to.
enum Slot {
    /// Being read.
    Incomplete,
    Complete(Complete),
}

/// A tuple of names is kept as code objects have it, as a constant, or both, so that no reference makes a copy.
struct Complete {
    constant: Option<Constant>,
    names: Option<NamesId>,
    weight: u64,
}

/// The weight of all that is read may be this much, and this much more for each byte. Code objects that nobody
/// shares and the largest shared constants stay far below. Sharing costs no memory, only the time of walking it.
const MAX_WEIGHT: u64 = 1 << 24;
const MAX_WEIGHT_PER_BYTE: u64 = 64;

/// Sorting sets copies their elements: it may copy this weight, and this much more for each byte.
const MAX_WORK: u64 = 1 << 16;
const MAX_WORK_PER_BYTE: u64 = 4;

/// A code object that is referred to weighs this much more than its parts, as its writer repeats it.
const CODE_WEIGHT: u64 = 64;

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    marshal_version: u8,
    depth: u32,
    strings: Strings,
    slots: Vec<Slot>,
    /// The elements read of all containers that are not complete.
    elements: Vec<Constant>,
    /// How many objects the value holds so far, counted anew for each reference.
    weight: u64,
    /// The weight that sorting has copied.
    work: u64,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], version: PyVersion) -> Reader<'a> {
        Reader {
            bytes,
            position: 0,
            marshal_version: version.marshal_version(),
            depth: 0,
            strings: Strings::new(),
            slots: Vec::new(),
            elements: Vec::new(),
            weight: 0,
            work: 0,
        }
    }

    fn fail<T>(&self, kind: Kind) -> Result<T> {
        Err(FormatError { kind, offset: self.position })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        match self.bytes[self.position..].get(..length) {
            Some(taken) => {
                self.position += length;
                Ok(taken)
            }
            None => self.fail(Kind::Truncated),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.bytes[self.position..].first_chunk() {
            Some(taken) => {
                self.position += N;
                Ok(*taken)
            }
            None => self.fail(Kind::Truncated),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn long(&mut self) -> Result<i32> {
        self.array().map(i32::from_le_bytes)
    }

    /// A size, of something that takes at least a byte for each.
    fn size(&mut self) -> Result<usize> {
        let size = self.long()?;
        let Ok(size) = usize::try_from(size) else { return self.fail(Kind::Size) };
        if size > self.bytes.len() - self.position { self.fail(Kind::Truncated) } else { Ok(size) }
    }

    /// Counts an object of that many bytes.
    fn weigh(&mut self, length: usize) -> Result<()> {
        self.add_weight(1 + length as u64 / 16)
    }

    fn add_weight(&mut self, weight: u64) -> Result<()> {
        self.weight = self.weight.saturating_add(weight);
        let limit = MAX_WEIGHT + MAX_WEIGHT_PER_BYTE * self.bytes.len() as u64;
        if self.weight > limit { self.fail(Kind::TooMuchSharing) } else { Ok(()) }
    }

    fn add_work(&mut self, work: u64) -> Result<()> {
        self.work = self.work.saturating_add(work);
        let limit = MAX_WORK + MAX_WORK_PER_BYTE * self.bytes.len() as u64;
        if self.work > limit { self.fail(Kind::TooMuchSharing) } else { Ok(()) }
    }

    /// Reads an object; NULL is none.
    fn object(&mut self) -> Result<Constant> {
        match self.object_or_null()? {
            Some(object) => Ok(object),
            None => self.fail(Kind::Null),
        }
    }

    fn object_or_null(&mut self) -> Result<Option<Constant>> {
        if self.depth == MAX_DEPTH {
            return self.fail(Kind::TooDeep);
        }
        self.depth += 1;
        let start = self.position;
        let byte = self.byte()?;
        let flagged = byte & FLAG_REF != 0;
        let object = match byte & !FLAG_REF {
            type_code::NULL => None,
            type_code::NONE => Some(Constant::None),
            type_code::FALSE => Some(Constant::Bool(false)),
            type_code::TRUE => Some(Constant::Bool(true)),
            type_code::STOP_ITERATION => Some(Constant::StopIteration),
            type_code::ELLIPSIS => Some(Constant::Ellipsis),
            type_code::REF => Some(self.reference()?),
            code => Some(self.flaggable(code, flagged, start)?),
        };
        self.depth -= 1;
        Ok(object)
    }

    /// Reads an object that takes an index if it is flagged: before its parts are read, as CPython has it.
    fn flaggable(&mut self, code: u8, flagged: bool, start: usize) -> Result<Constant> {
        let slot = flagged.then(|| self.reserve());
        let weight_before = self.weight;
        self.weigh(0)?;
        let constant = match code {
            type_code::TUPLE | type_code::SMALL_TUPLE => Constant::Tuple(self.tuple(code)?),
            type_code::CODE => Constant::Code(Arc::new(self.code()?)),
            type_code::LIST => {
                let length = self.size()?;
                let first = self.read_elements(length)?;
                Constant::List(self.elements.drain(first..).collect())
            }
            type_code::SET => Constant::Set(self.set()?),
            type_code::FROZEN_SET => Constant::FrozenSet(self.set()?),
            type_code::DICT => Constant::Dict(self.dict()?),
            type_code::FROZEN_DICT if self.marshal_version >= 6 => Constant::FrozenDict(self.dict()?),
            type_code::SLICE if self.marshal_version >= 5 => Constant::Slice(self.slice()?),
            _ => self.leaf(code, start)?,
        };
        if let Some(slot) = slot {
            let weight = self.weight - weight_before;
            let constant = Some(constant.clone());
            self.slots[slot] = Slot::Complete(Complete { constant, names: None, weight });
        }
        Ok(constant)
    }

    fn reserve(&mut self) -> usize {
        self.slots.push(Slot::Incomplete);
        self.slots.len() - 1
    }

    /// Reads an object without parts.
    fn leaf(&mut self, code: u8, start: usize) -> Result<Constant> {
        Ok(match code {
            type_code::INT => Constant::Int(PyInt::from(i64::from(self.long()?))),
            type_code::INT64 => Constant::Int(PyInt::from(i64::from_le_bytes(self.array()?))),
            type_code::LONG => Constant::Int(self.big_int()?),
            type_code::FLOAT => Constant::Float(self.text_float()?),
            type_code::BINARY_FLOAT => Constant::Float(f64::from_le_bytes(self.array()?)),
            type_code::COMPLEX => Constant::Complex { real: self.text_float()?, imag: self.text_float()? },
            type_code::BINARY_COMPLEX => Constant::Complex {
                real: f64::from_le_bytes(self.array()?),
                imag: f64::from_le_bytes(self.array()?),
            },
            type_code::BYTES => {
                let length = self.size()?;
                self.weigh(length)?;
                Constant::Bytes(self.take(length)?.into())
            }
            _ => match self.string(code)? {
                Some(id) => Constant::Str(id),
                None => return Err(FormatError { kind: Kind::UnknownType(code), offset: start }),
            },
        })
    }

    fn reference(&mut self) -> Result<Constant> {
        let (referred, strings) = self.referred()?;
        let names = referred.names;
        let as_tuple = || {
            let names = names.iter().flat_map(|&names| strings.names(names));
            names.map(|&name| Constant::Str(name)).collect()
        };
        let constant = referred.constant.get_or_insert_with(|| Constant::Tuple(as_tuple())).clone();
        let extra = if matches!(constant, Constant::Code(_)) { CODE_WEIGHT } else { 1 };
        let weight = referred.weight.saturating_mul(extra);
        self.add_weight(weight)?;
        Ok(constant)
    }

    /// The object that the index which follows stands for, and the strings.
    fn referred(&mut self) -> Result<(&mut Complete, &mut Strings)> {
        let start = self.position;
        let index = self.long()?;
        match usize::try_from(index).ok().and_then(|index| self.slots.get_mut(index)) {
            Some(Slot::Complete(object)) => Ok((object, &mut self.strings)),
            Some(Slot::Incomplete) | None => Err(FormatError { kind: Kind::Reference, offset: start }),
        }
    }

    /// Reads that many objects onto `elements`; returns where they begin.
    fn read_elements(&mut self, length: usize) -> Result<usize> {
        let first = self.elements.len();
        for _ in 0..length {
            let element = self.object()?;
            self.elements.push(element);
        }
        Ok(first)
    }

    fn tuple_size(&mut self, code: u8) -> Result<usize> {
        if code == type_code::SMALL_TUPLE { self.byte().map(usize::from) } else { self.size() }
    }

    fn tuple(&mut self, code: u8) -> Result<Arc<[Constant]>> {
        let length = self.tuple_size(code)?;
        let first = self.read_elements(length)?;
        Ok(self.elements.drain(first..).collect())
    }

    fn slice(&mut self) -> Result<Arc<[Constant; 3]>> {
        Ok(Arc::new([self.object()?, self.object()?, self.object()?]))
    }

    fn set(&mut self) -> Result<FrozenSet> {
        let weight_before = self.weight;
        let length = self.size()?;
        let first = self.read_elements(length)?;
        if length > 1 {
            self.add_work(self.weight - weight_before)?;
        }
        let elements = self.elements.drain(first..).collect();
        Ok(FrozenSet::new(elements, &self.strings))
    }

    fn dict(&mut self) -> Result<Arc<[(Constant, Constant)]>> {
        let mut items = Vec::new();
        while let Some(key) = self.object_or_null()? {
            items.push((key, self.object()?));
        }
        Ok(items.into())
    }

    fn big_int(&mut self) -> Result<PyInt> {
        let signed = self.long()?;
        let length = signed.unsigned_abs() as usize;
        let bytes = self.take(length.saturating_mul(2))?;
        self.weigh(bytes.len())?;
        let digits: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let in_range = digits.iter().all(|&digit| digit >> PyInt::DIGIT_BITS == 0);
        if !in_range || digits.last() == Some(&0) {
            return self.fail(Kind::Integer);
        }
        Ok(PyInt::from_digits(signed < 0, &digits))
    }

    fn text_float(&mut self) -> Result<f64> {
        let length = self.byte()?;
        let text = self.take(usize::from(length))?;
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(number) => Ok(number),
            None => self.fail(Kind::Float),
        }
    }

    /// Reads the rest of a string; `None` if the type code is no string's.
    fn string(&mut self, code: u8) -> Result<Option<StrId>> {
        let length = match code {
            type_code::SHORT_ASCII | type_code::SHORT_ASCII_INTERNED => usize::from(self.byte()?),
            type_code::ASCII | type_code::ASCII_INTERNED | type_code::UNICODE | type_code::INTERNED => {
                self.size()?
            }
            _ => return Ok(None),
        };
        self.weigh(length)?;
        let start = self.position;
        let bytes = self.take(length)?;
        let unicode = matches!(code, type_code::UNICODE | type_code::INTERNED);
        if !unicode && !bytes.is_ascii() {
            // CPython takes the bytes for Latin-1.
            let text: String = bytes.iter().copied().map(char::from).collect();
            return Ok(Some(self.strings.intern(text.as_str())));
        }
        match PyStr::from_bytes(bytes) {
            Ok(string) => Ok(Some(self.strings.intern(string))),
            Err(_) => Err(FormatError { kind: Kind::Utf8, offset: start }),
        }
    }
}

/// Code objects. Their parts count as objects one level deeper.
impl Reader<'_> {
    fn code(&mut self) -> Result<CodeObject> {
        let argcount = self.count("argcount")?;
        let posonlyargcount = self.count("posonlyargcount")?;
        let kwonlyargcount = self.count("kwonlyargcount")?;
        let stacksize = self.count("stacksize")?;
        let flags = self.count("flags")?;
        let code = self.bytes_field("code")?;
        let consts = self.consts_field()?;
        let names = self.names_field("names")?;
        let localsplusnames = self.names_field("localsplusnames")?;
        let localspluskinds = self.bytes_field("localspluskinds")?;
        let filename = self.string_field("filename")?;
        let name = self.string_field("name")?;
        let qualname = self.string_field("qualname")?;
        let firstlineno = self.long()?;
        let linetable = self.bytes_field("linetable")?;
        let exceptiontable = self.bytes_field("exceptiontable")?;
        if !self.strings.bytes(code).len().is_multiple_of(2) {
            return self.fail(Kind::CodeField("code"));
        }
        if self.strings.names(localsplusnames).len() != self.strings.bytes(localspluskinds).len() {
            return self.fail(Kind::CodeField("localspluskinds"));
        }
        Ok(CodeObject {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            code,
            consts,
            names,
            localsplusnames,
            localspluskinds,
            filename,
            name,
            qualname,
            firstlineno,
            linetable,
            exceptiontable,
        })
    }

    fn count(&mut self, field: &'static str) -> Result<u32> {
        let number = self.long()?;
        u32::try_from(number).or_else(|_| self.fail(Kind::CodeField(field)))
    }

    fn bytes_field(&mut self, field: &'static str) -> Result<BytesId> {
        match self.object()? {
            Constant::Bytes(bytes) => Ok(self.strings.intern_bytes(&bytes)),
            _ => self.fail(Kind::CodeField(field)),
        }
    }

    fn string_field(&mut self, field: &'static str) -> Result<StrId> {
        match self.object()? {
            Constant::Str(id) => Ok(id),
            _ => self.fail(Kind::CodeField(field)),
        }
    }

    fn consts_field(&mut self) -> Result<Arc<[Constant]>> {
        match self.object()? {
            Constant::Tuple(consts) => Ok(consts),
            _ => self.fail(Kind::CodeField("consts")),
        }
    }

    /// Reads a tuple of strings without making constants of them.
    fn names_field(&mut self, field: &'static str) -> Result<NamesId> {
        if self.depth == MAX_DEPTH {
            return self.fail(Kind::TooDeep);
        }
        let byte = self.byte()?;
        let weight_before = self.weight;
        match byte & !FLAG_REF {
            type_code::REF => self.referred_names(field),
            code @ (type_code::TUPLE | type_code::SMALL_TUPLE) => {
                let slot = (byte & FLAG_REF != 0).then(|| self.reserve());
                let length = self.tuple_size(code)?;
                self.depth += 1;
                let mut names = Vec::new();
                for _ in 0..length {
                    names.push(self.string_field(field)?);
                }
                self.depth -= 1;
                let names = self.strings.intern_names(&names);
                if let Some(slot) = slot {
                    let weight = self.weight - weight_before;
                    let names = Some(names);
                    self.slots[slot] = Slot::Complete(Complete { constant: None, names, weight });
                }
                Ok(names)
            }
            _ => self.fail(Kind::CodeField(field)),
        }
    }

    fn referred_names(&mut self, field: &'static str) -> Result<NamesId> {
        let malformed = FormatError { kind: Kind::CodeField(field), offset: self.position };
        let (referred, strings) = self.referred()?;
        let weight = referred.weight;
        let names = match (referred.names, &referred.constant) {
            (Some(names), _) => names,
            (None, Some(Constant::Tuple(constants))) => {
                let name = |constant: &Constant| match constant {
                    Constant::Str(id) => Some(*id),
                    _ => None,
                };
                let names: Vec<StrId> = constants.iter().map(name).collect::<Option<_>>().ok_or(malformed)?;
                *referred.names.insert(strings.intern_names(&names))
            }
            _ => return Err(malformed),
        };
        self.add_weight(weight)?;
        Ok(names)
    }
}
