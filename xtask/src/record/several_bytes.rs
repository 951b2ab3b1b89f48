//! What CPython's codecs of several bytes read otherwise than `encoding_rs`'s, into the decoder's folder.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, ensure};
use encoding_rs::Encoding;
use prepyc_testing::Oracle;

use crate::workspace;

/// CPython's codecs, and the encodings that come nearest.
const CODECS: &[(&str, &str)] = &[
    ("big5", "big5"),
    ("big5hkscs", "big5"),
    ("cp932", "shift_jis"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("euc_jp", "euc-jp"),
    ("euc_kr", "euc-kr"),
    ("gb18030", "gb18030"),
    ("gb2312", "gbk"),
    ("gbk", "gbk"),
    ("shift_jis", "shift_jis"),
];

/// Names that later versions have.
const YOUNGER_NAMES: &[(&str, &str)] = &[("euc_kr", "cseuckr")];

/// What a codec reads: the characters by the bytes.
type Characters = BTreeMap<(usize, u32), String>;

/// Asks and writes.
pub(super) fn run(oracle: &Oracle) -> anyhow::Result<()> {
    let script = workspace::root().join("xtask/src/record/several_bytes.py");
    let output = oracle.command().arg(script).args(CODECS.iter().map(|(codec, _)| codec)).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    let mut text = format!("# Codecs of several bytes of CPython {}\n", oracle.version());
    for (part, (codec, label)) in said.split("= ").skip(1).zip(CODECS) {
        let (names, lines) = part.split_once('\n').context("a codec has lines")?;
        let encoding = Encoding::for_label(label.as_bytes()).context("an encoding has that label")?;
        let theirs: Characters = lines.lines().map(read_line).collect::<anyhow::Result<_>>()?;
        let younger = YOUNGER_NAMES.iter().filter(|(known, _)| known == codec);
        let names = [names].into_iter().chain(younger.map(|(_, name)| *name)).collect::<Vec<_>>().join(" ");
        let line = format!("{names}\t{codec}\t{label}\t{}", differences(&theirs, encoding));
        writeln!(text, "{}", line.trim_end())?;
    }
    let written = workspace::root().join("crates/prepyc_syntax/src/decode/several_bytes.txt");
    std::fs::write(written, text).context("recording codecs of several bytes")
}

fn read_line(line: &str) -> anyhow::Result<((usize, u32), String)> {
    let (bytes, points) = line.split_once(' ').context("bytes and characters")?;
    let characters = points.split('+').map(|point| {
        let point = u32::from_str_radix(point, 16)?;
        char::from_u32(point).context("a character")
    });
    Ok(((bytes.len() / 2, u32::from_str_radix(bytes, 16)?), characters.collect::<anyhow::Result<_>>()?))
}

/// Ranges of what the encoding reads and the codec does not, and then all that the codec reads otherwise.
fn differences(theirs: &Characters, encoding: &'static Encoding) -> String {
    let read = |(length, key): (usize, u32)| {
        let bytes = key.to_be_bytes();
        encoding
            .decode_without_bom_handling_and_without_replacement(&bytes[4 - length..])
            .map(std::borrow::Cow::into_owned)
    };
    let mut ranges: Vec<(usize, u32, u32)> = Vec::new();
    let singles = (0x80..=0xFF).map(|key| (1, key));
    let pairs = (0x8000..=0xFFFF).map(|key| (2, key));
    let triples = (0x8F_8080..=0x8F_FFFF).map(|key| (3, key)).filter(|_| encoding == encoding_rs::EUC_JP);
    for (length, key) in singles.chain(pairs).chain(triples) {
        let is_one = length == 1 || read((1, key >> (8 * (length as u32 - 1)))).is_none();
        if is_one && read((length, key)).is_some() && !theirs.contains_key(&(length, key)) {
            match ranges.last_mut() {
                Some((known, _, last)) if (*known, *last + 1) == (length, key) => *last = key,
                _ => ranges.push((length, key, key)),
            }
        }
    }
    let mut text = String::new();
    for (length, first, last) in ranges {
        let digits = 2 * length;
        let _ = write!(text, "{first:0digits$x}-{last:0digits$x} ");
    }
    for (&(length, key), characters) in theirs {
        if read((length, key)).as_ref() != Some(characters) {
            let digits = 2 * length;
            let points: Vec<String> = characters.chars().map(|one| format!("{:x}", u32::from(one))).collect();
            let _ = write!(text, "{key:0digits$x}={} ", points.join("+"));
        }
    }
    text.trim_end().to_owned()
}
