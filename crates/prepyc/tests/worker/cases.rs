//! Cases of docs/worker_protocol.md §12 that are about bytes, ids and files.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use prepyc_protocol::{Input, Protocol, WorkRequest, write_request};
use prepyc_testing::Oracle;

use crate::support::{
    Folder, VERSION, Worker, assert_cancelled, assert_done, cancel, gated_python, gated_source, open_gate,
    python, request, run, triple, wait_for_gate,
};

const BOTH: [Protocol; 2] = [Protocol::Json, Protocol::Proto];

/// Params files as Bazel writes them: one argument a line; what begins with `@` within one is no file.
pub(crate) fn case_01_one_shot_with_params(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    let python = python.to_string_lossy();
    folder.write("@pkg/a b.py", "def f():\n    return __file__\n");
    folder.write(
        "out/a.pyc-0.params",
        triple("@pkg/a b.py", "pkg/a b.py", "out/__pycache__/a.pyc").join("\n") + "\n",
    );
    let output = run(&folder, &["--python", &python, "@out/a.pyc-0.params"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()));

    let oracle = Oracle::find(VERSION).expect("it was there");
    let script = "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], sys.argv[3], True,
        invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)";
    let reference = folder.path("reference.pyc");
    let arguments = [folder.path("@pkg/a b.py"), reference.clone(), "pkg/a b.py".into()];
    let status = oracle.command().args(["-c", script]).args(arguments).status().expect("the interpreter");
    assert!(status.success());
    let (ours, reference) = (folder.read("out/__pycache__/a.pyc"), folder.read(reference));
    assert_eq!(ours[..16], reference[..16], "the header");
    let script = "import marshal, sys
a, b = (marshal.loads(open(path, 'rb').read()[16:]) for path in sys.argv[1:])
assert a == b and a.co_filename == b.co_filename == 'pkg/a b.py', (a, b)";
    let paths = [folder.path("out/__pycache__/a.pyc"), folder.path("reference.pyc")];
    assert!(oracle.command().args(["-c", script]).args(paths).status().expect("the interpreter").success());

    // Some arguments here, some there; two params files; the options of the last one count.
    folder.write("more.params", "--optimize\n1\n--src\n@pkg/a b.py\n--src_name=b.py\n");
    let arguments = ["@more.params", "--pyc", "b.pyc", "--python_version=3.13", "--python", &python];
    let output = run(&folder, &arguments);
    assert!(output.status.success(), "{output:?}");
    assert!(folder.exists("b.pyc"));
}

/// Bazel lists every file of the interpreter as an input: half a megabyte is normal, and there is no limit.
pub(crate) fn case_13_request_of_ten_mebibytes(test: &str) {
    let Some(python) = python(test) else { return };
    for protocol in BOTH {
        let folder = Folder::new();
        folder.write("a.py", "x = 1\n");
        let mut large = request(1, "a.py", "a.pyc");
        let input = |number: i32| Input {
            path: format!("external/python/lib/python3.13/site-packages/some/module_{number}.py"),
            digest: b"788119b73310a29883a8cc91779565".to_vec(),
        };
        large.inputs = (0..110_000).map(input).collect();
        let mut bytes = Vec::new();
        write_request(protocol, &large, &mut bytes).unwrap();
        assert!(bytes.len() > 10 << 20, "{}", bytes.len());
        let mut worker = Worker::start(&folder, protocol, &python, &[]);
        worker.send_bytes(&bytes);
        worker.send(&request(2, "a.py", "b.pyc"));
        let responses = worker.receive_sorted(2);
        assert_done(&responses[0], 1);
        assert_done(&responses[1], 2);
        assert_eq!(worker.finish().code, Some(0));
    }
}

