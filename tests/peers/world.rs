//! Random zones: small trees full of the cases on which servers differ.
//!
//! One world is an unsigned parent zone, often with children that the same server serves, and a zone beside it for
//! chains that cross over. Many worlds stand under names of their own in one server; the root zone stands alone.

use super::data::{NAMED, PLAIN, named, plain, soa};
use super::names::{below, is_at_or_below, lower, parent, wire};
use super::random::Random;
use horizon_dns::dns::Rtype;
use std::collections::{BTreeMap, BTreeSet};

/// One record of class IN; names in wire format, case as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rr {
    pub(crate) owner: Vec<u8>,
    pub(crate) rtype: Rtype,
    pub(crate) ttl: u32,
    pub(crate) data: Vec<u8>,
}

/// One zone, its SOA first.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) apex: Vec<u8>,
    pub(crate) records: Vec<Rr>,
}

/// The zones of one server.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) zones: Vec<Zone>,
}

const LABELS: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b"www",
    b"Mail",
    b"*",
    b"*",
    b"_tcp",
    b"d",
    b"e",
    b"ns1",
    b"x\xc3\xa9\x00y",
    b"a.b",
    b"\\ \"",
    b"z-1",
    b"dEEp",
];

impl Rr {
    /// The same with its owner, and the names in its data, in lower case.
    ///
    /// Types whose data is compared here hold either names only, or octets that a decoder leaves as they are.
    pub(crate) fn in_lower_case(&self) -> Rr {
        let has_name = matches!(self.rtype, Rtype::NS | Rtype::CNAME | Rtype::DNAME | Rtype::PTR);
        let data = if has_name { lower(&self.data) } else { self.data.clone() };
        Rr { owner: lower(&self.owner), data, ..self.clone() }
    }
}

impl Zone {
    /// Knot refuses a zone that holds records below a DNAME (RFC 6672 section 2.4 forbids them).
    fn without_what_is_below_a_dname(mut self) -> Self {
        let dnames: Vec<_> = self
            .records
            .iter()
            .filter(|record| record.rtype == Rtype::DNAME)
            .map(|record| record.owner.clone())
            .collect();
        self.records.retain(|record| {
            dnames.iter().all(|dname| record.owner.len() == dname.len() || !is_at_or_below(&record.owner, dname))
        });
        self
    }
}

impl World {
    /// `trees` trees of zones under names of their own.
    pub(crate) fn of_trees(trees: usize, random: &mut Random) -> Self {
        let mut world = World::default();
        for tree in 0..trees {
            let apex = if random.chance(30) { wire(&format!("Zone.W{tree}")) } else { wire(&format!("w{tree}")) };
            let beside = wire(&format!("o{tree}.test"));
            let mut apexes = vec![apex.clone(), beside];
            for _ in 0..random.below(4) {
                let above = apexes[if random.chance(70) { 0 } else { random.below(apexes.len()) }].clone();
                let child = descend(&above, 1 + random.below(2), random);
                if !apexes.iter().any(|known| known.eq_ignore_ascii_case(&child)) && !lower(&child).contains(&b'*') {
                    apexes.push(child);
                }
            }
            world.add_tree(&apexes, random);
        }
        world
    }

    /// The root zone, with zones below it on the same server and delegations elsewhere.
    pub(crate) fn of_root(random: &mut Random) -> Self {
        let mut world = World::default();
        world.add_tree(&[wire("."), wire("beside.test"), wire("a"), wire("b.c")], random);
        world
    }

    fn add_tree(&mut self, apexes: &[Vec<u8>], random: &mut Random) {
        for apex in apexes {
            let zone = Builder::new(apex, apexes, random).build();
            self.zones.push(zone);
        }
        self.lift_dnames();
    }

    /// NSD refuses a DNAME when another zone holds names below it, so such a DNAME goes.
    fn lift_dnames(&mut self) {
        let owners: Vec<_> =
            self.zones.iter().map(|zone| zone.records.iter().map(|r| r.owner.clone()).collect()).collect();
        let below = |dname: &Rr, zone: usize| {
            let others = owners.iter().enumerate().filter(|(other, _)| *other != zone);
            others
                .flat_map(|(_, owners): (_, &Vec<Vec<u8>>)| owners)
                .any(|owner| owner.len() > dname.owner.len() && is_at_or_below(owner, &dname.owner))
        };
        for (number, zone) in self.zones.iter_mut().enumerate() {
            zone.records.retain(|record| record.rtype != Rtype::DNAME || !below(record, number));
        }
    }

    /// The zone that delegates at `cut`: the one with the longest apex above it.
    pub(crate) fn zone_above(&self, cut: &[u8]) -> Option<&Zone> {
        let above = |zone: &&Zone| zone.apex.len() < cut.len() && is_at_or_below(cut, &zone.apex);
        self.zones.iter().filter(above).max_by_key(|zone| zone.apex.len())
    }

