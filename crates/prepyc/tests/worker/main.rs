//! `prepyc-worker`, the binary, against docs/worker_protocol.md and docs/precompiling.md.
//!
//! A test is a file of `tests/worker` where a stream of requests and its answers say it all (`*.stream`, whose form
//! `tests/worker/README.md` tells; `captures/*`, recorded from real Bazel), and a function below where timing,
//! processes or bytes matter. `case_NN` is case NN of docs/worker_protocol.md §12; one test sees that none is missing.
//!
//! `BLESS=1 cargo test -p prepyc --test worker` rewrites what `*.stream` files expect.

mod captures;
mod cases;
mod command_line;
mod process;
mod soak;
mod streams;
mod support;

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Names functions as tests, by their own names.
macro_rules! trials {
    ($($module:ident::$name:ident),* $(,)?) => {
        vec![$(Trial::test(stringify!($name), || { $module::$name(stringify!($name)); Ok(()) })),*]
    };
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = trials![
        cases::case_01_one_shot_with_params,
        cases::case_13_request_of_ten_mebibytes,
        cases::case_14_proto_framing,
        cases::case_15_sixty_four_concurrent_requests,
        cases::case_16_answers_do_not_mix,
        cases::case_22_output_over_symlink,
        cases::case_23_cancel_in_flight,
        cases::case_24_cancel_answered_or_twice,
        cases::case_25_cancel_singleplex,
        cases::case_26_id_reuse,
        cases::case_28_diagnostics_that_are_not_utf8,
        cases::case_29_verbosity,
        cases::case_30_same_bytes_everywhere,
        command_line::case_02_persistent_worker_anywhere,
        command_line::case_03_unknown_start_flag,
        command_line::one_shot_errors_and_exit_codes,
        command_line::start_options_come_before_a_requests,
        command_line::interpreter_from_the_environment,
        command_line::native_needs_no_interpreter,
        command_line::interpreter_must_be_the_version_asked_for,
        command_line::help_and_version,
        command_line::non_utf8_paths,
        command_line::all_three_invalidation_modes_and_levels,
        command_line::a_batch_is_published_whole_or_not_at_all,
        command_line::warnings_are_shown_and_do_not_fail,
        process::case_04_end_of_input_while_idle,
        process::case_05_end_of_input_in_a_message,
        process::case_06_sigterm,
        process::case_27_stray_prints,
        process::sigterm_while_an_interpreter_hangs,
        process::an_interpreter_that_comes_later_is_used,
        process::malformed_input_ends_it,
        process::closed_output_ends_it,
        process::serial_takes_one_at_a_time,
        process::one_shot_sigterm,
        soak::case_32_twenty_thousand_requests_in_flat_memory,
    ];
    trials.extend(streams::trials());
    trials.extend(captures::trials());
    let names: Vec<String> = trials.iter().map(|trial| trial.name().to_owned()).collect();
    trials.push(Trial::test("every_case_has_a_test", move || {
        let has_test = |case: &u32| names.iter().any(|name| name.starts_with(&format!("case_{case:02}_")));
        let missing: BTreeSet<u32> = (1..=32).filter(|case| !has_test(case)).collect();
        assert!(missing.is_empty(), "cases without a test: {missing:?}");
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}
