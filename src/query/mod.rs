//! One query from start to finish: octets in, a verdict out. Every transport, test, bench and fuzz target calls this.

mod code;
mod cookie;
mod explain;
mod feed;
mod foreign;
mod kept;
mod noter;
mod notes;
mod pending;
mod probe;
mod reach;
#[cfg(test)]
mod reach_tests;
mod recent;
mod respond;
mod ring;
mod signed;
mod verdict;
mod watched;

pub use crate::dns::UDP_SIZE;
pub use explain::{Explanation, Forwarded, explain, explain_own};
pub use feed::{Answered, Begun, EACH, Feed, Listening, Witness};
pub use foreign::reach_kept;
pub use noter::Noter;
pub use pending::{Charge, Pending, slip};
pub use probe::probe;
pub use reach::{reach_nodes, reach_slots};
pub use recent::{Asked, Recent};
pub use respond::respond;
pub use signed::Signed;
pub use verdict::{Transport, Verdict};
pub use watched::{Sight, Watched};
