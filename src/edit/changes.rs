//! Edits of records, one on top of the other, become names before and after.
//!
//! Knows records only: no text, no serial (which is the server's), no client.

use super::change::{NameChange, ZoneChange};
use super::placed::{Expectation, Placed, RecordEdit};
use super::refusal::EditRefusal;
use crate::dns::{Name, Rtype, is_at_or_below, present_data, present_rtype, same_data, serial_at};
use crate::zone::RrSet;
use std::collections::HashMap;

/// Makes the edits in order, each on what the ones before left, and returns the zones and names that differ.
///
/// `current` tells the records of an owner in the zone file of a horizon, `default_ttl` the TTL of new records there, in
/// seconds; both get the horizon and the zone's apex. A name whose records are the same in the end is left out, and so is
/// a zone without names. What stays of a set stays as it is written, in its order; new records follow. Cost: the edits
/// and the records of their names.
///
/// # Errors
/// Every edit that cannot be made, in order ([`EditRefusal::code`]); those behind it are tried as if it had not been asked.
pub fn changes(
    placed: &[Placed],
    current: &dyn Fn(&str, &Name, &Name) -> Vec<RrSet>,
    default_ttl: &dyn Fn(&str, &Name) -> u32,
) -> Result<Vec<ZoneChange>, Vec<EditRefusal>> {
    let mut draft = Draft { zones: Vec::new(), current, default_ttl };
    let mut refusals = Vec::new();
    for (edit, placed) in placed.iter().enumerate() {
        if let Err(refused) = draft.make(edit, placed) {
            let Refused { code, owner, what, remedy } = refused;
            refusals.push(EditRefusal { code, edit, horizon: placed.horizon.clone(), owner, what, remedy });
        }
    }
    draft.check(&mut refusals);
    if refusals.is_empty() { Ok(draft.finish()) } else { Err(refusals) }
}

/// A refusal without its place.
struct Refused {
    code: &'static str,
    owner: Name,
    what: String,
    remedy: String,
}

impl Refused {
    fn new(code: &'static str, owner: &Name, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Refused { code, owner: owner.clone(), what: what.into(), remedy: remedy.into() }
    }
}

struct Draft<'c> {
    zones: Vec<ZoneDraft>,
    current: &'c dyn Fn(&str, &Name, &Name) -> Vec<RrSet>,
    default_ttl: &'c dyn Fn(&str, &Name) -> u32,
}

struct ZoneDraft {
    horizon: String,
    origin: Name,
    names: Vec<NameDraft>,
    /// Where in `names` each owner is.
    places: HashMap<Name, usize>,
}

struct NameDraft {
    change: NameChange,
    /// The last edit that meant it.
    edit: usize,
}

