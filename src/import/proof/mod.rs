//! Whether an import answers as the old server does: what to ask both, and what a difference means.
//!
//! Pure: questions and replies are octets; who carries them stands in `cli`.

mod judge;
mod question;
mod reply;
mod subject;
mod tally;

pub use judge::{Difference, Meaning, judge};
pub use question::{Question, TYPES, Why};
pub use reply::Reply;
pub use subject::Subject;
pub use tally::{Class, Example, Tally};
