//! What the cache gives out, when, and what it forgets.

use super::lab::{Question, asked, entry, records, wire};
use super::*;
use crate::answer::Reply;
use crate::config;
use crate::forward::{Foreign, Note};

const SOA: &str = "example 600 SOA ns.example. h.example. 1 2 3 4 300";

fn cache() -> Cache {
    Cache::new(&config::Cache::default())
}

fn store(cache: &Cache, question: &str, rcode: u8, sections: [&str; 3], now: u32) -> bool {
    cache.store(&Question::new(question).key(), entry(question, rcode, sections), cache.era(), now)
}

/// What is said beside the records.
fn said(cache: &Cache, question: &str, now: u32) -> Foreign {
    let question = Question::new(question);
    let mut buffer = [0; 512];
    let mut reply = Reply::new(&mut buffer, &question.query(), 512, 0).unwrap();
    cache.answer(&question.key(), false, now, &mut reply)
}

fn note_code(said: Foreign) -> Option<u16> {
    match said {
        Foreign::Written { note, .. } => note.map(|note| note.code),
        other => panic!("{other:?}"),
    }
}

/// Answers are given out with their TTLs counted down, to those only who asked the same question in the same horizon.
#[test]
fn answers_count_down_and_end() {
    let cache = cache();
    assert!(store(&cache, "www.example A", 0, ["www.example 60 A 192.0.2.1", "", ""], 100));
    let table = [
        ("at once", "www.example A", 100, Some("NOERROR; www.example 60 A 192.0.2.1")),
        ("later", "www.example A", 159, Some("NOERROR; www.example 1 A 192.0.2.1")),
        ("at its end", "www.example A", 160, None),
        ("another type", "www.example AAAA", 100, None),
        ("with DO", "www.example A +do", 100, None),
        ("with CD", "www.example A +cd", 100, None),
        ("another name", "ww.example A", 100, None),
    ];
    for (why, question, now, expected) in table {
        assert_eq!(asked(&cache, question, now).as_deref(), expected, "{why}");
    }
    let question = Question::new("www.example A");
    let other = Key { tag: 2, ..question.key() };
    assert_eq!(cache.reply(&other, &question.query(), 100, &mut [0; 512]), None, "another horizon");
    let stats = cache.stats(100);
    assert_eq!((stats.hits, stats.misses, stats.entries), (2, 6, 1));
}

/// NXDOMAIN counts for every type and for every name below (RFC 2308 section 5, RFC 8020); one behind an alias does not.
#[test]
fn nothing_exists_below_a_name_that_does_not() {
    let cache = cache();
    store(&cache, "gone.example A", 3, ["", SOA, ""], 100);
    store(&cache, "alias.test A", 3, ["alias.test 60 CNAME gone.example.", SOA, ""], 100);
    let denied = "NXDOMAIN; example 290 SOA ns.example. h.example. 1 2 3 4 300";
    let table = [
        ("the name", "gone.example A", Some(denied)),
        ("another type", "gone.example MX", Some(denied)),
        ("below", "x.gone.example A", Some(denied)),
        ("far below", "a.b.c.d.gone.example TXT", Some(denied)),
        ("beside", "xgone.example A", None),
        ("above", "example A", None),
        ("below an alias", "x.alias.test A", None),
        ("an alias, another type", "alias.test MX", None),
        ("with DO", "x.gone.example A +do", None),
    ];
    for (why, question, expected) in table {
        assert_eq!(asked(&cache, question, 110).as_deref(), expected, "{why}");
    }
    assert_eq!(cache.stats(110).cut_hits, 2);
    store(&cache, "gone.example A", 0, ["gone.example 60 A 192.0.2.1", "", ""], 120);
    assert_eq!(asked(&cache, "x.gone.example A", 121), None, "the name has come to exist");
}

/// An answer that has ended serves at once while upstreams fail, and asks for its refresh from time to time (RFC 8767).
#[test]
fn what_has_ended_serves_while_upstreams_fail() {
    let cache = cache();
    let question = "www.example A";
    store(&cache, question, 0, ["www.example 60 A 192.0.2.1", "", ""], 100);
    let key = Question::new(question);
    assert_eq!(asked(&cache, question, 200), None, "upstreams are asked first");
    assert_eq!(cache.stale(&key.key(), 150), None, "it is fresh");
    assert!(cache.stale(&key.key(), 200).is_some());
    let failure = || Entry::servfail(&key.name, None);
    let standing_in = cache.failed(&key.key(), failure(), cache.era(), 200).unwrap();
    assert_eq!(records(&standing_in), ["www.example. 60 A 192.0.2.1"]);
    assert_eq!(asked(&cache, question, 201).as_deref(), Some("NOERROR; www.example 30 A 192.0.2.1"));
    assert_eq!(note_code(said(&cache, question, 202)), Some(3));
    let refreshes = |now| matches!(said(&cache, question, now), Foreign::Written { refresh: true, .. });
    assert_eq!([204, 205, 205, 206].map(refreshes), [false, true, false, false], "once when 5 seconds are over");
    store(&cache, question, 0, ["www.example 60 A 192.0.2.2", "", ""], 210);
    assert_eq!(asked(&cache, question, 211).as_deref(), Some("NOERROR; www.example 59 A 192.0.2.2"));
    assert!(cache.failed(&key.key(), failure(), cache.era(), 270 + 86_400).is_none(), "kept for a day");

    store(&cache, "gone.example A", 3, ["", SOA, ""], 100);
    let gone = Question::new("gone.example A");
    assert!(cache.failed(&gone.key(), Entry::servfail(&gone.name, None), cache.era(), 500).is_some());
    assert_eq!(note_code(said(&cache, "gone.example A", 501)), Some(19), "stale NXDOMAIN");
    assert_eq!(asked(&cache, "x.gone.example A", 501), None, "and no cut any more");
}

