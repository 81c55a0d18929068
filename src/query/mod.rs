//! One query from start to finish: octets in, a verdict out. Every transport, test, bench and fuzz target calls this.

mod code;
mod cookie;
mod explain;
mod pending;
mod respond;

pub use explain::{Explanation, explain};
pub use pending::Pending;
pub use respond::{Transport, UDP_SIZE, Verdict, respond};
