//! Spans and points of time as people type them.

use super::clock::seconds_of_date;
use crate::dns::parse_number;
use crate::dns::parse_seconds;
use std::str::FromStr;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Reads a span such as `60`, `5m` or `1h30m` as seconds.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    parse_seconds(text.as_bytes()).ok_or_else(|| "write seconds, or such as 5m, 1h or 1d".to_owned())
}

/// A point in the history of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A change by its id.
    Change(u64),
    /// Seconds since 1970 UTC.
    Time(u64),
}

/// Digits alone are a change's id; a span with its unit is counted back from now; anything else is a date.
impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Some(id) = parse_number(text.as_bytes(), u32::MAX) {
            return Ok(Moment::Change(u64::from(id)));
        }
        if let Some(span) = parse_seconds(text.as_bytes()) {
            return Ok(Moment::Time(now().saturating_sub(u64::from(span))));
        }
        let wrong =
            || "write a change's id, a span such as 1d, or a date such as 2026-11-01 or 2026-11-01 12:30".to_owned();
        seconds_of_date(text).map(Moment::Time).ok_or_else(wrong)
    }
}

/// Seconds since 1970 UTC.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `5 minutes`, `1 hour`, `90 seconds`: the largest unit that divides it.
pub(super) fn shown(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (unit, word) =
        UNITS.into_iter().find(|(unit, _)| seconds >= *unit && seconds % unit == 0).unwrap_or((1, "second"));
    super::check::many(usize::try_from(seconds / unit).unwrap_or(usize::MAX), word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each form means one thing.
    #[test]
    fn moments_are_ids_spans_or_dates() {
        assert_eq!("17".parse(), Ok(Moment::Change(17)));
        assert_eq!("2026-11-01 00:00 UTC".parse(), Ok(Moment::Time(1_793_491_200)));
        assert_eq!("2026-11-01T12:30:05Z".parse(), Ok(Moment::Time(1_793_536_205)));
        let Ok(Moment::Time(ago)) = "1d".parse::<Moment>() else { panic!("no time") };
        assert!(now() - ago >= 86_400 && now() - ago < 86_410);
        for wrong in ["", "yesterday", "2026-13-01", "2026-02-29", "2026-11-01 24:00", "2026-11-01 12", "-1d"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    /// Spans read as people say them.
    #[test]
    fn spans_are_told_in_their_largest_unit() {
        for (seconds, expected) in [(3600, "1 hour"), (300, "5 minutes"), (90, "90 seconds"), (0, "0 seconds")] {
            assert_eq!(shown(seconds), expected);
        }
    }
}
