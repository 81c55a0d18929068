//! The thread that reloads, and how others ask it to. Requests that come while it works are one request afterwards.

use super::reload::{Cause, Outcome, Reloads};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// Asks for reloads; clones ask the same thread.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    sender: Sender<Request>,
}

#[derive(Debug)]
enum Request {
    Reload(Cause, Option<oneshot::Sender<Outcome>>),
    End,
}

/// The receiving side, before its thread runs.
#[derive(Debug)]
pub(super) struct Queue(Receiver<Request>);

impl Orders {
    /// A orders and the queue of its requests.
    pub(super) fn new() -> (Self, Queue) {
        let (sender, receiver) = channel();
        (Orders { sender }, Queue(receiver))
    }

    /// Asks for a reload and does not wait.
    pub(super) fn ask(&self, cause: Cause) {
        let _ = self.sender.send(Request::Reload(cause, None));
    }

    /// Asks for a reload and waits for what comes of it; none when the server is shutting down.
    pub(super) async fn reload(&self, cause: Cause) -> Option<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.sender.send(Request::Reload(cause, Some(sender))).ok()?;
        receiver.await.ok()
    }

    /// Ends the thread after the reload it is at.
    pub(super) fn end(&self) {
        let _ = self.sender.send(Request::End);
    }
}

impl Queue {
    /// Serves requests on a thread of its own until the end, then gives back what reloads change.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn serve(self, mut reloads: Reloads) -> io::Result<JoinHandle<Reloads>> {
        thread::Builder::new().name("reload".to_owned()).spawn(move || {
            while self.round(&mut reloads) {}
            reloads
        })
    }

    /// Takes all requests that wait and answers them with one reload.
    fn round(&self, reloads: &mut Reloads) -> bool {
        let Ok(first) = self.0.recv() else { return false };
        let mut waiting = Vec::new();
        let mut cause = Cause::Files;
        for request in std::iter::once(first).chain(self.0.try_iter()) {
            match request {
                Request::End => return false,
                Request::Reload(asked, sender) => {
                    waiting.extend(sender);
                    // A request by a person is done whatever the files look like.
                    if asked != Cause::Files {
                        cause = asked;
                    }
                }
            }
        }
        // A panic would be a fault of ours; it must not end reloading for good.
        let outcome =
            catch_unwind(AssertUnwindSafe(|| reloads.reload(cause))).unwrap_or_else(|_| reloads.failed(cause));
        for sender in waiting {
            let _ = sender.send(outcome.clone());
        }
        true
    }
}
