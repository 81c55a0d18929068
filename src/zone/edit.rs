//! Edits of zone text that change only the lines they must; every other octet stays.

use super::carried::Carried;
use super::document::Document;
use super::document::Entry;
use super::document::EntryKind;
use super::document::RecordEntry;
use super::layout::Layout;
use super::layout::Parts;
use super::line::RecordLine;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_data;
use crate::dns::present_relative;
use crate::dns::present_rtype;
use crate::dns::serial_at;
use thiserror::Error;

/// One change of a document; entries are counted as they are before any change of the same call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Puts another record in the place of the record of this entry; words that are the same stay as they are.
    Replace(usize, RecordLine),
    /// Takes the lines of this record, comment or blank entry out.
    Remove(usize),
    /// Writes a record before this entry, or at the end when it is the number of entries.
    Insert(usize, RecordLine),
    /// Writes lines as they are (comments, directives) before this entry, or at the end.
    InsertText(usize, Vec<u8>),
}

/// Why a document was not edited; it stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// There is no such entry.
    #[error("there is no entry {0}")]
    NoEntry(usize),
    /// Two changes of one entry.
    #[error("line {0} would be changed twice; join both changes")]
    Twice(u32),
    /// The entry is no record, or a directive that records below depend on.
    #[error("line {0} is not a record that can be changed; edit it by hand")]
    NotARecord(u32),
    /// The zone has no SOA that can be read.
    #[error("{0} has no SOA record that can be read; write one")]
    NoSoa(String),
    /// The text with the change would not read as meant; the line of the first difference in it.
    #[error("the change would alter another record, at line {0} of the new text; edit the zone by hand")]
    WouldAlter(u32),
}

/// A stretch of the new text: which record it must read as, if any.
struct Piece {
    begin: usize,
    record: Option<RecordEntry>,
}

/// What the edits of one entry are.
#[derive(Default)]
struct Plan<'e> {
    before: Vec<&'e Edit>,
    own: Option<&'e Edit>,
}

impl Document {
    /// Makes all the changes at once, or none.
    ///
    /// Lines keep every octet, save a line that inherited its owner or TTL from one that is gone or now stands
    /// elsewhere: it gets them written. New lines stand in the columns of their neighbours. Cost: one pass.
    ///
    /// # Errors
    /// [`EditError`]; the document stays as it was.
    pub fn edit(&mut self, edits: &[Edit]) -> Result<(), EditError> {
        let plans = self.plan(edits)?;
        let mut text = Vec::with_capacity(self.text.len() + 64 * edits.len());
        let mut pieces = Vec::new();
        let mut carried = self.start.as_ref().map_or_else(Carried::default, |start| Carried::from(&start.context));
        for (index, plan) in plans.iter().enumerate() {
            for edit in &plan.before {
                self.write_new(edit, index, &mut carried, &mut text, &mut pieces);
            }
            let Some(entry) = self.entries.get(index) else { continue };
            let begin = text.len();
            match (plan.own, &entry.kind) {
                (Some(Edit::Remove(_)), _) => continue,
                (Some(Edit::Replace(_, line)), EntryKind::Record(old)) => {
                    text.extend(self.rewritten(entry, old, line, &carried));
                    carried.took(line);
                    pieces.push(Piece { begin, record: Some(line.as_record()) });
                }
                (_, EntryKind::Record(record)) => {
                    text.extend(self.kept(entry, record, &carried));
                    carried.kept(entry, record);
                    pieces.push(Piece { begin, record: Some(record.clone()) });
                }
                _ => {
                    text.extend_from_slice(&self.text[entry.span.clone()]);
                    carried.default_ttl = entry.default_ttl.or(carried.default_ttl);
                    carried.ttl_elsewhere |= matches!(&entry.kind, EntryKind::Directive(word) if word == "$INCLUDE");
                }
            }
        }
        let edited = Document::parse_from(text, &self.file, &self.zone, self.start.clone());
        edited.reads_as(&pieces)?;
        *self = edited;
        Ok(())
    }

    /// Writes another serial into the SOA, digits for digits.
    ///
    /// # Errors
    /// [`EditError::NoSoa`].
    pub fn set_serial(&mut self, serial: u32) -> Result<(), EditError> {
        let no_soa = || EditError::NoSoa(self.file.display().to_string());
        let (index, record) = self.records().find(|(_, record)| record.rtype == Rtype::SOA).ok_or_else(no_soa)?;
        let entry = &self.entries[index];
        let parts = Parts::of(self.text_of(entry)).ok_or_else(no_soa)?;
        let at = serial_at(&record.data).ok_or_else(no_soa)?;
        let mut data = record.data.clone();
        data[at..at + 4].copy_from_slice(&serial.to_be_bytes());
        if parts.data.len() != 7 {
            let comment = self.comment_of(entry).map(|comment| String::from_utf8_lossy(comment).into_owned());
            let line = RecordLine { owner: record.owner.clone(), ttl: record.ttl, rtype: Rtype::SOA, data, comment };
            return self.edit(&[Edit::Replace(index, line)]);
        }
        let digits = entry.span.start + parts.data[2].start..entry.span.start + parts.data[2].end;
        let mut text = self.text.clone();
        text.splice(digits, serial.to_string().into_bytes());
        *self = Document::parse_from(text, &self.file, &self.zone, self.start.clone());
        Ok(())
    }

