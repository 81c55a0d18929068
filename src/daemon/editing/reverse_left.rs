//! Reverse records that a change leaves behind: they lead to a name that has the address no more.

use super::lint::{Touched, records_at};
use crate::control::{Published, reverse_name, source_of};
use crate::dns::{Name, Rtype, present_name, same_data};
use crate::finding::{Finding, Severity};
use crate::snapshot::Snapshot;
use std::net::IpAddr;

/// Warnings about an address that a name loses while the PTR record of the address, in the same horizon, still leads to it.
/// One that the generator wrote does not count: the inventory has the address still.
pub(super) fn reverse_left(serving: &Published, after: &Snapshot, set: &Touched<'_>) -> Vec<Finding> {
    let (Some(before), Some(view)) = (set.before, after.view(set.horizon)) else { return Vec::new() };
    let is_a_persons =
        |pointer: &Name, target: &[u8]| source_of(serving, set.horizon, pointer, Rtype::PTR, target).is_none();
    let is_there = |data: &[u8]| set.after.is_some_and(|after| after.data.iter().any(|new| new == data));
    let lost = before.data.iter().filter(|data| !is_there(data)).filter_map(|data| address(set.rtype, data));
    let leads_here = |address: &IpAddr| {
        let Ok(pointer) = reverse_name(*address) else { return false };
        let Some((false, sets)) = records_at(view, &pointer) else { return false };
        let mut targets = sets.iter().filter(|set| set.rtype == Rtype::PTR).flat_map(|set| &set.data);
        let here = targets.find(|target| same_data(Rtype::PTR, target, set.owner.as_slice()));
        here.is_some_and(|target| is_a_persons(&pointer, target))
    };
    lost.filter(leads_here).map(|address| finding(set, address)).collect()
}

fn address(rtype: Rtype, data: &[u8]) -> Option<IpAddr> {
    match rtype {
        Rtype::A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        Rtype::AAAA => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
        _ => None,
    }
}

fn finding(set: &Touched<'_>, address: IpAddr) -> Finding {
    let pointer = reverse_name(address).map_or_else(|_| address.to_string(), |name| present_name(name.as_slice()));
    let what = format!("{pointer} still leads to it, and {address} is its address no more");
    let remedy = "say `--reverse`, and the PTR record follows; or edit that record";
    Finding::new("REVERSE_LEFT", Severity::Warning, set.owner.to_string(), what, remedy)
}
