//! Every combination of flags, attributes, kinds and circumstances, each held against the rules as `restated.rs` has
//! them.

use prepyc_plan::{Precompiler, Runtime, Toolchain};

use crate::restated::{Circumstance, Row, Subject};
use crate::workspace::{Planned, Workspace, binary, fakepy, library, test};

const NOTHING: [&str; 0] = [];

fn every_row() -> Vec<Row> {
    let mut rows = Vec::new();
    for precompile_flag in ["auto", "enabled", "disabled", "force_enabled", "force_disabled"] {
        for retention_flag in ["auto", "keep_source", "omit_source"] {
            for add_srcs_flag in ["auto", "enabled", "disabled"] {
                for precompile in ["inherit", "enabled", "disabled"] {
                    for retention in ["inherit", "keep_source", "omit_source"] {
                        for collection in ["inherit", "include_pyc", "disabled"] {
                            let words = [precompile_flag, retention_flag, add_srcs_flag];
                            add_rows(&mut rows, words, [precompile, retention, collection]);
                        }
                    }
                }
            }
        }
    }
    rows
}

fn add_rows(rows: &mut Vec<Row>, flags: [&'static str; 3], attributes: [&'static str; 3]) {
    let [precompile_flag, retention_flag, add_srcs_flag] = flags;
    let [precompile, retention, collection] = attributes;
    for subject in [Subject::Library, Subject::Binary, Subject::Test] {
        for circumstance in [
            Circumstance::Ordinary,
            Circumstance::Tagless,
            Circumstance::Foreign,
            Circumstance::NoPrecompiler,
        ] {
            rows.push(Row {
                precompile_flag,
                retention_flag,
                add_srcs_flag,
                precompile,
                retention,
                collection,
                subject,
                circumstance,
            });
        }
    }
}

/// The row as targets: the subject, and for a library a binary without sources of its own that depends on it.
fn plan(row: &Row) -> Planned {
    let toolchain = Toolchain {
        precompiler: match row.circumstance {
            Circumstance::NoPrecompiler => Precompiler::Missing,
            _ => Precompiler::Stock,
        },
        runtime: match row.circumstance {
            Circumstance::Tagless => Runtime { implementation_name: None, ..fakepy() },
            _ => fakepy(),
        },
    };
    let settings = [
        ("precompile", row.precompile_flag),
        ("precompile_source_retention", row.retention_flag),
        ("add_srcs_to_runfiles", row.add_srcs_flag),
    ];
    let mut workspace = Workspace::with_toolchain(&settings, toolchain);
    let source = if row.circumstance == Circumstance::Foreign { "//q:subject.py" } else { "subject.py" };
    let subject = match row.subject {
        Subject::Library => {
            let user = binary("//p:user").main_module("subject").deps(&["//p:subject"]);
            workspace.add(user.collection(row.collection));
            library("//p:subject")
        }
        Subject::Binary => binary("//p:subject").collection(row.collection),
        Subject::Test => test("//p:subject").collection(row.collection),
    };
    workspace.add(subject.srcs(&[source]).precompile(row.precompile).retention(row.retention));
    workspace.plan()
}

fn check_row(row: &Row) {
    let planned = plan(row);
    assert_eq!(planned.outputs("//p:subject"), row.default_outputs(), "default outputs: {row:#?}");
    let executable = match row.subject {
        Subject::Library => {
            assert_eq!(planned.runfiles("//p:subject"), row.library_runfiles(), "library runfiles: {row:#?}");
            assert_eq!(planned.main("//p:user").as_deref(), Some("-m subject"));
            "//p:user"
        }
        Subject::Binary | Subject::Test => {
            assert_eq!(planned.main("//p:subject").as_deref(), Some(row.main()), "main: {row:#?}");
            "//p:subject"
        }
    };
    assert_eq!(planned.runfiles(executable), row.executable_runfiles(), "executable runfiles: {row:#?}");

    let declared: Vec<String> =
        planned.plan.actions().map(|(id, _)| id).flat_map(|id| planned.pycs(&[id])).collect();
    let pyc: Vec<&str> = row.pyc().into_iter().collect();
    assert_eq!(declared, pyc, "actions: {row:#?}");
    let taken = if row.is_required() || row.collects() { &pyc[..] } else { &[] };
    assert_eq!(planned.requested(&[executable]), taken, "actions to run: {row:#?}");

    let providers = planned.providers("//p:subject");
    let (required, implicit) = if row.is_required() { (&pyc[..], &[][..]) } else { (&[][..], &pyc[..]) };
    assert_eq!(planned.pycs(&providers.direct_pyc_files), required, "{row:#?}");
    assert_eq!(planned.pycs(&providers.transitive_pyc_files), required, "{row:#?}");
    assert_eq!(planned.pycs(&providers.transitive_implicit_pyc_files), implicit, "{row:#?}");
    let original = planned.sources(&providers.direct_original_sources);
    assert_eq!(original.len(), 1, "{row:#?}");
    assert_eq!(planned.sources(&providers.transitive_original_sources), original, "{row:#?}");
    assert_eq!(planned.sources(&providers.transitive_implicit_pyc_source_files), original, "{row:#?}");
    let kept = if row.is_kept() { &original[..] } else { &[] };
    assert_eq!(planned.sources(&providers.transitive_sources), kept, "{row:#?}");
}

