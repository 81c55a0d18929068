//! How a name is reached in a horizon: which route applies, and which of a guest's addresses its clients should use.

use super::claims::ClaimKind;
use super::model::GuestAddress;
use super::publish::may_publish;
use crate::config::{Horizon, KindRoutes, Route, Routes, Settings};
use crate::dns::{Name, parse_name};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A route and who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chosen {
    pub route: Route,
    pub by: By,
}

/// What decided a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// `[routes.name]` with this very name.
    ExactName,
    /// `[routes.name]` with a wildcard.
    Wildcard,
    /// The kind of claim.
    Kind,
}

/// The route of a claim in a horizon, before the CA's rule and the privacy of zones.
pub(super) fn route_of(name: &Name, kind: ClaimKind, horizon: &Horizon, settings: &Settings) -> Chosen {
    match override_of(name, &horizon.name, &settings.routes) {
        Some((route, true)) => return Chosen { route, by: By::ExactName },
        Some((route, false)) if kind != ClaimKind::Explicit => return Chosen { route, by: By::Wildcard },
        _ => {}
    }
    if settings.routes.inheriting.contains(&horizon.name) {
        return Chosen { route: Route::None, by: By::Kind };
    }
    let kinds = kind_routes(horizon, &settings.routes);
    let route = match kind {
        ClaimKind::Explicit => Route::Direct,
        ClaimKind::Service => kinds.service,
        ClaimKind::Stack => kinds.stack,
        ClaimKind::Guest => kinds.guest,
    };
    Chosen { route, by: By::Kind }
}

fn kind_routes(horizon: &Horizon, routes: &Routes) -> KindRoutes {
    routes.horizons.get(&horizon.name).copied().unwrap_or_else(|| KindRoutes::default_for(horizon))
}

/// The entry of `[routes.name]` for a name, and whether it is exact; a wildcard covers what RFC 4592 section 3.3.1 says.
fn override_of(name: &Name, horizon: &str, routes: &Routes) -> Option<(Route, bool)> {
    let entry = |by_horizon: &BTreeMap<String, Route>| by_horizon.get(horizon).copied();
    if let Some(exact) = routes.names.get(name) {
        return entry(exact).map(|route| (route, true));
    }
    for above in name.iter_suffixes().skip(1) {
        let wildcard = parse_name(&format!("*.{above}")).ok();
        if let Some(covering) = wildcard.and_then(|wildcard| routes.names.get(&wildcard)) {
            return entry(covering).map(|route| (route, false));
        }
        // The closest encloser has no wildcard: none further up applies.
        if routes.names.keys().any(|written| written.ends_with(&above)) {
            return None;
        }
    }
    None
}

/// The addresses of a guest that a horizon's clients should use: one per family.
///
/// The first of: an address that the horizon may publish; one inside the clients' own prefixes; one on a network that the
/// clients share; the order written. A public horizon gets only what it may publish, as far as there is something.
pub(super) fn choose_addresses(addresses: &[GuestAddress], horizon: &Horizon) -> Vec<IpAddr> {
    let rank = |own: &GuestAddress| {
        let narrow = || horizon.clients.iter().filter(|prefix| prefix.length() > 0);
        let near = if narrow().any(|prefix| prefix.contains(own.address)) {
            0
        } else if narrow().any(|prefix| prefix.covers(&own.network) || own.network.covers(prefix)) {
            1
        } else {
            2
        };
        (!may_publish(horizon, own.address), near)
    };
    let best = |v4: bool| addresses.iter().filter(|own| own.address.is_ipv4() == v4).min_by_key(|own| rank(own));
    let mut chosen: Vec<IpAddr> = [best(true), best(false)].into_iter().flatten().map(|own| own.address).collect();
    if chosen.iter().any(|address| may_publish(horizon, *address)) {
        chosen.retain(|address| may_publish(horizon, *address));
    }
    chosen
}
