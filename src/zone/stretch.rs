//! Stretches of a large zone text: opened between two checkpoints, edited, and put back.

use super::checkpoint::Checkpoints;
use super::document::Document;
use crate::dns::Name;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

/// How many entries round a line may have a say in how a new line is laid out.
const NEAR: usize = 51;

/// Up to so many stretches are put back in place; more make a new text in one pass.
const FEW: usize = 8;

/// A part of a zone text that is edited as if it were the whole of it.
#[derive(Debug)]
pub struct Stretch {
    numbers: Range<usize>,
    document: Document,
}

impl Stretch {
    /// The entries of the stretch; their lines are those of the whole text, their spans count from its begin.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The same, to be edited.
    pub fn document_mut(&mut self) -> &mut Document {
        &mut self.document
    }

    /// True when one of the lines of the text, as it was opened, is in the stretch.
    pub fn holds(&self, line: u32, checkpoints: &Checkpoints) -> bool {
        self.numbers.contains(&checkpoints.stretch_of(line))
    }

    /// The line behind the stretch, when the edited stretch leaves another owner, origin or TTL to it than before.
    ///
    /// A text that is put back then would alter what follows: open that line, too, and edit anew.
    pub fn disturbs(&self, checkpoints: &Checkpoints) -> Option<u32> {
        let next = checkpoints.begin(self.numbers.end)?;
        let (before, after) = (&next.context, &self.document.end);
        let same = before.origin.as_slice() == after.origin.as_slice()
            && before.owner.eq_ignore_ascii_case(&after.owner)
            && before.default_ttl == after.default_ttl
            // A default TTL never ends, and while there is one the last written TTL says nothing.
            && (before.default_ttl.is_some() || before.last_ttl == after.last_ttl);
        (!same).then_some(next.line)
    }
}

impl Checkpoints {
    /// Opens the stretches of `text` that hold these lines, with enough before and behind that new lines look as they would
    /// in the whole; each line in one of them, in the order of the text.
    ///
    /// Call it only when [`Checkpoints::fit`] says so. Cost: the stretches.
    pub fn open(&self, text: &[u8], file: &Path, origin: &Name, lines: &[u32]) -> Vec<Stretch> {
        let mut numbers: BTreeSet<usize> = lines.iter().map(|&line| self.stretch_of(line)).collect();
        loop {
            let stretches: Vec<Stretch> = runs(&numbers)
                .into_iter()
                .map(|numbers| {
                    let octets = text[self.octets(&numbers)].to_vec();
                    let start = self.begin(numbers.start).cloned();
                    Stretch { document: Document::parse_from(octets, file, origin, start), numbers }
                })
                .collect();
            let had = numbers.len();
            for stretch in &stretches {
                let entries = stretch.document.entries();
                for &line in lines.iter().filter(|&&line| stretch.holds(line, self)) {
                    let at = entries.partition_point(|entry| entry.line < line);
                    if at < NEAR && stretch.numbers.start > 0 {
                        numbers.insert(stretch.numbers.start - 1);
                    }
                    if at + NEAR > entries.len() && stretch.numbers.end < self.stretches() {
                        numbers.insert(stretch.numbers.end);
                    }
                }
            }
            if numbers.len() == had {
                return stretches;
            }
        }
    }

    /// Puts edited stretches back into the text that they were opened from.
    pub fn put_back(&self, mut text: Vec<u8>, stretches: Vec<Stretch>) -> Vec<u8> {
        if stretches.len() <= FEW {
            for stretch in stretches.into_iter().rev() {
                text.splice(self.octets(&stretch.numbers), stretch.document.into_text());
            }
            return text;
        }
        let grown: usize = stretches.iter().map(|stretch| stretch.document.text().len()).sum();
        let mut whole = Vec::with_capacity(text.len() + grown);
        let mut at = 0;
        for stretch in &stretches {
            let octets = self.octets(&stretch.numbers);
            whole.extend_from_slice(&text[at..octets.start]);
            whole.extend_from_slice(stretch.document.text());
            at = octets.end;
        }
        whole.extend_from_slice(&text[at..]);
        whole
    }
}

/// Numbers that follow each other, as ranges.
fn runs(numbers: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some(last) if last.end == number => last.end += 1,
            _ => runs.push(number..number + 1),
        }
    }
    runs
}
