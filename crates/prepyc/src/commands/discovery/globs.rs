//! `--exclude` and `--include`: which of the files below a PATH are meant.

use std::path::Path;

use anyhow::Context as _;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The globs of one option, split by what they are held against.
#[derive(Debug)]
struct Globs {
    /// Globs without a `/`: held against the name of each file and folder.
    names: GlobSet,
    /// Globs with a `/`: held against the path relative to the PATH given.
    paths: GlobSet,
}

/// What `--exclude` and `--include` leave.
#[derive(Debug)]
pub(crate) struct Filter {
    exclude: Globs,
    include: Globs,
}

impl Filter {
    /// Reads the globs of both options.
    pub(crate) fn new(exclude: &[String], include: &[String]) -> anyhow::Result<Filter> {
        Ok(Filter { exclude: Globs::new(exclude, "--exclude")?, include: Globs::new(include, "--include")? })
    }

    /// Whether the file or folder at `relative` is left out. Its folders are taken to have been asked about before.
    pub(crate) fn excludes(&self, relative: &Path) -> bool {
        self.exclude.matches(relative)
    }

    /// Whether this file, or a folder it is in, matches an `--include`, or there is none.
    pub(crate) fn includes(&self, relative: &Path) -> bool {
        self.include.is_empty() || relative.ancestors().any(|path| self.include.matches(path))
    }

    /// Whether a file that is itself named as a PATH is taken. Nobody asked about its folders, so they are held
    /// against the globs here.
    pub(crate) fn takes_named_file(&self, path: &Path) -> bool {
        let path = path.strip_prefix(".").unwrap_or(path);
        !path.ancestors().any(|path| self.exclude.matches(path)) && self.includes(path)
    }
}

impl Globs {
    fn new(globs: &[String], option: &str) -> anyhow::Result<Globs> {
        let mut names = GlobSetBuilder::new();
        let mut paths = GlobSetBuilder::new();
        for text in globs {
            let from_root = text.strip_prefix("./").or_else(|| text.strip_prefix('/'));
            let pattern = from_root.unwrap_or(text).trim_end_matches('/');
            let glob = GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .with_context(|| format!("{option} {text}: not a glob"))?;
            if from_root.is_some() || pattern.contains('/') {
                paths.add(glob)
            } else {
                names.add(glob)
            };
        }
        let build = |set: GlobSetBuilder| set.build().with_context(|| format!("the globs of {option}"));
        Ok(Globs { names: build(names)?, paths: build(paths)? })
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.paths.is_empty()
    }

    fn matches(&self, relative: &Path) -> bool {
        let by_name = || relative.file_name().is_some_and(|name| self.names.is_match(name));
        by_name() || self.paths.is_match(relative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(exclude: &[&str], include: &[&str]) -> Filter {
        let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        Filter::new(&owned(exclude), &owned(include)).unwrap()
    }

    #[test]
    fn a_glob_without_slash_is_about_names_at_any_depth() {
        let filter = filter(&["tests", "test_*.py"], &[]);
        assert!(filter.excludes(Path::new("pkg/tests")));
        assert!(filter.excludes(Path::new("a/b/test_x.py")));
        assert!(!filter.excludes(Path::new("pkg/attests")));
    }

    #[test]
    fn a_glob_with_slash_is_about_the_relative_path() {
        let filter = filter(&["pkg/*.py", "/setup.py", "vendor/**/py2/"], &[]);
        assert!(filter.excludes(Path::new("pkg/a.py")));
        assert!(!filter.excludes(Path::new("pkg/sub/a.py")));
        assert!(filter.excludes(Path::new("setup.py")));
        assert!(!filter.excludes(Path::new("pkg/setup.py.d/setup.py")));
        assert!(filter.excludes(Path::new("vendor/a/b/py2")));
    }

    #[test]
    fn an_included_folder_takes_what_is_in_it() {
        let filter = filter(&[], &["pkg/sub", "*_api.py"]);
        assert!(filter.includes(Path::new("pkg/sub/deep/a.py")));
        assert!(filter.includes(Path::new("x/y_api.py")));
        assert!(!filter.includes(Path::new("pkg/a.py")));
    }

    #[test]
    fn a_named_file_is_held_against_its_path_as_typed() {
        let filter = filter(&["tests"], &[]);
        assert!(!filter.takes_named_file(Path::new("./pkg/tests/a.py")));
        assert!(filter.takes_named_file(Path::new("pkg/a.py")));
    }

    #[test]
    fn a_broken_glob_names_its_option() {
        let error = Filter::new(&["[".to_owned()], &[]).unwrap_err();
        assert_eq!(error.to_string(), "--exclude [: not a glob");
    }
}
