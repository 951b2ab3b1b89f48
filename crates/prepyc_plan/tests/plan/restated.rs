//! R1 to R8 and §5 once more, straight from the sentences of docs/precompiling.md, for one file of one target.
//!
//! It knows no type of the crate under test: flags and attributes are words, decisions are answers to questions.

/// What the subject of a row is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Subject {
    Library,
    Binary,
    Test,
}

/// What is unusual about the subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Circumstance {
    Ordinary,
    /// The runtime has a version, but no tag.
    Tagless,
    /// Its one source belongs to another package.
    Foreign,
    /// The exec tools toolchain has no precompiler.
    NoPrecompiler,
}

/// One combination: flags first, then attributes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) precompile_flag: &'static str,
    pub(crate) retention_flag: &'static str,
    pub(crate) add_srcs_flag: &'static str,
    pub(crate) precompile: &'static str,
    pub(crate) retention: &'static str,
    /// Of the subject if it is executable, else of the binary that depends on it.
    pub(crate) collection: &'static str,
    pub(crate) subject: Subject,
    pub(crate) circumstance: Circumstance,
}

impl Row {
    /// "Compile actions are declared for the target's own sources."
    fn declares_actions(&self) -> bool {
        let unlucky = [
            ("auto", "disabled"),
            ("enabled", "disabled"),
            ("disabled", "disabled"),
            ("force_disabled", "disabled"),
            ("force_disabled", "inherit"),
            ("force_disabled", "enabled"),
        ];
        self.circumstance != Circumstance::NoPrecompiler
            && !unlucky.contains(&(self.precompile_flag, self.precompile))
    }

    /// "keep_source := NOT generate OR retention == keep_source", where "the attribute beats the flag".
    fn keeps_source(&self) -> bool {
        let retention = [self.retention, self.retention_flag]
            .into_iter()
            .find(|word| ["keep_source", "omit_source"].contains(word))
            .unwrap_or("keep_source");
        retention == "keep_source" || !self.declares_actions()
    }

    /// The pyc of the source: "for each direct source, produce a pyc unless …", by its name in the package.
    pub(crate) fn pyc(&self) -> Option<&'static str> {
        let needs_tag = self.keeps_source();
        let skipped = match self.circumstance {
            Circumstance::Foreign => true,
            Circumstance::Tagless => needs_tag,
            Circumstance::Ordinary | Circumstance::NoPrecompiler => false,
        };
        if skipped || !self.declares_actions() {
            None
        } else if needs_tag {
            Some("p/__pycache__/subject.fakepy-45.pyc")
        } else {
            Some("p/subject.pyc")
        }
    }

    /// "Source is kept when keep_source, or when it got no pyc."
    pub(crate) fn is_kept(&self) -> bool {
        self.keeps_source() || self.pyc().is_none()
    }

    /// "Library: required if attribute == enabled OR flag == force_enabled. Executable: only if attribute == enabled."
    pub(crate) fn is_required(&self) -> bool {
        match self.subject {
            Subject::Library => ["enabled", "force_enabled"].iter().any(|word| {
                *word == self.precompile || (*word == self.precompile_flag && *word != "enabled")
            }),
            Subject::Binary | Subject::Test => self.precompile == "enabled",
        }
    }

    /// "`include_pyc` -> on; `disabled` -> off; `inherit` -> on iff flag is `enabled` or `force_enabled`."
    pub(crate) fn collects(&self) -> bool {
        let decider = if self.collection == "inherit" { self.precompile_flag } else { self.collection };
        ["include_pyc", "enabled", "force_enabled"].contains(&decider)
    }

    fn source(&self) -> &'static str {
        if self.circumstance == Circumstance::Foreign { "q/subject.py" } else { "p/subject.py" }
    }

    /// "keep_srcs + required pyc."
    pub(crate) fn default_outputs(&self) -> Vec<&'static str> {
        let mut outputs = Vec::new();
        if self.subject != Subject::Library {
            outputs.push("p/subject");
        }
        if self.is_kept() {
            outputs.push(self.source());
        }
        if self.is_required() {
            outputs.extend(self.pyc());
        }
        outputs
    }

    /// "keep_srcs if add_srcs_to_runfiles is enabled"; "no pyc is ever put in library runfiles".
    pub(crate) fn library_runfiles(&self) -> Vec<&'static str> {
        if self.is_kept() && self.add_srcs_flag != "disabled" { vec![self.source()] } else { Vec::new() }
    }

    /// What of the subject's reaches the executable that it is, or that depends on it: "keep_srcs + required pyc +
    /// (collect ? implicit pyc : implicit pyc sources)", and "implicit pyc sources = ALL direct sources, always".
    pub(crate) fn executable_runfiles(&self) -> Vec<&'static str> {
        let mut runfiles = Vec::new();
        if self.is_kept() || !self.collects() {
            runfiles.push(self.source());
        }
        if self.is_required() || self.collects() {
            runfiles.extend(self.pyc());
        }
        runfiles.sort_unstable();
        runfiles
    }

    /// "If main is not in keep_srcs and collect is on, the launcher points at its pyc."
    pub(crate) fn main(&self) -> &'static str {
        match self.pyc() {
            Some(pyc) if !self.is_kept() && self.collects() => pyc,
            _ => self.source(),
        }
    }
}
