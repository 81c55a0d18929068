//! The journal's file: lines with checksums, appended and flushed, read again by their offsets. Knows no changes.
//!
//! A line is `{"sum":"0123456789abcdef",` and the rest of a JSON object; the checksum covers the rest.

use super::error::StoreError;
use super::fingerprint::checksum;
use super::step::step;
use crate::files::{self, FileError};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const OPENING: &[u8] = b"{\"sum\":\"";

/// Before the rest of the object: the opening, sixteen digits, a quote and a comma.
const HEAD: usize = OPENING.len() + 18;

/// Space kept free behind the end, so that a short line can be written on a full disk.
const RESERVE: u64 = 16 * 1024;

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Journal {
    /// Opens or creates it and gives each line to `take`, which says what it does not like. A torn tail is cut off; its
    /// length in octets is returned.
    pub(super) fn open(
        path: &Path,
        mut take: impl FnMut(&[u8], Span) -> Result<(), String>,
    ) -> Result<(Self, u64), StoreError> {
        let fresh = !path.exists();
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o640).open(path);
        let file = file.map_err(|source| failed("open", path, source))?;
        if fresh {
            files::flush_folder_of(path)?;
        }
        let mut reader = BufReader::with_capacity(1 << 20, &file);
        let mut line = Vec::new();
        let (mut end, mut number) = (0, 0);
        let torn = loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(|source| failed("read", path, source))?;
            if length == 0 {
                break 0;
            }
            number += 1;
            let span = Span { offset: end, length: length as u64 };
            if let Err(why) = checked(&line).and_then(|()| take(&line, span)) {
                let last = reader.fill_buf().map_err(|source| failed("read", path, source))?.is_empty();
                // A line that was being written when the power went has no end, or holes of zeros; any other damage
                // has another cause, and may be in a line that somebody relied upon.
                if last && (!line.ends_with(b"\n") || line.contains(&0)) {
                    break length as u64;
                }
                return Err(StoreError::Broken { path: path.to_path_buf(), line: number, why });
            }
            end += length as u64;
        };
        drop(reader);
        let mut journal = Journal { path: path.to_path_buf(), file, end };
        if torn > 0 {
            journal.cut(end)?;
        }
        Ok((journal, torn))
    }

    /// Appends one line for each JSON object and flushes them; on an error the journal is as before.
    pub(super) fn append(&mut self, objects: &[Vec<u8>]) -> Result<Vec<Span>, StoreError> {
        let mut octets = Vec::with_capacity(objects.iter().map(|object| object.len() + HEAD).sum());
        let mut spans = Vec::with_capacity(objects.len());
        for object in objects {
            let rest = object.get(1..).unwrap_or_default();
            let offset = self.end + octets.len() as u64;
            octets.extend_from_slice(OPENING);
            octets.extend_from_slice(format!("{:016x}\",", checksum(rest)).as_bytes());
            octets.extend_from_slice(rest);
            octets.push(b'\n');
            spans.push(Span { offset, length: self.end + octets.len() as u64 - offset });
        }
        let written = self.write(&octets);
        if let Err(error) = written {
            // To make a file shorter needs no space.
            return Err(match self.cut(self.end) {
                Ok(()) => error,
                Err(second) => StoreError::Stuck { first: Box::new(error), second: Box::new(second) },
            });
        }
        self.end += octets.len() as u64;
        Ok(spans)
    }

    fn write(&self, octets: &[u8]) -> Result<(), StoreError> {
        step("before the line")?;
        let half = octets.len() / 2;
        self.put(&octets[..half], self.end)?;
        step("within the line")?;
        self.put(&octets[half..], self.end + half as u64)?;
        step("before the line is flushed")?;
        self.file.sync_data().map_err(|source| failed("write", &self.path, source))?;
        step("behind the line")
    }

    fn put(&self, octets: &[u8], at: u64) -> Result<(), StoreError> {
        self.file.write_all_at(octets, at).map_err(|source| failed("write", &self.path, source))
    }

    /// Keeps some space behind the end, where the file system can.
    pub(super) fn reserve(&self) {
        let _ = rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::KEEP_SIZE, self.end, RESERVE);
    }

    /// Takes back the lines from an offset on.
    pub(super) fn cut(&mut self, end: u64) -> Result<(), StoreError> {
        self.file
            .set_len(end)
            .and_then(|()| self.file.sync_all())
            .map_err(|source| failed("shorten", &self.path, source))?;
        self.end = end;
        Ok(())
    }

    /// False when another file, or none, has the journal's name now.
    pub(super) fn is_in_place(&self) -> bool {
        let same = |there: fs::Metadata, mine: fs::Metadata| (there.dev(), there.ino()) == (mine.dev(), mine.ino());
        fs::metadata(&self.path).and_then(|there| Ok(same(there, self.file.metadata()?))).unwrap_or(false)
    }

    /// A line again.
    pub(super) fn read(&self, span: Span) -> Result<Vec<u8>, StoreError> {
        let mut line = vec![0; usize::try_from(span.length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut line, span.offset).map_err(|source| failed("read", &self.path, source))?;
        match checked(&line) {
            Ok(()) => Ok(line),
            Err(why) => Err(self.broken(span, why)),
        }
    }

    /// The error for a line that cannot be used.
    pub(super) fn broken(&self, span: Span, why: String) -> StoreError {
        let mut line = 1;
        let mut reader = io::Read::take(
            File::open(&self.path)
                .ok()
                .map_or_else(|| Box::new(io::empty()) as Box<dyn io::Read>, |file| Box::new(file) as Box<dyn io::Read>),
            span.offset,
        );
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = io::Read::read(&mut reader, &mut buffer) {
            line += buffer[..length].iter().filter(|octet| **octet == b'\n').count() as u64;
        }
        StoreError::Broken { path: self.path.clone(), line, why }
    }
}

