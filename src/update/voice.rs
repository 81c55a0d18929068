//! What the desk tells the log: never more lines than somebody reads, whatever strangers send.

use crate::finding::Finding;
use std::fmt;
use std::time::Duration;
use std::time::Instant;

/// Speaks so often in a while and then counts.
#[derive(Debug)]
pub(super) struct Voice {
    since: Instant,
    said: u32,
}

/// Lines within [`PERIOD`].
const MOST: u32 = 30;
const PERIOD: Duration = Duration::from_secs(10);

impl Voice {
    pub(super) fn new() -> Self {
        Voice { since: Instant::now(), said: 0 }
    }

    /// Says what was refused, unless too much has been said lately.
    pub(super) fn warn(&mut self, line: impl fmt::Display) {
        if self.may(Instant::now()) {
            tracing::warn!("{line}");
        }
    }

    /// Says what was found.
    pub(super) fn find(&mut self, finding: &Finding) {
        self.warn(finding);
    }

    /// True when one more line may be said; tells how many were kept back when a silence ends.
    fn may(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= PERIOD {
            let kept_back = self.said.saturating_sub(MOST);
            if kept_back > 0 {
                tracing::warn!("{kept_back} more lines about signed messages were kept back");
            }
            (self.since, self.said) = (now, 0);
        }
        self.said = self.said.saturating_add(1);
        self.said <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flood is told in so many lines, and what comes after it is told again.
    #[test]
    fn a_flood_is_told_in_few_lines() {
        let mut voice = Voice::new();
        let start = voice.since;
        assert_eq!((0..1000).filter(|_| voice.may(start)).count(), MOST as usize);
        assert!(voice.may(start + PERIOD));
    }
}
