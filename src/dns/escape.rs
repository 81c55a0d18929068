//! The escapes of master-file text, `\DDD` and `\X` (RFC 1035 section 5.1), resolved and written.

use thiserror::Error;

/// A backslash that begins no escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EscapeError {
    /// `\` and a digit, but not three digits of a number up to 255.
    #[error("`\\` and a digit begin an octet in three decimal digits, 000 to 255")]
    Decimal,
    /// Nothing after the backslash.
    #[error("a `\\` at the end escapes nothing")]
    Cut,
}

/// Reads the escape whose backslash is the first octet of `text`: the octet meant and how many octets it takes.
///
/// # Errors
/// [`EscapeError`].
pub(crate) fn read_escape(text: &[u8]) -> Result<(u8, usize), EscapeError> {
    match text.get(1) {
        None => Err(EscapeError::Cut),
        Some(first) if first.is_ascii_digit() => {
            let digits = text.get(1..4).filter(|digits| digits.iter().all(u8::is_ascii_digit));
            let digits = digits.ok_or(EscapeError::Decimal)?;
            let value = digits.iter().fold(0u16, |value, digit| value * 10 + u16::from(digit - b'0'));
            Ok((u8::try_from(value).map_err(|_| EscapeError::Decimal)?, 4))
        }
        Some(&octet) => Ok((octet, 2)),
    }
}

/// Appends `text` to `out` with its escapes resolved.
///
/// # Errors
/// [`EscapeError`]; `out` may then hold a part of it.
pub(crate) fn unescape(text: &[u8], out: &mut Vec<u8>) -> Result<(), EscapeError> {
    let mut rest = text;
    while let Some(plain) = rest.iter().position(|&octet| octet == b'\\') {
        out.extend_from_slice(&rest[..plain]);
        let (octet, taken) = read_escape(&rest[plain..])?;
        out.push(octet);
        rest = &rest[plain + taken..];
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// Appends `octets` as a quoted string.
pub(crate) fn push_quoted(text: &mut String, octets: &[u8]) {
    text.push('"');
    for &octet in octets {
        push_octet(text, octet, matches!(octet, b'"' | b'\\'), octet == b' ');
    }
    text.push('"');
}

/// Appends one octet: with a backslash when `special`, as `\DDD` when it is not printable and not `plain`.
pub(crate) fn push_octet(text: &mut String, octet: u8, special: bool, plain: bool) {
    match octet {
        0x21..=0x7e if special => {
            text.push('\\');
            text.push(char::from(octet));
        }
        0x21..=0x7e => text.push(char::from(octet)),
        _ if plain => text.push(char::from(octet)),
        _ => {
            text.push('\\');
            for digit in [octet / 100, octet / 10 % 10, octet % 10] {
                text.push(char::from(b'0' + digit));
            }
        }
    }
}
