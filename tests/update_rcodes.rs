//! Promise: a signed message is done as it wants, or refused with the RCODE that the standards name, and nothing in between:
//! RFC 2136 section 3, RFC 8945 section 5. Messages are made, signed and checked by `domain`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ask;
mod update_lab;

use domain::base::Message;
use domain::base::iana::Class;
use domain::tsig::Algorithm;
use horizon_dns::counters::Event;
use horizon_dns::dns::{HEADER, Rtype};
use horizon_dns::plugin::acme::TsigAlgorithm;
use horizon_dns::query::Transport;
use std::time::{Duration, Instant};
use update_lab::{Asked, Lab, SECRET, ZONE, now, query, tsig_error, update, zone_section};

const CLIENT: &str = "192.0.2.77";

/// The zone section names one of our zones, its apex and nothing else (RFC 2136 section 3.1).
#[test]
fn the_zone_section_names_a_zone() {
    let lab = Lab::new();
    let add = ["add _acme-challenge.web.zone.example 60 TXT v"];
    let table = [
        ("our zone", ZONE, Rtype::SOA, Class::IN, "NOERROR"),
        ("in any case", "ZONE.example", Rtype::SOA, Class::IN, "NOERROR"),
        ("a name in it", "web.zone.example", Rtype::SOA, Class::IN, "NOTAUTH"),
        ("above it", "example", Rtype::SOA, Class::IN, "NOTAUTH"),
        ("the root", ".", Rtype::SOA, Class::IN, "NOTAUTH"),
        ("somebody else's", "example.net", Rtype::SOA, Class::IN, "NOTAUTH"),
        ("a delegated name", "child.zone.example", Rtype::SOA, Class::IN, "NOTAUTH"),
        ("no SOA", ZONE, Rtype::NS, Class::IN, "FORMERR"),
        ("class CH", ZONE, Rtype::SOA, Class::CH, "NOTAUTH"),
    ];
    for (why, zone, rtype, class, expected) in table {
        let message = zone_section(zone, rtype, class, if zone.eq_ignore_ascii_case(ZONE) { &add } else { &[] });
        let mut asked = Asked::new(&message, "acme", Algorithm::Sha256, SECRET, now());
        assert_eq!(lab.outcome(CLIENT, &mut asked), expected, "{why}");
    }
    assert_eq!(lab.values(), ["_acme-challenge.web.zone.example v"]);
}

/// A key that belongs to one horizon changes that one's zones only, wherever its packets come from.
#[test]
fn a_key_changes_its_own_horizons() {
    let lab = Lab::new();
    lab.key("inner", TsigAlgorithm::HmacSha256, |token| token.horizons = Some(vec!["internal".to_owned()]));
    let outside = update("outside.example", &["add _acme-challenge.www.outside.example 60 TXT v"]);
    let asked = |key: &str| lab.outcome(CLIENT, &mut Asked::new(&outside, key, Algorithm::Sha256, SECRET, now()));
    assert_eq!(asked("inner"), "REFUSED", "the zone is in `external` only");
    assert_eq!(asked("acme"), "NOERROR");
    assert_eq!(
        lab.update("inner", &["add _acme-challenge.zone.example 60 TXT v"]),
        "NOERROR",
        "from a client of `external`"
    );
    let live = lab.challenges.live();
    let apex = live.iter().find(|live| live.owner.to_string() == "_acme-challenge.zone.example").unwrap();
    assert_eq!(apex.horizons.as_deref(), Some(&["internal".to_owned()][..]));
    lab.key("absent", TsigAlgorithm::HmacSha256, |token| token.horizons = Some(vec!["gone".to_owned()]));
    assert_eq!(
        lab.update("absent", &["add _acme-challenge.zone.example 60 TXT v"]),
        "REFUSED",
        "a horizon that is no more"
    );
}

