//! What the functions of an evaluation know.

#![expect(
    unsafe_code,
    reason = "starlark's derive makes an unsafe impl, which is sound for types without lifetimes"
)]

use std::cell::RefCell;
use std::sync::Arc;

use prepyc_plan::Label;
use starlark::any::ProvidesStaticType;
use starlark::eval::Evaluator;

use super::{FileNames, PackageBuilder, failure};
use crate::package::{Message, PackageId};
use crate::workspace::Workspace;

/// What the functions of an evaluation know.
#[derive(ProvidesStaticType)]
pub(crate) struct Context {
    pub(crate) workspace: Workspace,
    /// The package of the file that is evaluated.
    pub(crate) package: PackageId,
    pub(crate) file_names: Arc<FileNames>,
    /// What a BUILD file declares; none while a .bzl file itself is evaluated.
    pub(crate) builder: Option<RefCell<PackageBuilder>>,
    pub(crate) messages: RefCell<Vec<Message>>,
}

impl Context {
    /// The context of a running evaluation.
    pub(crate) fn of<'a>(eval: &Evaluator<'_, 'a, '_>) -> starlark::Result<&'a Context> {
        eval.extra
            .and_then(|extra| extra.downcast_ref::<Context>())
            .ok_or_else(|| failure("this function is for BUILD and .bzl files alone"))
    }

    /// What the BUILD file at hand declares.
    ///
    /// # Errors
    /// A .bzl file is being loaded: it declares nothing.
    pub(crate) fn builder(&self, what: &str) -> starlark::Result<&RefCell<PackageBuilder>> {
        self.builder.as_ref().ok_or_else(|| {
            failure(format!(
                "{what} can only be called while a BUILD file is evaluated, not while a .bzl file is loaded"
            ))
        })
    }

    /// A label as it is written in a file of this package.
    pub(crate) fn resolve(&self, text: &str) -> Result<Label, String> {
        self.workspace.resolve_text(text, &self.package)
    }
}

/// Where there is nothing to know.
#[derive(ProvidesStaticType)]
pub(crate) struct NoContext;
