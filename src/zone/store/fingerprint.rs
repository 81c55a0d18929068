//! Fingerprints of texts: they tell whether a text is the one that was recorded, not who wrote it.

use crate::files::{self, FileError};
use crate::pace::breathe;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use std::path::Path;

/// Octets that are taken in at once.
const PART: usize = 64 << 10;

/// SipHash-1-3 with 128 bits and the key zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u128);

impl Fingerprint {
    pub(super) fn of(octets: &[u8]) -> Self {
        let mut hasher = SipHasher13::new();
        for part in octets.chunks(PART) {
            breathe();
            hasher.write(part);
        }
        Fingerprint(hasher.finish128().as_u128())
    }

    /// That of a file of at most `limit` octets, which is never in memory as a whole; none when there is no file.
    pub(super) fn of_file(path: &Path, limit: u64) -> Result<Option<Self>, FileError> {
        let mut hasher = SipHasher13::new();
        match files::read_parts(path, limit, |part| hasher.write(part)) {
            Ok(()) => Ok(Some(Fingerprint(hasher.finish128().as_u128()))),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The checksum of a line of the journal.
pub(super) fn checksum(octets: &[u8]) -> u64 {
    let mut hasher = siphasher::sip::SipHasher13::new();
    hasher.write(octets);
    hasher.finish()
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Fingerprint).map_err(D::Error::custom)
    }
}
