//! The ten faults that really happened (`../shared/inventory/README.md`): which finding catches each, or why it can no
//! longer be written. Asserted on what the dated states generate.

use crate::scene::{SETTINGS, addresses, coded, tells};
use crate::states::{STATES, State};

const INTERNAL: &str = "internal.thinkheads.ai";
const PHOENIX: &str = "phoenix.thinkheads.ai";

/// 1. Both addresses for every client: a horizon has one.
#[test]
fn fault_1_each_horizon_has_one_address() {
    let Some(state) = State::open("2025-10-17") else { return };
    state.generate();
    assert_eq!(addresses(&state.zone("internal", PHOENIX), "portainer"), "10.0.0.101");
    assert_eq!(addresses(&state.zone("external", PHOENIX), "portainer"), "10.0.0.153");
}

/// 2. The CA's name at the gateway or at Traefik: it is published at the CA whatever the route of services is, and a route
///    for that very name which leads elsewhere refuses the load (CA_NAME_NOT_AT_CA).
#[test]
fn fault_2_the_cas_name_is_at_the_ca() {
    for (name, address) in [("2025-11-04", "10.0.0.10"), ("2025-11-14", "10.0.0.10"), ("2025-11-25", "172.16.100.11")] {
        for service in ["direct", "gateway", "traefik"] {
            let settings = SETTINGS.replace("service = \"direct\"", &format!("service = \"{service}\""));
            let Some(state) = State::with(name, &settings) else { return };
            let findings = state.generate();
            assert_eq!(addresses(&state.zone("internal", INTERNAL), "ca"), address, "{name} {service}");
            assert_eq!(tells(&findings, "CA_NAME_NOT_AT_CA", "ca.internal.thinkheads.ai"), service != "direct");
        }
        for route in ["gateway", "traefik"] {
            let entry = format!("{SETTINGS}[routes.name.\"ca.internal.thinkheads.ai\"]\ninternal = \"{route}\"\n");
            let Some(state) = State::with(name, &entry) else { return };
            let (plan, _) = state.plan();
            assert!(plan.refused(), "{name} {route}");
            assert!(coded(&plan.findings, "CA_NAME_NOT_AT_CA")[0].refuses, "{name} {route}");
        }
    }
}

/// 3. `traefik.internal...` at the gateway, which cannot answer its challenge: no source claims the name, so that nothing
///    is published that leads astray, and CERTIFICATE_NAME_UNPUBLISHED names the line to write.
#[test]
fn fault_3_traefiks_own_name_is_not_at_the_gateway() {
    for name in ["2025-11-04", "2025-11-14", "2025-11-25"] {
        let Some(state) = State::open(name) else { return };
        let findings = state.generate();
        assert_eq!(addresses(&state.zone("internal", INTERNAL), "traefik"), "-", "{name}");
        let found = coded(&findings, "CERTIFICATE_NAME_UNPUBLISHED");
        let own = found.iter().find(|finding| finding.subject == "traefik.internal.thinkheads.ai").unwrap();
        assert!(own.remedy.contains("in lxc/102"), "{}", own.remedy);
    }
}

/// 4. The agent's raw TCP behind an HTTP proxy: an agent's name always leads to its guest, whatever the routes are.
#[test]
fn fault_4_the_agents_name_is_at_its_guest() {
    let all =
        SETTINGS.replace("service = \"direct\", guest = \"direct\"", "service = \"traefik\", guest = \"traefik\"");
    for (name, owner) in
        [("2025-11-04", "portainer-agent"), ("2025-11-14", "drphoenix-agent"), ("2025-11-25", "drphoenix-agent")]
    {
        let Some(state) = State::with(name, &all) else { return };
        state.generate();
        assert_eq!(addresses(&state.zone("internal", INTERNAL), owner), "10.0.0.102", "{name}");
    }
}

/// 5. Templates published as if they ran: TEMPLATE_LEFT_OUT, no record in any zone.
#[test]
fn fault_5_templates_are_not_published() {
    for name in STATES {
        let Some(state) = State::open(name) else { return };
        let findings = state.generate();
        assert!(
            tells(&findings, "TEMPLATE_LEFT_OUT", "vm/9000") && tells(&findings, "TEMPLATE_LEFT_OUT", "lxc/900"),
            "{name}"
        );
        for origin in [INTERNAL, PHOENIX, "0.0.10.in-addr.arpa"] {
            let zone = state.zone("internal", origin);
            assert!(
                !zone.contains("copy-") && !zone.contains("cloud-template") && !zone.contains("vllm-qwen"),
                "{name} {zone}"
            );
        }
    }
}

