//! Which horizon a client belongs to: the longest client prefix wins, whatever the order in the file.

mod map;
mod ranges;

pub use map::{HorizonMap, Match};
