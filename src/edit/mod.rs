//! Record edits as a person asks for them: orders become changes of names, and those become zone text.
//!
//! Pure: what is there comes in as records and text, what should be there goes out the same way. Knows nothing of clients,
//! sockets or the server; who carries an edit out, and keeps its history, is `daemon` with `zone`'s store.

mod change;
mod data;
mod differing;
mod order;
mod placed;

pub use change::{NameChange, ZoneChange};
pub use data::data_of;
pub use differing::{differing_names, sets_of};
pub use order::{Order, Place};
pub use placed::{Expectation, Placed, RecordEdit};
