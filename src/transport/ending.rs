//! How a UDP worker is to end.

use std::sync::atomic::{AtomicU8, Ordering};

/// Said to a worker once; read before each batch.
#[derive(Debug, Default)]
pub(super) struct Ending(AtomicU8);

/// What becomes of the queue of a socket whose worker ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// All of it is answered: nothing new comes, and the socket closes.
    Emptied,
    /// What is there is answered; what comes after waits for the next process, which has the socket, too.
    HandedOn,
}

impl Ending {
    /// Says it.
    pub(super) fn say(&self, way: Way) {
        let code = match way {
            Way::Emptied => 1,
            Way::HandedOn => 2,
        };
        self.0.store(code, Ordering::Release);
    }

    /// What was said; none while the worker is to go on.
    pub(super) fn said(&self) -> Option<Way> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Way::Emptied),
            _ => Some(Way::HandedOn),
        }
    }
}
