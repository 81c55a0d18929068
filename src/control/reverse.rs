//! The reverse records that follow an edit: one name for each address, in the same horizon.

use super::Refusal;
use super::meant::reverse_name;
use super::standing::Sets;
use super::standing::Standing;
use super::standing::ZoneKey;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_name;
use crate::edit::Placed;
use crate::edit::RecordEdit;
use std::net::IpAddr;

/// Edits that make PTR records follow a change of a name's records from `before` to `after`.
///
/// An address that was `given` to it leads back to it, and to it alone; of one that it lost the record that led to it goes.
///
/// # Errors
/// `NO_REVERSE_ZONE`: the horizon has no zone file for an address that the name got.
pub(super) fn follow(
    standing: &Standing<'_>,
    zone: &ZoneKey,
    owner: &Name,
    before: &Sets,
    after: &Sets,
    given: &Sets,
) -> Result<Vec<Placed>, Refusal> {
    let (old, new) = (addresses(before), addresses(after));
    let target = owner.as_slice().to_vec();
    let mut edits = Vec::new();
    for address in old.iter().filter(|address| !new.contains(address)) {
        let pointer = reverse_name(*address)?;
        // Where there is no zone there is no record either.
        let Some(reverse) = standing.zone_of(&zone.horizon, &pointer) else { continue };
        let sets = standing.at(&reverse, &pointer);
        let there = sets.get(&Rtype::PTR.to_int()).into_iter().flatten();
        if let Some(data) = there.into_iter().find(|data| data.eq_ignore_ascii_case(&target)) {
            let edit = RecordEdit::Remove { owner: pointer, rtype: Some(Rtype::PTR), data: Some(data.clone()) };
            edits.push(placed(reverse, edit));
        }
    }
    for address in addresses(given) {
        let pointer = reverse_name(address)?;
        let reverse = standing
            .zone_of(&zone.horizon, &pointer)
            .ok_or_else(|| no_reverse_zone(&zone.horizon, address, &pointer))?;
        let there = standing.at(&reverse, &pointer).remove(&Rtype::PTR.to_int()).unwrap_or_default();
        if there.len() == 1 && there[0].eq_ignore_ascii_case(&target) {
            continue;
        }
        let edit = RecordEdit::Set { owner: pointer, rtype: Rtype::PTR, ttl: None, data: vec![target.clone()] };
        edits.push(placed(reverse, edit));
    }
    Ok(edits)
}

/// Edits that make every PTR record of the horizon that leads to `from` lead to `to`.
pub(super) fn lead_on(standing: &Standing<'_>, horizon: &str, from: &Name, to: &Name) -> Vec<Placed> {
    let mut edits = Vec::new();
    for (zone, owner) in standing.pointers(horizon, from) {
        let mut data = standing.at(&zone, &owner).remove(&Rtype::PTR.to_int()).unwrap_or_default();
        for one in &mut data {
            if one.eq_ignore_ascii_case(from.as_slice()) {
                *one = to.as_slice().to_vec();
            }
        }
        data.sort_unstable();
        data.dedup();
        edits.push(placed(zone, RecordEdit::Set { owner, rtype: Rtype::PTR, ttl: None, data }));
    }
    edits
}

fn placed(zone: ZoneKey, edit: RecordEdit) -> Placed {
    Placed { horizon: zone.horizon, origin: zone.origin, edit, expects: Vec::new() }
}

fn addresses(sets: &Sets) -> Vec<IpAddr> {
    let of = |rtype: Rtype| sets.get(&rtype.to_int()).into_iter().flatten();
    let v4 = of(Rtype::A).filter_map(|data| Some(IpAddr::from(<[u8; 4]>::try_from(data.as_slice()).ok()?)));
    let v6 = of(Rtype::AAAA).filter_map(|data| Some(IpAddr::from(<[u8; 16]>::try_from(data.as_slice()).ok()?)));
    v4.chain(v6).collect()
}

fn no_reverse_zone(horizon: &str, address: IpAddr, pointer: &Name) -> Refusal {
    let what = format!(
        "the horizon `{horizon}` has no reverse zone for {address} (its name there is {})",
        present_name(pointer.as_slice())
    );
    let zone = match pointer.parent() {
        Some(parent) if address.is_ipv4() => parent.to_string(),
        _ => pointer.iter_suffixes().nth(16).map_or_else(|| "ip6.arpa".to_owned(), |name| name.to_string()),
    };
    let remedy = format!(
        "leave out `--reverse`, or make the zone first: a file {horizon}/{zone}.zone with an SOA and an NS record"
    );
    Refusal::new("NO_REVERSE_ZONE", what, remedy)
}
