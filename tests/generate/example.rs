//! The worked example under `zones/`: its zones are those that its inventory generates.

use crate::scene::{addresses, plan_of};
use horizon_dns::config;
use horizon_dns::finding::{Finding, Severity};
use horizon_dns::generate;
use std::path::Path;

/// Generating the example changes nothing, and says nothing worse than information.
///
/// `ACCEPT_SNAPSHOTS=1` writes its zones anew.
#[test]
fn the_example_is_as_its_inventory_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones");
    let settings = config::load(folder.join("horizon.toml")).unwrap();
    let (plan, mut findings) = plan_of(&settings);
    findings.extend(plan.findings.iter().cloned());
    let worse: Vec<&Finding> = findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert!(worse.is_empty(), "{worse:#?}");
    assert!(!findings.is_empty(), "the example shows what a finding is");
    if std::env::var_os("ACCEPT_SNAPSHOTS").is_some() {
        generate::apply(&plan).unwrap();
    } else {
        let changes: Vec<_> = plan.files.iter().map(|file| (&file.path, &file.diff)).collect();
        assert!(changes.is_empty(), "{changes:#?}");
    }
    let zone =
        |horizon: &str| std::fs::read_to_string(folder.join(horizon).join("phoenix.thinkheads.ai.zone")).unwrap();
    assert_eq!(addresses(&zone("internal"), "portainer"), "10.0.0.101");
    assert_eq!(addresses(&zone("external"), "portainer"), "10.0.0.153");
    assert!(!folder.join("external/internal.thinkheads.ai.zone").exists());
}
