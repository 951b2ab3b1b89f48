//! Messages on the wire: both formats, both directions, however the bytes arrive.

use std::io::{self, BufRead, BufReader, Read};

use prepyc_protocol::{
    Input, Inputs, Protocol, ReadError, RequestReader, ResponseReader, WorkRequest, WorkResponse, detect,
    write_request, write_response,
};

/// Hands out a stream in pieces of a few bytes, as a slow pipe would.
struct Trickle<'a> {
    bytes: &'a [u8],
    piece_bytes: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let here = self.piece_bytes.min(buffer.len()).min(self.bytes.len());
        buffer[..here].copy_from_slice(&self.bytes[..here]);
        self.bytes = &self.bytes[here..];
        Ok(here)
    }
}

fn trickle(bytes: &[u8], piece_bytes: usize) -> impl BufRead {
    BufReader::new(Trickle { bytes, piece_bytes })
}

fn read_requests(protocol: Protocol, bytes: &[u8]) -> Result<Vec<WorkRequest>, ReadError> {
    let mut results = [1, 7, 1 << 20].map(|piece_bytes| {
        let mut reader = RequestReader::new(protocol, Inputs::Keep, trickle(bytes, piece_bytes));
        let mut requests = Vec::new();
        while let Some(request) = reader.read()? {
            requests.push(request);
        }
        Ok(requests)
    });
    for pair in results.windows(2) {
        assert_eq!(format!("{:?}", pair[0]), format!("{:?}", pair[1]), "it depends on how the bytes arrive");
    }
    std::mem::replace(&mut results[0], Ok(Vec::new()))
}

fn sample() -> WorkRequest {
    WorkRequest {
        arguments: ["--src", "päckage/\"quoted\\\".py", ""].map(str::to_owned).to_vec(),
        inputs: vec![
            Input { path: "a.py".to_owned(), digest: b"0123abcd".to_vec() },
            Input { path: "b.py".to_owned(), digest: Vec::new() },
        ],
        request_id: 300,
        cancel: false,
        verbosity: 10,
        sandbox_dir: "__sandbox/1/_main".to_owned(),
    }
}

#[test]
fn requests_and_responses_survive_both_formats() {
    for protocol in [Protocol::Json, Protocol::Proto] {
        let requests = vec![
            WorkRequest::default(),
            sample(),
            WorkRequest { request_id: i32::MAX, cancel: true, ..WorkRequest::default() },
        ];
        let mut bytes = Vec::new();
        for request in &requests {
            write_request(protocol, request, &mut bytes).unwrap();
        }
        assert_eq!(read_requests(protocol, &bytes).unwrap(), requests);
        let (detected, _) = detect(&bytes[..]).unwrap();
        assert_eq!(detected, Some(protocol));

        let responses = vec![
            WorkResponse::default(),
            WorkResponse {
                exit_code: 1,
                output: "SyntaxError: “ü”\n".to_owned(),
                request_id: 7,
                was_cancelled: false,
            },
            WorkResponse { request_id: -1, was_cancelled: true, ..WorkResponse::default() },
        ];
        let mut bytes = Vec::new();
        for response in &responses {
            write_response(protocol, response, &mut bytes).unwrap();
        }
        let mut reader = ResponseReader::new(protocol, trickle(&bytes, 3));
        let mut read = Vec::new();
        while let Some(response) = reader.read().unwrap() {
            read.push(response);
        }
        assert_eq!(read, responses);
    }
}

#[test]
fn inputs_can_be_passed_over() {
    for protocol in [Protocol::Json, Protocol::Proto] {
        let mut bytes = Vec::new();
        write_request(protocol, &sample(), &mut bytes).unwrap();
        let mut reader = RequestReader::new(protocol, Inputs::Skip, &bytes[..]);
        let expected = WorkRequest { inputs: Vec::new(), ..sample() };
        assert_eq!(reader.read().unwrap(), Some(expected));
    }
}

#[test]
fn a_json_request_is_there_with_its_last_byte() {
    let (reader, mut writer) = io::pipe().unwrap();
    io::Write::write_all(&mut writer, b"{\"requestId\":5}").unwrap();
    let mut requests = RequestReader::new(Protocol::Json, Inputs::Skip, BufReader::new(reader));
    // The writer is still open and has sent no line end: waiting for either would hang here.
    assert_eq!(requests.read().unwrap().unwrap().request_id, 5);
    drop(writer);
    assert_eq!(requests.read().unwrap(), None);
}