/// Lengths of one, two and more bytes than needed, unknown fields of every wire type, a body in pieces.
pub(crate) fn case_14_proto_framing(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    let mut worker = Worker::start(&folder, Protocol::Proto, &python, &[]);
    // The empty message is a request too: singleplex, and nothing to do.
    worker.send_bytes(&[0]);
    let response = worker.receive();
    assert_eq!((response.request_id, response.exit_code), (0, 1));

    let mut bytes = Vec::new();
    write_request(Protocol::Proto, &request(1, "a.py", "a.pyc"), &mut bytes).unwrap();
    assert!(bytes[0] < 0x80, "the whole request is short");
    let unknown =
        [b"\xf8\x06\x2a".as_slice(), b"\xfa\x06\x03abc", b"\xf9\x0612345678", b"\xfd\x06wxyz"].concat();
    let with_unknown = [&unknown, &bytes[1..], &unknown, &unknown].concat();
    let length = u8::try_from(with_unknown.len()).unwrap();
    assert!(length >= 0x80, "{length}");
    for piece in [&[length, 1][..], &with_unknown[..10], &with_unknown[10..]] {
        worker.send_bytes(piece);
    }
    assert_done(&worker.receive(), 1);
    // The same length as it could be written in five bytes.
    let short = u8::try_from(bytes.len() - 1).unwrap();
    worker.send_bytes(&[short | 0x80, 0x80, 0x80, 0x80, 0]);
    worker.send_bytes(&bytes[1..]);
    assert_done(&worker.receive(), 1);
    assert!(folder.exists("a.pyc"));
    assert_eq!(worker.finish().code, Some(0));
}

pub(crate) fn case_15_sixty_four_concurrent_requests(test: &str) {
    let Some(python) = python(test) else { return };
    for protocol in BOTH {
        let folder = Folder::new();
        let mut worker = Worker::start(&folder, protocol, &python, &[]);
        for id in 1..=64 {
            folder.write(format!("m{id}.py"), format!("x = {id}\n"));
            worker.send(&request(id, &format!("m{id}.py"), &format!("out/m{id}.pyc")));
        }
        for (response, id) in worker.receive_sorted(64).iter().zip(1..) {
            assert_done(response, id);
        }
        assert_eq!(worker.finish().code, Some(0));
        let made: BTreeSet<_> = (1..=64).map(|id| folder.read(format!("out/m{id}.pyc"))).collect();
        assert_eq!(made.len(), 64, "64 different pycs");
    }
}

/// Answers larger than any pipe, from all threads at once: the reader of this test takes nothing but whole responses.
pub(crate) fn case_16_answers_do_not_mix(test: &str) {
    let Some(python) = python(test) else { return };
    for protocol in BOTH {
        let folder = Folder::new();
        let mut worker = Worker::start(&folder, protocol, &python, &[]);
        let lines = |id: i32| if id % 4 == 0 { 2_000 } else { 1 };
        for id in 1..=100 {
            // Each line is worth a warning of some seventy bytes.
            folder.write(format!("m{id}.py"), "x is 1\n".repeat(lines(id)));
            worker.send(&request(id, &format!("m{id}.py"), &format!("m{id}.pyc")));
        }
        for (response, id) in worker.receive_sorted(100).into_iter().zip(1..) {
            assert_eq!((response.request_id, response.exit_code), (id, 0));
            let warnings: Vec<&str> =
                response.output.lines().filter(|line| line.contains("SyntaxWarning")).collect();
            assert_eq!(warnings.len(), lines(id), "request {id}");
            let (start, end) = (format!("m{id}.py:"), "Did you mean \"==\"?");
            assert!(
                warnings.iter().all(|line| line.starts_with(&start) && line.ends_with(end)),
                "request {id}"
            );
        }
        assert_eq!(worker.finish().code, Some(0));
    }
}

