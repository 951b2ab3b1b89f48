//! A binary as one file that runs: `python app.zip`, or by itself where `python3` is on the PATH.
//!
//! `__main__.py`, and the runfiles below `runfiles/`. Two ways to run it:
//! * [`ZipMode::Unpack`], as Bazel's `--build_python_zip`: everything is unpacked into a temporary folder, the program runs
//!   there in a process of its own, and the folder goes when it has ended. Whatever works in a runfiles tree works.
//! * [`ZipMode::InPlace`]: modules are imported from the archive (`zipimport`), which starts many times quicker. Only for
//!   binaries that are nothing but modules, since nothing else can be opened there; and a program that finds its own main
//!   file again (`multiprocessing` by `spawn`) needs a file.
//!
//! The bytes depend on the tree's contents alone: entries sorted, one fixed time, two modes (executable or not), one way of
//! compressing. Links are resolved; nothing in the archive says where it was made.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::launcher::{Interpreter, Launcher, LauncherError, Written, filled, python_quoted};
use crate::runfiles::{RepositoryMapping, RunfilesEntry, RunfilesTree};

const UNPACK: &str = include_str!("zip/unpack.py");
const IN_PLACE: &str = include_str!("zip/in_place.py");
const SHEBANG: &[u8] = b"#!/usr/bin/env python3\n";

/// How a zip runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZipMode {
    /// Unpacked into a temporary folder each time.
    Unpack,
    /// Imported from where it is.
    InPlace,
}

/// How a zip's files are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all, which starts quicker.
    Stored,
    /// Deflate, which is smaller.
    Deflated,
}

/// All that a zip is made of.
#[derive(Clone, Copy, Debug)]
pub struct Zip<'a> {
    /// The files.
    pub tree: &'a RunfilesTree,
    /// How repositories call each other.
    pub mapping: &'a RepositoryMapping,
    /// What runs, with what on `sys.path`. An interpreter outside of the runfiles stays behind: the zip takes the one that
    /// runs it.
    pub launcher: &'a Launcher,
    /// How it runs.
    pub mode: ZipMode,
    /// How it is packed.
    pub compression: Compression,
}

/// Why there is no zip.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// A file that can't be had from inside of an archive.
    #[error(
        "{path} is no module, and only modules can be used from inside of a zip; let it be unpacked instead"
    )]
    NotInPlace {
        /// Its runfiles path.
        path: String,
    },
    /// What is no file and no folder, or has a name that is no text.
    #[error("{}: {reason}, so it can't be put into a zip", .path.display())]
    Unfit {
        /// Where it stands.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// What runs can't be written down.
    #[error(transparent)]
    Launcher(#[from] LauncherError),
    /// The file system's no.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl ZipError {
    fn io(path: &Path) -> impl Fn(io::Error) -> ZipError {
        let path = path.to_owned();
        move |source| ZipError::Io { path: path.clone(), source }
    }
}

/// What a file of the archive has in it.
enum Content<'a> {
    Folder,
    Disk(PathBuf),
    Text(&'a str),
}

/// Writes the zip at `path`, in one step, executable; not at all where the same bytes stand there.
///
/// # Errors
/// Where a file can't be read or is none, where [`ZipMode::InPlace`] can't be had, and as [`Launcher::text`].
pub fn write_zip(zip: &Zip<'_>, path: &Path) -> Result<Written, ZipError> {
    // Texts that can't be written down are found before anything is.
    zip.launcher.text()?;
    let files = match zip.mode {
        ZipMode::Unpack => whole_tree(zip.tree)?,
        ZipMode::InPlace => modules_in_place(zip)?,
    };
    let magic = sourceless_magic(&files)?;
    let main = main_program(zip, magic);
    let start = zip.launcher.python_half();
    let mapping = zip.mapping.text();
    let mut entries: BTreeMap<&str, Content<'_>> = BTreeMap::from([("__main__.py", Content::Text(&main))]);
    if zip.mode == ZipMode::Unpack {
        entries.insert("start.py", Content::Text(&start));
        entries.insert("runfiles/_repo_mapping", Content::Text(&mapping));
    }
    for (name, file) in &files {
        if zip.mode == ZipMode::InPlace {
            // Without entries of their own, folders without an `__init__` are no packages to zipimport before 3.13.
            let folders = name.match_indices('/').map(|(end, _)| (&name[..=end], Content::Folder));
            entries.extend(folders);
        }
        let content = file.as_ref().map_or(Content::Text(""), |file| Content::Disk(file.clone()));
        entries.insert(name, content);
    }

    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(ZipError::io(folder))?;
    let permissions = fs::Permissions::from_mode(0o777);
    let mut temporary = tempfile::Builder::new()
        .prefix(".prepyc-")
        .permissions(permissions)
        .tempfile_in(folder)
        .map_err(ZipError::io(folder))?;
    pack(&entries, zip.compression, temporary.as_file_mut(), path)?;
    if same_bytes(temporary.path(), path) {
        return Ok(Written::Unchanged);
    }
    temporary.persist(path).map_err(|error| ZipError::io(path)(error.error))?;
    Ok(Written::Changed)
}

/// Files of the archive by their names in it; none for an empty one.
type Files = BTreeMap<String, Option<PathBuf>>;

/// Every file of the tree, folders among them walked.
fn whole_tree(tree: &RunfilesTree) -> Result<Files, ZipError> {
    let mut files = Files::new();
    for (path, entry) in tree.entries() {
        let name = format!("runfiles/{path}");
        match entry {
            RunfilesEntry::Empty => drop(files.insert(name, None)),
            RunfilesEntry::File(file) => match fs::metadata(file).map_err(ZipError::io(file))? {
                found if found.is_dir() => walk(file, &name, &mut files)?,
                found if found.is_file() => drop(files.insert(name, Some(file.clone()))),
                _ => {
                    return Err(ZipError::Unfit {
                        path: file.clone(),
                        reason: "it is no file and no folder",
                    });
                }
            },
        }
    }
    Ok(files)
}

/// The files of a folder that stands in the tree as a whole.
fn walk(folder: &Path, name: &str, files: &mut Files) -> Result<(), ZipError> {
    for entry in walkdir::WalkDir::new(folder).follow_links(true) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            ZipError::Io { path, source: error.into() }
        })?;
        if entry.file_type().is_dir() {
            continue;
        }
        let unfit = |reason| ZipError::Unfit { path: entry.path().to_owned(), reason };
        if !entry.file_type().is_file() {
            return Err(unfit("it is no file and no folder"));
        }
        let below = entry.path().strip_prefix(folder).ok().and_then(Path::to_str);
        let below = below.ok_or_else(|| unfit("its name is not UTF-8"))?;
        files.insert(format!("{name}/{below}"), Some(entry.path().to_owned()));
    }
    Ok(())
}

