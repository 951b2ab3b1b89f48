//! The exception table: which handler covers which code.
//!
//! Mirrors `assemble_exception_table` (`Python/assemble.c`). One entry for each run of instructions under one handler.

use super::{Handler, Placed};

/// The first byte of an entry has this bit.
const ENTRY_START: u8 = 0x80;
/// More bytes of the number follow.
const CONTINUED: u8 = 0x40;

/// Writes the table of these instructions over what `table` holds.
pub(super) fn write(instructions: &[Placed], table: &mut Vec<u8>) {
    table.clear();
    let mut open: Option<(u32, Handler)> = None;
    let mut end = 0;
    for instruction in instructions {
        let same_handler = match (open, instruction.handler) {
            (Some((_, handler)), Some(next)) => handler.place == next.place,
            (None, None) => true,
            _ => false,
        };
        if !same_handler {
            if let Some((start, handler)) = open {
                write_entry(instructions, start, instruction.offset, handler, table);
            }
            open = instruction.handler.map(|handler| (instruction.offset, handler));
        }
        end = instruction.end();
    }
    if let Some((start, handler)) = open {
        write_entry(instructions, start, end, handler, table);
    }
}

fn write_entry(instructions: &[Placed], start: u32, end: u32, handler: Handler, table: &mut Vec<u8>) {
    // The depth at the handler counts what it is given: the exception, and the offset if it wants it.
    let depth = handler.depth - 1 - u32::from(handler.preserves_lasti);
    write_number(start, ENTRY_START, table);
    write_number(end - start, 0, table);
    write_number(instructions[handler.place as usize].offset, 0, table);
    write_number(depth << 1 | u32::from(handler.preserves_lasti), 0, table);
}

/// Writes a number of up to 30 bits, six a byte, highest first; the first byte gets `mark` too.
fn write_number(value: u32, mark: u8, table: &mut Vec<u8>) {
    let mut mark = mark;
    for shift in [24, 18, 12, 6] {
        if value >> shift != 0 {
            table.push((value >> shift & 0x3F) as u8 | CONTINUED | mark);
            mark = 0;
        }
    }
    table.push((value & 0x3F) as u8 | mark);
}
