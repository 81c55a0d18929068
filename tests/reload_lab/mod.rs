//! A real server on files in a folder of its own: config and zone files in, answers and status out.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use horizon_dns::daemon::{Server, Source, Status};
use horizon_dns::dns::{Rtype, parse_name};
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder with `horizon.toml` and `zones/`, and the server on it.
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
    server: Option<Server>,
}

pub(crate) const CONFIG: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 2
control = "run/control.sock"

[zones]
directory = "zones"

[[horizon]]
name = "internal"
clients = ["127.0.0.0/8", "::1/128"]
"#;

impl Lab {
    /// Writes the config and some zone files (`internal/example.org.zone`, text), and starts the server.
    pub(crate) fn start(config: &str, files: &[(&str, &str)]) -> Self {
        let mut lab = Lab { folder: tempfile::tempdir().unwrap(), server: None };
        lab.write("horizon.toml", config);
        for (file, text) in files {
            lab.write(&format!("zones/{file}"), text);
        }
        lab.server = Some(Server::start(lab.source()).unwrap());
        lab
    }

    /// Writes the config and lets the caller put more into the folder, then starts the server.
    pub(crate) fn prepared(config: &str, prepare: impl FnOnce(&Path)) -> Self {
        let mut lab = Lab { folder: tempfile::tempdir().unwrap(), server: None };
        lab.write("horizon.toml", config);
        prepare(lab.folder.path());
        lab.restart();
        lab
    }

    /// Starts the server again.
    pub(crate) fn restart(&mut self) {
        self.server = Some(Server::start(self.source()).unwrap_or_else(|findings| panic!("{findings:#?}")));
    }

    pub(crate) fn source(&self) -> Source {
        Source::of(self.path("horizon.toml"))
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn status(&self) -> Arc<Status> {
        self.server().status()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server().addresses()[0]
    }

    /// How many loads were tried since the start.
    pub(crate) fn loads(&self) -> u64 {
        self.status().reloads + self.status().refused
    }

    /// Waits until the server is well and gives this answer.
    pub(crate) fn wait_for(&self, question: &str, expected: &[&str]) {
        wait_until(&format!("{question} -> {expected:?}"), || ask(self.address(), question) == expected);
    }

    /// Waits until the status tells why files do not serve, and gives the first reason.
    pub(crate) fn wait_for_failure(&self) -> String {
        wait_until("the status tells a failure", || !self.status().is_well());
        self.status().failing[0].to_string()
    }

    /// Waits for a while in which nothing is loaded any more; longer than any burst of events.
    pub(crate) fn settled(&self) -> u64 {
        let mut loads = self.loads();
        let mut since = Instant::now();
        while since.elapsed() < Duration::from_millis(400) {
            std::thread::sleep(Duration::from_millis(10));
            if self.loads() != loads {
                loads = self.loads();
                since = Instant::now();
            }
        }
        loads
    }

    pub(crate) fn stop(&mut self) {
        self.server.take().unwrap().stop();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

/// A whole zone with `www` at this address.
pub(crate) fn zone(serial: u32, address: &str) -> String {
    format!("$TTL 60\n@ SOA ns hostmaster {serial} 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\nwww A {address}\n")
}

/// Waits for a condition; panics after 20 s.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Asks `name type` over UDP; gives the RCODE if it is an error, else the data of the answer in text.
pub(crate) fn ask(server: SocketAddr, question: &str) -> Vec<String> {
    let (name, rtype) = question.split_once(' ').unwrap();
    let socket = UdpSocket::bind((if server.is_ipv4() { "127.0.0.1" } else { "::1" }, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.send_to(&query(7, name, rtype.parse().unwrap()), server).unwrap();
    let mut octets = [0; 1232];
    let length = socket.recv(&mut octets).unwrap();
    let message = domain::base::Message::from_octets(&octets[..length]).unwrap();
    let rcode = message.header().rcode();
    if rcode != domain::base::iana::Rcode::NOERROR {
        return vec![rcode.to_string()];
    }
    let answer = message.answer().unwrap().limit_to::<domain::rdata::AllRecordData<_, _>>();
    answer.map(|record| record.unwrap().data().to_string()).collect()
}

pub(crate) fn query(id: u16, name: &str, rtype: Rtype) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(parse_name(name).unwrap().as_slice());
    message.extend(rtype.to_int().to_be_bytes());
    message.extend([0, 1]);
    message
}

/// Replaces a file as careful editors do: a new file is renamed over the old one.
pub(crate) fn replace(path: &Path, text: &str) {
    let new = path.with_extension("zone.new~");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}
