//! Horizons, routes and precedence: which address each client gets, on small inventories.

use crate::scene::{SETTINGS, Scene, coded, guest, machine, tells};
use serde_json::json;

fn stack(rule: &str) -> serde_json::Value {
    let label = format!("traefik.http.routers.web.rule={rule}");
    json!({"environments": {"production": {"services": {"web": {"traefik_labels": [label]}}}}})
}

/// A scene with a stack on the machine, and a service on a container.
fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.machines["vms"][0]["docker_stacks"] = json!(["shop"]);
    scene.stacks.push(("shop", stack("Host(`shop.example.org`)")));
    scene.container("110", guest("db01", "10.0.0.40/24", &[])).set(
        "110",
        "traefik_service",
        json!({"name": "db", "port": 5432}),
    );
    scene
}

/// Each kind of name takes the route of its horizon; more horizons have routes of their own.
#[test]
fn every_horizon_has_its_own_addresses() {
    let mut scene = scene();
    scene.settings = SETTINGS.replace(
        "[inventory]",
        "[[horizon]]\nname = \"proxy\"\nclients = [\"10.0.0.12/32\"]\n[[horizon]]\nname = \"ca\"\nclients = [\"10.0.0.10/32\"]\n[inventory]",
    ) + "proxy = { service = \"direct\", guest = \"none\", stack = \"direct\" }\n\
         ca = { service = \"gateway\", guest = \"direct\", stack = \"none\" }\n\
         [routes.name.\"*.example.org\"]\nca = \"traefik\"\n[routes.name.\"db01.example.org\"]\nca = \"none\"\n";
    scene.generate();
    let table = [
        ("internal", "db", "10.0.0.40"),
        ("internal", "db01", "10.0.0.40"),
        ("internal", "shop", "10.0.0.12"),
        ("external", "db", "-"),
        ("external", "shop", "10.0.0.153"),
        ("external", "worker", "-"),
        ("proxy", "db", "10.0.0.40"),
        ("proxy", "db01", "-"),
        ("proxy", "shop", "10.0.0.102"),
        ("ca", "db", "10.0.0.12"),
        ("ca", "db01", "-"),
        ("ca", "shop", "10.0.0.12"),
    ];
    for (horizon, owner, expected) in table {
        assert_eq!(scene.addresses(horizon, "example.org", owner), expected, "{owner} in {horizon}");
    }
}

/// The kinds of claim go before each other; what lost with other data is shown, once for all horizons.
#[test]
fn a_stronger_kind_goes_first_and_says_so() {
    let mut scene = scene();
    scene.set("110", "traefik_service", json!({"name": "shop", "port": 80}));
    let findings = scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "shop"), "10.0.0.40");
    assert_eq!(scene.addresses("external", "example.org", "shop"), "10.0.0.153", "the service is not there outside");
    let shadowed = coded(&findings, "SHADOWED");
    assert_eq!(shadowed.len(), 1);
    assert_eq!(shadowed[0].places.len(), 2);
    scene.machines["vms"][0]["dns_records"] = json!([{"hostname": "shop.example.org", "ip": "10.0.0.77"}]);
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "shop"), "10.0.0.77");
}

