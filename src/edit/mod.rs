//! Record edits as a person asks for them: orders become changes of names, and those become zone text.
//!
//! Pure: what is there comes in as records and text, what should be there goes out the same way. Knows nothing of clients,
//! sockets or the server; who carries an edit out, and keeps its history, is `daemon` with `zone`'s store.

mod change;
mod changes;
mod compare;
mod data;
mod differing;
mod line_edits;
mod neighbours;
mod order;
mod owners;
mod placed;
mod refusal;
mod rewrite;
mod rewrite_error;

pub use change::{NameChange, ZoneChange};
pub use changes::changes;
pub use compare::compare;
pub use data::{DataError, data_of};
pub use differing::differing_names;
pub use order::{Order, Place};
pub use owners::sets_of;
pub use placed::{Expectation, Placed, RecordEdit};
pub use refusal::EditRefusal;
pub use rewrite::{Hints, rewrite};
pub use rewrite_error::RewriteError;
