//! What BUILD files come to.

use prepyc_loading::{Attribute, Rule, Value};

use crate::workspace::Folder;

#[test]
fn a_library_with_a_glob_and_a_macro() {
    let folder = Folder::new(&[
        (
            "a/BUILD",
            "load(\"//tools:defs.bzl\", \"library\")\nload(\"@rules_python//python:defs.bzl\", \"py_test\")\n\nlibrary(name = \"x\", deps = [\":y\"])\npy_test(name = \"t\", srcs = [\"t.py\"])\n",
        ),
        ("a/one.py", ""),
        ("a/two.py", ""),
        ("tools/BUILD", ""),
        (
            "tools/defs.bzl",
            "def library(name, **kwargs):\n    native.py_library(name = name, srcs = native.glob([\"*.py\"]), **kwargs)\n",
        ),
    ]);
    let package = folder.package("a");
    let target = &package.targets["x"];
    assert_eq!(target.rule, Rule::PyLibrary);
    assert_eq!(target.location.to_string(), "a/BUILD:4");
    let labels = |names: &[&str]| {
        Attribute::plain(Value::List(names.iter().map(|name| Value::String((*name).to_owned())).collect()))
    };
    assert_eq!(target.attributes["srcs"], labels(&["//a:one.py", "//a:two.py"]));
    assert_eq!(target.attributes["deps"], labels(&["//a:y"]));
    assert_eq!(package.targets["t"].rule, Rule::PyTest);
}
