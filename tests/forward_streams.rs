//! Questions over TCP and TLS: many on one connection, and every one has an outcome in time, whatever the upstream does.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod stream_lab;

use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::Duration;
use stream_lab::Authority;
use stream_lab::LONG;
use stream_lab::Lab;
use stream_lab::Manner;
use stream_lab::answers;
use stream_lab::ask;
use stream_lab::begin;
use stream_lab::query;
use stream_lab::upstream;
use stream_lab::wait_until;

const SHORT: Duration = Duration::from_millis(300);

/// What each manner of an upstream comes to, over TCP.
#[test]
fn every_question_over_tcp_has_its_outcome() {
    let table = [
        ("it answers", Manner::Plain, LONG, Ok(())),
        ("it closes after each answer", Manner::ClosesAfterEach, LONG, Ok(())),
        ("64 KiB", Manner::Largest, LONG, Ok(())),
        (
            "it closes at once",
            Manner::ClosesAtOnce,
            LONG,
            Err("the connection broke: closed by the upstream before it replied"),
        ),
        (
            "no DNS",
            Manner::Garbage,
            LONG,
            Err("the reply is malformed: what came over the connection is no DNS response"),
        ),
        (
            "other ids without end",
            Manner::WrongIds,
            LONG,
            Err("the reply is malformed: many replies to questions that were not asked"),
        ),
        ("silence", Manner::Silent, SHORT, Err("no reply in time over TCP")),
        ("an octet now and then", Manner::Trickles, SHORT, Err("no reply in time over TCP")),
    ];
    let lab = Lab::new();
    let streams = lab.streams("");
    for (why, manner, wait, expected) in table {
        let (address, _) = lab.plain(manner);
        let to = upstream(&address.to_string());
        for id in 0..3 {
            let asked = query(id, "www");
            match (ask(&streams, &to, asked.clone(), wait), expected) {
                (Ok(reply), Ok(())) => assert!(answers(&asked, &reply), "{why}: {reply:?}"),
                (Err(error), Err(words)) => assert_eq!(error.to_string(), words, "{why}"),
                (outcome, _) => panic!("{why}: {outcome:?}"),
            }
        }
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for id in 0..3 {
        let error = ask(&streams, &upstream(&closed.to_string()), query(id, "www"), LONG).unwrap_err().to_string();
        assert_eq!(error, format!("no connection: {closed}: Connection refused (os error 111)"));
    }
    let error = ask(&streams, &upstream(&closed.to_string()), vec![0; 11], LONG).unwrap_err().to_string();
    assert_eq!(error, "the reply is malformed: the question is no DNS message");
}

/// Questions share a connection, the answers come in any order, and equal ids of the asking side stay apart.
#[test]
fn answers_out_of_order_reach_their_questions() {
    let lab = Lab::new();
    let streams = lab.streams("");
    let (address, seen) = lab.plain(Manner::Backwards(20));
    let to = upstream(&address.to_string());
    for round in 0..5 {
        let queries: Vec<_> = (0..20).map(|at| query(7, &format!("q{round}-{at}"))).collect();
        let outcomes: Vec<_> = queries.iter().map(|query| begin(&streams, &to, query.clone(), LONG)).collect();
        for (query, outcome) in queries.iter().zip(outcomes) {
            assert!(answers(query, &outcome.recv().unwrap().unwrap()));
        }
    }
    assert_eq!(seen.connections(), 1, "one connection is enough for twenty questions at a time");
}

/// An upstream that takes one question at a time gets one at a time, over a few connections.
#[test]
fn an_upstream_that_closes_after_each_answer_answers_all() {
    let lab = Lab::new();
    let streams = lab.streams("");
    let (address, seen) = lab.plain(Manner::ClosesAfterEach);
    let to = upstream(&address.to_string());
    // It is found out with the first ones, of which some may fail.
    let warm: Vec<_> = (0..4).map(|id| begin(&streams, &to, query(id, "warm"), LONG)).collect();
    warm.into_iter().for_each(|outcome| drop(outcome.recv().unwrap()));
    let queries: Vec<_> = (0..100).map(|at| query(at, &format!("q{at}"))).collect();
    let outcomes: Vec<_> = queries.iter().map(|query| begin(&streams, &to, query.clone(), LONG)).collect();
    for (query, outcome) in queries.iter().zip(outcomes) {
        assert!(answers(query, &outcome.recv().unwrap().unwrap()));
    }
    assert!(seen.open() <= 4, "{} connections", seen.open());
}

/// A connection on which a question was given up is not asked again while it says nothing, and a late answer meets nobody.
#[test]
fn a_connection_that_went_silent_is_replaced() {
    let lab = Lab::new();
    let streams = lab.streams("");
    let (address, seen) = lab.plain(Manner::EverySecond);
    let to = upstream(&address.to_string());
    assert!(ask(&streams, &to, query(1, "lost"), SHORT).is_err());
    let asked = query(2, "found");
    assert!(answers(&asked, &ask(&streams, &to, asked.clone(), LONG).unwrap()));
    assert_eq!(seen.connections(), 2);
    wait_until("the silent connection is closed", || seen.open() == 1);
}

/// More questions than an upstream gets at once are refused at once, with words; the others are answered.
#[test]
fn too_many_questions_under_way_are_refused() {
    let lab = Lab::new();
    let streams = lab.streams("");
    let (address, seen) = lab.plain(Manner::Silent);
    let to = upstream(&address.to_string());
    let outcomes: Vec<_> = (0..2100).map(|id| begin(&streams, &to, query(id, "www"), LONG)).collect();
    let refused = outcomes.iter().filter(|outcome| outcome.try_recv().is_ok()).count();
    assert_eq!(refused, 2100 - 2048);
    assert!(seen.connections() <= 4);
    // The streams end: everybody hears of it.
    drop(streams);
    let heard = outcomes.iter().filter(|outcome| outcome.recv_timeout(LONG).is_ok()).count();
    assert_eq!(heard, 2048);
    wait_until("no connection is left", || seen.open() == 0);
}

/// The certificate's name and its way to the roots are checked, and the error says which and what to do.
#[test]
fn certificates_are_checked_and_faults_told() {
    let lab = Lab::new();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let streams = lab.streams(&ours.roots());
    let root = ours.root().display().to_string();
    let table = [
        ("as it should be", ours.acceptor(&["dns.example"], &[]), "dns.example", Ok(())),
        (
            "another name",
            ours.acceptor(&["other.example", "more.example"], &[]),
            "dns.example",
            Err("no TLS session: the certificate is not for `dns.example`, it is for other.example, more.example"
                .to_owned()),
        ),
        (
            "another authority",
            theirs.acceptor(&["dns.example"], &[]),
            "dns.example",
            Err(format!(
                "no TLS session: the certificate of `dns.example` leads to none of the roots in {root}; put that of its \
                 issuer there, or do without `roots` if it is a public one"
            )),
        ),
        (
            "it has ended",
            ours.acceptor_until(&["dns.example"], &[], 2001),
            "dns.example",
            Err("no TLS session: the certificate of `dns.example` has expired, or the clock here is wrong".to_owned()),
        ),
    ];
    for (why, acceptor, name, expected) in table {
        let (address, seen) = lab.tls(acceptor, Manner::Plain);
        let to = upstream(&format!("tls://{address}#{name}"));
        let asked = query(3, "www");
        match (ask(&streams, &to, asked.clone(), LONG), expected) {
            (Ok(reply), Ok(())) => {
                assert!(answers(&asked, &reply), "{why}: {reply:?}");
                assert_eq!(seen.length.load(Ordering::SeqCst), 128, "{why}: padded");
            }
            (Err(error), Err(words)) => assert_eq!(error.to_string(), words, "{why}"),
            (outcome, _) => panic!("{why}: {outcome:?}"),
        }
    }
    let (address, _) = lab.tls(ours.acceptor(&["dns.example"], &[]), Manner::Plain);
    let public = lab.streams("");
    let error = ask(&public, &upstream(&format!("tls://{address}#dns.example")), query(1, "www"), LONG).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no TLS session: the certificate of `dns.example` leads to no public certificate authority; write the file with \
         that of its issuer as `roots` of `[forward]`"
    );
    let (address, _) = lab.plain(Manner::Garbage);
    let error = ask(&streams, &upstream(&format!("tls://{address}#dns.example")), query(1, "www"), SHORT);
    assert!(error.is_err(), "{error:?}");
}

