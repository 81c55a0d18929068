//! Promise: what clients asked in the last hour is known, and a change is measured by it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ask;
mod transport_lab;

use ask::{settings, source};
use horizon_dns::control::impact;
use horizon_dns::dns::{Rtype, parse_name, parse_rtype};
use horizon_dns::query::{Asked, Pending, Recent, probe};
use horizon_dns::snapshot::{Snapshot, build};
use horizon_dns::transport::Limits;
use std::io::Write;
use std::net::UdpSocket;
use transport_lab::{Lab, framed, query, read_message, wait_until};

/// `horizon name type` of each.
fn lines(asked: &[Asked]) -> Vec<String> {
    asked.iter().map(|asked| format!("{} {} {}", asked.horizon, asked.name, asked.rtype)).collect()
}

/// Each name and type that was asked over UDP or TCP is known once, however often and in whatever case it was asked, at once;
/// what no zone of ours holds is not.
#[test]
fn questions_over_every_transport_are_known() {
    let lab = Lab::new(&["127.0.0.1:0", "[::1]:0"], Limits::default());
    let recent = lab.listeners.as_ref().unwrap().recent();
    assert_eq!(recent.questions(&lab.live.load()), []);
    for address in lab.addresses() {
        let socket = UdpSocket::bind((address.ip(), 0)).unwrap();
        for name in ["www.example.org", "WWW.Example.ORG", "missing.example.org", "elsewhere.example", "localhost"] {
            for _ in 0..3 {
                socket.send_to(&query(1, name, Rtype::A), address).unwrap();
                socket.recv(&mut [0; 1232]).unwrap();
            }
        }
    }
    let mut stream = lab.connect();
    stream.write_all(&[framed(&query(1, "www.example.org", Rtype::AAAA)), framed(&[1, 2, 3])].concat()).unwrap();
    read_message(&mut stream).unwrap();
    let expected = ["internal missing.example.org A", "internal www.example.org A", "internal www.example.org AAAA"];
    wait_until("the one asked over TCP is noted", || lines(&recent.questions(&lab.live.load())) == expected);
    assert!(recent.seconds() < 60, "known since the start only");
}

fn snapshot(horizons: &[&str], zone: &str) -> Snapshot {
    let clients: [&[&str]; 3] = [&["10.0.0.0/8"], &["172.16.0.0/12"], &["0.0.0.0/0"]];
    let all: Vec<_> = horizons.iter().zip(clients).map(|(name, clients)| (*name, clients, None)).collect();
    let zones: Vec<_> =
        horizons.iter().map(|horizon| source(horizon, "example", &format!("{zone}\nh TXT {horizon}"))).collect();
    build(&settings(&all), &zones, None).unwrap()
}

fn note(recent: &Recent, snapshot: &Snapshot, client: &str, name: &str) {
    let mut pending = Pending::new();
    pending.read(snapshot, client.parse().unwrap(), &ask::query(name, "A"));
    recent.noter().note(snapshot, &[pending]);
}

/// What the server asks itself to verify a change is asked by no client: it would make every changed name one that is in use.
#[test]
fn what_the_server_asks_itself_is_not_known() {
    let snapshot = snapshot(&["inside", "outside"], "www A 192.0.2.1");
    let recent = Recent::new();
    let asker = "10.0.0.1".parse().unwrap();
    let mut pending = Pending::new();
    let query = probe(1, asker, 7, &parse_name("www.example").unwrap(), Rtype::A);
    for (client, known) in [("10.0.0.1", None), ("10.0.0.2", Some("inside www.example A"))] {
        pending.read(&snapshot, client.parse().unwrap(), &query);
        recent.noter().note(&snapshot, std::slice::from_ref(&pending));
        // From another address it is any client's question, in that client's horizon.
        assert_eq!(lines(&recent.questions(&snapshot)), Vec::from_iter(known), "from {client}");
    }
}

/// A question belongs to the horizon by its name: a reload may put it in another place, or take it away.
#[test]
fn questions_follow_their_horizon_through_reloads() {
    let recent = Recent::new();
    let before = snapshot(&["inside", "guests"], "a A 192.0.2.1");
    note(&recent, &before, "10.0.0.1", "a.example");
    note(&recent, &before, "172.16.0.1", "b.example");
    let both = ["guests b.example A", "inside a.example A"];
    assert_eq!(lines(&recent.questions(&before)), both);
    assert_eq!(lines(&recent.questions(&snapshot(&["new", "guests", "inside"], ""))), both, "in other places");
    assert_eq!(lines(&recent.questions(&snapshot(&["guests"], ""))), both[..1], "one is gone");
    assert_eq!(lines(&recent.questions(&before)), both, "and back");
}

