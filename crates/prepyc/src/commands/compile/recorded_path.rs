//! What `co_filename` says: the path as given, unless `--strip-prefix` and `--prepend-prefix` change it.
//!
//! The rules are `compileall`'s (`-s`, `-p`; CPython: Lib/compileall.py compile_file, 3.13): the prefix is taken off
//! by whole components, a path that does not begin with it stays as it is, and what is prepended is joined as
//! `os.path.join` does, so an absolute path stays absolute. One trailing `/` on the prefix does no harm here.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use prepyc_engine::Filename;

/// How paths are recorded.
#[derive(Debug, Clone)]
pub(crate) struct RecordedPath {
    strip: Option<Vec<u8>>,
    prepend: Option<Vec<u8>>,
}

/// What is recorded for one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The name.
    pub(crate) filename: Filename,
    /// Which option had no effect on it.
    pub(crate) ignored: Option<IgnoredPrefix>,
}

/// An option that had no effect on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IgnoredPrefix {
    /// `--strip-prefix`: the path does not begin with it.
    Strip,
    /// `--prepend-prefix`: the path is absolute.
    Prepend,
}

impl RecordedPath {
    /// From the values of the two options.
    pub(crate) fn new(strip: Option<&OsStr>, prepend: Option<&OsStr>) -> RecordedPath {
        let strip = strip.map(|strip| {
            let bytes = strip.as_bytes();
            bytes.strip_suffix(b"/").unwrap_or(bytes).to_vec()
        });
        RecordedPath { strip, prepend: prepend.map(|prepend| prepend.as_bytes().to_vec()) }
    }

    /// What is recorded for the source at `path`.
    pub(crate) fn of(&self, path: &Path) -> Recorded {
        let path = path.as_os_str().as_bytes();
        let mut ignored = None;
        let stripped = match &self.strip {
            None => path,
            Some(strip) => match path.strip_prefix(strip.as_slice()).and_then(after_separator) {
                Some(rest) => rest,
                None => {
                    ignored = Some(IgnoredPrefix::Strip);
                    path
                }
            },
        };
        let name = match &self.prepend {
            None => stripped.to_vec(),
            Some(_) if stripped.starts_with(b"/") => {
                ignored = ignored.or(Some(IgnoredPrefix::Prepend));
                stripped.to_vec()
            }
            Some(prepend) if prepend.is_empty() || prepend.ends_with(b"/") => [prepend, stripped].concat(),
            Some(prepend) => [prepend, b"/".as_slice(), stripped].concat(),
        };
        Recorded { filename: Filename::from_bytes(name), ignored }
    }
}

/// What follows the separators at the start, if there is one and something follows.
fn after_separator(rest: &[u8]) -> Option<&[u8]> {
    let separators = rest.iter().take_while(|&&byte| byte == b'/').count();
    (separators > 0 && separators < rest.len()).then(|| &rest[separators..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(strip: Option<&str>, prepend: Option<&str>, path: &str) -> (String, Option<IgnoredPrefix>) {
        let rules = RecordedPath::new(strip.map(OsStr::new), prepend.map(OsStr::new));
        let recorded = rules.of(Path::new(path));
        (recorded.filename.to_string(), recorded.ignored)
    }

    #[test]
    fn the_path_as_given_is_the_default() {
        assert_eq!(recorded(None, None, "./a//b.py"), ("./a//b.py".to_owned(), None));
    }

    #[test]
    fn a_prefix_is_taken_off_by_whole_components() {
        assert_eq!(recorded(Some("/build/root"), None, "/build/root/usr/a.py").0, "usr/a.py");
        assert_eq!(recorded(Some("/build/root/"), None, "/build/root/usr/a.py").0, "usr/a.py");
        assert_eq!(recorded(Some("/"), None, "/usr/a.py").0, "usr/a.py");
        assert_eq!(
            recorded(Some("/build/ro"), None, "/build/root/a.py"),
            ("/build/root/a.py".to_owned(), Some(IgnoredPrefix::Strip))
        );
    }

    #[test]
    fn a_prefix_is_joined_as_python_joins() {
        assert_eq!(recorded(Some("/build"), Some("/"), "/build/usr/a.py").0, "/usr/a.py");
        assert_eq!(recorded(None, Some("/opt/app"), "src/a.py").0, "/opt/app/src/a.py");
        assert_eq!(
            recorded(None, Some("/opt"), "/src/a.py"),
            ("/src/a.py".to_owned(), Some(IgnoredPrefix::Prepend))
        );
    }
}
