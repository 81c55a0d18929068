//! How often each name tried something: a bounded table, and when it is worth a line in the log.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// Counts by name. Of more names than it has room for, those that were seen often stay.
#[derive(Debug, Default)]
pub(super) struct Tally {
    names: Mutex<Names>,
}

/// Answers that were not let in because they told private addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// How many since the start.
    pub total: u64,
    /// The names that were asked for when that happened most, in wire format and lower-cased, each with about how often.
    pub most: Vec<(Box<[u8]>, u64)>,
}

#[derive(Debug, Default)]
struct Names {
    by_name: HashMap<Box<[u8]>, Seen>,
    total: u64,
    /// When the last line was logged, whatever its name.
    logged: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    count: u64,
    logged: Option<Instant>,
}

/// Names that are kept apart: 300 KiB at most.
const MOST: usize = 1024;

/// How long nothing more is logged of a name.
const QUIET: Duration = Duration::from_secs(60);

/// And of any name: an attacker has many.
const QUIET_BETWEEN: Duration = Duration::from_secs(1);

impl Tally {
    /// Counts a name in wire format; true when that should be logged: once a minute for a name, once a second in all.
    pub(super) fn count(&self, name: &[u8], now: Instant) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let Names { by_name, total, logged } = &mut *names;
        *total += 1;
        if by_name.len() >= MOST && !by_name.contains_key(name) {
            // All counts sink until some name is out: cheap on the whole, since each counted once more at least.
            let sink = by_name.values().map(|seen| seen.count).min().unwrap_or(0);
            by_name.retain(|_, seen| {
                seen.count -= sink;
                seen.count > 0
            });
        }
        let seen = by_name.entry(name.into()).or_insert(Seen { count: 0, logged: None });
        seen.count += 1;
        let quiet = |since: Option<Instant>, span| since.is_some_and(|since| now.duration_since(since) < span);
        if quiet(seen.logged, QUIET) || quiet(*logged, QUIET_BETWEEN) {
            return false;
        }
        (seen.logged, *logged) = (Some(now), Some(now));
        true
    }

    /// What was counted, with `limit` names at most.
    pub(super) fn caught(&self, limit: usize) -> Caught {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let mut most: Vec<_> = names.by_name.iter().map(|(name, seen)| (name.clone(), seen.count)).collect();
        most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        most.truncate(limit);
        Caught { total: names.total, most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many names there are, the table stays small, what is seen often stays in it, and the log stays readable.
    #[test]
    fn the_table_is_bounded_and_keeps_what_is_frequent() {
        let (tally, start) = (Tally::default(), Instant::now());
        assert!(tally.count(b"\x01a\0", start));
        assert!(!tally.count(b"\x01a\0", start + QUIET / 2), "a minute of quiet");
        assert!(tally.count(b"\x01a\0", start + QUIET));
        assert!(!tally.count(b"\x01b\0", start + QUIET), "another name within the second");
        for round in 0..10_000u32 {
            tally.count(&round.to_be_bytes(), start + QUIET);
            tally.count(b"\x01a\0", start + QUIET);
        }
        let Caught { total, most } = tally.caught(MOST * 2);
        assert_eq!(total, 20_004);
        assert!(most.len() <= MOST, "{}", most.len());
        assert_eq!(most[0].0[..], b"\x01a\0"[..]);
        assert!(most[0].1 > 9_000, "{}", most[0].1);
    }
}
