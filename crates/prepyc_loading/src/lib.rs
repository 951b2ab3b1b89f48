//! From a workspace on disk to packages of targets, as BUILD files declare them: nothing is configured yet.
//!
//! * [`Workspace`]: where the workspace is, its repositories, what labels mean in it.
//! * [`Loader`]: packages by their place, each loaded once.
//! * [`Package`], [`Target`], [`Attribute`]: what a BUILD file comes to, as plain data; `select()` stands as it was written.
//! * [`add_pip_hub`]: `@pip//requests`, made of what a site-packages folder has.
//! * [`bazelrc`]: the words that `.bazelrc` files add to the command line.
//!
//! It knows which rules there are and which attributes they take, but not what they mean.

pub mod bazelrc;
mod error;
mod evaluation;
mod folders;
mod glob;
mod label_text;
mod limits;
mod listing;
mod loader;
mod lookup;
mod nesting;
mod package;
mod pip_hub;
mod schema;
mod spelling;
mod workspace;

pub use error::{LoadError, LoadErrorKind};
pub use loader::Loader;
pub use lookup::{Found, SourceFile, SourceVisibility};
pub use package::{Attribute, Location, Message, Package, PackageId, Part, Rule, Select, Target, Value};
pub use pip_hub::add_pip_hub;
pub use prepyc_plan::Label;
pub use schema::{AttributeSchema, AttributeType, Configurable, Needed, RuleSchema, rule_schema};
pub use workspace::{ExtensionTag, MadeUpRepository, Registration, Workspace};