#[test]
fn every_combination_follows_the_rules() {
    let rows = every_row();
    assert_eq!(rows.len(), 5 * 3 * 3 * 3 * 3 * 3 * 3 * 4);
    for row in &rows {
        check_row(row);
    }
}

/// The consequence table of docs/precompiling.md §5: what of one library reaches a binary, collecting and not.
#[test]
fn consequences_for_one_dependency() {
    let row = |precompile, retention, collection, circumstance| Row {
        precompile_flag: "auto",
        retention_flag: "auto",
        add_srcs_flag: "disabled",
        precompile,
        retention,
        collection,
        subject: Subject::Library,
        circumstance,
    };
    let py = "p/subject.py";
    let foreign_py = "q/subject.py";
    let cache_pyc = "p/__pycache__/subject.fakepy-45.pyc";
    let legacy_pyc = "p/subject.pyc";
    let ordinary = Circumstance::Ordinary;
    for (precompile, retention, circumstance, collecting, not_collecting) in [
        ("disabled", "keep_source", ordinary, vec![py], vec![py]),
        ("disabled", "omit_source", ordinary, vec![py], vec![py]),
        ("inherit", "keep_source", Circumstance::NoPrecompiler, vec![py], vec![py]),
        ("enabled", "omit_source", Circumstance::NoPrecompiler, vec![py], vec![py]),
        ("enabled", "keep_source", Circumstance::Foreign, vec![foreign_py], vec![foreign_py]),
        ("inherit", "omit_source", Circumstance::Foreign, vec![foreign_py], vec![foreign_py]),
        ("enabled", "keep_source", Circumstance::Tagless, vec![py], vec![py]),
        ("enabled", "omit_source", Circumstance::Tagless, vec![legacy_pyc], vec![py, legacy_pyc]),
        ("inherit", "keep_source", ordinary, vec![cache_pyc, py], vec![py]),
        ("inherit", "omit_source", ordinary, vec![legacy_pyc], vec![py]),
        ("enabled", "keep_source", ordinary, vec![cache_pyc, py], vec![cache_pyc, py]),
        ("enabled", "omit_source", ordinary, vec![legacy_pyc], vec![py, legacy_pyc]),
    ] {
        for (collection, expected) in [("include_pyc", collecting), ("disabled", not_collecting)] {
            let row = row(precompile, retention, collection, circumstance);
            assert_eq!(plan(&row).runfiles("//p:user"), expected, "{row:#?}");
        }
    }
}

/// A runtime of which nothing is known: no tag, and no version to compile for either.
#[test]
fn nothing_is_compiled_for_an_unknown_python() {
    for retention in ["keep_source", "omit_source"] {
        let toolchain = Toolchain { precompiler: Precompiler::Stock, runtime: Runtime::unknown() };
        let mut workspace = Workspace::with_toolchain(&[("precompile", "force_enabled")], toolchain);
        workspace.add(library("//p:lib").srcs(&["lib.py"]).precompile("enabled").retention(retention));
        let planned = workspace.plan();
        assert_eq!(planned.outputs("//p:lib"), ["p/lib.py"]);
        assert_eq!(planned.requested(&["//p:lib"]), NOTHING);
        let warnings = planned.warnings(&["//p:lib"]);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].starts_with("//p:lib: //p:lib.py is not compiled, the source ships: "),
            "{warnings:?}"
        );
    }
}
