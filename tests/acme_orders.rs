//! Promise: `zonectl acme order` rehearses an order at a real CA, goes all the way by dns-01 when it is told to, says where the
//! CA does not ask, and leaves nothing behind; `zonectl doctor` names what passes this server by.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
mod pebble_lab;
mod update_program;

use cli_program::{Folder, Ran, Server};
use pebble_lab::{Pebble, identity};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use update_program::{free_port, wait_until};

/// A server whose CA will listen at a port on loopback.
fn folder(port: u16) -> Folder {
    let folder = Folder::new();
    identity(&folder);
    let acme = format!(
        "{}\n[acme]\ndirectory = \"https://127.0.0.1:{port}/dir\"\nroots = \"root.pem\"\nnames = [\"app.corp.example\"]\n",
        cli_program::CONFIG
    );
    folder.write("horizon.toml", &acme);
    let zone = folder.read("zones/internal/corp.example.zone").replace("app A 10.0.0.12", "app A 127.0.0.1");
    folder.write(
        "zones/internal/corp.example.zone",
        &(zone + "_acme-challenge.moved CNAME moved.corp.example.\nmoved A 127.0.0.1\n"),
    );
    folder
}

fn started() -> (Folder, Server, Pebble) {
    let port = free_port();
    let folder = folder(port);
    let server = folder.serve();
    let pebble = Pebble::start(&folder, port, server.address);
    (folder, server, pebble)
}

fn order(folder: &Folder, arguments: &str) -> (Ran, Value) {
    let ran = folder.zonectl(&format!("acme order {arguments} -o json"));
    let json = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, json)
}

