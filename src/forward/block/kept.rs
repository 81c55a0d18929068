//! What is kept of a list that comes from a URL: the last good copy, and how the last try to fetch it went. Both are files,
//! so that a restart without network blocks what was blocked before, and `zonectl check` sees what the server sees.

use crate::config::Settings;
use crate::files;
use crate::files::FileError;
use serde::Deserialize;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

/// Where one URL's copy and state are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The URL.
    pub url: String,
    /// How often it is fetched, in seconds.
    pub refresh: u32,
    /// The last good content.
    pub copy: PathBuf,
    /// The [`Fetched`] of the last try.
    pub state: PathBuf,
}

/// How fetching goes, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fetched {
    /// When the URL was last asked with success, in seconds since 1970; 0 for never.
    #[serde(default)]
    pub good: u64,
    /// `ETag` of the copy (RFC 9110 section 8.8.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified` of the copy (RFC 9110 section 8.8.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// Why the last try failed; none when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Octets; it holds two headers and a reason.
const LARGEST_STATE: u64 = 64 << 10;

impl Kept {
    /// Where everything of a list's URLs is: in `.block` of the zones directory, which no zone is read from.
    pub fn of(settings: &Settings) -> impl Iterator<Item = (usize, Kept)> + '_ {
        let lists = settings.blocks.iter().enumerate();
        lists.flat_map(move |(index, list)| list.urls.iter().map(move |url| (index, list, url))).map(
            |(index, list, url)| {
                let folder = settings.zones.join(".block");
                let fit = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                let name: String = list.name.chars().filter(fit).take(40).collect();
                let stem = format!("{name}-{:016x}", fingerprint(url));
                let (copy, state) = (folder.join(format!("{stem}.list")), folder.join(format!("{stem}.json")));
                (index, Kept { url: url.clone(), refresh: list.refresh, copy, state })
            },
        )
    }

    /// How the last try went; as if there was none when the state cannot be read.
    pub fn fetched(&self) -> Fetched {
        let text = files::read(&self.state, LARGEST_STATE).unwrap_or_default();
        let fetched: Fetched = serde_json::from_slice(&text).unwrap_or_default();
        // Without its copy, a URL must not be asked whether that has changed.
        if self.copy.is_file() { fetched } else { Fetched { failed: fetched.failed, ..Fetched::default() } }
    }

    /// Writes down how the last try went.
    ///
    /// # Errors
    /// Those of [`files::replace`].
    pub fn write_down(&self, fetched: &Fetched) -> Result<(), FileError> {
        files::create_folder(self.state.parent().unwrap_or(Path::new(".")))?;
        let text = serde_json::to_vec_pretty(fetched).unwrap_or_default();
        files::replace(&self.state, &text)
    }
}

/// Every file that lists of blocked names are read from, whether it is there or not.
pub fn block_files(settings: &Settings) -> Vec<PathBuf> {
    let own = settings.blocks.iter().flat_map(|list| list.files.iter().cloned());
    own.chain(Kept::of(settings).flat_map(|(_, kept)| [kept.copy, kept.state])).collect()
}

/// FNV-1a of 64 bits, which is the same in every process.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3))
}
