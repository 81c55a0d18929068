//! How often the log says that an answer does not validate: anybody can make it many.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// When something was said last, and what was not.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    said: Option<Instant>,
    unsaid: u64,
}

/// One line in this time.
const PAUSE: Duration = Duration::from_secs(5);

impl Complaints {
    /// How many went unsaid, when one may be said now.
    pub(super) fn may_say(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.said.is_some_and(|said| now.saturating_duration_since(said) < PAUSE) {
            state.unsaid += 1;
            return None;
        }
        state.said = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is said, those in the pause are counted, and the next names their number.
    #[test]
    fn few_are_said_and_the_others_counted() {
        let (complaints, start) = (Complaints::default(), Instant::now());
        let table = [(0, Some(0)), (1, None), (4, None), (5, Some(2)), (9, None), (20, Some(1))];
        for (second, expected) in table {
            assert_eq!(complaints.may_say(start + Duration::from_secs(second)), expected, "second {second}");
        }
    }
}
