//! Promise: whatever is wrong between a name and its certificate is named: a firewall, a CA that is down or another, a
//! certificate that ran out, servers that are none; in bounded time, and nobody else is asked.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme_lab;

use acme_lab::{Firewall, Process, Responder, Says, World, wait_until};
use std::fs;
use std::path::Path;
use std::time::Duration;

const NAME: &str = "traefik.internal.thinkheads.ai";
const PROBE: &str = "names = []\nprobe = \"on\"\n";
/// A probe that runs into a closed door takes five seconds, and its start is spread.
const SAID_WITHIN: Duration = Duration::from_secs(30);

/// Waits until a command names this code; gives all that it said.
fn named(world: &World, words: &[&str], code: &str) -> String {
    let mut said = String::new();
    wait_until(&format!("{words:?} names {code}"), SAID_WITHIN, || {
        let ran = world.zonectl(words);
        said = format!("{}{}", ran.stdout, ran.stderr);
        said.contains(code) && ran.exit == 3
    });
    said
}

/// A TLS server of openssl that says a page of HTML to whoever asks.
fn html_server(world: &World, guest: &str, address: &str, (certificate, key): &(impl AsRef<Path>, impl AsRef<Path>)) -> Process {
    let mut command = world.network.command(guest, "openssl");
    command.args(["s_server", "-www", "-quiet", "-accept", address, "-cert"]).arg(certificate.as_ref());
    command.arg("-cert_chain").arg(certificate.as_ref()).arg("-key").arg(key.as_ref());
    let process = Process::start("s_server", &mut command, world.folder.path());
    world.wait_for_tcp("internal", address);
    process
}

/// nftables that drops port 80 from the gateway and the CA is a port that does not answer; the inventory's rules without the one
/// for the CA are a rule that is missing.
#[test]
fn a_firewall_in_the_way_is_named() {
    let Some(world) = World::new(PROBE) else { return };
    let _traefik = Responder::start(&world.network, "102", "10.0.0.12:80", Says::Tokens(world.path("web")));
    Firewall::new(&world.network, "102").drop_tcp("{ 10.0.0.10, 10.0.0.153 }", 80);
    let said = named(&world, &["acme", "check", NAME], "PORT_TIMEOUT");
    assert!(said.contains("10.0.0.12"), "{said}");
    let guests = world.path("zones/phoenix/etc/phoenix_lxc_configs.json");
    let text = fs::read_to_string(&guests).unwrap();
    let rule = text.lines().find(|line| line.contains("The CA asks for challenges")).unwrap();
    let without = text.replace(rule, "").replace(
        r#""source": "10.0.0.0/24", "proto": "tcp", "port": "80,443,8443""#,
        r#""source": "10.0.0.153", "proto": "tcp", "port": "80,443,8443""#,
    );
    fs::write(&guests, without).unwrap();
    world.zonectl(&["reload"]);
    let said = named(&world, &["acme", "check", NAME], "FIREWALL_BLOCKS");
    assert!(said.contains("10.0.0.10") && said.contains("80"), "{said}");
}

/// A CA with another root than the one that is pinned, one that is away, and something else in its place.
#[test]
fn a_ca_that_is_not_the_ca_is_named() {
    let Some(mut world) = World::new(&format!("{PROBE}")) else { return };
    let text = fs::read_to_string(world.path("horizon.toml")).unwrap();
    let other = text.replace(&world.authority.fingerprint, &"ab".repeat(32));
    fs::write(world.path("horizon.toml"), &other).unwrap();
    world.zonectl(&["reload"]);
    named(&world, &["doctor"], "CA_UNTRUSTED");
    fs::write(world.path("horizon.toml"), &text).unwrap();
    world.zonectl(&["reload"]);
    world.ca.stop();
    named(&world, &["doctor"], "CA_DOWN");
    let pair = world.authority.leaf(world.folder.path(), &["ca.internal.thinkheads.ai"], [2020, 2040]);
    let _html = html_server(&world, "103", "10.0.0.10:9000", &pair);
    let said = named(&world, &["doctor"], "CA_DOWN");
    assert!(said.contains("HTML") || said.contains("text/html"), "{said}");
}

/// A certificate that ran out, and one for another name, on Traefik's ports.
#[test]
fn a_certificate_that_ran_out_is_named() {
    let Some(world) = World::new(PROBE) else { return };
    let old = world.authority.leaf(world.folder.path(), &[NAME], [2020, 2021]);
    let stranger = world.authority.leaf(world.folder.path(), &["other.internal.thinkheads.ai"], [2020, 2040]);
    let _https = html_server(&world, "102", "10.0.0.12:443", &stranger);
    let _https_too = html_server(&world, "102", "10.0.0.12:8443", &old);
    let said = named(&world, &["doctor"], "10.0.0.12:8443");
    assert!(said.contains("expired") || said.contains("ran out"), "{said}");
    assert!(said.contains("other.internal.thinkheads.ai"), "{said}");
}

/// Servers that never end, drip, or lead in circles cost their time limit and no more; nobody but them is asked.
#[test]
fn strange_servers_cost_their_limit_and_lead_nowhere() {
    let Some(world) = World::new(PROBE) else { return };
    let firewall = Firewall::new(&world.network, "101");
    world.network.add_address("102", "10.0.0.66/24");
    let redirect = |to: &str| Says::Text(format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"));
    let elsewhere = Responder::start(&world.network, "102", "10.0.0.66:8081", Says::Text(String::new()));
    firewall.count_openings(&[
        ("traefik", "ip daddr 10.0.0.12 tcp dport { 80, 443 }"),
        ("authority", "ip daddr 10.0.0.10 tcp dport 9000"),
        ("zones", "ip daddr { 10.0.0.101, 10.0.0.102, 10.0.0.141, 10.0.0.155 } tcp dport { 80, 443 }"),
    ]);
    for (says, code) in [
        (Says::Endless, ""),
        (Says::Slow, ""),
        (redirect("http://10.0.0.66:8081/"), "REDIRECT_BAD"),
        (redirect("http://traefik.internal.thinkheads.ai/.well-known/acme-challenge/x"), "REDIRECT"),
        (Says::Text("HTTP/1.1 200 OK\r\n".repeat(2000)), ""),
    ] {
        let responder = Responder::start(&world.network, "102", "10.0.0.12:80", says);
        let said = world.zonectl(&["acme", "check", NAME, "--now"]);
        assert!(said.stdout.contains(code), "{code} in {said:?}");
        drop(responder);
    }
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
    assert_eq!(firewall.count("other"), 0, "nothing went anywhere else");
    assert_eq!(world.ask("internal", &format!("{NAME} A")), "NOERROR 10.0.0.12", "it serves on");
}
