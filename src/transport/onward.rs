//! The way from the transports to the forwarder, which may be there or not, and may come while they serve.

use crate::forward::Forwarder;
use crate::forward::Miss;
use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// Where questions go that no zone and no cache answers.
#[derive(Debug, Default)]
pub(super) struct Onward {
    forwarder: ArcSwapOption<Forwarder>,
}

impl Onward {
    /// From now on questions go to this forwarder.
    pub(super) fn lead_to(&self, forwarder: Arc<Forwarder>) {
        self.forwarder.store(Some(forwarder));
    }

    /// Hands a question over. False when nobody takes it: there is no forwarder, it has stopped, or too much waits there;
    /// then its client must be answered here.
    pub(super) fn submit(&self, miss: Miss) -> bool {
        self.forwarder.load().as_ref().is_some_and(|forwarder| forwarder.submit(miss).is_ok())
    }

    /// As [`Onward::submit`] for one of several, behind the last of which [`Onward::wake`] is to be called.
    pub(super) fn lay(&self, miss: Miss) -> bool {
        self.forwarder.load().as_ref().is_some_and(|forwarder| forwarder.lay(miss).is_ok())
    }

    /// Lets the forwarder see what was laid.
    pub(super) fn wake(&self) {
        if let Some(forwarder) = self.forwarder.load().as_ref() {
            forwarder.wake();
        }
    }
}
