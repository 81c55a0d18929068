//! Why a request has no answer.

use crate::finding::Finding;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

/// Why a request has no answer, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{what}; {remedy}")]
pub struct Refusal {
    /// Stable, upper case with underscores.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What to do, in the imperative.
    pub remedy: String,
    /// What could have been meant, each a full name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What the checks found, where that is the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl Refusal {
    /// A refusal without choices.
    pub fn new(code: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Refusal {
            code: code.to_owned(),
            what: what.into(),
            remedy: remedy.into(),
            choices: Vec::new(),
            findings: Vec::new(),
        }
    }
}
