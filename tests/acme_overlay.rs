//! Promise: challenge values are answered above the zones at once, and every other name is answered as if there were none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ask;

use ask::{ask, ask_as, query, reply, settings, show, snapshot, source};
use horizon_dns::answer::{Overlay, OverlaySet, OverlayValue, OverlayValues};
use horizon_dns::dns::parse_name;
use horizon_dns::query::Transport;
use horizon_dns::snapshot::{Snapshot, build};
use std::time::{Duration, SystemTime};

/// Lays `OWNER VALUE [HORIZON..]` over the zones, one a line.
fn lay(overlay: &Overlay, lines: &[&str]) {
    let mut values = OverlayValues::new();
    for line in lines {
        let mut words = line.split(' ');
        let (owner, value) = (words.next().unwrap(), words.next().unwrap());
        let horizons: Vec<String> = words.map(str::to_owned).collect();
        let wire = parse_name(owner).unwrap().as_slice().to_ascii_lowercase();
        let mut set = OverlaySet::clone(values.get(&wire[..]).map_or(&OverlaySet::default(), |set| set));
        set.values.push(OverlayValue {
            data: [&[value.len() as u8], value.as_bytes()].concat().into(),
            horizons: (!horizons.is_empty()).then_some(horizons),
            until: SystemTime::now() + Duration::from_secs(3600),
        });
        values.insert(wire.into(), set.into());
    }
    overlay.set(values);
}

/// `SOA!` is the denial of a zone, `BRIEF!` the one that is kept for at most 30 s.
fn check(snapshot: &Snapshot, client: &str, table: &[(&str, &str, &str)]) {
    let soa = |ttl| format!("| example. {ttl} SOA ns.example. hostmaster.example. 1 3600 600 86400 60");
    for (why, question, expected) in table {
        let expected = expected.replace("SOA!", &soa(60)).replace("BRIEF!", &soa(30));
        assert_eq!(ask_as(snapshot, client, question), expected, "{why}: {question}");
    }
}

const ZONE: &str = "www A 192.0.2.1\nwww TXT zone\n_acme-challenge.both 300 TXT old\n_acme-challenge.low 5 TXT old\nlow A 192.0.2.4\n\
                    a.b.ent A 192.0.2.2\n*.wild A 192.0.2.3\n*.wtxt TXT wild\n*.wcname CNAME www\n\
                    _acme-challenge.alias CNAME token.auth\nalias A 192.0.2.5\n_acme-challenge.own CNAME _acme-challenge.www\n\
                    _acme-challenge.out CNAME token.elsewhere.org.\nsub NS ns.sub\nns.sub A 192.0.2.53\nd DNAME www\n\
                    to-missing CNAME _acme-challenge.nix\nto-www CNAME _acme-challenge.WWW\n*.deep.wild TXT deep\n\
                    below.wild A 192.0.2.6\nauth TXT a";

