//! Codecs of several bytes: `encoding_rs`'s, but for what CPython's read otherwise.
//!
//! What browsers take for Shift_JIS or Big5 is more than CPython does, and some characters are others: `0x8160` is a wave
//! dash to CPython's `shift_jis` and a fullwidth tilde to them. All of that is recorded (`cargo xtask record charsets`).

use encoding_rs::{DecoderResult, Encoding};

use super::codec::unify_newlines_before;
use super::codec_error;
use crate::error::SyntaxError;

/// By codec: its names, CPython's own one, the encoding that comes nearest; then, in hexadecimal, ranges of bytes that
/// the encoding reads and the codec does not, and bytes that are other characters to the codec.
const CODECS: &str = include_str!("several_bytes.txt");

/// A codec.
pub(super) struct Codec {
    name: &'static str,
    encoding: &'static Encoding,
    differences: &'static str,
}

/// What a codec reads otherwise.
#[derive(Default)]
struct Differences {
    /// Bytes, by how many they are and their number, first to last.
    refused: Vec<[Sequence; 2]>,
    /// In the order of the bytes.
    others: Vec<(Sequence, String)>,
}

/// How many bytes, and the number that they make.
type Sequence = (usize, u32);

impl Codec {
    /// The codec that goes by that name in CPython's registry.
    pub(super) fn find(key: &str) -> Option<Codec> {
        CODECS.lines().find_map(|line| {
            let mut fields = line.split('\t');
            let names = fields.next()?;
            let (name, label) = (fields.next()?, fields.next()?);
            let differences = fields.next().unwrap_or_default();
            let encoding = Encoding::for_label(label.as_bytes())?;
            names.split(' ').any(|known| known == key).then_some(Codec { name, encoding, differences })
        })
    }

    /// What the source says.
    ///
    /// # Errors
    /// If there are bytes that the codec does not read.
    pub(super) fn decode(&self, source: &[u8]) -> Result<String, SyntaxError> {
        let differences = Differences::read(self.differences);
        let mut text = String::with_capacity(source.len());
        // What the encoding reads as the codec does, from here on.
        let mut alike = 0;
        let mut at = 0;
        while at < source.len() {
            let length = self.length_of(&source[at..]);
            let bytes = &source[at..at + length];
            let sequence = (length, bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)));
            if bytes[0] >= 0x80 {
                if differences.refuse(sequence) {
                    self.decode_alike(source, alike..at, &mut text)?;
                    return Err(self.refusal(source, at));
                }
                if let Some(characters) = differences.other(sequence) {
                    self.decode_alike(source, alike..at, &mut text)?;
                    text.push_str(characters);
                    alike = at + length;
                }
            }
            at += length;
        }
        self.decode_alike(source, alike..source.len(), &mut text)?;
        Ok(text)
    }

    /// How many bytes the character takes that those begin with, as far as there are so many.
    fn length_of(&self, bytes: &[u8]) -> usize {
        let is_jis = self.encoding == encoding_rs::SHIFT_JIS;
        let length = match (bytes[0], bytes.get(1)) {
            (..0x80 | 0x80 | 0xFF, _) => 1,
            (0xA0..=0xDF | 0xFD.., _) if is_jis => 1,
            (0x8F, _) if self.encoding == encoding_rs::EUC_JP => 3,
            (_, Some(b'0'..=b'9')) if self.encoding == encoding_rs::GB18030 => 4,
            _ => 2,
        };
        length.min(bytes.len())
    }

    fn decode_alike(
        &self,
        source: &[u8],
        part: std::ops::Range<usize>,
        text: &mut String,
    ) -> Result<(), SyntaxError> {
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let bytes = &source[part.clone()];
        text.reserve(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or_default());
        match decoder.decode_to_string_without_replacement(bytes, text, true) {
            (DecoderResult::Malformed(length, beyond), read) => {
                Err(self.refusal(source, part.start + read - usize::from(length) - usize::from(beyond)))
            }
            _ => Ok(()),
        }
    }

    fn refusal(&self, source: &[u8], at: usize) -> SyntaxError {
        let (codec, byte) = (self.name, source[at]);
        let at = unify_newlines_before(source, at);
        let reason = "illegal multibyte sequence";
        codec_error(format!("'{codec}' codec can't decode byte 0x{byte:02x} in position {at}: {reason}"))
    }
}

impl Differences {
    fn read(text: &str) -> Differences {
        let mut differences = Differences::default();
        for difference in text.split_ascii_whitespace() {
            if let Some((first, last)) = difference.split_once('-') {
                differences.refused.push([sequence(first), sequence(last)]);
            } else if let Some((bytes, points)) = difference.split_once('=') {
                let points = points.split('+').filter_map(|point| char::from_u32(number(point)));
                differences.others.push((sequence(bytes), points.collect()));
            }
        }
        differences
    }

    fn refuse(&self, sequence: Sequence) -> bool {
        let behind = self.refused.partition_point(|[first, _]| *first <= sequence);
        behind.checked_sub(1).is_some_and(|index| sequence <= self.refused[index][1])
    }

    fn other(&self, sequence: Sequence) -> Option<&str> {
        let index = self.others.binary_search_by_key(&sequence, |(known, _)| *known).ok()?;
        Some(&self.others[index].1)
    }
}

fn sequence(hexadecimal: &str) -> Sequence {
    (hexadecimal.len() / 2, number(hexadecimal))
}

/// What was recorded is well-formed.
fn number(hexadecimal: &str) -> u32 {
    u32::from_str_radix(hexadecimal, 16).unwrap_or(u32::MAX)
}
