//! What `prepyc inspect` prints: a program as text, stable and whole, in the manner of `dis`.
//!
//! A code object is a heading, its fields, its instructions, its exception table; the code objects among its constants
//! follow. Instructions stand in lines of their place in the source (`line:column-line:column`), the label, if
//! something leads there, the offset in bytes, the name, the oparg, and what the oparg means.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use prepyc_version::{Oparg, OpcodeTable, PyRelease, PyVersion};

use crate::code::{CodeObject, LocalKind, Program};
use crate::exception_table::{self, ExceptionEntry};
use crate::instruction::{Instruction, Instructions};
use crate::location_table::{Location, LocationTable};
use crate::pyc::{Invalidation, Pyc, PycHeader};
use crate::repr::Repr;
use crate::strings::Strings;

/// The listing of the header and of the program.
impl fmt::Display for Pyc {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.header())?;
        write!(f, "{}", self.program)
    }
}

/// The listing of a header: the release, and what the pyc is held against its source by.
impl fmt::Display for PycHeader {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match PyRelease::from_magic(self.magic) {
            Some(release) => writeln!(f, "magic         {} (Python {release})", self.magic.0)?,
            None => writeln!(f, "magic         {} (of no release that is known)", self.magic.0)?,
        }
        match self.invalidation {
            Invalidation::Timestamp { mtime, size } => {
                writeln!(f, "invalidation  timestamp: mtime {mtime}, source of {size} bytes")
            }
            Invalidation::CheckedHash(hash) => writeln!(f, "invalidation  checked hash: {}", Hex(&hash)),
            Invalidation::UncheckedHash(hash) => writeln!(f, "invalidation  unchecked hash: {}", Hex(&hash)),
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The listing of all code objects, the module first.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_code(f, self, &self.code)
    }
}

/// Writes the code object, then those among its constants.
fn write_code(f: &mut Formatter<'_>, program: &Program, code: &CodeObject) -> fmt::Result {
    write!(f, "{}", CodeListing { version: program.version, strings: &program.strings, code })?;
    for inner in code.inner() {
        writeln!(f)?;
        write_code(f, program, inner)?;
    }
    Ok(())
}

/// One code object, without those among its constants.
struct CodeListing<'a> {
    version: PyVersion,
    strings: &'a Strings,
    code: &'a CodeObject,
}

impl fmt::Display for CodeListing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let CodeListing { strings, code, .. } = *self;
        writeln!(f, "code {}", strings.get(code.qualname))?;
        writeln!(f, "  filename         {:?}", strings.get(code.filename))?;
        writeln!(f, "  name             {:?}", strings.get(code.name))?;
        writeln!(f, "  firstlineno      {}", code.firstlineno)?;
        writeln!(f, "  argcount         {}", code.argcount)?;
        writeln!(f, "  posonlyargcount  {}", code.posonlyargcount)?;
        writeln!(f, "  kwonlyargcount   {}", code.kwonlyargcount)?;
        writeln!(f, "  stacksize        {}", code.stacksize)?;
        writeln!(f, "  flags            {}", Flags { bits: code.flags, table: self.version.opcodes() })?;
        self.list(f, "names", strings.names(code.names).iter().map(|&name| strings.get(name).to_string()))?;
        let kinds = strings.bytes(code.localspluskinds).iter().map(|&bits| LocalKind(bits));
        let locals = strings.names(code.localsplusnames).iter().zip(kinds);
        self.list(f, "localsplus", locals.map(|(&name, kind)| format!("{} ({kind})", strings.get(name))))?;
        self.list(f, "consts", code.consts.iter().map(|constant| Repr { constant, strings }))?;
        self.instructions(f)
    }
}

impl CodeListing<'_> {
    fn list(
        &self,
        f: &mut Formatter<'_>,
        title: &str,
        rows: impl Iterator<Item = impl fmt::Display>,
    ) -> fmt::Result {
        writeln!(f, "  {title}")?;
        rows.enumerate().try_for_each(|(index, row)| writeln!(f, "    {index:3} {row}"))
    }

    fn instructions(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let handlers = exception_table::decode(self.strings.bytes(self.code.exceptiontable));
        let labels = Labels::new(self, handlers.as_deref().unwrap_or_default());
        writeln!(f, "  code")?;
        let mut places = Places::new(self);
        for instruction in Instructions::new(self.strings.bytes(self.code.code), self.version) {
            let place = places.of(instruction.position);
            let label = labels.of(instruction.start).unwrap_or_default();
            let name = match instruction.info {
                Some(info) => info.opcode.name().to_owned(),
                None => format!("<{}>", instruction.number),
            };
            let oparg = Explained { listing: self, labels: &labels, instruction: &instruction };
            let line = format!("    {place:17} {label:>5} {:5} {name:26} {oparg}", 2 * instruction.position);
            writeln!(f, "{}", line.trim_end())?;
        }
        if places.malformed {
            writeln!(f, "    the location table is malformed")?;
        }
        match handlers {
            Err(error) => writeln!(f, "  exceptions\n    {error}"),
            Ok(handlers) if handlers.is_empty() => Ok(()),
            Ok(handlers) => {
                writeln!(f, "  exceptions")?;
                handlers.iter().try_for_each(|handler| {
                    let [start, end, target] =
                        [handler.start, handler.end, handler.target].map(|position| labels.name(position));
                    let lasti = if handler.lasti { ", lasti" } else { "" };
                    writeln!(f, "    {start} to {end}: {target}, depth {}{lasti}", handler.depth)
                })
            }
        }
    }
}

