//! Space that a thread reads into and answers from, lent to one connection after the other.

use super::frames::LARGEST;
use super::frames::PREFIX;
use crate::counters::Event;
use crate::counters::Worker;
use std::cell::RefCell;

/// One thread's space for reading and answering; a turn never waits, so one is enough for all connections of a thread.
pub(super) struct Scratch {
    pub(super) input: Box<[u8]>,
    pub(super) output: Box<[u8]>,
    pub(super) used: usize,
}

impl Scratch {
    /// Appends a reply with its length; there is room for it. Says whether it was short enough.
    pub(super) fn frame(&mut self, reply: &[u8], counters: &Worker) -> bool {
        let Ok(length) = u16::try_from(reply.len()) else {
            counters.count(Event::Dropped);
            return false;
        };
        let (prefix, rest) = self.output[self.used..].split_at_mut(PREFIX);
        prefix.copy_from_slice(&length.to_be_bytes());
        rest[..reply.len()].copy_from_slice(reply);
        self.used += PREFIX + reply.len();
        true
    }
}

thread_local! {
    pub(super) static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        input: vec![0; LARGEST].into_boxed_slice(),
        output: vec![0; 2 * LARGEST].into_boxed_slice(),
        used: 0,
    });
}
