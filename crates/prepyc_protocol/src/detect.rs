//! Telling the wire format from the first bytes of a stream.
//!
//! A JSON stream begins with `{`, perhaps after white space. But those bytes are lengths too: a proto message of 123
//! bytes begins with `{`, one of 10 with a newline, and the tag of `arguments`, which comes next, is a newline again.
//! So the stream is JSON where it begins as a JSON object with its first key does (`{ "name" :`), or as an empty one;
//! for a proto message to look like that, its first argument would have to contain the rest of such an object, quotes
//! and colon, with no further field before it ends.

use std::io::{self, BufRead, Cursor};

use crate::message::Protocol;

/// How long a first key may be before it is no key, in bytes.
const KEY_LIMIT_BYTES: usize = 256;

/// How much white space may stand before the first key.
const SPACE_LIMIT_BYTES: usize = 1 << 16;

/// Where in `white space { white space "key" white space :` we are.
#[derive(Clone, Copy, Debug)]
enum Place {
    BeforeObject,
    BeforeKey,
    InKey { bytes: usize },
    BeforeColon,
}

/// Reads as far as is needed to tell the format, and hands back the stream with nothing of it lost.
///
/// `None` where the stream ends before its first message begins, or holds nothing but white space.
pub fn detect<R: BufRead>(mut input: R) -> io::Result<(Option<Protocol>, impl BufRead + use<R>)> {
    let mut seen = Vec::new();
    let protocol = detect_into(&mut input, &mut seen)?;
    Ok((protocol, io::Read::chain(Cursor::new(seen), input)))
}

fn detect_into(input: &mut impl BufRead, seen: &mut Vec<u8>) -> io::Result<Option<Protocol>> {
    let mut place = Place::BeforeObject;
    loop {
        let byte = match input.fill_buf() {
            Ok(chunk) => chunk.first().copied(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(byte) = byte else {
            // Within a message either format would be right to complain; white space alone is no message.
            return Ok((!matches!(place, Place::BeforeObject)).then_some(Protocol::Json));
        };
        input.consume(1);
        seen.push(byte);
        place = match (place, byte) {
            (Place::BeforeColon, b':') | (Place::BeforeKey, b'}') => return Ok(Some(Protocol::Json)),
            (Place::BeforeObject | Place::BeforeKey | Place::BeforeColon, b' ' | b'\t' | b'\n' | b'\r')
                if seen.len() < SPACE_LIMIT_BYTES =>
            {
                place
            }
            (Place::BeforeObject, b'{') => Place::BeforeKey,
            (Place::BeforeKey, b'"') => Place::InKey { bytes: 0 },
            (Place::InKey { .. }, b'"') => Place::BeforeColon,
            (Place::InKey { bytes }, 0x20..) if bytes < KEY_LIMIT_BYTES => Place::InKey { bytes: bytes + 1 },
            _ => return Ok(Some(Protocol::Proto)),
        };
    }
}
