//! Promise: in the worked example, alive with a real step-ca, certificates are issued by every challenge, and the failure that
//! began it all is the failure that it was.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme_lab;

use acme_lab::{Caddy, CaddyCa, Lego, Outcome, Responder, Says, World, wait_until};
use std::fs;
use std::time::Duration;

/// step-ca is healthy and trusted by its own name, and each horizon sees its own addresses.
#[test]
fn the_worked_example_is_alive() {
    let Some(world) = World::new("") else { return };
    let root = world.authority.root.display().to_string();
    let health = world.run(
        "102",
        "curl",
        &["-s", "-m", "5", "--cacert", &root, "https://ca.internal.thinkheads.ai:9000/health"],
    );
    assert_eq!(health.stdout.trim(), r#"{"status":"ok"}"#, "{health:?}");
    let table = [
        ("103", "traefik.internal.thinkheads.ai A", "NOERROR 10.0.0.12"),
        ("internal", "portainer.phoenix.thinkheads.ai A", "NOERROR 10.0.0.101"),
        ("outside", "portainer.phoenix.thinkheads.ai A", "NOERROR 10.0.0.153"),
        ("outside", "traefik.internal.thinkheads.ai A", "REFUSED"),
        ("102", "_acme-challenge.traefik.internal.thinkheads.ai TXT", "NOERROR"),
    ];
    for (guest, question, expected) in table {
        assert_eq!(world.ask(guest, question), expected, "{question} in {guest}");
    }
}

/// http-01 and tls-alpn-01 reach 102, because the CA is told so.
#[test]
fn challenges_of_port_80_and_443_reach_their_guest() {
    let Some(world) = World::new("") else { return };
    let name = "traefik.internal.thinkheads.ai";
    for lego in [Lego::new(&world, &[name]).http(), Lego::new(&world, &[name]).tls()] {
        lego.order().expect_names(&world.authority.root, &[name]);
    }
}

/// Caddy, which answers its challenges itself, gets its certificate by either.
#[test]
fn caddy_gets_its_certificates() {
    let Some(world) = World::new("") else { return };
    for (name, challenge) in [("traefik.internal.thinkheads.ai", "http"), ("qdrant.internal.thinkheads.ai", "tls-alpn")]
    {
        let mut caddy = Caddy::start(&world, name, challenge);
        let outcome = Outcome { certificate: Some(caddy.certificate(name)), said: String::new(), took: Duration::ZERO };
        outcome.expect_names(&world.authority.root, &[name]);
    }
}

/// The same by caddy's own CA.
#[test]
fn a_second_authority_reaches_the_same_guest() {
    let Some(world) = World::new("") else { return };
    let ca = CaddyCa::start(&world);
    let name = "traefik.internal.thinkheads.ai";
    for lego in [Lego::new(&world, &[name]).http(), Lego::new(&world, &[name]).tls()] {
        lego.at(CaddyCa::DIRECTORY, &ca.root).order().expect_names(&ca.root, &[name]);
    }
}

/// A line in the CA's hosts file sends the challenge to the gateway: one request, and no word of why. Without the line it issues,
/// and nothing was restarted.
#[test]
fn a_stale_hosts_line_sends_the_challenge_to_the_gateway() {
    let Some(world) = World::new("") else { return };
    let name = "traefik.internal.thinkheads.ai";
    let gateway = world.gateway("");
    let web = world.path("web");
    fs::create_dir(&web).unwrap();
    let traefik = Responder::start(&world.network, "102", "10.0.0.12:80", Says::Tokens(web.clone()));
    world.network.set_hosts("103", &format!("10.0.0.153 {name}\n"));
    let lego = Lego::new(&world, &[name]).webroot(&web).within(Duration::from_secs(10));
    let outcome = lego.order();
    assert!(outcome.certificate.is_none(), "{}", outcome.said);
    let asked = gateway.challenges();
    assert_eq!(asked.len(), 1, "{asked:?} {}", outcome.said);
    assert!(asked[0].starts_with("10.0.0.10 traefik.internal.thinkheads.ai \"GET "), "{asked:?}");
    assert!(traefik.seen().is_empty(), "{:?}", traefik.seen());
    assert!(!world.ca.said().contains("10.0.0.153"), "step-ca tells now where it went: {}", world.ca.said());
    world.network.set_hosts("103", "");
    // Go reads the file again after five seconds.
    wait_until("the order issues", Duration::from_secs(60), || {
        Lego::new(&world, &[name]).webroot(&web).within(Duration::from_secs(6)).order().certificate.is_some()
    });
    assert!(traefik.seen().iter().all(|seen| seen.host == name && seen.from.ip().to_string() == "10.0.0.10"));
}
