//! Writing marshal, canonically: the bytes depend on the value alone.

use super::refs::{Mark, Refs, StringUse, Tracking, Word, interned};
use super::type_code;
use crate::Program;
use crate::code::CodeObject;
use crate::constant::{Constant, PyInt};
use crate::strings::{BytesId, NamesId, SHORT, StrId, Strings};

/// Appends the program's bytes.
pub(crate) fn write_program(program: &Program, out: &mut Vec<u8>) {
    // There is about as much else as there is text and code.
    out.reserve(2 * program.strings.size_bytes());
    let mut writer = Writer::new(&program.strings, Tracking::References, out);
    writer.code(&program.code);
    writer.finish();
}

/// Appends the value's bytes.
pub(crate) fn write_constant(constant: &Constant, strings: &Strings, out: &mut Vec<u8>) {
    let mut writer = Writer::new(strings, Tracking::References, out);
    writer.constant(constant);
    writer.finish();
}

/// Appends bytes that no other value has: the value's, with every object in full.
pub(crate) fn write_sort_key(constant: &Constant, strings: &Strings, out: &mut Vec<u8>) {
    Writer::new(strings, Tracking::None, out).constant(constant);
}

/// One output being written. What writes an object returns what it is known by in its container.
struct Writer<'a> {
    strings: &'a Strings,
    /// Whether all strings are ASCII, as those of most programs: asked once, no string is looked at for it.
    all_ascii: bool,
    refs: Refs,
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(strings: &'a Strings, tracking: Tracking, out: &'a mut Vec<u8>) -> Writer<'a> {
        Writer {
            strings,
            all_ascii: tracking == Tracking::References && strings.are_ascii(),
            refs: Refs::new(tracking, out.len(), strings),
            out,
        }
    }

    fn finish(self) {
        self.refs.finish(self.out);
    }

    fn begin(&mut self, type_code: u8) -> Mark {
        let mark = self.refs.begin(self.out);
        self.out.push(type_code);
        mark
    }

    fn constant(&mut self, constant: &Constant) -> Word {
        match constant {
            Constant::None => self.singleton(type_code::NONE),
            Constant::Bool(true) => self.singleton(type_code::TRUE),
            Constant::Bool(false) => self.singleton(type_code::FALSE),
            Constant::Ellipsis => self.singleton(type_code::ELLIPSIS),
            Constant::StopIteration => self.singleton(type_code::STOP_ITERATION),
            Constant::Int(number) => self.int(number),
            Constant::Float(number) => {
                let mark = self.begin(type_code::BINARY_FLOAT);
                self.out.extend_from_slice(&number.to_bits().to_le_bytes());
                self.number(mark, number.is_nan())
            }
            Constant::Complex { real, imag } => {
                let mark = self.begin(type_code::BINARY_COMPLEX);
                self.out.extend_from_slice(&real.to_bits().to_le_bytes());
                self.out.extend_from_slice(&imag.to_bits().to_le_bytes());
                self.number(mark, real.is_nan() || imag.is_nan())
            }
            Constant::Str(id) => self.string(*id, StringUse::Constant),
            Constant::Bytes(bytes) => match self.strings.find_bytes(bytes) {
                Some(id) => self.interned_bytes(id),
                None => self.bytes(bytes),
            },
            Constant::Tuple(elements) => self.tuple(elements),
            Constant::FrozenSet(set) => {
                let mark = self.elements(type_code::FROZEN_SET, set.elements());
                self.refs.container(self.out, mark)
            }
            Constant::Slice(parts) => {
                let mark = self.begin(type_code::SLICE);
                self.each(&parts[..]);
                self.refs.container(self.out, mark)
            }
            Constant::Code(code) => self.code(code),
            Constant::List(elements) => {
                let mark = self.elements(type_code::LIST, elements);
                self.refs.unique(mark)
            }
            Constant::Set(set) => {
                let mark = self.elements(type_code::SET, set.elements());
                self.refs.unique(mark)
            }
            Constant::Dict(items) => self.dict(type_code::DICT, items),
            // CPython 3.15 fails to load a reference to a frozendict (`Python/marshal.c`, `r_object`).
            Constant::FrozenDict(items) => self.dict(type_code::FROZEN_DICT, items),
        }
    }

    fn singleton(&mut self, type_code: u8) -> Word {
        self.out.push(type_code);
        Word::singleton(type_code)
    }

    fn size(&mut self, size: usize) {
        let size = i32::try_from(size).expect("marshal's sizes have 31 bits");
        self.out.extend_from_slice(&size.to_le_bytes());
    }

    /// The float or complex number that began at the mark is complete. A NaN equals only the very same object, which a
    /// program can tell by `in`, so no reference ever stands for one, nor for a container of one.
    fn number(&mut self, mark: Mark, is_nan: bool) -> Word {
        if is_nan { self.refs.unique(mark) } else { self.refs.leaf(self.out, mark) }
    }

    fn int(&mut self, number: &PyInt) -> Word {
        if let Some(value) = number.to_i64()
            && let Ok(short) = i32::try_from(value)
        {
            if let Some(word) = Word::small_int(value) {
                self.out.push(type_code::INT);
                self.out.extend_from_slice(&short.to_le_bytes());
                return word;
            }
            let mark = self.begin(type_code::INT);
            self.out.extend_from_slice(&short.to_le_bytes());
            return self.refs.leaf(self.out, mark);
        }
        let mark = self.begin(type_code::LONG);
        number.with_digits(|digits| {
            let length = i32::try_from(digits.len()).expect("marshal's sizes have 31 bits");
            let signed = if number.is_negative() { -length } else { length };
            self.out.extend_from_slice(&signed.to_le_bytes());
            for digit in digits {
                self.out.extend_from_slice(&digit.to_le_bytes());
            }
        });
        self.refs.leaf(self.out, mark)
    }

    #[inline]
    fn string(&mut self, id: StrId, usage: StringUse) -> Word {
        match self.refs.known_string(self.out, id, usage) {
            Some(word) => word,
            None => self.new_string(id, usage),
        }
    }

    fn new_string(&mut self, id: StrId, usage: StringUse) -> Word {
        let (string, more) = self.strings.get_with_more(id);
        let ascii = self.all_ascii || string.is_ascii();
        let code = match string.as_bytes().len() {
            0..=0xFF if ascii => type_code::SHORT_ASCII,
            _ if ascii => type_code::ASCII,
            _ => type_code::UNICODE,
        };
        let is_interned = usage == StringUse::Name || string.is_name_like();
        let code = if is_interned { interned(code) } else { code };
        let mark = self.refs.begin(self.out);
        match u8::try_from(string.as_bytes().len()) {
            Ok(length) if ascii => self.out.extend_from_slice(&[code, length]),
            _ => {
                self.out.push(code);
                self.size(string.as_bytes().len());
            }
        }
        let size = string.as_bytes().len();
        match more {
            Some(more) if size <= SHORT => {
                let end = self.out.len() + size;
                self.out.extend_from_slice(more);
                self.out.truncate(end);
            }
            _ => self.out.extend_from_slice(string.as_bytes()),
        }
        self.refs.string(mark, id)
    }

    /// Bytes that the program's table does not have.
    fn bytes(&mut self, bytes: &[u8]) -> Word {
        let mark = self.begin(type_code::BYTES);
        self.size(bytes.len());
        self.out.extend_from_slice(bytes);
        self.refs.leaf(self.out, mark)
    }

    fn interned_bytes(&mut self, id: BytesId) -> Word {
        if let Some(word) = self.refs.known_bytes(self.out, id) {
            return word;
        }
        let bytes = self.strings.bytes(id);
        let mark = self.begin(type_code::BYTES);
        self.size(bytes.len());
        self.out.extend_from_slice(bytes);
        self.refs.bytes(mark, id)
    }

    /// Begins a tuple of that many elements; `None` for the empty one, which is then complete.
    fn begin_tuple(&mut self, length: usize) -> Option<Mark> {
        if length == 0 {
            self.out.extend_from_slice(&[type_code::SMALL_TUPLE, 0]);
            return None;
        }
        if let Ok(length) = u8::try_from(length) {
            let mark = self.begin(type_code::SMALL_TUPLE);
            self.out.push(length);
            return Some(mark);
        }
        let mark = self.begin(type_code::TUPLE);
        self.size(length);
        Some(mark)
    }

    fn tuple(&mut self, elements: &[Constant]) -> Word {
        let Some(mark) = self.begin_tuple(elements.len()) else { return Word::EMPTY_TUPLE };
        self.each(elements);
        self.refs.container(self.out, mark)
    }

    fn names(&mut self, id: NamesId) {
        if self.refs.known_names(self.out, id) {
            return;
        }
        let names = self.strings.names(id);
        let Some(mark) = self.begin_tuple(names.len()) else { return };
        for &name in names {
            let word = self.string(name, StringUse::Name);
            self.refs.element(word);
        }
        // A tuple among the constants may have the same elements.
        let word = self.refs.container(self.out, mark);
        self.refs.names(id, word);
    }

    fn elements(&mut self, type_code: u8, elements: &[Constant]) -> Mark {
        let mark = self.begin(type_code);
        self.size(elements.len());
        self.each(elements);
        mark
    }

    fn each(&mut self, elements: &[Constant]) {
        for element in elements {
            let word = self.constant(element);
            self.refs.element(word);
        }
    }

    fn dict(&mut self, type_code: u8, items: &[(Constant, Constant)]) -> Word {
        let mark = self.begin(type_code);
        for (key, value) in items {
            self.constant(key);
            self.constant(value);
        }
        self.out.push(type_code::NULL);
        self.refs.unique(mark)
    }

    fn code(&mut self, code: &CodeObject) -> Word {
        let mark = self.begin(type_code::CODE);
        let numbers = [code.argcount, code.posonlyargcount, code.kwonlyargcount, code.stacksize, code.flags];
        self.out.extend_from_slice(numbers.map(u32::to_le_bytes).as_flattened());
        self.interned_bytes(code.code);
        self.tuple(&code.consts);
        self.names(code.names);
        self.names(code.localsplusnames);
        self.interned_bytes(code.localspluskinds);
        for name in [code.filename, code.name, code.qualname] {
            self.string(name, StringUse::Name);
        }
        self.out.extend_from_slice(&code.firstlineno.to_le_bytes());
        self.interned_bytes(code.linetable);
        self.interned_bytes(code.exceptiontable);
        self.refs.unique(mark)
    }
}
