//! One error of `horizon.toml`.

use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use thiserror::Error;

/// What is wrong at one place of the file, and what would be right. Shown as one line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {what}; {remedy}")]
pub struct ConfigError {
    /// File, line and column; only the file when it could not be read.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub remedy: String,
}

impl From<ConfigError> for Finding {
    /// Code `BAD_CONFIG`; refuses the load.
    fn from(error: ConfigError) -> Self {
        let subject = error.place.file.file_name().unwrap_or(error.place.file.as_os_str()).display().to_string();
        Finding::new("BAD_CONFIG", Severity::Error, subject, error.what, error.remedy).seen_at(error.place)
    }
}
