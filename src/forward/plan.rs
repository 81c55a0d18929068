//! Who is asked for what: the upstreams of each horizon, and of each domain in it; the longest name wins.

use super::ask::{Ask, Foreign, Note};
use super::block::Blocked;
use super::cache::{Cache, Key};
use super::guard::{Caught, Guards};
use super::refusal::Refusal;
use crate::answer::Reply;
use crate::config::Forward;
use crate::config::ForwardDomain;
use crate::config::Policy;
use crate::config::Settings;
use crate::config::Upstream;
use crate::dns::Name;
use crate::dns::name_from_wire;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

/// What the forwarder does for the horizons of one snapshot; never changed once made.
#[derive(Debug)]
pub struct Plan {
    /// `[forward]` as it was read.
    pub settings: Forward,
    /// One for each horizon, in the order of the settings; none for one whose clients may not use the forwarder.
    horizons: Vec<Option<HorizonPlan>>,
    /// What was answered before, under these settings; the answers outlive the plan.
    cache: Cache,
    /// What never leaves and what is never let in.
    pub(super) guards: Guards,
    /// Names that are blocked.
    pub(super) blocked: Arc<Blocked>,
    /// The origins of the zones of each horizon, in wire format and lower-cased.
    origins: Vec<Origins>,
}

/// Origins of zones in wire format, lower-cased.
pub type Origins = HashSet<Box<[u8]>>;

/// One horizon's upstreams.
#[derive(Debug)]
struct HorizonPlan {
    /// What the cache knows the horizon by: its place may change with a reload, its name is what people mean.
    tag: u32,
    /// For names that no domain covers; none when there are no upstreams.
    default: Option<Arc<Group>>,
    domains: Arc<Domains>,
}

/// By name in wire format, lower-cased; none for the default.
type Domains = HashMap<Box<[u8]>, Option<Arc<Group>>>;

/// Upstreams among which the policy chooses.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// In the order written; at least one.
    pub upstreams: Vec<Upstream>,
    /// How they are chosen.
    pub policy: Policy,
}

/// Who is asked for a name, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What decides it.
    pub by: By,
    /// As they are written, in their order.
    pub upstreams: Vec<String>,
    /// How they are chosen.
    pub policy: Policy,
}

/// What decides who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A `[[forward.domain]]` of this name.
    Domain(Name),
    /// `upstreams` of the horizon.
    Horizon,
    /// `upstreams` of `[forward]`.
    Default,
}