/// Without any value: what is denied at the name of a challenge is never said to be missing while its parent exists, and not
/// for long; all else is as ever.
#[test]
fn names_of_challenges_are_not_said_to_be_missing() {
    let snapshot = snapshot(&[("example", ZONE)]);
    check(
        &snapshot,
        "192.0.2.77",
        &[
            ("the name exists", "_acme-challenge.www.example TXT", "NOERROR aaBRIEF!"),
            ("for every type", "_acme-challenge.www.example CNAME", "NOERROR aaBRIEF!"),
            ("SOA and NS are looked for, too", "_acme-challenge.www.example SOA", "NOERROR aaBRIEF!"),
            ("DS", "_acme-challenge.www.example DS", "NOERROR aaBRIEF!"),
            ("ANY", "_acme-challenge.www.example ANY", "NOERROR aaBRIEF!"),
            (
                "case does not matter",
                "_ACME-Challenge.WWW.example TXT",
                "NOERROR aa| example. 30 SOA ns.example. hostmaster.example. 1 3600 600 86400 60",
            ),
            ("the apex", "_acme-challenge.example TXT", "NOERROR aaBRIEF!"),
            ("an empty non-terminal exists", "_acme-challenge.b.ent.example TXT", "NOERROR aaBRIEF!"),
            ("a wildcard's name exists", "_acme-challenge.*.wild.example TXT", "NOERROR aaBRIEF!"),
            ("covered by a wildcard: NODATA of that", "_acme-challenge.x.wild.example TXT", "NOERROR aaBRIEF!"),
            (
                "a wildcard answers for it",
                "_acme-challenge.x.wild.example A",
                "NOERROR aa; _acme-challenge.x.wild.example. 300 A 192.0.2.3",
            ),
            (
                "with TXT",
                "_acme-challenge.x.wtxt.example TXT",
                "NOERROR aa; _acme-challenge.x.wtxt.example. 300 TXT \"wild\"",
            ),
            (
                "and by alias",
                "_acme-challenge.x.wcname.example A",
                "NOERROR aa; _acme-challenge.x.wcname.example. 300 CNAME www.example.; www.example. 300 A 192.0.2.1",
            ),
            ("the parent is missing", "_acme-challenge.nix.example TXT", "NXDOMAIN aaBRIEF!"),
            ("below the name of a challenge", "x._acme-challenge.www.example TXT", "NXDOMAIN aaSOA!"),
            ("only as the first label", "_acme-challengex.www.example TXT", "NXDOMAIN aaSOA!"),
            ("only as the whole label", "x_acme-challenge.www.example TXT", "NXDOMAIN aaSOA!"),
            (
                "below a delegation: a referral",
                "_acme-challenge.sub.example TXT",
                "NOERROR| sub.example. 300 NS ns.sub.example.+ ns.sub.example. 300 A 192.0.2.53",
            ),
            (
                "below a DNAME: on with it",
                "_acme-challenge.d.example TXT",
                "NOERROR aa; d.example. 300 DNAME www.example.; _acme-challenge.d.example. 300 CNAME _acme-challenge.www.example.BRIEF!",
            ),
            (
                "an alias of ours to a missing name",
                "_acme-challenge.alias.example TXT",
                "NXDOMAIN aa; _acme-challenge.alias.example. 300 CNAME token.auth.example.BRIEF!",
            ),
            (
                "an alias to the name of a challenge",
                "to-www.example TXT",
                "NOERROR aa; to-www.example. 300 CNAME _acme-challenge.WWW.example.BRIEF!",
            ),
            (
                "of a name that is missing",
                "to-missing.example TXT",
                "NXDOMAIN aa; to-missing.example. 300 CNAME _acme-challenge.nix.example.BRIEF!",
            ),
            (
                "an alias that leads out",
                "_acme-challenge.out.example TXT",
                "NOERROR aa; _acme-challenge.out.example. 300 CNAME token.elsewhere.org.",
            ),
            (
                "a special name is as ever",
                "_acme-challenge.test A",
                "NXDOMAIN aa| test. 10800 SOA test. nobody.invalid. 1 3600 1200 604800 10800",
            ),
            ("what is not ours is refused", "_acme-challenge.www.other TXT", "REFUSED"),
        ],
    );
}

