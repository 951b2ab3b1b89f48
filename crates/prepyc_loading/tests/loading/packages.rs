//! What BUILD files come to: listings.

use prepyc_loading::{LoadErrorKind, Loader};

use crate::workspace::{Folder, package_id};

#[track_caller]
fn check(files: &[(&str, &str)], package: &str, expected: &str) {
    let folder = Folder::new(files);
    assert_eq!(folder.package(package).to_string(), expected);
}

const LOAD: &str = "load(\"@rules_python//python:defs.bzl\", \"py_binary\", \"py_library\", \"py_test\")\n";

#[test]
fn labels_of_all_spellings_become_absolute() {
    check(
        &[
            ("MODULE.bazel", "module(name = \"app\")\nbazel_dep(name = \"dep\", repo_name = \"d\")\n"),
            (
                "a/b/BUILD",
                "py_library(name = \"x\", srcs = [\"x.py\", \":y.py\", \"sub/z.py\"], deps = [\"//c\", \"//c:d\", \"@app//e\", \
                 \"@//f:g\", \"@@//h\", \"@d//i:j\", \"@d\", \"@@k//l\", Label(\"//m\"), Label(\":n\")])",
            ),
        ],
        "a/b",
        "package //a/b\n  mentions n\n  mentions sub/z.py\n  mentions x.py\n  mentions y.py\n\
         py_library //a/b:x at a/b/BUILD:1\n  \
         deps = [\"//c:c\", \"//c:d\", \"//e:e\", \"//f:g\", \"//h:h\", \"@dep//i:j\", \"@dep//:d\", \"@k//l:l\", \"//m:m\", \
         \"//a/b:n\"]\n  \
         srcs = [\"//a/b:x.py\", \"//a/b:y.py\", \"//a/b:sub/z.py\"]\n",
    );
}

#[test]
fn a_macro_sees_the_package_that_calls_it_and_labels_of_its_own() {
    let build = format!(
        "{LOAD}load(\"//tools:defs.bzl\", lib = \"library\")\n\nlib(\n    name = \"x\",\n    deps = [\":y\"],\n)\n"
    );
    check(
        &[
            ("a/BUILD", &build),
            ("a/one.py", ""),
            ("a/two.py", ""),
            (
                "tools/defs.bzl",
                "load(\":more.bzl\", \"BASE\")\n\ndef _name(name):\n    return name + \"_\" + native.package_name()\n\n\
                 def library(name, deps = [], **kwargs):\n    \
                 native.py_library(name = _name(name), srcs = native.glob([\"*.py\"]), deps = deps + BASE + [\":near\"], **kwargs)\n",
            ),
            ("tools/more.bzl", "BASE = [Label(\":base\"), str(Label(\"//base\"))]\n"),
        ],
        "a",
        "package //a\n  mentions near\n  mentions one.py\n  mentions two.py\n  mentions y\n\
         py_library //a:x_a at a/BUILD:4\n  \
         deps = [\"//a:y\", \"//tools:base\", \"//base:base\", \"//a:near\"]\n  \
         srcs = [\"//a:one.py\", \"//a:two.py\"]\n",
    );
}

#[test]
fn selects_keep_their_parts() {
    check(
        &[(
            "a/BUILD",
            "py_library(\n    name = \"x\",\n    srcs = [\"x.py\"] + select({\":on\": [\"on.py\"], \"//conditions:default\": []}) + \
             select({Label(\"//c:d\"): None}, no_match_error = \"no\"),\n    imports = select({\":on\": [\"lib\"]}),\n    \
             testonly = True,\n    deprecation = None,\n)\n",
        )],
        "a",
        "package //a\n  mentions on.py\n  mentions x.py\n\
         py_library //a:x at a/BUILD:1\n  \
         imports = select({\"//a:on\": [\"lib\"]})\n  \
         srcs = [\"//a:x.py\"] + select({\"//a:on\": [\"//a:on.py\"], \"//conditions:default\": []}) + \
         select({\"//c:d\": None}, no_match_error = \"no\")\n  \
         testonly = True\n",
    );
}

