//! Lines that a change took and gave, and their way into a text and out of it again.

use super::octets;
use super::rope::Rope;
use serde::{Deserialize, Serialize};

/// Neighbouring lines that were replaced. The digits of a serial are left out of texts and offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// The line of the first octet in the text before, counted from 1.
    pub line: u64,
    /// Its offset there.
    pub at: u64,
    /// The lines that went, with their line endings.
    #[serde(with = "octets")]
    pub old: Vec<u8>,
    /// The lines that came.
    #[serde(with = "octets")]
    pub new: Vec<u8>,
}

/// Puts the change into the text before it; false when the text is another one.
pub(super) fn apply(rope: &mut Rope, hunks: &[Hunk]) -> bool {
    hunks.iter().rev().all(|hunk| rope.splice(hunk.at as usize, &hunk.old, &hunk.new))
}

/// Takes the change out of the text after it; false when the text is another one.
pub(super) fn take_back(rope: &mut Rope, hunks: &[Hunk]) -> bool {
    let places = places_after(hunks);
    hunks.iter().zip(places).rev().all(|(hunk, at)| rope.splice(at, &hunk.new, &hunk.old))
}

/// Where the hunks begin in the text after.
pub(super) fn places_after(hunks: &[Hunk]) -> Vec<usize> {
    let mut moved = 0_isize;
    let mut places = Vec::with_capacity(hunks.len());
    for hunk in hunks {
        places.push((hunk.at as usize).saturating_add_signed(moved));
        moved += hunk.new.len() as isize - hunk.old.len() as isize;
    }
    places
}
