//! When threads give way to each other: long work to those that answer, those that answer to what comes next;
//! and memory for long work.

mod gather;
mod passing;
mod stretch;

pub(crate) use gather::Gather;
pub(crate) use passing::passing;
pub(crate) use stretch::{breathe, breathe_at, filled, give_turn_at, give_way};
