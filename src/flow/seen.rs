//! What is answered for names in each horizon, as it goes over the control socket: the "actual" side of a picture.

use super::Known;
use crate::dns::present_name;
use crate::finding::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

/// Answers for names, horizon by horizon.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The config file of the one who answers.
    pub config: PathBuf,
    /// In the order of the config.
    pub horizons: Vec<SeenHorizon>,
    /// Names that were left out because there are too many for a picture.
    #[serde(default)]
    pub left_out: usize,
}

impl Seen {
    /// Names that the inventory wants and that are not here, each with its final dot.
    pub fn lacks(&self, known: &Known<'_>) -> Vec<String> {
        let names = self.horizons.iter().flat_map(|horizon| &horizon.names);
        let there: BTreeSet<String> = names.map(|name| name.name.to_ascii_lowercase()).collect();
        let wanted = known.names().into_iter().map(|name| present_name(name.as_slice()));
        wanted.filter(|name| !there.contains(&name.to_ascii_lowercase())).collect()
    }

    /// Adds the answers for other names, of the same horizons.
    pub fn add(&mut self, more: Seen) {
        for (horizon, more) in self.horizons.iter_mut().zip(more.horizons) {
            horizon.names.extend(more.names);
        }
    }
}

/// One horizon and what its clients get.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenHorizon {
    /// Its name.
    pub name: String,
    /// Its client prefixes.
    pub clients: Vec<String>,
    /// The names that were asked, in canonical order (RFC 4034 section 6.1).
    pub names: Vec<SeenName>,
}

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeenName {
    /// With its final dot.
    pub name: String,
    /// `NOERROR` with addresses, `NODATA`, `NXDOMAIN`, `REFERRAL`, `ELSEWHERE` for an alias that leaves all zones, or the
    /// RCODE, such as `REFUSED`.
    pub outcome: String,
    /// The alias targets that were followed, in order, each with its final dot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SeenAddress>,
}

/// An address that a name leads to, with the record that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAddress {
    /// The address.
    pub address: IpAddr,
    /// True when somebody looked where the record comes from; large zones are not searched.
    #[serde(default)]
    pub traced: bool,
    /// What the generator noted behind it, such as `lxc/103 traefik_service`; none for a record that a person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}
