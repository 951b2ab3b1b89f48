//! The pinned list of CPython's test modules: which are run, and why the others are not.

use anyhow::{Context, bail};

/// A module a line, sorted; `NAME: REASON` is left out, with all modules below it.
const LIST: &str = include_str!("modules.txt");

/// The list.
pub(super) struct List<'a> {
    run: Vec<&'a str>,
    left_out: Vec<(&'a str, &'a str)>,
}

impl List<'static> {
    /// The one that is pinned.
    pub(super) fn pinned() -> anyhow::Result<List<'static>> {
        List::parse(LIST).context("modules.txt")
    }
}

impl<'a> List<'a> {
    fn parse(text: &'a str) -> anyhow::Result<List<'a>> {
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let name = |line: &'a str| line.split(':').next().unwrap_or(line);
        if let Some(pair) = lines.windows(2).find(|pair| name(pair[0]) >= name(pair[1])) {
            bail!("{} and {} are not in order", name(pair[0]), name(pair[1]));
        }
        let mut list = List { run: Vec::new(), left_out: Vec::new() };
        for line in lines {
            match line.split_once(": ") {
                Some((name, reason)) => list.left_out.push((name, reason)),
                None => list.run.push(line),
            }
        }
        Ok(list)
    }

    /// Those of the modules that are to be run, in their order.
    pub(super) fn wanted(&self, modules: &[String]) -> Vec<String> {
        modules.iter().filter(|module| self.run.contains(&module.as_str())).cloned().collect()
    }

    /// How many of the modules are left out.
    pub(super) fn left_out(&self, modules: &[String]) -> usize {
        modules.iter().filter(|module| self.is_left_out(module)).count()
    }

    /// The modules that the list does not know: another patch release has other tests.
    pub(super) fn unknown<'m>(&self, modules: &'m [String]) -> Vec<&'m str> {
        let known = |module: &&str| self.run.contains(module) || self.is_left_out(module);
        modules.iter().map(String::as_str).filter(|module| !known(module)).collect()
    }

    fn is_left_out(&self, module: &str) -> bool {
        let below = |name: &str| {
            module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.left_out.iter().any(|(name, _)| below(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_pinned_list_is_sorted_and_runs_most() {
        let list = List::pinned().unwrap();
        assert!(list.run.len() > 250, "{} modules", list.run.len());
        for (name, reason) in &list.left_out {
            assert!(!reason.trim().is_empty(), "{name} is left out without a reason");
        }
        for name in &list.run {
            assert!(!list.is_left_out(name), "{name} is both run and left out");
        }
    }

    #[test]
    fn what_stands_below_a_module_left_out_is_left_out_too() {
        let list = List::parse("# a note\ntest.test_a\ntest.test_gui: a display\ntest.test_guide\n").unwrap();
        let modules = names(&[
            "test.test_a",
            "test.test_gui",
            "test.test_gui.test_b",
            "test.test_guide",
            "test.test_new",
        ]);
        assert_eq!(list.wanted(&modules), ["test.test_a", "test.test_guide"]);
        assert_eq!(list.left_out(&modules), 2);
        assert_eq!(list.unknown(&modules), ["test.test_new"]);
    }

    #[test]
    fn a_list_out_of_order_is_refused() {
        assert!(List::parse("test.test_b\ntest.test_a: slow\n").is_err());
        assert!(List::parse("test.test_a\ntest.test_a\n").is_err());
    }
}