#[test]
fn json_is_a_stream_of_values() {
    let ids = |text: &str| {
        let requests = read_requests(Protocol::Json, text.as_bytes()).unwrap();
        requests.iter().map(|request| request.request_id).collect::<Vec<_>>()
    };
    assert_eq!(ids("{\"requestId\":1}\n{\"requestId\":2}\n"), [1, 2]);
    assert_eq!(ids("{\"requestId\":1}{\"requestId\":2}{}"), [1, 2, 0]);
    assert_eq!(ids("\r\n\t {\n  \"requestId\" : 3 ,\n  \"extra\": [ { } , [ ], \"}\\\"\" ]\n}\n\n"), [3]);
    assert_eq!(ids(" \n"), [0; 0]);
    assert_eq!(ids(""), [0; 0]);
}

#[test]
fn json_integers_come_in_many_spellings() {
    for spelling in ["12", "\"12\"", "12.0", "1.2e1", "\"12.0\"", "1200e-2"] {
        let text = format!("{{\"requestId\":{spelling},\"verbosity\":{spelling}}}");
        let requests = read_requests(Protocol::Json, text.as_bytes()).unwrap();
        assert_eq!((requests[0].request_id, requests[0].verbosity), (12, 12), "{spelling}");
    }
    for spelling in ["12.5", "2147483648", "\"twelve\"", "1e10", "true", "[]", "nan"] {
        let text = format!("{{\"requestId\":{spelling}}}");
        let error = read_requests(Protocol::Json, text.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::Malformed { .. }), "{spelling}: {error}");
    }
}

#[test]
fn json_null_and_unknown_fields_are_defaults() {
    let text = r#"{"arguments":null,"inputs":null,"requestId":null,"cancel":null,"verbosity":null,
        "sandboxDir":null,"newField":{"a":[1,{"b":null}],"c":"\u00e9\ud83d\ude00"},"argument":["x"]}"#;
    assert_eq!(read_requests(Protocol::Json, text.as_bytes()).unwrap(), [WorkRequest::default()]);
    let text = r#"{"request_id":4,"sandbox_dir":"s"}"#;
    let requests = read_requests(Protocol::Json, text.as_bytes()).unwrap();
    assert_eq!((requests[0].request_id, requests[0].sandbox_dir.as_str()), (4, "s"));
}

#[test]
fn json_digests_may_be_anything() {
    let text = r#"{"inputs":[{"path":"a","digest":"Nzg4MQ=="},{"path":"b","digest":"7881"},{"path":"c",
        "digest":"not base64!"},{"path":"d","digest":17},{"path":"e","digest":null},{"path":"f"}]}"#;
    let requests = read_requests(Protocol::Json, text.as_bytes()).unwrap();
    let digests: Vec<_> = requests[0].inputs.iter().map(|input| input.digest.as_slice()).collect();
    assert_eq!(digests[0], b"7881");
    assert_eq!(digests[2], b"not base64!");
    assert_eq!((digests[4], digests[5]), (&b""[..], &b""[..]));
}

#[test]
fn broken_json_is_noticed_where_it_breaks() {
    // Every one of them with a request behind it that must not be swallowed, and an input that does not end.
    for text in [
        "{\"requestId\":1\n{\"requestId\":2}",
        "{\"arguments\":[\"--src\"}\n{}",
        "{\"arguments\":[\"--src]\n,\"requestId\":2}\n{\"requestId\":3}",
        "{]}",
        "[]",
        "hello",
        "{\"requestId\" 1}",
        "{,}",
        "{\"a\":1,}",
        "{\"a\":}",
        "{\"a\":[1,]}",
        "{\"requestId\":01}",
        "{\"cancel\":yes}",
        "{\"sandboxDir\":\"\\x\"}",
    ] {
        let endless = text.as_bytes().chain(Never);
        let mut reader = RequestReader::new(Protocol::Json, Inputs::Skip, BufReader::new(endless));
        let error = loop {
            match reader.read() {
                Ok(request) => assert!(request.is_some(), "{text} read as an end"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReadError::Malformed { protocol: Protocol::Json, .. }), "{text}: {error}");
    }
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    assert!(matches!(read_requests(Protocol::Json, deep.as_bytes()), Err(ReadError::Malformed { .. })));
}

/// Reading from it means that a reader waits for bytes that will not come.
struct Never;

impl Read for Never {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("the reader waits for more")
    }
}

#[test]
fn an_end_within_a_message_is_an_error() {
    for text in ["{", "{\"requestId\":1", "{}{\"a\"", "{\"a\":\"\\"] {
        let error = read_requests(Protocol::Json, text.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::Truncated(Protocol::Json)), "{text}: {error}");
    }
    let mut whole = Vec::new();
    write_request(Protocol::Proto, &sample(), &mut whole).unwrap();
    for length in 1..whole.len() {
        let error = read_requests(Protocol::Proto, &whole[..length]).unwrap_err();
        assert!(matches!(error, ReadError::Truncated(Protocol::Proto)), "{length}: {error}");
    }
}

