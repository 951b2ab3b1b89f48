//! Flags of how actions are run.

use super::values::{MNEMONIC, assignment, count, count_of_mnemonic, seconds, strategies, truth, word_of};
use super::{Draft, FlagSpec, FlagValue, Problem, Takes, flag};
use crate::commands::build::options::OnFailure;

const HEADING: &str = "Execution";

pub(super) const FLAGS: &[FlagSpec] = &[
    flag(
        HEADING,
        "engine",
        Takes::Value("auto|native|interpreter"),
        |draft, value| {
            draft.options.engine = word_of(value.text)?;
            Ok(())
        },
        "What compiles where no precompiler is registered: auto is native where prepyc has a compiler, else the interpreter",
    ),
    FlagSpec {
        more: "The first that can run an action does. Only PyCompile means anything here.",
        ..flag(
            HEADING,
            "strategy",
            Takes::Value("PyCompile=worker,sandboxed,local"),
            strategy,
            "How the workspace's own precompiler is run",
        )
    },
    flag(
        HEADING,
        "spawn_strategy",
        Takes::Value("worker,sandboxed,local"),
        |draft, value| {
            draft.any_strategy = strategies(value, value.text)?;
            Ok(())
        },
        "As --strategy, where that says nothing",
    ),
    flag(
        HEADING,
        "worker_extra_flag",
        Takes::Value("PyCompile=FLAG"),
        worker_extra_flag,
        "A flag that the precompiler gets when it is started as a worker; repeatable",
    ),
    flag(
        HEADING,
        "worker_max_instances",
        Takes::Value("[MNEMONIC=]N"),
        |draft, value| count_of_mnemonic(&mut draft.instances, value.text),
        "How many workers at a time, where they take one request at a time",
    ),
    flag(
        HEADING,
        "worker_max_multiplex_instances",
        Takes::Value("[MNEMONIC=]N"),
        |draft, value| count_of_mnemonic(&mut draft.multiplex_instances, value.text),
        "How many requests a multiplex worker gets at a time",
    ),
    flag(
        HEADING,
        "worker_multiplex",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.multiplex, value),
        "Send a worker that can take it several requests at a time [default: yes]",
    ),
    flag(
        HEADING,
        "worker_sandboxing",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.sandboxing, value),
        "Run workers that take one request at a time in a folder with nothing but its files",
    ),
    flag(
        HEADING,
        "experimental_worker_multiplex_sandboxing",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.multiplex_sandboxing, value),
        "Give each request to a multiplex worker that can use it a folder with nothing but its files",
    ),
    flag(
        HEADING,
        "experimental_worker_cancellation",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.cancellation, value),
        "Ask workers that can to give requests up, instead of ending them",
    ),
    flag(
        HEADING,
        "worker_verbose",
        Takes::Truth,
        |draft, value| worker_choice(&mut draft.options.execution.workers.verbose, value),
        "Ask workers to say more in their logs",
    ),
    flag(
        HEADING,
        "action_timeout",
        Takes::Value("SECONDS"),
        |draft, value| {
            draft.options.execution.action_timeout = Some(seconds(value.text)?);
            Ok(())
        },
        "How long the workspace's own precompiler may take for an action, then it is killed [default: 600]",
    ),
    FlagSpec {
        short: Some('j'),
        ..flag(
            HEADING,
            "jobs",
            Takes::Value("N"),
            |draft, value| {
                draft.options.execution.jobs = count(value.text)?;
                Ok(())
            },
            "How many actions at a time [default: one a core]",
        )
    },
    FlagSpec {
        short: Some('k'),
        aliases: &["keep-going"],
        ..flag(
            HEADING,
            "keep_going",
            Takes::Truth,
            keep_going,
            "Go on after an error with whatever does not depend on it",
        )
    },
    FlagSpec {
        aliases: &["disk-cache"],
        more: "Builds of any workspace can share it at the same time. An empty value is none.",
        ..flag(
            HEADING,
            "disk_cache",
            Takes::Value("DIR"),
            disk_cache,
            "Keep what actions make in DIR, and look there first",
        )
    },
];

fn worker_choice(choice: &mut Option<bool>, value: FlagValue<'_>) -> Result<(), Problem> {
    *choice = Some(truth(value.text)?);
    Ok(())
}

fn strategy(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    match value.text.split_once('=') {
        None | Some(("", _)) => {
            draft.any_strategy = strategies(value, value.text.trim_start_matches('='))?;
        }
        Some((MNEMONIC, names)) => draft.own_strategy = strategies(value, names)?,
        Some(_) => {}
    }
    Ok(())
}

fn worker_extra_flag(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    let (mnemonic, flag) = assignment(value.text, "MNEMONIC=FLAG")?;
    if mnemonic == MNEMONIC {
        draft.options.execution.worker_extra_flags.push(flag.to_owned());
    }
    Ok(())
}

fn keep_going(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    draft.options.execution.on_failure =
        if truth(value.text)? { OnFailure::KeepGoing } else { OnFailure::Stop };
    Ok(())
}

fn disk_cache(draft: &mut Draft, value: FlagValue<'_>) -> Result<(), Problem> {
    draft.options.execution.disk_cache = if value.text.is_empty() { None } else { Some(draft.path(value)?) };
    Ok(())
}
