//! The codecs that a cookie may name: which there are, what they read, and what they say to what they cannot read.
//!
//! Names are compared as CPython's registry does. One-byte codecs are recorded tables (`cargo xtask record charsets`); those
//! of several bytes have a file of their own. Must not know where cookies stand.

use std::borrow::Cow;

use super::several_bytes::Codec;
use super::undecodable::complaint;
use super::{codec_error, unify_newlines};
use crate::error::SyntaxError;

/// Aliases and, in hexadecimal, the characters of the bytes from 0x80 on.
const CHARSETS: &str = include_str!("charsets.txt");

/// Decodes what stands behind the byte order mark, by the codec of that name.
pub(super) fn decode<'s>(source: &'s [u8], name: &str) -> Result<Cow<'s, str>, SyntaxError> {
    let key = registry_name(name);
    match key.as_str() {
        "utf_8" | "utf8" | "u8" | "utf" | "cp65001" | "utf8_ucs2" | "utf8_ucs4" => {
            // CPython appends a line end before it decodes, which shows in the words.
            let terminated =
                || if source.ends_with(b"\n") { source.to_vec() } else { [source, b"\n"].concat() };
            let text = simdutf8::basic::from_utf8(source).map(Cow::Borrowed);
            text.map_err(|_| codec_error(complaint(&terminated())))
        }
        "iso8859_1" | "latin_1" | "latin1" | "l1" | "latin" | "cp819" | "8859" | "iso8859"
        | "csisolatin1" | "ibm819" | "iso_8859_1" | "iso_8859_1_1987" | "iso_ir_100" => {
            Ok(Cow::Owned(source.iter().copied().map(char::from).collect()))
        }
        "ascii" | "us_ascii" | "us" | "646" | "ansi_x3.4_1968" | "ansi_x3.4_1986" | "ansi_x3_4_1968"
        | "cp367" | "csascii" | "ibm367" | "iso646_us" | "iso_646.irv_1991" | "iso_ir_6" => ascii(source),
        "utf_7" | "utf7" | "u7" | "unicode_1_1_utf_7" => super::utf_7::decode(source).map(Cow::Owned),
        _ => match (charset(&key), Codec::find(&key)) {
            (Some(points), _) => one_byte(source, points).map(Cow::Owned),
            (_, Some(codec)) => codec.decode(source).map(Cow::Owned),
            _ => Err(codec_error(refusal(name, &key))),
        },
    }
}

/// CPython: `normalize_encoding` and `search_function` (`Lib/encodings/__init__.py`).
fn registry_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    lower.split(['-', '_']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// The table of a one-byte codec.
fn charset(key: &str) -> Option<&'static str> {
    CHARSETS.lines().filter_map(|line| line.split_once('\t')).find_map(|(names, points)| {
        names.split(' ').any(|known| known == key || known == key.replace('.', "_")).then_some(points)
    })
}

fn one_byte(source: &[u8], points: &str) -> Result<String, SyntaxError> {
    let mut table = ['\u{FFFD}'; 128];
    for (character, point) in table.iter_mut().zip(points.as_bytes().chunks(4)) {
        let point = std::str::from_utf8(point).ok().and_then(|point| u32::from_str_radix(point, 16).ok());
        *character = point.and_then(char::from_u32).unwrap_or('\u{FFFD}');
    }
    let decoded = source.iter().enumerate().map(|(at, &byte)| match byte.checked_sub(0x80) {
        None => Ok(char::from(byte)),
        Some(index) if table[usize::from(index)] != '\u{FFFD}' => Ok(table[usize::from(index)]),
        Some(_) => {
            let at = unify_newlines_before(source, at);
            let reason = "character maps to <undefined>";
            Err(codec_error(format!(
                "'charmap' codec can't decode byte 0x{byte:02x} in position {at}: {reason}"
            )))
        }
    });
    decoded.collect()
}

fn ascii(source: &[u8]) -> Result<Cow<'_, str>, SyntaxError> {
    std::str::from_utf8(source).ok().filter(|text| text.is_ascii()).map(Cow::Borrowed).ok_or_else(|| {
        let at = source.iter().position(|byte| !byte.is_ascii()).unwrap_or_default();
        let (byte, reason) = (source[at], "ordinal not in range(128)");
        let at = unify_newlines_before(source, at);
        codec_error(format!("'ascii' codec can't decode byte 0x{byte:02x} in position {at}: {reason}"))
    })
}

/// How many bytes stand before that one once line ends are LF, as they are before CPython decodes.
pub(super) fn unify_newlines_before(source: &[u8], at: usize) -> usize {
    unify_newlines(&source[..at].iter().copied().map(char::from).collect::<String>()).chars().count()
}

/// What is said of a codec that cannot read sources, that does not exist, or that is not known here.
fn refusal(name: &str, key: &str) -> String {
    match key {
        "base64" | "base64_codec" | "base_64" | "bz2" | "bz2_codec" | "hex" | "hex_codec" | "quopri"
        | "quopri_codec" | "quoted_printable" | "quotedprintable" | "rot13" | "rot_13" | "uu"
        | "uu_codec" | "zip" | "zlib" | "zlib_codec" => {
            format!("'{name}' is not a text encoding; use codecs.decode() to handle arbitrary codecs")
        }
        "undefined" => "undefined encoding".to_owned(),
        _ if UNREAD.split_ascii_whitespace().any(|known| known == key) => format!(
            "prepyc cannot read the encoding {name}; save the source as UTF-8, or compile it with an interpreter"
        ),
        _ => format!("unknown encoding: {name}"),
    }
}

/// Codecs that CPython has, or some versions have, and that are not read here.
const UNREAD: &str = "037 cp037 csibm037 ebcdic_cp_ca ebcdic_cp_nl ebcdic_cp_us ebcdic_cp_wt ibm037 ibm039 1026 cp1026 \
    csibm1026 ibm1026 1140 cp01140 cp1140 csibm01140 ebcdic_us_37_euro ibm01140 ibm1140 273 cp273 csibm273 ibm273 424 \
    cp424 csibm424 ebcdic_cp_he ibm424 500 cp500 csibm500 ebcdic_cp_be ebcdic_cp_ch ibm500 864 cp864 csibm864 ibm864 \
    cp875 charmap 874 ms874 windows_874 iso_8859_8_e iso_8859_8_i johab cp1361 ms1361 csiso2022jp iso2022_jp iso2022jp iso_2022_jp \
    csiso2022kr iso2022_kr iso2022kr iso_2022_kr euc_jis2004 euc_jis_2004 eucjis2004 jisx0213 euc_jisx0213 \
    eucjisx0213 hz hz_gb hz_gb_2312 hzgb idna iso2022_jp_1 iso2022jp_1 iso_2022_jp_1 iso2022_jp_2 iso2022jp_2 \
    iso_2022_jp_2 iso2022_jp_2004 iso2022jp_2004 iso_2022_jp_2004 iso2022_jp_3 iso2022jp_3 iso_2022_jp_3 \
    iso2022_jp_ext iso2022jp_ext iso_2022_jp_ext punycode raw_unicode_escape unicode_escape s_jis_2004 shift_jis_2004 \
    shiftjis2004 sjis_2004 s_jisx0213 shift_jisx0213 shiftjisx0213 sjisx0213 u16 utf16 utf_16 u32 utf32 utf_32 \
    unicodebigunmarked utf_16_be utf_16be unicodelittleunmarked utf_16_le utf_16le utf_32_be utf_32be utf_32_le \
    utf_32le utf_8_sig";