#[test]
fn packages_have_defaults_exports_and_messages() {
    check(
        &[
            (
                "a/BUILD",
                "load(\":m.bzl\", \"m\")\npackage(default_visibility = [\":__subpackages__\", \"//b:g\"], default_testonly = 1)\n\
                 exports_files([\"x.py\", \"y.py\"])\nexports_files([\"z\"], visibility = [\"//visibility:private\"])\n\
                 licenses([\"notice\"])\nprint(\"one\", 2)\nm()\n",
            ),
            ("a/m.bzl", "print(\"loaded\")\ndef m():\n    print(\"called\")\n"),
        ],
        "a",
        "package //a\n  default_visibility //a:__subpackages__ //b:g\n  default_testonly\n  \
         exports x.py to //visibility:public\n  exports y.py to //visibility:public\n  exports z to //visibility:private\n  \
         a/m.bzl:1: loaded\n  a/BUILD:6: one 2\n  a/m.bzl:3: called\n",
    );
}

#[test]
fn rules_that_are_not_known_are_opaque() {
    check(
        &[
            (
                "BUILD.bazel",
                "load(\"@rules_cc//cc:defs.bzl\", \"cc_magic\", cc = \"toolbox\")\nload(\"//:r.bzl\", \"mine\", \"second\")\n\
                 cc_magic(name = \"m\", srcs = [\"m.cc\"], deps = [cc.dep(\"z\")])\ncc.nested.rule(name = \"n\", visibility = [\":v\"])\n\
                 genrule(name = \"g\", outs = [\"g.txt\"], cmd = \"x\")\nmine(name = \"o\", size = 3)\nsecond(name = \"p\")\n\
                 cc_magic(\"nothing\")\ncc_magic(\"q\", name = \"q\", tests = [len], by = {cc: 1})\n",
            ),
            (
                "r.bzl",
                "def _impl(ctx):\n    pass\n\nmine = rule(implementation = _impl, attrs = {\"size\": attr.int()})\nsecond = mine\n",
            ),
        ],
        "",
        "package //\n  mentions g.txt\n  mentions m.cc\n  mentions v\n  mentions x\n\
         genrule //:g at BUILD.bazel:5\n  cmd = \"x\"\n  outs = [\"g.txt\"]\n\
         cc_magic //:m at BUILD.bazel:3\n  deps = [\"<toolbox.dep(…) of @rules_cc//cc:defs.bzl>\"]\n  srcs = [\"m.cc\"]\n\
         rule //:n at BUILD.bazel:4\n  visibility = [\"//:v\"]\n\
         mine //:o at BUILD.bazel:6\n  size = 3\n\
         mine //:p at BUILD.bazel:7\n\
         cc_magic //:q at BUILD.bazel:9\n  by = {\"<toolbox of @rules_cc//cc:defs.bzl>\": 1}\n  tests = \"<list>\"\n",
    );
}

#[test]
fn requirements_are_labels_of_their_hub() {
    check(
        &[(
            "BUILD",
            "load(\"@pip//:requirements.bzl\", \"requirement\")\n\
             load(\"@rules_python//python:pip.bzl\", \"pip_utils\")\n\
             py_library(name = \"x\", deps = [requirement(\"Foo.Bar\"), requirement(\"requests[socks]\"), \"@pip//other\", \
             \"@pip_%s//:pkg\" % pip_utils.normalize_name(\"A.b-c\")])\n",
        )],
        "",
        "package //\npy_library //:x at BUILD:3\n  deps = [\"@pip//foo_bar:foo_bar\", \"@pip//requests:requests\", \
         \"@pip//other:other\", \"@pip_a_b_c//:pkg\"]\n",
    );
}