impl Plan {
    /// Makes the plan of these settings. The answers in the cache are those of the plan before; without one, none. So are
    /// the blocked names, unless [`Plan::with_blocked`] gives others.
    pub fn new(settings: &Settings, previous: Option<&Plan>) -> Self {
        let forward = &settings.forward;
        let group = |upstreams: &[Upstream]| {
            (!upstreams.is_empty()).then(|| Arc::new(Group { upstreams: upstreams.to_vec(), policy: forward.policy }))
        };
        let default = group(&forward.upstreams);
        let domain = |domain: &ForwardDomain| {
            let name = domain.name.as_slice().to_ascii_lowercase().into_boxed_slice();
            (name, group(&domain.upstreams))
        };
        let domains = Arc::new(forward.domains.iter().map(domain).collect::<Domains>());
        let horizons = settings.horizons.iter().map(|horizon| {
            horizon.forward.then(|| HorizonPlan {
                tag: tag(&horizon.name),
                default: group(&horizon.upstreams).or_else(|| default.clone()),
                domains: Arc::clone(&domains),
            })
        });
        let cache = match previous {
            Some(previous) => previous.cache.with_settings(&forward.cache),
            None => Cache::new(&forward.cache),
        };
        let guards = Guards::new(&forward.guard, previous.map(|previous| &previous.guards));
        let blocked = previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.blocked));
        Plan { settings: forward.clone(), horizons: horizons.collect(), cache, guards, blocked, origins: Vec::new() }
    }

    /// The same plan with these names blocked, which were loaded with the same settings.
    #[must_use]
    pub fn with_blocked(self, blocked: Arc<Blocked>) -> Self {
        Plan { blocked, ..self }
    }

    /// The same plan for horizons with zones of these origins, in the order of the settings: no name of theirs leaves.
    #[must_use]
    pub fn with_origins(self, origins: Vec<Origins>) -> Self {
        Plan { origins, ..self }
    }

    /// The origins of the zones of each horizon.
    pub fn origins(&self) -> &[Origins] {
        &self.origins
    }

    /// Whether a name that an upstream's alias leads to may be asked for: neither a zone of the horizon holds it, nor do
    /// guards or lists keep it here. In wire format, lower-cased.
    pub(super) fn may_leave(&self, horizon: usize, name: &[u8], rtype: u16) -> bool {
        let routes = self.horizons.get(horizon).and_then(Option::as_ref).map(|horizon| &horizon.domains);
        let ours = self.origins.get(horizon).is_some_and(|origins| {
            let mut rest = name;
            loop {
                if origins.contains(rest) {
                    return true;
                }
                // A route in a zone goes before it.
                if routes.is_some_and(|routes| routes.contains_key(rest)) {
                    return false;
                }
                let Some(parent) = rest.first().and_then(|length| rest.get(1 + usize::from(*length)..)) else { break };
                rest = parent;
            }
            false
        });
        !ours && self.refuse(horizon, name, rtype).is_none()
    }

    /// The names that are blocked.
    pub fn blocked(&self) -> &Arc<Blocked> {
        &self.blocked
    }

    /// Which answers were not let in because they told private addresses, with `limit` names at most.
    pub fn rebinding(&self, limit: usize) -> Caught {
        self.guards.caught(limit)
    }

    /// Why the guards do not let a question leave; none when they do.
    pub fn guarded(&self, horizon: usize, name: &[u8], rtype: u16) -> Option<Note> {
        Some(self.guards.refuse(name, rtype, || self.is_routed(horizon, name))?.note)
    }

    /// What is said without asking anybody or the cache: guards first, then lists.
    #[inline]
    fn refuse(&self, horizon: usize, name: &[u8], rtype: u16) -> Option<Refusal> {
        let guarded = self.guards.refuse(name, rtype, || self.is_routed(horizon, name));
        guarded.or_else(|| self.blocked.refuse(horizon, name))
    }

    /// True when the name is that of a domain with upstreams of its own.
    fn is_routed(&self, horizon: usize, name: &[u8]) -> bool {
        self.horizons.get(horizon).and_then(Option::as_ref).is_some_and(|horizon| horizon.domains.contains_key(name))
    }

    /// The answers of upstreams that are kept.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Writes what can be said without asking anybody behind the question of `reply`, which must be for the same name.
    /// `now` is what [`Cache::now`] said for this batch. Allocates nothing.
    pub(crate) fn answer(&self, ask: &Ask<'_>, now: u32, reply: &mut Reply<'_>) -> Foreign {
        match self.hash(ask) {
            Some(hash) => self.answer_at(ask, hash, now, reply),
            None => Foreign::NoUpstream,
        }
    }

    /// The hash under which the cache has the answer; none for clients who may not use the forwarder.
    pub(crate) fn hash(&self, ask: &Ask<'_>) -> Option<u64> {
        Some(self.cache.hash(&Key::of(ask, self.tag(ask.horizon)?)))
    }

    /// As [`Plan::answer`], by one who knows the hash.
    pub(crate) fn answer_at(&self, ask: &Ask<'_>, hash: u64, now: u32, reply: &mut Reply<'_>) -> Foreign {
        let Some(tag) = self.tag(ask.horizon) else { return Foreign::NoUpstream };
        if let Some(refusal) = self.refuse(ask.horizon, ask.name, ask.rtype) {
            return refusal.write(ask, reply);
        }
        let wants_authentic = ask.dnssec_ok || ask.authentic_data;
        match self.cache.answer_at(&Key::of(ask, tag), hash, wants_authentic, now, reply) {
            Foreign::Miss if self.group(ask.horizon, ask.name).is_none() => Foreign::NoUpstream,
            said => said,
        }
    }

    /// Whether clients of this horizon may use the forwarder.
    pub fn serves(&self, horizon: usize) -> bool {
        self.horizons.get(horizon).is_some_and(Option::is_some)
    }

    /// What the cache knows a horizon by; none when its clients may not use the forwarder.
    pub fn tag(&self, horizon: usize) -> Option<u32> {
        self.horizons.get(horizon)?.as_ref().map(|horizon| horizon.tag)
    }

    /// Who is asked for a name, in wire format and lower-cased, and what decides that; none when nobody is. Allocates; not
    /// for the query path.
    pub fn route(&self, horizon: usize, name: &[u8]) -> Option<Route> {
        let plan = self.horizons.get(horizon)?.as_ref()?;
        let group = self.group(horizon, name)?;
        let mut rest = name;
        let domain = loop {
            if plan.domains.contains_key(rest) {
                break name_from_wire(rest).ok();
            }
            let Some(parent) = rest.first().and_then(|length| rest.get(1 + usize::from(*length)..)) else { break None };
            rest = parent;
        };
        let by = match domain {
            Some(domain) => By::Domain(domain),
            None if group.upstreams != self.settings.upstreams => By::Horizon,
            None => By::Default,
        };
        let upstreams = group.upstreams.iter().map(ToString::to_string).collect();
        Some(Route { by, upstreams, policy: group.policy })
    }

    /// Who is asked for a name, in wire format and lower-cased; none when nobody is.
    pub fn group(&self, horizon: usize, name: &[u8]) -> Option<&Arc<Group>> {
        let horizon = self.horizons.get(horizon)?.as_ref()?;
        if !horizon.domains.is_empty() {
            let mut rest = name;
            loop {
                if let Some(group) = horizon.domains.get(rest) {
                    return group.as_ref().or(horizon.default.as_ref());
                }
                let Some(parent) = rest.first().and_then(|length| rest.get(1 + usize::from(*length)..)) else { break };
                rest = parent;
            }
        }
        horizon.default.as_ref()
    }
}

