//! Whoever carries out edits of zone files, as an update sees them.

use crate::edit::Order;

/// Makes edits of zone records as `zonectl` does, with the same checks and gates. Its calls wait until the edit is done.
pub trait Editor: Send + Sync {
    /// Looks what orders would come to; nothing is changed. `key` names who asks.
    ///
    /// # Errors
    /// Why they would not be made.
    fn plan(&self, orders: &[Order], key: &str) -> Result<EditPlan, EditRefused>;

    /// Makes orders that were planned on `base`; durable and visible when it returns.
    ///
    /// # Errors
    /// Why they are not made; [`EditRefused::Moved`] when the zone files are not what they were at [`Editor::plan`].
    fn make(&self, orders: &[Order], key: &str, base: String) -> Result<(), EditRefused>;
}

/// What orders would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditPlan {
    /// Marks what stands in the zone files that it was planned on.
    pub base: String,
    /// Warnings that it would bring; a person would be asked about them.
    pub warnings: Vec<String>,
}

/// Why an edit is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditRefused {
    /// The zone files have changed since the plan.
    Moved,
    /// It may not be, for this reason.
    NotAllowed(String),
    /// It could not be done, for this reason.
    Failed(String),
}
