//! The client against workers that are a line of shell each, most of them bad ones.

use std::io::Read;
use std::process::Command;
use std::time::Duration;

use prepyc_protocol::{Client, ClientError, Plexing, ProcessEnd, Protocol, WorkRequest, WorkResponse};

fn start(script: &str, plexing: Plexing) -> Client {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    Client::spawn(command, Protocol::Json, plexing).expect("a shell")
}

fn why(error: ClientError) -> String {
    match error {
        ClientError::NoAnswer(why) => why,
        ClientError::Write(_) | ClientError::AnsweredTwice => panic!("{error}"),
    }
}

#[test]
fn answers_find_their_requests_in_any_order() {
    let script =
        "read a; read b; echo '{\"requestId\":2,\"output\":\"two\"}{\"requestId\":1}'; cat > /dev/null";
    let client = start(script, Plexing::Multiplex);
    let first = client.submit(WorkRequest::default()).unwrap();
    let second = client.submit(WorkRequest { request_id: 77, ..WorkRequest::default() }).unwrap();
    assert_eq!((first.id(), second.id()), (1, 2), "the client numbers them");
    assert_eq!(first.wait().unwrap(), WorkResponse { request_id: 1, ..WorkResponse::default() });
    assert_eq!(second.wait().unwrap().output, "two");
    assert!(client.close().unwrap().success());
}

#[test]
fn a_cancel_names_its_request_and_comes_before_the_answer_or_not_at_all() {
    let script = "read a; read b; case $b in *'\"requestId\":1,\"cancel\":true'*) \
        echo '{\"requestId\":1,\"wasCancelled\":true}';; esac; read c; [ -z \"$c\" ]";
    let client = start(script, Plexing::Multiplex);
    let reply = client.submit(WorkRequest::default()).unwrap();
    client.cancel(&reply).unwrap();
    assert!(reply.wait().unwrap().was_cancelled);
    assert!(client.close().unwrap().success(), "nothing more was sent");
}

#[test]
fn an_answered_request_is_not_cancelled_any_more() {
    let script = "read a; echo '{\"requestId\":1}'; read b; echo '{\"requestId\":2}'; read c; [ -z \"$c\" ]";
    let client = start(script, Plexing::Multiplex);
    let first = client.submit(WorkRequest::default()).unwrap();
    let second = client.submit(WorkRequest::default()).unwrap();
    assert_eq!(second.wait().unwrap().request_id, 2);
    // The first was answered before the second.
    client.cancel(&first).unwrap();
    assert!(client.close().unwrap().success(), "nothing more was sent");
}

#[test]
fn singleplex_is_one_at_a_time() {
    let client = start("while read line; do echo '{}'; done", Plexing::Singleplex);
    for _ in 0..3 {
        let reply = client.submit(WorkRequest::default()).unwrap();
        assert_eq!(reply.wait().unwrap(), WorkResponse::default());
    }
    assert!(client.close().unwrap().success());

    let client = start("cat > /dev/null", Plexing::Singleplex);
    let unanswered = client.submit(WorkRequest::default()).unwrap();
    assert!(matches!(client.submit(WorkRequest::default()), Err(ClientError::Write(_))));
    drop(client);
    assert_eq!(why(unanswered.wait().unwrap_err()), "it ended its output");
}

#[test]
fn a_worker_that_is_gone_is_told_of_by_what_it_said() {
    let client = start("echo hello", Plexing::Multiplex);
    assert!(matches!(client.wait_for_end(Duration::from_secs(60)), Some(ProcessEnd::Exit(0))));
    let error = match client.submit(WorkRequest::default()) {
        Ok(reply) => reply.wait().unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(why(error), "malformed json message: 'h' where '{' should be");
}

#[test]
fn whoever_waits_hears_why_there_is_no_answer() {
    for (script, reason) in [
        ("read a; exit 3", "it ended its output"),
        (
            "read a; echo '{\"requestId\":5}'; cat > /dev/null",
            "it answered request 5, which is not outstanding",
        ),
        ("read a; echo '{\"requestId\":1}{\"requestId\":1}'; cat > /dev/null", "it answered request 1"),
        ("read a; echo 'Hello!'; cat > /dev/null", "malformed json message"),
        ("read a; printf '{\"requestId\":'", "in the middle of a json message"),
    ] {
        let client = start(script, Plexing::Multiplex);
        // Whether the second can still be sent is a matter of time; whether it is answered is not.
        let replies = [client.submit(WorkRequest::default()), client.submit(WorkRequest::default())];
        let errors = replies.map(|reply| reply.and_then(prepyc_protocol::Reply::wait).err());
        let said = errors.iter().flatten().any(|error| error.to_string().contains(reason));
        assert!(said, "{script}: {errors:?}");
        assert!(errors[1].is_some(), "{script}");
    }
}

#[test]
fn a_request_answered_twice_in_one_breath_is_the_one_that_fails() {
    let script = "read a; read b; \
        printf '{\"requestId\":2}{\"requestId\":1}\\n{\"requestId\":1}\\n'; cat > /dev/null";
    let client = start(script, Plexing::Multiplex);
    let replies = [(); 2].map(|()| client.submit(WorkRequest::default()).unwrap());
    let [first, second] = replies.map(prepyc_protocol::Reply::wait);
    assert_eq!(first, Err(ClientError::AnsweredTwice));
    assert_eq!(second.unwrap().request_id, 2);
    assert_eq!(client.over().as_deref(), Some("it answered request 1 twice"));

    let client = start("read a; echo '{}{}'; cat > /dev/null", Plexing::Singleplex);
    let reply = client.submit(WorkRequest::default()).unwrap();
    assert_eq!(reply.wait(), Err(ClientError::AnsweredTwice));
}

#[test]
fn whoever_waits_need_not_wait_for_ever() {
    let client = start("read a; read b; echo '{\"requestId\":1}'; read c; exit 3", Plexing::Multiplex);
    let first = client.submit(WorkRequest::default()).unwrap();
    assert_eq!(first.wait_for(Duration::from_millis(1)), None);
    assert_eq!(client.wait_for_end(Duration::from_millis(1)), None);
    assert_eq!(client.over(), None);
    let second = client.submit(WorkRequest::default()).unwrap();
    let soon = Duration::from_secs(60);
    assert_eq!(first.wait_for(soon).unwrap().unwrap().request_id, 1);
    client.submit(WorkRequest::default()).unwrap();
    assert!(matches!(second.wait_for(soon), Some(Err(ClientError::NoAnswer(_)))));
    assert_eq!(client.close_within(soon), Some(ProcessEnd::Exit(3)));
}

#[test]
fn a_worker_that_does_not_leave_is_killed_with_what_it_started() {
    // Whoever lives holds the other end of a pipe.
    let (mut pipe, end) = std::io::pipe().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "sleep 1000 & while :; do sleep 1000; done"]).stderr(end);
    let client = Client::spawn(command, Protocol::Json, Plexing::Multiplex).unwrap();
    assert_eq!(client.close_within(Duration::from_millis(10)), None);
    assert_eq!(pipe.read(&mut [0]).unwrap(), 0);
}
