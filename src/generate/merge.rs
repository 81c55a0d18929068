//! One zone file as it is and as it should be: the fewest changes of lines that lead from one to the other.

use super::current::CurrentZone;
use super::fresh;
use super::mark::{OWN, comment};
use super::persons::{Persons, marked, overridden};
use super::soa;
use super::wanted::{TTL, Wanted, WantedZone};
use crate::dns::{Name, Rtype};
use crate::finding::{Finding, Place, Severity};
use crate::zone::{Document, Edit, EditError, EntryKind, RecordLine};
use std::collections::{BTreeMap, VecDeque};

/// What a zone file becomes.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    /// None when the file goes.
    pub text: Option<Vec<u8>>,
    pub counts: Counts,
    pub findings: Vec<Finding>,
}

/// Generated records beside SOA, NS and this server's own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub before: usize,
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
}

/// The file of a zone that is not there yet.
pub(super) fn create(zone: &WantedZone, horizon: &str) -> Merged {
    let added = zone.records.iter().filter(|record| record.source != OWN).count();
    let counts = Counts { added, ..Counts::default() };
    Merged { text: Some(fresh::text(zone, horizon).into_bytes()), counts, findings: Vec::new() }
}

/// Brings a zone file to what is wanted; `wanted` is none for a zone that this horizon no longer has.
pub(super) fn merge(current: &CurrentZone, wanted: Option<&WantedZone>, persons: &Persons, horizon: &str) -> Merged {
    let unchanged = |findings| Merged { text: Some(current.text.clone()), counts: Counts::default(), findings };
    let document = Document::parse(current.text.clone(), &current.path, &current.origin);
    if current.loaded.is_err() {
        return match wanted.is_some() || marked(&document).next().is_some() {
            true => unchanged(vec![broken(current)]),
            false => unchanged(Vec::new()),
        };
    }
    let Some(wanted) = wanted else { return withdraw(current, document, persons) };
    if current.text.trim_ascii().is_empty() {
        return create(wanted, horizon);
    }
    let mut findings = Vec::new();
    let mut records: Vec<Wanted> = Vec::new();
    let own_server = persons.has(&wanted.origin, Rtype::NS);
    for record in &wanted.records {
        match persons.wins_over(record) {
            Some(place) if record.source != OWN => findings.push(overridden(horizon, record, place)),
            Some(_) => {}
            // A person who names the servers has no need of ours.
            None if own_server && record.source == OWN => {}
            None => records.push(record.clone()),
        }
    }
    keep_withheld(&document, wanted, persons, &mut records);
    let soa = (!persons.has(&wanted.origin, Rtype::SOA)).then(|| (wanted.origin.clone(), wanted.server.clone()));
    finish(document, &records, soa, current, findings)
}

/// A zone that the inventory no longer has here: what was generated goes, and the file when nothing else is in it.
fn withdraw(current: &CurrentZone, document: Document, persons: &Persons) -> Merged {
    let before = marked(&document).filter(|(_, source)| *source != OWN).count();
    if marked(&document).next().is_none() {
        return Merged { text: Some(current.text.clone()), counts: Counts::default(), findings: Vec::new() };
    }
    let kept = |entry: &crate::zone::Entry| match &entry.kind {
        EntryKind::Directive(keyword) => !matches!(keyword.as_str(), "$ORIGIN" | "$TTL"),
        EntryKind::Broken(_) => true,
        _ => false,
    };
    if !persons.any() && !document.entries().iter().any(kept) {
        let counts = Counts { before, removed: before, ..Counts::default() };
        return Merged { text: None, counts, findings: Vec::new() };
    }
    // A person's records need the apex; it stays.
    let own: Vec<Wanted> = marked(&document)
        .filter(|(_, source)| *source == OWN)
        .filter_map(|(index, source)| existing(&document, index, source))
        .filter(|record| record.rtype != Rtype::SOA)
        .collect();
    finish(document, &own, None, current, Vec::new())
}