/// The modules of the tree where `zipimport` looks for them: a pyc of `__pycache__` beside its source, where it is taken if
/// it is valid, as it would be in `__pycache__`.
fn modules_in_place(zip: &Zip<'_>) -> Result<Files, ZipError> {
    let mut files = Files::new();
    for (path, file) in whole_tree(zip.tree)? {
        let runfiles_path = path.strip_prefix("runfiles/").unwrap_or(&path);
        if runfiles_path == zip.launcher.executable {
            continue;
        }
        let name = path.rsplit('/').next().unwrap_or(&path);
        if ![".py", ".pyc", ".pyi"].iter().any(|extension| name.ends_with(extension)) && name != "py.typed" {
            return Err(ZipError::NotInPlace { path: runfiles_path.to_owned() });
        }
        match cached_module(&path) {
            None => drop(files.insert(path, file)),
            // One of a level of optimization has no place there.
            Some(None) => {}
            Some(Some(module)) => drop(files.entry(module).or_insert(file)),
        }
    }
    Ok(files)
}

/// For `D/__pycache__/M.TAG.pyc`: `D/M.pyc`, or nothing where the name says a level. `None` for any other file.
fn cached_module(path: &str) -> Option<Option<String>> {
    let (folder, name) = path.rsplit_once('/')?;
    let above = folder.strip_suffix("/__pycache__")?;
    let stem = name.strip_suffix(".pyc")?;
    let module = stem.rsplit_once('.').filter(|(module, tag)| !module.is_empty() && !tag.starts_with("opt-"));
    Some(module.map(|(module, _)| format!("{above}/{module}.pyc")))
}

/// The magic number of the first pyc that stands without its source.
fn sourceless_magic(files: &Files) -> Result<Option<[u8; 4]>, ZipError> {
    let without = files.iter().find_map(|(name, file)| {
        let source = name.strip_suffix('c').filter(|source| source.ends_with(".py"))?;
        let alone = !name.contains("/__pycache__/") && !files.contains_key(source);
        file.as_ref().filter(|_| alone)
    });
    let Some(file) = without else { return Ok(None) };
    let mut magic = [0; 4];
    File::open(file).and_then(|mut file| file.read_exact(&mut magic)).map_err(ZipError::io(file))?;
    Ok(Some(magic))
}

