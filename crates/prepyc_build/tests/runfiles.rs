//! Runfiles trees on disk: what is written, what is left alone, what is never followed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use prepyc_build::runfiles::{
    Changes, RepositoryMapping, RunfilesEntry, RunfilesError, RunfilesTree, write_tree,
};

/// A folder for outputs, and sources to link to.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("bin")).unwrap();
        Place { folder }
    }

    fn executable(&self) -> PathBuf {
        self.folder.path().join("bin/app")
    }

    fn tree_path(&self, path: &str) -> PathBuf {
        self.folder.path().join("bin/app.runfiles").join(path)
    }

    fn source(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, name).unwrap();
        path
    }

    fn write(&self, files: &[(&str, RunfilesEntry)]) -> Result<Changes, RunfilesError> {
        let entries = files.iter().map(|(path, entry)| ((*path).to_owned(), entry.clone())).collect();
        let mut mapping = RepositoryMapping::default();
        mapping.insert("", "trial", "_main");
        write_tree(&RunfilesTree::new(entries).unwrap(), &mapping, &self.executable())
    }

    /// Everything in the tree: links with where they lead, files with their size, folders with the time of their last change.
    fn state(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.tree_path("")];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = fs::symlink_metadata(&path).unwrap();
                let mut says = format!("{} {}.{}", metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
                if metadata.is_symlink() {
                    says += &format!(" -> {}", fs::read_link(&path).unwrap().display());
                } else if metadata.is_dir() {
                    open.push(path.clone());
                }
                found.insert(path, says);
            }
        }
        found
    }
}

fn file(path: &Path) -> RunfilesEntry {
    RunfilesEntry::File(path.to_owned())
}

#[test]
fn a_tree_is_links_manifests_and_empty_files() {
    let place = Place::new();
    let source = place.source("a b.py");
    place.write(&[("_main/a b.py", file(&source)), ("_main/pkg/__init__.py", RunfilesEntry::Empty)]).unwrap();
    assert_eq!(fs::read_link(place.tree_path("_main/a b.py")).unwrap(), source);
    assert_eq!(fs::read(place.tree_path("_main/pkg/__init__.py")).unwrap(), b"");
    assert!(!place.tree_path("_main/pkg/__init__.py").is_symlink());
    let folder = place.folder.path().display();
    let manifest = format!(
        " _main/a\\sb.py {folder}/a b.py\n_main/pkg/__init__.py \n_repo_mapping {folder}/bin/app.repo_mapping\n"
    );
    assert_eq!(fs::read_to_string(place.tree_path("MANIFEST")).unwrap(), manifest);
    assert_eq!(fs::read_to_string(place.folder.path().join("bin/app.runfiles_manifest")).unwrap(), manifest);
    assert_eq!(fs::read_to_string(place.tree_path("_repo_mapping")).unwrap(), ",trial,_main\n");
}

#[test]
fn what_is_right_is_not_touched() {
    let place = Place::new();
    let files = [("_main/a.py", file(&place.source("a.py"))), ("_main/p/b.py", file(&place.source("b.py")))];
    assert_eq!(
        place.write(&files).unwrap().created,
        9,
        "a tree, 2 folders, 4 links and files, 3 beside or at its top"
    );
    let before = place.state();
    assert!(place.write(&files).unwrap().none());
    assert_eq!(place.state(), before);
}

#[test]
fn only_what_differs_is_put_right() {
    let place = Place::new();
    let (a, b) = (place.source("a.py"), place.source("b.py"));
    place
        .write(&[("_main/a.py", file(&a)), ("_main/p/b.py", file(&b)), ("_main/gone/c.py", file(&a))])
        .unwrap();
    let kept = fs::symlink_metadata(place.tree_path("_main/p/b.py")).unwrap();
    let files = [("_main/a.py", file(&b)), ("_main/p/b.py", file(&b))];
    let changes = place.write(&files).unwrap();
    assert_eq!(
        changes,
        Changes { created: 0, replaced: 3, removed: 1 },
        "a link and two manifests; a folder"
    );
    assert_eq!(fs::read_link(place.tree_path("_main/a.py")).unwrap(), b);
    assert!(!place.tree_path("_main/gone").exists());
    assert_eq!(fs::symlink_metadata(place.tree_path("_main/p/b.py")).unwrap().ino(), kept.ino());

    // Whatever somebody does by hand is noticed, though the manifest says that nothing changed.
    fs::remove_file(place.tree_path("_main/p/b.py")).unwrap();
    fs::write(place.tree_path("_main/p/litter"), "").unwrap();
    fs::remove_file(place.tree_path("_main/a.py")).unwrap();
    fs::write(place.tree_path("_main/a.py"), "mine").unwrap();
    assert_eq!(place.write(&files).unwrap(), Changes { created: 1, replaced: 1, removed: 1 });
    assert_eq!(fs::read_link(place.tree_path("_main/a.py")).unwrap(), b);
    assert!(place.write(&files).unwrap().none());
}

