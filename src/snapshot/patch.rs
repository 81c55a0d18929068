//! A change of a few names: zones that it touches are patched, not compiled again.

use super::bundle::{Ingredients, Snapshot, View};
use crate::answer::{NameAfter, SeenZone, Zone};
use crate::dns::Name;
use crate::edit::sets_of;
use crate::zone::{Records, RrSet};
use std::sync::Arc;

/// The difference between two versions of one zone file's records: everything that is not named is the same in both.
#[derive(Debug, Clone)]
pub struct Patch {
    /// The records that the present snapshot was made of.
    pub before: Arc<Records>,
    /// The new ones; the same as `before` where they are not read yet.
    pub after: Arc<Records>,
    /// The names that differ, each with all its new records; none when it has no more.
    pub names: Vec<(Name, Vec<RrSet>)>,
}

impl Snapshot {
    /// This snapshot with some names changed, ready before the new zone text is even written. Its zones count as made of
    /// the old records until the whole is built anew.
    ///
    /// None when a touched zone is merged out of several horizons, or when its change needs the zone compiled as a whole.
    pub fn patched(&self, patches: &[Patch]) -> Option<Snapshot> {
        let mut views = Vec::with_capacity(self.views.len());
        for view in &self.views {
            let mut zones = Vec::with_capacity(view.ingredients.len());
            for (made_of, seen) in view.ingredients.iter().zip(view.zones.iter()) {
                let touches =
                    |patch: &&Patch| made_of.layers.iter().any(|(records, _)| Arc::ptr_eq(records, &patch.before));
                let Some(patch) = patches.iter().find(touches) else {
                    zones.push(seen.clone());
                    continue;
                };
                if made_of.layers.len() > 1 {
                    return None;
                }
                let names = patch.names.iter().map(|(owner, rrsets)| NameAfter { owner, inherited: false, rrsets });
                zones.push(with_names(seen, &names.collect::<Vec<_>>())?);
            }
            views.push(View {
                name: view.name.clone(),
                forward: view.forward,
                place: view.place,
                zones: view.zones.with(zones),
                ingredients: view.ingredients.clone(),
            });
        }
        Some(Snapshot {
            settings: self.settings.clone(),
            horizons: self.horizons.clone(),
            views,
            plan: Arc::clone(&self.plan),
            overlay: Arc::clone(&self.overlay),
            places: Arc::clone(&self.places),
        })
    }
}

impl View {
    /// The zone made of these layers, patched from the one that serves; none when more differs than the patches say.
    pub(super) fn patched(&self, made_of: &Ingredients, patches: &[Patch]) -> Option<SeenZone> {
        let known = self.ingredients.iter().position(|known| follows(known, made_of, patches))?;
        let seen = self.zones.iter().nth(known)?;
        let origin = made_of.origin.as_slice();
        let mut names: Vec<(&Name, bool, Vec<RrSet>)> = Vec::new();
        for (records, _) in &made_of.layers {
            for (owner, _) in
                patches.iter().filter(|patch| Arc::ptr_eq(&patch.after, records)).flat_map(|patch| &patch.names)
            {
                if owner.ends_with(&made_of.origin) && !names.iter().any(|(known, _, _)| *known == owner) {
                    let (inherited, rrsets) =
                        effective(made_of, owner, owner.as_slice().len() == origin.len(), patches);
                    names.push((owner, inherited, rrsets));
                }
            }
        }
        let names: Vec<NameAfter<'_>> =
            names.iter().map(|(owner, inherited, rrsets)| NameAfter { owner, inherited: *inherited, rrsets }).collect();
        with_names(seen, &names)
    }
}

fn with_names(seen: &SeenZone, names: &[NameAfter<'_>]) -> Option<SeenZone> {
    // What cannot be compiled is told by the whole compilation, with its finding.
    let zone: Zone = seen.zone.patched(names).ok().flatten()?;
    Some(SeenZone { zone: Arc::new(zone), inherited: seen.inherited })
}

/// True when `new` differs from `known` only by these patches, and by one of them at least.
fn follows(known: &Ingredients, new: &Ingredients, patches: &[Patch]) -> bool {
    let patched = |a: &Arc<Records>, b: &Arc<Records>| {
        patches.iter().any(|patch| Arc::ptr_eq(&patch.before, a) && Arc::ptr_eq(&patch.after, b))
    };
    known.origin == new.origin
        && known.layers.len() == new.layers.len()
        && known
            .layers
            .iter()
            .zip(&new.layers)
            .all(|(a, b)| a.1 == b.1 && (Arc::ptr_eq(&a.0, &b.0) || patched(&a.0, &b.0)))
}

/// What the first layer that owns a name says of it, and whether that is an inherited one.
fn effective(made_of: &Ingredients, owner: &Name, at_apex: bool, patches: &[Patch]) -> (bool, Vec<RrSet>) {
    for (depth, (records, apex)) in made_of.layers.iter().enumerate() {
        if at_apex && !apex {
            continue;
        }
        let changed = patches
            .iter()
            .filter(|patch| Arc::ptr_eq(&patch.after, records))
            .flat_map(|patch| &patch.names)
            .find(|(name, _)| name == owner);
        let rrsets = match changed {
            Some((_, rrsets)) => rrsets.clone(),
            None => sets_of(records, std::slice::from_ref(owner)).pop().unwrap_or_default(),
        };
        if !rrsets.is_empty() {
            return (depth > 0, rrsets);
        }
    }
    (false, Vec::new())
}
