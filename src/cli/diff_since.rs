//! `diff --since`: zones as they were right after a change or at a time, beside what they are now.

use super::arguments::Scope;
use super::clock::date;
use super::diff::is_zone;
use super::diff::parsed;
use super::diff::show_diff;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::say;
use super::seat::answer;
use super::seat::config_file;
use super::seat::errand;
use super::span::Moment;
use crate::control::Errand;
use crate::control::HeldZone;
use crate::control::LogAnswer;
use crate::control::RecordsAnswer;
use crate::control::Request;
use crate::control::TextAnswer;
use crate::control::diff_zones;
use crate::daemon::Source;
use crate::dns::parse_name;
use crate::zone::Records;
use std::collections::BTreeSet;
use std::path::Path;

/// The code of the refusal when the history of a file does not reach so far back.
const HISTORY: &str = "HISTORY";

/// The code of the refusal when there was no such file then.
const NOT_THEN: &str = "NO_ZONE_THEN";

/// The code of the refusal when no change has the id.
const NO_CHANGE: &str = "NO_CHANGE";

/// Shows record sets that are not what they were; SOA serials do not count.
pub(super) fn diff_since(scope: &Scope, since: Moment, zone: Option<&str>) -> Result<Exit, Failure> {
    let (left, after, at) = match since {
        Moment::Change(id) => (format!("after change {id}"), Some(id), None),
        Moment::Time(time) => (date(time), None, Some(time)),
    };
    // Included files are below the zones; without the config nothing is included.
    let root = config_file(scope).ok().and_then(|file| Some(Source::of(file).settings().ok()?.zones));
    let listing: RecordsAnswer = answer(scope, &Request::Records { horizon: scope.horizon.clone(), zone: None })?;
    let is_meant = |held: &HeldZone| zone.is_none_or(|zone| is_zone(zone, &held.zone));
    let served = listing.zones.iter().filter(|held| is_meant(held));
    let mut meant: Vec<Meant> =
        served.map(|held| Meant { horizon: held.horizon.clone(), zone: held.zone.clone(), is_served: true }).collect();
    meant.extend(gone(scope, &listing.zones, zone, (after, at)));
    if meant.is_empty() {
        return Err(Failure::new(Exit::Error, "no such zone is served or was; see `zonectl status` and `zonectl log`"));
    }
    let (mut before, mut now) = (Vec::new(), Vec::new());
    let mut left_out = Vec::new();
    for Meant { horizon, zone, is_served } in &meant {
        let past = Errand::Text { zone: zone.clone(), horizon: Some(horizon.clone()), after, at };
        match errand::<TextAnswer>(scope, past) {
            Ok(text) => {
                if !text.exact {
                    say(&format!(
                        "{}: octets that are not UTF-8 were replaced, so that records with them may differ",
                        text.file
                    ));
                }
                let records = parsed(zone, text.text.as_bytes(), Path::new(&text.file), root.as_deref())?;
                before.push((horizon.as_str(), records));
            }
            Err(failure) if failure.code.as_deref() == Some(NOT_THEN) => {
                let origin = parse_name(zone).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
                before.push((horizon.as_str(), Records::new(origin)));
            }
            Err(failure) if meant.len() > 1 && failure.code.as_deref() != Some(NO_CHANGE) => {
                let what = format!("{zone} in {horizon}");
                match failure.code.as_deref() {
                    Some(HISTORY) => left_out.push(what),
                    _ => say(&format!("{what} is left out: {}", failure.lines.join("; "))),
                }
                continue;
            }
            Err(failure) => return Err(failure),
        }
        if !is_served {
            continue;
        }
        let request = Request::Records { horizon: Some(horizon.clone()), zone: Some(zone.clone()) };
        let told: RecordsAnswer = answer(scope, &request)?;
        for told in told.zones {
            let text = told.text.unwrap_or_default();
            now.push((horizon.as_str(), parsed(&told.zone, text.as_bytes(), Path::new("served"), None)?));
        }
    }
    if before.is_empty() {
        let what = format!("no zone has a history that reaches back to {left}; see `zonectl log`");
        return Err(Failure::new(Exit::Error, what.replace("to after", "to")));
    }
    if !left_out.is_empty() {
        say(&format!("left out, because no history says how they were: {}", left_out.join(", ")));
    }
    show_diff(scope, &diff_zones(&left, "now", &borrowed(&before), &borrowed(&now)))?;
    Ok(Exit::Done)
}

/// A zone that is compared.
struct Meant {
    horizon: String,
    zone: String,
    is_served: bool,
}

/// Zones that the history knows and nobody serves any more; a zone that was there then has changed since.
fn gone(scope: &Scope, served: &[HeldZone], zone: Option<&str>, (after, at): (Option<u64>, Option<u64>)) -> Vec<Meant> {
    let log = Errand::Log { zone: zone.map(str::to_owned), horizon: scope.horizon.clone(), since: at };
    let log: LogAnswer = match errand(scope, log) {
        Ok(log) => log,
        Err(failure) => {
            say(&format!("zones that are gone since are left out: {}", failure.lines.join("; ")));
            return Vec::new();
        }
    };
    let changes = log.changes.iter().filter(|change| after.is_none_or(|after| change.id > after));
    let files: BTreeSet<&String> = changes.flat_map(|change| &change.files).collect();
    let named = files.into_iter().filter_map(|file| {
        let (horizon, name) = file.rsplit_once('/')?;
        let zone = match name.strip_suffix(".zone")? {
            "root" => ".".to_owned(),
            stem => format!("{stem}."),
        };
        Some(Meant { horizon: horizon.to_owned(), zone, is_served: false })
    });
    let is_served =
        |meant: &Meant| served.iter().any(|held| held.horizon == meant.horizon && is_zone(&held.zone, &meant.zone));
    named
        .filter(|meant| !is_served(meant))
        .filter(|meant| scope.horizon.as_ref().is_none_or(|horizon| *horizon == meant.horizon))
        .filter(|meant| zone.is_none_or(|zone| is_zone(zone, &meant.zone)))
        .collect()
}

fn borrowed<'a>(zones: &'a [(&'a str, Records)]) -> Vec<(&'a str, &'a Records)> {
    zones.iter().map(|(horizon, records)| (*horizon, records)).collect()
}
