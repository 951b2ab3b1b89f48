//! Persistent workers that do what they should, each a few lines of shell.

use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;
use std::thread;

use prepyc_execution::{CancelToken, Executor, ExecutorOptions, Outcome, PerMnemonic, RanBy, StrategyKind};

use crate::workspace::{Workspace, error, run};

/// What the requirements of a JSON worker are.
pub(crate) const SINGLEPLEX: [&str; 2] = ["supports-workers", "requires-worker-protocol=json"];
/// The same, for many requests at once.
pub(crate) const MULTIPLEX: [&str; 2] = ["supports-multiplex-workers", "requires-worker-protocol=json"];

/// A worker that does `bad` with sources whose name begins so, and copies the others.
pub(crate) fn script(bad: &str) -> String {
    format!(
        r#"field() {{ case $line in *"$1"*) v=${{line#*"$1"}}; v=${{v%%[\",\}}]*}};; *) v=;; esac; }}
answer() {{ printf '{{"requestId":%s,"exitCode":%s,"output":"%s"}}\n' "${{id:-0}}" "$1" "$2"; }}
while IFS= read -r line; do
    field '"--src","'; src=$v
    field '"--pyc","'; pyc=$v
    field '"requestId":'; id=$v
    field '"sandboxDir":"'; dir=${{v:+$v/}}
    case $src in
        bad*) {bad} ;;
        *) cat "$dir$src" > "$dir$pyc"; answer 0 "" ;;
    esac
done
"#
    )
}

pub(crate) fn workers(workspace: &Workspace) -> ExecutorOptions {
    ExecutorOptions { strategies: PerMnemonic::all(vec![StrategyKind::Worker]), ..workspace.options() }
}

#[test]
fn requests_are_answered_one_at_a_time_or_many_at_once_sandboxed_or_not() {
    for (requirements, sandboxing) in
        [(&SINGLEPLEX, false), (&SINGLEPLEX, true), (&MULTIPLEX, false), (&MULTIPLEX, true)]
    {
        let workspace = Workspace::new();
        let requirements = [&requirements[..], &["supports-multiplex-sandboxing"]].concat();
        let tool = workspace.script(&script(":"), &requirements);
        let sources = ["a.py", "b.py", "pkg/c.py", "pkg/d.py", "pkg/sub/e.py"];
        let actions = workspace.actions(&tool, &sources);
        let mut options = workers(&workspace);
        options.workers.sandboxing = sandboxing;
        options.workers.multiplex_sandboxing = sandboxing;
        for (outcome, source) in workspace.run_with(options, &actions).iter().zip(sources) {
            let ran = matches!(outcome, Outcome::Ran { by: RanBy::Strategy(StrategyKind::Worker), .. });
            assert!(ran, "{outcome:?}");
            assert_eq!(workspace.made(source), format!("# {source}\n"));
        }
    }
}

