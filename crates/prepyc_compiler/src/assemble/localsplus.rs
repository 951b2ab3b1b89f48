//! All variables of a code object, by slot, and what they are.
//!
//! Mirrors `compute_localsplus_info` (`Python/assemble.c`).

use prepyc_bytecode::{BytesId, LocalKind, NamesId, StrId, Strings};
use prepyc_version::Features;

use crate::unit::{CodeFlags, CodeUnitMetadata};

/// Can be given by position.
const BY_POSITION: u8 = 0x02;
/// Can be given by keyword.
const BY_KEYWORD: u8 = 0x04;
/// Takes all that is left.
const VARIADIC: u8 = 0x08;

/// Where names and kinds are put together; reused from one code object to the next.
#[derive(Debug, Default)]
pub(super) struct Slots {
    names: Vec<StrId>,
    kinds: Vec<u8>,
}

impl Slots {
    /// Names and kinds by slot: locals, then the cells that are no parameters, then free variables.
    pub(super) fn of(
        &mut self,
        unit: &CodeUnitMetadata,
        features: &Features,
        strings: &mut Strings,
    ) -> (NamesId, BytesId) {
        self.names.clear();
        self.kinds.clear();
        let (hidden, cells) = (&unit.fasthidden, &unit.cellvars);
        for (index, &name) in (0..).zip(unit.varnames.as_slice()) {
            let mut kind = LocalKind::LOCAL.0;
            if features.parameters_have_kinds {
                kind |= parameter_kind(unit, index);
            }
            if !hidden.is_empty() && hidden.contains(name) {
                kind |= LocalKind::HIDDEN.0;
            }
            if !cells.is_empty() && cells.contains(name) {
                kind |= LocalKind::CELL.0;
            }
            self.push(name, kind);
        }
        for &name in cells.as_slice().iter().filter(|&&name| !unit.varnames.contains(name)) {
            self.push(name, LocalKind::CELL.0);
        }
        for &name in unit.freevars.as_slice() {
            self.push(name, LocalKind::FREE.0);
        }
        (strings.intern_names(&self.names), strings.intern_bytes(&self.kinds))
    }

    fn push(&mut self, name: StrId, kind: u8) {
        self.names.push(name);
        self.kinds.push(kind);
    }
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
