//! All variables of a code object, by slot, and what they are.
//!
//! Mirrors `compute_localsplus_info` (`Python/assemble.c`).

use std::sync::Arc;

use prepyc_bytecode::{LocalKind, StrId};
use prepyc_version::Features;

use crate::unit::{CodeFlags, CodeUnitMetadata};

/// Can be given by position.
const BY_POSITION: u8 = 0x02;
/// Can be given by keyword.
const BY_KEYWORD: u8 = 0x04;
/// Takes all that is left.
const VARIADIC: u8 = 0x08;

/// Names and kinds by slot: locals, then the cells that are no parameters, then free variables.
pub(super) fn of(unit: &CodeUnitMetadata, features: &Features) -> (Arc<[StrId]>, Arc<[u8]>) {
    let locals = unit.varnames.as_slice().iter().enumerate().map(|(index, &name)| {
        let mut kind = LocalKind::LOCAL.0;
        if features.parameters_have_kinds {
            kind |= parameter_kind(unit, index as u32);
        }
        if unit.fasthidden.contains(name) {
            kind |= LocalKind::HIDDEN.0;
        }
        if unit.cellvars.contains(name) {
            kind |= LocalKind::CELL.0;
        }
        (name, kind)
    });
    let cells = unit.cellvars.as_slice().iter().filter(|&&name| !unit.varnames.contains(name));
    let cells = cells.map(|&name| (name, LocalKind::CELL.0));
    let free = unit.freevars.as_slice().iter().map(|&name| (name, LocalKind::FREE.0));
    let (names, kinds): (Vec<StrId>, Vec<u8>) = locals.chain(cells).chain(free).unzip();
    (names.into(), kinds.into())
}

/// How the local at `index` is given as a parameter, if it is one (CPython: `CO_FAST_ARG_POS` and its like,
/// `Include/internal/pycore_code.h`, 3.14).
fn parameter_kind(unit: &CodeUnitMetadata, index: u32) -> u8 {
    let mut rest = index;
    let star = u32::from(unit.flags.contains(CodeFlags::VARARGS));
    let double_star = u32::from(unit.flags.contains(CodeFlags::VARKEYWORDS));
    for (count, kind) in [
        (unit.posonlyargcount, BY_POSITION),
        (unit.argcount, BY_POSITION | BY_KEYWORD),
        (unit.kwonlyargcount, BY_KEYWORD),
        (star, VARIADIC | BY_POSITION),
        (double_star, VARIADIC | BY_KEYWORD),
    ] {
        match rest.checked_sub(count) {
            Some(left) => rest = left,
            None => return kind,
        }
    }
    0
}