/// All five forms of prerequisites (RFC 2136 section 3.2), on records of the zone and on live values.
#[test]
fn prerequisites_hold_or_the_update_does_not() {
    let lab = Lab::new();
    assert_eq!(lab.update("acme", &["add _acme-challenge.zone.example 60 TXT live"]), "NOERROR");
    let table = [
        ("a set is there", "yxrrset www.zone.example A", "NOERROR"),
        ("live values are a set", "yxrrset _acme-challenge.zone.example TXT", "NOERROR"),
        ("no such set", "yxrrset www.zone.example AAAA", "NXRRSET"),
        ("no such name", "yxrrset none.zone.example A", "NXRRSET"),
        ("a wildcard is no name of its own", "yxrrset x.apps.zone.example A", "NXRRSET"),
        ("the wildcard itself is", "yxrrset *.apps.zone.example A", "NOERROR"),
        ("the value that is live", "yxrrset _acme-challenge.zone.example TXT live", "NOERROR"),
        ("another value", "yxrrset _acme-challenge.zone.example TXT dead", "NXRRSET"),
        ("one of two records", "yxrrset www.zone.example A 192.0.2.1", "NXRRSET"),
        ("names in data in any case", "yxrrset mail.zone.example MX 10 WWW.zone.EXAMPLE.", "NOERROR"),
        ("no set where there is one", "nxrrset www.zone.example A", "YXRRSET"),
        ("no set where there are values", "nxrrset _acme-challenge.zone.example TXT", "YXRRSET"),
        ("no set where there is none", "nxrrset www.zone.example AAAA", "NOERROR"),
        ("a name in use", "yxdomain www.zone.example", "NOERROR"),
        ("a name with values only", "yxdomain _acme-challenge.zone.example", "NOERROR"),
        ("a name not in use", "yxdomain none.zone.example", "NXDOMAIN"),
        ("an empty non-terminal is not in use", "yxdomain apps.zone.example", "NXDOMAIN"),
        ("free", "nxdomain none.zone.example", "NOERROR"),
        ("not free", "nxdomain www.zone.example", "YXDOMAIN"),
        ("not in the zone", "yxdomain www.example.net", "NOTZONE"),
        ("a TTL", "pre www.zone.example A 255 1", "FORMERR"),
        ("data where none may be", "pre www.zone.example A 255 0 c0000201", "FORMERR"),
        ("data where none may be", "pre www.zone.example A 254 0 c0000201", "FORMERR"),
        ("no data where some must be", "pre www.zone.example A 1 0", "FORMERR"),
        ("data that are no address", "pre www.zone.example A 1 0 c00002", "FORMERR"),
        ("another class", "pre www.zone.example A 3 0 c0000201", "FORMERR"),
    ];
    for (why, line, expected) in table {
        assert_eq!(lab.update("ops", &[line]), expected, "{why}: {line}");
    }
    let both = ["yxrrset www.zone.example A 192.0.2.2", "yxrrset www.zone.example A 192.0.2.1"];
    assert_eq!(lab.update("ops", &both), "NOERROR", "both records, in any order");
    let value = "add _acme-challenge.web.zone.example 60 TXT v";
    assert_eq!(lab.update("ops", &["nxdomain www.zone.example", value]), "YXDOMAIN");
    assert_eq!(lab.values(), ["_acme-challenge.zone.example live"], "nothing was done");
    assert_eq!(lab.update("acme", &["yxdomain mail.zone.example"]), "REFUSED", "it tells nothing beyond its scope");
}

/// No record of an update is looked at twice: each is right, or the whole is malformed (RFC 2136 section 3.4.1).
#[test]
fn updates_are_looked_over_whole() {
    let lab = Lab::new();
    let good = "add _acme-challenge.web.zone.example 60 TXT v";
    let table = [
        ("not in the zone", "add _acme-challenge.example.net 60 TXT v", "NOTZONE"),
        ("in the zone of another", "add x.outside.example 60 A 192.0.2.1", "NOTZONE"),
        ("type ANY with data", "up www.zone.example ANY 1 60 00", "FORMERR"),
        ("type AXFR", "up www.zone.example TYPE252 1 60 00", "FORMERR"),
        ("an OPT among the records", "up www.zone.example OPT 1 60 00", "FORMERR"),
        ("no data to add", "up www.zone.example A 1 60", "FORMERR"),
        ("a TXT without a string", "up _acme-challenge.web.zone.example TXT 1 60", "FORMERR"),
        ("a string that is cut short", "up _acme-challenge.web.zone.example TXT 1 60 0561", "FORMERR"),
        ("delete with a TTL", "up www.zone.example A 255 60", "FORMERR"),
        ("delete a set with data", "up www.zone.example A 255 0 c0000201", "FORMERR"),
        ("delete a meta type", "up www.zone.example TYPE252 255 0", "FORMERR"),
        ("delete a record with a TTL", "up www.zone.example A 254 60 c0000201", "FORMERR"),
        ("delete a record of type ANY", "up www.zone.example ANY 254 0 00", "FORMERR"),
        ("delete no record", "up www.zone.example A 254 0", "FORMERR"),
        ("another class", "up www.zone.example A 3 60 c0000201", "FORMERR"),
    ];
    for (why, line, expected) in table {
        assert_eq!(lab.update("ops", &[good, line]), expected, "{why}: {line}");
        assert_eq!(lab.update("ops", &[line, good]), expected, "{why}: {line}, first");
    }
    assert!(lab.values().is_empty() && lab.edits.lock().unwrap().is_empty(), "nothing was done");
    assert_eq!(lab.count(Event::UpdateMade), 0);
    assert!(lab.count(Event::UpdateRefused) as usize >= 2 * table.len());
}

