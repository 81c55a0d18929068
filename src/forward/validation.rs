//! The door to what validates answers (RFC 4035): the forwarder hands an answer over and goes on.

use super::ask::Note;
use super::plan::Plan;
use super::service::Asking;
use std::sync::Arc;

/// Validates answers of upstreams.
pub trait Validate: Send + Sync {
    /// Validates; must not block. `done` is called exactly once, from any thread, in bounded time.
    ///
    /// DNSKEY and DS records are asked for through `asking`, with CD set: what is asked so is not validated, comes from the
    /// cache where it can, and is asked once however many want it.
    fn validate(&self, suspect: Suspect, asking: &Asking, done: Validated);
}

/// Takes the outcome of [`Validate::validate`].
pub type Validated = Box<dyn FnOnce(Vec<u8>, Validity) + Send>;

/// An answer to be validated.
#[derive(Debug)]
pub struct Suspect {
    /// The plan under which it was asked for.
    pub plan: Arc<Plan>,
    /// The horizon, as its place in the plan.
    pub horizon: usize,
    /// The question's name in wire format, lower-cased.
    pub name: Box<[u8]>,
    /// QTYPE.
    pub rtype: u16,
    /// The whole reply, asked for with DO; it goes back through [`Validated`].
    pub message: Vec<u8>,
}

/// What validation found (RFC 4035 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// A chain of signatures leads to the trust anchor.
    Secure,
    /// It is proven that there is no such chain, or nobody wants one.
    Insecure,
    /// There must be one and there is none; the extended error says why.
    Bogus(Note),
    /// What is needed could not be had; the extended error says what.
    Indeterminate(Note),
}

/// Takes every answer for insecure.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoValidation;

impl Validate for NoValidation {
    fn validate(&self, suspect: Suspect, _asking: &Asking, done: Validated) {
        done(suspect.message, Validity::Insecure);
    }
}