    /// Names worth asking for: owners, names between them and the apex, and the names in their data.
    pub(crate) fn interesting(&self) -> Vec<Vec<u8>> {
        let mut names = BTreeSet::new();
        for zone in &self.zones {
            for record in &zone.records {
                let mut owner = Some(&record.owner[..]);
                while let Some(name) = owner.filter(|name| is_at_or_below(name, &zone.apex)) {
                    names.insert(name.to_vec());
                    owner = parent(name);
                }
                if matches!(record.rtype, Rtype::CNAME | Rtype::DNAME | Rtype::NS | Rtype::PTR) {
                    names.insert(record.data.clone());
                }
            }
        }
        names.into_iter().collect()
    }
}

/// `levels` random labels put below `name`.
fn descend(name: &[u8], levels: usize, random: &mut Random) -> Vec<u8> {
    (0..levels).fold(name.to_vec(), |name, _| below(random.pick::<&[u8]>(LABELS), &name).unwrap_or(name))
}

/// Builds one zone: first the tree of names, then what stands at each.
struct Builder<'a> {
    apex: &'a [u8],
    apexes: &'a [Vec<u8>],
    random: &'a mut Random,
    owners: Vec<Vec<u8>>,
    records: Vec<Rr>,
    /// By lower-case owner: what a CNAME would not stand beside.
    held: BTreeMap<Vec<u8>, BTreeSet<Rtype>>,
}

impl<'a> Builder<'a> {
    fn new(apex: &'a [u8], apexes: &'a [Vec<u8>], random: &'a mut Random) -> Self {
        Builder { apex, apexes, random, owners: Vec::new(), records: Vec::new(), held: BTreeMap::new() }
    }

    fn build(mut self) -> Zone {
        let apex = self.apex.to_vec();
        let (ttl, minimum) = (*self.random.pick(&[300, 3600]), *self.random.pick(&[60, 3600, 7200]));
        let serial = 1 + self.random.below(1000) as u32;
        self.add(&apex, Rtype::SOA, ttl, soa(&apex, serial, minimum));
        self.nodes();
        for _ in 0..1 + self.random.below(2) {
            let server = self.server_name(&apex);
            self.add(&apex, Rtype::NS, 3600, server);
        }
        if self.random.chance(40) {
            self.data(&apex);
        }
        if self.random.chance(7) {
            let target = self.target();
            self.add(&apex, Rtype::DNAME, 300, target);
        }
        for owner in self.owners.clone() {
            self.node(&owner);
        }
        for child in self.apexes {
            if !child.eq_ignore_ascii_case(self.apex) && is_at_or_below(child, self.apex) && self.random.chance(75) {
                self.cut(child);
            }
        }
        if self.random.chance(25) {
            self.long_dname();
        }
        if self.random.chance(30) {
            self.long_chain();
        }
        Zone { apex, records: self.records }.without_what_is_below_a_dname()
    }

    /// Chooses the names, each below the apex or below another, at most five levels deep.
    fn nodes(&mut self) {
        for _ in 0..6 + self.random.below(26) {
            let above = match self.owners.is_empty() || self.random.chance(35) {
                true => self.apex.to_vec(),
                false => self.random.pick(&self.owners).clone(),
            };
            let levels = 1 + usize::from(self.random.chance(25)) + usize::from(self.random.chance(10));
            let owner = descend(&above, levels, self.random);
            let depth = super::names::labels(&owner).len() - super::names::labels(self.apex).len();
            if depth <= 5 && owner.len() < 200 {
                self.owners.push(owner);
            }
        }
    }

    /// What stands at one name.
    fn node(&mut self, owner: &[u8]) {
        let wild = owner.starts_with(b"\x01*");
        match self.random.below(100) {
            0..55 => self.data(owner),
            55..73 => {
                let target = self.target();
                self.add(owner, Rtype::CNAME, 300, target);
            }
            73..82 if !wild => {
                let target = self.target();
                self.add(owner, Rtype::DNAME, 300, target);
                if self.random.chance(30) {
                    self.data(owner);
                }
            }
            82..94 if !wild => self.cut(owner),
            94..97 => {
                for _ in 0..30 {
                    let data = plain(Rtype::TXT, self.random);
                    self.add(owner, Rtype::TXT, 300, data);
                }
            }
            97..98 if wild => self.cut(owner),
            _ => self.data(owner),
        }
    }

    /// One to three RRsets, some with several records.
    fn data(&mut self, owner: &[u8]) {
        for _ in 0..1 + self.random.below(3) {
            let named_type = self.random.chance(30);
            let rtype = if named_type { *self.random.pick(&NAMED) } else { *self.random.pick(&PLAIN) };
            let ttl = *self.random.pick(&[0, 300, 300, 86_400]);
            for _ in 0..*self.random.pick(&[1, 1, 2, 5]) {
                let data = match named_type {
                    true => {
                        let target = self.target();
                        named(rtype, &target, self.random)
                    }
                    false => plain(rtype, self.random),
                };
                self.add(owner, rtype, ttl, data);
            }
        }
    }