#[test]
fn flags_settings_and_toolchains_have_their_types() {
    check(
        &[(
            "BUILD",
            "load(\"@bazel_skylib//rules:common_settings.bzl\", \"bool_flag\", \"int_flag\", \"string_flag\", \"string_list_flag\")\n\
             load(\"@rules_python//python:py_runtime_pair.bzl\", \"py_runtime_pair\")\n\
             load(\"@rules_python//python:py_exec_tools_toolchain.bzl\", \"py_exec_tools_toolchain\")\n\
             string_flag(name = \"s\", build_setting_default = \"a\", values = [\"a\", \"b\"])\n\
             bool_flag(name = \"b\", build_setting_default = False)\n\
             int_flag(name = \"i\", build_setting_default = 3)\n\
             string_list_flag(name = \"l\", build_setting_default = [\"x\"])\n\
             config_setting(name = \"c\", flag_values = {\":s\": \"b\"}, values = {\"compilation_mode\": \"opt\"})\n\
             py_runtime_pair(name = \"pair\", py3_runtime = \":runtime\")\n\
             toolchain(name = \"t\", toolchain = \":pair\", toolchain_type = \"@bazel_tools//tools/python:toolchain_type\")\n\
             py_exec_tools_toolchain(name = \"e\", precompiler = \"//tools:p\")\n\
             py_binary(name = \"bin\", config_settings = {\"@rules_python//python/config_settings:precompile\": \"enabled\"}, \
             legacy_create_init = False, precompile_optimize_level = 2)\n",
        )],
        "",
        "package //\n  mentions runtime\n\
         bool_flag //:b at BUILD:5\n  build_setting_default = False\n\
         py_binary //:bin at BUILD:12\n  config_settings = {\"@rules_python//python/config_settings:precompile\": \"enabled\"}\n  \
         legacy_create_init = 0\n  precompile_optimize_level = 2\n\
         config_setting //:c at BUILD:8\n  flag_values = {\"//:s\": \"b\"}\n  values = {\"compilation_mode\": \"opt\"}\n\
         py_exec_tools_toolchain //:e at BUILD:11\n  precompiler = \"//tools:p\"\n\
         int_flag //:i at BUILD:6\n  build_setting_default = 3\n\
         string_list_flag //:l at BUILD:7\n  build_setting_default = [\"x\"]\n\
         py_runtime_pair //:pair at BUILD:9\n  py3_runtime = \"//:runtime\"\n\
         string_flag //:s at BUILD:4\n  build_setting_default = \"a\"\n  values = [\"a\", \"b\"]\n\
         toolchain //:t at BUILD:10\n  toolchain = \"//:pair\"\n  toolchain_type = \"@bazel_tools//tools/python:toolchain_type\"\n",
    );
}

#[test]
fn globs_keep_to_their_package() {
    check(
        &[
            (".bazelignore", "a/ignored\n# a/c.py\n"),
            (
                "a/BUILD",
                "py_library(name = \"all\", srcs = glob([\"**/*.py\"], exclude = [\"**/no_*\", \"sub/deep/**\"]))\n\
                 py_library(name = \"flat\", srcs = glob([\"*.py\"]))\nfilegroup(name = \"dirs\", srcs = glob([\"sub*\"], exclude_directories = 0))\n\
                 filegroup(name = \"none\", srcs = glob([\"*.none\"], allow_empty = True))\n\
                 filegroup(name = \"below\", srcs = subpackages(include = [\"**\"]))\n",
            ),
            ("a/b.py", ""),
            ("a/no_c.py", ""),
            ("a/sub/d.py", ""),
            ("a/sub/deep/e.py", ""),
            ("a/sub/deep2/f.py", ""),
            ("a/other/BUILD", ""),
            ("a/other/g.py", ""),
            ("a/sub/pkg/BUILD.bazel", ""),
            ("a/sub/pkg/h.py", ""),
            ("a/ignored/i.py", ""),
        ],
        "a",
        "package //a\n  mentions b.py\n  mentions no_c.py\n  mentions other\n  mentions sub\n  mentions sub/d.py\n  \
         mentions sub/deep2/f.py\n  mentions sub/pkg\n\
         py_library //a:all at a/BUILD:1\n  srcs = [\"//a:b.py\", \"//a:sub/d.py\", \"//a:sub/deep2/f.py\"]\n\
         filegroup //a:below at a/BUILD:5\n  srcs = [\"//a:other\", \"//a:sub/pkg\"]\n\
         filegroup //a:dirs at a/BUILD:3\n  srcs = [\"//a:sub\"]\n\
         py_library //a:flat at a/BUILD:2\n  srcs = [\"//a:b.py\", \"//a:no_c.py\"]\n\
         filegroup //a:none at a/BUILD:4\n  srcs = []\n",
    );
}

