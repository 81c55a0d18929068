//! The way of one name in one horizon, before names with the same way are put together.

use super::model::State;
use crate::finding::Finding;
use std::collections::BTreeSet;

/// The way of one name.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// With its final dot.
    pub name: String,
    /// The alias targets in order.
    pub aliases: Vec<String>,
    /// The addresses, or the one reason why there are none.
    pub ends: Vec<End>,
    /// Why it is not as it should be.
    pub findings: Vec<Finding>,
}

/// An address, or a reason, with what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    pub title: String,
    pub lines: Vec<String>,
    pub state: State,
    /// On the arrow that leads here: the code of a finding, or `wanted`.
    pub label: String,
    /// The guest first, then what it passes on to.
    pub hops: Vec<Hop>,
    /// What answers on the last of `hops`, such as `service ca, port 9000`.
    pub endpoints: BTreeSet<String>,
    /// On the arrow to the endpoints when the guest itself has them.
    pub route: String,
}

/// One machine on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hop {
    pub title: String,
    pub lines: Vec<String>,
    pub state: State,
    /// On the arrow that leads here.
    pub label: String,
}

impl End {
    pub(super) fn new(title: impl Into<String>, state: State) -> Self {
        End {
            title: title.into(),
            lines: Vec::new(),
            state,
            label: String::new(),
            hops: Vec::new(),
            endpoints: BTreeSet::new(),
            route: String::new(),
        }
    }

    /// The same way, whatever answers at its end.
    pub(super) fn way(&self) -> End {
        End { endpoints: BTreeSet::new(), ..self.clone() }
    }
}
