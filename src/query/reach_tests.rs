//! What was reached for changes no answer.

use super::pending::Pending;
use super::reach::{reach_nodes, reach_slots};
use super::verdict::Transport;
use crate::answer::{OverlaySet, OverlayValue};
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

fn snapshot() -> Snapshot {
    let text = "[[horizon]]\nname = \"all\"\nclients = [\"any\"]\n";
    let settings = parse(text, Path::new("horizon.toml")).unwrap();
    let origin = parse_name("reach.example").unwrap();
    let zone = parse_zone(ZONE.as_bytes(), Path::new("reach.example.zone"), &origin).unwrap();
    let source = ZoneSource { horizon: "all".to_owned(), file: None, records: Arc::new(zone.records) };
    build(&settings, &[source], None).unwrap()
}

fn query(name: &str, rtype: u16) -> Vec<u8> {
    let name = parse_name(format!("{name}.rEACH.example").trim_start_matches('.')).unwrap();
    let header = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    [&header[..], name.as_slice(), &rtype.to_be_bytes(), &[0, 1]].concat()
}

/// Every kind of name with every kind of type gets the same reply, over both transports and into every room, whether its node
/// was found before, as in a batch, or not.
#[test]
fn what_is_reached_for_changes_no_answer() {
    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99));
    let snapshot = snapshot();
    for laid in [false, true] {
        let mut values = HashMap::new();
        if laid {
            let until = SystemTime::now() + Duration::from_secs(600);
            let value = OverlayValue { data: Box::from(*b"\x04laid"), horizons: None, until };
            let name: Arc<[u8]> = Arc::from(&b"\x04laid\x05reach\x07example\0"[..]);
            values.insert(name, Arc::new(OverlaySet { values: vec![value], expected: false }));
        }
        snapshot.overlay.set(values);
        for (name, rtype) in NAMES.into_iter().flat_map(|name| TYPES.map(|rtype| (name, rtype))) {
            let octets = query(name, rtype);
            let mut alone = Pending::new();
            alone.read(&snapshot, CLIENT, &octets);
            // One question for itself is not reached for.
            let mut batch = [alone.clone(), alone.clone()];
            reach_slots(&mut batch, &snapshot);
            reach_nodes(&mut batch, &snapshot);
            for (transport, room) in [(Transport::Udp, 1232), (Transport::Udp, 60), (Transport::Stream, 65_535)] {
                let answer = |pending: &Pending| {
                    let mut reply = vec![0; room];
                    let verdict = pending.answer(&snapshot, transport, &octets, &mut reply);
                    (verdict, reply)
                };
                assert_eq!(answer(&batch[0]), answer(&alone), "{name} {rtype} {transport:?} {room} {laid}");
            }
        }
    }
}
