//! Streams to a real resolver: Unbound from Debian, which answers over TCP, TLS and HTTPS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod stream_lab;

use std::fs;
use std::fs::File;
use std::net::TcpListener;
use std::net::TcpStream;
use std::net::UdpSocket;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;
use stream_lab::Authority;
use stream_lab::LONG;
use stream_lab::Lab;
use stream_lab::begin;
use stream_lab::query;
use stream_lab::upstream;
use tempfile::TempDir;

/// A running Unbound.
struct Unbound {
    child: Child,
    ports: [u16; 3],
    folder: TempDir,
}

impl Unbound {
    fn start(authority: &Authority) -> Self {
        // Another process may take a port between the look and the start.
        for _ in 0..3 {
            let mut unbound = Unbound::spawn(authority);
            if unbound.is_ready() {
                return unbound;
            }
            eprintln!("{}", fs::read_to_string(unbound.folder.path().join("log")).unwrap());
        }
        panic!("Unbound does not serve; see above")
    }

    fn spawn(authority: &Authority) -> Self {
        let folder = TempDir::new().unwrap();
        let (certificate, key) = authority.files(&["127.0.0.1", "dns.example"]);
        fs::write(folder.path().join("own.pem"), certificate).unwrap();
        fs::write(folder.path().join("own.key"), key).unwrap();
        let ports @ [plain, tls, https] = [free_port(), free_port(), free_port()];
        let shown = folder.path().display();
        let config = format!(
            "server:\n  interface: 127.0.0.1@{plain}\n  interface: 127.0.0.1@{tls}\n  interface: 127.0.0.1@{https}\n  \
             tls-port: {tls}\n  https-port: {https}\n  tls-service-key: \"{shown}/own.key\"\n  tls-service-pem: \
             \"{shown}/own.pem\"\n  num-threads: 1\n  chroot: \"\"\n  username: \"\"\n  directory: \"{shown}\"\n  pidfile: \
             \"\"\n  use-syslog: no\n  verbosity: 0\n  module-config: \"iterator\"\n  local-zone: \"example.\" redirect\n  \
             local-data: \"example. 300 A 192.0.2.7\"\nremote-control:\n  control-enable: no\n"
        );
        fs::write(folder.path().join("unbound.conf"), config).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
        let child = Command::new("unbound")
            .env("PATH", path)
            .args(["-d", "-c", "unbound.conf"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("unbound is not installed; packaging/test.sh installs what the tests need");
        Unbound { child, ports, folder }
    }

    fn is_ready(&mut self) -> bool {
        let until = Instant::now() + LONG;
        while !self.ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
            if Instant::now() > until || matches!(self.child.try_wait(), Ok(Some(_))) {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback port that is free for both UDP and TCP.
fn free_port() -> u16 {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address.port();
        }
    }
}

/// Hundreds of questions at once, over each kind of stream, are each answered.
#[test]
fn unbound_answers_over_each_kind_of_stream() {
    let lab = Lab::new();
    let authority = Authority::new();
    let unbound = Unbound::start(&authority);
    let streams = lab.streams(&authority.roots());
    let [plain, tls, https] = unbound.ports;
    let ways = [
        format!("127.0.0.1:{plain}"),
        format!("tls://127.0.0.1:{tls}#dns.example"),
        format!("https://127.0.0.1:{https}/dns-query"),
        format!("https://127.0.0.1:{https}/dns-query#dns.example"),
    ];
    for way in ways {
        let to = upstream(&way);
        let queries: Vec<_> = (0..300).map(|at| query(at, &format!("q{at}"))).collect();
        let outcomes: Vec<_> = queries.iter().map(|query| begin(&streams, &to, query.clone(), LONG)).collect();
        for (query, outcome) in queries.iter().zip(outcomes) {
            let reply = outcome.recv().unwrap().unwrap_or_else(|error| panic!("{way}: {error}"));
            let question = &query[12..query.len() - 11];
            assert_eq!((&reply[..2], &reply[12..12 + question.len()]), (&query[..2], question), "{way}");
            assert_eq!((reply[3] & 0x0F, reply[7]), (0, 1), "{way}: one record");
        }
    }
}
