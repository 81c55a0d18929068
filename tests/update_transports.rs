//! Promise: signed messages leave the fast path and their replies come back the same way: over UDP from the address that was
//! asked, over TCP on the same connection beside all others; what waits is bounded, and plain queries do not wait for it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ask;
mod forward_lab;
mod reload_lab;
mod update_lab;
mod upstream_lab;

use domain::tsig::Algorithm;
use horizon_dns::counters::Event;
use horizon_dns::dns::{Rtype, parse_name};
use horizon_dns::plugin::acme::{Token, TokenKind, Tokens, TsigAlgorithm};
use horizon_dns::transport::{Limits, Listeners};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use update_lab::{Asked, Lab, SECRET, ZONE, now, query, update};
use upstream_lab::{Script, Upstream};

const PATIENCE: Duration = Duration::from_secs(20);

/// The lab's desk behind real sockets.
struct Served {
    listeners: Listeners,
    _runtime: Runtime,
}

impl Served {
    fn new(lab: &Lab, listen: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let handle = runtime.handle().clone();
        let mut listeners = Listeners::new(Arc::clone(&lab.live), Arc::clone(&lab.counters), Limits::default(), handle);
        let opened = listeners.open(&[listen.parse().unwrap()], 1).unwrap();
        listeners.adopt(opened).unwrap();
        Served { listeners, _runtime: runtime }
    }

    fn with_desk(lab: &Lab, listen: &str) -> Self {
        let served = Served::new(lab, listen);
        served.listeners.hand_signed_to(Arc::clone(&lab.desk));
        served
    }

    fn port(&self) -> u16 {
        self.listeners.addresses()[0].port()
    }
}

fn udp(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    // A connected socket hears only the address that it asks.
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn exchange(socket: &UdpSocket, octets: &[u8]) -> Vec<u8> {
    socket.send(octets).unwrap();
    let mut reply = vec![0; 65_535];
    let length = socket.recv(&mut reply).unwrap();
    reply.truncate(length);
    reply
}

fn tcp(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn frame(octets: &[u8]) -> Vec<u8> {
    [&(octets.len() as u16).to_be_bytes(), octets].concat()
}

fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply).unwrap();
    reply
}

/// Waits for a condition; panics after a while.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

fn with_id(mut octets: Vec<u8>, id: u8) -> Vec<u8> {
    octets[..2].copy_from_slice(&[0, id]);
    octets
}

/// On a socket for all addresses the reply comes from the one that was asked, for queries and updates.
#[test]
fn replies_over_udp_come_from_the_address_that_was_asked() {
    let lab = Lab::new();
    let served = Served::with_desk(&lab, "0.0.0.0:0");
    for address in ["127.0.0.1", "127.0.0.2", "127.9.9.9"] {
        let socket = udp(format!("{address}:{}", served.port()).parse().unwrap());
        let line = format!("add _acme-challenge.web.zone.example 60 TXT from-{address}");
        let mut asked = Asked::new(&update(ZONE, &[&line]), "acme", Algorithm::Sha256, SECRET, now());
        let reply = exchange(&socket, &asked.octets);
        assert_eq!(asked.told(reply), "NOERROR", "{address}");
        let mut asked = Asked::new(&query(ZONE, Rtype::SOA, true), "acme", Algorithm::Sha256, SECRET, now());
        let reply = exchange(&socket, &asked.octets);
        assert_eq!(asked.told(reply), "NOERROR", "{address}");
    }
    assert_eq!(lab.values().len(), 3);
}

