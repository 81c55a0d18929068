//! Which name, zone file and horizons the words of an order mean.

use super::Refusal;
use super::resolve::ambiguous;
use super::resolve::known_horizon;
use super::resolve::read;
use super::resolve::reverse;
use super::standing::Sets;
use super::standing::Standing;
use super::standing::ZoneKey;
use super::standing::is_reverse;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_data;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::edit::Place;
use std::net::IpAddr;

const ROOT: &[u8] = b"\0";

/// The horizon that an order names, if it names one.
pub(super) fn named<'p>(standing: &Standing<'_>, place: &'p Place) -> Result<Option<&'p str>, Refusal> {
    match place {
        Place::Horizon(name) => {
            known_horizon(&standing.published().snapshot, name)?;
            Ok(Some(name))
        }
        Place::Unsaid | Place::All => Ok(None),
    }
}

/// Finds the full name that an order's name means in the zone files of these horizons.
///
/// As in `get`, but only records of zone files count: no wildcard stands in for a name, and none is inherited.
///
/// # Errors
/// `BAD_NAME`, `AMBIGUOUS_NAME` with the choices, `NO_ZONE` where there is no zone file at all.
pub(super) fn owner(standing: &Standing<'_>, horizon: Option<&str>, text: &str) -> Result<Name, Refusal> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return reverse_name(address);
    }
    if text.ends_with('.') {
        return read(text, ROOT);
    }
    let mut origins: Vec<Name> = standing.zones(horizon).map(|zone| zone.origin).collect();
    origins.sort_unstable();
    origins.dedup();
    let whole = if text == "@" { None } else { Some(read(text, ROOT)?) };
    let whole = whole.filter(|whole| origins.iter().any(|origin| whole.ends_with(origin)));
    let relative = origins.iter().filter_map(|origin| read(text, origin.as_slice()).ok());
    let mut candidates: Vec<Name> = whole.iter().cloned().chain(relative).collect();
    candidates.sort_unstable();
    candidates.dedup();
    let present: Vec<Name> = candidates.iter().filter(|name| standing.exists(horizon, name)).cloned().collect();
    let names = match (present.is_empty(), whole) {
        (false, _) => present,
        (true, Some(whole)) => vec![whole],
        (true, None) => candidates.into_iter().filter(|name| !is_reverse(name)).collect(),
    };
    match names.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let what = match horizon {
                Some(horizon) => format!("`{text}` lies in no zone of the horizon `{horizon}`"),
                None => format!("`{text}` lies in no zone"),
            };
            Err(Refusal::new("NO_ZONE", what, "write the full name with its final dot"))
        }
        several => Err(ambiguous(text, several)),
    }
}

/// The name of an address in the reverse tree.
pub(crate) fn reverse_name(address: IpAddr) -> Result<Name, Refusal> {
    read(&reverse(address), ROOT)
}

/// Finds the zone files in which an order changes the records of `owner`. `new`: it makes records, so that a name that is
/// nowhere yet may come into being.
///
/// # Errors
/// `NO_ZONE`, `NO_SUCH_NAME`, `SEVERAL_HORIZONS` with the horizons as choices.
pub(super) fn zones(standing: &Standing<'_>, place: &Place, owner: &Name, new: bool) -> Result<Vec<ZoneKey>, Refusal> {
    if let Place::Horizon(horizon) = place {
        return match standing.zone_of(horizon, owner) {
            Some(zone) => Ok(vec![zone]),
            None => Err(no_zone(standing, owner, Some(horizon))),
        };
    }
    let zones = standing.zones_of(owner);
    if zones.is_empty() {
        return Err(no_zone(standing, owner, None));
    }
    let (holding, others): (Vec<_>, Vec<_>) = zones.into_iter().partition(|zone| !standing.at(zone, owner).is_empty());
    let meant = if holding.is_empty() && new { others } else { holding };
    match (place, meant.as_slice()) {
        (_, []) => Err(no_such_name(owner)),
        (Place::Unsaid, [_, _, ..]) => Err(several(standing, owner, &meant)),
        _ => Ok(meant),
    }
}

fn no_such_name(owner: &Name) -> Refusal {
    let owner = present_name(owner.as_slice());
    let remedy = format!("see `zonectl get {owner}`: an inherited or generated name is changed where it is written");
    Refusal::new("NO_SUCH_NAME", format!("no zone file holds records of {owner}"), remedy)
}

fn no_zone(standing: &Standing<'_>, owner: &Name, horizon: Option<&str>) -> Refusal {
    let shown = present_name(owner.as_slice());
    let choices: Vec<String> = standing.zones_of(owner).into_iter().map(|zone| zone.horizon).collect();
    let (what, remedy) = match (horizon, choices.is_empty()) {
        (Some(horizon), false) => (
            format!("the horizon `{horizon}` has no zone that {shown} lies in"),
            format!("name one that has: `--horizon {}`", choices[0]),
        ),
        _ => {
            let mut origins: Vec<_> =
                standing.zones(horizon).map(|zone| present_name(zone.origin.as_slice())).collect();
            origins.sort_unstable();
            origins.dedup();
            let what = format!("{shown} lies in no zone");
            (
                what,
                format!(
                    "the zones are: {}; a new one begins with `zonectl import` or as a file <horizon>/<origin>.zone",
                    origins.join(", ")
                ),
            )
        }
    };
    let mut refusal = Refusal::new("NO_ZONE", what, remedy);
    refusal.choices = choices;
    refusal
}

fn several(standing: &Standing<'_>, owner: &Name, zones: &[ZoneKey]) -> Refusal {
    let each: Vec<String> =
        zones.iter().map(|zone| format!("`{}` ({})", zone.horizon, summary(&standing.at(zone, owner)))).collect();
    let held = zones.iter().any(|zone| !standing.at(zone, owner).is_empty());
    let what = match held {
        true => format!("{} is in several horizons: {}", present_name(owner.as_slice()), each.join(", ")),
        false => {
            let each: Vec<_> = zones.iter().map(|zone| format!("`{}`", zone.horizon)).collect();
            format!(
                "{} is new, and its zone is in several horizons: {}",
                present_name(owner.as_slice()),
                each.join(", ")
            )
        }
    };
    let mut refusal = Refusal::new("SEVERAL_HORIZONS", what, "say `--horizon NAME` or `--all-horizons`");
    refusal.choices = zones.iter().map(|zone| zone.horizon.clone()).collect();
    refusal
}

/// `A 10.0.0.12, TXT "x" and 2 more`: enough to tell one horizon's name from the other's.
fn summary(sets: &Sets) -> String {
    let records = sets.iter().flat_map(|(rtype, set)| set.iter().map(move |data| (Rtype::from_int(*rtype), data)));
    let mut shown: Vec<String> =
        records.map(|(rtype, data)| format!("{} {}", present_rtype(rtype), present_data(rtype, data))).collect();
    let more = shown.len().saturating_sub(SHOWN);
    shown.truncate(SHOWN);
    let text = shown.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// Records of a name that an error message names.
const SHOWN: usize = 3;