/// Values are found at every step of an answer; what the zone says of aliases and delegations goes first.
#[test]
fn values_lie_above_the_zone() {
    let snapshot = snapshot(&[("example", ZONE)]);
    lay(
        &snapshot.overlay,
        &[
            "_acme-challenge.www.example one",
            "_acme-challenge.www.example two",
            "_acme-challenge.example apex",
            "_acme-challenge.both.example new",
            "_acme-challenge.both.example old",
            "_acme-challenge.low.example new",
            "_acme-challenge.new.nix.example early",
            "_acme-challenge.x.wild.example laid",
            "_acme-challenge.x.wtxt.example laid",
            "_acme-challenge.x.wcname.example laid",
            "_acme-challenge.alias.example unseen",
            "token.auth.example led",
            "_acme-challenge.sub.example hidden",
            "x._acme-challenge.sub.example hidden",
            "_acme-challenge.d.example hidden",
            "q.below.wild.example ent",
            "*.wild.example star",
            "www.other foreign",
            "www.test special",
        ],
    );
    let table = [
        (
            "two values",
            "_acme-challenge.www.example TXT",
            "NOERROR aa; _acme-challenge.www.example. 10 TXT \"one\"; _acme-challenge.www.example. 10 TXT \"two\"",
        ),
        (
            "ANY finds them",
            "_acme-challenge.www.example ANY",
            "NOERROR aa; _acme-challenge.www.example. 10 TXT \"one\"; _acme-challenge.www.example. 10 TXT \"two\"",
        ),
        ("another type: NODATA", "_acme-challenge.www.example A", "NOERROR aaBRIEF!"),
        ("CNAME: NODATA", "_acme-challenge.www.example CNAME", "NOERROR aaBRIEF!"),
        (
            "case is kept",
            "_Acme-Challenge.WwW.Example TXT",
            "NOERROR aa; _Acme-Challenge.WwW.Example. 10 TXT \"one\"; _Acme-Challenge.WwW.Example. 10 TXT \"two\"",
        ),
        ("at the apex", "_acme-challenge.example TXT", "NOERROR aa; _acme-challenge.example. 10 TXT \"apex\""),
        (
            "one RRset with the zone's, each once",
            "_acme-challenge.both.example TXT",
            "NOERROR aa; _acme-challenge.both.example. 10 TXT \"old\"; _acme-challenge.both.example. 10 TXT \"new\"",
        ),
        (
            "the lower TTL",
            "_acme-challenge.low.example TXT",
            "NOERROR aa; _acme-challenge.low.example. 5 TXT \"old\"; _acme-challenge.low.example. 5 TXT \"new\"",
        ),
        (
            "below a name that is missing",
            "_acme-challenge.new.nix.example TXT",
            "NOERROR aa; _acme-challenge.new.nix.example. 10 TXT \"early\"",
        ),
        ("which stays missing", "new.nix.example A", "NXDOMAIN aaSOA!"),
        ("as does the one above", "nix.example A", "NXDOMAIN aaSOA!"),
        (
            "a value goes before a wildcard",
            "_acme-challenge.x.wtxt.example TXT",
            "NOERROR aa; _acme-challenge.x.wtxt.example. 10 TXT \"laid\"",
        ),
        (
            "that covers others",
            "_acme-challenge.y.wtxt.example TXT",
            "NOERROR aa; _acme-challenge.y.wtxt.example. 300 TXT \"wild\"",
        ),
        ("and the name above", "x.wtxt.example TXT", "NOERROR aa; x.wtxt.example. 300 TXT \"wild\""),
        (
            "and names below the value",
            "z._acme-challenge.x.wtxt.example TXT",
            "NOERROR aa; z._acme-challenge.x.wtxt.example. 300 TXT \"wild\"",
        ),
        (
            "a value goes before a wildcard alias",
            "_acme-challenge.x.wcname.example TXT",
            "NOERROR aa; _acme-challenge.x.wcname.example. 10 TXT \"laid\"",
        ),
        ("which does not cover the name any more", "_acme-challenge.x.wcname.example A", "NOERROR aaBRIEF!"),
        ("a wildcard of another type does not, either", "_acme-challenge.x.wild.example A", "NOERROR aaBRIEF!"),
        ("but covers all others", "x.wild.example A", "NOERROR aa; x.wild.example. 300 A 192.0.2.3"),
        (
            "an alias of the zone goes first",
            "_acme-challenge.alias.example TXT",
            "NOERROR aa; _acme-challenge.alias.example. 300 CNAME token.auth.example.; token.auth.example. 10 TXT \"led\"",
        ),
        (
            "and is the answer to its own type",
            "_acme-challenge.alias.example CNAME",
            "NOERROR aa; _acme-challenge.alias.example. 300 CNAME token.auth.example.",
        ),
        (
            "its target has no other type",
            "_acme-challenge.alias.example A",
            "NOERROR aa; _acme-challenge.alias.example. 300 CNAME token.auth.example.BRIEF!",
        ),
        ("the target itself", "token.auth.example TXT", "NOERROR aa; token.auth.example. 10 TXT \"led\""),
        ("names beside it", "token2.auth.example TXT", "NXDOMAIN aaSOA!"),
        ("names above it", "auth.example TXT", "NOERROR aa; auth.example. 300 TXT \"a\""),
        (
            "from one challenge to another",
            "_acme-challenge.own.example TXT",
            "NOERROR aa; _acme-challenge.own.example. 300 CNAME _acme-challenge.www.example.; _acme-challenge.www.example. 10 TXT \"one\"; _acme-challenge.www.example. 10 TXT \"two\"",
        ),
        (
            "by an alias in other letters",
            "to-www.example TXT",
            "NOERROR aa; to-www.example. 300 CNAME _acme-challenge.WWW.example.; _acme-challenge.WWW.example. 10 TXT \"one\"; _acme-challenge.WWW.example. 10 TXT \"two\"",
        ),
        (
            "by a DNAME",
            "_acme-challenge.d.example TXT",
            "NOERROR aa; d.example. 300 DNAME www.example.; _acme-challenge.d.example. 300 CNAME _acme-challenge.www.example.; _acme-challenge.www.example. 10 TXT \"one\"; _acme-challenge.www.example. 10 TXT \"two\"",
        ),
        (
            "below a delegation: a referral",
            "_acme-challenge.sub.example TXT",
            "NOERROR| sub.example. 300 NS ns.sub.example.+ ns.sub.example. 300 A 192.0.2.53",
        ),
        ("below an existing name", "q.below.wild.example TXT", "NOERROR aa; q.below.wild.example. 10 TXT \"ent\""),
        ("the wildcard's own name", "*.wild.example TXT", "NOERROR aa; *.wild.example. 10 TXT \"star\""),
        ("a value there covers nothing", "y.wild.example TXT", "NOERROR aaSOA!"),
        ("a name of no zone", "www.other TXT", "REFUSED"),
        (
            "a special name",
            "www.test TXT",
            "NXDOMAIN aa| test. 10800 SOA test. nobody.invalid. 1 3600 1200 604800 10800",
        ),
        ("other names are as ever", "www.example TXT", "NOERROR aa; www.example. 300 TXT \"zone\""),
        ("missing ones, too", "nix.example TXT", "NXDOMAIN aaSOA!"),
    ];
    check(&snapshot, "192.0.2.77", &table);
    lay(&snapshot.overlay, &[]);
    check(&snapshot, "192.0.2.77", &[("gone at once", "_acme-challenge.www.example TXT", "NOERROR aaBRIEF!")]);
    assert!(snapshot.overlay.is_empty());
}