/// A failure is known for a second, longer with each repetition, and forgotten after the first answer (RFC 9520).
#[test]
fn failures_are_known_for_a_while() {
    let cache = cache();
    let question = Question::new("www.example A");
    let fail = |now| {
        let failure = Entry::servfail(&question.name, Some(Note::new(22, "all dead")));
        assert_eq!(cache.failed(&question.key(), failure, cache.era(), now), None);
    };
    let known = |now| asked(&cache, "www.example A", now).is_some();
    let mut now = 100;
    for seconds in [1, 2, 4, 8, 16, 30, 30] {
        fail(now);
        assert!(known(now + seconds - 1) && !known(now + seconds), "{seconds}");
        now += seconds;
    }
    fail(now);
    assert_eq!(note_code(said(&cache, "www.example A", now)), Some(22));
    assert_eq!(cache.stats(now).failures, 1);
    store(&cache, "www.example A", 0, ["www.example 1 A 192.0.2.1", "", ""], now + 40);
    assert!(!cache.store(&question.key(), Entry::servfail(&question.name, None), cache.era(), now), "not by this door");
    let fresh = cache.failed(&question.key(), Entry::servfail(&question.name, None), cache.era(), now + 40);
    assert!(fresh.is_none() && known(now + 40), "a failure does not displace what is fresh");
}

/// What is asked often is asked for again in the last tenth of its life, once.
#[test]
fn what_is_asked_often_is_refreshed_once_before_its_end() {
    let cases = [("asked often", 3, 300, true), ("asked seldom", 0, 300, false), ("short of life", 9, 9, false)];
    for (why, asked_before, ttl, expected) in cases {
        let cache = cache();
        store(&cache, "www.example A", 0, [&format!("www.example {ttl} A 192.0.2.1"), "", ""], 100);
        let refreshes = |now| matches!(said(&cache, "www.example A", now), Foreign::Written { refresh: true, .. });
        assert!((0..asked_before).all(|_| !refreshes(100)), "{why}: it has just come");
        let late = 100 + ttl - 1;
        assert_eq!([refreshes(late), refreshes(late)], [expected, false], "{why}");
    }
}

/// What changed is forgotten, by name, by horizon or all; an answer that was under way meanwhile is not kept.
#[test]
fn what_changed_is_forgotten() {
    let cache = cache();
    let fill = || {
        for name in ["example", "www.example", "xexample", "test"] {
            store(&cache, &format!("{name} A"), 0, [&format!("{name} 60 A 192.0.2.1"), "", ""], 1);
        }
        store(&cache, "gone.example A", 3, ["", SOA, ""], 1);
    };
    let select = |name: Option<&str>, below| Selection {
        name: name.map(|name| wire(name).into()),
        below,
        ..Selection::default()
    };
    let table = [
        ("a name", select(Some("EXAMPLE"), false), 1),
        ("and below", select(Some("example"), true), 3),
        ("all", Selection::default(), 5),
        ("another horizon", Selection { tag: Some(2), ..Selection::default() }, 0),
        ("a type", Selection { rtype: Some(28), ..Selection::default() }, 1),
        ("a name that is not there", select(Some("nix"), true), 0),
    ];
    for (why, what, expected) in table {
        fill();
        assert_eq!(cache.show(&what, 100, 1).len(), expected, "{why}");
        assert_eq!(cache.flush(&what), expected, "{why}");
        assert_eq!(cache.show(&what, 100, 1).len(), 0, "{why}");
    }
    let question = Question::new("www.example A");
    let era = cache.era();
    assert_eq!(cache.drop_below(Some(1), &wire("example")), 3);
    let late = entry("www.example A", 0, ["www.example 60 A 192.0.2.1", "", ""]);
    assert!(!cache.store(&question.key(), late, era, 1));
}

