//! A scripted upstream on loopback, over UDP and TCP at one port: what it does to each name is data, what it was asked is kept.
//!
//! An answer is a line of text, as [`say`] reads it; [`Client`] shows what a client got in the same words.
#![allow(dead_code, unused_imports, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asked;
mod client;
mod say;
mod script;
mod server;

pub(crate) use asked::Asked;
pub(crate) use client::{Client, Query, show};
pub(crate) use say::say;
pub(crate) use script::{Act, Script, Twist};
pub(crate) use server::Upstream;
