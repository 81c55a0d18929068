//! DNS over TLS as RFC 7858 wants it, and clients that do not play fair.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod encrypted_lab;
mod transport_lab;

use encrypted_lab::{Encrypted, ask, is_here, message, padded, shown};
use horizon_dns::counters::Event;
use horizon_dns::dns::{Query, Rtype};
use horizon_dns::transport::Limits;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use transport_lab::{framed, id_and_success, query, wait_until};

/// Hundreds of pipelined queries are each answered, far more than fits into the socket and TLS together.
#[test]
fn pipelined_queries_are_all_answered() {
    let server = Encrypted::new(Limits::default());
    let mut stream = server.dot();
    let all: Vec<u8> = (0..300).flat_map(|id| framed(&query(id, "www.example.org", Rtype::A))).collect();
    for piece in all.chunks(777) {
        stream.write_all(piece).unwrap();
    }
    for id in 0..300 {
        assert_eq!(id_and_success(&message(&mut stream).unwrap()), (id, true));
    }
    let large: Vec<u8> = (0..40).flat_map(|id| framed(&query(id, "big.example.org", Rtype::TXT))).collect();
    stream.write_all(&large).unwrap();
    for id in 0..40 {
        let answer = message(&mut stream).unwrap();
        assert_eq!(id_and_success(&answer), (id, true));
        assert!(answer.len() > 50_000, "200 strings of 250 octets");
    }
    assert_eq!(server.lab.count(Event::QueriesTls), 340);
    assert_eq!(server.lab.count(Event::QueriesTcp), 0);
}

/// A client that has said all still gets all answers, then a word of the end (RFC 8446 section 6.1).
#[test]
fn a_client_that_closes_its_side_gets_every_answer() {
    let server = Encrypted::new(Limits::default());
    let mut stream = server.dot();
    let all: Vec<u8> = (0..100).flat_map(|id| framed(&query(id, "big.example.org", Rtype::TXT))).collect();
    stream.write_all(&all).unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
    for id in 0..100 {
        assert_eq!(id_and_success(&message(&mut stream).unwrap()), (id, true));
    }
}

/// Replies are padded to a multiple of 468 octets for clients that ask for it (RFC 8467 section 4.1), and only for them.
#[test]
fn replies_are_padded_for_who_asks() {
    let server = Encrypted::new(Limits::default());
    let mut stream = server.dot();
    for name in ["www.example.org", "nowhere.example.org", "example.com", "big.example.org"] {
        stream.write_all(&framed(&padded(1, name, Rtype::TXT))).unwrap();
        let answer = message(&mut stream).unwrap();
        assert_eq!(answer.len() % 468, 0, "{name}: {} octets", answer.len());
        let mut plain = answer.clone();
        plain[2] &= 0x7f;
        plain[6..10].fill(0);
        assert!(
            answer[10..12] != [0, 0] && Query::read(&plain).is_ok() || answer[6..10] != [0; 4],
            "{name}: still whole"
        );
    }
    let answer = ask(&mut stream, 2).unwrap();
    assert!(answer.len() < 468, "no padding unasked: {}", answer.len());
}

/// kdig asks over TLS and checks the certificate's name.
#[test]
fn kdig_asks_over_tls() {
    if !is_here("kdig") {
        return;
    }
    let server = Encrypted::new(Limits::default());
    let said = server.kdig(server.tls, &["+tls", "www.example.org", "A"]);
    assert!(
        said.contains("status: NOERROR") && said.contains("10.0.0.1") && said.contains("TLS session (TLS1.3)"),
        "{said}"
    );
    let said = server.kdig(server.tls, &["+tls", "+padding=128", "+edns", "www.example.org", "A"]);
    assert!(said.contains("PADDING") && said.contains("Received 468 B"), "{said}");
    let said = server.kdig(server.tls, &["+tls", "+tls-hostname=other.example.org", "www.example.org", "A"]);
    assert!(!said.contains("status: NOERROR"), "another name in the certificate: {said}");
    assert_eq!(server.lab.count(Event::QueriesTls), 2);
}

/// A new certificate is shown to who connects from then on; who is connected asks on.
#[test]
fn a_new_certificate_drops_no_connection() {
    let server = Encrypted::new(Limits::default());
    let mut before = server.dot();
    assert!(ask(&mut before, 1).is_some());
    server.renew();
    let mut after = server.dot();
    assert!(ask(&mut after, 2).is_some());
    assert_ne!(shown(&before), shown(&after));
    for id in 3..100 {
        assert_eq!(id_and_success(&ask(&mut before, id).unwrap()), (id, true));
    }
    assert_eq!(server.lab.count(Event::SecureAccepted), 2);
}

