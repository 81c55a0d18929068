//! A server inside the test process: zones in memory, sockets on port 0. Shared by the transport tests.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use horizon_dns::config::{Acme, Forward, Horizon, QueryLog, Routes, Server, Settings, Tls, Web};
use horizon_dns::counters::{Counters, Event};
use horizon_dns::dns::{Rtype, parse_name};
use horizon_dns::snapshot::{Live, Snapshot, ZoneSource, build};
use horizon_dns::transport::{Limits, Listeners};
use horizon_dns::zone::{Line, Records};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A running server.
pub(crate) struct Lab {
    pub(crate) live: Arc<Live>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) listeners: Option<Listeners>,
    pub(crate) runtime: Runtime,
}

impl Lab {
    /// Serves generation 0 of [`snapshot`] on these addresses with one UDP worker each.
    pub(crate) fn new(listen: &[&str], limits: Limits) -> Self {
        let runtime = Runtime::new().unwrap();
        let live = Arc::new(Live::from_pointee(snapshot(0)));
        let counters = Arc::new(Counters::new(2));
        let mut listeners = Listeners::new(Arc::clone(&live), Arc::clone(&counters), limits, runtime.handle().clone());
        let listen: Vec<SocketAddr> = listen.iter().map(|address| address.parse().unwrap()).collect();
        let opened = listeners.open(&listen, 1).unwrap();
        listeners.adopt(opened).unwrap();
        Lab { live, counters, listeners: Some(listeners), runtime }
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.as_ref().unwrap().addresses()
    }

    pub(crate) fn listeners(&mut self) -> &mut Listeners {
        self.listeners.as_mut().unwrap()
    }

    pub(crate) fn count(&self, event: Event) -> u64 {
        self.counters.totals().of(event)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.addresses()[0])
    }

    /// Waits until an event was counted so often.
    pub(crate) fn wait_for(&self, event: Event, times: u64) {
        wait_until(&format!("{event:?} counted {times} times"), || self.count(event) >= times);
    }

    pub(crate) fn stop(&mut self) {
        let listeners = self.listeners.take().unwrap();
        self.runtime.block_on(listeners.stop(Duration::from_secs(5)));
    }
}

/// Waits for a condition; panics after 20 s.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A zone whose every record tells its generation: `www.example.org` has four addresses 10.x.x.n.
pub(crate) fn snapshot(generation: u16) -> Snapshot {
    let origin = parse_name("example.org").unwrap();
    let mut records = Records::new(origin.clone());
    let wire = |text: &str| parse_name(text).unwrap().as_slice().to_vec();
    let mut push =
        |owner: &str, rtype, data: &[u8]| records.push(&wire(owner), rtype, 60, data, Line::default()).unwrap();
    let mut soa = [wire("ns.example.org"), wire("hostmaster.example.org")].concat();
    for number in [u32::from(generation) + 1, 3600, 600, 86_400, 60] {
        soa.extend(number.to_be_bytes());
    }
    push("example.org", Rtype::SOA, &soa);
    push("example.org", Rtype::NS, &wire("ns.example.org"));
    push("ns.example.org", Rtype::A, &[127, 0, 0, 1]);
    let [high, low] = generation.to_be_bytes();
    for n in 1..=4 {
        push("www.example.org", Rtype::A, &[10, high, low, n]);
    }
    for n in 0..200u8 {
        push("big.example.org", Rtype::TXT, &[&[250u8][..], &[n; 250]].concat());
    }
    let zones = [ZoneSource { horizon: "internal".to_owned(), file: None, records: Arc::new(records) }];
    build(&settings(), &zones, None).unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        file: "horizon.toml".into(),
        server: Server { listen: Vec::new(), workers: 1, control: "control.sock".into() },
        zones: "zones".into(),
        horizons: vec![Horizon {
            name: "internal".to_owned(),
            clients: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            forward: false,
            upstreams: Vec::new(),
            inherits: None,
            private_addresses: Vec::new(),
            rate: None,
        }],
        forward: Forward::default(),
        blocks: Vec::new(),
        inventory: None,
        routes: Routes::default(),
        acme: Acme::default(),
        tls: Tls::default(),
        web: Web::default(),
        query_log: QueryLog::Off,
    }
}

/// A query without EDNS.
pub(crate) fn query(id: u16, name: &str, rtype: Rtype) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(parse_name(name).unwrap().as_slice());
    message.extend(rtype.to_int().to_be_bytes());
    message.extend([0, 1]);
    message
}

/// With its length before it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// Reads one message from a stream; none at its end, also when it ends with a reset.
pub(crate) fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// Asks for `www.example.org` and gives the answer.
pub(crate) fn ask(stream: &mut TcpStream, id: u16) -> Option<Vec<u8>> {
    stream.write_all(&framed(&query(id, "www.example.org", Rtype::A))).ok()?;
    read_message(stream)
}

/// The ID of a message, and whether it is a response without an error.
pub(crate) fn id_and_success(message: &[u8]) -> (u16, bool) {
    (u16::from_be_bytes([message[0], message[1]]), message[2] & 0x80 != 0 && message[3] & 0x0f == 0)
}
