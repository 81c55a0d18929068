//! Orders become changes of names and zone texts; nothing is judged or written here.

use super::super::loading::LoadedZone;
use super::super::pipeline::Candidate;
use super::super::serial::serial;
use super::super::zonefiles::ZoneFile;
use super::mark::mark;
use super::refused;
use crate::control::{Refusal, place, source_of};
use crate::dns::{Name, Rtype, parse_name, present_name};
use crate::edit::{EditRefusal, Order, ZoneChange, changes, rewrite, sets_of};
use crate::files;
use crate::generate::zone_path;
use crate::snapshot::Snapshot;
use crate::zone::store::NewText;
use crate::zone::{Document, EntryKind, RrSet};
use std::path::Path;

/// What orders come to.
#[derive(Debug, Default)]
pub(super) struct Drafted {
    /// Names that change by record orders.
    pub(super) changes: Vec<ZoneChange>,
    /// Whole texts, by orders that give them or take a change back.
    pub(super) texts: Vec<NewText>,
    /// The change that is taken back.
    pub(super) undoes: Option<u64>,
}

/// Octets of a zone file.
const LARGEST_FILE: u64 = 1 << 30;

/// Sorts orders out: names, horizons and data are decided on what serves.
///
/// `undo` tells the texts that take a change back.
pub(super) fn drafted(
    serving: &Candidate,
    orders: &[Order],
    undo: &mut dyn FnMut(u64) -> Result<Vec<NewText>, Refusal>,
) -> Result<Drafted, Refusal> {
    let (whole, records): (Vec<_>, Vec<_>) =
        orders.iter().cloned().partition(|order| matches!(order, Order::Text { .. } | Order::Undo { .. }));
    if whole.iter().any(|order| matches!(order, Order::Undo { .. })) && orders.len() > 1 {
        let remedy = "undo by itself, then make the other edits";
        return Err(Refusal::new("MIXED_ORDERS", "an undo cannot be one change with other edits", remedy));
    }
    let mut drafted = Drafted::default();
    if !records.is_empty() {
        let placed = place(&serving.published, &records)?;
        let current = |horizon: &str, origin: &Name, owner: &Name| current(serving, horizon, origin, owner);
        let ttl = |horizon: &str, origin: &Name| usual_ttl(serving, horizon, origin);
        drafted.changes = changes(&placed, &current, &ttl).map_err(|refusals| with_source(serving, &refusals))?;
    }
    for order in &whole {
        match order {
            Order::Text { zone, horizon, text, was } => {
                let text = whole_text(serving, zone, horizon, text, was.as_deref())?;
                if drafted.texts.iter().any(|other| other.path == text.path) {
                    let what = format!("{} is given twice", text.path.display());
                    return Err(Refusal::new("MIXED_ORDERS", what, "give each zone file once"));
                }
                drafted.texts.push(text);
            }
            Order::Undo { id } => {
                drafted.undoes = Some(*id);
                drafted.texts = undo(*id)?;
                for text in &mut drafted.texts {
                    raise(serving, text);
                }
            }
            _ => {}
        }
    }
    let both = |change: &ZoneChange| {
        zone_of(serving, change).is_ok_and(|zone| drafted.texts.iter().any(|text| text.path == zone.file.path))
    };
    if let Some(change) = drafted.changes.iter().find(|change| both(change)) {
        let what = format!("{} is given as a whole and by records", change.origin);
        return Err(Refusal::new("MIXED_ORDERS", what, "make two changes of it"));
    }
    Ok(drafted)
}

