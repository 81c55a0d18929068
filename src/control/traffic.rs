//! What people look at while the server answers: the pace of the last minute, who asks for what, and each query as it is
//! answered.
//!
//! The sender of [`Traffic::look`] comes round some times a second and takes in what workers have fed; queries never wait for
//! anybody here. Names, clients and zones are counted out of the batches that are looked at: all while little goes on or
//! somebody looks on, under load few of them, which then stand for the others.

use super::most::Most;
use crate::config::QueryLog;
use crate::counters::{Counters, RCODES, Times, Totals};
use crate::dns::{Rcode, Rtype, labels, name_from_wire, present_name, present_rtype};
use crate::pace::give_turn_at;
use crate::query::{Answered, Feed, Listening};
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// One query and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryShown {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Who asked.
    pub client: IpAddr,
    /// The client's horizon; none when it was not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<String>,
    /// The name, with its final dot.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The RCODE in the header, by name.
    pub rcode: String,
    /// `udp` or `tcp`
    pub transport: String,
    /// Octets of the reply.
    pub octets: usize,
    /// Microseconds from arrival to reply.
    pub micros: u64,
}

/// How much is going on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// Queries in each of the last seconds, the newest last; at most 60.
    pub queries: Vec<u64>,
    /// Replies by RCODE in the seconds of `queries` together.
    pub replies: BTreeMap<String, u64>,
    /// How long replies took, out of the batches that were looked at in these seconds.
    pub latency: Latency,
}

/// Bounds that replies kept, in microseconds; none when none was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Replies that were looked at.
    pub looked_at: u64,
    /// Half of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<u64>,
    /// Nine of ten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<u64>,
    /// Ninety-nine of a hundred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<u64>,
}

/// Who asks for what, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Frequent {
    /// Seconds that the counts go back: one to two minutes.
    pub seconds: u64,
    /// Queries of these seconds, as counted here.
    pub queries: u64,
    /// Names with their types.
    pub names: Vec<Counted>,
    /// Clients.
    pub clients: Vec<Counted>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Who or what.
    pub what: String,
    /// How many queries; those that were picked out stand for the others.
    pub queries: u64,
}

/// Queries of one zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ZoneQueries {
    /// The horizon.
    pub horizon: String,
    /// The zone's apex, with its final dot.
    pub zone: String,
    /// Queries since the start; those that were picked out stand for the others.
    pub queries: u64,
}

/// See the head of this file.
pub struct Traffic {
    feed: Arc<Feed>,
    counters: Arc<Counters>,
    queries: broadcast::Sender<Arc<[QueryShown]>>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// When it was looked last, and the queries until then.
    last: (Instant, u64),
    moments: VecDeque<Moment>,
    names: Most<(Vec<u8>, u16)>,
    clients: Most<IpAddr>,
    turned: Instant,
    zones: BTreeMap<Arc<ZoneKey>, u64>,
    known: Known,
    log: (QueryLog, Option<Listening>),
    /// Until when every query is wanted because somebody looks at what is frequent.
    looked_at: Option<(Instant, Listening)>,
}

/// What was counted at one moment.
#[derive(Debug, Clone)]
struct Moment {
    at: Instant,
    queries: u64,
    replies: [u64; RCODES],
    times: Times,
}

/// Zones of the snapshot that was looked at last, by horizon's place.
#[derive(Debug, Default)]
struct Known {
    /// It keeps the place in memory from being used for another.
    snapshot: Weak<Snapshot>,
    zones: HashMap<usize, HashMap<Vec<u8>, Arc<ZoneKey>>>,
    horizons: HashMap<usize, String>,
}

/// What queries of a zone are counted under.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ZoneKey {
    horizon: String,
    zone: String,
}

/// Batches of queries that a slow looker may be behind.
const BEHIND: usize = 64;
/// Seconds that are remembered.
const SECONDS: usize = 60;
/// How long names and clients are counted before they count as of the minute before.
const TURN: Duration = Duration::from_secs(60);
/// How long every query is fed after somebody looked at what is frequent.
const LOOKED: Duration = Duration::from_secs(10);
/// Zones that are counted; further ones are not.
const MOST_ZONES: usize = 10_000;

impl Traffic {
    /// Nothing was asked yet.
    pub fn new(feed: Arc<Feed>, counters: Arc<Counters>) -> Self {
        let inner = Inner {
            last: (Instant::now(), 0),
            moments: VecDeque::new(),
            names: Most::default(),
            clients: Most::default(),
            turned: Instant::now(),
            zones: BTreeMap::new(),
            known: Known::default(),
            log: (QueryLog::Off, None),
            looked_at: None,
        };
        Traffic { feed, counters, queries: broadcast::channel(BEHIND).0, inner: Mutex::new(inner) }
    }

    /// Logs queries as this says.
    pub fn follow(&self, log: QueryLog) {
        let listening = (log == QueryLog::Full).then(|| self.feed.listen());
        self.lock().log = (log, listening);
    }

