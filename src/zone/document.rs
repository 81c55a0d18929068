//! Zone text as a tree that keeps every octet: entries with their spans, and the records in them.
//!
//! For programs that edit zones; the server loads through `load`. Included files are not opened.

use super::checkpoint::Checkpoint;
use super::fault::Fault;
use super::lex::Lexer;
use super::lex::RawEntry;
use super::statement::Context;
use super::statement::Statement;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::name_from_wire;
use crate::finding::Finding;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

/// After so many entries, runs of blank, comment or broken lines are one entry each: memory stays bounded by the records.
const MANY: usize = 1_000_000;

/// Zone text and its entries, in the order of the text; the spans of the entries follow each other without a gap.
#[derive(Debug, Clone)]
pub struct Document {
    pub(super) text: Vec<u8>,
    pub(super) file: PathBuf,
    pub(super) zone: Name,
    pub(super) entries: Vec<Entry>,
    /// What the text before leaves to it, when it is a stretch of a file.
    pub(super) start: Option<Checkpoint>,
    /// What it leaves to what follows.
    pub(super) end: Context,
}

/// One entry: a line, or several that parentheses join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its octets in the text, the line ending counted.
    pub span: Range<usize>,
    /// The line of its first octet, counted from 1.
    pub line: u32,
    /// The comment behind its words, from `;` to before the line ending.
    pub comment: Option<Range<usize>>,
    /// What it is.
    pub kind: EntryKind,
    /// The origin in force at it, before the entry itself.
    pub(super) origin: Name,
    /// The TTL of records without one, after the entry: `$TTL`, or the minimum of a SOA without a TTL.
    pub(super) default_ttl: Option<u32>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// White space only.
    Blank,
    /// A comment and nothing else.
    Comment,
    /// `$ORIGIN`, `$TTL`, `$INCLUDE` or `$GENERATE`; the keyword in upper case, with the `$`.
    Directive(String),
    /// A record.
    Record(RecordEntry),
    /// Something that cannot be read; the finding says why and where.
    Broken(Box<Finding>),
}

/// A record as zone text has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordEntry {
    /// The owner, written or inherited from the record above.
    pub owner: Name,
    /// False when the line begins with a blank and so inherits the owner.
    pub owner_written: bool,
    /// Seconds; 0 when only an included file can say, for included files are not opened.
    pub ttl: u32,
    /// False when the TTL comes from `$TTL`, a record above or the SOA.
    pub ttl_written: bool,
    /// The type.
    pub rtype: Rtype,
    /// The data in wire format, names uncompressed.
    pub data: Vec<u8>,
}

impl Document {
    /// Cuts `text` into entries and reads them; never fails: what cannot be read is [`EntryKind::Broken`].
    ///
    /// Each line, or lines that parentheses join, is one entry; after a million of them, runs of lines without records
    /// are joined. `file` is only named in findings. `origin` is the zone's apex and the first `$ORIGIN`. Of a text of 4 GiB or
    /// more the part beyond is one broken entry.
    pub fn parse(text: Vec<u8>, file: &Path, origin: &Name) -> Document {
        Document::parse_from(text, file, origin, None)
    }

