//! The serving loop with handlers whose timing the test holds in its hands.

use std::io::{self, BufReader, PipeReader, PipeWriter, Write};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use prepyc_protocol::{
    Cancellation, End, Outcome, Protocol, ResponseReader, ServeError, ServeOptions, Server, Stopper,
    WorkRequest, WorkResponse, write_request,
};

/// A server in a thread of its own, and the client's ends of its streams.
struct Running {
    requests: Option<PipeWriter>,
    responses: ResponseReader<BufReader<PipeReader>>,
    stopper: Stopper,
    serving: JoinHandle<Result<End, ServeError>>,
}

fn serve<H>(concurrency: usize, handle: H) -> Running
where
    H: Fn(&WorkRequest, &Cancellation<'_>) -> Outcome + Send + Sync + 'static,
{
    let (input, requests) = io::pipe().unwrap();
    let (responses, output) = io::pipe().unwrap();
    let server = Server::new(ServeOptions {
        protocol: Some(Protocol::Json),
        concurrency: NonZeroUsize::new(concurrency).unwrap(),
        finish_limit: Duration::from_secs(60),
    });
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.serve(BufReader::new(input), output, handle));
    let responses = ResponseReader::new(Protocol::Json, BufReader::new(responses));
    Running { requests: Some(requests), responses, stopper, serving }
}

impl Running {
    fn send(&mut self, request_id: i32, arguments: &[&str]) {
        let arguments = arguments.iter().map(|&text| text.to_owned()).collect();
        self.write(&WorkRequest { arguments, request_id, ..WorkRequest::default() });
    }

    fn cancel(&mut self, request_id: i32) {
        self.write(&WorkRequest { cancel: true, request_id, ..WorkRequest::default() });
    }

    fn write(&mut self, request: &WorkRequest) {
        write_request(Protocol::Json, request, self.requests.as_mut().unwrap()).unwrap();
    }

    fn answer(&mut self) -> WorkResponse {
        self.responses.read().unwrap().expect("an answer, not the end")
    }

    /// Ends the input; there must be no more answers.
    fn close(mut self) -> Result<End, ServeError> {
        self.requests = None;
        let end = self.serving.join().unwrap();
        assert_eq!(self.responses.read().unwrap(), None, "an answer too many");
        end
    }
}