/// Where the records come from that an alias cannot stand beside: those of the generator cannot be removed first.
fn with_source(serving: &Candidate, refusals: &[EditRefusal]) -> Refusal {
    let refusal = refused::edits(refusals);
    let Some(first) = refusals.first().filter(|first| first.code == "EDIT_CNAME") else { return refusal };
    let above = serving
        .zones
        .iter()
        .filter(|zone| zone.file.horizon == first.horizon && first.owner.ends_with(&zone.file.origin));
    let Some(zone) = above.max_by_key(|zone| zone.file.origin.label_count()) else { return refusal };
    let sets = current(serving, &first.horizon, &zone.file.origin, &first.owner);
    let source = sets.iter().flat_map(|set| set.data.iter().map(|data| (set.rtype, data))).find_map(|(rtype, data)| {
        Some((rtype, source_of(&serving.published, &first.horizon, &first.owner, rtype, data)?))
    });
    let Some((rtype, source)) = source else { return refusal };
    let remedy = format!(
        "its {rtype} comes from {source}: change it there; a record of your own can stand in its place as {rtype} only"
    );
    Refusal { remedy, ..refusal }
}

/// The new texts of the zone files in which names change.
pub(super) fn rewritten(serving: &Candidate, changes: &[ZoneChange]) -> Result<Vec<NewText>, Refusal> {
    let mut texts = Vec::with_capacity(changes.len());
    for change in changes {
        let zone = zone_of(serving, change)?;
        let before = files::read(&zone.file.path, LARGEST_FILE).map_err(|error| refused::file(&error))?;
        if !zone.is_current(&before) {
            let what = format!("{} is not what the server serves", zone.file.path.display());
            let remedy = "see `zonectl status` for what is wrong with the file, mend it, and edit again";
            return Err(Refusal::new("FILE_NOT_SERVED", what, remedy));
        }
        let serial = next_serial(zone);
        let after = rewrite(before.clone(), &zone.file.path, &change.origin, &change.names, serial, Some(zone.hints()))
            .map_err(|error| refused::rewrite(&error))?;
        texts.push(NewText { path: zone.file.path.clone(), before: Some(before), after: Some(after) });
    }
    Ok(texts)
}

/// The zone file in which a change is made.
pub(super) fn zone_of<'a>(serving: &'a Candidate, change: &ZoneChange) -> Result<&'a LoadedZone, Refusal> {
    find(serving, &change.horizon, &change.origin).ok_or_else(|| {
        let what = format!("horizon `{}` has no zone file of {}", change.horizon, change.origin);
        Refusal::new("NO_ZONE", what, "see `zonectl status` for the zones there are")
    })
}

/// A zone file of a horizon.
pub(super) fn find<'a>(serving: &'a Candidate, horizon: &str, origin: &Name) -> Option<&'a LoadedZone> {
    serving.zones.iter().find(|zone| zone.file.horizon == horizon && zone.file.origin == *origin)
}

/// The records of a name in one zone file. Out of the compiled zone where that has no other source: large zones are not
/// walked.
fn current(serving: &Candidate, horizon: &str, origin: &Name, owner: &Name) -> Vec<RrSet> {
    let Some(zone) = find(serving, horizon, origin) else { return Vec::new() };
    if zone.records.len() >= super::early::LARGE
        && let Some(sets) = compiled(&serving.published.snapshot, horizon, origin, owner)
    {
        return sets;
    }
    sets_of(&zone.records, std::slice::from_ref(owner)).pop().unwrap_or_default()
}

fn compiled(snapshot: &Snapshot, horizon: &str, origin: &Name, owner: &Name) -> Option<Vec<RrSet>> {
    let view = snapshot.view(horizon)?;
    let seen = view.zones.zone(origin).filter(|_| view.is_plain(origin))?;
    Some(seen.zone.records_at(owner).map(|(_, sets)| sets).unwrap_or_default())
}

/// The TTL that most records of a zone have, in seconds; a new record without one gets it.
fn usual_ttl(serving: &Candidate, horizon: &str, origin: &Name) -> u32 {
    const SAMPLE: usize = 200;
    let Some(zone) = find(serving, horizon, origin) else { return 300 };
    let ttls = || zone.records.iter().take(SAMPLE).filter(|record| record.rtype != Rtype::SOA).map(|record| record.ttl);
    ttls().max_by_key(|ttl| ttls().filter(|other| other == ttl).count()).unwrap_or(300)
}

