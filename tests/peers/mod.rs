//! Knot and NSD from Debian beside us: random zones that all three load, random questions, and replies that compare.
//!
//! Knows how to start the peers on free loopback ports and how to read a reply with decoders that are not ours.

mod ask;
mod compare;
mod data;
mod differences;
mod names;
mod ours;
mod process;
mod question;
mod random;
mod reply;
mod world;
mod zonefile;

pub(crate) use ask::{Carrier, ask_all};
pub(crate) use compare::{Case, Verdict, same};
pub(crate) use differences::CLASSES;
pub(crate) use names::{is_at_or_below, parent};
pub(crate) use ours::Ours;
pub(crate) use process::{Peer, Program};
pub(crate) use question::Question;
pub(crate) use random::Random;
pub(crate) use reply::{Reply, read, walk};
pub(crate) use world::{Rr, World};
pub(crate) use zonefile::line;
