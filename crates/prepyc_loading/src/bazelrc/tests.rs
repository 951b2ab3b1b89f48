//! `.bazelrc` files written to a folder and read back.

use std::fs;

use super::*;

/// Reads `.bazelrc` in a folder with these files; `${FRUIT}` is `apple pie`.
fn read(files: &[(&str, &str)]) -> Result<RcFiles, String> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("%root%", root.to_str().unwrap())).unwrap();
    }
    let variable = |name: &str| match name {
        "FRUIT" => Some("apple pie".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let surroundings = Surroundings { workspace: &root, folder: &root.join("sub"), variable: &variable };
    let start = RcFile { path: root.join(".bazelrc"), absent: Absent::Error };
    RcFiles::read(&[start], surroundings)
        .map_err(|error| error.to_string().replace(root.to_str().unwrap(), "%root%"))
}

/// The words of one command, with their places.
fn words(text: &str) -> Vec<String> {
    let files = read(&[(".bazelrc", text)]).unwrap();
    files.words(&["common", "build"]).iter().map(|word| format!("{} {}", word.origin, word.text)).collect()
}

fn texts(words: Vec<Word>) -> Vec<String> {
    words.into_iter().map(|word| word.text).collect()
}

#[test]
fn words_have_lines() {
    let text = "# first\n\nbuild --a=1  --b\n  build\t-c opt # trailing\r\nbuild --x=y#z\n";
    assert_eq!(
        words(text),
        [".bazelrc:3 --a=1", ".bazelrc:3 --b", ".bazelrc:4 -c", ".bazelrc:4 opt", ".bazelrc:5 --x=y"]
    );
}

#[test]
fn lines_go_on_behind_a_backslash() {
    let text = "build --a \\\n  --b=\\\r\n1\nbuild --c \\\n";
    assert_eq!(words(text), [".bazelrc:1 --a", ".bazelrc:2 --b=1", ".bazelrc:4 --c"]);
    assert_eq!(words("# comment \\\nbuild --a\nbuild --b"), [".bazelrc:3 --b"], "a comment goes on, too");
}

#[test]
fn quotes_and_escapes_protect() {
    let text = r##"build --a="b c" '--d=#"e' --f=\ \# "" --g=\"x --h="open # to the end"##;
    assert_eq!(
        words(text),
        [
            ".bazelrc:1 --a=b c",
            ".bazelrc:1 --d=#\"e",
            ".bazelrc:1 --f= #",
            ".bazelrc:1 --g=\"x",
            ".bazelrc:1 --h=open # to the end"
        ]
    );
}

#[test]
fn variables_stand_for_words() {
    let text = "build --a=${FRUIT} --b='${FRUIT}' ${UNKNOWN} ${EMPTY} ${open";
    assert_eq!(
        words(text),
        [
            ".bazelrc:1 --a=apple",
            ".bazelrc:1 pie",
            ".bazelrc:1 --b=apple pie",
            ".bazelrc:1 ${UNKNOWN}",
            ".bazelrc:1 ${EMPTY}",
            ".bazelrc:1 ${open"
        ]
    );
}

#[test]
fn special_commands_come_after_general_ones() {
    let files = read(&[(".bazelrc", "test --t\nbuild --b\ncommon --c\nbuild --d\nquery --q\n")]).unwrap();
    assert_eq!(texts(files.words(&["common", "build", "test"])), ["--c", "--b", "--d", "--t"]);
    assert_eq!(texts(files.words(&["common", "build"])), ["--c", "--b", "--d"]);
}

#[test]
fn configurations_have_sections_of_their_own() {
    let text = "test:ci --t\nbuild:ci --b\nbuild:opt -c opt\nbuild --plain\nquery:all --q\n";
    let files = read(&[(".bazelrc", text)]).unwrap();
    let chain = ["common", "build", "test"];
    assert_eq!(files.config(&chain, "ci").map(texts).unwrap(), ["--b", "--t"]);
    assert_eq!(files.config(&["common", "build"], "ci").map(texts).unwrap(), ["--b"]);
    assert_eq!(files.config(&chain, "all"), None, "no such section for these commands");
    assert_eq!(files.config_names(&chain), ["ci", "opt"]);
}

#[test]
fn imports_stand_where_they_are_written() {
    let files = read(&[
        (
            ".bazelrc",
            "build --1\nimport %workspace%/tools/team.bazelrc\nbuild --4\ntry-import %workspace%/no\n",
        ),
        ("tools/team.bazelrc", "build --2\nimport relative.bazelrc\n"),
        ("sub/relative.bazelrc", "build --3\n"),
    ]);
    let shown: Vec<String> = files
        .unwrap()
        .words(&["build"])
        .iter()
        .map(|word| format!("{} {}", word.origin, word.text))
        .collect();
    assert_eq!(
        shown,
        [".bazelrc:1 --1", "tools/team.bazelrc:1 --2", "sub/relative.bazelrc:1 --3", ".bazelrc:3 --4"]
    );
}

#[test]
fn one_file_may_be_imported_twice() {
    let files = read(&[(".bazelrc", "import %root%/a\nimport %root%/a\n"), ("a", "build --x\n")]).unwrap();
    assert_eq!(texts(files.words(&["build"])), ["--x", "--x"]);
}

#[test]
fn wrong_imports_are_told_of_with_their_line() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (
            &[(".bazelrc", "\nimport\n")],
            ".bazelrc:2: import takes one path, such as %workspace%/tools/team.bazelrc",
        ),
        (
            &[(".bazelrc", "try-import a b\n")],
            ".bazelrc:1: try-import takes one path, such as %workspace%/tools/team.bazelrc",
        ),
        (
            &[(".bazelrc", "build --x\nimport %workspace%/gone\n")],
            ".bazelrc:2: cannot read %root%/gone: No such file or directory (os error 2)",
        ),
        (
            &[(".bazelrc", "import %workspace%/a\n"), ("a", "#\ntry-import %workspace%/.bazelrc\n")],
            "a:2: these files import one another in a circle: .bazelrc -> a -> .bazelrc",
        ),
        (
            &[(".bazelrc", "import %workspace%/folder\n"), ("folder/x", "")],
            ".bazelrc:1: cannot read %root%/folder: it is no regular file",
        ),
        (&[], "cannot read %root%/.bazelrc: No such file or directory (os error 2)"),
    ];
    for (files, message) in cases {
        assert_eq!(read(files).unwrap_err(), message);
    }
}

