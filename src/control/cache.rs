//! `cache`: what is kept of upstreams' answers, counted, shown and forgotten.

use super::Published;
use super::Refusal;
use super::resolve::known_horizon;
use super::resolve::read;
use super::resolve::read_type;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::forward::Kind;
use crate::forward::Selection;
use crate::forward::Shown;
use crate::forward::Stats;
use crate::snapshot::Snapshot;
use serde::Deserialize;
use serde::Serialize;

/// The answer to `cache show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheAnswer {
    /// The entries that were chosen, as many as were wanted at most; by name, type and horizon.
    pub entries: Vec<CacheEntryShown>,
    /// True when there are more.
    pub more: bool,
}

/// One kept answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntryShown {
    /// The horizon whose clients it is for; none for one that is gone or does not forward any more.
    pub horizon: Option<String>,
    /// The full name, with its final dot.
    pub name: String,
    /// The type that was asked for; `ANY` for a name that does not exist, which counts for all.
    #[serde(rename = "type")]
    pub rtype: String,
    /// `answer`, `no-data`, `no-name` or `failure`.
    pub kind: String,
    /// The RCODE by number.
    pub rcode: u16,
    /// Seconds left; below 0 for one that ended so long ago and is kept for when no upstream answers.
    pub left: i64,
    /// How often it was handed out.
    pub hits: u32,
    /// Octets that it takes.
    pub octets: usize,
    /// True for an answer to questions with DO.
    #[serde(rename = "do")]
    pub dnssec_ok: bool,
    /// True for an answer to questions with CD.
    #[serde(rename = "cd")]
    pub checking_disabled: bool,
    /// It was validated, here or by the upstream.
    pub authentic: bool,
    /// Code and text of the extended error (RFC 8914).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_error: Option<(u16, String)>,
    /// Its records as zone text has them.
    pub records: Vec<String>,
}

/// The answer to `cache flush`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlushAnswer {
    /// The full name that was meant; none for all names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many answers were forgotten.
    pub forgotten: usize,
}

/// Shows what is kept: of a name, as a whole name, or of all; of one type; of one horizon; so many at most.
///
/// # Errors
/// `BAD_NAME`, `BAD_TYPE`, `UNKNOWN_HORIZON`.
pub(super) fn cache_show(published: &Published, what: &Chosen<'_>, limit: usize) -> Result<CacheAnswer, Refusal> {
    let snapshot = &published.snapshot;
    let (_, selection) = what.selection(snapshot)?;
    let cache = snapshot.plan.cache();
    let limit = limit.min(MOST_SHOWN);
    let mut shown = cache.show(&selection, limit.saturating_add(1), cache.now());
    let more = shown.len() > limit;
    shown.truncate(limit);
    let mut entries: Vec<_> = shown.into_iter().map(|entry| entry_shown(snapshot, entry)).collect();
    entries.sort_by(|a, b| (&a.name, &a.rtype, &a.horizon).cmp(&(&b.name, &b.rtype, &b.horizon)));
    Ok(CacheAnswer { entries, more })
}

/// Entries that one answer can hold within what goes over the control socket.
const MOST_SHOWN: usize = 100_000;

/// Forgets what is chosen.
///
/// # Errors
/// As for [`cache_show`].
pub(super) fn cache_flush(published: &Published, what: &Chosen<'_>) -> Result<FlushAnswer, Refusal> {
    let (name, selection) = what.selection(&published.snapshot)?;
    let forgotten = published.snapshot.plan.cache().flush(&selection);
    Ok(FlushAnswer { name: name.map(|name| present_name(name.as_slice())), forgotten })
}

/// Counts what is kept and what happened.
pub(super) fn cache_stats(published: &Published) -> Stats {
    let cache = published.snapshot.plan.cache();
    cache.stats(cache.now())
}

/// Which answers are meant.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chosen<'a> {
    /// A name, whole with or without its final dot.
    pub(super) name: Option<&'a str>,
    /// And all names below it.
    pub(super) below: bool,
    /// A type.
    pub(super) rtype: Option<&'a str>,
    /// A horizon.
    pub(super) horizon: Option<&'a str>,
}

impl Chosen<'_> {
    fn selection(&self, snapshot: &Snapshot) -> Result<(Option<Name>, Selection), Refusal> {
        let name = self.name.map(|name| read(name, b"\0")).transpose()?;
        let rtype = self.rtype.map(read_type).transpose()?;
        let tag = self.horizon.map(|horizon| tag_of(snapshot, horizon)).transpose()?;
        let wire = name.as_ref().map(|name| name.as_slice().into());
        Ok((name, Selection { tag, name: wire, below: self.below, rtype: rtype.map(Rtype::to_int) }))
    }
}

fn tag_of(snapshot: &Snapshot, horizon: &str) -> Result<u32, Refusal> {
    known_horizon(snapshot, horizon)?;
    let place = snapshot.views.iter().position(|view| view.name == horizon);
    place.and_then(|place| snapshot.plan.tag(place)).ok_or_else(|| {
        let what = format!("clients of `{horizon}` may not use the forwarder: nothing is kept for them");
        Refusal::new("NOT_FORWARDED", what, "write `forward = true` into its [[horizon]], or name another one")
    })
}

/// One kept answer as it is told.
pub(super) fn entry_shown(snapshot: &Snapshot, entry: Shown) -> CacheEntryShown {
    let mut horizons = snapshot.views.iter().enumerate();
    let horizon = horizons.find(|(place, _)| snapshot.plan.tag(*place) == Some(entry.tag));
    CacheEntryShown {
        horizon: horizon.map(|(_, view)| view.name.clone()),
        name: entry.name,
        rtype: if entry.rtype == 0 { "ANY".to_owned() } else { present_rtype(Rtype::from_int(entry.rtype)) },
        kind: match entry.kind {
            Kind::Answer => "answer",
            Kind::NoData => "no-data",
            Kind::NxDomain => "no-name",
            Kind::Failure => "failure",
        }
        .to_owned(),
        rcode: entry.rcode,
        left: entry.left,
        hits: entry.hits,
        octets: entry.octets,
        dnssec_ok: entry.dnssec_ok,
        checking_disabled: entry.checking_disabled,
        authentic: entry.authentic,
        extended_error: entry.note,
        records: entry.records,
    }
}
