//! Putting outputs where they belong: below the output root, whole or not at all.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use prepyc_engine::publish::{check_destination, publish};

use crate::outcome::ExecutionError;

/// The output root, and the folders in it that were looked at.
pub(crate) struct OutputRoot {
    root: PathBuf,
    /// Without links; none until it has been made.
    real: Mutex<Option<PathBuf>>,
    /// Whether a folder leads out of the root.
    folders: Mutex<HashMap<PathBuf, Way>>,
}

/// Where a folder's path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Inside,
    Outside,
}

impl OutputRoot {
    pub(crate) fn new(root: PathBuf) -> OutputRoot {
        OutputRoot { root, real: Mutex::default(), folders: Mutex::default() }
    }

    /// Writes an output, with the mode of a pyc whose source has `mode`; makes its folder if need be.
    pub(crate) fn publish(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), ExecutionError> {
        self.check(path, Missing::Make)?;
        publish(path, bytes, mode).map_err(|error| ExecutionError::Publish(error.to_string()))
    }

    /// Fails if the output lies behind a link that leads out of the root.
    pub(crate) fn check_folder(&self, path: &Path) -> Result<(), ExecutionError> {
        self.check(path, Missing::Leave)
    }

    /// Fails if the output cannot be put there, before anything is run for it.
    pub(crate) fn check_output(&self, path: &Path) -> Result<(), ExecutionError> {
        check_destination(path).map_err(|error| ExecutionError::Publish(error.to_string()))
    }

    /// Removes the output of an earlier build, if there is one.
    pub(crate) fn remove(&self, path: &Path) {
        if self.check(path, Missing::Leave).is_ok()
            && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
        {
            // What cannot be removed is told of when it is to be written again.
            let _ = fs::remove_file(path);
        }
    }

    fn check(&self, path: &Path, missing: Missing) -> Result<(), ExecutionError> {
        let folder = path.parent().unwrap_or(path);
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let way = match folders.get(folder) {
            Some(way) => *way,
            None => {
                let state = |error| ExecutionError::State { path: folder.to_owned(), error: Arc::new(error) };
                let (way, mut standing) = self.way(folder).map_err(state)?;
                if way == Way::Inside && missing == Missing::Make {
                    fs::create_dir_all(folder).map_err(state)?;
                    standing = true;
                }
                if standing {
                    folders.insert(folder.to_owned(), way);
                }
                way
            }
        };
        match way {
            Way::Inside => Ok(()),
            Way::Outside => {
                Err(ExecutionError::OutputBehindLink { path: path.to_owned(), root: self.root.clone() })
            }
        }
    }

    /// Where a folder's path leads, and whether the folder is there.
    fn way(&self, folder: &Path) -> io::Result<(Way, bool)> {
        let mut real = self.real.lock().unwrap_or_else(PoisonError::into_inner);
        if real.is_none() {
            fs::create_dir_all(&self.root)?;
            *real = Some(fs::canonicalize(&self.root)?);
        }
        // Up to the first that is there: a dangling link is there, and leads nowhere.
        let existing = folder.ancestors().find(|path| fs::symlink_metadata(path).is_ok()).unwrap_or(folder);
        let inside = real.as_deref().is_some_and(|root| match fs::canonicalize(existing) {
            Ok(path) => path.starts_with(root),
            Err(_) => false,
        });
        Ok((if inside { Way::Inside } else { Way::Outside }, existing == folder))
    }
}

/// What is done about a folder that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Make,
    Leave,
}