/// What real clients send: lego deletes the set and adds in one message, certbot adds, all delete the exact record, acme.sh
/// the set.
#[test]
fn values_come_and_go_as_clients_send_them() {
    let lab = Lab::new();
    let owner = "_acme-challenge.web.zone.example";
    let steps: [(&str, Vec<String>, &[&str]); 10] = [
        ("certbot adds", vec![format!("add {owner} 120 TXT one")], &["one"]),
        ("a second one beside it", vec![format!("add {owner} 120 TXT two")], &["one", "two"]),
        ("again the same", vec![format!("add {owner} 120 TXT two")], &["one", "two"]),
        ("certbot removes its own", vec![format!("del {owner} TXT one")], &["two"]),
        ("what is not there", vec![format!("del {owner} TXT one")], &["two"]),
        ("lego", vec![format!("del {owner} TXT"), format!("add {owner} 10 TXT three")], &["three"]),
        ("acme.sh", vec![format!("del {owner} TXT")], &[]),
        ("several in one", vec![format!("add {owner} 10 TXT a"), format!("add {owner} 10 TXT b")], &["a", "b"]),
        ("the whole name", vec![format!("del {owner}")], &[]),
        ("what the message itself added", vec![format!("add {owner} 10 TXT c"), format!("del {owner}")], &[]),
    ];
    for (why, lines, expected) in steps {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(lab.update("acme", &lines), "NOERROR", "{why}");
        let expected: Vec<String> = expected.iter().map(|value| format!("{owner} {value}")).collect();
        assert_eq!(lab.values(), expected, "{why}");
    }
    assert!(lab.edits.lock().unwrap().is_empty(), "no zone file is touched");
    assert_eq!(lab.update("acme", &["add _acme-challenge.zone.example 10 TXT apex"]), "NOERROR");
    assert_eq!(lab.update("acme", &["add _acme-challenge.x.apps.zone.example 10 TXT deep"]), "NOERROR");
}

/// A key does what it is for, and nothing else: REFUSED under a valid signature, nothing of the message done.
#[test]
fn a_key_keeps_to_its_scope() {
    let lab = Lab::new();
    let good = "add _acme-challenge.web.zone.example 60 TXT v";
    let table = [
        ("another name", "add _acme-challenge.mail.zone.example 60 TXT v"),
        ("below its name", "add _acme-challenge.x.web.zone.example 60 TXT v"),
        ("no challenge", "add web.zone.example 60 TXT v"),
        ("another type", "add web.zone.example 60 A 192.0.2.1"),
        ("another type at the challenge", "add _acme-challenge.web.zone.example 60 A 192.0.2.1"),
        ("another name's set", "del www.zone.example A"),
        ("another name", "del www.zone.example"),
        ("SOA of the apex", "del zone.example SOA"),
        ("two strings", "up _acme-challenge.web.zone.example TXT 1 60 01610162"),
        ("an empty string", "up _acme-challenge.web.zone.example TXT 1 60 00"),
    ];
    for (why, line) in table {
        assert_eq!(lab.update("acme", &[good, line]), "REFUSED", "{why}: {line}");
    }
    assert!(lab.values().is_empty());
    lab.key("near", TsigAlgorithm::HmacSha256, |token| token.allow_from = vec!["10.0.0.0/24".parse().unwrap()]);
    assert_eq!(lab.update("near", &[good]), "REFUSED", "from elsewhere");
    let mut asked = Asked::new(&update(ZONE, &[good]), "near", Algorithm::Sha256, SECRET, now());
    assert_eq!(lab.outcome("10.0.0.9", &mut asked), "NOERROR");
    lab.tokens.revoke("near").unwrap();
    let mut asked = Asked::new(&update(ZONE, &[good]), "near", Algorithm::Sha256, SECRET, now());
    assert_eq!(lab.outcome("10.0.0.9", &mut asked), "NOTAUTH BADKEY", "revoked");
}

