//! Where two programs differ: the first differing field of each code object.
//!
//! Fields are compared as Python would see them, by type, value and sign: strings by their text, code units,
//! locations and exception entries one by one, frozensets whatever their order.

use std::fmt;

use crate::code::{CodeObject, Program};
use crate::constant::Constant;
use crate::exception_table;
use crate::instruction::{Instruction, Instructions};
use crate::location_table::{Location, LocationTable};
use crate::marshal;
use crate::repr::Repr;
use crate::strings::{BytesId, NamesId, StrId, Strings};

/// A field in which two code objects differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The left code object's qualified name.
    pub qualname: String,
    /// The left code object's first line.
    pub firstlineno: i32,
    /// The field, as Python names it; `version` for programs of two versions.
    pub field: &'static str,
    /// Where in the field, if it has parts: an index, an offset.
    pub place: String,
    /// What stands there on the left.
    pub left: String,
    /// What stands there on the right.
    pub right: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { qualname, firstlineno, field, place, left, right } = self;
        write!(f, "{qualname} (line {firstlineno}): {field}{place}: {left} | {right}")
    }
}

/// The first differing field of each code object; nothing if the programs are equal in every field.
///
/// A code object whose number or kinds of constants differ is reported for that, and those among its constants
/// that stand at the same place are compared all the same.
pub fn first_differences(left: &Program, right: &Program) -> Vec<Difference> {
    let mut comparison = Comparison { left, right, found: Vec::new() };
    if left.version == right.version {
        comparison.code(&left.code, &right.code);
    } else {
        let place = Place { field: "version", place: String::new() };
        let different = place.differ(left.version, right.version);
        comparison.report(&left.code, different);
    }
    comparison.found
}

struct Comparison<'a> {
    left: &'a Program,
    right: &'a Program,
    found: Vec<Difference>,
}

/// Where in a code object, and the texts of both sides.
type Found = (Place, [String; 2]);

struct Place {
    field: &'static str,
    place: String,
}

impl Place {
    fn differ(self, left: impl fmt::Display, right: impl fmt::Display) -> Found {
        (self, [left.to_string(), right.to_string()])
    }
}

fn whole(field: &'static str) -> Place {
    Place { field, place: String::new() }
}

fn at(field: &'static str, index: usize) -> Place {
    Place { field, place: format!("[{index}]") }
}

fn at_offset(field: &'static str, position: u32) -> Place {
    Place { field, place: format!(" at offset {}", 2 * u64::from(position)) }
}

