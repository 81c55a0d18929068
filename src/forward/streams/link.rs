//! One connection to an upstream, whatever it speaks: who uses it, and whether it is still good.

use super::super::stream::StreamError;
use super::framed::Framed;
use super::http::Http;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// One connection, shared by the questions on it. It closes when nobody holds it any more.
#[derive(Debug)]
pub(super) struct Link {
    kind: Kind,
    /// Questions on it now.
    under_way: AtomicUsize,
    /// Questions that it was ever taken for.
    taken: AtomicUsize,
    /// Replies that it brought.
    answered: AtomicUsize,
    /// A question was given up while nothing else was answered: the peer may be gone without a word.
    suspect: AtomicBool,
}

/// What is spoken on a connection.
#[derive(Debug)]
pub(super) enum Kind {
    /// Messages with their length before them.
    Framed(Framed),
    /// HTTP/2.
    Http(Http),
}

/// Why a question failed on a connection.
#[derive(Debug)]
pub(super) struct Failure {
    /// In words.
    pub(super) error: StreamError,
    /// The peer closed a connection that others had used: the question may be asked again on a new one (RFC 7766 section
    /// 6.2.4).
    pub(super) again: bool,
    /// The connection had brought a reply before.
    pub(super) answered: bool,
}

impl Failure {
    /// A failure that another connection would not mend.
    pub(super) fn lasting(error: StreamError) -> Self {
        Failure { error, again: false, answered: false }
    }

    /// The connection ended under the question.
    pub(super) fn closed(error: StreamError) -> Self {
        Failure { error, again: true, answered: false }
    }
}

impl Link {
    pub(super) fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Link {
            kind,
            under_way: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            suspect: AtomicBool::new(false),
        })
    }

    /// Whether a question may be asked on it.
    pub(super) fn is_good(&self) -> bool {
        !self.suspect.load(Ordering::Relaxed)
            && match &self.kind {
                Kind::Framed(framed) => framed.is_open(),
                Kind::Http(http) => http.is_open(),
            }
    }

    /// Questions on it now.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Whether no question was ever asked on it.
    pub(super) fn is_new(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == 0
    }

    /// Takes it for one question.
    pub(super) fn take(self: &Arc<Self>) -> Use {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let first = self.taken.fetch_add(1, Ordering::Relaxed) == 0;
        let answered_before = self.answered.load(Ordering::Relaxed);
        Use { link: Arc::clone(self), first, answered_before, over: false }
    }
}

/// One question's hold on a connection.
#[derive(Debug)]
pub(super) struct Use {
    link: Arc<Link>,
    first: bool,
    answered_before: usize,
    /// There was an outcome; without one the question was given up.
    over: bool,
}

impl Use {
    /// Whether the question began before anything was answered on the connection: it was on it together with others.
    pub(super) fn was_early(&self) -> bool {
        self.answered_before == 0
    }

    /// Asks and waits for the reply, without end: the caller's deadline drops this.
    pub(super) async fn ask(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let outcome = match &self.link.kind {
            Kind::Framed(framed) => framed.ask(message).await,
            Kind::Http(http) => http.ask(message).await,
        };
        self.over = true;
        match outcome {
            Ok(reply) => {
                self.link.answered.fetch_add(1, Ordering::Relaxed);
                Ok(reply)
            }
            Err(mut failure) => {
                failure.answered |= self.link.answered.load(Ordering::Relaxed) > 0;
                // A peer that closes with questions unread may take its reply along; one that ends a connection under its only
                // question would do so again.
                let shared = self.link.taken.load(Ordering::Relaxed) > 1;
                failure.again &= failure.answered || !self.first || shared;
                Err(failure)
            }
        }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.link.under_way.fetch_sub(1, Ordering::Relaxed);
        if !self.over && self.link.answered.load(Ordering::Relaxed) == self.answered_before {
            self.link.suspect.store(true, Ordering::Relaxed);
        }
    }
}
