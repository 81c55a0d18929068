//! Orders of our own at the CA: a rehearsal asks for one, looks at what is offered and leaves it; a canary goes all the way by
//! dns-01 and throws the certificate away.
//!
//! The account is one of its own, kept in the state folder. The HTTP goes over our own connections: one fixed address, limits,
//! and nobody but the CA whose root is known.

mod account;
mod caller;
mod failure;
mod run;

pub use run::{Order, OrderGround, OrderReport, Step, order};