/// 6. Dots in names: DOTTED_GUEST_NAME says what the dot makes of it; the name stays what clients ask for.
#[test]
fn fault_6_dots_in_names_are_told() {
    for name in STATES {
        let Some(state) = State::open(name) else { return };
        let findings = state.generate();
        assert!(tells(&findings, "DOTTED_GUEST_NAME", "granite-3.3-8b-fp8"), "{name}");
        assert!(tells(&findings, "DOTTED_GUEST_NAME", "Copy-Cuda12.8"), "{name}");
        let origin = if name == "2025-10-17" { PHOENIX } else { INTERNAL };
        assert_eq!(addresses(&state.zone("internal", origin), "granite-3.3-8b-fp8"), "10.0.0.142", "{name}");
    }
}

/// 7. Certificates for names that nobody publishes: CERTIFICATE_NAME_UNPUBLISHED, and CLIENT_ONLY_CERTIFICATE.
#[test]
fn fault_7_unpublished_certificate_names_are_told() {
    let Some(state) = State::open("2025-11-25") else { return };
    let findings = state.generate();
    for name in ["docker-daemon.internal.thinkheads.ai", "traefik-client.internal.thinkheads.ai"] {
        assert!(tells(&findings, "CERTIFICATE_NAME_UNPUBLISHED", name), "{name}");
    }
    assert!(tells(&findings, "CLIENT_ONLY_CERTIFICATE", "nginx-gateway-client"));
    assert!(!tells(&findings, "CERTIFICATE_NAME_UNPUBLISHED", "portainer.internal.thinkheads.ai"));
}

/// 8. Firewall rules: read and typed from either place, with their repetitions, for the checks that will judge them.
#[test]
fn fault_8_firewall_rules_are_read_from_either_place() {
    for (name, global, guests) in [("2025-10-17", 17, 6), ("2025-11-25", 27, 65)] {
        let Some(state) = State::open(name) else { return };
        let (inventory, findings) = horizon_dns::inventory::read(state.settings.inventory.as_ref().unwrap());
        assert!(coded(&findings, "FIREWALL_RULE").is_empty(), "{name}");
        assert_eq!(inventory.firewall.rules.len(), global, "{name}");
        let rules: usize = inventory.guests.iter().map(|guest| guest.firewall.rules.len()).sum();
        assert!(rules >= guests, "{name}: {rules}");
    }
}

/// 9. NXDOMAIN for every type but A: there are no `address=` lines any more. Each name stands in a whole zone with SOA and
///    NS, so that another type of it is NODATA (held by the engine's tests); here: every zone has its apex.
#[test]
fn fault_9_every_name_stands_in_a_whole_zone() {
    for name in STATES {
        let Some(state) = State::open(name) else { return };
        state.generate();
        let (current, _) = horizon_dns::generate::read_current(&state.settings);
        assert!(current.len() >= 2, "{name}");
        for zone in current {
            let records = zone.loaded.unwrap().records;
            let apex = |rtype| {
                records.iter().filter(|record| record.owner == zone.origin.as_slice() && record.rtype == rtype).count()
            };
            use horizon_dns::dns::Rtype;
            assert_eq!((apex(Rtype::SOA), apex(Rtype::NS)), (1, 1), "{name} {}", zone.path.display());
        }
    }
}

/// 10. LXC 101 moved: its names follow to the address that the inventory still knows, and NO_ADDRESS tells of the lease.
#[test]
fn fault_10_a_moved_guest_is_followed() {
    let Some(state) = State::open("2025-11-14") else { return };
    state.generate();
    assert_eq!(addresses(&state.zone("internal", INTERNAL), "nginx"), "10.0.0.153");
    let Some(mut moved) = State::open("2025-11-25") else { return };
    moved.settings.zones = state.settings.zones.clone();
    let (plan, _) = moved.plan();
    assert!(tells(&plan.findings, "NO_ADDRESS", "lxc/101"));
    assert!(!plan.refused() && !plan.brake());
    horizon_dns::generate::apply(&plan).unwrap();
    let zone = state.zone("internal", INTERNAL);
    assert_eq!(addresses(&zone, "nginx"), "172.16.100.10");
    assert_eq!(addresses(&zone, "step-ca"), "172.16.100.11");
    assert_eq!(addresses(&zone, "qdrant"), "-");
    assert!(zone.contains("hostmaster 2 "), "{zone}");
}
