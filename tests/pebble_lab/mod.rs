//! Pebble, the test CA of Let's Encrypt, on loopback.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::cli_program::{self, Folder};
use crate::update_program::{Running, free_port, wait_until};
use rcgen::{CertificateParams, KeyPair, SanType};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::Stdio;

/// A pebble that asks the server at `dns`, and the ports of its directory and of its management.
pub(crate) struct Pebble {
    _running: Running,
    pub(crate) port: u16,
}

/// Certificate and key of pebble's own listener, before it runs: the config of the server names them.
pub(crate) fn identity(folder: &Folder) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    folder.write("root.pem", &params.self_signed(&key).unwrap().pem());
    folder.write("listener.pem", &folder.read("root.pem"));
    folder.write("ca.key", &key.serialize_pem());
}

impl Pebble {
    pub(crate) fn start(folder: &Folder, port: u16, dns: SocketAddr) -> Self {
        let [http, tls, management] = [free_port(), free_port(), free_port()];
        let config = format!(
            r#"{{"pebble": {{"listenAddress": "127.0.0.1:{port}", "managementListenAddress": "127.0.0.1:{management}",
            "certificate": "listener.pem", "privateKey": "ca.key", "httpPort": {http}, "tlsPort": {tls}, "ocspResponderURL": ""}}}}"#
        );
        folder.write("pebble.json", &config);
        let mut command = folder.command("pebble");
        command.args(["-config", "pebble.json", "-dnsserver", &dns.to_string()]);
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0").env("PEBBLE_AUTHZREUSE", "0");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("pebble: {error}; see packaging/test-packages.txt"));
        let running = Running(child);
        wait_until("pebble listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        wait_until("pebble's management listens", || TcpStream::connect(("127.0.0.1", management)).is_ok());
        // Pebble signs with a root that it makes anew at each start.
        let mut curl = folder.command("curl");
        let root = cli_program::run(curl.args(["-sk", &format!("https://127.0.0.1:{management}/roots/0")]));
        assert!(root.stdout.contains("BEGIN CERTIFICATE"), "{root:?}");
        folder.write("root.pem", &(folder.read("listener.pem") + &root.stdout));
        Pebble { _running: running, port }
    }
}
