//! Command lines and `.bazelrc` files, and the options they come to.

use std::fs;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Parser, Subcommand};

use super::*;
use crate::commands::build::arguments::sheltered;
use crate::commands::build::options::*;

/// What the tests' clap reads, as the binary's does.
#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Subcommand)]
enum Commands {
    #[command(flatten)]
    Build(TypedCommand),
}

/// Reads a command line typed in the folder `app` of a workspace with this `.bazelrc`; the words are separated by blanks.
/// In the error, `%root%` stands for the workspace.
fn read_with(rc: &str, line: &str) -> Result<Invocation, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    read_words_with(rc, &words)
}

fn read_words_with(rc: &str, words: &[&str]) -> Result<Invocation, String> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::write(root.join("MODULE.bazel"), "").unwrap();
    fs::write(root.join(".bazelrc"), rc).unwrap();
    fs::create_dir_all(root.join("app")).unwrap();
    fs::create_dir_all(root.join("home")).unwrap();
    fs::write(root.join("home/.bazelrc"), "build:home --jobs=7\n").unwrap();
    fs::write(root.join("more"), "build --jobs=9\n").unwrap();
    let typed = sheltered(["prepyc"].iter().chain(words).map(Into::into));
    let Commands::Build(typed) =
        CommandLine::try_parse_from(typed).map_err(|error| error.to_string())?.command;
    let environment =
        Environment { folder: root.join("app"), home: Some(root.join("home")), variable: |_| None };
    let shown = |text: String| text.replace(root.to_str().unwrap(), "%root%");
    read(typed, &environment).map_err(|error| shown(format!("{error:#}"))).map(|mut invocation| {
        for hub in invocation.options.pip_hubs.values_mut() {
            hub.value = shown(hub.value.display().to_string()).into();
        }
        let cache = &mut invocation.options.execution.disk_cache;
        *cache = cache.take().map(|cache| shown(cache.display().to_string()).into());
        invocation
    })
}

fn options(rc: &str, line: &str) -> BuildOptions {
    read_with(rc, line).unwrap_or_else(|error| panic!("{line}: {error}")).options
}

fn error(rc: &str, line: &str) -> String {
    match read_with(rc, line) {
        Ok(_) => panic!("{line}: no error"),
        Err(error) => error,
    }
}

#[test]
fn flags_of_rules_python_have_long_and_short_names() {
    for flag in [
        "--precompile=enabled",
        "--precompile enabled",
        "--@rules_python//python/config_settings:precompile=enabled",
        "--@@rules_python+//python/config_settings:precompile=enabled",
        "--@@rules_python~1.2//python/config_settings:precompile=enabled",
    ] {
        let options = options("", &format!("build {flag} //a"));
        assert_eq!(options.flags.precompile.value, prepyc_plan::PrecompileFlag::Enabled, "{flag}");
        assert_eq!(options.flags.precompile.given, prepyc_plan::Given::CommandLine);
        assert_eq!(options.label_flags, []);
    }
    let options = options("", "build --@rules_python//python/config_settings:python_version=3.13 //a");
    assert_eq!(options.python_version.unwrap().value, "3.13");
}

#[test]
fn execution_requirements_add_up() {
    let flag = "--@rules_python//tools/precompiler:execution_requirements";
    let options = options("", &format!("build {flag}=supports-workers=1 {flag}=a=b=c //a"));
    let requirements: Vec<_> = options.flags.execution_requirements.value.iter().collect();
    assert_eq!(requirements, [("a", "b=c"), ("supports-workers", "1")]);
}

#[test]
fn other_labels_are_kept_for_whoever_knows_the_targets() {
    let options = options(
        "build --@lib//:level=3\n",
        "build --//my:text=a=b --//my:switch --no//my:other --@rp//python/config_settings:precompile=x --no@lib//:y //a",
    );
    let shown: Vec<String> = options
        .label_flags
        .iter()
        .map(|flag| format!("{} {} {:?}", flag.origin, flag.label, flag.value))
        .collect();
    assert_eq!(
        shown,
        [
            r#".bazelrc:1 @lib//:level Text("3")"#,
            r#"command line //my:text Text("a=b")"#,
            "command line //my:switch On",
            "command line //my:other Off",
            r#"command line @rp//python/config_settings:precompile Text("x")"#,
            "command line @lib//:y Off",
        ]
    );
}

