//! Where the values of an acme-dns account stand.

use crate::dns::Name;
use crate::dns::labels;
use crate::dns::parse_name;
use crate::dns::present_name;
use crate::snapshot::Snapshot;
use thiserror::Error;

/// Why there is no name for an account.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthNameError {
    /// Nothing is served below which it could stand.
    #[error("no zone of this server holds {0}; create the zone first")]
    NoZone(String),
    /// Together they are too long for a name.
    #[error("the name of the account would be longer than a name may be")]
    TooLong,
}

/// The name `SUBDOMAIN.auth.ZONE` of an account.
///
/// A zone that is called `auth` itself, such as `auth.example.org`, is taken where one is served; else the zone that holds
/// `name`, or without a name the first zone of the first horizon, reverse zones left out.
///
/// # Errors
/// [`AuthNameError`]
pub fn auth_name(snapshot: &Snapshot, subdomain: &str, name: Option<&Name>) -> Result<Name, AuthNameError> {
    let mut zones: Vec<&Name> = Vec::new();
    for zone in snapshot.views.iter().flat_map(|view| view.zones.iter()).map(|seen| seen.zone.origin()) {
        if !zones.contains(&zone) && !is_reverse(zone) {
            zones.push(zone);
        }
    }
    let own = zones.iter().find(|zone| labels(zone.as_slice()).next().is_some_and(|l| l.eq_ignore_ascii_case(b"auth")));
    let text = match (own, name) {
        (Some(zone), _) => format!("{subdomain}.{}", present_name(zone.as_slice())),
        (None, Some(name)) => {
            let above = zones.iter().filter(|zone| name.ends_with(**zone));
            let zone = above.max_by_key(|zone| zone.label_count());
            let zone = zone.ok_or_else(|| AuthNameError::NoZone(present_name(name.as_slice())))?;
            below(subdomain, zone)
        }
        (None, None) => {
            let zone = zones.first().ok_or_else(|| AuthNameError::NoZone("any name".to_owned()))?;
            below(subdomain, zone)
        }
    };
    parse_name(&text).map_err(|_| AuthNameError::TooLong)
}

fn below(subdomain: &str, zone: &Name) -> String {
    format!("{subdomain}.auth.{}", present_name(zone.as_slice()))
}

fn is_reverse(zone: &Name) -> bool {
    labels(zone.as_slice()).last().is_none_or(|label| label.eq_ignore_ascii_case(b"arpa"))
}
