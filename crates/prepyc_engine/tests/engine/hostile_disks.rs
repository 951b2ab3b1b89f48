//! Publishing where there is no room, and where nothing may be written.
//!
//! A test that needs such a file system runs itself again inside a mount namespace of its own, where it may mount one.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use prepyc_engine::publish::publish;
use tempfile::tempdir;

use crate::support::report;

/// Set for the inner run: the folder that the file system is mounted on.
const MOUNTED: &str = "PREPYC_TEST_MOUNTED";

/// Runs the named test again with a tmpfs of these options at a folder; only says so where this system allows no such
/// namespaces.
fn run_mounted(test: &str, options: &str, then: &str) {
    let folder = tempdir().unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-ec", script, "sh"]).arg(folder.path());
        command
    };
    let mount = format!("mount -t tmpfs -o {options} none \"$1\"; {then}");
    if !unshare(&mount).output().is_ok_and(|output| output.status.success()) {
        report("skipped: this system lets nobody mount a tmpfs in a namespace");
        return;
    }
    let output = unshare(&format!("{mount}; exec \"$2\" --exact \"$3\""))
        .arg(env::current_exe().unwrap())
        .arg(test)
        .env(MOUNTED, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_full_disk_keeps_the_old_bytes_and_no_temporary_file() {
    let Some(folder) = env::var_os(MOUNTED) else {
        run_mounted(
            "hostile_disks::a_full_disk_keeps_the_old_bytes_and_no_temporary_file",
            "size=64k",
            "true",
        );
        return;
    };
    let path = Path::new(&folder).join("m.pyc");
    publish(&path, b"old", 0o644).unwrap();
    let error = publish(&path, &vec![1; 100_000], 0o644).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(path.to_str().unwrap()) && text.contains("No space left"), "{text}");
    assert!(text.contains("make room"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(entries(Path::new(&folder)), 1);
}

#[test]
fn a_read_only_disk_is_told_with_its_remedy() {
    let Some(folder) = env::var_os(MOUNTED) else {
        let remount = "mount -o remount,ro \"$1\"";
        run_mounted("hostile_disks::a_read_only_disk_is_told_with_its_remedy", "size=64k", remount);
        return;
    };
    for name in ["m.pyc", "__pycache__/m.pyc"] {
        let error = publish(&Path::new(&folder).join(name), b"new", 0o644).unwrap_err().to_string();
        assert!(error.contains("Read-only file system") && error.contains("--out-dir"), "{error}");
    }
}