/// Of a name that is written to here all goes, and what was told above it to deny it; all else stays.
#[test]
fn a_name_that_comes_to_be_is_forgotten_with_what_denied_it() {
    let cache = cache();
    for question in ["_acme-challenge.www.example A", "_acme-challenge.www.example TXT", "a.www.example A"] {
        store(&cache, question, 0, ["", SOA, ""], 1);
    }
    for name in ["example", "other.example", "x._acme-challenge.www.example"] {
        store(&cache, &format!("{name} A"), 3, ["", SOA, ""], 1);
    }
    store(&cache, "www.example AAAA", 0, ["www.example 60 AAAA 2001:db8::1", "", ""], 1);
    let owner = wire("_acme-challenge.www.example");
    assert_eq!(cache.forget(&[&*owner].into()), 3);
    let mut left: Vec<_> = cache.show(&Selection::default(), 100, 1).into_iter().map(|one| one.name).collect();
    left.sort();
    let expected = ["a.www.example.", "other.example.", "www.example.", "x._acme-challenge.www.example."];
    assert_eq!(left, expected);
    assert_eq!(cache.forget(&[].into()), 0);
}

/// A person sees name, kind, what is left and the records.
#[test]
fn entries_are_shown() {
    let cache = cache();
    store(&cache, "www.example A", 0, ["www.example 60 CNAME w.test.\nw.test 50 A 192.0.2.1", "", ""], 100);
    assert!(asked(&cache, "www.example A", 101).is_some());
    let shown = cache.show(&Selection::default(), 10, 110);
    let [shown] = &shown[..] else { panic!("{shown:?}") };
    assert_eq!((shown.name.as_str(), shown.rtype, shown.kind), ("www.example.", 1, Kind::Answer));
    assert_eq!((shown.left, shown.hits), (40, 1));
    assert_eq!(shown.records, ["www.example. 50 CNAME w.test.", "w.test. 40 A 192.0.2.1"]);
}

/// The octets stay below the size that is set, whatever comes; what is asked for stays longest, and a size of 0 keeps
/// nothing. A hundred thousand ordinary answers take less than 200 octets each.
#[test]
fn octets_are_bounded() {
    let fill = |cache: &Cache, count: u32| {
        let mut reader = Reader::new();
        let limits = config::Cache::default();
        for number in 0..count {
            let name = wire(&format!("host{number:06}.example.com"));
            let key = Key { tag: 1, name: &name, rtype: 1, dnssec_ok: false, checking_disabled: false };
            let message = lab::message(
                &format!("host{number:06}.example.com A"),
                0,
                [&format!("host{number:06}.example.com 300 A 192.0.2.1"), "", ""],
            );
            cache.store(&key, reader.read(&message, &key, &limits).unwrap(), cache.era(), 1);
            if number % 16 == 0 {
                asked(cache, "host000000.example.com A", 1);
            }
        }
    };
    for (size, count) in [(64 << 10, 5_000), (1 << 20, 20_000), (0, 100)] {
        let cache = Cache::new(&config::Cache { size, ..config::Cache::default() });
        fill(&cache, count);
        let stats = cache.stats(1);
        assert!(stats.octets <= size, "{stats:?}");
        assert_eq!(stats.entries > 0, size > 0, "{stats:?}");
        assert!(stats.entries == 0 || asked(&cache, "host000000.example.com A", 1).is_some(), "asked for all along");
    }
    let cache = cache();
    fill(&cache, 100_000);
    let stats = cache.stats(1);
    assert_eq!((stats.entries, stats.evicted), (100_000, 0));
    assert!(stats.octets < 200 * 100_000, "{}", stats.octets);
    let smaller = cache.with_settings(&config::Cache { size: 1 << 20, ..config::Cache::default() });
    fill(&smaller, 20_000);
    assert!(
        smaller.stats(1).octets <= 1 << 20,
        "a smaller size is reached as answers come: {}",
        smaller.stats(1).octets
    );
}

/// What has ended and serves nobody any more goes first.
#[test]
fn what_has_ended_goes_first() {
    let settings = config::Cache { size: 64 << 10, stale: 10, ..config::Cache::default() };
    let cache = Cache::new(&settings);
    for number in 0..200 {
        store(&cache, &format!("a{number}.example A"), 0, [&format!("a{number}.example 5 A 192.0.2.1"), "", ""], 1);
    }
    for number in 0..200 {
        store(&cache, &format!("b{number}.example A"), 0, [&format!("b{number}.example 500 A 192.0.2.1"), "", ""], 100);
    }
    let stats = cache.stats(100);
    assert!(stats.entries > 150 && stats.stale == 0, "{stats:?}");
}

/// Reaching changes nothing, waits for nobody, and takes hashes that share a shard, are unknown, or come twice.
#[test]
fn reaching_changes_nothing_and_waits_for_nobody() {
    let cache = cache();
    assert!(store(&cache, "www.example A", 0, ["www.example 60 A 192.0.2.1", "", ""], 1));
    let hash = cache.hash(&Question::new("www.example A").key());
    let before = cache.stats(1);
    cache.reach(&[]);
    cache.reach(&[hash; AT_ONCE]);
    cache.reach(&[hash, !hash, 0, u64::MAX]);
    let held = cache.shard(hash);
    cache.reach(&[hash, hash]);
    drop(held);
    assert_eq!(cache.stats(1), before);
    assert!(asked(&cache, "www.example A", 1).is_some());
}
