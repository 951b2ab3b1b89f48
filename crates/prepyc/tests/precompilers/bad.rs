//! Precompilers that do what they must not: one clear error, exit code 1, no pyc of that source, and the next build is right.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::workspace::{PYCS, Said, Workspace, leftovers, script, tools};

const JSON: &str = "--execution_requirements=requires-worker-protocol=json";
const WORKER: [&str; 2] = ["--execution_requirements=supports-workers=1", JSON];
const MULTIPLEX: [&str; 2] = ["--execution_requirements=supports-multiplex-workers=1", JSON];

/// What the script does with the source that it should copy.
const COPY: &str = "cat $dir$src > $dir$pyc; answer 0 ''";

/// Builds by a precompiler that does `bad` with `bad.py`; the error has to say all of `words`, once, and the others are built.
fn check(bad: &str, flags: &[&str], words: &[&str]) {
    let workspace = Workspace::with_script(&script(bad));
    let said = workspace.build(&[flags, &["--keep_going"]].concat());
    assert_eq!(said.code, Some(1), "{bad}: {said:?}");
    for word in words {
        assert!(said.err.contains(word), "{bad}: {word:?} is not in {said:#?}");
    }
    assert_eq!(said.err.matches("error: ").count(), 1, "{bad}: {said:?}");
    assert!(said.err.contains("error: //app:bad.py"), "{bad}: {said:?}");
    assert!(said.out.contains("5 pycs: 4 compiled, 0 from the cache, 0 up to date, 1 failed"), "{said:?}");
    let mut expected = workspace.copies();
    expected.remove("bad");
    assert_eq!(workspace.pycs(), expected, "{bad}");
    check_next(&workspace, flags);
}

/// Fails the test unless a build by a good precompiler comes to what it should.
fn check_next(workspace: &Workspace, flags: &[&str]) {
    assert!(leftovers(&workspace.path(PYCS)).is_empty(), "{:?}", leftovers(&workspace.path(PYCS)));
    workspace.write_program("tools/precompile.sh", &script(COPY));
    workspace.build(flags).expect_done("the next build");
    assert_eq!(workspace.pycs(), workspace.copies());
}

#[test]
fn one_that_dies_over_a_request() {
    for flags in [&WORKER, &MULTIPLEX] {
        check("echo 'out of luck' >&2; exit 3", flags, &["did not answer", "exit status 3", "out of luck"]);
        check("kill -9 $$", flags, &["ended by signal 9"]);
    }
    check("kill -9 $$", &[], &["ended by signal 9"]);
}

#[test]
fn one_that_dies_at_once() {
    for flags in [&WORKER, &MULTIPLEX] {
        let workspace = Workspace::with_script("#!/bin/sh\necho 'out of luck' >&2\nexit 3\n");
        let said = workspace.build(&[&flags[..], &["--jobs=1"]].concat());
        assert_eq!(said.code, Some(1), "{said:?}");
        assert_eq!(said.err.matches("error: ").count(), 1, "{said:?}");
        assert!(said.err.contains("exit status 3") && said.err.contains("\nout of luck\n"), "{said:?}");
        assert!(said.out.contains("1 failed, 4 not run"), "{said:?}");
        check_next(&workspace, flags);
    }
}

