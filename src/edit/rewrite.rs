//! Changes of names become zone text with the fewest changed lines; every other octet stays.
//!
//! Small texts are read whole, large ones only round the lines that change.

use super::change::NameChange;
use super::line_edits::{LineEdit, LinePlan, Missing, NewRecord, line_plan};
use super::neighbours::Spot;
use super::rewrite_error::RewriteError;
use crate::dns::{Name, Rtype};
use crate::generate::is_mark;
use crate::zone::{Checkpoints, Document, Edit, EditError, EntryKind, Line, RecordLine, Records, Stretch};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What is known of a text from loading it: makes large texts fast, and errors name included files.
#[derive(Debug, Clone, Copy)]
pub struct Hints<'l> {
    /// The records of exactly this text, as [`crate::zone::LoadedZone::records`] has them.
    pub records: &'l Records,
    /// The files that were read for it, the zone file first.
    pub files: &'l [PathBuf],
    /// Where the text can be read in parts.
    pub checkpoints: &'l Checkpoints,
}

/// How many times a stretch that disturbs the next one is opened anew together with it, before the whole is.
const TRIES: u32 = 8;

/// Writes the changes of a zone file's names into its text, and the serial.
///
/// `text` is what `file` holds, `origin` the zone's apex; `names` hold what the text has (`before`) and is to have
/// (`after`), the serial of the SOA not counted. With `serial` the digits of the serial are replaced. A changed record
/// keeps its line and comment; where its set has other data now, the generator's mark goes, for the records are a
/// person's. A removed one takes its line along. A new one stands behind the last of its set or name, a new name among
/// neighbours that are in order, else behind the last record. A record that goes to another name takes its comment
/// along. Lines that inherit an owner or TTL keep it.
///
/// Cost with `hints`: one look at each record, a copy of the text, and reading some hundred lines round each change; 1 ms
/// for 100,000 records. Without, or with `$INCLUDE` or `$GENERATE`, the text is read twice.
///
/// # Errors
/// [`RewriteError`].
pub fn rewrite(
    text: Vec<u8>,
    file: &Path,
    origin: &Name,
    names: &[NameChange],
    serial: Option<u32>,
    hints: Option<Hints<'_>>,
) -> Result<Vec<u8>, RewriteError> {
    let job = Job { file, origin, serial };
    let text = match &hints {
        Some(hints) if hints.checkpoints.fit(&text) => match line_plan(hints.records, names) {
            Ok(plan) => match job.in_stretches(text, &plan, hints.checkpoints) {
                Ok(text) => return Ok(text),
                Err(text) => text,
            },
            Err(_) => text,
        },
        _ => text,
    };
    job.whole(text, names, hints)
}

struct Job<'j> {
    file: &'j Path,
    origin: &'j Name,
    serial: Option<u32>,
}

