//! Paths in reports. A path is bytes; what is printed has to be text, on one line, and reversible.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A path for people: bytes that are not UTF-8 as `\xff`, control characters escaped, so that it stays on its line.
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// A path as a JSON string with its quotes: bytes that are not UTF-8 as the surrogates `\udc80` to `\udcff`, the way
/// Python's `os.fsdecode` has them, so that `os.fsencode(json.loads(…))` gives the path back.
pub(crate) fn json(path: &Path) -> String {
    let mut text = String::from("\"");
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                _ if character.is_control() => {
                    let _ = write!(text, "\\u{:04x}", u32::from(character));
                }
                _ => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\udc{byte:02x}");
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn path(bytes: &[u8]) -> &Path {
        Path::new(OsStr::from_bytes(bytes))
    }

    #[test]
    fn plain_paths_are_left_alone() {
        assert_eq!(shown(path("pkg/größe.py".as_bytes())), "pkg/größe.py");
        assert_eq!(json(path("pkg/größe.py".as_bytes())), "\"pkg/größe.py\"");
    }

    #[test]
    fn odd_bytes_stay_visible_and_on_one_line() {
        assert_eq!(shown(path(b"a\xff\n.py")), "a\\xff\\n.py");
        assert_eq!(json(path(b"a\xff\n\"\\\x01.py")), "\"a\\udcff\\n\\\"\\\\\\u0001.py\"");
    }
}
