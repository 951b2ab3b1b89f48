//! The Pythons whose environment markers (PEP 508) requirements are held against: the minor versions that rules_python has
//! conditions for, on this machine.

use std::env::consts;

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};

/// The minor versions of Python 3.
pub(super) const MINORS: std::ops::RangeInclusive<u32> = 8..=16;

/// What markers mean under Python 3.`minor`: CPython, the first patch release, on this machine.
///
/// `platform_release` and `platform_version` are empty: what is built must not depend on this machine's kernel.
pub(super) fn environment(minor: u32) -> MarkerEnvironment {
    let (os_name, platform_system, sys_platform) = match consts::OS {
        "windows" => ("nt", "Windows", "win32"),
        "macos" => ("posix", "Darwin", "darwin"),
        "linux" => ("posix", "Linux", "linux"),
        other => ("posix", other, other),
    };
    let platform_machine = match (consts::OS, consts::ARCH) {
        ("macos", "aarch64") => "arm64",
        ("windows", "x86_64") => "AMD64",
        ("windows", "aarch64") => "ARM64",
        (_, machine) => machine,
    };
    let version = format!("3.{minor}");
    let full_version = format!("3.{minor}.0");
    let builder = MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &full_version,
        os_name,
        platform_machine,
        platform_python_implementation: "CPython",
        platform_release: "",
        platform_system,
        platform_version: "",
        python_full_version: &full_version,
        python_version: &version,
        sys_platform,
    };
    MarkerEnvironment::try_from(builder).expect("3.N and 3.N.0 are versions")
}