#[test]
fn imports_that_double_come_to_an_end() {
    let names: Vec<String> = (0..40).map(|number| format!("rc{number}")).collect();
    let texts: Vec<String> = (0..40)
        .map(|number| format!("import %root%/rc{0}\nimport %root%/rc{0}\n", number + 1))
        .chain(["build --x\n".to_owned()])
        .collect();
    let mut files = vec![(".bazelrc", "import %root%/rc0\n")];
    files.extend(names.iter().map(String::as_str).chain(["rc40"]).zip(texts.iter().map(String::as_str)));
    let message = read(&files).unwrap_err();
    assert!(message.contains("too many files are imported"), "{message}");
}

#[test]
fn bytes_that_are_no_text_have_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".bazelrc");
    fs::write(&path, b"build --x\nbuild --y=\xff\n").unwrap();
    let surroundings =
        Surroundings { workspace: folder.path(), folder: folder.path(), variable: &|_: &str| None };
    let error = RcFiles::read(&[RcFile { path, absent: Absent::Fine }], surroundings).unwrap_err();
    assert_eq!(error.to_string(), ".bazelrc:2: this is no UTF-8");
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rc");
    fs::write(&path, "build --x\n").unwrap();
    let surroundings =
        Surroundings { workspace: folder.path(), folder: folder.path(), variable: &|_: &str| None };
    let file = |path: &Path| RcFile { path: path.to_owned(), absent: Absent::Fine };
    let files = [file(&path), file(&folder.path().join("./rc")), file(Path::new("/dev/null"))];
    assert_eq!(texts(RcFiles::read(&files, surroundings).unwrap().words(&["build"])), ["--x"]);
}
