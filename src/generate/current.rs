//! The zone files as they are, before anything is planned.

use crate::config::Settings;
use crate::dns::{Name, parse_name};
use crate::files;
use crate::finding::{Finding, Place, Severity};
use crate::zone::{Below, LoadedZone, parse_zone, parse_zone_with, read_zone};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The most octets of a zone file.
const LIMIT: u64 = 4 << 30;

/// One zone file that is there.
#[derive(Debug, Clone)]
pub struct CurrentZone {
    /// The horizon whose folder it is in.
    pub horizon: String,
    /// Its apex, from its name.
    pub origin: Name,
    /// Where it is.
    pub path: PathBuf,
    /// Its octets.
    pub text: Vec<u8>,
    /// All its records, those of `$INCLUDE` and `$GENERATE` among them; or why it cannot be read.
    pub loaded: Result<LoadedZone, Vec<Finding>>,
}

impl CurrentZone {
    /// A zone file from memory; it must include nothing.
    pub fn from_text(horizon: &str, origin: Name, path: impl AsRef<Path>, text: Vec<u8>) -> Self {
        let path = path.as_ref().to_path_buf();
        let loaded = parse_zone(&text, &path, &origin);
        CurrentZone { horizon: horizon.to_owned(), origin, path, text, loaded }
    }
}

/// The file of a zone: `<zones>/<horizon>/<origin>.zone` in lower case; the root zone is `root.zone`.
pub fn zone_path(settings: &Settings, horizon: &str, origin: &Name) -> PathBuf {
    let name = if origin.is_root() { "root".to_owned() } else { origin.to_string().to_ascii_lowercase() };
    settings.zones.join(horizon).join(format!("{name}.zone"))
}

/// Reads the zone files of every horizon of the settings, sorted by path. A folder that is not there has none.
///
/// Findings refuse: nothing may be planned over a file that could not be read. A file whose zone has faults is no such
/// case: it comes with its faults, and is left alone.
pub fn read_current(settings: &Settings) -> (Vec<CurrentZone>, Vec<Finding>) {
    read_current_with(settings, &[])
}

/// As [`read_current`], with other texts in the place of some files; none for a file that is to go.
pub fn read_current_with(
    settings: &Settings,
    texts: &[(PathBuf, Option<Vec<u8>>)],
) -> (Vec<CurrentZone>, Vec<Finding>) {
    let mut zones = Vec::new();
    let mut findings = Vec::new();
    for horizon in &settings.horizons {
        let folder = settings.zones.join(&horizon.name);
        let mut paths = match list(&folder) {
            Ok(paths) => paths,
            Err(error) => {
                findings.push(unreadable(&folder, &error.to_string()));
                continue;
            }
        };
        paths.extend(texts.iter().map(|(path, _)| path).filter(|path| path.parent() == Some(&folder)).cloned());
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            // A name that is no origin is told by whoever loads the zones; it is never a file of the generator.
            let Some(origin) = origin_of(&path) else { continue };
            if let Some((_, text)) = texts.iter().find(|(other, _)| *other == path) {
                if let Some(text) = text.clone() {
                    let loaded = parse_zone_with(&text, &path, &origin, &Below::new(&settings.zones));
                    zones.push(CurrentZone { horizon: horizon.name.clone(), origin, path, text, loaded });
                }
                continue;
            }
            match files::read(&path, LIMIT) {
                Ok(text) => {
                    let loaded = read_zone(&path, &origin, &settings.zones);
                    zones.push(CurrentZone { horizon: horizon.name.clone(), origin, path, text, loaded });
                }
                Err(error) if error.is_missing() => {}
                Err(error) => findings.push(unreadable(&path, &error.to_string())),
            }
        }
    }
    (zones, findings)
}

fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn origin_of(path: &Path) -> Option<Name> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".zone").filter(|stem| !stem.is_empty() && !stem.starts_with('.'))?;
    if stem == "root" { Some(Name::root_bytes()) } else { parse_name(stem).ok() }
}

fn unreadable(path: &Path, reason: &str) -> Finding {
    let subject = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let remedy = "make it readable; until then the zones stay as they are";
    Finding::new("ZONE_READ", Severity::Error, subject, reason, remedy).seen_at(Place::file(path))
}
