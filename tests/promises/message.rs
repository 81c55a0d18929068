//! Any octets as a query against a small fixed snapshot.

use horizon_dns::config::{Settings, parse};
use horizon_dns::dns::parse_name;
use horizon_dns::query::{Transport, UDP_SIZE, Verdict, respond};
use horizon_dns::snapshot::{Snapshot, ZoneSource, build};
use horizon_dns::zone::parse_zone;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, OnceLock};

const ZONE: &[u8] = b"$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
* TXT \"covers what is missing\"
www A 192.0.2.1
www AAAA 2001:db8::1
alias CNAME www
loop CNAME loop2
loop2 CNAME loop
tree DNAME elsewhere.example.
grow DNAME a.grow
child NS ns.child
child DS 1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
ns.child A 192.0.2.54
big TXT 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big TXT 1123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big TXT 2123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big TXT 3123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big TXT 4123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big TXT 5123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
mail MX 10 www
mail SRV 1 2 3 www
";

/// The promises on `octets` as one query, over UDP and over a stream, in whole and in scarce buffers.
pub(crate) fn message(octets: &[u8]) {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    let snapshot = SNAPSHOT.get_or_init(|| {
        let origin = parse_name("example.org").expect("a name");
        let zone = parse_zone(ZONE, Path::new("fuzz.zone"), &origin).expect("the zone above is right");
        let source = ZoneSource { horizon: "all".to_owned(), file: None, records: Arc::new(zone.records) };
        build(settings(), &[source], None).unwrap_or_else(|findings| panic!("{} findings", findings.len()))
    });
    answered(snapshot, octets);
}

/// One horizon for everyone.
pub(super) fn settings() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        let text = "[[horizon]]\nname = \"all\"\nclients = [\"any\"]\n";
        parse(text, Path::new("fuzz.toml")).expect("the least settings")
    })
}

/// The promises on one query against `snapshot`.
pub(super) fn answered(snapshot: &Snapshot, query: &[u8]) {
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for (transport, size) in
        [(Transport::Udp, UDP_SIZE), (Transport::Stream, 65_535), (Transport::Udp, 40), (Transport::Stream, 12)]
    {
        let mut reply = vec![0xee; size];
        match respond(snapshot, client, transport, query, &mut reply) {
            Verdict::Reply(length) => {
                assert!(length <= size, "the length that is said fits the buffer");
                is_a_reply(query, &reply[..length], transport);
            }
            Verdict::Drop if size >= 512 => {
                let has_id = query.len() >= 12 && query[2] & 0x80 == 0;
                assert!(!has_id, "only a response, or octets shorter than a header, are dropped: {query:02x?}");
            }
            Verdict::Signed => {
                let not_whole = query.len() < 12 || query[10..12] == [0, 0];
                assert!(!not_whole, "what is signed has a record in its additional section: {query:02x?}");
            }
            Verdict::Drop => {}
            Verdict::Forward(_) | Verdict::Refresh(_) => panic!("this horizon does not forward"),
        }
    }
}

/// The reply belongs to the query, keeps the limit, and is read by a decoder that is not ours.
fn is_a_reply(query: &[u8], reply: &[u8], transport: Transport) {
    assert!(reply.len() >= 12 && query.len() >= 12, "header for header");
    assert_eq!(reply[..2], query[..2], "the ID is echoed");
    assert_eq!(reply[2] & 0x80, 0x80, "it is a response");
    assert_eq!(reply[2] & 0x79, query[2] & 0x79, "opcode and RD are echoed");
    assert_eq!(reply[3] & 0x80, 0, "no recursion is offered");
    let questions = u16::from_be_bytes([reply[4], reply[5]]);
    assert!(questions <= 1, "one question at most");
    if questions == 1 {
        let end = question_end(reply).expect("the question of a reply is whole");
        assert_eq!(reply[12..end], query[12..end], "the question is echoed octet for octet");
    }
    let message = match hickory_proto::op::Message::from_vec(reply) {
        Ok(message) => message,
        // An EDNS or question that hickory itself calls wrong is echoed all the same; `domain` must read the reply.
        Err(_) => return read_by_domain(reply),
    };
    read_by_domain(reply);
    let limit = match (transport, message.edns.is_some()) {
        (Transport::Udp, false) => 512,
        (Transport::Udp, true) => UDP_SIZE,
        (Transport::Stream, _) => 65_535,
    };
    assert!(reply.len() <= limit, "{} octets over {transport:?}; at most {limit}", reply.len());
}

pub(super) fn read_by_domain(reply: &[u8]) {
    let message = domain::base::Message::from_slice(reply).expect("longer than a header");
    for question in message.question() {
        question.expect("`domain` reads the question");
    }
    for item in message.iter() {
        let (record, _) = item.expect("`domain` reads each record");
        let data = record.to_any_record::<domain::rdata::AllRecordData<_, domain::base::ParsedName<_>>>();
        data.expect("`domain` reads each record's data");
    }
}

/// Where the first question ends; a pointer is none in our replies.
fn question_end(message: &[u8]) -> Option<usize> {
    let mut at = 12;
    loop {
        match *message.get(at)? {
            0 => return (at + 5 <= message.len()).then_some(at + 5),
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}
