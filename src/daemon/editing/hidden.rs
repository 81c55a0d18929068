//! Names that one horizon has and another one hides, because it has the zone, too, and nothing of that name in it.
//!
//! This is how a split horizon bites: a name is published for everybody, and those inside get no such name.

use super::lint::{Touched, missing, records_at};
use crate::config::Horizon;
use crate::dns::{Name, present_name};
use crate::finding::{Finding, Severity};
use crate::snapshot::Snapshot;
use std::collections::HashSet;

/// Warnings about names that are hidden after the change and were not before it.
///
/// Only where the clients that miss the name are some of those of the horizon that has it: what insiders have and everybody
/// else lacks is what horizons are for.
pub(super) fn hidden(before: &Snapshot, after: &Snapshot, sets: &[Touched<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = HashSet::new();
    for owner in sets.iter().map(|set| set.owner).filter(|owner| told.insert(*owner)) {
        let known = pairs(before, owner);
        for (lacks, has) in pairs(after, owner) {
            if !known.contains(&(lacks, has)) {
                findings.push(finding(after, owner, lacks, has));
            }
        }
    }
    findings
}

/// Each horizon whose clients get no such name, with the nearest of those that have it and cover its clients.
fn pairs<'a>(snapshot: &'a Snapshot, owner: &Name) -> Vec<(&'a str, &'a str)> {
    let horizons = &snapshot.settings.horizons;
    let has = |horizon: &Horizon| {
        let sets = snapshot.view(&horizon.name).and_then(|view| records_at(view, owner));
        sets.is_some_and(|(_, sets)| !sets.is_empty())
    };
    let having: Vec<&Horizon> = horizons.iter().filter(|horizon| has(horizon)).collect();
    // One that inherits has said whose names it wants.
    let own = horizons.iter().filter(|horizon| horizon.inherits.is_none());
    let lacking = own.filter(|horizon| missing(snapshot, &horizon.name, owner));
    let pair = |lacking: &'a Horizon| {
        let having = having.iter().find(|having| covers(having, lacking))?;
        Some((lacking.name.as_str(), having.name.as_str()))
    };
    lacking.filter_map(pair).collect()
}

/// True when all clients of one horizon would be those of the other one if it were not there.
fn covers(outer: &Horizon, inner: &Horizon) -> bool {
    inner.clients.iter().all(|prefix| outer.clients.iter().any(|wide| wide.covers(prefix)))
}

fn finding(after: &Snapshot, owner: &Name, lacks: &str, has: &str) -> Finding {
    let zones = after.view(lacks).into_iter().flat_map(|view| view.zones.iter().map(|seen| seen.zone.origin()));
    let above = zones.filter(|origin| owner.ends_with(origin)).max_by_key(|origin| origin.label_count());
    let zone = above.map_or_else(|| "the zone".to_owned(), |origin| present_name(origin.as_slice()));
    let what = format!(
        "horizon `{has}` has the name and horizon `{lacks}` hides it: it holds {zone} without that name, so its clients get \
         no such name"
    );
    let remedy = format!("give it a record with `--horizon {lacks}`, too, if those clients need it");
    Finding::new("NAME_HIDDEN", Severity::Warning, owner.to_string(), what, remedy)
}
