//! Workers that break the rules, one way each: it costs the request at fault one clear error, and the others nothing.

use std::time::Duration;

use prepyc_execution::{Executor, ExecutorOptions, Outcome};

use crate::worker::{MULTIPLEX, SINGLEPLEX, script, workers};
use crate::workspace::{Workspace, error, run_hearing};

/// What becomes of `bad.py`, with good sources before and after it, on a worker that does `bad` with it.
fn with_others(bad: &str, requirements: &[&str], options: impl Fn(&mut ExecutorOptions)) -> String {
    let workspace = Workspace::new();
    let tool = workspace.script(&script(bad), requirements);
    let sources = ["a.py", "bad.py", "b.py", "c.py", "d.py"];
    let actions = workspace.actions(&tool, &sources);
    let mut with = workers(&workspace);
    options(&mut with);
    let (outcomes, _) = run_hearing(&Executor::new(with), &actions);
    for (source, outcome) in sources.iter().zip(&outcomes).filter(|(source, _)| **source != "bad.py") {
        assert!(outcome.is_success(), "{bad}: {source}: {outcome:?}");
        assert_eq!(workspace.made(source), format!("# {source}\n"));
    }
    assert!(!workspace.output("bad.py").exists());
    error(&outcomes[1])
}

/// The same, for both kinds of worker; the error has to say all of `words`.
fn check(bad: &str, words: &[&str]) {
    for requirements in [&SINGLEPLEX, &MULTIPLEX] {
        let error = with_others(bad, requirements, |_| {});
        for word in words {
            assert!(error.contains(word), "{bad}: {error}");
        }
    }
}

#[test]
fn one_that_dies() {
    check("echo 'out of luck' >&2; exit 3", &["did not answer", "exit status 3", ".log)\nout of luck"]);
}

#[test]
fn one_that_is_killed() {
    check("kill -9 $$", &["did not answer: it ended its output; ended by signal 9"]);
}

#[test]
fn one_that_answers_garbage() {
    check("echo 'hello?'", &["malformed json message", "killed for it"]);
}

#[test]
fn one_that_ends_in_the_middle_of_an_answer() {
    check("printf '{\"requestId\":'; exit 0", &["in the middle of a json message"]);
}

#[test]
fn one_that_answers_twice() {
    check(
        "cat $src > $pyc; printf '{\"requestId\":%s}\\n{\"requestId\":%s}\\n' ${id:-0} ${id:-0}",
        &["answered the request twice", ".log)"],
    );
}

#[test]
fn one_that_answers_another_request() {
    check("id=4711; answer 0 ''", &["it answered request 4711, which is not outstanding"]);
}

#[test]
fn one_that_says_it_is_done_and_is_not() {
    check("answer 0 ''", &["said that it was done, but did not make bin/bad.pyc"]);
}

#[test]
fn one_that_cancels_what_nobody_cancelled() {
    check(
        "printf '{\"requestId\":%s,\"wasCancelled\":true}\\n' ${id:-0}",
        // JSON readers take no notice of the field where it is Bazel's own; ours does.
        &["says that the request was cancelled, which nobody asked for"],
    );
}

#[test]
fn one_that_hangs() {
    for requirements in [&SINGLEPLEX, &MULTIPLEX] {
        let workspace = Workspace::new();
        let tool = workspace.script(&script("echo waiting >&2; sleep 1000"), requirements);
        let actions = workspace.actions(&tool, &["bad.py"]);
        let mut options = workers(&workspace);
        options.limits.action = Duration::from_millis(300);
        let error = error(&workspace.run_with(options, &actions)[0]);
        assert!(error.contains("did not answer within 0.3 s, and was killed"), "{error}");
    }
}

#[test]
fn one_that_cannot_be_started() {
    let workspace = Workspace::new();
    let tool = workspace.script("exit 127", &SINGLEPLEX);
    let actions = workspace.actions(&tool, &["a.py", "b.py"]);
    for outcome in workspace.run_with(workers(&workspace), &actions) {
        assert!(error(&outcome).contains("exit status 127"), "{outcome:?}");
    }
}

#[test]
fn one_that_writes_beside_its_sandbox_directory() {
    let requirements = [&MULTIPLEX[..], &["supports-multiplex-sandboxing"]].concat();
    let sandboxed = |options: &mut ExecutorOptions| options.workers.multiplex_sandboxing = true;
    let error = with_others("mkdir -p bin; echo > $pyc; answer 0 ''", &requirements, sandboxed);
    assert!(error.contains("wrote bin/bad.pyc outside of its sandbox directory __sandbox/"), "{error}");
    let stray = "cat $dir$src > $dir$pyc; echo > ${dir}more; answer 0 ''";
    let error = with_others(stray, &requirements, sandboxed);
    assert!(error.contains("wrote more, which is none of the action's outputs"), "{error}");
}

#[test]
fn one_that_writes_beside_all_sandbox_directories() {
    let requirements = [&MULTIPLEX[..], &["supports-multiplex-sandboxing"]].concat();
    let workspace = Workspace::new();
    let tool = workspace.script(&script("cat $dir$src > $dir$pyc; echo > more; answer 0 ''"), &requirements);
    let actions = workspace.actions(&tool, &["a.py", "bad.py", "b.py"]);
    let mut options = workers(&workspace);
    options.workers.multiplex_sandboxing = true;
    let (outcomes, said) = run_hearing(&Executor::new(options), &actions);
    assert!(outcomes.iter().all(Outcome::is_success), "nobody knows over which: {outcomes:?}");
    assert!(said.len() == 1 && said[0].contains("wrote more outside of all sandbox directories"), "{said:?}");
}

#[test]
fn one_that_writes_more_into_its_sandbox_than_it_should() {
    let sandboxed = |options: &mut ExecutorOptions| options.workers.sandboxing = true;
    let error = with_others("cat $src > $pyc; echo > bin/more; answer 0 ''", &SINGLEPLEX, sandboxed);
    assert!(error.contains("wrote bin/more, which is none of the action's outputs"), "{error}");
}

#[test]
fn one_that_leaves_after_each_answer_is_started_again() {
    let workspace = Workspace::new();
    let tool = workspace.script(&script("cat $src > $pyc; answer 0 ''; exit 0"), &SINGLEPLEX);
    let actions = workspace.actions(&tool, &["bad1.py", "bad2.py", "bad3.py", "bad4.py"]);
    let outcomes = workspace.run_with(workers(&workspace), &actions);
    assert!(outcomes.iter().all(Outcome::is_success), "{outcomes:?}");
}

#[test]
fn one_that_will_not_leave_is_ended_with_the_executor() {
    let workspace = Workspace::new();
    let endless = format!("trap '' TERM; {}\nwhile :; do sleep 1000; done", script(":"));
    let tool = workspace.script(&endless, &SINGLEPLEX);
    let actions = workspace.actions(&tool, &["a.py"]);
    let mut options = workers(&workspace);
    options.limits.grace = Duration::from_millis(50);
    assert!(workspace.run_with(options, &actions)[0].is_success());
}
