//! `horizond` under a service manager as systemd is one: it says when it is ready, reloads and stops, proves that it lives, and
//! no query is lost while one process ends and the next one starts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod service_lab;

use rustix::process::{Pid, Signal, kill_process};
use service_lab::{CONFIG, Lab, Manager, question};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

/// READY comes once names are answered, a reload is told from its begin to its end, and the end is told before it.
#[test]
fn a_service_tells_how_it_is() {
    let lab = Lab::new(CONFIG);
    let manager = Manager::new();
    let mut service = lab.start(&manager, &[], None);
    let ready = manager.wait_for(|notice| notice.has("READY=1"));
    assert!(ready.status().starts_with("serving 1 zone with 3 records in 1 horizon on 127.0.0.1:"), "{ready:?}");
    assert!(lab.is_answered(), "ready means that names are answered");

    lab.write_zone("192.0.2.2");
    service.signal(Signal::HUP);
    let reloading = manager.wait_for(|notice| notice.has("RELOADING=1"));
    let since: u64 = reloading.value("MONOTONIC_USEC").unwrap().parse().unwrap();
    assert!(since > 0, "{reloading:?}");
    manager.wait_for(|notice| notice.has("READY=1"));

    lab.write_config("nonsense");
    service.signal(Signal::HUP);
    manager.wait_for(|notice| notice.has("RELOADING=1"));
    let refused = manager.wait_for(|notice| notice.has("READY=1"));
    assert!(refused.status().contains("do not serve") && refused.status().contains("zonectl status"), "{refused:?}");
    assert!(lab.is_answered(), "what was live serves on");

    service.signal(Signal::TERM);
    manager.wait_for(|notice| notice.has("STOPPING=1"));
    assert!(service.wait().success());
}

/// Without a service manager nobody is told and the program runs all the same, and a manager that is gone disturbs nobody.
#[test]
fn a_manager_that_is_gone_is_no_fault() {
    let lab = Lab::new(CONFIG);
    let manager = Manager::new();
    let mut service = lab.start(&manager, &[], Some(Duration::from_millis(400)));
    manager.wait_for(|notice| notice.has("READY=1"));
    drop(manager);
    service.signal(Signal::HUP);
    assert!(lab.is_answered());
    service.signal(Signal::TERM);
    assert!(service.wait().success());
}

/// Proofs of life come well within the time, and end when the program no longer answers.
#[test]
fn proofs_of_life_come_while_answers_leave() {
    let lab = Lab::new(CONFIG);
    let manager = Manager::new();
    let period = Duration::from_millis(800);
    let service = lab.start(&manager, &[], Some(period));
    let mut last = Instant::now();
    for _ in 0..5 {
        manager.wait_for(|notice| notice.has("WATCHDOG=1"));
        assert!(last.elapsed() < period * 2, "a proof took {:?}", last.elapsed());
        last = Instant::now();
    }
    service.signal(Signal::STOP);
    manager.nothing_for(period, |notice| notice.has("WATCHDOG=1"));
    service.signal(Signal::CONT);
    manager.wait_for(|notice| notice.has("WATCHDOG=1"));
}

/// What is asked while no process runs waits in the sockets that the manager keeps, also after kill -9.
#[test]
fn queries_wait_while_no_process_runs() {
    for signal in [Signal::KILL, Signal::TERM] {
        let lab = Lab::new(CONFIG);
        let manager = Manager::new();
        let mut first = lab.start(&manager, &[], None);
        manager.wait_for(|notice| notice.has("READY=1"));
        let address = lab.address();
        let kept = manager.kept();
        let names: Vec<_> = kept.iter().map(|(name, sockets)| (name.as_str(), sockets.len())).collect();
        let port = address.port();
        let (tcp, udp) = (format!("horizon-tcp-127.0.0.1_{port}"), format!("horizon-udp-127.0.0.1_{port}"));
        assert_eq!(names, [(tcp.as_str(), 1), (udp.as_str(), 2)], "one socket for TCP, for UDP one a worker");
        first.signal(signal);
        first.wait();
        lab.write_config(&CONFIG.replace("127.0.0.1:0", &address.to_string()));

        let clients: Vec<UdpSocket> = (0..100).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        for client in &clients {
            client.connect(address).unwrap();
            client.send(&question()).unwrap();
        }
        let over_tcp = lab.ask_over_tcp_later();
        let mut second = lab.start(&manager, &kept, None);
        manager.wait_for(|notice| notice.has("READY=1"));
        for client in &clients {
            client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut reply = [0; 512];
            let length = client.recv(&mut reply).unwrap();
            assert_eq!(reply[length - 4..length], [192, 0, 2, 1]);
        }
        assert_eq!(over_tcp.join().unwrap(), [192, 0, 2, 1]);
        second.signal(Signal::TERM);
        assert!(second.wait().success());
    }
}