/// The text of `__main__.py`.
fn main_program(zip: &Zip<'_>, magic: Option<[u8; 4]>) -> String {
    let launcher = zip.launcher;
    let (inside, made_for) = match &launcher.interpreter {
        Interpreter::Runfiles(path) => (path.as_str(), "the interpreter in it".to_owned()),
        Interpreter::Absolute(path) => (
            "",
            path.file_name()
                .map_or_else(|| "another Python".into(), |name| name.to_string_lossy().into_owned()),
        ),
    };
    let variables: Vec<_> = launcher
        .environment
        .iter()
        .map(|(name, value)| format!("{}: {}", python_quoted(name), python_quoted(value)))
        .collect();
    let variables = format!("{{{}}}", variables.join(", "));
    let magic: String = magic.iter().flatten().map(|byte| format!("\\x{byte:02x}")).collect();
    let made_for = python_quoted(&made_for);
    match zip.mode {
        ZipMode::Unpack => {
            let arguments: Vec<_> =
                launcher.interpreter_args.iter().map(|text| python_quoted(text)).collect();
            let configuration = format!(
                "({}, [{}], {variables}, b\"{magic}\", {made_for})",
                python_quoted(inside),
                arguments.join(", ")
            );
            filled(UNPACK, &[("@CONFIGURATION@", &configuration)])
        }
        ZipMode::InPlace => {
            let archive = format!("({variables}, b\"{magic}\", {made_for})");
            filled(IN_PLACE, &[("@CONFIGURATION@", &launcher.configuration()), ("@ARCHIVE@", &archive)])
        }
    }
}

/// Writes the archive itself.
fn pack(
    entries: &BTreeMap<&str, Content<'_>>,
    compression: Compression,
    mut output: &mut File,
    path: &Path,
) -> Result<(), ZipError> {
    let io = ZipError::io(path);
    output.write_all(SHEBANG).map_err(&io)?;
    let mut writer = ZipWriter::new(io::BufWriter::new(&mut output));
    let method = match compression {
        Compression::Stored => CompressionMethod::Stored,
        Compression::Deflated => CompressionMethod::Deflated,
    };
    // The time is the earliest that a zip can say.
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    for (name, content) in entries {
        match content {
            Content::Folder => {
                writer
                    .add_directory(*name, options.unix_permissions(0o755))
                    .map_err(|error| io(error.into()))?;
            }
            Content::Text(text) => {
                writer.start_file(*name, options).map_err(|error| io(error.into()))?;
                writer.write_all(text.as_bytes()).map_err(&io)?;
            }
            Content::Disk(file) => pack_file(&mut writer, name, file, options)?,
        }
    }
    writer
        .finish()
        .map_err(|error| io(error.into()))?
        .into_inner()
        .map_err(|error| io(error.into_error()))?;
    Ok(())
}

fn pack_file(
    writer: &mut ZipWriter<impl Write + Seek>,
    name: &str,
    path: &Path,
    options: SimpleFileOptions,
) -> Result<(), ZipError> {
    let io = ZipError::io(path);
    let mut file = File::open(path).map_err(&io)?;
    let metadata = file.metadata().map_err(&io)?;
    let mode = if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
    let options =
        options.unix_permissions(mode).large_file(metadata.len() >= u64::from(u32::MAX) - (1 << 20));
    writer.start_file(name, options).map_err(|error| io(error.into()))?;
    io::copy(&mut file, writer).map_err(io)?;
    Ok(())
}

/// Whether both are files with the same bytes.
fn same_bytes(new: &Path, old: &Path) -> bool {
    let stands = fs::symlink_metadata(old).is_ok_and(|old| {
        old.is_file()
            && old.permissions().mode() & 0o100 != 0
            && fs::metadata(new).is_ok_and(|new| new.len() == old.len())
    });
    let (Ok(new), Ok(old)) = (File::open(new), File::open(old)) else { return false };
    stands && {
        let (mut new, mut old) = (io::BufReader::new(new).bytes(), io::BufReader::new(old).bytes());
        loop {
            match (new.next(), old.next()) {
                (None, None) => break true,
                (Some(Ok(a)), Some(Ok(b))) if a == b => {}
                _ => break false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pycs_are_taken_out_of_their_caches() {
        let cached = |path| cached_module(path);
        assert_eq!(cached("r/p/__pycache__/m.cpython-311.pyc"), Some(Some("r/p/m.pyc".into())));
        assert_eq!(cached("r/p/__pycache__/m.v1.cpython-311.pyc"), Some(Some("r/p/m.v1.pyc".into())));
        assert_eq!(cached("r/p/__pycache__/m.cpython-311.opt-1.pyc"), Some(None));
        assert_eq!(cached("r/p/__pycache__/m.pyc"), Some(None));
        assert_eq!(cached("r/p/m.pyc"), None);
    }
}
