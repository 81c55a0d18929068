//! All lines that a file held over a row of changes, in one order, with who brought and who took each.
//!
//! Lines that went stay where they were, so that a change that is undone finds its place again, exactly, whatever was
//! undone in between. A change is undone by calling its lines off: those it brought are not there any more, those it took
//! are there again. (The source code control system SCCS kept its files this way.)

use super::change::FileChange;
use super::hunk::Hunk;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// Lines of one origin.
#[derive(Debug, Clone)]
struct Strand {
    /// Index of its octets.
    source: usize,
    range: Range<usize>,
    /// The change that brought it; 0 for what was there first.
    born: u64,
    takers: Vec<u64>,
}

/// A file and its changes.
#[derive(Debug)]
pub(super) struct Weave {
    sources: Vec<Vec<u8>>,
    strands: Vec<Strand>,
    /// Places of serials in sources.
    holes: HashMap<usize, Vec<usize>>,
    /// Changes that are called off, with the change that did it.
    off: HashMap<u64, u64>,
    /// Changes that brought the file or took it, in order; a file is there when the last that counts brought it.
    existence: Vec<(u64, bool)>,
}

impl Weave {
    /// A file as it was first; none when there was none.
    pub(super) fn new(body: Vec<u8>, hole: Option<usize>, exists: bool) -> Self {
        let strands = vec![Strand { source: 0, range: 0..body.len(), born: 0, takers: Vec::new() }];
        let holes = hole.map(|at| (0, vec![at])).into_iter().collect();
        Weave { sources: vec![body], strands, holes, off: HashMap::new(), existence: vec![(0, exists)] }
    }

    /// Adds a change; false when it does not fit.
    pub(super) fn apply(&mut self, id: u64, file: &FileChange, hunks: &[Hunk]) -> bool {
        if file.before.is_some() != file.after.is_some() {
            self.existence.push((id, file.after.is_some()));
        }
        for hunk in hunks.iter().rev() {
            let Some(place) = self.cut(hunk.at as usize) else { return false };
            if !self.take(place, &hunk.old, id) {
                return false;
            }
            if !hunk.new.is_empty() {
                let source = self.sources.len();
                self.sources.push(hunk.new.clone());
                let strand = Strand { source, range: 0..hunk.new.len(), born: id, takers: Vec::new() };
                self.strands.insert(place, strand);
            }
        }
        if let Some((at, _)) = file.after.as_ref().and_then(|stamp| stamp.hole()) {
            self.mark_hole(at);
        }
        true
    }

    /// Calls a change off, or on again.
    pub(super) fn flip(&mut self, change: u64, by: u64) {
        if self.off.remove(&change).is_none() {
            self.off.insert(change, by);
        }
    }