    /// A delegation: one to three servers, glue below, beside or none, sometimes DS and data that it occludes.
    fn cut(&mut self, owner: &[u8]) {
        for _ in 0..1 + self.random.below(3) {
            let server = self.server_name(owner);
            self.add(owner, Rtype::NS, 3600, server);
        }
        if self.random.chance(40) {
            let data = plain(Rtype::DS, self.random);
            self.add(owner, Rtype::DS, 300, data);
        }
        if self.random.chance(20) {
            let hidden = descend(owner, 1, self.random);
            self.data(&hidden);
        }
        if self.random.chance(10) {
            self.data(owner);
        }
    }

    /// The name of a server for the zone at `owner`, with addresses most of the time where they may stand here.
    fn server_name(&mut self, owner: &[u8]) -> Vec<u8> {
        let above = parent(owner).filter(|above| is_at_or_below(above, self.apex)).unwrap_or(self.apex).to_vec();
        let server = match self.random.below(10) {
            0..4 => {
                below(self.random.pick::<&[u8]>(&[&b"ns1"[..], b"Ns2", b"b"]), owner).unwrap_or_else(|| above.clone())
            }
            4..6 => below(self.random.pick::<&[u8]>(&[&b"ns1"[..], b"ns9"]), &above).unwrap_or_else(|| above.clone()),
            6..8 => return self.target(),
            8 => owner.to_vec(),
            _ => return wire("ns.elsewhere.example"),
        };
        if self.random.chance(85) {
            for rtype in [Rtype::A, Rtype::AAAA] {
                if self.random.chance(70) {
                    let data = plain(rtype, self.random);
                    self.add(&server, rtype, 3600, data);
                }
            }
        }
        server
    }

    /// A name for data to point at: here, in another zone of the world, or nowhere; existing or not.
    fn target(&mut self) -> Vec<u8> {
        let here = match self.owners.is_empty() {
            true => self.apex.to_vec(),
            false => self.random.pick(&self.owners).clone(),
        };
        match self.random.below(20) {
            0..9 => here,
            9..12 => descend(&here, 1, self.random),
            12..14 => descend(self.apex, 1 + self.random.below(2), self.random),
            14 => self.apex.to_vec(),
            15..18 => {
                let zone = self.random.pick(self.apexes).clone();
                let levels = self.random.below(3);
                descend(&zone, levels, self.random)
            }
            18 => wire("out.Side.invalid"),
            _ => self.random.pick(self.apexes).clone(),
        }
    }

    /// A DNAME whose target is so long that most names below it overflow (RFC 6672 section 2.2).
    fn long_dname(&mut self) {
        let Some(owner) = below(b"long", self.apex) else { return };
        let mut target = self.apex.to_vec();
        while let Some(longer) = below(&[b'l'; 57], &target) {
            target = longer;
        }
        let room = 255 - target.len();
        if let Some(longer) = room.checked_sub(6).and_then(|size| below(&vec![b'f'; size.max(1)], &target)) {
            target = longer;
        }
        self.add(&owner, Rtype::DNAME, 300, target);
    }

    /// Up to thirty CNAMEs one after the other, more than any server follows.
    fn long_chain(&mut self) {
        let last = self.target();
        let length = 4 + self.random.below(27);
        let link = |step: usize| below(format!("Chain{step}").as_bytes(), self.apex).unwrap_or_else(|| last.clone());
        let mut links: Vec<_> = (0..length).map(link).collect();
        links.push(last.clone());
        for pair in links.windows(2) {
            self.add(&pair[0], Rtype::CNAME, 300, pair[1].clone());
        }
    }

    /// Adds a record unless a CNAME, a second DNAME or an equal record forbids it; one TTL for an RRset (RFC 2181 5.2).
    fn add(&mut self, owner: &[u8], rtype: Rtype, ttl: u32, data: Vec<u8>) {
        if !is_at_or_below(owner, self.apex) {
            return;
        }
        let key = lower(owner);
        let held = self.held.entry(key.clone()).or_default();
        let single = matches!(rtype, Rtype::CNAME | Rtype::DNAME | Rtype::SOA);
        let barred = match rtype {
            Rtype::CNAME => !held.is_empty(),
            _ => held.contains(&Rtype::CNAME) || (single && held.contains(&rtype)),
        };
        // A DNAME beside the NS of a cut is neither one nor the other (RFC 6672 section 2.3).
        let cut_and_dname = (rtype == Rtype::DNAME && held.contains(&Rtype::NS) && !held.contains(&Rtype::SOA))
            || (rtype == Rtype::NS && held.contains(&Rtype::DNAME) && !held.contains(&Rtype::SOA));
        if barred || cut_and_dname {
            return;
        }
        let ttl = self
            .records
            .iter()
            .find(|record| record.rtype == rtype && lower(&record.owner) == key)
            .map_or(ttl, |record| record.ttl);
        let same =
            |record: &Rr| record.rtype == rtype && lower(&record.owner) == key && lower(&record.data) == lower(&data);
        if self.records.iter().any(same) {
            return;
        }
        held.insert(rtype);
        self.records.push(Rr { owner: owner.to_vec(), rtype, ttl, data });
    }
}
