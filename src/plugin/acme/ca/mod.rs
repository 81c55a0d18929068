//! The CA itself: where it is without asking anybody, whether it is well, and what it offers.

mod check;
mod directory;
mod place;
mod provisioners;
mod report;
mod trouble;

#[cfg(test)]
mod check_tests;

pub use check::check_ca;
pub(super) use check::root_of;
pub use place::{CaPlace, PlaceError, place};
pub use report::{CaReport, Wanted};