#[test]
fn links_are_never_followed_when_something_is_removed() {
    let place = Place::new();
    let source = place.source("a.py");
    let outside = place.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("b.py"), "precious").unwrap();
    place.write(&[("_main/a.py", file(&source))]).unwrap();
    symlink(&outside, place.tree_path("_main/stale")).unwrap();
    symlink(&outside, place.tree_path("_main/p")).unwrap();
    place.write(&[("_main/a.py", file(&source)), ("_main/p/b.py", file(&source))]).unwrap();
    assert_eq!(fs::read_to_string(outside.join("b.py")).unwrap(), "precious");
    assert!(place.tree_path("_main/p").symlink_metadata().unwrap().is_dir());
    assert!(place.tree_path("_main/stale").symlink_metadata().is_err());
}

#[test]
fn files_become_folders_and_folders_files() {
    let place = Place::new();
    let source = place.source("a.py");
    place.write(&[("_main/x", file(&source)), ("_main/y/z", file(&source))]).unwrap();
    place.write(&[("_main/x/z", file(&source)), ("_main/y", RunfilesEntry::Empty)]).unwrap();
    assert_eq!(fs::read_link(place.tree_path("_main/x/z")).unwrap(), source);
    assert_eq!(fs::symlink_metadata(place.tree_path("_main/y")).unwrap().len(), 0);
    place.write(&[("_main/x", file(&source)), ("_main/y", file(&source))]).unwrap();
    assert_eq!(fs::read_link(place.tree_path("_main/y")).unwrap(), source);
}

#[test]
fn what_python_cached_stays_while_its_source_is_there() {
    let place = Place::new();
    let source = place.source("a.py");
    let files = [("_main/a.py", file(&source)), ("_main/b.txt", file(&source))];
    place.write(&files).unwrap();
    let cache = place.tree_path("_main/__pycache__");
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("a.cpython-313.pyc"), "").unwrap();
    assert!(place.write(&files).unwrap().none());
    let with_pyc = [files[0].clone(), ("_main/__pycache__/a.cpython-313.opt-1.pyc", file(&source))];
    place.write(&with_pyc).unwrap();
    fs::write(cache.join("gone.cpython-313.pyc"), "").unwrap();
    assert_eq!(place.write(&with_pyc).unwrap().removed, 1);
    assert!(cache.join("a.cpython-313.pyc").exists());
    place.write(&[files[1].clone()]).unwrap();
    assert!(!cache.exists());
}

#[test]
fn what_is_no_tree_of_ours_is_left_alone() {
    let source_of = |place: &Place| [("_main/a.py", file(&place.source("a.py")))];
    let place = Place::new();
    fs::create_dir(place.tree_path("")).unwrap();
    fs::write(place.tree_path("thesis.txt"), "mine").unwrap();
    let error = place.write(&source_of(&place)).unwrap_err();
    assert!(matches!(error, RunfilesError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("app.runfiles"), "{error}");
    assert_eq!(fs::read_to_string(place.tree_path("thesis.txt")).unwrap(), "mine");

    let place = Place::new();
    symlink(place.folder.path(), place.folder.path().join("bin/app.runfiles")).unwrap();
    assert!(matches!(place.write(&source_of(&place)), Err(RunfilesError::Foreign { .. })));

    let place = Place::new();
    fs::create_dir(place.tree_path("")).unwrap();
    assert!(place.write(&source_of(&place)).is_ok(), "an empty folder is nobody's");
}
