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

/// `the last hour`, `the last 25 minutes`: as exact as anybody wants to know it.
pub(super) fn last(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let rounded = |unit: u64| (seconds + unit / 2) / unit;
    let (count, word) = UNITS
        .into_iter()
        .map(|(unit, word)| (rounded(unit), word))
        .find(|(count, word)| *count >= 2 || (*count == 1 && *word == "hour" && seconds >= 3_540))
        .unwrap_or((1, "second"));
    match count {
        1 => format!("the last {word}"),
        _ => format!("the last {count} {word}s"),
    }
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
        let table = [
            (3600, "hour"),
            (3598, "hour"),
            (7200, "2 hours"),
            (1500, "25 minutes"),
            (60, "60 seconds"),
            (0, "second"),
            (200_000, "2 days"),
        ];
        for (seconds, expected) in table {
            assert_eq!(last(seconds), format!("the last {expected}"), "{seconds}");
        }
    }
}
