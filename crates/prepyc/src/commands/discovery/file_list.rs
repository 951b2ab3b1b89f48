//! `--files-from`: PATHS from a file or from standard input.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::reason;
use crate::commands::path_text::shown;

/// What ends a path in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    /// A newline: one path a line.
    Newline,
    /// A NUL, which no path can contain.
    Nul,
}

/// Reads the PATHS that `file` lists; `-` is standard input. Empty ones are passed over.
pub(crate) fn read_file_list(file: &Path, separator: Separator) -> anyhow::Result<Vec<PathBuf>> {
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("cannot read --files-from from standard input")?;
        bytes
    } else {
        fs::read(file)
            .map_err(|error| anyhow!("cannot read --files-from {}: {}", shown(file), reason(&error)))?
    };
    Ok(split(&bytes, separator))
}

fn split(bytes: &[u8], separator: Separator) -> Vec<PathBuf> {
    let end = match separator {
        Separator::Newline => b'\n',
        Separator::Nul => b'\0',
    };
    bytes
        .split(|&byte| byte == end)
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(OsString::from_vec(path.to_vec())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_nuls() {
        assert_eq!(
            split(b"a.py\n\nb c.py\n", Separator::Newline),
            [PathBuf::from("a.py"), PathBuf::from("b c.py")]
        );
        assert_eq!(
            split(b"a\nb.py\0c.py", Separator::Nul),
            [PathBuf::from("a\nb.py"), PathBuf::from("c.py")]
        );
    }
}
