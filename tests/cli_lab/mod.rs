//! A published state made of zone texts in memory or in a folder, for tests of the control room.
#![allow(clippy::unwrap_used, dead_code, reason = "a test lab; each test program uses its own part")]

use horizon_dns::config;
use horizon_dns::control::Published;
use horizon_dns::control::PublishedZone;
use horizon_dns::dns::Name;
use horizon_dns::dns::parse_name;
use horizon_dns::snapshot;
use horizon_dns::snapshot::ZoneSource;
use horizon_dns::zone::Document;
use horizon_dns::zone::EntryKind;
use horizon_dns::zone::Line;
use horizon_dns::zone::Records;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Two horizons; `internal` inherits.
pub(crate) const CONFIG: &str = r#"
[[horizon]]
name = "internal"
clients = ["10.0.0.0/24", "127.0.0.0/8"]
inherits = "external"
forward = true

[[horizon]]
name = "external"
clients = ["any"]
private_addresses = ["10.0.0.153"]
"#;

/// The published zone as insiders see it.
pub(crate) const INSIDE: &str = "\
$TTL 300
@ SOA ns.corp.example. admin.corp.example. 7 3600 600 86400 60
@ NS ns
ns A 10.0.0.153 ; from lxc/101 name
app A 10.0.0.12 ; from lxc/102 traefik_service
www CNAME app
*.dyn TXT \"any\" ; by hand
deep.ent A 10.0.0.1
";

/// And as everyone else does.
pub(crate) const OUTSIDE: &str = "\
$TTL 300
@ SOA ns.corp.example. admin.corp.example. 9 3600 600 86400 60
@ NS ns
ns A 10.0.0.153
app A 10.0.0.153 ; from lxc/101 gateway
only-outside A 10.0.0.153
sub NS ns.sub
ns.sub A 192.0.2.53
";

/// Writes zone files below `folder` and publishes what `config` and they say.
pub(crate) fn published(folder: &Path, config: &str, zones: &[(&str, &str, &str)]) -> Published {
    let settings = config::parse(config, folder.join("horizon.toml")).unwrap();
    let zones: Vec<_> = zones
        .iter()
        .map(|(horizon, origin, text)| {
            let file = folder.join("zones").join(horizon).join(format!("{origin}.zone"));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, text).unwrap();
            let origin = parse_name(origin).unwrap();
            let records = Arc::new(records(text, &file, &origin));
            ZoneSource { horizon: (*horizon).to_owned(), file: Some(file), records }
        })
        .collect();
    let snapshot = snapshot::build(&settings, &zones, None).unwrap();
    let zones = zones
        .into_iter()
        .map(|ZoneSource { horizon, file, records }| PublishedZone {
            horizon,
            records,
            files: file.into_iter().collect(),
        })
        .collect();
    let (acme, inventory) = (Arc::default(), None);
    Published { snapshot: Arc::new(snapshot), zones, findings: Vec::new(), unwritten: HashMap::new(), acme, inventory }
}

/// The usual state: `corp.example` inside and outside.
pub(crate) fn corp(folder: &Path) -> Published {
    published(folder, CONFIG, &[("internal", "corp.example", INSIDE), ("external", "corp.example", OUTSIDE)])
}

fn records(text: &str, file: &Path, origin: &Name) -> Records {
    let document = Document::parse(text.as_bytes().to_vec(), file, origin);
    assert_eq!(document.findings().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    let mut records = Records::new(origin.clone());
    for entry in document.entries() {
        if let EntryKind::Record(record) = &entry.kind {
            let line = Line { file: 0, number: entry.line };
            records.push(record.owner.as_slice(), record.rtype, record.ttl, &record.data, line).unwrap();
        }
    }
    records
}