#[test]
fn what_comes_later_wins_and_what_is_typed_comes_last() {
    let rc = "test --jobs=3\nbuild --jobs=1 -c opt\nbuild --jobs 2\n";
    let jobs = |line: &str| options(rc, line).execution.jobs.map(NonZeroUsize::get);
    assert_eq!(jobs("build //a"), Some(2));
    assert_eq!(jobs("test //a"), Some(3));
    assert_eq!(jobs("build -j 4 //a"), Some(4));
    assert_eq!(jobs("build -j4 --jobs=5 //a"), Some(5));
    assert_eq!(jobs("build --jobs=auto //a"), None);
    let mode = options(rc, "run //a").flags.compilation_mode;
    assert_eq!((mode.value, mode.given), (prepyc_plan::CompilationMode::Opt, prepyc_plan::Given::ConfigFile));
}

#[test]
fn configurations_stand_for_their_words_where_they_are_named() {
    let rc = "build:ci --jobs=1 --config=opt --define=a=ci\nbuild:opt -c opt\ntest:ci --test_output=all\n\
              build:loop --config=around\nbuild:around --config loop\nbuild:linux --define=os=linux\n\
              build --enable_platform_specific_config\nquery:other --x\n";
    let ci = options(rc, "build --jobs=2 --config=ci --define=a=typed //a");
    assert_eq!(ci.execution.jobs.map(NonZeroUsize::get), Some(1));
    assert_eq!(ci.flags.compilation_mode.value, prepyc_plan::CompilationMode::Opt);
    assert_eq!(ci.defines["a"], "typed");
    assert_eq!(ci.defines.contains_key("os"), cfg!(target_os = "linux"));
    assert_eq!(ci.test.output, TestOutput::Summary);
    assert_eq!(options(rc, "test --config ci //a").test.output, TestOutput::All);
    assert_eq!(options(rc, "build --config=home //a").execution.jobs.map(NonZeroUsize::get), Some(7));
    assert_eq!(
        error(rc, "build --config=loop //a"),
        ".bazelrc:5: --config=loop: it expands to itself: loop -> around -> loop"
    );
    assert_eq!(
        error(rc, "build --config=other //a"),
        "command line: --config=other: no .bazelrc has a section of that name (there are around, ci, home, linux, loop, opt)"
    );
    assert_eq!(
        error("", "build --nohome_rc --config=ci //a"),
        "command line: --config=ci: no .bazelrc has a section of that name, or of any"
    );
}

#[test]
fn configurations_that_double_come_to_an_end() {
    let rc: String = (0..40)
        .map(|number| format!("build:c{number} --config=c{0} --config=c{0}\n", number + 1))
        .chain(["build:c40 -k\n".to_owned()])
        .collect();
    let message = error(&rc, "build --config=c0 //a");
    assert!(message.ends_with("configurations expand to one another without end"), "{message}");
}

#[test]
fn files_are_chosen_by_flags() {
    let jobs = |line: &str| options("build --jobs=1\n", line).execution.jobs.map(NonZeroUsize::get);
    assert_eq!(jobs("build //a"), Some(1));
    assert_eq!(jobs("build --noworkspace_rc //a"), None);
    assert_eq!(jobs("build --ignore_all_rc_files --bazelrc=../more //a"), None);
    assert_eq!(jobs("build --bazelrc=../more //a"), Some(9));
    assert_eq!(jobs("build --bazelrc=/dev/null --bazelrc=%workspace%/more //a"), Some(1));
    assert_eq!(
        error("", "build --bazelrc=gone //a"),
        "cannot read %root%/app/gone: No such file or directory (os error 2)"
    );
}

