//! Two copies of the reference interpreter's installation whose standard libraries are pycs without sources: in one
//! as the interpreter itself compiles them, in the other as prepyc does.
//!
//! The names of the two folders are of equal length, so that nothing which prints or wraps a path tells them apart.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use prepyc_testing::{Oracle, tree};

use super::outcome::Side;
use crate::workspace;

/// Asks the interpreter for what a copy is made of.
const FACTS: &str = include_str!("facts.py");

/// Folders of a library that are no part of it.
const LEFT_OUT: [&str; 3] = ["__pycache__", "dist-packages", "site-packages"];

/// A copy, complete, that has no sources but those that can't be compiled.
pub(super) struct Installation {
    /// Holds nothing else.
    pub(super) root: PathBuf,
    /// What starts the interpreter, and what `sys.executable` says.
    pub(super) executable: PathBuf,
    library: PathBuf,
}

impl Installation {
    /// Copies the installation to a folder of the side's name below `work` and compiles its library.
    pub(super) fn new(
        oracle: &Oracle,
        work: &Path,
        side: Side,
        prepyc: &Path,
    ) -> anyhow::Result<Installation> {
        let installation = Installation::copied(oracle, &work.join(side.name()))?;
        match side {
            Side::Python => installation.compile_by_itself()?,
            Side::Prepyc => installation.compile_natively(prepyc, oracle.version())?,
        }
        Ok(installation)
    }

    fn copied(oracle: &Oracle, root: &Path) -> anyhow::Result<Installation> {
        let facts = oracle.evaluate(FACTS);
        let facts: Vec<_> = facts.split('\n').collect();
        // The last lines may be empty, and are then not there.
        let [library, binary, ref loader @ ..] = facts[..] else { bail!("not the facts: {facts:?}") };
        let name = format!("python{}", oracle.version());
        let copy = Installation {
            root: root.to_owned(),
            executable: root.join("bin").join(&name),
            library: root.join("lib").join(&name),
        };
        fs::create_dir_all(root.join("bin"))?;
        if let [loader, libraries] = loader {
            let real = root.join("libexec").join(&name);
            fs::create_dir_all(root.join("libexec"))?;
            fs::copy(binary, &real)?;
            // It takes itself to be what started it, and so finds its library, and itself again for a child.
            let script = format!(
                "#!/bin/sh\nexec '{loader}' --library-path '{libraries}' --argv0 '{}' '{}' \"$@\"\n",
                copy.executable.display(),
                real.display()
            );
            fs::write(&copy.executable, script)?;
            fs::set_permissions(&copy.executable, Permissions::from_mode(0o755))?;
        } else {
            fs::copy(binary, &copy.executable)?;
        }
        copy_folder(Path::new(library), &copy.library).with_context(|| library.to_owned())?;
        Ok(copy)
    }

    fn compile_by_itself(&self) -> anyhow::Result<()> {
        let mut compileall = Command::new(&self.executable);
        compileall.args(["-I", "-B", "-m", "compileall", "-b", "-qq", "-j", "2"]).arg(&self.library);
        // 1: some sources are broken, for tests that want them so.
        let status = compileall.env_clear().status()?;
        if !matches!(status.code(), Some(0 | 1)) {
            bail!("{} failed: {status}", workspace::name(&compileall));
        }
        for source in tree::files(&self.library, "py") {
            let source = self.library.join(source);
            if source.with_extension("pyc").exists() {
                fs::remove_file(source)?;
            }
        }
        Ok(())
    }

    fn compile_natively(&self, prepyc: &Path, version: &str) -> anyhow::Result<()> {
        let mut compile = Command::new(prepyc);
        compile.args(["compile", "--engine", "native", "--python-version", version, "--quiet"]);
        compile.args(["--on-error", "skip", "--source-retention", "omit", "--in-place"]);
        workspace::run(compile.arg(&self.library))
    }

    /// The sources that are left and the pycs, as paths below the library, sorted.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files = tree::files(&self.library, "py");
        files.extend(tree::files(&self.library, "pyc"));
        files.sort();
        files
    }

    /// Every module of `test` that may hold tests, as dotted names, sorted. A package that has some below it is their
    /// folder, and looks for their sources if it is asked for tests.
    pub(super) fn test_modules(&self) -> Vec<String> {
        let files = tree::files(&self.library.join("test"), "pyc");
        without_folders(files.iter().filter_map(|path| module_name(path)).collect())
    }
}

/// The module that a file below `test` is, if it is called as tests are; its packages have to be as well, or to be
/// below one that is.
fn module_name(path: &Path) -> Option<String> {
    let path = path.with_extension("");
    let mut names: Vec<_> = path.iter().map(|name| name.to_str()).collect::<Option<_>>()?;
    if names.last() == Some(&"__init__") {
        names.pop();
    }
    let is_test = |name: Option<&&str>| name.is_some_and(|name| name.starts_with("test_"));
    (is_test(names.first()) && is_test(names.last())).then(|| format!("test.{}", names.join(".")))
}

/// The names, sorted, without those that have others below them.
fn without_folders(mut names: Vec<String>) -> Vec<String> {
    let parents: BTreeSet<String> = names.iter().flat_map(|name| parents(name)).map(str::to_owned).collect();
    names.retain(|name| !parents.contains(name));
    names.sort();
    names
}

fn parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(at, _)| &name[..at])
}

/// Copies a folder; links become what they point to, and those that point nowhere are left out.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            found => found.with_context(|| path.display().to_string())?,
        };
        if !metadata.is_dir() {
            fs::copy(&path, &target).with_context(|| path.display().to_string())?;
        } else if !LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            copy_folder(&path, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_module_is_one_that_is_called_so() {
        let name = |path: &str| module_name(Path::new(path));
        assert_eq!(name("test_dis.pyc").as_deref(), Some("test.test_dis"));
        assert_eq!(
            name("test_importlib/source/test_finder.pyc").as_deref(),
            Some("test.test_importlib.source.test_finder")
        );
        assert_eq!(name("test_import/__init__.pyc").as_deref(), Some("test.test_import"));
        assert_eq!(name("test_import/data/circular.pyc"), None);
        assert_eq!(name("support/test_helper.pyc"), None);
        assert_eq!(name("support/__init__.pyc"), None);
        assert_eq!(name("__init__.pyc"), None);
    }

    #[test]
    fn a_package_of_tests_is_no_test_itself() {
        let names = ["test.test_b.sub.test_c", "test.test_b", "test.test_bc", "test.test_import"];
        assert_eq!(
            without_folders(names.map(str::to_owned).to_vec()),
            ["test.test_b.sub.test_c", "test.test_bc", "test.test_import"]
        );
    }

    #[test]
    fn a_copy_has_neither_caches_nor_dangling_links() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("package/__pycache__")).unwrap();
        fs::write(from.join("package/module.py"), "x = 1").unwrap();
        fs::write(from.join("package/__pycache__/module.cpython-313.pyc"), "").unwrap();
        std::os::unix::fs::symlink("package/module.py", from.join("link.py")).unwrap();
        std::os::unix::fs::symlink("nowhere", from.join("lost.py")).unwrap();
        copy_folder(&from, &to).unwrap();
        assert_eq!(tree::files(&to, "py"), [PathBuf::from("link.py"), PathBuf::from("package/module.py")]);
        assert!(fs::symlink_metadata(to.join("link.py")).unwrap().is_file());
        assert!(!to.join("package/__pycache__").exists());
    }
}
