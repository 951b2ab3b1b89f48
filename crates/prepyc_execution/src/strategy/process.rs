//! One process from start to end: in a group of its own, by a deadline, with what it says.

use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{Failure, ProgramSpawn};
use crate::action::Program;
use crate::guardian::Watched;
use crate::outcome::ExecutionError;

/// So much of what a process says is kept, in bytes; what comes after is let go.
const TEXT_LIMIT_BYTES: usize = 1 << 20;
/// So much of it is shown where it is not the message itself, in bytes.
pub(crate) const TAIL_BYTES: usize = 4096;
/// How often it is looked whether the build was cancelled.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long the last words are waited for: whoever left the group may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How a process ended, and all it said.
pub(crate) struct Ended {
    /// None: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) signal: i32,
    pub(crate) text: String,
}

/// What a program is called in messages.
pub(crate) fn name_of(program: &Program) -> String {
    program.command.join(" ")
}

/// The command of a program that is run in a folder, with nothing but its own environment.
pub(crate) fn command_of(program: &Program, folder: &Path) -> Command {
    let executable = &program.command[0];
    let mut command = match executable.contains('/') {
        true => Command::new(folder.join(executable)),
        false => Command::new(executable),
    };
    command.args(&program.command[1..]).current_dir(folder).env_clear().envs(&program.environment);
    command
}

pub(crate) fn cannot_start(program: &Program, error: &io::Error) -> ExecutionError {
    ExecutionError::Start { program: name_of(program), reason: error.to_string() }
}

/// Runs it to its end. Whatever it started ends with it.
pub(crate) fn run_to_end(mut command: Command, spawn: &ProgramSpawn<'_>) -> Result<Ended, Failure> {
    let ProgramSpawn { program, cancel, guardian, .. } = spawn;
    let limit = spawn.limits.action;
    let failed = |error: io::Error| Failure::Failed(cannot_start(program, &error));
    let (reader, writer) = io::pipe().map_err(failed)?;
    let errors = writer.try_clone().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(writer).stderr(errors).process_group(0);
    let child = command.spawn().map_err(failed)?;
    // It holds our copies of the pipe's other end.
    drop(command);
    let mut group = Group { watched: Some(guardian.watch(child.id())), child };
    let (said, silent) = listen(reader).map_err(failed)?;
    let deadline = Instant::now() + limit;
    let mut hearing = Some(&silent);
    let mut pause = Duration::from_micros(200);
    let status = loop {
        if cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        if let Some(status) = group.ended().map_err(failed)? {
            break status;
        }
        if Instant::now() >= deadline {
            drop(group);
            let _ = silent.recv_timeout(LAST_WORDS);
            let tail = tail(&text(&said));
            let (program, seconds) = (name_of(program), limit.as_secs_f32());
            return Err(Failure::Failed(ExecutionError::TimedOut { program, seconds, tail }));
        }
        // A process that ends falls silent first; one that closed its streams and goes on is looked after.
        match hearing {
            Some(silent) => {
                if silent.recv_timeout(LOOK_AGAIN) != Err(mpsc::RecvTimeoutError::Timeout) {
                    hearing = None;
                }
            }
            None => {
                thread::sleep(pause);
                pause = (pause * 2).min(LOOK_AGAIN);
            }
        }
    };
    drop(group);
    let _ = silent.recv_timeout(LAST_WORDS);
    Ok(Ended { code: status.0, signal: status.1, text: text(&said) })
}

/// The end of a text, after a newline; nothing where there is none.
pub(crate) fn tail(text: &str) -> String {
    let text = text.trim_end();
    let start = text.ceil_char_boundary(text.len().saturating_sub(TAIL_BYTES));
    if text.is_empty() { String::new() } else { format!("\n{}", &text[start..]) }
}

/// A process and whatever it started; both are gone after this.
struct Group {
    watched: Option<Watched>,
    child: Child,
}

impl Group {
    /// Its exit code or the signal that ended it, once it has ended. It is left to be waited for: as long as it is, its id
    /// and its group's are no one else's.
    fn ended(&mut self) -> io::Result<Option<(Option<i32>, i32)>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(Pid::from_child(&self.child)), options)?;
        Ok(status.map(|status| (status.exit_status(), status.terminating_signal().unwrap_or_default())))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // They may all be gone already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        self.watched = None;
        let _ = self.child.wait();
    }
}

/// What is said, and a channel that closes when nothing more will be.
type Heard = (Arc<Mutex<Vec<u8>>>, Receiver<()>);

fn listen(mut pipe: PipeReader) -> io::Result<Heard> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let (closed, silent) = mpsc::channel();
    let heard = Arc::clone(&said);
    thread::Builder::new().name("tool output".to_owned()).spawn(move || {
        let _closed = closed;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = TEXT_LIMIT_BYTES.saturating_sub(said.len());
                    said.extend_from_slice(&buffer[..count.min(room)]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })?;
    Ok((said, silent))
}

fn text(said: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&said.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}