/// A flood of names that were never asked before costs the memory it may cost, and nothing that is asked all the time.
#[test]
fn a_flood_of_random_names_hides_no_regular_one() {
    let recent = Recent::new();
    let snapshot = snapshot(&["inside"], "*.a A 192.0.2.1");
    // Two workers tell of the same names: those come again.
    let noters = [recent.noter(), recent.noter()];
    for (worker, noter) in noters.into_iter().enumerate() {
        for number in 0..50 {
            let mut pending = Pending::new();
            pending.read(&snapshot, "10.0.0.1".parse().unwrap(), &ask::query(&format!("n{number}.example"), "A"));
            noter.note(&snapshot, &[pending]);
        }
        assert_eq!(recent.questions(&snapshot).len(), 50, "worker {worker}");
    }
    let noter = recent.noter();
    for number in 0..200_000 {
        let mut pending = Pending::new();
        pending.read(&snapshot, "10.0.0.1".parse().unwrap(), &ask::query(&format!("r{number}.a.example"), "A"));
        noter.note(&snapshot, &[pending]);
        if number % 5000 == 0 {
            recent.tick();
        }
    }
    let known = lines(&recent.questions(&snapshot));
    assert!((0..50).all(|number| known.contains(&format!("inside n{number}.example A"))), "{} are known", known.len());
    assert!((1000..=12_288).contains(&known.len()), "{}", known.len());
}

/// Only what a client goes by counts: outcome and records, not their order, the serial, or the SOA of a negative answer.
#[test]
fn only_other_answers_are_an_impact() {
    let base = "$TTL 300\nwww A 192.0.2.1\nwww A 192.0.2.2\nc CNAME www\nd NS ns.d\nns.d A 192.0.2.53\nmx MX 5 www\n*.w A 192.0.2.9";
    let with = |old: &str, new: &str| format!("{}\n", base.replace(old, new));
    let reordered = "$TTL 300\nmx MX 5 www\nd NS ns.d\nns.d A 192.0.2.53\nwww A 192.0.2.2\nwww A 192.0.2.1\nc CNAME www\n*.w A 192.0.2.9";
    let questions =
        ["www A", "WWW AAAA", "c A", "x.d A", "mx MX", "q.w A", "no A", "h TXT", "@ SOA", "new A"].map(|question| {
            let (name, rtype) = question.split_once(' ').unwrap();
            let name = if name == "@" { "example".to_owned() } else { format!("{name}.example").to_lowercase() };
            Asked {
                horizon: "inside".to_owned(),
                name: parse_name(&name).unwrap(),
                rtype: parse_rtype(rtype.as_bytes()).unwrap(),
            }
        });
    let table: [(&str, String, &[&str]); 8] = [
        ("nothing changes", base.to_owned(), &[]),
        ("the order changes", reordered.to_owned(), &[]),
        (
            "an address goes",
            with("www A 192.0.2.1\n", ""),
            &["c.example. A NOERROR NOERROR", "www.example. A NOERROR NOERROR"],
        ),
        (
            "a name goes",
            with("www A 192.0.2.1\nwww A 192.0.2.2\n", ""),
            &["c.example. A NOERROR NXDOMAIN", "www.example. A NOERROR NXDOMAIN", "www.example. AAAA NODATA NXDOMAIN"],
        ),
        ("a name comes", format!("{base}\nnew TXT x"), &["new.example. A NXDOMAIN NODATA"]),
        ("glue changes", with("192.0.2.53", "192.0.2.54"), &["x.d.example. A REFERRAL REFERRAL"]),
        ("a wildcard goes", with("*.w A 192.0.2.9", ""), &["q.w.example. A NOERROR NXDOMAIN"]),
        ("a TTL changes", with("mx MX", "mx 60 MX"), &["mx.example. MX NOERROR NOERROR"]),
    ];
    let before = snapshot(&["inside"], base);
    for (why, zone, expected) in table {
        let after = snapshot(&["inside"], &zone);
        let impact = impact(&before, &after, &questions, 3600);
        let mut differ: Vec<String> = impact
            .differ
            .iter()
            .map(|name| format!("{} {} {} {}", name.name, name.rtype, name.before, name.after))
            .collect();
        differ.sort();
        assert_eq!(differ, expected, "{why}");
        assert_eq!((impact.known, impact.seconds), (questions.len(), 3600));
    }
    // Of a horizon that is gone, nothing is known.
    let gone = impact(&before, &snapshot(&["guests"], base), &questions, 3600);
    assert_eq!((gone.known, gone.differ), (0, Vec::new()));
}

/// The serial, and with it the SOA of every negative answer, changes with each edit and is no impact.
#[test]
fn a_raised_serial_is_no_impact() {
    let lab_before = transport_lab::snapshot(1);
    let mut after = transport_lab::snapshot(1);
    let raised = transport_lab::snapshot(2);
    let asked = |name: &str, rtype| Asked { horizon: "internal".to_owned(), name: parse_name(name).unwrap(), rtype };
    let questions = [
        asked("example.org", Rtype::SOA),
        asked("no.example.org", Rtype::A),
        asked("ns.example.org", Rtype::AAAA),
        asked("www.example.org", Rtype::A),
    ];
    assert_eq!(impact(&lab_before, &after, &questions, 1).differ, []);
    after = raised;
    let differ = impact(&lab_before, &after, &questions, 1).differ;
    assert_eq!(differ.iter().map(|name| name.name.as_str()).collect::<Vec<_>>(), ["www.example.org."]);
}