/// Neither replaced nor written through; in a batch, nothing else of it is written either.
pub(crate) fn case_22_output_over_symlink(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("sandbox/a.py", "x = 1\n");
    folder.write("target", "precious");
    std::os::unix::fs::symlink(folder.path("target"), folder.path("sandbox/link.pyc")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path("sandbox/dangling.pyc")).unwrap();
    fs::create_dir(folder.path("sandbox/folder.pyc")).unwrap();
    let mut worker = Worker::start(&folder, Protocol::Json, &python, &[]);
    for (id, output) in (1..).zip(["link.pyc", "dangling.pyc", "folder.pyc"]) {
        let mut batch = request(id, "a.py", output);
        batch.arguments.extend(triple("a.py", "a.py", "fine.pyc"));
        batch.sandbox_dir = "sandbox".to_owned();
        worker.send(&batch);
        let response = worker.receive();
        assert_eq!(response.exit_code, 1);
        assert!(response.output.contains(&format!("sandbox/{output}: ")), "{}", response.output);
    }
    assert_eq!(worker.finish().code, Some(0));
    assert_eq!(folder.read("target"), b"precious");
    assert_eq!(fs::read_link(folder.path("sandbox/link.pyc")).unwrap(), folder.path("target"));
    assert_eq!(fs::read_link(folder.path("sandbox/dangling.pyc")).unwrap(), Path::new("nowhere"));
    assert!(!folder.exists("sandbox/fine.pyc"));
    // A source that is a symlink is what sandboxes are made of.
    std::os::unix::fs::symlink(folder.path("sandbox/a.py"), folder.path("b.py")).unwrap();
    let mut worker = Worker::start(&folder, Protocol::Json, &python, &[]);
    worker.send(&request(1, "b.py", "b.pyc"));
    assert_done(&worker.receive(), 1);
    assert_eq!(worker.finish().code, Some(0));
}

/// One answer, at once, although the compile goes on; and no file changes after it.
pub(crate) fn case_23_cancel_in_flight(test: &str) {
    for protocol in BOTH {
        let folder = Folder::new();
        let Some(python) = gated_python(&folder, test) else { return };
        folder.write("slow.py", gated_source(&folder, "gate"));
        folder.write("a.py", "x = 1\n");
        folder.write("slow.pyc", "the old bytes");
        let mut worker = Worker::start_interpreted(&folder, protocol, &python, &[]);
        worker.send(&request(1, "slow.py", "slow.pyc"));
        wait_for_gate(&folder, "gate");
        worker.send(&cancel(1));
        assert_cancelled(&worker.receive(), 1);
        let files = folder.files();
        open_gate(&folder, "gate");
        // Its interpreter goes on to others; when those are done, so is the compile that was given up.
        for id in 2..10 {
            worker.send(&request(id, "a.py", "a.pyc"));
        }
        for (response, id) in worker.receive_sorted(8).iter().zip(2..) {
            assert_done(response, id);
        }
        assert_eq!(worker.finish().code, Some(0));
        assert_eq!(folder.read("slow.pyc"), b"the old bytes");
        let mut expected = files;
        expected.extend(["a.pyc".to_owned(), "gate.open".to_owned()]);
        expected.sort();
        assert_eq!(folder.files(), expected);
    }
}

/// The second cancel of one request, and one that comes after the answer, say nothing.
pub(crate) fn case_24_cancel_answered_or_twice(test: &str) {
    let folder = Folder::new();
    let Some(python) = gated_python(&folder, test) else { return };
    folder.write("slow.py", gated_source(&folder, "gate"));
    folder.write("a.py", "x = 1\n");
    let mut worker = Worker::start_interpreted(&folder, Protocol::Json, &python, &[]);
    worker.send(&request(1, "slow.py", "slow.pyc"));
    wait_for_gate(&folder, "gate");
    for id in [1, 1, 99, 1] {
        worker.send(&cancel(id));
    }
    assert_cancelled(&worker.receive(), 1);
    worker.send(&cancel(1));
    open_gate(&folder, "gate");
    worker.send(&request(2, "a.py", "a.pyc"));
    assert_done(&worker.receive(), 2);
    worker.send(&cancel(2));
    worker.send(&cancel(1));
    worker.send(&request(3, "a.py", "a.pyc"));
    assert_done(&worker.receive(), 3);
    assert_eq!(worker.finish().code, Some(0));
    assert!(!folder.exists("slow.pyc"));
}

