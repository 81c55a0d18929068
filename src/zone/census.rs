//! Which names a zone has and what stands at each: one hash table over the records, made once for all checks.

use super::records::Record;
use super::records::Records;
use crate::dns::Rtype;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hash::RandomState;

const NONE: u32 = u32::MAX;

/// The names of a zone, without regard to case, and their records.
pub(super) struct Census<'r> {
    records: Vec<Record<'r>>,
    /// The next record of the same name, by record.
    next: Vec<u32>,
    nodes: Vec<Node>,
    by_hash: HashMap<u64, u32>,
    hasher: RandomState,
}

/// What stands at one name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    first: u32,
    last: u32,
    /// The next node with the same hash.
    collided: u32,
    /// A set of [`kind`] bits.
    pub(super) kinds: u8,
}

pub(super) mod kind {
    pub(in crate::zone) const ADDRESS: u8 = 1;
    pub(in crate::zone) const CNAME: u8 = 2;
    pub(in crate::zone) const DNAME: u8 = 4;
    pub(in crate::zone) const NS: u8 = 8;
    pub(in crate::zone) const SOA: u8 = 16;
    /// What may stand beside a CNAME (RFC 4034 section 2.5, RFC 4035 section 2.5).
    pub(in crate::zone) const PROOF: u8 = 32;
    pub(in crate::zone) const OTHER: u8 = 64;
}

impl<'r> Census<'r> {
    /// Counts the names; about 0.2 microseconds a record.
    pub(super) fn take(records: &'r Records) -> Self {
        let records: Vec<_> = records.iter().collect();
        let mut census = Census {
            next: vec![NONE; records.len()],
            nodes: Vec::new(),
            by_hash: HashMap::with_capacity(records.len()),
            hasher: RandomState::new(),
            records,
        };
        let mut before: Option<(&[u8], u32)> = None;
        for index in 0..census.records.len() {
            let record = census.records[index];
            let node = match before {
                Some((owner, node)) if owner == record.owner => node,
                _ => census.node_for(record.owner),
            };
            census.add(node, index as u32, kind_of(record.rtype));
            before = Some((record.owner, node));
        }
        census
    }

    /// The node of a name, if it has records.
    pub(super) fn find(&self, name: &[u8]) -> Option<&Node> {
        let mut at = *self.by_hash.get(&self.hash(name))?;
        while let Some(node) = self.nodes.get(at as usize) {
            if self.owner(node).eq_ignore_ascii_case(name) {
                return Some(node);
            }
            at = node.collided;
        }
        None
    }

    /// The names in the order in which they first came.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The owner of the first record at a name.
    pub(super) fn owner(&self, node: &Node) -> &'r [u8] {
        self.records[node.first as usize].owner
    }

    /// The records at a name, in their order.
    pub(super) fn records(&self, node: &Node) -> impl Iterator<Item = &Record<'r>> {
        let mut at = node.first;
        std::iter::from_fn(move || {
            let record = self.records.get(at as usize)?;
            at = self.next[at as usize];
            Some(record)
        })
    }

    /// True when some name has one of these kinds.
    pub(super) fn any(&self, kinds: u8, except: &[u8]) -> bool {
        self.nodes.iter().any(|node| node.kinds & kinds != 0 && !self.owner(node).eq_ignore_ascii_case(except))
    }

    fn node_for(&mut self, owner: &[u8]) -> u32 {
        let hash = self.hash(owner);
        let first = self.by_hash.get(&hash).copied().unwrap_or(NONE);
        let mut at = first;
        while let Some(node) = self.nodes.get(at as usize) {
            if self.owner(node).eq_ignore_ascii_case(owner) {
                return at;
            }
            at = node.collided;
        }
        let new = self.nodes.len() as u32;
        self.by_hash.insert(hash, new);
        self.nodes.push(Node { first: NONE, last: NONE, collided: first, kinds: 0 });
        new
    }

    fn add(&mut self, node: u32, record: u32, kinds: u8) {
        let node = &mut self.nodes[node as usize];
        if node.first == NONE {
            node.first = record;
        } else {
            self.next[node.last as usize] = record;
        }
        node.last = record;
        node.kinds |= kinds;
    }

    fn hash(&self, name: &[u8]) -> u64 {
        let mut lower = [0u8; 255];
        let length = name.len().min(255);
        lower[..length].copy_from_slice(&name[..length]);
        lower[..length].make_ascii_lowercase();
        self.hasher.hash_one(&lower[..length])
    }
}

fn kind_of(rtype: Rtype) -> u8 {
    match rtype {
        Rtype::A | Rtype::AAAA => kind::ADDRESS,
        Rtype::CNAME => kind::CNAME,
        Rtype::DNAME => kind::DNAME,
        Rtype::NS => kind::NS,
        Rtype::SOA => kind::SOA,
        Rtype::RRSIG | Rtype::NSEC | Rtype::KEY => kind::PROOF,
        _ => kind::OTHER,
    }
}

/// The names above `name`, nearest first, down to `apex` and with it.
pub(super) fn ancestors<'n>(name: &'n [u8], apex: &[u8]) -> impl Iterator<Item = &'n [u8]> {
    let mut rest = name;
    let shortest = apex.len();
    std::iter::from_fn(move || {
        let length = usize::from(*rest.first()?);
        if length == 0 {
            return None;
        }
        rest = rest.get(1 + length..)?;
        (rest.len() >= shortest).then_some(rest)
    })
}
