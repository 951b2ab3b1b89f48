//! What is not made again: outputs that are up to date, and outputs that the disk cache has.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use prepyc_execution::{Action, CancelToken, Event, Executor, ExecutorOptions, Outcome, Tool};

use crate::workspace::{Workspace, files_below, run, run_hearing};

const SOURCES: [&str; 3] = ["a.py", "pkg/b.py", "pkg/sub/c.py"];

fn built() -> (Workspace, Vec<Action>) {
    let workspace = Workspace::new();
    for (number, source) in SOURCES.iter().enumerate() {
        workspace.write(source, &format!("x = {number}\n"));
    }
    let tool = Arc::new(Tool::Builtin);
    let actions: Vec<_> = SOURCES.iter().map(|source| workspace.action(&tool, source)).collect();
    assert!(workspace.run(&actions).iter().all(|outcome| matches!(outcome, Outcome::Ran { .. })));
    (workspace, actions)
}

/// For each outcome a letter: up to date, from the cache, ran, rejected, failed.
fn letters(outcomes: &[Outcome]) -> String {
    let letter = |outcome: &Outcome| match outcome {
        Outcome::UpToDate => 'u',
        Outcome::FromCache { .. } => 'c',
        Outcome::Ran { .. } => 'r',
        Outcome::Rejected { .. } => 'x',
        Outcome::Failed { .. } => 'f',
        Outcome::Cancelled => '-',
    };
    outcomes.iter().map(letter).collect()
}

/// Every file's inode, times and bytes.
fn everything(workspace: &Workspace) -> BTreeMap<String, (u64, i64, i64, Vec<u8>)> {
    let root = workspace.path("");
    let look = |name: String| {
        let path: PathBuf = root.join(&name);
        let metadata = fs::metadata(&path).unwrap();
        (name, (metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec(), fs::read(path).unwrap()))
    };
    files_below(&root).into_iter().map(look).collect()
}

#[test]
fn a_second_build_makes_nothing_and_soon_touches_nothing() {
    let (workspace, actions) = built();
    assert_eq!(letters(&workspace.run(&actions)), "uuu");
    // By and by the sources are old enough to be known by their times alone; from then on not a file is touched.
    let mut before = everything(&workspace);
    loop {
        assert_eq!(letters(&workspace.run(&actions)), "uuu");
        let after = everything(&workspace);
        if before == after {
            return;
        }
        let ledgers = (before.remove("state/ledger"), after.get("state/ledger").cloned());
        assert_ne!(ledgers.0, ledgers.1);
        before.extend([("state/ledger".to_owned(), ledgers.1.unwrap())]);
        assert_eq!(before, after, "nothing but the ledger");
    }
}

#[test]
fn what_changed_is_made_again_and_nothing_else() {
    let (workspace, mut actions) = built();
    workspace.write("pkg/b.py", "x = 7\n");
    assert_eq!(letters(&workspace.run(&actions)), "uru");
    actions[0].arguments[9] = "2".to_owned();
    assert_eq!(letters(&workspace.run(&actions)), "ruu");
    // The same bytes at another time are the same.
    workspace.write("pkg/sub/c.py", "x = 2\n");
    assert_eq!(letters(&workspace.run(&actions)), "uuu");
}

#[test]
fn an_output_that_was_changed_or_deleted_is_made_again() {
    let (workspace, actions) = built();
    let good = fs::read(workspace.output("a.py")).unwrap();
    let mut changed = good.clone();
    changed[20] ^= 1;
    fs::write(workspace.output("a.py"), changed).unwrap();
    fs::remove_file(workspace.output("pkg/b.py")).unwrap();
    assert_eq!(letters(&workspace.run(&actions)), "rru");
    assert_eq!(fs::read(workspace.output("a.py")).unwrap(), good);
    fs::remove_dir_all(workspace.path("out")).unwrap();
    assert_eq!(letters(&workspace.run(&actions)), "rrr");
}

#[test]
fn a_rejection_is_remembered_and_forgotten_with_its_cause() {
    let (workspace, actions) = built();
    workspace.write("a.py", "x = = 1\n");
    assert_eq!(letters(&workspace.run(&actions)), "xuu");
    let outcomes = Executor::new(workspace.options()).run(&actions, &CancelToken::new(), &mut |event| {
        assert!(!matches!(event, Event::Started { .. }), "it is not run again");
    });
    let Outcome::Rejected { output } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert!(output.contains("SyntaxError"), "{output}");
    workspace.write("a.py", "x = 1\n");
    assert_eq!(letters(&workspace.run(&actions)), "ruu");
    assert_eq!(letters(&workspace.run(&actions)), "uuu");
}

#[test]
fn a_ledger_that_is_no_ledger_is_as_good_as_none() {
    let (workspace, actions) = built();
    let ledger = workspace.path("state/ledger");
    let good = fs::read(&ledger).unwrap();
    for damage in [&b""[..], b"garbage", &good[..good.len() / 2], &[&good[..], &good].concat()] {
        fs::write(&ledger, damage).unwrap();
        let (outcomes, said) = run_hearing(&Executor::new(workspace.options()), &actions);
        assert_eq!(letters(&outcomes), "rrr");
        assert!(
            said.len() == 1 && said[0].ends_with("state/ledger: damaged, so everything is made again"),
            "{said:?}"
        );
        assert_eq!(letters(&workspace.run(&actions)), "uuu");
    }
    fs::remove_file(&ledger).unwrap();
    fs::create_dir(&ledger).unwrap();
    let (outcomes, said) = run_hearing(&Executor::new(workspace.options()), &actions);
    assert_eq!(letters(&outcomes), "rrr");
    assert!(said[1].contains("cannot be written, so the next build makes everything again"), "{said:?}");
}

