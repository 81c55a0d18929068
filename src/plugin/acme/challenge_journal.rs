//! The journal of challenge values: lines with checksums, appended and flushed, written anew when most of it is past.
//!
//! A line is 16 hexadecimal digits of SipHash-1-3 over the rest, a space, and JSON: owners with all values that they have from
//! then on. The last line of an owner counts, so that any tail that a power loss tore off leaves a state that once was.

use super::challenge_table::Kept;
use super::challenge_table::MOST_OF_OWNER;
use super::challenge_table::Owner;
use super::challenge_table::Touched;
use super::challenge_table::lower;
use crate::dns::parse_name;
use crate::dns::present_name;
use crate::files;
use crate::files::FileError;
use crate::files::Lock;
use crate::files::Prepared;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use siphasher::sip::SipHasher13;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::hash::Hasher;
use std::io;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

/// Below the folder of `state`.
const FILE: &str = "challenges";
const LOCK: &str = "challenges.lock";

/// Octets that are read of a journal; many times what it can grow to.
const LARGEST: u64 = 256 << 20;

/// Octets that a journal may have however little of it still counts.
const SMALL: u64 = 1 << 20;

/// So many times as long as after it was written anew last, and it is written anew again.
const GROWTH: u64 = 4;

/// Digits of a checksum and a space.
const HEAD: usize = 17;

/// An open journal, locked against other servers.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
    /// Octets beyond which it is to be written anew.
    limit: u64,
    _lock: Lock,
}

/// What a journal told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The owners with their values.
    pub(super) owners: Touched,
    /// Lines that could not be read and are no torn end, counted from 1.
    pub(super) damaged: Vec<usize>,
}

impl Journal {
    /// True when the folder of `state` is there: without it nobody was ever given the right to write a value.
    pub(super) fn may_exist(state: &Path) -> bool {
        state.exists()
    }

    /// Opens the journal in a folder, which is made with mode 0700 when it is missing; the file has mode 0600. The caller is
    /// to call [`Journal::renew`] before anything is appended.
    ///
    /// # Errors
    /// [`FileError`] of the folder, the file, or the lock that another server holds.
    pub(super) fn open(state: &Path) -> Result<(Self, Told), FileError> {
        files::create_private_folder(state)?;
        let lock = Lock::take(state.join(LOCK))?;
        let path = state.join(FILE);
        let file = open(&path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed("set the rights of", &path))?;
        let told = read(&files::read(&path, LARGEST)?);
        Ok((Journal { path, file, end: 0, limit: 0, _lock: lock }, told))
    }

    /// Appends one line for a write; durable when it returns. On an error nothing of it is there, as far as the disk lets us,
    /// and the journal must be opened anew.
    ///
    /// # Errors
    /// [`FileError::System`].
    pub(super) fn append(&mut self, touched: &Touched) -> Result<(), FileError> {
        let line = line(touched.iter());
        let written = self.file.write_all_at(&line, self.end).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // To make a file shorter needs no space.
            let _ = self.file.set_len(self.end);
            return Err(failed("write", &self.path)(source));
        }
        self.end += line.len() as u64;
        Ok(())
    }

    /// Lets every write fail from now on.
    #[cfg(test)]
    pub(super) fn refuse_writes(&mut self) {
        self.file = File::open(&self.path).unwrap();
    }

    /// True when most of it is past.
    pub(super) fn is_long(&self) -> bool {
        self.end > self.limit
    }

    /// Writes it anew with these values alone; at every moment the file is the old or the new one.
    ///
    /// # Errors
    /// [`FileError::System`]; the journal must then be opened anew.
    pub(super) fn renew<'v>(
        &mut self,
        values: impl Iterator<Item = (&'v Owner, &'v Vec<Kept>)>,
    ) -> Result<(), FileError> {
        let mut end = 0;
        let prepared = Prepared::write(&self.path, |file| {
            for entry in values {
                let line = line(std::iter::once(entry));
                end += line.len() as u64;
                file.write_all(&line)?;
            }
            Ok(())
        })?;
        prepared.commit()?;
        self.file = open(&self.path)?;
        self.end = end;
        self.limit = SMALL.max(end * GROWTH);
        Ok(())
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(failed("open", path))
}

/// One owner as a line has it.
#[derive(Debug, Serialize, Deserialize)]
struct WrittenOwner {
    owner: String,
    values: Vec<WrittenValue>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenValue {
    /// Base64.
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    horizons: Option<Vec<String>>,
    since: u64,
    until: u64,
}

fn line<'v>(owners: impl Iterator<Item = (&'v Owner, &'v Vec<Kept>)>) -> Vec<u8> {
    let written = |kept: &Kept| WrittenValue {
        value: STANDARD.encode(&kept.value),
        horizons: kept.horizons.clone(),
        since: kept.since,
        until: kept.until,
    };
    let owners: Vec<_> = owners
        .map(|(owner, values)| WrittenOwner {
            owner: present_name(owner),
            values: values.iter().map(written).collect(),
        })
        .collect();
    // Strings and numbers are always JSON.
    let json = serde_json::to_vec(&owners).unwrap_or_default();
    let mut line = format!("{:016x} ", checksum(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    line
}

fn read(octets: &[u8]) -> Told {
    let mut told = Told::default();
    for (index, line) in octets.split_inclusive(|octet| *octet == b'\n').enumerate() {
        match read_line(line) {
            Some(owners) => told.owners.extend(owners),
            // What was being written when the power went has no end, or holes of zeros; nobody relies on it.
            None if !line.ends_with(b"\n") || line.contains(&0) => {}
            None => told.damaged.push(index + 1),
        }
    }
    told
}

fn read_line(line: &[u8]) -> Option<Touched> {
    let rest = line.strip_suffix(b"\n")?;
    let (head, json) = rest.split_at_checked(HEAD)?;
    let sum = std::str::from_utf8(head.strip_suffix(b" ")?).ok()?;
    if u64::from_str_radix(sum, 16).ok()? != checksum(json) {
        return None;
    }
    let owners: Vec<WrittenOwner> = serde_json::from_slice(json).ok()?;
    owners.into_iter().map(|written| Some((lower(&parse_name(&written.owner).ok()?), kept(written.values)?))).collect()
}

fn kept(values: Vec<WrittenValue>) -> Option<Vec<Kept>> {
    let kept = |written: WrittenValue| {
        let value = STANDARD.decode(&written.value).ok().filter(|value| value.len() <= usize::from(u8::MAX))?;
        Some(Kept { value, horizons: written.horizons, since: written.since, until: written.until })
    };
    values.into_iter().take(MOST_OF_OWNER).map(kept).collect()
}

/// Drops what has ended.
pub(super) fn still_live(owners: Touched, now: u64) -> Touched {
    let live = |values: Vec<Kept>| values.iter().filter_map(|kept| kept.lives(now)).collect();
    let owners = owners.into_iter().map(|(owner, values)| (owner, live(values)));
    owners.filter(|(_, values): &(Owner, Vec<Kept>)| !values.is_empty()).collect()
}

fn checksum(octets: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(octets);
    hasher.finish()
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError + use<> {
    let path = path.to_path_buf();
    move |source| FileError::System { doing, path, source }
}