    /// Reads a stretch of a file: `start` is what stands before it leaves to it.
    pub(super) fn parse_from(text: Vec<u8>, file: &Path, origin: &Name, start: Option<Checkpoint>) -> Document {
        let mut entries = Vec::new();
        let (mut context, mut lexer) = match &start {
            Some(start) => (start.context.clone(), Lexer::within(&text, start.line)),
            None => (Context::new(origin.clone()), Lexer::new(&text)),
        };
        let mut tokens = Vec::new();
        while let Some(raw) = lexer.next(&mut tokens) {
            let before = context.origin.clone();
            let mut data = Vec::new();
            let result = context.read(&raw, &tokens, &mut data);
            if matches!(result, Ok(Statement::Include(..))) {
                context.ttl_elsewhere = true;
            }
            let kind = match result {
                Ok(Statement::Nothing) if raw.comment.is_some() => EntryKind::Comment,
                Ok(Statement::Nothing) => EntryKind::Blank,
                Ok(Statement::Record(head)) => match name_from_wire(&context.owner) {
                    Ok(owner) => EntryKind::Record(RecordEntry {
                        owner,
                        owner_written: !raw.leading_blank,
                        ttl: head.ttl,
                        ttl_written: head.ttl_written,
                        rtype: head.rtype,
                        data,
                    }),
                    Err(error) => {
                        let fault = Fault::new("ZONE_NAME", raw.span.start, error.to_string(), "write another owner");
                        broken(fault, &text, file, &raw, origin)
                    }
                },
                Ok(Statement::Setting | Statement::Include(..) | Statement::Generate) => {
                    EntryKind::Directive(String::from_utf8_lossy(tokens[0].text).to_uppercase())
                }
                Err(fault) => broken(fault, &text, file, &raw, origin),
            };
            if entries.len() >= MANY && joins(entries.last_mut(), &kind, &raw) {
                continue;
            }
            entries.push(Entry {
                span: widen(&raw.span),
                line: raw.line,
                comment: raw.comment.as_ref().map(widen),
                kind,
                origin: before,
                default_ttl: context.default_ttl,
            });
        }
        let read = entries.last().map_or(0, |entry| entry.span.end);
        if read < text.len() {
            let fault = Fault::new("ZONE_TOO_LARGE", 0, "more than 4 GiB of text", "split the zone with $INCLUDE");
            let finding = fault.finding(&origin.to_string(), &text, file, (0, 1));
            let kind = EntryKind::Broken(Box::new(finding));
            let (origin, default_ttl) = (origin.clone(), None);
            entries.push(Entry { span: read..text.len(), line: 1, comment: None, kind, origin, default_ttl });
        }
        Document { text, file: file.to_path_buf(), zone: origin.clone(), entries, start, end: context }
    }

    /// Every octet, as it was read and edited.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The octets, given away.
    pub fn into_text(self) -> Vec<u8> {
        self.text
    }

    /// The entries in the order of the text.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The file that findings name.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The apex of the zone, as [`Document::parse`] was told it.
    pub fn zone(&self) -> &Name {
        &self.zone
    }

    /// The octets of an entry, its line ending counted.
    pub fn text_of(&self, entry: &Entry) -> &[u8] {
        &self.text[entry.span.clone()]
    }

    /// The comment behind an entry's words, without its `;` and without white space round it.
    pub fn comment_of(&self, entry: &Entry) -> Option<&[u8]> {
        let comment = &self.text[entry.comment.clone()?];
        Some(comment.get(1..).unwrap_or(b"").trim_ascii())
    }

    /// The records with the index of their entry.
    pub fn records(&self) -> impl Iterator<Item = (usize, &RecordEntry)> {
        self.entries.iter().enumerate().filter_map(|(index, entry)| match &entry.kind {
            EntryKind::Record(record) => Some((index, record)),
            _ => None,
        })
    }

    /// What could not be read, in the order of the text.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Broken(finding) => Some(&**finding),
            _ => None,
        })
    }
}

/// Lets the last entry grow over one of the same kind that holds no record; false when it is of another kind.
fn joins(last: Option<&mut Entry>, kind: &EntryKind, raw: &RawEntry) -> bool {
    let Some(last) = last else { return false };
    let same = matches!(
        (&last.kind, kind),
        (EntryKind::Blank, EntryKind::Blank)
            | (EntryKind::Comment, EntryKind::Comment)
            | (EntryKind::Broken(_), EntryKind::Broken(_))
    );
    if same {
        last.span.end = raw.span.end as usize;
    }
    same
}

fn widen(span: &Range<u32>) -> Range<usize> {
    span.start as usize..span.end as usize
}

fn broken(fault: Fault, text: &[u8], file: &Path, raw: &RawEntry, origin: &Name) -> EntryKind {
    EntryKind::Broken(Box::new(fault.finding(&origin.to_string(), text, file, (raw.span.start, raw.line))))
}
