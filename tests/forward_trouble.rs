//! Upstreams in trouble, and many clients: nobody waits for longer than must be, nobody gets a wrong word, and nobody gets
//! none at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod forward_lab;
mod reload_lab;
mod upstream_lab;

use forward_lab::{Forwarding, config, steady};
use reload_lab::{Lab, wait_until};
use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use upstream_lab::Act::{Say, Wait};
use upstream_lab::{Client, Query, Script, Upstream, show};

const FROM_FIRST: &str = "NOERROR; @ 300 A 11.0.0.1";
const FROM_SECOND: &str = "NOERROR; @ 300 A 11.0.0.2";

fn says(line: &'static str) -> Script {
    Script::default().on(".", &[Say(line)])
}

/// Asks so many different names at once, as many as `window` at a time, and gives every reply without its owner.
fn ask_many(client: Client, prefix: &str, count: usize, window: usize) -> Vec<String> {
    let socket = client.socket();
    let mut buffer = [0; 1232];
    let mut replies = Vec::with_capacity(count);
    let mut asked = 0;
    while replies.len() < count {
        while asked < count && asked - replies.len() < window {
            let name = format!("{prefix}{asked}.example.net");
            let query = Query { id: asked as u16, ..Query::new(&format!("{name} A")) };
            socket.send(&query.octets()).unwrap();
            asked += 1;
        }
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| {
            panic!("{} of {asked} questions were answered, then none: {error}", replies.len());
        });
        let id = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
        replies.push(steady(&show(&buffer[..length])).replace(&format!("{prefix}{id}.example.net."), "@"));
    }
    replies
}

/// A hundred clients that ask the same at the same time cost the upstream one question, and all get the answer.
#[test]
fn the_same_question_is_asked_once() {
    let script = Script::default().on("slow.example.net", &[Wait(300), Say("NOERROR; @ 300 A 11.0.0.1")]);
    let forwarding = Forwarding::start(vec![script], "timeout = 5000");
    let client = forwarding.client();
    let sockets: Vec<_> = (0..100).map(|_| client.socket()).collect();
    for (id, socket) in sockets.iter().enumerate() {
        socket.send(&Query { id: id as u16, ..Query::new("slow.example.net A") }.octets()).unwrap();
    }
    let mut buffer = [0; 512];
    for (id, socket) in sockets.iter().enumerate() {
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..2], (id as u16).to_be_bytes(), "its own id");
        assert_eq!(show(&buffer[..length]), "NOERROR; slow.example.net. 300 A 11.0.0.1");
    }
    assert_eq!(forwarding.upstreams[0].count("slow.example.net"), 1);
}

/// The first upstream is dead: every client gets an answer, none asks the dead one in vain more than once, and once it is
/// known to be dead no client does.
#[test]
fn a_dead_first_upstream_costs_one_timeout_at_most() {
    let forwarding = Forwarding::start(vec![Script::default(), says(FROM_SECOND)], "timeout = 500");
    let dead = &forwarding.upstreams[0];
    dead.silence(true);
    let replies = ask_many(forwarding.client(), "early", 500, 100);
    assert!(
        replies.iter().all(|reply| reply == FROM_SECOND),
        "{:?}",
        replies.iter().find(|reply| *reply != FROM_SECOND)
    );
    let asked = dead.asked_for("example.net");
    let names: HashSet<_> = asked.iter().map(|asked| &asked.name).collect();
    assert_eq!(names.len(), asked.len(), "no name was asked twice of the dead one");
    // What it is asked from now on are probes, of which no client waits.
    dead.forget();
    let replies = ask_many(forwarding.client(), "late", 500, 100);
    assert!(replies.iter().all(|reply| reply == FROM_SECOND));
    let in_vain = dead.asked_for("example.net").iter().filter(|asked| asked.name.starts_with("late")).count();
    assert!(in_vain <= 3, "{in_vain} questions went to an upstream that is known to be dead");
    // It comes back, and is the first again: the order is the operator's.
    dead.set(says(FROM_FIRST));
    dead.silence(false);
    let mut number = 0;
    wait_until("the first upstream is asked again", || {
        number += 1;
        let reply = forwarding.ask(&format!("back{number}.example.net A"));
        reply.ends_with("11.0.0.1")
    });
}

