//! A server with `[web]`, and plain HTTP over a socket, so that a test says every octet itself.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub(crate) mod browser;
pub(crate) mod schema;

use super::reload_lab::{CONFIG, Lab, zone};
use horizon_dns::control::{Request, StatusAnswer, ask};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The usual config with a page, and more lines behind it.
pub(crate) fn config(more: &str) -> String {
    let outer = "[[horizon]]\nname = \"outer\"\nclients = [\"10.0.0.0/8\"]\n";
    format!("{CONFIG}{outer}[web]\nlisten = [\"127.0.0.1:0\"]\n{more}")
}

/// A server with `example.org` in both horizons.
pub(crate) fn server(more: &str) -> (Lab, SocketAddr) {
    let text = zone(1, "192.0.2.1");
    let lab = Lab::start(&config(more), &[("internal/example.org.zone", &text), ("outer/example.org.zone", &text)]);
    let address = web(&lab);
    (lab, address)
}

/// Where the page of a server is.
pub(crate) fn web(lab: &Lab) -> SocketAddr {
    let path = lab.path("run/control.sock");
    let status: StatusAnswer = ask(&path, &Request::Status, Duration::from_secs(10)).unwrap();
    status.web[0].strip_prefix("http://").unwrap().parse().unwrap()
}

/// Sends octets and reads until the other side ends, or nothing comes for a while.
pub(crate) fn exchange(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that has refused already may have closed.
    let _ = stream.write_all(octets);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

/// Status, head and body of a GET.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    request(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

pub(crate) fn request(address: SocketAddr, text: &str) -> (u16, String, String) {
    let reply = exchange(address, text.as_bytes());
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((&reply, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    (status, head.to_ascii_lowercase(), body.to_owned())
}
