//! The real server with TSIG keys, and real programs that update it.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::cli_program::Folder;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horizon_dns::dns::{parse_name, parse_rtype};
use horizon_dns::plugin::acme::{Token, TokenKind, Tokens, TsigAlgorithm};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A folder with a zone `corp.example` in two horizons, and two keys: `acme` for the challenges of the zone, `ops` for
/// records of the internal horizon.
pub(crate) fn folder() -> Folder {
    let folder = Folder::new();
    let state = folder.path().join("zones/.acme");
    let tokens = Tokens::open(&state).unwrap();
    let names = ["corp.example", "*.corp.example"].map(|name| parse_name(name).unwrap()).to_vec();
    let kind = |algorithm| TokenKind::Tsig { algorithm, secret: SECRET.to_vec() };
    tokens.add(Token::new("acme", kind(TsigAlgorithm::HmacSha256), names.clone())).unwrap();
    let mut ops = Token::new("ops", kind(TsigAlgorithm::HmacSha512), names);
    ops.types = ["A", "AAAA", "MX", "CNAME"].map(|rtype| parse_rtype(rtype.as_bytes()).unwrap()).to_vec();
    ops.horizons = Some(vec!["internal".to_owned()]);
    tokens.add(ops).unwrap();
    let narrow = vec![parse_name("app.corp.example").unwrap()];
    tokens.add(Token::new("narrow", kind(TsigAlgorithm::HmacSha256), narrow)).unwrap();
    folder
}

/// Of each key.
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// The secret of all keys as clients have it.
pub(crate) fn secret() -> String {
    STANDARD.encode(SECRET)
}

/// What a program that updates said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) done: bool,
    pub(crate) text: String,
}

/// Runs `nsupdate` or `knsupdate` with these lines; `arguments` come before the key.
pub(crate) fn client(program: &str, arguments: &[&str], key: &str, server: SocketAddr, lines: &[&str]) -> Said {
    let head = format!("server {} {}\nzone corp.example.\n", server.ip(), server.port());
    run_client(program, arguments, key, &format!("{head}{}\nsend\n", lines.join("\n")))
}

/// The same with the whole text.
pub(crate) fn run_client(program: &str, arguments: &[&str], key: &str, text: &str) -> Said {
    let mut command = Command::new(program);
    command.args(arguments).args(["-y", key]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{program}: {error}; see packaging/test-packages.txt"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Said { done: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
}

/// A key as `nsupdate` and `kdig` want it.
pub(crate) fn key(algorithm: &str, name: &str) -> String {
    format!("{algorithm}:{name}:{}", secret())
}

/// What `kdig` says, short.
pub(crate) fn kdig(server: SocketAddr, arguments: &str) -> String {
    let mut command = Command::new("kdig");
    command.args([format!("@{}", server.ip()), "-p".to_owned(), server.port().to_string()]);
    let output = command.args(arguments.split_whitespace()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned() + String::from_utf8_lossy(&output.stderr).trim()
}

/// A process that ends with the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A TCP port that nobody had a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until `condition` holds; panics after 30 s.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
