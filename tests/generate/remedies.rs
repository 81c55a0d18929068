//! A remedy helps: what it says to write or to take away ends the finding.

use crate::scene::{Scene, coded, tells};
use serde_json::json;

fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.hypervisor["step_ca"] = json!({"dns_name": "ca.example.org"});
    scene.set("103", "traefik_service", json!({"name": "ca", "port": 9000}));
    scene
}

/// A claim that itself leads away from the CA is taken out; a route would not help, and is not offered.
#[test]
fn a_claim_that_leads_away_from_the_ca_is_named() {
    let mut scene = scene();
    let astray = json!([{"zone_name": "example.org", "records": [{"hostname": "ca", "ip_internal": "10.0.0.153"}]}]);
    scene.hypervisor["dns_server"]["authoritative_zones"] = astray;
    let (plan, _) = scene.plan();
    let found = coded(&plan.findings, "CA_NAME_NOT_AT_CA");
    assert!(plan.refused());
    assert_eq!(found[0].remedy, "take the name out of authoritative_zones, or correct `dns_name` of `step_ca`");
    assert!(
        found[0]
            .places
            .iter()
            .any(|place| place.pointer.as_deref() == Some("/dns_server/authoritative_zones/0/records/0"))
    );
    scene.hypervisor["dns_server"]["authoritative_zones"] = json!([]);
    assert!(coded(&scene.generate(), "CA_NAME_NOT_AT_CA").is_empty());
    assert_eq!(scene.addresses("internal", "example.org", "ca"), "10.0.0.10");

    scene.edit("internal", "example.org", |zone| zone + "ca AAAA 2001:db8::1\n");
    let (plan, _) = scene.plan();
    assert!(
        coded(&plan.findings, "CA_NAME_NOT_AT_CA")[0].remedy.starts_with("correct or remove the record in the zone")
    );
}

/// A CA's name outside all zones needs its zone first: what the remedy says is enough.
#[test]
fn a_ca_name_outside_the_zones_gets_its_zone() {
    let mut scene = scene();
    scene.hypervisor["step_ca"]["dns_name"] = json!("ca.other.example");
    let findings = scene.generate();
    let remedy = &coded(&findings, "CA_NAME_NOT_AT_CA")[0].remedy;
    let record = remedy.split('`').nth(1).unwrap();
    scene.hypervisor["dns_server"]["authoritative_zones"] =
        json!([serde_json::from_str::<serde_json::Value>(record).unwrap()]);
    assert!(coded(&scene.generate(), "CA_NAME_NOT_AT_CA").is_empty());
    assert_eq!(scene.addresses("internal", "other.example", "ca"), "10.0.0.10");
}

/// A role that nobody has is told with the claims that need it.
#[test]
fn a_missing_proxy_is_told_where_it_is_needed() {
    let mut scene = scene();
    scene.machines["vms"][0]["docker_stacks"] = json!(["shop"]);
    let labels = json!(["traefik.http.routers.r.rule=Host(`shop.example.org`)"]);
    let services = json!({"s": {"traefik_labels": labels}});
    scene.stacks = vec![("shop", json!({"environments": {"production": {"services": services}}}))];
    scene.containers["lxc_configs"].as_object_mut().unwrap().remove("102");
    let findings = scene.generate();
    assert!(tells(&findings, "ROLE_UNKNOWN", "traefik"));
    let pointer = coded(&findings, "ROLE_UNKNOWN")[0].places[0].pointer.clone().unwrap();
    assert_eq!(pointer, "/environments/production/services/s/traefik_labels/0");
}