    /// The changes that stand in the way of flipping `change`: they took or brought the same lines.
    pub(super) fn in_the_way(&self, change: u64) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        // For each text that the change brought: where it begins and ends.
        let mut brought: HashMap<usize, (usize, usize)> = HashMap::new();
        for (index, strand) in self.strands.iter().enumerate() {
            if strand.born == change {
                brought.entry(strand.source).or_insert((index, index)).1 = index;
            }
            if strand.born == change || strand.takers.contains(&change) {
                found.extend(strand.takers.iter().filter(|taker| **taker != change && !self.off.contains_key(taker)));
                found.extend(self.off.get(&strand.born).filter(|_| strand.born != change));
            }
        }
        for (first, last) in brought.into_values() {
            let within = self.strands[first..=last].iter();
            found
                .extend(within.filter(|strand| strand.born != change && self.is_there(strand)).map(|other| other.born));
        }
        found
    }

    /// The changes without which the text would fall apart: lines of a file that is not there, or lines that would run
    /// into each other because the first has no line ending.
    pub(super) fn torn(&self) -> BTreeSet<u64> {
        let there: Vec<_> = self.strands.iter().filter(|strand| self.is_there(strand)).collect();
        let mut found = BTreeSet::new();
        if !self.exists() {
            found.extend(there.iter().filter(|strand| !strand.range.is_empty()).map(|strand| strand.born));
        }
        let filled: Vec<_> = there.iter().filter(|strand| !strand.range.is_empty()).collect();
        for pair in filled.windows(2) {
            if !self.octets(pair[0]).ends_with(b"\n") {
                found.extend([pair[0].born, pair[1].born]);
            }
        }
        found
    }

    /// The text, with a serial in its place; none when there is no file.
    pub(super) fn text(&self, serial: &[u8]) -> Option<Vec<u8>> {
        if !self.exists() {
            return None;
        }
        let mut text = Vec::new();
        for strand in self.strands.iter().filter(|strand| self.is_there(strand)) {
            let octets = self.octets(strand);
            let mut from = 0;
            let mut holes: Vec<_> = self.holes.get(&strand.source).into_iter().flatten().copied().collect();
            holes.sort_unstable();
            for hole in holes.into_iter().filter(|hole| strand.range.contains(hole)) {
                let at = hole - strand.range.start;
                text.extend_from_slice(&octets[from..at]);
                text.extend_from_slice(serial);
                from = at;
            }
            text.extend_from_slice(&octets[from..]);
        }
        Some(text)
    }

    /// Where serials go, in the text without them.
    pub(super) fn holes(&self) -> Vec<usize> {
        let mut found = Vec::new();
        let mut position = 0;
        for strand in self.strands.iter().filter(|strand| self.is_there(strand)) {
            let holes = self.holes.get(&strand.source).into_iter().flatten();
            found.extend(
                holes.filter(|hole| strand.range.contains(hole)).map(|hole| position + hole - strand.range.start),
            );
            position += strand.range.len();
        }
        found.sort_unstable();
        found
    }

    fn exists(&self) -> bool {
        self.existence.iter().rev().find(|(id, _)| !self.off.contains_key(id)).is_some_and(|(_, brought)| *brought)
    }

    fn is_there(&self, strand: &Strand) -> bool {
        !self.off.contains_key(&strand.born) && strand.takers.iter().all(|taker| self.off.contains_key(taker))
    }

    fn octets(&self, strand: &Strand) -> &[u8] {
        &self.sources[strand.source][strand.range.clone()]
    }

    /// The index behind the lines that end at `at`: before all that went from there.
    fn cut(&mut self, at: usize) -> Option<usize> {
        let mut position = 0;
        let mut place = 0;
        let mut within = None;
        for (index, strand) in self.strands.iter().enumerate() {
            if !self.is_there(strand) {
                continue;
            }
            let length = strand.range.len();
            if position + length > at {
                within = (position < at).then_some((index, at - position));
                position = at;
                break;
            }
            position += length;
            place = index + 1;
        }
        if let Some((index, length)) = within {
            self.split(index, length);
            place = index + 1;
        }
        (position == at).then_some(place)
    }

    /// Takes the lines `old`, which must be there from `place` on.
    fn take(&mut self, place: usize, old: &[u8], id: u64) -> bool {
        let mut left = old;
        let mut index = place;
        while !left.is_empty() {
            let Some(strand) = self.strands.get(index) else { return false };
            if self.is_there(strand) {
                if strand.range.len() > left.len() {
                    self.split(index, left.len());
                }
                let octets = self.octets(&self.strands[index]);
                let Some(rest) = left.strip_prefix(octets) else { return false };
                left = rest;
                self.strands[index].takers.push(id);
            }
            index += 1;
        }
        true
    }

    fn split(&mut self, index: usize, length: usize) {
        let mut rest = self.strands[index].clone();
        let middle = rest.range.start + length;
        rest.range.start = middle;
        self.strands[index].range.end = middle;
        self.strands.insert(index + 1, rest);
    }

    fn mark_hole(&mut self, at: usize) {
        let mut position = 0;
        for strand in self.strands.iter().filter(|strand| self.is_there(strand)) {
            if at < position + strand.range.len() {
                let hole = strand.range.start + at - position;
                let holes = self.holes.entry(strand.source).or_default();
                if !holes.contains(&hole) {
                    holes.push(hole);
                }
                return;
            }
            position += strand.range.len();
        }
    }
}