impl Job<'_> {
    /// Reads only what changes; gives the text back when it takes the whole to do it right, or to say what is wrong.
    fn in_stretches(&self, text: Vec<u8>, plan: &LinePlan, checkpoints: &Checkpoints) -> Result<Vec<u8>, Vec<u8>> {
        let mut lines: Vec<u32> = plan.edits.iter().filter_map(line_of).collect();
        match (self.serial, plan.soa) {
            (Some(_), Some(line)) => lines.push(line),
            (Some(_), None) => return Err(text),
            _ => {}
        }
        if plan.edits.iter().any(|edit| line_of(edit).is_none()) {
            return Err(text);
        }
        for _ in 0..TRIES {
            let mut stretches = checkpoints.open(&text, self.file, self.origin, &lines);
            let Some(disturbed) = self.edit_stretches(&mut stretches, plan, checkpoints) else { return Err(text) };
            if disturbed.is_empty() {
                return Ok(checkpoints.put_back(text, stretches));
            }
            lines.extend(disturbed);
        }
        Err(text)
    }

    /// Edits each stretch; the lines behind stretches that leave something else to them. `None` when it cannot be done so.
    fn edit_stretches(
        &self,
        stretches: &mut [Stretch],
        plan: &LinePlan,
        checkpoints: &Checkpoints,
    ) -> Option<Vec<u32>> {
        let mut comments = HashMap::new();
        for stretch in &*stretches {
            comments_of(stretch.document(), plan, &mut comments);
        }
        let mut disturbed = Vec::new();
        for stretch in stretches {
            let mine =
                plan.edits.iter().filter(|edit| line_of(edit).is_some_and(|line| stretch.holds(line, checkpoints)));
            let edits = edits_of(stretch.document(), mine, &comments)?;
            stretch.document_mut().edit(&edits).ok()?;
            if let (Some(serial), Some(line)) = (self.serial, plan.soa)
                && stretch.holds(line, checkpoints)
            {
                stretch.document_mut().set_serial(serial).ok()?;
            }
            disturbed.extend(stretch.disturbs(checkpoints));
        }
        Some(disturbed)
    }

    fn whole(&self, text: Vec<u8>, names: &[NameChange], hints: Option<Hints<'_>>) -> Result<Vec<u8>, RewriteError> {
        let fail = |error: EditError| RewriteError::Text { file: self.file.to_path_buf(), error };
        let mut document = Document::parse(text, self.file, self.origin);
        let records = records_of(&document);
        let plan = line_plan(&records, names).map_err(|missing| self.missing(missing, &document, hints))?;
        let mut comments = HashMap::new();
        comments_of(&document, &plan, &mut comments);
        let edits = edits_of(&document, plan.edits.iter(), &comments).ok_or_else(|| fail(EditError::WouldAlter(0)))?;
        if !edits.is_empty() {
            document.edit(&edits).map_err(fail)?;
        }
        if let Some(serial) = self.serial {
            document.set_serial(serial).map_err(|error| match hints.and_then(soa_elsewhere) {
                Some((file, line)) => {
                    let (owner, rtype) = (self.origin.clone(), Rtype::SOA);
                    RewriteError::Included { owner, rtype, file, line }
                }
                None => fail(error),
            })?;
        }
        Ok(document.into_text())
    }

    /// Why a record is not in the text.
    fn missing(&self, missing: Missing, document: &Document, hints: Option<Hints<'_>>) -> RewriteError {
        let Missing { owner, rtype, data } = missing;
        let zone_file = self.file.to_path_buf();
        if let Some(hints) = hints {
            let record = hints.records.iter().find(|record| {
                record.rtype == rtype && record.data == data && record.owner.eq_ignore_ascii_case(owner.as_slice())
            });
            if let Some(Line { file, number: line }) = record.map(|record| record.line) {
                let path = hints.files.get(usize::from(file)).cloned().unwrap_or(zone_file);
                let generated = file == 0
                    && at_line(document, line).is_some_and(|index| is_directive(document, index, "$GENERATE"));
                return match (generated, file) {
                    (true, _) => RewriteError::Generated { owner, rtype, file: path, line },
                    (false, 0) => RewriteError::Stale { owner, rtype, file: path },
                    (false, _) => RewriteError::Included { owner, rtype, file: path, line },
                };
            }
            return RewriteError::Stale { owner, rtype, file: zone_file };
        }
        let directive = |keyword: &str| {
            let index = (0..document.entries().len()).find(|&index| is_directive(document, index, keyword))?;
            Some(document.entries()[index].line)
        };
        match (directive("$INCLUDE"), directive("$GENERATE")) {
            (Some(line), _) => RewriteError::Included { owner, rtype, file: zone_file, line },
            (None, Some(line)) => RewriteError::Generated { owner, rtype, file: zone_file, line },
            (None, None) => RewriteError::Stale { owner, rtype, file: zone_file },
        }
    }
}

