//! The four states under `../shared/inventory`, held by snapshot files: every zone, then every finding.
//!
//! `ACCEPT_SNAPSHOTS=1 cargo test --test generate` writes the snapshots anew; look at the diff before committing it.
//! Where the states are not there (a clone on its own), the tests say so and count what they passed over.

use crate::scene::{SETTINGS, plan_of};
use horizon_dns::config::{self, Settings};
use horizon_dns::finding::Finding;
use horizon_dns::generate::{self, Plan};
use std::path::{Path, PathBuf};

pub(crate) const STATES: [&str; 4] = ["2025-10-17", "2025-11-04", "2025-11-14", "2025-11-25"];

/// A state with an empty zones folder of its own.
pub(crate) struct State {
    pub(crate) settings: Settings,
    folder: tempfile::TempDir,
    root: PathBuf,
}

impl State {
    pub(crate) fn open(state: &str) -> Option<State> {
        State::with(state, SETTINGS)
    }

    pub(crate) fn with(state: &str, settings: &str) -> Option<State> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/inventory").join(state);
        if !root.is_dir() {
            println!("passed over: 1 state, {state}, is not at ../shared/inventory");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut settings = config::parse(settings, folder.path().join("horizon.toml")).unwrap();
        settings.inventory = Some(root.clone());
        Some(State { settings, folder, root })
    }

    pub(crate) fn plan(&self) -> (Plan, Vec<Finding>) {
        plan_of(&self.settings)
    }

    /// Applies the plan; all findings with paths that do not depend on the machine.
    pub(crate) fn generate(&self) -> Vec<Finding> {
        let (plan, mut findings) = self.plan();
        findings.extend(plan.findings.iter().cloned());
        generate::apply(&plan).unwrap();
        findings
    }

    pub(crate) fn zone(&self, horizon: &str, origin: &str) -> String {
        let path = self.folder.path().join("zones").join(horizon).join(format!("{origin}.zone"));
        std::fs::read_to_string(path).unwrap_or_default()
    }

    fn neutral(&self, text: &str) -> String {
        let root = format!("{}/", self.root.display());
        text.replace(&root, "").replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn zones(&self) -> String {
        let mut text = String::new();
        let (current, findings) = generate::read_current(&self.settings);
        assert_eq!(findings, []);
        for zone in current {
            assert!(zone.loaded.is_ok(), "{}: {:?}", zone.path.display(), zone.loaded);
            text += &format!(
                "== {}\n{}",
                self.neutral(&zone.path.display().to_string()),
                String::from_utf8_lossy(&zone.text)
            );
        }
        text
    }
}

/// Each state generates the zones and findings of its snapshot, and generating again changes no octet.
#[test]
fn the_four_states_generate_as_their_snapshots_say() {
    for name in STATES {
        let Some(state) = State::open(name) else { continue };
        let findings = state.generate();
        let mut seen = state.zones();
        seen += "== findings\n";
        for finding in &findings {
            assert!(!finding.refuses, "{finding}");
            seen += &state.neutral(&format!("{finding}\n"));
        }
        hold(&format!("{name}.txt"), &seen);
        let (again, _) = state.plan();
        assert!(again.is_empty(), "{name}: a second run changes {:?}", again.files);
    }
}

/// Every name that dnsmasq answered is answered by Horizon's internal zones, or a finding says why not.
#[test]
fn what_dnsmasq_published_is_published_or_explained() {
    for name in STATES {
        let Some(state) = State::open(name) else { continue };
        let findings = state.generate();
        let lines = std::fs::read_to_string(state.root.join("dnsmasq-address.conf")).unwrap();
        let zones = state.zones();
        for line in lines.lines() {
            let published = line.split('/').nth(1).unwrap();
            let label =
                published.strip_suffix(".internal.thinkheads.ai").or(published.strip_suffix(".phoenix.thinkheads.ai"));
            let there = zones.lines().any(|line| line.split(' ').next() == label);
            let explained =
                findings.iter().any(|finding| finding.what.contains(published) || finding.subject == published);
            assert!(there || explained, "{name}: {published} is neither published nor explained");
        }
    }
}

fn hold(file: &str, seen: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(file);
    if std::env::var_os("ACCEPT_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, seen).unwrap();
        return;
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some(line) = (1..).zip(held.lines().zip(seen.lines())).find(|(_, (old, new))| old != new) {
        panic!("{file}:{}: held `{}`, seen `{}`; ACCEPT_SNAPSHOTS=1 accepts", line.0, line.1.0, line.1.1);
    }
    assert_eq!(held.lines().count(), seen.lines().count(), "{file}; ACCEPT_SNAPSHOTS=1 accepts");
}

/// BIND reads every generated zone without a complaint (`named-checkzone` of Debian's bind9-utils).
#[test]
fn bind_takes_every_generated_zone() {
    let program =
        ["/usr/bin/named-checkzone", "/usr/sbin/named-checkzone"].into_iter().find(|path| Path::new(path).exists());
    let Some(program) = program else {
        println!("passed over: 1 test, named-checkzone is not installed");
        return;
    };
    let mut checked = 0;
    for name in STATES {
        let Some(state) = State::open(name) else { continue };
        state.generate();
        for zone in generate::read_current(&state.settings).0 {
            let output = std::process::Command::new(program)
                .args(["-i", "local", "-k", "fail", "-n", "fail", "-r", "fail"])
                .arg(zone.origin.to_string())
                .arg(&zone.path)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && !said.contains("warning"), "{name} {}: {said}", zone.path.display());
            checked += 1;
        }
    }
    println!("{checked} zones");
}
