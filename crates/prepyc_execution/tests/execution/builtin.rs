//! The builtin precompiler, in this process.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use prepyc_engine::{CompileRequest, Engine, Filename, InvalidationMode, Optimize, Source, pyc_bytes};
use prepyc_execution::{CancelToken, Executor, OnFailure, Outcome, RanBy, Rejection, Tool};

use crate::workspace::{Workspace, error, files_below};

#[test]
fn it_makes_what_the_engine_makes_with_the_mode_of_the_source() {
    let workspace = Workspace::new();
    let source = workspace.write("pkg/a.py", "x = 'é'\n");
    fs::set_permissions(&source, fs::Permissions::from_mode(0o555)).unwrap();
    let action = workspace.action(&Arc::new(Tool::Builtin), "pkg/a.py");
    let outcomes = workspace.run(&[action]);
    assert!(matches!(&outcomes[..], [Outcome::Ran { by: RanBy::Builtin, output }] if output.is_empty()));
    let engine = Engine::native("3.13".parse().unwrap(), 1).unwrap();
    let read = Source::read(&source).unwrap();
    let request = CompileRequest {
        source: read.bytes.clone(),
        filename: Filename::from_bytes("pkg/a.py"),
        optimize: Optimize::None,
    };
    let code = engine.compile(request).unwrap().code;
    let expected = pyc_bytes(engine.target(), InvalidationMode::UncheckedHash, &read, code);
    let output = workspace.output("pkg/a.py");
    assert_eq!(fs::read(&output).unwrap(), expected);
    assert_eq!(fs::metadata(&output).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(files_below(&workspace.path("out")), ["pkg/a.pyc"]);
}

#[test]
fn a_rejected_source_has_its_diagnostic_and_leaves_no_older_output() {
    let workspace = Workspace::new();
    let tool = Arc::new(Tool::Builtin);
    let actions = ["a.py", "b.py", "c.py"].map(|source| workspace.action(&tool, source));
    for source in ["a.py", "b.py", "c.py"] {
        workspace.write(source, "x = 1\n");
    }
    assert!(workspace.run(&actions).iter().all(Outcome::is_success));
    workspace.write("b.py", "x = = 1\n");
    let outcomes = workspace.run(&actions);
    let Outcome::Rejected { output } = &outcomes[1] else { panic!("{outcomes:?}") };
    assert!(output.starts_with("  File \"b.py\", line 1\n"), "{output}");
    assert!(output.ends_with("SyntaxError: invalid syntax\n"), "{output}");
    assert_eq!(files_below(&workspace.path("out")), ["a.pyc", "c.pyc"]);
}

#[test]
fn a_warning_is_what_the_tool_said() {
    let workspace = Workspace::new();
    workspace.write("a.py", "x = '\\d'\n");
    let outcomes = workspace.run(&[workspace.action(&Arc::new(Tool::Builtin), "a.py")]);
    let Outcome::Ran { output, .. } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert!(output.contains("a.py:1: SyntaxWarning: invalid escape sequence"), "{output}");
}

#[test]
fn what_cannot_be_run_is_said_in_one_message_each() {
    let workspace = Workspace::new();
    let tool = Arc::new(Tool::Builtin);
    workspace.write("a.py", "x = 1\n");
    let good = || workspace.action(&tool, "a.py");
    let mut cases = Vec::new();
    let mut add = |change: &dyn Fn(&mut prepyc_execution::Action), message: &'static str| {
        let mut action = good();
        change(&mut action);
        cases.push((action, message));
    };
    add(&|action| action.outputs.clear(), "it has no outputs");
    add(&|action| action.inputs[0].exec_path = "../a.py".into(), "\"../a.py\" is no path below");
    add(&|action| action.inputs[0].exec_path = "bin/a.pyc".into(), "bin/a.pyc is named twice");
    add(&|action| action.outputs[0].file = "/tmp/a.pyc".into(), "does not lie below the output root");
    add(&|action| action.outputs[0].file = workspace.path("out/../a.pyc"), "does not lie below");
    add(
        &|action| action.inputs[0].file = workspace.path("src/b.py"),
        "src/b.py: cannot read the input: No such",
    );
    add(&|action| action.inputs[0].file = workspace.path("src"), "cannot read the input: is a directory");
    add(&|action| action.arguments.truncate(2), "nothing to compile");
    add(&|action| action.arguments[3] = "b.py".into(), "--src b.py: that is none of the action's inputs");
    add(&|action| action.arguments[7] = "b.pyc".into(), "--pyc b.pyc: that is none of the action's outputs");
    add(&|action| action.arguments[11] = "3.8".into(), "no engine for 3.8");
    for (action, message) in cases {
        let error = error(&workspace.run(&[action])[0]);
        assert!(error.contains(message), "{message}: {error}");
    }
    assert!(files_below(&workspace.path("out")).is_empty());
}

