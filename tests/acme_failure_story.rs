//! Promise: the failure that Horizon was written for cannot happen unseen. From a wrong zone, which is refused, over a stale line
//! in the CA's hosts file, which is named with machine and line within ten seconds, to a certificate, without a restart.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme_lab;

use acme_lab::{Firewall, LISTEN, Lego, Ran, Responder, Says, World, wait_until};
use std::fs;
use std::time::{Duration, Instant};

const NAME: &str = "traefik.internal.thinkheads.ai";
/// How soon after the CA went to the wrong machine that is said.
const SAID_WITHIN: Duration = Duration::from_secs(10);
/// As the README tells operators to write it into the gateway's nginx.
const TRIPWIRE: &str = "location /.well-known/acme-challenge/ { proxy_pass http://10.0.0.153:8053; proxy_set_header Host $host; \
                        proxy_set_header X-Forwarded-For $remote_addr; }";

/// Shows a command and what it printed; the walk-through of the README is this.
fn shown(world: &World, words: &[&str]) -> Ran {
    let ran = world.zonectl(words);
    println!("$ zonectl {}\n{}{}[exit {}]\n", words.join(" "), ran.stdout, ran.stderr, ran.exit);
    ran
}

/// The state of a challenge of the only name in a status.
fn state<'a>(status: &'a serde_json::Value, challenge: &str) -> &'a str {
    let mut challenges = status["names"][0]["challenges"].as_array().unwrap().iter();
    let found = challenges.find(|one| one["challenge"] == challenge);
    found.and_then(|one| one["state"].as_str()).unwrap_or_else(|| panic!("no {challenge} in {status}"))
}

#[test]
fn the_failure_story_from_start_to_end() {
    let acme = format!(
        "{LISTEN}gate = \"refuse\"\ntrusted_proxies = [\"10.0.0.153\"]\n\n[acme.name.\"{NAME}\"]\nprobe = \"on\"\nchallenges = \
         [\"http-01\", \"dns-01\"]\n"
    );
    let Some(world) = World::new(&acme) else { return };
    let web = world.path("web");
    fs::create_dir(&web).unwrap();
    let traefik = Responder::start(&world.network, "102", "10.0.0.12:80", Says::Tokens(web.clone()));
    let gateway = world.gateway(TRIPWIRE);
    let firewall = Firewall::new(&world.network, "101");
    firewall.count_openings(&[
        ("traefik", "ip daddr 10.0.0.12 tcp dport { 80, 443, 8443 }"),
        ("authority", "ip daddr 10.0.0.10 tcp dport 9000"),
        ("portainer", "ip daddr 10.0.0.101 tcp dport { 80, 443, 9443 }"),
        ("others", "ip daddr { 10.0.0.102, 10.0.0.141, 10.0.0.155 } tcp dport { 80, 443 }"),
    ]);

    // A zone that sends the CA to the gateway is refused, by edit and by file.
    let edit = shown(&world, &["set", &format!("{NAME}."), "A", "10.0.0.153", "--yes"]);
    assert_eq!(edit.exit, 3, "{edit:?}");
    assert!(format!("{}{}", edit.stdout, edit.stderr).contains("CHALLENGE_WAY_BREAKS"), "{edit:?}");
    let zone = world.path("zones/internal/internal.thinkheads.ai.zone");
    let good = fs::read_to_string(&zone).unwrap();
    let line = good.lines().find(|line| line.starts_with("traefik ")).unwrap();
    fs::write(&zone, good.replace(line, "traefik A 10.0.0.153")).unwrap();
    let reload = shown(&world, &["reload", "--wait"]);
    assert_ne!(reload.exit, 0, "{reload:?}");
    assert_eq!(world.ask("103", &format!("{NAME} A")), "NOERROR 10.0.0.12", "the last good state serves");
    fs::write(&zone, &good).unwrap();
    assert_eq!(world.zonectl(&["reload", "--wait"]).exit, 0);

    // All is well as far as this server can see.
    wait_until("the name is seen to be reachable", Duration::from_secs(60), || {
        let (exit, status) = world.zonectl_json(&["acme", "status", NAME]);
        exit == 0 && state(&status, "http-01") == "reachable"
    });
    shown(&world, &["acme", "status"]);

    // The line that nobody remembers.
    world.network.set_hosts("103", &format!("10.0.0.153 {NAME}\n"));
    let lego = Lego::new(&world, &[NAME]).webroot(&web).within(Duration::from_secs(40));
    let order = lego.start();
    let before = gateway.challenges().len();
    wait_until("the CA asks the gateway", Duration::from_secs(30), || gateway.challenges().len() > before);
    let fault = Instant::now();
    let mut status = (0, serde_json::Value::Null);
    wait_until("the bypass is named", SAID_WITHIN, || {
        status = world.zonectl_json(&["acme", "status", NAME]);
        status.1.to_string().contains("HOSTS_BYPASS")
    });
    let said_after = fault.elapsed();
    println!("HOSTS_BYPASS {:.2} s after the CA's request reached the gateway\n", said_after.as_secs_f64());
    assert_eq!(status.0, 3, "{}", status.1);
    let told = shown(&world, &["acme", "explain", NAME]);
    for part in ["HOSTS_BYPASS", "10.0.0.10", "10.0.0.153", "10.0.0.12", "/etc/hosts", "pct exec 103"] {
        assert!(told.stdout.contains(part), "{part} in {}", told.stdout);
    }
    assert!(world.log().contains("HOSTS_BYPASS"), "{}", world.log());
    drop(order);
    assert_eq!(gateway.challenges().len() - before, 1, "the CA asks once: {:?}", gateway.challenges());

    // In the CA's own guest the program names the line.
    let here = world.zonectl_in("103", &["acme", "check", NAME, "--here", "--dns", "10.0.0.153"]);
    println!("103$ zonectl acme check {NAME} --here --dns 10.0.0.153\n{}[exit {}]\n", here.stdout, here.exit);
    assert_eq!(here.exit, 3, "{here:?}");
    assert!(here.stdout.contains("/etc/hosts:2") && here.stdout.contains("HOSTS_BYPASS"), "{here:?}");

    // Our own probe is green all the time, and that does not clear it.
    assert_eq!(world.zonectl_json(&["acme", "status", NAME]).0, 3);

    // The line is deleted; nothing is restarted.
    let (authority, server) = (world.ca.id(), world.horizon_id());
    world.network.set_hosts("103", "");
    let here = world.zonectl_in("103", &["acme", "check", NAME, "--here", "--dns", "10.0.0.153"]);
    assert_eq!(here.exit, 0, "{here:?}");
    wait_until("it issues", Duration::from_secs(60), || {
        let lego = Lego::new(&world, &[NAME]).webroot(&web).within(Duration::from_secs(6));
        let outcome = lego.order();
        outcome.certificate.is_some().then(|| outcome.expect_names(&world.authority.root, &[NAME])).is_some()
    });
    assert_eq!((authority, server), (world.ca.id(), world.horizon_id()), "nothing was restarted");
    wait_until("the status says so", Duration::from_secs(10), || world.zonectl_json(&["acme", "status", NAME]).0 == 0);
    shown(&world, &["acme", "status", NAME]);

    let probes = traefik.seen().iter().filter(|seen| seen.from.ip().to_string() == "10.0.0.153").count();
    let count = |counter| firewall.count(counter);
    println!(
        "{probes} http-01 probes reached 102, in {} connections to its open ports; {} connections to the CA, {} to others",
        count("traefik"),
        count("authority"),
        count("other")
    );
    assert_eq!(firewall.count("other"), 0, "nothing went anywhere else");
}

