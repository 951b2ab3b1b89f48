//! A folder with sources, an output root and an executor's state, and actions over them.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_engine::Engine;
use prepyc_execution::{
    Action, CancelToken, Event, Executor, ExecutorOptions, Input, Limits, OnFailure, Outcome, Output,
    PerMnemonic, Program, Rejection, StrategyKind, Tool, WorkerOptions,
};
use tempfile::TempDir;

/// The Python that actions compile for.
pub(crate) const VERSION: &str = "3.13";

/// A folder that is gone after the test.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Workspace {
        Workspace { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in it.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        // Without links, whatever the folder for temporary files is.
        self.folder.path().canonicalize().unwrap().join(relative)
    }

    /// Writes a source, and the folders it is in.
    pub(crate) fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(&format!("src/{relative}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A tool that is a shell script, with those execution requirements.
    pub(crate) fn script(&self, script: &str, requirements: &[&str]) -> Arc<Tool> {
        let path = self.path("tool.sh");
        fs::write(&path, script).unwrap();
        Arc::new(Tool::Program(Program {
            command: vec!["/bin/sh".to_owned(), "tools/tool.sh".to_owned()],
            files: vec![Input { exec_path: "tools/tool.sh".to_owned(), file: path }],
            environment: [("PYTHONHASHSEED".to_owned(), "0".to_owned())].into(),
            requirements: requirements
                .iter()
                .map(|text| text.split_once('=').unwrap_or((text, "1")))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }))
    }

    /// Sources of these names, and an action of the tool for each.
    pub(crate) fn actions(&self, tool: &Arc<Tool>, sources: &[&str]) -> Vec<Action> {
        let action = |source: &&str| {
            self.write(source, &format!("# {source}\n"));
            self.action(tool, source)
        };
        sources.iter().map(action).collect()
    }

    /// What stands where an action's output is put, as text.
    pub(crate) fn made(&self, source: &str) -> String {
        fs::read_to_string(self.output(source)).unwrap_or_else(|error| error.to_string())
    }

    /// Where an action's output is put.
    pub(crate) fn output(&self, source: &str) -> PathBuf {
        self.path(&format!("out/{}c", source))
    }

    pub(crate) fn options(&self) -> ExecutorOptions {
        ExecutorOptions {
            jobs: NonZeroUsize::new(2).unwrap(),
            output_root: self.path("out"),
            state: self.path("state"),
            disk_cache: None,
            strategies: PerMnemonic::all(StrategyKind::DEFAULT.to_vec()),
            workers: WorkerOptions::standard(),
            limits: Limits::STANDARD,
            on_failure: OnFailure::KeepGoing,
            engines: Box::new(|version| {
                let native = version.version().and_then(|version| Engine::native(version, 2));
                native.map(Arc::new).ok_or_else(|| format!("no engine for {version}"))
            }),
        }
    }

    /// Compiles `pkg/a.py` to `bin/pkg/a.pyc`.
    pub(crate) fn action(&self, tool: &Arc<Tool>, source: &str) -> Action {
        let pyc = format!("bin/{source}c");
        let arguments = [
            ("--invalidation_mode", "unchecked_hash"),
            ("--src", source),
            ("--src_name", source),
            ("--pyc", &pyc),
            ("--optimize", "0"),
            ("--python_version", VERSION),
        ];
        Action {
            mnemonic: "PyCompile",
            description: format!("Python precompiling {source} into {pyc}"),
            tool: Arc::clone(tool),
            arguments: arguments.iter().flat_map(|(name, value)| [(*name).into(), (*value).into()]).collect(),
            inputs: vec![Input { exec_path: source.to_owned(), file: self.path(&format!("src/{source}")) }],
            outputs: vec![Output { exec_path: pyc.clone(), file: self.output(source) }],
            rejection: Rejection::Fails,
        }
    }

    /// Runs actions on an executor of their own.
    pub(crate) fn run(&self, actions: &[Action]) -> Vec<Outcome> {
        self.run_with(self.options(), actions)
    }

    pub(crate) fn run_with(&self, options: ExecutorOptions, actions: &[Action]) -> Vec<Outcome> {
        run(&Executor::new(options), actions)
    }
}

/// Runs actions that nothing is to be said about, and holds what is heard of them against what comes of them.
pub(crate) fn run(executor: &Executor, actions: &[Action]) -> Vec<Outcome> {
    let (outcomes, said) = run_hearing(executor, actions);
    assert!(said.is_empty(), "{said:?}");
    outcomes
}

/// The same, with the warnings.
pub(crate) fn run_hearing(executor: &Executor, actions: &[Action]) -> (Vec<Outcome>, Vec<String>) {
    let mut running = 0;
    let mut finished = 0;
    let mut said = Vec::new();
    let outcomes = executor.run(actions, &CancelToken::new(), &mut |event| match event {
        Event::Started { progress, .. } => {
            running += 1;
            assert_eq!(progress.running, running);
        }
        Event::Finished { progress, .. } => {
            running = progress.running;
            finished += 1;
            assert_eq!((progress.finished, progress.total), (finished, actions.len()));
        }
        Event::Warning(text) => said.push(text.to_owned()),
    });
    assert_eq!((running, finished), (0, actions.len()));
    (outcomes, said)
}

/// What went wrong, as the user is told.
pub(crate) fn error(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed { error } => error.to_string(),
        outcome => panic!("{outcome:?}"),
    }
}

/// The names of all files in a folder and those below, sorted; none where there is no folder.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                names.push(entry.path().strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    names.sort();
    names
}