/// Octets that are no TLS end their connection only, are counted, and hinder nobody.
#[test]
fn garbage_ends_its_own_connection_only() {
    let server = Encrypted::new(Limits::default());
    let mut good = server.dot();
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let plain = framed(&query(1, "www.example.org", Rtype::A));
    let record = [&[22, 3, 1, 0x40, 0][..], &[0xff; 0x4000]].concat();
    let hello = [&[22, 3, 1, 0, 8][..], b"\x01\0\0\x04\x03\x03\0\0"].concat();
    let garbage: [&[u8]; 5] = [request, &plain, &record, &hello, &[0; 4096]];
    for (count, octets) in (1..).zip(garbage) {
        let mut bad = TcpStream::connect(server.tls).unwrap();
        bad.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        bad.write_all(octets).unwrap();
        // An alert may come first.
        let _ = bad.read_to_end(&mut Vec::new());
        server.lab.wait_for(Event::HandshakeFailed, count);
        assert!(ask(&mut good, 5).is_some());
    }
    // After the handshake, too.
    let mut bad = server.dot();
    assert!(ask(&mut bad, 1).is_some());
    bad.sock.write_all(&[23, 3, 3, 0, 40]).unwrap();
    bad.sock.write_all(&[7; 40]).unwrap();
    assert_eq!(bad.read(&mut [0]).unwrap_or(0), 0, "closed");
    assert!(ask(&mut good, 6).is_some());
}

/// Who connects and says nothing, or a little now and then, loses its place in time; who is served meanwhile is not hindered.
#[test]
fn handshakes_that_never_end_are_cut_off() {
    let limits = Limits {
        handshake: Duration::from_millis(500),
        encrypted: 400,
        encrypted_per_client: 400,
        ..Limits::default()
    };
    let server = Encrypted::new(limits);
    let mut good = server.dot();
    let start = Instant::now();
    let mut half: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(server.tls).unwrap()).collect();
    for stream in &mut half[..100] {
        // The head of a record of 16,384 octets, which come one by one.
        stream.write_all(&[22, 3, 1, 0x40, 0]).unwrap();
    }
    while server.lab.count(Event::HandshakeFailed) < 200 {
        for stream in &mut half[..100] {
            let _ = stream.write(&[1]);
        }
        assert!(ask(&mut good, 1).is_some());
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    assert!(start.elapsed() >= Duration::from_millis(490), "not before the deadline: {:?}", start.elapsed());
    assert!(server.dot().conn.protocol_version().is_some());
}

/// Idle connections, slow writers and slow readers end as over TCP.
#[test]
fn connections_end_by_their_deadlines() {
    let short = Duration::from_millis(400);
    let server = Encrypted::new(Limits { idle: short, message: short, write: short, ..Limits::default() });
    let mut idle = server.dot();
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "with a word of the end");
    server.lab.wait_for(Event::TcpClosedIdle, 1);
    let mut slow = server.dot();
    slow.write_all(&[0xff, 0xff]).unwrap();
    let start = Instant::now();
    while server.lab.count(Event::TcpClosedSlow) == 0 {
        let _ = slow.write_all(&[0]);
        std::thread::sleep(Duration::from_millis(5));
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    let mut deaf = server.dot();
    let all: Vec<u8> = (0..400).flat_map(|id| framed(&query(id, "big.example.org", Rtype::TXT))).collect();
    deaf.sock.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    let _ = deaf.write_all(&all);
    server.lab.wait_for(Event::TcpClosedSlow, 2);
}

/// The caps hold for TLS alone and together with TCP; a place that comes free can be taken.
#[test]
fn connection_caps_hold() {
    let table = [
        ("of one client", Limits { encrypted_per_client: 3, ..Limits::default() }),
        ("in all", Limits { encrypted: 3, ..Limits::default() }),
        ("with TCP", Limits { connections: 3, ..Limits::default() }),
    ];
    for (which, limits) in table {
        let server = Encrypted::new(limits);
        let mut open: Vec<_> = (0..3).map(|_| server.dot()).collect();
        assert!(server.connect(server.tls, b"dot").is_err(), "the fourth {which}");
        assert!(server.connect(server.https, b"h2").is_err(), "HTTPS counts, too, {which}");
        server.lab.wait_for(Event::SecureRefused, 2);
        drop(open.pop());
        wait_until("the place comes free", || server.connect(server.tls, b"dot").is_ok());
        for (id, stream) in (1..).zip(&mut open) {
            assert_eq!(id_and_success(&ask(stream, id).unwrap()), (id, true), "{which}");
        }
    }
}

/// On a stop, what has arrived is answered before the connection ends.
#[test]
fn a_stop_answers_what_has_arrived() {
    let mut server = Encrypted::new(Limits::default());
    let mut streams: Vec<_> = (0..10).map(|_| server.dot()).collect();
    for stream in &mut streams {
        for id in 0..50 {
            stream.write_all(&framed(&query(id, "www.example.org", Rtype::A))).unwrap();
        }
    }
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            std::thread::spawn(move || {
                let ids: Vec<u16> = std::iter::from_fn(|| message(&mut stream)).map(|m| id_and_success(&m).0).collect();
                assert_eq!(ids, (0..50).collect::<Vec<_>>());
            })
        })
        .collect();
    server.stop();
    for reader in readers {
        reader.join().unwrap();
    }
    assert!(server.connect(server.tls, b"dot").is_err());
}