impl Draft<'_> {
    fn make(&mut self, edit: usize, placed: &Placed) -> Result<(), Refused> {
        let apex = &placed.origin;
        for expectation in &placed.expects {
            self.expect(edit, placed, expectation)?;
        }
        match &placed.edit {
            RecordEdit::Set { owner, rtype, ttl, data } => {
                inside(owner, apex)?;
                named(owner, data)?;
                let ttl = ttl.unwrap_or_else(|| self.ttl_of(edit, placed, owner, *rtype));
                let sets = self.sets(edit, placed, owner);
                let data = if *rtype == Rtype::SOA { soa(owner, apex, data, sets)? } else { data.clone() };
                put(sets, *rtype, ttl, &data, false);
            }
            RecordEdit::Add { owner, rtype, ttl, data } => {
                inside(owner, apex)?;
                named(owner, data)?;
                if *rtype == Rtype::SOA {
                    return Err(soa_is_set(owner));
                }
                let ttl = ttl.unwrap_or_else(|| self.ttl_of(edit, placed, owner, *rtype));
                put(self.sets(edit, placed, owner), *rtype, ttl, data, true);
            }
            RecordEdit::Remove { owner, rtype, data } => {
                inside(owner, apex)?;
                remove(owner, *rtype, data.as_deref(), self.sets(edit, placed, owner))?;
            }
            RecordEdit::Move { from, to, keep_cname } => self.rename(edit, placed, (from, to), *keep_cname)?,
        }
        Ok(())
    }

    /// The records of an owner as the edits before left them.
    fn sets(&mut self, edit: usize, placed: &Placed, owner: &Name) -> &mut Vec<RrSet> {
        let same = |zone: &ZoneDraft| zone.horizon == placed.horizon && zone.origin == placed.origin;
        let zone = self.zones.iter().position(same).unwrap_or_else(|| {
            let (horizon, origin) = (placed.horizon.clone(), placed.origin.clone());
            self.zones.push(ZoneDraft { horizon, origin, names: Vec::new(), places: HashMap::new() });
            self.zones.len() - 1
        });
        let ZoneDraft { names, places, .. } = &mut self.zones[zone];
        let name = *places.entry(owner.clone()).or_insert_with(|| {
            let mut before = (self.current)(&placed.horizon, &placed.origin, owner);
            before.sort_by_key(|set| set.rtype.to_int());
            let change = NameChange { owner: owner.clone(), after: before.clone(), before };
            names.push(NameDraft { change, edit });
            names.len() - 1
        });
        names[name].edit = edit;
        &mut names[name].change.after
    }

    /// The TTL of the present records, or the zone's default.
    fn ttl_of(&mut self, edit: usize, placed: &Placed, owner: &Name, rtype: Rtype) -> u32 {
        let present = self.sets(edit, placed, owner).iter().find(|set| set.rtype == rtype).map(|set| set.ttl);
        present.unwrap_or_else(|| (self.default_ttl)(&placed.horizon, &placed.origin))
    }

    fn expect(&mut self, edit: usize, placed: &Placed, expectation: &Expectation) -> Result<(), Refused> {
        let Expectation { owner, rtype, data } = expectation;
        inside(owner, &placed.origin)?;
        let set = self.sets(edit, placed, owner).iter().find(|set| set.rtype == *rtype);
        let present = set.map_or(&[][..], |set| &set.data);
        let covers = |left: &[Vec<u8>], right: &[Vec<u8>]| {
            left.iter().all(|one| right.iter().any(|other| same_data(*rtype, one, other)))
        };
        if covers(present, data) && covers(data, present) {
            return Ok(());
        }
        let mnemonic = present_rtype(*rtype);
        let what = format!("{owner} {mnemonic} is {} and not {}", listed(*rtype, present), listed(*rtype, data));
        Err(Refused::new("EDIT_CONFLICT", owner, what, "look at it as it is now, and ask again"))
    }

    fn rename(&mut self, edit: usize, placed: &Placed, names: (&Name, &Name), keep_cname: bool) -> Result<(), Refused> {
        let (from, to) = names;
        inside(from, &placed.origin)?;
        inside(to, &placed.origin)?;
        let refused = |owner: &Name, what: String, remedy: &str| Err(Refused::new("EDIT_MOVE", owner, what, remedy));
        if from == to {
            return refused(to, format!("{from} and {to} are the same name"), "name another one");
        }
        if *from == placed.origin {
            let what = format!("{from} is the apex of its zone");
            return refused(from, what, "move single records with `rm` and `add`");
        }
        let there = types(self.sets(edit, placed, to));
        if !there.is_empty() {
            let what = format!("{to} has records already: {there}");
            return refused(to, what, "remove them first, or move single records with `rm` and `add`");
        }
        let moved = std::mem::take(self.sets(edit, placed, from));
        if moved.is_empty() {
            let what = format!("{from} has no records");
            return Err(Refused::new("EDIT_NOT_THERE", from, what, "see what is there with `zonectl get`"));
        }
        if keep_cname {
            // The alias lives as long as the shortest of what it stands for.
            let ttl = moved.iter().map(|set| set.ttl).min().unwrap_or_default();
            let alias = RrSet { rtype: Rtype::CNAME, ttl, data: vec![to.as_slice().to_vec()] };
            *self.sets(edit, placed, from) = vec![alias];
        }
        *self.sets(edit, placed, to) = moved;
        Ok(())
    }

    /// What holds only when all edits are made: aliases stand alone, single records are single.
    fn check(&self, refusals: &mut Vec<EditRefusal>) {
        for zone in &self.zones {
            for name in zone.names.iter().filter(|name| !same_sets(&name.change.before, &name.change.after)) {
                let Some(refused) = lone(&name.change) else { continue };
                let Refused { code, owner, what, remedy } = refused;
                let horizon = zone.horizon.clone();
                refusals.push(EditRefusal { code, edit: name.edit, horizon, owner, what, remedy });
            }
        }
        refusals.sort_by_key(|refusal| refusal.edit);
    }

    fn finish(self) -> Vec<ZoneChange> {
        let zones = self.zones.into_iter().map(|zone| {
            let names = zone.names.into_iter().map(|name| name.change);
            let names = names.filter(|change| !same_sets(&change.before, &change.after)).collect();
            ZoneChange { horizon: zone.horizon, origin: zone.origin, names }
        });
        zones.filter(|zone| !zone.names.is_empty()).collect()
    }
}

