//! How far a switch had come when the process died, told from the files alone.

use super::error::StoreError;
use super::switch::{Move, Want, holds, text};

/// How far one file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It holds the old text, or what it held is already ours to look at: the switch has still to come.
    Pending,
    /// It was switched; whatever stands there now came later.
    Switched,
    /// Somebody saved the file before the switch.
    Saved,
    /// Somebody's text came out of the switch and has to be put back.
    CameOut,
}

impl Move<'_> {
    /// What is left beside a file is removed only when its switch is over; so where nothing is left, it is.
    pub(super) fn state(&self) -> Result<State, StoreError> {
        let place = &self.place;
        match (self.from, self.to) {
            (Some(old), Some(new)) => {
                let Some(staged) = text(&place.staged)? else { return Ok(State::Switched) };
                let is = |want: Want<'_>| want.is(&staged);
                if is(old) {
                    return Ok(State::Switched);
                }
                if holds(&place.target, Some(new))? {
                    return Ok(State::CameOut);
                }
                if holds(&place.target, Some(old))? {
                    return Ok(if is(new) { State::Pending } else { State::Switched });
                }
                Ok(if is(new) { State::Saved } else { State::Switched })
            }
            (None, Some(_)) => match (text(&place.staged)?, text(&place.target)?) {
                (None, _) => Ok(State::Switched),
                (Some(_), None) => Ok(State::Pending),
                (Some(_), Some(_)) => Ok(State::Saved),
            },
            (Some(old), None) => {
                if text(&place.marker)?.is_none() {
                    return Ok(State::Switched);
                }
                match (text(&place.staged)?, text(&place.target)?) {
                    (Some(staged), None) if !old.is(&staged) => Ok(State::CameOut),
                    (Some(_), _) | (None, None) => Ok(State::Switched),
                    (None, Some(now)) => Ok(if old.is(&now) { State::Pending } else { State::Saved }),
                }
            }
            (None, None) => Ok(State::Switched),
        }
    }

    /// Gives a text that came out by mistake back its place.
    pub(super) fn give_back(&self) -> Result<(), StoreError> {
        match (self.from, self.to) {
            (Some(_), Some(_)) => self.put_back(),
            (Some(_), None) => Ok(crate::files::rename_to_free(&self.place.staged, &self.place.target).map(|_| ())?),
            _ => Ok(()),
        }
    }
}
