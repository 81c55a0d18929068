//! What upstreams do, and what clients see of it: a row each, over UDP and TCP, with one upstream and with a good one behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod forward_lab;
mod reload_lab;
mod upstream_lab;

use forward_lab::{Forwarding, steady};
use std::sync::Mutex;
use std::thread;
use upstream_lab::Act::{self, Addresses, Close, Octets, Say, Texts, Wait, Wrong};
use upstream_lab::{Client, Query, Script, Twist, show};

/// One row.
struct Row {
    why: &'static str,
    /// What the first upstream does over UDP: the first time, the second and so on.
    udp: &'static [&'static [Act]],
    /// Over TCP.
    tcp: &'static [&'static [Act]],
    /// What a client must see when there is no other upstream: RCODE, flags, records, code of the extended error.
    alone: &'static str,
    /// The same when there is another upstream behind it that says [`SECOND`].
    with_second: &'static str,
    /// Questions to the first upstream at most, whoever is behind it.
    tries: usize,
}

/// What the second upstream says to everything.
const SECOND: Act = Say("NOERROR; @ 300 A 11.0.0.2");
/// What a client sees of that.
const FROM_SECOND: &str = "NOERROR; @ 300 A 11.0.0.2";
const GOOD: Act = Say("NOERROR; @ 300 A 11.0.0.1");
const FROM_FIRST: &str = "NOERROR; @ 300 A 11.0.0.1";
/// What nobody may believe.
const EVIL: &str = "NOERROR; @ 300 A 11.6.6.6";
/// SERVFAIL with any extended error.
const FAILED: &str = "SERVFAIL ! *";

/// A row whose upstream does the same over both transports.
const fn row(
    why: &'static str,
    acts: &'static [&'static [Act]],
    alone: &'static str,
    with_second: &'static str,
    tries: usize,
) -> Row {
    Row { why, udp: acts, tcp: acts, alone, with_second, tries }
}

const fn streams(mut row: Row, tcp: &'static [&'static [Act]]) -> Row {
    row.tcp = tcp;
    row
}

