//! The forwarder itself, without the server round it: who is asked when upstreams misbehave, what is asked once, and that
//! everybody who waits is answered.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bare_forwarder;
mod upstream_lab;

use bare_forwarder::{Back, CLIENT, Lab, PATIENCE, miss, until};
use horizon_dns::counters::Event;
use std::collections::HashSet;
use std::net::{IpAddr, UdpSocket};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use upstream_lab::Act::{Say, Wait, Wrong};
use upstream_lab::{Query, Script, Twist, Upstream, show};

fn good() -> Script {
    Script::default().on(".", &[Say("NOERROR; @ 300 A 11.0.0.1")])
}

fn second() -> Script {
    Script::default().on(".", &[Say("NOERROR; @ 300 A 11.0.0.2")])
}

/// However many clients ask the same, in whatever case, an upstream hears it once; each gets an answer as it asked.
#[test]
fn equal_questions_are_asked_once() {
    let upstream = Upstream::start(Script::default().on(".", &[Wait(300), Say("NOERROR; @ 300 A 11.0.0.1")]));
    let lab = Lab::start(&[&upstream], "");
    let names = ["www.example.net", "WWW.example.net", "wWw.eXample.NET"];
    let replies: Vec<_> = (0..99).map(|turn| (names[turn % 3], lab.send(&format!("{} A", names[turn % 3])))).collect();
    for (name, reply) in replies {
        let seen = show(&reply.recv_timeout(PATIENCE).unwrap());
        assert_eq!(seen, format!("NOERROR; {name}. 300 A 11.0.0.1"));
    }
    assert_eq!(upstream.count("www.example.net"), 1);
    assert_eq!(lab.count(Event::ForwardMerged), 98);
    // One that comes late finds it in the cache.
    assert!(lab.ask("www.example.net A").starts_with("NOERROR"));
    assert_eq!(upstream.count("www.example.net"), 1);
}

/// What differs in type, DO or CD is another question.
#[test]
fn other_questions_are_asked_for_themselves() {
    let upstream = Upstream::start(Script::default().on(".", &[Wait(200), Say("?")]));
    let lab = Lab::start(&[&upstream], "");
    let plain = Query::new("www.example.net A");
    let queries = [
        plain.clone(),
        Query { dnssec_ok: true, ..plain.clone() },
        Query { checking_disabled: true, ..plain },
        Query::new("www.example.net AAAA"),
    ];
    let replies: Vec<_> = queries.iter().map(|query| lab.send_octets(&query.octets(), CLIENT)).collect();
    replies.iter().for_each(|reply| drop(reply.recv_timeout(PATIENCE).unwrap()));
    let asked = upstream.asked_for("www.example.net");
    let seen: HashSet<_> = asked
        .iter()
        .map(|asked| (asked.rtype.to_int(), asked.edns.as_ref().unwrap().dnssec_ok, asked.checking_disabled))
        .collect();
    assert_eq!(seen, HashSet::from([(1, false, false), (1, true, false), (1, false, true), (28, false, false)]));
}

/// The first upstream is dead: every client is answered by the second, the first is asked no more, and gets its place back
/// when it answers again.
#[test]
fn a_dead_upstream_is_passed_over_until_it_answers() {
    let (first, other) = (Upstream::start(good()), Upstream::start(second()));
    let lab = Lab::start(&[&first, &other], "policy = \"ordered\"\ntimeout = 300");
    assert!(lab.ask("a.example.net A").contains("11.0.0.1"));
    first.silence(true);
    for turn in 0..5 {
        assert!(lab.ask(&format!("dead{turn}.example.net A")).contains("11.0.0.2"));
    }
    until("it is down", || !lab.state(&first).unwrap().up);
    first.forget();
    for turn in 0..50 {
        assert!(lab.ask(&format!("later{turn}.example.net A")).contains("11.0.0.2"));
    }
    assert_eq!(first.count("example.net"), 0, "no client's question goes there");
    first.silence(false);
    until("it is up", || lab.state(&first).unwrap().up);
    until("it is asked", || {
        lab.ask(&format!("again{}.example.net A", first.count("example.net"))).contains("11.0.0.1")
    });
}

/// A closed port is noticed at once, by ICMP.
#[test]
fn a_closed_port_costs_no_wait() {
    let (mut first, other) = (Upstream::start(good()), Upstream::start(second()));
    // No time-out of ours can be what helps.
    let lab = Lab::start(&[&first, &other], "timeout = 10000");
    first.kill();
    for turn in 0..20 {
        assert!(lab.ask(&format!("n{turn}.example.net A")).contains("11.0.0.2"));
    }
    assert_eq!(lab.count(Event::UpstreamTimeout), 0);
    let state = lab.state(&first).unwrap();
    assert_eq!((state.up, state.last_error.as_deref()), (false, Some("nobody listens there")));
    first.revive();
    until("it is up", || lab.state(&first).unwrap().up);
}

