//! The bounded queue of misses before the forwarder's loop. A worker holds its lock for one push; the loop takes all at once.

use super::slab::Id;
use super::state::UpstreamState;
use crate::forward::miss::Miss;
use crate::forward::stream::StreamError;
use crate::forward::validation::Validity;
use mio::Waker;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Misses that may wait for the loop. It takes all of them each time it comes by, so they are many only when it cannot keep
/// up; then it is better that clients hear so.
const ROOM: usize = 8192;

/// What others hand to the loop.
#[derive(Debug)]
pub(in crate::forward) struct Queue {
    inbox: Mutex<Inbox>,
    /// The loop waits, or is about to: whoever adds something wakes it.
    sleeping: AtomicBool,
    waker: Waker,
}

/// What waits for the loop.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) misses: VecDeque<Miss>,
    /// As many as the loop has asked for.
    pub(super) deliveries: Vec<Delivery>,
    pub(super) closed: bool,
}

/// What the loop gets from others than clients.
#[derive(Debug)]
pub(super) enum Delivery {
    /// What became of a question over a stream.
    Stream { question: Id, serial: u32, outcome: Result<Vec<u8>, StreamError> },
    /// What became of an answer that was validated.
    Validated { question: Id, serial: u32, validity: Validity },
    /// Somebody wants to know how the upstreams do.
    States(Sender<Vec<UpstreamState>>),
}

impl Queue {
    pub(super) fn new(waker: Waker) -> Self {
        Queue { inbox: Mutex::default(), sleeping: AtomicBool::new(false), waker }
    }

    /// Adds a miss and wakes the loop if it sleeps.
    ///
    /// # Errors
    /// The queue is full or closed: the miss comes back.
    pub(in crate::forward) fn push(&self, miss: Miss) -> Result<(), Miss> {
        self.lay(miss)?;
        self.wake();
        Ok(())
    }

    /// Adds a miss for which the loop is not woken: whoever does so calls [`Queue::wake`] later, or sees to it himself.
    ///
    /// # Errors
    /// As [`Queue::push`].
    pub(in crate::forward) fn lay(&self, miss: Miss) -> Result<(), Miss> {
        let mut inbox = self.lock();
        if inbox.closed || inbox.misses.len() >= ROOM {
            return Err(miss);
        }
        inbox.misses.push_back(miss);
        Ok(())
    }

    /// Takes one miss; none when the queue is closed: then the loop sees to all that are left.
    pub(super) fn pop(&self) -> Option<Miss> {
        let mut inbox = self.lock();
        if inbox.closed { None } else { inbox.misses.pop_front() }
    }

    /// Brings what the loop waits for; nothing once it has ended.
    pub(super) fn deliver(&self, delivery: Delivery) {
        let mut inbox = self.lock();
        if inbox.closed {
            return;
        }
        inbox.deliveries.push(delivery);
        drop(inbox);
        self.wake();
    }

    /// Takes nothing more; the loop ends when it sees it.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake();
    }

    /// Exchanges what waits for `empty`. Whether it is closed stays.
    pub(super) fn take(&self, empty: &mut Inbox) {
        let mut inbox = self.lock();
        std::mem::swap(&mut *inbox, empty);
        inbox.closed = empty.closed;
    }

    /// Says that the loop is going to wait. False when something came meanwhile: then it must not.
    pub(super) fn sleep(&self) -> bool {
        self.sleeping.store(true, Ordering::SeqCst);
        let inbox = self.lock();
        let idle = inbox.misses.is_empty() && inbox.deliveries.is_empty() && !inbox.closed;
        drop(inbox);
        if !idle {
            self.awake();
        }
        idle
    }

    /// Says that the loop does not wait.
    pub(super) fn awake(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// Wakes the loop if it sleeps; one of many who come at once does.
    pub(in crate::forward) fn wake(&self) {
        if self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst) {
            // It fails only when the process has no memory for it; the loop comes by on its own, a little later.
            let _ = self.waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