/// One of two upstreams answers SERVFAIL, or REFUSED: none of 10,000 clients sees it, whatever the policy and the order.
#[test]
fn a_failing_upstream_is_seen_by_nobody() {
    for policy in ["ordered", "parallel", "fastest"] {
        for (failing, line) in [(0, "SERVFAIL"), (1, "REFUSED")] {
            let mut scripts = vec![says(FROM_SECOND), says(FROM_SECOND)];
            scripts[failing] = says(line);
            let forwarding = Forwarding::start(scripts, &format!("policy = \"{policy}\"\ntimeout = 5000"));
            let count = if policy == "ordered" { 10_000 } else { 2_000 };
            let replies = ask_many(forwarding.client(), "n", count, 100);
            let wrong = replies.iter().filter(|reply| *reply != FROM_SECOND).count();
            assert_eq!(wrong, 0, "{policy}, the {line} is number {failing}");
        }
    }
}

/// An upstream that stops and comes back, again and again, beside a good one: every question is answered, and rightly.
#[test]
fn flapping_is_seen_by_nobody() {
    let mut forwarding = Forwarding::start(vec![says(FROM_FIRST), says(FROM_SECOND)], "timeout = 400");
    let client = forwarding.client();
    for round in 0..6 {
        match round % 4 {
            0 => forwarding.upstreams[0].silence(true),
            1 => forwarding.upstreams[0].silence(false),
            2 => forwarding.upstreams[0].kill(),
            _ => forwarding.upstreams[0].revive(),
        }
        let replies = ask_many(client, &format!("r{round}-"), 300, 50);
        let wrong = replies.iter().find(|reply| *reply != FROM_FIRST && *reply != FROM_SECOND);
        assert_eq!(wrong, None, "round {round}");
    }
}

/// A closed port is known by its ICMP message: the next upstream is asked at once, long before the timeout.
#[test]
fn a_closed_port_is_no_timeout() {
    let mut forwarding = Forwarding::start(vec![says(FROM_FIRST), says(FROM_SECOND)], "timeout = 10000");
    forwarding.upstreams[0].kill();
    let begun = Instant::now();
    assert_eq!(steady(&forwarding.ask("closed.example.net A")), "NOERROR; closed.example.net. 300 A 11.0.0.2");
    assert!(begun.elapsed() < Duration::from_secs(4), "less than half of the timeout: {:?}", begun.elapsed());
}

