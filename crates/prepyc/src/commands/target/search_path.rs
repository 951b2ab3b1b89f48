//! Programs on PATH.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// Any of the three execute bits.
const EXECUTE_BITS: u32 = 0o111;

/// Every program called `name` on the search path, in its order.
///
/// Not only the first: a shim that stands for no installed version comes before the real thing on some machines.
pub(crate) fn find_on_path(name: impl AsRef<OsStr>, search_path: &OsStr) -> Vec<PathBuf> {
    let name = name.as_ref();
    env::split_paths(search_path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .filter(|path| {
            fs::metadata(path)
                .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & EXECUTE_BITS != 0)
        })
        .collect()
}
