//! Promise: whatever is wrong between a name and its certificate is named: a firewall, a CA that is down or another, a
//! certificate that ran out, servers that are none; in bounded time, and nobody else is asked.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme_lab;

use acme_lab::{Authority, Firewall, Process, Responder, Says, World, ZONE, wait_until};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const NAME: &str = "traefik.internal.thinkheads.ai";
const PROBE: &str = "[acme.name.\"traefik.internal.thinkheads.ai\"]\nprobe = \"on\"\nchallenges = [\"http-01\"]\n";
/// A probe that runs into a closed door takes five seconds, and its start is spread.
const SAID_WITHIN: Duration = Duration::from_secs(30);

/// Waits until a command names this code; gives all that it said.
fn named(world: &World, words: &[&str], code: &str) -> String {
    let mut said;
    let since = Instant::now();
    loop {
        let ran = world.zonectl(words);
        said = format!("{}{}", ran.stdout, ran.stderr);
        if said.contains(code) && ran.exit == 3 {
            println!("{code} named by {words:?} after {:.1} s", since.elapsed().as_secs_f64());
            return said;
        }
        assert!(since.elapsed() < SAID_WITHIN, "{words:?} does not name {code} (exit {}): {said}", ran.exit);
    }
}

/// A TLS server of openssl that says a page of HTML to whoever asks.
fn html_server(
    world: &World,
    guest: &str,
    address: &str,
    (certificate, key): &(impl AsRef<Path>, impl AsRef<Path>),
) -> Process {
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
    let said = named(&world, &["acme", "status", NAME], "PORT_TIMEOUT");
    assert!(said.contains("unreachable"), "{said}");
    let why = world.zonectl(&["acme", "explain", NAME]);
    assert!(why.stdout.contains("10.0.0.12:80") && why.stdout.contains("firewall"), "{why:?}");
    let guests = world.path("zones/phoenix/etc/phoenix_lxc_configs.json");
    let text = fs::read_to_string(&guests).unwrap();
    let rule = text.lines().find(|line| line.contains("The CA asks for challenges")).unwrap();
    let without = text.replace(rule, "").replace(
        r#""source": "10.0.0.0/24", "proto": "tcp", "port": "80,443,8443""#,
        r#""source": "10.0.0.153", "proto": "tcp", "port": "80,443,8443""#,
    );
    fs::write(&guests, without).unwrap();
    world.zonectl(&["reload", "--wait"]);
    let said = named(&world, &["acme", "check", NAME], "FIREWALL_BLOCKS");
    assert!(said.contains("10.0.0.10") && said.contains("80"), "{said}");
}

