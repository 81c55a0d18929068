//! What the server counted: one set of relaxed atomics per worker, summed on reading.
//!
//! Knows nothing of sockets or DNS messages; no formatting here.

mod totals;
mod worker;

pub use totals::{Counters, Totals};
pub use worker::{Count, Event, RCODES, Worker};