#[test]
fn an_executor_that_is_kept_knows_what_it_made() {
    let (workspace, actions) = built();
    let executor = Executor::new(workspace.options());
    assert_eq!(letters(&run(&executor, &actions)), "uuu");
    workspace.write("a.py", "x = 8\n");
    assert_eq!(letters(&run(&executor, &actions)), "ruu");
    assert_eq!(letters(&run(&executor, &actions)), "uuu");
}

fn caching(workspace: &Workspace, cache: PathBuf) -> ExecutorOptions {
    ExecutorOptions { disk_cache: Some(cache), ..workspace.options() }
}

#[test]
fn another_checkout_takes_outputs_from_the_cache_and_nobody_writes_through() {
    let (first, actions) = built();
    let cache = first.path("cache");
    fs::remove_dir_all(first.path("state")).unwrap();
    assert_eq!(letters(&first.run_with(caching(&first, cache.clone()), &actions)), "rrr");
    let (second, elsewhere) = built();
    let clear = || {
        fs::remove_dir_all(second.path("out")).unwrap();
        fs::remove_dir_all(second.path("state")).unwrap();
    };
    clear();
    assert_eq!(letters(&second.run_with(caching(&second, cache.clone()), &elsewhere)), "ccc");
    for source in SOURCES {
        assert_eq!(fs::read(first.output(source)).unwrap(), fs::read(second.output(source)).unwrap());
        fs::write(second.output(source), "mine").unwrap();
    }
    clear();
    assert_eq!(letters(&second.run_with(caching(&second, cache), &elsewhere)), "ccc");
}

#[test]
fn what_the_tool_said_comes_from_the_cache_too() {
    let workspace = Workspace::new();
    workspace.write("a.py", "x = '\\d'\n");
    let actions = [workspace.action(&Arc::new(Tool::Builtin), "a.py")];
    let cache = workspace.path("cache");
    assert_eq!(letters(&workspace.run_with(caching(&workspace, cache.clone()), &actions)), "r");
    fs::remove_file(workspace.output("a.py")).unwrap();
    let outcomes = workspace.run_with(caching(&workspace, cache), &actions);
    assert!(matches!(&outcomes[0], Outcome::FromCache { output } if output.contains("SyntaxWarning")));
}

#[test]
fn a_damaged_cache_entry_is_told_of_removed_and_made_anew() {
    let (workspace, actions) = built();
    let cache = workspace.path("cache");
    let build = || {
        let _ = fs::remove_dir_all(workspace.path("state"));
        run_hearing(&Executor::new(caching(&workspace, cache.clone())), &actions)
    };
    assert_eq!(letters(&build().0), "rrr");
    for kind in ["ac", "cas"] {
        for damage in ["", "garbage"] {
            let entry = cache.join(kind).join(&files_below(&cache.join(kind))[0]);
            let good = fs::read(&entry).unwrap();
            fs::write(&entry, damage).unwrap();
            let (outcomes, said) = build();
            let mut sorted: Vec<char> = letters(&outcomes).chars().collect();
            sorted.sort_unstable();
            assert_eq!(sorted, ['c', 'c', 'r'], "{kind}: {said:?}");
            assert!(said.len() == 1 && said[0].contains("damaged cache entry"), "{said:?}");
            assert_eq!(fs::read(&entry).unwrap(), good, "made anew");
            let (outcomes, said) = build();
            assert_eq!((letters(&outcomes).as_str(), said.len()), ("ccc", 0));
        }
    }
}

#[test]
fn a_cache_that_cannot_be_written_to_costs_one_warning() {
    let (workspace, actions) = built();
    fs::remove_dir_all(workspace.path("state")).unwrap();
    let cache = workspace.path("cache");
    fs::write(&cache, "a file").unwrap();
    let (outcomes, said) = run_hearing(&Executor::new(caching(&workspace, cache)), &actions);
    assert_eq!(letters(&outcomes), "rrr");
    let warnings = said.iter().filter(|text| text.contains("the disk cache cannot be written to")).count();
    assert_eq!(warnings, 1, "{said:?}");
}

#[test]
fn builds_at_the_same_time_share_a_cache() {
    let (first, _) = built();
    let cache = first.path("cache");
    let outputs: Vec<Vec<u8>> = thread::scope(|scope| {
        let builders: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (workspace, actions) = built();
                    fs::remove_dir_all(workspace.path("state")).unwrap();
                    let outcomes = workspace.run_with(caching(&workspace, cache.clone()), &actions);
                    assert!(outcomes.iter().all(Outcome::is_success), "{outcomes:?}");
                    fs::read(workspace.output("a.py")).unwrap()
                })
            })
            .collect();
        builders.into_iter().map(|builder| builder.join().unwrap()).collect()
    });
    assert!(outputs.iter().all(|output| *output == outputs[0]));
    assert!(files_below(&cache.join("tmp")).is_empty());
}