#[test]
fn the_language_is_starlark() {
    check(
        &[
            (
                "BUILD",
                "\"\"\"Says what it is for.\"\"\"\nx = 1\nload(\":f.bzl\", \"NAMES\", \"info\")\nx = 2\n\
                 [filegroup(name = \"f%d\" % i, srcs = [\"{}.txt\".format(i)]) for i in range(x)]\n\
                 filegroup(name = \"n\", srcs = NAMES)\nfilegroup(name = \"r\", tags = sorted(existing_rules().keys()), \
                 srcs = existing_rule(\"f0\")[\"srcs\"])\nprint(info.a, info.b, type(info), type([]), repr(Label(\"//x\")))\n",
            ),
            (
                "f.bzl",
                "def _f(xs, *, more = []):\n    out = []\n    for x in xs:\n        if x:\n            out.append(x)\n        elif more:\n            continue\n    return out + more\n\n\
                 NAMES = _f([\"a\", None], more = [y for y in [\"b\", \"c\"] if y != \"c\"])\ninfo = struct(a = 1, b = {\"k\": (1, 2)} | {})\n\
                 Info = provider(fields = [\"x\"])\nOther, _new = provider(fields = [\"x\"], init = _f)\n\
                 _t = transition(implementation = _f, inputs = [], outputs = [])\nasp = aspect(implementation = _f)\n\
                 rep = repository_rule(implementation = _f, attrs = {\"a\": attr.label_list(default = [], allow_files = True)})\n\
                 ext = module_extension(implementation = _f, tag_classes = {\"t\": tag_class(attrs = {})})\nj = json.decode(json.encode({\"a\": 1}))\n",
            ),
        ],
        "",
        "package //\n  mentions 0.txt\n  mentions 1.txt\n  mentions a\n  mentions b\n  BUILD:8: 1 {\"k\": (1, 2)} struct list Label(\"@@//x:x\")\n\
         filegroup //:f0 at BUILD:5\n  srcs = [\"//:0.txt\"]\nfilegroup //:f1 at BUILD:5\n  srcs = [\"//:1.txt\"]\n\
         filegroup //:n at BUILD:6\n  srcs = [\"//:a\", \"//:b\"]\n\
         filegroup //:r at BUILD:7\n  srcs = [\"//:0.txt\"]\n  tags = [\"f0\", \"f1\", \"n\"]\n",
    );
}

#[test]
fn build_bazel_comes_before_build_and_both_may_be_missing() {
    let folder = Folder::new(&[
        ("a/BUILD", "filegroup(name = \"old\")"),
        ("a/BUILD.bazel", "filegroup(name = \"new\")"),
        ("b/c.py", ""),
    ]);
    assert_eq!(folder.package("a").to_string(), "package //a\nfilegroup //a:new at a/BUILD.bazel:1\n");
    assert_eq!(folder.error("b").kind(), LoadErrorKind::NoBuildFile);
}