/// A handler that says what it begins, and goes on when it is told to.
fn gated() -> (impl Fn(&WorkRequest) -> String + Send + Sync + 'static, Receiver<String>, Sender<()>) {
    let (began, beginnings) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let pass = move |request: &WorkRequest| {
        let name = request.arguments.first().cloned().unwrap_or_default();
        began.send(name.clone()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        name
    };
    (pass, beginnings, go)
}

fn says(output: &str) -> Outcome {
    Outcome { exit_code: 0, output: output.to_owned() }
}

fn answered(request_id: i32, output: &str) -> WorkResponse {
    WorkResponse { request_id, output: output.to_owned(), ..WorkResponse::default() }
}

fn cancelled(request_id: i32) -> WorkResponse {
    WorkResponse { request_id, was_cancelled: true, ..WorkResponse::default() }
}

#[test]
fn a_cancel_is_answered_at_once_and_nothing_is_published_after_it() {
    let published = Arc::new(AtomicUsize::new(0));
    let (pass, beginnings, go) = gated();
    let counter = Arc::clone(&published);
    let (seen, cancellations) = mpsc::channel();
    let mut running = serve(1, move |request, cancellation| {
        pass(request);
        let cancelled = cancellation.is_cancelled();
        let commit = cancellation.commit(|| counter.fetch_add(1, Ordering::SeqCst));
        seen.send((cancelled, commit.is_err())).unwrap();
        says("done")
    });
    running.send(1, &["first"]);
    beginnings.recv().unwrap();
    running.cancel(1);
    // The only thread is still at work on it.
    assert_eq!(running.answer(), cancelled(1));
    running.cancel(1);
    running.cancel(99);
    go.send(()).unwrap();
    assert_eq!(cancellations.recv().unwrap(), (true, true));
    running.send(1, &["again"]);
    beginnings.recv().unwrap();
    go.send(()).unwrap();
    assert_eq!(running.answer(), answered(1, "done"));
    running.cancel(1);
    assert_eq!(running.close().unwrap(), End::InputEnded { abandoned: 0 });
    assert_eq!(published.load(Ordering::SeqCst), 1);
}

#[test]
fn a_request_that_waits_is_cancelled_without_being_begun() {
    let (pass, beginnings, go) = gated();
    let mut running = serve(1, move |request, _| says(&pass(request)));
    running.send(1, &["one"]);
    beginnings.recv().unwrap();
    running.send(2, &["two"]);
    running.send(3, &["three"]);
    running.cancel(2);
    assert_eq!(running.answer(), cancelled(2));
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert_eq!(running.answer(), answered(1, "one"));
    assert_eq!(running.answer(), answered(3, "three"));
    running.close().unwrap();
    assert_eq!(beginnings.iter().collect::<Vec<_>>(), ["three"]);
}

#[test]
fn a_cancel_while_files_are_read_is_answered_when_they_are_left() {
    let (pass, beginnings, go) = gated();
    let (seen, outcomes) = mpsc::channel();
    let mut running = serve(2, move |request, cancellation| {
        let read = cancellation.access(|| pass(request));
        seen.send((read.is_ok(), cancellation.commit(|| ()).is_err())).unwrap();
        says("done")
    });
    running.send(1, &["slow"]);
    assert_eq!(beginnings.recv().unwrap(), "slow");
    running.cancel(1);
    // Another request is answered meanwhile; the cancelled one, whose files are in use, is not.
    running.send(2, &["fast"]);
    assert_eq!(beginnings.recv().unwrap(), "fast");
    running.cancel(2);
    // Cancels are read in order: once a waiting request's is answered, the two before it are known.
    running.send(3, &["waiting"]);
    running.cancel(3);
    assert_eq!(running.answer(), cancelled(3));
    go.send(()).unwrap();
    go.send(()).unwrap();
    let mut answers = [running.answer(), running.answer()];
    answers.sort_by_key(|answer| answer.request_id);
    assert_eq!(answers, [cancelled(1), cancelled(2)]);
    assert_eq!(outcomes.recv().unwrap(), (true, true));
    running.close().unwrap();
}

#[test]
fn a_cancel_while_publishing_comes_too_late() {
    let (pass, beginnings, go) = gated();
    let mut running = serve(1, move |request, cancellation| {
        let published = cancellation.commit(|| pass(request));
        says(&published.unwrap())
    });
    running.send(4, &["published"]);
    beginnings.recv().unwrap();
    running.cancel(4);
    go.send(()).unwrap();
    assert_eq!(running.answer(), answered(4, "published"));
    running.close().unwrap();
}

#[test]
fn an_id_taken_again_is_the_new_request() {
    let (pass, beginnings, go) = gated();
    let published = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&published);
    let mut running = serve(2, move |request, cancellation| {
        let name = pass(request);
        let _ = cancellation.commit(|| list.lock().unwrap().push(name.clone()));
        says(&name)
    });
    running.send(7, &["old"]);
    assert_eq!(beginnings.recv().unwrap(), "old");
    running.send(7, &["new"]);
    assert_eq!(beginnings.recv().unwrap(), "new");
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert_eq!(running.answer(), answered(7, "new"));
    running.close().unwrap();
    assert_eq!(*published.lock().unwrap(), ["new"]);
}

#[test]
fn an_id_taken_again_while_its_old_request_publishes_waits_for_that() {
    let (pass, beginnings, go) = gated();
    let mut running = serve(4, move |request, cancellation| match request.request_id {
        7 => says(&cancellation.commit(|| pass(request)).unwrap_or_default()),
        _ => says("other"),
    });
    running.send(7, &["first"]);
    assert_eq!(beginnings.recv().unwrap(), "first");
    running.send(7, &["second"]);
    running.send(7, &["third"]);
    running.cancel(7);
    running.send(7, &["fourth"]);
    // Only to see that all of them were read, and that none of them has begun.
    running.send(8, &[]);
    assert_eq!(running.answer(), answered(8, "other"));
    assert!(beginnings.try_recv().is_err());
    go.send(()).unwrap();
    assert_eq!(beginnings.recv().unwrap(), "fourth");
    go.send(()).unwrap();
    assert_eq!(running.answer(), answered(7, "fourth"));
    running.close().unwrap();
}

#[test]
fn singleplex_requests_run_alone_and_in_order() {
    let (pass, beginnings, go) = gated();
    let mut running = serve(4, move |request, _| says(&pass(request)));
    for name in ["a", "b", "c"] {
        running.send(0, &[name]);
    }
    assert_eq!(beginnings.recv().unwrap(), "a");
    running.cancel(0);
    assert_eq!(running.answer(), cancelled(0), "the newest of them was given up: c");
    go.send(()).unwrap();
    assert_eq!(running.answer(), answered(0, "a"));
    assert_eq!(beginnings.recv().unwrap(), "b");
    running.cancel(0);
    assert_eq!(running.answer(), cancelled(0));
    // The one after it does not wait for what was given up.
    running.send(0, &["d"]);
    assert_eq!(beginnings.recv().unwrap(), "d");
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert_eq!(running.answer(), answered(0, "d"));
    running.close().unwrap();
}

