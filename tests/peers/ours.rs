//! Our server with the zones of a world: on real sockets at port 0, and as a function without any.

use super::world::World;
use horizon_dns::config::{Settings, parse};
use horizon_dns::counters::Counters;
use horizon_dns::dns::name_from_wire;
use horizon_dns::snapshot::{Live, Snapshot, ZoneSource, build};
use horizon_dns::transport::{Limits, Listeners};
use horizon_dns::zone::{Line, Records};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Our server, inside the test process.
pub(crate) struct Ours {
    pub(crate) address: SocketAddr,
    listeners: Option<Listeners>,
    runtime: Runtime,
}

impl Ours {
    /// Serves the zones of `world` on UDP and TCP at one free loopback port.
    pub(crate) fn start(world: &World) -> Self {
        let runtime = Runtime::new().expect("threads for the runtime");
        let live = Arc::new(Live::from_pointee(snapshot(world)));
        let counters = Arc::new(Counters::new(2));
        let limits = Limits::default();
        let mut listeners = Listeners::new(live, counters, limits, runtime.handle().clone());
        let opened = listeners.open(&[SocketAddr::from((Ipv4Addr::LOCALHOST, 0))], 1).expect("a free port on loopback");
        listeners.adopt(opened).expect("the runtime takes our sockets");
        Ours { address: listeners.addresses()[0], listeners: Some(listeners), runtime }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if let Some(listeners) = self.listeners.take() {
            self.runtime.block_on(listeners.stop(Duration::from_secs(5)));
        }
    }
}

fn snapshot(world: &World) -> Snapshot {
    let zones: Vec<_> = world
        .zones
        .iter()
        .map(|zone| {
            let mut records = Records::new(name_from_wire(&zone.apex).expect("an apex is a name"));
            for record in &zone.records {
                let taken = records.push(&record.owner, record.rtype, record.ttl, &record.data, Line::default());
                taken.expect("a record of a made-up zone is inside it");
            }
            ZoneSource { horizon: "all".to_owned(), file: None, records: Arc::new(records) }
        })
        .collect();
    build(&settings(), &zones, None).unwrap_or_else(|findings| {
        let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
        panic!("the zones that both peers serve are refused:\n{}", findings.join("\n"))
    })
}

/// One horizon for everyone.
fn settings() -> Settings {
    parse("[[horizon]]\nname = \"all\"\nclients = [\"any\"]\n", Path::new("peers.toml")).expect("the least settings")
}
