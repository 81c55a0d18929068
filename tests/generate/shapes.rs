//! The same fact in its different shapes: the inventory's files changed over time, and each shape is read.

use crate::scene::{Scene, coded, guest, tells};
use horizon_dns::inventory::{self, Action, Direction, Inventory, Peers};
use serde_json::{Value, json};

fn read(scene: &Scene) -> Inventory {
    let settings = scene.write();
    let (inventory, findings) = inventory::read(settings.inventory.as_ref().unwrap());
    assert!(inventory.complete, "{findings:#?}");
    inventory
}

/// Addresses with and without a length, of both families, by DHCP, or missing.
#[test]
fn addresses_are_read_in_every_shape() {
    let table = [
        (json!({"ip": "10.0.0.9/24"}), "10.0.0.9 in 10.0.0.0/24"),
        (json!({"ip": "10.0.0.9"}), "10.0.0.9 in 10.0.0.9/32"),
        (json!({"ip": "fd00::9/64"}), "fd00::9 in fd00::/64"),
        (json!({"ip": "10.0.0.9/24", "ip6": "fd00::9/64"}), "10.0.0.9 in 10.0.0.0/24, fd00::9 in fd00::/64"),
        (json!({"ip": "dhcp"}), "dynamic"),
        (json!({"ip": "DHCP", "ip6": "auto"}), "dynamic dynamic"),
        (json!({"ip": null}), ""),
        (json!({}), ""),
        (Value::Null, ""),
    ];
    for (network, expected) in table {
        let mut scene = Scene::new();
        scene.container("300", json!({"name": "x", "network_config": network}));
        let inventory = read(&scene);
        let guest = inventory.guests.iter().find(|guest| guest.id.to_string() == "lxc/300").unwrap();
        let fixed: Vec<String> =
            guest.addresses.iter().map(|own| format!("{} in {}", own.address, own.network)).collect();
        let seen = format!("{}{}", fixed.join(", "), vec!["dynamic"; guest.dynamic.len()].join(" "));
        assert_eq!(seen, expected, "{network}");
    }
}

/// Ids as numbers and strings; stacks as names and objects, mixed; interfaces as one or several.
#[test]
fn ids_stacks_and_interfaces_are_read_in_every_shape() {
    let mut scene = Scene::new();
    scene.machines = json!({"vms": [
        {"vmid": 7, "name": "a", "docker_stacks": ["one", {"name": "two", "environment": "testing"}, {"name": "one"}]},
        {"vmid": "8", "name": "b", "docker_stacks": []},
    ]});
    scene.hypervisor["network"]["interfaces"] =
        json!([{"address": "10.0.0.13/24"}, {"address": "10.5.0.1/16"}, {"name": "bare"}]);
    scene.hypervisor["network"]["internal_bridge"] = json!({"name": "vmbr100", "subnet": "172.16.100.0/24"});
    let inventory = read(&scene);
    let machines: Vec<String> =
        inventory.guests.iter().map(|guest| guest.id.to_string()).filter(|id| id.starts_with("vm")).collect();
    assert_eq!(machines, ["vm/7", "vm/8"]);
    let a = inventory.guests.iter().find(|guest| guest.name == "a").unwrap();
    let stacks: Vec<_> = a.stacks.iter().map(|stack| (stack.name.as_str(), stack.environment.as_deref())).collect();
    assert_eq!(stacks, [("one", None), ("two", Some("testing")), ("one", None)]);
    let networks: Vec<String> = inventory.networks.iter().map(|network| network.prefix.to_string()).collect();
    assert_eq!(networks, ["10.0.0.0/24", "10.5.0.0/16", "172.16.100.0/24"]);
}

/// Which environment of a stack counts: the one named, else `production`, else `prod`, else the only one.
#[test]
fn one_environment_of_a_stack_counts() {
    let environment = |host: &str| json!({"services": {"s": {"traefik_labels": [format!("traefik.http.routers.r.rule=Host(`{host}.example.org`)")]}}});
    let stack = |names: &[&str]| -> Value {
        let entries = names.iter().map(|name| ((*name).to_owned(), environment(name)));
        json!({"environments": entries.collect::<serde_json::Map<_, _>>()})
    };
    let table = [
        (json!("shop"), stack(&["testing", "production", "prod"]), "production"),
        (json!("shop"), stack(&["testing", "prod"]), "prod"),
        (json!("shop"), stack(&["only"]), "only"),
        (json!("shop"), stack(&["testing", "staging"]), "-"),
        (json!({"name": "shop", "environment": "testing"}), stack(&["testing", "production"]), "testing"),
        (json!({"name": "shop", "environment": "lost"}), stack(&["production"]), "-"),
        (json!({"name": "shop"}), stack(&["testing", "production"]), "production"),
    ];
    for (entry, stack, expected) in table {
        let mut scene = Scene::new();
        scene.machines["vms"][0]["docker_stacks"] = json!([entry]);
        scene.stacks = vec![("shop", stack)];
        let findings = scene.generate();
        let zone = scene.zone("external", "example.org");
        let published: Vec<&str> = zone
            .lines()
            .filter(|line| line.contains("from stack/"))
            .filter_map(|line| line.split(' ').next())
            .collect();
        let seen = if published.is_empty() { "-".to_owned() } else { published.join(" ") };
        assert_eq!(seen, expected, "{entry}");
        assert_eq!(tells(&findings, "STACK_ENVIRONMENT", "shop"), expected == "-", "{entry}");
    }
}

