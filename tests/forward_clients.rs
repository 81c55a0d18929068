//! What clients of a server that forwards get: aliases of ours completed in one answer, each horizon its own answers, late
//! replies in any order, and nothing lost over reloads; and what its operator sees of that.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod forward_lab;
mod reload_lab;
mod upstream_lab;

use forward_lab::{Forwarding, config, steady};
use horizon_dns::control::{CacheAnswer, ExplainAnswer, FlushAnswer, Request, StatusAnswer, ask};
use horizon_dns::forward::Stats;
use reload_lab::{Lab, wait_until};
use serde::de::DeserializeOwned;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::thread;
use std::time::Duration;
use upstream_lab::Act::{Say, Wait};
use upstream_lab::{Client, Query, Script, Upstream, show};

/// Aliases that lead out of our zone.
const ALIASES: &str = "\
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
out CNAME WWW.example.net.
two CNAME out
gone CNAME gone.example.net.
empty CNAME empty.example.net.
d DNAME sub.example.net.
m CNAME mail.example.net.
loop CNAME loop.example.net.
chain CNAME chain.example.net.
fails CNAME fails.example.net.
";

fn script() -> Script {
    Script::default()
        .on("gone.example.net", &[Say("NXDOMAIN | example.net. 300 SOA ns. hostmaster. 1 3600 600 86400 300")])
        .on("empty.example.net", &[Say("NOERROR | example.net. 300 SOA ns. hostmaster. 1 3600 600 86400 300")])
        .on("mail.example.net", &[Say("NOERROR; @ 300 MX 5 mx; @ 300 MX 9 mail.example.org.")])
        .on("loop.example.net", &[Say("NOERROR; @ 300 CNAME loop.example.org.; loop.example.org. 300 A 11.0.0.9")])
        .on(
            "chain.example.net",
            &[Say("NOERROR ad; @ 300 CNAME n; n 300 CNAME end.example.com.; end.example.com. 300 A 11.0.0.8")],
        )
        .on("fails.example.net", &[Say("SERVFAIL ! 6 signatures are bogus")])
        .on("bare.example.net", &[Say("NOERROR; @ 300 CNAME ns.example.org.")])
        .on("slow.example.net", &[Wait(400), Say("NOERROR; @ 300 A 11.0.0.7")])
}

