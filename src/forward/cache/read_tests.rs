//! What is kept of a reply, and for how long.

use super::lab::{Question, decoded, entry, message, read, records, wire, with_opt};
use super::*;
use crate::config;
use crate::forward::Note;

const SOA: &str = "example 600 SOA ns.example. h.example. 1 2 3 4 300";

/// Only what was asked for gets in, with the aliases that lead to it; for DO with its signatures and proofs.
#[test]
fn only_what_was_asked_for_gets_in() {
    let signature = |owner: &str, covered: &str, signer: &str| {
        format!("{owner} 300 RRSIG {covered} 8 2 300 20300101000000 20200101000000 1 {signer}. AAAA")
    };
    let signed = format!("www.example 300 A 192.0.2.1\n{}", signature("www.example", "A", "example"));
    let proof = format!("x.example 300 NSEC z.example. A\n{}", signature("x.example", "NSEC", "example"));
    type Case<'a> = (&'a str, &'a str, u8, [&'a str; 3], &'a [&'a str]);
    let table: &[Case<'_>] = &[
        (
            "records of other names and types beside the answer",
            "www.example A",
            0,
            ["evil.example 300 A 192.0.2.66\nwww.example 300 A 192.0.2.1\nwww.example 300 TXT x", "", ""],
            &["www.example. 300 A 192.0.2.1"],
        ),
        (
            "NS records and their addresses beside an answer",
            "www.example A",
            0,
            ["www.example 300 A 192.0.2.1", "example 300 NS ns.example.", "ns.example 300 A 192.0.2.53"],
            &["www.example. 300 A 192.0.2.1"],
        ),
        (
            "a chain of aliases in the wrong order comes in the right one",
            "a.example A",
            0,
            [
                "c.test 300 A 192.0.2.1\nb.example 200 CNAME c.test.\na.example 100 CNAME b.example.\nd.test 1 A 192.0.2.9",
                "",
                "",
            ],
            &["a.example. 100 CNAME b.example.", "b.example. 200 CNAME c.test.", "c.test. 300 A 192.0.2.1"],
        ),
        (
            "the DNAME that an alias comes from",
            "a.old.example A",
            0,
            [
                "old.example 300 DNAME new.test.\na.old.example 300 CNAME a.new.test.\na.new.test 300 A 192.0.2.1",
                "",
                "",
            ],
            &[
                "old.example. 300 DNAME new.test.",
                "a.old.example. 300 CNAME a.new.test.",
                "a.new.test. 300 A 192.0.2.1",
            ],
        ),
        (
            "addresses of the names that MX records lead to, but for those that end sooner",
            "example MX",
            0,
            [
                "example 300 MX 5 m.example.",
                "",
                "m.example 300 A 192.0.2.25\nm.example 30 AAAA 2001:db8::1\nn.example 300 A 192.0.2.6",
            ],
            &["example. 300 MX 5 m.example.", "m.example. 300 A 192.0.2.25"],
        ),
        (
            "records of one set have the least of their TTLs",
            "www.example A",
            0,
            ["www.example 300 A 192.0.2.1\nwww.example 60 A 192.0.2.2", "", ""],
            &["www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.2"],
        ),
        ("signatures without DO", "www.example A", 0, [&signed, "", ""], &["www.example. 300 A 192.0.2.1"]),
        (
            "signatures with DO, and the proof of a wildcard",
            "www.example A +do",
            0,
            [&signed, &proof, ""],
            &[
                "www.example. 300 A 192.0.2.1",
                "www.example. 300 RRSIG A 8 2 300 20300101000000 20200101000000 1 example. AAAA",
                "x.example. 300 NSEC z.example. A",
                "x.example. 300 RRSIG NSEC 8 2 300 20300101000000 20200101000000 1 example. AAAA",
            ],
        ),
        (
            "proofs of another zone",
            "www.example A +do",
            0,
            [&signed, "x.test 300 NSEC z.test. A", ""],
            &[
                "www.example. 300 A 192.0.2.1",
                "www.example. 300 RRSIG A 8 2 300 20300101000000 20200101000000 1 example. AAAA",
            ],
        ),
        (
            "a type that nobody knows",
            "www.example TYPE65280",
            0,
            ["www.example 300 TYPE65280 \\# 3 abcdef", "", ""],
            &["www.example. 300 TYPE65280 \\# 3 ABCDEF"],
        ),
        (
            "all types",
            "www.example ANY",
            0,
            ["www.example 300 A 192.0.2.1\nwww.example 60 TXT x\nx.example 60 TXT x", "", ""],
            &["www.example. 300 A 192.0.2.1", "www.example. 60 TXT \"x\""],
        ),
        (
            "the SOA of a denial, with the TTL of the denial",
            "x.example A",
            3,
            ["", "example 600 SOA ns.example. h.example. 1 2 3 4 300\nexample 600 NS ns.example.", ""],
            &["example. 300 SOA ns.example. h.example. 1 2 3 4 300"],
        ),
        (
            "the SOA of a zone that the name is not in",
            "x.example A",
            3,
            ["", "test 600 SOA n. h. 1 2 3 4 300", ""],
            &[],
        ),
        (
            "an alias of a name that does not exist",
            "a.test A",
            3,
            ["a.test 100 CNAME x.example.", SOA, ""],
            &["a.test. 100 CNAME x.example.", "example. 300 SOA ns.example. h.example. 1 2 3 4 300"],
        ),
    ];
    for (why, question, rcode, sections, expected) in table {
        let entry = entry(question, *rcode, *sections);
        assert_eq!(records(&entry), *expected, "{why}");
        assert_eq!(entry.rcode(), u16::from(*rcode), "{why}");
    }
}

