//! How a worker's process lives and ends: streams, signals, children.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use prepyc_protocol::{Protocol, WorkRequest, write_request};
use rustix::process::Signal;

use crate::support::{
    Folder, Worker, assert_done, command, gated_python, gated_source, open_gate, python, request, triple,
    wait_for_gate, wait_until,
};

pub(crate) fn case_04_end_of_input_while_idle(test: &str) {
    let folder = Folder::new();
    let nothing = PathBuf::from("/no/such/python");
    for before_the_end in ["", "\n", " \r\n\t"] {
        for flags in [&[][..], &["--worker_protocol=json"]] {
            let mut worker = Worker::start(&folder, Protocol::Json, &nothing, flags);
            worker.send_bytes(before_the_end.as_bytes());
            let ended = worker.finish();
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{before_the_end:?}");
        }
    }
    let worker = Worker::start(&folder, Protocol::Proto, &nothing, &["--worker_protocol", "proto"]);
    assert_eq!(worker.finish().code, Some(0));

    let Some(python) = python(test) else { return };
    folder.write("a.py", "x = 1\n");
    let mut worker = Worker::start(&folder, Protocol::Json, &python, &[]);
    worker.send(&request(1, "a.py", "a.pyc"));
    assert_done(&worker.receive(), 1);
    let ended = worker.finish();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

pub(crate) fn case_05_end_of_input_in_a_message(_test: &str) {
    let folder = Folder::new();
    let nothing = PathBuf::from("/no/such/python");
    let whole = WorkRequest { request_id: 1, arguments: triple("a", "b", "c"), ..WorkRequest::default() };
    for protocol in [Protocol::Json, Protocol::Proto] {
        let mut bytes = Vec::new();
        write_request(protocol, &whole, &mut bytes).unwrap();
        for length in [1, 2, 40, bytes.len() - 2] {
            let mut worker = Worker::start(&folder, protocol, &nothing, &[]);
            worker.send_bytes(&bytes[..length]);
            let ended = worker.finish();
            assert_eq!(ended.code, Some(2), "{protocol} {length}: {ended:?}");
            assert!(ended.stderr.contains("in the middle of a"), "{protocol} {length}: {ended:?}");
        }
    }
}

/// Idle or busy: exit code 0, no child, no temporary file, and the compile that was under way leaves nothing.
pub(crate) fn case_06_sigterm(test: &str) {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = Folder::new();
        let Some(python) = gated_python(&folder, test) else { return };
        let worker = Worker::start_interpreted(&folder, Protocol::Json, &python, &["--log_level=INFO"]);
        // It may be sent before the worker watches for it; then the signal itself ends it.
        wait_until("the worker's signal handling", || catches(worker.id(), signal));
        worker.send_signal(signal);
        let ended = worker.wait();
        assert_eq!(ended.code, Some(0), "{ended:?}");

        folder.write("slow.py", gated_source(&folder, "gate"));
        folder.write("a.py", "x = 1\n");
        let mut worker = Worker::start_interpreted(&folder, Protocol::Json, &python, &[]);
        worker.send(&request(1, "slow.py", "slow.pyc"));
        worker.send(&request(2, "a.py", "a.pyc"));
        wait_for_gate(&folder, "gate");
        assert_done(&worker.receive(), 2);
        let children = children_of(worker.id());
        assert!(!children.is_empty(), "an interpreter is at work");
        worker.send_signal(signal);
        let ended = worker.wait();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        // They were killed; what is left of them is only their parent's to collect.
        wait_until("the end of the interpreters", || !children.iter().any(|&child| is_running(child)));
        let files = ["a.py", "a.pyc", "bin/gated.py", "bin/python", "gate.reached", "slow.py"];
        assert_eq!(folder.files(), files);
    }
}

/// An interpreter that does not start keeps no one waiting but its request.
pub(crate) fn sigterm_while_an_interpreter_hangs(_test: &str) {
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    // It reads its input, as everything does that lives no longer than the worker.
    folder.write("python", "#!/bin/sh\n: > started\nexec cat > read\n");
    fs::set_permissions(folder.path("python"), fs::Permissions::from_mode(0o755)).expect("an executable");
    let mut worker = Worker::start_interpreted(&folder, Protocol::Json, &folder.path("python"), &[]);
    worker.send(&request(1, "a.py", "a.pyc"));
    wait_until("the start of the interpreter", || folder.exists("started"));
    worker.send_signal(Signal::TERM);
    assert_eq!(worker.wait().code, Some(0));
    assert!(!folder.exists("a.pyc"));
}

