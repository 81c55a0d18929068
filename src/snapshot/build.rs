//! Settings and zones become a snapshot: horizons that inherit get their zones merged name by name.

use super::bundle::{Ingredients, Snapshot, View};
use super::designated::designated;
use super::patch::Patch;
use crate::answer::{CompileError, Layer, SeenZone, ZoneTable, Zones, compile, special_zones_designating};
use crate::config::{Horizon, Settings};
use crate::counters::ELSEWHERE;
use crate::dns::{Name, labels};
use crate::finding::{Finding, Place, Severity};
use crate::forward::Blocked;
use crate::forward::Origins;
use crate::forward::Plan;
use crate::horizon::HorizonMap;
use crate::zone::Records;
use std::path::PathBuf;
use std::sync::Arc;

/// One zone of one horizon as it was read, ready to be compiled.
#[derive(Debug, Clone)]
pub struct ZoneSource {
    /// The horizon's name.
    pub horizon: String,
    /// The file it came from; none for zones in memory.
    pub file: Option<PathBuf>,
    /// Its records.
    pub records: Arc<Records>,
}

/// Builds a snapshot: pure, no file and no socket is touched.
///
/// A zone made of the very same [`Records`] as in `previous` is taken from there and not compiled again. A horizon that
/// `inherits` sees each name that it does not own as the other horizon does; the unit is the name.
///
/// # Errors
/// Every finding that refuses the load: zones without SOA, RRsets too large for a message, horizons that share a prefix.
pub fn build(settings: &Settings, zones: &[ZoneSource], previous: Option<&Snapshot>) -> Result<Snapshot, Vec<Finding>> {
    build_patched(settings, zones, previous, &[], None)
}

/// As [`build`]; a zone whose records differ from those in `previous` only by these patches shares with it what did not
/// change. `blocked` takes the place of the names that are blocked in `previous`.
///
/// # Errors
/// As [`build`].
pub fn build_patched(
    settings: &Settings,
    zones: &[ZoneSource],
    previous: Option<&Snapshot>,
    patches: &[Patch],
    blocked: Option<&Arc<Blocked>>,
) -> Result<Snapshot, Vec<Finding>> {
    let horizons = HorizonMap::new(&settings.horizons)?;
    let mut findings = Vec::new();
    let places = places(settings, previous);
    let mut views: Vec<Option<View>> = settings.horizons.iter().map(|_| None).collect();
    let routes: Arc<[Name]> = settings.forward.domains.iter().map(|domain| domain.name.clone()).collect();
    let special = special_zones_designating(&designated(&settings.tls));
    for index in outermost_first(&settings.horizons) {
        let horizon = &settings.horizons[index];
        let outer = horizon.inherits.as_deref().and_then(|name| views.iter().flatten().find(|view| view.name == name));
        let old = previous.and_then(|previous| previous.view(&horizon.name));
        let merge = Merge {
            chain: chain(&settings.horizons, horizon),
            zones,
            outer,
            old,
            patches,
            routes: &routes,
            special: &special,
            places: &places,
        };
        let view = merge.view(horizon, &mut findings);
        views[index] = Some(view);
    }
    if findings.is_empty() {
        let views: Vec<View> = views.into_iter().flatten().collect();
        let plan = plan(settings, &views, previous, blocked);
        let overlay = previous.map(|previous| Arc::clone(&previous.overlay)).unwrap_or_default();
        Ok(Snapshot { settings: settings.clone(), horizons, views, plan, overlay, places })
    } else {
        Err(findings)
    }
}

/// The plan of the snapshot before where it is the same, else a new one that has what the old one's cache holds.
fn plan(settings: &Settings, views: &[View], previous: Option<&Snapshot>, blocked: Option<&Arc<Blocked>>) -> Arc<Plan> {
    let origin = |seen: &SeenZone| seen.zone.origin().as_slice().to_ascii_lowercase().into_boxed_slice();
    let origins: Vec<Origins> = views.iter().map(|view| view.zones.iter().map(origin).collect()).collect();
    let same = |old: &&Snapshot| {
        let told = |horizon: &Horizon| (horizon.name.clone(), horizon.forward, horizon.upstreams.clone());
        old.settings.forward == settings.forward
            && old.settings.blocks == settings.blocks
            && blocked.is_none_or(|blocked| Arc::ptr_eq(blocked, old.plan.blocked()))
            && old.settings.horizons.iter().map(told).eq(settings.horizons.iter().map(told))
            && old.plan.origins() == origins
    };
    match previous.filter(same) {
        Some(previous) => Arc::clone(&previous.plan),
        None => {
            let plan = Plan::new(settings, previous.map(|previous| &*previous.plan)).with_origins(origins);
            Arc::new(match blocked {
                Some(blocked) => plan.with_blocked(Arc::clone(blocked)),
                None => plan,
            })
        }
    }
}

/// The places of counters: those of the snapshot before, and behind them horizons that are new, as far as there is room.
fn places(settings: &Settings, previous: Option<&Snapshot>) -> Arc<[String]> {
    let mut places: Vec<String> = previous.map(|previous| previous.places.to_vec()).unwrap_or_default();
    for horizon in &settings.horizons {
        if places.len() < ELSEWHERE && !places.contains(&horizon.name) {
            places.push(horizon.name.clone());
        }
    }
    places.into()
}

/// The horizon and those it inherits from, nearest first. A circle ends where it closes; `config` refuses it before.
fn chain<'a>(all: &'a [Horizon], start: &'a Horizon) -> Vec<&'a Horizon> {
    let mut chain = vec![start];
    while let Some(name) = chain.last().and_then(|last| last.inherits.as_deref())
        && let Some(next) = all.iter().find(|horizon| horizon.name == name)
        && !chain.iter().any(|seen| seen.name == next.name)
    {
        chain.push(next);
    }
    chain
}