/// Lifetimes are the least TTL, within the settings, and those of denials as RFC 2308 has them.
#[test]
fn lifetimes_are_those_of_the_settings_and_of_the_zones() {
    let limits = config::Cache { min_ttl: 30, max_ttl: 1000, max_negative_ttl: 200, ..config::Cache::default() };
    type Case<'a> = (&'a str, u8, [&'a str; 3], u32);
    let table: [Case<'_>; 10] = [
        ("one record", 0, ["a.test 300 A 192.0.2.1", "", ""], 300),
        ("raised", 0, ["a.test 5 A 192.0.2.1", "", ""], 30),
        ("cut", 0, ["a.test 100000 A 192.0.2.1", "", ""], 1000),
        ("the highest bit set is zero (RFC 2181 section 8)", 0, ["a.test 2147483648 A 192.0.2.1", "", ""], 30),
        ("the alias ends first", 0, ["a.test 40 CNAME b.test.\nb.test 50 A 192.0.2.1", "", ""], 40),
        ("the SOA's TTL", 3, ["", "test 100 SOA n. h. 1 2 3 4 300", ""], 100),
        ("the SOA's minimum, which is not raised", 3, ["", "test 100 SOA n. h. 1 2 3 4 10", ""], 10),
        ("cut as denials are", 0, ["", "test 900 SOA n. h. 1 2 3 4 800", ""], 200),
        ("a denial without SOA is not kept", 3, ["", "", ""], 0),
        ("nor one that says nothing at all", 0, ["", "", ""], 0),
    ];
    for (why, rcode, sections, expected) in table {
        let reply = message("a.test A", rcode, sections);
        let entry = Reader::new().read(&reply, &Question::new("a.test A").key(), &limits).unwrap();
        assert_eq!(entry.lifetime(), expected, "{why}");
    }
}

/// What is no answer to the question is told from what is.
#[test]
fn replies_that_are_no_answers_are_refused() {
    let good = message("a.test A", 0, ["a.test 300 A 192.0.2.1", "", ""]);
    let changed = |at: usize, octet: u8| {
        let mut message = good.clone();
        message[at] = octet;
        message
    };
    let table: Vec<(&str, Vec<u8>, Unfit)> = vec![
        ("a query", changed(2, 1), Unfit::OtherQuestion),
        ("cut", changed(2, 0x83), Unfit::Truncated),
        ("another name", changed(13, b'b'), Unfit::OtherQuestion),
        ("another type", changed(21, 28), Unfit::OtherQuestion),
        ("another class", changed(23, 3), Unfit::OtherQuestion),
        ("no question", changed(5, 0), Unfit::OtherQuestion),
        ("a record more than there is", changed(7, 2), Unfit::Malformed),
        ("an address of five octets", [&changed(35, 5)[..], &[0]].concat(), Unfit::Malformed),
        ("the owner is a pointer to itself", changed(25, 24), Unfit::Malformed),
        ("NXDOMAIN with the data", changed(3, 0x83), Unfit::Malformed),
        ("half a header", good[..6].to_vec(), Unfit::Malformed),
        ("a referral", message("a.test A", 0, ["", "test 300 NS ns.test.", ""]), Unfit::Referral),
        ("an alias of itself", message("a.test A", 0, ["a.test 300 CNAME a.test.", "", ""]), Unfit::Loop),
        (
            "two aliases of each other",
            message("a.test A", 0, ["a.test 300 CNAME b.test.\nb.test 300 CNAME a.test.", "", ""]),
            Unfit::Loop,
        ),
    ];
    for (why, message, expected) in table {
        assert_eq!(read("a.test A", &message), Err(expected), "{why}");
    }
    let endless: String = (0..40).map(|n| format!("a{n}.test 300 CNAME a{}.test.\n", n + 1)).collect();
    assert_eq!(read("a0.test A", &message("a0.test A", 0, [&endless, "", ""])), Err(Unfit::Loop));
}

/// The case that the question was sent with does not come back to anybody, wherever the upstream points to it.
#[test]
fn the_case_of_the_question_sent_does_not_leak() {
    let mut reply = message("wWw.ExAmPlE A", 0, ["", "", ""]);
    reply[7] = 3;
    // www CNAME to a name below the question's last label; its address; an SRV record that nobody asked for.
    reply.extend_from_slice(b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x04\x01B\xc0\x10");
    reply.extend_from_slice(b"\x01B\xc0\x10\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
    reply.extend_from_slice(b"\x03WWW\x07EXAMPLE\0\0\x10\0\x01\0\0\0\x3c\0\x02\x01x");
    let read = read("www.example A", &reply).unwrap();
    assert_eq!(records(&read), ["www.example. 60 CNAME B.example.", "B.example. 60 A 192.0.2.1"]);

    // Nor through data that may not be compressed.
    let mut reply = message("_x.ExAmPlE SRV", 0, ["", "", ""]);
    reply[7] = 1;
    reply.extend_from_slice(b"\xc0\x0c\0\x21\0\x01\0\0\0\x3c\0\x0a\0\x01\0\x02\0\x03\x01B\xc0\x0f");
    let read = self::read("_x.example SRV", &reply).unwrap();
    assert_eq!(records(&read), ["_x.example. 60 SRV 1 2 3 B.example."]);
    // The client's own case is what it sees, in the question and in the names that point there.
    let mut buffer = [0; 512];
    let length = read.message(33, &mut buffer).unwrap();
    buffer[14] = b'X';
    assert_eq!(decoded(&buffer[..length]), "NOERROR; _X.example 60 SRV 1 2 3 B.example");
}

/// The upstream's extended error and the upper bits of the RCODE come with the answer; a filter's denial is no cut.
#[test]
fn extended_errors_are_kept() {
    let blocked = with_opt(message("x.example A", 3, ["", SOA, ""]), 0, b"\0\x0f\0\x09\0\x0fno\x1b ads");
    let entry = read("x.example A", &blocked).unwrap();
    assert_eq!((entry.note(), entry.cut), (Some(Note::new(15, "no ads")), false));
    assert!(read("x.example A", &message("x.example A", 3, ["", SOA, ""])).unwrap().cut);
    let failed = with_opt(message("x.example A", 2, ["", "", ""]), 0, b"\0\x0f\0\x02\0\x16");
    let entry = read("x.example A", &failed).unwrap();
    assert!(entry.is_failure());
    assert_eq!((entry.rcode(), entry.note()), (2, Some(Note::new(22, ""))));
    assert_eq!(Note::of_message(&failed), Some(Note::new(22, "")));
    let bad = with_opt(message("x.example A", 0, ["", "", ""]), 1, b"");
    assert_eq!(read("x.example A", &bad).unwrap().rcode(), 16);
}

/// An alias whose target the upstream left out says where it leads; the target's answer makes it whole.
#[test]
fn aliases_are_joined_with_what_they_lead_to() {
    let first = entry("a.test A", 0, ["a.test 100 CNAME B.example.", "", ""]);
    assert_eq!(first.target(), Some(&wire("b.example")[..]));
    let question = Question::new("a.test A");
    let limits = config::Cache::default();
    type Case<'a> = (&'a str, u8, [&'a str; 3], &'a [&'a str], u32);
    let table: [Case<'_>; 3] = [
        (
            "records",
            0,
            ["b.example 60 A 192.0.2.1", "", ""],
            &["a.test. 100 CNAME B.example.", "B.example. 60 A 192.0.2.1"],
            60,
        ),
        (
            "a denial",
            3,
            ["", SOA, ""],
            &["a.test. 100 CNAME B.example.", "example. 300 SOA ns.example. h.example. 1 2 3 4 300"],
            100,
        ),
        (
            "another alias",
            0,
            ["b.example 60 CNAME c.example.", "", ""],
            &["a.test. 100 CNAME B.example.", "B.example. 60 CNAME c.example."],
            60,
        ),
    ];
    for (why, rcode, sections, expected, lifetime) in table {
        let next = entry("b.example A", rcode, sections);
        let whole = Reader::new().joined(&question.key(), &first, &next, &limits).unwrap();
        assert_eq!(records(&whole), expected, "{why}");
        assert_eq!((whole.rcode(), whole.lifetime(), whole.cut), (u16::from(rcode), lifetime, false), "{why}");
        assert_eq!(whole.target().is_some(), why == "another alias", "{why}");
    }
    let failed = Entry::servfail(&wire("b.example"), None);
    assert!(Reader::new().joined(&question.key(), &first, &failed, &limits).unwrap().is_failure());
}

/// Whatever octets an upstream sends: no panic, and what gets in is a message that an independent decoder reads.
#[test]
fn no_reply_brings_the_reader_down() {
    let chain =
        "a.test 40 CNAME b.x.test.\nb.x.test 50 DNAME c.test.\nb.x.test 9 CNAME d.test.\nd.test 50 MX 1 d.test.";
    let messages = [
        ("a.test MX", message("a.test MX", 0, [chain, "test 5 NS n.test.", "d.test 50 A 192.0.2.1"])),
        ("a.test A +do", message("a.test A", 3, ["", "test 9 SOA n. h. 1 2 3 4 5\nb.test 5 NSEC c.test. A", ""])),
        ("a.test SVCB", message("a.test SVCB", 0, ["a.test 9 SVCB 1 .", "", "a.test 50 AAAA 2001:db8::1"])),
        ("a.test NAPTR", message("a.test NAPTR", 0, ["a.test 9 NAPTR 1 2 s x \"\" b.a.test.", "", ""])),
        ("a.test ANY", with_opt(message("a.test ANY", 0, [chain, "", ""]), 0, b"\0\x0f\0\x03\0\x0fa")),
    ];
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % below
    };
    let mut reader = Reader::new();
    let limits = config::Cache::default();
    let (mut good, mut buffer) = (0, vec![0; 65_535]);
    for (question, original) in &messages {
        let question = Question::new(question);
        for _ in 0..20_000 {
            let mut octets = original.clone();
            for _ in 0..=random(3) {
                let at = random(octets.len());
                match random(6) {
                    0 => octets[at] = random(256) as u8,
                    1 => octets[at] ^= 1 << random(8),
                    2 => octets.truncate(at.max(12)),
                    3 => octets.insert(at, random(256) as u8),
                    4 => drop(octets.remove(at)),
                    _ => octets[at] = [0xC0, 0xFF, 0, 63, 12][random(5)],
                }
                if octets.is_empty() {
                    octets.push(0);
                }
            }
            if let Ok(entry) = reader.read(&octets, &question.key(), &limits) {
                good += 1;
                if let Some(length) = entry.message(question.rtype, &mut buffer) {
                    let _ = records(&entry);
                    let message = domain::base::Message::from_octets(&buffer[..length]).unwrap();
                    assert!(message.iter().all(|record| record.is_ok()), "{octets:?}");
                }
                let mut whole = vec![0; 65_535];
                let _ = join::join(&octets, &octets, &mut whole);
            }
        }
    }
    assert!(good > 10_000, "{good}");
}
