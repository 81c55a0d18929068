//! Horizon: an authoritative DNS server with split horizons, and the checker that sees each name from the CA's seat.
//!
//! The rooms of the house, lowest first. A room may import only rooms declared above it (`tests/layering.rs` holds this).

#![warn(clippy::unwrap_used, clippy::expect_used)]

/// Names, record types and record data over the `domain` crate; the octets of messages.
pub mod dns;

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

/// Master-file text that keeps every octet, the zone model, whole-zone checks.
pub mod zone;

/// Claims become zones per horizon, forward and reverse.
pub mod generate;

/// Longest client prefix chooses the horizon.
pub mod horizon;

/// Compiled zones and the engine: query octets in, reply octets out.
pub mod answer;

/// The bundle that one pointer swap publishes.
pub mod snapshot;

/// One query from start to finish.
pub mod query;

/// UDP and TCP listeners.
pub mod transport;

/// The socket protocol between `zonectl` and `horizond`, and what it can ask.
pub mod control;

/// Start, reload pipeline, signals: the only room that knows everyone.
pub mod daemon;

/// `zonectl` and the command line of `horizond`.
pub mod cli;
