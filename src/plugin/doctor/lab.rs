//! For tests of this folder: guests and an inventory out of a few words.

use crate::inventory::{Inventory, read};
use std::fs;

/// Containers as id, name, address and firewall.
pub(super) fn inventory(guests: &[(&str, &str, &str, &str)]) -> Inventory {
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc");
    fs::create_dir(&etc).unwrap();
    let written: Vec<String> = guests
        .iter()
        .map(|(id, name, address, firewall)| {
            format!(
                r#""{id}":{{"name":"{name}","network_config":{{"name":"eth0","ip":"{address}/24"}},"firewall":{firewall}}}"#
            )
        })
        .collect();
    let config = r#"{"domain_name":"internal.example","step_ca":{"dns_name":"ca.internal.example"},"firewall":{"enabled":true}}"#;
    fs::write(etc.join("phoenix_hypervisor_config.json"), config).unwrap();
    let lxc = format!(r#"{{"lxc_configs":{{{}}}}}"#, written.join(","));
    fs::write(etc.join("phoenix_lxc_configs.json"), lxc).unwrap();
    fs::write(etc.join("phoenix_vm_configs.json"), r#"{"vms":[]}"#).unwrap();
    let (inventory, findings) = read(folder.path());
    assert_eq!(inventory.guests.len(), guests.len(), "{findings:?}");
    inventory
}