/// Fewer workers, another address: the manager is told to let go of what is no longer wanted, and keeps the rest.
#[test]
fn what_is_no_longer_listened_on_is_let_go() {
    let lab = Lab::new(CONFIG);
    let manager = Manager::new();
    let service = lab.start(&manager, &[], None);
    manager.wait_for(|notice| notice.has("READY=1"));
    let port = lab.address().port();
    let second = UdpSocket::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    lab.write_config(&CONFIG.replace("127.0.0.1:0", &second.to_string()));
    service.signal(Signal::HUP);
    let gone = [format!("horizon-tcp-127.0.0.1_{port}"), format!("horizon-udp-127.0.0.1_{port}")];
    for name in &gone {
        manager.wait_for(|notice| notice.has("FDSTOREREMOVE=1") && notice.value("FDNAME") == Some(name));
    }
    manager.wait_for(|notice| notice.has("READY=1"));
    let kept = manager.kept();
    assert!(kept.iter().all(|(name, _)| name.contains("127.0.0.2")), "{kept:?}");
    assert_eq!(kept.iter().map(|(_, sockets)| sockets.len()).sum::<usize>(), 3);
}

/// Sockets of a socket unit are used, also those of another user, which cannot be joined by others; the one that `listen` lacks
/// is told, and none of them is given back or changed.
#[test]
fn sockets_of_a_socket_unit_are_used() {
    let (udp, tcp) = udp_and_tcp();
    let address: SocketAddr = udp.local_addr().unwrap();
    let unread = UdpSocket::bind("127.0.0.3:0").unwrap();
    let unread_at = unread.local_addr().unwrap();
    let lab = Lab::new(&CONFIG.replace("127.0.0.1:0", &address.to_string()));
    let manager = Manager::new();
    let handed = vec![("dns.socket".to_owned(), vec![udp.into(), tcp.into(), unread.into()])];
    let mut service = lab.start(&manager, &handed, None);
    manager.wait_for(|notice| notice.has("READY=1"));
    assert!(manager.kept().is_empty(), "the unit has them already");
    assert!(lab.is_answered());
    assert_eq!(lab.ask_over_tcp_later().join().unwrap(), [192, 0, 2, 1]);
    let log = service.log();
    assert!(log.contains("SOCKET_NOT_LISTENED") && log.contains(&unread_at.to_string()), "{log}");

    service.signal(Signal::TERM);
    let began = Instant::now();
    assert!(service.wait().success());
    assert!(began.elapsed() < Duration::from_millis(900), "no worker waits for a message: {:?}", began.elapsed());
    let waiting = lab.ask_over_tcp_later();
    let _second = lab.start(&manager, &handed, None);
    manager.wait_for(|notice| notice.has("READY=1"));
    assert!(lab.is_answered(), "the socket is as it was");
    assert_eq!(waiting.join().unwrap(), [192, 0, 2, 1]);
}

/// Sockets of both kinds with one port. What is free for UDP may be taken for TCP, by another test.
fn udp_and_tcp() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both");
}

/// Somebody else's LISTEN_PID is not ours.
#[test]
fn variables_of_another_process_are_ignored() {
    let lab = Lab::new(CONFIG);
    let manager = Manager::new();
    let service = lab.start_with(&manager, &[("LISTEN_PID", "1"), ("LISTEN_FDS", "3"), ("WATCHDOG_USEC", "x")]);
    manager.wait_for(|notice| notice.has("READY=1"));
    assert!(lab.is_answered());
    let _ = kill_process(Pid::from_raw(service.pid()).unwrap(), Signal::TERM);
}
