//! The additional section: glue for referrals, addresses for the targets of NS, MX and SRV records.

use super::name::{SearchName, hash_name};
use super::node::{Node, RrSet, flag, rtype};
use super::reply::{Owner, Reply, Section};
use super::zone::Zone;
use super::zones::Zones;

/// Where a name stands that the reply does not hold: beyond what a pointer reaches, so that it is written whole.
const NOWHERE: usize = 1 << 16;

/// Adds the addresses of a referral's name servers that this zone knows, glue first. The cut has so many `labels`.
///
/// Glue for servers at or below the cut must fit, or TC is set (RFC 9471 section 3.1); other addresses are added while
/// there is room.
pub(crate) fn push_glue(zone: &Zone, cut: &[u8], labels: usize, servers: RrSet<'_>, reply: &mut Reply<'_>) {
    let (targets, count) = reply.targets();
    let mut name = SearchName::blank();
    // A bit for each target that is outside the cut: `Reply` notes at most 32.
    let mut outside = 0u32;
    for (index, position) in targets[..count].iter().enumerate() {
        if name.read_message(reply.octets(), usize::from(*position)).is_err() {
            continue;
        }
        if !name.is_at_or_below(cut, labels) {
            outside |= 1 << index;
        } else if !push_known(zone, &name, reply) {
            reply.set_truncated();
            return;
        }
    }
    // Servers beyond those that the reply has noted are read from the zone, and their names written whole.
    for server in servers.records().skip(count) {
        let here = name.read(server.data, NOWHERE).is_ok() && name.is_at_or_below(cut, labels);
        if here && !push_known(zone, &name, reply) {
            reply.set_truncated();
            return;
        }
    }
    for (index, position) in targets[..count].iter().enumerate() {
        let here = outside >> index & 1 == 1 && name.read_message(reply.octets(), usize::from(*position)).is_ok();
        if here && name.is_at_or_below(zone.origin_wire(), zone.origin_labels()) {
            push_known(zone, &name, reply);
        }
    }
}

/// Adds the addresses of the targets in the answer that this horizon's zones hold, while there is room
/// (RFC 1034 section 4.3.2 step 6).
pub(crate) fn push_addresses(zones: &Zones, reply: &mut Reply<'_>) {
    let (targets, count) = reply.targets();
    if count == 0 {
        return;
    }
    let mut name = SearchName::blank();
    let mut done = [0u64; 32];
    for (index, position) in targets[..count].iter().enumerate() {
        if name.read_message(reply.octets(), usize::from(*position)).is_err() {
            continue;
        }
        let Some(located) = zones.locate(&name, false) else { continue };
        // Several records may lead to one target.
        if done[..index].contains(&located.hash) {
            continue;
        }
        done[index] = located.hash;
        let zone = located.zone;
        let node = zone.find(located.hash, zone.relative(&name, name.labels()));
        if let Some(node) = node.filter(|node| !node.has(flag::OCCLUDED | flag::CUT)) {
            push_node(node, &name, reply);
        }
    }
}

/// Adds the addresses of a name that lies in the zone; false when one of them did not fit.
fn push_known(zone: &Zone, name: &SearchName, reply: &mut Reply<'_>) -> bool {
    let node = zone.find(hash_name(name), zone.relative(name, name.labels()));
    node.is_none_or(|node| push_node(node, name, reply))
}

/// Adds A and AAAA of a node; false when one of them did not fit.
fn push_node(node: Node<'_>, name: &SearchName, reply: &mut Reply<'_>) -> bool {
    let owner = Owner { position: name.position(name.labels()), wire: name.wire() };
    [rtype::A, rtype::AAAA]
        .into_iter()
        .filter_map(|address| node.rrset(address))
        .all(|rrset| reply.push(Section::Additional, owner, rrset, rrset.ttl, None).is_some())
}
