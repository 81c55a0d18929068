//! Changes as they are asked for, and as the history holds them.

use super::body::Body;
use super::fingerprint::Fingerprint;
use super::hunk::Hunk;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// One file of a change that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewText {
    /// Below the zones directory; absolute, or relative to it.
    pub path: PathBuf,
    /// What it holds now; none when there is no such file.
    pub before: Option<Vec<u8>>,
    /// What it is to hold; none when it is to go.
    pub after: Option<Vec<u8>>,
}

/// Who changes what, and why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewChange {
    /// The person's name on the machine the edit came from.
    pub user: String,
    /// That machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// In the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a log of changes shows; the store does not look into it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub sets: Value,
    /// The change that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<u64>,
    /// When it goes by itself unless it is confirmed; seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts_at: Option<u64>,
}

/// A change of the history, with its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// From 1 on, ascending.
    pub id: u64,
    /// Seconds since 1970; never less than those of the change before.
    pub at: u64,
    /// Who and why; an edit beside the store has no user.
    #[serde(flatten)]
    pub asked: NewChange,
    /// True when nobody asked the store: an editor or another program wrote the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
    /// True when it takes back exactly the change `undoes`, serials apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// The files, each once.
    pub files: Vec<FileChange>,
}

/// One file of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileChange {
    /// Relative to the zones directory.
    pub path: String,
    /// What it was; none when there was no file, or when nobody knows (then there are no hunks either).
    pub before: Option<Stamp>,
    /// What it became; none when it went.
    pub after: Option<Stamp>,
    /// The lines that differ, ascending, serials left out; none when the text before is not known.
    pub hunks: Option<Vec<Hunk>>,
}

/// What tells a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length.
    pub octets: u64,
    #[serde(rename = "hash")]
    pub(super) fingerprint: Fingerprint,
    /// The digits of the SOA's serial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Where they stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) serial_at: Option<u64>,
}

impl Stamp {
    pub(super) fn of(body: &Body<'_>) -> Self {
        let serial = body.serial();
        Stamp {
            octets: body.text().len() as u64,
            fingerprint: Fingerprint::of(body.text()),
            serial: serial.map(|digits| String::from_utf8_lossy(digits).into_owned()),
            serial_at: body.hole().map(|at| at as u64),
        }
    }

    /// The serial with its place.
    pub(super) fn hole(&self) -> Option<(usize, &str)> {
        Some((usize::try_from(self.serial_at?).ok()?, self.serial.as_deref()?))
    }
}
