//! Records that an update adds and deletes become orders as `zonectl` has them (RFC 2136 section 3.4.2).

use super::message::Entry;
use super::message::number;
use super::plan::is_kept;
use super::standing::Standing;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::dns::same_data;
use crate::edit::Order;
use crate::edit::Place;
use crate::zone::RrSet;
use std::fmt::Write;

/// The orders that make the same of each own zone file as the records do, one after the other; none when nothing changes.
pub(super) fn orders(standing: &Standing<'_>, entries: &[&Entry]) -> Vec<Order> {
    let mut orders = Vec::new();
    for horizon in standing.own() {
        let mut owners: Vec<Touched<'_>> = Vec::new();
        for entry in entries {
            let at = owners.iter().position(|touched| *touched.owner == entry.owner).unwrap_or_else(|| {
                let before = standing.written(horizon, &entry.owner);
                owners.push(Touched { owner: &entry.owner, after: before.clone(), before });
                owners.len() - 1
            });
            apply(standing, entry, &mut owners[at].after);
        }
        for touched in &owners {
            differences(horizon, touched, &mut orders);
        }
    }
    orders
}

struct Touched<'e> {
    owner: &'e Name,
    before: Vec<RrSet>,
    after: Vec<RrSet>,
}

/// One record's effect on the sets of its owner.
fn apply(standing: &Standing<'_>, entry: &Entry, sets: &mut Vec<RrSet>) {
    let Entry { owner, rtype, class, ttl, data } = entry;
    let kept = |rtype: Rtype| is_kept(standing, owner, rtype);
    match (*class, data) {
        (number::IN, Some(data)) => add(sets, *rtype, *ttl, data),
        (number::NONE, Some(data)) if !kept(*rtype) => {
            for set in sets.iter_mut().filter(|set| set.rtype == *rtype) {
                set.data.retain(|old| !same_data(*rtype, old, data));
            }
        }
        // TXT in a zone file is a person's.
        (number::ANY, _) if *rtype == Rtype::ANY => sets.retain(|set| kept(set.rtype) || set.rtype == Rtype::TXT),
        (number::ANY, _) => sets.retain(|set| set.rtype != *rtype || kept(set.rtype)),
        _ => {}
    }
    sets.retain(|set| !set.data.is_empty());
}

/// An alias beside other records, and others beside an alias, are passed over in silence (section 3.4.2.2).
fn add(sets: &mut Vec<RrSet>, rtype: Rtype, ttl: u32, data: &[u8]) {
    let clash = |set: &RrSet| (set.rtype == Rtype::CNAME) != (rtype == Rtype::CNAME);
    if sets.iter().any(clash) {
        return;
    }
    let Some(set) = sets.iter_mut().find(|set| set.rtype == rtype) else {
        return sets.push(RrSet { rtype, ttl, data: vec![data.to_vec()] });
    };
    // All records of a set have one TTL (RFC 2181 section 5.2).
    set.ttl = ttl;
    if rtype == Rtype::CNAME {
        set.data = vec![data.to_vec()];
    } else if !set.data.iter().any(|old| same_data(rtype, old, data)) {
        set.data.push(data.to_vec());
    }
}

fn differences(horizon: &str, touched: &Touched<'_>, orders: &mut Vec<Order>) {
    let Touched { owner, before, after } = touched;
    let name = present_name(owner.as_slice());
    let place = || Place::Horizon(horizon.to_owned());
    for gone in before.iter().filter(|set| !after.iter().any(|other| other.rtype == set.rtype)) {
        orders.push(Order::Remove {
            name: name.clone(),
            rtype: Some(present_rtype(gone.rtype).to_string()),
            data: Vec::new(),
            all: true,
            place: place(),
            condition: Vec::new(),
            reverse: false,
        });
    }
    for set in after.iter().filter(|set| !before.contains(set)) {
        let rtype = present_rtype(set.rtype).to_string();
        for (index, data) in set.data.iter().enumerate() {
            let (name, rtype, data, ttl) = (name.clone(), rtype.clone(), generic(data), Some(set.ttl));
            let (place, condition, reverse) = (place(), Vec::new(), false);
            orders.push(match index {
                0 => Order::Set { name, rtype, data, ttl, place, condition, reverse },
                _ => Order::Add { name, rtype, data, ttl, place, condition, reverse },
            });
        }
    }
}

/// Data in the form that every type has (RFC 3597 section 5).
fn generic(data: &[u8]) -> Vec<String> {
    let mut hex = String::with_capacity(2 * data.len());
    for octet in data {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{octet:02x}");
    }
    let mut words = vec!["\\#".to_owned(), data.len().to_string()];
    words.extend((!hex.is_empty()).then_some(hex));
    words
}
