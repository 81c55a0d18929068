//! Questions as octets, in random order, with what the answer must be.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// Questions in one piece of memory, in the order they are asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking {
    octets: Vec<u8>,
    all: Vec<Ask>,
}

/// One question's place, and what its answer must hold.
#[derive(Debug, Clone, Copy)]
struct Ask {
    start: u32,
    length: u16,
    expected: Expected,
}

/// What is checked of an answer: the RCODE of each, the rest of a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) rcode: u8,
    /// Records in the answer section.
    pub(crate) answers: u8,
    /// Records in the authority section; none when servers may differ.
    pub(crate) authorities: Option<u8>,
    /// Records in the additional section at least, the OPT record left out.
    pub(crate) additionals: u8,
    /// Four octets at the end of some record's data: the address.
    pub(crate) address: Option<[u8; 4]>,
}

impl Expected {
    pub(crate) fn address(address: [u8; 4]) -> Self {
        Expected { rcode: 0, answers: 1, authorities: None, additionals: 0, address: Some(address) }
    }

    pub(crate) fn nothing(rcode: u8) -> Self {
        Expected { rcode, answers: 0, authorities: Some(1), additionals: 0, address: None }
    }
}

/// Whether questions carry EDNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edns {
    None,
    /// 1232 octets, DO set.
    Secure,
}

pub(crate) const A: u16 = 1;
pub(crate) const AAAA: u16 = 28;
pub(crate) const MX: u16 = 15;

impl Asking {
    /// Adds a question; `name` in dots.
    pub(crate) fn push(&mut self, name: &str, rtype: u16, edns: Edns, expected: Expected) {
        let start = self.octets.len();
        let opt = edns == Edns::Secure;
        // RD is set, as stub resolvers do.
        self.octets.extend([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(opt)]);
        for label in name.split('.') {
            self.octets.push(label.len() as u8);
            self.octets.extend_from_slice(label.as_bytes());
        }
        self.octets.push(0);
        self.octets.extend(rtype.to_be_bytes());
        self.octets.extend([0, 1]);
        if opt {
            self.octets.extend([0, 0, 41, 0x04, 0xD0, 0, 0, 0x80, 0, 0, 0]);
        }
        let length = (self.octets.len() - start) as u16;
        self.all.push(Ask { start: start as u32, length, expected });
    }

    /// Puts the questions in random order, in memory too, so that reading them costs the asker little.
    pub(crate) fn shuffle(&mut self, random: &mut Random) {
        for at in (1..self.all.len()).rev() {
            self.all.swap(at, random.below(at + 1));
        }
        let mut octets = Vec::with_capacity(self.octets.len());
        for ask in &mut self.all {
            let start = octets.len() as u32;
            octets.extend_from_slice(&self.octets[ask.start as usize..][..usize::from(ask.length)]);
            ask.start = start;
        }
        self.octets = octets;
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn octets(&self, index: usize) -> &[u8] {
        let ask = &self.all[index];
        &self.octets[ask.start as usize..][..usize::from(ask.length)]
    }

    pub(crate) fn expected(&self, index: usize) -> Expected {
        self.all[index].expected
    }

    /// The first `most` questions as dnsperf reads them.
    pub(crate) fn text(&self, most: usize) -> String {
        let mut text = String::new();
        for index in 0..self.len().min(most) {
            let _ = writeln!(text, "{}", printable(self.octets(index)));
        }
        text
    }
}

/// Name and type of a message's question, as dnsperf reads them.
fn printable(octets: &[u8]) -> String {
    let mut at = 12;
    let mut text = String::new();
    while octets[at] != 0 {
        let end = at + 1 + usize::from(octets[at]);
        text.push_str(&String::from_utf8_lossy(&octets[at + 1..end]));
        text.push('.');
        at = end;
    }
    let rtype = match u16::from_be_bytes([octets[at + 1], octets[at + 2]]) {
        AAAA => "AAAA",
        MX => "MX",
        _ => "A",
    };
    format!("{text} {rtype}")
}

/// Says what is wrong with an answer; none when it is right.
pub(crate) fn fault(query: &[u8], expected: Expected, reply: &[u8]) -> Option<String> {
    if reply.len() < 12 || reply[2] & 0x80 == 0 {
        return Some(format!("no reply: {} octets", reply.len()));
    }
    let count = |at: usize| u16::from_be_bytes([reply[at], reply[at + 1]]);
    let opt = u16::from(query[11]);
    let question = 12..query.len() - 11 * usize::from(opt);
    let same_question = reply.get(question.clone()).is_some_and(|octets| octets.eq_ignore_ascii_case(&query[question]));
    let found = |address: [u8; 4]| reply.windows(6).any(|six| six[..2] == [0, 4] && six[2..] == address);
    let mut wrong = Vec::new();
    let rcode = reply[3] & 15;
    if rcode != expected.rcode {
        wrong.push(format!("RCODE {rcode} instead of {}", expected.rcode));
    }
    if reply[2] & 2 != 0 {
        wrong.push("TC is set".to_owned());
    }
    if !same_question {
        wrong.push("another question".to_owned());
    }
    let (answers, authorities, additionals) = (count(6), count(8), count(10));
    if answers != u16::from(expected.answers) {
        wrong.push(format!("answer count {answers} instead of {}", expected.answers));
    }
    if let Some(wanted) = expected.authorities.filter(|wanted| authorities != u16::from(*wanted)) {
        wrong.push(format!("authority count {authorities} instead of {wanted}"));
    }
    let least = u16::from(expected.additionals) + opt;
    if additionals < least {
        wrong.push(format!("additional count {additionals} instead of {least} or more"));
    }
    if let Some(address) = expected.address.filter(|address| !found(*address)) {
        wrong.push(format!("no address {}", Ipv4Addr::from(address)));
    }
    (!wrong.is_empty()).then(|| format!("{} in the answer to {}", wrong.join(", "), printable(query)))
}

/// A small generator of numbers that are the same in every run.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}