pub(crate) fn case_25_cancel_singleplex(test: &str) {
    for protocol in BOTH {
        let folder = Folder::new();
        let Some(python) = gated_python(&folder, test) else { return };
        folder.write("slow.py", gated_source(&folder, "gate"));
        folder.write("a.py", "x = 1\n");
        let mut worker = Worker::start_interpreted(&folder, protocol, &python, &[]);
        worker.send(&request(0, "slow.py", "slow.pyc"));
        wait_for_gate(&folder, "gate");
        worker.send(&cancel(0));
        assert_cancelled(&worker.receive(), 0);
        // The next request does not wait for the compile that was given up.
        worker.send(&request(0, "a.py", "a.pyc"));
        assert_done(&worker.receive(), 0);
        open_gate(&folder, "gate");
        worker.send(&request(0, "a.py", "b.pyc"));
        assert_done(&worker.receive(), 0);
        worker.send(&cancel(0));
        assert_eq!(worker.finish().code, Some(0));
        assert!(!folder.exists("slow.pyc"));
        assert!(folder.exists("a.pyc") && folder.exists("b.pyc"));
    }
}

/// After the answer an id is free. Before it, as old Bazel may have it, the new request is the one that counts: the
/// old one is neither answered nor published.
pub(crate) fn case_26_id_reuse(test: &str) {
    let folder = Folder::new();
    let Some(python) = gated_python(&folder, test) else { return };
    folder.write("a.py", "x = 1\n");
    folder.write("old.py", gated_source(&folder, "gate"));
    let mut worker = Worker::start_interpreted(&folder, Protocol::Json, &python, &[]);
    for output in ["1.pyc", "2.pyc"] {
        worker.send(&request(1, "a.py", output));
        assert_done(&worker.receive(), 1);
    }
    worker.send(&request(1, "old.py", "same.pyc"));
    wait_for_gate(&folder, "gate");
    worker.send(&request(1, "a.py", "same.pyc"));
    assert_done(&worker.receive(), 1);
    let newer = folder.read("same.pyc");
    open_gate(&folder, "gate");
    for id in 2..10 {
        worker.send(&request(id, "a.py", "other.pyc"));
    }
    worker.receive_sorted(8);
    assert_eq!(worker.finish().code, Some(0));
    assert_eq!(folder.read("same.pyc"), newer);
}

/// Sources and names in no known encoding: the answer is UTF-8 all the same.
pub(crate) fn case_28_diagnostics_that_are_not_utf8(test: &str) {
    let Some(python) = python(test) else { return };
    for protocol in BOTH {
        let folder = Folder::new();
        folder.write("bytes.py", b"x = '\xff\xfe'\n");
        folder.write("latin.py", b"# coding: latin-1\nx = '\xe9' = = 1\n");
        folder.write("surrogate.py", "raise_ = '\\udcff' = = 1\n");
        // A request's own text is UTF-8; a params file's bytes are what they are.
        let names: Vec<u8> =
            triple("latin.py", "NAME", "latin.pyc").join("\n").replace("NAME", "\u{1}").into_bytes();
        let names = names.into_iter().map(|byte| if byte == 1 { 0xe9 } else { byte }).collect::<Vec<_>>();
        folder.write("latin.params", names);
        let mut worker = Worker::start(&folder, protocol, &python, &[]);
        let mut answer = |request: &WorkRequest| {
            worker.send(request);
            let response = worker.receive();
            assert_eq!(response.exit_code, 1);
            response.output
        };
        let output = answer(&request(1, "bytes.py", "a.pyc"));
        assert!(output.contains("(unicode error)") && output.contains("0xff"), "{output}");
        let output = answer(&request(2, "latin.py", "a.pyc"));
        assert!(output.contains("    x = 'é' = = 1\n"), "{output}");
        assert!(answer(&request(3, "surrogate.py", "a.pyc")).contains("SyntaxError"));
        let arguments = vec!["@latin.params".to_owned()];
        let output = answer(&WorkRequest { arguments, request_id: 4, ..WorkRequest::default() });
        assert!(output.contains("  File \""), "{output}");
        assert_eq!(worker.finish().code, Some(0));
    }
}

