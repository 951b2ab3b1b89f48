//! Transcripts: command lines with what they print and the files they work on, run in a folder of their own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use prepyc_testing::{Oracle, oracles_dir};
use tempfile::TempDir;

/// What a command line begins with so that file modes hold for root, too.
const OBEY_MODES: &str = "setpriv --bounding-set=-dac_override,-dac_read_search --";

/// A transcript, in its parts.
pub(crate) struct Transcript {
    /// What it shows, and what it needs: lines that begin with `#`.
    preamble: String,
    commands: Vec<String>,
    /// Paths and contents.
    files: Vec<(String, String)>,
    /// The text of the files, as it stands.
    files_text: String,
}

/// The folder a transcript runs in.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Transcript {
    /// Reads a transcript; what its commands are expected to print is not looked at.
    pub(crate) fn parse(text: &str) -> Result<Transcript, String> {
        let files_at = text.find("\n-- ").map_or(text.len(), |newline| newline + 1);
        let (head, files_text) = text.split_at(files_at);
        let mut transcript = Transcript {
            preamble: String::new(),
            commands: Vec::new(),
            files: Vec::new(),
            files_text: files_text.to_owned(),
        };
        for line in head.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                transcript.commands.push(command.to_owned());
            } else if transcript.commands.is_empty() {
                writeln!(transcript.preamble, "{line}").map_err(|error| error.to_string())?;
            }
        }
        if transcript.commands.is_empty() {
            return Err("there is no line that begins with `$ `".to_owned());
        }
        for line in files_text.split_inclusive('\n') {
            let header = line.strip_prefix("-- ").and_then(|rest| rest.trim_end().strip_suffix(" --"));
            match (header, transcript.files.last_mut()) {
                (Some(path), _) => transcript.files.push((path.to_owned(), String::new())),
                (None, Some((_, content))) => content.push_str(line),
                (None, None) => return Err(format!("not the head of a file: {line}")),
            }
        }
        Ok(transcript)
    }

    /// Whether it says `# needs: WHAT`.
    pub(crate) fn needs(&self, what: &str) -> bool {
        self.all_needs().any(|need| need == what)
    }

    /// The interpreters it needs besides the usual one.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &str> {
        self.all_needs().filter(|need| need.starts_with("3."))
    }

    fn all_needs(&self) -> impl Iterator<Item = &str> {
        self.preamble.lines().filter_map(|line| line.strip_prefix("# needs: ")).map(str::trim)
    }

    /// Runs its commands; the transcript as it would be with what they really print.
    pub(crate) fn run(&self, sandbox: &Sandbox) -> Result<String, String> {
        let mut text = self.preamble.clone();
        for command in &self.commands {
            let (output, code) = sandbox.run(command)?;
            let _ = writeln!(text, "$ {command}");
            text.push_str(&output);
            if !output.is_empty() && !output.ends_with('\n') {
                text.push_str("\n\\ no newline\n");
            }
            if code != 0 {
                let _ = writeln!(text, "? {code}");
            }
        }
        if !self.files_text.is_empty() {
            text.push('\n');
            text.push_str(&self.files_text);
        }
        Ok(text)
    }
}

impl Sandbox {
    /// A folder with the transcript's files in it.
    pub(crate) fn new(transcript: &Transcript) -> Result<Sandbox, std::io::Error> {
        let folder = tempfile::Builder::new().prefix("prepyc-cli-").tempdir()?;
        for (path, content) in &transcript.files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
            fs::write(path, content)?;
        }
        Ok(Sandbox { folder })
    }

    /// Whether file systems can be mounted here.
    pub(crate) fn can_mount(&self) -> bool {
        let point = self.folder.path().join(".mount-probe");
        fs::create_dir(&point).is_ok()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=64k", "none"])
                .arg(&point)
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
            && self.unmount_all()
            && fs::remove_dir(&point).is_ok()
    }

    /// Runs one line of shell; what it prints on either stream, and its exit code.
    fn run(&self, command: &str) -> Result<(String, i32), String> {
        let binary = Path::new(env!("CARGO_BIN_EXE_prepyc"));
        let binaries = binary.parent().ok_or("the binary stands in a folder")?;
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("exec 2>&1; {command}")).current_dir(self.folder.path()).env_clear();
        shell.env("PATH", format!("{}:/usr/bin:/bin:/usr/sbin:/sbin", binaries.display()));
        shell.env("HOME", self.folder.path()).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        shell.env("UNPRIVILEGED", if rustix::process::geteuid().is_root() { OBEY_MODES } else { "" });
        shell.env("ORACLES", oracles_dir().join("bin"));
        for version in ["3.11", "3.13", "3.14", "3.15"] {
            if let Some(oracle) = Oracle::find(version) {
                shell.env(format!("PYTHON{}", version.replace('.', "")), oracle.executable());
                if version == super::DEFAULT_VERSION {
                    shell.env("PYTHON", oracle.executable());
                }
            }
        }
        let output = shell.output().map_err(|error| format!("sh: {error}"))?;
        let folder = self.folder.path().to_string_lossy().into_owned();
        let text = String::from_utf8_lossy(&output.stdout).replace(&folder, "[ROOT]");
        let text = text.replace(&oracles_dir().to_string_lossy().into_owned(), "[ORACLES]");
        Ok((text, output.status.code().unwrap_or(-1)))
    }

    fn unmount_all(&self) -> bool {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let below: Vec<PathBuf> = mounts
            .lines()
            .filter_map(|line| line.split(' ').nth(1))
            .map(PathBuf::from)
            .filter(|point| point.starts_with(self.folder.path()))
            .collect();
        below.iter().rev().all(|point| {
            Command::new("umount").arg("-l").arg(point).status().is_ok_and(|status| status.success())
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.unmount_all();
    }
}

/// Replaces what differs from run to run, for a transcript that is written anew.
pub(crate) fn redact(text: &str) -> String {
    let mut redacted = String::new();
    for line in text.split_inclusive('\n') {
        match line.rfind(" in ").zip(line.strip_suffix(" s\n")) {
            Some((start, _)) if line[start + 4..line.len() - 3].parse::<f64>().is_ok() => {
                match line[..start].rsplit_once("; ") {
                    Some((counts, bytes))
                        if bytes.ends_with(" bytes written") && !bytes.starts_with("0 ") =>
                    {
                        redacted.push_str(counts);
                        redacted.push_str("; [..] bytes written");
                    }
                    _ => redacted.push_str(&line[..start]),
                }
                redacted.push_str(" in [..] s\n");
            }
            _ => redacted.push_str(line),
        }
    }
    redacted
}
