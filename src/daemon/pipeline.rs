//! The load as a sentence: read config and inventory, generate, load zones, check, build. Nothing is written here and no
//! socket is touched, so that `zonectl` runs the very same load without a server.

use super::assessing::assessed;
use super::forwarding;
use super::generating::{Generated, Texts, generate};
use super::inputs::Inputs;
use super::loading::LoadedZone;
use super::source::Source;
use super::strays::strays;
use super::zonefiles::{self, ZoneFile};
use crate::config::{Horizon, Settings};
use crate::control::{Published, PublishedZone};
use crate::dns::{Name, Rtype, name_from_wire, service_hints};
use crate::edit::differing_names;
use crate::finding::{Finding, Place, Severity};
use crate::forward::Blocked;
use crate::forward::load_blocked;
use crate::generate::Plan;
use crate::inventory::private_address_published;
use crate::inventory::{self, may_publish};
use crate::pace::breathe_at;
use crate::snapshot::{Patch, ZoneSource, build_patched};
use crate::zone::Record;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// Everything that one load brought; it may go live.
#[derive(Debug)]
pub struct Candidate {
    /// What it was built from.
    pub settings: Settings,
    /// Ready to answer, with what it was made of.
    pub published: Arc<Published>,
    /// The zone files, in the order they were listed.
    pub zones: Vec<LoadedZone>,
    /// What is not right but does not keep it from going live.
    pub findings: Vec<Finding>,
    /// Why generation was left out, so that the zones are those of the present zone files; empty when all went well.
    pub withheld: Vec<Finding>,
    /// What generation changes in the zone files; it is loaded already and not written yet.
    pub plan: Plan,
    /// Where everything was read.
    pub inputs: Inputs,
}

/// A load that must not go live.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Why, and what else was found on the way.
    pub findings: Vec<Finding>,
    /// Where everything was read, as far as it was reached: a change there is worth another try.
    pub inputs: Inputs,
}

impl Candidate {
    /// True when it serves the same as `other` in every way.
    pub fn serves_the_same(&self, other: &Candidate) -> bool {
        self.settings == other.settings
            && Arc::ptr_eq(self.blocked(), other.blocked())
            && self.zones.len() == other.zones.len()
            && self.zones.iter().zip(&other.zones).all(|(a, b)| a.file == b.file && Arc::ptr_eq(&a.records, &b.records))
    }

    /// The zones that are not those of `previous`, as `origin in horizon`; those that are gone, too.
    pub fn changed_zones(&self, previous: &Candidate) -> Vec<String> {
        let same = |a: &LoadedZone, b: &Candidate| b.zone(&a.file).is_some_and(|b| Arc::ptr_eq(&a.records, &b.records));
        let new = self.zones.iter().filter(|zone| !same(zone, previous));
        let gone = previous.zones.iter().filter(|zone| self.zone(&zone.file).is_none());
        new.chain(gone).map(|zone| format!("{}. in {}", zone.file.origin, zone.file.horizon)).collect()
    }

    fn blocked(&self) -> &Arc<Blocked> {
        self.published.snapshot.plan.blocked()
    }

    pub(super) fn zone(&self, file: &ZoneFile) -> Option<&LoadedZone> {
        self.zones.iter().find(|zone| zone.file == *file)
    }
}

/// Loads everything that the config file names. Zone files that did not change since `previous` are not read again, and
/// their zones not compiled again.
///
/// Faults of the inventory alone do not refuse a load: they are in [`Candidate::withheld`], and the zone files that are
/// there are what is loaded.
///
/// # Errors
/// [`Failure`] with every finding of the stage that failed.
pub fn candidate(source: &Source, previous: Option<&Candidate>) -> Result<Candidate, Failure> {
    candidate_with(source, previous, &[], |settings| generate(settings, &[]))
}

/// As [`candidate`], with other texts in the place of some zone files.
pub(super) fn amended(source: &Source, previous: Option<&Candidate>, texts: &Texts) -> Result<Candidate, Failure> {
    candidate_with(source, previous, texts, |settings| generate(settings, texts))
}

/// As [`candidate`], with the zone files as they are and `withheld` for the reason.
pub(super) fn without_generation(
    source: &Source,
    previous: Option<&Candidate>,
    withheld: Vec<Finding>,
) -> Result<Candidate, Failure> {
    let inventory = |settings: &Settings| settings.inventory.as_ref().map(|root| Arc::new(inventory::read(root).0));
    let generate = |settings: &Settings| Generated { withheld, inventory: inventory(settings), ..Generated::default() };
    candidate_with(source, previous, &[], generate)
}

