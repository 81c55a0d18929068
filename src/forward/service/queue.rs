//! The bounded queue of misses before the forwarder's loop. A worker holds its lock for one push; the loop takes all at once.

use crate::forward::miss::Miss;
use mio::Waker;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Misses that may wait for the loop. It takes all of them each time it comes by, so they are many only when it cannot keep
/// up; then it is better that clients hear so.
const ROOM: usize = 8192;

/// What others hand to the loop.
#[derive(Debug)]
pub(in crate::forward) struct Queue {
    misses: Mutex<Misses>,
    /// The loop waits, or is about to: whoever adds something wakes it.
    sleeping: AtomicBool,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Misses {
    waiting: VecDeque<Miss>,
    closed: bool,
}

impl Queue {
    pub(super) fn new(waker: Waker) -> Self {
        Queue { misses: Mutex::default(), sleeping: AtomicBool::new(false), waker }
    }

    /// Adds a miss and wakes the loop if it sleeps.
    ///
    /// # Errors
    /// The queue is full or closed: the miss comes back.
    pub(in crate::forward) fn push(&self, miss: Miss) -> Result<(), Miss> {
        let mut misses = self.lock();
        if misses.closed || misses.waiting.len() >= ROOM {
            return Err(miss);
        }
        misses.waiting.push_back(miss);
        drop(misses);
        self.wake();
        Ok(())
    }

    /// Wakes the loop if it sleeps; one of many who come at once does.
    pub(super) fn wake(&self) {
        if self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst) {
            // It fails only when the process has no memory for it; the loop comes by on its own, a little later.
            let _ = self.waker.wake();
        }
    }

    /// Exchanges what waits for `empty`.
    pub(super) fn take(&self, empty: &mut VecDeque<Miss>) {
        std::mem::swap(&mut self.lock().waiting, empty);
    }

    /// Says that the loop is going to wait. False when something came meanwhile: then it must not.
    pub(super) fn sleep(&self) -> bool {
        self.sleeping.store(true, Ordering::SeqCst);
        let idle = self.lock().waiting.is_empty();
        if !idle {
            self.awake();
        }
        idle
    }

    /// Says that the loop does not wait.
    pub(super) fn awake(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// Takes nothing more; gives what waits.
    pub(super) fn close(&self) -> VecDeque<Miss> {
        let mut misses = self.lock();
        misses.closed = true;
        std::mem::take(&mut misses.waiting)
    }

    fn lock(&self) -> MutexGuard<'_, Misses> {
        self.misses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