/// Two guests that claim one name: neither is published, what stood there stays, everything else goes on.
#[test]
fn a_conflict_is_decided_by_nobody_but_the_operator() {
    let mut scene = scene();
    scene.generate();
    scene.container("111", guest("db02", "10.0.0.41/24", &[])).set("111", "traefik_service", json!({"name": "db"}));
    let findings = scene.generate();
    let conflict = coded(&findings, "CONFLICT");
    assert_eq!((conflict.len(), conflict[0].places.len(), conflict[0].refuses), (1, 2, false));
    for side in ["lxc/110 traefik_service (10.0.0.40)", "lxc/111 traefik_service (10.0.0.41)"] {
        assert!(conflict[0].what.contains(side), "{}", conflict[0].what);
    }
    assert_eq!(scene.addresses("internal", "example.org", "db"), "10.0.0.40", "as before");
    assert_eq!(scene.addresses("internal", "example.org", "db02"), "10.0.0.41", "everything else goes on");
    let decided = |route: &str| format!("{SETTINGS}[routes.name.\"db.example.org\"]\ninternal = \"{route}\"\n");
    let table = [
        ("traefik", "10.0.0.12", false),
        ("gateway", "10.0.0.153", false),
        ("none", "-", false),
        // Neither guest is called db: which of them is meant stays open.
        ("direct", "-", true),
    ];
    for (route, expected, open) in table {
        scene.settings = decided(route);
        let findings = scene.generate();
        assert_eq!(scene.addresses("internal", "example.org", "db"), expected, "{route}");
        assert_eq!(!coded(&findings, "CONFLICT").is_empty(), open, "{route}");
    }
    scene.set("111", "name", json!("db"));
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "db"), "10.0.0.41", "the guest of that name is meant");
}

/// A record that a person writes decides a conflict too.
#[test]
fn a_persons_record_decides_a_conflict() {
    let mut scene = scene();
    scene.container("111", guest("db02", "10.0.0.41/24", &[])).set("111", "traefik_service", json!({"name": "db"}));
    assert_eq!(coded(&scene.generate(), "CONFLICT").len(), 1);
    assert_eq!(scene.addresses("internal", "example.org", "db"), "-");
    scene.edit("internal", "example.org", |zone| zone + "db A 10.0.0.41\n");
    assert!(coded(&scene.generate(), "CONFLICT").is_empty());
    assert_eq!(scene.addresses("internal", "example.org", "db"), "10.0.0.41");
}

/// A private zone is told outside only where somebody says so for that name.
#[test]
fn a_private_zone_stays_inside() {
    let mut scene = scene();
    for domain in ["internal.example.org", "example.lan", "home.arpa"] {
        scene.hypervisor["domain_name"] = json!(domain);
        let zone = format!("shop.{domain}");
        scene.stacks = vec![("shop", stack(&format!("Host(`{zone}`)")))];
        let findings = scene.generate();
        assert!(tells(&findings, "PRIVATE_ZONE", domain), "{domain}");
        assert!(!scene.zone_path("external", domain).exists(), "{domain}");
        scene.settings = format!("{SETTINGS}[routes.name.\"{zone}\"]\nexternal = \"gateway\"\n");
        scene.generate();
        assert_eq!(scene.addresses("external", domain, "shop"), "10.0.0.153", "{domain}");
        SETTINGS.clone_into(&mut scene.settings);
    }
}

/// A private address outside refuses the load unless the horizon lists it.
#[test]
fn a_private_address_is_not_published_outside() {
    let mut scene = scene();
    scene.settings = SETTINGS.replace("private_addresses = [\"10.0.0.153/32\"]\n", "");
    let (plan, _) = scene.plan();
    assert!(plan.refused());
    let found = coded(&plan.findings, "PRIVATE_ADDRESS_PUBLISHED");
    assert!(found[0].refuses && found[0].remedy.contains("private_addresses = [\"10.0.0.153/32\"]"), "{}", found[0]);
    assert!(!scene.zone_path("internal", "example.org").exists());
}