#[test]
fn many_packages_load_at_once_each_with_its_own_result() {
    let folder = Folder::new(&[
        ("defs.bzl", "load(\":more.bzl\", \"f\")\ng = f\n"),
        ("more.bzl", "def f(name):\n    native.filegroup(name = name)\n"),
        ("BUILD", ""),
    ]);
    let names: Vec<String> = (0..50).map(|index| format!("p{index}")).collect();
    for name in &names {
        folder
            .write(&format!("{name}/BUILD"), format!("load(\"//:defs.bzl\", \"g\")\ng(name = \"{name}\")\n"));
    }
    folder.write("p7/BUILD", "g(");
    let loader = Loader::new(folder.workspace()).expect("threads");
    let ids: Vec<_> = names.iter().map(|name| package_id(name)).collect();
    for (name, result) in names.iter().zip(loader.load_all(&ids)) {
        match result {
            Ok(package) => assert!(package.targets.contains_key(name.as_str()), "{name}"),
            Err(error) => {
                assert_eq!(error.location().map(ToString::to_string).as_deref(), Some("p7/BUILD:1"))
            }
        }
    }
    assert!(loader.package(&package_id("p7")).is_err());
}

#[test]
fn symbolic_macros_are_called_like_functions() {
    check(
        &[
            (
                "a/BUILD",
                "load(\"//m:m.bzl\", \"lib\")\nlib(name = \"x\", srcs = [\"x.py\"], data = [\"d\"], tags = [\"t\"])\n",
            ),
            (
                "m/m.bzl",
                "def _impl(name, visibility, srcs, extra, count, **kwargs):\n    \
                 native.py_library(name = name, srcs = srcs + [extra], visibility = visibility, imports = [str(count)], **kwargs)\n\n\
                 lib = macro(\n    implementation = _impl,\n    inherit_attrs = native.py_library,\n    attrs = {\"srcs\": \
                 attr.label_list(mandatory = True), \"extra\": attr.label(default = Label(\":e.py\")), \"count\": attr.int(default = 3), \
                 \"imports\": None},\n)\n",
            ),
        ],
        "a",
        "package //a\n  mentions d\n  mentions x.py\n\
         py_library //a:x at a/BUILD:2\n  data = [\"//a:d\"]\n  imports = [\"3\"]\n  srcs = [\"//a:x.py\", \"//m:e.py\"]\n  \
         tags = [\"t\"]\n  visibility = []\n",
    );
}

#[test]
fn what_bazel_skylib_offers_is_here() {
    check(
        &[
            (
                "BUILD",
                "load(\"@bazel_skylib//lib:selects.bzl\", \"selects\")\nload(\":m.bzl\", \"show\")\n\
                 selects.config_setting_group(name = \"g\", match_any = [\":a\", \":b\"])\n\
                 py_library(name = \"x\", srcs = selects.with_or({(\":a\", \":b\"): [\"ab.py\"], \"//conditions:default\": []}))\nshow()\n",
            ),
            (
                "m.bzl",
                "load(\"@bazel_skylib//lib:paths.bzl\", \"paths\")\nload(\"@bazel_skylib//lib:dicts.bzl\", \"dicts\")\n\
                 load(\"@bazel_skylib//lib:types.bzl\", \"types\")\n\
                 def show():\n    print(paths.join(\"a\", \"b/\", \"c\"), paths.basename(\"a/b.c\"), paths.dirname(\"a/b.c\"), \
                 paths.split_extension(\"a.b/c.d\"), paths.normalize(\"a/./b/../c\"), paths.relativize(\"a/b/c\", \"a\"), \
                 paths.replace_extension(\"a.py\", \".pyc\"))\n    \
                 print(dicts.add({\"a\": 1}, {\"b\": 2}, c = 3), types.is_list([]), types.is_string([]))\n",
            ),
        ],
        "",
        "package //\n  mentions a\n  mentions ab.py\n  mentions b\n  \
         m.bzl:5: a/b/c b.c a (\"a.b/c\", \".d\") a/c b/c a.pyc\n  m.bzl:6: {\"a\": 1, \"b\": 2, \"c\": 3} True False\n\
         config_setting_group //:g at BUILD:3\n  match_any = [\"//:a\", \"//:b\"]\n\
         py_library //:x at BUILD:4\n  srcs = select({\"//:a\": [\"//:ab.py\"], \"//:b\": [\"//:ab.py\"], \
         \"//conditions:default\": []})\n",
    );
}
