//! One name of a compiled zone as octets: `relative length, flags, RRset count, relative name, RRsets`.
//!
//! Integers are little-endian. An RRset is `type u16, records u16, TTL u32, octets u32`, then its records; a record is
//! `length u16`, for types with compressible names one or two tails, then its data. A tail says how many octets of a name
//! stand before the zone's origin, or [`NO_TAIL`]: the engine then writes a pointer to the origin instead of the rest.
//! A node that others stand below ends with `names one label below u32`, which only a change of the zone reads.

/// What is true of a node beside its records.
pub(crate) mod flag {
    /// NS records below the apex: a zone cut.
    pub(crate) const CUT: u8 = 1;
    /// Holds a DNAME.
    pub(crate) const DNAME: u8 = 2;
    /// Lies below a zone cut or a DNAME: not authoritative data.
    pub(crate) const OCCLUDED: u8 = 4;
    /// A child `*` exists.
    pub(crate) const WILDCARD: u8 = 8;
    /// Holds a CNAME.
    pub(crate) const CNAME: u8 = 16;
    /// Taken from the horizon that this one inherits from.
    pub(crate) const INHERITED: u8 = 32;
    /// Names exist one label below it, and the node says how many.
    pub(crate) const PARENT: u8 = 64;
}

/// No compression against the origin.
pub(crate) const NO_TAIL: u8 = 255;

/// A node begins on a multiple of so many octets.
pub(crate) const ALIGN: usize = 4;

/// How many names stand below a node when nobody can tell: two such nodes share a hash.
pub(crate) const MANY: u32 = u32::MAX;

/// Octets of a node before its relative name.
pub(crate) const NODE_HEADER: usize = 4;

/// Octets of a node with a short name and one address: half of the nodes of this size lie in two lines of memory.
const SMALL: usize = 32;

/// Octets of an RRset before its records.
const RRSET_HEADER: usize = 12;

/// A node, borrowed from its shard; the slice may run on behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    octets: &'a [u8],
}

impl<'a> Node<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Node { octets }
    }

    /// How many octets there are from its first one to the end of its shard.
    pub(crate) fn reach(self) -> usize {
        self.octets.len()
    }

    /// The owner without the origin, lower-cased wire labels without a root.
    pub(crate) fn relative(self) -> &'a [u8] {
        &self.octets[NODE_HEADER..NODE_HEADER + usize::from(self.octets[0])]
    }

    pub(crate) fn has(self, flags: u8) -> bool {
        self.octets[1] & flags != 0
    }

    /// An octet in each of the lines of memory that it may lie in, if it is small; nothing is read for it.
    pub(crate) fn reached(self) -> impl Iterator<Item = &'a u8> {
        [0, SMALL - 1].into_iter().filter_map(move |at| self.octets.get(at))
    }

    pub(crate) fn flags(self) -> u8 {
        self.octets[1]
    }

    /// How many names exist one label below it.
    pub(crate) fn children(self) -> u32 {
        let count = self.has(flag::PARENT).then(|| self.octets[self.end()..].first_chunk().copied()).flatten();
        count.map_or(0, u32::from_le_bytes)
    }

    /// How many records it holds.
    pub(crate) fn record_count(self) -> usize {
        self.rrsets().map(|rrset| usize::from(rrset.count)).sum()
    }

    /// Octets that it takes in its shard.
    pub(crate) fn size(self) -> usize {
        (self.end() + if self.has(flag::PARENT) { 4 } else { 0 }).next_multiple_of(ALIGN)
    }

    fn end(self) -> usize {
        let rrsets: usize = self.rrsets().map(|rrset| RRSET_HEADER + rrset.octets.len()).sum();
        NODE_HEADER + usize::from(self.octets[0]) + rrsets
    }

    /// How many RRsets there are; none at an empty non-terminal.
    fn rrset_count(self) -> usize {
        usize::from(u16::from_le_bytes([self.octets[2], self.octets[3]]))
    }

    /// Its RRsets, by ascending type.
    pub(crate) fn rrsets(self) -> impl Iterator<Item = RrSet<'a>> {
        let mut rest = &self.octets[NODE_HEADER + usize::from(self.octets[0])..];
        (0..self.rrset_count()).map_while(move |_| {
            let (rrset, after) = RrSet::read(rest)?;
            rest = after;
            Some(rrset)
        })
    }

    /// The RRset of a type.
    pub(crate) fn rrset(self, rtype: u16) -> Option<RrSet<'a>> {
        self.rrsets().find(|rrset| rrset.rtype == rtype)
    }
}

/// All records of one name and type (RFC 9499), borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RrSet<'a> {
    pub(crate) rtype: u16,
    /// Seconds.
    pub(crate) ttl: u32,
    pub(crate) count: u16,
    octets: &'a [u8],
}

impl<'a> RrSet<'a> {
    fn read(octets: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let header = octets.first_chunk::<RRSET_HEADER>()?;
        let [t0, t1, n0, n1, a, b, c, d, l0, l1, l2, l3] = *header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let rrset = RrSet {
            rtype: u16::from_le_bytes([t0, t1]),
            count: u16::from_le_bytes([n0, n1]),
            ttl: u32::from_le_bytes([a, b, c, d]),
            octets: octets.get(RRSET_HEADER..RRSET_HEADER + length)?,
        };
        Some((rrset, &octets[RRSET_HEADER + length..]))
    }

