//! Answers as upstreams may send them, and what is let in of them.

use super::Finding;
use super::Guards;
use super::cut_additional;
use crate::config;
use crate::dns::name_from_wire;
use crate::dns::parse_name;
use crate::forward::refusal::Kind;
use crate::forward::refusal::Refusal;
use hickory_proto::op::Message;

const GUARD: &str = r#"
    [[horizon]]
    name = "lan"
    clients = ["any"]
    forward = true
    [forward]
    upstreams = ["192.0.2.53"]
    [forward.guard]
    rebind_except = ["plex.direct", "corp.example"]
    bogus_nxdomain = ["203.0.113.9", "198.51.100.0/24"]
    filter_aaaa = ["four.example"]
"#;

fn guards(text: &str) -> Guards {
    Guards::new(&config::parse(text, "horizon.toml").unwrap().forward.guard, None)
}

/// A name in wire format.
fn wire(name: &str) -> Vec<u8> {
    parse_name(name).unwrap().as_slice().to_vec()
}

/// A reply to `name type`: records as `section owner TYPE data`, one a line; an owner of `@` is a pointer to the question.
fn message(name: &str, rtype: u16, records: &str) -> Vec<u8> {
    let mut octets = vec![0x12, 0x34, 0x85, 0xA0, 0, 1, 0, 0, 0, 0, 0, 0];
    octets.extend(wire(name));
    octets.extend([(rtype >> 8) as u8, rtype as u8, 0, 1]);
    for line in records.split('\n').map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let (section, owner, rtype, data) =
            (words.next().unwrap(), words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        octets[match section {
            "answer" => 7,
            "authority" => 9,
            _ => 11,
        }] += 1;
        octets.extend(if owner == "@" { vec![0xC0, 12] } else { wire(owner) });
        let (rtype, data) = match rtype {
            "A" => (1, data.parse::<std::net::Ipv4Addr>().unwrap().octets().to_vec()),
            "AAAA" => (28, data.parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec()),
            "NS" => (2, wire(data)),
            "CNAME" => (5, wire(data)),
            "OPT" => (41, Vec::new()),
            "HTTPS4" => {
                (65, [&b"\0\x01\0\0\x04\0\x04"[..], &data.parse::<std::net::Ipv4Addr>().unwrap().octets()].concat())
            }
            "HTTPS6" => {
                (65, [&b"\0\x01\0\0\x06\0\x10"[..], &data.parse::<std::net::Ipv6Addr>().unwrap().octets()].concat())
            }
            "ALIAS" => (65, [b"\0\0".to_vec(), wire(data)].concat()),
            "RAW" => (1, data.as_bytes().to_vec()),
            other => panic!("{other}"),
        };
        octets.extend([0, rtype, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        octets.extend(data);
    }
    octets
}

fn blocked(target: &[u8]) -> Option<Refusal> {
    (target == wire("tracker.example")).then(|| Refusal::new(Kind::Zero, 15, "listed"))
}

/// What becomes of it, in a word: the kind of the refusal, or nothing.
fn finding(guards: &Guards, name: &str, rtype: u16, message: &[u8]) -> &'static str {
    match guards.look_through(&wire(name), rtype, message, blocked) {
        Finding::Nothing => "in",
        Finding::Additional => "without additional",
        Finding::Rebinding(Refusal { kind: Kind::NoData, .. }) => "rebinding",
        Finding::Refused(Refusal { kind: Kind::NxDomain, .. }) => "no such name",
        Finding::Refused(Refusal { kind: Kind::NoData, .. }) => "no data",
        Finding::Refused(Refusal { kind: Kind::Zero, .. }) => "blocked",
        Finding::Refused(Refusal { kind: Kind::Failure, .. }) => "failure",
        other => panic!("{other:?}"),
    }
}

/// Wherever a private address stands in an answer, it is not let in, unless its name is an exception.
#[test]
fn answers_are_let_in_or_not() {
    let guards = guards(GUARD);
    let table = [
        ("a public address", "a.example", 1, "answer @ A 8.8.8.8", "in"),
        ("a private address", "a.example", 1, "answer @ A 10.0.0.1", "rebinding"),
        ("one among public ones", "a.example", 1, "answer @ A 8.8.8.8\nanswer @ A 192.168.1.1", "rebinding"),
        ("shared address space", "a.example", 1, "answer @ A 100.64.1.1", "rebinding"),
        ("v4-mapped", "a.example", 28, "answer @ AAAA ::ffff:10.0.0.1", "rebinding"),
        ("NAT64", "a.example", 28, "answer @ AAAA 64:ff9b::10.0.0.1", "rebinding"),
        ("unique local", "a.example", 28, "answer @ AAAA fd00::1", "rebinding"),
        ("a hint", "a.example", 65, "answer @ HTTPS4 192.168.1.1", "rebinding"),
        ("an IPv6 hint", "a.example", 65, "answer @ HTTPS6 fe80::1", "rebinding"),
        ("a public hint", "a.example", 65, "answer @ HTTPS4 8.8.8.8", "in"),
        ("behind an alias", "a.example", 1, "answer @ CNAME b.example\nanswer b.example A 10.0.0.1", "rebinding"),
        ("asked for another type", "a.example", 255, "answer @ A 10.0.0.1", "rebinding"),
        ("an exception", "x.plex.direct", 1, "answer @ A 10.0.0.1", "in"),
        (
            "an exception behind an alias",
            "a.example",
            1,
            "answer @ CNAME b.corp.example\nanswer b.corp.example A 10.0.0.1",
            "in",
        ),
        (
            "an alias of an exception",
            "b.corp.example",
            1,
            "answer @ CNAME a.example\nanswer a.example A 10.0.0.1",
            "in",
        ),
        ("no exception by the end of a label", "x.aplex.direct", 1, "answer @ A 10.0.0.1", "rebinding"),
        ("glue", "a.example", 2, "answer @ NS ns.a.example\nadditional ns.a.example A 10.0.0.1", "without additional"),
        ("glue of a referral is dropped by the cache", "a.example", 1, "authority @ A 10.0.0.1", "in"),
        ("an address for no such name", "a.example", 1, "answer @ A 203.0.113.9", "no such name"),
        ("a prefix of such", "a.example", 1, "answer @ A 198.51.100.77", "no such name"),
        (
            "AAAA of a filtered name behind an alias",
            "a.example",
            28,
            "answer @ CNAME x.four.example\nanswer x.four.example AAAA 2001:db8::1",
            "no data",
        ),
        ("AAAA of another name", "a.example", 28, "answer @ AAAA 2001:db8::1", "in"),
        (
            "an alias of a blocked name",
            "a.example",
            1,
            "answer @ CNAME TRACKER.example\nanswer tracker.example A 8.8.8.8",
            "blocked",
        ),
        ("an HTTPS alias of a blocked name", "a.example", 65, "answer @ ALIAS tracker.example", "blocked"),
        ("an address of five octets", "a.example", 1, "answer @ RAW 12345", "failure"),
        ("nothing", "a.example", 1, "", "in"),
    ];
    for (why, name, rtype, records, expected) in table {
        assert_eq!(finding(&guards, name, rtype, &message(name, rtype, records)), expected, "{why}");
    }
    let lenient =
        self::guards("[[horizon]]\nname = \"a\"\nclients = [\"any\"]\n[forward.guard]\nrebind_protection = false");
    let private = message("a.example", 1, "answer @ A 10.0.0.1");
    assert_eq!(finding(&lenient, "a.example", 1, &private), "in", "without protection");
}

/// What takes the place of an answer is a whole message that keeps ID and question, and a denial can be kept.
#[test]
fn replaced_answers_are_whole() {
    let table = [
        (Kind::NxDomain, 1, "NXDomain", 0, 1),
        (Kind::NoData, 28, "NoError", 0, 1),
        (Kind::Zero, 1, "NoError", 1, 0),
        (Kind::Zero, 28, "NoError", 1, 0),
        (Kind::Zero, 16, "NoError", 0, 1),
        (Kind::Failure, 1, "ServFail", 0, 0),
    ];
    for (kind, rtype, rcode, answers, authorities) in table {
        let mut octets = message("a.example", rtype, "answer @ A 10.0.0.1\nadditional . OPT x");
        Refusal::new(kind, 15, "why").replace(rtype, &mut octets);
        let read = Message::from_vec(&octets).unwrap();
        assert_eq!(format!("{:?}", read.metadata.response_code), rcode, "{kind:?}");
        assert_eq!((read.answers.len(), read.authorities.len()), (answers, authorities), "{kind:?} {rtype}");
        assert_eq!((read.metadata.id, read.queries.len(), read.additionals.len()), (0x1234, 1, 0));
        assert!(read.metadata.recursion_available && !read.metadata.authentic_data && !read.metadata.authoritative);
    }
}

/// The OPT record stays when the rest of its section goes.
#[test]
fn the_additional_section_is_cut_but_for_opt() {
    let with =
        "answer @ NS n.example\nadditional n.example A 10.0.0.1\nadditional . OPT x\nadditional n.example A 10.0.0.2";
    let mut octets = message("a.example", 2, with);
    cut_additional(&mut octets);
    assert_eq!(octets, message("a.example", 2, "answer @ NS n.example\nadditional . OPT x"));
    let before = octets.clone();
    cut_additional(&mut octets);
    assert_eq!(octets, before);
}

/// Names of one label and filtered types stay here, whatever else is asked; validators get what they need.
#[test]
fn questions_leave_or_not() {
    let guards = guards(GUARD);
    let table = [
        ("printer", 1, Some(Kind::NxDomain)),
        ("printer", 28, Some(Kind::NxDomain)),
        ("printer", 16, Some(Kind::NxDomain)),
        ("com", 43, None),
        ("com", 48, None),
        ("com", 2, Some(Kind::NxDomain)),
        (".", 2, None),
        ("a.example", 1, None),
        ("x.four.example", 28, Some(Kind::NoData)),
        ("four.example", 28, Some(Kind::NoData)),
        ("four.example", 1, None),
    ];
    for (name, rtype, expected) in table {
        let refusal = guards.refuse(&wire(name), rtype, || false);
        assert_eq!(refusal.map(|refusal| refusal.kind), expected, "{name} {rtype}");
    }
    assert!(guards.refuse(&wire("printer"), 1, || true).is_none(), "routed");
}

/// No octets from an upstream bring the guards down, and what comes out can be walked.
#[test]
fn any_octets_can_be_looked_through() {
    let guards = guards(GUARD);
    let seeds = [
        "answer @ CNAME b.corp.example\nanswer b.corp.example AAAA fd00::1\nadditional . OPT x",
        "answer @ HTTPS6 fe80::1\nauthority @ NS n.example\nadditional n.example A 10.0.0.1\nadditional . OPT x",
    ];
    for records in seeds {
        let whole = message("a.example", 65, records);
        let judge = |mut octets: Vec<u8>| {
            let found = guards.look_through(&wire("a.example"), 65, &octets, blocked);
            cut_additional(&mut octets.clone());
            if let Finding::Refused(refusal) | Finding::Rebinding(refusal) = found {
                refusal.replace(65, &mut octets);
            }
        };
        for end in 12..whole.len() {
            judge(whole[..end].to_vec());
        }
        for at in 0..whole.len() {
            for octet in [0, 1, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFF, whole[at] ^ 1, whole[at].wrapping_add(1)] {
                let mut octets = whole.clone();
                octets[at] = octet;
                judge(octets);
            }
        }
    }
    assert!(name_from_wire(&wire("a.example")).is_ok());
}