/// The line that an edit touches; none for a line at the end of a text without records.
fn line_of(edit: &LineEdit) -> Option<u32> {
    match edit {
        LineEdit::Replace { line, .. } | LineEdit::Remove { line, .. } => Some(*line),
        LineEdit::Insert { spot, .. } => spot.map(|(Spot::After(line) | Spot::Before(line))| line),
    }
}

fn at_line(document: &Document, line: u32) -> Option<usize> {
    document.entries().binary_search_by_key(&line, |entry| entry.line).ok()
}

fn is_directive(document: &Document, index: usize, keyword: &str) -> bool {
    matches!(&document.entries()[index].kind, EntryKind::Directive(word) if word == keyword)
}

/// The records that the text itself holds, by their lines.
fn records_of(document: &Document) -> Records {
    let mut records = Records::new(document.zone().clone());
    for (index, record) in document.records() {
        let line = Line { file: 0, number: document.entries()[index].line };
        // What lies outside the zone is no record of it; no change names it.
        let _ = records.push(record.owner.as_slice(), record.rtype, record.ttl, &record.data, line);
    }
    records
}

fn soa_elsewhere(hints: Hints<'_>) -> Option<(PathBuf, u32)> {
    let soa = hints.records.iter().find(|record| record.rtype == Rtype::SOA && record.line.file > 0)?;
    Some((hints.files.get(usize::from(soa.line.file))?.clone(), soa.line.number))
}

/// A comment without its `;`, unless it is the generator's mark.
fn own_comment(document: &Document, index: usize, keep_mark: bool) -> Option<String> {
    let comment = document.comment_of(&document.entries()[index])?;
    (keep_mark || !is_mark(comment)).then(|| String::from_utf8_lossy(comment).into_owned())
}

/// The comments that new lines take along from lines of this document.
fn comments_of(document: &Document, plan: &LinePlan, comments: &mut HashMap<u32, String>) {
    for edit in &plan.edits {
        if let LineEdit::Insert { comment_of: Some(line), .. } = edit
            && let Some(index) = at_line(document, *line)
            && let Some(comment) = own_comment(document, index, false).filter(|comment| !comment.is_empty())
        {
            comments.insert(*line, comment);
        }
    }
}

/// The edits by entries instead of lines; `None` when a line is not what the plan says.
fn edits_of<'e>(
    document: &Document,
    edits: impl Iterator<Item = &'e LineEdit>,
    comments: &HashMap<u32, String>,
) -> Option<Vec<Edit>> {
    let record_at = |line: u32, expected: Option<&(Rtype, Vec<u8>)>| {
        let index = at_line(document, line)?;
        let EntryKind::Record(record) = &document.entries()[index].kind else { return None };
        // A served SOA may have a higher serial than the text.
        let same_data = |data: &Vec<u8>| record.rtype == Rtype::SOA || record.data == *data;
        let same = expected.is_none_or(|(rtype, data)| record.rtype == *rtype && same_data(data));
        same.then_some(index)
    };
    let line = |new: &NewRecord, comment: Option<String>| {
        let NewRecord { owner, rtype, ttl, data } = new.clone();
        RecordLine { owner, ttl, rtype, data, comment }
    };
    edits
        .map(|edit| match edit {
            LineEdit::Replace { line: at, old, new, unmark } => {
                let index = record_at(*at, Some(old))?;
                Some(Edit::Replace(index, line(new, own_comment(document, index, !unmark))))
            }
            LineEdit::Remove { line, old } => record_at(*line, Some(old)).map(Edit::Remove),
            LineEdit::Insert { spot, new, comment_of } => {
                let comment = comment_of.and_then(|from| comments.get(&from).cloned());
                let index = match spot {
                    Some(Spot::After(line)) => record_at(*line, None)? + 1,
                    Some(Spot::Before(line)) => record_at(*line, None)?,
                    None => document.entries().len(),
                };
                Some(Edit::Insert(index, line(new, comment)))
            }
        })
        .collect()
}