/// The names of places that something leads to: `L1`, `L2`, … in the order of the code.
struct Labels(BTreeMap<u32, usize>);

impl Labels {
    fn new(listing: &CodeListing<'_>, handlers: &[ExceptionEntry]) -> Labels {
        let jumps = Instructions::new(listing.strings.bytes(listing.code.code), listing.version);
        let mut labels: BTreeMap<u32, usize> =
            jumps.filter_map(|jump| jump.jump_target()).map(|target| (target, 0)).collect();
        for handler in handlers {
            labels.extend([handler.start, handler.end, handler.target].map(|position| (position, 0)));
        }
        for (index, number) in labels.values_mut().enumerate() {
            *number = index + 1;
        }
        Labels(labels)
    }

    /// The label and a colon, if the place has one.
    fn of(&self, position: u32) -> Option<String> {
        self.0.get(&position).map(|number| format!("L{number}:"))
    }

    /// The label of a place that has one.
    fn name(&self, position: u32) -> String {
        self.0
            .get(&position)
            .map_or_else(|| format!("offset {}", 2 * u64::from(position)), |number| format!("L{number}"))
    }
}

/// Where the code units stand in the source, asked for in order.
struct Places<'a> {
    table: LocationTable<'a>,
    /// The first code unit behind the current entry.
    end: u32,
    location: Location,
    malformed: bool,
}

impl<'a> Places<'a> {
    fn new(listing: &CodeListing<'a>) -> Places<'a> {
        let CodeListing { strings, code, .. } = *listing;
        let table = LocationTable::new(strings.bytes(code.linetable), code.firstlineno);
        Places { table, end: 0, location: Location::None, malformed: false }
    }

    fn of(&mut self, position: u32) -> String {
        while position >= self.end {
            match self.table.next() {
                Some(Ok(entry)) => {
                    self.location = entry.location;
                    self.end = self.end.saturating_add(entry.code_units);
                }
                other => {
                    self.malformed |= other.is_some();
                    self.location = Location::None;
                    self.end = u32::MAX;
                    break;
                }
            }
        }
        self.location.to_string()
    }
}

/// `line:column-line:column`; `?` for a column that is not known, `-` for nowhere.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let column = |column: Option<u32>| column.map_or_else(|| "?".to_owned(), |column| column.to_string());
        match self {
            Location::None => f.write_str("-"),
            Location::Line(line) => write!(f, "{line}"),
            Location::Span { line, end_line, column: start, end_column } => {
                write!(f, "{line}:{}-{end_line}:{}", column(*start), column(*end_column))
            }
        }
    }
}

/// An oparg and, in parentheses, what it means.
struct Explained<'a> {
    listing: &'a CodeListing<'a>,
    labels: &'a Labels,
    instruction: &'a Instruction,
}

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let CodeListing { strings, code, .. } = *self.listing;
        let oparg = self.instruction.oparg;
        let meaning = self.instruction.info.map_or(Oparg::Number, |info| info.oparg);
        if meaning == Oparg::Unused && oparg == 0 {
            return Ok(());
        }
        write!(f, "{oparg}")?;
        let locals = strings.names(code.localsplusnames);
        let local = |index: u32| locals.get(index as usize).map(|&name| strings.get(name));
        match meaning {
            Oparg::Const => match code.consts.get(oparg as usize) {
                Some(constant) => write!(f, " ({})", Repr { constant, strings }),
                None => f.write_str(" (no such constant)"),
            },
            Oparg::Name { shift, shown } => {
                let Some(&name) = strings.names(code.names).get((oparg >> shift) as usize) else {
                    return f.write_str(" (no such name)");
                };
                let name = strings.get(name).to_string();
                let shown = shown[oparg as usize % shown.len()];
                // As in `from . import name`.
                if name.is_empty() { Ok(()) } else { write!(f, " ({})", shown.replace("{}", &name)) }
            }
            Oparg::Local => match local(oparg) {
                Some(name) => write!(f, " ({name})"),
                None => f.write_str(" (no such local)"),
            },
            Oparg::LocalPair => match (local(oparg >> 4), local(oparg & 15)) {
                (Some(first), Some(second)) => write!(f, " ({first}, {second})"),
                _ => f.write_str(" (no such local)"),
            },
            Oparg::Jump(_) => match self.instruction.jump_target() {
                Some(target) => write!(f, " (to {})", self.labels.name(target)),
                None => f.write_str(" (to nowhere)"),
            },
            Oparg::Words { .. } => match meaning.word(oparg) {
                Some("") => Ok(()),
                Some(word) => write!(f, " ({word})"),
                None => f.write_str(" (no such thing)"),
            },
            Oparg::Unused | Oparg::Number | Oparg::Handler => Ok(()),
        }
    }
}

/// `co_flags` with the names of its bits.
struct Flags<'a> {
    bits: u32,
    table: &'a OpcodeTable,
}

impl fmt::Display for Flags<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.bits)?;
        let mut unnamed = self.bits;
        for &(bit, name) in self.table.code_flags {
            if self.bits & bit != 0 {
                write!(f, " {name}")?;
                unnamed &= !bit;
            }
        }
        if unnamed != 0 { write!(f, " {unnamed:#x}") } else { Ok(()) }
    }
}