    /// Takes in what workers have fed. To be called about ten times a second, by one caller.
    pub fn look(&self, snapshot: &Arc<Snapshot>) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let now = Instant::now();
        inner.follow(snapshot, now);
        let totals = self.counters.totals();
        let (before, queries) = std::mem::replace(&mut inner.last, (now, totals.queries()));
        let millis = (now - before).as_millis().max(1) as u64;
        self.feed.adapt(totals.queries().saturating_sub(queries).saturating_mul(1000) / millis);
        if inner.moments.back().is_none_or(|last| now - last.at >= Duration::from_secs(1)) {
            inner.moments.push_back(Moment::of(&totals, now));
            while inner.moments.len() > SECONDS + 1 {
                inner.moments.pop_front();
            }
        }
        let wanted = self.queries.receiver_count() > 0 || inner.log.0 != QueryLog::Off;
        let mut shown = Vec::new();
        let mut round = 0;
        self.feed.read(|one| {
            if wanted {
                shown.push(inner.known.show(&one));
            }
            inner.take(one);
            give_turn_at(round);
            round += 1;
        });
        if inner.log.0 != QueryLog::Off {
            shown.iter().for_each(log);
        }
        if !shown.is_empty() {
            // Nobody may be looking any more.
            let _ = self.queries.send(shown.into());
        }
    }

    /// Every query from now on, as far as there is room, in batches.
    pub fn queries(&self) -> (broadcast::Receiver<Arc<[QueryShown]>>, Listening) {
        (self.queries.subscribe(), self.feed.listen())
    }

    /// Queries that found no room on their way here since the start.
    pub fn lost(&self) -> u64 {
        self.feed.lost()
    }

    /// The pace of the last minute.
    pub fn pace(&self) -> Pace {
        let inner = self.lock();
        let moments = &inner.moments;
        let (Some(first), Some(last)) = (moments.front(), moments.back()) else { return Pace::default() };
        let pairs = moments.iter().zip(moments.iter().skip(1));
        let times = last.times.since(&first.times);
        let replies = last.replies.iter().zip(first.replies).enumerate();
        let replies = replies.map(|(rcode, (last, first))| (rcode_word(rcode), last.saturating_sub(first)));
        Pace {
            queries: pairs.map(|(a, b)| b.queries.saturating_sub(a.queries)).collect(),
            replies: replies.filter(|(_, count)| *count > 0).collect(),
            latency: Latency {
                looked_at: times.count(),
                median: times.quantile(500),
                p90: times.quantile(900),
                p99: times.quantile(990),
            },
        }
    }

    /// Who asks for what, so many rows each. With `closely`, every query counts for the next seconds.
    pub fn frequent(&self, rows: usize, closely: bool) -> Frequent {
        let mut inner = self.lock();
        if closely {
            let until = Instant::now() + LOOKED;
            match &mut inner.looked_at {
                Some((end, _)) => *end = until,
                none => *none = Some((until, self.feed.listen())),
            }
        }
        let name = |(name, rtype): &(Vec<u8>, u16)| {
            let name = name_from_wire(name).map_or_else(|_| "?".to_owned(), |name| present_name(name.as_slice()));
            format!("{name} {}", present_rtype(Rtype::from_int(*rtype)))
        };
        let count = |(what, queries)| Counted { what, queries };
        Frequent {
            seconds: inner.turned.elapsed().as_secs() + inner.names.seconds_before(TURN),
            queries: inner.names.total(),
            names: inner.names.first(rows).into_iter().map(|(key, n)| count((name(&key), n))).collect(),
            clients: inner.clients.first(rows).into_iter().map(|(key, n)| count((key.to_string(), n))).collect(),
        }
    }

    /// Queries by zone since the start, estimated.
    pub fn zones(&self) -> Vec<ZoneQueries> {
        let inner = self.lock();
        let rows = inner.zones.iter();
        rows.map(|(key, queries)| ZoneQueries {
            horizon: key.horizon.clone(),
            zone: key.zone.clone(),
            queries: *queries,
        })
        .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Counts are whole whatever happened under the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn follow(&mut self, snapshot: &Arc<Snapshot>, now: Instant) {
        if self.known.snapshot.as_ptr() != Arc::as_ptr(snapshot) {
            self.known = Known::of(snapshot);
        }
        if now - self.turned >= TURN {
            self.turned = now;
            self.names.turn();
            self.clients.turn();
        }
        if self.looked_at.as_ref().is_some_and(|(end, _)| *end < now) {
            self.looked_at = None;
        }
    }

    fn take(&mut self, one: Answered) {
        let weight = u64::from(one.weight);
        self.clients.add(one.client, weight);
        if let Some(key) = self.known.zone(&one) {
            if let Some(count) = self.zones.get_mut(key) {
                *count += weight;
            } else if self.zones.len() < MOST_ZONES {
                self.zones.insert(Arc::clone(key), weight);
            }
        }
        self.names.add((one.name, one.rtype), weight);
    }
}

