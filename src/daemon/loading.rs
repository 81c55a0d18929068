//! One zone file becomes records; a file that did not change keeps the records it had.

use super::serial::{raised, same_but_serial, serial, with_serial};
use super::zonefiles::ZoneFile;
use crate::files;
use crate::finding::{Finding, Place, Severity};
use crate::zone::Records;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A zone file that was read.
#[derive(Debug, Clone)]
pub struct LoadedZone {
    /// The file.
    pub file: ZoneFile,
    /// What stands in it, as served: its serial may be higher than the written one.
    pub records: Arc<Records>,
    /// What is not right but does not refuse the load.
    pub findings: Vec<Finding>,
    /// Every file that was read for it, the zone file first, with its content's mark.
    sources: Vec<(PathBuf, Content)>,
}

/// Marks content: two files with the same mark hold the same octets, as far as anyone can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content {
    length: usize,
    hash: u64,
}

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
            Some(text) => text.to_vec(),
            None => {
                files::read(&file.path, LARGEST_FILE).map_err(|error| vec![unreadable(file, &error.to_string())])?
            }
        };
        if let Some(previous) = previous.filter(|previous| previous.is_current(&octets)) {
            return Ok(previous.clone());
        }
        let _ = folder;
        let (records, findings, included) = stub::parse(file, &octets)?;
        let mut sources = vec![(file.path.clone(), Content::of(&octets))];
        for path in included {
            let octets =
                files::read(&path, LARGEST_FILE).map_err(|error| vec![unreadable(file, &error.to_string())])?;
            sources.push((path, Content::of(&octets)));
        }
        let (records, findings) = match previous {
            Some(previous) => keep_serial_rising(file, records, findings, &previous.records),
            None => (Arc::new(records), findings),
        };
        Ok(LoadedZone { file: file.clone(), records, findings, sources })
    }

    fn is_current(&self, octets: &[u8]) -> bool {
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
        octets.hash(&mut hasher);
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
        return (Arc::clone(before), findings);
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

fn unreadable(file: &ZoneFile, reason: &str) -> Finding {
    Finding::new(
        "ZONE_FILE_UNREADABLE",
        Severity::Error,
        format!("{} in {}", file.origin, file.horizon),
        reason,
        "give the server the right to read the file, or remove it",
    )
    .seen_at(Place::file(&file.path))
}

mod stub {
    use super::*;
    use crate::zone::Line;
    use bytes::Bytes;
    use domain::base::{Rtype, ToName};
    use domain::rdata::ZoneRecordData;
    use domain::zonefile::inplace::{Entry, Zonefile};
    type Parsed = (Records, Vec<Finding>, Vec<PathBuf>);
    pub(super) fn parse(file: &ZoneFile, octets: &[u8]) -> Result<Parsed, Vec<Finding>> {
        let bad = |what: String| {
            vec![
                Finding::new("BAD_ZONE", Severity::Error, file.origin.to_string(), what, "fix it")
                    .seen_at(Place::at(&file.path, 1, 1)),
            ]
        };
        let mut reader = Zonefile::from(octets);
        reader.set_origin(file.origin.clone());
        let mut records = Records::new(file.origin.clone());
        loop {
            match reader.next_entry() {
                Ok(Some(Entry::Record(record))) => {
                    let mut data = Vec::new();
                    let d: &ZoneRecordData<Bytes, _> = record.data();
                    use domain::base::rdata::{ComposeRecordData, RecordData};
                    d.compose_rdata(&mut data).map_err(|_| bad("compose".to_owned()))?;
                    let owner = record.owner().to_vec();
                    records
                        .push(
                            owner.as_slice(),
                            Rtype::from_int(d.rtype().to_int()),
                            record.ttl().as_secs(),
                            &data,
                            Line::default(),
                        )
                        .map_err(|e| bad(e.to_string()))?;
                }
                Ok(Some(Entry::Include { .. })) => return Err(bad("include".to_owned())),
                Ok(None) => return Ok((records, Vec::new(), Vec::new())),
                Err(error) => return Err(bad(error.to_string())),
            }
        }
    }
}
