//! `horizon.toml`: read raw with the place of every key, then resolved into `Settings` with every default filled.
//!
//! All errors of a file come at once. Knows no socket and, but for `load` and `find`, no file.

mod acme;
mod block;
mod error;
mod forward;
mod forwarding;
mod horizons;
mod notes;
mod parse;
mod prefix;
mod reach;
mod routes;
mod section;
mod server;
mod settings;
mod similar;
mod tls;
mod upstream;
mod web;

pub use error::ConfigError;
pub use forwarding::{Block, BlockAnswer, Cache, Dnssec, Forward, ForwardDomain, Guard, Host, Policy, Upstream, Way};
pub use parse::{DEFAULT_CONTROL, DEFAULT_FILES, control_socket, find, load, parse};
pub use prefix::{Prefix, PrefixError};
pub use settings::{
    Acme, AcmeName, Challenge, Gate, Horizon, KindRoutes, Probing, QueryLog, Rate, Route, Routes, Server, Settings,
    Tls, Web,
};
pub use similar::closest;
