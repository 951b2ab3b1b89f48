//! Which NaN is which, while a program is compiled.
//!
//! CPython looks constants up by equality, and a NaN equals only the very same object (`PyObject_RichCompareBool`, and
//! since 3.10 its hash is that of its address). No literal is one; `1e999 - 1e999` folds to one. Where the tree is folded
//! that is one object however often its node is compiled: `while` tests and `finally` bodies share it, and two equal
//! expressions do not. So an object gets a number, which stands in the NaN's payload until the program is done. Where
//! the graph is folded, each fold makes an object, so NaNs go without numbers there and equal nothing. marshal never
//! writes one NaN as a reference to another.

use std::sync::Arc;

use prepyc_bytecode::{CodeObject, Constant, FrozenSet, Strings};

/// The bits of a NaN that its number takes.
const NUMBER: u64 = (1 << 51) - 1;

/// Whether it has a number, so that it can be told to be the same.
pub(crate) fn is_named(nan: f64) -> bool {
    nan.to_bits() & NUMBER != 0
}

/// Gives numbers to the NaNs of a program.
#[derive(Debug, Default)]
pub(crate) struct NanObjects {
    /// How many there are so far.
    count: u64,
}

impl NanObjects {
    /// Makes a NaN an object of its own. What a tuple holds has been named before.
    pub(crate) fn name(&mut self, constant: &mut Constant) {
        let parts = match constant {
            Constant::Float(value) => [Some(value), None],
            Constant::Complex { real, imag } => [Some(real), Some(imag)],
            _ => return,
        };
        for part in parts.into_iter().flatten().filter(|part| part.is_nan()) {
            self.count += 1;
            *part = f64::from_bits(part.to_bits() & !NUMBER | self.count & NUMBER);
        }
    }

    /// Takes the numbers out of the finished program.
    pub(crate) fn forget(&self, code: &mut CodeObject, strings: &Strings) {
        if self.count == 0 {
            return;
        }
        let mut codes = vec![code];
        while let Some(code) = codes.pop() {
            for constant in Arc::make_mut(&mut code.consts) {
                match constant {
                    Constant::Code(inner) => codes.push(Arc::make_mut(inner)),
                    _ => forget_numbers(constant, strings),
                }
            }
        }
    }
}

/// Folding nests constants no deeper than a tree is compiled.
fn forget_numbers(constant: &mut Constant, strings: &Strings) {
    let forget = |part: &mut f64| {
        if part.is_nan() {
            *part = f64::from_bits(part.to_bits() & !NUMBER);
        }
    };
    match constant {
        Constant::Float(value) => forget(value),
        Constant::Complex { real, imag } => [real, imag].into_iter().for_each(forget),
        Constant::Tuple(elements) => {
            let mut forgotten = elements.to_vec();
            forgotten.iter_mut().for_each(|element| forget_numbers(element, strings));
            *elements = forgotten.into();
        }
        Constant::FrozenSet(set) => {
            let mut forgotten = set.elements().to_vec();
            forgotten.iter_mut().for_each(|element| forget_numbers(element, strings));
            *set = FrozenSet::new(forgotten, strings);
        }
        _ => {}
    }
}
