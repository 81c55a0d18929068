//! Probes against responders on loopback: what they send, what they make of each answer, and that each has an end.

use super::super::reach::ProbeVerdict;
use super::lab::{Responder, Says};
use super::seen::{Answer, Silence};
use super::{Gate, Seen, Subject, Target, alpn, http01, probe};
use crate::config::Challenge;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

async fn http(says: Says) -> (Seen, Duration, Vec<u8>) {
    let mut responder = Responder::start(says).await;
    let begun = Instant::now();
    let seen = http01::ask(Target::of_test(responder.address), "app.example.org.").await;
    (seen, begun.elapsed(), responder.heard().await)
}

/// Rule 4: one GET with these headers and no others, and nothing is followed.
#[tokio::test]
async fn the_request_is_what_a_ca_sends_and_no_more() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n";
    let (seen, _, heard) = http(Says::This(answer.into())).await;
    let heard = String::from_utf8(heard).unwrap();
    let mut lines: Vec<String> = heard.split("\r\n").map(str::to_ascii_lowercase).collect();
    let first = lines.remove(0);
    assert!(first.starts_with("get /.well-known/acme-challenge/zonectl-") && first.ends_with(" http/1.1"), "{first}");
    lines.sort();
    let agent = format!("user-agent: horizon-dns/{} (acme check)", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines, ["", "", "connection: close", "host: app.example.org", agent.as_str()]);
    let Answer::Http(http) = seen.answer else { panic!("{seen:?}") };
    assert_eq!((http.status, http.location.as_deref()), (302, Some("http://127.0.0.1:1/elsewhere")));
}

/// Rule 4: 8 KiB of head and of body, 5 seconds in all, whatever comes.
#[tokio::test]
async fn every_answer_has_an_end() {
    let head = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let table = [
        ("a body without end", Says::Endless(head.clone(), vec![b'a'; 65536]), "200 of 8192, cut"),
        ("chunks without end", Says::Endless(chunked, b"8\r\naaaaaaaa\r\n".to_vec()), "200 of 8192, cut"),
        (
            "headers without end",
            Says::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-A: aaaaaaaaaaaaaaaa\r\n".to_vec()),
            "Garbled",
        ),
        ("one header without end", Says::Endless(b"HTTP/1.1 200 OK\r\nA: ".to_vec(), vec![b'a'; 4096]), "Garbled"),
        ("no HTTP", Says::This(b"220 mail ESMTP\r\n".to_vec()), "Garbled"),
        ("TLS", Says::This(vec![0x15, 3, 1, 0, 2, 2, 70]), "Garbled"),
        ("the end", Says::Close, "Garbled"),
        ("half a head", Says::This(b"HTTP/1.1 404 Not".to_vec()), "Garbled"),
        (
            "two lengths",
            Says::This(b"HTTP/1.1 404 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec()),
            "Garbled",
        ),
        ("a length that is not kept", Says::This(b"HTTP/1.1 404 X\r\nContent-Length: 9\r\n\r\nab".to_vec()), "Garbled"),
        ("404 without a body", Says::This(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()), "404 of 0"),
        ("nothing at all", Says::Nothing, "Slow"),
        ("one octet after the other", Says::Drip(Vec::new(), b"HTTP/1.1 200 OK\r\n".to_vec()), "Slow"),
        ("a body one octet after the other", Says::Drip(head, b"a".to_vec()), "Slow"),
    ];
    let runs = table.map(|(why, says, expected)| async move {
        let (seen, took, _) = http(says).await;
        let said = match &seen.answer {
            Answer::Http(http) => {
                format!("{} of {}{}", http.status, http.body.len(), if http.whole { "" } else { ", cut" })
            }
            Answer::None(silence, _) => format!("{silence:?}"),
            Answer::Alpn(_) => "?".to_owned(),
        };
        assert_eq!(said, expected, "{why}: {seen:?}");
        assert!(took < Duration::from_secs(7), "{why}: {took:?}");
        assert!(seen.connected.is_some() && seen.from.is_some());
    });
    futures_util::future::join_all(runs).await;
}

/// What does not listen is refused at once.
#[tokio::test]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for seen in
        [http01::ask(Target::of_test(free), "a.example").await, alpn::ask(Target::of_test(free), "a.example").await]
    {
        assert!(matches!(seen.answer, Answer::None(Silence::Refused, _)), "{seen:?}");
        assert_eq!(seen.connected, None);
    }
}

