//! What ACME clients and misdirected CAs reach over HTTP: httpreq, acme-dns, the tripwire, the relay, a word on health.
//!
//! Knows requests, tokens and challenges; sockets, time limits and TLS are for whoever serves the [`routes()`].

mod acme_dns;
mod auth_name;
mod basic;
mod body;
mod client;
mod failures;
mod hall;
mod health;
mod httpreq;
mod own_address;
mod register;
mod relay;
mod reply;
mod routes;
mod tripwire;

pub use auth_name::{AuthNameError, auth_name};
pub use client::Peer;
pub use hall::{Counts, Doors};
pub use routes::routes;
