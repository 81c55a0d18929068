//! What the daemon lays out for the control socket: the state that serves, its health, and a way to order a reload.

use super::ErrandOrder;
use super::Traffic;
use crate::counters::Totals;
use crate::finding::Finding;
use crate::forward::UpstreamState;
use crate::inventory::Inventory;
use crate::plugin::acme::Board;
use crate::plugin::acme::Challenges;
use crate::plugin::acme::Tokens;
use crate::plugin::acme::check::Assessment;
use crate::query::Watched;
use crate::snapshot::Snapshot;
use crate::zone::Records;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

/// A state that serves, or that would serve if `zonectl` read it from files, with what it was made of.
#[derive(Debug)]
pub struct Published {
    /// What answers queries.
    pub snapshot: Arc<Snapshot>,
    /// The zones as they were read, of all horizons.
    pub zones: Vec<PublishedZone>,
    /// What the checks said when it was loaded.
    pub findings: Vec<Finding>,
    /// Zone texts that lines count in although they are not in their files yet: what generation will write.
    pub unwritten: HashMap<PathBuf, Vec<u8>>,
    /// What the static checks say of each name that needs a certificate.
    pub acme: Arc<Assessment>,
    /// The inventory that it was made from; none when there is none.
    pub inventory: Option<Arc<Inventory>>,
}

/// One zone of one horizon as it was read.
#[derive(Debug, Clone)]
pub struct PublishedZone {
    /// The horizon's name.
    pub horizon: String,
    /// Its records.
    pub records: Arc<Records>,
    /// The files that the records' lines count in: the zone file first, then included ones; empty for a zone in memory.
    pub files: Vec<PathBuf>,
}

/// How the server is.
#[derive(Debug, Clone)]
pub struct Health {
    /// When it started.
    pub started: SystemTime,
    /// The addresses that are really listened on.
    pub listen: Vec<SocketAddr>,
    /// UDP workers for each address.
    pub workers: usize,
    /// The last attempt to load, the one at start included.
    pub last_reload: LastReload,
    /// Counters by name, to be shown as they are.
    pub counters: BTreeMap<String, u64>,
    /// What is known of each upstream, in no order.
    pub upstreams: Vec<UpstreamState>,
    /// Where ACME clients are heard over HTTP, and true where it is HTTPS.
    pub http: (Vec<SocketAddr>, bool),
    /// Where encrypted DNS is listened for, such as `tls 10.0.0.153:853`.
    pub encrypted: Vec<String>,
    /// How many challenge values live.
    pub challenges: usize,
    /// Where metrics and status page are served.
    pub web: Vec<SocketAddr>,
    /// All counters at one moment.
    pub totals: Totals,
    /// When the state that serves went live.
    pub live_since: SystemTime,
}

/// How the last attempt to load went.
#[derive(Debug, Clone)]
pub struct LastReload {
    /// When it ended.
    pub at: SystemTime,
    /// True when it went live.
    pub live: bool,
    /// What was found; when not live, why.
    pub findings: Vec<Finding>,
}

/// Asks the daemon to load everything again.
#[derive(Debug)]
pub struct ReloadOrder {
    /// Told when it is done; nobody may be listening any more.
    pub done: oneshot::Sender<ReloadOutcome>,
}

/// How an ordered reload went.
#[derive(Debug, Clone)]
pub struct ReloadOutcome {
    /// True when the new state serves; an unchanged one counts.
    pub live: bool,
    /// The zones that changed, as `origin in horizon`.
    pub changed: Vec<String>,
    /// What was found; when not live, why.
    pub findings: Vec<Finding>,
}

/// Everything the control socket may look at or ask for.
pub struct Desk {
    /// The state that serves; the daemon swaps it with each load that goes live.
    pub published: Arc<ArcSwap<Published>>,
    /// Looks at the server as it is now; called once for each `status`.
    pub health: Box<dyn Fn() -> Health + Send + Sync>,
    /// Where reloads are ordered.
    pub reload: mpsc::Sender<ReloadOrder>,
    /// Where edits and their history are asked for.
    pub errands: mpsc::Sender<ErrandOrder>,
    /// The challenge values that live now.
    pub challenges: Arc<Challenges>,
    /// What is known of each name's challenges.
    pub reaches: Arc<Board>,
    /// Which CA asked for which name.
    pub watched: Arc<Watched>,
    /// Who may write them.
    pub tokens: Arc<Tokens>,
    /// What goes on now.
    pub traffic: Arc<Traffic>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("published", &self.published).finish_non_exhaustive()
    }
}
