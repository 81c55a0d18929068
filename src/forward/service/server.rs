//! The upstreams: what is known of each, kept over reloads, and forgotten some time after no plan leads to it any more.

use super::health::{Change, Health};
use super::slab::{Id, Slab};
use super::sockets::Pool;
use super::state::UpstreamState;
use crate::config::Upstream;
use crate::config::Way;
use crate::forward::plan::Group;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One upstream.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) upstream: Upstream,
    pub(super) pool: Pool,
    pub(super) health: Health,
    /// Questions under way, those included that are overdue and not given up.
    pub(super) in_flight: usize,
    /// It leads back to us.
    pub(super) loops: bool,
    /// A probe is under way.
    pub(super) probing: bool,
    /// It does not understand EDNS; asked without until then.
    pub(super) plain_until: Option<Instant>,
    /// It does not keep the case of letters; asked in small ones until then.
    pub(super) small_until: Option<Instant>,
    /// How often in a row it gave another case over UDP and nothing over TCP.
    pub(super) case_strikes: u8,
    pub(super) tally: Tally,
    pub(super) last_error: Option<String>,
    /// When it last was part of a plan.
    wanted: Instant,
}

/// What was counted of an upstream; see [`UpstreamState`].
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) timeouts: u64,
    pub(super) servfail: u64,
    pub(super) refused: u64,
    pub(super) useless: u64,
    pub(super) unmatched: u64,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Servers {
    all: Slab<Server>,
    known: HashMap<Upstream, Id>,
    /// By the address of the group, which cannot become another's as long as it is held here.
    groups: HashMap<usize, (Arc<Group>, Arc<[Id]>)>,
}

/// An upstream that no plan leads to is remembered for so long: a reload may bring it back.
const MEMORY: Duration = Duration::from_secs(600);

/// How long it is remembered what an upstream does not understand.
const QUIRK: Duration = Duration::from_secs(3600);

impl Server {
    /// Where plain questions go; none for one that is asked over streams only.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self.upstream.way {
            Way::Plain(address) => Some(address),
            Way::Tls { .. } | Way::Https { .. } => None,
        }
    }

    /// Puts a change of its health into the log, and notes why.
    pub(super) fn tell(&mut self, change: Change, why: &str) {
        match change {
            Change::None | Change::Suspected => {}
            Change::WentDown => {
                tracing::warn!("the upstream {} is down: {why}; it is tried again in the background", self.upstream);
            }
            Change::CameUp => tracing::info!("the upstream {} answers again", self.upstream),
        }
    }

    pub(super) fn failed(&mut self, why: &str) {
        match &mut self.last_error {
            Some(last) => {
                last.clear();
                last.push_str(why);
            }
            None => self.last_error = Some(why.to_owned()),
        }
    }

    pub(super) fn wants_edns(&self, now: Instant) -> bool {
        self.plain_until.is_none_or(|until| until <= now)
    }

    pub(super) fn keeps_case(&self, now: Instant) -> bool {
        self.small_until.is_none_or(|until| until <= now)
    }

    pub(super) fn without_edns(&mut self, now: Instant) {
        self.plain_until = Some(now + QUIRK);
    }

    pub(super) fn without_case(&mut self, now: Instant) {
        if self.keeps_case(now) {
            tracing::info!(
                "the upstream {} does not keep the case of letters; its replies are checked less",
                self.upstream
            );
        }
        self.small_until = Some(now + QUIRK);
        self.case_strikes = 0;
    }

    fn state(&self) -> UpstreamState {
        let Tally { asked, answered, timeouts, servfail, refused, useless, unmatched } = self.tally;
        UpstreamState {
            text: self.upstream.text.clone(),
            up: !self.health.is_down(),
            failing: self.health.is_failing(),
            loops: self.loops,
            since: self.health.since,
            srtt: self.health.srtt(),
            asked,
            answered,
            timeouts,
            servfail,
            refused,
            useless,
            unmatched,
            last_error: self.last_error.clone(),
        }
    }
}

impl Servers {
    pub(super) fn new() -> Self {
        Servers { all: Slab::new(), known: HashMap::new(), groups: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&mut self, id: Id) -> Option<&mut Server> {
        self.all.find(id)
    }

    /// True when this holds for all of these.
    pub(super) fn all(&mut self, ids: &[Id], holds: impl Fn(&Health) -> bool) -> bool {
        ids.iter().all(|id| self.find(*id).is_none_or(|server| holds(&server.health)))
    }

    /// The upstreams of a group, in its order.
    pub(super) fn of(&mut self, group: &Arc<Group>, now: Instant) -> Arc<[Id]> {
        let place = Arc::as_ptr(group).addr();
        if let Some((_, servers)) = self.groups.get(&place) {
            return Arc::clone(servers);
        }
        let servers: Arc<[Id]> = group.upstreams.iter().map(|upstream| self.know(upstream, now)).collect();
        self.groups.insert(place, (Arc::clone(group), Arc::clone(&servers)));
        servers
    }

    /// Forgets groups of plans that are gone, and upstreams that no group has had for a while; gives their sockets.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<Pool> {
        // The only one that holds it is this table.
        self.groups.retain(|_, (group, _)| Arc::strong_count(group) > 1);
        for id in self.groups.values().flat_map(|(_, servers)| servers.iter()) {
            if let Some(server) = self.all.find(*id) {
                server.wanted = now;
            }
        }
        let mut pools = Vec::new();
        for id in self.all.ids() {
            let gone =
                |server: &&mut Server| server.in_flight == 0 && now.saturating_duration_since(server.wanted) > MEMORY;
            if self.all.find(id).filter(gone).is_some()
                && let Some(server) = self.all.remove(id)
            {
                self.known.remove(&server.upstream);
                pools.push(server.pool);
            }
        }
        pools
    }

    pub(super) fn states(&mut self) -> Vec<UpstreamState> {
        self.all.ids().into_iter().filter_map(|id| self.all.find(id).map(|server| server.state())).collect()
    }

    fn know(&mut self, upstream: &Upstream, now: Instant) -> Id {
        if let Some(id) = self.known.get(upstream) {
            return *id;
        }
        let server = Server {
            upstream: upstream.clone(),
            pool: Pool::default(),
            health: Health::new(),
            in_flight: 0,
            loops: false,
            probing: false,
            plain_until: None,
            small_until: None,
            case_strikes: 0,
            tally: Tally::default(),
            last_error: None,
            wanted: now,
        };
        let id = self.all.insert(server);
        self.known.insert(upstream.clone(), id);
        id
    }
}