/// Verbosity makes the log longer, and changes no answer.
pub(crate) fn case_29_verbosity(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    folder.write("bad.py", "x = (\n");
    let mut runs = Vec::new();
    for verbosity in [0, 10] {
        let mut worker = Worker::start(&folder, Protocol::Json, &python, &[]);
        let mut responses = Vec::new();
        for source in ["a.py", "bad.py"] {
            worker.send(&WorkRequest { verbosity, ..request(5, source, "a.pyc") });
            responses.push(worker.receive());
        }
        let ended = worker.finish();
        assert_eq!(ended.code, Some(0));
        runs.push((responses, ended.stderr));
    }
    assert_eq!(runs[0].0, runs[1].0);
    assert_eq!(runs[0].1, "", "the log is empty by default");
    assert!(runs[1].1.contains("request 5: exit code 0"), "{}", runs[1].1);
}

/// Every way to the same pyc: one-shot, singleplex and multiplex, JSON and proto, alone and in a crowd, sandboxed.
pub(crate) fn case_30_same_bytes_everywhere(test: &str) {
    let Some(python) = python(test) else { return };
    for engine in ["native", "interpreter"] {
        same_bytes_everywhere(&python, engine);
    }
}

fn same_bytes_everywhere(python: &Path, engine: &str) {
    let folder = Folder::new();
    let stdlib = Oracle::find(VERSION).expect("it was there").stdlib();
    let names = ["enum", "dataclasses", "typing", "inspect", "os", "ast", "_pydecimal", "turtle"];
    for name in names {
        let source = fs::read(stdlib.join(format!("{name}.py"))).expect("a module of the standard library");
        folder.write(format!("lib/{name}.py"), &source);
        folder.write(format!("__sandbox/1/_main/lib/{name}.py"), source);
    }
    let arguments = |name: &str, way: &str| {
        triple(&format!("lib/{name}.py"), &format!("lib/{name}.py"), &format!("{way}/{name}.pyc"))
    };
    for name in names {
        let mut command = arguments(name, "once");
        command.extend(["--python".to_owned(), python.to_string_lossy().into_owned()]);
        command.extend(["--engine".to_owned(), engine.to_owned()]);
        assert!(run(&folder, &command).status.success());
    }
    let mut all_at_once: Vec<String> = names.iter().flat_map(|name| arguments(name, "batch")).collect();
    all_at_once.push(format!("--python={}", python.display()));
    all_at_once.push(format!("--engine={engine}"));
    assert!(run(&folder, &all_at_once).status.success());

    let mut ways = vec!["batch".to_owned()];
    for protocol in BOTH {
        for implementation in ["async", "serial"] {
            let flags = ["--worker_impl", implementation, "--engine", engine];
            let mut worker = Worker::start(&folder, protocol, python, &flags);
            let way = format!("{protocol}-{implementation}-singleplex");
            for name in names.iter().rev() {
                let arguments = arguments(name, &way);
                worker.send(&WorkRequest { arguments, ..WorkRequest::default() });
                assert_done(&worker.receive(), 0);
            }
            ways.push(way);
            assert_eq!(worker.finish().code, Some(0));

            let mut worker = Worker::start(&folder, protocol, python, &flags);
            for (sandbox_dir, first_id) in [("", 1), ("__sandbox/1/_main", 100)] {
                let way = format!("{protocol}-{implementation}-multiplex");
                for (name, request_id) in names.iter().zip(first_id..) {
                    let (arguments, sandbox_dir) = (arguments(name, &way), sandbox_dir.to_owned());
                    worker.send(&WorkRequest {
                        arguments,
                        request_id,
                        sandbox_dir,
                        ..WorkRequest::default()
                    });
                }
                ways.push(Path::new(sandbox_dir).join(way).to_string_lossy().into_owned());
            }
            worker.receive_sorted(2 * names.len()).iter().for_each(|response| {
                assert_done(response, response.request_id);
            });
            assert_eq!(worker.finish().code, Some(0));
        }
    }
    for name in names {
        let expected = folder.read(format!("once/{name}.pyc"));
        for way in &ways {
            assert!(folder.read(format!("{way}/{name}.pyc")) == expected, "{name}: {way} has other bytes");
        }
    }
}

/// Bytes that are no UTF-8, as part of a path.
pub(crate) fn wild_name() -> OsString {
    OsString::from_vec(b"w\xffld.py".to_vec())
}
