//! `diff --files`: what is served beside what the zone files say.

use super::arguments::Scope;
use super::check::line;
use super::check::many;
use super::diff::is_zone;
use super::diff::show_diff;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::say;
use super::seat::ask;
use super::seat::config_file;
use crate::control::HeldZone;
use crate::control::RecordsAnswer;
use crate::control::Request;
use crate::control::diff_zones;
use crate::control::mark;
use crate::daemon;
use crate::daemon::Source;
use crate::dns::present_name;
use crate::finding::Finding;
use crate::generate;
use crate::zone::Records;
use std::path::Path;
use std::sync::Arc;

/// A zone file as it would load.
struct FileZone {
    horizon: String,
    records: Arc<Records>,
}

/// Shows record sets that differ, horizon by horizon.
pub(super) fn diff_files(scope: &Scope, zone: Option<&str>) -> Result<Exit, Failure> {
    let (mut files, mut broken) = zone_files(scope)?;
    let here = |horizon: &str, origin: &str| {
        scope.horizon.as_ref().is_none_or(|only| only == horizon) && zone.is_none_or(|zone| is_zone(zone, origin))
    };
    broken.retain(|one| here(&one.horizon, &one.origin));
    files.retain(|file| here(&file.horizon, &present_name(file.records.origin().as_slice())));
    let listing: RecordsAnswer = ask(scope, &Request::Records { horizon: scope.horizon.clone(), zone: None })?;
    let mut served: Vec<HeldZone> = listing.zones;
    served.retain(|held| here(&held.horizon, &held.zone));
    // A file that cannot be read says nothing: its zone serves on and is no difference.
    served.retain(|held| !broken.iter().any(|one| one.horizon == held.horizon && one.origin == held.zone));
    if served.is_empty() && files.is_empty() && broken.is_empty() {
        return Err(Failure::new(Exit::Error, "neither a file nor the server has such a zone; see `zonectl status`"));
    }
    let fetched = fetch(scope, &served, &files)?;
    let left: Vec<(&str, &Records)> = fetched.iter().map(|(horizon, records)| (horizon.as_str(), &**records)).collect();
    let right: Vec<(&str, &Records)> = files.iter().map(|file| (file.horizon.as_str(), &*file.records)).collect();
    let answer = diff_zones("served", "files", &left, &right);
    show_diff(scope, &answer)?;
    for finding in broken.iter().flat_map(|one| &one.findings) {
        say(line(finding).trim_end());
    }
    match (answer.rows.is_empty(), broken.is_empty()) {
        (true, true) => Ok(Exit::Done),
        (true, false) => {
            say(&format!("{} cannot be loaded: what it would change is not known", many(broken.len(), "zone file")));
            Ok(Exit::CheckFailed)
        }
        (false, whole) => {
            match whole {
                true => hint("`zonectl reload --wait` has the files served"),
                false => say("the server takes none of it up until the files named above are correct"),
            }
            Ok(Exit::Pending)
        }
    }
}

/// A zone file that does not load.
struct Broken {
    horizon: String,
    origin: String,
    findings: Vec<Finding>,
}

/// The zones as they would load now, what generation writes among them. Where something keeps all from being loaded, each
/// file as it is, and those that are broken.
fn zone_files(scope: &Scope) -> Result<(Vec<FileZone>, Vec<Broken>), Failure> {
    let source = Source::of(config_file(scope)?);
    let failure = match daemon::candidate(&source, None) {
        Ok(candidate) => {
            let zones = candidate.published.zones.iter();
            let zones =
                zones.map(|zone| FileZone { horizon: zone.horizon.clone(), records: Arc::clone(&zone.records) });
            return Ok((zones.collect(), Vec::new()));
        }
        Err(failure) => failure,
    };
    let lines = |findings: &[Finding]| findings.iter().map(|finding| line(finding).trim_end().to_owned()).collect();
    let settings = source
        .settings()
        .map_err(|findings| Failure { lines: lines(&findings), ..Failure::new(Exit::CheckFailed, "") })?;
    let (current, unreadable) = generate::read_current(&settings);
    if !unreadable.is_empty() {
        return Err(Failure { lines: lines(&unreadable), ..Failure::new(Exit::CheckFailed, "") });
    }
    let (mut zones, mut broken) = (Vec::new(), Vec::new());
    for zone in current {
        let own = |finding: &&Finding| finding.refuses && finding.places.iter().any(|place| place.file == zone.path);
        let refusing: Vec<Finding> = failure.findings.iter().filter(own).cloned().collect();
        match zone.loaded {
            Ok(loaded) if refusing.is_empty() => {
                zones.push(FileZone { horizon: zone.horizon, records: Arc::new(loaded.records) });
            }
            Ok(_) => broken.push(Broken::new(zone.horizon, &zone.origin, refusing)),
            Err(findings) => broken.push(Broken::new(zone.horizon, &zone.origin, findings)),
        }
    }
    if broken.is_empty() {
        failure.findings.iter().filter(|finding| finding.refuses).for_each(|finding| say(&finding.to_string()));
    }
    Ok((zones, broken))
}

impl Broken {
    fn new(horizon: String, origin: &crate::dns::Name, findings: Vec<Finding>) -> Self {
        Broken { horizon, origin: present_name(origin.as_slice()), findings }
    }
}

/// The served zones: the file's own records where both have the same mark, else what the server tells.
fn fetch(scope: &Scope, served: &[HeldZone], files: &[FileZone]) -> Result<Vec<(String, Arc<Records>)>, Failure> {
    let mut zones = Vec::new();
    for held in served {
        let same = files.iter().find(|file| {
            file.horizon == held.horizon && is_zone(&held.zone, &present_name(file.records.origin().as_slice()))
        });
        match same.filter(|file| mark(&file.records) == held.mark) {
            Some(file) => zones.push((held.horizon.clone(), Arc::clone(&file.records))),
            None => {
                let request = Request::Records { horizon: Some(held.horizon.clone()), zone: Some(held.zone.clone()) };
                let answer: RecordsAnswer = ask(scope, &request)?;
                for told in answer.zones {
                    let records = super::diff::parsed(
                        &told.zone,
                        told.text.unwrap_or_default().as_bytes(),
                        Path::new("served"),
                        None,
                    )?;
                    zones.push((told.horizon, Arc::new(records)));
                }
            }
        }
    }
    Ok(zones)
}
