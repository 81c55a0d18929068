//! The budget at work: who wants to send waits here for its turn.

use super::budget::{Budget, Pass, Wait};
use crate::config::Challenge;
use crate::dns::Name;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;
use tokio::time::sleep;

/// One budget for all probes of the server.
#[derive(Debug)]
pub struct Gate {
    budget: Mutex<Budget>,
    freed: Notify,
}

/// Leave to send one request; the address is free again when it is dropped.
#[derive(Debug)]
#[must_use = "the address is free again when it is dropped"]
pub struct Passing<'a> {
    gate: &'a Gate,
    pass: Pass,
}

impl Default for Gate {
    fn default() -> Self {
        Gate::new()
    }
}

impl Gate {
    /// With nothing under way.
    pub fn new() -> Self {
        Gate { budget: Mutex::new(Budget::new(Instant::now())), freed: Notify::new() }
    }

    /// Whether a probe of this name may begin.
    ///
    /// # Errors
    /// [`Wait::For`] less than 60 seconds after the one before.
    pub fn begin(&self, horizon: &str, name: &Name, challenge: Challenge) -> Result<(), Wait> {
        self.with(|budget| budget.begin(horizon, name, challenge, Instant::now()))
    }

    /// Waits until a request to this address may go out.
    pub async fn pass(&self, address: IpAddr) -> Passing<'_> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Before the look, so that one who frees in between is heard.
            freed.as_mut().enable();
            match self.with(|budget| budget.take(address, Instant::now())) {
                Ok(pass) => return Passing { gate: self, pass },
                Err(Wait::For(time)) => sleep(time).await,
                Err(Wait::ForOthers) => freed.await,
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Budget) -> T) -> T {
        work(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        self.gate.with(|budget| budget.give_back(&self.pass, Instant::now()));
        self.gate.freed.notify_waiters();
    }
}
