//! Programs that are run once for each action, in the execution root or in a sandbox.

use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use prepyc_execution::{
    CancelToken, Executor, ExecutorOptions, Outcome, PerMnemonic, RanBy, StrategyKind, Tool,
};

use crate::workspace::{Workspace, error, files_below};

/// Reads the params file, then does what follows.
const READ: &str = "file=${1#@}
while read -r name && read -r value; do
    case $name in --src) src=$value;; --pyc) pyc=$value;; esac
done < $file
";

fn by(workspace: &Workspace, strategy: StrategyKind) -> ExecutorOptions {
    ExecutorOptions { strategies: PerMnemonic::all(vec![strategy]), ..workspace.options() }
}

const BOTH: [StrategyKind; 2] = [StrategyKind::Local, StrategyKind::Sandboxed];

/// Runs one action of a script that does `what` by a strategy.
fn outcome(strategy: StrategyKind, what: &str) -> (Workspace, Outcome) {
    let workspace = Workspace::new();
    let tool = workspace.script(&format!("{READ}{what}"), &[]);
    let actions = workspace.actions(&tool, &["pkg/a.py"]);
    let outcome = workspace.run_with(by(&workspace, strategy), &actions).remove(0);
    (workspace, outcome)
}

#[test]
fn it_gets_its_arguments_in_a_params_file_and_what_it_says_is_kept() {
    for strategy in BOTH {
        let (workspace, outcome) = outcome(strategy, "cat $src > $pyc; echo said; echo too >&2");
        let Outcome::Ran { by, output } = &outcome else { panic!("{outcome:?}") };
        assert_eq!((*by, output.as_str()), (RanBy::Strategy(strategy), "said\ntoo\n"));
        assert_eq!(workspace.made("pkg/a.py"), "# pkg/a.py\n");
        assert_eq!(files_below(&workspace.path("out")), ["pkg/a.pyc"]);
        assert!(files_below(&workspace.path("state/sandbox")).is_empty(), "no sandbox is left");
    }
}

#[test]
fn its_environment_is_what_the_tool_says_and_no_more() {
    for strategy in BOTH {
        let (workspace, _) = outcome(strategy, "cat /proc/$$/environ > $pyc");
        assert_eq!(workspace.made("pkg/a.py"), "PYTHONHASHSEED=0\0");
    }
}

#[test]
fn another_exit_status_is_a_rejection_in_the_tools_own_words() {
    for strategy in BOTH {
        let (workspace, outcome) = outcome(strategy, "cat $src > $pyc; echo no good >&2; exit 1");
        assert!(matches!(&outcome, Outcome::Rejected { output } if output == "no good\n"), "{outcome:?}");
        assert!(files_below(&workspace.path("out")).is_empty());
    }
    let (_, outcome) = outcome(StrategyKind::Local, "exit 7");
    let Outcome::Rejected { output } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(output, "/bin/sh tools/tool.sh: exit status 7, without a word\n");
}

#[test]
fn what_it_must_not_do_is_said_in_one_message_each() {
    for strategy in BOTH {
        for (what, message) in [
            (":", "said that it was done, but did not make bin/pkg/a.pyc"),
            ("echo to; echo each >&2", "did not make bin/pkg/a.pyc\nto\neach"),
            ("ln -s /etc/passwd $pyc", "made a symbolic link of bin/pkg/a.pyc"),
            ("mkdir $pyc", "made no regular file of bin/pkg/a.pyc"),
            ("echo dying; kill -9 $$", "ended by signal 9\ndying"),
            ("cat $src > $pyc; echo mine > $src", "src/pkg/a.py: it changed while the build read it"),
        ] {
            let (workspace, outcome) = outcome(strategy, what);
            let error = error(&outcome);
            assert!(error.contains(message), "{strategy} {what}: {error}");
            assert!(files_below(&workspace.path("out")).is_empty());
        }
    }
}

#[test]
fn a_sandbox_has_nothing_but_the_inputs_and_what_else_is_written_there_is_named() {
    let make = "cat $src > $pyc; ";
    for (what, stray) in [
        ("echo > bin/pkg/b.pyc", "bin/pkg/b.pyc"),
        ("echo > stray", "stray"),
        ("ln -s x pkg/link", "pkg/link"),
        ("rm $src; echo > $src", "pkg/a.py"),
    ] {
        let (_, outcome) = outcome(StrategyKind::Sandboxed, &format!("{make}{what}"));
        let error = error(&outcome);
        assert_eq!(
            error,
            format!("/bin/sh tools/tool.sh wrote {stray}, which is none of the action's outputs")
        );
    }
    let (workspace, outcome) = outcome(
        StrategyKind::Sandboxed,
        "ls -R . > $pyc; mkdir tools/__pycache__; \
        echo > tools/__pycache__/tool.pyc",
    );
    assert!(outcome.is_success(), "a tool's own cache is its own business: {outcome:?}");
    let listing = workspace.made("pkg/a.py");
    let names: Vec<&str> = listing.lines().filter(|line| !line.is_empty() && !line.ends_with(':')).collect();
    assert_eq!(names, ["bin", "pkg", "tools", "pkg", "a.pyc", "a.pyc-0.params", "a.py", "tool.sh"]);
}