/// A CA with another root than the one that is pinned, one that is away, and something else in its place.
#[test]
fn a_ca_that_is_not_the_ca_is_named() {
    let Some(mut world) = World::new(PROBE) else { return };
    let text = fs::read_to_string(world.path("horizon.toml")).unwrap();
    let other = text.replace(&world.authority.fingerprint, &"ab".repeat(32));
    fs::write(world.path("horizon.toml"), &other).unwrap();
    world.zonectl(&["reload", "--wait"]);
    named(&world, &["doctor"], "CA_ROOT_DIFFERS");
    fs::create_dir(world.path("other")).unwrap();
    let stranger = Authority::new(&world.path("other"));
    let roots = |authority: &Authority| format!("{}", authority.root.display());
    let strange = text.replace(&world.authority.fingerprint, &stranger.fingerprint);
    fs::write(world.path("horizon.toml"), strange.replace(&roots(&world.authority), &roots(&stranger))).unwrap();
    world.zonectl(&["reload", "--wait"]);
    named(&world, &["doctor"], "CA_UNTRUSTED");
    fs::write(world.path("horizon.toml"), &text).unwrap();
    world.zonectl(&["reload", "--wait"]);
    world.ca.stop();
    named(&world, &["doctor"], "CA_DOWN");
    let pair = world.authority.leaf(world.folder.path(), &["ca.internal.thinkheads.ai"], [2020, 2040]);
    let _html = html_server(&world, "103", "10.0.0.10:9000", &pair);
    let said = named(&world, &["doctor"], "DIRECTORY_BAD");
    assert!(said.contains("no JSON: <HTML>"), "{said}");
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

/// Servers that never end, drip, flood, or lead in circles cost their time limit and no more; nobody but them is asked.
#[test]
fn strange_servers_cost_their_limit_and_lead_nowhere() {
    let redirect = |to: &str| Says::Text(format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"));
    let kinds = [
        ("endless", Says::Endless, "HTTP_STATUS"),
        ("slow", Says::Slow, "SLOW_ANSWER"),
        ("elsewhere", redirect("http://10.0.0.66:8081/"), "REDIRECT_BAD"),
        ("circle", redirect("http://circle.internal.thinkheads.ai/.well-known/acme-challenge/x"), "REDIRECT"),
        ("flood", Says::Text("HTTP/1.1 200 OK\r\n".repeat(20_000)), ""),
    ];
    let names: Vec<String> = kinds.iter().map(|(label, ..)| format!("{label}.{ZONE}")).collect();
    let Some(world) = World::new("") else { return };
    let mut acme = format!("names = {names:?}\n");
    for (at, name) in names.iter().enumerate() {
        world.network.add_address("102", &format!("10.0.0.{}/24", 60 + at));
        world.edit(&["set", &format!("{name}."), "A", &format!("10.0.0.{}", 60 + at), "--horizon", "internal"]);
        acme.push_str(&format!(
            "[acme.name.\"{name}\"]\nprobe = \"on\"\nchallenges = [\"http-01\"]\ntargets = [\"10.0.0.{}\"]\n",
            60 + at
        ));
    }
    world.network.add_address("102", "10.0.0.66/24");
    let elsewhere = Responder::start(&world.network, "102", "10.0.0.66:8081", Says::Text(String::new()));
    let responders: Vec<Responder> = kinds
        .iter()
        .enumerate()
        .map(|(at, (_, says, _))| {
            Responder::start(&world.network, "102", &format!("10.0.0.{}:80", 60 + at), says.clone())
        })
        .collect();
    let firewall = Firewall::new(&world.network, "101");
    firewall.count_openings(&[
        ("strange", "ip daddr 10.0.0.60-10.0.0.64 tcp dport 80"),
        ("authority", "ip daddr 10.0.0.10 tcp dport 9000"),
    ]);
    let before = memory(&world);
    world.configure(&acme);
    let reload = world.zonectl(&["reload", "--wait"]);
    assert_eq!(reload.exit, 0, "{reload:?}");
    let since = Instant::now();
    // The first probes are spread over ten seconds for each name.
    for (name, (label, _, code)) in names.iter().zip(&kinds) {
        wait_until(&format!("{label} is judged"), Duration::from_secs(120), || {
            let (_, status) = world.zonectl_json(&["acme", "status", name]);
            !["plausible", "unknown"].contains(&status["names"][0]["state"].as_str().unwrap())
        });
        let said = world.zonectl(&["acme", "explain", name]);
        println!("{label}: {:.1} s\n{}", since.elapsed().as_secs_f64(), said.stdout);
        assert!(said.stdout.contains(code), "{label}: no {code} in {}", said.stdout);
    }
    for ((label, ..), responder) in kinds.iter().zip(&responders) {
        assert_eq!(responder.seen().len(), 1, "a probe of {label} is one request: {:?}", responder.seen());
    }
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
    assert_eq!(firewall.count("strange"), 5, "one connection each");
    assert_eq!(firewall.count("other"), 0, "nothing went anywhere else");
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < 16 << 10, "{grown} KiB more than before");
    assert_eq!(world.ask("internal", &format!("{NAME} A")), "NOERROR 10.0.0.12", "it serves on");
}

/// KiB of memory that Horizon holds.
fn memory(world: &World) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", world.horizon_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