/// Where values are expected a name is not said to be missing, nor for long; what the zone says of it stays as it is.
#[test]
fn names_with_expected_values_are_not_missing() {
    let snapshot = snapshot(&[("example", ZONE)]);
    let mut values = OverlayValues::new();
    for owner in ["token.auth.example", "www.example", "x.wild.example", "_acme-challenge.nix.example", "x.sub.example"]
    {
        let set = OverlaySet { values: Vec::new(), expected: true };
        values.insert(parse_name(owner).unwrap().as_slice().into(), set.into());
    }
    snapshot.overlay.set(values);
    check(
        &snapshot,
        "192.0.2.77",
        &[
            ("no value yet", "token.auth.example TXT", "NOERROR aaBRIEF!"),
            (
                "for all types",
                "TOKEN.auth.example A",
                "NOERROR aa| example. 30 SOA ns.example. hostmaster.example. 1 3600 600 86400 60",
            ),
            (
                "through the alias",
                "_acme-challenge.alias.example TXT",
                "NOERROR aa; _acme-challenge.alias.example. 300 CNAME token.auth.example.BRIEF!",
            ),
            ("below it", "a.token.auth.example TXT", "NXDOMAIN aaSOA!"),
            ("beside it", "token2.auth.example TXT", "NXDOMAIN aaSOA!"),
            ("a name of the zone", "www.example TXT", "NOERROR aa; www.example. 300 TXT \"zone\""),
            ("a wildcard", "x.wild.example A", "NOERROR aa; x.wild.example. 300 A 192.0.2.3"),
            ("of a missing parent", "_acme-challenge.nix.example TXT", "NOERROR aaBRIEF!"),
            (
                "below a delegation",
                "x.sub.example TXT",
                "NOERROR| sub.example. 300 NS ns.sub.example.+ ns.sub.example. 300 A 192.0.2.53",
            ),
        ],
    );
}