/// What cannot start now may start later: each request tries again.
pub(crate) fn an_interpreter_that_comes_later_is_used(test: &str) {
    let folder = Folder::new();
    let Some(python) = gated_python(&folder, test) else { return };
    folder.write("a.py", "x = 1\n");
    let later = folder.path("later");
    let mut worker = Worker::start_interpreted(&folder, Protocol::Json, &later, &[]);
    worker.send(&request(1, "a.py", "a.pyc"));
    let response = worker.receive();
    assert_eq!(response.exit_code, 1);
    assert!(response.output.contains("later"), "{}", response.output);
    std::os::unix::fs::symlink(python, later).expect("a link");
    worker.send(&request(2, "a.py", "a.pyc"));
    assert_done(&worker.receive(), 2);
    assert_eq!(worker.finish().code, Some(0));
}

/// Whether a process has a handler for a signal.
fn catches(process: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("its signals");
    let caught = u64::from_str_radix(caught.trim(), 16).expect("a mask");
    caught & (1 << (signal.as_raw() - 1)) != 0
}

fn children_of(process: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("/proc");
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|&id| stat(id).is_some_and(|(_, parent)| parent == process)).collect()
}

fn is_running(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// The state and the parent of a process.
fn stat(process: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// What a child writes, to whatever it has inherited, is no response.
pub(crate) fn case_27_stray_prints(test: &str) {
    for protocol in [Protocol::Json, Protocol::Proto] {
        let folder = Folder::new();
        let Some(python) = gated_python(&folder, test) else { return };
        folder.write("loud.py", "x = 1  # prints\n");
        let mut worker = Worker::start_interpreted(&folder, protocol, &python, &[]);
        for id in 1..=5 {
            worker.send(&request(id, "loud.py", &format!("{id}.pyc")));
        }
        for (response, id) in worker.receive_sorted(5).iter().zip(1..) {
            assert_done(response, id);
        }
        // The child of the child ran `cat`: it has read nothing of what is sent now.
        worker.send(&request(6, "loud.py", "6.pyc"));
        assert_done(&worker.receive(), 6);
        assert_eq!(worker.finish().code, Some(0));
    }
}

/// Nothing can be read after it; what was asked before it is answered.
pub(crate) fn malformed_input_ends_it(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    for (protocol, garbage) in [
        (Protocol::Json, &b"{\"requestId\":2]"[..]),
        (Protocol::Json, b"[]"),
        (Protocol::Json, b"{\"requestId\":\"two\"}"),
        (Protocol::Proto, b"\x02\x0a\x7f"),
        (Protocol::Proto, b"\xff\xff\xff\xff\xff\xff"),
    ] {
        let mut worker = Worker::start(&folder, protocol, &python, &[]);
        worker.send(&request(1, "a.py", "a.pyc"));
        worker.send_bytes(garbage);
        assert_done(&worker.receive(), 1);
        let ended = worker.wait();
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(&format!("malformed {protocol} message")), "{ended:?}");
    }
}

pub(crate) fn closed_output_ends_it(_test: &str) {
    let folder = Folder::new();
    let mut child = command(&folder)
        .arg("--persistent_worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut requests = child.stdin.take().unwrap();
    write_request(Protocol::Json, &WorkRequest::default(), &mut requests).unwrap();
    // Its input stays open: it ends because it can answer no more.
    let stderr = child.stderr.take().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let said = std::io::read_to_string(stderr).unwrap();
    assert!(said.contains("cannot write a response"), "{said}");
    drop(requests);
}

pub(crate) fn serial_takes_one_at_a_time(test: &str) {
    let folder = Folder::new();
    let Some(python) = gated_python(&folder, test) else { return };
    folder.write("slow.py", gated_source(&folder, "gate"));
    folder.write("a.py", "x = 1\n");
    let mut worker =
        Worker::start_interpreted(&folder, Protocol::Json, &python, &["--worker_impl", "serial"]);
    worker.send(&request(1, "slow.py", "1.pyc"));
    for id in 2..=5 {
        worker.send(&request(id, "a.py", &format!("{id}.pyc")));
    }
    wait_for_gate(&folder, "gate");
    assert!(!folder.exists("2.pyc"));
    open_gate(&folder, "gate");
    for id in 1..=5 {
        assert_done(&worker.receive(), id);
    }
    assert_eq!(worker.finish().code, Some(0));
}

pub(crate) fn one_shot_sigterm(test: &str) {
    let folder = Folder::new();
    let Some(python) = gated_python(&folder, test) else { return };
    folder.write("slow.py", gated_source(&folder, "gate"));
    let mut command = command(&folder);
    command
        .arg("--engine=interpreter")
        .arg("--python")
        .arg(&python)
        .args(triple("slow.py", "slow.py", "slow.pyc"));
    let worker = Worker::spawn(command, Protocol::Json);
    wait_for_gate(&folder, "gate");
    let children = children_of(worker.id());
    worker.send_signal(Signal::TERM);
    let ended = worker.wait();
    assert_eq!(ended.code, Some(128 + Signal::TERM.as_raw()), "its work was not done: {ended:?}");
    wait_until("the end of the interpreter", || !children.iter().any(|&child| is_running(child)));
    assert_eq!(folder.files(), ["bin/gated.py", "bin/python", "gate.reached", "slow.py"]);
}
