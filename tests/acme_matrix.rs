//! Promise: the matrix of `zonectl acme status` is true. With the inventory's own rules loaded into the guests' firewalls, http-01
//! issues for exactly those names that it does not call blocked.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme_lab;

use acme_lab::{Firewall, Lego, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// step-ca waits half a minute for a packet that a firewall dropped; an order that goes well takes a second.
const PATIENCE: Duration = Duration::from_secs(8);

/// Guests by address: those of the network, and the two machines behind it.
const GUESTS: [(&str, &str); 5] =
    [("10.0.0.153", "101"), ("10.0.0.12", "102"), ("10.0.0.10", "103"), ("10.0.0.101", "1001"), ("10.0.0.102", "1002")];

#[test]
fn the_matrix_of_the_worked_example_is_true() {
    let Some(world) = World::new("") else { return };
    world.network.add("1001", "10.0.0.101/24");
    world.network.add("1002", "10.0.0.102/24");
    let read = |file: &str| -> Value {
        serde_json::from_slice(&fs::read(world.path("zones/phoenix/etc").join(file)).unwrap()).unwrap()
    };
    let hypervisor = read("phoenix_hypervisor_config.json");
    let (containers, machines) = (read("phoenix_lxc_configs.json"), read("phoenix_vm_configs.json"));
    let global = hypervisor["firewall"]["global_firewall_rules"].as_array().unwrap();
    for (_, guest) in GUESTS {
        let machine = machines["vms"].as_array().unwrap().iter().find(|vm| vm["vmid"].as_u64() == guest.parse().ok());
        let config = machine.unwrap_or(&containers["lxc_configs"][guest]);
        let own = config["firewall"]["rules"].as_array().unwrap();
        Firewall::new(&world.network, guest).load_inventory(&own.iter().chain(global).collect::<Vec<_>>());
    }
    let (_, status) = world.zonectl_json(&["acme", "status"]);
    let mut by_guest: BTreeMap<&str, Vec<(String, bool)>> = BTreeMap::new();
    for entry in status["names"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let http = entry["challenges"].as_array().unwrap().iter().find(|one| one["challenge"] == "http-01").unwrap();
        let state = http["state"].as_str().unwrap();
        if name.starts_with("*.") {
            assert_eq!(state, "not-applicable", "{name}");
            continue;
        }
        let answer = world.ask("103", &format!("{name} A"));
        let (_, guest) = GUESTS.iter().find(|(address, _)| answer == format!("NOERROR {address}")).unwrap();
        by_guest.entry(guest).or_default().push((name.to_owned(), state != "blocked"));
    }
    let told: Vec<bool> = by_guest.values().flatten().map(|(_, open)| *open).collect();
    assert!(told.len() == 7 && told.contains(&true) && told.contains(&false), "{by_guest:?}");
    std::thread::scope(|scope| {
        for (guest, names) in &by_guest {
            let world = &world;
            scope.spawn(move || {
                for (name, open) in names {
                    let outcome = Lego::new(world, &[name]).http_in(guest).within(PATIENCE).order();
                    println!("{name} in {guest}: told {open}, issued {}", outcome.certificate.is_some());
                    assert_eq!(outcome.certificate.is_some(), *open, "{name} in {guest}: {}", outcome.said);
                }
            });
        }
    });
}
