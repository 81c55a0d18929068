//! `[[block]]`: names that do not exist for the clients of some horizons, from files and URLs.
//!
//! [`load_blocked()`] makes a [`Blocked`] of what the settings name; it is a part of the plan and never changes. [`fetch()`]
//! keeps the copies of URLs fresh that it is made from.

mod blocked;
mod fetch;
#[cfg(test)]
mod fetch_tests;
mod kept;
mod line;
mod load;
#[cfg(test)]
mod load_tests;
mod names;

pub use blocked::{Blocked, BlockedBy, ListState};
pub use fetch::{FetchError, FetchLimits, fetch};
pub use kept::{Fetched, Kept, block_files};
pub use load::load_blocked;
