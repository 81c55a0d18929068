//! Where http-01 and tls-alpn-01 challenges of a name are meant to be answered.

use super::names::Wanted;
use crate::config::{Route, Settings};
use crate::finding::Place;
use crate::flow::Known;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The machines that answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) addresses: BTreeSet<IpAddr>,
    /// Who says so, half a sentence.
    pub(super) by: String,
    pub(super) place: Option<Place>,
}

/// Who answers, the strongest word first: `targets` of `[acme.name]`, the route that the inventory gives the name in the CA's
/// horizon, that in another horizon, the guest that the certificate belongs to. None when nobody says.
pub(super) fn expected(
    wanted: &Wanted<'_>,
    horizon: &str,
    settings: &Settings,
    known: Option<&Known<'_>>,
) -> Option<Expected> {
    if let Some(targets) = wanted.of_config(settings).and_then(|own| own.targets.as_ref()) {
        let by = format!("`targets` of [acme.name.\"{}\"]", wanted.text);
        let place = Some(Place::file(&settings.file));
        return Some(Expected { addresses: targets.iter().copied().collect(), by, place });
    }
    let base = wanted.base.as_ref().ok()?;
    let claimed = known.and_then(|known| known.claimed(horizon, base)).filter(|(_, claim)| !claim.addresses.is_empty());
    if let Some((from, published)) = claimed {
        let route = match published.route {
            Route::Direct => "direct",
            Route::Traefik => "traefik",
            Route::Gateway => "gateway",
            Route::None => "none",
        };
        let origin = published.addresses.values().next();
        let of = origin.map_or_else(String::new, |origin| format!("{}, ", origin.label()));
        let by = format!("{of}route `{route}` in horizon `{from}`");
        let addresses = published.addresses.keys().copied().collect();
        return Some(Expected { addresses, by, place: origin.map(|origin| origin.place.clone()) });
    }
    let owner = wanted.owner.filter(|owner| !owner.addresses.is_empty())?;
    Some(Expected {
        addresses: owner.addresses.iter().map(|own| own.address).collect(),
        by: format!("{} has the certificate", owner.id),
        place: wanted.needs.first().map(|need| need.place.clone()),
    })
}
