//! `diff`: what clients of two horizons see differently, and how zones differ from what they were or would be.

use super::Published;
use super::Refusal;
use super::horizon_match::chain;
use super::resolve::known_horizon;
use crate::dns::Rtype;
use crate::dns::labels;
use crate::dns::present_data;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::zone::Record;
use crate::zone::Records;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;

/// The answer to `diff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffAnswer {
    /// One horizon, or one state of the zones, such as `served`.
    pub left: String,
    /// The other one.
    pub right: String,
    /// How many names and types are the same in both.
    pub same: usize,
    /// What differs, in canonical order (RFC 4034 section 6.1).
    pub rows: Vec<DiffRow>,
}

/// One name and type that differs. SOA serials do not count: each horizon has its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffRow {
    /// The horizon whose zone it is in; none when two horizons are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<String>,
    /// The owner, with its final dot.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// What the left horizon has, sorted; empty when it has nothing.
    pub left: Vec<String>,
    /// Its TTL in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_ttl: Option<u32>,
    /// What the right horizon has, sorted; empty when it has nothing.
    pub right: Vec<String>,
    /// Its TTL in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right_ttl: Option<u32>,
}

/// Compares all records that clients of two horizons see, inherited ones included.
///
/// # Errors
/// `UNKNOWN_HORIZON`.
pub fn diff(published: &Published, left: &str, right: &str) -> Result<DiffAnswer, Refusal> {
    known_horizon(&published.snapshot, left)?;
    known_horizon(&published.snapshot, right)?;
    Ok(compare(left, right, &seen(published, left), &seen(published, right)))
}

/// Compares zones, each with its horizon, record set by record set; none is inherited.
pub fn diff_zones(left: &str, right: &str, a: &[(&str, &Records)], b: &[(&str, &Records)]) -> DiffAnswer {
    compare(left, right, &held(a), &held(b))
}

type Sets<'a> = BTreeMap<Key<'a>, RecordSet<'a>>;

fn compare(left: &str, right: &str, a: &Sets<'_>, b: &Sets<'_>) -> DiffAnswer {
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let mut answer = DiffAnswer { left: left.to_owned(), right: right.to_owned(), same: 0, rows: Vec::new() };
    for key in keys {
        let (a, b) = (a.get(key), b.get(key));
        if a == b {
            answer.same += 1;
            continue;
        }
        let rtype = Rtype::from_int(key.rtype);
        let texts = |set: Option<&RecordSet<'_>>| {
            let mut texts: Vec<_> =
                set.iter().flat_map(|set| &set.data).map(|data| present_data(rtype, data)).collect();
            texts.sort_unstable();
            texts
        };
        answer.rows.push(DiffRow {
            horizon: key.horizon.map(str::to_owned),
            name: present_name(a.or(b).map_or(b"\0", |set| set.owner)),
            rtype: present_rtype(rtype),
            left: texts(a),
            left_ttl: a.map(|set| set.ttl),
            right: texts(b),
            right_ttl: b.map(|set| set.ttl),
        });
    }
    answer
}

/// A name in canonical order: its labels from the root, lower-cased; horizons go first where there are several.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    horizon: Option<&'a str>,
    labels: Vec<Vec<u8>>,
    rtype: u16,
}

#[derive(Debug)]
struct RecordSet<'a> {
    owner: &'a [u8],
    ttl: u32,
    data: BTreeSet<Vec<u8>>,
}

impl PartialEq for RecordSet<'_> {
    fn eq(&self, other: &Self) -> bool {
        let comparable = |set: &Self| set.data.iter().map(|data| without_serial(data)).collect::<BTreeSet<_>>();
        self.ttl == other.ttl && (self.data == other.data || comparable(self) == comparable(other))
    }
}

/// SOA data (two names and five numbers) without its serial; other data as it is.
fn without_serial(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    let name = |from: usize| data.get(from..).and_then(|rest| crate::dns::wire_len(rest).ok());
    if let Some(first) = name(0)
        && let Some(second) = name(first)
        && data.len() == first + second + 20
    {
        data[first + second..first + second + 4].fill(0);
    }
    data
}

/// What a horizon's clients see: each name as the nearest horizon of the chain owns it.
fn seen<'a>(published: &'a Published, horizon: &str) -> Sets<'a> {
    let mut sets = Sets::new();
    let mut owned: HashSet<Vec<u8>> = HashSet::new();
    for horizon in chain(&published.snapshot, horizon) {
        let mut here: HashSet<Vec<u8>> = HashSet::new();
        for source in published.zones.iter().filter(|source| source.horizon == horizon) {
            for record in source.records.iter() {
                let lower = record.owner.to_ascii_lowercase();
                if owned.contains(&lower) {
                    continue;
                }
                add(&mut sets, None, record, &lower);
                here.insert(lower);
            }
        }
        owned.extend(here);
    }
    sets
}

/// What zones hold.
fn held<'a>(zones: &[(&'a str, &'a Records)]) -> Sets<'a> {
    let mut sets = Sets::new();
    for (horizon, records) in zones {
        for record in records.iter() {
            add(&mut sets, Some(horizon), record, &record.owner.to_ascii_lowercase());
        }
    }
    sets
}

fn add<'a>(sets: &mut Sets<'a>, horizon: Option<&'a str>, record: Record<'a>, lower: &[u8]) {
    let mut reversed: Vec<_> = labels(lower).map(<[u8]>::to_vec).collect();
    reversed.reverse();
    let key = Key { horizon, labels: reversed, rtype: record.rtype.to_int() };
    let new = || RecordSet { owner: record.owner, ttl: record.ttl, data: BTreeSet::new() };
    let set = sets.entry(key).or_insert_with(new);
    set.ttl = set.ttl.min(record.ttl);
    set.data.insert(record.data.to_vec());
}
