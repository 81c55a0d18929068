//! One validation under way: who is asked, what it may still cost, and what went wrong on its way.

use super::asker::Asker;
use super::blame::Fault;
use hickory_proto::op::Message;
use hickory_proto::op::Query;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// What the library's questions meet, found through the task that runs the validation.
pub(super) struct Chain {
    pub(super) asker: Arc<dyn Asker>,
    /// Seconds since 1970, as signatures count them.
    pub(super) now: u32,
    /// The piece that is validated: the answer to the first question.
    pub(super) piece: Mutex<Option<(Query, Message)>>,
    questions: AtomicUsize,
    signatures: AtomicUsize,
    trouble: Mutex<Trouble>,
}

/// What may explain an outcome.
#[derive(Debug, Default, Clone)]
pub(super) struct Trouble {
    /// A question of the chain that was not answered.
    pub(super) unanswered: Option<Query>,
    /// What is wrong with an answer of the chain.
    pub(super) fault: Option<Fault>,
    /// The work was cut off.
    pub(super) too_much: Option<&'static str>,
    /// A question whose denial is hashed more often than anybody should.
    pub(super) hashed_often: Option<Query>,
}

/// Questions for one answer: a zone deep in the reverse tree of IPv6 needs a question for each of its 34 labels.
const QUESTIONS: usize = 80;
/// Signatures that are handed to the library for one answer; each is tried with two keys at most.
const SIGNATURES: usize = 120;

impl Chain {
    pub(super) fn new(asker: Arc<dyn Asker>, now: u32) -> Self {
        Chain {
            asker,
            now,
            piece: Mutex::new(None),
            questions: AtomicUsize::new(0),
            signatures: AtomicUsize::new(0),
            trouble: Mutex::default(),
        }
    }

    /// Counts a question; false when there were too many.
    pub(super) fn may_ask(&self) -> bool {
        self.questions.fetch_add(1, Ordering::Relaxed) < QUESTIONS
    }

    /// Counts signatures; false when there were too many.
    pub(super) fn pay(&self, signatures: usize) -> bool {
        self.signatures.fetch_add(signatures, Ordering::Relaxed) + signatures <= SIGNATURES
    }

    /// Notes what may explain the outcome; what came first stands.
    pub(super) fn note(&self, note: impl FnOnce(&mut Trouble)) {
        note(&mut self.trouble.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn trouble(&self) -> Trouble {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
