//! Where names belong: of a zone and a domain that is forwarded, the longer name decides; of two that are alike, the zone.

use super::zones::Kind;
use crate::dns::Name;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// The zones of an import, and the domains in and beside them for which others are asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// All apexes, with what they stand for.
    pub(super) apexes: BTreeMap<Name, Kind>,
    /// The domains that the old server forwarded by a line of their own.
    pub(super) routes: BTreeSet<Name>,
}

/// Where a name belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// To the zone with this apex.
    Zone(&'a Name, Kind),
    /// To those who are asked for the names at and below another.
    Route,
    /// To nobody here.
    Nowhere,
}

impl Places {
    /// Finds the zone or forwarded domain nearest above a name.
    pub(super) fn of(&self, name: &Name) -> Place<'_> {
        let mut at = Some(name.clone());
        while let Some(domain) = at {
            if let Some((apex, kind)) = self.apexes.get_key_value(&domain) {
                return Place::Zone(apex, *kind);
            }
            if self.routes.contains(&domain) {
                return Place::Route;
            }
            at = domain.parent();
        }
        Place::Nowhere
    }

    /// The apex of the zone that a name belongs to.
    pub(super) fn zone(&self, name: &Name) -> Option<&Name> {
        match self.of(name) {
            Place::Zone(apex, _) => Some(apex),
            Place::Route | Place::Nowhere => None,
        }
    }

    /// True when a zone took the place of the forwarded domain of this name.
    pub(super) fn is_held(&self, domain: &Name) -> bool {
        self.routes.contains(domain) && self.apexes.contains_key(domain)
    }

    /// The domains that are forwarded still.
    pub(super) fn forwarded(&self) -> impl Iterator<Item = &Name> {
        self.routes.iter().filter(|domain| !self.is_held(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;

    /// As `answer` has it for the zones and routes of a horizon.
    #[test]
    fn the_longer_of_zone_and_route_decides() {
        let names = |texts: &[&str]| texts.iter().map(|text| parse_name(text).unwrap()).collect::<Vec<_>>();
        let apexes = names(&["d.example", "ours.sub.d.example", "both.example"]);
        let places = Places {
            apexes: apexes.into_iter().map(|apex| (apex, Kind::Own)).collect(),
            routes: names(&["sub.d.example", "both.example", "far.test"]).into_iter().collect(),
        };
        let table = [
            ("d.example", "d.example"),
            ("x.d.example", "d.example"),
            ("sub.d.example", "route"),
            ("x.sub.d.example", "route"),
            ("x.ours.sub.d.example", "ours.sub.d.example"),
            ("x.both.example", "both.example"),
            ("x.far.test", "route"),
            ("example", "nowhere"),
        ];
        for (name, expected) in table {
            let found = match places.of(&parse_name(name).unwrap()) {
                Place::Zone(apex, _) => apex.to_string(),
                Place::Route => "route".to_owned(),
                Place::Nowhere => "nowhere".to_owned(),
            };
            assert_eq!(found, expected, "{name}");
        }
        let mut forwarded: Vec<String> = places.forwarded().map(Name::to_string).collect();
        forwarded.sort();
        assert_eq!(forwarded, ["far.test", "sub.d.example"]);
        let held = |name| places.is_held(&parse_name(name).unwrap());
        assert!(held("both.example") && !held("sub.d.example") && !held("d.example"));
    }
}
