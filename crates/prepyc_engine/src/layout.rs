//! Where a source's pyc stands, and which source a pyc belongs to.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::Optimize;

/// The folder CPython keeps its pycs in, beside the sources.
pub const PYCACHE: &str = "__pycache__";

/// One of the two places CPython loads pycs from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `__pycache__/STEM.TAG.pyc`, with `.opt-N` before `.pyc` for levels 1 and 2: used if the source is there too.
    Pycache,
    /// `STEM.pyc` in the source's folder: used if the source is not there.
    Legacy,
}

/// What a pyc's path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PycOrigin {
    /// The source that CPython would load it for. It need not exist.
    pub source: PathBuf,
    /// Which layout the path follows.
    pub layout: Layout,
    /// The cache tag, such as `cpython-313`; the legacy layout has none.
    pub cache_tag: Option<OsString>,
    /// The `N` of `.opt-N`, where it is there; CPython allows any letters and digits.
    pub optimization: Option<OsString>,
}

/// Where the pyc of this source stands.
///
/// STEM is the file name without its last extension. A name without any extension gets the tag stuck to it
/// (`tool` gives `toolcpython-313.pyc`), as `importlib.util.cache_from_source` does.
pub fn pyc_path(source: &Path, layout: Layout, cache_tag: &str, optimize: Optimize) -> PathBuf {
    let name = source.file_name().unwrap_or_default();
    let folder = source.parent().unwrap_or(Path::new(""));
    match layout {
        Layout::Pycache => folder.join(PYCACHE).join(pycache_name(name, cache_tag, optimize)),
        Layout::Legacy => folder.join(legacy_name(name)),
    }
}

/// Which source a pyc belongs to, by its path alone; `None` if the path is no pyc's.
///
/// Anything named `*.pyc` outside a `__pycache__` folder counts as legacy.
pub fn origin(pyc: &Path) -> Option<PycOrigin> {
    let name = pyc.file_name()?.as_bytes();
    let base = name.strip_suffix(b".pyc").filter(|base| !base.is_empty())?;
    let folder = pyc.parent().unwrap_or(Path::new(""));
    if folder.file_name() != Some(OsStr::new(PYCACHE)) {
        let source = folder.join(with_suffix(base, b".py"));
        return Some(PycOrigin { source, layout: Layout::Legacy, cache_tag: None, optimization: None });
    }
    let (base, optimization) = match split_last_dot(base) {
        Some((rest, last)) => match last.strip_prefix(b"opt-") {
            Some(level) if is_alphanumeric(level) => (rest, Some(OsStr::from_bytes(level).to_owned())),
            _ => (base, None),
        },
        None => (base, None),
    };
    let (stem, tag) = split_last_dot(base)?;
    if stem.is_empty() || tag.is_empty() {
        return None;
    }
    Some(PycOrigin {
        source: folder.parent().unwrap_or(Path::new("")).join(with_suffix(stem, b".py")),
        layout: Layout::Pycache,
        cache_tag: Some(OsStr::from_bytes(tag).to_owned()),
        optimization,
    })
}

// CPython: Lib/importlib/_bootstrap_external.py cache_from_source, 3.8 to 3.15.
fn pycache_name(source_name: &OsStr, cache_tag: &str, optimize: Optimize) -> OsString {
    let name = source_name.as_bytes();
    let mut pyc = match split_last_dot(name) {
        // `.hidden` has no stem: what follows the dot stands in for it.
        Some((b"", rest)) => [rest, b"."].concat(),
        Some((stem, _)) => [stem, b"."].concat(),
        None => name.to_vec(),
    };
    pyc.extend_from_slice(cache_tag.as_bytes());
    if optimize != Optimize::None {
        pyc.extend_from_slice(format!(".opt-{optimize}").as_bytes());
    }
    pyc.extend_from_slice(b".pyc");
    OsString::from_vec(pyc)
}

fn legacy_name(source_name: &OsStr) -> OsString {
    let name = source_name.as_bytes();
    match split_last_dot(name) {
        Some((stem, _)) if !stem.is_empty() => with_suffix(stem, b".pyc"),
        _ => with_suffix(name, b".pyc"),
    }
}

fn with_suffix(stem: &[u8], suffix: &[u8]) -> OsString {
    OsString::from_vec([stem, suffix].concat())
}

fn split_last_dot(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = name.iter().rposition(|&byte| byte == b'.')?;
    Some((&name[..dot], &name[dot + 1..]))
}

fn is_alphanumeric(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pycache(source: &str, optimize: Optimize) -> String {
        pyc_path(Path::new(source), Layout::Pycache, "cpython-313", optimize).display().to_string()
    }

    fn legacy(source: &str) -> String {
        pyc_path(Path::new(source), Layout::Legacy, "cpython-313", Optimize::None).display().to_string()
    }

    /// As `importlib.util.cache_from_source` has them, also the odd ones.
    #[test]
    fn pycache_paths_are_cpythons() {
        for (source, expected) in [
            ("a/b.py", "a/__pycache__/b.cpython-313.pyc"),
            ("b.py", "__pycache__/b.cpython-313.pyc"),
            ("/a/mod.v1.py", "/a/__pycache__/mod.v1.cpython-313.pyc"),
            ("a.b/tool", "a.b/__pycache__/toolcpython-313.pyc"),
            ("a/.hidden", "a/__pycache__/hidden.cpython-313.pyc"),
            ("a/.hidden.py", "a/__pycache__/.hidden.cpython-313.pyc"),
        ] {
            assert_eq!(pycache(source, Optimize::None), expected);
        }
        assert_eq!(pycache("b.py", Optimize::Asserts), "__pycache__/b.cpython-313.opt-1.pyc");
        assert_eq!(pycache("b.py", Optimize::Docstrings), "__pycache__/b.cpython-313.opt-2.pyc");
    }

    #[test]
    fn legacy_paths_stand_beside_the_source() {
        for (source, expected) in
            [("a/b.py", "a/b.pyc"), ("b.py", "b.pyc"), ("mod.v1.py", "mod.v1.pyc"), ("a/.py", "a/.py.pyc")]
        {
            assert_eq!(legacy(source), expected);
        }
    }

    #[test]
    fn origins_are_the_inverse() {
        for source in ["a/b.py", "b.py", "/a/mod.v1.py", "a/mod.opt-1.py", "a/.hidden.py"] {
            for optimize in Optimize::ALL {
                let origin = origin(Path::new(&pycache(source, optimize))).unwrap();
                assert_eq!(origin.source, Path::new(source));
                assert_eq!(origin.layout, Layout::Pycache);
                assert_eq!(origin.cache_tag.as_deref(), Some(OsStr::new("cpython-313")));
                let level = (optimize != Optimize::None).then(|| OsString::from(optimize.to_string()));
                assert_eq!(origin.optimization, level);
            }
            let origin = origin(Path::new(&legacy(source))).unwrap();
            assert_eq!((origin.source.as_path(), origin.layout), (Path::new(source), Layout::Legacy));
        }
    }

    #[test]
    fn what_is_no_pyc_has_no_origin() {
        for path in
            ["a/b.py", "a/.pyc", "a/__pycache__/b.pyc", "a/__pycache__/.pyc", "__pycache__/b..pyc", "/", ""]
        {
            assert_eq!(origin(Path::new(path)), None, "{path}");
        }
    }
}
