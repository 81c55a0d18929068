//! What is wrong in zone text and at which octet; becomes a finding with line and column.

use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use std::path::Path;

/// A fault in zone text, by offset; line and column are counted only when it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    /// The offset of the octet it is about.
    pub(super) at: u32,
    pub(super) what: String,
    pub(super) right: String,
}

impl Fault {
    pub(super) fn new(code: &'static str, at: u32, what: impl Into<String>, right: impl Into<String>) -> Self {
        Fault { code, at, what: what.into(), right: right.into() }
    }

    /// The finding that a person sees; `from` is an offset whose line is known, at the begin of that line.
    pub(super) fn finding(self, subject: &str, text: &[u8], file: &Path, from: (u32, u32)) -> Finding {
        let (line, column) = position(text, from, self.at);
        Finding::new(self.code, Severity::Error, subject, self.what, self.right).seen_at(Place::at(file, line, column))
    }
}

/// The line and column of an offset, both counted from 1, the column in characters.
///
/// `from` is an offset at the begin of a line and the number of that line. Cost: the octets between.
pub(super) fn position(text: &[u8], from: (u32, u32), at: u32) -> (u32, u32) {
    let before = text.get(from.0 as usize..(at as usize).min(text.len())).unwrap_or(b"");
    let lines = before.iter().filter(|&&octet| octet == b'\n').count();
    let begin = before.iter().rposition(|&octet| octet == b'\n').map_or(0, |newline| newline + 1);
    let characters = before[begin..].iter().filter(|&&octet| octet & 0xc0 != 0x80).count();
    (from.1.saturating_add(lines as u32), characters as u32 + 1)
}
