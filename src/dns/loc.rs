//! Positions on Earth, type LOC (RFC 1876).

use super::DataError;
use super::number::parse_number;
use super::word::Words;

/// The equator and the prime meridian on the wire, in thousandths of a second of arc.
const ZERO: u32 = 1 << 31;

pub(super) fn scan(words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let latitude = angle(words, "latitude", 90, [b'N', b'S'])?;
    let longitude = angle(words, "longitude", 180, [b'E', b'W'])?;
    let altitude = words.parse("altitude", "metres from -100000.00 to 42849672.95", |word| {
        let (word, sign) = word.strip_prefix(b"-").map_or((word, 1), |rest| (rest, -1));
        let centimetres = centimetres(word)?;
        u32::try_from(10_000_000 + sign * i64::try_from(centimetres).ok()?).ok()
    })?;
    let mut sizes = [0x12, 0x16, 0x13];
    for (size, name) in sizes.iter_mut().zip(["size", "horizontal precision", "vertical precision"]) {
        if words.peek().is_none() {
            break;
        }
        *size = words.parse(name, "metres from 0.00 to 90000000.00", |word| size_octet(centimetres(word)?))?;
    }
    out.push(0);
    out.extend(sizes);
    for value in [latitude, longitude, altitude] {
        out.extend(value.to_be_bytes());
    }
    Ok(())
}

fn angle(words: &mut Words<'_, '_>, name: &str, degrees: u32, letters: [u8; 2]) -> Result<u32, DataError> {
    let right = format!(
        "degrees to {degrees}, then minutes and seconds, then {} or {}",
        letters[0] as char, letters[1] as char
    );
    let mut total = words.parse(name, &right, |word| parse_number(word, degrees))? * 3_600_000;
    for (index, unit) in [60_000, 1_000].into_iter().enumerate() {
        let word = words.peek().map_or(&b""[..], |token| token.text);
        if letters.iter().any(|letter| word.eq_ignore_ascii_case(&[*letter])) {
            break;
        }
        total += words.parse(name, &right, |word| match index {
            0 => parse_number(word, 59).map(|minutes| minutes * unit),
            _ => thousandths(word),
        })?;
    }
    let letter = words.word(name)?;
    if total > degrees * 3_600_000 {
        return Err(words.wrong(name, letter, &right));
    }
    match () {
        () if letter.eq_ignore_ascii_case(&letters[..1]) => Ok(ZERO + total),
        () if letter.eq_ignore_ascii_case(&letters[1..]) => Ok(ZERO - total),
        () => Err(words.wrong(name, letter, &right)),
    }
}

/// Seconds of arc with up to three decimals.
fn thousandths(word: &[u8]) -> Option<u32> {
    let (whole, part) = decimal(word, 3)?;
    (whole < 60).then(|| whole as u32 * 1_000 + part as u32)
}

/// Metres with up to two decimals and perhaps an `m`.
fn centimetres(word: &[u8]) -> Option<u64> {
    let word = word.strip_suffix(b"m").or_else(|| word.strip_suffix(b"M")).unwrap_or(word);
    let (whole, part) = decimal(word, 2)?;
    Some(whole * 100 + part)
}

fn decimal(word: &[u8], places: usize) -> Option<(u64, u64)> {
    let mut parts = word.splitn(2, |&octet| octet == b'.');
    let whole = u64::from(parts.next().and_then(|digits| parse_number(digits, 90_000_000))?);
    let Some(digits) = parts.next() else { return Some((whole, 0)) };
    if digits.is_empty() || digits.len() > places {
        return None;
    }
    let scale = 10u64.pow((places - digits.len()) as u32);
    Some((whole, u64::from(parse_number(digits, 999)?) * scale))
}

/// A size as mantissa and power of ten (RFC 1876 section 2); digits after the first are cut off, as everyone does.
fn size_octet(mut centimetres: u64) -> Option<u8> {
    let mut exponent = 0;
    while centimetres > 9 {
        centimetres /= 10;
        exponent += 1;
    }
    (exponent <= 9).then_some((centimetres as u8) << 4 | exponent)
}

/// Appends the data; `None` when the octets are not of version 0 or out of range.
pub(super) fn present(data: &[u8], text: &mut String) -> Option<()> {
    let (head, rest) = data.split_at_checked(4)?;
    let [0, sizes @ ..] = head else { return None };
    if rest.len() != 12 {
        return None;
    }
    let word = |at: usize| u32::from_be_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
    push_angle(text, word(0), 90, ['N', 'S'])?;
    push_angle(text, word(4), 180, ['E', 'W'])?;
    let altitude = i64::from(word(8)) - 10_000_000;
    let sign = if altitude < 0 { "-" } else { "" };
    text.push_str(&format!("{sign}{}.{:02}m", altitude.abs() / 100, altitude.abs() % 100));
    for &size in sizes {
        let (mantissa, exponent) = (size >> 4, size & 15);
        if mantissa > 9 || exponent > 9 {
            return None;
        }
        let centimetres = u64::from(mantissa) * 10u64.pow(u32::from(exponent));
        text.push_str(&format!(" {}.{:02}m", centimetres / 100, centimetres % 100));
    }
    Some(())
}

fn push_angle(text: &mut String, value: u32, degrees: u32, letters: [char; 2]) -> Option<()> {
    let (size, letter) = if value >= ZERO { (value - ZERO, letters[0]) } else { (ZERO - value, letters[1]) };
    if size > degrees * 3_600_000 {
        return None;
    }
    let (seconds, part) = (size / 1_000, size % 1_000);
    text.push_str(&format!("{} {} {}.{part:03} {letter} ", seconds / 3_600, seconds / 60 % 60, seconds % 60));
    Some(())
}
