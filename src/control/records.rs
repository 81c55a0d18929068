//! The records that serve, zone by zone, for comparisons with files and with the past.

use super::Published;
use super::Refusal;
use super::resolve::known_horizon;
use crate::dns::Rtype;
use crate::dns::parse_name;
use crate::dns::present_data;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::dns::serial_at;
use crate::zone::Records;
use serde::Deserialize;
use serde::Serialize;
use std::fmt::Write;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

/// Octets of a zone's text that go in one answer.
const LARGEST: usize = 200 << 20;

/// The answer to `records`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsAnswer {
    /// In the order of the load.
    pub zones: Vec<HeldZone>,
}

/// A zone of one horizon, as it serves there itself; what is inherited is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldZone {
    /// The horizon.
    pub horizon: String,
    /// The apex, with its final dot.
    pub zone: String,
    /// [`mark`] of its records.
    pub mark: String,
    /// Its records as zone text with absolute names, one a line; only when the zone was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Lists zones; with the records of those that have the apex `zone`.
///
/// # Errors
/// `UNKNOWN_HORIZON`, `BAD_NAME`, `UNKNOWN_ZONE`, `ZONE_TOO_LARGE`.
pub fn records(published: &Published, horizon: Option<&str>, zone: Option<&str>) -> Result<RecordsAnswer, Refusal> {
    if let Some(horizon) = horizon {
        known_horizon(&published.snapshot, horizon)?;
    }
    let apex = zone.map(parse_name).transpose().map_err(|error| {
        Refusal::new("BAD_NAME", error.to_string(), "write the apex of a zone, such as `internal.example.`")
    })?;
    let mut zones = Vec::new();
    for held in &published.zones {
        let here = horizon.is_none_or(|horizon| horizon == held.horizon);
        if !here || apex.as_ref().is_some_and(|apex| apex != held.records.origin()) {
            continue;
        }
        let text = match &apex {
            Some(_) => Some(text(&held.records)?),
            None => None,
        };
        let zone = present_name(held.records.origin().as_slice());
        zones.push(HeldZone { horizon: held.horizon.clone(), zone, mark: mark(&held.records), text });
    }
    match (zones.is_empty(), zone) {
        (true, Some(zone)) => {
            let what = format!("no zone `{zone}` is served there");
            Err(Refusal::new("UNKNOWN_ZONE", what, "`zonectl status` shows the zones"))
        }
        _ => Ok(RecordsAnswer { zones }),
    }
}

/// A mark that is the same for the same records, in whatever order and case of names; the SOA serial does not count.
///
/// Different records have different marks as far as chance goes; a mark is only comparable between programs of one version.
pub fn mark(records: &Records) -> String {
    let (mut sum, mut count) = (0u64, 0u64);
    for record in records.iter() {
        let mut hasher = DefaultHasher::new();
        record.owner.to_ascii_lowercase().hash(&mut hasher);
        (record.rtype.to_int(), record.ttl).hash(&mut hasher);
        match (record.rtype == Rtype::SOA).then(|| serial_at(record.data)).flatten() {
            Some(at) => (&record.data[..at], &record.data[at + 4..]).hash(&mut hasher),
            None => record.data.hash(&mut hasher),
        }
        // Addition, so that the order makes no difference.
        sum = sum.wrapping_add(hasher.finish());
        count += 1;
    }
    format!("{count}-{sum:016x}")
}

fn text(records: &Records) -> Result<String, Refusal> {
    let mut text = String::new();
    for record in records.iter() {
        let (owner, data) = (present_name(record.owner), present_data(record.rtype, record.data));
        // Writing into a string does not fail.
        let _ = writeln!(text, "{owner} {} {} {data}", record.ttl, present_rtype(record.rtype));
        if text.len() > LARGEST {
            let what = format!("the zone {} is too large to be told in one answer", records.origin());
            return Err(Refusal::new("ZONE_TOO_LARGE", what, "compare its files with another tool"));
        }
    }
    Ok(text)
}