#[test]
fn two_actions_cannot_make_one_file() {
    let workspace = Workspace::new();
    workspace.write("a.py", "x = 1\n");
    let action = workspace.action(&Arc::new(Tool::Builtin), "a.py");
    let outcomes = workspace.run(&[action.clone(), action]);
    assert!(outcomes[0].is_success());
    assert!(error(&outcomes[1]).contains("out/a.pyc is another action's output, too"), "{outcomes:?}");
    assert!(workspace.output("a.py").exists());
}

#[test]
fn an_output_that_is_a_link_or_lies_behind_one_that_leads_away_is_refused() {
    let workspace = Workspace::new();
    let tool = Arc::new(Tool::Builtin);
    let elsewhere = workspace.path("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::create_dir_all(workspace.path("out/inside")).unwrap();
    symlink(&elsewhere, workspace.path("out/away")).unwrap();
    symlink("missing", workspace.path("out/nowhere")).unwrap();
    symlink("inside", workspace.path("out/link")).unwrap();
    symlink(elsewhere.join("a.pyc"), workspace.path("out/a.pyc")).unwrap();
    let sources = ["away/a.py", "away/deep/a.py", "nowhere/a.py", "a.py", "link/a.py"];
    sources.iter().for_each(|source| drop(workspace.write(source, "x = 1\n")));
    let actions = sources.map(|source| workspace.action(&tool, source));
    let outcomes = workspace.run(&actions);
    for outcome in &outcomes[..3] {
        assert!(error(outcome).contains("a symbolic link on its path leads out of"), "{outcome:?}");
    }
    assert!(error(&outcomes[3]).contains("a symbolic link is not replaced"), "{outcomes:?}");
    assert!(outcomes[4].is_success(), "a link that stays inside is fine: {outcomes:?}");
    assert!(files_below(&elsewhere).is_empty());
}

#[test]
fn after_a_failure_nothing_starts_unless_it_is_to_go_on_or_the_rejection_is_tolerated() {
    let workspace = Workspace::new();
    let tool = Arc::new(Tool::Builtin);
    let sources: Vec<String> = (0..50).map(|number| format!("m{number}.py")).collect();
    for (number, source) in sources.iter().enumerate() {
        workspace.write(source, if number == 0 { "x = = 1\n" } else { "x = 1\n" });
    }
    let mut actions: Vec<_> = sources.iter().map(|source| workspace.action(&tool, source)).collect();
    let stopping = || {
        let mut options = workspace.options();
        options.on_failure = OnFailure::Stop;
        options.jobs = std::num::NonZeroUsize::MIN;
        options
    };
    let outcomes = workspace.run_with(stopping(), &actions);
    assert!(matches!(outcomes[0], Outcome::Rejected { .. }));
    assert!(outcomes[1..].iter().all(|outcome| matches!(outcome, Outcome::Cancelled)));
    actions[0].rejection = Rejection::Tolerated;
    let outcomes = workspace.run_with(stopping(), &actions);
    assert!(outcomes[1..].iter().all(Outcome::is_success));
}

#[test]
fn once_cancelled_nothing_starts_and_nothing_is_published() {
    let workspace = Workspace::new();
    workspace.write("a.py", "x = 1\n");
    let actions = [workspace.action(&Arc::new(Tool::Builtin), "a.py")];
    let cancel = CancelToken::new();
    cancel.cancel();
    let outcomes = Executor::new(workspace.options()).run(&actions, &cancel, &mut |_| {});
    assert!(matches!(outcomes[0], Outcome::Cancelled));
    // Cancelled while it runs: the same.
    let cancel = CancelToken::new();
    let mut options = workspace.options();
    let (native, token) = (options.engines, cancel.clone());
    options.engines = Box::new(move |version| {
        token.cancel();
        native(version)
    });
    let outcomes = Executor::new(options).run(&actions, &cancel, &mut |_| {});
    assert!(matches!(outcomes[0], Outcome::Cancelled), "{outcomes:?}");
    assert!(files_below(&workspace.path("out")).is_empty());
}
