//! The service manager (systemd): what it is told, the sockets it keeps for us, and the proof of life it wants.

mod herald;
mod keeper;
mod proof;
mod supervisor;

pub(in crate::daemon) use herald::Herald;
pub(in crate::daemon) use keeper::Keeper;
pub(in crate::daemon) use proof::{Proof, ProofOf};
pub use supervisor::Supervisor;