const TABLE: &[Row] = &[
    row("it answers", &[&[GOOD]], FROM_FIRST, FROM_FIRST, 1),
    row("it is slow, but not too slow", &[&[Wait(250), GOOD]], FROM_FIRST, "NOERROR; @ 300 A *", 3),
    row("it is dead", &[&[]], FAILED, FROM_SECOND, 6),
    row("it answers SERVFAIL", &[&[Say("SERVFAIL")]], FAILED, FROM_SECOND, 3),
    row("its own extended error goes through", &[&[Say("SERVFAIL ! 6 bogus")]], "SERVFAIL ! 6", FROM_SECOND, 3),
    row("it refuses", &[&[Say("REFUSED")]], FAILED, FROM_SECOND, 3),
    row("it implements nothing", &[&[Say("NOTIMP")]], FAILED, FROM_SECOND, 4),
    row("it does not know EDNS", &[&[Say("FORMERR noedns")], &[GOOD]], FROM_FIRST, FROM_FIRST, 2),
    row("it knows no EDNS of version 0", &[&[Say("BADVERS")], &[GOOD]], FROM_FIRST, FROM_FIRST, 2),
    row("it implements no EDNS", &[&[Say("NOTIMP noedns")], &[GOOD]], FROM_FIRST, FROM_FIRST, 2),
    row("a wrong id before the right one", &[&[Wrong(Twist::Id, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 1),
    row("nothing but a wrong id", &[&[Wrong(Twist::Id, EVIL)]], FAILED, FROM_SECOND, 6),
    row("from another port", &[&[Wrong(Twist::Port, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 1),
    row("from another address", &[&[Wrong(Twist::Address, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 1),
    row("another name in the question", &[&[Wrong(Twist::Question, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 2),
    row("nothing but another name", &[&[Wrong(Twist::Question, EVIL)]], FAILED, FROM_SECOND, 6),
    row("another type in the question", &[&[Wrong(Twist::Type, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 2),
    streams(
        row("letters in another case", &[&[Wrong(Twist::Case, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 2),
        &[&[GOOD]],
    ),
    streams(row("it keeps no case", &[&[Wrong(Twist::Lower, EVIL)]], FROM_FIRST, "NOERROR; @ 300 A *", 6), &[&[GOOD]]),
    row("no question in the reply", &[&[Wrong(Twist::NoQuestion, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 2),
    row("the query comes back", &[&[Wrong(Twist::Query, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 2),
    row("nothing but the query comes back", &[&[Wrong(Twist::Query, EVIL)]], FAILED, FROM_SECOND, 6),
    row("another opcode", &[&[Wrong(Twist::Opcode, EVIL), Wait(20), GOOD]], FROM_FIRST, FROM_FIRST, 2),
    streams(row("cut, whole over TCP", &[&[Say("NOERROR tc")]], FROM_FIRST, FROM_FIRST, 2), &[&[GOOD]]),
    streams(
        row("cut with a part, whole over TCP", &[&[Say("NOERROR tc; @ 300 A 11.6.6.6")]], FROM_FIRST, FROM_FIRST, 2),
        &[&[GOOD]],
    ),
    streams(row("cut, closed over TCP", &[&[Say("NOERROR tc")]], FAILED, FROM_SECOND, 6), &[&[Close]]),
    streams(row("cut, silent over TCP", &[&[Say("NOERROR tc")]], FAILED, FROM_SECOND, 6), &[&[]]),
    streams(row("cut over TCP too", &[&[Say("NOERROR tc")]], FAILED, FROM_SECOND, 6), &[&[Say("NOERROR tc")]]),
    row("garbage", &[&[Octets(b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff\xc0\xc0\xff")]], FAILED, FROM_SECOND, 6),
    row("a header and no more", &[&[Wrong(Twist::Cut(12), EVIL)]], FAILED, FROM_SECOND, 6),
    row("half a header", &[&[Wrong(Twist::Cut(5), EVIL)]], FAILED, FROM_SECOND, 6),
    row("it ends within a record", &[&[Wrong(Twist::Cut(50), EVIL)]], FAILED, FROM_SECOND, 6),
    row("fewer records than it says", &[&[Wrong(Twist::Count(5), EVIL)]], FAILED, FROM_SECOND, 6),
    row("aliases that do not end", &[&[Say("NOERROR; @ 300 CNAME n")]], FAILED, "*", 40),
    row("aliases in a circle", &[&[Say("NOERROR; @ 300 CNAME n; n 300 CNAME @")]], FAILED, FROM_SECOND, 6),
    row(
        "an alias with its end",
        &[&[Say("NOERROR; @ 300 CNAME n; n 60 A 11.0.0.3")]],
        "NOERROR; @ 300 CNAME n.@; n.@ 60 A 11.0.0.3",
        "NOERROR; @ 300 CNAME n.@; n.@ 60 A 11.0.0.3",
        1,
    ),
    row(
        "an alias without its end is followed",
        &[&[Say("NOERROR; @ 300 CNAME n")], &[Say("NOERROR; @ 60 A 11.0.0.3")]],
        "NOERROR; @ 300 CNAME n.@; n.@ 60 A 11.0.0.3",
        "NOERROR; @ 300 CNAME n.@; n.@ 60 A 11.0.0.3",
        2,
    ),
    row(
        "an alias to a name that does not exist",
        &[&[Say("NXDOMAIN; @ 300 CNAME n | example.net. 300 SOA a. b. 1 2 3 4 60")]],
        "NXDOMAIN; @ 300 CNAME n.@ | example.net. 60 SOA a. b. 1 2 3 4 60",
        "NXDOMAIN; @ 300 CNAME n.@ | example.net. 60 SOA a. b. 1 2 3 4 60",
        1,
    ),
    row(
        "an alias, then a name that does not exist",
        &[&[Say("NOERROR; @ 300 CNAME n")], &[Say("NXDOMAIN | example.net. 300 SOA a. b. 1 2 3 4 60")]],
        "NXDOMAIN; @ 300 CNAME n.@ | example.net. 60 SOA a. b. 1 2 3 4 60",
        "NXDOMAIN; @ 300 CNAME n.@ | example.net. 60 SOA a. b. 1 2 3 4 60",
        2,
    ),
    row(
        "a renamed tree",
        &[&[Say(
            "NOERROR; example.net. 300 DNAME example.com.; @ 300 CNAME row.example.com.; row.example.com. 60 A 11.0.0.3",
        )]],
        "NOERROR; example.net. 300 DNAME example.com.; @ 300 CNAME row.example.com.; row.example.com. 60 A 11.0.0.3",
        "NOERROR; example.net. 300 DNAME example.com.; @ 300 CNAME row.example.com.; row.example.com. 60 A 11.0.0.3",
        1,
    ),
    row(
        "a renamed tree, the alias with TTL 0 and the letters of our question",
        &[&[Say(
            "NOERROR; example.net. 300 DNAME example.com.; @ 0 CNAME RoW.example.com.; row.example.com. 60 A 11.0.0.3",
        )]],
        "NOERROR; example.net. 300 DNAME example.com.; @ 300 CNAME row.example.com.; row.example.com. 60 A 11.0.0.3",
        "NOERROR; example.net. 300 DNAME example.com.; @ 300 CNAME row.example.com.; row.example.com. 60 A 11.0.0.3",
        1,
    ),
    row("no such name, without SOA", &[&[Say("NXDOMAIN")]], "NXDOMAIN", "NXDOMAIN", 1),
    row("no data, without SOA", &[&[Say("NOERROR")]], "NOERROR", "NOERROR", 1),
    row(
        "no such name",
        &[&[Say("NXDOMAIN | example.net. 300 SOA a. b. 1 2 3 4 60")]],
        "NXDOMAIN | example.net. 60 SOA a. b. 1 2 3 4 60",
        "NXDOMAIN | example.net. 60 SOA a. b. 1 2 3 4 60",
        1,
    ),
    row(
        "no data",
        &[&[Say("NOERROR | example.net. 300 SOA a. b. 1 2 3 4 60")]],
        "NOERROR | example.net. 60 SOA a. b. 1 2 3 4 60",
        "NOERROR | example.net. 60 SOA a. b. 1 2 3 4 60",
        1,
    ),
    row("a TTL of 0", &[&[Say("NOERROR; @ 0 A 11.0.0.1")]], "NOERROR; @ 0 A 11.0.0.1", "NOERROR; @ 0 A 11.0.0.1", 1),
    row(
        "a TTL with its first bit set is none",
        &[&[Wrong(Twist::Ttl, "NOERROR; @ 300 A 11.0.0.1")]],
        "NOERROR; @ 0 A 11.0.0.1",
        "NOERROR; @ 0 A 11.0.0.1",
        1,
    ),
    row(
        "records that nobody asked for",
        &[&[Say(
            "NOERROR; @ 300 A 11.0.0.1; evil.example.com. 300 A 11.6.6.6 | example.com. 300 NS evil.example.com. + evil.example.com. 300 A 11.6.6.6",
        )]],
        FROM_FIRST,
        FROM_FIRST,
        1,
    ),
    row("names of others to ask", &[&[Say("NOERROR | example.net. 300 NS ns.example.com.")]], FAILED, FROM_SECOND, 6),
    row(
        "a stale answer says so",
        &[&[Say("NOERROR; @ 300 A 11.0.0.1 ! 3 stale")]],
        "NOERROR; @ 300 A 11.0.0.1 ! 3",
        "NOERROR; @ 300 A 11.0.0.1 ! 3",
        1,
    ),
    row("AD is for those who ask for it", &[&[Say("NOERROR ad; @ 300 A 11.0.0.1")]], FROM_FIRST, FROM_FIRST, 1),
];

/// Every row: alone, with a second upstream, over UDP and, as a new question, over TCP.
#[test]
fn clients_see_what_they_must() {
    let rows = Mutex::new(TABLE.iter());
    let faults = Mutex::new(Vec::new());
    // Rows wait more than they work.
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let Some(row) = rows.lock().unwrap().next() else { return };
                    for second in [false, true] {
                        for tcp in [false, true] {
                            let found = fault(row, second, tcp);
                            faults.lock().unwrap().extend(found);
                        }
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn fault(row: &Row, second: bool, tcp: bool) -> Option<String> {
    let name = "row.example.net";
    let first = Script::default().turns(name, false, row.udp).turns(name, true, row.tcp);
    let mut scripts = vec![first];
    scripts.extend(second.then(|| Script::default().on(".", &[SECOND])));
    let forwarding = Forwarding::start(scripts, "timeout = 600");
    let question = format!("{name} A");
    let seen = steady(&if tcp { forwarding.ask_tcp(&question) } else { forwarding.ask(&question) });
    let seen = seen.replace("row.example.net.", "@");
    let expected = if second { row.with_second } else { row.alone };
    let fits = match expected.strip_suffix('*') {
        Some(begin) => seen.starts_with(begin) && !seen.contains("11.6.6.6"),
        None => seen == expected,
    };
    let tries = forwarding.upstreams[0].count(name);
    let transport = if tcp { "TCP" } else { "UDP" };
    let behind = if second { "with a second" } else { "alone" };
    if !fits {
        return Some(format!("{}, {behind}, {transport}: {seen}\n    instead of {expected}", row.why));
    }
    (tries > row.tries).then(|| format!("{}, {behind}, {transport}: asked {tries} times", row.why))
}

/// What is known is not asked for again, and what must not be known is.
#[test]
fn answers_are_kept_as_long_as_they_may() {
    let table: [(&str, &[Act], bool); 8] = [
        ("an address", &[GOOD], true),
        ("no such name", &[Say("NXDOMAIN | example.net. 300 SOA a. b. 1 2 3 4 60")], true),
        ("no data", &[Say("NOERROR | example.net. 300 SOA a. b. 1 2 3 4 60")], true),
        ("a failure, for a few seconds", &[Say("SERVFAIL")], true),
        ("an alias with its end", &[Say("NOERROR; @ 300 CNAME n; n 60 A 11.0.0.3")], true),
        ("no such name without SOA", &[Say("NXDOMAIN")], false),
        ("no data without SOA", &[Say("NOERROR")], false),
        ("a TTL of 0", &[Say("NOERROR; @ 0 A 11.0.0.1")], false),
    ];
    for (why, acts, kept) in table {
        let forwarding = Forwarding::start(vec![Script::default().on("example.net", acts)], "timeout = 600");
        let first = forwarding.ask("kept.example.net A");
        let before = forwarding.upstreams[0].count("kept.example.net");
        let second = forwarding.ask("kept.example.net A");
        let after = forwarding.upstreams[0].count("kept.example.net");
        assert_eq!(
            first.split([';', '!', '|']).next(),
            second.split([';', '!', '|']).next(),
            "{why}: {first}, {second}"
        );
        assert_eq!(before == after, kept, "{why}: asked {before} times, then {after}");
    }
}

/// A record that an upstream put beside its answer is not believed: its own name is asked for.
#[test]
fn nothing_is_believed_that_was_not_asked_for() {
    let poison = "NOERROR; @ 300 A 11.0.0.1; victim.example.com. 300 A 11.6.6.6 | com. 300 NS ns.evil.example. + victim.example.com. 300 A 11.6.6.6";
    let script =
        Script::default().on("example.net", &[Say(poison)]).on("example.com", &[Say("NOERROR; @ 300 A 11.0.0.9")]);
    let forwarding = Forwarding::start(vec![script], "");
    assert_eq!(forwarding.ask("a.example.net A"), "NOERROR; a.example.net. 300 A 11.0.0.1");
    assert_eq!(forwarding.ask("victim.example.com A"), "NOERROR; victim.example.com. 300 A 11.0.0.9");
    assert_eq!(forwarding.upstreams[0].count("victim.example.com"), 1);
}

/// The case of the client's letters is its own: neither the upstream's random case nor another client's leaks.
#[test]
fn letters_are_as_the_client_wrote_them() {
    let forwarding = Forwarding::start(vec![Script::default().on("example.net", &[GOOD])], "");
    for name in ["CaSe.Example.Net", "case.example.net", "CASE.EXAMPLE.NET"] {
        assert_eq!(steady(&forwarding.ask(&format!("{name} A"))), format!("NOERROR; {name}. 300 A 11.0.0.1"));
    }
    assert_eq!(forwarding.upstreams[0].count("case.example.net"), 1);
}

/// What does not fit into a UDP reply comes whole over TCP, 64 KiB of it, and is asked for once.
#[test]
fn large_answers_come_over_tcp() {
    let script = Script::default().on("many.example.net", &[Addresses(50)]).on("big.example.net", &[Texts(240)]);
    let forwarding = Forwarding::start(vec![script], "");
    assert_eq!(forwarding.ask("many.example.net A").matches(" A 11.").count(), 50);
    assert_eq!(forwarding.ask("big.example.net TXT"), "NOERROR tc");
    let whole = forwarding.client().tcp(&Query::new("big.example.net TXT"));
    assert!(whole.len() > 60_000, "{} octets", whole.len());
    assert_eq!(show(&whole).matches(" TXT ").count(), 240);
    let asked = forwarding.upstreams[0].asked_for("big.example.net");
    assert_eq!(asked.iter().map(|asked| asked.stream).collect::<Vec<_>>(), [false, true], "once over each");
}

/// Types that nobody knows, and those that have meaning, go through octet for octet.
#[test]
fn all_types_go_through() {
    let table = [
        ("TYPE65280", "@ 300 TYPE65280 \\# 3 010203"),
        ("AAAA", "@ 300 AAAA 2a00::1"),
        ("MX", "@ 300 MX 10 mail.example.net."),
        ("TXT", "@ 300 TXT \"a\" \"b\\000c\""),
        ("SRV", "@ 300 SRV 1 2 3 host.example.net."),
        ("HTTPS", "@ 300 HTTPS 1 . alpn=\"h2\" ipv4hint=\"11.0.0.1\""),
        ("CAA", "@ 300 CAA 0 issue \"ca.example\""),
        ("NAPTR", "@ 300 NAPTR 1 2 \"s\" \"http\" \"\" a.example.net."),
        ("PTR", "@ 300 PTR host.example.net."),
        ("LOC", "@ 300 LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"),
    ];
    for (rtype, record) in table {
        let line: &'static str = Box::leak(format!("NOERROR; {record}").into_boxed_str());
        let forwarding = Forwarding::start(vec![Script::default().on("example.net", &[Say(line)])], "");
        let upstream = Client::new(forwarding.upstreams[0].address).ask(&format!("t.example.net {rtype}"));
        for _ in 0..2 {
            assert_eq!(steady(&forwarding.ask(&format!("t.example.net {rtype}"))), upstream, "{rtype}");
        }
    }
}
