//! A long day of a worker: many requests of all kinds, each answered once, and memory that stays where it was.

use std::collections::VecDeque;
use std::fs;
use std::process::Stdio;

use prepyc_protocol::{Client, Input, Plexing, Protocol, Reply, WorkRequest};

use crate::support::{Folder, command, python, request};

const REQUESTS: usize = 20_000;

/// How many are unanswered at a time.
const WINDOW: usize = 48;

/// How much more memory the worker may have at the end than half-way, in KiB: less than one of its largest requests.
const GROWTH_LIMIT_KIB: u64 = 8 << 10;

/// How much it may have at all, in KiB.
const MEMORY_LIMIT_KIB: u64 = 96 << 10;

/// What a request is made to be, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    Rejected,
    Usage,
    Cancelled,
    /// Half a megabyte of inputs, as rules_python's are.
    Large,
    /// Ten megabytes of inputs.
    Huge,
}

fn kind(number: usize) -> Kind {
    match number {
        _ if number % 2_000 == 700 => Kind::Huge,
        _ if number % 50 == 20 => Kind::Large,
        _ if number % 20 == 7 => Kind::Rejected,
        _ if number % 40 == 9 => Kind::Usage,
        _ if number % 10 == 3 => Kind::Cancelled,
        _ => Kind::Good,
    }
}

pub(crate) fn case_32_twenty_thousand_requests_in_flat_memory(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    for number in 0..50 {
        folder.write(
            format!("m{number}.py"),
            format!("def f(a, b={number}):\n    return a + b, 'm{number}'\n"),
        );
    }
    folder.write("bad.py", "x = (\n");
    let mut command = command(&folder);
    command.arg("--persistent_worker").arg("--python").arg(&python).stderr(Stdio::null());
    let worker = Client::spawn(command, Protocol::Json, Plexing::Multiplex).expect("the worker starts");

    let mut outstanding: VecDeque<(Kind, Reply)> = VecDeque::new();
    let mut cancelled = 0;
    let mut answered = 0;
    let mut half_way = 0;
    let mut settle = |(kind, reply): (Kind, Reply)| {
        let id = reply.id();
        let response = reply.wait().expect("an answer");
        assert_eq!(response.request_id, id);
        let expected = i32::from(matches!(kind, Kind::Rejected | Kind::Usage));
        assert_eq!(response.exit_code, expected, "{kind:?}: {}", response.output);
        assert_eq!(response.output.is_empty(), expected == 0, "{kind:?}: {}", response.output);
        assert!(kind == Kind::Cancelled || !response.was_cancelled);
        cancelled += usize::from(response.was_cancelled);
        answered += 1;
    };
    for number in 0..REQUESTS {
        let kind = kind(number);
        let reply = worker.submit(work(kind, number)).expect("the worker reads");
        if kind == Kind::Cancelled {
            worker.cancel(&reply).expect("the worker reads");
        }
        outstanding.push_back((kind, reply));
        if outstanding.len() >= WINDOW {
            outstanding.pop_front().map(&mut settle);
        }
        if number == REQUESTS / 2 {
            outstanding.drain(..).for_each(&mut settle);
            half_way = resident_kib(worker.process_id());
        }
    }
    outstanding.drain(..).for_each(&mut settle);
    let end = resident_kib(worker.process_id());
    assert_eq!(answered, REQUESTS);
    assert!(cancelled > 0, "no cancel came in time");
    assert!(end <= half_way + GROWTH_LIMIT_KIB, "{half_way} KiB half-way, {end} KiB at the end");
    assert!(end <= MEMORY_LIMIT_KIB, "{end} KiB");
    // A response to nothing would have ended the client's reading, and the last requests would have failed.
    assert!(worker.close().expect("it ends").success());
    let left: Vec<_> = folder.files().into_iter().filter(|name| name.contains(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn work(kind: Kind, number: usize) -> WorkRequest {
    let source = format!("m{}.py", number % 50);
    let pyc = format!("out/{}.pyc", number % 100);
    let mut work = match kind {
        Kind::Rejected => request(0, "bad.py", &pyc),
        Kind::Usage => WorkRequest { arguments: vec!["--bogus".to_owned()], ..WorkRequest::default() },
        _ => request(0, &source, &pyc),
    };
    let inputs = match kind {
        Kind::Large => 3_500,
        Kind::Huge => 75_000,
        _ => 5,
    };
    work.inputs.extend((0..inputs).map(|input| Input {
        path: format!("external/python/lib/python3.13/some_package/module_{input}.py"),
        digest: b"788119b73310a29883a8cc91779565587ea0".to_vec(),
    }));
    work
}

/// What a process has in memory (`VmRSS`), in KiB.
fn resident_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the worker runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
