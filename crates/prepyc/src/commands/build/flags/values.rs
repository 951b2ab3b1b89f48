//! How the values of flags are read.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;

use super::{FlagValue, PerMnemonic, Problem};
use crate::commands::build::options::{Sourced, StrategyName, TagFilter, TestTimeouts};

/// The mnemonic of precompiling.
pub(super) const MNEMONIC: &str = "PyCompile";

/// Nothing is waited for longer: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads a truth value; the words are Bazel's.
pub(in crate::commands::build) fn truth(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "t" | "y" => Ok(true),
        "false" | "0" | "no" | "f" | "n" => Ok(false),
        _ => Err(format!("{text:?} is not a truth value (yes or no)").into()),
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Problem> {
    words.iter().find(|(word, _)| *word == text).map(|&(_, value)| value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|&(word, _)| word).collect();
        Problem::Value(format!("{text:?} is not a value (one of {})", words.join(", ")))
    })
}

/// A word of an argument that another command has, too.
pub(super) fn word_of<T: ValueEnum + Copy>(text: &str) -> Result<T, Problem> {
    let words: Vec<(String, T)> = T::value_variants()
        .iter()
        .filter_map(|&value| value.to_possible_value().map(|word| (word.get_name().to_owned(), value)))
        .collect();
    let words: Vec<(&str, T)> = words.iter().map(|(word, value)| (word.as_str(), *value)).collect();
    one_of(text, &words)
}

/// A count: `4`, `auto`, `HOST_CPUS`, `HOST_CPUS*.5`, `HOST_CPUS-1`. `None` is `auto`.
pub(super) fn count(text: &str) -> Result<Option<NonZeroUsize>, Problem> {
    let bad = || {
        Problem::Value(format!("{text:?} is not a count (a number from 1, auto, HOST_CPUS, HOST_CPUS*.5)"))
    };
    if text == "auto" {
        return Ok(None);
    }
    let Some(rest) = text.strip_prefix("HOST_CPUS") else {
        return text.parse::<NonZeroUsize>().map(Some).map_err(|_| bad());
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let number = match (rest.get(..1), rest.get(1..)) {
        (None, _) => cores,
        (Some("-"), Some(less)) => cores.saturating_sub(less.parse().map_err(|_| bad())?),
        (Some("*"), Some(factor)) => {
            let factor: f64 = factor.parse().map_err(|_| bad())?;
            if !(factor.is_finite() && factor > 0.0) {
                return Err(bad());
            }
            // A cast from floating point stops at the type's ends.
            (cores as f64 * factor) as usize
        }
        _ => return Err(bad()),
    };
    Ok(NonZeroUsize::new(number.max(1)))
}

/// `N` for every mnemonic, or `MNEMONIC=N`; other mnemonics mean nothing here.
pub(super) fn count_of_mnemonic(counts: &mut PerMnemonic, text: &str) -> Result<(), Problem> {
    match text.split_once('=') {
        None => counts.any = count(text)?,
        Some((MNEMONIC, number)) => counts.own = count(number)?,
        Some((_, number)) => {
            count(number)?;
        }
    }
    Ok(())
}

/// Names of strategies with commas between them. Those that need another machine are passed over, if others are left.
pub(super) fn strategies(value: FlagValue<'_>, text: &str) -> Result<Vec<Sourced<StrategyName>>, Problem> {
    let mut strategies = Vec::new();
    let mut passed_over = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let strategy = match name {
            "worker" => StrategyName::Worker,
            "sandboxed" | "linux-sandbox" | "processwrapper-sandbox" | "darwin-sandbox" => {
                StrategyName::Sandboxed
            }
            "local" | "standalone" => StrategyName::Local,
            "remote" | "dynamic" | "dynamic_worker" | "docker" | "internal" => {
                passed_over.push(name);
                continue;
            }
            _ => {
                return Err(format!("{name:?} is not a strategy (worker, sandboxed and local are)").into());
            }
        };
        if strategies.iter().all(|known: &Sourced<StrategyName>| known.value != strategy) {
            strategies.push(Sourced { value: strategy, origin: value.origin.clone() });
        }
    }
    match passed_over.first() {
        Some(name) if strategies.is_empty() => Err(format!(
            "{name:?} is a strategy of Bazel's that prepyc has not (it has worker, sandboxed and local)"
        )
        .into()),
        _ => Ok(strategies),
    }
}

/// Tags with commas between them, those with a `-` unwanted.
pub(super) fn tag_filter(text: &str) -> TagFilter {
    let mut filter = TagFilter::default();
    for tag in text.split(',').map(str::trim) {
        match tag.strip_prefix('-') {
            Some(tag) => filter.unwanted.push(tag.to_owned()),
            None if tag.is_empty() => {}
            None => filter.wanted.push(tag.trim_start_matches('+').to_owned()),
        }
    }
    filter
}

/// `NAME=VALUE`, the name not empty.
pub(super) fn assignment<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), Problem> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        _ => Err(format!("{text:?} is not of the form {form}").into()),
    }
}

/// A version of Python: `3.13` or `3.13.2`.
pub(super) fn python_version(text: &str) -> Result<String, Problem> {
    let numbers: Vec<&str> = text.split('.').collect();
    let are_numbers = numbers
        .iter()
        .all(|number| (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()));
    if !are_numbers || !(2..=3).contains(&numbers.len()) {
        return Err(format!("{text:?} is not a version of Python such as 3.13").into());
    }
    Ok(text.to_owned())
}

/// A number of seconds that something may take: `30`, `0.5`.
pub(super) fn seconds(text: &str) -> Result<Duration, Problem> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0);
    let seconds = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    seconds.filter(|seconds| *seconds <= LONGEST).ok_or_else(|| {
        Problem::Value(format!("{text:?} is not a number of seconds above 0 and up to {}", LONGEST.as_secs()))
    })
}

/// One number of seconds for all tests, or four for short, moderate, long and eternal ones; -1 leaves one as it is.
pub(super) fn test_timeouts(text: &str) -> Result<TestTimeouts, Problem> {
    let bad = || {
        Problem::Value(format!(
            "{text:?} is neither a number of seconds nor four of them with commas between (short,moderate,long,eternal)"
        ))
    };
    let seconds = text.split(',').map(|number| match number.trim().parse::<i32>() {
        Ok(-1 | 0) => Ok(None),
        Ok(number) => {
            u64::try_from(number).map(|number| Some(Duration::from_secs(number))).map_err(|_| bad())
        }
        Err(_) => Err(bad()),
    });
    let seconds: Vec<Option<Duration>> = seconds.collect::<Result<_, _>>()?;
    match seconds[..] {
        [every] => Ok(TestTimeouts { short: every, moderate: every, long: every, eternal: every }),
        [short, moderate, long, eternal] => Ok(TestTimeouts { short, moderate, long, eternal }),
        _ => Err(bad()),
    }
}
