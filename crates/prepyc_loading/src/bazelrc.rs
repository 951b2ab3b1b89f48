//! `.bazelrc` files: the words that they add to the command line, each with the line it stands on.
//!
//! Read as Bazel reads them (<https://bazel.build/run/bazelrc>, `src/main/cpp/rc_file.cc`): the form of words, quotes,
//! comments and continued lines, what is imported from where, and the order of what several sections say. What a word
//! means is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::package::Location;

/// How many bytes a file may have. The longest known to be used have a tenth of it.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// How many files may be read, each counted as often as it is imported: two imports a file double with each step.
const MAX_FILES: usize = 1000;
/// How many files may import one another in a row.
const MAX_IMPORT_DEPTH: usize = 50;
/// What a path begins with that is meant from the workspace's folder.
const WORKSPACE_PREFIX: &str = "%workspace%";

/// Where a word of the whole command line was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Typed.
    CommandLine,
    /// A line of a `.bazelrc`.
    File(Location),
}

/// A word, and where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word, quotes and escapes resolved.
    pub text: String,
    /// Where it was given.
    pub origin: Origin,
}

/// A file to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RcFile {
    /// Its path: absolute.
    pub path: PathBuf,
    /// What it means that there is none.
    pub absent: Absent,
}

/// What it means that a file is not there, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Nothing: `.bazelrc` of the workspace, `try-import`.
    Fine,
    /// An error: `--bazelrc=FILE`, `import`.
    Error,
}

/// What reading needs to know of the world.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The workspace's folder: absolute.
    pub workspace: &'a Path,
    /// The current folder, which an import of a relative path starts from: absolute.
    pub folder: &'a Path,
    /// The value of an environment variable: `${NAME}` in a line stands for it, where it is set and not empty.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// The sections of all files, those of one name joined.
#[derive(Clone, Debug, Default)]
pub struct RcFiles {
    /// By command and, behind a colon, configuration, as written.
    sections: BTreeMap<String, Vec<Word>>,
}

/// Why `.bazelrc` files cannot be read. Every message begins with the file and, where there is one, the line.
#[derive(Debug, thiserror::Error)]
pub enum RcError {
    /// A file is not there or cannot be read, and has to be.
    #[error("{}cannot read {}: {reason}", at(importer.as_ref()), path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
        /// The line that imports it.
        importer: Option<Location>,
    },
    /// Bytes that are no text.
    #[error("{0}: this is no UTF-8")]
    NotUtf8(Location),
    /// `import` with no word behind it, or with several.
    #[error("{0}: {1} takes one path, such as %workspace%/tools/team.bazelrc")]
    BadImport(Location, String),
    /// Files that import each other in a circle.
    #[error("{location}: these files import one another in a circle: {}", chain.join(" -> "))]
    ImportLoop {
        /// The line that closes the circle.
        location: Location,
        /// The files, the first again at the end.
        chain: Vec<String>,
    },
    /// More imports than anyone writes by hand.
    #[error("{0}: too many files are imported (at most {MAX_FILES} in all, {MAX_IMPORT_DEPTH} in a row)")]
    TooManyImports(Location),
}