/// All upstreams are dead: what is in the cache but has ended is served. Once the first client has waited, the others need
/// not, although the upstreams' timeout is long; and each says why.
#[test]
fn what_has_ended_is_served_when_all_are_dead() {
    let script = Script::default().on(".", &[Say("NOERROR; @ 1 A 11.0.0.1")]);
    let forwarding = Forwarding::start(vec![script], "timeout = 3000\n[forward.cache]\nprefetch = false");
    let client = forwarding.client();
    ask_many(client, "kept", 200, 50);
    forwarding.upstreams[0].silence(true);
    // Until all have ended: the last one asked is not answered freshly any more.
    wait_until("everything has ended", || forwarding.ask("kept199.example.net A").contains(" ! 3 "));
    let begun = Instant::now();
    for number in 0..200 {
        let reply = forwarding.ask(&format!("kept{number}.example.net A"));
        assert!(reply.starts_with("NOERROR; ") && reply.contains(" A 11.0.0.1 ! 3 "), "{number}: {reply}");
    }
    // One timeout for each would be ten minutes.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

/// Whoever wants to forge a reply must guess port, id and letters: many ports, all ids different, letters at random.
#[test]
fn questions_cannot_be_guessed() {
    let forwarding = Forwarding::start(vec![says(FROM_FIRST)], "");
    ask_many(forwarding.client(), "thirty-two-letters-of-this-name-", 4000, 50);
    let asked = forwarding.upstreams[0].asked_for("example.net");
    let ports: HashSet<_> = asked.iter().map(|asked| asked.from.port()).collect();
    assert!(ports.len() >= 256, "{} ports", ports.len());
    // Of 4,000 numbers out of 65,536, about 120 come twice; a counter or few bits would show far off.
    let ids: HashSet<_> = asked.iter().map(|asked| asked.id).collect();
    assert!((3_700..=3_990).contains(&ids.len()), "{} ids of {}", ids.len(), asked.len());
    let follows = asked.windows(2).filter(|pair| pair[1].id.wrapping_sub(pair[0].id) <= 1).count();
    assert!(follows < 20, "{follows} ids follow the one before");
    let letters = |spelled: &[u8]| spelled.iter().filter(|octet| octet.is_ascii_uppercase()).count();
    let upper: usize = asked.iter().map(|asked| letters(&asked.spelled)).sum();
    let all: usize =
        asked.iter().map(|asked| asked.spelled.iter().filter(|octet| octet.is_ascii_alphabetic()).count()).sum();
    assert!((45..=55).contains(&(upper * 100 / all)), "{upper} of {all} letters are upper case");
}

/// What clients say of themselves stays here: no client subnet, cookie or padding goes to an upstream; DO and CD do.
#[test]
fn options_of_clients_go_no_further() {
    let forwarding = Forwarding::start(vec![says(FROM_FIRST)], "");
    // ECS of 192.0.2.0/24, a cookie, padding.
    let options =
        [&[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2][..], &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8], &[0, 12, 0, 4, 0, 0, 0, 0]]
            .concat();
    let query =
        Query { options, edns: Some(4096), dnssec_ok: true, checking_disabled: true, ..Query::new("o.example.net A") };
    assert!(show(&forwarding.client().udp(&query)).starts_with("NOERROR"));
    let asked = &forwarding.upstreams[0].asked_for("o.example.net")[0];
    let edns = asked.edns.as_ref().unwrap();
    assert!(edns.options.iter().all(|option| ![8, 10, 12].contains(option)), "{:?}", edns.options);
    assert_eq!((edns.size, edns.dnssec_ok), (1232, true));
    assert!(asked.checking_disabled && asked.recursion_desired);
    let plain = Query { edns: None, ..Query::new("p.example.net A") };
    assert!(show(&forwarding.client().udp(&plain)).starts_with("NOERROR"));
    let asked = &forwarding.upstreams[0].asked_for("p.example.net")[0];
    assert!(!asked.checking_disabled, "CD is the client's, not the one's before");
}

/// DO and CD have answers of their own: one without signatures is not given to who wants them.
#[test]
fn answers_are_kept_by_what_was_asked() {
    let forwarding = Forwarding::start(vec![says(FROM_FIRST)], "");
    let client = forwarding.client();
    for _ in 0..2 {
        for (dnssec_ok, checking_disabled) in [(false, false), (true, false), (false, true), (true, true)] {
            let query = Query { dnssec_ok, checking_disabled, ..Query::new("k.example.net A") };
            assert!(show(&client.udp(&query)).starts_with("NOERROR"));
        }
    }
    assert_eq!(forwarding.upstreams[0].count("k.example.net"), 4);
}

/// AD is the upstream's word, for those who ask for it (RFC 6840 section 5.8), when it comes and out of the cache.
#[test]
fn authentic_data_is_for_those_who_know_it() {
    let forwarding = Forwarding::start(vec![says("NOERROR ad; @ 300 A 11.0.0.1")], "");
    let client = forwarding.client();
    for round in ["fresh", "kept"] {
        for (authentic, dnssec_ok, expected) in [(false, false, false), (true, false, true), (false, true, true)] {
            let query = Query { authentic, dnssec_ok, ..Query::new(&format!("a{authentic}{dnssec_ok}.example.net A")) };
            let reply = show(&client.udp(&query));
            assert_eq!(reply.starts_with("NOERROR ad"), expected, "{round}, AD {authentic}, DO {dnssec_ok}: {reply}");
        }
    }
}

