//! Numbers, spans of time and points in time, as master-file text has them.

/// Reads a decimal number up to `max`, digits only.
pub fn parse_number(word: &[u8], max: u32) -> Option<u32> {
    if word.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for digit in word {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
        if value > u64::from(max) {
            return None;
        }
    }
    Some(value as u32)
}

/// Reads seconds: a number, or numbers with the units `w d h m s` in any case, such as `1h30m`.
pub fn parse_seconds(word: &[u8]) -> Option<u32> {
    if let Some(value) = parse_number(word, u32::MAX) {
        return Some(value);
    }
    let mut total = 0u64;
    let mut begin = 0;
    for (at, octet) in word.iter().enumerate() {
        let unit = match octet.to_ascii_lowercase() {
            b'0'..=b'9' => continue,
            b'w' => 604_800,
            b'd' => 86_400,
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total += u64::from(parse_number(&word[begin..at], u32::MAX)?) * unit;
        if total > u64::from(u32::MAX) {
            return None;
        }
        begin = at + 1;
    }
    if begin != word.len() || word.is_empty() {
        return None;
    }
    Some(total as u32)
}

/// Reads a point in time: `YYYYMMDDHHmmSS`, or seconds since 1970 (RFC 4034 section 3.2).
///
/// The result wraps after 2106, as the serial arithmetic of RFC 4034 section 3.1.5 wants.
pub(crate) fn parse_time(word: &[u8]) -> Option<u32> {
    if word.len() <= 10 {
        return parse_number(word, u32::MAX);
    }
    if word.len() != 14 {
        return None;
    }
    let part = |from: usize, to: usize| parse_number(&word[from..to], 9999).map(i64::from);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds as u32)
}

/// Writes a point in time as `YYYYMMDDHHmmSS`, taken as seconds since 1970.
pub(crate) fn present_time(seconds: u32) -> String {
    let days = i64::from(seconds / 86_400);
    let (year, month, day) = civil(days);
    let rest = seconds % 86_400;
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// Days from 1970-01-01; the year begins in March so that the leap day ends it.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spans of time are read with units (the notation of BIND, in common use).
    #[test]
    fn seconds_are_read_with_units() {
        let table: [(&str, Option<u32>); 12] = [
            ("0", Some(0)),
            ("3600", Some(3600)),
            ("1h", Some(3600)),
            ("1H30M", Some(5400)),
            ("1w2d3h4m5s", Some(604_800 + 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("7102w", None),
            ("1h30", None),
            ("h", None),
            ("", None),
            ("-1", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_seconds(text.as_bytes()), expected, "{text}");
        }
    }

    /// Times are written as a date and read back as the same second.
    #[test]
    fn times_are_written_and_read_back() {
        assert_eq!(present_time(1_078_109_999), "20040301025959");
        for seconds in (0..u32::MAX).step_by(86_399 * 7).chain([0, u32::MAX]) {
            assert_eq!(parse_time(present_time(seconds).as_bytes()), Some(seconds));
        }
        assert_eq!(parse_time(b"20230229000000"), None);
        assert_eq!(parse_time(b"2023022900000"), None);
    }
}
