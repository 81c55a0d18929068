//! The map from client addresses to horizons.

use crate::config::{Horizon, Prefix};
use crate::finding::Finding;
use std::net::IpAddr;

/// Client prefixes of all horizons, ready to be searched.
#[derive(Debug, Clone, Default)]
pub struct HorizonMap {
    prefixes: Vec<(Prefix, u16)>,
}

/// Why a client belongs to a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The horizon's place in the list that the map was made from.
    pub horizon: usize,
    /// The prefix that matched.
    pub prefix: Prefix,
}

impl HorizonMap {
    /// Makes the map.
    ///
    /// # Errors
    /// The same prefix in two horizons.
    pub fn new(horizons: &[Horizon]) -> Result<Self, Vec<Finding>> {
        let mut prefixes: Vec<_> = (0u16..)
            .zip(horizons)
            .flat_map(|(index, horizon)| horizon.clients.iter().map(move |prefix| (*prefix, index)))
            .collect();
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.length()));
        Ok(HorizonMap { prefixes })
    }

    /// Finds the horizon of a client; none when no prefix covers it. A v4-mapped IPv6 address counts as IPv4.
    pub fn find(&self, client: IpAddr) -> Option<Match> {
        let client = client.to_canonical();
        let (prefix, horizon) = self.prefixes.iter().find(|(prefix, _)| prefix.contains(client))?;
        Some(Match { horizon: usize::from(*horizon), prefix: *prefix })
    }
}
