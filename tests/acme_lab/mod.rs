//! The worked example alive: its guests are network namespaces on one bridge, with Horizon in 101, ACME clients in 102, a real
//! step-ca in 103, a client of `internal`, and one outside.
//!
//! Needs root, network namespaces and Debian's packages of `packaging/test-packages.txt`. Nothing here touches an address outside
//! of namespaces that it made, and nothing stays behind.
#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod authority;
mod caddy;
mod clients;
mod doors;
mod firewall;
mod network;
mod process;
mod responder;
mod step_ca;
mod world;

pub(crate) use authority::Authority;
pub(crate) use caddy::{Caddy, CaddyCa};
pub(crate) use clients::{Certbot, Lego, Outcome};
pub(crate) use doors::{HTTP, LISTEN, Token};
pub(crate) use firewall::Firewall;
pub(crate) use network::Network;
pub(crate) use process::{Finished, Process, run, wait_until};
pub(crate) use responder::{Responder, Says, Seen};
pub(crate) use step_ca::StepCa;
pub(crate) use world::{DIRECTORY, DNS, Gateway, Ran, World, ZONE};