/// A certificate of tls-alpn-01 can be shown and read, although the library does not know its critical extension
/// (RFC 8737 section 3); other peers are told apart by what they do with acme-tls/1.
#[tokio::test]
async fn handshakes_tell_programs_apart() {
    let table: [(&str, bool, &[&[u8]], &str); 4] = [
        ("a challenge", true, &[b"acme-tls/1"], "acme-tls/1 true [app.example.org]"),
        ("its protocol without a challenge", false, &[b"acme-tls/1"], "acme-tls/1 false [app.example.org]"),
        ("other protocols only", false, &[b"h2", b"http/1.1"], "alert 120"),
        ("no protocols", false, &[], "none false [app.example.org]"),
    ];
    for (why, challenge, protocols, expected) in table {
        let (address, task) = tls(challenge, protocols).await;
        let seen = alpn::ask(Target::of_test(address), "app.example.org").await;
        let Answer::Alpn(alpn) = &seen.answer else { panic!("{why}: {seen:?}") };
        let said = match alpn.alert {
            Some(alert) => format!("alert {alert}"),
            None => {
                let protocol = alpn.protocol.as_deref().unwrap_or("none");
                format!("{protocol} {} [{}]", alpn.acme_identifier, alpn.names.join(" "))
            }
        };
        assert_eq!(said, expected, "{why}");
        task.abort();
    }
    let plain = Responder::start(Says::This(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())).await;
    let seen = alpn::ask(Target::of_test(plain.address), "app.example.org").await;
    assert!(matches!(&seen.answer, Answer::Alpn(alpn) if alpn.no_tls), "{seen:?}");
    let silent = Responder::start(Says::Nothing).await;
    let begun = Instant::now();
    let seen = alpn::ask(Target::of_test(silent.address), "app.example.org").await;
    assert!(
        matches!(seen.answer, Answer::None(Silence::Slow, _)) && begun.elapsed() < Duration::from_secs(7),
        "{seen:?}"
    );
}

/// The self-test of tls-alpn-01 by `rcgen`: a server with the certificate of a challenge.
async fn tls(challenge: bool, protocols: &[&[u8]]) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["app.example.org".to_owned()]).unwrap();
    if challenge {
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(&[7; 32])];
    }
    let der = params.self_signed(&key).unwrap().der().clone();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let shown = Arc::new(CertifiedKey::new(vec![der], any_supported_type(&private).unwrap()));
    #[derive(Debug)]
    struct Always(Arc<CertifiedKey>);
    impl ResolvesServerCert for Always {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }
    let builder = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = builder.with_cert_resolver(Arc::new(Always(shown)));
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.shutdown().await;
            }
        }
    });
    (address, task)
}

/// From the name to the report, through the gate.
#[tokio::test]
async fn a_probe_comes_to_a_report() {
    let good = Responder::start(Says::This(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec())).await;
    let subject = Subject {
        name: "app.example.org".to_owned(),
        challenge: Challenge::Http01,
        expected: Some(super::Program::TraefikHandler),
        expiring: false,
    };
    let report = probe(&subject, &[Target::of_test(good.address)], &Gate::new()).await;
    assert_eq!(report.verdict, ProbeVerdict::Reachable, "{report:?}");
    assert_eq!(report.addresses[0].outcome, "Traefik's handler of challenges");
    let nginx = "HTTP/1.1 404 Not Found\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n";
    let wrong = Responder::start(Says::This(nginx.into())).await;
    let report = probe(&subject, &[Target::of_test(wrong.address)], &Gate::new()).await;
    assert_eq!(report.verdict, ProbeVerdict::Unreachable);
    assert_eq!(report.problems[0].code, "WRONG_SERVER");
}