fn outermost_first(horizons: &[Horizon]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..horizons.len()).collect();
    order.sort_by_key(|index| chain(horizons, &horizons[*index]).len());
    order
}

/// One horizon's zones in the making.
struct Merge<'a> {
    /// The horizon and those it inherits from.
    chain: Vec<&'a Horizon>,
    zones: &'a [ZoneSource],
    /// The finished view of the next horizon in the chain.
    outer: Option<&'a View>,
    /// The same horizon in the snapshot before.
    old: Option<&'a View>,
    patches: &'a [Patch],
    /// Names at and below which others are asked, where the horizon forwards.
    routes: &'a Arc<[Name]>,
    /// The built-in zones.
    special: &'a Arc<ZoneTable>,
    /// Horizons by the place of their counters.
    places: &'a [String],
}

impl<'a> Merge<'a> {
    fn view(&self, horizon: &Horizon, findings: &mut Vec<Finding>) -> View {
        let mut seen: Vec<SeenZone> = Vec::new();
        let mut ingredients: Vec<Ingredients> = Vec::new();
        for origin in self.origins() {
            let layers = self.layers(origin);
            let own = layers.first().is_some_and(|layer| layer.0 == 0);
            let made_of = Ingredients {
                origin: origin.clone(),
                layers: layers.into_iter().map(|(_, records, apex)| (records.clone(), apex)).collect(),
            };
            let from_outer = || self.outer.and_then(|outer| outer.unchanged(&made_of));
            let shared = if own { None } else { from_outer().map(|seen| SeenZone { inherited: true, ..seen }) };
            let ready = shared.or_else(|| self.old.and_then(|old| old.unchanged(&made_of)));
            let ready = ready.or_else(|| self.old.and_then(|old| old.patched(&made_of, self.patches)));
            let zone = ready.map(Ok).unwrap_or_else(|| compile_layers(&made_of));
            match zone {
                Ok(zone) => {
                    seen.push(zone);
                    ingredients.push(made_of);
                }
                Err(error) => findings.push(self.refused(horizon, origin, &error)),
            }
        }
        let routes = if horizon.forward { Arc::clone(self.routes) } else { Arc::from([]) };
        let zones = Zones::beside(seen, routes, Arc::clone(self.special));
        let place = self.places.iter().position(|name| *name == horizon.name).unwrap_or(ELSEWHERE);
        View { name: horizon.name.clone(), forward: horizon.forward, place, zones, ingredients }
    }

    /// The zones of one horizon in the chain.
    fn zones_of(&self, depth: usize) -> impl Iterator<Item = &'a ZoneSource> {
        let name = &self.chain[depth].name;
        self.zones.iter().filter(move |zone| zone.horizon == *name)
    }

    /// Each origin once, own zones first.
    fn origins(&self) -> Vec<&'a Name> {
        let mut origins: Vec<&Name> = Vec::new();
        for zone in (0..self.chain.len()).flat_map(|depth| self.zones_of(depth)) {
            if !origins.contains(&zone.records.origin()) {
                origins.push(zone.records.origin());
            }
        }
        origins
    }

    /// What goes into the zone at `origin`: for each horizon of the chain its zone of that origin, or what the zone above it
    /// holds below that origin.
    fn layers(&self, origin: &Name) -> Vec<(usize, &'a Arc<Records>, bool)> {
        (0..self.chain.len())
            .filter_map(|depth| {
                let zone = self
                    .zones_of(depth)
                    .filter(|zone| origin.ends_with(zone.records.origin()))
                    .max_by_key(|zone| zone.records.origin().label_count())?;
                let same = zone.records.origin() == origin;
                (same || holds_below(&zone.records, origin)).then_some((depth, &zone.records, same))
            })
            .collect()
    }

    fn refused(&self, horizon: &Horizon, origin: &Name, error: &CompileError) -> Finding {
        let file = self
            .zones
            .iter()
            .find(|zone| zone.horizon == horizon.name && zone.records.origin() == origin)
            .and_then(|zone| zone.file.as_ref());
        let (code, remedy) = match error {
            CompileError::NoSoa(_) => ("NO_SOA", "write one SOA record at the apex"),
            CompileError::RrSetTooLarge { .. } => ("RRSET_TOO_LARGE", "spread the records over more names"),
            CompileError::ShardTooLarge(_) => ("ZONE_TOO_LARGE", "spread the records over more names"),
        };
        let finding =
            Finding::new(code, Severity::Error, format!("{origin} in {}", horizon.name), error.to_string(), remedy);
        match file {
            Some(file) => finding.seen_at(Place::file(file)),
            None => finding,
        }
    }
}

fn compile_layers(made_of: &Ingredients) -> Result<SeenZone, CompileError> {
    let layers: Vec<Layer<'_>> = made_of.layers.iter().map(|(records, apex)| Layer { records, apex: *apex }).collect();
    Ok(SeenZone { zone: Arc::new(compile(&made_of.origin, &layers, &[])?), inherited: false })
}

/// True when some record's owner lies below `origin`, the origin itself not counted.
fn holds_below(records: &Records, origin: &Name) -> bool {
    let apex = origin.as_slice();
    records.iter().any(|record| {
        record.owner.len() > apex.len()
            && record.owner[record.owner.len() - apex.len()..].eq_ignore_ascii_case(apex)
            && labels(record.owner).count() > labels(apex).count()
    })
}