/// Records of other types become orders of the editor; what its checks refuse is refused.
#[test]
fn other_records_go_the_way_of_every_edit() {
    let lab = Lab::new();
    let table: [(&str, &[&str], &str, &[&str]); 15] = [
        ("new", &["add new.zone.example 60 A 192.0.2.7"], "NOERROR", &["set new.zone.example. A 60 \\# 4 c0000207"]),
        (
            "one more",
            &["add www.zone.example 300 A 192.0.2.3"],
            "NOERROR",
            &[
                "set www.zone.example. A 300 \\# 4 c0000201",
                "add www.zone.example. A 300 \\# 4 c0000202",
                "add www.zone.example. A 300 \\# 4 c0000203",
            ],
        ),
        ("one less", &["del www.zone.example A 192.0.2.1"], "NOERROR", &["set www.zone.example. A 300 \\# 4 c0000202"]),
        ("what is there", &["add www.zone.example 300 A 192.0.2.1"], "NOERROR", &[]),
        ("what is not", &["del www.zone.example AAAA"], "NOERROR", &[]),
        (
            "a name that the message itself made",
            &["add x.zone.example 60 A 192.0.2.9", "del x.zone.example"],
            "NOERROR",
            &[],
        ),
        ("a set", &["del www.zone.example A"], "NOERROR", &["rm www.zone.example. A"]),
        ("a name", &["del mail.zone.example"], "NOERROR", &["rm mail.zone.example. MX"]),
        ("an alias beside others", &["add www.zone.example 60 CNAME x.zone.example."], "NOERROR", &[]),
        ("others beside an alias", &["add alias.zone.example 60 A 192.0.2.1"], "NOERROR", &[]),
        (
            "a name that is replaced",
            &["del alias.zone.example", "add alias.zone.example 60 A 192.0.2.1"],
            "NOERROR",
            &["rm alias.zone.example. CNAME", "set alias.zone.example. A 60 \\# 4 c0000201"],
        ),
        ("the apex keeps SOA and NS", &["del zone.example NS"], "NOERROR", &[]),
        ("the apex gets none", &["add zone.example 60 NS ns.zone.example."], "REFUSED", &[]),
        ("a gate", &["add gated.zone.example 60 A 192.0.2.1"], "REFUSED", &[]),
        ("a warning that nobody is asked about", &["add warned.zone.example 60 A 192.0.2.1"], "REFUSED", &[]),
    ];
    for (why, lines, expected, orders) in table {
        assert_eq!(lab.update("ops", lines), expected, "{why}");
        let made: Vec<String> = lab.edits.lock().unwrap().drain(..).map(|order| shown(&order)).collect();
        assert_eq!(made, orders, "{why}");
    }
    assert_eq!(lab.update("ops", &["add broken.zone.example 60 A 192.0.2.1"]), "SERVFAIL");
    let both = ["add _acme-challenge.zone.example 60 TXT v", "add new.zone.example 60 A 192.0.2.7"];
    assert_eq!(lab.update("ops", &both), "REFUSED", "two stores have no common step");
    assert!(lab.values().is_empty() && lab.edits.lock().unwrap().is_empty());
}

fn shown(order: &horizon_dns::edit::Order) -> String {
    use horizon_dns::edit::{Order, Place};
    let inner = |place: &Place| assert_eq!(*place, Place::Horizon("internal".to_owned()), "only the key's horizon");
    match order {
        Order::Set { name, rtype, data, ttl, place, .. } => {
            inner(place);
            format!("set {name} {rtype} {} {}", ttl.unwrap(), data.join(" "))
        }
        Order::Add { name, rtype, data, ttl, place, .. } => {
            inner(place);
            format!("add {name} {rtype} {} {}", ttl.unwrap(), data.join(" "))
        }
        Order::Remove { name, rtype, all: true, place, .. } => {
            inner(place);
            format!("rm {name} {}", rtype.as_deref().unwrap())
        }
        other => panic!("{other:?}"),
    }
}