#[test]
fn a_panic_costs_its_own_request_an_error() {
    let mut running = serve(1, |request, cancellation| {
        let _ = cancellation.access(|| assert!(request.request_id != 1, "the number is one"));
        says("fine")
    });
    running.send(1, &[]);
    let answer = running.answer();
    assert_eq!((answer.request_id, answer.exit_code), (1, 1));
    assert!(answer.output.contains("internal error: the number is one"), "{}", answer.output);
    running.send(2, &[]);
    assert_eq!(running.answer(), answered(2, "fine"));
    running.close().unwrap();
}

#[test]
fn reading_never_waits_for_work_or_for_answers_to_be_read() {
    let (pass, beginnings, go) = gated();
    let mut running = serve(2, move |request, _| {
        if request.request_id <= 2 {
            pass(request);
        }
        says("")
    });
    const REQUESTS: i32 = 20_000;
    // Both threads are busy, nothing is answered, and still all of it is read: a pipe holds some hundred of these.
    for id in 1..=REQUESTS {
        running.send(id, &["argument of some length, so that they would not fit into any pipe"]);
        if id == 2 {
            beginnings.recv().unwrap();
            beginnings.recv().unwrap();
        }
    }
    for id in 3..=REQUESTS {
        running.cancel(id);
    }
    let mut seen = vec![false; REQUESTS as usize + 1];
    for id in 3..=REQUESTS {
        assert_eq!(running.answer(), cancelled(id));
        seen[id as usize] = true;
    }
    go.send(()).unwrap();
    go.send(()).unwrap();
    for _ in 0..2 {
        seen[running.answer().request_id as usize] = true;
    }
    assert!(seen[1..].iter().all(|&seen| seen));
    running.close().unwrap();
}

#[test]
fn more_than_fits_the_queue_is_refused() {
    let (pass, beginnings, go) = gated();
    let mut running = serve(1, move |request, _| says(&pass(request)));
    running.send(1, &["one"]);
    beginnings.recv().unwrap();
    let large = "x".repeat(prepyc_protocol::QUEUE_LIMIT_BYTES / 4);
    let mut refused = Vec::new();
    for id in 2..=6 {
        running.send(id, &[&large]);
    }
    for _ in 0..2 {
        let answer = running.answer();
        assert_eq!(answer.exit_code, 1);
        assert!(answer.output.contains("too many requests"), "{}", answer.output);
        refused.push(answer.request_id);
    }
    assert_eq!(refused, [5, 6]);
    running.stopper.stop();
    assert_eq!(running.serving.join().unwrap().unwrap(), End::Stopped);
    drop(go);
}

#[test]
fn what_was_accepted_before_the_end_is_finished() {
    let mut running = serve(2, |request, _| says(&request.arguments[0]));
    for id in 1..=100 {
        running.send(id, &["x"]);
    }
    running.requests = None;
    for _ in 1..=100 {
        assert_eq!(running.answer().output, "x");
    }
    assert_eq!(running.close().unwrap(), End::InputEnded { abandoned: 0 });
}

#[test]
fn a_stop_lets_publishing_finish_and_nothing_else() {
    let (pass, beginnings, go) = gated();
    let published = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&published);
    let (seen, outcomes) = mpsc::channel();
    let (began, second_began) = mpsc::channel();
    let mut running = serve(2, move |request, cancellation| {
        if request.request_id == 1 {
            let _ = cancellation.commit(|| {
                pass(request);
                counter.fetch_add(1, Ordering::SeqCst)
            });
        } else {
            began.send(()).unwrap();
            while !cancellation.is_cancelled() {
                thread::yield_now();
            }
            seen.send(cancellation.commit(|| counter.fetch_add(1, Ordering::SeqCst)).is_err()).unwrap();
        }
        says("")
    });
    running.send(1, &[]);
    beginnings.recv().unwrap();
    running.send(2, &[]);
    second_began.recv().unwrap();
    running.stopper.stop();
    assert!(outcomes.recv().unwrap());
    // The end waits for the one that publishes.
    assert!(!running.serving.is_finished());
    go.send(()).unwrap();
    assert_eq!(running.serving.join().unwrap().unwrap(), End::Stopped);
    assert_eq!(published.load(Ordering::SeqCst), 1);
}

