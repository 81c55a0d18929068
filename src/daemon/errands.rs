//! Errands on the thread that reloads: one at a time, between reloads.

use super::reload::Reloads;
use crate::control::{Errand, Refusal};
use serde_json::Value;

impl Reloads {
    /// Runs an errand to its answer.
    pub(super) fn errand(&mut self, errand: Errand) -> Result<Value, Refusal> {
        drop(errand);
        Err(Refusal::new("NO_EDITS", "this build of the server does not edit", "edit the zone files"))
    }

    /// What is told when an errand ended in a fault of this program.
    pub(super) fn errand_failed(&self) -> Refusal {
        Refusal::new("INTERNAL", "the edit failed inside the server", "report this with the log as a bug")
    }
}
