//! Why a reload is tried and what comes of it.

use crate::finding::Finding;
use std::fmt;

/// Why a reload is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// SIGHUP.
    Signal,
    /// `zonectl reload`.
    Asked,
    /// Files may have changed: nothing is done unless they have.
    Files,
}

/// What came of a reload.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// True when something new went live.
    pub changed: bool,
    /// The zones that changed, as `origin in horizon`.
    pub zones: Vec<String>,
    /// Why the files as they are now do not serve, or not all of them; empty when they do.
    pub failing: Vec<Finding>,
    /// What else was found.
    pub findings: Vec<Finding>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Signal => "reload on SIGHUP",
            Cause::Asked => "reload on request",
            Cause::Files => "reload of changed files",
        })
    }
}
