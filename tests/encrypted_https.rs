//! DNS over HTTPS as RFC 8484 wants it, over HTTP/1.1 and HTTP/2, and clients that do not play fair.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod encrypted_lab;
mod transport_lab;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use encrypted_lab::{Encrypted, NAME, Secured, is_here, padded, shown};
use h2::Reason;
use h2::client::SendRequest;
use horizon_dns::counters::Event;
use horizon_dns::dns::Rtype;
use horizon_dns::transport::Limits;
use http::Request;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::net::TcpStream as TokioStream;
use tokio_rustls::TlsConnector;
use transport_lab::{id_and_success, query, wait_until};

/// What came back over HTTP/1.1.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// Sends octets and reads one response; none when the connection ends before.
fn say(stream: &mut Secured, octets: &[u8]) -> Option<Answer> {
    // A server that refuses early reads no further.
    let _ = stream.write_all(octets);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut one = [0];
        stream.read_exact(&mut one).ok()?;
        head.push(one[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Answer { status: head[9..12].parse().unwrap(), head, body })
}

fn get(message: &[u8]) -> Vec<u8> {
    let text = BASE64_URL_SAFE_NO_PAD.encode(message);
    format!("GET /dns-query?dns={text} HTTP/1.1\r\nHost: {NAME}\r\n\r\n").into_bytes()
}

fn post(media: &str, message: &[u8]) -> Vec<u8> {
    let length = message.len();
    let head = format!(
        "POST /dns-query HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), message].concat()
}

const MEDIA: &str = "application/dns-message";

/// Questions by GET and POST are answered one after the other on one connection, with a freshness that is theirs.
#[test]
fn questions_by_get_and_post_are_answered() {
    let server = Encrypted::new(Limits::default());
    let mut stream = server.connect(server.https, b"http/1.1").unwrap();
    for id in [0, 7] {
        let message = query(id, "www.example.org", Rtype::A);
        for request in [get(&message), post(MEDIA, &message), post("Application/DNS-message", &message)] {
            let answer = say(&mut stream, &request).unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(id_and_success(&answer.body), (id, true));
            assert!(answer.head.contains("content-type: application/dns-message\r\n"), "{}", answer.head);
            assert!(answer.head.contains("cache-control: private, max-age=60\r\n"), "{}", answer.head);
        }
    }
    let answer = say(&mut stream, &get(&query(0, "example.com", Rtype::A))).unwrap();
    assert!(answer.status == 200 && answer.body[3] & 0x0f == 5, "REFUSED is an answer");
    assert!(answer.head.contains("max-age=0\r\n"), "{}", answer.head);
    let answer = say(&mut stream, &post(MEDIA, &padded(0, "www.example.org", Rtype::A))).unwrap();
    assert_eq!(answer.body.len(), 468, "padded");
    assert_eq!(server.lab.count(Event::QueriesHttps), 8);
}

/// What is no question of DNS is refused with the status that says why, and the connection is of use on.
#[test]
fn what_is_no_question_is_refused() {
    let server = Encrypted::new(Limits::default());
    let message = query(0, "www.example.org", Rtype::A);
    let mut response = message.clone();
    response[2] |= 0x80;
    let line = |request: &str| format!("{request} HTTP/1.1\r\nHost: {NAME}\r\n\r\n").into_bytes();
    let table: Vec<(&str, Vec<u8>, u16)> = vec![
        ("another path", line("GET /"), 404),
        ("a path above", line("GET /dns-query/../etc/passwd?dns=AAAA"), 404),
        ("no message", line("GET /dns-query"), 400),
        ("JSON of others", line("GET /dns-query?name=www.example.org&type=A"), 400),
        ("no base64url", line("GET /dns-query?dns=%00"), 400),
        ("a message cut short", get(&message[..5]), 400),
        ("a response", get(&response), 400),
        ("another method", line("DELETE /dns-query"), 405),
        ("HEAD", line("PUT /dns-query"), 405),
        ("another media type", post("application/dns-json", &message), 415),
        ("an empty body", post(MEDIA, b""), 400),
    ];
    let mut stream = server.connect(server.https, b"http/1.1").unwrap();
    for (why, request, status) in &table {
        let answer = say(&mut stream, request).unwrap();
        assert_eq!(answer.status, *status, "{why}: {answer:?}");
    }
    assert_eq!(say(&mut stream, &get(&message)).unwrap().status, 200);
    assert_eq!(server.lab.count(Event::ProtocolBroken), table.len() as u64);
    // These end the connection, or are refused before the body came.
    let head =
        |lines: &str| format!("POST /dns-query HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {MEDIA}\r\n{lines}\r\n\r\n");
    let long = "x".repeat(40_000);
    let smuggled = format!("GET /dns-query?dns=AAAA HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
    let table: Vec<(&str, String, &[u16])> = vec![
        ("too large a body", head("Content-Length: 65536"), &[413]),
        ("a length beyond all numbers", head("Content-Length: 99999999999999999999999"), &[400]),
        ("two lengths", head("Content-Length: 5\r\nContent-Length: 6") + &smuggled, &[400]),
        ("a negative length", head("Content-Length: -1"), &[400]),
        ("no chunks", head("Transfer-Encoding: chunked") + "zz\r\n", &[400]),
        ("an unknown coding", head("Transfer-Encoding: chunked, identity") + &smuggled, &[400, 501]),
        ("a head without end", format!("GET /dns-query HTTP/1.1\r\nX: {long}"), &[400, 414, 431]),
        ("a hundred lines", format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100)), &[400, 431]),
        ("no HTTP", "\0\0\0\0\r\n\r\n".to_owned(), &[400]),
    ];
    for (why, request, statuses) in table {
        let mut stream = server.connect(server.https, b"http/1.1").unwrap();
        let answer = say(&mut stream, request.as_bytes());
        assert!(answer.as_ref().is_none_or(|answer| statuses.contains(&answer.status)), "{why}: {answer:?}");
        let mut rest = Vec::new();
        let _ = stream.sock.set_read_timeout(Some(Duration::from_secs(1)));
        let _ = stream.read_to_end(&mut rest);
        assert!(!String::from_utf8_lossy(&rest).contains(" 200 "), "{why}: what was smuggled is not answered");
    }
    // A length beside chunks: the chunks count, and the connection ends behind them (RFC 9112 section 6.1).
    let mut stream = server.connect(server.https, b"http/1.1").unwrap();
    let both = head("Content-Length: 4\r\nTransfer-Encoding: chunked") + "0\r\n\r\n" + &smuggled;
    let answer = say(&mut stream, both.as_bytes());
    assert!(answer.is_none_or(|answer| answer.status == 400));
}

/// kdig and curl ask by GET and POST, over either HTTP.
#[test]
fn kdig_and_curl_ask_over_https() {
    let server = Encrypted::new(Limits::default());
    if is_here("kdig") {
        for words in [["+https", "+edns"], ["+https", "+https-get"]] {
            let said = server.kdig(server.https, &[words[0], words[1], "www.example.org", "A"]);
            assert!(said.contains("status: NOERROR") && said.contains("10.0.0.1"), "{said}");
        }
    }
    if is_here("curl") {
        let port = server.https.port();
        // The certificate names the address of loopback, too. Nobody answers on port 1; that the name was found shows in
        // what curl tried.
        let said = Command::new("curl")
            .args(["--cacert", &server.authority.root().display().to_string(), "--max-time", "20", "-sv"])
            .args(["--doh-url", &format!("https://127.0.0.1:{port}/dns-query"), "http://ns.example.org:1/"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains("Trying 127.0.0.1:1"), "{said}");
        let message = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(message.path(), query(0, "www.example.org", Rtype::A)).unwrap();
        for http in ["--http1.1", "--http2"] {
            let output = Command::new("curl")
                .args(["--cacert", &server.authority.root().display().to_string(), "-s", http, "--max-time", "20"])
                .args(["-H", &format!("content-type: {MEDIA}"), "-w", "%{http_version}"])
                .args(["--data-binary", &format!("@{}", message.path().display())])
                .arg(format!("https://127.0.0.1:{port}/dns-query"))
                .output()
                .unwrap();
            let version = if http == "--http2" { &b"2"[..] } else { b"1.1" };
            let reply = output.stdout.strip_suffix(version).unwrap_or_else(|| panic!("{http}: {output:?}"));
            assert_eq!(id_and_success(reply), (0, true), "{http}");
        }
    }
}

/// Over HTTP/2, hundreds of questions on one connection are answered side by side.
#[test]
fn many_questions_share_one_connection() {
    let server = Encrypted::new(Limits::default());
    server.lab.runtime.block_on(async {
        let client = two(&server).await;
        // A stream that begins while those before it are still being closed is beyond the limit: it is refused unprocessed, and
        // its request made again (RFC 9113 section 8.7).
        let patient = async |client: SendRequest<Bytes>, id| loop {
            match try_to_ask(client.clone(), id).await {
                Err(error) if error.reason() == Some(Reason::REFUSED_STREAM) => {}
                done => return done.ok(),
            }
        };
        let asked: Vec<_> = (0..300).map(|id| tokio::spawn(patient(client.clone(), id))).collect();
        for (id, asked) in (0..).zip(asked) {
            assert_eq!(asked.await.unwrap(), Some((id, true)));
        }
    });
    assert_eq!(server.lab.count(Event::QueriesHttps), 300);
    assert_eq!(server.lab.count(Event::SecureAccepted), 1);
}

/// A connection that asks nothing is closed in time, over either HTTP, and a head that does not end, and a body that does
/// not come; one that asks is not.
#[test]
fn idle_and_slow_connections_are_closed() {
    let short = Duration::from_millis(500);
    let server = Encrypted::new(Limits { idle: short, message: short, write: short, ..Limits::default() });
    let mut busy = server.connect(server.https, b"http/1.1").unwrap();
    let mut idle: Vec<_> =
        [&b"http/1.1"[..], b"h2", b"h2"].map(|protocol| server.connect(server.https, protocol).unwrap()).into();
    idle[2].write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut slow = server.connect(server.https, b"http/1.1").unwrap();
    slow.write_all(b"GET /dns-query HTTP/1.1\r\nX: ").unwrap();
    let mut body = server.connect(server.https, b"http/1.1").unwrap();
    let request = post(MEDIA, &query(0, "www.example.org", Rtype::A));
    body.write_all(&request[..request.len() - 5]).unwrap();
    let start = Instant::now();
    let message = query(0, "www.example.org", Rtype::A);
    while start.elapsed() < 4 * short {
        assert_eq!(say(&mut busy, &get(&message)).unwrap().status, 200);
        std::thread::sleep(Duration::from_millis(20));
        let _ = slow.write_all(b"x");
    }
    for mut stream in idle.into_iter().chain([slow, body]) {
        let _ = stream.sock.set_read_timeout(Some(Duration::from_secs(20)));
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let waited = ended.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!waited, "still open: {ended:?} {:?}", String::from_utf8_lossy(&rest));
    }
}

/// A client that asks for much and reads nothing is closed, over either HTTP; others are served meanwhile.
#[test]
fn a_slow_reader_is_cut_off() {
    let short = Duration::from_millis(500);
    let server = Encrypted::new(Limits { idle: short, write: short, ..Limits::default() });
    let mut deaf = server.connect(server.https, b"http/1.1").unwrap();
    let large = get(&query(0, "big.example.org", Rtype::TXT)).repeat(300);
    deaf.sock.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    let _ = deaf.write_all(&large);
    let mut other = server.connect(server.https, b"http/1.1").unwrap();
    let message = query(0, "www.example.org", Rtype::A);
    wait_until("it is cut off", || {
        assert_eq!(say(&mut other, &get(&message)).unwrap().status, 200);
        server.lab.count(Event::TcpClosedSlow) > 0
    });
}

/// A new certificate is shown to who connects from then on; who is connected asks on, over HTTP/2, too.
#[test]
fn a_new_certificate_drops_no_connection() {
    let server = Encrypted::new(Limits::default());
    server.lab.runtime.block_on(async {
        let client = two(&server).await;
        assert_eq!(ask(client.clone(), 1).await, Some((1, true)));
        let before = server.connect(server.https, b"http/1.1").unwrap();
        server.renew();
        let after = server.connect(server.https, b"http/1.1").unwrap();
        assert_ne!(shown(&before), shown(&after));
        for id in 2..50 {
            assert_eq!(ask(client.clone(), id).await, Some((id, true)));
        }
    });
}

/// On a stop, requests that have arrived are answered, and the client is told that no more are taken.
#[test]
fn a_stop_answers_what_has_arrived() {
    let mut server = Encrypted::new(Limits::default());
    let client = server.lab.runtime.block_on(two(&server));
    let asked: Vec<_> = (0..50).map(|id| server.lab.runtime.spawn(ask(client.clone(), id))).collect();
    server.lab.wait_for(Event::QueriesHttps, 1);
    server.stop();
    let answers: Vec<_> = asked.into_iter().map(|asked| server.lab.runtime.block_on(asked).unwrap()).collect();
    let answered = answers.iter().flatten().count() as u64;
    assert_eq!(answered, server.lab.count(Event::QueriesHttps), "each question that was taken is answered");
    assert!(TcpStream::connect(server.https).is_err());
}

/// An HTTP/2 client.
async fn two(server: &Encrypted) -> SendRequest<Bytes> {
    let tcp = TokioStream::connect(server.https).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from(NAME).unwrap();
    let tls = TlsConnector::from(std::sync::Arc::new(server.client(b"h2"))).connect(name, tcp).await.unwrap();
    let (client, connection) = h2::client::handshake(tls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Asks by POST; none when the connection ends before the answer.
async fn ask(client: SendRequest<Bytes>, id: u16) -> Option<(u16, bool)> {
    try_to_ask(client, id).await.ok()
}

async fn try_to_ask(client: SendRequest<Bytes>, id: u16) -> Result<(u16, bool), h2::Error> {
    let mut client = client.ready().await?;
    let request = Request::post(format!("https://{NAME}/dns-query")).header("content-type", MEDIA).body(()).unwrap();
    let (response, mut send) = client.send_request(request, false)?;
    send.send_data(Bytes::from(query(id, "www.example.org", Rtype::A)), true)?;
    let response = response.await?;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut reply = Vec::new();
    while let Some(data) = body.data().await {
        reply.extend_from_slice(&data?);
    }
    Ok(id_and_success(&reply))
}
