//! Promise: with `acme = true` the server gets the certificates of its own names from the CA by itself, over its own dns-01,
//! keeps them for the owner alone, and renews them in time without a connection lost.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
mod encrypted_lab;
mod pebble_lab;
mod transport_lab;
mod update_program;

use cli_program::{Folder, Server};
use encrypted_lab::{Secured, client, connect_as, message};
use horizon_dns::dns::Rtype;
use pebble_lab::{Pebble, identity};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use transport_lab::{framed, id_and_success, query};
use update_program::{free_port, wait_until};

const NAMES: [&str; 2] = ["dns.corp.example", "resolver.corp.example"];

/// A server whose certificates are to come from a CA at a port of loopback; where it will listen for TLS.
fn folder(ca: u16) -> (Folder, SocketAddr) {
    let folder = Folder::new();
    identity(&folder);
    let tls: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let sections = format!(
        "{}\n[acme]\ndirectory = \"https://127.0.0.1:{ca}/dir\"\nroots = \"root.pem\"\n\n[tls]\nlisten_tls = [\"{tls}\"]\n\
         names = [\"{}\", \"{}\"]\nacme = true\n",
        cli_program::CONFIG,
        NAMES[0],
        NAMES[1]
    );
    folder.write("horizon.toml", &sections);
    let zone = folder.read("zones/internal/corp.example.zone");
    folder.write("zones/internal/corp.example.zone", &(zone + "dns A 127.0.0.1\nresolver A 127.0.0.1\n"));
    (folder, tls)
}

/// A connection to the server, with the certificate checked by the CA's root and this name.
fn connect(folder: &Folder, tls: SocketAddr, name: &str, root: &str) -> Option<Secured> {
    connect_as(tls, client(&folder.path().join(root), b"dot"), name).ok()
}

fn ask(stream: &mut Secured, id: u16) -> bool {
    let asked = stream.write_all(&framed(&query(id, "app.corp.example", Rtype::A)));
    asked.is_ok() && message(stream).is_some_and(|reply| id_and_success(&reply) == (id, true))
}

/// The root that signs, alone: the file of roots also has that of pebble's own listener.
fn signer(folder: &Folder) {
    let roots = folder.read("root.pem");
    let last = roots.rfind("-----BEGIN").unwrap();
    folder.write("signer.pem", &roots[last..]);
}

/// Each name gets its own certificate, although the CA comes up after the server; a restart shows them without another order.
#[test]
fn certificates_come_from_the_ca() {
    let ca = free_port();
    let (folder, tls) = folder(ca);
    let server = folder.serve();
    wait_until("the CA is missed", || folder.zonectl("status").stdout.contains("CERTIFICATE_NOT_GOT"));
    assert!(std::net::TcpStream::connect(tls).is_err(), "nothing is listened on without a certificate");
    let pebble = Pebble::start(&folder, ca, server.address);
    signer(&folder);
    for name in NAMES {
        wait_until(name, || connect(&folder, tls, name, "signer.pem").is_some_and(|mut stream| ask(&mut stream, 1)));
        let file = folder.path().join(format!("zones/.acme/tls/{name}.pem"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }
    wait_until("all is well", || !folder.zonectl("status").stdout.contains("CERTIFICATE_"));
    let live = folder.zonectl("acme challenges -o json").stdout;
    assert!(live.contains("\"challenges\": []") || live.contains("\"challenges\":[]"), "no value stays: {live}");
    drop((server, pebble));
    let kept = folder.read(&format!("zones/.acme/tls/{}.pem", NAMES[0]));
    let server: Server = folder.serve();
    wait_until("it is shown again", || connect(&folder, tls, NAMES[0], "signer.pem").is_some());
    assert_eq!(folder.read(&format!("zones/.acme/tls/{}.pem", NAMES[0])), kept);
    drop(server);
}

/// One whose life is nearly over is shown until the CA gives another, then that; who is connected asks on.
#[test]
fn a_certificate_is_renewed_in_time() {
    let ca = free_port();
    let (folder, tls) = folder(ca);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    folder.write("old.pem", &params.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(params, key);
    for name in NAMES {
        let own = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        // Two thirds of it are over since 2023.
        (leaf.not_before, leaf.not_after) = (date_time_ymd(1970, 1, 2), date_time_ymd(2050, 1, 1));
        let leaf = leaf.signed_by(&own, &issuer).unwrap();
        folder.write(&format!("zones/.acme/tls/{name}.pem"), &(leaf.pem() + &own.serialize_pem()));
    }
    let server = folder.serve();
    wait_until("the old one is shown", || connect(&folder, tls, NAMES[0], "old.pem").is_some());
    let mut before = connect(&folder, tls, NAMES[0], "old.pem").unwrap();
    assert!(ask(&mut before, 1));
    let _pebble = Pebble::start(&folder, ca, server.address);
    signer(&folder);
    let mut id = 1;
    wait_until("the new one is shown", || {
        id += 1;
        assert!(ask(&mut before, id), "who is connected asks on");
        NAMES.iter().all(|name| connect(&folder, tls, name, "signer.pem").is_some())
    });
    assert!(ask(&mut before, 9999));
    assert!(connect(&folder, tls, NAMES[0], "old.pem").is_none());
}
