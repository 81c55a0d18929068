//! A zones directory for tests of the store.

use super::{Change, NewChange, NewText, Store, StoreError};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Zone text with a serial and some lines.
pub(super) fn zone(serial: u64, lines: &[&str]) -> String {
    let rest: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("$TTL 300\n@ IN SOA ns hostmaster ( {serial} ; serial\n  1h 10m 1w 5m )\n{rest}")
}

/// The text without its serial.
pub(super) fn bare(text: Option<&[u8]>) -> Option<String> {
    text.map(|text| String::from_utf8_lossy(&super::body::Body::of(text).pieces().concat()).into_owned())
}

pub(super) struct Lab {
    pub(super) folder: TempDir,
}

impl Lab {
    pub(super) fn new() -> Self {
        // In memory where that can be: flushing to a disk a thousand times is not what is tried here.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::create_dir(folder.path().join("out")).unwrap();
        Lab { folder }
    }

    pub(super) fn open(&self) -> Store {
        Store::open(self.folder.path()).unwrap().0
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    pub(super) fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.path(file)).ok()
    }

    /// All files below the directory, those of the history left out.
    pub(super) fn listing(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(self.folder.path(), "", &mut found);
        found.sort();
        found
    }
}

fn list(folder: &Path, above: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{above}{}", entry.file_name().to_str().unwrap());
        if name == ".history" {
            continue;
        }
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

/// What a file is to become; what it is now is read.
pub(super) fn to(store: &Store, file: &str, after: Option<&str>) -> NewText {
    let path = store.zones().join(file);
    let before = fs::read(&path).ok();
    NewText { path, before, after: after.map(|text| text.as_bytes().to_vec()) }
}

pub(super) fn commit(store: &mut Store, files: &[(&str, Option<&str>)]) -> Result<Change, StoreError> {
    let texts = files.iter().map(|(file, after)| to(store, file, *after)).collect();
    store.commit(NewChange { user: "root".to_owned(), ..NewChange::default() }, texts)
}

/// Undoes as the server does it: with a raised serial.
pub(super) fn undo(store: &mut Store, id: u64) -> Change {
    let texts = store.undo(id).unwrap();
    let raised = texts.into_iter().map(|text| NewText { after: text.after.map(raised), ..text }).collect();
    store.commit(NewChange { undoes: Some(id), ..NewChange::default() }, raised).unwrap()
}

/// The text with the next serial.
pub(super) fn raised(text: Vec<u8>) -> Vec<u8> {
    let body = super::body::Body::of(&text);
    let (Some(digits), Some(at)) = (body.serial(), body.hole()) else { return text };
    let serial: u64 = std::str::from_utf8(digits).unwrap().parse().unwrap();
    let [head, tail] = body.pieces();
    let next = (serial + 1).to_string();
    assert_eq!(head.len(), at);
    [head, next.as_bytes(), tail].concat()
}