/// Keys, algorithms, MACs and times that are not right (RFC 8945 section 5.2): NOTAUTH with the error that says which.
#[test]
fn wrong_signatures_are_told() {
    let lab = Lab::new();
    lab.key("long", TsigAlgorithm::HmacSha384, |_| {});
    let message = update(ZONE, &["add _acme-challenge.web.zone.example 60 TXT v"]);
    let table = [
        ("right", "acme", Algorithm::Sha256, SECRET, 0, "NOERROR"),
        ("right, 384 bits", "long", Algorithm::Sha384, SECRET, 0, "NOERROR"),
        ("right, key in another case", "ACME", Algorithm::Sha256, SECRET, 1, "NOERROR"),
        ("no such key", "nobody", Algorithm::Sha256, SECRET, 0, "NOTAUTH BADKEY"),
        ("another algorithm than the key's", "acme", Algorithm::Sha512, SECRET, 0, "NOTAUTH BADKEY"),
        ("SHA-1, whatever the key", "acme", Algorithm::Sha1, SECRET, 0, "NOTAUTH BADKEY"),
        ("another secret", "acme", Algorithm::Sha256, b"ffffffffffffffffffffffffffffffff", 0, "NOTAUTH BADSIG"),
        ("just in time", "acme", Algorithm::Sha256, SECRET, -290, "NOERROR"),
        ("too old", "acme", Algorithm::Sha256, SECRET, -320, "NOTAUTH BADTIME"),
        ("from the future", "acme", Algorithm::Sha256, SECRET, 320, "NOTAUTH BADTIME"),
        ("too old and wrong: the secret is told first", "acme", Algorithm::Sha256, b"x", -320, "NOTAUTH BADSIG"),
    ];
    for (why, key, algorithm, secret, later, expected) in table {
        let time = now().checked_add_signed(later).unwrap();
        assert_eq!(lab.outcome(CLIENT, &mut Asked::new(&message, key, algorithm, secret, time)), expected, "{why}");
    }
    assert_eq!(lab.count(Event::SignatureBad), 7);
}

/// A BADTIME reply tells the server's time and is signed with the time of the request (RFC 8945 section 5.2.3), computed here
/// octet by octet: `domain` itself takes eight octets for the six.
#[test]
fn a_wrong_clock_is_told_the_time() {
    let lab = Lab::new();
    let time = now() - 4000;
    let asked = Asked::new(&query("www.zone.example", Rtype::A, false), "acme", Algorithm::Sha256, SECRET, time);
    let request = horizon_dns::update::read_signature(&asked.octets).unwrap();
    let reply = lab.send(CLIENT, Transport::Udp, &asked.octets).unwrap();
    let signature = horizon_dns::update::read_signature(&reply).unwrap();
    assert_eq!((signature.error, signature.time), (18, time));
    let told = signature.other.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet));
    assert!(signature.other.len() == 6 && told.abs_diff(now()) <= 5, "{:?}", signature.other);
    let mut plain = reply[..signature.start].to_vec();
    plain[11] -= 1;
    let mut signed = [&[0, 32][..], &request.mac, &plain, b"\x04acme\0\0\xff\0\0\0\0\x0bhmac-sha256\0"].concat();
    signed.extend(&time.to_be_bytes()[2..]);
    signed.extend([0x01, 0x2c, 0, 18, 0, 6]);
    signed.extend(&signature.other);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    ring::hmac::verify(&key, &signed, &signature.mac).unwrap();
}

