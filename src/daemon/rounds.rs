//! The thread that reloads: requests that come while it works are one request afterwards.

use super::orders::{Queue, Request};
use super::outcome::Cause;
use super::reload::Reloads;
use crate::control::ErrandOrder;
use crate::pace;
use std::hint::black_box;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::RecvTimeoutError;
use std::thread::{self, JoinHandle};

/// How much the reloading thread gives way, on the scale of `nice`: about a tenth of a core that answers at full load.
const NICENESS: i32 = 10;

/// Lets threads that answer queries go first: on Linux the priority of a process is that of one thread.
fn give_way() {
    // Without the lower priority a reload costs queries some time slices and nothing else.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
    pace::give_way();
}

impl Queue {
    /// Serves requests on a thread of its own until the end, then gives back what reloads change.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn serve(self, mut reloads: Reloads) -> io::Result<JoinHandle<Reloads>> {
        thread::Builder::new().name("reload".to_owned()).spawn(move || {
            give_way();
            while self.round(&mut reloads) {}
            reloads
        })
    }

    /// Takes all requests that wait and answers them with one reload.
    fn round(&self, reloads: &mut Reloads) -> bool {
        let first = match reloads.until_revert() {
            None => self.0.recv().map_err(|_| RecvTimeoutError::Disconnected),
            // Changes do not wait for a queue that is never empty.
            Some(limit) if limit.is_zero() => Err(RecvTimeoutError::Timeout),
            Some(limit) => self.0.recv_timeout(limit),
        };
        let first = match first {
            Ok(first) => first,
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => {
                if catch_unwind(AssertUnwindSafe(|| reloads.revert_unconfirmed())).is_err() {
                    reloads.errand_failed();
                }
                return true;
            }
        };
        let mut waiting = Vec::new();
        let mut errands = Vec::new();
        let mut reload = false;
        let mut signalled = false;
        let mut cause = Cause::Files;
        for request in std::iter::once(first).chain(self.0.try_iter()) {
            match request {
                Request::End => return false,
                Request::Errand(order) => errands.push(order),
                Request::Reload(asked, sender) => {
                    reload = true;
                    signalled |= asked == Cause::Signal;
                    waiting.extend(sender);
                    // A request by a person is done whatever the files look like.
                    if asked != Cause::Files {
                        cause = asked;
                    }
                }
            }
        }
        for ErrandOrder { errand, done } in errands {
            let answered = catch_unwind(AssertUnwindSafe(|| reloads.errand(errand)));
            give_memory_back();
            let _ = done.send(answered.unwrap_or_else(|_| Err(reloads.errand_failed())));
        }
        if !reload {
            return true;
        }
        if signalled {
            reloads.herald.reloading();
        }
        // A panic would be a fault of ours; it must not end reloading for good.
        let outcome =
            catch_unwind(AssertUnwindSafe(|| reloads.reload(cause))).unwrap_or_else(|_| reloads.failed(cause));
        match signalled {
            true => reloads.herald.ready(&reloads.board.load()),
            false => reloads.herald.standing(&reloads.board.load()),
        }
        give_memory_back();
        for sender in waiting {
            let _ = sender.send(outcome.clone());
        }
        true
    }
}

/// Lets the allocator give free memory back to the system now.
///
/// glibc does so when a large piece is freed. After work on a large zone that takes some milliseconds, and who asks for the
/// next change, being told that this one is done, would wait for them.
fn give_memory_back() {
    drop(black_box(Vec::<u8>::with_capacity(LARGE)));
}

/// Octets of what counts as large (FASTBIN_CONSOLIDATION_THRESHOLD of glibc is 64 KiB), and is no mapping of its own.
const LARGE: usize = 96 << 10;