/// After a certificate was refused, the upstream is left alone for a while; all who ask meanwhile hear the same words.
#[test]
fn failed_handshakes_are_not_repeated_for_each_question() {
    let lab = Lab::new();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let streams = lab.streams(&ours.roots());
    let (address, seen) = lab.tls(theirs.acceptor(&["dns.example"], &[]), Manner::Plain);
    let to = upstream(&format!("tls://{address}#dns.example"));
    let outcomes: Vec<_> = (0..200).map(|id| begin(&streams, &to, query(id, "www"), LONG)).collect();
    for outcome in outcomes {
        let words = outcome.recv().unwrap().unwrap_err().to_string();
        assert!(words.contains("leads to none of the roots"), "{words}");
    }
    assert!(seen.connections() <= 5, "{} attempts", seen.connections());
}

/// A new connection takes up the TLS session of the one before.
#[test]
fn tls_sessions_are_resumed() {
    let lab = Lab::new();
    let authority = Authority::new();
    let streams = lab.streams(&authority.roots());
    let (address, seen) = lab.tls(authority.acceptor(&["dns.example"], &[]), Manner::ClosesAfterEach);
    let to = upstream(&format!("tls://{address}#dns.example"));
    for id in 0..3 {
        let asked = query(id, "www");
        assert!(answers(&asked, &ask(&streams, &to, asked.clone(), LONG).unwrap()));
    }
    assert_eq!((seen.connections(), seen.resumed.load(Ordering::SeqCst)), (3, 2));
}
