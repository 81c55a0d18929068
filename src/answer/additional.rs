//! The additional section: glue for referrals, addresses for the targets of NS, MX and SRV records.

use super::name::{SearchName, hash_name};
use super::near::Target;
use super::node::{Node, RrSet, StoredData, flag, rtype};
use super::reply::{Owner, Reply, Section, target_offset};
use super::table::Located;
use super::zone::Zone;
use super::zones::Zones;
use crate::dns::is_at_or_below;

/// Where a name stands that the reply does not hold: beyond what a pointer reaches, so that it is written whole.
const NOWHERE: usize = 1 << 16;

/// Adds the addresses of a referral's name servers that this zone knows, glue first.
///
/// Glue for servers at or below the cut must fit, or TC is set (RFC 9471 section 3.1); other addresses are added while
/// there is room.
pub(crate) fn push_glue(zone: &Zone, cut: &[u8], servers: RrSet<'_>, reply: &mut Reply<'_>) {
    // A bit for each target that is outside the cut, of those that the reply has noted.
    let mut outside = 0u32;
    for (index, server) in servers.records().enumerate() {
        let position = reply.target(index);
        if is_at_or_below(server.data, cut) {
            // The names of servers beyond those are written whole.
            if !push_server(zone, server, position.unwrap_or(NOWHERE), reply) {
                reply.set_truncated();
                return;
            }
        } else if position.is_some() {
            outside |= 1 << index;
        }
    }
    if outside == 0 {
        return;
    }
    for (index, server) in servers.records().enumerate() {
        let Some(position) = reply.target(index) else { break };
        if outside >> index & 1 == 1 && is_at_or_below(server.data, zone.origin_wire()) {
            push_server(zone, server, position, reply);
        }
    }
}

/// Adds the addresses of a name server in the zone, whose name stands at `position`; false when one of them did not fit.
fn push_server(zone: &Zone, server: StoredData<'_>, position: usize, reply: &mut Reply<'_>) -> bool {
    if let Some(near) = Target::of(server, 0, position).find(zone) {
        return near.node.is_none_or(|node| push_node(node, Owner { position, wire: near.wire }, reply));
    }
    let mut name = SearchName::blank();
    name.read(server.data, position).is_err() || push_known(zone, &name, reply)
}

/// Adds the addresses of the targets in the answer, the RRset of the zone at `located`, that this horizon's zones hold,
/// while there is room (RFC 1034 section 4.3.2 step 6).
pub(crate) fn push_addresses(zones: &Zones, located: &Located<'_>, rrset: RrSet<'_>, reply: &mut Reply<'_>) {
    let Some(offset) = target_offset(rrset.rtype) else { return };
    let mut done = [0u64; Reply::TARGETS];
    for (index, record) in rrset.records().enumerate() {
        let Some(position) = reply.target(index) else { break };
        let target = Target::of(record, offset, position);
        let near = if located.alone { target.find(located.zone) } else { None };
        let hash = match near {
            // Several records may lead to one target.
            Some(near) if done[..index].contains(&near.hash) => continue,
            Some(near) => {
                push_open(near.node, Owner { position: target.position, wire: near.wire }, reply);
                near.hash
            }
            None => match push_far(zones, target.position, &done[..index], reply) {
                Some(hash) => hash,
                None => continue,
            },
        };
        done[index] = hash;
    }
}

/// Adds the addresses of the name at `position` of the reply, in whichever zone it lies. Returns its hash; none when it is
/// `done` already, or in no zone.
fn push_far(zones: &Zones, position: usize, done: &[u64], reply: &mut Reply<'_>) -> Option<u64> {
    let mut name = SearchName::blank();
    name.read_message(reply.octets(), position).ok()?;
    let located = zones.locate(&name, false).filter(|located| !done.contains(&located.hash))?;
    push_open(located.find(&name), Owner { position: name.position(name.labels()), wire: name.wire() }, reply);
    Some(located.hash)
}

/// Adds the addresses of a node unless they belong to a zone below.
fn push_open(node: Option<Node<'_>>, owner: Owner<'_>, reply: &mut Reply<'_>) {
    if let Some(node) = node.filter(|node| !node.has(flag::OCCLUDED | flag::CUT)) {
        push_node(node, owner, reply);
    }
}

/// Adds the addresses of a name that lies in the zone; false when one of them did not fit.
fn push_known(zone: &Zone, name: &SearchName, reply: &mut Reply<'_>) -> bool {
    let node = zone.find(hash_name(name), zone.relative(name, name.labels()));
    let owner = Owner { position: name.position(name.labels()), wire: name.wire() };
    node.is_none_or(|node| push_node(node, owner, reply))
}

/// Adds A and AAAA of a node; false when one of them did not fit.
fn push_node(node: Node<'_>, owner: Owner<'_>, reply: &mut Reply<'_>) -> bool {
    node.rrsets()
        .filter(|rrset| matches!(rrset.rtype, rtype::A | rtype::AAAA))
        .all(|rrset| reply.push(Section::Additional, owner, rrset, rrset.ttl, None).is_some())
}
