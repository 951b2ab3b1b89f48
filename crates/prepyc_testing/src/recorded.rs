//! What the reference interpreters made of the corpora, as `cargo xtask record corpora` writes it to `tests/oracle/3.x/`:
//! one writer, one reader.
//!
//! `digests/CORPUS.txt` begins with comments (`#`), which name the patch release. Every other line is a file: its path, a
//! digest of its bytes, and what became of it at level 0; what follows for levels 1 and 2 is left out from where on nothing
//! changes. A digest stands for the canonical marshal bytes of the code objects, `!CLASS LINE` for an exception.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The levels of optimization that are recorded.
pub const LEVELS: usize = 3;

/// What became of a source at one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The [`digest`] of the canonical marshal bytes of its code.
    Code(String),
    /// An exception.
    Rejected {
        /// Its class.
        class: String,
        /// The line it names, 0 without one.
        line: u32,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Code(digest) => f.write_str(digest),
            Outcome::Rejected { class, line } => write!(f, "!{class} {line}"),
        }
    }
}

impl Outcome {
    fn parse(text: &str) -> Outcome {
        let Some(rejection) = text.strip_prefix('!') else { return Outcome::Code(text.to_owned()) };
        let (class, line) = rejection.split_once(' ').expect("a class and a line");
        Outcome::Rejected { class: class.to_owned(), line: line.parse().expect("a line's number") }
    }
}

/// What is recorded of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFile {
    /// Its path below the corpus, which is also its `co_filename`.
    pub path: String,
    /// The [`digest`] of its bytes: another patch release of a standard library has other files.
    pub source: String,
    /// What became of it at each level.
    pub outcomes: [Outcome; LEVELS],
}

impl fmt::Display for RecordedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}", self.path, self.source, self.outcomes[0])?;
        let last = (1..LEVELS).rev().find(|&level| self.outcomes[level] != self.outcomes[level - 1]);
        for outcome in &self.outcomes[1..=last.unwrap_or(0)] {
            write!(f, "\t{outcome}")?;
        }
        Ok(())
    }
}

impl RecordedFile {
    fn parse(line: &str) -> RecordedFile {
        let mut fields = line.split('\t');
        let mut next = || fields.next().expect("a path, its digest and an outcome").to_owned();
        let (path, source, first) = (next(), next(), Outcome::parse(&next()));
        let mut outcomes = [first.clone(), first.clone(), first];
        for (level, field) in fields.enumerate() {
            outcomes[level + 1..].fill(Outcome::parse(field));
        }
        RecordedFile { path, source, outcomes }
    }
}

/// Where everything recorded of a version such as `3.13` stands.
pub fn oracle_folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle").join(version)
}

/// The names of the corpora that digests are recorded of, sorted.
///
/// # Panics
/// When the folder can't be read.
pub fn recorded_corpora(version: &str) -> Vec<String> {
    let folder = oracle_folder(version).join("digests");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| {
            let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
            name.strip_suffix(".txt").unwrap_or_else(|| panic!("{name} is no record")).to_owned()
        })
        .collect();
    names.sort();
    names
}

/// What is recorded of a corpus.
///
/// # Panics
/// When the record is not there or malformed.
pub fn read_record(version: &str, corpus: &str) -> Vec<RecordedFile> {
    let path = record_path(version, corpus);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter(|line| !line.starts_with('#')).map(RecordedFile::parse).collect()
}

/// Where the digests of a corpus are recorded.
pub fn record_path(version: &str, corpus: &str) -> PathBuf {
    oracle_folder(version).join("digests").join(format!("{corpus}.txt"))
}

/// Where the listings of the small files are recorded, at the files' own paths, as `.txt`.
pub fn listings_folder(version: &str) -> PathBuf {
    oracle_folder(version).join("corpus")
}

/// The recorded form of what a small file becomes at each level: what is the same at several is there once.
pub fn levels(listings: &[String]) -> String {
    let mut text = String::new();
    for (level, listing) in listings.iter().enumerate() {
        if listings[..level].contains(listing) {
            continue;
        }
        let alike: Vec<String> = (level..listings.len())
            .filter(|&other| listings[other] == *listing)
            .map(|level| level.to_string())
            .collect();
        text += &format!("# -O {}\n{}\n", alike.join(" "), listing.trim_end());
    }
    text
}

/// What stands in a listing's place where the source is rejected.
pub fn rejection(class: &str, line: u32, message: &str) -> String {
    format!("{class}, line {line}: {message}")
}

/// Twelve hexadecimal digits of the SHA-256: enough to tell one compiler's output from another's, not to withstand malice.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first place where two texts differ, with the lines before it, for a test's message.
pub fn first_difference(ours: &str, recorded: &str) -> Option<String> {
    const CONTEXT: usize = 6;
    let (ours, recorded): (Vec<_>, Vec<_>) = (ours.lines().collect(), recorded.lines().collect());
    let at = (0..ours.len().max(recorded.len())).find(|&line| ours.get(line) != recorded.get(line))?;
    let mut message = String::new();
    for line in &recorded[at.saturating_sub(CONTEXT)..at] {
        message += &format!("    {line}\n");
    }
    for (sign, lines) in [('+', &ours), ('-', &recorded)] {
        for line in lines.iter().skip(at).take(CONTEXT) {
            message += &format!("  {sign} {line}\n");
        }
    }
    Some(message + "  (+ ours, - recorded)\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(outcomes: [&str; LEVELS]) -> RecordedFile {
        let outcomes = outcomes.map(Outcome::parse);
        RecordedFile { path: "a b.py".to_owned(), source: "s".to_owned(), outcomes }
    }

    #[test]
    fn a_line_holds_the_levels_up_to_the_last_change() {
        for (outcomes, line) in [
            (["a", "a", "a"], "a b.py\ts\ta"),
            (["a", "b", "b"], "a b.py\ts\ta\tb"),
            (["a", "a", "b"], "a b.py\ts\ta\ta\tb"),
            (["!E 3", "!E 3", "!E 3"], "a b.py\ts\t!E 3"),
        ] {
            assert_eq!(file(outcomes).to_string(), line);
            assert_eq!(RecordedFile::parse(line), file(outcomes));
        }
    }

    #[test]
    fn the_first_difference_is_shown_with_what_stands_before() {
        assert_eq!(first_difference("a\nb", "a\nb\n"), None);
        assert_eq!(
            first_difference("a\nb", "a\nc\n").unwrap(),
            "    a\n  + b\n  - c\n  (+ ours, - recorded)\n"
        );
    }
}
