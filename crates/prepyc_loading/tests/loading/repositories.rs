//! Repositories: which there are, what they are called, what is in them.

use std::path::PathBuf;
use std::sync::Arc;

use prepyc_loading::{
    Found, Label, LoadError, LoadErrorKind, Loader, MadeUpRepository, Package, PackageId, SourceVisibility,
    Value, Workspace,
};

use crate::workspace::{Folder, package_id};

fn resolve(workspace: &Workspace, text: &str, from: &str) -> String {
    workspace.resolve_label(text, &package_id(from)).expect("a label").to_string()
}

/// A module that depends on two at paths, one of which depends on the other under another name.
fn modules() -> Folder {
    Folder::new(&[
        (
            "MODULE.bazel",
            "module(name = \"app\", version = \"1.0\")\nbazel_dep(name = \"one\", version = \"1\", repo_name = \"uno\")\n\
             bazel_dep(name = \"two\", version = \"2\")\nbazel_dep(name = \"rules_python\", version = \"1.0\")\n\
             bazel_dep(name = \"hidden\", version = \"1\", repo_name = None)\n\
             local_path_override(module_name = \"one\", path = \"third_party/one\")\n\
             local_path_override(module_name = \"two\", path = \"third_party/two\")\n\
             archive_override(module_name = \"rules_python\", urls = [\"https://example.com/x.tar.gz\"])\n\
             local_repository = use_repo_rule(\"@bazel_tools//tools/build_defs/repo:local.bzl\", \"local_repository\")\n\
             local_repository(name = \"plain\", path = \"third_party/plain\")\n\
             python = use_extension(\"@rules_python//python/extensions:python.bzl\", \"python\")\n\
             python.toolchain(python_version = \"3.12\", is_default = True)\n\
             pip = use_extension(\"@rules_python//python/extensions:pip.bzl\", \"pip\")\n\
             pip.parse(hub_name = \"pypi\", requirements_lock = \"//:requirements.txt\")\n\
             use_repo(pip, \"pypi\", wheels = \"pypi_wheels\")\n\
             register_toolchains(\"//toolchains:all\", \"@uno//:t\", \":here\")\n\
             include(\"//tools:more.MODULE.bazel\")\n",
        ),
        ("tools/more.MODULE.bazel", "register_execution_platforms(\"@plain//p/...\")\n"),
        ("BUILD", ""),
        (
            "third_party/one/MODULE.bazel",
            "module(name = \"one\", version = \"1.5\")\nbazel_dep(name = \"two\", version = \"1\", repo_name = \"dos\")\n\
             bazel_dep(name = \"app\")\nbazel_dep(name = \"dev\", version = \"1\", dev_dependency = True)\n\
             register_toolchains(\"//:t\")\nregister_toolchains(\"//:d\", dev_dependency = True)\n",
        ),
        (
            "third_party/one/BUILD",
            "load(\"@dos//:f.bzl\", \"f\")\nload(\"//:g.bzl\", \"g\")\nf(name = \"t\")\ng(name = \"u\")\n",
        ),
        (
            "third_party/one/g.bzl",
            "def g(name):\n    native.py_library(name = name, deps = [Label(\"//:a\"), \"@dos//:b\", \"@one//:c\", \"@app//:d\"])\n",
        ),
        ("third_party/two/MODULE.bazel", "module(name = \"two\")\n"),
        ("third_party/two/BUILD", ""),
        (
            "third_party/two/f.bzl",
            "def f(name):\n    native.filegroup(name = name, srcs = [Label(\":own\"), \":mine\"])\n",
        ),
        ("third_party/plain/p/BUILD", ""),
        ("third_party/BUILD", ""),
    ])
}

#[test]
fn apparent_names_become_canonical_ones() {
    let folder = modules();
    let workspace = folder.workspace();
    assert_eq!(workspace.module_name(), "app");
    for (text, from, label) in [
        ("@uno//a:b", "", "@one+//a:b"),
        ("@two", "", "@two+//:two"),
        ("@dos//a", "@one+//x", "@two+//a:a"),
        ("@app//a", "@one+//x", "//a:a"),
        ("@one//a", "@one+//x", "@one+//a:a"),
        (":a", "@one+//x", "@one+//x:a"),
        ("@plain//p", "", "@plain//p:p"),
        ("@pypi//requests", "", "@pypi//requests:requests"),
        ("@rules_python//python:defs.bzl", "", "@rules_python//python:defs.bzl"),
        ("@wheels//x", "", "@wheels//x:x"),
    ] {
        assert_eq!(resolve(&workspace, text, from), label, "{text} in {from}");
    }
    let one = folder.path().canonicalize().expect("a folder").join("third_party/one");
    assert_eq!(workspace.repository_folder("one+"), Some(one.as_path()));
    assert_eq!(workspace.repository_folder("rules_python"), None);
    assert_eq!(workspace.repositories().collect::<Vec<_>>(), ["", "one+", "plain", "two+"]);
}