#[test]
fn proto_frames_take_what_the_format_allows() {
    // Field 15 as varint, field 16 as bytes and field 17 as fixed32 are unknown; then request_id 1.
    let body = b"\x78\x01\x82\x01\x03abc\x8d\x01\x01\x02\x03\x04\x18\x01";
    let mut bytes = vec![body.len() as u8 | 0x80, 0x00];
    bytes.extend_from_slice(body);
    bytes.push(0);
    let requests = read_requests(Protocol::Proto, &bytes).unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].request_id, 1);
    assert_eq!(requests[1], WorkRequest::default());

    let claims_too_much = [0xff, 0xff, 0xff, 0xff, 0x7f, 0x0a];
    let wrong_bytes: [&[u8]; 4] = [&claims_too_much, &[0xff; 12], &[2, 0x0a, 0x7f], b"\x04\x0a\x02\xff\xfe"];
    for bytes in wrong_bytes {
        let error = read_requests(Protocol::Proto, bytes).unwrap_err();
        assert!(
            matches!(error, ReadError::Malformed { protocol: Protocol::Proto, .. }),
            "{bytes:?}: {error}"
        );
    }
    // A length alone reserves nothing: this one is within the limit, and its body never comes.
    let error = read_requests(Protocol::Proto, &[0xff, 0xff, 0xff, 0xff, 0x03, 0x0a]).unwrap_err();
    assert!(matches!(error, ReadError::Truncated(_)), "{error}");
}

#[test]
fn the_format_is_told_from_the_first_bytes() {
    let told = |bytes: &[u8]| {
        let (protocol, mut rest) = detect(bytes).unwrap();
        let mut all = Vec::new();
        rest.read_to_end(&mut all).unwrap();
        assert_eq!(all, bytes, "the stream must come back whole");
        protocol
    };
    for json in ["{}", "{\"arguments\":[]}", "\n{ }", " \t\r\n{\n\n  \"requestId\" : 1}", "{\n\"x\":1}", "{"]
    {
        assert_eq!(told(json.as_bytes()), Some(Protocol::Json), "{json:?}");
    }
    assert_eq!(told(b""), None);
    assert_eq!(told(b" \n"), None);
    assert_eq!(told(b"\0"), Some(Protocol::Proto));
    // Every length whose first byte JSON could begin with, with the first field a request usually has, and others.
    for length in [0x09, 0x0a, 0x0d, 0x20, 0x7b] {
        for body_begin in
            [&b"\x0a\x05--src"[..], b"\x0a\x02ab", b"\x18\x01", b"\x20\x01", b"\x12\x03\x0a\x01a"]
        {
            let mut bytes = vec![length];
            bytes.extend_from_slice(body_begin);
            bytes.resize(usize::from(length) + 1, 0x18);
            assert_eq!(told(&bytes), Some(Protocol::Proto), "{bytes:?}");
        }
    }
    // The nastiest of them: 123 bytes long, and a first argument of 34, which is the code of a quote.
    let mut request = WorkRequest {
        arguments: vec!["--invalidation_mode=unchecked_hash".to_owned(), "--optimize=0".to_owned()],
        ..WorkRequest::default()
    };
    assert_eq!(request.arguments[0].len(), usize::from(b'"'));
    let mut bytes = Vec::new();
    while bytes.first() != Some(&b'{') {
        bytes.clear();
        request.sandbox_dir.push('s');
        write_request(Protocol::Proto, &request, &mut bytes).unwrap();
    }
    assert_eq!(told(&bytes), Some(Protocol::Proto));
}

#[test]
fn responses_are_one_compact_line_without_nulls() {
    let written = |response: WorkResponse| {
        let mut bytes = Vec::new();
        write_response(Protocol::Json, &response, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(written(WorkResponse::default()), "{\"exitCode\":0,\"requestId\":0}\n");
    let answer =
        WorkResponse { exit_code: 1, output: "a\n\"b\"".to_owned(), request_id: 3, was_cancelled: false };
    assert_eq!(written(answer), "{\"exitCode\":1,\"output\":\"a\\n\\\"b\\\"\",\"requestId\":3}\n");
    let answer = WorkResponse { request_id: 3, was_cancelled: true, ..WorkResponse::default() };
    assert_eq!(written(answer), "{\"exitCode\":0,\"requestId\":3,\"wasCancelled\":true}\n");
}