    /// The serial of the SOA, if there is one.
    pub fn serial(&self) -> Option<u32> {
        let (_, record) = self.records().find(|(_, record)| record.rtype == Rtype::SOA)?;
        let octets = record.data.get(serial_at(&record.data)?..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*octets))
    }

    fn plan<'e>(&self, edits: &'e [Edit]) -> Result<Vec<Plan<'e>>, EditError> {
        let mut plans: Vec<Plan<'e>> = Vec::new();
        plans.resize_with(self.entries.len() + 1, Plan::default);
        for edit in edits {
            match edit {
                Edit::Insert(index, _) | Edit::InsertText(index, _) => {
                    plans.get_mut(*index).ok_or(EditError::NoEntry(*index))?.before.push(edit);
                }
                Edit::Replace(index, _) | Edit::Remove(index) => {
                    let entry = self.entries.get(*index).ok_or(EditError::NoEntry(*index))?;
                    let fits = match entry.kind {
                        EntryKind::Record(_) => true,
                        EntryKind::Comment | EntryKind::Blank => matches!(edit, Edit::Remove(_)),
                        EntryKind::Directive(_) | EntryKind::Broken(_) => false,
                    };
                    if !fits {
                        return Err(EditError::NotARecord(entry.line));
                    }
                    if plans[*index].own.replace(edit).is_some() {
                        return Err(EditError::Twice(entry.line));
                    }
                }
            }
        }
        Ok(plans)
    }

    fn write_new(&self, edit: &Edit, at: usize, carried: &mut Carried, text: &mut Vec<u8>, pieces: &mut Vec<Piece>) {
        let ending = self.line_ending(at);
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.extend_from_slice(ending);
        }
        match edit {
            Edit::Insert(_, line) => {
                pieces.push(Piece { begin: text.len(), record: Some(line.as_record()) });
                let origin = self.entries.get(at).map_or(&self.end.origin, |entry| &entry.origin);
                // Below a heir of the same name a new line is one, too.
                let heir = carried.owner.as_ref() == Some(&line.owner) && self.is_heir(at.wrapping_sub(1));
                text.extend(self.new_line(line, at, origin, carried, heir).into_bytes());
                text.extend_from_slice(ending);
                carried.took(line);
            }
            Edit::InsertText(_, lines) => {
                text.extend_from_slice(lines);
                if !lines.is_empty() && !lines.ends_with(b"\n") {
                    text.extend_from_slice(ending);
                }
            }
            Edit::Replace(..) | Edit::Remove(_) => {}
        }
    }

    /// The ending of the lines round entry `at`.
    fn line_ending(&self, at: usize) -> &'static [u8] {
        let (above, below) = self.entries.split_at(at.min(self.entries.len()));
        let ended = |entry: &&Entry| self.text_of(entry).ends_with(b"\n");
        let near = above.iter().rev().find(ended).or_else(|| below.iter().find(ended));
        let crlf = near.is_some_and(|entry| self.text_of(entry).ends_with(b"\r\n"));
        if crlf { b"\r\n" } else { b"\n" }
    }

    /// True when the entry is a record that inherits its owner.
    fn is_heir(&self, index: usize) -> bool {
        let record = self.entries.get(index).map(|entry| &entry.kind);
        matches!(record, Some(EntryKind::Record(record)) if !record.owner_written)
    }

    /// A record as a line of its own, without its ending; a heir leaves its owner to the line above.
    pub(super) fn new_line(
        &self,
        line: &RecordLine,
        at: usize,
        origin: &Name,
        carried: &Carried,
        heir: bool,
    ) -> String {
        let owner = if heir { String::new() } else { present_relative(line.owner.as_slice(), origin.as_slice()) };
        let layout = self.layout_near(at);
        let ttl = (layout.writes_ttl() || carried.ttl_elsewhere || carried.ttl() != Some(line.ttl)).then_some(line.ttl);
        let data = present_data(line.rtype, &line.data);
        layout.line(&owner, ttl, &present_rtype(line.rtype), &data, line.comment_text().as_deref())
    }

    /// The layout of the nearest record on one line, above before below; never the SOA.
    fn layout_near(&self, at: usize) -> Layout {
        let (above, below) = self.entries.split_at(at.min(self.entries.len()));
        let near = above.iter().rev().take(50).chain(below.iter().take(50));
        let plain = near.filter(|entry| matches!(&entry.kind, EntryKind::Record(old) if old.rtype != Rtype::SOA));
        plain.filter_map(|entry| Layout::of(self.text_of(entry))).next().unwrap_or_default()
    }

    /// A line that stays: as it is, save an inherited owner or TTL that would no longer be the same.
    fn kept(&self, entry: &Entry, record: &RecordEntry, carried: &Carried) -> Vec<u8> {
        let owner = record.owner_written || carried.owner.as_ref() == Some(&record.owner);
        if owner && (record.ttl_written || carried.gives(record.ttl, record.rtype, &record.data)) {
            return self.text_of(entry).to_vec();
        }
        let line = RecordLine {
            owner: record.owner.clone(),
            ttl: record.ttl,
            rtype: record.rtype,
            data: record.data.clone(),
            comment: self.comment_of(entry).map(|comment| String::from_utf8_lossy(comment).into_owned()),
        };
        self.rewritten(entry, record, &line, carried)
    }

    /// Every piece of the new text must read as the record that it was written for.
    fn reads_as(&self, pieces: &[Piece]) -> Result<(), EditError> {
        let mut entries = self.entries.iter();
        for piece in pieces {
            let Some(expected) = &piece.record else { continue };
            let found = entries.by_ref().find(|entry| entry.span.start >= piece.begin);
            let same = found.is_some_and(|entry| match &entry.kind {
                EntryKind::Record(record) => {
                    entry.span.start == piece.begin
                        && (&record.owner, record.ttl) == (&expected.owner, expected.ttl)
                        && (record.rtype, &record.data) == (expected.rtype, &expected.data)
                }
                _ => false,
            });
            if !same {
                return Err(EditError::WouldAlter(found.map_or(0, |entry| entry.line)));
            }
        }
        Ok(())
    }
}