/// The global firewall in its old place, its new one, and both; rules typed, with ports and peers.
#[test]
fn firewalls_are_read_in_either_place() {
    let rule = json!({"type": "in", "action": "ACCEPT", "source": "10.0.0.12, 10.0.1.0/24", "proto": "TCP", "port": "80,8000:8010"});
    let odd = json!({"type": "out", "action": "drop", "dest": "+trusted", "port": 53});
    let mut scene = Scene::new();
    scene.hypervisor["shared_volumes"] =
        json!({"firewall": {"enabled": true, "default_input_policy": "DROP", "global_firewall_rules": [rule]}});
    let old = read(&scene).firewall;
    assert_eq!((old.enabled, old.input_policy.as_deref(), old.rules.len()), (true, Some("DROP"), 1));
    assert_eq!(old.rules[0].ports, [80..=80, 8000..=8010]);
    assert_eq!(old.rules[0].protocol.as_deref(), Some("tcp"));
    assert_eq!(old.rules[0].source.holds("10.0.1.9".parse().unwrap()), Some(true));
    assert_eq!(old.rules[0].source.holds("10.0.2.9".parse().unwrap()), Some(false));
    scene.hypervisor["firewall"] = json!({"enabled": false, "global_firewall_rules": [odd]});
    let both = read(&scene).firewall;
    assert_eq!((both.enabled, both.rules.len()), (false, 2));
    assert_eq!((both.rules[0].direction, both.rules[0].action), (Direction::Out, Action::Drop));
    assert_eq!(both.rules[0].destination, Peers::Named("+trusted".to_owned()));
    scene.container("300", guest("x", "10.0.0.30/24", &[])).set(
        "300",
        "firewall",
        json!({"rules": [{"type": "up"}, {"type": "in"}, 3]}),
    );
    let settings = scene.write();
    let (inventory, findings) = inventory::read(settings.inventory.as_ref().unwrap());
    assert!(inventory.complete, "no name hangs on a firewall rule");
    assert_eq!(findings.len(), 3, "{findings:#?}");
    assert!(findings.iter().all(|finding| !finding.refuses
        && finding.places[0].pointer.as_deref().unwrap().starts_with("/lxc_configs/300/firewall/rules/")));
}

/// A stack that nobody has on the disk, and one that nobody runs.
#[test]
fn stacks_and_their_files_may_differ() {
    let mut scene = Scene::new();
    scene.machines["vms"][0]["docker_stacks"] = json!(["lost"]);
    let labels = json!({"traefik_labels": {"traefik.http.routers.r.rule": "Host(`idle.example.org`)"}});
    scene.stacks = vec![("idle", json!({"environments": {"production": {"services": {"s": labels}}}}))];
    let findings = scene.generate();
    assert!(tells(&findings, "STACK_MISSING", "lost"));
    assert_eq!(scene.addresses("internal", "example.org", "idle"), "-");
    scene.machines["vms"][0]["docker_stacks"] = json!(["idle"]);
    let findings = scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "idle"), "10.0.0.12");
    assert!(coded(&findings, "STACK_MISSING").is_empty());
    scene.stacks[0].1["environments"]["production"]["services"]["s"]["traefik_labels"]["traefik.enable"] =
        json!("false");
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "idle"), "-");
}

/// Labels in an array or an object, in any case, switched off by text or truth value.
#[test]
fn labels_are_read_in_every_shape() {
    let rule = "Host(`a.example.org`)";
    let table = [
        (json!([format!("traefik.http.routers.r.rule={rule}")]), "10.0.0.12"),
        (json!([format!("Traefik.HTTP.Routers.r.Rule={rule}")]), "10.0.0.12"),
        (json!({"traefik.http.routers.r.rule": rule, "traefik.enable": true, "traefik.port": 80}), "10.0.0.12"),
        (json!({"traefik.http.routers.r.rule": rule, "traefik.enable": false}), "-"),
        (json!([format!("traefik.http.routers.r.rule={rule}"), "Traefik.Enable=False"]), "-"),
        (json!([format!("traefik.http.routers.r.rule={rule} or Host(`b.example.org`)")]), "10.0.0.12"),
        (json!({}), "-"),
        (json!([]), "-"),
    ];
    for (labels, expected) in table {
        let mut scene = Scene::new();
        scene.machines["vms"][0]["docker_stacks"] = json!(["shop"]);
        let services = json!({"s": {"traefik_labels": labels}});
        scene.stacks = vec![("shop", json!({"environments": {"production": {"services": services}}}))];
        let findings = scene.generate();
        assert_eq!(scene.addresses("internal", "example.org", "a"), expected, "{labels}");
        assert_eq!(tells(&findings, "RULE_SYNTAX", "r"), labels.to_string().contains(" or "), "{labels}");
    }
}
