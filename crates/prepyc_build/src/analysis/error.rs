//! What can be wrong with targets that were loaded without complaint.

use std::fmt;
use std::sync::Arc;

use prepyc_loading::{LoadError, Location};
use prepyc_plan::PlanError;

/// Why targets cannot be analysed.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// Something is wrong with one target, or with what it refers to.
    #[error("{location}: {message}")]
    At {
        /// The rule's call.
        location: Location,
        /// What is wrong, with the labels it is about.
        message: String,
    },
    /// Something that no BUILD file says: a flag, a label on the command line.
    #[error("{0}")]
    Given(String),
    /// A package or a label.
    #[error(transparent)]
    Load(#[from] Arc<LoadError>),
    /// What the plan finds wrong; one a line.
    #[error("{}", Lines(.0))]
    Plan(Vec<PlanError>),
}

impl AnalysisError {
    /// Something wrong at a place.
    pub(crate) fn at(location: &Location, message: impl Into<String>) -> AnalysisError {
        AnalysisError::At { location: location.clone(), message: message.into() }
    }
}

impl From<LoadError> for AnalysisError {
    fn from(error: LoadError) -> AnalysisError {
        AnalysisError::Load(Arc::new(error))
    }
}

struct Lines<'a>(&'a [PlanError]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
