//! The forwarder as the server runs it: started when the first horizon forwards, told of each reload, stopped at the end.

use crate::config::Horizon;
use crate::config::Settings;
use crate::counters::Counters;
use crate::dns::Name;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::forward::Forwarder;
use crate::forward::Selection;
use crate::forward::StreamSettings;
use crate::forward::Streams;
use crate::forward::Tools;
use crate::forward::UpstreamState;
use crate::forward::Validator;
use crate::forward::loop_findings;
use crate::forward::stream_findings;
use crate::snapshot::Snapshot;
use crate::transport::{Listeners, begin_to_forward, send_late_replies};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::OnceLock;
use tokio::runtime::Handle;

/// The forwarder, once it runs.
#[derive(Debug)]
pub(super) struct Forwarding {
    runtime: Handle,
    counters: Arc<Counters>,
    running: OnceLock<Running>,
}

#[derive(Debug)]
struct Running {
    forwarder: Arc<Forwarder>,
    streams: Arc<Streams>,
}

impl Forwarding {
    /// Nothing runs yet.
    pub(super) fn new(counters: &Arc<Counters>, runtime: Handle) -> Self {
        Forwarding { runtime, counters: Arc::clone(counters), running: OnceLock::new() }
    }

    /// Makes ready for settings that are about to go live; starts the forwarder when some horizon forwards for the first
    /// time, so that `listeners` lead to it.
    ///
    /// # Errors
    /// Roots that cannot be read, or a system that gives no thread.
    pub(super) fn prepare(&self, settings: &Settings, listeners: &Listeners) -> Result<(), Vec<Finding>> {
        if !settings.horizons.iter().any(|horizon| horizon.forward) {
            return Ok(());
        }
        let stream_settings = StreamSettings::read(settings)?;
        if let Some(running) = self.running.get() {
            running.streams.adopt(stream_settings);
            return Ok(());
        }
        let streams = Arc::new(Streams::new(self.runtime.clone(), stream_settings));
        let tools = Tools {
            counters: self.counters.worker(),
            streams: Arc::clone(&streams) as _,
            validator: Arc::new(Validator::new(self.runtime.clone(), self.counters.worker())),
            begin: begin_to_forward,
            turned: send_late_replies,
        };
        let forwarder = Forwarder::start(tools).map_err(|error| {
            let remedy = "see the limits on threads, memory and open files of this service";
            let what = format!("cannot be started: {error}");
            vec![Finding::new("SYSTEM", Severity::Error, "the forwarder", what, remedy)]
        })?;
        listeners.forward_to(Arc::clone(&forwarder));
        let _ = self.running.set(Running { forwarder, streams });
        Ok(())
    }

    /// What is known of each upstream; empty when nothing is forwarded.
    pub(super) fn upstreams(&self) -> Vec<UpstreamState> {
        self.running.get().map_or(Vec::new(), |running| running.forwarder.upstreams())
    }

    /// Answers everybody who waits, and asks nobody any more.
    pub(super) fn stop(&self) {
        if let Some(running) = self.running.get() {
            running.forwarder.stop();
        }
    }
}

/// Forgets the kept answers that no longer hold now that `new` serves: names of zones that came or went, of domains and
/// horizons that other upstreams are asked for, and all when answers are looked over in another way. Returns how many.
pub(super) fn forget(old: &Snapshot, new: &Snapshot) -> usize {
    let cache = new.plan.cache();
    let (before, after) = (&old.settings.forward, &new.settings.forward);
    let judged = |settings: &Settings| {
        let forward = settings.forward.clone();
        (forward.guard, forward.dnssec, forward.dnssec_except, settings.blocks.clone())
    };
    if judged(&old.settings) != judged(&new.settings) {
        return cache.flush(&Selection::default());
    }
    let mut dropped = 0;
    let changed = |domain: &&_| !before.domains.contains(domain) || !after.domains.contains(domain);
    let domains: HashSet<&Name> =
        before.domains.iter().chain(&after.domains).filter(changed).map(|domain| &domain.name).collect();
    dropped += domains.iter().map(|name| cache.drop_below(None, &lower(name))).sum::<usize>();
    for (index, horizon) in old.settings.horizons.iter().enumerate() {
        let Some(tag) = old.plan.tag(index) else { continue };
        let now = new.settings.horizons.iter().find(|now| now.name == horizon.name && now.forward);
        let same = now.is_some_and(|now| upstreams(&old.settings, horizon) == upstreams(&new.settings, now));
        if !same {
            dropped += cache.flush(&Selection { tag: Some(tag), ..Selection::default() });
            continue;
        }
        let [was, is] = [old, new].map(|snapshot| origins(snapshot, &horizon.name));
        dropped +=
            was.symmetric_difference(&is).map(|origin| cache.drop_below(Some(tag), &lower(origin))).sum::<usize>();
    }
    dropped
}

/// Who is asked for names that no domain covers; the order does not change what they say.
fn upstreams(settings: &Settings, horizon: &Horizon) -> HashSet<String> {
    let own = &horizon.upstreams;
    let all = if own.is_empty() { &settings.forward.upstreams } else { own };
    all.iter().map(ToString::to_string).collect()
}

fn origins(snapshot: &Snapshot, horizon: &str) -> HashSet<Name> {
    let zones = snapshot.view(horizon).into_iter().flat_map(|view| view.zones.iter());
    zones.map(|seen| seen.zone.origin().clone()).collect()
}

fn lower(name: &Name) -> Vec<u8> {
    name.as_slice().to_ascii_lowercase()
}

/// What is wrong with who is asked for what.
pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    let forward = &settings.forward;
    let mut findings = Vec::new();
    for horizon in settings.horizons.iter().filter(|horizon| horizon.forward) {
        let own = !horizon.upstreams.is_empty() || !forward.upstreams.is_empty();
        let some = forward.domains.iter().any(|domain| !domain.upstreams.is_empty());
        if own {
            continue;
        }
        let what = match some {
            true => {
                "its clients may use the forwarder, and no upstream is set for names that no [[forward.domain]] covers"
            }
            false => {
                "its clients may use the forwarder, and no upstream is set: every name outside the zones is refused"
            }
        };
        let remedy = "write `upstreams` into [forward] or into this [[horizon]], or take `forward = true` away";
        // Settings that only lack what most names need may be meant so.
        let severity = if some { Severity::Info } else { Severity::Warning };
        findings.push(Finding::new("FORWARD_NO_UPSTREAMS", severity, &*horizon.name, what, remedy));
    }
    if settings.horizons.iter().any(|horizon| horizon.forward) {
        findings.extend(stream_findings(settings));
        findings.extend(loop_findings(settings));
    }
    findings
}
