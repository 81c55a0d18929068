//! Promise: whatever comes in over HTTP is refused clearly or closed, and names are served meanwhile.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;
mod web_lab;

use reload_lab::{ask, wait_until};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use web_lab::{exchange, get, server};

/// Two readers of one request must never see two different ones: each shape is answered once at most, and closed.
#[test]
fn smuggled_requests_are_no_second_request() {
    let (lab, address) = server("");
    let host = format!("Host: {address}");
    let inner = format!("GET /metrics HTTP/1.1\r\n{host}\r\n\r\n");
    let table = [
        (
            "length and chunks",
            format!(
                "GET /health HTTP/1.1\r\n{host}\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
                inner.len() + 5
            ),
        ),
        (
            "two lengths",
            format!(
                "GET /health HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\nContent-Length: {}\r\n\r\n{inner}",
                inner.len()
            ),
        ),
        (
            "a length with a sign",
            format!("GET /health HTTP/1.1\r\n{host}\r\nContent-Length: +{}\r\n\r\n{inner}", inner.len()),
        ),
        ("an unknown coding", format!("GET /health HTTP/1.1\r\n{host}\r\nTransfer-Encoding: xchunked\r\n\r\n{inner}")),
        (
            "a blank before the colon",
            format!("GET /health HTTP/1.1\r\n{host}\r\nContent-Length : {}\r\n\r\n{inner}", inner.len()),
        ),
        (
            "a folded line",
            format!("GET /health HTTP/1.1\r\n{host}\r\nX: a\r\n Content-Length: {}\r\n\r\n{inner}", inner.len()),
        ),
        (
            "a bare line feed in a value",
            format!("GET /health HTTP/1.1\r\n{host}\r\nX: a\rContent-Length: 1\r\n\r\n{inner}"),
        ),
        (
            "a chunk size that is none",
            format!("GET /health HTTP/1.1\r\n{host}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{inner}"),
        ),
    ];
    for (why, text) in table {
        // Only what the server itself keeps open would be read on: the end of ours makes it answer all that it saw.
        let reply = exchange(address, text.replace("\r\n\r\nGET", "\r\nConnection: close\r\n\r\nGET").as_bytes());
        let replies = reply.matches("HTTP/1.1 ").count();
        assert!(replies <= 1, "{why}: {reply}");
        assert!(!reply.contains("horizon_queries"), "{why}: the inner request was answered");
    }
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
    assert_eq!(get(address, "/health").0, 200);
}

/// Heads that are too large, garbage, other protocols, and paths that climb: a clear end each, and the page is there.
#[test]
fn garbage_and_climbing_paths_are_refused() {
    let (lab, address) = server("");
    let host = format!("Host: {address}\r\nConnection: close\r\n");
    let many: String = (0..200).map(|at| format!("X-{at}: y\r\n")).collect();
    let table = [
        ("a large header", format!("GET / HTTP/1.1\r\n{host}X: {}\r\n\r\n", "x".repeat(64 << 10)), &["431", ""][..]),
        ("many headers", format!("GET / HTTP/1.1\r\n{host}{many}\r\n"), &["431"]),
        ("a long path", format!("GET /{} HTTP/1.1\r\n{host}\r\n", "x".repeat(64 << 10)), &["414", "431", ""]),
        ("garbage", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}".to_owned(), &["400", ""]),
        ("HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &["400", ""]),
        ("up", format!("GET /../../etc/passwd HTTP/1.1\r\n{host}\r\n"), &["404", "400"]),
        ("up, encoded", format!("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n{host}\r\n"), &["404"]),
        ("up, encoded twice", format!("GET /%252e%252e%252fetc%252fpasswd HTTP/1.1\r\n{host}\r\n"), &["404"]),
        ("a NUL", format!("GET /app.js%00.css HTTP/1.1\r\n{host}\r\n"), &["404"]),
        ("a blank in the path", format!("GET /app .js HTTP/1.1\r\n{host}\r\n"), &["400"]),
        ("another method", format!("TRACE / HTTP/1.1\r\n{host}\r\n"), &["405"]),
        (
            "a name of markup",
            format!("GET /api/v1/records?name=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\n{host}\r\n"),
            &["200", "400"],
        ),
    ];
    for (why, text, expected) in table {
        let reply = exchange(address, text.as_bytes());
        let status = reply.split(' ').nth(1).unwrap_or_default();
        assert!(expected.contains(&status), "{why}: {status} {reply:.300}");
        assert!(!reply.contains("root:"), "{why}");
        let as_page = reply.contains("text/html") && reply.contains("<script>alert");
        assert!(!as_page, "{why}: {reply}");
    }
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
    assert_eq!(get(address, "/health").0, 200);
}

/// Connections that say nothing, or a letter a second, take their place only; a thousand of them keep no name from its answer,
/// and the page is back when they are gone.
#[test]
fn a_thousand_connections_harm_nobody_else() {
    let (lab, address) = server("");
    let begun = Instant::now();
    let mut held = Vec::new();
    let mut closed = 0;
    for at in 0..1000 {
        let Ok(mut stream) = TcpStream::connect(address) else { continue };
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let _ = stream.write_all(b"GET / HTT");
        if at % 100 == 0 {
            assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
        }
        held.push(stream);
    }
    let mut open = Vec::new();
    for mut stream in held {
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut octet = [0];
        match stream.read(&mut octet) {
            Ok(0) => closed += 1,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => closed += 1,
            _ => open.push(stream),
        }
    }
    assert!(closed >= 900, "{closed} of a thousand were closed at once");
    assert!(open.len() <= 64, "{} hold a place", open.len());
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
    // They are closed in the time that a head may take, without our doing.
    for mut stream in open {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    wait_until("the page is back", || get(address, "/health").0 == 200);
}
