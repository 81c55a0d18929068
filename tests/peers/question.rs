//! Random questions, aimed at the names on which servers differ.

use super::names::{below, parent, show};
use super::random::Random;
use horizon_dns::dns::{Class, Rtype};
use std::fmt;

/// One query, ready to be written with any ID.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) name: Vec<u8>,
    pub(crate) rtype: Rtype,
    pub(crate) class: Class,
    pub(crate) opcode: u8,
    pub(crate) recursion_desired: bool,
    pub(crate) checking_disabled: bool,
    pub(crate) edns: Option<Edns>,
}

/// The OPT record of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edns {
    pub(crate) size: u16,
    pub(crate) dnssec_ok: bool,
    pub(crate) version: u8,
}

const TYPES: [Rtype; 26] = [
    Rtype::A,
    Rtype::A,
    Rtype::A,
    Rtype::A,
    Rtype::AAAA,
    Rtype::AAAA,
    Rtype::TXT,
    Rtype::TXT,
    Rtype::MX,
    Rtype::NS,
    Rtype::NS,
    Rtype::SOA,
    Rtype::CNAME,
    Rtype::CNAME,
    Rtype::DNAME,
    Rtype::DS,
    Rtype::DS,
    Rtype::SRV,
    Rtype::PTR,
    Rtype::NAPTR,
    Rtype::HTTPS,
    Rtype::RP,
    Rtype::ANY,
    Rtype::from_int(65_280),
    Rtype::from_int(65_281),
    Rtype::CAA,
];

impl Question {
    /// A query without EDNS and flags.
    pub(crate) fn plain(name: Vec<u8>, rtype: Rtype) -> Self {
        Question {
            name,
            rtype,
            class: Class::IN,
            opcode: 0,
            recursion_desired: false,
            checking_disabled: false,
            edns: None,
        }
    }

    /// A query for, above, below or beside one of `names`.
    pub(crate) fn random(names: &[Vec<u8>], random: &mut Random) -> Self {
        let rtype = *random.pick(&TYPES);
        let mut question = Question::plain(random_name(names, random), rtype);
        question.recursion_desired = random.chance(50);
        question.checking_disabled = random.chance(10);
        if random.chance(60) {
            let size = *random.pick(&[0, 512, 512, 700, 1232, 1232, 1232, 4096, 65_535]);
            question.edns = Some(Edns { size, dnssec_ok: random.chance(40), version: u8::from(random.chance(2)) });
        }
        match random.below(200) {
            0 => question.class = Class::CH,
            1 => question.class = Class::HS,
            2 => question.opcode = 2,
            3 => question.opcode = 4,
            4 => question.opcode = 5,
            5 => question.opcode = 6 + random.below(10) as u8,
            _ => {}
        }
        question
    }

    /// The whole message.
    pub(crate) fn octets(&self, id: u16) -> Vec<u8> {
        let mut octets = id.to_be_bytes().to_vec();
        octets.push(self.opcode << 3 | u8::from(self.recursion_desired));
        octets.push(u8::from(self.checking_disabled) << 4);
        octets.extend([0, 1, 0, 0, 0, 0, 0, u8::from(self.edns.is_some())]);
        octets.extend(self.question_octets());
        if let Some(edns) = self.edns {
            octets.extend([0, 0, 41]);
            octets.extend(edns.size.to_be_bytes());
            octets.extend([0, edns.version, u8::from(edns.dnssec_ok) << 7, 0, 0, 0]);
        }
        octets
    }

    /// The question section.
    pub(crate) fn question_octets(&self) -> Vec<u8> {
        let mut octets = self.name.clone();
        octets.extend(self.rtype.to_int().to_be_bytes());
        octets.extend(self.class.to_int().to_be_bytes());
        octets
    }

    /// The octets that a UDP reply may have, where a server's own limit is 1232 (RFC 6891 section 6.2.3).
    pub(crate) fn udp_limit(&self) -> usize {
        self.edns.map_or(512, |edns| usize::from(edns.size).clamp(512, 1232))
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", show(&self.name), self.class, self.rtype)?;
        if self.opcode != 0 {
            write!(f, " opcode {}", self.opcode)?;
        }
        match self.edns {
            Some(edns) => write!(f, " edns{} {} do={}", edns.version, edns.size, edns.dnssec_ok),
            None => write!(f, " no edns"),
        }
    }
}

fn random_name(names: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut name = random.pick(names).clone();
    match random.below(100) {
        0..40 => {}
        40..62 => name = extended(&name, random),
        62..72 => {
            let longer = extended(&name, random);
            name = extended(&longer, random);
        }
        72..84 => {
            let above = parent(&name).unwrap_or(&name).to_vec();
            name = extended(&above, random);
        }
        84..90 => name = parent(&name).unwrap_or(&name).to_vec(),
        90..94 => {
            while let Some(longer) = below(&vec![b'q'; 1 + random.below(63)], &name) {
                name = longer;
            }
        }
        _ => name = [b"\x07nowhere".as_slice(), &name].concat(),
    }
    if name.len() > 255 {
        name = random.pick(names).clone();
    }
    if random.chance(30) {
        name.iter_mut()
            .filter(|octet| octet.is_ascii_alphabetic() && random.chance(50))
            .for_each(|octet| *octet ^= 0x20);
    }
    name
}

fn extended(name: &[u8], random: &mut Random) -> Vec<u8> {
    let labels: [&[u8]; 10] = [b"a", b"b", b"c", b"www", b"*", b"none", b"ns1", b"_tcp", b"\x00", b"d"];
    below(random.pick::<&[u8]>(&labels), name).unwrap_or_else(|| name.to_vec())
}
