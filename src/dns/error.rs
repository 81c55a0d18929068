//! What is wrong with the text of record data, and at which word.

use thiserror::Error;

/// Why the text of record data was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}; {right}")]
pub struct DataError {
    /// The word that is wrong, counted from 0; the number of words when one is missing at the end.
    pub token: usize,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub right: String,
}

impl DataError {
    /// An error at this word.
    pub fn new(token: usize, what: impl Into<String>, right: impl Into<String>) -> Self {
        DataError { token, what: what.into(), right: right.into() }
    }
}

/// A word as an error message shows it: at most 40 octets of it, what is not printable ASCII as `\DDD`.
pub(crate) fn shown(word: &[u8]) -> String {
    let mut text = String::new();
    for &octet in word.iter().take(40) {
        match octet {
            0x20..=0x7e => text.push(char::from(octet)),
            _ => text.push_str(&format!("\\{octet:03}")),
        }
    }
    if word.len() > 40 {
        text.push_str("...");
    }
    text
}
