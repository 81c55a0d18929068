//! Encrypted DNS of a whole server: its config, its horizons, its certificate out of files, what clients are told of it, and
//! what is left of it when something is wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "stream_lab/authority.rs"]
mod authority;
mod reload_lab;

use authority::Authority;
use horizon_dns::transport::Encryption;
use reload_lab::{CONFIG, Lab, ask, wait_until, zone};
use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;

const NAME: &str = "dns.example.org";

/// All transports with the pair `own.crt` and `own.key`.
const TLS: &str = r#"
[tls]
listen_tls = ["127.0.0.1:0"]
listen_https = ["127.0.0.1:0"]
listen_quic = ["127.0.0.1:0"]
names = ["dns.example.org"]
certificate = "own.crt"
key = "own.key"
"#;

fn put(folder: &Path, (certificate, key): &(String, String)) {
    fs::write(folder.join("own.crt"), certificate).unwrap();
    fs::write(folder.join("own.key"), key).unwrap();
}

fn start(config: &str, pair: &(String, String)) -> Lab {
    Lab::prepared(config, |folder| {
        put(folder, pair);
        for horizon in ["internal", "guests"].iter().filter(|horizon| config.contains(**horizon)) {
            let zones = folder.join("zones").join(horizon);
            fs::create_dir_all(&zones).unwrap();
            let address = if *horizon == "guests" { "192.0.2.2" } else { "192.0.2.1" };
            fs::write(zones.join("example.org.zone"), zone(1, address)).unwrap();
        }
    })
}

fn address(lab: &Lab, how: Encryption) -> Option<SocketAddr> {
    lab.server().encrypted().into_iter().find(|(other, _)| *other == how).map(|(_, address)| address)
}

