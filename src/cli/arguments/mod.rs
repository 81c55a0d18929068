//! The arguments of `zonectl`.

mod acme;
mod import;
mod look;
mod program;
mod write;

#[cfg(test)]
mod tests;

pub(super) use acme::{Acme, Client, DoorName, TokenCreate, TokenVerb};
pub(super) use import::{Dnsmasq, Import, Server};
pub(super) use look::{CacheVerb, HorizonVerb, Look};
pub(super) use program::{Arguments, Scope, Verb};
pub(super) use write::{Condition, Everywhere, History, Making, Records, Whole, Write};
