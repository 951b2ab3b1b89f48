//! From a workspace on disk to packages of targets, as BUILD files declare them: nothing is configured yet.
//!
//! * [`Package`], [`Target`], [`Attribute`]: what a BUILD file comes to, as plain data; `select()` stands as it was written.
//! * [`bazelrc`]: the words that `.bazelrc` files add to the command line.
//!
//! It knows which rules there are and which attributes they take, but not what they mean.

pub mod bazelrc;
mod package;

pub use package::{Attribute, Location, Package, PackageId, Part, Rule, Select, Target, Value};
