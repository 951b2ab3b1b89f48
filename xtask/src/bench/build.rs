//! `prepyc build` of a workspace of a thousand targets, against compileall of the same sources.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::figures::{Samples, Table};
use super::{Arguments, Tools, quietly};

/// So many libraries, each in a package of its own, and the sources of each.
const LIBRARIES: usize = 1000;
const SOURCES: usize = 10;
/// A binary for every so many libraries.
const LIBRARIES_A_BINARY: usize = 50;

/// Measures a first build, one with nothing to do, and one after a single source has changed.
pub(super) fn measure(tools: &Tools, arguments: &Arguments, table: &mut Table) -> anyhow::Result<()> {
    let (mut theirs, mut ours) = (Samples::default(), Samples::default());
    let (mut theirs_idle, mut ours_idle) = (Samples::default(), Samples::default());
    let (mut theirs_one, mut ours_one) = (Samples::default(), Samples::default());
    for round in 0..arguments.rounds {
        let [left, right] = [TempDir::new()?, TempDir::new()?];
        write_workspace(left.path())?;
        write_workspace(right.path())?;
        let compileall = || {
            let mut command = tools.oracle.command();
            let jobs = arguments.jobs.to_string();
            command.args(["-m", "compileall", "-q", "-j", &jobs]).arg(left.path());
            command
        };
        let build = || {
            let mut command = Command::new(&tools.prepyc);
            command.args(["build", "--progress=never", "--precompile=enabled"]);
            command.arg(format!("--jobs={}", arguments.jobs));
            command.arg(format!("--python_version={}", tools.oracle.version()));
            command.arg("//...").current_dir(right.path());
            command
        };
        theirs.measure(|| quietly(&mut compileall()))?;
        ours.measure(|| quietly(&mut build()))?;
        theirs_idle.measure(|| quietly(&mut compileall()))?;
        ours_idle.measure(|| quietly(&mut build()))?;
        for side in [left.path(), right.path()] {
            fs::write(side.join("library_500/module_5.py"), format!("CHANGED = {round}\n"))?;
        }
        theirs_one.measure(|| quietly(&mut compileall()))?;
        ours_one.measure(|| quietly(&mut build()))?;
    }
    let workspace = format!("{} sources in {LIBRARIES} targets", LIBRARIES * SOURCES);
    table.add_seconds(format!("build of {workspace}"), theirs.median(), ours.median());
    table.add_seconds("the same, nothing to do", theirs_idle.median(), ours_idle.median());
    table.add_seconds("the same, one source changed", theirs_one.median(), ours_one.median());
    Ok(())
}

/// Libraries that depend on earlier ones, and binaries that depend on many.
fn write_workspace(root: &Path) -> anyhow::Result<()> {
    fs::write(root.join("MODULE.bazel"), "module(name = \"thousand\")\n")?;
    for library in 0..LIBRARIES {
        let folder = root.join(format!("library_{library}"));
        fs::create_dir(&folder)?;
        fs::write(folder.join("BUILD.bazel"), build_file(library))?;
        for source in 0..SOURCES {
            fs::write(folder.join(format!("module_{source}.py")), module(library, source))?;
        }
        if library % LIBRARIES_A_BINARY == 0 {
            let call = format!("from library_{library} import module_0\n\nprint(module_0.area(2, 3))\n");
            fs::write(folder.join("program.py"), call)?;
        }
    }
    Ok(())
}

fn build_file(library: usize) -> String {
    let mut text = "load(\"@rules_python//python:py_binary.bzl\", \"py_binary\")\n\
                    load(\"@rules_python//python:py_library.bzl\", \"py_library\")\n\n\
                    package(default_visibility = [\"//visibility:public\"])\n\n"
        .to_owned();
    let deps: Vec<String> = [2, 3, 7]
        .into_iter()
        .filter(|divisor| library > 0 && library.is_multiple_of(*divisor))
        .map(|divisor| format!("\"//library_{}\"", library / divisor))
        .collect();
    let name = format!("library_{library}");
    let _ = write!(
        text,
        "py_library(\n    name = \"{name}\",\n    srcs = glob([\"module_*.py\"]),\n    deps = [{}],\n)\n",
        deps.join(", ")
    );
    if library.is_multiple_of(LIBRARIES_A_BINARY) {
        let deps: Vec<String> =
            (0..LIBRARIES_A_BINARY).map(|more| format!("\"//library_{}\"", library + more)).collect();
        let _ = write!(
            text,
            "\npy_binary(\n    name = \"program\",\n    srcs = [\"program.py\"],\n    deps = [{}],\n)\n",
            deps.join(", ")
        );
    }
    text
}

/// A source of some sixty lines, different in each place.
fn module(library: usize, source: usize) -> String {
    let mut text = format!("\"\"\"Module {source} of library {library}.\"\"\"\n\nimport os\n\n");
    for function in 0..6 {
        let _ = write!(
            text,
            "\ndef area_{function}(width, height, *, scale={function}):\n    \
             \"\"\"The area, scaled.\"\"\"\n    \
             if width < 0 or height < 0:\n        raise ValueError(f\"negative: {{width}} {{height}}\")\n    \
             total = sum(w * h for w in range(width) for h in range(height))\n    \
             return total * scale + {library} - {source}\n\n"
        );
    }
    text.push_str("\ndef area(width, height):\n    return area_1(width, height)\n");
    text
}