/// An upstream that comes and goes never costs a client its answer.
#[test]
fn a_flapping_upstream_costs_no_answer() {
    let (first, other) = (Upstream::start(good()), Upstream::start(second()));
    let lab = Lab::start(&[&first, &other], "timeout = 200");
    for turn in 0..60 {
        first.silence(turn % 20 < 10);
        let replies: Vec<_> = (0..10).map(|n| lab.send(&format!("n{turn}-{n}.example.net A"))).collect();
        for reply in replies {
            let seen = show(&reply.recv_timeout(PATIENCE).unwrap());
            assert!(seen.starts_with("NOERROR"), "turn {turn}: {seen}");
        }
    }
}

/// No client sees the SERVFAIL or REFUSED of one upstream as long as another answers, whatever the policy; and soon the
/// bad one is hardly asked.
#[test]
fn failures_of_one_upstream_reach_nobody() {
    for (policy, line) in [("ordered", "SERVFAIL"), ("parallel", "SERVFAIL"), ("fastest", "REFUSED")] {
        let bad = Upstream::start(Script::default().on(".", &[Say(line)]));
        let other = Upstream::start(second());
        let lab = Lab::start(&[&bad, &other], &format!("policy = \"{policy}\"\nper_client = 4096"));
        let replies: Vec<_> = (0..2000).map(|n| lab.send(&format!("n{n}.example.net A"))).collect();
        for reply in replies {
            let seen = show(&reply.recv_timeout(PATIENCE).unwrap());
            assert!(seen.contains("11.0.0.2"), "{policy}: {seen}");
        }
        assert!(lab.state(&bad).unwrap().failing, "{policy}");
        bad.forget();
        for n in 0..200 {
            assert!(lab.ask(&format!("m{n}.example.net A")).contains("11.0.0.2"), "{policy}");
        }
        assert!(bad.count("example.net") < 50, "{policy}: {}", bad.count("example.net"));
    }
}

/// The fastest of several is found and asked most.
#[test]
fn the_fastest_is_asked_most() {
    let slow = Upstream::start(Script::default().on(".", &[Wait(60), Say("NOERROR; @ 300 A 11.0.0.1")]));
    let fast = Upstream::start(second());
    let lab = Lab::start(&[&slow, &fast], "policy = \"fastest\"");
    (0..200).for_each(|n| assert!(lab.ask(&format!("n{n}.example.net A")).starts_with("NOERROR")));
    assert!(fast.count("example.net") > 150, "{} of 200", fast.count("example.net"));
}

/// Beyond a limit a client hears so at once, and which limit it is; others are not concerned.
#[test]
fn limits_are_told() {
    let upstream = Upstream::start(Script::default().on(".", &[]));
    let lab = Lab::start(&[&upstream], "per_client = 4\nper_upstream = 6\ntimeout = 10000");
    let _waiting: Vec<_> = (0..4).map(|n| lab.send(&format!("n{n}.example.net A"))).collect();
    let seen = lab.ask("n5.example.net A");
    assert!(seen.starts_with("SERVFAIL ! 0 ") && seen.contains("forward.per_client"), "{seen}");
    let other: IpAddr = "192.0.2.8".parse().unwrap();
    let octets = |n: usize| Query::new(&format!("other{n}.example.net A")).octets();
    let _also: Vec<_> = (0..2).map(|n| lab.send_octets(&octets(n), other)).collect();
    let third: IpAddr = "192.0.2.9".parse().unwrap();
    let seen = show(&lab.send_octets(&octets(9), third).recv_timeout(PATIENCE).unwrap());
    assert!(seen.starts_with("SERVFAIL ! 0 ") && seen.contains("forward.per_upstream"), "{seen}");
    assert_eq!(lab.count(Event::ForwardRefused), 2);
}

/// Who waits when the forwarder stops is told so; who comes later gets the question back.
#[test]
fn stopping_answers_everybody() {
    let upstream = Upstream::start(Script::default().on(".", &[]));
    let lab = Lab::start(&[&upstream], "timeout = 10000");
    let waiting: Vec<_> = (0..50).map(|n| lab.send(&format!("n{n}.example.net A"))).collect();
    lab.forwarder.stop();
    for reply in waiting {
        let seen = show(&reply.recv_timeout(PATIENCE).unwrap());
        assert_eq!(seen, "SERVFAIL ! 0 the server stops");
    }
    let (sender, _receiver) = channel();
    let octets = Query::new("late.example.net A").octets();
    let late = miss(Arc::clone(&lab.plan.lock().unwrap()), &octets, CLIENT, Box::new(Back(sender)));
    assert!(lab.forwarder.submit(late).is_err());
    assert!(lab.forwarder.upstreams().is_empty());
}

