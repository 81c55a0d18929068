//! Which files are zone files: `<zones>/<horizon>/<origin>.zone`. Knows names and folders; what stands in them is `zone`'s.

use crate::config::Settings;
use crate::dns::{Name, parse_name};
use crate::finding::{Finding, Place, Severity};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A zone file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneFile {
    /// The horizon whose folder it is in.
    pub horizon: String,
    /// Its apex, from its name.
    pub origin: Name,
    /// Where it is.
    pub path: PathBuf,
}

/// Lists the zone files of all horizons, those that are about to be written included: in the order of the settings, then by
/// file name. A missing folder has none.
///
/// # Errors
/// `ZONE_FOLDER_UNREADABLE`, `ZONE_FILE_NAME` (a name that is no origin) and `DUPLICATE_ORIGIN` (two names that differ in
/// case only), all of them at once.
pub(super) fn list<'a>(
    settings: &Settings,
    coming: &(impl Iterator<Item = &'a Path> + Clone),
) -> Result<Vec<ZoneFile>, Vec<Finding>> {
    let mut files = Vec::new();
    let mut findings = Vec::new();
    for horizon in &settings.horizons {
        let folder = settings.zones.join(&horizon.name);
        let mut names = match names(&folder) {
            Ok(names) => names,
            Err(error) => {
                findings.push(unreadable(&folder, &error));
                continue;
            }
        };
        let coming = coming.clone().filter(|path| path.parent() == Some(&folder));
        names.extend(coming.filter_map(Path::file_name).filter_map(OsStr::to_str).map(str::to_owned));
        names.sort();
        names.dedup();
        let mut origins: BTreeMap<Name, PathBuf> = BTreeMap::new();
        for file in names {
            let path = folder.join(&file);
            match origin(&file) {
                Ok(origin) => match origins.insert(origin.clone(), path.clone()) {
                    Some(other) => findings.push(duplicate(&origin, path, other)),
                    None => files.push(ZoneFile { horizon: horizon.name.clone(), origin, path }),
                },
                Err(reason) => findings.push(
                    Finding::new(
                        "ZONE_FILE_NAME",
                        Severity::Error,
                        file,
                        format!("the name of this zone file is no origin: {reason}"),
                        "call it after the zone's apex, such as `example.org.zone`; the root zone is `root.zone`",
                    )
                    .seen_at(Place::file(path)),
                ),
            }
        }
    }
    if findings.is_empty() { Ok(files) } else { Err(findings) }
}

/// True for files that editors and package tools leave about, and for hidden ones: they are never read.
pub(super) fn is_left_over(name: &str) -> bool {
    const ENDINGS: [&str; 10] =
        ["~", ".swp", ".swx", ".bak", ".tmp", ".orig", ".rej", ".dpkg-old", ".dpkg-new", ".dpkg-dist"];
    name.starts_with('.') || name.starts_with('#') || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not UTF-8 cannot end in an origin; it is not a zone file.
        let Ok(name) = entry?.file_name().into_string() else { continue };
        if name.ends_with(".zone") && !is_left_over(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn unreadable(folder: &Path, error: &io::Error) -> Finding {
    Finding::new(
        "ZONE_FOLDER_UNREADABLE",
        Severity::Error,
        folder.display().to_string(),
        format!("the folder with zone files cannot be read: {error}"),
        "give the server the right to read it, or change `directory` of [zones]",
    )
    .seen_at(Place::file(folder))
}

fn origin(file: &str) -> Result<Name, String> {
    let stem = file.strip_suffix(".zone").unwrap_or(file);
    if stem.eq_ignore_ascii_case("root") || stem == "@" {
        return Ok(Name::root_bytes());
    }
    if stem.is_empty() {
        return Err("it is empty".to_owned());
    }
    parse_name(stem).map_err(|error| error.to_string())
}

fn duplicate(origin: &Name, path: PathBuf, other: PathBuf) -> Finding {
    Finding::new(
        "DUPLICATE_ORIGIN",
        Severity::Error,
        origin.to_string(),
        "two files of one horizon are for the same zone; case makes no difference in names (RFC 4343)",
        "keep one of them",
    )
    .seen_at(Place::file(path))
    .seen_at(Place::file(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only plain zone files count; what editors leave about does not.
    #[test]
    fn left_overs_are_not_zone_files() {
        let table = [
            ("example.org.zone", false),
            ("root.zone", false),
            (".example.org.zone.swp", true),
            (".#example.org.zone", true),
            ("#example.org.zone#", true),
            ("example.org.zone~", true),
            ("example.org.zone.bak", true),
            ("example.org.zone.dpkg-old", true),
        ];
        for (name, expected) in table {
            assert_eq!(is_left_over(name), expected, "{name}");
        }
    }

    /// The origin is the file's name; the root zone has a word of its own.
    #[test]
    fn origins_come_from_file_names() {
        let table = [
            ("example.org.zone", Some("example.org")),
            ("0.0.10.in-addr.arpa.zone", Some("0.0.10.in-addr.arpa")),
            ("root.zone", Some(".")),
            ("a..b.zone", None),
        ];
        for (file, expected) in table {
            let seen = origin(file).ok();
            assert_eq!(seen, expected.map(|name| parse_name(name).unwrap()), "{file}");
        }
    }
}
