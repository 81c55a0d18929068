//! `diff`: what clients of two horizons see differently.

use super::Published;
use super::Refusal;
use super::horizon_match::chain;
use super::resolve::known_horizon;
use crate::dns::Rtype;
use crate::dns::labels;
use crate::dns::present_data;
use crate::dns::present_name;
use crate::dns::present_rtype;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;

/// The answer to `diff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffAnswer {
    /// One horizon.
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
    let (a, b) = (seen(published, left), seen(published, right));
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
            name: present_name(a.or(b).map_or(b"\0", |set| set.owner)),
            rtype: present_rtype(rtype),
            left: texts(a),
            left_ttl: a.map(|set| set.ttl),
            right: texts(b),
            right_ttl: b.map(|set| set.ttl),
        });
    }
    Ok(answer)
}

/// A name in canonical order: its labels from the root, lower-cased.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
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
fn seen<'a>(published: &'a Published, horizon: &str) -> BTreeMap<Key, RecordSet<'a>> {
    let mut sets: BTreeMap<Key, RecordSet<'a>> = BTreeMap::new();
    let mut owned: HashSet<Vec<u8>> = HashSet::new();
    for horizon in chain(&published.snapshot, horizon) {
        let mut here: HashSet<Vec<u8>> = HashSet::new();
        for source in published.zones.iter().filter(|source| source.horizon == horizon) {
            for record in source.records.iter() {
                let lower = record.owner.to_ascii_lowercase();
                if owned.contains(&lower) {
                    continue;
                }
                let mut reversed: Vec<_> = labels(&lower).map(<[u8]>::to_vec).collect();
                reversed.reverse();
                let key = Key { labels: reversed, rtype: record.rtype.to_int() };
                let new = || RecordSet { owner: record.owner, ttl: record.ttl, data: BTreeSet::new() };
                let set = sets.entry(key).or_insert_with(new);
                set.ttl = set.ttl.min(record.ttl);
                set.data.insert(record.data.to_vec());
                here.insert(lower);
            }
        }
        owned.extend(here);
    }
    sets
}
