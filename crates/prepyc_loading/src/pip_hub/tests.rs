//! Site-packages folders made up on the spot, and the packages they come to.

use std::path::PathBuf;

use prepyc_plan::Label;

use super::*;
use crate::package::{Attribute, PackageId, Part, Rule, Value};
use crate::{Found, Loader};

/// A workspace with a hub `pip`, and what becomes of its folder when the test is over.
struct Site {
    loader: Loader,
    folder: tempfile::TempDir,
}

/// One distribution: its `.dist-info` folder's stem, what its METADATA has, and its other files.
type Distribution<'a> = (&'a str, &'a str, &'a [&'a str]);

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Writes distributions with their RECORDs; `more` are further files with their texts.
fn site(distributions: &[Distribution<'_>], more: &[(&str, &str)]) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("lib");
    for (stem, metadata, files) in distributions {
        let info = format!("{stem}.dist-info");
        let mut record = format!("{info}/METADATA,,\n{info}/RECORD,,\n");
        for file in *files {
            write(&site.join(file), "");
            record.push_str(&format!("{file},sha256=x,0\n"));
        }
        write(&site.join(&info).join("METADATA"), &format!("Name: x\n{metadata}\n\nRequires-Dist: text\n"));
        write(&site.join(&info).join("RECORD"), &record);
    }
    for (path, text) in more {
        write(&site.join(path), text);
    }
    write(&folder.path().join("ws/MODULE.bazel"), "");
    let mut workspace = Workspace::discover(&folder.path().join("ws")).unwrap();
    add_pip_hub(&mut workspace, "pip", &site).unwrap();
    Site { loader: Loader::new(workspace).unwrap(), folder }
}

impl Site {
    fn package(&self, repository: &str, name: &str) -> Result<Arc<Package>, String> {
        let id = PackageId { repository: Arc::from(repository), name: Arc::from(name) };
        self.loader.package(&id).map_err(|error| self.shown(&error.to_string()))
    }

    /// A message without the folder's name.
    fn shown(&self, text: &str) -> String {
        let folder = self.folder.path().canonicalize().unwrap();
        text.replace(folder.join("lib").to_str().unwrap(), "%site%")
    }

    fn find(&self, label: &str) -> Result<Found, String> {
        let label: Label = label.parse().unwrap();
        self.loader.find(&label).map_err(|error| self.shown(&error.to_string()))
    }

    /// An attribute of a target, as text.
    fn attribute(&self, label: &str, name: &str) -> String {
        let label: Label = label.parse().unwrap();
        let package = self.package(label.repository(), label.package()).unwrap();
        let target = &package.targets[label.name()];
        target.attributes.get(name).map_or_else(String::new, attribute_text)
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::List(values) => values.iter().map(value_text).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    }
}

fn attribute_text(attribute: &Attribute) -> String {
    let parts = attribute.parts.iter().map(|part| match part {
        Part::Value(value) => value_text(value),
        Part::Select(select) => {
            let branches = select.branches.iter().map(|(label, value)| (label.name(), value_text(value)));
            let shown = branches.filter(|(_, value)| !value.is_empty());
            let shown: Vec<String> = shown.map(|(name, value)| format!("{name}: {value}")).collect();
            format!("select({})", shown.join(", "))
        }
    });
    parts.collect::<Vec<_>>().join(" + ")
}

#[test]
fn a_distribution_is_a_library_of_its_own_files() {
    let files = [
        "Foo/__init__.py",
        "Foo/data file.txt",
        "Foo/__pycache__/__init__.cpython-313.pyc",
        "Foo/../Foo/./mod.py",
        "foo.pth",
    ];
    let site = site(
        &[("Foo.Bar-1.0", "", &files)],
        &[
            ("other.py", ""),
            ("Foo.Bar-1.0.dist-info/LICENSE", ""),
            (
                "Foo.Bar-1.0.dist-info/RECORD",
                "Foo/__init__.py,,\nFoo/__init__.py,,\n\"Foo/data file.txt\",,\nFoo/__pycache__/gone.pyc,,\n\
                 Foo/../Foo/./mod.py,,\n../../bin/foo,,\n/etc/passwd,,\na/../../../etc/passwd,,\n\
                 Foo.Bar-1.0.dist-info/RECORD,,\nFoo.Bar-1.0.dist-info/LICENSE,,\n",
            ),
        ],
    );
    let pkg = "@pip_foo_bar//site-packages:pkg";
    assert_eq!(
        site.attribute(pkg, "srcs"),
        "@pip_foo_bar//site-packages:Foo/__init__.py @pip_foo_bar//site-packages:Foo/mod.py"
    );
    assert_eq!(
        site.attribute(pkg, "data"),
        "@pip_foo_bar//site-packages:Foo.Bar-1.0.dist-info/LICENSE @pip_foo_bar//site-packages:Foo/data file.txt"
    );
    assert_eq!(site.attribute(pkg, "imports"), ".");
    assert_eq!(site.attribute(pkg, "deps"), "");
    assert_eq!(site.attribute(pkg, "tags"), "pypi_name=Foo.Bar pypi_version=1.0");
    assert_eq!(
        site.attribute("@pip_foo_bar//site-packages:dist_info", "srcs"),
        "@pip_foo_bar//site-packages:Foo.Bar-1.0.dist-info/LICENSE"
    );
    let Found::File(file) = site.find("@pip_foo_bar//site-packages:Foo/mod.py").unwrap() else { panic!() };
    assert_eq!(file.label.runfiles_path(), "pip_foo_bar/site-packages/Foo/mod.py");
    assert!(file.path.ends_with("lib/Foo/mod.py") && file.path.is_file());
}

#[test]
fn the_hub_has_aliases() {
    let site = site(&[("Foo.Bar-1.0", "", &["foo.py"]), ("six-1", "", &["six.py"])], &[]);
    assert_eq!(site.attribute("@pip//foo_bar:foo_bar", "actual"), "@pip//foo_bar:pkg");
    assert_eq!(site.attribute("@pip//foo_bar:pkg", "actual"), "@pip_foo_bar//site-packages:pkg");
    assert_eq!(site.attribute("@pip_six//:dist_info", "actual"), "@pip_six//site-packages:dist_info");
    assert_eq!(site.attribute("@pip//six:data", "actual"), "@pip_six//site-packages:data");
    let below = site.loader.packages_below("pip", "").unwrap();
    assert_eq!(below.iter().map(ToString::to_string).collect::<Vec<_>>(), ["@pip//foo_bar", "@pip//six"]);
    assert!(site.find("@pip//six:whl").unwrap_err().contains("keeps no wheels"));
}

#[test]
fn requirements_hold_by_their_markers() {
    let metadata = "Requires-Dist: six>=1\nRequires-Dist: Old.Thing ; python_version < \"3.10\"\n\
                    Requires-Dist: never ; sys_platform == \"beos\"\nRequires-Dist: extra ; extra == \"x\"\n\
                    Requires-Dist: both (>=2) ;\n  python_version >= \"3.14\"\nProvides-Extra: x";
    let site = site(&[("a-1", metadata, &["a.py"])], &[]);
    let deps = site.attribute("@pip_a//site-packages:pkg", "deps");
    assert_eq!(
        deps,
        "@pip//six:pkg + select(is_python_3.8: @pip//old_thing:pkg, is_python_3.9: @pip//old_thing:pkg, \
         is_python_3.14: @pip//both:pkg, is_python_3.15: @pip//both:pkg, is_python_3.16: @pip//both:pkg, \
         default: @pip//both:pkg @pip//old_thing:pkg)"
    );
}

#[test]
fn what_is_missing_is_told_of_when_it_is_needed() {
    let site = site(&[("a-1", "Requires-Dist: Gone.Away>=2", &["a.py"])], &[]);
    assert_eq!(site.attribute("@pip_a//site-packages:pkg", "deps"), "@pip//gone_away:pkg");
    assert_eq!(
        site.package("pip", "gone_away").unwrap_err(),
        "%site%/a-1.dist-info/METADATA:2: no distribution \"gone_away\" is installed in %site%; a requires it: Gone.Away>=2"
    );
    assert_eq!(
        site.package("pip", "aa").unwrap_err(),
        "no distribution \"aa\" is installed in %site% (did you mean 'a'?)"
    );
    assert!(site.package("pip", "A").unwrap_err().contains("it is called 'a'"));
}

#[test]
fn extras_are_handed_on() {
    let requests = "Requires-Dist: base\nRequires-Dist: pysocks ; extra == 'socks'\nRequires-Dist: deep[more] ; extra == 'socks'\n\
                    Requires-Dist: unused ; extra == 'other'\nProvides-Extra: socks\nProvides-Extra: other";
    let site = site(
        &[
            ("app-1", "Requires-Dist: Requests[Socks]", &[]),
            ("requests-1", requests, &[]),
            ("deep-1", "Requires-Dist: depth ; extra == \"more\"", &[]),
        ],
        &[],
    );
    assert_eq!(
        site.attribute("@pip_requests//site-packages:pkg", "deps"),
        "@pip//base:pkg @pip//deep:pkg @pip//pysocks:pkg"
    );
    assert_eq!(site.attribute("@pip_deep//site-packages:pkg", "deps"), "@pip//depth:pkg");
}

#[test]
fn extras_that_were_asked_for_by_hand_are_found_by_what_they_brought() {
    let requests = "Requires-Dist: pysocks ; extra == 'socks'\nRequires-Dist: pysocks ; extra == 'all'\n\
                    Requires-Dist: gone ; extra == 'all'\nProvides-Extra: socks\nProvides-Extra: all";
    let distributions: [Distribution<'_>; 2] = [("requests-1", requests, &[]), ("pysocks-1", "", &[])];
    let requested = ("requests-1.dist-info/REQUESTED", "");
    let deps = |more: &[(&str, &str)]| {
        site(&distributions, more).attribute("@pip_requests//site-packages:pkg", "deps")
    };
    assert_eq!(deps(&[requested]), "@pip//pysocks:pkg");
    assert_eq!(deps(&[requested, ("pysocks-1.dist-info/REQUESTED", "")]), "", "it was asked for itself");
    assert_eq!(deps(&[]), "", "nothing says who asked for what");
}

#[test]
fn distributions_that_require_each_other_are_one_group() {
    let site = site(
        &[
            ("c-1", "Requires-Dist: a\nRequires-Dist: other", &["c.py"]),
            ("a-1", "Requires-Dist: b", &["a.py"]),
            ("b-1", "Requires-Dist: c\nRequires-Dist: b[self]", &["b.py"]),
            ("user-1", "Requires-Dist: b", &[]),
        ],
        &[],
    );
    assert_eq!(site.attribute("@pip//b:pkg", "actual"), "@pip_b//site-packages:pkg");
    assert_eq!(site.attribute("@pip_b//site-packages:pkg", "actual"), "@pip//_groups:a_pkg");
    assert_eq!(
        site.attribute("@pip//_groups:a_pkg", "deps"),
        "@pip_a//site-packages:_pkg @pip_b//site-packages:_pkg @pip_c//site-packages:_pkg"
    );
    assert_eq!(site.attribute("@pip_b//site-packages:_pkg", "deps"), "");
    assert_eq!(site.attribute("@pip_c//site-packages:_pkg", "deps"), "@pip//other:pkg");
    assert_eq!(site.attribute("@pip_user//site-packages:pkg", "deps"), "@pip//b:pkg");
    let package = site.package("pip_b", "site-packages").unwrap();
    assert_eq!(package.targets["_pkg"].rule, Rule::PyLibrary);
}

#[test]
fn one_file_may_belong_to_two_distributions() {
    let site = site(&[("a-1", "", &["ns/__init__.py"]), ("b-1", "", &["ns/__init__.py", "ns/b.py"])], &[]);
    assert_eq!(site.attribute("@pip_a//site-packages:pkg", "srcs"), "@pip_a//site-packages:ns/__init__.py");
    assert!(
        site.attribute("@pip_b//site-packages:pkg", "srcs").contains("@pip_b//site-packages:ns/__init__.py")
    );
}

#[test]
fn a_build_file_of_a_distribution_makes_no_package() {
    let site = site(&[("a-1", "", &["a/BUILD", "a/x.py"])], &[]);
    assert!(matches!(site.find("@pip_a//site-packages:a/x.py"), Ok(Found::File(_))));
}

/// A file's path and text.
type File = (&'static str, &'static str);

/// Files of a site-packages folder that has a distribution `a`, the repository's package that they break, and the message.
const BROKEN: &[(&[File], &str, &str)] = &[
    (
        &[("a-1.dist-info/RECORD", "a.py,,\ngone.py,,\n")],
        "pip_a",
        "%site%/a-1.dist-info/RECORD:2: \"gone.py\" is not installed: No such file or directory (os error 2)",
    ),
    (
        &[("a-1.dist-info/RECORD", "a.py\npkg,,\n"), ("pkg/x", "")],
        "pip_a",
        "RECORD:2: \"pkg\" is no regular file",
    ),
    (
        &[("a-1.dist-info/direct_url.json", r#"{"dir_info": {"editable": true}, "url": "file:///x"}"#)],
        "pip_a",
        "direct_url.json: a 1 is an editable installation",
    ),
    (
        &[("a-2.dist-info/METADATA", "")],
        "pip_a",
        "a is installed twice, as a-1.dist-info and as a-2.dist-info",
    ),
    (
        &[("b-1.dist-info/METADATA", "Name: b\n")],
        "pip_b",
        "%site%/b-1.dist-info: b 1 has no RECORD of its files",
    ),
    (
        &[("b-1-py3.13.egg-info/PKG-INFO", "")],
        "pip_b",
        "b is installed as an egg, which has no RECORD of its files",
    ),
    (&[("b.egg-link", "/src\n.")], "pip_b", "%site%/b.egg-link: b is installed as an egg"),
    (
        &[("a-1.dist-info/METADATA", "Name: a\nRequires-Dist: ???\n")],
        "pip_a",
        "METADATA:2: Requires-Dist: \"???\" is no requirement",
    ),
];

#[test]
fn broken_distributions_are_told_of_when_they_are_needed() {
    for (files, repository, message) in BROKEN {
        let site = site(&[("a-1", "", &["a.py"]), ("fine-1", "", &["fine.py"])], files);
        let error = site.package(repository, "site-packages").unwrap_err();
        assert!(error.contains(message), "{error}");
        site.package("pip_fine", "site-packages").unwrap();
    }
}

#[test]
fn a_record_has_to_be_text() {
    let site = site(&[("a-1", "", &["a.py"])], &[]);
    let record: PathBuf = site.folder.path().join("lib/a-1.dist-info/RECORD");
    fs::write(&record, b"a.py,,\n\xff.py,,\n").unwrap();
    let error = site.package("pip_a", "site-packages").unwrap_err();
    assert!(error.contains("RECORD:2: it is no CSV of UTF-8 text"), "{error}");
}

#[test]
fn a_hub_needs_distributions() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("MODULE.bazel"), "");
    write(&folder.path().join("site/~broken-1.dist-info/RECORD"), "");
    let mut workspace = Workspace::discover(folder.path()).unwrap();
    let error = add_pip_hub(&mut workspace, "pip", &folder.path().join("site")).unwrap_err().to_string();
    assert!(error.contains("no distribution is installed there"), "{error}");
    let error = add_pip_hub(&mut workspace, "pip", &folder.path().join("gone")).unwrap_err().to_string();
    assert!(error.contains("gone: it cannot be read: No such file"), "{error}");
}