#[test]
fn bazels_other_flags_are_passed_over_in_files_alone() {
    let rc = "build --remote_cache=grpc://x --cxxopt -std=c++17 --copt x\ncommon --lockfile_mode off -s\nbuild --jobs=3\n";
    let options = options(rc, "build //a");
    let ignored: Vec<String> =
        options.ignored.iter().map(|flag| format!("{} {}", flag.origin, flag.value)).collect();
    assert_eq!(
        ignored,
        [
            ".bazelrc:2 --lockfile_mode off",
            ".bazelrc:2 -s",
            ".bazelrc:1 --remote_cache=grpc://x",
            ".bazelrc:1 --cxxopt",
            ".bazelrc:1 -std=c++17",
            ".bazelrc:1 --copt x",
        ]
    );
    assert_eq!(options.execution.jobs.map(NonZeroUsize::get), Some(3));
    assert_eq!(
        error("", "build --remote_cache=grpc://x //a"),
        "command line: --remote_cache: there is no such flag; see prepyc build --help"
    );
}

/// A `.bazelrc`, a command line, and the error that comes of them.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "",
        "build --precompiel=enabled //a",
        "command line: --precompiel: there is no such flag; did you mean --precompile?",
    ),
    (
        "",
        "build --keep-goin //a",
        "command line: --keep-goin: there is no such flag; did you mean --keep-going?",
    ),
    ("", "build -x //a", "command line: -x: there is no such flag; see prepyc build --help"),
    ("", "build --rounds=3 //a", "command line: --rounds: there is no such flag; see prepyc build --help"),
    ("", "build -//a/...", "command line: -//a/...: targets to leave out stand behind `--`"),
    ("", "build //a --jobs", "command line: --jobs: a value has to follow (N)"),
    ("", "build --nojobs //a", "command line: --nojobs: there is no such flag; see prepyc build --help"),
    (
        "",
        "build --nokeep_going=1 //a",
        "command line: --nokeep_going=1: a flag with `no` before it takes no value",
    ),
    (
        "",
        "build --keep_going=maybe //a",
        "command line: --keep_going: \"maybe\" is not a truth value (yes or no)",
    ),
    (
        "",
        "build --jobs=0 //a",
        "command line: --jobs: \"0\" is not a count (a number from 1, auto, HOST_CPUS, HOST_CPUS*.5)",
    ),
    (
        "\nbuild --precompile=on\n",
        "build //a",
        ".bazelrc:2: --precompile: \"on\" is not a value (one of auto, enabled, disabled, force_enabled, force_disabled)",
    ),
    (
        "build --@rules_python//python/config_settings:precompile=if_generated_source\n",
        "build //a",
        ".bazelrc:1: --precompile: rules_python 0.37 removed the value \"if_generated_source\"; set precompile = \
     \"enabled\" on the targets with generated sources",
    ),
    (
        "",
        "build --pyc_collection=include_pyc //a",
        "command line: --pyc_collection: rules_python 0.37 removed this flag; a binary's pyc_collection attribute \
     decides, and inherits from --precompile",
    ),
    (
        "build --@rules_python//python/config_settings:precompile_add_to_runfiles=always\n",
        "build //a",
        ".bazelrc:1: --precompile_add_to_runfiles: rules_python 0.37 removed this flag; a binary's pyc_collection \
     attribute decides what its runfiles hold",
    ),
    (
        "",
        "build --@rules_python//python/config_settings:precompile //a",
        "command line: --@rules_python//python/config_settings:precompile: a value has to follow, as in \
     --@rules_python//python/config_settings:precompile=VALUE",
    ),
    ("", "build --@rules_python=1 //a", "command line: --@rules_python: a label has `//` before its package"),
    ("build //a\n", "build //b", ".bazelrc:1: \"//a\" is no flag; targets are named on the command line"),
    (
        "",
        "build --python_version=three //a",
        "command line: --python_version: \"three\" is not a version of Python such as 3.13",
    ),
    ("", "build --pip_hub=pip //a", "command line: --pip_hub: \"pip\" is not of the form NAME=DIR"),
    (
        "",
        "build --pip_hub=a/b=c //a",
        "command line: --pip_hub: \"a/b\" is not the name of a repository (letters, digits, `_`, `-`, `.`)",
    ),
    ("", "build --pip_hub=pip= //a", "command line: --pip_hub: a path has to follow"),
    (
        "",
        "build --strategy=PyCompile=fast //a",
        "command line: --strategy: \"fast\" is not a strategy (worker, sandboxed and local are)",
    ),
    (
        "build:remote --spawn_strategy=remote\n",
        "build --config=remote //a",
        ".bazelrc:1: --spawn_strategy: \"remote\" is a strategy of Bazel's that prepyc has not (it has worker, \
     sandboxed and local)",
    ),
    (
        "",
        "build --pyc_only=enabled --precompile=force_disabled //a",
        "--pyc_only=enabled cannot be had with --precompile=force_disabled: one asks for pycs alone, the other for none",
    ),
    ("import\n", "build //a", ".bazelrc:1: import takes one path, such as %workspace%/tools/team.bazelrc"),
    ("", "build", "prepyc build: say which targets, such as //... for all"),
    (
        "",
        "build ///a",
        "command line: \"///a\" is no target pattern: the package has an empty, `.` or `..` component",
    ),
    ("", "run", "prepyc run: say which target, such as //app"),
    ("", "zip //a //b", "command line: //b: prepyc zip takes one target"),
    ("", "zip //a/...", "command line: //a/...: prepyc zip takes the label of one target"),
];