    /// Its records.
    pub(crate) fn records(self) -> impl Iterator<Item = StoredData<'a>> {
        let mut rest = self.octets;
        let tails = tail_count(self.rtype);
        std::iter::from_fn(move || {
            let [low, high] = *rest.first_chunk::<2>()?;
            let length = usize::from(u16::from_le_bytes([low, high]));
            let end = 2 + tails + length;
            let record = StoredData { tails: rest.get(2..2 + tails)?, data: rest.get(2 + tails..end)? };
            rest = &rest[end..];
            Some(record)
        })
    }
}

/// One record's data with what is known of the names in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredData<'a> {
    /// One octet for each compressible name.
    pub(crate) tails: &'a [u8],
    /// Uncompressed wire format.
    pub(crate) data: &'a [u8],
}

/// How many names of this type's data may be compressed (RFC 3597 section 4: only types of RFC 1035).
pub(crate) fn tail_count(rtype: u16) -> usize {
    match rtype {
        rtype::NS | rtype::CNAME | rtype::PTR | rtype::MX => 1,
        rtype::SOA => 2,
        _ => 0,
    }
}

/// Type numbers that the engine treats in a way of their own.
pub(crate) mod rtype {
    pub(crate) const A: u16 = 1;
    pub(crate) const NS: u16 = 2;
    pub(crate) const CNAME: u16 = 5;
    pub(crate) const SOA: u16 = 6;
    pub(crate) const PTR: u16 = 12;
    pub(crate) const MX: u16 = 15;
    pub(crate) const TXT: u16 = 16;
    /// May stand beside a CNAME (RFC 4035 section 2.5).
    pub(crate) const KEY: u16 = 25;
    pub(crate) const AAAA: u16 = 28;
    pub(crate) const SRV: u16 = 33;
    pub(crate) const DNAME: u16 = 39;
    pub(crate) const DS: u16 = 43;
    pub(crate) const RRSIG: u16 = 46;
    pub(crate) const NSEC: u16 = 47;
    pub(crate) const ANY: u16 = 255;
}

/// Writes one node behind the octets that are there.
pub(crate) struct NodeWriter<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

impl<'o> NodeWriter<'o> {
    /// Begins a node; `relative` is its owner without the origin, in any case.
    pub(crate) fn start(out: &'o mut Vec<u8>, relative: &[u8], flags: u8) -> Self {
        let start = out.len();
        out.extend([relative.len() as u8, flags, 0, 0]);
        out.extend_from_slice(relative);
        out[start + NODE_HEADER..].make_ascii_lowercase();
        NodeWriter { out, start }
    }

    /// Begins a node with what another one holds up to its last RRset.
    pub(crate) fn copy(out: &'o mut Vec<u8>, node: Node<'_>) -> Self {
        let start = out.len();
        out.extend_from_slice(&node.octets[..node.end()]);
        out[start + 1] &= !flag::PARENT;
        NodeWriter { out, start }
    }

    /// Adds an RRset of a type greater than those before; together its records are shorter than 65,536 octets.
    pub(crate) fn rrset<'d>(&mut self, rtype: u16, ttl: u32, data: impl Iterator<Item = &'d [u8]>, origin: &[u8]) {
        let out = &mut *self.out;
        let header = out.len();
        out.extend([0; RRSET_HEADER]);
        let mut count: u16 = 0;
        for data in data {
            out.extend((data.len() as u16).to_le_bytes());
            push_tails(out, rtype, data, origin);
            out.extend_from_slice(data);
            count += 1;
        }
        let length = (out.len() - header - RRSET_HEADER) as u32;
        let fields = [&rtype.to_le_bytes()[..], &count.to_le_bytes(), &ttl.to_le_bytes(), &length.to_le_bytes()];
        let mut at = header;
        for field in fields {
            out[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        }
        let sets = u16::from_le_bytes([out[self.start + 2], out[self.start + 3]]) + 1;
        out[self.start + 2..self.start + 4].copy_from_slice(&sets.to_le_bytes());
    }

    /// Ends the node, which so many names stand one label below, on a boundary of [`ALIGN`] octets. Returns where the
    /// number of these names ends.
    pub(crate) fn finish(self, children: u32) -> usize {
        if children > 0 {
            self.out[self.start + 1] |= flag::PARENT;
            self.out.extend(children.to_le_bytes());
        }
        let end = self.out.len();
        self.out.resize(end.next_multiple_of(ALIGN), 0);
        end
    }
}

fn push_tails(out: &mut Vec<u8>, rtype: u16, data: &[u8], origin: &[u8]) {
    let mut at = if rtype == rtype::MX { 2 } else { 0 };
    for _ in 0..tail_count(rtype) {
        let length = crate::dns::wire_len(data.get(at..).unwrap_or_default()).unwrap_or(0);
        out.push(tail(&data[at.min(data.len())..][..length], origin));
        at += length;
    }
}

/// How many octets of `name` stand before `origin`, when a pointer to the origin is shorter than the origin.
fn tail(name: &[u8], origin: &[u8]) -> u8 {
    if origin.len() <= 2 || name.len() < origin.len() {
        return NO_TAIL;
    }
    let cut = name.len() - origin.len();
    let mut at = 0;
    while at < cut {
        at += 1 + usize::from(name[at]);
    }
    if at == cut && name[cut..].eq_ignore_ascii_case(origin) { cut as u8 } else { NO_TAIL }
}