/// FNV-1a, which is the same in every process.
fn tag(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::super::cache::Entry;
    use super::*;
    use crate::config;

    const TEXT: &str = r#"
        [[horizon]]
        name = "lan"
        clients = ["10.0.0.0/8"]
        forward = true
        [[horizon]]
        name = "lab"
        clients = ["10.9.0.0/16"]
        forward = true
        upstreams = ["10.9.0.53"]
        [[horizon]]
        name = "out"
        clients = ["any"]
        [forward]
        upstreams = ["192.0.2.1", "192.0.2.2"]
        [[forward.domain]]
        name = "corp.example"
        upstreams = ["10.0.0.1"]
        [[forward.domain]]
        name = "www.corp.example"
        upstreams = ["default"]
    "#;

    /// The longest name wins, by whole labels; the horizon's own upstreams stand in place of the common ones.
    #[test]
    fn the_longest_domain_wins() {
        let plan = Plan::new(&config::parse(TEXT, "horizon.toml").unwrap(), None);
        let table: [(&str, usize, &[u8], &[&str]); 8] = [
            ("no domain", 0, b"\x07example\0", &["192.0.2.1", "192.0.2.2"]),
            ("the domain itself", 0, b"\x04corp\x07example\0", &["10.0.0.1"]),
            ("below it", 0, b"\x01a\x01b\x04corp\x07example\0", &["10.0.0.1"]),
            ("the end of a label is no parent", 0, b"\x05acorp\x07example\0", &["192.0.2.1", "192.0.2.2"]),
            ("back to the default", 0, b"\x01x\x03www\x04corp\x07example\0", &["192.0.2.1", "192.0.2.2"]),
            ("a horizon with upstreams", 1, b"\x07example\0", &["10.9.0.53"]),
            ("a horizon with upstreams, a domain", 1, b"\x04corp\x07example\0", &["10.0.0.1"]),
            ("a horizon that may not", 2, b"\x07example\0", &[]),
        ];
        for (why, horizon, name, expected) in table {
            let asked = plan.group(horizon, name).map_or(Vec::new(), |group| group.upstreams.clone());
            assert_eq!(asked.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{why}");
        }
        assert!(plan.serves(0) && !plan.serves(2) && !plan.serves(3));
    }

    /// A plan takes over what is kept, under its own settings; without a plan before it there is nothing.
    #[test]
    fn answers_outlive_the_plan() {
        let name = b"\x07example\0";
        let key = Key { tag: tag("lan"), name, rtype: 1, dnssec_ok: false, checking_disabled: false };
        let failure = || Entry::servfail(name, None);
        let known = |plan: &Plan| plan.cache().stats(1).failures;
        let first = Plan::new(&config::parse(TEXT, "horizon.toml").unwrap(), None);
        first.cache().failed(&key, failure(), first.cache().era(), 1);
        let smaller = TEXT.to_owned() + "[forward.cache]\nsize = 1048576\n";
        let settings = config::parse(&smaller, "horizon.toml").unwrap();
        let second = Plan::new(&settings, Some(&first));
        assert_eq!((known(&first), known(&second)), (1, 1));
        assert_eq!(second.cache().stats(1).size, settings.forward.cache.size);
        assert_ne!(second.cache().stats(1).size, first.cache().stats(1).size);
        assert_eq!(known(&Plan::new(&settings, None)), 0);
    }
}