/// The CA's name leads to the CA from everywhere inside, and a route that says otherwise refuses the load.
#[test]
fn the_cas_name_leads_to_the_ca() {
    let mut scene = scene();
    scene.hypervisor["step_ca"] = json!({"dns_name": "ca.example.org"});
    let findings = scene.generate();
    assert!(tells(&findings, "CA_NAME_NOT_AT_CA", "ca.example.org"), "nothing publishes it: {findings:#?}");
    scene.set("103", "traefik_service", json!({"name": "ca", "port": 9000}));
    assert!(coded(&scene.generate(), "CA_NAME_NOT_AT_CA").is_empty());
    assert_eq!(scene.addresses("internal", "example.org", "ca"), "10.0.0.10");
    scene.settings = SETTINGS.replace("service = \"direct\"", "service = \"traefik\"");
    let findings = scene.generate();
    assert_eq!(
        scene.addresses("internal", "example.org", "ca"),
        "10.0.0.10",
        "a route for all services does not move it"
    );
    assert!(coded(&findings, "CA_NAME_NOT_AT_CA").iter().all(|finding| !finding.refuses));
    assert_eq!(coded(&findings, "CA_NAME_NOT_AT_CA").len(), 1);
    scene.settings = format!("{SETTINGS}[routes.name.\"ca.example.org\"]\ninternal = \"traefik\"\n");
    let (plan, _) = scene.plan();
    assert!(plan.refused());
    assert!(coded(&plan.findings, "CA_NAME_NOT_AT_CA")[0].what.contains("10.0.0.12 (lxc/102)"));
    SETTINGS.clone_into(&mut scene.settings);
    scene.edit("internal", "example.org", |zone| zone + "ca A 10.0.0.12\n");
    assert!(scene.plan().0.refused(), "nor may a person's record lead it away");
    scene.edit("internal", "example.org", |zone| zone.replace("ca A 10.0.0.12\n", "ca CNAME proxy\n"));
    assert!(scene.plan().0.refused(), "nor a person's alias");
    scene.edit("internal", "example.org", |zone| zone.replace("ca CNAME proxy\n", "ca CNAME stepca\n"));
    scene.generate();
}

/// Roles are found by facts, whatever the guests are called, and it is said when they cannot be.
#[test]
fn roles_are_found_by_facts() {
    let mut scene = scene();
    scene.set("102", "features", json!([])).set("102", "name", json!("box-7"));
    let findings = scene.generate();
    assert!(tells(&findings, "ROLE_UNKNOWN", "traefik"));
    assert_eq!(scene.addresses("internal", "example.org", "shop"), "-");
    assert_eq!(scene.addresses("external", "example.org", "shop"), "10.0.0.153");
    scene.set("102", "application_script", json!("install_traefik.sh"));
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "shop"), "10.0.0.12");
    scene.container("120", guest("other", "10.0.0.50/24", &["traefik"]));
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "shop"), "10.0.0.50", "a feature is stronger than a script");
    scene.set("102", "features", json!(["traefik"])).set("102", "application_script", json!(""));
    let findings = scene.generate();
    assert!(tells(&findings, "ROLE_AMBIGUOUS", "traefik"));
    assert_eq!(scene.addresses("internal", "example.org", "shop"), "10.0.0.50", "as before");
    scene.set("101", "features", json!([])).set("101", "name", json!("lxc-one"));
    scene.generate();
    assert_eq!(scene.addresses("external", "example.org", "shop"), "10.0.0.153", "Horizon itself listens there");
}

/// Of two addresses a client gets the one on its own network; IPv6 has its AAAA and its reverse zone.
#[test]
fn clients_get_the_address_near_them() {
    let mut scene = scene();
    scene.settings = SETTINGS.replace("\"172.16.100.0/24\", ", "").replace(
        "[inventory]",
        "[[horizon]]\nname = \"mesh\"\nclients = [\"172.16.100.0/24\", \"fd00:5::/64\"]\n[inventory]",
    );
    scene.hypervisor["network"]["internal_bridge"] = json!({"subnet": "172.16.100.0/24"});
    scene.hypervisor["network"]["six"] = json!({"subnet": "fd00:5::/64"});
    scene.container(
        "130",
        json!({"name": "both", "network_config": {"ip": "10.0.0.60/24"},
               "secondary_network_config": {"ip": "172.16.100.60/24", "ip6": "fd00:5::60/64"}}),
    );
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "both"), "10.0.0.60 fd00:5::60");
    assert_eq!(scene.addresses("mesh", "example.org", "both"), "172.16.100.60 fd00:5::60");
    let reverse = scene.zone("mesh", "0.0.0.0.0.0.0.0.5.0.0.0.0.0.d.f.ip6.arpa");
    assert!(reverse.contains("PTR  both.example.org."), "{reverse}");
    assert!(scene.zone("mesh", "100.16.172.in-addr.arpa").contains("60  PTR  both.example.org."));
}

