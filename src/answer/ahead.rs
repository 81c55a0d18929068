//! What an answer reads beyond its own name, found before it is written: the targets of aliases, mail exchangers and name
//! servers, and the cut or wildcard above a name that is not there.
//!
//! Each of them is a slot and a node that may be far away in memory, and an alias is known only when the one before it was
//! read. So a batch goes this way together, step by step: look at what was reached, reach for the next slots, reach for the
//! next nodes. Names are not compared here, only what their hash leads to: a mistake reaches for something in vain.

use super::name::{SearchName, wildcard_hash};
use super::near::Target;
use super::node::{Node, flag, rtype};
use super::reply::target_offset;
use super::zone::Zone;

/// Where one look-up has got to.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    stage: Stage,
    /// Hashes of the names to be reached.
    places: [u64; MOST],
    count: usize,
}

/// Names that are reached for at once: of more targets the first ones.
const MOST: usize = 2;

/// What was reached last.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The name itself.
    Name,
    /// A name above it with so many labels; and the hash of the wildcard that stands for it when there is none below.
    Above { labels: usize, wildcard: Option<u64> },
    /// A wildcard, or the target of an alias.
    Alias,
    /// All that is worth it.
    End,
}

impl Ahead {
    pub(super) const fn blank() -> Self {
        Ahead { stage: Stage::End, places: [0; MOST], count: 0 }
    }

    /// A name is going to be reached.
    pub(super) fn start(&mut self) {
        (self.stage, self.count) = (Stage::Name, 0);
    }

    /// Nothing beyond the name is to be reached.
    pub(super) fn end(&mut self) {
        (self.stage, self.count) = (Stage::End, 0);
    }

    /// Looks at what was reached, for a question for `name`, which most likely has this node, and a type. True when there is
    /// more to reach for.
    pub(super) fn look(&mut self, zone: &Zone, name: &SearchName, node: Option<Node<'_>>, rtype: u16) -> bool {
        self.count = 0;
        match std::mem::replace(&mut self.stage, Stage::End) {
            Stage::Name => match node {
                Some(node) => self.targets(zone, node, rtype),
                None => self.step_down(zone, name, zone.origin_labels(), zone.origin_hash(), None),
            },
            Stage::Above { labels, wildcard } => {
                let hash = self.places[0];
                match zone.likely(hash) {
                    Some(node) if node.has(flag::CUT) => self.targets(zone, node, rtype),
                    Some(node) => {
                        let wildcard = node.has(flag::WILDCARD).then(|| wildcard_hash(hash));
                        self.step_down(zone, name, labels, hash, wildcard);
                    }
                    None => self.alias(wildcard),
                }
            }
            Stage::Alias => {
                if let Some(node) = zone.likely(self.places[0]) {
                    self.targets(zone, node, rtype);
                }
            }
            Stage::End => {}
        }
        self.count > 0
    }

