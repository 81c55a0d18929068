//! Findings: everything that a check tells a person, in one shape.
//!
//! Knows names and places in files; every room above makes findings, `control` and `cli` show them.

mod place;
mod report;

pub use place::Place;
pub use report::{Finding, Severity};
