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
use crate::control::RecordsAnswer;
use crate::control::Request;
use crate::control::TextAnswer;
use crate::control::diff_zones;
use crate::daemon::Source;
use crate::zone::Records;
use std::path::Path;

/// The code of the refusal when the history of a file does not reach so far back.
const HISTORY: &str = "HISTORY";

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
    let meant: Vec<HeldZone> =
        listing.zones.into_iter().filter(|held| zone.is_none_or(|zone| is_zone(zone, &held.zone))).collect();
    if meant.is_empty() {
        return Err(Failure::new(Exit::Error, "no such zone is served; see `zonectl status`"));
    }
    let (mut before, mut now) = (Vec::new(), Vec::new());
    let mut left_out = Vec::new();
    for held in &meant {
        let horizon = Some(held.horizon.clone());
        let past = Errand::Text { zone: held.zone.clone(), horizon: horizon.clone(), after, at };
        let text: TextAnswer = match errand(scope, past) {
            Ok(text) => text,
            Err(failure) if meant.len() > 1 && failure.code.as_deref() != Some(NO_CHANGE) => {
                let what = format!("{} in {}", held.zone, held.horizon);
                match failure.code.as_deref() {
                    Some(HISTORY) => left_out.push(what),
                    _ => say(&format!("{what} is left out: {}", failure.lines.join("; "))),
                }
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if !text.exact {
            say(&format!(
                "{}: octets that are not UTF-8 were replaced, so that records with them may differ",
                text.file
            ));
        }
        before.push((
            held.horizon.as_str(),
            parsed(&held.zone, text.text.as_bytes(), Path::new(&text.file), root.as_deref())?,
        ));
        let request = Request::Records { horizon, zone: Some(held.zone.clone()) };
        let told: RecordsAnswer = answer(scope, &request)?;
        for told in told.zones {
            let text = told.text.unwrap_or_default();
            now.push((held.horizon.as_str(), parsed(&told.zone, text.as_bytes(), Path::new("served"), None)?));
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

fn borrowed<'a>(zones: &'a [(&'a str, Records)]) -> Vec<(&'a str, &'a Records)> {
    zones.iter().map(|(horizon, records)| (*horizon, records)).collect()
}
