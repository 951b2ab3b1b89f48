//! `prepyc-worker` as the precompiler of a build, run in every way there is: the same bytes as in the build's own process.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_engine::Engine;
use prepyc_execution::{
    Action, CancelToken, Executor, ExecutorOptions, Input, Limits, OnFailure, Outcome, Output, PerMnemonic,
    Program, RanBy, Rejection, StrategyKind, Tool, WorkerOptions,
};

/// One rejected, one with a warning, the others plain.
const SOURCES: [(&str, &str); 5] = [
    ("a.py", "x = 1\n"),
    ("pkg/b.py", "def f(): return 'é'\n"),
    ("pkg/bad.py", "x = = 1\n"),
    ("pkg/sub/c.py", "x = '\\d'\n"),
    ("d.py", "import a\n"),
];

/// How actions are run.
#[derive(Clone, Copy)]
struct Way {
    strategy: StrategyKind,
    requirements: &'static [&'static str],
    sandboxing: bool,
}

fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for strategy in [StrategyKind::Local, StrategyKind::Sandboxed] {
        ways.push(Way { strategy, requirements: &[], sandboxing: false });
    }
    for requirements in [
        &["supports-workers"][..],
        &["supports-workers", "requires-worker-protocol=json"],
        &["supports-multiplex-workers", "supports-multiplex-sandboxing"],
        &["supports-multiplex-workers", "supports-multiplex-sandboxing", "requires-worker-protocol=json"],
    ] {
        for sandboxing in [false, true] {
            ways.push(Way { strategy: StrategyKind::Worker, requirements, sandboxing });
        }
    }
    ways
}

fn tool(way: Way) -> Tool {
    let pair = |text: &&str| {
        let (name, value) = text.split_once('=').unwrap_or((text, "1"));
        (name.to_owned(), value.to_owned())
    };
    let exec_path = "tools/prepyc-worker".to_owned();
    Tool::Program(Program {
        command: vec![exec_path.clone()],
        files: vec![Input { exec_path, file: PathBuf::from(env!("CARGO_BIN_EXE_prepyc-worker")) }],
        environment: [("PYTHONHASHSEED".to_owned(), "0".to_owned())].into(),
        requirements: way.requirements.iter().map(pair).collect(),
    })
}

fn action(root: &Path, tool: &Arc<Tool>, source: &str) -> Action {
    let pyc = format!("bin/{source}c");
    let options = [
        ("--invalidation_mode", "checked_hash"),
        ("--src", source),
        ("--src_name", source),
        ("--pyc", &pyc),
        ("--optimize", "1"),
        ("--python_version", "3.14"),
    ];
    Action {
        mnemonic: "PyCompile",
        description: format!("Python precompiling {source} into {pyc}"),
        tool: Arc::clone(tool),
        arguments: options.iter().flat_map(|(name, value)| [(*name).into(), (*value).into()]).collect(),
        inputs: vec![Input { exec_path: source.to_owned(), file: root.join("src").join(source) }],
        outputs: vec![Output { exec_path: pyc.clone(), file: root.join("out").join(&pyc) }],
        rejection: Rejection::Tolerated,
    }
}

/// What is said of each source, and its pyc.
fn build(tool: Tool, way: Option<Way>) -> Vec<(String, Option<Vec<u8>>)> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for (source, text) in SOURCES {
        let path = root.join("src").join(source);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let tool = Arc::new(tool);
    let actions: Vec<Action> = SOURCES.iter().map(|(source, _)| action(&root, &tool, source)).collect();
    let mut workers = WorkerOptions::standard();
    workers.sandboxing = way.is_some_and(|way| way.sandboxing);
    workers.multiplex_sandboxing = workers.sandboxing;
    let executor = Executor::new(ExecutorOptions {
        jobs: NonZeroUsize::new(3).unwrap(),
        output_root: root.join("out"),
        state: root.join("state"),
        disk_cache: None,
        strategies: PerMnemonic::all(way.iter().map(|way| way.strategy).collect()),
        workers,
        limits: Limits::STANDARD,
        on_failure: OnFailure::Stop,
        engines: Box::new(|version| {
            let native = version.version().and_then(|version| Engine::native(version, 1));
            native.map(Arc::new).ok_or_else(|| format!("no engine for {version}"))
        }),
    });
    let outcomes = executor.run(&actions, &CancelToken::new(), &mut |_| {});
    let expected = way.map_or(RanBy::Builtin, |way| RanBy::Strategy(way.strategy));
    let said = |outcome: Outcome| match outcome {
        Outcome::Ran { by, output } => {
            assert_eq!(by, expected);
            output
        }
        Outcome::Rejected { output } => output,
        outcome => panic!("{outcome:?}"),
    };
    let pycs = actions.iter().map(|action| fs::read(&action.outputs[0].file).ok());
    outcomes.into_iter().map(said).zip(pycs).collect()
}

#[test]
fn every_strategy_makes_what_the_build_itself_makes_and_says_the_same() {
    let expected = build(Tool::Builtin, None);
    assert!(expected[2].0.contains("SyntaxError: invalid syntax") && expected[2].1.is_none());
    assert!(expected[3].0.contains("SyntaxWarning") && expected[3].1.is_some());
    for way in ways() {
        let made = build(tool(way), Some(way));
        assert!(made == expected, "{} {:?} {}", way.strategy, way.requirements, way.sandboxing);
    }
}