/// A template gives no names, unless somebody asks for one by name.
#[test]
fn templates_are_left_out() {
    let mut scene = scene();
    scene.container("900", guest("base", "10.0.0.90/24", &[])).set("900", "template_snapshot_name", json!("clean"));
    scene.container("901", guest("gold", "dhcp", &[])).set("901", "is_template", json!(true));
    let findings = scene.generate();
    assert_eq!(coded(&findings, "TEMPLATE_LEFT_OUT").len(), 2);
    assert!(coded(&findings, "NO_ADDRESS").is_empty());
    assert_eq!(scene.addresses("internal", "example.org", "base"), "-");
    scene.settings = format!("{SETTINGS}[routes.name.\"base.example.org\"]\ninternal = \"direct\"\n");
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "base"), "10.0.0.90");
}

/// Names that are none are left out one by one; only case is forgiven.
#[test]
fn bad_names_are_left_out() {
    let mut scene = scene();
    let table = [("200", "Loud-Name", true), ("201", "under_score", false), ("202", "two words", false)];
    let more = [("203", "dot.", false), ("204", "caf\u{e9}", false), ("205", "-edge", false), ("206", "a;b\nc", false)];
    for (id, name, _) in table.iter().chain(&more) {
        scene.container(id, guest(name, &format!("10.0.0.{id}/24"), &[]));
    }
    let findings = scene.generate();
    for (_, name, good) in table.iter().chain(&more) {
        assert_eq!(tells(&findings, "BAD_HOSTNAME", name), !good, "{name}");
    }
    assert_eq!(scene.addresses("internal", "example.org", "loud-name"), "10.0.0.200");
    let zone = scene.zone("internal", "example.org");
    assert_eq!(
        zone.lines().filter(|line| line.split_whitespace().nth(1) == Some("A") && !line.starts_with(';')).count(),
        9,
        "{zone}"
    );
}

/// Rules with several names give each a record; what is outside the zones, a pattern or raw TCP gives a finding.
#[test]
fn rules_give_names_or_findings() {
    let mut scene = scene();
    let rule = "Host(`a.example.org`, \"b.example.org\") || (Host(`C.example.org`) && !Host(`d.example.org`)) || Host(`x.example.net`) || HostRegexp(`.*`)";
    let mut stack = stack(rule);
    stack["environments"]["production"]["services"]["tcp"] =
        json!({"traefik_labels": ["traefik.tcp.routers.db.rule=HostSNI(`e.example.org`)"]});
    stack["environments"]["testing"] =
        json!({"services": {"web": {"traefik_labels": {"traefik.http.routers.t.rule": "Host(`t.example.org`)"}}}});
    scene.stacks = vec![("shop", stack)];
    let findings = scene.generate();
    for (owner, there) in [("a", true), ("b", true), ("c", true), ("d", false), ("e", false), ("t", false)] {
        assert_eq!(scene.addresses("internal", "example.org", owner) == "10.0.0.12", there, "{owner}");
    }
    assert!(tells(&findings, "NAME_OUTSIDE_ZONES", "x.example.net"));
    assert!(tells(&findings, "HOST_REGEXP", "web") && tells(&findings, "HOST_SNI", "db"));
    scene.machines["vms"][0]["docker_stacks"] = json!([{"name": "shop", "environment": "testing"}]);
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "t"), "10.0.0.12");
    assert_eq!(scene.addresses("internal", "example.org", "a"), "-");
}

