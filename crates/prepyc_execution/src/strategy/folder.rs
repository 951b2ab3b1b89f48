//! Folders that programs run in: the execution root, which is shared, and sandboxes, which are not.
//!
//! Inputs are links to the files themselves. Outputs are taken out of the folder as bytes, and only if they are regular files.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::action::{Action, Input, Output};
use crate::codec::read_bounded;
use crate::digest::Digest;
use crate::outcome::ExecutionError;
use crate::strategy::process::tail;

/// A larger output is not taken, in bytes.
const OUTPUT_LIMIT_BYTES: u64 = 1 << 30;

/// A folder with exec paths in it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes it, empty: whatever stands there is removed.
    pub(crate) fn make_anew(path: PathBuf) -> Result<Folder, ExecutionError> {
        let made = match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(&path),
        };
        made.map(|()| Folder(path.clone())).map_err(|error| state(&path, error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Puts a link to the input there.
    pub(crate) fn link(&self, input: &Input) -> Result<(), ExecutionError> {
        let path = self.0.join(&input.exec_path);
        let linked = match symlink(&input.file, &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_parents(&path).and_then(|()| symlink(&input.file, &path))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::read_link(&path) {
                Ok(target) if target == input.file => Ok(()),
                _ => fs::remove_file(&path).and_then(|()| symlink(&input.file, &path)),
            },
            result => result,
        };
        linked.map_err(|error| state(&path, error))
    }

    /// Makes the folder an output goes to, and removes what an earlier run left there.
    pub(crate) fn make_room(&self, output: &Output) -> Result<(), ExecutionError> {
        let path = self.0.join(&output.exec_path);
        let room = match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_parents(&path),
            result => result,
        };
        room.map_err(|error| state(&path, error))
    }

    /// Writes a file of our own.
    pub(crate) fn write(&self, exec_path: &str, text: &str) -> Result<(), ExecutionError> {
        let path = self.0.join(exec_path);
        let written = match fs::write(&path, text) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_parents(&path).and_then(|()| fs::write(&path, text))
            }
            result => result,
        };
        written.map_err(|error| state(&path, error))
    }

    /// Takes the action's outputs out, which `program` has made, and said this.
    pub(crate) fn take_outputs(
        &self,
        action: &Action,
        program: &str,
        said: &str,
    ) -> Result<Vec<Vec<u8>>, ExecutionError> {
        action.outputs.iter().map(|output| self.take_output(output, program, said)).collect()
    }

    fn take_output(&self, output: &Output, program: &str, said: &str) -> Result<Vec<u8>, ExecutionError> {
        let path = self.0.join(&output.exec_path);
        let problem = |problem: String| ExecutionError::Output {
            program: program.to_owned(),
            problem,
            tail: tail(said),
        };
        let name = &output.exec_path;
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(metadata) if metadata.is_symlink() => {
                return Err(problem(format!("made a symbolic link of {name}")));
            }
            Ok(_) => return Err(problem(format!("made no regular file of {name}"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(problem(format!("did not make {name}")));
            }
            Err(error) => return Err(problem(format!("{name} cannot be looked at: {error}"))),
        }
        let bytes = read_bounded(&path, OUTPUT_LIMIT_BYTES)
            .map_err(|error| problem(format!("{name} cannot be read: {error}")))?;
        fs::remove_file(&path).map_err(|error| state(&path, error))?;
        Ok(bytes)
    }

    /// The first, by name, of the files that were not put there and are no outputs. Python's own caches beside files of its
    /// tool are its own business.
    pub(crate) fn stray(&self, links: &[&[Input]], own: &[&str]) -> Option<PathBuf> {
        let links: HashMap<&Path, &Path> = links
            .iter()
            .flat_map(|inputs| inputs.iter())
            .map(|input| (Path::new(&input.exec_path), input.file.as_path()))
            .collect();
        let folders: HashSet<&Path> = links.keys().filter_map(|path| path.parent()).collect();
        let is_expected = |path: &Path, below: &Path| match links.get(below) {
            Some(file) => fs::read_link(path).is_ok_and(|target| target == *file),
            None => own.iter().any(|own| Path::new(own) == below),
        };
        let is_cache = |below: &Path| {
            let cache = below.parent().filter(|folder| folder.ends_with("__pycache__"));
            cache.and_then(Path::parent).is_some_and(|folder| folders.contains(folder))
        };
        let mut strays = Vec::new();
        let mut open = vec![self.0.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                    continue;
                }
                let below = path.strip_prefix(&self.0).unwrap_or(&path);
                if !is_expected(&path, below) && !is_cache(below) {
                    strays.push(below.to_owned());
                }
            }
        }
        strays.into_iter().min()
    }
}

/// The execution root: the links of all actions of an executor, side by side.
#[derive(Debug)]
pub(crate) struct ExecutionRoot {
    folder: Folder,
    linked: Mutex<Linked>,
}

#[derive(Debug, Default)]
struct Linked {
    /// By exec path, where it leads.
    inputs: HashMap<String, PathBuf>,
    /// Whole tools, by the digest of where their files are.
    tools: HashSet<Digest>,
}

impl ExecutionRoot {
    pub(crate) fn make_anew(path: PathBuf) -> Result<ExecutionRoot, ExecutionError> {
        Ok(ExecutionRoot { folder: Folder::make_anew(path)?, linked: Mutex::default() })
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Links a tool's files, whose places have that digest.
    pub(crate) fn link_tool(&self, tool: &[Input], places: Digest) -> Result<(), ExecutionError> {
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        if linked.tools.insert(places) {
            tool.iter().try_for_each(|input| linked.link(&self.folder, input))?;
        }
        Ok(())
    }

    /// Links what the action reads, and makes room for what it makes.
    pub(crate) fn prepare(
        &self,
        action: &Action,
        tool: &[Input],
        places: Digest,
    ) -> Result<(), ExecutionError> {
        self.link_tool(tool, places)?;
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        action.inputs.iter().try_for_each(|input| linked.link(&self.folder, input))?;
        action.outputs.iter().try_for_each(|output| self.folder.make_room(output))
    }
}

impl Linked {
    fn link(&mut self, folder: &Folder, input: &Input) -> Result<(), ExecutionError> {
        if self.inputs.get(&input.exec_path) != Some(&input.file) {
            folder.link(input)?;
            self.inputs.insert(input.exec_path.clone(), input.file.clone());
        }
        Ok(())
    }
}

fn make_parents(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))
}

pub(crate) fn state(path: &Path, error: io::Error) -> ExecutionError {
    ExecutionError::State { path: path.to_owned(), error: Arc::new(error) }
}
