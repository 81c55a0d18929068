//! UDP in batches: bursts, odd sizes, and the address that replies leave from.

mod transport_lab;

use horizon_dns::counters::Event;
use horizon_dns::dns::Rtype;
use horizon_dns::transport::Limits;
use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use transport_lab::{Lab, id_and_success, query};

fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((if server.is_ipv4() { "127.0.0.1" } else { "::1" }, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// Many more messages than one system call takes are each answered once.
#[test]
fn a_burst_is_answered_whole() {
    let lab = Lab::new(&["127.0.0.1:0"], Limits::default());
    let server = lab.addresses()[0];
    let socket = client(server);
    let mut answer = [0; 1232];
    for round in 0..20u16 {
        let ids: HashSet<u16> = (0..100).map(|n| round * 100 + n).collect();
        for id in &ids {
            socket.send_to(&query(*id, "www.example.org", Rtype::A), server).unwrap();
        }
        let answered: HashSet<u16> = ids
            .iter()
            .map(|_| {
                let length = socket.recv(&mut answer).unwrap();
                let (id, success) = id_and_success(&answer[..length]);
                assert!(success, "{id}");
                id
            })
            .collect();
        assert_eq!(answered, ids);
    }
    // A batch is counted when its replies have left.
    lab.wait_for(Event::QueriesUdp, 2000);
    assert_eq!(lab.count(Event::QueriesUdp), 2000);
    assert_eq!(lab.counters.totals().replies[0], 2000);
}

/// Octets that are no query are dropped, or refused when they have an ID; the next query is answered.
#[test]
fn odd_sizes_do_no_harm() {
    let lab = Lab::new(&["127.0.0.1:0"], Limits::default());
    let server = lab.addresses()[0];
    let socket = client(server);
    let good = query(7, "www.example.org", Rtype::A);
    let mut answer = [0; 1232];
    for length in [0, 1, 11, 12, good.len() - 1, 4096, 4097, 65_507] {
        let mut octets = good.clone();
        octets.resize(length, 0xAA);
        octets.truncate(length);
        socket.send_to(&octets, server).unwrap();
        if length >= 12 {
            let received = socket.recv(&mut answer).unwrap();
            assert_eq!(
                (answer[0], answer[1], answer[3] & 0x0F),
                (0, 7, 1),
                "{length} octets: FORMERR, {received} back"
            );
        }
    }
    socket.send_to(&good, server).unwrap();
    let length = socket.recv(&mut answer).unwrap();
    assert_eq!(id_and_success(&answer[..length]), (7, true));
    // An empty message wakes a worker and is nobody's query; the ones of 1 and 11 octets have no whole header.
    lab.wait_for(Event::Dropped, 2);
}

/// A socket on all addresses answers from the one that was asked.
#[test]
fn replies_leave_from_the_address_that_was_asked() {
    for (listen, asked) in [("0.0.0.0:0", "127.0.0.3"), ("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "::1")] {
        let lab = Lab::new(&[listen], Limits::default());
        let server = SocketAddr::new(asked.parse().unwrap(), lab.addresses()[0].port());
        let socket = client(server);
        let mut answer = [0; 1232];
        for id in 0..50 {
            socket.send_to(&query(id, "www.example.org", Rtype::A), server).unwrap();
        }
        for _ in 0..50 {
            let (length, from) = socket.recv_from(&mut answer).unwrap();
            assert!(id_and_success(&answer[..length]).1);
            assert_eq!(from, server);
        }
    }
}
