//! Changes of names become edits of lines: which line is replaced, which goes, where a new one stands.
//!
//! Knows lines by their numbers and records, not the text: the same plan fits a whole document and stretches of it.

use super::change::NameChange;
use super::neighbours::{Neighbours, Spot};
use super::owners::Owners;
use crate::dns::{Name, Rtype, name_from_wire, serial_at};
use crate::pace::breathe_at;
use crate::zone::{Record, Records, RrSet};
use std::collections::HashMap;

/// One edit of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LineEdit {
    /// Another record in the place of the one of this line.
    Replace {
        line: u32,
        /// What the line holds now.
        old: (Rtype, Vec<u8>),
        new: NewRecord,
        /// The set is another one now: a mark of the generator goes.
        unmark: bool,
    },
    /// The record of this line goes.
    Remove { line: u32, old: (Rtype, Vec<u8>) },
    /// A new line; with no spot, at the end of a text without records.
    Insert {
        spot: Option<Spot>,
        new: NewRecord,
        /// The line whose comment it takes along.
        comment_of: Option<u32>,
    },
}

/// A record to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewRecord {
    pub(super) owner: Name,
    pub(super) rtype: Rtype,
    pub(super) ttl: u32,
    pub(super) data: Vec<u8>,
}

/// The edits, and where the serial stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinePlan {
    pub(super) edits: Vec<LineEdit>,
    /// The line of the SOA.
    pub(super) soa: Option<u32>,
}

/// A record that is to be changed and is not among those of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) owner: Name,
    pub(super) rtype: Rtype,
    pub(super) data: Vec<u8>,
}

/// A new record before it has a place.
struct Added {
    new: NewRecord,
    /// The last line of its set, or else of its owner.
    beside: Option<u32>,
}

/// Plans the edits of lines that lead from `before` to `after` of each name; one pass over the records.
///
/// `records` are those that the text itself holds, each on a line of its own, in the order of the text.
pub(super) fn line_plan(records: &Records, names: &[NameChange]) -> Result<LinePlan, Missing> {
    let owners = Owners::new(names.iter().map(|change| change.owner.as_slice()));
    let mut found: Vec<Vec<Record<'_>>> = vec![Vec::new(); names.len()];
    let mut soa = None;
    let mut last = None;
    for (index, record) in records.iter().enumerate() {
        breathe_at(index);
        if record.rtype == Rtype::SOA && soa.is_none() {
            soa = Some(record.line.number);
        }
        if let Some(slot) = owners.slot(record.owner) {
            found[slot].push(record);
        }
        last = Some(record.line.number);
    }
    let mut edits = Vec::new();
    let mut added = Vec::new();
    for (change, found) in names.iter().zip(&found) {
        let mut types: Vec<Rtype> = change.before.iter().chain(&change.after).map(|set| set.rtype).collect();
        types.sort_by_key(|rtype| rtype.to_int());
        types.dedup();
        for rtype in types {
            set_edits(change, rtype, found, &mut edits, &mut added)?;
        }
    }
    let neighbours = std::cell::OnceCell::new();
    let place = |owner: &[u8]| neighbours.get_or_init(|| Neighbours::of(records)).place(owner);
    let mut inserts: Vec<(usize, LineEdit)> = Vec::new();
    let mut moves = Moves::of(&edits);
    for Added { new, beside } in added {
        let ordered = if beside.is_none() { place(new.owner.as_slice()) } else { None };
        let from = moves.take(&new, &edits);
        if let Some(from) = from
            && beside.is_none()
            && ordered.is_none()
            && let LineEdit::Remove { line, old } = &edits[from]
        {
            edits[from] = LineEdit::Replace { line: *line, old: old.clone(), new, unmark: true };
            continue;
        }
        let comment_of = from.and_then(|from| match &edits[from] {
            LineEdit::Remove { line, .. } => Some(*line),
            _ => None,
        });
        // Beside its own kind first, then in order, then at the end.
        let class = usize::from(beside.is_none()) + usize::from(beside.is_none() && ordered.is_none());
        let spot = beside.map(Spot::After).or(ordered).or(last.map(Spot::After));
        inserts.push((class, LineEdit::Insert { spot, new, comment_of }));
    }
    inserts.sort_by(|(left_class, left), (right_class, right)| {
        left_class.cmp(right_class).then_with(|| match (left, right, neighbours.get()) {
            (LineEdit::Insert { new: left, .. }, LineEdit::Insert { new: right, .. }, Some(neighbours))
                if *left_class == 1 =>
            {
                neighbours.order(left.owner.as_slice(), right.owner.as_slice())
            }
            _ => std::cmp::Ordering::Equal,
        })
    });
    edits.extend(inserts.into_iter().map(|(_, insert)| insert));
    Ok(LinePlan { edits, soa })
}

