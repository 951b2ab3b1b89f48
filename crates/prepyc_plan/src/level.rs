//! Optimization levels: one, several, and how the names of pycs tell them apart.

use std::fmt;
use std::str::FromStr;

use crate::setting::SettingError;

/// What `compile()` calls `optimize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OptimizeLevel {
    /// Everything stays.
    Zero,
    /// Without assertions (`-O`).
    One,
    /// Without assertions and docstrings (`-OO`).
    Two,
}

impl OptimizeLevel {
    /// Every level, lowest first.
    pub const ALL: [OptimizeLevel; 3] = [OptimizeLevel::Zero, OptimizeLevel::One, OptimizeLevel::Two];

    fn from_number(number: i64) -> Option<OptimizeLevel> {
        OptimizeLevel::ALL.into_iter().find(|level| i64::from(level.number()) == number)
    }

    /// As the command line of a precompiler has it.
    pub fn number(self) -> u8 {
        match self {
            OptimizeLevel::Zero => 0,
            OptimizeLevel::One => 1,
            OptimizeLevel::Two => 2,
        }
    }
}

impl fmt::Display for OptimizeLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// `precompile_optimize_level`, an integer in BUILD files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptimizeAttribute {
    /// Not set: as the flag says, else 0.
    Inherit,
    /// -1: that of the interpreter that compiles. It is started without `-O`, so this is 0.
    Interpreter,
    /// 0, 1 or 2.
    Level(OptimizeLevel),
}

impl OptimizeAttribute {
    /// What an integer in a BUILD file stands for.
    ///
    /// # Errors
    /// A level that `compile()` would reject when the action runs.
    pub fn from_integer(number: i64) -> Result<OptimizeAttribute, SettingError> {
        if number == -1 {
            return Ok(OptimizeAttribute::Interpreter);
        }
        OptimizeLevel::from_number(number).map(OptimizeAttribute::Level).ok_or_else(|| {
            SettingError::BadLevel {
                setting: "precompile_optimize_level",
                value: number.to_string(),
                allowed: "-1, 0, 1 or 2",
            }
        })
    }
}

impl fmt::Display for OptimizeAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptimizeAttribute::Inherit => f.write_str("not set"),
            OptimizeAttribute::Interpreter => f.write_str("-1"),
            OptimizeAttribute::Level(level) => level.fmt(f),
        }
    }
}

/// One or more levels, without order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OptimizeLevels {
    /// Bit N stands for level N; never 0.
    bits: u8,
}

impl OptimizeLevels {
    /// That level alone.
    pub fn one(level: OptimizeLevel) -> OptimizeLevels {
        OptimizeLevels { bits: 1 << level.number() }
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, level: OptimizeLevel) -> OptimizeLevels {
        OptimizeLevels { bits: self.bits | 1 << level.number() }
    }

    /// The levels, lowest first.
    pub fn iter(self) -> impl Iterator<Item = OptimizeLevel> {
        OptimizeLevel::ALL.into_iter().filter(move |level| self.bits & (1 << level.number()) != 0)
    }

    /// The level that suits every reader: the lowest leaves most in.
    pub fn lowest(self) -> OptimizeLevel {
        self.iter().next().expect("there is at least one level")
    }

    /// Whether there are two or three.
    pub fn are_several(self) -> bool {
        self.bits.count_ones() > 1
    }
}

impl fmt::Display for OptimizeLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, level) in self.iter().enumerate() {
            write!(f, "{}{level}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// `--precompile_optimize_levels`: the levels of targets that set no level of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptimizeLevelsFlag {
    /// As rules_python has it: the attribute alone decides, and no name of a pyc says its level.
    Auto,
    /// These, and every name in `__pycache__` says its level as CPython looks for it (`.opt-1`).
    Levels(OptimizeLevels),
}

impl fmt::Display for OptimizeLevelsFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptimizeLevelsFlag::Auto => f.write_str("auto"),
            OptimizeLevelsFlag::Levels(levels) => levels.fmt(f),
        }
    }
}

impl FromStr for OptimizeLevelsFlag {
    type Err = SettingError;

    /// `auto`, or levels with commas between them.
    fn from_str(text: &str) -> Result<OptimizeLevelsFlag, SettingError> {
        if text == "auto" {
            return Ok(OptimizeLevelsFlag::Auto);
        }
        let bad = || SettingError::BadLevel {
            setting: "--precompile_optimize_levels",
            value: text.to_owned(),
            allowed: "auto, or one or more of 0, 1 and 2 with commas between them",
        };
        let mut levels: Option<OptimizeLevels> = None;
        for word in text.split(',') {
            let level =
                OptimizeLevel::ALL.into_iter().find(|level| level.to_string() == word).ok_or_else(bad)?;
            levels = Some(levels.map_or(OptimizeLevels::one(level), |levels| levels.and(level)));
        }
        levels.map(OptimizeLevelsFlag::Levels).ok_or_else(bad)
    }
}
