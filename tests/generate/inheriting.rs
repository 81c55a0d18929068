//! Horizons that inherit: what they claim themselves hides what they inherit, so they claim only what they are told to.

use crate::scene::{SETTINGS, Scene, guest};
use serde_json::json;

/// A service that `internal` reaches through Traefik, and further horizons before `external`.
fn scene(horizons: &str, routes: &str) -> Scene {
    let mut scene = Scene::new();
    let db = guest("db01", "10.0.0.40/24", &[]);
    scene.container("110", db).set("110", "traefik_service", json!({"name": "db", "port": 5432}));
    scene.settings = SETTINGS
        .replace("[inventory]", &format!("{horizons}\n[inventory]"))
        .replace("internal = { service = \"direct\"", "internal = { service = \"traefik\"")
        + routes;
    scene
}

/// A horizon without routes of its own takes every name from the one it inherits, and has no zone that could hide one.
#[test]
fn a_horizon_that_inherits_and_has_no_routes_claims_nothing() {
    let proxy = "[[horizon]]\nname = \"proxy\"\nclients = [\"10.0.0.12/32\"]\ninherits = \"internal\"\n\
                 [[horizon]]\nname = \"ca\"\nclients = [\"10.0.0.10/32\"]\ninherits = \"proxy\"\n";
    let mut scene = scene(proxy, "");
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "db"), "10.0.0.12");
    assert!(!scene.root().join("zones/proxy").exists() && !scene.root().join("zones/ca").exists());

    scene.settings += "[routes.name.\"db.example.org\"]\nproxy = \"direct\"\n";
    scene.generate();
    let zone = scene.zone("proxy", "example.org");
    assert_eq!(scene.addresses("proxy", "example.org", "db"), "10.0.0.40", "a name that it is told to claim");
    assert_eq!(zone.lines().filter(|line| line.contains("; from lxc/")).count(), 1, "and no other: {zone}");
    assert_eq!(scene.zone("proxy", "0.0.10.in-addr.arpa"), "", "addresses keep the names that they have outside of it");
    assert!(!scene.root().join("zones/ca").exists());
    assert!(scene.plan().0.is_empty());
}

/// Where the outer horizon says nothing of the inside, or routes are written, the horizon claims as others do.
#[test]
fn a_horizon_with_routes_or_other_clients_claims_for_itself() {
    let over =
        |outer: &str| format!("[[horizon]]\nname = \"proxy\"\nclients = [\"10.0.0.12/32\"]\ninherits = \"{outer}\"\n");
    let table = [
        ("it inherits from a public horizon", over("external"), "", "10.0.0.40"),
        ("an entry of its own, even an empty one", over("internal"), "proxy = {}\n", "10.0.0.40"),
        ("its entry says how", over("internal"), "proxy = { service = \"gateway\" }\n", "10.0.0.153"),
        ("it inherits from nobody", over("internal").replace("inherits", "# inherits"), "", "10.0.0.40"),
    ];
    for (why, horizons, routes, expected) in table {
        let scene = scene(&horizons, routes);
        scene.generate();
        assert_eq!(scene.addresses("proxy", "example.org", "db"), expected, "{why}");
    }
}
