//! Connections to addresses that were checked before: nothing is looked up, nothing is followed, every wait and every buffer
//! has an end. Probes, checks of the CA and orders go out through here.

mod connect;
mod error;
mod fetch;
mod tls;
mod trust;

pub use connect::{connect, dial_limits};
pub use error::DialError;
pub use fetch::{Fetched, Get, fetch, send};
pub use tls::{Handshake, Shown, secure};
pub use trust::{ChainFault, Roots, RootsError};
