//! What flags and attributes have in common: a value is one of a few words, and a wrong word gets one clear message.

/// Why a flag or an attribute cannot have the value it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such value was ever known.
    #[error("{setting}: {value:?} is not a value (one of {})", allowed.join(", "))]
    UnknownValue {
        /// The flag (`--precompile`) or attribute (`precompile`).
        setting: &'static str,
        /// What was given.
        value: String,
        /// Every value there is.
        allowed: Vec<&'static str>,
    },
    /// rules_python knew the value once.
    #[error("{setting}: rules_python 0.37 removed the value {value:?}; {instead}")]
    RemovedValue {
        /// The flag or attribute.
        setting: &'static str,
        /// What was given.
        value: &'static str,
        /// What to write in its place.
        instead: &'static str,
    },
    /// rules_python knew the flag once.
    #[error("--{flag}: rules_python 0.37 removed this flag; {instead}")]
    RemovedFlag {
        /// The flag, without dashes.
        flag: &'static str,
        /// What to write in its place.
        instead: &'static str,
    },
    /// There is no such flag.
    #[error("--{0}: not a flag of precompiling")]
    UnknownFlag(String),
    /// An optimization level that no `compile()` takes.
    #[error("{setting}: {value:?} is not an optimization level ({allowed})")]
    BadLevel {
        /// The flag or attribute.
        setting: &'static str,
        /// What was given.
        value: String,
        /// What levels there are, in words.
        allowed: &'static str,
    },
    /// An execution requirement that is not `key=value`.
    #[error("--execution_requirements: {0:?} is not of the form key=value")]
    BadRequirement(String),
    /// Two flags that cannot both be obeyed.
    #[error(
        "--pyc_only=enabled cannot be had with --precompile=force_disabled: one asks for pycs alone, the other for none"
    )]
    PycOnlyWithoutPycs,
}

/// Defines an enum whose variants are the words of one flag or attribute.
macro_rules! words {
    (
        $(#[$about:meta])*
        $name:ident for $setting:literal {
            $($(#[$meaning:meta])* $variant:ident = $word:literal,)+
        }
        removed { $($old:literal => $instead:literal,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$meaning])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// How the value is written.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::setting::SettingError;

            fn from_str(text: &str) -> Result<$name, $crate::setting::SettingError> {
                match text {
                    $($word => Ok($name::$variant),)+
                    $($old => Err($crate::setting::SettingError::RemovedValue {
                        setting: $setting,
                        value: $old,
                        instead: $instead,
                    }),)*
                    _ => Err($crate::setting::SettingError::UnknownValue {
                        setting: $setting,
                        value: text.to_owned(),
                        allowed: vec![$($word),+],
                    }),
                }
            }
        }
    };
}

pub(crate) use words;
