//! Messages and entries out of text, and back, for the tests of this folder.

use super::entry::Entry;
use super::kept::Cache;
use super::key::Key;
use super::names::present_records;
use super::read::{Reader, Unfit};
use crate::config;
use crate::dns::{Rtype, parse_data, parse_name, parse_rtype};

/// A name in wire format, case kept.
pub(super) fn wire(name: &str) -> Vec<u8> {
    parse_name(name).unwrap().as_slice().to_vec()
}

/// `www.example A`, with `+do` or `+cd` behind it.
pub(super) struct Question {
    pub(super) name: Vec<u8>,
    pub(super) rtype: u16,
    dnssec_ok: bool,
    checking_disabled: bool,
}

impl Question {
    pub(super) fn new(text: &str) -> Self {
        let mut words = text.split(' ');
        let name = wire(words.next().unwrap());
        let rtype = parse_rtype(words.next().unwrap().as_bytes()).unwrap().to_int();
        let flags: Vec<_> = words.collect();
        Question { name, rtype, dnssec_ok: flags.contains(&"+do"), checking_disabled: flags.contains(&"+cd") }
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key {
            tag: 1,
            name: &self.name,
            rtype: self.rtype,
            dnssec_ok: self.dnssec_ok,
            checking_disabled: self.checking_disabled,
        }
    }

    /// The query: recursion desired, no EDNS.
    pub(super) fn query(&self) -> Vec<u8> {
        let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        query.extend_from_slice(&self.name);
        query.extend_from_slice(&self.rtype.to_be_bytes());
        query.extend_from_slice(&[0, 1]);
        query
    }
}

/// A reply with this RCODE; each section is records as text, one a line, such as `www.example 300 A 192.0.2.1`. Owners that
/// are the question's name are pointers to it, all others are written out.
pub(super) fn message(question: &str, rcode: u8, sections: [&str; 3]) -> Vec<u8> {
    let question = Question::new(question);
    let mut octets = question.query();
    octets[2] = 0x81;
    octets[3] = 0x80 | rcode;
    for (section, text) in sections.iter().enumerate() {
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            push_record(&mut octets, &question.name, line);
            octets[7 + 2 * section] += 1;
        }
    }
    octets
}

fn push_record(octets: &mut Vec<u8>, question: &[u8], line: &str) {
    let mut words = line.splitn(4, ' ');
    let owner = wire(words.next().unwrap());
    let ttl: u32 = words.next().unwrap().parse().unwrap();
    let rtype = parse_rtype(words.next().unwrap().as_bytes()).unwrap();
    let root = parse_name(".").unwrap();
    let data = parse_data(rtype, words.next().unwrap_or_default(), &root).unwrap();
    octets.extend_from_slice(if owner == question { &[0xC0, 12] } else { &owner });
    octets.extend_from_slice(&rtype.to_int().to_be_bytes());
    octets.extend_from_slice(&[0, 1]);
    octets.extend_from_slice(&ttl.to_be_bytes());
    octets.extend_from_slice(&(data.len() as u16).to_be_bytes());
    octets.extend_from_slice(&data);
}

/// Adds an OPT record with these options.
pub(super) fn with_opt(mut message: Vec<u8>, extended_rcode: u8, options: &[u8]) -> Vec<u8> {
    message.extend_from_slice(&[0, 0, 41, 4, 208, extended_rcode, 0, 0, 0, 0, options.len() as u8]);
    message.extend_from_slice(options);
    message[11] += 1;
    message
}

/// What becomes of a reply under the settings that are built in.
pub(super) fn read(question: &str, message: &[u8]) -> Result<Entry, Unfit> {
    Reader::new().read(message, &Question::new(question).key(), &config::Cache::default())
}

/// An entry of a reply that is one.
pub(super) fn entry(question: &str, rcode: u8, sections: [&str; 3]) -> Entry {
    let plain = question.split(" +").next().unwrap();
    read(question, &message(plain, rcode, sections)).unwrap()
}

/// Its records, one a line.
pub(super) fn records(entry: &Entry) -> Vec<String> {
    present_records(&entry.body, 0)
}

/// RCODE and records that the cache gives out, read by an independent decoder; none for a miss.
pub(super) fn asked(cache: &Cache, question: &str, now: u32) -> Option<String> {
    let question = Question::new(question);
    let mut buffer = [0; 4096];
    let length = cache.reply(&question.key(), &question.query(), now, &mut buffer)?;
    Some(decoded(&buffer[..length]))
}

/// RCODE and records of a message, read by an independent decoder.
pub(super) fn decoded(message: &[u8]) -> String {
    use domain::base::Message;
    use domain::base::rdata::UnknownRecordData;
    let message = Message::from_octets(message).unwrap();
    let mut text = message.header().rcode().to_string();
    for section in [message.answer().unwrap(), message.authority().unwrap(), message.additional().unwrap()] {
        for record in section {
            let record = record.unwrap();
            let (ttl, rtype) = (record.ttl().as_secs(), record.rtype());
            let owner = record.owner().to_string();
            let shown = match record.to_any_record::<domain::rdata::AllRecordData<_, _>>() {
                Ok(record) => record.data().to_string(),
                Err(_) => {
                    let unknown = record.to_record::<UnknownRecordData<_>>().unwrap().unwrap();
                    unknown.data().to_string()
                }
            };
            text.push_str(&format!("; {owner} {ttl} {} {shown}", Rtype::from_int(rtype.to_int())));
        }
    }
    text
}
