//! The inventory becomes zone files in memory; what keeps it from doing so is said and the zone files stay as they are.

use crate::config::Settings;
use crate::finding::Finding;
use crate::generate::{FileChange, Plan, plan, read_current_with};
use crate::inventory::{self, Inventory};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Zone texts that take the place of what stands in their files; none for a file that is to go.
pub(super) type Texts = [(PathBuf, Option<Vec<u8>>)];

/// What generation wants to change.
#[derive(Debug, Clone, Default)]
pub(super) struct Generated {
    /// The zone files that change, not written yet; none when it is withheld.
    pub(super) plan: Plan,
    /// What was found and does not keep the inventory from being used.
    pub(super) findings: Vec<Finding>,
    /// Why nothing was generated.
    pub(super) withheld: Vec<Finding>,
    /// What it was made from; none when there is no inventory.
    pub(super) inventory: Option<Arc<Inventory>>,
}

impl Generated {
    /// What becomes of a zone file; none when it stays.
    pub(super) fn change(&self, path: &Path) -> Option<&FileChange> {
        self.plan.files.iter().find(|change| change.path == path)
    }

    /// The files that are there afterwards among those that change.
    pub(super) fn written(&self) -> impl Iterator<Item = &Path> + Clone {
        self.plan.files.iter().filter(|change| change.after.is_some()).map(|change| change.path.as_path())
    }
}

/// Generates in memory. Without an inventory there is nothing to do; with one that must not be used nothing is done, so that
/// a half-written file never takes a name away, and the brake holds until `zonectl generate --force` lets it go.
pub(super) fn generate(settings: &Settings, texts: &Texts) -> Generated {
    let Some(root) = &settings.inventory else { return Generated::default() };
    let (inventory, mut findings) = inventory::read(root);
    let (current, unreadable) = read_current_with(settings, texts);
    findings.extend(unreadable);
    let mut plan = plan(settings, &inventory, &current);
    findings.append(&mut plan.findings);
    let (withheld, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.refuses);
    if !withheld.is_empty() {
        plan = Plan::default();
    }
    Generated { plan, findings, withheld, inventory: Some(Arc::new(inventory)) }
}
