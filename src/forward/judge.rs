//! What an upstream's answer is looked over for before anybody gets it.

use super::ask::Note;
use super::guard::Finding;
use super::guard::cut_additional;
use super::plan::Plan;
use super::refusal::reason;

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It may be let in as it is.
    Clean,
    /// The message was changed to what may be let in; the note says why.
    Changed(Note),
}

impl Plan {
    /// Looks an upstream's answer over, and changes what must not be let in: private addresses, addresses that stand for no
    /// such name, AAAA that is filtered, aliases of blocked names.
    ///
    /// `name` is the question's in wire format, lower-cased; `message` is the whole reply, whose question has been checked.
    /// A changed message is whole again, with a SOA record where it denies, and may be kept for its TTL. An answer that
    /// breaks the format becomes a SERVFAIL.
    pub fn judge(&self, horizon: usize, name: &[u8], rtype: u16, message: &mut Vec<u8>) -> Judged {
        let blocked = |target: &[u8]| self.blocked.refuse_alias(horizon, name, target);
        match self.guards.look_through(name, rtype, message, blocked) {
            Finding::Nothing => Judged::Clean,
            Finding::Additional => {
                let text = "a private address in an additional section was left out; see rebind_except";
                self.guards.note_rebinding(name, text);
                cut_additional(message);
                Judged::Changed(Note::new(reason::BLOCKED, text))
            }
            Finding::Rebinding(refusal) => {
                self.guards.note_rebinding(name, refusal.note.text());
                refusal.replace(rtype, message);
                Judged::Changed(refusal.note)
            }
            Finding::Refused(refusal) => {
                refusal.replace(rtype, message);
                Judged::Changed(refusal.note)
            }
        }
    }
}
