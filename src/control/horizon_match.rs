//! `horizon match`: which horizon a client is in, and which prefixes decided.

use crate::snapshot::Snapshot;
use serde::Deserialize;
use serde::Serialize;
use std::net::IpAddr;

/// The answer to `horizon match`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchAnswer {
    /// The client.
    pub address: IpAddr,
    /// Its horizon; none when no prefix covers it: it is refused.
    pub horizon: Option<String>,
    /// The longest prefix that holds it.
    pub prefix: Option<String>,
    /// Whether it may use the forwarder.
    pub forward: bool,
    /// The horizons from which names are taken that the client's own does not own, nearest first.
    pub inherits: Vec<String>,
    /// Shorter prefixes that hold it too, longest first.
    pub also: Vec<OtherMatch>,
}

/// A prefix that holds the client and is not the longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherMatch {
    /// The prefix.
    pub prefix: String,
    /// Its horizon.
    pub horizon: String,
}

/// Finds the horizon of a client the way a query does.
pub fn horizon_match(snapshot: &Snapshot, address: IpAddr) -> MatchAnswer {
    let client = address.to_canonical();
    let found = snapshot.horizons.find(client);
    let own = found.and_then(|found| snapshot.settings.horizons.get(found.horizon));
    let mut also: Vec<_> = snapshot
        .settings
        .horizons
        .iter()
        .flat_map(|horizon| horizon.clients.iter().map(move |prefix| (*prefix, horizon)))
        .filter(|(prefix, _)| prefix.contains(client) && found.is_none_or(|found| found.prefix != *prefix))
        .collect();
    also.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.length()));
    MatchAnswer {
        address: client,
        horizon: own.map(|own| own.name.clone()),
        prefix: found.map(|found| found.prefix.to_string()),
        forward: own.is_some_and(|own| own.forward),
        inherits: own.map_or(Vec::new(), |own| chain(snapshot, &own.name).skip(1).map(str::to_owned).collect()),
        also: also
            .into_iter()
            .map(|(prefix, horizon)| OtherMatch { prefix: prefix.to_string(), horizon: horizon.name.clone() })
            .collect(),
    }
}

/// A horizon and those it inherits from, nearest first.
pub(super) fn chain<'a>(snapshot: &'a Snapshot, horizon: &'a str) -> impl Iterator<Item = &'a str> {
    let all = &snapshot.settings.horizons;
    let next = |name: &str| all.iter().find(|horizon| horizon.name == name)?.inherits.as_deref();
    // A circle is refused at load; the bound is for settings made in memory.
    std::iter::successors(Some(horizon), move |name| next(name)).take(all.len().max(1))
}