fn checked(line: &[u8]) -> Result<(), String> {
    let rest = line.strip_suffix(b"\n").ok_or("the line has no end")?;
    let sum = rest.strip_prefix(OPENING).and_then(|rest| rest.get(..16)).ok_or("the line has no checksum")?;
    let sum = std::str::from_utf8(sum).ok().and_then(|sum| u64::from_str_radix(sum, 16).ok());
    match sum == Some(checksum(rest.get(HEAD..).unwrap_or_default())) {
        true => Ok(()),
        false => Err("the checksum is not that of the line".to_owned()),
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    FileError::System { doing, path: path.to_path_buf(), source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> Result<(usize, u64), StoreError> {
        let mut count = 0;
        let opened = Journal::open(path, |_, _| {
            count += 1;
            Ok(())
        });
        opened.map(|(_, torn)| (count, torn))
    }

    /// Cut at any octet, the last line goes and the others stay.
    #[test]
    fn a_torn_tail_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path, |_, _| Ok(())).unwrap();
        let spans = journal.append(&[b"{\"a\":1}".to_vec(), b"{\"b\":2}".to_vec()]).unwrap();
        assert!(journal.read(spans[1]).unwrap().ends_with(b"\"b\":2}\n"));
        let whole = fs::read(&path).unwrap();
        for length in spans[1].offset as usize + 1..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(lines(&path).unwrap(), (1, length as u64 - spans[1].offset));
            assert_eq!(fs::read(&path).unwrap(), whole[..spans[1].offset as usize]);
        }
        let mut holes = whole.clone();
        holes[spans[1].offset as usize + 2..whole.len() - 4].fill(0);
        fs::write(&path, &holes).unwrap();
        assert_eq!(lines(&path).unwrap().0, 1);
    }

    /// A line that was whole and is not what was written is an error with its number, and nothing is touched.
    #[test]
    fn damage_is_told_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path, |_, _| Ok(())).unwrap();
        let objects: Vec<_> = (0..3).map(|number| format!("{{\"a\":{number}}}").into_bytes()).collect();
        let spans = journal.append(&objects).unwrap();
        let whole = fs::read(&path).unwrap();
        for (number, span) in spans.iter().enumerate() {
            let mut damaged = whole.clone();
            damaged[(span.offset + span.length) as usize - 3] ^= 1;
            fs::write(&path, &damaged).unwrap();
            match lines(&path) {
                Err(StoreError::Broken { line, .. }) => assert_eq!(line, number as u64 + 1),
                other => panic!("{other:?}"),
            }
            assert!(journal.read(*span).unwrap_err().to_string().contains(&format!("journal:{}:", number + 1)));
            assert_eq!(fs::read(&path).unwrap(), damaged);
        }
    }
}
