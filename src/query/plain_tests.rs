//! What is written in one go is what the engine writes.

use super::pending::Pending;
use super::reach::{reach_nodes, reach_slots};
use super::verdict::{Transport, Verdict};
use crate::answer::{Overlay, OverlaySet, OverlayValue};
use crate::config::parse;
use crate::dns::parse_name;
use crate::snapshot::{Snapshot, ZoneSource, build};
use crate::zone::parse_zone;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const ZONE: &str = "\
$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 60
@ NS ns1
@ A 192.0.2.1
@ TXT \"apex\"
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
many 60 A 192.0.2.1
many 60 A 192.0.2.2
many 60 A 192.0.2.3
many MX 10 ns1
many SRV 1 2 3 ns1
text TXT \"one\" \"two\"
text TXT \"three\"
large TXT \"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
large TXT \"1123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
large TXT \"2123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
large TXT \"3123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
large TXT \"4123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"
odd TYPE65280 \\# 0
odd TYPE65281 \\# 3 abcdef
alias CNAME many
alias2 CNAME elsewhere.example.org.
below.empty A 192.0.2.7
*.wild A 192.0.2.8
*.wild TXT \"star\"
sub NS ns.sub
ns.sub A 192.0.2.9
tree DNAME other.example.org.
tree A 192.0.2.10
x.below.tree A 192.0.2.11
_acme-challenge.many TXT \"stored\"
_acme-challenge TXT \"stored\"
laid TXT \"stored\"
laid A 192.0.2.12
";

const NAMES: [&str; 22] = [
    "",
    "ns1",
    "many",
    "text",
    "large",
    "odd",
    "alias",
    "alias2",
    "empty",
    "below.empty",
    "wild",
    "a.wild",
    "*.wild",
    "a.b.wild",
    "sub",
    "ns.sub",
    "a.sub",
    "tree",
    "x.below.tree",
    "_acme-challenge.many",
    "laid",
    "missing",
];

const TYPES: [u16; 16] = [1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 43, 46, 47, 255, 65280, 65281];

fn snapshot(forward: bool) -> Snapshot {
    let text = format!("[[horizon]]\nname = \"all\"\nclients = [\"any\"]\nforward = {forward}\n");
    let settings = parse(&text, Path::new("horizon.toml")).unwrap();
    let origin = parse_name("plain.example").unwrap();
    let zone = parse_zone(ZONE.as_bytes(), Path::new("plain.example.zone"), &origin).unwrap();
    let source = ZoneSource { horizon: "all".to_owned(), file: None, records: Arc::new(zone.records) };
    build(&settings, &[source], None).unwrap()
}

fn query(name: &str, rtype: u16, edns: Option<(u16, bool)>) -> Vec<u8> {
    let mut octets = vec![0x12, 0x34, 1, 0x10, 0, 1, 0, 0, 0, 0, 0, u8::from(edns.is_some())];
    for label in name.split('.').chain(["pLAIN", "example"]).filter(|label| !label.is_empty()) {
        octets.push(label.len() as u8);
        octets.extend_from_slice(label.as_bytes());
    }
    octets.push(0);
    octets.extend(rtype.to_be_bytes());
    octets.extend([0, 1]);
    if let Some((size, dnssec_ok)) = edns {
        let [high, low] = size.to_be_bytes();
        octets.extend([0, 0, 41, high, low, 0, 0, if dnssec_ok { 0x80 } else { 0 }, 0, 0, 0]);
    }
    octets
}

/// Every kind of name with every kind of type gets, over both transports and into every room, the reply that the engine
/// writes; those that are meant to be written in one go are.
#[test]
fn what_is_written_in_one_go_is_what_the_engine_writes() {
    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99));
    let mut at_once = 0;
    for forward in [false, true] {
        let snapshot = snapshot(forward);
        for laid in [false, true] {
            let mut values = HashMap::new();
            if laid {
                let value = OverlayValue {
                    data: Box::from(*b"\x04laid"),
                    horizons: None,
                    until: SystemTime::now() + Duration::from_secs(600),
                };
                let name: Arc<[u8]> = Arc::from(&b"\x04laid\x05plain\x07example\0"[..]);
                values.insert(name, Arc::new(OverlaySet { values: vec![value], expected: false }));
            }
            Overlay::set(&snapshot.overlay, values);
            for name in NAMES {
                for rtype in TYPES {
                    for edns in [None, Some((512, false)), Some((1232, true)), Some((4096, false))] {
                        for (transport, room) in [
                            (Transport::Udp, 1232),
                            (Transport::Udp, 100),
                            (Transport::Udp, 60),
                            (Transport::Stream, 65_535),
                        ] {
                            let octets = query(name, rtype, edns);
                            let mut pending = Pending::new();
                            pending.read(&snapshot, CLIENT, &octets);
                            // In a batch the node is found before it is answered from.
                            let mut batch = [pending.clone(), pending];
                            reach_slots(&mut batch, &snapshot);
                            reach_nodes(&mut batch, &snapshot);
                            let [reached, pending] = &batch;
                            let (mut one, mut other) = (vec![0xAA; room], vec![0xBB; room]);
                            let plain = reached.answer(&snapshot, transport, &octets, &mut one);
                            let whole = pending.answer_traced(&snapshot, transport, &octets, &mut other, &mut ());
                            let what = format!("{name} {rtype} {edns:?} {transport:?} {room} {forward} {laid}");
                            assert_eq!(plain, whole, "{what}");
                            if let Verdict::Reply(length) = plain {
                                assert_eq!(one[..length], other[..length], "{what}");
                            }
                            let plainly = pending.answer_plainly(&snapshot, transport, &octets, &mut one);
                            assert!(plainly.is_none_or(|length| plain == Verdict::Reply(length)), "{what}");
                            at_once += usize::from(plainly.is_some());
                            let meant = matches!(
                                name,
                                "" | "ns1" | "text" | "empty" | "below.empty" | "*.wild" | "a.b.wild" | "missing"
                            ) && matches!(rtype, 1 | 16 | 28 | 65280)
                                && room > 1000;
                            assert!(plainly.is_some() || !meant, "{what}: not in one go");
                        }
                    }
                }
            }
        }
    }
    assert!(at_once > 1000, "{at_once}");
}