/// The serial after both the one that is served and the one that is written (RFC 1982), never 0.
fn next_serial(zone: &LoadedZone) -> Option<u32> {
    let served = serial(&zone.records)?;
    Some(after_both(served, zone.written.unwrap_or(served)))
}

fn after_both(served: u32, written: u32) -> u32 {
    let ahead = written.wrapping_sub(served);
    let last = if ahead < 1 << 31 { written } else { served };
    last.checked_add(1).unwrap_or(1)
}

/// Gives a text that somebody made a serial that is ahead of the one served, unless it has one. A text that differs in its
/// serial only is what stands there already.
fn raise(serving: &Candidate, text: &mut NewText) {
    let Some(zone) = serving.zones.iter().find(|zone| zone.file.path == text.path) else { return };
    let (Some(served), Some(after)) = (serial(&zone.records), text.after.as_mut()) else { return };
    let (path, origin) = (&zone.file.path, &zone.file.origin);
    // A text whose serial cannot be read or written is judged as it is.
    let serial_in = |text: &[u8]| Document::parse(text.to_vec(), path, origin).serial();
    let with = |text: &[u8], serial: u32| rewrite(text.to_vec(), path, origin, &[], Some(serial), None).ok();
    let Some(written) = serial_in(after) else { return };
    if let Some(before) = &text.before
        && let Some(old) = serial_in(before)
        && with(after, old).as_ref() == Some(before)
    {
        after.clone_from(before);
        return;
    }
    let ahead = written.wrapping_sub(served);
    if ahead == 0 || ahead >= 1 << 31 {
        *after = with(after, after_both(served, written)).unwrap_or_else(|| std::mem::take(after));
    }
}

fn whole_text(
    serving: &Candidate,
    zone: &str,
    horizon: &str,
    text: &str,
    was: Option<&str>,
) -> Result<NewText, Refusal> {
    let bad = |error: crate::dns::NameError| {
        Refusal::new("BAD_NAME", format!("`{zone}` is not a zone: {error}"), "write one such as `internal.example`")
    };
    let origin = parse_name(zone).map_err(bad)?;
    crate::control::known_horizon(&serving.published.snapshot, horizon)?;
    let file = find(serving, horizon, &origin).map(|zone| zone.file.clone()).unwrap_or_else(|| ZoneFile {
        path: zone_path(&serving.settings, horizon, &origin),
        horizon: horizon.to_owned(),
        origin: origin.clone(),
    });
    let before = present(&file.path)?;
    if let Some(was) = was.filter(|was| *was != mark(before.as_deref())) {
        let what = format!("{} has changed since this edit of it began (it was {was})", file.path.display());
        let remedy = format!(
            "get {} again with `zonectl edit` or `zonectl export` and repeat the edit",
            present_name(origin.as_slice())
        );
        return Err(Refusal::new("CONFLICT", what, remedy));
    }
    if without_soa(text, &file) {
        let what = format!("the text of {} has no SOA record", present_name(origin.as_slice()));
        let remedy = "give it one, such as `@ SOA ns hostmaster 1 3600 600 604800 60`; the server raises the serial";
        return Err(Refusal::new("NOT_ALLOWED_BY_CHECKS", what, remedy));
    }
    let mut text = NewText { path: file.path, before, after: Some(text.as_bytes().to_vec()) };
    raise(serving, &mut text);
    Ok(text)
}

/// True for a text that can be read and has no SOA record. Where the generator would write one, it would begin at serial 1
/// again.
fn without_soa(text: &str, file: &ZoneFile) -> bool {
    let document = Document::parse(text.as_bytes().to_vec(), &file.path, &file.origin);
    let elsewhere =
        document.entries().iter().any(|entry| matches!(&entry.kind, EntryKind::Directive(word) if word == "$INCLUDE"));
    !elsewhere && document.serial().is_none() && document.findings().next().is_none()
}

/// What stands in a file; none when it is not there.
pub(super) fn present(path: &Path) -> Result<Option<Vec<u8>>, Refusal> {
    match files::read(path, LARGEST_FILE) {
        Ok(octets) => Ok(Some(octets)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(refused::file(&error)),
    }
}
