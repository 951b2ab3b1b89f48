//! The commands that share `prepyc build`'s flags.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandName {
    /// `prepyc build`
    Build,
    /// `prepyc run`
    Run,
    /// `prepyc test`
    Test,
    /// `prepyc zip`
    Zip,
    /// `prepyc explain`
    Explain,
    /// `prepyc report`
    Report,
}

impl CommandName {
    /// Every command, in the order of the documentation.
    pub(crate) const ALL: [CommandName; 6] = [
        CommandName::Build,
        CommandName::Run,
        CommandName::Test,
        CommandName::Zip,
        CommandName::Explain,
        CommandName::Report,
    ];

    /// As it is typed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            CommandName::Build => "build",
            CommandName::Run => "run",
            CommandName::Test => "test",
            CommandName::Zip => "zip",
            CommandName::Explain => "explain",
            CommandName::Report => "report",
        }
    }

    /// The sections of a `.bazelrc` that speak of it, the most general first: every command inherits from `build`, as
    /// Bazel's `run` and `test` do.
    pub(crate) fn sections(self) -> Vec<&'static str> {
        let mut sections = vec!["always", "common", "build"];
        if self != CommandName::Build {
            sections.push(self.word());
        }
        sections
    }
}