fn candidate_with(
    source: &Source,
    previous: Option<&Candidate>,
    texts: &Texts,
    generate: impl FnOnce(&Settings) -> Generated,
) -> Result<Candidate, Failure> {
    let settings =
        source.settings().map_err(|findings| Failure { findings, inputs: Inputs::of_config(&source.config) })?;
    let inputs = Inputs::of(&settings);
    let generated = generate(&settings);
    match load(settings, &generated, texts, &inputs, previous) {
        Ok(candidate) => Ok(candidate),
        Err(mut findings) => {
            // A broken zone file stops both its loading and the generating; it is told once.
            let told: Vec<_> = findings.iter().flat_map(|finding| finding.places.clone()).collect();
            let new = |finding: &Finding| !finding.places.iter().any(|place| told.contains(place));
            findings.extend(generated.withheld.into_iter().filter(new));
            findings.extend(generated.findings);
            Err(Failure { findings, inputs })
        }
    }
}

fn load(
    settings: Settings,
    generated: &Generated,
    texts: &Texts,
    inputs: &Inputs,
    previous: Option<&Candidate>,
) -> Result<Candidate, Vec<Finding>> {
    let zones = read_zones(&settings, generated, texts, previous)?;
    let mut findings: Vec<Finding> = generated.findings.clone();
    findings.extend(zones.iter().flat_map(|zone| zone.findings.iter().cloned()));
    findings.extend(strays(&settings, &zones));
    findings.extend(no_zones(&settings, &zones));
    let (mut refusing, told): (Vec<_>, Vec<_>) =
        forwarding::findings(&settings).into_iter().partition(|finding| finding.severity == Severity::Error);
    findings.extend(told);
    refusing.extend(private_addresses(&settings, &zones));
    if !refusing.is_empty() {
        return Err(refusing);
    }
    let sources: Vec<ZoneSource> = zones
        .iter()
        .map(|zone| ZoneSource {
            horizon: zone.file.horizon.clone(),
            file: Some(zone.file.path.clone()),
            records: Arc::clone(&zone.records),
        })
        .collect();
    let patches = previous.map_or_else(Vec::new, |previous| patches(&zones, previous));
    let before = previous.map(|previous| &*previous.published.snapshot);
    let blocked = load_blocked(&settings, before.map(|before| before.plan.blocked()));
    findings.extend(blocked.findings().cloned());
    let snapshot = build_patched(&settings, &sources, before, &patches, Some(&blocked))?;
    let assessed =
        assessed(&snapshot, generated.inventory.as_deref(), &zones, previous.map(|previous| &*previous.published.acme));
    if !assessed.refusing.is_empty() {
        return Err(assessed.refusing);
    }
    findings.extend(assessed.findings);
    let zones_shown = zones.iter().map(|zone| PublishedZone {
        horizon: zone.file.horizon.clone(),
        files: zone.files.clone(),
        records: Arc::clone(&zone.records),
    });
    let published = Published {
        snapshot: Arc::new(snapshot),
        zones: zones_shown.collect(),
        findings: findings.clone(),
        unwritten: HashMap::new(),
        acme: Arc::new(assessed.assessment),
        inventory: generated.inventory.clone(),
    };
    Ok(Candidate {
        settings,
        published: Arc::new(published),
        zones,
        findings,
        withheld: generated.withheld.clone(),
        plan: generated.plan.clone(),
        inputs: inputs.clone(),
    })
}

/// The zone files that are there, with those that generation changes or adds in their new state.
fn read_zones(
    settings: &Settings,
    generated: &Generated,
    texts: &Texts,
    previous: Option<&Candidate>,
) -> Result<Vec<LoadedZone>, Vec<Finding>> {
    let mut findings = vanished(settings, previous);
    let coming = texts.iter().filter(|(_, text)| text.is_some()).map(|(path, _)| path.as_path());
    let files = zonefiles::list(settings, &generated.written().chain(coming))?;
    let mut zones = Vec::with_capacity(files.len());
    for file in files {
        let amended = texts.iter().find(|(path, _)| *path == file.path).map(|(_, text)| text);
        let text = match generated.change(&file.path).map(|change| &change.after).or(amended) {
            Some(Some(text)) => Some(text.as_slice()),
            // It goes when the change is written.
            Some(None) => continue,
            None => None,
        };
        let old = previous.and_then(|previous| previous.zone(&file));
        match LoadedZone::read(&file, text, &settings.zones, old) {
            Ok(zone) => zones.push(zone),
            Err(refused) => findings.extend(refused),
        }
    }
    if findings.is_empty() { Ok(zones) } else { Err(findings) }
}

