//! What zones, config and inventory alone say.

use super::{Gravity, Problem, Reason, State};
use serde::{Deserialize, Serialize};

/// The verdict of the static checks for one key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Why the challenge does not apply; none when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<Reason>,
    /// What was found, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl Standing {
    /// A challenge that applies, with what was found.
    pub fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        Standing { not_applicable: None, problems }
    }

    /// A challenge that does not apply.
    pub fn not_applicable(reason: Reason) -> Self {
        Standing { not_applicable: Some(reason), problems: Vec::new() }
    }

    /// [`State::NotApplicable`], [`State::Blocked`] when a problem is an error or worse, else [`State::Plausible`].
    pub fn state(&self) -> State {
        match self.not_applicable {
            Some(reason) => State::NotApplicable(reason),
            None if self.problems.iter().any(|problem| problem.severity >= Gravity::Error) => State::Blocked,
            None => State::Plausible,
        }
    }
}
