//! What became of one line.

use super::line::Origin;
use super::option::Stand;
use crate::finding::Place;
use serde::Serialize;

/// What became of one line of the old configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The line.
    #[serde(flatten)]
    pub place: Place,
    /// The option.
    pub option: &'static str,
    /// The line as it stands there, without its comment.
    pub text: String,
    /// What became of it.
    pub stand: Stand,
    /// What it became, how else it is done, or why not and what to do.
    pub what: String,
    /// Where it came from, for who sorts.
    #[serde(skip)]
    pub origin: Origin,
}
