//! Places in a zone text from which it can be read without what stands before them.
//!
//! The loader notes them on its way, so that an edit of a large zone reads only the stretch of text that it touches.

use super::statement::Context;
use std::ops::Range;

/// How many entries lie between two checkpoints.
pub(super) const EVERY: u32 = 512;

/// The checkpoints of a zone file, in the order of the text; about 150 octets for each 512 entries.
#[derive(Debug, Clone, Default)]
pub struct Checkpoints {
    marks: Vec<Checkpoint>,
    /// The octets of the text that they belong to; `None` when stretches of it do not stand alone.
    text_len: Option<u32>,
}

/// What the text before an entry leaves to it.
#[derive(Debug, Clone)]
pub(super) struct Checkpoint {
    /// The first octet of the entry.
    pub(super) offset: u32,
    /// Its line, counted from 1.
    pub(super) line: u32,
    pub(super) context: Context,
}

impl Checkpoints {
    /// Those of a text of so many octets, which contains no `$INCLUDE` and no `$GENERATE`: those say more than their lines.
    pub(super) fn of(marks: Vec<Checkpoint>, text_len: usize) -> Checkpoints {
        Checkpoints { marks, text_len: u32::try_from(text_len).ok() }
    }

    /// True when `text` can be the text that they belong to, and stretches of it stand alone.
    pub fn fit(&self, text: &[u8]) -> bool {
        self.text_len.is_some_and(|length| length as usize == text.len())
    }

    /// How many stretches there are: the one before the first checkpoint, and one behind each.
    pub(super) fn stretches(&self) -> usize {
        self.marks.len() + 1
    }

    /// The stretch that a line is in.
    pub(super) fn stretch_of(&self, line: u32) -> usize {
        self.marks.partition_point(|mark| mark.line <= line)
    }

    /// The octets of stretches that follow each other.
    pub(super) fn octets(&self, stretches: &Range<usize>) -> Range<usize> {
        let end = self.marks.get(stretches.end - 1).map_or(self.text_len, |mark| Some(mark.offset));
        let begin = self.begin(stretches.start).map_or(0, |mark| mark.offset);
        begin as usize..end.unwrap_or(begin) as usize
    }

    /// The checkpoint at the begin of a stretch; the first stretch has none.
    pub(super) fn begin(&self, stretch: usize) -> Option<&Checkpoint> {
        self.marks.get(stretch.checked_sub(1)?)
    }
}