    /// The slots of what is to be reached; nothing is read for it.
    pub(super) fn slots<'z>(&self, zone: &'z Zone) -> impl Iterator<Item = &'z u8> {
        self.places[..self.count].iter().map(|hash| zone.first_slot(*hash))
    }

    /// The nodes of what is to be reached; only the slots are read for it.
    pub(super) fn nodes<'z>(&self, zone: &'z Zone) -> impl Iterator<Item = &'z u8> {
        self.places[..self.count].iter().filter_map(|hash| zone.likely(*hash)).flat_map(Node::reached)
    }

    /// Goes on with the name of one label more than so many, down towards a name that is not there.
    fn step_down(&mut self, zone: &Zone, name: &SearchName, labels: usize, hash: u64, wildcard: Option<u64>) {
        if labels + 1 < name.labels() {
            self.stage = Stage::Above { labels: labels + 1, wildcard };
            self.add(name.extend_hash(hash, labels + 1));
        } else {
            self.alias(wildcard);
        }
        debug_assert!(labels >= zone.origin_labels(), "the walk begins at the apex");
    }

    fn alias(&mut self, hash: Option<u64>) {
        if let Some(hash) = hash {
            self.stage = Stage::Alias;
            self.add(hash);
        }
    }

    /// Goes on with what the records lead to that a node answers a question of this type with.
    fn targets(&mut self, zone: &Zone, node: Node<'_>, rtype: u16) {
        let leading = if node.has(flag::CNAME) && rtype != rtype::CNAME {
            self.stage = Stage::Alias;
            rtype::CNAME
        } else if node.has(flag::CUT) {
            rtype::NS
        } else if target_offset(rtype).is_some() {
            rtype
        } else {
            return;
        };
        let offset = target_offset(leading).unwrap_or(0);
        for record in node.rrset(leading).into_iter().flat_map(|rrset| rrset.records()).take(MOST) {
            if let Some(hash) = Target::of(record, offset, 0).hash(zone) {
                self.add(hash);
            }
        }
    }

    fn add(&mut self, hash: u64) {
        if let Some(free) = self.places.get_mut(self.count) {
            *free = hash;
            self.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::name::hash_name;
    use super::super::{Layer, compile};
    use super::*;
    use crate::dns::parse_name;
    use crate::zone::parse_zone;
    use std::path::Path;

    const ZONE: &str = "$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nc CNAME C1\nc1 CNAME c2\nc2 A 192.0.2.2\n\
                        m MX 10 c2\nm MX 20 ns1\nm MX 30 away.example.\nsub NS ns.sub\nns.sub A 192.0.2.3\n*.w CNAME c2\n\
                        a.b A 192.0.2.4\nout CNAME www.example.com.\nround CNAME round\n";

    fn wire(name: &str) -> Vec<u8> {
        parse_name(&format!("{name}.bench.example")).unwrap().as_slice().to_vec()
    }

    /// Each step reaches for the names that the answer reads next, and for nothing when it reads nothing more.
    #[test]
    fn what_an_answer_reads_is_reached_before() {
        let origin = parse_name("bench.example").unwrap();
        let records = parse_zone(ZONE.as_bytes(), Path::new("zone"), &origin).unwrap().records;
        let zone = compile(&origin, &[Layer { records: &records, apex: true }], &[]).unwrap();
        type Case<'a> = (&'a str, u16, &'a [&'a [&'a str]]);
        let table: [Case<'_>; 14] = [
            ("c2", rtype::A, &[]),
            ("c2", rtype::AAAA, &[]),
            ("c", rtype::A, &[&["c1"], &["c2"]]),
            ("c", rtype::CNAME, &[]),
            ("m", rtype::MX, &[&["c2", "ns1"]]),
            ("m", rtype::A, &[]),
            ("sub", rtype::A, &[&["ns.sub"]]),
            ("www.sub", rtype::A, &[&["sub"], &["ns.sub"]]),
            ("x.y.sub", rtype::MX, &[&["sub"], &["ns.sub"]]),
            ("any.w", rtype::A, &[&["w"], &["*.w"], &["c2"]]),
            ("x.y.w", rtype::A, &[&["w"], &["y.w"], &["*.w"], &["c2"]]),
            ("x.b", rtype::A, &[&["b"]]),
            ("none", rtype::A, &[]),
            ("out", rtype::A, &[]),
        ];
        for (name, rtype, expected) in table {
            let sought = SearchName::new(&wire(name), 0).unwrap();
            let mut ahead = Ahead::blank();
            ahead.start();
            let mut steps = Vec::new();
            let node = zone.likely(hash_name(&sought));
            while ahead.look(&zone, &sought, node, rtype) {
                steps.push(ahead.places[..ahead.count].to_vec());
                assert_eq!(ahead.slots(&zone).count(), ahead.count, "each has its slot");
            }
            let hashes = |names: &&[&str]| -> Vec<u64> {
                names.iter().map(|name| hash_name(&SearchName::new(&wire(name), 0).unwrap())).collect()
            };
            assert_eq!(steps, expected.iter().map(hashes).collect::<Vec<_>>(), "{name} {rtype}");
            assert!(!ahead.look(&zone, &sought, node, rtype), "{name}: the end is the end");
        }
    }
}
