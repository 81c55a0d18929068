//! What an update would change: looked over whole before anything is (RFC 2136 section 3.4.1), its scope with it.

use super::message::{Entry, Update, number};
use super::orders::orders;
use super::refused::Refused;
use super::standing::Standing;
use crate::dns::{Name, Rcode, Rtype, is_meta, present_rtype};
use crate::edit::Order;
use crate::plugin::acme::{ChallengeChange, Scope, Token};

/// What is to be done for one update: the one or the other, for both could not be made in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Challenge values go into the overlay.
    Values(Vec<ChallengeChange>),
    /// Records go into zone files.
    Records(Vec<Order>),
}

/// Records that one message may change. ACME clients send two.
const MOST_RECORDS: usize = 512;

/// Decides what an update comes to. The zone section and the prerequisites have been checked.
///
/// Of its records none may be malformed or out of the key's scope: then nothing of it is done.
///
/// # Errors
/// FORMERR, NOTZONE (RFC 2136 section 3.4.1.3); REFUSED out of scope.
pub fn plan(standing: &Standing<'_>, update: &Update, key: &Token) -> Result<Plan, Refused> {
    for entry in &update.updates {
        prescan(standing, entry)?;
    }
    if update.updates.len() > MOST_RECORDS {
        let why = format!("{} records in one update; at most {MOST_RECORDS} are taken", update.updates.len());
        return Err(Refused::new(Rcode::REFUSED, why));
    }
    let mut values = Vec::new();
    let mut records = Vec::new();
    for entry in &update.updates {
        match entry.rtype {
            Rtype::TXT => values.extend(value(entry, key)?),
            Rtype::ANY => whole_name(standing, entry, key, &mut values, &mut records)?,
            _ => {
                record(standing, entry, key)?;
                records.push(entry);
            }
        }
    }
    let orders = orders(standing, &records);
    match (values.is_empty(), orders.is_empty()) {
        (false, false) => {
            let why = "challenge values and other records in one update; send them in two";
            Err(Refused::new(Rcode::REFUSED, why))
        }
        (_, true) => Ok(Plan::Values(values)),
        (true, false) => Ok(Plan::Records(orders)),
    }
}

/// What no record may be (RFC 2136 section 3.4.1.2).
fn prescan(standing: &Standing<'_>, entry: &Entry) -> Result<(), Refused> {
    let Entry { owner, rtype, class, ttl, data } = entry;
    if !standing.holds(owner) {
        return Err(Refused::new(Rcode::NOTZONE, format!("{owner} is not in the zone {}", standing.origin)));
    }
    let meta = is_meta(*rtype);
    let right = match *class {
        number::IN => !meta && data.is_some(),
        number::ANY => *ttl == 0 && data.is_none() && (!meta || *rtype == Rtype::ANY),
        number::NONE => *ttl == 0 && data.is_some() && !meta,
        _ => false,
    };
    if right {
        return Ok(());
    }
    let why = format!("the record {owner} {} of class {class} cannot be in an update", present_rtype(*rtype));
    Err(Refused::new(Rcode::FORMERR, why))
}

/// What one TXT record does to challenge values; none when it would remove what cannot be there.
fn value(entry: &Entry, key: &Token) -> Result<Option<ChallengeChange>, Refused> {
    let owner = entry.owner.clone();
    within_scope(key, &owner, Rtype::TXT)?;
    let Some(data) = &entry.data else { return Ok(Some(ChallengeChange::RemoveAll { owner })) };
    // A challenge is one string (RFC 8555 section 8.4).
    let single = data.split_first().filter(|(length, rest)| usize::from(**length) == rest.len());
    match (single, entry.class) {
        (Some((_, value)), number::NONE) => Ok(Some(ChallengeChange::Remove { owner, value: value.to_vec() })),
        (None, number::NONE) => Ok(None),
        (Some((_, [])), _) => {
            Err(Refused::new(Rcode::REFUSED, format!("an empty TXT at {owner} is no challenge value")))
        }
        (Some((_, value)), _) => {
            let scope = Scope { horizons: key.horizons.clone() };
            Ok(Some(ChallengeChange::Add { owner, value: value.to_vec(), scope }))
        }
        (None, _) => {
            let why = format!("a TXT of several strings at {owner} is no challenge value");
            Err(Refused::new(Rcode::REFUSED, why))
        }
    }
}

/// All sets of a name are to go, those of the apex that a zone cannot be without excepted (RFC 2136 section 3.4.2.3). The
/// key must be allowed to write each that is there.
fn whole_name<'u>(
    standing: &Standing<'_>,
    entry: &'u Entry,
    key: &Token,
    values: &mut Vec<ChallengeChange>,
    records: &mut Vec<&'u Entry>,
) -> Result<(), Refused> {
    let owner = &entry.owner;
    if !key.types.iter().any(|rtype| key.may_write(owner, *rtype)) {
        return Err(out_of_scope(key, owner, Rtype::ANY));
    }
    let sets = standing.own().flat_map(|horizon| standing.written(horizon, owner));
    // TXT in a zone file is a person's: values of challenges are never there.
    for set in sets.filter(|set| set.rtype != Rtype::TXT && !is_kept(standing, owner, set.rtype)) {
        within_scope(key, owner, set.rtype)?;
    }
    let added = |change: &ChallengeChange| matches!(change, ChallengeChange::Add { owner: at, .. } if at == owner);
    if key.may_write(owner, Rtype::TXT) && (standing.has_values(owner) || values.iter().any(added)) {
        values.push(ChallengeChange::RemoveAll { owner: owner.clone() });
    }
    if key.types.iter().any(|rtype| *rtype != Rtype::TXT && key.may_write(owner, *rtype)) {
        records.push(entry);
    }
    Ok(())
}

/// A record that is no challenge value.
fn record(standing: &Standing<'_>, entry: &Entry, key: &Token) -> Result<(), Refused> {
    within_scope(key, &entry.owner, entry.rtype)?;
    let (owner, rtype) = (&entry.owner, present_rtype(entry.rtype));
    if entry.class == number::IN && is_kept(standing, owner, entry.rtype) {
        let why = format!("{owner} {rtype} is at the apex, where updates change neither SOA nor NS; use `zonectl`");
        return Err(Refused::new(Rcode::REFUSED, why));
    }
    if standing.own().next().is_none() {
        let why = format!("no horizon of the key has a zone file of its own for {owner}: the zone is inherited");
        return Err(Refused::new(Rcode::REFUSED, why));
    }
    Ok(())
}

/// SOA and NS of the apex belong to people and to the server.
pub(super) fn is_kept(standing: &Standing<'_>, owner: &Name, rtype: Rtype) -> bool {
    *owner == standing.origin && matches!(rtype, Rtype::SOA | Rtype::NS)
}

fn within_scope(key: &Token, owner: &Name, rtype: Rtype) -> Result<(), Refused> {
    if key.may_write(owner, rtype) { Ok(()) } else { Err(out_of_scope(key, owner, rtype)) }
}

fn out_of_scope(key: &Token, owner: &Name, rtype: Rtype) -> Refused {
    let list = |texts: Vec<String>| texts.join(", ");
    let names = list(key.names.iter().map(ToString::to_string).collect());
    let aliases = list(key.aliases.iter().map(|name| format!(", {name} itself")).collect());
    let types = list(key.types.iter().map(|rtype| present_rtype(*rtype).to_string()).collect());
    let why = format!(
        "{owner} {} is out of its scope: it may write {types} for the challenges of {names}{aliases}",
        present_rtype(rtype)
    );
    Refused::new(Rcode::REFUSED, why)
}
