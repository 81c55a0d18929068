//! What a state is of.

use crate::config::Challenge;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One way by which one name can be proven to one CA.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The CA's directory URL; empty where none is set.
    pub ca: String,
    /// The name in lower case without its final dot; `*.apps.example` is a wildcard.
    pub name: String,
    /// The horizon that the CA's address selects: not that of the one who asks.
    pub horizon: String,
    /// The challenge.
    pub challenge: Challenge,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in horizon `{}`", self.name, self.challenge.name(), self.horizon)
    }
}
