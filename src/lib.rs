//! Horizon: an authoritative DNS server with split horizons, and the checker that sees each name from the CA's seat.
//!
//! The programs `horizond` and `zonectl` are a dozen lines each over this library, and so can yours be. A server inside
//! another program, from zones in memory:
//!
//! ```
//! use horizon_dns::counters::Counters;
//! use horizon_dns::query::{Transport, Verdict, respond};
//! use horizon_dns::snapshot::{Live, Snapshot, ZoneSource, build};
//! use horizon_dns::transport::{Limits, Listeners};
//! use horizon_dns::{config, dns, zone};
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! // Two horizons: clients on loopback, and everyone else.
//! let text = r#"
//!     [[horizon]]
//!     name    = "internal"
//!     clients = ["127.0.0.0/8"]
//!     [[horizon]]
//!     name    = "external"
//!     clients = ["any"]
//! "#;
//! let settings = config::parse(text, Path::new("embedded.toml")).map_err(|errors| errors[0].to_string())?;
//!
//! // One zone, made of text; a reload would build the next snapshot from the one before.
//! let snapshot = |address: &str| -> Result<Snapshot, String> {
//!     let text = format!("$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A {address}\napp A {address}\n");
//!     let origin = dns::parse_name("example.org").map_err(|error| error.to_string())?;
//!     let zone = zone::parse_zone(text.as_bytes(), Path::new("example.org.zone"), &origin)
//!         .map_err(|findings| findings[0].to_string())?;
//!     let source = ZoneSource { horizon: "internal".into(), file: None, records: Arc::new(zone.records) };
//!     build(&settings, &[source], None).map_err(|findings| findings[0].to_string())
//! };
//! let live = Arc::new(Live::from_pointee(snapshot("192.0.2.1")?));
//!
//! // A query as octets, without any socket: `app.example.org A`.
//! let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03app\x07example\x03org\0\0\x01\0\x01";
//! let mut reply = [0; 512];
//! let verdict = respond(&live.load(), "127.0.0.1".parse()?, Transport::Udp, query, &mut reply);
//! let Verdict::Reply(length) = verdict else { panic!("no reply") };
//! assert_eq!(reply[length - 4..length], [192, 0, 2, 1]);
//!
//! // The same over UDP and TCP, on a port that the system chooses.
//! let runtime = tokio::runtime::Runtime::new()?;
//! let counters = Arc::new(Counters::new(1));
//! let mut listeners = Listeners::new(live.clone(), counters, Limits::default(), runtime.handle().clone());
//! let opened = listeners.open(&["127.0.0.1:0".parse()?], 1).map_err(|errors| errors[0].to_string())?;
//! listeners.adopt(opened)?;
//! let client = std::net::UdpSocket::bind("127.0.0.1:0")?;
//! client.connect(listeners.addresses()[0])?;
//! client.send(query)?;
//! let length = client.recv(&mut reply)?;
//! assert_eq!(reply[length - 4..length], [192, 0, 2, 1]);
//!
//! // A new snapshot goes live with one pointer swap: no query waits and none is lost.
//! live.store(Arc::new(snapshot("192.0.2.2")?));
//! client.send(query)?;
//! let length = client.recv(&mut reply)?;
//! assert_eq!(reply[length - 4..length], [192, 0, 2, 2]);
//!
//! runtime.block_on(listeners.stop(std::time::Duration::from_secs(1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rooms of the house, lowest first. A room may import only rooms declared above it (`tests/layering.rs` holds this).

#![warn(clippy::unwrap_used, clippy::expect_used)]

/// Names, record types and record data over the `domain` crate; the octets of messages.
pub mod dns;

/// Long work cut into stretches that give way to queries, and its memory; messages that come fast taken in heaps.
pub mod pace;

/// One result of a check: code, severity, what, where, likely cause, remedy.
pub mod finding;

/// Reading, durable atomic replacement, locks; every error names its path.
pub mod files;

/// Per-worker counters on relaxed atomics.
pub mod counters;

/// `horizon.toml`: raw as written, then settings with every default filled.
pub mod config;

/// The operator's JSON: guests, services and routes become claims with origins.
pub mod inventory;

/// Master-file text that keeps every octet, the zone model, whole-zone checks, the store with its history and undo.
pub mod zone;

/// Claims become zones per horizon, forward and reverse.
pub mod generate;

/// Record edits as a person asks for them become changes of names, and those zone text.
pub mod edit;

/// What other servers were configured with becomes config and zones, and is compared with them: dnsmasq.
pub mod import;

/// Longest client prefix chooses the horizon.
pub mod horizon;

/// Compiled zones and the engine: query octets in, reply octets out.
pub mod answer;

/// Questions that no zone answers: guards, cache, upstreams.
pub mod forward;

/// The bundle that one pointer swap publishes.
pub mod snapshot;

/// One query from start to finish.
pub mod query;

/// Pictures: which client reaches which guest for a name, as wanted and as answered.
pub mod flow;

/// What reads the candidate or live snapshot and gives overlays and findings, and never stands in the query path: ACME.
pub mod plugin;

/// DNS updates and signed messages: who has signed, what is wanted, whether it may be.
pub mod update;

/// UDP and TCP listeners, and those for DNS over TLS, HTTPS and QUIC.
pub mod transport;

/// The socket protocol between `zonectl` and `horizond`, and what it can ask; metrics, status page and JSON over HTTP.
pub mod control;

/// Start, reload pipeline, signals: the only room that knows everyone.
pub mod daemon;

/// `zonectl` and the command line of `horizond`.
pub mod cli;