#[test]
fn what_is_wrong_with_every_source_is_said_once() {
    let workspace = Workspace::with_script(&script(COPY));
    let said = workspace.build(&["--keep_going", "--strategy=PyCompile=worker"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(said.err.matches("does not say supports-workers").count(), 1, "{said:?}");
    assert!(said.err.ends_with("error: //app:a.py: and 4 more with the same error\n"), "{said:?}");
    check_next(&workspace, &[]);
}

#[test]
fn one_that_hangs() {
    let killed_once = "killed, because it was not done after 0.3 s";
    for (flags, words) in [
        (&[][..], killed_once),
        (&WORKER, "did not answer within 0.3 s, and was killed"),
        (&MULTIPLEX, "did not answer within 0.3 s, and was killed"),
    ] {
        let workspace = Workspace::with_script(&script("sleep 1000"));
        let mut command = workspace.command(&["--extra_toolchains=//tools:toolchain", "//app:lone"]);
        let said = Said::of(&command.args(flags).arg("--action_timeout=0.3").output().unwrap());
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.starts_with("error: //app:bad.py: ") && said.err.contains(words), "{said:?}");
        check_next(&workspace, flags);
    }
}

#[test]
fn one_that_hangs_over_one_of_many_requests() {
    // Long enough for the others, whatever else the machine does.
    let limit = "--action_timeout=3";
    check("sleep 1000", &[&MULTIPLEX[..], &[limit]].concat(), &["did not answer within 3 s, and was killed"]);
}

#[test]
fn one_that_says_what_is_no_answer() {
    for flags in [&WORKER, &MULTIPLEX] {
        check("echo 'hello?'", flags, &["malformed json message"]);
        check("id=4711; answer 0 ''", flags, &["it answered request 4711, which is not outstanding"]);
        let twice = "cat $src > $pyc; printf '{\"requestId\":%s}\\n{\"requestId\":%s}\\n' ${id:-0} ${id:-0}";
        check(twice, flags, &["answered the request twice"]);
        check(
            "answer 0 ''",
            flags,
            &["said that it was done, but did not make prepyc-out/bin/app/__pycache__/bad."],
        );
    }
    check(
        "answer 0 ''",
        &[],
        &["said that it was done, but did not make prepyc-out/bin/app/__pycache__/bad."],
    );
}

#[test]
fn one_that_rejects_without_a_word() {
    check("answer 7 ''", &[], &["exit status 7, without a word", "error: //app:bad.py does not compile"]);
    check("answer 7 ''", &WORKER, &["exit code 7, without a word", "error: //app:bad.py does not compile"]);
}

#[test]
fn one_that_writes_where_it_must_not() {
    let beside = format!("echo > ${{dir}}app/more; {COPY}");
    let words = ["wrote app/more, which is none of the action's outputs"];
    check(&beside, &["--strategy=PyCompile=sandboxed"], &words);
    check(&beside, &[&WORKER[..], &["--worker_sandboxing"]].concat(), &words);
    let directories = [
        &MULTIPLEX[..],
        &["--execution_requirements=supports-multiplex-sandboxing=1"],
        &["--experimental_worker_multiplex_sandboxing"],
    ]
    .concat();
    check(&beside, &directories, &words);
    let elsewhere = "mkdir -p prepyc-out/bin/app/__pycache__; echo > $pyc; answer 0 ''";
    check(elsewhere, &directories, &["outside of its sandbox directory __sandbox/"]);
}

#[test]
fn one_that_writes_to_its_input() {
    for flags in [&[][..], &WORKER, &MULTIPLEX] {
        let words = ["app/bad.py: it changed while the build read it"];
        check(&format!("echo '# more' >> $src; {COPY}"), flags, &words);
    }
}

#[test]
fn a_damaged_entry_of_the_disk_cache_is_noticed_and_made_again() {
    let workspace = Workspace::with_script(&script(COPY));
    let build = || {
        let _ = fs::remove_dir_all(workspace.path("prepyc-out"));
        let said = workspace.build(&["--disk_cache=cache"]).expect_done("with a cache");
        assert_eq!(workspace.pycs(), workspace.copies(), "{said:?}");
        said
    };
    assert!(build().out.contains("5 compiled, 0 from the cache"));
    assert!(build().out.contains("0 compiled, 5 from the cache"));
    let mut damaged = 0;
    let mut open = vec![workspace.path("cache")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if fs::read(&path).unwrap() == workspace.copies()["a"] {
            // Of the same length, as a disk that fails would leave it.
            let _ = fs::remove_file(&path);
            fs::write(&path, b"NAME = 'x'\n").unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 1);
    let said = build();
    assert!(said.out.contains("1 compiled, 4 from the cache"), "{said:?}");
    assert!(
        said.err.starts_with("warning: ") && said.err.contains("cache/") && said.err.lines().count() == 1,
        "{said:?}"
    );
    assert!(build().out.contains("0 compiled, 5 from the cache"));
}

/// A build whose precompiler waits for ever over `bad.py`.
struct Waiting {
    workspace: Workspace,
    prepyc: Child,
    /// The precompiler.
    tool: Pid,
    /// Ends with the precompiler.
    alive: BufReader<fs::File>,
}

impl Waiting {
    /// Starts it, and comes back once the precompiler has told its process id.
    fn start(flags: &[&str]) -> Waiting {
        let workspace = Workspace::new();
        let fifo = workspace.path("started");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        workspace.write("tools/BUILD.bazel", &tools("precompile.sh", ""));
        // More than a pipe holds comes first: prepyc listens to a program once somebody watches over it.
        let waiting =
            format!("head -c 200000 /dev/zero >&2; exec 9> {}; echo $$ >&9; exec sleep 1000", fifo.display());
        workspace.write_program("tools/precompile.sh", &script(&waiting));
        let mut command = workspace.command(&["--extra_toolchains=//tools:toolchain", "//app"]);
        let command = command.args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
        let prepyc = command.spawn().unwrap();
        let mut text = String::new();
        let mut alive = BufReader::new(fs::File::open(&fifo).unwrap());
        alive.read_line(&mut text).unwrap();
        let tool = Pid::from_raw(text.trim().parse().unwrap()).unwrap();
        Waiting { workspace, prepyc, tool, alive }
    }

    /// Sends prepyc a signal, and looks at what is there once it has ended.
    fn end(mut self, signal: Signal) -> (Workspace, Said) {
        kill_process(Pid::from_child(&self.prepyc), signal).unwrap();
        let said = Said::of(&self.prepyc.wait_with_output().unwrap());
        assert_eq!(self.alive.read(&mut [0]).unwrap(), 0, "the precompiler has ended, too");
        let (pycs, copies) = (self.workspace.pycs(), self.workspace.copies());
        assert!(pycs.iter().all(|(name, pyc)| copies[name] == *pyc), "{pycs:?}");
        assert!(!pycs.contains_key("bad"));
        (self.workspace, said)
    }
}

#[test]
fn an_interrupted_build_leaves_nothing_half_done_and_nobody_at_work() {
    for flags in [&[][..], &WORKER, &MULTIPLEX] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let waiting = Waiting::start(flags);
            let tool = waiting.tool;
            let (workspace, said) = waiting.end(signal);
            assert_eq!(said.code, Some(code), "{said:?}");
            assert_eq!(said.err, "interrupted\n");
            assert!(test_kill_process(tool).is_err(), "the tool still runs: {said:?}");
            check_next(&workspace, flags);
        }
    }
}

#[test]
fn a_build_that_was_killed_leaves_nobody_at_work_and_the_next_one_is_right() {
    for flags in [&[][..], &WORKER] {
        // It has no say in this; the shell that watches over its tools ends them.
        let (workspace, said) = Waiting::start(flags).end(Signal::KILL);
        assert_eq!(said.code, None, "{said:?}");
        check_next(&workspace, flags);
    }
}
