//! What was seen of the CA: facts on their way to the states of reach, through a channel that never makes the seer wait.

use crate::dns::Name;
use std::net::IpAddr;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::time::SystemTime;

/// One fact from the CA's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// A validation request of the CA came to this host although this server tells the CA other addresses: what the CA
    /// uses is not this server's answer, most often a line in its hosts file.
    Misdirected {
        /// The name whose challenge was asked for.
        name: Name,
        /// The CA's address.
        ca: IpAddr,
        /// When.
        at: SystemTime,
        /// The address of ours that the request came to.
        reached: IpAddr,
        /// The addresses that this server tells the CA for the name, in the order of the answer.
        told: Vec<IpAddr>,
    },
}

/// The seer's end of the channel.
#[derive(Debug, Clone)]
pub struct Sightings {
    sender: SyncSender<Sighting>,
}

impl Sightings {
    /// How many facts may wait; a CA makes a few requests a minute.
    const WAITING: usize = 256;

    /// Both ends of a new channel.
    pub fn channel() -> (Self, Receiver<Sighting>) {
        let (sender, receiver) = sync_channel(Self::WAITING);
        (Sightings { sender }, receiver)
    }

    /// Passes on a fact, or drops it when too many wait already; false when dropped.
    pub fn tell(&self, sighting: Sighting) -> bool {
        self.sender.try_send(sighting).is_ok()
    }
}