/// Records of names that cannot be decided stay, unless a person has decided.
fn keep_withheld(document: &Document, wanted: &WantedZone, persons: &Persons, records: &mut Vec<Wanted>) {
    for (index, source) in marked(document) {
        let Some(record) = existing(document, index, source) else { continue };
        let known = || records.iter().any(|own| (&own.owner, own.rtype) == (&record.owner, record.rtype));
        if wanted.withheld.contains(&record.owner) && persons.wins_over(&record).is_none() && !known() {
            records.push(record);
        }
    }
}

fn existing(document: &Document, index: usize, source: &str) -> Option<Wanted> {
    let EntryKind::Record(record) = &document.entries()[index].kind else { return None };
    let (owner, rtype, data) = (record.owner.clone(), record.rtype, record.data.clone());
    Some(Wanted { owner, rtype, data, source: source.to_owned(), place: None })
}

/// Makes the edits; `soa` is the apex and this server's name where the SOA is the generator's.
fn finish(
    mut document: Document,
    records: &[Wanted],
    soa: Option<(Name, Name)>,
    current: &CurrentZone,
    mut findings: Vec<Finding>,
) -> Merged {
    let (mut edits, mut counts, mut content) = record_edits(&document, records);
    if let Some((origin, server)) = soa {
        content |= soa_edit(&document, &origin, &server, &mut edits);
    }
    let mut result = if edits.is_empty() { Ok(()) } else { document.edit(&edits) };
    if let (Ok(()), true, Some(serial)) = (&result, content, document.serial()) {
        // A zone that had no SOA starts with its first serial.
        let had_one = Document::parse(current.text.clone(), &current.path, &current.origin).serial();
        if had_one == Some(serial) {
            result = document.set_serial(soa::next(serial));
        }
    }
    if let Err(error) = result {
        findings.push(not_edited(current, &error));
        counts = Counts { before: counts.before, ..Counts::default() };
        return Merged { text: Some(current.text.clone()), counts, findings };
    }
    Merged { text: Some(document.into_text()), counts, findings }
}

type Key = (Name, u16);

/// Marked records of one owner and type with their entries, and those that are wanted.
type Group<'a> = (VecDeque<(usize, Wanted)>, VecDeque<&'a Wanted>);

/// The edits that lead from the marked records to the wanted ones, and whether any record changes.
fn record_edits(document: &Document, records: &[Wanted]) -> (Vec<Edit>, Counts, bool) {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    let mut counts = Counts::default();
    for (index, source) in marked(document) {
        let Some(record) = existing(document, index, source).filter(|record| record.rtype != Rtype::SOA) else {
            continue;
        };
        counts.before += usize::from(source != OWN);
        groups.entry(key(&record)).or_default().0.push_back((index, record));
    }
    for record in records {
        groups.entry(key(record)).or_default().1.push_back(record);
    }
    let mut edits = Vec::new();
    let mut inserts: Vec<&Wanted> = Vec::new();
    let mut content = false;
    for (mut old, mut new) in groups.into_values() {
        new.retain(|wanted| {
            let Some(at) = old.iter().position(|(_, record)| record.data == wanted.data) else { return true };
            if let Some((index, record)) = old.remove(at)
                && record.source != wanted.source
            {
                edits.push(replace(document, index, wanted));
            }
            false
        });
        while let (Some((index, record)), Some(wanted)) = (old.front(), new.front()) {
            edits.push(replace(document, *index, wanted));
            counts.changed += usize::from(record.source != OWN || wanted.source != OWN);
            content = true;
            old.pop_front();
            new.pop_front();
        }
        for (index, record) in old {
            edits.push(Edit::Remove(index));
            counts.removed += usize::from(record.source != OWN);
            content = true;
        }
        counts.added += new.iter().filter(|wanted| wanted.source != OWN).count();
        content |= !new.is_empty();
        inserts.extend(new);
    }
    let places = places(document);
    edits.extend(
        inserts.into_iter().map(|wanted| Edit::Insert(place_for(document, &places, wanted), line(wanted, TTL))),
    );
    (edits, counts, content)
}

/// SOA and NS stand before all else.
fn key(record: &Wanted) -> Key {
    (record.owner.clone(), record.rtype.to_int())
}

