//! The scripted upstream of the forwarder's tests does what its script says, else those tests would prove nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod upstream_lab;

use std::io::ErrorKind;
use std::time::Duration;
use upstream_lab::{Act, Client, Query, Script, Twist, Upstream, show};

/// What is said is what a client sees, over both transports; what is too long for UDP comes over TCP.
#[test]
fn lines_become_replies() {
    let table = [
        ("an address", "NOERROR; @ 300 A 11.0.0.1", "NOERROR; Www.Example. 300 A 11.0.0.1"),
        (
            "a chain",
            "NOERROR ad; @ 60 CNAME b; b 30 A 11.0.0.2",
            "NOERROR ad; Www.Example. 60 CNAME b.Www.Example.; b.Www.Example. 30 A 11.0.0.2",
        ),
        (
            "sections",
            "NXDOMAIN aa | . 5 SOA a. b. 1 2 3 4 5 + x. 1 A 11.0.0.3",
            "NXDOMAIN aa | . 5 SOA a. b. 1 2 3 4 5 + x. 1 A 11.0.0.3",
        ),
        ("an extended error", "SERVFAIL ! 22 nobody is there", "SERVFAIL ! 22 nobody is there"),
        (
            "a type that nobody knows",
            "NOERROR; @ 1 TYPE65280 \\# 2 0102",
            "NOERROR; Www.Example. 1 TYPE65280 \\# 2 0102",
        ),
    ];
    for (why, said, expected) in table {
        let upstream = Upstream::start(Script::default().on("www.example", &[Act::Say(said)]));
        let client = Client::new(upstream.address);
        let query = Query::new("Www.Example A");
        assert_eq!(show(&client.udp(&query)), expected, "{why}");
        assert_eq!(show(&client.tcp(&query)), expected, "{why}, TCP");
        let asked = upstream.asked_for("example");
        assert_eq!(asked.iter().map(|asked| asked.stream).collect::<Vec<_>>(), [false, true]);
        assert_eq!(asked[0].name, "www.example.");
        assert_eq!(asked[0].spelled, b"\x03Www\x07Example\0");
        assert_eq!(asked[0].edns.as_ref().unwrap().size, 1232);
    }
    let upstream = Upstream::start(Script::default().on("big", &[Act::Texts(240)]));
    let client = Client::new(upstream.address);
    assert_eq!(client.ask("big TXT"), "NOERROR tc");
    assert!(client.tcp(&Query::new("big TXT")).len() > 60_000);
}

/// Turns follow each other by transport, and what is above a name holds for it unless it has a rule of its own.
#[test]
fn rules_go_by_name_and_turn() {
    let script = Script::default()
        .turns("a.example", false, &[&[Act::Say("SERVFAIL")], &[Act::Say("REFUSED")], &[Act::Say("NOTIMP")]])
        .on("example", &[Act::Say("NXDOMAIN")]);
    let upstream = Upstream::start(script);
    let client = Client::new(upstream.address);
    for (question, expected) in [
        ("a.example A", "SERVFAIL"),
        ("b.example A", "NXDOMAIN"),
        ("x.a.example A", "REFUSED"),
        ("aexample A", "NOERROR; aexample. 300 A 11.0.0.1"),
        ("a.example A", "NOTIMP"),
        ("a.example A", "NOTIMP"),
    ] {
        assert_eq!(client.ask(question), expected, "{question}");
    }
    assert_eq!(upstream.count("a.example"), 4);
}

/// A dead one is silent, a killed one refuses, and it comes back at the same port.
#[test]
fn it_dies_and_comes_back() {
    let mut upstream = Upstream::start(Script::default());
    let client = Client::new(upstream.address);
    let socket = client.socket();
    let mut buffer = [0; 512];
    upstream.silence(true);
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    socket.send(&Query::new("example A").octets()).unwrap();
    assert!(socket.recv(&mut buffer).is_err());
    assert_eq!(upstream.count("example"), 1, "it was asked all the same");
    upstream.silence(false);
    upstream.kill();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.send(&Query::new("example A").octets()).unwrap();
    assert_eq!(socket.recv(&mut buffer).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    upstream.revive();
    assert_eq!(client.ask("example A"), "NOERROR; example. 300 A 11.0.0.1");
}

/// What is wrong is wrong, and the right answer can come behind it.
#[test]
fn wrong_replies_are_wrong() {
    let right = Act::Say("NOERROR; @ 300 A 11.0.0.1");
    type IsWrong = fn(&[u8]) -> bool;
    let table: [(Twist, IsWrong); 6] = [
        (Twist::Id, |reply| reply[1] == 0x35),
        (Twist::Question, |reply| reply[13] == b'z'),
        (Twist::Case, |reply| &reply[13..20] == b"EXAMPLE"),
        (Twist::NoQuestion, |reply| reply[5] == 0),
        (Twist::Query, |reply| reply[2] & 0x80 == 0),
        (Twist::Cut(5), |reply| reply.len() == 5),
    ];
    for (twist, is_wrong) in table {
        let acts = [Act::Wrong(twist, "NOERROR; @ 300 A 11.6.6.6"), right];
        let upstream = Upstream::start(Script::default().on("example", &acts));
        let client = Client::new(upstream.address);
        let socket = client.socket();
        socket.send(&Query::new("example A").octets()).unwrap();
        let mut buffer = [0; 1232];
        let length = socket.recv(&mut buffer).unwrap();
        assert!(is_wrong(&buffer[..length]), "{twist:?}");
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(show(&buffer[..length]), "NOERROR; example. 300 A 11.0.0.1", "{twist:?}");
    }
}