#[test]
fn what_modules_register_and_tell_their_extensions_is_kept() {
    let workspace = modules().workspace();
    let registered: Vec<String> = workspace
        .registered_toolchains()
        .iter()
        .map(|one| format!("{} {}", one.location, one.pattern))
        .collect();
    assert_eq!(
        registered,
        [
            "MODULE.bazel:16 //toolchains:all",
            "MODULE.bazel:16 @one+//:t",
            "MODULE.bazel:16 //:here",
            "third_party/one/MODULE.bazel:5 @one+//:t",
        ]
    );
    let platforms: Vec<&str> =
        workspace.registered_execution_platforms().iter().map(|one| one.pattern.as_str()).collect();
    assert_eq!(platforms, ["@plain//p/..."]);
    let tags = workspace.extension_tags();
    assert_eq!(tags.len(), 2);
    assert_eq!((tags[0].extension.as_str(), tags[0].tag.as_str()), ("python", "toolchain"));
    assert_eq!(tags[0].arguments["python_version"], Value::String("3.12".to_owned()));
    assert_eq!(tags[0].arguments["is_default"], Value::Bool(true));
    assert_eq!(tags[1].arguments["hub_name"], Value::String("pypi".to_owned()));
}

#[test]
fn packages_of_other_repositories_load_in_their_own_names() {
    let folder = modules();
    let package = folder.package("@one+//");
    assert_eq!(
        package.to_string(),
        "package @one+//\n  mentions a\n  mentions c\n  mentions mine\n\
         filegroup @one+//:t at third_party/one/BUILD:3\n  srcs = [\"@two+//:own\", \"@one+//:mine\"]\n\
         py_library @one+//:u at third_party/one/BUILD:4\n  \
         deps = [\"@one+//:a\", \"@two+//:b\", \"@one+//:c\", \"//:d\"]\n"
    );
    let error = folder.loader().package(&package_id("@rules_python//python")).expect_err("it is not here");
    assert_eq!(error.kind(), LoadErrorKind::NoRepository);
    assert!(error.to_string().starts_with(
        "the repository '@rules_python' is not on this machine: archive_override would fetch it\n  it is named at MODULE.bazel:8"
    ));
}

#[test]
fn a_workspace_file_names_repositories_too() {
    let folder = Folder::new(&[
        (
            "WORKSPACE",
            "workspace(name = \"old\")\nload(\"@bazel_tools//tools/build_defs/repo:http.bzl\", \"http_archive\")\n\
             http_archive(name = \"far\", urls = [\"https://example.com\"])\nload(\"@far//:deps.bzl\", \"deps\", d = \"DEP\")\ndeps()\n\
             deps(d.name)\nlocal_repository(name = \"near\", path = \"near\")\nregister_toolchains(\"//t:all\")\n",
        ),
        ("near/WORKSPACE", ""),
        ("near/BUILD", "filegroup(name = \"x\", srcs = [\"@old//:y\", \"@near//:z\"])"),
    ]);
    let workspace = folder.workspace();
    assert_eq!(workspace.module_name(), "old");
    assert_eq!(workspace.registered_toolchains().len(), 1);
    assert_eq!(resolve(&workspace, "@old//a", ""), "//a:a");
    assert!(folder.package("@near//").targets.contains_key("x"));
    let error = folder.error("@far//");
    assert!(
        error
            .to_string()
            .starts_with("the repository '@far' is not on this machine: http_archive would make it"),
        "{error}"
    );
}

#[test]
fn all_packages_below_a_folder_are_found() {
    let folder = Folder::new(&[
        ("BUILD", ""),
        ("a/BUILD.bazel", ""),
        ("a/b/c/BUILD", ""),
        ("a-b/BUILD", ""),
        ("skip/BUILD", ""),
        ("skip/d/BUILD", ""),
        ("nested/MODULE.bazel", ""),
        ("nested/BUILD", ""),
        ("prepyc-out/bin/BUILD", ""),
        ("tmp/old/BUILD", ""),
        (".bazelignore", "skip/\n"),
        ("REPO.bazel", "ignore_directories([\"**/old\"])\n"),
    ]);
    let find = |prefix: &str| -> Vec<String> {
        let found = folder.loader().packages_below("", prefix).expect("packages");
        found.iter().map(ToString::to_string).collect()
    };
    assert_eq!(find(""), ["//", "//a", "//a-b", "//a/b/c"]);
    assert_eq!(find("a"), ["//a", "//a/b/c"]);
    assert_eq!(find("skip"), Vec::<String>::new());
    let error = folder.loader().packages_below("", "no/where").expect_err("there is no such folder");
    let text = error
        .to_string()
        .replace(&folder.path().canonicalize().expect("a folder").display().to_string(), "ROOT");
    assert_eq!(text, "there is no folder 'no/where' in ROOT");
}

