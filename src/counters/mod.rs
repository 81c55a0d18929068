//! What the server counted: one set of relaxed atomics per worker, summed on reading.
//!
//! Knows nothing of sockets or DNS messages; no formatting here.

mod latency;
mod totals;
mod worker;

pub use latency::{BOUNDS, Times, bound};
pub use totals::{Counters, Totals};
pub use worker::{Carried, Count, ELSEWHERE, Event, PLACES, RCODES, Worker};