/// A horizon sees the values that are meant for it, in its own zones and in inherited ones, and those only.
#[test]
fn each_horizon_sees_its_own() {
    let settings = settings(&[
        ("in", &["10.0.0.0/8"], Some("out")),
        ("out", &["0.0.0.0/0"], None),
        ("no", &["192.0.2.0/24"], None),
    ]);
    let sources = [
        source("out", "example", "www A 192.0.2.1\napp A 192.0.2.2"),
        source("in", "example", "www A 10.0.0.1"),
        source("out", "second", "www A 192.0.2.3"),
    ];
    let snapshot = build(&settings, &sources, None).unwrap();
    lay(
        &snapshot.overlay,
        &[
            "_acme-challenge.www.example both in out",
            "_acme-challenge.www.example inner in",
            "_acme-challenge.app.example outer out",
            "_acme-challenge.www.second all",
            "token.example inner in",
        ],
    );
    let www = "NOERROR aa; _acme-challenge.www.example. 10 TXT \"both\"";
    let inner = format!("{www}; _acme-challenge.www.example. 10 TXT \"inner\"");
    let table: [(&str, &str, &str, &str); 8] = [
        ("a merged zone", "10.0.0.7", "_acme-challenge.www.example TXT", &inner),
        ("the zone that it inherits", "203.0.113.7", "_acme-challenge.www.example TXT", www),
        ("no zone of this horizon", "192.0.2.7", "_acme-challenge.www.example TXT", "REFUSED"),
        ("meant for the other one", "10.0.0.7", "_acme-challenge.app.example TXT", "NOERROR aaBRIEF!"),
        (
            "and seen there",
            "203.0.113.7",
            "_acme-challenge.app.example TXT",
            "NOERROR aa; _acme-challenge.app.example. 10 TXT \"outer\"",
        ),
        (
            "an inherited zone",
            "10.0.0.7",
            "_acme-challenge.www.second TXT",
            "NOERROR aa; _acme-challenge.www.second. 10 TXT \"all\"",
        ),
        ("a target that only one sees", "10.0.0.7", "token.example A", "NOERROR aaBRIEF!"),
        ("is missing in the other", "203.0.113.7", "token.example A", "NXDOMAIN aaSOA!"),
    ];
    for (why, client, question, expected) in table {
        check(&snapshot, client, &[(why, question, expected)]);
    }
    // A reload keeps what lies above.
    let next = build(&settings, &sources[..1], Some(&snapshot)).unwrap();
    assert_eq!(ask_as(&next, "203.0.113.7", "_acme-challenge.www.example TXT"), www);
}

