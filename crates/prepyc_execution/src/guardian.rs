//! Who ends the processes of a build that can do nothing any more: it was killed, or ran out of memory.
//!
//! A shell that is told which process groups live. Its input ends with the build, however that ended; the groups that are
//! left then are killed. Linux has a signal for it, but that comes when the starting *thread* ends, reaches no grandchildren,
//! and takes `unsafe` to ask for. A program whose build is killed in the very moment between its start and the line that
//! tells of it is missed.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// What the shell does.
const SCRIPT: &str = r#"live=' '
while read -r sign group; do
    case $sign in
        +) live="$live$group " ;;
        -) live="${live%% "$group" *} ${live#* "$group" }" ;;
    esac
done
for group in $live; do
    kill -KILL "-$group"
done"#;

/// The shell. Where none could be started, nobody watches: what a tool does after its build was killed is then up to it.
#[derive(Debug)]
pub struct Guardian {
    shell: Option<Mutex<(Child, Option<ChildStdin>)>>,
}

/// A process group that is watched as long as this is there.
#[derive(Debug)]
pub struct Watched {
    guardian: Arc<Guardian>,
    group: u32,
}

impl Guardian {
    /// Starts it.
    pub fn start() -> Arc<Guardian> {
        let shell = start_shell().ok().map(Mutex::new);
        Arc::new(Guardian { shell })
    }

    /// Watches the group of that number. To be dropped when its first process is waited for: the number may become another's
    /// then.
    pub fn watch(self: &Arc<Guardian>, group: u32) -> Watched {
        self.tell('+', group);
        Watched { guardian: Arc::clone(self), group }
    }

    fn tell(&self, sign: char, group: u32) {
        let Some(shell) = &self.shell else { return };
        let mut shell = shell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = &mut shell.1 {
            // Somebody may have ended it. One write: whoever dies now has said the whole line or nothing.
            let _ = input.write_all(format!("{sign} {group}\n").as_bytes());
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.guardian.tell('-', self.group);
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        if let Some(shell) = self.shell.take() {
            let (mut child, input) = shell.into_inner().unwrap_or_else(PoisonError::into_inner);
            drop(input);
            // It has nothing left to do.
            let _ = child.wait();
        }
    }
}

/// In a group of its own, which no signal of a terminal reaches, and with no stream that somebody waits for the end of.
fn start_shell() -> io::Result<(Child, Option<ChildStdin>)> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT]).current_dir("/").env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.process_group(0).spawn()?;
    let input = child.stdin.take();
    Ok((child, input))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeReader, Read};

    /// A process that does nothing for ever, in a group of its own, and a pipe that ends with it.
    fn idle() -> (Child, PipeReader) {
        let (reader, writer) = io::pipe().unwrap();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "exec 3<&0; cat <&3 & wait"])
            .stdin(Stdio::piped())
            .stdout(writer)
            .process_group(0);
        (command.spawn().unwrap(), reader)
    }

    #[test]
    fn groups_that_are_left_are_killed_and_no_others() {
        let guardian = Guardian::start();
        let mut processes: Vec<_> = (0..3).map(|_| idle()).collect();
        let mut watched: Vec<_> = processes.iter().map(|(child, _)| guardian.watch(child.id())).collect();
        drop(watched.remove(1));
        // As if this process had been killed: the shell's input ends, and nobody has released the others.
        let shell = guardian.shell.as_ref().unwrap();
        let (child, input) = &mut *shell.lock().unwrap();
        drop(input.take());
        child.wait().unwrap();
        assert!(processes[1].0.try_wait().unwrap().is_none(), "it was released");
        processes[1].0.kill().unwrap();
        drop(processes[1].0.stdin.take());
        for (mut child, mut pipe) in processes {
            assert!(!child.wait().unwrap().success());
            assert_eq!(pipe.read(&mut [0]).unwrap(), 0, "nobody of the group is left");
        }
    }
}