#[test]
fn wrong_flags_say_where_they_stand() {
    for (rc, line, message) in WRONG {
        assert_eq!(error(rc, line), *message, "{line}");
    }
}

#[test]
fn strategies_and_workers() {
    let line = "build --spawn_strategy=local --strategy=PyCompile=worker,linux-sandbox,sandboxed --strategy=Javac=local \
                --worker_extra_flag=PyCompile=--worker_impl=serial --worker_extra_flag=Javac=--x \
                --worker_max_instances=PyCompile=3 --worker_max_instances=5 --worker_max_multiplex_instances=8 //a";
    let execution = options("build --spawn_strategy=remote,sandboxed\n", line).execution;
    let strategies: Vec<StrategyName> = execution.strategies.iter().map(|strategy| strategy.value).collect();
    assert_eq!(strategies, [StrategyName::Worker, StrategyName::Sandboxed]);
    assert_eq!(execution.worker_extra_flags, ["--worker_impl=serial"]);
    assert_eq!(execution.worker_max_instances.map(NonZeroUsize::get), Some(3));
    assert_eq!(execution.worker_max_multiplex_instances.map(NonZeroUsize::get), Some(8));
    let execution = options("build --spawn_strategy=remote,sandboxed\n", "build //a").execution;
    assert_eq!(execution.strategies[0].value, StrategyName::Sandboxed);
    assert_eq!(execution.strategies[0].origin.to_string(), ".bazelrc:1");
}

#[test]
fn paths_start_where_they_are_said() {
    let rc = "build --pip_hub=rc=site --disk_cache=~/cache\n";
    let options =
        options(rc, "build --pip_hub typed=../site --pip_hub=@abs=/x --pip_hub=ws=%workspace%/y //a");
    let hubs: Vec<String> =
        options.pip_hubs.iter().map(|(name, hub)| format!("{name} {}", hub.value.display())).collect();
    assert_eq!(hubs, ["abs /x", "rc %root%/site", "typed %root%/app/../site", "ws %root%/y"]);
    assert_eq!(options.execution.disk_cache.unwrap().display().to_string(), "%root%/home/cache");
}