/// The order of lines: the apex's NS first, then as [`super::wanted::sort_key`] has it.
fn order(origin: &Name, owner: &Name, rtype: Rtype) -> (bool, Name, u16) {
    (!(owner == origin && rtype == Rtype::NS), owner.clone(), rtype.to_int())
}

type Places = Vec<(usize, (bool, Name, u16))>;

/// The marked records with their place in the order.
fn places(document: &Document) -> Places {
    let with_order = |(index, _): (usize, &str)| match &document.entries()[index].kind {
        EntryKind::Record(record) if record.rtype != Rtype::SOA => {
            Some((index, order(document.zone(), &record.owner, record.rtype)))
        }
        _ => None,
    };
    marked(document).filter_map(with_order).collect()
}

/// Behind the last marked record that goes before it, else before the first that follows, else at the end.
fn place_for(document: &Document, places: &Places, wanted: &Wanted) -> usize {
    let own = order(document.zone(), &wanted.owner, wanted.rtype);
    let entries = document.entries();
    match (places.iter().rev().find(|(_, other)| *other <= own), places.first()) {
        (Some((index, _)), _) => {
            // Lines that inherit the owner belong to the record above them.
            let inherits =
                |entry: &&crate::zone::Entry| matches!(&entry.kind, EntryKind::Record(record) if !record.owner_written);
            index + 1 + entries[index + 1..].iter().take_while(inherits).count()
        }
        (None, Some((index, _))) => *index,
        (None, None) => entries.len(),
    }
}

fn line(wanted: &Wanted, ttl: u32) -> RecordLine {
    RecordLine {
        owner: wanted.owner.clone(),
        ttl,
        rtype: wanted.rtype,
        data: wanted.data.clone(),
        comment: Some(comment(&wanted.source)),
    }
}

/// The TTL stays what it is: a person may have chosen it.
fn replace(document: &Document, index: usize, wanted: &Wanted) -> Edit {
    let ttl = match &document.entries()[index].kind {
        EntryKind::Record(record) => record.ttl,
        _ => TTL,
    };
    Edit::Replace(index, line(wanted, ttl))
}

/// Writes the SOA where there is none, and its names and times anew where they differ. True when it changes.
fn soa_edit(document: &Document, origin: &Name, server: &Name, edits: &mut Vec<Edit>) -> bool {
    let own = marked(document).find_map(|(index, _)| match &document.entries()[index].kind {
        EntryKind::Record(record) if record.rtype == Rtype::SOA => Some((index, record)),
        _ => None,
    });
    let serial = document.serial().filter(|_| own.is_some()).unwrap_or(1);
    let data = soa::data(origin, server, serial);
    let wanted = Wanted { owner: origin.clone(), rtype: Rtype::SOA, data, source: OWN.to_owned(), place: None };
    match own {
        Some((_, record)) if record.data.eq_ignore_ascii_case(&wanted.data) => false,
        Some((index, _)) => {
            edits.push(replace(document, index, &wanted));
            true
        }
        None => {
            let first = document.records().next().map_or(document.entries().len(), |(index, _)| index);
            edits.insert(0, Edit::Insert(first, line(&wanted, TTL)));
            true
        }
    }
}

fn broken(current: &CurrentZone) -> Finding {
    let first = current.loaded.as_ref().err().and_then(|findings| findings.first());
    let place = first.and_then(|finding| finding.places.first().cloned()).unwrap_or_else(|| Place::file(&current.path));
    let what = first.map_or_else(|| "the zone file cannot be read".to_owned(), |finding| finding.what.clone());
    let remedy = "correct the file; until then it stays as it is";
    Finding::new("ZONE_FILE_BROKEN", Severity::Error, current.origin.to_string(), what, remedy).seen_at(place)
}

fn not_edited(current: &CurrentZone, error: &EditError) -> Finding {
    let remedy = "correct the file by hand; until then it stays as it is";
    Finding::new("ZONE_NOT_EDITED", Severity::Error, current.origin.to_string(), error.to_string(), remedy)
        .seen_at(Place::file(&current.path))
}
