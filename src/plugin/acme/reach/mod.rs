//! What is known of the way a CA's challenge takes, per CA, name, horizon and challenge: a state, how it is known, how long it
//! counts, what is wrong and what to do.
//!
//! Pure: no clock, no socket, no file. Checks, probes and observations come in as events; `Reach::after` says what follows.

mod basis;
mod event;
mod facts;
mod freshness;
mod key;
mod problem;
mod standing;
mod state;
mod transition;

#[cfg(test)]
mod transition_tests;

pub use basis::Basis;
pub use event::{CaFact, Event, ProbeReport, ProbeVerdict};
pub use facts::{Acked, AddressFacts, CaError, CaFacts, Facts, Issued, Location, SeenQuery, Told, TripwireHit};
pub use freshness::{
    BACK_OFF, CA_OBSERVED_FRESH, ISSUED_FRESH, KEPT_CONNECTION, PROBED_FRESH, PROBED_FRESH_EXPIRING, SUSPENDED,
    SUSPENDED_AFTER, back_off, probed_fresh, spread,
};
pub use key::Key;
pub use problem::{Gravity, Problem, Remedy};
pub use standing::Standing;
pub use state::{Evidence, Reason, State};
pub use transition::Reach;
