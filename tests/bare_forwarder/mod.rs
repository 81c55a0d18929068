//! The forwarder itself, without the server round it.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::upstream_lab::{Query, Upstream, show};
use horizon_dns::config;
use horizon_dns::counters::{Counters, Event};
use horizon_dns::dns::Query as Read;
use horizon_dns::forward::{
    Carry, Forwarder, Miss, NoValidation, Plan, Return, StreamSettings, Streams, Tools, UpstreamState, Waiter,
};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// A forwarder with its upstreams.
pub(crate) struct Lab {
    pub(crate) forwarder: Arc<Forwarder>,
    pub(crate) plan: Mutex<Arc<Plan>>,
    pub(crate) counters: Arc<Counters>,
    settings: config::Settings,
    _runtime: tokio::runtime::Runtime,
}

pub(crate) struct Back(pub(crate) Sender<Vec<u8>>);

impl Return for Back {
    fn send(self: Box<Self>, reply: &[u8]) {
        let _ = self.0.send(reply.to_vec());
    }
}

impl Lab {
    /// `more` follows the keys of `[forward]`.
    pub(crate) fn start(upstreams: &[&Upstream], more: &str) -> Self {
        let addresses: Vec<_> = upstreams.iter().map(|upstream| format!("\"{}\"", upstream.address)).collect();
        Self::start_at(&addresses.join(", "), more)
    }

    pub(crate) fn start_at(upstreams: &str, more: &str) -> Self {
        let settings = settings(upstreams, more);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let streams = Streams::new(runtime.handle().clone(), StreamSettings::read(&settings).unwrap());
        Self::with(settings, runtime, Arc::new(streams))
    }

    /// With what carries questions over streams.
    pub(crate) fn carried_by(streams: Arc<dyn Carry>, upstreams: &str) -> Self {
        Self::with(settings(upstreams, ""), tokio::runtime::Runtime::new().unwrap(), streams)
    }

    fn with(settings: config::Settings, runtime: tokio::runtime::Runtime, streams: Arc<dyn Carry>) -> Self {
        let counters = Arc::new(Counters::new(1));
        let tools = Tools {
            counters: counters.worker(),
            streams,
            validator: Arc::new(NoValidation),
            begin: || (),
            turned: || (),
        };
        let plan = Mutex::new(plan(&settings, None));
        Lab { forwarder: Forwarder::start(tools).unwrap(), plan, counters, settings, _runtime: runtime }
    }

    /// A reload without a change.
    pub(crate) fn reload(&self) {
        let mut live = self.plan.lock().unwrap();
        *live = plan(&self.settings, Some(&live));
    }

    /// Asks `NAME TYPE`; the reply comes to the receiver.
    pub(crate) fn send(&self, question: &str) -> Receiver<Vec<u8>> {
        self.send_octets(&Query::new(question).octets(), CLIENT)
    }

    pub(crate) fn send_octets(&self, octets: &[u8], client: IpAddr) -> Receiver<Vec<u8>> {
        let (sender, receiver) = channel();
        let plan = Arc::clone(&self.plan.lock().unwrap());
        // As a worker does that has only this one.
        self.forwarder.lay(miss(plan, octets, client, Box::new(Back(sender)))).unwrap();
        self.forwarder.begin(1);
        receiver
    }

    pub(crate) fn ask(&self, question: &str) -> String {
        show(&self.send(question).recv_timeout(PATIENCE).unwrap())
    }

    pub(crate) fn state(&self, upstream: &Upstream) -> Option<UpstreamState> {
        let text = upstream.address.to_string();
        self.forwarder.upstreams().into_iter().find(|state| state.text == text)
    }

    pub(crate) fn count(&self, event: Event) -> u64 {
        self.counters.totals().of(event)
    }
}

fn settings(upstreams: &str, more: &str) -> config::Settings {
    let text = format!(
        "[[horizon]]\nname = \"lan\"\nclients = [\"any\"]\nforward = true\n[forward]\nupstreams = [{upstreams}]\n{more}\n"
    );
    config::parse(&text, "horizon.toml").unwrap()
}

fn plan(settings: &config::Settings, previous: Option<&Plan>) -> Arc<Plan> {
    Arc::new(Plan::new(settings, previous))
}

/// A question as a client sends it.
pub(crate) fn miss(plan: Arc<Plan>, octets: &[u8], client: IpAddr, back: Box<dyn Return>) -> Miss {
    let query = Read::read(octets).unwrap();
    Miss {
        plan,
        horizon: 0,
        name: query.name.to_ascii_lowercase().into(),
        rtype: query.rtype,
        dnssec_ok: query.edns.is_some_and(|edns| edns.dnssec_ok),
        checking_disabled: octets[3] & 0x10 != 0,
        waiter: Some(Waiter {
            client,
            query: octets.into(),
            question_end: query.question_end,
            edns: query.edns,
            cookie: None,
            limit: 1232,
            ours: None,
            back,
        }),
    }
}

/// Waits for a condition.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}