fn codes(json: &Value) -> Vec<String> {
    let all = json["problems"].as_array().into_iter().flatten();
    all.map(|problem| problem["code"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Rehearsal and canary; the account is the owner's alone and used again; no value stays; what is kept is kept only when asked.
#[test]
fn orders_are_rehearsed_and_made() {
    let (folder, _server, pebble) = started();
    let (ran, json) = order(&folder, "app.corp.example");
    assert_eq!(ran.exit, 0, "{ran:?}");
    let mut offered: Vec<&str> = json["offered"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    offered.sort_unstable();
    assert_eq!(offered, ["dns-01", "http-01", "tls-alpn-01"]);
    assert!(json["certificate"].is_null() && ran.stdout.contains("made, and kept"), "{}", ran.stdout);
    let account = folder.path().join("zones/.acme/account.json");
    assert_eq!(fs::metadata(&account).unwrap().mode() & 0o777, 0o600);

    for (name, covers) in [
        ("app.corp.example", "app.corp.example"),
        ("*.corp.example", "*.corp.example"),
        ("moved.corp.example", "moved.corp.example"),
    ] {
        let (ran, json) = order(&folder, &format!("{name} --canary"));
        assert_eq!((ran.exit, codes(&json)), (0, vec![]), "{ran:?}");
        assert_eq!(json["certificate"]["names"][0], covers, "{json}");
        assert_eq!(json["chain"], true, "{json}");
        assert!(json["pem"].is_null() && ran.stdout.contains("the one that is kept"), "{}", ran.stdout);
    }
    let live = folder.zonectl("acme challenges -o json");
    assert_eq!(serde_json::from_str::<Value>(&live.stdout).unwrap()["challenges"].as_array().unwrap().len(), 0);

    let (ran, _) = order(&folder, "app.corp.example --canary --out kept");
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(!ran.stdout.contains("PRIVATE KEY"), "a key is shown nowhere");
    assert!(folder.read("kept/app.corp.example.crt").contains("BEGIN CERTIFICATE"));
    assert_eq!(fs::metadata(folder.path().join("kept/app.corp.example.key")).unwrap().mode() & 0o777, 0o600);
    let text = folder.zonectl("acme order app.corp.example");
    assert!(text.stdout.contains("offers "), "{text:?}");
    assert!(pebble.port > 0);
}

/// What cannot be ordered says why: strangers' names, a CA that is not there, roots of another CA, an account that the CA forgot.
#[test]
fn what_cannot_be_ordered_says_why() {
    let (folder, server, pebble) = started();
    let (ran, json) = order(&folder, "www.example.com --canary");
    assert_eq!((ran.exit, codes(&json)), (3, vec!["NOT_OURS".to_owned()]), "{ran:?}");
    let good = folder.read("root.pem");
    let other =
        CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap();
    folder.write("root.pem", &other.pem());
    let (ran, json) = order(&folder, "app.corp.example");
    assert_eq!((ran.exit, codes(&json)), (3, vec!["CA_UNTRUSTED".to_owned()]), "{ran:?}");
    folder.write("root.pem", &good);
    assert_eq!(order(&folder, "app.corp.example").0.exit, 0);
    let port = pebble.port;
    drop(pebble);
    let (ran, json) = order(&folder, "app.corp.example");
    assert_eq!((ran.exit, codes(&json)), (3, vec!["CA_DOWN".to_owned()]), "{ran:?}");
    // A pebble that starts anew knows no account; a new one is made.
    let _pebble = Pebble::start(&folder, port, server.address);
    let (ran, json) = order(&folder, "app.corp.example --canary");
    assert_eq!((ran.exit, codes(&json)), (0, vec![]), "{ran:?}");
}

/// A challenge that is started shows whether the CA asks us: it does when it is set to, and with another resolver it does not.
#[test]
fn a_ca_that_does_not_ask_is_named() {
    let (folder, _server, pebble) = started();
    // Names are watched soon after the start.
    wait_until("the CA's queries are watched", || {
        let (_, json) = order(&folder, "app.corp.example --challenge http-01");
        json["steps"].to_string().contains("asked this server for app.corp.example meanwhile")
    });
    let port = pebble.port;
    drop(pebble);
    let elsewhere = self::folder(port);
    let other = elsewhere.serve();
    let _pebble = Pebble::start(&folder, port, other.address);
    let (ran, json) = order(&folder, "app.corp.example --challenge http-01");
    assert_eq!((ran.exit, codes(&json)), (3, vec!["CA_NOT_ASKING".to_owned()]), "{ran:?}");
    assert!(ran.stdout.contains("grep -n app.corp.example /etc/hosts"), "{}", ran.stdout);
}

/// The doctor names hosts lines and resolvers that pass this server by, with file, line and what to do; and the CA's state.
#[test]
fn the_doctor_names_what_passes_by() {
    let (folder, _server, pebble) = started();
    let config = folder.read("horizon.toml").replace("127.0.0.1:0", "10.0.0.153:53");
    folder.write("doctor.toml", &config);
    folder.write("guest/etc/hosts", "127.0.0.1 localhost\n10.0.0.153 app.corp.example\n");
    folder.write("guest/etc/resolv.conf", "nameserver 8.8.8.8\n");
    folder.write("well/etc/hosts", "127.0.0.1 localhost\n");
    folder.write("well/etc/resolv.conf", "nameserver 10.0.0.153\n");
    let ran = folder.zonectl("doctor --config doctor.toml --root guest well -o json");
    assert_eq!(ran.exit, 3, "{ran:?}");
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let row =
        |check: &str| rows.iter().find(|row| row["check"] == check).unwrap_or_else(|| panic!("no {check}: {json}"));
    let ca = row(&format!("https://127.0.0.1:{}/dir", pebble.port));
    assert_eq!((&ca["verdict"], &ca["area"]), (&Value::from("well"), &Value::from("ca")), "{ca}");
    let hosts = &row("guest/etc/hosts")["problems"][0];
    assert_eq!(
        (&hosts["code"], &hosts["places"][0]["line"]),
        (&Value::from("HOSTS_BYPASS"), &Value::from(2)),
        "{hosts}"
    );
    assert_eq!(hosts["remedy"]["commands"][0], "sed -i '2d' guest/etc/hosts");
    assert_eq!(row("guest/etc/resolv.conf")["problems"][0]["code"], "RESOLV_BYPASS");
    assert_eq!(row("well/etc/hosts")["verdict"], "well");
    assert_eq!(row("well/etc/resolv.conf")["verdict"], "well");
    drop(pebble);
    let ran = folder.zonectl("doctor --config doctor.toml");
    assert_eq!(ran.exit, 3);
    assert!(ran.stdout.contains("CA_DOWN") && ran.stdout.contains("refuses the connection"), "{}", ran.stdout);
}

/// With probing on, the server proves dns-01 by itself, looks at the CA and sees its queries; addresses that are never probed
/// stay unprobed; with probing off nothing is more than plausible.
#[test]
fn the_server_probes_what_it_may() {
    let port = free_port();
    let states = |folder: &Folder| -> Vec<String> {
        let ran = folder.zonectl("acme status -o json");
        let json: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let all = json["names"][0]["challenges"].as_array().into_iter().flatten();
        all.map(|one| format!("{} {}", one["challenge"], one["state"]).replace('"', "")).collect()
    };
    let folder = folder(port);
    let quiet = folder.serve();
    let _pebble = Pebble::start(&folder, port, quiet.address);
    let unprobed = ["http-01 blocked", "tls-alpn-01 blocked", "dns-01 plausible"];
    assert_eq!(states(&folder), unprobed, "nothing was probed");
    drop(quiet);
    folder.write("horizon.toml", &folder.read("horizon.toml").replace("[acme]", "[acme]\nprobe = \"on\""));
    let server = folder.serve();
    assert!(server.address.port() > 0);
    let begun = std::time::Instant::now();
    // Three keys are spread over half a minute.
    let probed = ["http-01 blocked", "tls-alpn-01 blocked", "dns-01 reachable"];
    while states(&folder) != probed {
        assert!(begun.elapsed().as_secs() < 60, "waited in vain: {:?}", states(&folder));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let explained = folder.zonectl("acme explain app.corp.example").stdout;
    assert!(explained.contains("dns-01"), "{explained}");
}