/// With all upstreams dead, what is known and has ended is answered without a wait, once that is known.
#[test]
fn ended_answers_stand_in_for_dead_upstreams() {
    let upstream = Upstream::start(Script::default().on(".", &[Say("NOERROR; @ 1 A 11.0.0.1")]));
    let lab = Lab::start(&[&upstream], "timeout = 400");
    (0..100).for_each(|n| assert!(lab.ask(&format!("n{n}.example.net A")).contains(" 1 A ")));
    upstream.silence(true);
    let cache = Arc::clone(&lab.plan.lock().unwrap());
    let ended = cache.cache().now() + 2;
    until("the answers have ended", || cache.cache().now() >= ended);
    assert!(lab.ask("n0.example.net A").starts_with("NOERROR; n0.example.net. 30 A 11.0.0.1 ! 3"));
    until("it is down", || !lab.state(&upstream).unwrap().up);
    upstream.forget();
    for n in 0..100 {
        let seen = lab.ask(&format!("n{n}.example.net A"));
        assert!(seen.starts_with(&format!("NOERROR; n{n}.example.net. 30 A 11.0.0.1 ! 3")), "{seen}");
    }
    assert_eq!(upstream.count("example.net"), 0, "nobody waited for it");
    let unknown = lab.ask("unknown.example.net A");
    assert!(unknown.starts_with("SERVFAIL ! 22 ") && unknown.contains("no answer in time"), "{unknown}");
}

/// When all upstreams fall silent, nobody who can have an answer that has ended waits much longer than the first one who had
/// to, however long ago he asked; and once one of them speaks again, it is asked again.
#[test]
fn nobody_waits_longer_than_the_first() {
    let script = || Script::default().on(".", &[Say("NOERROR; @ 1 A 11.0.0.1")]);
    let (one, other) = (Upstream::start(script()), Upstream::start(script()));
    let lab = Lab::start(&[&one, &other], "policy = \"ordered\"\ntimeout = 2000");
    (0..100).for_each(|n| assert!(lab.ask(&format!("n{n}.example.net A")).contains(" 1 A ")));
    [&one, &other].iter().for_each(|upstream| upstream.silence(true));
    let plan = Arc::clone(&lab.plan.lock().unwrap());
    let ended = plan.cache().now() + 2;
    until("the answers have ended", || plan.cache().now() >= ended);
    let ask = |n: usize| lab.send(&format!("n{n}.example.net A"));
    let first = ask(0);
    // These come while it is not known that nobody answers.
    let waiting: Vec<_> = (1..60).inspect(|_| thread::sleep(Duration::from_millis(10))).map(ask).collect();
    let stale = |n: usize, reply: Vec<u8>| {
        let seen = show(&reply);
        assert!(seen.starts_with(&format!("NOERROR; n{n}.example.net. 30 A 11.0.0.1 ! 3")), "{seen}");
    };
    stale(0, first.recv_timeout(PATIENCE).unwrap());
    let since = Instant::now();
    for (at, reply) in waiting.iter().enumerate() {
        stale(at + 1, reply.recv_timeout(PATIENCE).unwrap());
    }
    for n in 60..100 {
        stale(n, ask(n).recv_timeout(PATIENCE).unwrap());
    }
    // The last of them would have waited a second for himself.
    assert!(since.elapsed() < Duration::from_millis(400), "{:?}", since.elapsed());
    [&one, &other].iter().for_each(|upstream| upstream.silence(false));
    until("it is asked again", || lab.ask("n0.example.net A") == "NOERROR; n0.example.net. 1 A 11.0.0.1");
}

/// What an upstream does not understand is learned once.
#[test]
fn quirks_are_remembered() {
    let script = Script::default()
        .turns(".", false, &[&[Say("FORMERR noedns")], &[Say("?")]])
        .turns("case.example.net", false, &[&[Wrong(Twist::Lower, "?")]])
        .turns("case.example.net", true, &[&[Wrong(Twist::Lower, "?")]]);
    let upstream = Upstream::start(script);
    let lab = Lab::start(&[&upstream], "");
    for n in 0..3 {
        assert!(lab.ask(&format!("n{n}.example.net A")).starts_with("NOERROR"));
    }
    let edns: Vec<_> = upstream.asked_for("example.net").iter().map(|asked| asked.edns.is_some()).collect();
    assert_eq!(edns, [true, false, false, false]);
    upstream.forget();
    for n in 0..3 {
        assert!(lab.ask(&format!("long-name-{n}.case.example.net A")).starts_with("NOERROR"));
    }
    let streams: Vec<_> = upstream.asked_for("case.example.net").iter().map(|asked| asked.stream).collect();
    assert_eq!(streams, [false, true, false, false], "TCP shows that it is the server that keeps no case");
}

