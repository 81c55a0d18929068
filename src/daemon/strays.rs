//! Zone files that no horizon will ever read, because they stand in the wrong place: a folder with a mistyped name looks
//! like no zones at all.

use super::loading::LoadedZone;
use super::zonefiles::is_left_over;
use crate::config::Settings;
use crate::finding::{Finding, Place, Severity};
use std::fs;
use std::path::{Path, PathBuf};

/// A warning for each zone file in the zones directory itself, and for each folder in it that holds zone files and is no
/// horizon's. What the zones include is no stray; what cannot be read is left out: nothing is served from there.
pub(super) fn strays(settings: &Settings, zones: &[LoadedZone]) -> Vec<Finding> {
    let included = zones.iter().flat_map(|zone| zone.files.iter().skip(1));
    let included: Vec<PathBuf> = included.filter_map(|file| file.canonicalize().ok()).collect();
    let is_stray = |path: &Path| is_zone_file(path) && path.canonicalize().is_ok_and(|path| !included.contains(&path));
    let names: Vec<String> = settings.horizons.iter().map(|horizon| format!("`{}`", horizon.name)).collect();
    let horizons = names.join(", ");
    let mut findings = Vec::new();
    for path in children(&settings.zones) {
        if is_stray(&path) {
            let what = "zone files are read from the folder of a horizon, and this one is in none";
            findings.push(stray(&path, what, format!("move it into the folder of its horizon: {horizons}")));
        } else if !settings.horizons.iter().any(|horizon| path.ends_with(&horizon.name))
            && children(&path).iter().any(|file| is_stray(file))
        {
            let what = "no horizon has the name of this folder, so its zone files are not read";
            let remedy = format!("name it after a horizon ({horizons}), or add a [[horizon]] of its name");
            findings.push(stray(&path, what, remedy));
        }
    }
    findings
}

fn stray(path: &Path, what: &str, remedy: String) -> Finding {
    let subject = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Finding::new("STRAY_ZONE_FILES", Severity::Warning, subject, what, remedy).seen_at(Place::file(path))
}

fn is_zone_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zone") && path.is_file()
}

/// In the order of their names, without what editors leave about.
fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let seen = entries.filter(|entry| !entry.file_name().to_str().is_some_and(is_left_over));
    let mut paths: Vec<PathBuf> = seen.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
