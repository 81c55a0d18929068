//! Long work that gives way to those that answer.

mod stretch;

pub(crate) use stretch::{breathe, breathe_at, give_way};
