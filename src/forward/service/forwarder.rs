//! The door of the service: a thread that takes misses and answers those who wait.

use super::queue::{Delivery, Queue};
use super::state::UpstreamState;
use super::work::{self, WAKER, Work};
use crate::counters::Worker;
use crate::forward::compose::compose_known;
use crate::forward::miss::Miss;
use crate::forward::stream::Carry;
use crate::forward::validation::Validate;
use mio::{Poll, Waker};
use std::fmt;
use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What the forwarder works with.
pub struct Tools {
    /// Where it counts.
    pub counters: Arc<Worker>,
    /// Carries questions over TCP, TLS and HTTPS.
    pub streams: Arc<dyn Carry>,
    /// Validates answers where the settings want it.
    pub validator: Arc<dyn Validate>,
    /// What its thread does before anything else.
    pub begin: fn(),
    /// What it does when it has answered all of whom it has heard: replies to clients may wait for it.
    pub turned: fn(),
}

/// Answers misses by asking upstreams, on a thread of its own. Dropping it stops it.
pub struct Forwarder {
    queue: Arc<Queue>,
    work: Arc<Mutex<Work>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A way to ask the forwarder from inside.
#[derive(Debug, Clone)]
pub struct Asking {
    pub(super) queue: Arc<Queue>,
}

/// Misses that a worker may begin itself behind one batch. To change threads costs more than they do; of many it costs each
/// little, and the worker has others to answer.
const FEW: usize = 2;

/// How long whoever asks for the state of upstreams waits for the thread at most.
const STATES: Duration = Duration::from_secs(1);

impl Forwarder {
    /// How many files it may have open beside the streams.
    pub const FILES: usize = super::sockets::FILES;

    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread or no event queue.
    pub fn start(tools: Tools) -> io::Result<Arc<Self>> {
        let mut poll = Poll::new()?;
        let queue = Arc::new(Queue::new(Waker::new(poll.registry(), WAKER)?));
        let begin = tools.begin;
        let work = Arc::new(Mutex::new(Work::new(tools, Arc::clone(&queue), &poll)?));
        let shared = Arc::clone(&work);
        let thread = thread::Builder::new().name("forward".to_owned()).spawn(move || {
            begin();
            work::run(&shared, &mut poll);
        })?;
        Ok(Arc::new(Forwarder { queue, work, thread: Mutex::new(Some(thread)) }))
    }

    /// Takes a miss; its waiter is answered in any case, later, from the forwarder's thread or another.
    ///
    /// # Errors
    /// The queue is full, or the forwarder has stopped: the miss comes back, and the caller answers SERVFAIL.
    pub fn submit(&self, miss: Miss) -> Result<(), Miss> {
        self.queue.push(miss)
    }

    /// As [`Forwarder::submit`], for one of several: the forwarder may sleep on until [`Forwarder::begin`] is called behind
    /// the last one. To be woken for each costs more than all the rest where one core has to do both.
    ///
    /// # Errors
    /// As [`Forwarder::submit`].
    pub fn lay(&self, miss: Miss) -> Result<(), Miss> {
        self.queue.lay(miss)
    }

    /// Sees to `laid` misses that were laid. A few are begun here, on the caller's own thread, when nobody works on others:
    /// so a miss that comes alone reaches its upstream without a change of threads. Otherwise the forwarder is woken.
    pub fn begin(&self, laid: usize) {
        let begun = laid <= FEW && self.work.try_lock().is_ok_and(|mut work| work.begin_few(laid));
        if !begun {
            self.queue.wake();
        }
    }

    /// Answers everybody who waits with SERVFAIL and ends the thread. What is submitted later comes back at once.
    pub fn stop(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Panics are caught in the thread.
            let _ = thread.join();
        }
    }

    /// What is known of each upstream that a plan has led to lately, in no order. Waits for the thread; empty when it has
    /// stopped.
    pub fn upstreams(&self) -> Vec<UpstreamState> {
        let (sender, receiver) = mpsc::channel();
        self.queue.deliver(Delivery::States(sender));
        receiver.recv_timeout(STATES).unwrap_or_default()
    }

    /// A way to ask from inside, such as for records that validation needs.
    pub fn asking(&self) -> Asking {
        Asking { queue: Arc::clone(&self.queue) }
    }
}

impl Asking {
    /// Asks as clients do: what the cache holds is answered at once, on the caller's own thread, everything else as by
    /// [`Forwarder::submit`].
    ///
    /// # Errors
    /// The queue is full, or the forwarder has stopped: the miss comes back.
    pub fn submit(&self, mut miss: Miss) -> Result<(), Miss> {
        if let Some(waiter) = miss.waiter.take() {
            let mut buffer = vec![0; waiter.limit.min(usize::from(u16::MAX))];
            match compose_known(&miss, &waiter, &mut buffer) {
                Some(length) => {
                    waiter.back.send(&buffer[..length]);
                    return Ok(());
                }
                None => miss.waiter = Some(waiter),
            }
        }
        self.queue.push(miss)
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