impl fmt::Display for Origin {
    /// `command line`, `.bazelrc:3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::CommandLine => f.write_str("command line"),
            Origin::File(location) => location.fmt(f),
        }
    }
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("workspace", &self.workspace)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl RcFiles {
    /// Reads `files` in order, and what they import in its place. A file that was read to its end already (links
    /// resolved) is not read again, unless it is imported.
    ///
    /// # Errors
    /// A file that has to be there is not, is no text or no regular file, or imports are wrong. `/dev/null` is an empty file.
    pub fn read(files: &[RcFile], surroundings: Surroundings<'_>) -> Result<RcFiles, RcError> {
        let mut reader = Reader { surroundings, sections: BTreeMap::new(), opened: 0, stack: Vec::new() };
        let mut seen = BTreeSet::new();
        for file in files {
            let canonical = file.path.canonicalize().unwrap_or_else(|_| file.path.clone());
            if seen.insert(canonical) {
                reader.read_file(&file.path, file.absent, None)?;
            }
        }
        Ok(RcFiles { sections: reader.sections })
    }

    /// What the files say for a command that inherits from `chain`, the most general first: `["common", "build", "test"]`.
    /// What is said of a more special command stands later, and so wins, whatever its line.
    pub fn words(&self, chain: &[&str]) -> Vec<Word> {
        chain.iter().filter_map(|&command| self.sections.get(command)).flatten().cloned().collect()
    }

    /// What `--config=NAME` stands for; `None` where no file has a section `COMMAND:NAME` for any of `chain`.
    pub fn config(&self, chain: &[&str], name: &str) -> Option<Vec<Word>> {
        let mut sections =
            chain.iter().filter_map(|command| self.sections.get(&format!("{command}:{name}"))).peekable();
        sections.peek()?;
        Some(sections.flatten().cloned().collect())
    }

    /// The names that `--config` can take for commands of `chain`, sorted.
    pub fn config_names(&self, chain: &[&str]) -> Vec<&str> {
        let names: BTreeSet<&str> = self
            .sections
            .keys()
            .filter_map(|section| section.split_once(':'))
            .filter(|(command, _)| chain.contains(command))
            .map(|(_, name)| name)
            .collect();
        names.into_iter().collect()
    }
}

/// Reading one list of files.
struct Reader<'a> {
    surroundings: Surroundings<'a>,
    sections: BTreeMap<String, Vec<Word>>,
    /// How many files were opened so far.
    opened: usize,
    /// The files that are being read: each imports the next. Links resolved, and as messages name them.
    stack: Vec<(PathBuf, Arc<Path>)>,
}

impl Reader<'_> {
    fn read_file(&mut self, path: &Path, absent: Absent, importer: Option<&Location>) -> Result<(), RcError> {
        self.opened += 1;
        if let Some(importer) = importer
            && (self.opened > MAX_FILES || self.stack.len() >= MAX_IMPORT_DEPTH)
        {
            return Err(RcError::TooManyImports(importer.clone()));
        }
        let canonical = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let shown: Arc<Path> = Arc::from(path.strip_prefix(self.surroundings.workspace).unwrap_or(path));
        if let Some(start) = self.stack.iter().position(|(open, _)| *open == canonical) {
            let mut chain: Vec<String> =
                self.stack[start..].iter().map(|(_, shown)| shown.display().to_string()).collect();
            chain.push(chain[0].clone());
            let location = importer.cloned().unwrap_or(Location { file: shown, line: 0 });
            return Err(RcError::ImportLoop { location, chain });
        }
        let bytes = match read_bytes(path) {
            Ok(bytes) => bytes,
            Err(_) if absent == Absent::Fine => return Ok(()),
            Err(error) => {
                let (path, importer) = (path.to_owned(), importer.cloned());
                return Err(RcError::Unreadable { path, reason: error.to_string(), importer });
            }
        };
        let text = text_of(&bytes, &shown)?;
        self.stack.push((canonical, Arc::clone(&shown)));
        self.read_lines(text, &shown)?;
        self.stack.pop();
        Ok(())
    }

    fn read_lines(&mut self, text: &str, file: &Arc<Path>) -> Result<(), RcError> {
        let mut segments: Vec<(u32, String)> = Vec::new();
        for (number, line) in (1..).zip(text.split('\n')) {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let continued = line.strip_suffix('\\');
            segments.push((number, self.with_variables(continued.unwrap_or(line))));
            if continued.is_none() {
                self.read_line(tokenize(&segments), file)?;
                segments.clear();
            }
        }
        self.read_line(tokenize(&segments), file)
    }

    /// A logical line: a section's name and its words, or an import.
    fn read_line(&mut self, tokens: Vec<(u32, String)>, file: &Arc<Path>) -> Result<(), RcError> {
        let mut tokens = tokens.into_iter();
        let Some((line, section)) = tokens.next() else { return Ok(()) };
        let location = |line| Location { file: Arc::clone(file), line };
        let absent = match section.as_str() {
            "import" => Absent::Error,
            "try-import" => Absent::Fine,
            _ => {
                let words = tokens.map(|(line, text)| Word { text, origin: Origin::File(location(line)) });
                self.sections.entry(section).or_default().extend(words);
                return Ok(());
            }
        };
        let (Some((_, path)), None) = (tokens.next(), tokens.next()) else {
            return Err(RcError::BadImport(location(line), section));
        };
        let Surroundings { workspace, folder, .. } = self.surroundings;
        let path = from_workspace(&path, workspace).unwrap_or_else(|| folder.join(&path));
        self.read_file(&path, absent, Some(&location(line)))
    }

    /// Puts the values of environment variables in the place of `${NAME}`.
    fn with_variables(&self, line: &str) -> String {
        let mut result = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start + 2..].find('}') else { break };
            let end = start + 2 + length;
            result.push_str(&rest[..start]);
            match (self.surroundings.variable)(&rest[start + 2..end]).filter(|value| !value.is_empty()) {
                Some(value) => result.push_str(&value),
                None => result.push_str(&rest[start..=end]),
            }
            rest = &rest[end + 1..];
        }
        result.push_str(rest);
        result
    }
}

