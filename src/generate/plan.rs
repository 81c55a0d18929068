//! What generation would change: pure, so that `check`, `--plan` and a test see just what `apply` will write.

use super::current::{CurrentZone, zone_path};
use super::diff::{self, DiffLine};
use super::merge::{Counts, Merged, create, merge};
use super::persons::Persons;
use super::wanted;
use crate::config::Settings;
use crate::dns::Name;
use crate::finding::{Finding, Severity};
use crate::inventory::{self, Claims, Inventory};
use crate::zone::Document;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What every zone file would become.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The files that change, in the order of the horizons and then of the origins.
    pub files: Vec<FileChange>,
    /// Everything to tell, findings of the claims among them; those of [`inventory::read`] are the caller's.
    pub findings: Vec<Finding>,
}

/// One zone file that changes.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// The horizon.
    pub horizon: String,
    /// The apex.
    pub origin: Name,
    /// Where it is, or will be.
    pub path: PathBuf,
    /// What stands there now; none when it is not there.
    pub before: Option<Vec<u8>>,
    /// What will stand there; none when it goes.
    pub after: Option<Vec<u8>>,
    /// The lines that differ.
    pub diff: Vec<DiffLine>,
    /// Generated address and PTR records that come.
    pub added: usize,
    /// Generated records that go.
    pub removed: usize,
    /// Generated records that get other data.
    pub changed: usize,
}

impl Plan {
    /// True when every file is as it should be.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// True when some zone would lose so much that somebody must say so first: `generate` exits with 5.
    pub fn brake(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == "BRAKE" && finding.refuses)
    }

    /// True when a finding other than the brake refuses: nothing may be written.
    pub fn refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.code != "BRAKE" && finding.refuses)
    }

    /// The same plan with the brake let go.
    #[must_use]
    pub fn forced(mut self) -> Self {
        for finding in self.findings.iter_mut().filter(|finding| finding.code == "BRAKE") {
            finding.severity = Severity::Warning;
            finding.refuses = false;
        }
        self
    }
}

/// Plans the generation of every zone of every horizon.
///
/// `current` is every zone file that is there ([`super::read_current`]). An inventory that is not whole plans nothing.
/// Planning again what was applied gives an empty plan.
pub fn plan(settings: &Settings, inventory: &Inventory, current: &[CurrentZone]) -> Plan {
    let mut plan = Plan::default();
    if !inventory.complete {
        let what = "the inventory cannot be read whole, so nothing is generated; every zone stays as it is";
        let remedy = "correct what the other findings name";
        plan.findings.push(Finding::new("INVENTORY_INCOMPLETE", Severity::Error, "inventory", what, remedy));
        return plan;
    }
    let claims = inventory::claims(inventory, settings);
    plan.findings.extend(claims.findings.iter().cloned());
    let mut persons: BTreeMap<(&str, &Name), Persons> = BTreeMap::new();
    for zone in current {
        let document = Document::parse(zone.text.clone(), &zone.path, &zone.origin);
        persons.insert((&zone.horizon, &zone.origin), Persons::of(zone, &document));
    }
    for (index, horizon) in settings.horizons.iter().enumerate() {
        let wanted = wanted::zones(index, settings, inventory, &claims, &mut plan.findings);
        let mut there: BTreeMap<&Name, &CurrentZone> = BTreeMap::new();
        there.extend(current.iter().filter(|zone| zone.horizon == horizon.name).map(|zone| (&zone.origin, zone)));
        let mut origins: Vec<&Name> = wanted.keys().chain(there.keys().copied()).collect();
        origins.sort();
        origins.dedup();
        for origin in origins {
            let merged = match (there.get(origin), wanted.get(origin)) {
                (Some(zone), wanted) => {
                    let none = Persons::default();
                    let persons = persons.get(&(horizon.name.as_str(), origin)).unwrap_or(&none);
                    merge(zone, wanted, persons, &horizon.name)
                }
                (None, Some(wanted)) => create(wanted, &horizon.name),
                (None, None) => continue,
            };
            let path =
                there.get(origin).map_or_else(|| zone_path(settings, &horizon.name, origin), |zone| zone.path.clone());
            let before = there.get(origin).map(|zone| zone.text.clone());
            plan.take(&horizon.name, origin, path, before, merged);
        }
    }
    plan.decide(settings, inventory, &claims, &persons);
    plan
}

impl Plan {
    fn take(&mut self, horizon: &str, origin: &Name, path: PathBuf, before: Option<Vec<u8>>, merged: Merged) {
        self.findings.extend(merged.findings);
        if before == merged.text {
            return;
        }
        let Counts { before: had, added, removed, changed } = merged.counts;
        // More than 30 %, and at least 10: a guest or two may always go.
        if removed >= 10 && removed * 100 > had * 30 {
            self.findings.push(
                Finding::new(
                    "BRAKE",
                    Severity::Error,
                    origin.to_string(),
                    format!("{removed} of {had} generated records would go from horizon `{horizon}`"),
                    "look at the plan; when that is meant, say `--force`",
                )
                .because("so many names go when the inventory is not what it should be, or the domain was renamed")
                .seen_at(crate::finding::Place::file(&path)),
            );
        }
        let diff = diff::lines(before.as_deref().unwrap_or_default(), merged.text.as_deref().unwrap_or_default());
        let (horizon, origin) = (horizon.to_owned(), origin.clone());
        self.files.push(FileChange {
            horizon,
            origin,
            path,
            before,
            after: merged.text,
            diff,
            added,
            removed,
            changed,
        });
    }

    /// Findings that a person's records lift, or cause.
    fn decide(
        &mut self,
        settings: &Settings,
        inventory: &Inventory,
        claims: &Claims,
        persons: &BTreeMap<(&str, &Name), Persons>,
    ) {
        let of = |horizon: usize, name: &Name| {
            let zone = claims.zone_of(name)?;
            persons.get(&(settings.horizons[horizon].name.as_str(), &zone.origin))
        };
        for open in &claims.undecided {
            let lifted = |horizon: &usize| of(*horizon, &open.name).is_some_and(|zone| zone.decides(&open.name));
            if !open.horizons.iter().all(lifted) {
                self.findings.push(open.finding.clone());
            }
        }
        let Some(ca) = &claims.ca else { return };
        for (index, horizon) in settings.horizons.iter().enumerate().filter(|(_, horizon)| !horizon.is_public()) {
            let Some(zone) = of(index, &ca.name) else { continue };
            let (mut addresses, mut place) = zone.addresses(&ca.name);
            if let Some((target, alias)) = zone.alias(&ca.name) {
                place = Some(alias);
                addresses.extend(of(index, &target).into_iter().flat_map(|zone| zone.addresses(&target).0));
                let claimed = claims.horizons[index].names.get(&target);
                addresses.extend(claimed.into_iter().flat_map(|published| published.addresses.keys().copied()));
            }
            let finding = inventory::name_not_at_ca(ca, &horizon.name, &addresses, inventory);
            let finding = finding.map(|mut finding| {
                "correct or remove the record in the zone file, or correct `dns_name` of `step_ca`"
                    .clone_into(&mut finding.remedy);
                place.into_iter().cloned().fold(finding, Finding::seen_at)
            });
            self.findings.extend(finding);
        }
    }
}