/// MACs may be cut to half and no further (RFC 8945 section 5.2.2.1); what cannot be a MAC makes the message malformed.
#[test]
fn macs_may_be_cut_to_half() {
    let lab = Lab::new();
    let table = [
        (32, "NOERROR"),
        (31, "NOERROR"),
        (16, "NOERROR"),
        (15, "NOTAUTH"),
        (10, "NOTAUTH"),
        (9, "FORMERR"),
        (0, "FORMERR"),
    ];
    for (length, expected) in table {
        let line = format!("add _acme-challenge.web.zone.example 60 TXT v{length}");
        let asked = Asked::new(&update(ZONE, &[&line]), "acme", Algorithm::Sha256, SECRET, now());
        let cut = with_mac(&asked.octets, |mac| mac.truncate(length));
        let reply = lab.send(CLIENT, Transport::Stream, &cut).unwrap();
        assert_eq!(Message::from_slice(&reply).unwrap().header().rcode().to_string(), expected, "{length} octets");
        if expected == "NOTAUTH" {
            assert_eq!(tsig_error(&reply), Some(22), "BADTRUNC");
        }
    }
    let asked = Asked::new(&update(ZONE, &[]), "acme", Algorithm::Sha256, SECRET, now());
    let longer = with_mac(&asked.octets, |mac| mac.push(0));
    let reply = lab.send(CLIENT, Transport::Stream, &longer).unwrap();
    assert_eq!((reply[3] & 0x0F, tsig_error(&reply)), (1, None), "longer than a whole one: FORMERR, unsigned");
    let flipped = with_mac(&asked.octets, |mac| mac[31] ^= 1);
    let reply = lab.send(CLIENT, Transport::Stream, &flipped).unwrap();
    assert_eq!((reply[3] & 0x0F, tsig_error(&reply)), (9, Some(16)), "the last bit counts");
}

/// A message with another MAC in its TSIG record.
fn with_mac(message: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let signature = horizon_dns::update::read_signature(message).unwrap();
    let mut mac = signature.mac.clone();
    change(&mut mac);
    let head = signature.start + signature.key.as_slice().len() + 8;
    let algorithm = signature.algorithm.as_slice();
    let tail = &message[message.len() - 6..];
    let length = (algorithm.len() + 16 + mac.len()) as u16;
    let before = &message[head + 2..head + 2 + algorithm.len() + 8];
    [&message[..head], &length.to_be_bytes(), before, &(mac.len() as u16).to_be_bytes(), &mac, tail].concat()
}

/// One signature does one update: what is sent again does nothing, and whoever replays it is refused.
#[test]
fn replayed_updates_do_nothing() {
    let lab = Lab::new();
    let owner = "_acme-challenge.web.zone.example";
    let add = update(ZONE, &[&format!("add {owner} 60 TXT v")]);
    let mut first = Asked::new(&add, "acme", Algorithm::Sha256, SECRET, now());
    assert_eq!(lab.outcome(CLIENT, &mut first), "NOERROR");
    assert_eq!(lab.outcome(CLIENT, &mut first), "NOERROR", "its client asks again: the answer was lost");
    assert_eq!(lab.outcome("192.0.2.99", &mut first), "REFUSED", "another machine");
    assert_eq!(lab.update("acme", &[&format!("del {owner} TXT")]), "NOERROR");
    assert_eq!(lab.outcome(CLIENT, &mut first), "REFUSED", "it would come back");
    assert!(lab.values().is_empty());
    assert_eq!(lab.count(Event::UpdateMade), 2);
}

/// Signed queries get the answers of all others, signed, over both transports; what does not fit with its signature is
/// truncated (RFC 8945 section 5.3).
#[test]
fn signed_queries_are_answered_signed() {
    let lab = Lab::new();
    for value in 0..10 {
        let line = format!("add _acme-challenge.web.zone.example 60 TXT {}{value}", "v".repeat(90));
        assert_eq!(lab.update("acme", &[&line]), "NOERROR");
    }
    let table = [
        ("the SOA, as certbot asks", "zone.example", Rtype::SOA, "NOERROR", 1, 1),
        ("NXDOMAIN", "none.zone.example", Rtype::SOA, "NXDOMAIN", 0, 0),
        ("NODATA", "www.zone.example", Rtype::SOA, "NOERROR", 0, 0),
        ("not ours", "www.example.net", Rtype::SOA, "REFUSED", 0, 0),
        ("a thousand octets", "_acme-challenge.web.zone.example", Rtype::TXT, "NOERROR", 10, 10),
    ];
    for (why, name, rtype, rcode, udp, stream) in table {
        for (transport, edns, answers) in
            [(Transport::Udp, true, udp), (Transport::Udp, false, udp), (Transport::Stream, true, stream)]
        {
            let mut asked = Asked::new(&query(name, rtype, edns), "acme", Algorithm::Sha256, SECRET, now());
            let reply = lab.send("10.0.0.9", transport, &asked.octets).unwrap();
            let limit = match (transport, edns) {
                (Transport::Stream, _) => 65_535,
                (Transport::Udp, true) => 1232,
                (Transport::Udp, false) => 512,
            };
            assert!(reply.len() <= limit, "{why}: {} octets", reply.len());
            let truncated = reply[2] & 0x02 != 0;
            assert_eq!(truncated, transport == Transport::Udp && !edns && answers > 1, "{why}");
            let found = u16::from_be_bytes([reply[6], reply[7]]);
            assert_eq!(found, if truncated { 0 } else { answers }, "{why}");
            assert_eq!(asked.told(reply), rcode, "{why}");
        }
    }
    // The eleventh value takes the reply beyond what fits together with the signature, but not beyond what fits without.
    let line = format!("add _acme-challenge.web.zone.example 60 TXT {}", "w".repeat(50));
    assert_eq!(lab.update("acme", &[&line]), "NOERROR");
    let mut asked = Asked::new(
        &query("_acme-challenge.web.zone.example", Rtype::TXT, true),
        "acme",
        Algorithm::Sha256,
        SECRET,
        now(),
    );
    let reply = lab.send("10.0.0.9", Transport::Udp, &asked.octets).unwrap();
    assert!(reply[2] & 0x02 != 0 && reply.len() <= 1232, "{} octets", reply.len());
    assert_eq!(asked.told(reply), "NOERROR");
}