/// The path that `%workspace%/…` stands for; `None` where the text begins otherwise.
pub fn from_workspace(text: &str, workspace: &Path) -> Option<PathBuf> {
    let rest = text.strip_prefix(WORKSPACE_PREFIX)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(workspace.join(rest.trim_start_matches('/'))),
        None if rest.is_empty() => Some(workspace.to_owned()),
        None => None,
    }
}

/// Splits a logical line, given as the lines it is continued over, into words and the lines they begin on.
///
/// Blanks separate words; quotes of either kind and backslashes protect; `#` ends the line. What is still open at the end
/// of a line is closed there, and a word of no characters is none: as in Bazel.
fn tokenize(segments: &[(u32, String)]) -> Vec<(u32, String)> {
    let mut characters =
        segments.iter().flat_map(|(line, text)| text.chars().map(move |character| (*line, character)));
    let mut words = Vec::new();
    let mut word: Option<(u32, String)> = None;
    let mut quote = None;
    while let Some((line, character)) = characters.next() {
        let blank = matches!(character, ' ' | '\t' | '\r' | '\n');
        if quote.is_none() && blank {
            words.extend(word.take());
            continue;
        }
        if quote.is_none() && character == '#' {
            break;
        }
        let (_, text) = word.get_or_insert_with(|| (line, String::new()));
        match (character, quote) {
            ('\\', _) => text.extend(characters.next().map(|(_, escaped)| escaped)),
            ('\'' | '"', None) => quote = Some(character),
            (character, Some(open)) if character == open => quote = None,
            (character, _) => text.push(character),
        }
    }
    words.extend(word);
    words.retain(|(_, text)| !text.is_empty());
    words
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("/dev/null") {
        return Ok(Vec::new());
    }
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(io::Error::other(format!("it has more than {MAX_FILE_BYTES} bytes")));
    }
    fs::read(path)
}

fn text_of<'a>(bytes: &'a [u8], file: &Arc<Path>) -> Result<&'a str, RcError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let newlines = before.iter().filter(|&&byte| byte == b'\n').count();
        let line = u32::try_from(newlines + 1).unwrap_or(u32::MAX);
        RcError::NotUtf8(Location { file: Arc::clone(file), line })
    })
}

/// The beginning of a message about a place, if there is one.
fn at(location: Option<&Location>) -> String {
    location.map(|location| format!("{location}: ")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