#[test]
fn broken_input_ends_the_server_after_what_came_before() {
    let mut running = serve(1, |_, _| says("ok"));
    running.send(1, &[]);
    running.requests.as_mut().unwrap().write_all(b"{\"requestId\":2]").unwrap();
    assert_eq!(running.answer(), answered(1, "ok"));
    let error = running.serving.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("malformed json message"), "{error}");
}

#[test]
fn an_output_that_nobody_reads_ends_the_server() {
    let mut running = serve(1, |_, _| says("ok"));
    drop(running.responses);
    let arguments = Vec::new();
    let request = WorkRequest { arguments, request_id: 1, ..WorkRequest::default() };
    write_request(Protocol::Json, &request, running.requests.as_mut().unwrap()).unwrap();
    let error = running.serving.join().unwrap().unwrap_err();
    assert!(matches!(error, ServeError::Output(_)), "{error}");
}

/// Requests, cancels and ids taken again in no particular order, over handlers that take no particular time.
#[test]
fn whatever_comes_in_whatever_order_the_rules_hold() {
    for seed in 1..=8 {
        jumble(seed);
    }
}

fn jumble(seed: u64) {
    const STEPS: usize = 2_000;
    const IDS: i32 = 6;
    let committed = Arc::new(Mutex::new(Vec::<usize>::new()));
    let list = Arc::clone(&committed);
    let mut running = serve(4, move |request, cancellation| {
        let token: usize = request.arguments[0].parse().unwrap();
        let pause = || (0..token % 7).for_each(|_| thread::yield_now());
        if cancellation.access(pause).is_err() {
            return says("given up");
        }
        pause();
        match cancellation.commit(|| (pause(), list.lock().unwrap().push(token))) {
            Ok(_) => says(&token.to_string()),
            Err(_) => says("given up"),
        }
    });
    let mut requests = running.requests.take().unwrap();
    let sending = thread::spawn(move || {
        let mut random = seed;
        let mut sent = vec![Vec::new(); IDS as usize];
        for token in 0..STEPS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let request_id = i32::try_from((random >> 33) % IDS as u64).unwrap();
            let cancel = (random >> 40).is_multiple_of(3);
            if !cancel {
                sent[request_id as usize].push(token);
            }
            let arguments = vec![token.to_string()];
            let request = WorkRequest { arguments, request_id, cancel, ..WorkRequest::default() };
            write_request(Protocol::Json, &request, &mut requests).unwrap();
        }
        sent
    });
    let (mut done, mut cancels) = (vec![Vec::new(); IDS as usize], vec![0; IDS as usize]);
    while let Some(answer) = running.responses.read().unwrap() {
        let id = answer.request_id as usize;
        if answer.was_cancelled {
            assert_eq!(answer, cancelled(answer.request_id));
            cancels[id] += 1;
        } else {
            // One that was given up has been answered or replaced: its handler's word must not be heard.
            done[id].push(answer.output.parse::<usize>().unwrap());
        }
    }
    assert_eq!(running.serving.join().unwrap().unwrap(), End::InputEnded { abandoned: 0 });
    let (sent, committed) = (sending.join().unwrap(), committed.lock().unwrap());
    assert!(cancels.iter().sum::<usize>() > 0, "seed {seed}: nothing was cancelled");
    for (id, tokens) in sent.iter().enumerate() {
        let published: Vec<usize> =
            committed.iter().copied().filter(|token| tokens.contains(token)).collect();
        assert!(published.is_sorted(), "seed {seed}, id {id}: an older result came last");
        let mut answered = done[id].clone();
        answered.sort_unstable();
        answered.dedup();
        assert_eq!(answered.len(), done[id].len(), "seed {seed}, id {id}: answered twice");
        assert!(answered.iter().all(|token| published.contains(token)), "seed {seed}, id {id}");
        if id == 0 {
            assert_eq!(answered.len() + cancels[id], tokens.len(), "seed {seed}: one answer each");
            assert_eq!(answered, published, "seed {seed}: published after it was cancelled");
        } else {
            // What was published and not answered was replaced meanwhile, so it is not the last of its id.
            let silent = published.iter().filter(|token| !answered.contains(token));
            assert!(silent.clone().all(|token| Some(token) != tokens.last()), "seed {seed}, id {id}");
        }
    }
}
