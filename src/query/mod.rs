//! One query from start to finish: octets in, a verdict out. Every transport, test, bench and fuzz target calls this.

mod verdict;

pub use verdict::{Transport, Verdict, respond};
