//! Any octets as the reply of an upstream.

use domain::base::name::ToName;
use horizon_dns::config;
use horizon_dns::forward::{Cache, Key, Reader};

/// Reading a reply never panics. What is taken of it is handed out as a reply that another decoder reads, within the
/// buffer: the question as it was asked, TTLs within the settings, and no record that was not asked for: every answer's
/// owner is the question's name or one that an alias before it leads to, and no OPT or TSIG is kept.
///
/// The octets are a whole reply; the question is taken out of them, as if it had been asked so.
pub(crate) fn upstream(octets: &[u8]) {
    let Some(end) = question_end(octets) else {
        let key = Key { tag: 1, name: b"\x03www\x07example\0", rtype: 1, dnssec_ok: true, checking_disabled: false };
        assert!(Reader::new().read(octets, &key, &limits()).is_err(), "no question, no answer");
        return;
    };
    let name = octets[12..end - 4].to_ascii_lowercase();
    let rtype = u16::from_be_bytes([octets[end - 4], octets[end - 3]]);
    for dnssec_ok in [false, true] {
        let key = Key { tag: 1, name: &name, rtype, dnssec_ok, checking_disabled: false };
        let limits = limits();
        let Ok(entry) = Reader::new().read(octets, &key, &limits) else { continue };
        assert!(entry.lifetime() <= limits.max_ttl, "nothing is kept for longer than the settings say");
        assert_eq!(entry.name(), name, "it is about the question's name");
        let cache = Cache::new(&limits);
        let (lifetime, rcode) = (entry.lifetime(), entry.rcode());
        if !cache.store(&key, entry, cache.era(), cache.now()) {
            continue;
        }
        let query = [&[0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], &octets[12..end]].concat();
        let mut buffer = vec![0xEE; 65_535];
        let length = cache.reply(&key, &query, cache.now(), &mut buffer).expect("what is kept answers");
        sound(&query, &buffer[..length], rcode, lifetime);
        // However little room there is: whole, or cut and saying so.
        for size in [query.len(), query.len() + 17, length.saturating_sub(1)] {
            let mut scarce = vec![0xEE; size];
            let Some(short) = cache.reply(&key, &query, cache.now(), &mut scarce) else { continue };
            assert!(short <= size, "within the buffer");
            // Additional records may be left out without a word (RFC 2181 section 9).
            let whole = scarce[6..10] == buffer[6..10];
            assert!(whole || scarce[2] & 2 != 0, "what does not fit sets TC");
            readable(&scarce[..short]);
        }
    }
}

fn limits() -> config::Cache {
    config::Cache { max_ttl: 7200, max_negative_ttl: 600, ..config::Cache::default() }
}

fn sound(query: &[u8], reply: &[u8], rcode: u16, lifetime: u32) {
    assert_eq!(reply[..2], query[..2], "the ID is the client's");
    assert_eq!(reply[12..query.len()], query[12..], "the question is echoed octet for octet");
    assert_eq!(u16::from(reply[3] & 15), rcode & 15);
    readable(reply);
    let message = domain::base::Message::from_slice(reply).expect("longer than a header");
    let mut led = vec![message.sole_question().expect("one question").qname().to_vec()];
    let mut answered = u32::MAX;
    for item in message.iter() {
        let (record, section) = item.expect("each record is read");
        assert_eq!(record.class(), domain::base::iana::Class::IN, "one class");
        assert!(!matches!(record.rtype().to_int(), 41 | 250), "OPT and TSIG belong to a message, not to an answer");
        assert!(record.ttl().as_secs() <= 7200, "no TTL over the limit");
        if section != domain::base::message::Section::Answer {
            continue;
        }
        answered = answered.min(record.ttl().as_secs());
        let owner = record.owner().to_vec();
        let is_asked = led.contains(&owner);
        let is_above = record.rtype().to_int() == 39 || record.rtype().to_int() == 46;
        let above = led.iter().any(|name| name.ends_with(&owner));
        assert!(is_asked || (is_above && above), "{owner} was not asked for");
        if let Ok(Some(alias)) = record.to_record::<domain::rdata::Cname<_>>() {
            led.push(alias.data().cname().to_vec());
        }
    }
    assert!(lifetime <= answered, "nothing is kept for longer than its shortest TTL");
}

/// Another decoder reads each record, and the data of those whose names may be compressed, or that clients connect to.
/// Data of other types goes through as it came (RFC 3597), sound or not.
fn readable(reply: &[u8]) {
    let message = domain::base::Message::from_slice(reply).expect("longer than a header");
    for item in message.iter() {
        let (record, _) = item.expect("each record is read");
        if matches!(record.rtype().to_int(), 1 | 2 | 5 | 6 | 12 | 15 | 28 | 33 | 39) {
            let data = record.to_any_record::<domain::rdata::AllRecordData<_, domain::base::ParsedName<_>>>();
            data.unwrap_or_else(|error| panic!("the data of a {} record is read: {error}", record.rtype()));
        }
    }
}

/// Where the only question ends, if it is whole.
fn question_end(message: &[u8]) -> Option<usize> {
    let mut at = 12;
    if message.get(4..6)? != [0, 1] {
        return None;
    }
    loop {
        match *message.get(at)? {
            0 => return (at + 5 <= message.len() && at < 267).then_some(at + 5),
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}
