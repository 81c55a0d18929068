//! Questions over HTTPS (RFC 8484), and the addresses of upstreams that are written by name.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod stream_lab;

use horizon_dns::forward::stream_findings;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use stream_lab::Authority;
use stream_lab::LONG;
use stream_lab::Lab;
use stream_lab::Manner;
use stream_lab::Page;
use stream_lab::answers;
use stream_lab::ask;
use stream_lab::begin;
use stream_lab::query;
use stream_lab::settings;
use stream_lab::upstream;
use tokio::net::UdpSocket;

const SHORT: Duration = Duration::from_millis(300);

/// What each kind of page comes to.
#[test]
fn every_question_over_https_has_its_outcome() {
    let table = [
        ("it answers", Page::Reply, LONG, Ok(())),
        ("it goes away after each answer", Page::OneReply, LONG, Ok(())),
        ("a status", Page::Status(503), LONG, Err("HTTP: the upstream answers with status 503 Service Unavailable")),
        (
            "a web page",
            Page::Media("text/html; charset=utf-8"),
            LONG,
            Err(
                "HTTP: the upstream answers with `text/html; charset=utf-8` in place of `application/dns-message`: is this \
                 the URL of a resolver?",
            ),
        ),
        ("the media type with a parameter", Page::Media("Application/DNS-message; x=y"), LONG, Ok(())),
        ("64 KiB", Page::Octets(65_535), LONG, Ok(())),
        ("too long", Page::Octets(65_536), LONG, Err("HTTP: the body is longer than 65,535 octets")),
        ("too short", Page::Octets(11), LONG, Err("the reply is malformed: the body is no DNS message")),
        ("another id", Page::OtherId, LONG, Err("the reply is malformed: it has another id than the question")),
        ("silence", Page::Silent, SHORT, Err("no reply in time over HTTPS")),
    ];
    let lab = Lab::new();
    let authority = Authority::new();
    let streams = lab.streams(&authority.roots());
    for (why, page, wait, expected) in table {
        let (address, seen) = lab.https(authority.acceptor(&["127.0.0.1"], &[b"h2"]), page);
        let to = upstream(&format!("https://{address}/dns-query"));
        for id in 1..4 {
            let asked = query(id, "www");
            match (ask(&streams, &to, asked.clone(), wait), expected) {
                (Ok(reply), Ok(())) => {
                    assert!(answers(&asked, &reply), "{why}: {reply:?}");
                    assert_eq!(seen.length.load(Ordering::SeqCst), 128, "{why}: padded");
                }
                (Err(error), Err(words)) => assert_eq!(error.to_string(), words, "{why}"),
                (outcome, _) => panic!("{why}: {outcome:?}"),
            }
        }
    }
    let (address, _) = lab.tls(authority.acceptor(&["127.0.0.1"], &[]), Manner::Silent);
    let error = ask(&streams, &upstream(&format!("https://{address}/")), query(1, "www"), LONG).unwrap_err();
    assert_eq!(error.to_string(), "HTTP: the upstream speaks no HTTP/2");
}

/// Many questions go on one connection; path, port and the name after `#` are those of the request.
#[test]
fn many_questions_share_a_connection() {
    let lab = Lab::new();
    let authority = Authority::new();
    let streams = lab.streams(&authority.roots());
    let (address, seen) = lab.https(authority.acceptor(&["127.0.0.1"], &[b"h2"]), Page::Reply);
    let to = upstream(&format!("https://{address}/dns-query"));
    let queries: Vec<_> = (0..50).map(|at| query(9, &format!("q{at}"))).collect();
    let outcomes: Vec<_> = queries.iter().map(|query| begin(&streams, &to, query.clone(), LONG)).collect();
    for (query, outcome) in queries.iter().zip(outcomes) {
        assert!(answers(query, &outcome.recv().unwrap().unwrap()));
    }
    assert_eq!(seen.connections(), 1);

    let acceptor = authority.acceptor(&["dns.example"], &[b"h2"]);
    let (address, _) = lab.https(acceptor, Page::Status(404));
    let port = address.port();
    let uri: &'static str = format!("https://dns.example:{port}/own/path").leak();
    let (named, _) = lab.https(authority.acceptor(&["dns.example"], &[b"h2"]), Page::Only(uri));
    let error = ask(&streams, &upstream(&format!("https://{named}/own/path#dns.example")), query(1, "www"), LONG);
    assert_eq!(error.unwrap_err().to_string(), "HTTP: the upstream answers with status 404 Not Found", "another port");
    let error = ask(&streams, &upstream(&format!("https://{named}/own/path#else.example")), query(1, "www"), LONG);
    assert!(error.unwrap_err().to_string().contains("not for `else.example`, it is for dns.example"));
}

