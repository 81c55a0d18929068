//! A small inventory on the disk with settings for it, changed piece by piece.

use horizon_dns::config::{self, Settings};
use horizon_dns::finding::Finding;
use horizon_dns::generate::{self, Plan};
use horizon_dns::inventory::{self, Inventory};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Two horizons as design section 4 has them, for an inventory at `phoenix`.
pub(crate) const SETTINGS: &str = r#"
[server]
listen = ["10.0.0.153:53", "127.0.0.1:53"]
[zones]
directory = "zones"
[[horizon]]
name = "internal"
clients = ["10.0.0.0/24", "172.16.100.0/24", "127.0.0.0/8", "::1/128"]
[[horizon]]
name = "external"
clients = ["any"]
private_addresses = ["10.0.0.153/32"]
[inventory]
phoenix = "phoenix"
[routes]
internal = { service = "direct", guest = "direct", stack = "traefik" }
external = { service = "none", guest = "none", stack = "gateway" }
"#;

pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) hypervisor: Value,
    pub(crate) containers: Value,
    pub(crate) machines: Value,
    pub(crate) manifest: Option<Value>,
    pub(crate) stacks: Vec<(&'static str, Value)>,
    pub(crate) settings: String,
}

impl Scene {
    /// A gateway, Traefik and a CA in `example.org`, and one machine.
    pub(crate) fn new() -> Scene {
        Scene {
            folder: tempfile::tempdir().unwrap(),
            hypervisor: json!({
                "domain_name": "example.org",
                "network": {"default_subnet": "10.0.0.0/24", "interfaces": {"address": "10.0.0.13/24"}},
                "dns_server": {"authoritative_zones": []},
            }),
            containers: json!({"lxc_configs": {
                "101": guest("edge", "10.0.0.153/24", &["nginx"]),
                "102": guest("proxy", "10.0.0.12/24", &["traefik"]),
                "103": guest("stepca", "10.0.0.10/24", &["step_ca"]),
            }}),
            machines: json!({"vms": [machine(1002, "worker", "10.0.0.102/24")]}),
            manifest: None,
            stacks: Vec::new(),
            settings: SETTINGS.to_owned(),
        }
    }

    /// Sets a container.
    pub(crate) fn container(&mut self, id: &str, guest: Value) -> &mut Self {
        self.containers["lxc_configs"][id] = guest;
        self
    }

    /// Sets one field of a container.
    pub(crate) fn set(&mut self, id: &str, key: &str, value: Value) -> &mut Self {
        self.containers["lxc_configs"][id][key] = value;
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A zone file, or empty.
    pub(crate) fn zone(&self, horizon: &str, origin: &str) -> String {
        std::fs::read_to_string(self.zone_path(horizon, origin)).unwrap_or_default()
    }

    pub(crate) fn zone_path(&self, horizon: &str, origin: &str) -> PathBuf {
        self.root().join("zones").join(horizon).join(format!("{origin}.zone"))
    }

    /// Rewrites a zone file as a person would.
    pub(crate) fn edit(&self, horizon: &str, origin: &str, change: impl FnOnce(String) -> String) {
        let path = self.zone_path(horizon, origin);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, change(self.zone(horizon, origin))).unwrap();
    }

    /// Writes the inventory and the settings.
    pub(crate) fn write(&self) -> Settings {
        let phoenix = self.root().join("phoenix");
        let put = |path: PathBuf, value: &Value| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, serde_json::to_string_pretty(value).unwrap()).unwrap();
        };
        put(phoenix.join("etc/phoenix_hypervisor_config.json"), &self.hypervisor);
        put(phoenix.join("etc/phoenix_lxc_configs.json"), &self.containers);
        put(phoenix.join("etc/phoenix_vm_configs.json"), &self.machines);
        if let Some(manifest) = &self.manifest {
            put(phoenix.join("etc/certificate-manifest.json"), manifest);
        }
        for (name, stack) in &self.stacks {
            put(phoenix.join("stacks").join(name).join("phoenix.json"), stack);
        }
        config::parse(&self.settings, self.root().join("horizon.toml")).unwrap()
    }

    /// Reads everything and plans.
    pub(crate) fn plan(&self) -> (Plan, Vec<Finding>) {
        let settings = self.write();
        plan_of(&settings)
    }

    /// Plans and writes; all findings.
    pub(crate) fn generate(&self) -> Vec<Finding> {
        let (plan, mut findings) = self.plan();
        findings.extend(plan.findings.iter().cloned());
        if let Err(error) = generate::apply(&plan) {
            panic!("{error}: {findings:#?}");
        }
        findings
    }

    /// The address records of a name in a horizon, sorted, or `-`.
    pub(crate) fn addresses(&self, horizon: &str, origin: &str, owner: &str) -> String {
        addresses(&self.zone(horizon, origin), owner)
    }
}

pub(crate) fn plan_of(settings: &Settings) -> (Plan, Vec<Finding>) {
    let (inventory, mut findings): (Inventory, _) = inventory::read(settings.inventory.as_ref().unwrap());
    let (current, unread) = generate::read_current(settings);
    findings.extend(unread);
    (generate::plan(settings, &inventory, &current), findings)
}

/// The addresses in a generated zone's lines for an owner as it is written there.
pub(crate) fn addresses(zone: &str, owner: &str) -> String {
    let mut found: Vec<&str> = zone
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.len() > 2 && words[0] == owner && matches!(words[1], "A" | "AAAA"))
        .map(|words| words[2])
        .collect();
    found.sort_unstable();
    if found.is_empty() { "-".to_owned() } else { found.join(" ") }
}

pub(crate) fn guest(name: &str, ip: &str, features: &[&str]) -> Value {
    json!({"name": name, "network_config": {"ip": ip}, "features": features})
}

pub(crate) fn machine(id: u32, name: &str, ip: &str) -> Value {
    json!({"vmid": id, "name": name, "network_config": {"ip": ip}})
}

/// The findings with this code, as text.
pub(crate) fn coded<'a>(findings: &'a [Finding], code: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.code == code).collect()
}

/// True when a finding of this code is about this subject.
pub(crate) fn tells(findings: &[Finding], code: &str, subject: &str) -> bool {
    findings.iter().any(|finding| finding.code == code && finding.subject == subject)
}