impl Known {
    fn of(snapshot: &Arc<Snapshot>) -> Self {
        let zones = snapshot.views.iter().map(|view| {
            let origins = view.zones.iter().map(|seen| seen.zone.origin().as_slice());
            // Horizons beyond those that are counted apart share a place, which has no name.
            let horizon = || snapshot.places.get(view.place).cloned().unwrap_or_default();
            let key = |origin: &[u8]| Arc::new(ZoneKey { horizon: horizon(), zone: present_name(origin) });
            (view.place, origins.map(|origin| (origin.to_ascii_lowercase(), key(origin))).collect())
        });
        let horizons = snapshot.places.iter().cloned().enumerate().collect();
        Known { snapshot: Arc::downgrade(snapshot), zones: zones.collect(), horizons }
    }

    fn horizon(&self, place: usize) -> Option<String> {
        self.horizons.get(&place).cloned()
    }

    /// The nearest zone above a name.
    fn zone(&self, one: &Answered) -> Option<&Arc<ZoneKey>> {
        let zones = self.zones.get(&one.place)?;
        let mut name = one.name.as_slice();
        for label in std::iter::once(0).chain(labels(&one.name).map(|label| label.len() + 1)) {
            name = name.get(label..)?;
            if let Some(zone) = zones.get(name) {
                return Some(zone);
            }
        }
        None
    }

    fn show(&self, one: &Answered) -> QueryShown {
        QueryShown {
            at: one.at,
            client: one.client,
            horizon: self.horizon(one.place),
            name: present_name(&one.name),
            rtype: present_rtype(Rtype::from_int(one.rtype)),
            rcode: rcode_word(usize::from(one.rcode)),
            transport: one.carried.word().to_owned(),
            octets: one.length,
            micros: one.micros,
        }
    }
}

impl Moment {
    fn of(totals: &Totals, at: Instant) -> Self {
        Moment { at, queries: totals.queries(), replies: totals.replies, times: totals.times }
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traffic").finish_non_exhaustive()
    }
}

/// An RCODE by name; those beyond what is counted apart are one.
pub(super) fn rcode_word(rcode: usize) -> String {
    if rcode + 1 >= RCODES { "OTHER".to_owned() } else { Rcode::masked_from_int(rcode as u8).to_string() }
}

fn log(one: &QueryShown) {
    tracing::info!(
        "query {} {} {} {} {} {} us in {}",
        one.client,
        one.transport,
        one.name,
        one.rtype,
        one.rcode,
        one.micros,
        one.horizon.as_deref().unwrap_or("-")
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::counters::{Carried, Event};
    use crate::snapshot::{ZoneSource, build};

    fn snapshot() -> Snapshot {
        let settings = config::parse("[[horizon]]\nname = 'lan'\nclients = ['any']\n", "h.toml").unwrap();
        let zone = |origin: &str| {
            let origin = crate::dns::parse_name(origin).unwrap();
            let text = b"$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n";
            let zone = crate::zone::parse_zone(text, std::path::Path::new("zone"), &origin).unwrap();
            ZoneSource { horizon: "lan".into(), file: None, records: Arc::new(zone.records) }
        };
        build(&settings, &[zone("example"), zone("sub.example")], None).unwrap()
    }

    fn reply(name: &[u8]) -> Vec<u8> {
        [&[0, 1, 0x84, 3, 0, 1, 0, 0, 0, 0, 0, 0][..], name, &[0, 1, 0, 1]].concat()
    }

    /// What workers feed is counted by name, client and nearest zone, and shown to who looks on; a pace needs a second.
    #[test]
    fn what_is_fed_is_counted_and_shown() {
        let (feed, counters, snapshot) = (Arc::new(Feed::new()), Arc::new(Counters::new(1)), Arc::new(snapshot()));
        let traffic = Traffic::new(Arc::clone(&feed), Arc::clone(&counters));
        let witness = feed.witness();
        let (mut queries, _listening) = traffic.queries();
        traffic.look(&snapshot);
        let client = "192.0.2.9".parse().unwrap();
        for name in [&b"\x01a\x03sub\x07example\0"[..], b"\x07EXAMPLE\0", b"\x01b\x07example\0", b"\x05other\0", b"\0"]
        {
            witness.feed(witness.begin().unwrap(), Carried::Udp, 0, client, &reply(name));
        }
        counters.add(Event::QueriesUdp, 5);
        traffic.look(&snapshot);
        let shown = queries.try_recv().unwrap();
        let names: Vec<_> = shown.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a.sub.example.", "example.", "b.example.", "other.", "."]);
        assert_eq!((shown[0].rcode.as_str(), shown[0].horizon.as_deref()), ("NXDOMAIN", Some("lan")));
        let zones: Vec<_> = traffic.zones().into_iter().map(|row| (row.zone, row.queries)).collect();
        assert_eq!(zones, [("example.".to_owned(), 2), ("sub.example.".to_owned(), 1)]);
        let frequent = traffic.frequent(10, false);
        assert_eq!((frequent.queries, frequent.names.len()), (5, 5));
        assert_eq!(frequent.clients, [Counted { what: "192.0.2.9".into(), queries: 5 }]);
        assert!(traffic.pace().queries.len() <= 1);
    }
}