#[test]
fn one_that_takes_too_long_is_killed_with_what_it_started() {
    for strategy in BOTH {
        let workspace = Workspace::new();
        let tool = workspace.script("echo begun; sleep 1000 & sleep 1000", &[]);
        let actions = workspace.actions(&tool, &["a.py"]);
        let mut options = by(&workspace, strategy);
        options.limits.action = Duration::from_millis(300);
        let error = error(&workspace.run_with(options, &actions)[0]);
        assert!(error.contains("killed, because it was not done after"), "{error}");
    }
}

#[test]
fn one_that_cannot_be_started_and_one_that_nobody_can_run() {
    let workspace = Workspace::new();
    let mut tools: Vec<Arc<Tool>> = Vec::new();
    let mut add = |change: &dyn Fn(&mut prepyc_execution::Program)| {
        let tool = workspace.script(":", &[]);
        let Tool::Program(mut program) = (*tool).clone() else { panic!("a program") };
        change(&mut program);
        tools.push(Arc::new(Tool::Program(program)));
    };
    add(&|program| program.command = vec!["tools/missing".to_owned()]);
    add(&|program| program.command.clear());
    add(&|program| program.files[0].file = workspace.path("missing"));
    add(&|program| program.files[0].exec_path = "../up".to_owned());
    workspace.write("a.py", "");
    for (tool, message) in tools.iter().zip([
        "tools/missing: cannot be started: No such file",
        "its tool has an empty command line",
        "missing: cannot read the input: No such file",
        "\"../up\" is no path below the execution root",
    ]) {
        let outcome = &workspace.run(&[workspace.action(tool, "a.py")])[0];
        assert!(error(outcome).contains(message), "{outcome:?}");
    }
    let tool = workspace.script(":", &["no-sandbox"]);
    let actions = workspace.actions(&tool, &["a.py"]);
    let mut options = by(&workspace, StrategyKind::Worker);
    options.strategies.general.push(StrategyKind::Sandboxed);
    assert_eq!(
        error(&workspace.run_with(options, &actions)[0]),
        "PyCompile cannot be run by any of the strategies [worker, sandboxed]: \
         worker: its tool does not say supports-workers; sandboxed: its tool requires no-sandbox"
    );
}

#[test]
fn once_cancelled_it_is_killed_and_nothing_is_published() {
    for strategy in BOTH {
        let workspace = Workspace::new();
        let fifo = workspace.path("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let script = format!("{READ} cat $src > $pyc; echo > {}; sleep 1000", fifo.display());
        let tool = workspace.script(&script, &[]);
        let actions = workspace.actions(&tool, &["a.py", "b.py"]);
        let cancel = CancelToken::new();
        let options = ExecutorOptions { jobs: NonZeroUsize::MIN, ..by(&workspace, strategy) };
        let outcomes = thread::scope(|scope| {
            scope.spawn(|| {
                // Opened by the tool as soon as it runs.
                fs::read(&fifo).unwrap();
                cancel.cancel();
            });
            Executor::new(options).run(&actions, &cancel, &mut |_| {})
        });
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Cancelled)), "{outcomes:?}");
        assert!(files_below(&workspace.path("out")).is_empty());
    }
}

#[test]
fn what_a_program_makes_is_cached_by_its_files_unless_it_says_no_cache() {
    let workspace = Workspace::new();
    let make = |script: &str, requirements: &[&str]| {
        let tool = workspace.script(&format!("{READ} echo {script} > $pyc"), requirements);
        let actions = workspace.actions(&tool, &["a.py"]);
        let _ = fs::remove_dir_all(workspace.path("state"));
        let options = ExecutorOptions {
            disk_cache: Some(workspace.path("cache")),
            ..by(&workspace, StrategyKind::Local)
        };
        let outcome = workspace.run_with(options, &actions).remove(0);
        assert!(outcome.is_success(), "{outcome:?}");
        (matches!(outcome, Outcome::FromCache { .. }), workspace.made("a.py"))
    };
    assert_eq!(make("one", &[]), (false, "one\n".to_owned()));
    assert_eq!(make("two", &[]), (false, "two\n".to_owned()));
    assert_eq!(make("one", &[]), (true, "one\n".to_owned()));
    assert_eq!(make("three", &["no-cache"]), (false, "three\n".to_owned()));
    assert_eq!(make("three", &["no-cache"]), (false, "three\n".to_owned()));
}
