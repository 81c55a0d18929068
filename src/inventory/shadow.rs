//! Claims that lost: SHADOWED by a stronger kind, or in CONFLICT with their equals. One finding for all horizons alike.

use super::claims::{Origin, Undecided};
use super::model::GuestId;
use crate::config::Settings;
use crate::dns::Name;
use crate::finding::{Finding, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// One side: who wanted which addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Loss {
    pub origin: Origin,
    /// The guest that runs a stack: several may run the same one.
    pub runs: Option<GuestId>,
    pub addresses: BTreeSet<IpAddr>,
}

impl Loss {
    fn text(&self) -> String {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        let runs = self.runs.as_ref().map(|guest| format!(" on {guest}")).unwrap_or_default();
        format!("{}{runs} ({})", self.origin.label(), addresses.join(", "))
    }
}

/// Losses by name and sides, each with the horizons where it happened.
#[derive(Debug, Default)]
pub(super) struct Losses {
    shadowed: BTreeMap<(Name, Loss, Loss), Vec<usize>>,
    conflicts: BTreeMap<(Name, Vec<Loss>), Vec<usize>>,
}

impl Losses {
    /// `winner` is published, `loser` is not, and they differ.
    pub(super) fn shadowed(&mut self, name: &Name, horizon: usize, winner: Loss, loser: Loss) {
        self.shadowed.entry((name.clone(), winner, loser)).or_default().push(horizon);
    }

    /// Claims of one kind that contradict each other.
    pub(super) fn conflict(&mut self, name: &Name, horizon: usize, mut sides: Vec<Loss>) {
        sides.sort();
        sides.dedup();
        self.conflicts.entry((name.clone(), sides)).or_default().push(horizon);
    }

    /// The findings; those of conflicts are lifted by a record that a person writes.
    pub(super) fn report(self, settings: &Settings) -> (Vec<Finding>, Vec<Undecided>) {
        let shadowed = self.shadowed.into_iter().map(|((name, winner, loser), horizons)| {
            let first = &settings.horizons[horizons[0]].name;
            let what = format!("in {} {} goes before {}", named(&horizons, settings), winner.text(), loser.text());
            let remedy = format!(
                "nothing to do if that is meant; else take the name out of {}, or write a route for `{first}` under [routes.name.\"{name}\"]",
                loser.origin.label(),
            );
            Finding::new("SHADOWED", Severity::Warning, name.to_string(), what, remedy)
                .seen_at(winner.origin.place)
                .seen_at(loser.origin.place)
        });
        let conflicts = self.conflicts.into_iter().map(|((name, sides), horizons)| {
            let first = &settings.horizons[horizons[0]].name;
            let texts: Vec<String> = sides.iter().map(Loss::text).collect();
            let what = format!(
                "in {} {} claim the same name; neither is published, and a record from before stays",
                named(&horizons, settings),
                texts.join(" and ")
            );
            let remedy = format!(
                "rename one of them; or write `{first} = \"traefik\"`, `\"gateway\"` or `\"none\"` under [routes.name.\"{name}\"]; or write the record yourself, without a `; from` comment"
            );
            let finding = Finding::new("CONFLICT", Severity::Error, name.to_string(), what, remedy).tolerated();
            let places = sides.into_iter().map(|side| side.origin.place);
            let finding = places.fold(finding, Finding::seen_at);
            Undecided { name, horizons, finding }
        });
        (shadowed.collect(), conflicts.collect())
    }
}

fn named(horizons: &[usize], settings: &Settings) -> String {
    let names: Vec<String> = horizons.iter().map(|index| format!("`{}`", settings.horizons[*index].name)).collect();
    let word = if names.len() == 1 { "horizon" } else { "horizons" };
    format!("{word} {}:", names.join(", "))
}