#[cfg(unix)]
#[test]
fn links_neither_loop_nor_multiply() {
    let folder =
        Folder::new(&[("a/BUILD", "filegroup(name = \"x\", srcs = glob([\"**\"]))"), ("a/s/t/u.py", "")]);
    let outside = Folder::new(&[("p/BUILD", ""), ("p/q/BUILD", "")]);
    let link = |to: PathBuf, from: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(from)).expect("a new link");
    };
    link(folder.path().join("a"), "a/s/up");
    link(folder.path().join("a/s"), "a/s/t/again");
    link(PathBuf::from("/no/where"), "a/s/dangling");
    link(folder.path().join("a"), "b");
    link(outside.path().join("p"), "c");
    link(outside.path().join("p"), "d");
    link(outside.path().join("p"), "bazel-out");
    let found = folder.loader().packages_below("", "").expect("packages");
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["//a", "//c", "//c/q"]);
    let package = folder.package("a");
    assert_eq!(
        package.targets["x"].to_string(),
        "filegroup //a:x at a/BUILD:1\n  srcs = [\"//a:BUILD\", \"//a:s/t/u.py\"]\n"
    );
}

#[test]
fn labels_name_targets_and_files() {
    let folder = Folder::new(&[
        (
            "a/BUILD",
            "exports_files([\"out.txt\"], visibility = [\"//b:__pkg__\"])\npy_library(name = \"lib\", srcs = [\"lib.py\"])",
        ),
        ("a/lib.py", ""),
        ("a/out.txt", ""),
        ("a/deep/er/other.py", ""),
    ]);
    let loader = folder.loader();
    let find = |label: &str| loader.find(&label.parse::<Label>().expect("a label"));
    assert!(matches!(find("//a:lib"), Ok(Found::Target(_))));
    for (label, visibility) in [
        ("//a:lib.py", SourceVisibility::Mentioned),
        ("//a:out.txt", SourceVisibility::Exported(vec!["//b:__pkg__".to_owned()])),
        ("//a:deep/er/other.py", SourceVisibility::Unmentioned),
        ("//a:deep", SourceVisibility::Unmentioned),
    ] {
        match find(label) {
            Ok(Found::File(file)) => {
                assert_eq!(file.visibility, visibility, "{label}");
                assert!(file.path.ends_with(file.label.path()), "{label}");
            }
            other => panic!("{label}: {other:?}"),
        }
    }
}

/// A hub with one package.
#[derive(Debug)]
struct Hub;

impl MadeUpRepository for Hub {
    fn package(&self, name: &str) -> Result<Option<Package>, LoadError> {
        Ok((name == "requests").then(|| Package {
            id: PackageId { repository: Arc::from("pip"), name: Arc::from(name) },
            folder: PathBuf::from("/site-packages"),
            targets: Default::default(),
            exported_files: Default::default(),
            default_visibility: vec!["//visibility:public".to_owned()],
            default_testonly: false,
            mentioned: Default::default(),
            messages: Vec::new(),
        }))
    }

    fn packages(&self) -> Result<Vec<String>, LoadError> {
        Ok(vec!["requests".to_owned()])
    }
}

#[test]
fn repositories_can_be_made_up() {
    let folder = Folder::new(&[(
        "MODULE.bazel",
        "bazel_dep(name = \"rules_python\")\npip = use_extension(\"@rules_python//python/extensions:pip.bzl\", \"pip\")\nuse_repo(pip, \"pip\")\n",
    )]);
    let mut workspace = folder.workspace();
    workspace.add_repository("pip", Arc::new(Hub));
    let loader = Loader::new(workspace).expect("threads");
    assert!(loader.package(&package_id("@pip//requests")).is_ok());
    let error = loader.package(&package_id("@pip//numpy")).expect_err("it is not installed");
    assert_eq!(error.to_string(), "no such package '@pip//numpy': the repository has no such package");
    folder
        .write("BUILD", "load(\"@pip//:requirements.bzl\", \"all_requirements\")\nprint(all_requirements)\n");
    let messages = loader.package(&package_id("")).expect("a package").messages.clone();
    assert_eq!(messages[0].text, "[\"@@pip//requests\"]");
    let all = loader.packages_below("pip", "").expect("packages");
    assert_eq!(all.iter().map(ToString::to_string).collect::<Vec<_>>(), ["@pip//requests"]);
}
