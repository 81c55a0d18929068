//! A reply as one line of text.

use super::asked::Asked;
use horizon_dns::dns::name_from_wire;
use horizon_dns::zone::{Document, EntryKind};
use std::path::Path;

/// The reply that a line of text describes, whole; the caller cuts what is too long for UDP.
///
/// `RCODE [aa] [tc] [ad] [noedns]; answer; answer | authority + additional ! CODE extended error`. Records are
/// `OWNER TTL TYPE DATA` as in a zone file whose origin is the name of the question, so that `@` is that name as it was
/// spelled, and `CNAME n` leads to a name below it. Owners that are the question's are compressed. The line `?` says an
/// address for A, and no data for other types.
pub(crate) fn say(asked: &Asked, line: &str) -> Vec<u8> {
    let line = match line {
        "?" if asked.rtype.to_int() == 1 => "NOERROR; @ 300 A 11.0.0.1",
        "?" => "NOERROR | @ 300 SOA ns. hostmaster. 1 3600 600 86400 60",
        line => line,
    };
    let (line, error) = line.split_once('!').map_or((line, None), |(line, error)| (line, Some(error.trim())));
    let (line, additional) = line.split_once(" + ").unwrap_or((line, ""));
    let (line, authority) = line.split_once(" | ").unwrap_or((line, ""));
    let (head, answer) = line.split_once(';').unwrap_or((line, ""));
    let mut words = head.split_whitespace();
    let rcode = rcode(words.next().unwrap());
    let flags: Vec<_> = words.collect();
    let flag = |name: &str, bit: u8| if flags.contains(&name) { bit } else { 0 };

    let mut octets = asked.id.to_be_bytes().to_vec();
    octets.push(0x80 | flag("aa", 4) | flag("tc", 2) | u8::from(asked.recursion_desired));
    octets.push(0x80 | flag("ad", 0x20) | u8::from(asked.checking_disabled) << 4 | (rcode & 15));
    octets.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    octets.extend_from_slice(&asked.octets[12..asked.question_end()]);
    for (place, section) in [(6, answer), (8, authority), (10, additional)] {
        let count = records(asked, section, &mut octets);
        octets[place..place + 2].copy_from_slice(&count.to_be_bytes());
    }
    if asked.edns.is_some() && !flags.contains(&"noedns") {
        octets.extend([0, 0, 41, 4, 208, rcode >> 4, 0, 0, 0]);
        let option = error.map_or(Vec::new(), |error| {
            let (code, text) = error.split_once(' ').unwrap_or((error, ""));
            let mut option = vec![0, 15];
            option.extend((text.len() as u16 + 2).to_be_bytes());
            option.extend(code.parse::<u16>().unwrap().to_be_bytes());
            option.extend_from_slice(text.as_bytes());
            option
        });
        octets.extend((option.len() as u16).to_be_bytes());
        octets.extend(option);
        let additional = u16::from_be_bytes([octets[10], octets[11]]) + 1;
        octets[10..12].copy_from_slice(&additional.to_be_bytes());
    }
    octets
}

fn rcode(word: &str) -> u8 {
    match word {
        "NOERROR" => 0,
        "FORMERR" => 1,
        "SERVFAIL" => 2,
        "NXDOMAIN" => 3,
        "NOTIMP" => 4,
        "REFUSED" => 5,
        "BADVERS" => 16,
        other => panic!("no RCODE: {other}"),
    }
}

/// Appends the records of a section; gives their number.
fn records(asked: &Asked, section: &str, octets: &mut Vec<u8>) -> u16 {
    let origin = name_from_wire(&asked.spelled).unwrap();
    let text = section.split(';').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n") + "\n";
    let document = Document::parse(text.into_bytes(), Path::new("say"), &origin);
    let mut count = 0;
    for entry in document.entries() {
        match &entry.kind {
            EntryKind::Record(record) => {
                match record.owner.as_slice().eq_ignore_ascii_case(&asked.spelled) {
                    true => octets.extend([0xC0, 12]),
                    false => octets.extend_from_slice(record.owner.as_slice()),
                }
                octets.extend(record.rtype.to_int().to_be_bytes());
                octets.extend([0, 1]);
                octets.extend(record.ttl.to_be_bytes());
                octets.extend((record.data.len() as u16).to_be_bytes());
                octets.extend_from_slice(&record.data);
                count += 1;
            }
            EntryKind::Broken(finding) => panic!("{finding}"),
            _ => {}
        }
    }
    count
}
