//! The generated tables (`cargo xtask gen`), one file a version, and the union of their instructions.

#[rustfmt::skip]
pub(crate) mod opcode;
#[rustfmt::skip]
pub(crate) mod py311;
#[rustfmt::skip]
pub(crate) mod py312;
#[rustfmt::skip]
pub(crate) mod py313;
#[rustfmt::skip]
pub(crate) mod py314;
#[rustfmt::skip]
pub(crate) mod py315;
