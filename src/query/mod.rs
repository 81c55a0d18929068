//! One query from start to finish: octets in, a verdict out. Every transport, test, bench and fuzz target calls this.

mod code;
mod cookie;
mod explain;
mod pending;
mod probe;
mod respond;
mod verdict;

pub use explain::{Explanation, explain};
pub use pending::{Charge, Pending, slip};
pub use probe::probe;
pub use respond::respond;
pub use verdict::{Transport, UDP_SIZE, Verdict};
