//! `horizon.toml`: read raw with the place of every key, then resolved into `Settings` with every default filled.

mod prefix;
mod settings;

pub use prefix::{Prefix, PrefixError};
pub use settings::{Acme, Forward, ForwardDomain, Gate, Horizon, KindRoutes, Policy, Route, Routes, Server, Settings};
