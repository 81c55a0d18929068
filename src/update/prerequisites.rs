//! What must hold before an update (RFC 2136 section 3.2): five forms.

use super::message::{Entry, number};
use super::refused::Refused;
use super::standing::Standing;
use crate::dns::{Name, Rcode, Rtype, same_data};
use crate::plugin::acme::Token;
use crate::zone::RrSet;

/// Checks the whole prerequisite section. With several horizons each must hold in every one.
///
/// A key learns nothing by it of names that it may not write.
///
/// # Errors
/// FORMERR, NOTZONE, NXDOMAIN, YXDOMAIN, NXRRSET, YXRRSET as RFC 2136 section 3.2.5 says; REFUSED out of the key's scope.
pub fn check_prerequisites(standing: &Standing<'_>, entries: &[Entry], key: &Token) -> Result<(), Refused> {
    let mut exact: Vec<(&Name, Rtype, Vec<&[u8]>)> = Vec::new();
    for entry in entries {
        let Entry { owner, rtype, class, ttl, data } = entry;
        if *ttl != 0 {
            return Err(Refused::new(Rcode::FORMERR, format!("a prerequisite about {owner} has a TTL")));
        }
        if !standing.holds(owner) {
            return Err(Refused::new(Rcode::NOTZONE, format!("{owner} is not in the zone {}", standing.origin)));
        }
        if !key.types.iter().any(|rtype| key.may_write(owner, *rtype)) {
            return Err(Refused::new(
                Rcode::REFUSED,
                format!("a prerequisite about {owner}, which the key may not write"),
            ));
        }
        match (*class, data) {
            (number::ANY | number::NONE, Some(_)) => {
                return Err(Refused::new(
                    Rcode::FORMERR,
                    format!("a prerequisite about {owner} has data it cannot have"),
                ));
            }
            (number::ANY, None) => present(standing, owner, *rtype)?,
            (number::NONE, None) => absent(standing, owner, *rtype)?,
            (number::IN, Some(data)) => {
                match exact.iter_mut().find(|(name, known, _)| *name == owner && known == rtype) {
                    Some((_, _, all)) => all.push(data),
                    None => exact.push((owner, *rtype, vec![data])),
                }
            }
            _ => return Err(Refused::new(Rcode::FORMERR, format!("a prerequisite about {owner} is of class {class}"))),
        }
    }
    for (owner, rtype, wanted) in exact {
        for horizon in standing.horizons() {
            if !equal(&standing.seen(horizon, owner), rtype, &wanted) {
                let why = format!("{owner} {rtype} in {horizon} is not what the client relies upon");
                return Err(Refused::new(Rcode::NXRRSET, why));
            }
        }
    }
    Ok(())
}

/// A name, or a set of it, must be there (sections 2.4.1 and 2.4.4).
fn present(standing: &Standing<'_>, owner: &Name, rtype: Rtype) -> Result<(), Refused> {
    for horizon in standing.horizons() {
        let sets = standing.seen(horizon, owner);
        if rtype == Rtype::ANY && sets.is_empty() {
            return Err(Refused::new(Rcode::NXDOMAIN, format!("{owner} is not in use in {horizon}")));
        }
        if rtype != Rtype::ANY && !sets.iter().any(|set| set.rtype == rtype) {
            return Err(Refused::new(Rcode::NXRRSET, format!("{owner} has no {rtype} in {horizon}")));
        }
    }
    Ok(())
}

/// A name, or a set of it, must not be there (sections 2.4.3 and 2.4.5).
fn absent(standing: &Standing<'_>, owner: &Name, rtype: Rtype) -> Result<(), Refused> {
    for horizon in standing.horizons() {
        let sets = standing.seen(horizon, owner);
        if rtype == Rtype::ANY && !sets.is_empty() {
            return Err(Refused::new(Rcode::YXDOMAIN, format!("{owner} is in use in {horizon}")));
        }
        if sets.iter().any(|set| set.rtype == rtype) {
            return Err(Refused::new(Rcode::YXRRSET, format!("{owner} has {rtype} in {horizon}")));
        }
    }
    Ok(())
}

/// The set must be these records and no others (section 2.4.2).
fn equal(sets: &[RrSet], rtype: Rtype, wanted: &[&[u8]]) -> bool {
    let there = sets.iter().find(|set| set.rtype == rtype).map_or(&[][..], |set| &set.data);
    let in_wanted = |data: &Vec<u8>| wanted.iter().any(|one| same_data(rtype, one, data));
    let in_there = |data: &&[u8]| there.iter().any(|one| same_data(rtype, one, data));
    there.iter().all(in_wanted) && wanted.iter().all(in_there)
}
