//! The thread that reloads, and how others ask it to. Requests that come while it works are one request afterwards.

use super::outcome::{Cause, Outcome};
use crate::control::ErrandOrder;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// Asks for reloads; clones ask the same thread.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    sender: Sender<Request>,
}

/// What the thread that reloads is asked.
#[derive(Debug)]
pub(super) enum Request {
    Reload(Cause, Option<oneshot::Sender<Outcome>>),
    Errand(ErrandOrder),
    End,
}

/// The receiving side, before its thread runs.
#[derive(Debug)]
pub(super) struct Queue(pub(super) Receiver<Request>);

impl Orders {
    /// Orders and the queue of its requests.
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

    /// Passes on what was asked of the one who edits.
    pub(super) fn errand(&self, order: ErrandOrder) {
        let _ = self.sender.send(Request::Errand(order));
    }

    /// Ends the thread that reloads, after what it is doing.
    pub(super) fn end(&self) {
        let _ = self.sender.send(Request::End);
    }
}
