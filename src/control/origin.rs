//! Where a record comes from: horizon, file, line, and the comment that stands behind it there.

use super::Published;
use super::PublishedZone;
use super::horizon_match::chain;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::files;
use crate::zone::Document;
use crate::zone::Record;
use serde::Deserialize;
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

/// Octets; zone files of several million records.
const LARGEST_FILE: u64 = 1 << 30;
/// Octets of zone text that are read to find the end of one record.
const LONGEST_ENTRY: usize = 64 << 10;
/// How the generator begins its comments.
const MARK: &str = "from ";

/// Where a record comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordOrigin {
    /// The horizon that owns the name; another one than asked for when it is inherited.
    pub horizon: String,
    /// The zone file; none for a zone in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What the generator noted, such as `lxc/103 traefik_service`; none for a record that a person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Any other comment behind the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Finds origins of records of one horizon; keeps each zone file that it had to read.
#[derive(Debug)]
pub(super) struct Origins<'a> {
    published: &'a Published,
    files: HashMap<PathBuf, Vec<u8>>,
    /// By horizon and owner: finding them costs a walk over whole zones, so it is done once for each.
    owned: HashMap<(String, Name), Vec<(&'a PublishedZone, Record<'a>)>>,
}

impl<'a> Origins<'a> {
    pub(super) fn new(published: &'a Published) -> Self {
        Origins { published, files: HashMap::new(), owned: HashMap::new() }
    }

    /// The origin of a record with this type and data at one of `owners`, as clients of `horizon` see it.
    ///
    /// Searches the zones above the owners, own horizon first, as the names were merged. Case does not count: a reply may
    /// spell a name as the question did.
    pub(super) fn find(&mut self, horizon: &str, owners: &[Name], rtype: Rtype, data: &[u8]) -> Option<RecordOrigin> {
        let published = self.published;
        for horizon in chain(&published.snapshot, horizon) {
            for owner in owners {
                let key = (horizon.to_owned(), owner.clone());
                let here = self.owned.entry(key).or_insert_with(|| owned(published, horizon, owner));
                let found =
                    here.iter().find(|(_, record)| record.rtype == rtype && record.data.eq_ignore_ascii_case(data));
                if let Some((source, record)) = found.copied() {
                    return Some(self.describe(source, record));
                }
            }
        }
        None
    }

    /// The origin of a record that lies above the zones for a short time.
    pub(super) fn find_laid(&self, horizon: &str, owner: &Name, data: &[u8]) -> Option<RecordOrigin> {
        let values = self.published.snapshot.overlay.values();
        let set = values.get(&*owner.as_slice().to_ascii_lowercase())?;
        let value = set.seen_by(horizon).find(|value| *value.data == *data)?;
        let left = value.until.duration_since(SystemTime::now()).map_or(0, |left| left.as_secs());
        let comment = Some(format!("ACME challenge in the overlay, {left} s left"));
        Some(RecordOrigin { horizon: horizon.to_owned(), file: None, line: None, source: None, comment })
    }

    fn describe(&mut self, source: &PublishedZone, record: Record<'_>) -> RecordOrigin {
        let file = source.files.get(usize::from(record.line.file)).cloned();
        let line = (record.line.number > 0).then_some(record.line.number);
        let comment = match (&file, line) {
            (Some(file), Some(line)) => self.comment(file, line, source.records.origin()),
            _ => None,
        };
        let (mark, other) = match comment {
            Some(text) => match text.strip_prefix(MARK) {
                Some(mark) => (Some(mark.to_owned()), None),
                None => (None, Some(text)),
            },
            None => (None, None),
        };
        RecordOrigin { horizon: source.horizon.clone(), file, line, source: mark, comment: other }
    }

    /// The comment of the entry that begins on a line. A file that is gone or changed meanwhile has none to tell.
    fn comment(&mut self, file: &Path, line: u32, origin: &Name) -> Option<String> {
        let text = match self.published.unwritten.get(file) {
            Some(text) => text,
            None => self
                .files
                .entry(file.to_path_buf())
                .or_insert_with(|| files::read(file, LARGEST_FILE).unwrap_or_default()),
        };
        let before: usize =
            text.split_inclusive(|octet| *octet == b'\n').take(line as usize - 1).map(<[u8]>::len).sum();
        let rest = text.get(before..)?;
        let entry = rest[..rest.len().min(LONGEST_ENTRY)].to_vec();
        let document = Document::parse(entry, file, origin);
        let comment = document.comment_of(document.entries().first()?)?;
        let comment = String::from_utf8_lossy(comment);
        let comment = comment.trim_start_matches(';').trim();
        (!comment.is_empty()).then(|| comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
    }
}

/// The generator's source of a record that a horizon's own zone file holds; none for a person's.
pub fn source_of(published: &Published, horizon: &str, owner: &Name, rtype: Rtype, data: &[u8]) -> Option<String> {
    let origin = Origins::new(published).find(horizon, std::slice::from_ref(owner), rtype, data)?;
    origin.source.filter(|_| origin.horizon == horizon)
}

/// The records at a name in the zones of one horizon, those of the nearest zone first.
fn owned<'a>(published: &'a Published, horizon: &str, owner: &Name) -> Vec<(&'a PublishedZone, Record<'a>)> {
    let above = |source: &&PublishedZone| source.horizon == horizon && owner.ends_with(source.records.origin());
    let mut sources: Vec<_> = published.zones.iter().filter(above).collect();
    sources.sort_by_key(|source| std::cmp::Reverse(source.records.origin().label_count()));
    let at = |record: &Record<'_>| record.owner.eq_ignore_ascii_case(owner.as_slice());
    sources
        .into_iter()
        .flat_map(|source| source.records.iter().filter(at).map(move |record| (source, record)))
        .collect()
}
