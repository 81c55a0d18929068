//! Promise: of a zone and a `[[forward.domain]]`, the longer name decides; of two that are alike, the zone.

mod ask;

use ask::{query, source};
use horizon_dns::config;
use horizon_dns::query::{Transport, Verdict, respond};
use horizon_dns::snapshot::{Snapshot, build};

const SETTINGS: &str = r#"
    [[horizon]]
    name = "lan"
    clients = ["10.0.0.0/8"]
    forward = true
    [[horizon]]
    name = "out"
    clients = ["any"]
    [forward]
    upstreams = ["192.0.2.53"]
    [[forward.domain]]
    name = "0.0.10.in-addr.arpa"
    upstreams = ["192.0.2.54"]
    [[forward.domain]]
    name = "corp.example.org"
    upstreams = ["192.0.2.54"]
    [[forward.domain]]
    name = "example.org"
    upstreams = ["192.0.2.54"]
    [[forward.domain]]
    name = "home.arpa"
    upstreams = ["192.0.2.54"]
    [[forward.domain]]
    name = "arpa"
    upstreams = ["192.0.2.54"]
"#;

fn snapshot() -> Snapshot {
    let settings = config::parse(SETTINGS, "horizon.toml").unwrap();
    let zones = ["lan", "out"].map(|horizon| {
        [
            source(horizon, "example.org", "www CNAME host.corp\nx.corp A 192.0.2.1\nmail MX 10 mx.corp"),
            source(horizon, "ours.corp.example.org", "a A 192.0.2.2"),
        ]
    });
    build(&settings, zones.as_flattened(), None).unwrap()
}

/// What becomes of a question: its RCODE, or `forward`.
fn outcome(snapshot: &Snapshot, client: &str, question: &str) -> String {
    let (name, rtype) = question.split_once(' ').unwrap();
    let mut octets = query(name, rtype);
    // RD
    octets[2] |= 1;
    let mut reply = vec![0; 65_535];
    match respond(snapshot, client.parse().unwrap(), Transport::Stream, &octets, &mut reply) {
        Verdict::Reply(_) => format!("rcode {} answers {}", reply[3] & 15, reply[7]),
        Verdict::Forward(_) => "forward".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_longer_of_zone_and_route_decides() {
    let snapshot = snapshot();
    let table = [
        ("the zone's own name beside a route of the same name", "10.0.0.1", "example.org. SOA", "rcode 0 answers 1"),
        ("a name below the route", "10.0.0.1", "host.corp.example.org. A", "forward"),
        ("the route itself", "10.0.0.1", "corp.example.org. TXT", "forward"),
        ("DS belongs to the zone above", "10.0.0.1", "corp.example.org. DS", "rcode 0 answers 0"),
        ("what the zone holds below the route is hidden", "10.0.0.1", "x.corp.example.org. A", "forward"),
        ("a zone below the route", "10.0.0.1", "a.ours.corp.example.org. A", "rcode 0 answers 1"),
        ("missing names of that zone", "10.0.0.1", "b.ours.corp.example.org. A", "rcode 3 answers 0"),
        ("another name of the zone", "10.0.0.1", "nowhere.example.org. A", "rcode 3 answers 0"),
        ("a built-in zone that is a route, too", "10.0.0.1", "nas.home.arpa. A", "forward"),
        ("a route in a built-in zone", "10.0.0.1", "7.0.0.10.in-addr.arpa. PTR", "forward"),
        ("beside that route the built-in zone answers", "10.0.0.1", "7.1.0.10.in-addr.arpa. PTR", "rcode 3 answers 0"),
        ("a route above a built-in zone", "10.0.0.1", "1.1.168.192.in-addr.arpa. PTR", "rcode 3 answers 0"),
        ("a horizon that does not forward has no routes", "192.0.2.9", "x.corp.example.org. A", "rcode 0 answers 1"),
        ("nor below built-in zones", "192.0.2.9", "7.0.0.10.in-addr.arpa. PTR", "rcode 3 answers 0"),
    ];
    for (why, client, question, expected) in table {
        assert_eq!(outcome(&snapshot, client, question), expected, "{why}: {question}");
    }
}

/// An alias that leads below a route is completed by those who are asked there.
#[test]
fn aliases_lead_below_routes() {
    assert_eq!(outcome(&snapshot(), "10.0.0.1", "www.example.org. A"), "forward");
    assert_eq!(outcome(&snapshot(), "10.0.0.1", "mail.example.org. MX"), "rcode 0 answers 1");
}