/// Sixteen values of a challenge's length fit into a UDP reply with EDNS; without EDNS the client is told to use TCP.
#[test]
fn large_sets_are_whole_or_cut() {
    let snapshot = snapshot(&[("internal.thinkheads.ai", "portainer A 192.0.2.1")]);
    let owner = "_acme-challenge.portainer.internal.thinkheads.ai";
    let lines: Vec<_> = (0..16).map(|number| format!("{owner} {number:043}")).collect();
    lay(&snapshot.overlay, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let plain = query(owner, "TXT");
    let mut edns = plain.clone();
    edns[11] = 1;
    edns.extend([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    let count = |shown: &str| shown.matches(" TXT ").count();
    let cut = show(&reply(&snapshot, "192.0.2.77", Transport::Udp, &plain));
    assert_eq!((cut.as_str(), count(&cut)), ("NOERROR aa tc", 0));
    for (transport, query) in [(Transport::Udp, &edns), (Transport::Stream, &plain), (Transport::Stream, &edns)] {
        let octets = reply(&snapshot, "192.0.2.77", transport, query);
        assert_eq!(count(&show(&octets)), 16, "{transport:?}");
        assert!(octets.len() <= 1232);
    }
}

/// Splitmix64: a fixed seed makes each run the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn name(&mut self, labels: &[&str]) -> String {
        let depth = self.roll(4);
        let chosen: Vec<_> = (0..depth).map(|_| labels[self.roll(labels.len())]).collect();
        [&chosen[..], &["example"]].concat().join(".")
    }
}

/// Random zones and values: every name without a value, that no alias leads to one with, is answered with the very octets that
/// a server without values gives; a name with a value has it or stands behind an alias or a delegation.
#[test]
fn all_other_names_are_answered_as_without_values() {
    let labels = ["a", "b", "*", "_acme-challenge", "w"];
    let types = ["A", "TXT", "ANY", "CNAME", "DS", "SOA", "NS"];
    let mut dice = Dice(7);
    let (mut same, mut seen, mut hidden) = (0, 0, 0);
    for round in 0..300 {
        let mut zone = String::new();
        for number in 0..12 {
            let owner = dice.name(&labels);
            let data = match dice.roll(9) {
                0..=2 => format!("A 192.0.2.{number}"),
                3 | 4 => "TXT zone".to_owned(),
                5 => format!("CNAME {}.", dice.name(&labels)),
                6 if owner != "example" => format!("DNAME {}.", dice.name(&labels)),
                7 if owner != "example" => "NS ns.elsewhere.".to_owned(),
                _ => "MX 5 a".to_owned(),
            };
            if owner != "example" || !data.starts_with("CNAME") {
                zone.push_str(&format!("{owner}. {data}\n"));
            }
        }
        let (bare, laid) = (snapshot(&[("example", &zone)]), snapshot(&[("example", &zone)]));
        // Half of the rounds have owners of challenges alone, for which other names are not even looked up.
        let owners: Vec<_> = (0..4)
            .map(|_| dice.name(&labels))
            .map(|name| if round % 2 == 0 { format!("_acme-challenge.{name}") } else { name })
            .collect();
        let lines: Vec<_> = owners.iter().map(|owner| format!("{owner} laid-{owner}")).collect();
        lay(&laid.overlay, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        for _ in 0..100 {
            let name = if dice.roll(4) == 0 { owners[dice.roll(4)].clone() } else { dice.name(&labels) };
            let question = format!("{name} {}", types[dice.roll(types.len())]);
            let (plain, with) = (ask(&bare, &question), ask(&laid, &question));
            let is_owner = owners.contains(&name);
            // Aliases and DNAMEs may lead to an owner; what they lead through is in the answer.
            let leads = |owner: &String| plain.contains(&format!("CNAME {owner}."));
            if !is_owner && !owners.iter().any(leads) {
                assert_eq!(with, plain, "{question} in\n{zone}with {owners:?}");
                same += 1;
            } else if is_owner && question.ends_with(" TXT") {
                let value = with.contains(&format!("\"laid-{name}\""));
                let is_alias = zone.lines().any(|line| line.starts_with(&format!("{name}. CNAME ")));
                let elsewhere = is_alias || plain.contains(" DNAME ") || plain.starts_with("NOERROR|");
                assert!(value || elsewhere, "{question}: {with} in\n{zone}with {owners:?}");
                if value { seen += 1 } else { hidden += 1 }
            }
        }
    }
    println!("{same} the same, {seen} with their value, {hidden} behind an alias or a delegation");
    assert!(same > 10_000 && seen > 200 && hidden > 50);
}
