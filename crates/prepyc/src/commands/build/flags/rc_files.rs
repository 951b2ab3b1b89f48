//! Flags of which `.bazelrc` files are read.

use super::values::truth;
use super::{FlagSpec, Takes, flag};

const HEADING: &str = ".bazelrc files";

pub(super) const FLAGS: &[FlagSpec] = &[
    FlagSpec {
        more: "Sections `build:NAME`, `common:NAME` and that of the command count, wherever they stand.",
        ..flag(
            HEADING,
            "config",
            Takes::Value("NAME"),
            |_, _| Ok(()),
            "Put here what .bazelrc files have in sections named :NAME; repeatable",
        )
    },
    flag(
        HEADING,
        "enable_platform_specific_config",
        Takes::Truth,
        |_, value| truth(value.text).map(drop),
        "--config=linux, --config=macos and so on, as the machine is, where there is such a section",
    ),
    FlagSpec {
        more: "After those of the workspace and of the user. /dev/null ends the list.",
        ..flag(
            HEADING,
            "bazelrc",
            Takes::Value("FILE"),
            |draft, value| {
                let path = draft.path(value)?;
                draft.rc.files.push(path);
                Ok(())
            },
            "Read this .bazelrc file, too; repeatable",
        )
    },
    flag(
        HEADING,
        "workspace_rc",
        Takes::Truth,
        |draft, value| {
            draft.rc.workspace = truth(value.text)?;
            Ok(())
        },
        "Read .bazelrc of the workspace [default: yes; --noworkspace_rc does not]",
    ),
    flag(
        HEADING,
        "home_rc",
        Takes::Truth,
        |draft, value| {
            draft.rc.home = truth(value.text)?;
            Ok(())
        },
        "Read .bazelrc of the home folder [default: yes; --nohome_rc does not]",
    ),
    flag(
        HEADING,
        "ignore_all_rc_files",
        Takes::Truth,
        |draft, value| {
            draft.rc.none = truth(value.text)?;
            Ok(())
        },
        "Read no .bazelrc at all",
    ),
];