fn inside(owner: &Name, apex: &Name) -> Result<(), Refused> {
    if is_at_or_below(owner.as_slice(), apex.as_slice()) {
        return Ok(());
    }
    let what = format!("{owner} is not in the zone {apex}");
    Err(Refused::new("EDIT_OUT_OF_ZONE", owner, what, "name the zone that holds it"))
}

fn named(owner: &Name, data: &[Vec<u8>]) -> Result<(), Refused> {
    if data.is_empty() {
        return Err(Refused::new("EDIT_DATA", owner, format!("no record for {owner} is given"), "write its data"));
    }
    Ok(())
}

fn soa_is_set(owner: &Name) -> Refused {
    let what = format!("the SOA of {owner} cannot be added, removed or moved");
    Refused::new("EDIT_SOA", owner, what, "change its fields with `set`; every zone has exactly one")
}

/// The SOA with the serial that is there: serials belong to the server.
fn soa(owner: &Name, apex: &Name, data: &[Vec<u8>], sets: &[RrSet]) -> Result<Vec<Vec<u8>>, Refused> {
    if owner != apex {
        let what = format!("{owner} is not the apex of its zone {apex}");
        return Err(Refused::new("EDIT_SOA", owner, what, "the SOA stands at the apex only (RFC 1035 section 5.2)"));
    }
    let [soa] = data else {
        let what = format!("{} SOA records for {owner}", data.len());
        return Err(Refused::new("EDIT_SEVERAL", owner, what, "a zone has exactly one (RFC 1035 section 5.2)"));
    };
    let mut soa = soa.clone();
    let present = sets.iter().find(|set| set.rtype == Rtype::SOA).and_then(|set| set.data.first());
    if let Some(serial) = present.and_then(|present| Some(present[serial_at(present)?..][..4].to_vec()))
        && let Some(at) = serial_at(&soa)
    {
        soa[at..at + 4].copy_from_slice(&serial);
    }
    Ok(vec![soa])
}

/// Makes these the records of the type, or adds them; what is there already stays as it is.
fn put(sets: &mut Vec<RrSet>, rtype: Rtype, ttl: u32, data: &[Vec<u8>], keep: bool) {
    let at = sets.binary_search_by_key(&rtype.to_int(), |set| set.rtype.to_int()).unwrap_or_else(|at| {
        sets.insert(at, RrSet { rtype, ttl, data: Vec::new() });
        at
    });
    let set = &mut sets[at];
    set.ttl = ttl;
    set.data.retain(|old| keep || data.iter().any(|new| same_data(rtype, old, new)));
    for new in data {
        if !set.data.iter().any(|old| same_data(rtype, old, new)) {
            set.data.push(new.clone());
        }
    }
}