/// Where no request meets a tripwire, a rehearsal shows that the CA goes elsewhere: it asks this server nothing.
#[test]
fn a_rehearsal_names_a_ca_that_does_not_ask() {
    let Some(world) = World::new("") else { return };
    let words = ["acme", "order", NAME, "--challenge", "http-01"];
    let well = shown(&world, &words);
    assert!(well.stdout.contains("10.0.0.10 asked this server for"), "{well:?}");
    world.network.set_hosts("103", &format!("10.0.0.153 {NAME}\n"));
    let ran = shown(&world, &words);
    assert_eq!(ran.exit, 3, "{ran:?}");
    assert!(ran.stdout.contains("CA_NOT_ASKING"), "{ran:?}");
    let (exit, status) = world.zonectl_json(&["acme", "status", NAME]);
    assert_eq!((exit, state(&status, "http-01")), (3, "contradicted"), "{status}");
}

/// A whole order of the server's own goes by dns-01, past hosts file and firewalls, and the matrix says so.
#[test]
fn a_canary_order_goes_past_the_hosts_file() {
    let Some(world) = World::new("") else { return };
    world.network.set_hosts("103", &format!("10.0.0.153 {NAME}\n"));
    Firewall::new(&world.network, "102").drop_tcp("10.0.0.10", 80);
    let ran = shown(&world, &["acme", "order", NAME, "--canary"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let (_, status) = world.zonectl_json(&["acme", "status", NAME]);
    assert_eq!(state(&status, "dns-01"), "verified", "{status}");
    assert_eq!(world.ask("103", &format!("_acme-challenge.{NAME} TXT")), "NOERROR", "nothing is left behind");
}

/// With `relay = true` the order issues although the CA goes to the wrong machine, and that is said all the same.
#[test]
fn the_relay_lets_the_order_issue_meanwhile() {
    let Some(world) = World::new(&format!("{LISTEN}trusted_proxies = [\"10.0.0.153\"]\nrelay = true\n")) else {
        return;
    };
    let web = world.path("web");
    fs::create_dir(&web).unwrap();
    let traefik = Responder::start(&world.network, "102", "10.0.0.12:80", Says::Tokens(web.clone()));
    let gateway = world.gateway(TRIPWIRE);
    world.network.set_hosts("103", &format!("10.0.0.153 {NAME}\n"));
    let outcome = Lego::new(&world, &[NAME]).webroot(&web).order();
    outcome.expect_names(&world.authority.root, &[NAME]);
    assert_eq!(gateway.challenges().len(), 1, "the CA went to the gateway: {:?}", gateway.challenges());
    let from: Vec<String> = traefik.seen().iter().map(|seen| seen.from.ip().to_string()).collect();
    assert_eq!(from, ["10.0.0.153"], "and the gateway to Traefik");
    let (_, status) = world.zonectl_json(&["acme", "status", NAME]);
    assert_eq!(state(&status, "http-01"), "contradicted", "{status}");
}
