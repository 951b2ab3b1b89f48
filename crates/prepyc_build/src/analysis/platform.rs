//! The machine that is built for, as Bazel's platforms have it: a set of constraint values.

use std::collections::BTreeSet;

use prepyc_plan::{Label, PythonVersion};

/// The constraint values that hold, and those that are known not to.
#[derive(Clone, Debug)]
pub(crate) struct Platform {
    values: BTreeSet<Label>,
    /// The Python that is compiled for where no flag says so.
    pub(crate) python_version: Option<PythonVersion>,
}

/// The repositories that constraints and conditions of Bazel's own come from.
const PLATFORMS: &str = "platforms";
const BAZEL_TOOLS: &str = "bazel_tools";

impl Platform {
    /// This machine.
    pub(crate) fn host() -> Platform {
        let system = match std::env::consts::OS {
            "macos" => "osx",
            other => other,
        };
        let cpu = match std::env::consts::ARCH {
            "x86" => "x86_32",
            other => other,
        };
        let values = [("os", system), ("cpu", cpu)]
            .into_iter()
            .filter_map(|(package, name)| Label::new(PLATFORMS, package, name).ok());
        Platform { values: values.collect(), python_version: None }
    }

    /// One that is declared, with those constraint values.
    pub(crate) fn of(values: impl IntoIterator<Item = Label>) -> Platform {
        let values = values.into_iter().map(|value| normalized(&value));
        Platform { values: values.collect(), python_version: None }
    }

    /// Whether a constraint value holds.
    pub(crate) fn has(&self, value: &Label) -> bool {
        self.values.contains(&normalized(value))
    }

    /// Whether one of Bazel's own conditions holds; `None` for what is declared in a BUILD file.
    pub(crate) fn knows(&self, label: &Label) -> Option<bool> {
        let label = normalized(label);
        match label.repository() {
            PLATFORMS => Some(self.values.contains(&label)),
            BAZEL_TOOLS if label.package() == "src/conditions" => {
                let has = |package, name| {
                    Label::new(PLATFORMS, package, name).is_ok_and(|label| self.values.contains(&label))
                };
                Some(match label.name() {
                    "linux" => has("os", "linux"),
                    "linux_x86_64" => has("os", "linux") && has("cpu", "x86_64"),
                    "linux_aarch64" => has("os", "linux") && has("cpu", "aarch64"),
                    "darwin" | "darwin_x86_64" | "darwin_arm64" => has("os", "osx"),
                    "windows" => has("os", "windows"),
                    _ => false,
                })
            }
            _ => None,
        }
    }
}

/// `@platforms//os:macos` and `@platforms//os:osx`, `cpu:arm64` and `cpu:aarch64` are the same.
fn normalized(label: &Label) -> Label {
    let repository = label.repository().trim_end_matches(['+', '~']);
    if repository != PLATFORMS {
        return Label::new(repository, label.package(), label.name()).unwrap_or_else(|_| label.clone());
    }
    let name = match label.name() {
        "macos" => "osx",
        "arm64" => "aarch64",
        name => name,
    };
    Label::new(repository, label.package(), name).unwrap_or_else(|_| label.clone())
}