impl Comparison<'_> {
    fn report(&mut self, code: &CodeObject, (Place { field, place }, [left, right]): Found) {
        let qualname = self.left.str(code.qualname).to_string();
        self.found.push(Difference { qualname, firstlineno: code.firstlineno, field, place, left, right });
    }

    fn code(&mut self, left: &CodeObject, right: &CodeObject) {
        let found = self
            .numbers(left, right)
            .or_else(|| self.instructions(left, right))
            .or_else(|| self.consts(left, right))
            .or_else(|| self.names(left, right))
            .or_else(|| self.locations(left, right))
            .or_else(|| self.handlers(left, right));
        if let Some(found) = found {
            self.report(left, found);
        }
        for (left, right) in left.consts.iter().zip(right.consts.iter()) {
            if let (Constant::Code(left), Constant::Code(right)) = (left, right) {
                self.code(left, right);
            }
        }
    }

    fn numbers(&self, left: &CodeObject, right: &CodeObject) -> Option<Found> {
        let numbers = |code: &CodeObject| {
            [
                ("co_argcount", code.argcount.to_string()),
                ("co_posonlyargcount", code.posonlyargcount.to_string()),
                ("co_kwonlyargcount", code.kwonlyargcount.to_string()),
                ("co_flags", format!("{:#x}", code.flags)),
                ("co_firstlineno", code.firstlineno.to_string()),
                ("co_stacksize", code.stacksize.to_string()),
            ]
        };
        let mut pairs = numbers(left).into_iter().zip(numbers(right));
        let ((field, left), (_, right)) = pairs.find(|(left, right)| left != right)?;
        Some(whole(field).differ(left, right))
    }

    fn names(&self, left: &CodeObject, right: &CodeObject) -> Option<Found> {
        let single = |code: &CodeObject| {
            [("co_name", code.name), ("co_qualname", code.qualname), ("co_filename", code.filename)]
        };
        for ((field, left), (_, right)) in single(left).into_iter().zip(single(right)) {
            let [left, right] = [self.left.str(left), self.right.str(right)];
            if left != right {
                return Some(whole(field).differ(format_args!("{left:?}"), format_args!("{right:?}")));
            }
        }
        self.name_lists("co_names", left.names, right.names)
            .or_else(|| self.name_lists("co_localsplusnames", left.localsplusnames, right.localsplusnames))
            .or_else(|| {
                let [left, right] = self.bytes(left.localspluskinds, right.localspluskinds);
                let index =
                    (0..left.len().max(right.len())).find(|&index| left.get(index) != right.get(index))?;
                let text = |kinds: &[u8]| {
                    kinds.get(index).map_or("nothing".to_owned(), |kind| format!("{kind:#04x}"))
                };
                Some(at("co_localspluskinds", index).differ(text(left), text(right)))
            })
    }

    /// A byte string of each side.
    fn bytes(&self, left: BytesId, right: BytesId) -> [&[u8]; 2] {
        [self.left.bytes(left), self.right.bytes(right)]
    }

    fn name_lists(&self, field: &'static str, left: NamesId, right: NamesId) -> Option<Found> {
        let [left, right] = [self.left.names(left), self.right.names(right)];
        let text = |program: &Program, names: &[StrId], index: usize| {
            names.get(index).map_or("nothing".to_owned(), |&name| format!("{:?}", program.str(name)))
        };
        (0..left.len().max(right.len())).find_map(|index| {
            let [left, right] = [text(self.left, left, index), text(self.right, right, index)];
            (left != right).then(|| at(field, index).differ(left, right))
        })
    }

    fn instructions(&self, left: &CodeObject, right: &CodeObject) -> Option<Found> {
        let [left, right] = self.bytes(left.code, right.code);
        if left == right {
            return None;
        }
        let version = self.left.version;
        let mut lefts = Instructions::new(left, version);
        let mut rights = Instructions::new(right, version);
        loop {
            let [left_next, right_next] = [lefts.next(), rights.next()];
            let key =
                |instruction: &Option<Instruction>| instruction.map(|one| (one.start, one.number, one.oparg));
            if key(&left_next) != key(&right_next) {
                let position = left_next.or(right_next).map_or(0, |instruction| instruction.start);
                return Some(
                    at_offset("co_code", position)
                        .differ(instruction_text(left_next), instruction_text(right_next)),
                );
            }
            if left_next.is_none() {
                // The same instructions; what differs is an inline cache or a needless prefix.
                let index = left.iter().zip(right).position(|(left, right)| left != right);
                let index = index.unwrap_or(left.len().min(right.len()));
                let text = |code: &[u8]| {
                    code.get(index).map_or("nothing".to_owned(), |byte| format!("byte {byte:#04x}"))
                };
                return Some(at_offset("co_code", index as u32 / 2).differ(text(left), text(right)));
            }
        }
    }

    fn consts(&self, left: &CodeObject, right: &CodeObject) -> Option<Found> {
        let [lefts, rights] = [&left.consts, &right.consts];
        (0..lefts.len().max(rights.len())).find_map(|index| {
            let [left, right] = [lefts.get(index), rights.get(index)];
            if let (Some(left), Some(right)) = (left, right)
                && self.same(left, right)
            {
                return None;
            }
            let text = |constant: Option<&Constant>, strings: &Strings| {
                constant.map_or("nothing".to_owned(), |constant| Repr { constant, strings }.to_string())
            };
            let [left, right] = [text(left, &self.left.strings), text(right, &self.right.strings)];
            Some(at("co_consts", index).differ(left, right))
        })
    }

    /// Whether the constants are the same, by type, value and sign. Code objects are, for they are compared by themselves.
    fn same(&self, left: &Constant, right: &Constant) -> bool {
        if let (Constant::Code(_), Constant::Code(_)) = (left, right) {
            return true;
        }
        let bytes = |constant: &Constant, strings: &Strings| {
            let mut bytes = Vec::new();
            marshal::write_sort_key(constant, strings, &mut bytes);
            bytes
        };
        bytes(left, &self.left.strings) == bytes(right, &self.right.strings)
    }

    /// The location of each code unit; the bytes decide, but the units say what differs.
    fn locations(&self, left: &CodeObject, right: &CodeObject) -> Option<Found> {
        let [left_table, right_table] = self.bytes(left.linetable, right.linetable);
        if left_table == right_table && left.firstlineno == right.firstlineno {
            return None;
        }
        let units = |table: &[u8], firstlineno: i32| -> Result<Vec<Location>, String> {
            let mut units = Vec::new();
            for entry in LocationTable::new(table, firstlineno) {
                let entry = entry.map_err(|error| error.to_string())?;
                units.extend(std::iter::repeat_n(entry.location, entry.code_units as usize));
            }
            Ok(units)
        };
        let (left_units, right_units) =
            match (units(left_table, left.firstlineno), units(right_table, right.firstlineno)) {
                (Ok(left), Ok(right)) => (left, right),
                (left, right) => {
                    let text = |units: Result<_, String>| {
                        units.map_or_else(|error| error, |_: Vec<Location>| "well-formed".to_owned())
                    };
                    return Some(whole("co_linetable").differ(text(left), text(right)));
                }
            };
        let length = left_units.len().max(right_units.len());
        let position = (0..length).find(|&index| left_units.get(index) != right_units.get(index));
        let text = |units: &[Location], index: usize| {
            units.get(index).map_or("nothing".to_owned(), Location::to_string)
        };
        Some(match position {
            Some(index) => at_offset("co_linetable", index as u32)
                .differ(text(&left_units, index), text(&right_units, index)),
            None => whole("co_linetable").differ(
                format_args!("{} bytes", left_table.len()),
                format_args!("the same locations in {} bytes, otherwise divided", right_table.len()),
            ),
        })
    }

    fn handlers(&self, left: &CodeObject, right: &CodeObject) -> Option<Found> {
        let [left, right] = self.bytes(left.exceptiontable, right.exceptiontable);
        if left == right {
            return None;
        }
        let (left, right) = match (exception_table::decode(left), exception_table::decode(right)) {
            (Ok(left), Ok(right)) => (left, right),
            (left, right) => {
                let text = |entries: Result<_, crate::FormatError>| match entries {
                    Ok::<Vec<_>, _>(_) => "well-formed".to_owned(),
                    Err(error) => error.to_string(),
                };
                return Some(whole("co_exceptiontable").differ(text(left), text(right)));
            }
        };
        let length = left.len().max(right.len());
        let index = (0..length).find(|&index| left.get(index) != right.get(index)).unwrap_or(length);
        let text = |entries: &[exception_table::ExceptionEntry]| {
            entries.get(index).map_or("nothing".to_owned(), |entry| entry.to_string())
        };
        Some(at("co_exceptiontable", index).differ(text(&left), text(&right)))
    }
}

fn instruction_text(instruction: Option<Instruction>) -> String {
    match instruction {
        None => "nothing".to_owned(),
        Some(Instruction { info: Some(info), oparg, .. }) => format!("{} {oparg}", info.opcode.name()),
        Some(Instruction { number, oparg, .. }) => format!("<{number}> {oparg}"),
    }
}