/// One connection carries plain and signed queries and updates, in one write: each is answered, by its ID.
#[test]
fn one_connection_carries_all_of_them() {
    let lab = Lab::new();
    let served = Served::with_desk(&lab, "127.0.0.1:0");
    let mut stream = tcp(served.port());
    let soa = || query("zone.example", Rtype::SOA, true);
    let mut signed = Asked::new(&soa(), "acme", Algorithm::Sha256, SECRET, now());
    let line = "add _acme-challenge.web.zone.example 60 TXT v";
    let mut updated = Asked::new(&update(ZONE, &[line]), "acme", Algorithm::Sha256, SECRET, now());
    let unsigned = with_id(update(ZONE, &[line]).finish(), 1);
    let plain = with_id(soa().finish(), 2);
    let all = [&signed.octets, &unsigned, &updated.octets, &plain].map(|octets| frame(octets)).concat();
    stream.write_all(&all).unwrap();
    let replies: BTreeMap<[u8; 2], Vec<u8>> =
        (0..4).map(|_| read(&mut stream)).map(|reply| ([reply[0], reply[1]], reply)).collect();
    let of = |octets: &[u8]| replies[&[octets[0], octets[1]]].clone();
    assert_eq!(signed.told(of(&signed.octets.clone())), "NOERROR");
    assert_eq!(updated.told(of(&updated.octets.clone())), "NOERROR");
    let refused = of(&unsigned);
    assert_eq!((refused[2] >> 3 & 0x0F, refused[3] & 0x0F), (5, 5), "an unsigned update: REFUSED");
    assert_eq!(of(&plain)[3] & 0x0F, 0);
    assert_eq!(lab.values(), ["_acme-challenge.web.zone.example v"]);
}

/// The unsigned are refused with an extended error, and get no further than the worker.
#[test]
fn unsigned_updates_are_refused_at_the_door() {
    let lab = Lab::new();
    let served = Served::new(&lab, "127.0.0.1:0");
    let socket = udp(format!("127.0.0.1:{}", served.port()).parse().unwrap());
    let mut builder = update(ZONE, &["add www.zone.example 60 A 192.0.2.66"]);
    builder
        .opt(|opt| {
            opt.set_udp_payload_size(1232);
            Ok(())
        })
        .unwrap();
    let reply = exchange(&socket, &builder.finish());
    assert_eq!((reply[2] >> 3 & 0x0F, reply[3] & 0x0F), (5, 5));
    let text = String::from_utf8_lossy(&reply).into_owned();
    assert!(text.contains("updates must be signed with TSIG"), "{text}");
    let reply = exchange(&socket, &update(ZONE, &["add www.zone.example 60 A 192.0.2.66"]).finish());
    assert_eq!((reply[3] & 0x0F, &reply[6..12]), (5, &[0; 6][..]), "without EDNS nothing but the zone section");
    assert_eq!(lab.count(Event::SignedNotTaken), 0);
}

/// Without a desk, and with one that is full, a signed message is told so at once; plain queries go on, and what was taken is
/// done in the end.
#[test]
fn what_waits_is_bounded() {
    let lab = Lab::new();
    let served = Served::new(&lab, "127.0.0.1:0");
    let socket = udp(format!("127.0.0.1:{}", served.port()).parse().unwrap());
    let asked = |number: usize| {
        let line = format!("add n{number}.zone.example 60 A 192.0.2.66");
        Asked::new(&update(ZONE, &[&line]), "ops", Algorithm::Sha512, SECRET, now())
    };
    let reply = exchange(&socket, &asked(0).octets);
    assert_eq!(reply[3] & 0x0F, 2, "nobody knows keys");
    // A worker counts when its batch is sent.
    wait_until("it is counted", || lab.count(Event::SignedNotTaken) == 1);
    served.listeners.hand_signed_to(Arc::clone(&lab.desk));
    let held = lab.held.lock().unwrap();
    const SENT: usize = 200;
    let mut streams: Vec<(TcpStream, Asked)> = (0..SENT).map(|number| (tcp(served.port()), asked(number))).collect();
    for (index, (stream, asked)) in streams.iter_mut().enumerate() {
        stream.write_all(&frame(&asked.octets)).unwrap();
        if index == 0 {
            wait_until("the first is at work", || lab.begun.load(Ordering::Relaxed) == 1);
        }
    }
    // One is at work and 64 wait behind it; the rest is told to come again.
    let told = SENT - 1 - 64;
    wait_until("the rest was told", || lab.count(Event::SignedNotTaken) == 1 + told as u64);
    let plain = exchange(&socket, &query("zone.example", Rtype::SOA, true).finish());
    assert_eq!(plain[3] & 0x0F, 0, "plain queries do not wait");
    let mut signed = Asked::new(&query(ZONE, Rtype::SOA, true), "acme", Algorithm::Sha256, SECRET, now());
    let reply = exchange(&socket, &signed.octets);
    assert_eq!(signed.told(reply), "NOERROR", "nor do signed queries");
    drop(held);
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut told_to_come_again = None;
    for (index, (stream, asked)) in streams.iter_mut().enumerate() {
        let outcome = asked.told(read(stream));
        if outcome == "SERVFAIL" {
            told_to_come_again = Some(index);
        }
        *outcomes.entry(outcome).or_default() += 1;
    }
    let expected = BTreeMap::from([("NOERROR".to_owned(), SENT - told), ("SERVFAIL".to_owned(), told)]);
    assert_eq!(outcomes, expected);
    assert_eq!(lab.edits.lock().unwrap().len(), SENT - told);
    // It may come again: its signature was not used up.
    let (stream, asked) = &mut streams[told_to_come_again.unwrap()];
    stream.write_all(&frame(&asked.octets)).unwrap();
    assert_eq!(asked.told(read(stream)), "NOERROR");
}