/// The names in which zones differ from what serves, where they are few: their compiled zones are patched.
fn patches(zones: &[LoadedZone], previous: &Candidate) -> Vec<Patch> {
    let changed = zones.iter().filter_map(|zone| {
        let before = &previous.zone(&zone.file)?.records;
        (!Arc::ptr_eq(before, &zone.records)).then_some((before, &zone.records))
    });
    changed
        .filter_map(|(before, after)| {
            let names = differing_names(before, after, MOST_PATCHED)?;
            let names = names.into_iter().map(|change| (change.owner, change.after)).collect();
            Some(Patch { before: Arc::clone(before), after: Arc::clone(after), names })
        })
        .collect()
}

/// Names; beyond these a zone is compiled as a whole.
const MOST_PATCHED: usize = 512;

/// A horizon whose folder is gone as a whole lost it by accident or is being exchanged: its zones are not given up.
fn vanished(settings: &Settings, previous: Option<&Candidate>) -> Vec<Finding> {
    let Some(previous) = previous else { return Vec::new() };
    let mut gone: Vec<&Path> = previous
        .zones
        .iter()
        .filter(|zone| settings.horizons.iter().any(|horizon| horizon.name == zone.file.horizon))
        .filter_map(|zone| zone.file.path.parent())
        .filter(|folder| folder.starts_with(&settings.zones) && !folder.is_dir())
        .collect();
    gone.dedup();
    gone.into_iter()
        .map(|folder| {
            Finding::new(
                "ZONE_FOLDER_GONE",
                Severity::Error,
                folder.display().to_string(),
                "the folder is gone, and zones are served out of it",
                "put it back; to give up its zones, leave the folder and remove the files, or remove the horizon",
            )
            .seen_at(Place::file(folder))
        })
        .collect()
}

fn no_zones(settings: &Settings, zones: &[LoadedZone]) -> Option<Finding> {
    zones.is_empty().then(|| {
        Finding::new(
            "NO_ZONES",
            Severity::Warning,
            settings.zones.display().to_string(),
            "there is no zone file, so every query is refused",
            "put zone files at `<horizon>/<origin>.zone` below this folder, or name an inventory to generate them from",
        )
        .seen_at(Place::file(&settings.zones))
    })
}

/// A public horizon must not tell private addresses, whoever wrote the record.
fn private_addresses(settings: &Settings, zones: &[LoadedZone]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for horizon in settings.horizons.iter().filter(|horizon| horizon.is_public()) {
        let chain = chain(settings, horizon);
        let mut hidden: HashSet<Name> = HashSet::new();
        for (depth, seen) in chain.iter().enumerate() {
            let own = || zones.iter().filter(|zone| zone.file.horizon == seen.name);
            for zone in own() {
                let told = zone.records.iter().enumerate().filter_map(|(index, record)| {
                    breathe_at(index);
                    // Most records are well: no name is made for them.
                    let address = addresses(&record).find(|address| !may_publish(horizon, *address))?;
                    let owner = name_from_wire(record.owner).ok().filter(|owner| !hidden.contains(owner))?;
                    let finding = private_address_published(horizon, &owner, address)?;
                    let file = zone.files.get(usize::from(record.line.file)).unwrap_or(&zone.file.path);
                    Some(finding.seen_at(Place::at(file, record.line.number, 1)))
                });
                findings.extend(told);
            }
            // What this horizon owns hides the whole name in those that it inherits from.
            if depth + 1 < chain.len() {
                hidden.extend(
                    own().flat_map(|zone| zone.records.iter().filter_map(|record| name_from_wire(record.owner).ok())),
                );
            }
        }
    }
    findings
}

/// A horizon and those it inherits from, nearest first.
fn chain<'a>(settings: &'a Settings, horizon: &'a Horizon) -> Vec<&'a Horizon> {
    let mut chain = vec![horizon];
    while let Some(outer) = chain.last().and_then(|last| last.inherits.as_ref()) {
        match settings.horizons.iter().find(|other| other.name == *outer) {
            Some(next) if !chain.contains(&next) => chain.push(next),
            _ => break,
        }
    }
    chain
}

/// The addresses that a record tells: its own, or the hints of SVCB and HTTPS (RFC 9460 section 7.3).
fn addresses(record: &Record<'_>) -> impl Iterator<Item = IpAddr> {
    let own = match record.rtype {
        Rtype::A => record.data.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        Rtype::AAAA => record.data.first_chunk::<16>().map(|octets| IpAddr::from(*octets)),
        _ => None,
    };
    let hinted = match record.rtype {
        Rtype::SVCB | Rtype::HTTPS => service_hints(record.data),
        _ => None,
    };
    own.into_iter().chain(hinted.into_iter().flat_map(|(_, hints)| hints))
}
