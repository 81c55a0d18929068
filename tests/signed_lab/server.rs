//! Signs the zones with ldns and serves them with Knot.

use super::zones::Above;
use super::zones::STRIPPED;
use super::zones::Signed;
use super::zones::ZONES;
use std::fmt::Write;
use std::fs;
use std::fs::File;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::net::UdpSocket;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;
use tempfile::TempDir;

/// A running Knot with all zones.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The DNSKEY record of the root.
    pub(crate) root_key: String,
    child: Child,
    /// Vanishes with the server.
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut root = "a.nic. A 127.0.0.1\n".to_owned();
        for (apex, records, signed) in ZONES {
            let made = zone(folder.path(), apex, records, signed);
            // Zones below others are delegated to by their records.
            if apex.matches('.').count() == 1 {
                writeln!(root, "{apex} NS a.nic.\n{made}").unwrap();
            }
        }
        let signed = Signed { with: &[], spoil: None, above: Above::Key };
        zone(folder.path(), ".", &root, Some(signed));
        let root_key = fs::read_to_string(folder.path().join("root.key")).unwrap();
        // Another process may take the port between the look and the start.
        for _ in 0..3 {
            let (mut child, address) = spawn(folder.path());
            if is_ready(&mut child, address) {
                return Server { address, root_key, child, _folder: folder };
            }
            let _ = child.kill();
            let _ = child.wait();
            eprintln!("{}", fs::read_to_string(folder.path().join("log")).unwrap());
        }
        panic!("Knot does not serve; see above")
    }
}

fn is_ready(child: &mut Child, address: SocketAddr) -> bool {
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        if Instant::now() > until || matches!(child.try_wait(), Ok(Some(_))) {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    true
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a zone, signed as it is to be; gives what the zone above says of its keys.
fn zone(folder: &Path, apex: &str, records: &str, signed: Option<Signed>) -> String {
    let stem = if apex == "." { "root" } else { apex.trim_end_matches('.') };
    let text =
        format!("$ORIGIN {apex}\n$TTL 300\n@ SOA a.nic. hostmaster.nic. 1 3600 600 86400 60\n@ NS a.nic.\n{records}");
    let (file, done) = (folder.join(format!("{stem}.unsigned")), folder.join(format!("{stem}.zone")));
    fs::write(&file, &text).unwrap();
    let Some(signed) = signed else {
        fs::write(done, text).unwrap();
        let is_stripped = STRIPPED.contains(&apex);
        return if is_stripped { above(&key(folder, apex, true)) } else { String::new() };
    };
    let (ksk, zsk) = (key(folder, apex, true), key(folder, apex, false));
    run(folder, "ldns-signzone", |command| {
        command.args(signed.with).arg("-f").arg(&done).arg(&file).arg(&ksk).arg(&zsk)
    });
    if let Some((from, to)) = signed.spoil {
        let text = fs::read_to_string(&done).unwrap();
        assert!(text.contains(from), "{apex} holds {from}");
        fs::write(&done, text.replace(from, to)).unwrap();
    }
    if apex == "." {
        fs::copy(format!("{}.key", ksk.display()), folder.join("root.key")).unwrap();
        return String::new();
    }
    match signed.above {
        Above::Key => above(&ksk),
        Above::OtherKey => above(&key(folder, apex, true)),
    }
}

/// What the zone above says of a key.
fn above(key: &Path) -> String {
    fs::read_to_string(format!("{}.ds", key.display())).unwrap()
}

/// A new key; gives its files' common name.
fn key(folder: &Path, apex: &str, signs_keys: bool) -> PathBuf {
    let flag: &[&str] = if signs_keys { &["-k"] } else { &[] };
    let name = run(folder, "ldns-keygen", |command| {
        command.args(["-r", "/dev/urandom", "-a", "ECDSAP256SHA256"]).args(flag).arg(apex)
    });
    folder.join(name.trim())
}

fn run(folder: &Path, program: &str, arguments: impl FnOnce(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new(program);
    let output = arguments(&mut command).current_dir(folder).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}; packaging/test.sh installs what the tests need"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn spawn(folder: &Path) -> (Child, SocketAddr) {
    let address = free_address();
    let shown = folder.display();
    let mut config = format!(
        "server:\n  rundir: {shown}\n  listen: {}@{}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\nlog:\n  \
         - target: stderr\n    any: warning\ndatabase:\n  storage: {shown}\ntemplate:\n  - id: default\n    storage: {shown}\n    \
         semantic-checks: off\n    zonefile-load: whole\n    zonefile-sync: -1\n    journal-content: none\nzone:\n  - domain: \
         \".\"\n    file: root.zone\n",
        address.ip(),
        address.port()
    );
    for (apex, ..) in ZONES {
        writeln!(config, "  - domain: {apex}\n    file: {}zone", apex).unwrap();
    }
    fs::write(folder.join("knot.conf"), config).unwrap();
    let log = File::create(folder.join("log")).unwrap();
    let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
    let child = Command::new("knotd")
        .env("PATH", path)
        .args(["-c", "knot.conf"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("knotd is not installed; packaging/test.sh installs what the tests need");
    (child, address)
}

/// A loopback address whose port is free for both UDP and TCP.
fn free_address() -> SocketAddr {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
