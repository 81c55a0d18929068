//! `[forward.guard]`: what never leaves, and what is never let in.
//!
//! Knows names, addresses and the octets of answers; neither upstreams nor the cache.

mod after;
#[cfg(test)]
mod after_tests;
mod guards;
mod private;
mod tally;
mod walk;

pub(super) use after::{Finding, cut_additional};
pub(super) use guards::Guards;
pub use tally::Caught;
