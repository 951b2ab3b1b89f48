//! Where a build's outputs are: `prepyc-out/bin/PKG/…`, and a folder beside `bin` for each other configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use prepyc_plan::{Action, ConfigurationId, ConfiguredLabel, Label};

use crate::analysis::Analysis;

/// The folder of outputs, below the workspace's.
pub const OUTPUT_FOLDER: &str = "prepyc-out";

/// Places of outputs.
#[derive(Clone, Debug)]
pub struct Outputs {
    base: PathBuf,
    /// Each configuration's folder below the base.
    folders: Vec<(ConfigurationId, String)>,
    /// Programs that were asked for: they are found without knowing their configuration.
    requested: BTreeSet<ConfiguredLabel>,
}

impl Outputs {
    /// The places of what an analysis comes to, below the folder of outputs.
    pub fn of(analysis: &Analysis, base: &Path) -> Outputs {
        let folder = |place: usize, digest: u64| match place {
            0 => "bin".to_owned(),
            _ => format!("bin-{digest:016x}"),
        };
        let folders = analysis.configurations.iter().enumerate();
        let folders = folders.map(|(place, facts)| (facts.id, folder(place, facts.configuration.digest())));
        Outputs {
            base: base.to_owned(),
            folders: folders.collect(),
            requested: analysis.requested.iter().cloned().collect(),
        }
    }

    /// The folder that all outputs are in.
    pub fn base(&self) -> &Path {
        &self.base
    }

    fn folder(&self, configuration: ConfigurationId) -> &str {
        let found = self.folders.iter().find(|(id, _)| *id == configuration);
        &found.expect("a configuration of this analysis").1
    }

    /// The pyc that an action makes, below [`Outputs::base`].
    pub fn pyc(&self, action: &Action) -> PathBuf {
        let folder = Path::new(self.folder(action.configuration()));
        match action.variant() {
            0 => folder.join(path_of(action.pyc())),
            variant => folder.join("variants").join(variant.to_string()).join(path_of(action.pyc())),
        }
    }

    /// What starts a program, below [`Outputs::base`]. Its runfiles are beside it.
    pub fn program(&self, label: &ConfiguredLabel) -> PathBuf {
        let folder = match self.requested.contains(label) {
            true => "bin",
            false => self.folder(label.configuration),
        };
        Path::new(folder).join(path_of(&label.label))
    }
}

/// A label's path among outputs: those of other repositories are below `external`.
fn path_of(label: &Label) -> PathBuf {
    match label.repository() {
        "" => PathBuf::from(label.path()),
        repository => Path::new("external").join(repository).join(label.path()),
    }
}

/// The path of a source where actions run, as Bazel's execution root has it.
pub(crate) fn exec_path(label: &Label) -> String {
    match label.repository() {
        "" => label.path(),
        repository => format!("external/{repository}/{}", label.path()),
    }
}
