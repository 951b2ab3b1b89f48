//! Private names: `__x` in a class `C` is `_C__x` (CPython: `_Py_Mangle`, Python/symtable.c).

use prepyc_bytecode::{PyStr, StrId, Strings};

/// Whether a name begins as private ones do.
#[inline]
pub(crate) fn may_be_private(strings: &Strings, name: StrId) -> bool {
    strings.get(name).as_bytes().starts_with(b"__")
}

/// The name as the class sees it; the name itself where it is not private or there is no class.
///
/// A private name begins with two underscores, does not end with two, and has no dot in it. A class named only by
/// underscores hides nothing.
#[inline]
pub(crate) fn mangle(strings: &mut Strings, class: Option<StrId>, name: StrId) -> StrId {
    let Some(class) = class else { return name };
    if may_be_private(strings, name) { mangle_private(strings, class, name) } else { name }
}

/// As [`mangle`], for a name that begins with two underscores.
fn mangle_private(strings: &mut Strings, class: StrId, name: StrId) -> StrId {
    let text = strings.get(name).as_bytes();
    if text.ends_with(b"__") || text.contains(&b'.') {
        return name;
    }
    let class = strings.get(class).as_bytes();
    let Some(first) = class.iter().position(|&byte| byte != b'_') else { return name };
    let mangled = [b"_", &class[first..], text].concat();
    let mangled = PyStr::from_bytes(&mangled).expect("identifiers are UTF-8");
    strings.intern(mangled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_names_carry_their_class() {
        let cases = [
            ("C", "__x", "_C__x"),
            ("__C", "__x", "_C__x"),
            ("C", "__x__", "__x__"),
            ("C", "_x", "_x"),
            ("C", "__a.b", "__a.b"),
            ("___", "__x", "__x"),
            ("C", "__", "__"),
            ("C", "___", "___"),
        ];
        for (class, name, expected) in cases {
            let mut strings = Strings::new();
            let class = strings.intern(class);
            let name = strings.intern(name);
            let mangled = mangle(&mut strings, Some(class), name);
            assert_eq!(strings.get(mangled), PyStr::from(expected));
            assert_eq!(mangle(&mut strings, None, name), name);
        }
    }
}
