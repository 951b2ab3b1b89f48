//! The `__init__.py` files that nobody wrote (`legacy_create_init`): Bazel's `PythonUtils.GetInitPyFiles`.

use std::collections::BTreeSet;

use super::{RunfilesEntry, RunfilesTree, folders};

impl RunfilesTree {
    /// The tree with an empty `__init__.py` in every folder that has a `.py`, `.pyc` or `.so` file in it or below it and no
    /// `__init__.py` or `__init__.pyc`. `main` is the folder of the main repository (`_main`), which gets none itself and
    /// causes none above it, unlike those of other repositories. `__pycache__` folders get none.
    #[must_use]
    pub fn with_init_files(mut self, main: &str) -> RunfilesTree {
        let mut wanted = BTreeSet::new();
        for path in self.entries.keys().filter(|path| is_python(path)) {
            if !path.contains('/') {
                continue;
            }
            let outermost = if path.split('/').next() == Some(main) { None } else { Some("") };
            let inside = folders(path).filter(|folder| *folder != main);
            wanted.extend(inside.chain(outermost).filter(|folder| !is_cache(folder)).map(str::to_owned));
        }
        for folder in wanted {
            let prefix = if folder.is_empty() { folder } else { folder + "/" };
            let init = format!("{prefix}__init__.py");
            if !self.entries.contains_key(&init) && !self.entries.contains_key(&format!("{init}c")) {
                self.entries.insert(init, RunfilesEntry::Empty);
            }
        }
        self
    }
}

fn is_python(path: &str) -> bool {
    [".py", ".pyc", ".so"].iter().any(|extension| path.ends_with(extension))
}

fn is_cache(folder: &str) -> bool {
    folder.rsplit('/').next() == Some("__pycache__")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn made(paths: &[&str]) -> Vec<String> {
        let entries: BTreeMap<_, _> =
            paths.iter().map(|path| ((*path).to_owned(), RunfilesEntry::File("/x".into()))).collect();
        let tree = RunfilesTree::new(entries).unwrap().with_init_files("_main");
        tree.entries
            .into_iter()
            .filter(|(_, entry)| *entry == RunfilesEntry::Empty)
            .map(|(path, _)| path)
            .collect()
    }

    #[test]
    fn folders_below_the_main_repository_get_one() {
        assert_eq!(made(&["_main/app.py"]), [""; 0]);
        assert_eq!(made(&["_main/a/b/mod.py"]), ["_main/a/__init__.py", "_main/a/b/__init__.py"]);
        assert_eq!(made(&["_main/a/__init__.pyc", "_main/a/b/c.so"]), ["_main/a/b/__init__.py"]);
        assert_eq!(made(&["_main/a/__pycache__/mod.cpython-311.pyc"]), ["_main/a/__init__.py"]);
        assert_eq!(made(&["_main/a/data.txt"]), [""; 0]);
    }

    #[test]
    fn other_repositories_get_one_themselves_and_the_root_too() {
        assert_eq!(made(&["pip/x/mod.py"]), ["__init__.py", "pip/__init__.py", "pip/x/__init__.py"]);
    }
}