/// A host is looked up at the bootstrap servers, a dead one is passed over, every address is tried, and what is known is
/// not asked for again.
#[test]
fn hosts_are_looked_up_at_the_bootstrap_servers() {
    let lab = Lab::new();
    let authority = Authority::new();
    let (address, _) = lab.https(authority.acceptor(&["dns.example"], &[b"h2"]), Page::OneReply);
    // Nothing listens on the first address: the connection is refused at once.
    let (server, asked) = bootstrap(&lab, &["127.9.9.9", "127.0.0.1"]);
    let silent = lab.runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let silent_address = silent.local_addr().unwrap();
    let lines = format!("{}bootstrap = [\"{silent_address}\", \"{server}\"]\n", authority.roots());
    let streams = lab.streams(&lines);
    let to = upstream(&format!("https://dns.example:{}/dns-query", address.port()));
    for id in 0..3 {
        let question = query(id, "www");
        assert!(answers(&question, &ask(&streams, &to, question.clone(), LONG).unwrap()));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "A and AAAA, once");

    let (server, _) = bootstrap(&lab, &[]);
    let streams = lab.streams(&format!("upstreams = [\"{server}\"]\n"));
    let error = ask(&streams, &to, query(1, "www"), LONG).unwrap_err().to_string();
    assert_eq!(error, "its address is not known: `dns.example`: nobody gives it one");
    let streams = lab.streams(&format!("bootstrap = [\"{silent_address}\"]\n"));
    let error = ask(&streams, &to, query(1, "www"), LONG).unwrap_err().to_string();
    assert_eq!(error, format!("its address is not known: `dns.example`: {silent_address} did not answer"));
}

/// A bootstrap server that answers A with these addresses, and AAAA with none.
fn bootstrap(lab: &Lab, addresses: &'static [&'static str]) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = lab.runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    lab.runtime.spawn(async move {
        let mut octets = [0; 512];
        loop {
            let (length, client) = socket.recv_from(&mut octets).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            // The question ends before the OPT record of eleven octets.
            let question = &octets[..length - 11];
            let is_a = question[question.len() - 3] == 1;
            let mut reply = question.to_vec();
            reply[2] |= 0x80;
            reply[11] = 0;
            for text in addresses.iter().filter(|_| is_a) {
                let ip: std::net::Ipv4Addr = text.parse().unwrap();
                reply[7] += 1;
                reply.extend(b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04");
                reply.extend(ip.octets());
            }
            socket.send_to(&reply, client).await.unwrap();
        }
    });
    (address, asked)
}

/// What would make every question fail is said when the settings are loaded.
#[test]
fn settings_that_cannot_work_are_findings() {
    let authority = Authority::new();
    let folder = authority.root().parent().unwrap().to_path_buf();
    fs::write(folder.join("empty.pem"), "nothing here\n").unwrap();
    fs::write(folder.join("bad.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let (missing, empty, bad) = (folder.join("missing.pem"), folder.join("empty.pem"), folder.join("bad.pem"));
    let table = [
        ("roots and no names", authority.roots(), vec![]),
        ("a name and nobody to ask", "upstreams = [\"https://dns.example/\"]".to_owned(), vec!["FORWARD_BOOTSTRAP"]),
        ("a name and a plain upstream", "upstreams = [\"https://dns.example/\", \"192.0.2.1\"]".to_owned(), vec![]),
        (
            "a name and a bootstrap server",
            "upstreams = [\"https://dns.example/\"]\nbootstrap = [\"192.0.2.1\"]".to_owned(),
            vec![],
        ),
        ("an address", "upstreams = [\"https://192.0.2.1/\"]".to_owned(), vec![]),
        ("no file", format!("roots = {missing:?}"), vec!["FORWARD_ROOTS"]),
        ("no certificate in it", format!("roots = {empty:?}"), vec!["FORWARD_ROOTS"]),
        ("no certificate of an authority", format!("roots = {bad:?}"), vec!["FORWARD_ROOTS"]),
    ];
    for (why, lines, expected) in table {
        let findings = stream_findings(&settings(&lines));
        assert_eq!(findings.iter().map(|finding| finding.code.as_ref()).collect::<Vec<_>>(), expected, "{why}");
        assert!(findings.iter().all(|finding| finding.refuses && !finding.remedy.is_empty()), "{why}: {findings:?}");
    }
}
