//! Why an edit is not made.

use crate::dns::Name;
use thiserror::Error;

/// Why one edit cannot be made on the records that are there; nothing of the same order is made then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}; {remedy}")]
pub struct EditRefusal {
    /// Which rule, stable for programs:
    ///
    /// | code | meaning |
    /// |---|---|
    /// | `EDIT_CONFLICT` | the records are not those that the edit relies upon |
    /// | `EDIT_NOT_THERE` | what is to go or to move is not there |
    /// | `EDIT_OUT_OF_ZONE` | the owner is not in the zone |
    /// | `EDIT_SOA` | the SOA can only be set, and only at the apex |
    /// | `EDIT_CNAME` | a CNAME would stand beside other records (RFC 2181 section 10.1) |
    /// | `EDIT_SEVERAL` | a second record of a type that allows one |
    /// | `EDIT_MOVE` | a name cannot move there |
    /// | `EDIT_DATA` | no record is named |
    pub code: &'static str,
    /// Which edit, counted from 0.
    pub edit: usize,
    /// The horizon of the zone file.
    pub horizon: String,
    /// The name that it is about.
    pub owner: Name,
    /// What is wrong, the name and the present records told.
    pub what: String,
    /// What would be right.
    pub remedy: String,
}