/// The edits for one type of one name; what has no line yet goes to `added`.
fn set_edits(
    change: &NameChange,
    rtype: Rtype,
    found: &[Record<'_>],
    edits: &mut Vec<LineEdit>,
    added: &mut Vec<Added>,
) -> Result<(), Missing> {
    let set = |sets: &[RrSet]| sets.iter().find(|set| set.rtype == rtype).cloned();
    let (before, after) = (set(&change.before), set(&change.after));
    let (ttl, old_ttl) = (after.as_ref().map(|set| set.ttl), before.as_ref().map(|set| set.ttl));
    let mut before = before.map(|set| set.data).unwrap_or_default();
    let mut after = after.map(|set| set.data).unwrap_or_default();
    let lines: Vec<&Record<'_>> = found.iter().filter(|record| record.rtype == rtype).collect();
    if rtype == Rtype::SOA {
        // The serial is the server's: it is that of the text, whatever the change says.
        let serial = lines.first().and_then(|record| Some(record.data[serial_at(record.data)?..][..4].to_vec()));
        for data in before.iter_mut().chain(&mut after) {
            if let (Some(serial), Some(at)) = (&serial, serial_at(data)) {
                data[at..at + 4].copy_from_slice(serial);
            }
        }
    }
    let mut new = after.iter().filter(|data| !before.contains(data)).peekable();
    let other_data = new.peek().is_some() || before.iter().any(|data| !after.contains(data));
    let other_ttl = old_ttl.is_some() && ttl.is_some() && ttl != old_ttl;
    let touched = |data: &Vec<u8>| other_ttl || !after.contains(data);
    let missing = before.iter().find(|data| touched(data) && !lines.iter().any(|record| record.data == **data));
    if let Some(data) = missing {
        return Err(Missing { owner: change.owner.clone(), rtype, data: data.clone() });
    }
    let mut given: Vec<&[u8]> = Vec::new();
    for record in &lines {
        let (line, old) = (record.line.number, (rtype, record.data.to_vec()));
        let owner = name_from_wire(record.owner).unwrap_or_else(|_| change.owner.clone());
        if after.iter().any(|data| data == record.data) {
            if other_ttl || other_data {
                let ttl = ttl.unwrap_or(record.ttl);
                let new = NewRecord { owner, rtype, ttl, data: record.data.to_vec() };
                edits.push(LineEdit::Replace { line, old, new, unmark: other_data });
            }
        } else if before.iter().any(|data| data == record.data) {
            let replacement = if given.contains(&record.data) { None } else { new.next() };
            given.push(record.data);
            edits.push(match replacement {
                Some(data) => {
                    // A set that changes has one TTL (RFC 2181 section 5.2).
                    let ttl = ttl.unwrap_or(record.ttl);
                    let new = NewRecord { owner, rtype, ttl, data: data.clone() };
                    LineEdit::Replace { line, old, new, unmark: true }
                }
                None => LineEdit::Remove { line, old },
            });
        }
    }
    let beside = lines.last().copied().or(found.last()).map(|record| record.line.number);
    for data in new {
        let ttl = ttl.unwrap_or_default();
        let new = NewRecord { owner: change.owner.clone(), rtype, ttl, data: data.clone() };
        added.push(Added { new, beside });
    }
    Ok(())
}

/// Records that go from one name and come to another: their comments, or whole lines, go with them.
struct Moves {
    gone: HashMap<(Rtype, Vec<u8>), Vec<usize>>,
}

impl Moves {
    fn of(edits: &[LineEdit]) -> Moves {
        let mut gone: HashMap<(Rtype, Vec<u8>), Vec<usize>> = HashMap::new();
        for (index, edit) in edits.iter().enumerate().rev() {
            if let LineEdit::Remove { old, .. } = edit {
                gone.entry(old.clone()).or_default().push(index);
            }
        }
        Moves { gone }
    }

    /// The removal that gave this record away, each once.
    fn take(&mut self, new: &NewRecord, edits: &[LineEdit]) -> Option<usize> {
        let index = self.gone.get_mut(&(new.rtype, new.data.clone()))?.pop()?;
        matches!(edits[index], LineEdit::Remove { .. }).then_some(index)
    }
}