/// Addresses that two have, that lie nowhere, or that nobody knows are told.
#[test]
fn addresses_are_checked() {
    let mut scene = scene();
    scene.container("210", guest("twin", "10.0.0.40/24", &[]));
    scene.container("211", guest("far", "10.9.0.1/24", &[]));
    scene.container("212", guest("lost", "dhcp", &[]));
    scene.machines["vms"].as_array_mut().unwrap().push(machine(7, "hv", "10.0.0.13/24"));
    let findings = scene.generate();
    assert!(tells(&findings, "DUPLICATE_ADDRESS", "10.0.0.40"));
    assert!(tells(&findings, "DUPLICATE_ADDRESS", "10.0.0.13"), "the hypervisor's own");
    assert!(tells(&findings, "ADDRESS_OUTSIDE_NETWORKS", "lxc/211"));
    assert!(tells(&findings, "NO_ADDRESS", "lxc/212"));
    assert!(scene.zone("internal", "0.9.10.in-addr.arpa").contains("1  PTR  far.example.org."));
    let reverse = scene.zone("internal", "0.0.10.in-addr.arpa");
    assert_eq!(reverse.lines().filter(|line| line.starts_with("40 ")).count(), 1, "one PTR per address: {reverse}");
}

/// A plain `ip` is for everyone only where it may be: a public address in a zone that is not private.
#[test]
fn a_plain_ip_is_told_where_it_may_be() {
    let mut scene = scene();
    scene.hypervisor["dns_server"]["authoritative_zones"] = json!([
        {"zone_name": "example.net", "records": [
            {"hostname": "www", "ip": "192.0.2.1"}, {"hostname": "nas", "ip": "10.0.0.9"}, {"hostname": "@", "ip": "192.0.2.1"},
            {"hostname": "both", "ip_internal": "10.0.0.8", "ip_external": "192.0.2.8"}, {"hostname": "empty"},
            {"hostname": "*.apps", "ip_external": "192.0.2.9"}, {"hostname": "full.example.net.", "ip": "10.0.0.7"}]},
        {"zone_name": "internal.example.net", "records": [{"hostname": "www", "ip": "192.0.2.1"}]},
    ]);
    scene.settings += "[routes.name.\"nobody.example.net\"]\ninternal = \"direct\"\n";
    let findings = scene.generate();
    let table = [
        ("www", "192.0.2.1", "192.0.2.1"),
        ("@", "192.0.2.1", "192.0.2.1"),
        ("nas", "10.0.0.9", "-"),
        ("both", "10.0.0.8", "192.0.2.8"),
        ("*.apps", "-", "192.0.2.9"),
        ("full", "10.0.0.7", "-"),
    ];
    for (owner, inside, outside) in table {
        assert_eq!(scene.addresses("internal", "example.net", owner), inside, "{owner}");
        assert_eq!(scene.addresses("external", "example.net", owner), outside, "{owner}");
    }
    assert_eq!(scene.addresses("internal", "internal.example.net", "www"), "192.0.2.1");
    assert!(!scene.zone_path("external", "internal.example.net").exists());
    assert!(tells(&findings, "NO_ADDRESS", "empty") && tells(&findings, "ROUTE_UNUSED", "nobody.example.net"));
}

/// The order of keys in the inventory's files changes nothing.
#[test]
fn the_order_of_keys_does_not_matter() {
    let mut scene = scene();
    scene.container("111", guest("db", "10.0.0.40/24", &[]));
    scene.generate();
    let containers = scene.containers["lxc_configs"].as_object().unwrap();
    let turned: serde_json::Map<_, _> =
        containers.iter().rev().map(|(id, guest)| (id.clone(), guest.clone())).collect();
    scene.containers["lxc_configs"] = turned.into();
    assert!(scene.plan().0.is_empty());
}

/// One stack on two guests, reached directly, is a conflict that names both guests.
#[test]
fn a_stack_on_two_guests_conflicts_by_guest() {
    let mut scene = scene();
    scene.settings = SETTINGS.replace("stack = \"traefik\"", "stack = \"direct\"");
    scene.set("110", "docker_stacks", json!(["shop"]));
    let findings = scene.generate();
    let what = &coded(&findings, "CONFLICT")[0].what;
    for side in ["router web on lxc/110 (10.0.0.40)", "router web on vm/1002 (10.0.0.102)"] {
        assert!(what.contains(side), "{side}: {what}");
    }
}
