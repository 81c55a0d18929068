//! Times for people, as their own clock shows them, and dates as they type them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Seconds since 1970 as `2026-11-20 12:04:52 UTC`, in the time zone of this machine or of `TZ`.
pub(super) fn date(seconds: u64) -> String {
    date_in(seconds, here())
}

/// Milliseconds since 1970 as the time of day, in the same time zone.
pub(super) fn time_of_day(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    time.map_or_else(String::new, |time| time.to_zoned(here()).strftime("%H:%M:%S%.3f").to_string())
}

/// How long ago that was, in the largest unit that says something.
pub(super) fn ago(seconds: u64) -> String {
    let past = super::span::now().saturating_sub(seconds);
    match past {
        0..=119 => format!("{past} s ago"),
        120..=7199 => format!("{} min ago", past / 60),
        7200..=172_799 => format!("{} h ago", past / 3600),
        _ => format!("{} d ago", past / 86_400),
    }
}

/// Reads a date with or without a time of day, such as `2026-11-01`, `2026-11-01 12:30` or `2026-11-01T12:30:05Z`, as
/// seconds since 1970; in the time zone of this machine unless it ends in `Z` or `UTC`.
pub(super) fn seconds_of_date(text: &str) -> Option<u64> {
    let (text, zone) = match text.strip_suffix('Z').or_else(|| text.strip_suffix(" UTC")) {
        Some(text) => (text, TimeZone::UTC),
        None => (text, here()),
    };
    const FORMS: [&str; 4] = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
    let time = FORMS.iter().find_map(|form| DateTime::strptime(form, text).ok());
    let time =
        time.or_else(|| Some(Date::strptime("%Y-%m-%d", text).ok()?.to_datetime(jiff::civil::Time::midnight())))?;
    u64::try_from(time.to_zoned(zone).ok()?.timestamp().as_second()).ok()
}

fn here() -> TimeZone {
    TimeZone::try_system().unwrap_or(TimeZone::UTC)
}

fn date_in(seconds: u64, zone: TimeZone) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match time {
        Some(time) => time.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        None => format!("{seconds} s after 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dates agree with `date -u -d @N`, and in a zone with `TZ=.. date -d @N`.
    #[test]
    fn dates_are_those_of_the_calendar() {
        let table = [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_795_176_292, "2026-11-20 12:04:52 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ];
        for (seconds, expected) in table {
            assert_eq!(date_in(seconds, TimeZone::UTC), expected);
            assert_eq!(seconds_of_date(expected), Some(seconds), "and are read back");
        }
        let east = TimeZone::fixed(jiff::tz::Offset::constant(2));
        assert_eq!(date_in(1_795_176_292, east), "2026-11-20 14:04:52 +02");
        assert_eq!(seconds_of_date(&date(1_795_176_292)[..19]), Some(1_795_176_292), "as this machine shows it");
    }
}