fn remove(owner: &Name, rtype: Option<Rtype>, data: Option<&[u8]>, sets: &mut Vec<RrSet>) -> Result<(), Refused> {
    let not_there =
        |what: String| Err(Refused::new("EDIT_NOT_THERE", owner, what, "see what is there with `zonectl get`"));
    let Some(rtype) = rtype else {
        if data.is_some() {
            let what = format!("the type of the record of {owner} is not given");
            return Err(Refused::new("EDIT_DATA", owner, what, "name it before the data"));
        }
        let before = sets.len();
        sets.retain(|set| set.rtype == Rtype::SOA);
        return if sets.len() < before { Ok(()) } else { not_there(format!("{owner} has no records that can go")) };
    };
    if rtype == Rtype::SOA {
        return Err(soa_is_set(owner));
    }
    let mnemonic = present_rtype(rtype);
    let Some(at) = sets.iter().position(|set| set.rtype == rtype) else {
        let there = types(sets);
        let rest = if there.is_empty() { "nor any other".to_owned() } else { format!("but {there}") };
        return not_there(format!("{owner} has no {mnemonic} record, {rest}"));
    };
    let Some(data) = data else {
        sets.remove(at);
        return Ok(());
    };
    let set = &mut sets[at];
    let before = set.data.len();
    set.data.retain(|old| !same_data(rtype, old, data));
    if set.data.len() == before {
        let there = listed(rtype, &set.data);
        return not_there(format!("{owner} {mnemonic} is {there}; there is no {}", present_data(rtype, data)));
    }
    if set.data.is_empty() {
        sets.remove(at);
    }
    Ok(())
}

/// A CNAME stands alone, and CNAME and DNAME are single (RFC 2181 section 10.1, RFC 6672 section 2.4).
fn lone(change: &NameChange) -> Option<Refused> {
    let NameChange { owner, before, after } = change;
    let several = |set: &&RrSet| matches!(set.rtype, Rtype::CNAME | Rtype::DNAME) && set.data.len() > 1;
    if let Some(set) = after.iter().find(several) {
        let mnemonic = present_rtype(set.rtype);
        let what = format!("{owner} would have several {mnemonic} records: {}", listed(set.rtype, &set.data));
        return Some(Refused::new("EDIT_SEVERAL", owner, what, "replace the present one with `set`"));
    }
    let alias = after.iter().find(|set| set.rtype == Rtype::CNAME)?;
    // Those of DNSSEC may stand beside it (RFC 4035 section 2.5).
    let other = |set: &RrSet| !matches!(set.rtype, Rtype::CNAME | Rtype::RRSIG | Rtype::NSEC | Rtype::KEY);
    let others: Vec<RrSet> = after.iter().filter(|set| other(set)).cloned().collect();
    if others.is_empty() {
        return None;
    }
    let was_alias = before.iter().any(|set| set.rtype == Rtype::CNAME);
    let (others, target) = (types(&others), listed(Rtype::CNAME, &alias.data));
    let (what, remedy) = if was_alias {
        let what = format!("{owner} is an alias of {target}; {others} cannot stand beside it");
        (what, "remove the CNAME first, or edit the name that it leads to")
    } else {
        (
            format!("{owner} has {others}; a CNAME cannot stand beside that"),
            "remove those first, or choose another name",
        )
    };
    Some(Refused::new("EDIT_CNAME", owner, what, remedy))
}

/// The same types with the same TTLs and records, in any order.
pub(super) fn same_sets(left: &[RrSet], right: &[RrSet]) -> bool {
    let same = |(left, right): (&RrSet, &RrSet)| {
        (left.rtype, left.ttl, left.data.len()) == (right.rtype, right.ttl, right.data.len())
            && left.data.iter().all(|data| right.data.contains(data))
    };
    left.len() == right.len() && left.iter().zip(right).all(same)
}

/// `A, AAAA and TXT`.
fn types(sets: &[RrSet]) -> String {
    let names: Vec<String> = sets.iter().map(|set| present_rtype(set.rtype)).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// `10.0.0.1, 10.0.0.2`, or `nothing`.
fn listed(rtype: Rtype, data: &[Vec<u8>]) -> String {
    let texts: Vec<String> = data.iter().map(|data| present_data(rtype, data)).collect();
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
}
