//! 10,000 random and mutated packets: none harms the server, each gets what the rules say.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod transport_lab;

use horizon_dns::counters::Event;
use horizon_dns::dns::Rtype;
use horizon_dns::transport::Limits;
use std::io::Write;
use std::net::UdpSocket;
use std::time::Duration;
use transport_lab::{Lab, ask, framed, id_and_success, query, read_message, wait_until};

/// A small generator of numbers (xorshift), so that a failure can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % sides
    }

    fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll(256) as u8).collect()
    }

    /// A packet: wholly random, or a good query with some octets changed, cut, repeated or added.
    fn packet(&mut self) -> Vec<u8> {
        if self.roll(4) == 0 {
            let count = self.roll(600);
            return self.octets(count);
        }
        let names = ["www.example.org", "example.org", "big.example.org", "nowhere.example", "a.b.c.d.e.example.org"];
        let name = names[self.roll(names.len())];
        let mut packet = query(self.roll(65_536) as u16, name, Rtype::from_int(self.roll(300) as u16));
        if self.roll(2) == 0 {
            // An OPT record (RFC 6891 section 6.1.2), perhaps with an option.
            packet[11] = 1;
            let option = self.roll(12);
            packet.extend([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, option as u8]);
            packet.extend(self.octets(option));
        }
        for _ in 0..self.roll(4) {
            let at = self.roll(packet.len());
            match self.roll(4) {
                0 => packet[at] = self.roll(256) as u8,
                1 => packet.truncate(at.max(1)),
                2 => packet.extend_from_within(..at),
                _ => packet[at] ^= 1 << self.roll(8),
            }
        }
        packet
    }
}

/// What a packet must get.
#[derive(Debug, PartialEq)]
enum Due {
    /// An answer with this ID.
    Answer(u16),
    Nothing,
    /// Too short for a header: FORMERR or nothing.
    Either,
}

fn due(packet: &[u8]) -> Due {
    match packet {
        [_, _, flags, ..] if flags & 0x80 != 0 => Due::Nothing,
        [] | [_] => Due::Nothing,
        [high, low, ..] if packet.len() >= 12 => Due::Answer(u16::from_be_bytes([*high, *low])),
        _ => Due::Either,
    }
}

const PACKETS: usize = 10_000;

/// Responses are never answered (no loops between servers), queries always are, with their own ID.
#[test]
fn a_storm_of_broken_packets_over_udp_does_no_harm() {
    let lab = Lab::new(&["127.0.0.1:0"], Limits::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(lab.addresses()[0]).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut dice = Dice(0x5eed_0001);
    let mut answer = [0; 1232];
    let marker = query(0xabcd, "ns.example.org", Rtype::A);
    for number in 0..PACKETS {
        let packet = dice.packet();
        socket.send(&packet).unwrap();
        // What follows in the same queue is answered afterwards: by then the packet has got its answer or none.
        socket.send(&marker).unwrap();
        let mut got = None;
        loop {
            let length = socket.recv(&mut answer).unwrap_or_else(|error| panic!("packet {number} {packet:?}: {error}"));
            assert!(length >= 12 && answer[2] & 0x80 != 0, "{number}");
            if length > 40 && answer[..2] == marker[..2] && answer[12..30] == marker[12..30] {
                break;
            }
            assert_eq!(got, None, "packet {number} {packet:?} was answered twice");
            got = Some(u16::from_be_bytes([answer[0], answer[1]]));
        }
        match due(&packet) {
            Due::Answer(id) => assert_eq!(got, Some(id), "packet {number} {packet:?}"),
            Due::Nothing => assert_eq!(got, None, "packet {number} {packet:?}"),
            Due::Either => {}
        }
    }
    assert_eq!(id_and_success(&ask(&mut lab.connect(), 1).unwrap()), (1, true));
    wait_until("all is counted", || lab.count(Event::QueriesUdp) >= 2 * PACKETS as u64 - 100);
}

/// A query too broken to be read gets FORMERR (RFC 1035 section 4.1.1).
#[test]
fn what_cannot_be_read_gets_formerr() {
    let lab = Lab::new(&["127.0.0.1:0"], Limits::default());
    let good = query(0x1234, "www.example.org", Rtype::A);
    let mut pointer = good.clone();
    pointer[12] = 0xc0;
    let mut two = good.clone();
    two[5] = 2;
    let table = [
        ("the question is cut", good[..20].to_vec()),
        ("a pointer that leads into the header", pointer),
        ("two questions (RFC 9619)", two),
        ("only a header that promises a question", good[..12].to_vec()),
    ];
    for (why, packet) in table {
        let mut stream = lab.connect();
        stream.write_all(&framed(&packet)).unwrap();
        let answer = read_message(&mut stream).unwrap_or_else(|| panic!("no answer: {why}"));
        assert_eq!((&answer[..2], answer[3] & 0x0f), (&[0x12, 0x34][..], 1), "{why}");
    }
}

/// The same storm as frames on streams, with broken lengths and sudden ends among them.
#[test]
fn a_storm_of_broken_frames_over_tcp_does_no_harm() {
    let lab = Lab::new(&["127.0.0.1:0"], Limits { message: Duration::from_millis(200), ..Limits::default() });
    let mut dice = Dice(0x5eed_0002);
    for _ in 0..PACKETS / 50 {
        let mut octets: Vec<u8> = (0..50).flat_map(|_| framed(&dice.packet())).collect();
        if dice.roll(2) == 0 {
            let at = dice.roll(octets.len());
            octets[at] ^= 0xff;
        }
        octets.truncate(octets.len() - dice.roll(20));
        let mut stream = lab.connect();
        // The server may have given up on the stream, and a reset is no surprise to it.
        let _ = stream.write_all(&octets);
        if dice.roll(2) == 0 {
            let _ = stream.shutdown(std::net::Shutdown::Write);
            while read_message(&mut stream).is_some() {}
        }
    }
    assert_eq!(id_and_success(&ask(&mut lab.connect(), 1).unwrap()), (1, true));
}