#[test]
fn it_is_sent_arguments_inputs_by_digest_and_verbosity_and_started_with_the_flags() {
    let workspace = Workspace::new();
    let tell =
        format!("flags=$*\n{}", script(r#"printf '%s\n%s\n' "$flags" "$line" > "$dir$pyc"; answer 0 said"#));
    let tool = workspace.script(&tell, &SINGLEPLEX);
    let actions = workspace.actions(&tool, &["bad.py"]);
    let mut options = workers(&workspace);
    options.workers.verbose = true;
    options
        .workers
        .extra_flags
        .by_mnemonic
        .insert("PyCompile".to_owned(), vec!["--worker_impl=serial".to_owned()]);
    let outcomes = workspace.run_with(options, &actions);
    assert!(matches!(&outcomes[0], Outcome::Ran { output, .. } if output == "said"), "{outcomes:?}");
    let made = workspace.made("bad.py");
    let (flags, request) = made.split_once('\n').unwrap();
    assert_eq!(flags, "--persistent_worker --worker_impl=serial");
    assert!(request.contains(r#""arguments":["--invalidation_mode","unchecked_hash","--src","bad.py","#));
    assert!(
        request.contains(r#"{"path":"bad.py","digest":""#) && request.contains(r#"{"path":"tools/tool.sh""#)
    );
    assert!(request.contains(r#""verbosity":10"#), "{request}");
}

#[test]
fn an_exit_code_is_a_rejection_and_the_worker_goes_on() {
    let workspace = Workspace::new();
    let tool = workspace.script(&script("answer 1 'no good'"), &SINGLEPLEX);
    let actions = workspace.actions(&tool, &["bad1.py", "a.py", "bad2.py", "b.py"]);
    let outcomes = workspace.run_with(workers(&workspace), &actions);
    for (place, outcome) in outcomes.iter().enumerate() {
        match place % 2 {
            0 => {
                assert!(matches!(outcome, Outcome::Rejected { output } if output == "no good"), "{outcome:?}")
            }
            _ => assert!(outcome.is_success(), "{outcome:?}"),
        }
    }
}

#[test]
fn a_changed_tool_is_started_anew_and_an_unchanged_one_is_not() {
    let workspace = Workspace::new();
    let executor = Executor::new(workers(&workspace));
    let mut pids = Vec::new();
    for (version, sources) in [("1", ["bad1.py"]), ("1", ["bad2.py"]), ("2", ["bad3.py"])] {
        let body = format!("echo $$ {version} > $pyc; answer 0 ''");
        let tool = workspace.script(&script(&body), &SINGLEPLEX);
        let actions = workspace.actions(&tool, &sources);
        assert!(run(&executor, &actions)[0].is_success());
        let made = workspace.made(sources[0]);
        let (pid, made_by) = made.trim().split_once(' ').unwrap();
        assert_eq!(made_by, version);
        pids.push(pid.to_owned());
    }
    assert_eq!(pids[0], pids[1]);
    assert_ne!(pids[1], pids[2]);
}

#[test]
fn no_more_processes_run_than_may() {
    let workspace = Workspace::new();
    let tool = workspace.script(&script("echo $$ > $pyc; answer 0 ''"), &SINGLEPLEX);
    let sources: Vec<String> = (0..8).map(|number| format!("bad{number}.py")).collect();
    let names: Vec<&str> = sources.iter().map(String::as_str).collect();
    let actions = workspace.actions(&tool, &names);
    let mut options = workers(&workspace);
    options.workers.max_instances = PerMnemonic::all(NonZeroUsize::MIN);
    assert!(workspace.run_with(options, &actions).iter().all(Outcome::is_success));
    assert!(names.iter().all(|name| workspace.made(name) == workspace.made(names[0])));
}

#[test]
fn what_no_worker_can_be_is_said() {
    let workspace = Workspace::new();
    for (requirements, reason) in [
        (&["supports-workers=0"][..], "its tool does not say supports-workers"),
        (&["supports-workers", "requires-worker-protocol=xml"], "\"xml\" is not a worker protocol"),
    ] {
        let tool = workspace.script(":", requirements);
        let actions = workspace.actions(&tool, &["a.py"]);
        let error = error(&workspace.run_with(workers(&workspace), &actions)[0]);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn once_cancelled_a_worker_is_asked_to_give_up_or_ended() {
    for (cancellation, requirements) in [(true, &MULTIPLEX), (true, &SINGLEPLEX), (false, &MULTIPLEX)] {
        let workspace = Workspace::new();
        let (fifo, asked) = (workspace.path("fifo"), workspace.path("asked"));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let bad = format!(
            "echo > {}; read -r line; echo \"$line\" > {}; printf '{{\"requestId\":%s,\"wasCancelled\":true}}\\n' ${{id:-0}}",
            fifo.display(),
            asked.display()
        );
        let requirements = [&requirements[..], &["supports-worker-cancellation"]].concat();
        let tool = workspace.script(&script(&bad), &requirements);
        let actions = workspace.actions(&tool, &["bad.py"]);
        let mut options = workers(&workspace);
        options.workers.cancellation = cancellation;
        let cancel = CancelToken::new();
        let outcomes = thread::scope(|scope| {
            scope.spawn(|| {
                fs::read(&fifo).unwrap();
                cancel.cancel();
            });
            Executor::new(options).run(&actions, &cancel, &mut |_| {})
        });
        assert!(matches!(outcomes[0], Outcome::Cancelled), "{outcomes:?}");
        let was_asked = fs::read_to_string(&asked).is_ok_and(|line| line.contains("\"cancel\":true"));
        assert_eq!(was_asked, cancellation);
    }
}
