//! Zone files from elsewhere as orders: a file, or a folder `<horizon>/<origin>.zone`.

use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use crate::edit::Order;
use crate::files;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Octets of a zone file; several go in one request.
const LARGEST: u64 = 60 << 20;

/// Reads what `-f` names.
///
/// # Errors
/// Nothing there, nothing with the name of a zone file, no horizon to tell.
pub(super) fn texts(scope: &Scope, path: &Path) -> Result<Vec<Order>, Failure> {
    if !path.exists() {
        return Err(Failure::new(Exit::Error, format!("{}: there is no such file or folder", path.display())));
    }
    if !path.is_dir() {
        let horizon = match &scope.horizon {
            Some(horizon) => horizon.clone(),
            None => folder_name(path).ok_or_else(|| {
                let what = format!("{}: whose zone is this?", path.display());
                Failure::new(Exit::Error, format!("{what}; say `--horizon NAME`, or put it into a folder of that name"))
            })?,
        };
        return Ok(vec![text(path, &origin_of(path)?, &horizon)?]);
    }
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    if let Some(horizon) = &scope.horizon {
        found.extend(zone_files(path)?.into_iter().map(|file| (file, horizon.clone())));
    }
    for folder in entries(path)?.into_iter().filter(|entry| entry.is_dir()) {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if name.starts_with('.') || scope.horizon.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        found.extend(zone_files(&folder)?.into_iter().map(|file| (file, name.clone())));
    }
    if found.is_empty() {
        let what = format!("{}: no zone file is in there", path.display());
        return Err(Failure::new(Exit::Error, format!("{what}; they are called HORIZON/ORIGIN.zone")));
    }
    found.iter().map(|(file, horizon)| text(file, &origin_of(file)?, horizon)).collect()
}

/// The order that makes a file the content of a zone.
pub(super) fn text(file: &Path, zone: &str, horizon: &str) -> Result<Order, Failure> {
    let text = files::read_text(file, LARGEST).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
    Ok(Order::Text { zone: zone.to_owned(), horizon: horizon.to_owned(), text, was: None })
}

/// The zone that a file is called after.
pub(super) fn origin_of(file: &Path) -> Result<String, Failure> {
    let stem = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".zone"));
    match stem {
        Some("root") => Ok(".".to_owned()),
        Some(stem) if !stem.is_empty() => Ok(stem.to_owned()),
        _ => {
            let what = format!("{}: the name says no zone", file.display());
            Err(Failure::new(Exit::Error, format!("{what}; call it such as `internal.example.zone`")))
        }
    }
}

/// The name of the folder that a file is in.
fn folder_name(file: &Path) -> Option<String> {
    let whole = std::path::absolute(file).ok()?;
    whole.parent()?.file_name()?.to_str().map(str::to_owned)
}

fn zone_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_zone = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".zone") && !name.starts_with(['.', '#']) && path.is_file()
    };
    Ok(entries(folder)?.into_iter().filter(is_zone).collect())
}

/// What is in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Error, format!("{}: cannot be read: {error}; give yourself the right to", folder.display()))
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    Ok(entries)
}