/// More questions than one client may have waiting are answered at once, with a reason; another client is not refused.
#[test]
fn a_greedy_client_is_told_so() {
    let script = Script::default().on("slow.example.net", &[]).on("good.example.net", &[Say(FROM_FIRST)]);
    let forwarding = Forwarding::start(vec![script], "per_client = 20\ntimeout = 3000");
    let client = forwarding.client();
    let socket = client.socket();
    for id in 0..60 {
        socket.send(&Query { id, ..Query::new(&format!("n{id}.slow.example.net A")) }.octets()).unwrap();
    }
    let mut buffer = [0; 512];
    let begun = Instant::now();
    for _ in 0..40 {
        let length = socket.recv(&mut buffer).unwrap();
        let reply = show(&buffer[..length]);
        assert!(reply.starts_with("SERVFAIL ! ") && reply.len() > 15, "it says why: {reply}");
    }
    assert!(begun.elapsed() < Duration::from_millis(2500), "before anything timed out: {:?}", begun.elapsed());
    let other = Client { from: Ipv4Addr::new(127, 0, 0, 99), ..client };
    assert_eq!(steady(&other.ask("x.good.example.net A")), "NOERROR; x.good.example.net. 300 A 11.0.0.1");
    // The twenty that waited get their word in the end.
    for _ in 0..20 {
        let length = socket.recv(&mut buffer).unwrap();
        assert!(show(&buffer[..length]).starts_with("SERVFAIL ! "));
    }
}

/// More questions than an upstream may have waiting are answered, each with a reason: never silence.
#[test]
fn a_flood_of_misses_is_answered() {
    let forwarding = Forwarding::start(
        vec![Script::default().on(".", &[])],
        "per_upstream = 50\nper_client = 100000\ntimeout = 400",
    );
    let replies = ask_many(forwarding.client(), "flood", 2000, 150);
    assert_eq!(replies.len(), 2000);
    assert!(
        replies.iter().all(|reply| reply.starts_with("SERVFAIL ! ")),
        "{:?}",
        replies.iter().find(|reply| !reply.starts_with("SERVFAIL ! "))
    );
}

/// An upstream that is this server itself is refused when the configuration is read.
#[test]
fn asking_ourselves_is_refused() {
    let upstream = Upstream::start(Script::default());
    let lab = Lab::start(
        &config(&[upstream.address], ""),
        &[("internal/example.org.zone", &reload_lab::zone(1, "10.0.0.1"))],
    );
    let own = lab.address();
    let text = config(&[own], "").replace("listen = [\"127.0.0.1:0\"]", &format!("listen = [\"{own}\"]"));
    lab.write("horizon.toml", &text);
    lab.server().reload();
    let reason = lab.wait_for_failure();
    assert!(reason.contains(&own.to_string()), "{reason}");
    assert!(Client::new(own).ask("still.example.net A").starts_with("NOERROR"), "what was live goes on");
}

/// RD=0 is not forwarded, and neither is anything for a horizon that may not.
#[test]
fn only_who_may_and_wants_to_is_served() {
    let forwarding = Forwarding::start(vec![says(FROM_FIRST)], "");
    let query = Query { recursion_desired: false, ..Query::new("rd.example.net A") };
    assert!(show(&forwarding.client().udp(&query)).starts_with("REFUSED ! "));
    assert_eq!(forwarding.upstreams[0].count("rd.example.net"), 0);
    let text = config(&[forwarding.upstreams[0].address], "").replace("forward = true", "forward = false");
    forwarding.lab.write("horizon.toml", &text);
    forwarding.lab.server().reload();
    wait_until("nobody may forward", || forwarding.ask("no.example.net A").starts_with("REFUSED"));
}
