//! Edits that are begun and not committed, one draft for each person and machine. What is in them is the caller's.

use super::error::StoreError;
use super::opened::Store;
use super::switch::{create_folder_of, text};
use crate::files;
use serde_json::Value;
use std::path::PathBuf;

impl Store {
    /// The draft of a person on a machine, where there is one.
    ///
    /// # Errors
    /// [`StoreError::File`], and [`StoreError::Broken`] when it is no JSON.
    pub fn draft(&self, user: &str, host: &str) -> Result<Option<Value>, StoreError> {
        let path = self.draft_file(user, host);
        let Some(octets) = text(&path)? else { return Ok(None) };
        let broken = |error: serde_json::Error| {
            let (line, why) = (error.line() as u64, error.to_string());
            StoreError::Broken { path, line, why }
        };
        serde_json::from_slice(&octets).map(Some).map_err(broken)
    }

    /// Keeps a draft, durably.
    ///
    /// # Errors
    /// [`StoreError::File`]; then the old one is still there.
    pub fn save_draft(&self, user: &str, host: &str, draft: &Value) -> Result<(), StoreError> {
        let path = self.draft_file(user, host);
        create_folder_of(&path)?;
        Ok(files::replace(path, draft.to_string().as_bytes())?)
    }

    /// Removes a draft; false when there was none.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn remove_draft(&self, user: &str, host: &str) -> Result<bool, StoreError> {
        Ok(files::remove(self.draft_file(user, host))?)
    }

    fn draft_file(&self, user: &str, host: &str) -> PathBuf {
        self.folder.join("drafts").join(format!("{}@{}.json", plain(user), plain(host)))
    }
}

/// A name that is one plain file name, and another one for each other name.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for octet in name.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => plain.push(char::from(octet)),
            b'.' if !plain.is_empty() => plain.push('.'),
            _ => plain.push_str(&format!("%{octet:02x}")),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drafts are each person's own, outlast the process, and no name leads out of their folder.
    #[test]
    fn a_draft_is_kept_for_each_person() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(folder.path()).unwrap();
        let names = [("root", "a"), ("root", "a.b"), ("../../etc/x", ".."), ("ä", ""), ("a@b", "c"), ("a", "b@c")];
        for (number, (user, host)) in names.iter().enumerate() {
            store.save_draft(user, host, &serde_json::json!({ "number": number })).unwrap();
        }
        drop(store);
        let (store, _) = Store::open(folder.path()).unwrap();
        for (number, (user, host)) in names.iter().enumerate() {
            assert_eq!(store.draft(user, host).unwrap().unwrap()["number"], number);
            assert!(store.remove_draft(user, host).unwrap() && !store.remove_draft(user, host).unwrap());
            assert_eq!(store.draft(user, host).unwrap(), None);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
