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

/// A program that ends with the test.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut std::process::Command) -> Running {
    let quiet = command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    let child = quiet.stderr(std::process::Stdio::null()).spawn();
    Running(child.unwrap_or_else(|error| panic!("{command:?}: {error}; see packaging/test-packages.txt")))
}

fn free() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn listening(address: std::net::SocketAddr) {
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody listens at {address}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The fingerprints are those of the real programs: nginx, Caddy, openssl, as Debian has them.
#[tokio::test]
async fn real_programs_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["app.example.org".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(path("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
    let [http, tls, caddy, caddy_tls, openssl] = [free(), free(), free(), free(), free()];

    let config = format!(
        "daemon off; pid {pid}; error_log {log}; events {{}} http {{ access_log off; client_body_temp_path {pid}.b;\n\
         proxy_temp_path {pid}.p; fastcgi_temp_path {pid}.f; uwsgi_temp_path {pid}.u; scgi_temp_path {pid}.s;\n\
         server {{ listen {http}; }}\n\
         server {{ listen {tls} ssl; ssl_certificate {cert}; ssl_certificate_key {key}; }} }}\n",
        pid = path("pid"),
        log = path("log"),
        cert = path("cert.pem"),
        key = path("key.pem")
    );
    std::fs::write(path("nginx.conf"), config).unwrap();
    let _nginx = start(std::process::Command::new("nginx").args(["-c", &path("nginx.conf"), "-e", &path("log")]));
    let caddyfile = format!(
        "{{\n admin off\n auto_https off\n storage file_system {}\n}}\nhttp://:{} {{\n respond /x ok\n}}\n\
         https://app.example.org:{} {{\n bind 127.0.0.1\n tls {} {}\n}}\n",
        path("store"),
        caddy.port(),
        caddy_tls.port(),
        path("cert.pem"),
        path("key.pem")
    );
    std::fs::write(path("Caddyfile"), caddyfile).unwrap();
    let mut command = std::process::Command::new("caddy");
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, folder.path());
    }
    let _caddy = start(command.args(["run", "--config", &path("Caddyfile"), "--adapter", "caddyfile"]));
    let mut command = std::process::Command::new("openssl");
    command.args(["s_server", "-accept", &openssl.to_string(), "-cert", &path("cert.pem"), "-key", &path("key.pem")]);
    let _openssl = start(command.args(["-quiet", "-www"]));
    for address in [http, tls, caddy, caddy_tls, openssl] {
        listening(address).await;
    }

    let program = |seen: &Seen| match &seen.answer {
        Answer::Http(http) => format!("{} {:?}", http.status, http.program()),
        Answer::Alpn(alpn) => format!("alert {:?} protocol {:?}", alpn.alert, alpn.protocol),
        Answer::None(silence, why) => format!("{silence:?} {why}"),
    };
    let by_http = |address| async move { http01::ask(Target::of_test(address), "app.example.org").await };
    let by_tls = |address| async move { alpn::ask(Target::of_test(address), "app.example.org").await };
    assert_eq!(program(&by_http(http).await), "404 Nginx");
    assert_eq!(program(&by_http(caddy).await), "200 Caddy", "Caddy answers an unknown path with an empty 200");
    let wrong = by_http(tls).await;
    let judged = super::judge("app.example.org", Challenge::Http01, None, &wrong);
    assert_eq!(judged.problem.unwrap().code, "HTTPS_ON_80", "nginx on its TLS port: {wrong:?}");
    assert_eq!(program(&by_tls(tls).await), "alert Some(120) protocol None", "nginx");
    assert_eq!(program(&by_tls(openssl).await), "alert None protocol None", "openssl ignores ALPN");
    assert!(matches!(by_tls(http).await.answer, Answer::Alpn(alpn) if alpn.no_tls), "nginx without TLS");
    let caddy = by_tls(caddy_tls).await;
    let judged = super::judge("app.example.org", Challenge::TlsAlpn01, None, &caddy);
    assert_eq!(judged.mark, super::Mark::Good, "{}: {judged:?}", program(&caddy));
}
