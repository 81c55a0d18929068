//! What keeps the server from being used against others: cookies and response rate limits, seen through the query path.

mod ask;

use ask::{query, settings, show, source};
use horizon_dns::config::Rate;
use horizon_dns::query::{Charge, Pending, Transport, Verdict, slip};
use horizon_dns::snapshot::{Snapshot, build};
use std::net::IpAddr;

fn limited() -> Snapshot {
    let mut settings = settings(&[("inside", &["10.0.0.0/8"], None), ("outside", &["0.0.0.0/0", "::/0"], None)]);
    settings.horizons[1].rate = Some(Rate { exempt: vec!["198.51.100.7/32".parse().unwrap()], ..Rate::PUBLIC });
    let zone = "www A 192.0.2.1\nmail A 192.0.2.2\n*.w A 192.0.2.3\nsub NS ns.sub\nns.sub A 192.0.2.53";
    let zones = ["inside", "outside"].map(|horizon| source(horizon, "example", zone));
    build(&settings, &zones, None).unwrap()
}

/// A query with this COOKIE option.
fn with_cookie(name: &str, cookie: &[u8]) -> Vec<u8> {
    let mut octets = query(name, "A");
    octets[11] = 1;
    octets.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, cookie.len() as u8 + 4, 0, 10, 0, cookie.len() as u8]);
    octets.extend_from_slice(cookie);
    octets
}

fn respond(snapshot: &Snapshot, client: &str, query: &[u8]) -> (Vec<u8>, Option<Charge>) {
    let client: IpAddr = client.parse().unwrap();
    let mut reply = vec![0; 1232];
    let mut pending = Pending::new();
    pending.read(snapshot, client, query);
    let Verdict::Reply(length) = pending.answer(snapshot, Transport::Udp, query, &mut reply) else {
        panic!("no reply")
    };
    reply.truncate(length);
    let charge = pending.charge(snapshot, client, &reply);
    (reply, charge)
}

fn charge(snapshot: &Snapshot, client: &str, name: &str) -> Option<u64> {
    respond(snapshot, client, &query(name, "A")).1.map(|charge| charge.key)
}

/// A reply to a client cookie holds both cookies; the client that shows them is known, and not limited (RFC 7873).
#[test]
fn a_client_that_shows_our_cookie_is_known() {
    let snapshot = limited();
    let (reply, charge) = respond(&snapshot, "192.0.2.77", &with_cookie("www.example", b"12345678"));
    assert!(charge.is_some(), "a new client is limited");
    let option = &reply[reply.len() - 28..];
    assert_eq!(option[..12], *b"\0\x0a\0\x1812345678");
    let (again, charge) = respond(&snapshot, "192.0.2.77", &with_cookie("www.example", &option[4..]));
    assert_eq!(charge, None, "a known client is not");
    assert_eq!(again[again.len() - 28..], *option, "a fresh cookie is given back");
    let (_, charge) = respond(&snapshot, "192.0.2.78", &with_cookie("www.example", &option[4..]));
    assert!(charge.is_some(), "another client cannot use it");
    let (malformed, _) = respond(&snapshot, "192.0.2.77", &with_cookie("www.example", b"123456789"));
    assert_eq!(malformed[3] & 0x0F, 1, "FORMERR for a cookie of nine octets");
}

/// Replies are counted by client network and kind: data by name, denials and referrals by zone.
#[test]
fn replies_are_told_apart_by_network_and_kind() {
    let snapshot = limited();
    let key = |client: &str, name: &str| charge(&snapshot, client, name).unwrap();
    let same = [
        ("one network", key("192.0.2.1", "www.example"), key("192.0.2.254", "www.example")),
        ("one IPv6 network", key("2001:db8::1", "www.example"), key("2001:db8:0:ff::2", "www.example")),
        ("random names that do not exist", key("192.0.2.1", "a1.example"), key("192.0.2.1", "b2.example")),
        ("case", key("192.0.2.1", "WWW.example"), key("192.0.2.1", "www.example")),
    ];
    for (why, one, other) in same {
        assert_eq!(one, other, "{why}");
    }
    let different = [
        ("other networks", key("192.0.2.1", "www.example"), key("192.0.3.1", "www.example")),
        ("other IPv6 networks", key("2001:db8::1", "www.example"), key("2001:db8:0:100::1", "www.example")),
        ("names with data", key("192.0.2.1", "www.example"), key("192.0.2.1", "mail.example")),
        ("data and denials", key("192.0.2.1", "www.example"), key("192.0.2.1", "nix.example")),
    ];
    for (why, one, other) in different {
        assert_ne!(one, other, "{why}");
    }
    let free = [("the inside is not limited", "10.1.1.1"), ("exempt", "198.51.100.7"), ("this machine", "127.0.0.1")];
    for (why, client) in free {
        assert_eq!(charge(&snapshot, client, "www.example"), None, "{why}");
    }
}

/// A slipped reply is the question with TC and nothing else.
#[test]
fn a_slipped_reply_sends_clients_to_tcp() {
    let (mut reply, _) = respond(&limited(), "192.0.2.1", &query("www.example", "A"));
    let length = slip(&mut reply);
    assert_eq!(length, query("www.example", "A").len());
    assert_eq!(show(&reply[..length]), "NOERROR aa tc");
}
