//! What validation makes of answers, with zones that ldns has signed and Knot serves, under a root of the test's own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod signed_lab;

use hickory_proto::rr::RecordType;
use signed_lab::Whim;
use signed_lab::World;

/// Answers that come as they should: what is signed is secure, what provably is not is insecure, and all else is bogus with
/// the reason.
#[test]
fn every_answer_is_what_its_signatures_make_it() {
    let world = World::new();
    let table = [
        ("a signed name", "www.secure. A", "secure"),
        ("in other letters", "wWw.SecurE. A", "secure"),
        ("the keys themselves", "secure. DNSKEY", "secure"),
        ("the root's", ". DNSKEY", "secure"),
        ("a delegation's keys", "secure. DS", "secure"),
        ("all there is at a name", "www.secure. ANY", "secure"),
        ("no data, by NSEC", "www.secure. AAAA", "secure"),
        ("no name, by NSEC", "missing.secure. A", "secure"),
        ("an empty non-terminal, by NSEC", "b.c.secure. A", "secure"),
        ("a wildcard, by NSEC", "x.wild.secure. A", "secure"),
        ("a wildcard without the type, by NSEC", "x.wild.secure. AAAA", "secure"),
        ("no top-level domain", "missing. A", "secure"),
        ("an alias", "alias.secure. A", "secure"),
        ("an alias without data", "alias.secure. AAAA", "secure"),
        ("an alias to a wildcard", "wildalias.secure. A", "secure"),
        ("an alias to nowhere", "nowhere.secure. A", "secure"),
        ("an alias to another signed zone", "hashed.secure. A", "secure"),
        ("an alias to an unsigned zone", "plain.secure. A", "insecure"),
        ("an alias to a bogus zone", "bad.secure. A", "bogus 6: no signature of www.bad. A holds"),
        ("a name below a DNAME", "www.d.secure. A", "secure"),
        ("below a DNAME that is not lower-case", "www.upper.secure. A", "secure"),
        ("a signed name beside NSEC3", "www.hashed. A", "secure"),
        ("no data, by NSEC3", "www.hashed. AAAA", "secure"),
        ("no name, by NSEC3", "missing.hashed. A", "secure"),
        ("an empty non-terminal, by NSEC3", "b.c.hashed. A", "secure"),
        ("a wildcard, by NSEC3", "x.wild.hashed. A", "secure"),
        ("hashed too often: a name is secure all the same", "www.often. A", "secure"),
        ("hashed too often: no name is insecure", "missing.often. A", "insecure"),
        ("hashed too often: a delegation is insecure", "www.island.often. A", "insecure"),
        ("a name beside opt-out", "www.optout. A", "secure"),
        ("no name under opt-out may be a delegation", "missing.optout. A", "insecure"),
        ("an unsigned zone", "www.plain. A", "insecure"),
        ("no data in an unsigned zone", "www.plain. AAAA", "insecure"),
        ("no name in an unsigned zone", "missing.plain. A", "insecure"),
        ("an unsigned zone below a signed one", "www.island.secure. A", "insecure"),
        ("no name in an unsigned zone below a signed one", "missing.island.secure. A", "insecure"),
        ("an unsigned zone below NSEC3", "www.island.hashed. A", "insecure"),
        ("no key for an unsigned zone", "island.secure. DS", "secure"),
        ("data that was changed", "www.bad. A", "bogus 6: no signature of www.bad. A holds"),
        ("data beside it", "good.bad. A", "secure"),
        ("signatures that ended", "www.old. A", "bogus 7: the signatures of www.old. A ended 2020-02-01T00:00:00Z"),
        (
            "signatures of the future",
            "www.early. A",
            "bogus 8: the signatures of www.early. A begin 2080-01-01T00:00:00Z",
        ),
        ("a zone that should be signed", "www.stripped. A", "bogus 10: www.stripped. A is not signed"),
        ("another key than the zone above says", "www.wrong. A", "bogus 6: no signature of www.wrong. A holds"),
    ];
    let mut wrong = Vec::new();
    for (why, question, expected) in table {
        let found = world.examine(question, "", Whim::None);
        if found != expected {
            wrong.push(format!("{why}: {question} is {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What somebody on the way can do to answers comes out.
#[test]
fn answers_that_were_changed_on_the_way_are_not_taken() {
    let world = World::new();
    let table = [
        ("no signatures", "www.secure. A", Whim::Strips, "bogus 10: www.secure. A is not signed"),
        (
            "no proof for no name",
            "missing.secure. A",
            Whim::Undenied,
            "bogus 12: nothing proves that there is no missing.secure. A",
        ),
        (
            "no proof for a wildcard",
            "x.wild.secure. A",
            Whim::Undenied,
            "bogus 6: no signature of x.wild.secure. A holds",
        ),
        ("a bare denial", "www.secure. A", Whim::Denies, "bogus 12: nothing proves that there is no www.secure. A"),
        ("a bare denial in an unsigned zone", "www.plain. A", Whim::Denies, "insecure"),
        (
            "no keys to be had",
            "www.secure. A",
            Whim::Silent(RecordType::DNSKEY),
            "indeterminate 5: secure. DNSKEY was not to be had",
        ),
        (
            "no delegations to be had",
            "www.hashed. A",
            Whim::Silent(RecordType::DS),
            "indeterminate 5: hashed. DS was not to be had",
        ),
        (
            "nothing of it in time",
            "www.old. A",
            Whim::Hangs(RecordType::DNSKEY),
            "indeterminate 5: the keys were not to be had in time",
        ),
        ("more keys than a zone has", "www.optout. A", Whim::Multiplies(20), "bogus 6: a zone with too many keys"),
    ];
    let mut wrong = Vec::new();
    for (why, question, whim, expected) in table {
        let found = world.examine(question, "", whim);
        if found != expected {
            wrong.push(format!("{why}: {question} is {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Names that the settings except, and domains that lead to private addresses, are not validated (RFC 7646).
#[test]
fn excepted_names_are_insecure() {
    let world = World::new();
    let private = "[[forward.domain]]\nname = \"old\"\nupstreams = [\"10.0.0.1\"]\n";
    let table = [
        ("written", "www.bad. A", "dnssec_except = [\"bad\"]", "insecure"),
        ("another", "www.bad. A", "dnssec_except = [\"old\"]", "bogus 6: no signature of www.bad. A holds"),
        ("the end of an alias", "bad.secure. A", "dnssec_except = [\"bad\"]", "insecure"),
        ("a private domain", "www.old. A", private, "insecure"),
    ];
    for (why, question, lines, expected) in table {
        assert_eq!(world.examine(question, lines, Whim::None), expected, "{why}: {question}");
    }
}
