//! Promise: prerequisites and changes mean what they mean to others: the same random updates, sent by nsupdate to this server
//! and to named, are taken or refused with the same RCODE, and leave the same records.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
#[path = "peers/random.rs"]
mod random;
mod update_program;

use cli_program::Folder;
use domain::base::Message;
use domain::rdata::AllRecordData;
use horizon_dns::dns::{parse_name, parse_rtype};
use random::Random;
use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::process::Stdio;
use std::time::Duration;
use update_program::{Running, client, folder, free_port, key, secret, wait_until};

const NAMES: [&str; 5] = ["a", "b", "c.a", "d", "e.empty"];
const TYPES: [&str; 4] = ["A", "AAAA", "MX", "CNAME"];

/// How many updates; each is a process for each server.
const UPDATES: usize = 150;

/// One of few records, so that random updates meet; no warning of ours is about them.
fn record(random: &mut Random, rtype: &str) -> String {
    match rtype {
        "A" => format!("A 10.0.0.{}", 20 + random.below(3)),
        "AAAA" => format!("AAAA fd00::{}", 1 + random.below(3)),
        "MX" => format!("MX {} ns.corp.example.", 10 * (1 + random.below(2))),
        _ => "CNAME ns.corp.example.".to_owned(),
    }
}

fn random_update(random: &mut Random) -> Vec<String> {
    let mut lines = Vec::new();
    let owner = |random: &mut Random| format!("{}.corp.example.", *random.pick(&NAMES));
    for _ in 0..2 {
        if random.chance(60) {
            continue;
        }
        let (name, rtype) = (owner(random), *random.pick(&TYPES));
        lines.push(match random.below(5) {
            0 => format!("prereq nxdomain {name}"),
            1 => format!("prereq yxdomain {name}"),
            2 => format!("prereq nxrrset {name} {rtype}"),
            3 => format!("prereq yxrrset {name} {rtype}"),
            _ => format!("prereq yxrrset {name} {}", record(random, rtype)),
        });
    }
    for _ in 0..1 + random.below(3) {
        let (name, rtype) = (owner(random), *random.pick(&TYPES));
        lines.push(match random.below(8) {
            0..4 => format!("update add {name} 300 {}", record(random, rtype)),
            4 => format!("update delete {name}"),
            5 => format!("update delete {name} {rtype}"),
            _ => format!("update delete {name} {}", record(random, rtype)),
        });
    }
    lines
}

/// The RCODE that nsupdate tells; NOERROR when it tells none.
fn told(server: SocketAddr, lines: &[String]) -> String {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let said = client("nsupdate", &[], &key("hmac-sha512", "ops"), server, &lines);
    let failed = said.text.split("update failed: ").nth(1).map(|rest| rest.trim().to_owned());
    assert!(said.done || failed.is_some(), "{lines:?}: {}", said.text);
    failed.unwrap_or_else(|| "NOERROR".to_owned())
}

/// RCODE and records of the answer section, `OWNER TTL DATA`.
fn answer(socket: &UdpSocket, name: &str, rtype: &str) -> (u8, BTreeSet<String>) {
    let mut query = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend_from_slice(parse_name(name).unwrap().as_slice());
    query.extend(parse_rtype(rtype.as_bytes()).unwrap().to_int().to_be_bytes());
    query.extend([0, 1]);
    socket.send(&query).unwrap();
    let mut reply = vec![0; 4096];
    let length = socket.recv(&mut reply).unwrap();
    let message = Message::from_slice(&reply[..length]).unwrap();
    let records = message.answer().unwrap().limit_to::<AllRecordData<_, _>>().map(|record| {
        let record = record.unwrap();
        format!("{} {} {}", record.owner(), record.ttl().as_secs(), record.data()).to_ascii_lowercase()
    });
    (reply[3] & 0x0F, records.collect())
}

/// named with the zone of the internal horizon, and a key that may change everything in it.
fn named(folder: &Folder) -> (Running, SocketAddr) {
    let port = free_port();
    folder.write("named/corp.example.zone", &folder.read("zones/internal/corp.example.zone"));
    let directory = folder.path().join("named");
    let directory = directory.display();
    let config = format!(
        "options {{ directory \"{directory}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; \
         pid-file none; session-keyfile none; dnssec-validation no; notify no; minimal-any yes; }};\n\
         controls {{ }};\n\
         key ops {{ algorithm hmac-sha512; secret \"{}\"; }};\n\
         zone \"corp.example\" {{ type primary; file \"corp.example.zone\"; allow-update {{ key ops; }}; }};\n",
        secret()
    );
    folder.write("named/named.conf", &config);
    let log = std::fs::File::create(folder.path().join("named.log")).unwrap();
    let mut command = folder.command("named");
    command.args(["-g", "-n", "1", "-c", "named/named.conf"]);
    let child = command.stdout(Stdio::null()).stderr(log).spawn();
    let running = Running(child.unwrap_or_else(|error| panic!("named: {error}; see packaging/test-packages.txt")));
    let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    let socket = asker(address);
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    wait_until("named answers", || {
        let query = [&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x04corp\x07example\0\0\x06\0\x01"].concat();
        let mut reply = [0; 512];
        socket.send(&query).is_ok() && socket.recv(&mut reply).is_ok_and(|_| reply[3] & 0x0F == 0)
    });
    (running, address)
}

fn asker(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Random updates with prerequisites of all forms.
#[test]
fn updates_mean_what_they_mean_to_named() {
    let folder = folder();
    let server = folder.serve();
    let (_named, peer) = named(&folder);
    let (ours, theirs) = (asker(server.address), asker(peer));
    let mut random = Random::new(6);
    let mut outcomes: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for round in 0..UPDATES {
        let lines = random_update(&mut random);
        let [we, they] = [server.address, peer].map(|server| told(server, &lines));
        assert_eq!(we, they, "update {round}: {lines:#?}");
        *outcomes.entry(we).or_default() += 1;
        for name in NAMES.iter().chain(&["empty"]) {
            for rtype in TYPES.iter().filter(|rtype| **rtype != "CNAME").chain(&["CNAME"]) {
                let name = format!("{name}.corp.example");
                let [we, they] = [&ours, &theirs].map(|socket| answer(socket, &name, rtype));
                assert_eq!(we, they, "{name} {rtype} after update {round}: {lines:#?}");
            }
        }
    }
    println!("{outcomes:?}");
    for rcode in ["NOERROR", "NXDOMAIN", "YXDOMAIN", "NXRRSET", "YXRRSET"] {
        assert!(outcomes.get(rcode).is_some_and(|count| *count >= 5), "{rcode} is met: {outcomes:?}");
    }
}