#[test]
fn tests_have_arguments_and_an_environment() {
    let rc = "test --test_env=A=rc --test_arg=one --test_tag_filters=-slow\n";
    let line = "test --test_env=A=typed --test_env=HOME --test_arg --two --test_timeout=1,-1,3,4 --test_filter=x \
                --build_tag_filters=fast,-manual //a";
    let options = options(rc, line);
    let test = options.test;
    assert_eq!(test.environment["A"].as_deref(), Some("typed"));
    assert_eq!(test.environment["HOME"], None);
    assert_eq!(test.arguments, ["one", "--two"]);
    assert_eq!(test.timeouts.short, Some(Duration::from_secs(1)));
    assert_eq!((test.timeouts.moderate, test.timeouts.long), (None, Some(Duration::from_secs(3))));
    assert_eq!(test.filter.as_deref(), Some("x"));
    assert!(test.tag_filters.takes(["fast"]) && !test.tag_filters.takes(["slow", "fast"]));
    assert!(options.build_tag_filters.takes(["fast"]) && !options.build_tag_filters.takes(["other"]));
}

#[test]
fn each_command_has_its_request() {
    let request = |line: &str| read_with("", line).unwrap_or_else(|error| panic!("{line}: {error}")).request;
    let texts = |patterns: &[Pattern]| patterns.iter().map(|one| one.text.clone()).collect::<Vec<_>>();

    let Request::Build { patterns } = request("build -k //... -- :x -//app/...") else { panic!() };
    assert_eq!(texts(&patterns), ["//...", ":x", "-//app/..."]);
    let Request::Run { target, arguments } = request("run -c opt :tool -- -c --help --") else { panic!() };
    assert_eq!((target.text.as_str(), arguments), (":tool", vec!["-c".into(), "--help".into(), "--".into()]));
    let Request::Run { arguments, .. } = request("run :tool one -- two") else { panic!() };
    assert_eq!(arguments, ["one", "two"]);
    let Request::Zip { output, .. } = request("zip //app -o /x.zip") else { panic!() };
    assert_eq!(output, Some("/x.zip".into()));
    let Request::Explain { format, .. } = request("explain --output=json //...") else { panic!() };
    assert_eq!(format, ExplainFormat::Json);
    let Request::Report { format, rounds, .. } = request("report --format html --rounds 3 a") else {
        panic!()
    };
    assert_eq!((format, rounds.map(NonZeroUsize::get)), (ReportFormat::Html, Some(3)));
    let Request::Report { rounds, output, .. } = request("report --no_import_time a") else { panic!() };
    assert_eq!((rounds, output), (None, None));
}

#[test]
fn a_folder_outside_of_workspaces_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment { folder: folder.path().to_owned(), home: None, variable: |_| None };
    let typed = TypedCommand { command: CommandName::Build, words: vec!["//a".into()] };
    let message = format!("{:#}", read(typed, &environment).unwrap_err());
    assert!(message.contains("is in no workspace"), "{message}");
}

#[test]
fn help_describes_every_flag_of_the_command() {
    for command in CommandName::ALL {
        for line in [vec![command.word(), "--help"], vec![command.word(), "--//x:y=z", "--help", "--foo"]] {
            let help = read_words_with("", &line).unwrap_err();
            for flag in crate::commands::build::flags::all() {
                let mentioned = help.contains(&format!("--{}", flag.name));
                assert!(mentioned || !flag.commands.contains(&command), "{}: {}", command.word(), flag.name);
            }
            assert!(help.contains("Examples:\n  prepyc "), "{help}");
        }
    }
    let run = read_words_with("", &["run", "//a", "--", "--help"]).unwrap().request;
    let Request::Run { arguments, .. } = run else { panic!("{run:?}") };
    assert_eq!(arguments, ["--help"]);
}

#[test]
fn flags_have_one_name_each() {
    for command in CommandName::ALL {
        let flags: Vec<&FlagSpec> =
            crate::commands::build::flags::all().filter(|flag| flag.commands.contains(&command)).collect();
        let mut names: Vec<String> = flags
            .iter()
            .flat_map(|flag| flag.aliases.iter().chain([&flag.name]))
            .map(|name| (*name).to_owned())
            .collect();
        names.extend(flags.iter().filter_map(|flag| flag.short).map(String::from));
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