/// A server with aliases, whose clients at 127.0.0.2 are in a horizon of their own, and those at 127.0.0.3 in one that does
/// not forward.
fn start() -> Forwarding {
    let upstream = Upstream::start(script());
    let others = "
[[horizon]]
name = \"lab\"
clients = [\"127.0.0.2/32\"]
forward = true
[[horizon]]
name = \"guests\"
clients = [\"127.0.0.3/32\"]
";
    let config = config(&[upstream.address], others);
    Forwarding { lab: Lab::start(&config, &[("internal/example.org.zone", ALIASES)]), upstreams: vec![upstream] }
}

/// RFC 1034 section 3.6.2 and RFC 6604: the answer has our aliases and what upstreams say of their target, with its RCODE;
/// the same from an upstream and from the cache, over UDP and TCP.
#[test]
fn aliases_that_lead_out_are_completed_in_one_answer() {
    let server = start();
    let soa = "example.net. 300 SOA ns. hostmaster. 1 3600 600 86400 300";
    let table = [
        (
            "an address",
            "out.example.org A",
            "NOERROR aa; out.example.org. 60 CNAME WWW.example.net.; WWW.example.net. 300 A 11.0.0.1".to_owned(),
        ),
        (
            "two aliases of ours",
            "two.example.org A",
            "NOERROR aa; \
             two.example.org. 60 CNAME out.example.org.; \
             out.example.org. 60 CNAME WWW.example.net.; \
             WWW.example.net. 300 A 11.0.0.1"
                .to_owned(),
        ),
        (
            "a target that is missing",
            "gone.example.org A",
            format!("NXDOMAIN aa; gone.example.org. 60 CNAME gone.example.net. | {soa}"),
        ),
        (
            "a target without the type",
            "empty.example.org AAAA",
            format!("NOERROR aa; empty.example.org. 60 CNAME empty.example.net. | {soa}"),
        ),
        (
            "a DNAME",
            "a.d.example.org A",
            "NOERROR aa; \
             d.example.org. 60 DNAME sub.example.net.; \
             a.d.example.org. 60 CNAME a.sub.example.net.; \
             a.sub.example.net. 300 A 11.0.0.1"
                .to_owned(),
        ),
        (
            "names in data",
            "m.example.org MX",
            "NOERROR aa; \
             m.example.org. 60 CNAME mail.example.net.; \
             mail.example.net. 300 MX 5 mx.mail.example.net.; \
             mail.example.net. 300 MX 9 mail.example.org."
                .to_owned(),
        ),
        (
            "a target that leads back",
            "loop.example.org A",
            "NOERROR aa; \
             loop.example.org. 60 CNAME loop.example.net.; \
             loop.example.net. 300 CNAME loop.example.org."
                .to_owned(),
        ),
        (
            "aliases of upstreams behind ours; AD is not theirs to give",
            "chain.example.org A",
            "NOERROR aa; \
             chain.example.org. 60 CNAME chain.example.net.; \
             chain.example.net. 300 CNAME n.chain.example.net.; \
             n.chain.example.net. 300 CNAME end.example.com.; \
             end.example.com. 300 A 11.0.0.8"
                .to_owned(),
        ),
        (
            "an alias of upstreams that leads to us ends there",
            "bare.example.net A",
            "NOERROR; bare.example.net. 300 CNAME ns.example.org.".to_owned(),
        ),
        (
            "upstreams that fail",
            "fails.example.org A",
            "SERVFAIL aa; fails.example.org. 60 CNAME fails.example.net. ! 6".to_owned(),
        ),
        (
            "the alias itself is asked for",
            "out.example.org CNAME",
            "NOERROR aa; out.example.org. 60 CNAME WWW.example.net.".to_owned(),
        ),
    ];
    for (why, question, expected) in table {
        for times in ["first", "then"] {
            let shown = steady(&server.ask(question));
            assert_eq!(sorted(&shown), sorted(&expected), "{why}: {question}, {times}");
        }
        assert_eq!(sorted(&steady(&server.ask_tcp(question))), sorted(&expected), "{why}: {question} over TCP");
    }
    let [upstream] = &server.upstreams[..] else { panic!("one upstream") };
    assert_eq!(upstream.count("www.example.net."), 1, "asked once for both aliases and all transports");
    assert_eq!(upstream.count("example.org."), 0, "a name of ours never leaves");
}

/// The records of the answer in the order of their text: RRsets turn.
fn sorted(shown: &str) -> Vec<&str> {
    let mut parts: Vec<_> = shown.split("; ").collect();
    parts.sort_unstable();
    parts
}

/// Recursion is for those who ask for it and whose horizon has it (RFC 1034 section 4.3.1); RA tells all of the latter, in
/// whatever reply.
#[test]
fn only_those_who_may_and_want_are_forwarded() {
    let server = start();
    let address = server.lab.address();
    let inside = Client::new(address);
    let guest = Client { from: Ipv4Addr::new(127, 0, 0, 3), ..inside };
    let query = |question: &str, recursion| Query { recursion_desired: recursion, ..Query::new(question) };
    let alias = "NOERROR aa; out.example.org. 60 CNAME WWW.example.net.";
    let table = [
        ("it may and wants", inside, "www.example.net A", true, true, "NOERROR; www.example.net. 300 A 11.0.0.1"),
        ("it does not want, whatever is cached", inside, "www.example.net A", false, true, "REFUSED ! 20"),
        ("it does not want an alias followed", inside, "out.example.org A", false, true, alias),
        ("a name of ours", inside, "ns.example.org A", true, true, "NOERROR aa; ns.example.org. 60 A 127.0.0.1"),
        ("a refused type", inside, "example.org AXFR", true, true, "REFUSED ! 18"),
        ("it may not", guest, "www.example.net A", true, false, "REFUSED ! 20"),
        ("it may not, by an alias neither", guest, "out.example.org A", true, false, "REFUSED ! 20"),
    ];
    for (why, client, question, wants, available, expected) in table {
        let mut replies = vec![client.udp(&query(question, wants))];
        if client.from == inside.from {
            replies.push(client.tcp(&query(question, wants)));
        }
        for reply in replies {
            assert_eq!(steady(&show(&reply)), expected, "{why}");
            assert_eq!(reply[3] & 0x80 != 0, available, "RA: {why}");
        }
    }
}

/// The horizon is part of what an answer is kept by.
#[test]
fn each_horizon_has_its_own_answers() {
    let server = start();
    let inside = server.client();
    let lab = Client { from: Ipv4Addr::new(127, 0, 0, 2), ..inside };
    let upstream = &server.upstreams[0];
    for (client, asked) in [(inside, 1), (inside, 1), (lab, 2), (lab, 2), (inside, 2)] {
        assert_eq!(steady(&client.ask("www.example.net A")), "NOERROR; www.example.net. 300 A 11.0.0.1");
        assert_eq!(upstream.count("www.example.net."), asked);
    }
    let flushed: FlushAnswer = control(
        &server.lab,
        &Request::CacheFlush { name: Some("www.example.net".into()), below: false, horizon: Some("lab".into()) },
    );
    assert_eq!(flushed.forgotten, 1);
    for (client, asked) in [(inside, 2), (lab, 3)] {
        client.ask("www.example.net A");
        assert_eq!(upstream.count("www.example.net."), asked);
    }
}

/// On one connection what is known comes before what an upstream takes its time for (RFC 7766 section 6.2.1.1), and a client
/// that has ended its side still gets what it has asked for.
#[test]
fn late_replies_come_behind_others_on_a_connection() {
    let server = start();
    let mut stream = TcpStream::connect(server.lab.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let send = |stream: &mut TcpStream, id: u16, question: &str| {
        let octets = Query { id, ..Query::new(question) }.octets();
        stream.write_all(&[&(octets.len() as u16).to_be_bytes()[..], &octets].concat()).unwrap();
    };
    let receive = |stream: &mut TcpStream| {
        let mut size = [0; 2];
        stream.read_exact(&mut size).unwrap();
        let mut reply = vec![0; usize::from(u16::from_be_bytes(size))];
        stream.read_exact(&mut reply).unwrap();
        (u16::from_be_bytes([reply[0], reply[1]]), steady(&show(&reply)))
    };
    send(&mut stream, 1, "slow.example.net A");
    send(&mut stream, 2, "ns.example.org A");
    assert_eq!(receive(&mut stream).0, 2, "ours need not wait");
    assert_eq!(receive(&mut stream), (1, "NOERROR; slow.example.net. 300 A 11.0.0.7".to_owned()));
    for id in 10..20 {
        send(&mut stream, id, &format!("n{id}.slow.example.net A"));
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut seen: Vec<_> = (10..20).map(|_| receive(&mut stream).0).collect();
    seen.sort_unstable();
    assert_eq!(seen, (10..20).collect::<Vec<_>>());
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "then it is closed");
}

/// More questions than may be outstanding on one connection are read when there is room, and none is lost.
#[test]
fn a_connection_with_many_questions_loses_none() {
    let server = start();
    let mut stream = TcpStream::connect(server.lab.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let all: Vec<u8> = (0..400u16)
        .flat_map(|id| {
            let octets = Query { id, ..Query::new(&format!("n{id}.slow.example.net A")) }.octets();
            [&(octets.len() as u16).to_be_bytes()[..], &octets].concat()
        })
        .collect();
    stream.write_all(&all).unwrap();
    let mut seen = vec![false; 400];
    for _ in 0..400 {
        let mut size = [0; 2];
        stream.read_exact(&mut size).unwrap();
        let mut reply = vec![0; usize::from(u16::from_be_bytes(size))];
        stream.read_exact(&mut reply).unwrap();
        let id = usize::from(u16::from_be_bytes([reply[0], reply[1]]));
        assert!(!seen[id], "each is answered once");
        assert_eq!(reply[3] & 0x0F, 0, "question {id}");
        seen[id] = true;
    }
}

/// A reload keeps what is cached and whoever waits; of names whose zone or upstream changed nothing is kept.
#[test]
fn reloads_keep_what_still_holds() {
    let server = start();
    let upstream = &server.upstreams[0];
    let count = |name: &str| upstream.count(&format!("{name}."));
    let names = ["www.example.net", "www.example.com", "www.example.edu"];
    let ask_all = || names.map(|name| server.ask(&format!("{name} A")));
    ask_all();
    // A zone comes and goes again.
    server.lab.write("zones/internal/example.com.zone", &reload_lab::zone(1, "10.0.0.9"));
    wait_until("the zone answers", || server.ask("www.example.com A").contains("10.0.0.9"));
    std::fs::remove_file(server.lab.path("zones/internal/example.com.zone")).unwrap();
    wait_until("the upstream is asked again", || server.ask("www.example.com A").contains("11.0.0.1"));
    assert_eq!(names.map(count), [1, 2, 1], "only what the zone held is forgotten");
    // Another upstream for one domain, while a client waits.
    let other = Upstream::start(Script::default().on("example.edu", &[Say("NOERROR; @ 300 A 11.0.0.5")]));
    let (before, address) = (std::fs::read_to_string(server.lab.path("horizon.toml")).unwrap(), server.lab.address());
    let waiting = thread::spawn(move || Client::new(address).ask("slow.example.net A"));
    wait_until("the slow question is under way", || count("slow.example.net") == 1);
    let more = format!("[[forward.domain]]\nname = \"example.edu\"\nupstreams = [\"{}\"]\n", other.address);
    server.lab.write("horizon.toml", &format!("{before}\n{more}"));
    assert!(server.lab.server().reload().failing.is_empty());
    assert_eq!(
        steady(&waiting.join().unwrap()),
        "NOERROR; slow.example.net. 300 A 11.0.0.7",
        "whoever waits is answered"
    );
    let [net, com, edu] = ask_all().map(|shown| steady(&shown));
    assert!(net.ends_with("11.0.0.1") && com.ends_with("11.0.0.1") && edu.ends_with("11.0.0.5"), "{net} {com} {edu}");
    assert_eq!(names.map(count), [1, 2, 1], "and what is kept is kept");
}

/// Forwarding can be switched on while the server runs.
#[test]
fn the_forwarder_comes_with_a_reload() {
    let upstream = Upstream::start(Script::default());
    let lab = Lab::start(reload_lab::CONFIG, &[("internal/example.org.zone", ALIASES)]);
    let client = Client::new(lab.address());
    assert_eq!(steady(&client.ask("www.example.net A")), "REFUSED ! 20");
    lab.write("horizon.toml", &config(&[upstream.address], ""));
    assert!(lab.server().reload().failing.is_empty());
    assert_eq!(steady(&client.ask("www.example.net A")), "NOERROR; www.example.net. 300 A 11.0.0.1");
}

/// A stopping server answers everybody who waits.
#[test]
fn a_server_that_stops_answers_who_waits() {
    let mut server = start();
    let address = server.lab.address();
    let udp = thread::spawn(move || Client::new(address).ask("slow.example.net A"));
    let tcp = thread::spawn(move || show(&Client::new(address).tcp(&Query::new("tcp.slow.example.net A"))));
    let upstream = &server.upstreams[0];
    wait_until("both are under way", || {
        upstream.count("slow.example.net.") + upstream.count("tcp.slow.example.net.") >= 2
    });
    server.lab.stop();
    let udp = udp.join().unwrap();
    assert!(udp.starts_with("NOERROR") || udp.starts_with("SERVFAIL"), "{udp}");
    assert!(tcp.join().unwrap().starts_with("NOERROR"), "a connection is waited for");
}

/// `cache show`, `flush` and `stats`, `status` and `explain` tell what is kept, who is asked and why.
#[test]
fn the_operator_sees_what_is_kept_and_who_is_asked() {
    let server = start();
    let stats = || control::<Stats>(&server.lab, &Request::CacheStats);
    let explain = |name: &str| -> ExplainAnswer {
        let from = Ipv4Addr::LOCALHOST.into();
        control(&server.lab, &Request::Explain { name: name.to_owned(), rtype: "A".to_owned(), from })
    };
    let before = explain("www.example.net.").forwarded.unwrap();
    assert!(before.asked && before.cached.is_none());
    assert_eq!((before.by.as_str(), before.upstreams.len()), ("default", 1));
    for _ in 0..3 {
        server.ask("www.example.net A");
    }
    server.ask("gone.example.net A");
    assert_eq!((stats().entries, stats().negative, stats().hits), (2, 1, 2));
    let after = explain("www.example.net.");
    let cached = after.forwarded.unwrap().cached.unwrap();
    assert_eq!((cached.kind.as_str(), after.rcode.as_str(), after.answer.len()), ("answer", "NOERROR", 1));
    assert!(cached.left > 290 && cached.horizon.as_deref() == Some("internal"));
    let held = explain("printer.").forwarded.unwrap();
    assert!(held.held.is_some_and(|why| why.starts_with("a guard keeps it here")) && !held.asked);
    let alias = explain("out.example.org.");
    assert_eq!(alias.forwarded.unwrap().name, "www.example.net.", "an alias is explained by its target");
    assert_eq!(alias.answer.len(), 2);

    let show = |name: Option<&str>, below, limit| -> CacheAnswer {
        let name = name.map(str::to_owned);
        control(&server.lab, &Request::CacheShow { name, below, rtype: None, horizon: None, limit })
    };
    let shown = show(None, false, 10);
    let of = |answer: &CacheAnswer| answer.entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
    assert_eq!((of(&shown), shown.more), (vec!["gone.example.net.".into(), "www.example.net.".into()], false));
    assert_eq!(shown.entries[1].records, [shown.entries[1].records[0].clone()]);
    assert!(show(None, false, 1).more, "there is more than was wanted");
    assert_eq!(of(&show(Some("Example.NET"), true, 10)).len(), 2);
    assert_eq!(of(&show(Some("example.net"), false, 10)).len(), 0);

    let status: StatusAnswer = control(&server.lab, &Request::Status);
    assert_eq!(status.cache.unwrap().entries, 2);
    let [upstream] = &status.upstreams[..] else { panic!("one upstream: {:?}", status.upstreams) };
    assert_eq!((upstream.upstream.clone(), upstream.state.as_str()), (server.upstreams[0].address.to_string(), "up"));
    assert!(upstream.asked >= 2 && upstream.srtt.is_some());

    let flush = |name: Option<&str>, below| -> FlushAnswer {
        control(&server.lab, &Request::CacheFlush { name: name.map(str::to_owned), below, horizon: None })
    };
    assert_eq!(flush(Some("example.net"), false).forgotten, 0);
    assert_eq!(flush(Some("gone.example.net"), true).forgotten, 1);
    assert_eq!(flush(None, false).forgotten, 1);
    assert_eq!(stats().entries, 0);
}

fn control<T: DeserializeOwned>(lab: &Lab, request: &Request) -> T {
    ask(&lab.path("run/control.sock"), request, Duration::from_secs(20)).unwrap()
}