/// What kdig prints for a question over one transport, `from` an address of loopback.
fn kdig(root: &Path, to: SocketAddr, how: &str, from: &str, question: &[&str]) -> String {
    let output = Command::new("kdig")
        .args([&format!("@{}", to.ip()), "-p", &to.port().to_string(), "-b", from, "+retry=0", "+time=20"])
        .args([&format!("+tls-ca={}", root.display()), &format!("+tls-hostname={NAME}")])
        // Behind those two, which mean TLS.
        .arg(how)
        .args(question)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn has_kdig() -> bool {
    let here = Command::new("kdig").arg("--version").output().is_ok();
    if !here {
        eprintln!("skipped: there is no kdig");
    }
    here
}

const WAYS: [(Encryption, &str); 3] =
    [(Encryption::Tls, "+tls"), (Encryption::Https, "+https"), (Encryption::Quic, "+quic")];

/// Over each transport the client's address chooses its horizon, a name of others is forwarded for who may, and who may not
/// is refused.
#[test]
fn horizons_and_forwarding_are_as_over_udp() {
    if !has_kdig() {
        return;
    }
    let upstream = UdpSocket::bind("127.0.0.1:0").unwrap();
    let there = upstream.local_addr().unwrap();
    // Says 198.51.100.7 to every question, as an upstream without EDNS does.
    std::thread::spawn(move || {
        let mut octets = [0; 1500];
        while let Ok((length, from)) = upstream.recv_from(&mut octets) {
            let end = 12 + octets[12..length].iter().position(|octet| *octet == 0).unwrap() + 5;
            let mut reply = octets[..end].to_vec();
            reply[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
            reply.extend(b"\xc0\x0c\0\x01\0\x01\0\0\x00\x3c\0\x04\xc6\x33\x64\x07");
            let _ = upstream.send_to(&reply, from);
        }
    });
    let authority = Authority::new();
    let clients = CONFIG.replace("127.0.0.0/8", "127.0.0.1/32");
    let forward = format!("forward = true\n[forward]\nupstreams = [\"{there}\"]\n");
    let guests = "[[horizon]]\nname = \"guests\"\nclients = [\"127.0.0.2/32\"]\nforward = false\n";
    let lab = start(&format!("{clients}{forward}{guests}{TLS}"), &authority.files(&[NAME]));
    for (how, word) in WAYS {
        let to = address(&lab, how).unwrap();
        let table = [
            ("its own zone", "127.0.0.1", "www.example.org", "192.0.2.1"),
            ("the guests' zone", "127.0.0.2", "www.example.org", "192.0.2.2"),
            ("forwarded", "127.0.0.1", "www.elsewhere.example.net", "198.51.100.7"),
            ("not forwarded for guests", "127.0.0.2", "www.elsewhere.example.net", "status: REFUSED"),
            ("in no horizon", "127.0.0.3", "www.example.org", "status: REFUSED"),
        ];
        for (why, from, name, expected) in table {
            let said = kdig(&authority.root(), to, word, from, &[name, "A"]);
            assert!(said.contains(expected), "{why} over {how}: {said}");
        }
        // A reply that comes late is padded, too.
        let name = format!("{}.late.example.net", word.trim_start_matches('+'));
        let said = kdig(&authority.root(), to, word, "127.0.0.1", &["+edns", "+padding=64", &name, "A"]);
        assert!(said.contains("198.51.100.7") && said.contains("PADDING: "), "{how}: {said}");
    }
}

/// `_dns.resolver.arpa` says where encrypted DNS is, in each horizon; without it the name has no data, as before.
#[test]
fn clients_are_told_of_encrypted_transports() {
    let free = |_| TcpListener::bind("127.0.0.1:0").unwrap();
    let taken: Vec<_> = (0..2).map(free).collect();
    let ports: Vec<u16> = taken.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    drop(taken);
    let authority = Authority::new();
    let tls = format!(
        "[tls]\nlisten_tls = [\"127.0.0.1:{}\"]\nlisten_https = [\"127.0.0.1:{}\"]\nnames = [\"{NAME}\"]\n\
         certificate = \"own.crt\"\nkey = \"own.key\"\n",
        ports[0], ports[1]
    );
    let lab = start(&format!("{CONFIG}{tls}"), &authority.files(&[NAME]));
    let expected = [
        format!("1 {NAME}. alpn=dot port={} ipv4hint=127.0.0.1", ports[0]),
        format!("2 {NAME}. alpn=h2,http/1.1 port={} ipv4hint=127.0.0.1 dohpath=/dns-query{{?dns}}", ports[1]),
    ];
    let told = |lab: &Lab| {
        let mut told = ask(lab.address(), "_dns.resolver.arpa SVCB");
        told.sort();
        told
    };
    assert_eq!(told(&lab), expected);
    assert_eq!(ask(lab.address(), "_dns.resolver.arpa A"), Vec::<String>::new());
    assert_eq!(ask(lab.address(), "other.resolver.arpa SVCB"), Vec::<String>::new());
    lab.write("horizon.toml", CONFIG);
    wait_until("the listeners are gone", || lab.server().encrypted().is_empty());
    assert_eq!(told(&lab), Vec::<String>::new());
    lab.write("horizon.toml", &format!("{CONFIG}{tls}"));
    wait_until("the listeners are back", || lab.server().encrypted().len() == 2);
    assert_eq!(told(&lab), expected);
}

/// A pair of files that changes is shown at once; one that does not fit is told, and the one before stays.
#[test]
fn a_renewed_pair_is_shown_at_once() {
    if !has_kdig() {
        return;
    }
    let (first, second) = (Authority::new(), Authority::new());
    let lab = start(&format!("{CONFIG}{TLS}"), &first.files(&[NAME]));
    let folder = lab.folder.path();
    let serves = |authority: &Authority| {
        WAYS.iter().all(|(how, word)| {
            let to = address(&lab, *how).unwrap();
            kdig(&authority.root(), to, word, "127.0.0.1", &["www.example.org", "A"]).contains("192.0.2.1")
        })
    };
    assert!(serves(&first) && !serves(&second));
    put(folder, &second.files(&[NAME]));
    wait_until("the second pair is shown", || serves(&second));
    assert!(!serves(&first));
    fs::write(folder.join("own.key"), first.files(&[NAME]).1).unwrap();
    lab.server().reload();
    assert!(serves(&second), "what fits stays");
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
    put(folder, &first.files(&[NAME]));
    wait_until("the first pair is shown again", || serves(&first));
}

/// Without a certificate that can be used nothing encrypted is listened on, the other transports serve, and it is told with
/// the file; when it is mended, encrypted DNS is there without a restart.
#[test]
fn a_faulty_certificate_leaves_the_others_up() {
    let authority = Authority::new();
    let (certificate, key) = authority.files(&[NAME]);
    let other = authority.files(&[NAME]).1;
    let table = [
        ("no PEM", ("x".to_owned(), key.clone())),
        ("another's key", (certificate.clone(), other)),
        ("no key", (certificate.clone(), String::new())),
    ];
    let lab = start(&format!("{CONFIG}{TLS}"), &(String::new(), String::new()));
    assert!(lab.server().encrypted().is_empty());
    for (why, pair) in table {
        put(lab.folder.path(), &pair);
        lab.server().reload();
        assert!(lab.server().encrypted().is_empty(), "{why}");
        assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"], "{why}");
        let output = Command::new(env!("CARGO_BIN_EXE_zonectl"))
            .args(["--config", "horizon.toml", "status"])
            .current_dir(lab.folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("CERTIFICATE_UNUSABLE") && said.contains("own."), "{why}: {said}");
    }
    put(lab.folder.path(), &(certificate, key));
    wait_until("encrypted DNS is there", || lab.server().encrypted().len() == 3);
}

/// An address that somebody else has is told, and the others are listened on.
#[test]
fn an_address_that_is_taken_leaves_the_others_up() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("listen_tls = [\"{}\"]", holder.local_addr().unwrap());
    let config = format!("{CONFIG}{}", TLS.replace("listen_tls = [\"127.0.0.1:0\"]", &taken));
    let lab = start(&config, &Authority::new().files(&[NAME]));
    let there: Vec<_> = lab.server().encrypted().into_iter().map(|(how, _)| how).collect();
    assert_eq!(there, [Encryption::Https, Encryption::Quic]);
    drop(holder);
    lab.server().reload();
    assert_eq!(lab.server().encrypted().len(), 3, "it is tried again");
}
