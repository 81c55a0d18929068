//! Listen addresses: opened together, changed live without losing a query, refused with words that help.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod transport_lab;

use horizon_dns::dns::Rtype;
use horizon_dns::transport::{BindReason, Limits, Protocol};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use transport_lab::{Lab, ask, connect, id_and_success, query};

fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((if server.is_ipv4() { "127.0.0.1" } else { "::1" }, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// Asks over UDP and TCP; panics without a right answer.
fn answers(server: SocketAddr) {
    let socket = client(server);
    let mut answer = [0; 1232];
    socket.send(&query(7, "www.example.org", Rtype::A)).unwrap();
    let length = socket.recv(&mut answer).unwrap();
    assert_eq!(id_and_success(&answer[..length]), (7, true), "{server} over UDP");
    assert_eq!(id_and_success(&ask(&mut connect(server), 8).unwrap()), (8, true), "{server} over TCP");
}

/// Port 0 becomes one port for both protocols and all workers; IPv4 and IPv6 may share a number.
#[test]
fn every_address_serves_both_protocols() {
    let mut lab = Lab::new(&["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"], Limits::default());
    let listen: Vec<SocketAddr> =
        ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"].iter().map(|a| a.parse().unwrap()).collect();
    let before = lab.addresses();
    let opened = lab.listeners().open(&listen, 3).unwrap();
    lab.listeners().adopt(opened).unwrap();
    assert_eq!(lab.addresses(), before, "more workers, the same ports");
    for address in lab.addresses() {
        answers(address);
    }
    let port = lab.addresses()[0].port();
    let opened = lab.listeners().open(&[SocketAddr::from(([0; 16], port))], 1).unwrap();
    lab.listeners().adopt(opened).unwrap();
    assert_eq!(lab.addresses(), [SocketAddr::from(([0; 16], port))], "[::] beside 127.0.0.1 on one port");
    answers(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1u16], port)));
}

/// All addresses and one of them, on one port, may replace each other while the server runs.
#[test]
fn an_address_and_all_addresses_replace_each_other() {
    let mut lab = Lab::new(&["127.0.0.1:0"], Limits::default());
    let port = lab.addresses()[0].port();
    for address in ["0.0.0.0", "127.0.0.2", "0.0.0.0"] {
        let listen: SocketAddr = format!("{address}:{port}").parse().unwrap();
        let opened = lab.listeners().open(&[listen], 2).unwrap();
        lab.listeners().adopt(opened).unwrap();
        answers(SocketAddr::from(([127, 0, 0, 2], port)));
    }
}

/// Workers come and go and other addresses change under load: no query to an address that stays is lost.
#[test]
fn changing_listeners_loses_no_query() {
    let mut lab = Lab::new(&["127.0.0.1:0", "127.0.0.2:0"], Limits::default());
    let stays = lab.addresses()[0];
    let done = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..4u16)
        .map(|_| {
            let done = Arc::clone(&done);
            std::thread::spawn(move || {
                let mut asked = 0u32;
                let mut answer = [0; 1232];
                while !done.load(Ordering::Relaxed) {
                    // A new socket each time, so that every worker is met.
                    let socket = client(stays);
                    for id in 0..20 {
                        socket.send(&query(id, "www.example.org", Rtype::A)).unwrap();
                    }
                    for _ in 0..20 {
                        socket.recv(&mut answer).unwrap_or_else(|error| panic!("after {asked}: {error}"));
                        asked += 1;
                    }
                }
                asked
            })
        })
        .collect();
    for round in 0..60 {
        let mut listen: Vec<SocketAddr> = vec!["127.0.0.1:0".parse().unwrap()];
        if round % 2 == 0 {
            listen.push("127.0.0.3:0".parse().unwrap());
        }
        let opened = lab.listeners().open(&listen, 1 + round % 4).unwrap();
        lab.listeners().adopt(opened).unwrap();
        assert_eq!(lab.addresses().len(), listen.len());
    }
    done.store(true, Ordering::Relaxed);
    let asked: u32 = askers.into_iter().map(|asker| asker.join().unwrap()).sum();
    assert!(asked > 100, "{asked}");
}

/// A port that is taken, by another program or by a second server, is refused with the name of who holds it; an address
/// that is not here is refused, too; all are told at once, and the sockets in use are not touched.
#[test]
fn an_address_that_cannot_be_used_is_explained() {
    let mut lab = Lab::new(&["127.0.0.1:0"], Limits::default());
    let ours = lab.addresses()[0];
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let wanted = [
        udp.local_addr().unwrap(),
        tcp.local_addr().unwrap(),
        "192.0.2.1:53".parse().unwrap(),
        ours,
        "127.0.0.1:0".parse().unwrap(),
    ];
    let second = Lab::new(&[], Limits::default());
    let errors = second.listeners.as_ref().unwrap().open(&wanted, 1).unwrap_err();
    let seen: Vec<_> = errors.iter().map(|error| (error.address, error.protocol)).collect();
    assert_eq!(
        seen,
        [(wanted[0], Protocol::Udp), (wanted[1], Protocol::Tcp), (wanted[2], Protocol::Udp), (ours, Protocol::Udp)]
    );
    assert_eq!(errors[2].reason, BindReason::NotHere);
    let pid = format!("(pid {})", std::process::id());
    for error in [&errors[0], &errors[1], &errors[3]] {
        let finding = error.finding();
        assert!(finding.what.contains("the port is in use by") && finding.what.ends_with(&pid), "{finding}");
        assert!(finding.remedy.contains("stop that program"), "{finding}");
    }
    assert!(lab.listeners().open(&[wanted[0]], 1).is_err());
    answers(ours);
}
