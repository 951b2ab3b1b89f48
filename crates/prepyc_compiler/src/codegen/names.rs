//! Names that the compiler itself brings into a program.

use prepyc_bytecode::{StrId, Strings};

macro_rules! names {
    ($($field:ident = $text:literal),* $(,)?) => {
        /// Names that the compiler itself brings into a program.
        #[derive(Clone, Copy)]
        pub(super) struct Names { $(pub(super) $field: StrId),* }

        impl Names {
            pub(super) fn intern(strings: &mut Strings) -> Names {
                Names { $($field: strings.intern($text)),* }
            }
        }
    };
}

names! {
    empty = "", module = "<module>", lambda = "<lambda>", genexpr = "<genexpr>", listcomp = "<listcomp>",
    setcomp = "<setcomp>", dictcomp = "<dictcomp>", dunder_name = "__name__", dunder_module = "__module__",
    qualname = "__qualname__", firstlineno = "__firstlineno__", doc = "__doc__", type_params = ".type_params",
    dunder_type_params = "__type_params__", generic_base = ".generic_base", class = "__class__",
    classcell = "__classcell__", classdict = "__classdict__", classdictcell = "__classdictcell__",
    static_attributes = "__static_attributes__", annotations = "__annotations__", annotate = "__annotate__",
    annotate_func = "__annotate_func__", conditional_annotations = "__conditional_annotations__",
    debug = "__debug__", super_ = "super", self_ = "self", return_ = "return", join = "join", star = "*",
    future = "__future__", format = "format", all = "all", any = "any", tuple = "tuple",
}
