//! Signed messages: DNS updates (RFC 2136), and queries whose answers are to be signed (RFC 8945).
//!
//! A worker sees a signature, looks no further, and hands the message to the `Desk`, whose own thread knows the keys. What
//! is rightly signed and wants a change goes on to the clerk, another thread, because a change waits for the disk: challenge
//! values go into the overlay at once, other records the way of every edit, through the `Editor`.
//!
//! A room of its own above `plugin`, not a part of it: plugins never stand in the path of a message, and this does. It
//! opens no socket; replies leave through the `Return` that each message brings along.

mod allowance;
mod answering;
mod clerk;
mod desk;
mod editor;
mod message;
mod orders;
mod plan;
mod prerequisites;
mod refused;
mod replay;
mod reply;
mod standing;
mod tsig;
mod voice;

pub use desk::{Desk, Tools};
pub use editor::{EditPlan, EditRefused, Editor};
pub use message::{Entry, Update, read_update};
pub use plan::{Plan, plan};
pub use prerequisites::check_prerequisites;
pub use refused::Refused;
pub use standing::Standing;
pub use tsig::{Checked, Signature, Signer, TsigError, read_signature};