/// Somebody who guesses ids drives the question to TCP, and gets nothing in.
#[test]
fn guesses_lead_to_tcp() {
    let mut guesses = vec![Wrong(Twist::Id, "NOERROR; @ 300 A 11.6.6.6"); 20];
    guesses.push(Say("NOERROR; @ 300 A 11.6.6.6"));
    let script = Script::default().turns(".", false, &[&guesses[..20]]).on("quiet.example.net", &[Say("?")]);
    let upstream = Upstream::start(script.turns(".", true, &[&[Say("NOERROR; @ 300 A 11.0.0.1")]]));
    let lab = Lab::start(&[&upstream], "timeout = 10000");
    assert!(lab.ask("www.example.net A").contains("11.0.0.1"));
    let streams: Vec<_> = upstream.asked_for("www.example.net").iter().map(|asked| asked.stream).collect();
    assert_eq!(streams, [false, true]);
    assert!(lab.count(Event::UpstreamUnmatched) >= 16);
}

/// Ports, ids and the case of letters cannot be guessed, and nothing of the client's goes along.
#[test]
fn questions_to_upstreams_cannot_be_guessed() {
    let upstream = Upstream::start(good());
    let lab = Lab::start(&[&upstream], "");
    let subnet = vec![0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    for n in 0..1500 {
        let query = Query { options: subnet.clone(), ..Query::new(&format!("n{n}.example.net A")) };
        let _ = lab.send_octets(&query.octets(), CLIENT).recv_timeout(PATIENCE).unwrap();
    }
    let asked = upstream.asked();
    let ports: HashSet<_> = asked.iter().map(|asked| asked.from.port()).collect();
    let ids: HashSet<_> = asked.iter().map(|asked| asked.id).collect();
    let spelled: HashSet<_> = asked.iter().map(|asked| asked.spelled[asked.spelled.len() - 13..].to_vec()).collect();
    assert!(ports.len() >= 256, "{} ports", ports.len());
    assert!(ids.len() > 1400, "{} ids", ids.len());
    assert!(spelled.len() > 500, "{} spellings of 1024", spelled.len());
    for asked in asked {
        let edns = asked.edns.unwrap();
        assert_eq!((edns.size, edns.options), (1232, vec![]));
    }
}

/// A reload keeps what is known of upstreams, and clients that wait are answered.
#[test]
fn a_reload_keeps_what_is_known() {
    let upstream = Upstream::start(good().on("slow.example.net", &[Wait(300), Say("?")]));
    let lab = Lab::start(&[&upstream], "");
    assert!(lab.ask("a.example.net A").starts_with("NOERROR"));
    let waiting = lab.send("slow.example.net A");
    lab.reload();
    assert!(lab.ask("b.example.net A").starts_with("NOERROR"));
    assert!(show(&waiting.recv_timeout(PATIENCE).unwrap()).starts_with("NOERROR"));
    let states = lab.forwarder.upstreams();
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].answered, 3);
    assert!(states[0].srtt.is_some());
}

/// An upstream that sends our questions back to us is found out and not asked any more; nothing goes round for ever.
#[test]
fn a_loop_is_noticed() {
    let mirror = UdpSocket::bind("127.0.0.1:0").unwrap();
    mirror.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let other = Upstream::start(second());
    let upstreams = format!("\"{}\", \"{}\"", mirror.local_addr().unwrap(), other.address);
    let lab = Lab::start_at(&upstreams, "timeout = 300");
    let loops = || lab.forwarder.upstreams().iter().any(|state| state.loops);
    thread::scope(|scope| {
        let found = Arc::new(Mutex::new(false));
        let (ended, plan) = (Arc::clone(&found), Arc::clone(&lab.plan.lock().unwrap()));
        let (forwarder, socket) = (Arc::clone(&lab.forwarder), &mirror);
        // The upstream asks us as a client does, and would hand on what we say.
        scope.spawn(move || {
            let mut buffer = [0; 1500];
            while !*ended.lock().unwrap() {
                let Ok((length, _)) = socket.recv_from(&mut buffer) else { continue };
                let (sender, _) = channel();
                let client = "127.0.0.1".parse().unwrap();
                let _ = forwarder.submit(miss(Arc::clone(&plan), &buffer[..length], client, Box::new(Back(sender))));
            }
        });
        let seen = lab.ask("a-name-with-letters.example.net A");
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| until("the loop is seen", loops)));
        *found.lock().unwrap() = true;
        outcome.unwrap();
        assert!(seen.contains("11.0.0.2"), "{seen}");
    });
    assert!(lab.ask("another.example.net A").contains("11.0.0.2"));
}
