//! One zone file becomes records; a file that did not change keeps the records it had.

use super::serial::{raised, same_but_serial, serial, with_serial};
use super::zonefiles::ZoneFile;
use crate::edit::Hints;
use crate::files::{self, FileError};
use crate::finding::{Finding, Place, Severity};
use crate::pace::{breathe, breathe_at};
use crate::zone::{self, Below, Checkpoints, Includes, Records, check_zone, parse_zone_with};
use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A zone file that was read.
#[derive(Debug, Clone)]
pub struct LoadedZone {
    /// The file.
    pub file: ZoneFile,
    /// What stands in it, as served: its serial may be higher than the written one.
    pub records: Arc<Records>,
    /// The file of a record's line: its place in this list. The zone file is the first, included files follow.
    pub files: Vec<PathBuf>,
    /// What is not right but does not refuse the load.
    pub findings: Vec<Finding>,
    /// The serial that stands in the file.
    pub(super) written: Option<u32>,
    /// Where the text can be read in parts.
    pub(super) checkpoints: Arc<Checkpoints>,
    /// Every file that was read for it, the zone file first, with its content's mark.
    sources: Vec<(PathBuf, Content)>,
}

/// Marks content: two files with the same mark hold the same octets, as far as anyone can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content {
    length: usize,
    hash: u64,
}

/// Octets that are hashed at once.
const PART: usize = 64 << 10;

/// Octets; a zone of this size has some ten million records.
const LARGEST_FILE: u64 = 1 << 30;

impl LoadedZone {
    /// Reads a zone file, or takes `text` for what stands in it. What `previous` was for the same file is kept when
    /// nothing changed.
    ///
    /// # Errors
    /// Every finding that refuses the zone.
    pub(super) fn read(
        file: &ZoneFile,
        text: Option<&[u8]>,
        folder: &Path,
        previous: Option<&LoadedZone>,
    ) -> Result<LoadedZone, Vec<Finding>> {
        let octets = match text {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(files::read(&file.path, LARGEST_FILE).map_err(|error| vec![unreadable(file, &error)])?),
        };
        if let Some(previous) = previous.filter(|previous| previous.is_current(&octets)) {
            return Ok(previous.clone());
        }
        let included = Included { below: Below::new(folder), contents: RefCell::default() };
        let zone = parse_zone_with(&octets, &file.path, &file.origin, &included)?;
        let findings = vet(&zone)?;
        let mut sources = vec![(file.path.clone(), Content::of(&octets))];
        sources.extend(included.contents.into_inner());
        let written = serial(&zone.records);
        let (records, findings) = match previous {
            Some(previous) => keep_serial_rising(file, zone.records, findings, &previous.records),
            None => (Arc::new(zone.records), findings),
        };
        let checkpoints = Arc::new(zone.checkpoints);
        Ok(LoadedZone { file: file.clone(), records, files: zone.files, findings, written, checkpoints, sources })
    }

    /// What an edit of the text is helped by.
    pub(super) fn hints(&self) -> Hints<'_> {
        Hints { records: &self.records, files: &self.files, checkpoints: &self.checkpoints }
    }

    /// True when these octets, and what they include, are what the zone was made of.
    pub(super) fn is_current(&self, octets: &[u8]) -> bool {
        let mut sources = self.sources.iter();
        let Some((_, own)) = sources.next() else { return false };
        *own == Content::of(octets)
            && sources.all(|(path, content)| {
                files::read(path, LARGEST_FILE).is_ok_and(|octets| *content == Content::of(&octets))
            })
    }
}

impl Content {
    fn of(octets: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        for part in octets.chunks(PART) {
            breathe();
            hasher.write(part);
        }
        Content { length: octets.len(), hash: hasher.finish() }
    }
}

/// Raises the serial that is served when the content changed and the written one did not rise.
fn keep_serial_rising(
    file: &ZoneFile,
    records: Records,
    mut findings: Vec<Finding>,
    before: &Arc<Records>,
) -> (Arc<Records>, Vec<Finding>) {
    let (Some(served), Some(written)) = (serial(before), serial(&records)) else {
        return (Arc::new(records), findings);
    };
    let wanted = if same_but_serial(before, &records) && written == served { served } else { raised(served, written) };
    if wanted == written {
        return (Arc::new(records), findings);
    }
    if same_but_serial(before, &records) {
        // Comments and layout changed, or the serial went back: what is served is the same.
        let served = if same_lines(before, &records) { None } else { with_serial(&records, served) };
        return (served.and_then(Result::ok).map_or_else(|| Arc::clone(before), Arc::new), findings);
    }
    findings.push(
        Finding::new(
            "SERIAL_RAISED",
            Severity::Info,
            format!("{} in {}", file.origin, file.horizon),
            format!("the zone changed and its serial {written} did not rise; it is served with {wanted}"),
            "nothing to do; serials belong to the server",
        )
        .seen_at(Place::file(&file.path)),
    );
    match with_serial(&records, wanted) {
        Some(Ok(raised)) => (Arc::new(raised), findings),
        // It was read with a serial and it has the same size: neither can be.
        Some(Err(_)) | None => (Arc::new(records), findings),
    }
}

/// True when the same records stand in the same lines.
fn same_lines(a: &Records, b: &Records) -> bool {
    a.iter().zip(b.iter()).enumerate().all(|(index, (a, b))| {
        breathe_at(index);
        a.line == b.line
    })
}

/// What the zone's text and the zone as a whole give to say.
fn vet(zone: &zone::LoadedZone) -> Result<Vec<Finding>, Vec<Finding>> {
    let mut findings = zone.findings.clone();
    findings.extend(check_zone(&zone.records, &zone.files));
    if findings.iter().any(|finding| finding.refuses) { Err(findings) } else { Ok(findings) }
}

/// Reads included files and remembers what was in them.
struct Included {
    below: Below,
    contents: RefCell<Vec<(PathBuf, Content)>>,
}

impl Includes for Included {
    fn read(&self, includer: &Path, name: &[u8]) -> Result<(PathBuf, Vec<u8>), String> {
        let (path, octets) = self.below.read(includer, name)?;
        self.contents.borrow_mut().push((path.clone(), Content::of(&octets)));
        Ok((path, octets))
    }
}

fn unreadable(file: &ZoneFile, reason: &FileError) -> Finding {
    Finding::new(
        "ZONE_FILE_UNREADABLE",
        Severity::Error,
        format!("{} in {}", file.origin, file.horizon),
        reason.to_string(),
        "put a plain file there that the server may read, or remove it",
    )
    .seen_at(Place::file(&file.path))
}