/// A client that is gone before its answer costs nothing; its update is made.
#[test]
fn a_client_may_leave_before_its_answer() {
    let lab = Lab::new();
    let served = Served::with_desk(&lab, "127.0.0.1:0");
    let held = lab.held.lock().unwrap();
    let message = update(ZONE, &["add gone.zone.example 60 A 192.0.2.66"]);
    let asked = Asked::new(&message, "ops", Algorithm::Sha512, SECRET, now());
    let mut stream = tcp(served.port());
    stream.write_all(&frame(&asked.octets)).unwrap();
    let socket = udp(format!("127.0.0.1:{}", served.port()).parse().unwrap());
    let mut signed = Asked::new(&query(ZONE, Rtype::SOA, true), "acme", Algorithm::Sha256, SECRET, now());
    let reply = exchange(&socket, &signed.octets);
    assert_eq!(signed.told(reply), "NOERROR", "the desk has come by the update before");
    drop(stream);
    drop(held);
    wait_until("the update is made", || !lab.edits.lock().unwrap().is_empty());
    let mut signed = Asked::new(&query(ZONE, Rtype::SOA, true), "acme", Algorithm::Sha256, SECRET, now() + 1);
    let reply = exchange(&socket, &signed.octets);
    assert_eq!(signed.told(reply), "NOERROR");
}

/// A signed query for a name that is not ours is forwarded like any other, and the answer is signed.
#[test]
fn forwarded_answers_are_signed() {
    let upstream = Upstream::start(Script::default());
    let config = forward_lab::config(&[upstream.address], "");
    let zone = reload_lab::zone(1, "10.0.0.1");
    let lab = reload_lab::Lab::prepared(&config, |folder| {
        let zones = folder.join("zones");
        std::fs::create_dir_all(zones.join("internal")).unwrap();
        std::fs::write(zones.join("internal/example.org.zone"), &zone).unwrap();
        let tokens = Tokens::open(&zones.join(".acme")).unwrap();
        let kind = TokenKind::Tsig { algorithm: TsigAlgorithm::HmacSha256, secret: SECRET.to_vec() };
        tokens.add(Token::new("acme", kind, vec![parse_name("example.org").unwrap()])).unwrap();
    });
    let socket = udp(lab.address());
    for round in ["asked", "kept"] {
        let mut message = query("www.example.net", Rtype::A, true);
        message.header_mut().set_rd(true);
        let mut asked = Asked::new(&message, "acme", Algorithm::Sha256, SECRET, now());
        let reply = exchange(&socket, &asked.octets);
        assert_eq!(u16::from_be_bytes([reply[6], reply[7]]), 1, "{round}: one answer");
        assert_eq!(asked.told(reply), "NOERROR", "{round}");
    }
}