/// What a stranger can send costs what it must: bounded, answered with the right RCODE, never a crash.
#[test]
fn bad_input_is_bounded() {
    let lab = Lab::new();
    let owner = "_acme-challenge.web.zone.example";
    let begun = Instant::now();
    // As many values as fit into a message of 64 KiB.
    let many: Vec<String> = (0..1400).map(|number| format!("add {owner} 60 TXT {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(lab.update("acme", &many), "REFUSED");
    assert_eq!(lab.update("acme", &many[..512]), "REFUSED", "more than one name may have");
    assert!(lab.values().is_empty());
    let long = "v".repeat(255);
    assert_eq!(lab.update("acme", &[&format!("add {owner} 60 TXT {long}")]), "NOERROR");
    assert_eq!(lab.values(), [format!("{owner} {long}")]);
    let label = "a".repeat(63);
    let deep = format!("_acme-challenge.{label}.{label}.{label}.{}.apps.zone.example", "b".repeat(27));
    assert_eq!(deep.len() + 2, 255, "the longest name");
    assert_eq!(lab.update("acme", &[&format!("add {deep} 60 TXT v")]), "NOERROR");
    // Octets changed after signing, one by one: never another answer than a wrong signature or a malformed message.
    let asked =
        Asked::new(&update(ZONE, &[&format!("add {owner} 60 TXT x")]), "acme", Algorithm::Sha256, SECRET, now());
    for at in HEADER..asked.octets.len() {
        for bit in [0x01, 0x80, 0xC0] {
            let mut octets = asked.octets.clone();
            octets[at] ^= bit;
            if let Some(reply) = lab.send(&format!("198.51.{}.{bit}", at % 250), Transport::Stream, &octets) {
                let told = (reply[3] & 0x0F, tsig_error(&reply));
                let original_id = at >= octets.len() - 6 && at < octets.len() - 4;
                assert!(matches!(told, (9, Some(16..=18)) | (1, None)) || original_id, "octet {at} ^ {bit}: {told:?}");
            }
        }
    }
    assert!(!lab.values().iter().any(|value| value.ends_with(" x")));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

/// Replies to wrong signatures end for a client network that keeps sending them; a right one is answered all the same.
#[test]
fn wrong_signatures_are_answered_so_often() {
    let lab = Lab::new();
    let message = update(ZONE, &[]);
    let wrong = Asked::new(&message, "acme", Algorithm::Sha256, b"wrong", now());
    let answered = (0..200).filter(|_| lab.send(CLIENT, Transport::Udp, &wrong.octets).is_some()).count();
    assert_eq!(answered, 50);
    let mut right = Asked::new(&message, "acme", Algorithm::Sha256, SECRET, now());
    assert_eq!(lab.outcome(CLIENT, &mut right), "NOERROR");
    assert!(lab.send("203.0.113.1", Transport::Udp, &wrong.octets).is_some(), "another network");
}
