//! Names in master-file text: relative or absolute, with escapes, read into wire format and written from it.

use super::escape::EscapeError;
use super::escape::push_octet;
use super::escape::read_escape;
use super::labels;
use thiserror::Error;

/// Why a word is not a name (RFC 1035 sections 2.3.4 and 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameTextError {
    /// Nothing at all.
    #[error("a name is empty")]
    Empty,
    /// Two dots in a row, or a dot in front.
    #[error("a name has an empty label")]
    EmptyLabel,
    /// More than 63 octets in one label.
    #[error("a label is longer than 63 octets")]
    LabelTooLong,
    /// More than 255 octets in all, the origin counted.
    #[error("a name is longer than 255 octets")]
    TooLong,
    /// A backslash that begins no escape.
    #[error(transparent)]
    Escape(#[from] EscapeError),
}

/// Reads a name as zone text has it and appends its wire format to `out`.
///
/// `@` is `origin` (a name in wire format), a name without a final dot lies below `origin`. The case is kept.
///
/// # Errors
/// [`NameTextError`]; `out` stays as it was.
pub fn scan_name(text: &[u8], origin: &[u8], out: &mut Vec<u8>) -> Result<(), NameTextError> {
    let begin = out.len();
    let result = scan(text, origin, out);
    if result.is_err() {
        out.truncate(begin);
    }
    result
}

fn scan(text: &[u8], origin: &[u8], out: &mut Vec<u8>) -> Result<(), NameTextError> {
    match text {
        b"" => return Err(NameTextError::Empty),
        b"@" => {
            out.extend_from_slice(origin);
            return Ok(());
        }
        b"." => {
            out.push(0);
            return Ok(());
        }
        _ => {}
    }
    let begin = out.len();
    let mut label = begin;
    out.push(0);
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        match octet {
            b'.' => {
                close_label(out, label)?;
                label = out.len();
                out.push(0);
                at += 1;
                if at == text.len() {
                    return if out.len() - begin > 255 { Err(NameTextError::TooLong) } else { Ok(()) };
                }
            }
            b'\\' => {
                let (octet, taken) = read_escape(&text[at..])?;
                out.push(octet);
                at += taken;
            }
            _ => {
                out.push(octet);
                at += 1;
            }
        }
        if out.len() - label > 64 {
            return Err(NameTextError::LabelTooLong);
        }
        if out.len() - begin > 255 {
            return Err(NameTextError::TooLong);
        }
    }
    close_label(out, label)?;
    out.extend_from_slice(origin);
    if out.len() - begin > 255 { Err(NameTextError::TooLong) } else { Ok(()) }
}

fn close_label(out: &mut [u8], label: usize) -> Result<(), NameTextError> {
    // `scan` holds every label at 63 octets or fewer.
    let length = out.len() - label - 1;
    if length == 0 {
        return Err(NameTextError::EmptyLabel);
    }
    out[label] = length as u8;
    Ok(())
}

/// Writes a wire name as zone text has it: absolute, with its final dot and with escapes.
///
/// Octets that are no name are written as far as they are one.
pub fn present_name(wire: &[u8]) -> String {
    let mut text = String::with_capacity(wire.len() + 4);
    push_name(&mut text, wire);
    text
}

/// Writes a wire name relative to `origin` (a name in wire format): `@`, without the origin's labels, or absolute.
pub fn present_relative(wire: &[u8], origin: &[u8]) -> String {
    if wire.eq_ignore_ascii_case(origin) {
        return "@".to_owned();
    }
    let Some(cut) = wire.len().checked_sub(origin.len()) else { return present_name(wire) };
    let mut at = 0;
    let mut text = String::with_capacity(wire.len());
    for label in labels(wire) {
        if at >= cut {
            break;
        }
        if at > 0 {
            text.push('.');
        }
        push_label(&mut text, label);
        at += 1 + label.len();
    }
    let below = at == cut && wire[cut..].eq_ignore_ascii_case(origin);
    if !below {
        return present_name(wire);
    }
    text
}

pub(crate) fn push_name(text: &mut String, wire: &[u8]) {
    let begin = text.len();
    for label in labels(wire) {
        push_label(text, label);
        text.push('.');
    }
    if text.len() == begin {
        text.push('.');
    }
}

fn push_label(text: &mut String, label: &[u8]) {
    for &octet in label {
        let special = matches!(octet, b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$');
        push_octet(text, octet, special, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names are read with their escapes, relative to the origin, or refused with the rule they break.
    #[test]
    fn names_are_read_or_refused() {
        let origin = b"\x07example\x03org\0";
        let long = [b'a'; 64];
        let sixty_three = [b'a'; 63];
        let whole = [&sixty_three[..], b".", &sixty_three, b".", &sixty_three, b".", &sixty_three, b"."].concat();
        type Case<'a> = (&'a str, &'a [u8], Result<&'a [u8], NameTextError>);
        let table: [Case<'_>; 13] = [
            ("@ is the origin", b"@", Ok(origin)),
            ("an escaped @ is a label", b"\\@.", Ok(b"\x01@\0")),
            ("the root", b".", Ok(b"\0")),
            ("relative", b"www", Ok(b"\x03www\x07example\x03org\0")),
            ("absolute, case kept", b"WwW.", Ok(b"\x03WwW\0")),
            ("an escaped dot is no separator", b"a\\.b.", Ok(b"\x03a.b\0")),
            ("three decimal digits", b"a\\046b.", Ok(b"\x03a.b\0")),
            ("empty label", b"a..b.", Err(NameTextError::EmptyLabel)),
            ("dot in front", b".a", Err(NameTextError::EmptyLabel)),
            ("above 255", b"a\\256", Err(NameTextError::Escape(EscapeError::Decimal))),
            ("nothing escaped", b"a\\", Err(NameTextError::Escape(EscapeError::Cut))),
            ("64 octets in a label", &long, Err(NameTextError::LabelTooLong)),
            ("257 octets", &whole, Err(NameTextError::TooLong)),
        ];
        for (why, text, expected) in table {
            let mut out = Vec::new();
            let got = scan_name(text, origin, &mut out).map(|()| &out[..]);
            assert_eq!(got, expected, "{why}");
        }
    }

    /// What is written is read back as the same name, whatever its octets.
    #[test]
    fn written_names_are_read_back() {
        let origin = b"\x03org\0";
        for octet in 0..=255u8 {
            let wire = [2, b'x', octet, 3, b'O', b'r', b'g', 0];
            for text in [present_name(&wire), present_relative(&wire, origin)] {
                let mut out = Vec::new();
                scan_name(text.as_bytes(), origin, &mut out).unwrap();
                assert!(out.eq_ignore_ascii_case(&wire), "{text}");
            }
        }
        assert_eq!(present_relative(b"\x04xorg\0", b"\x03org\0"), "xorg.");
        assert_eq!(present_relative(b"\x01a\x01b\x03org\0", b"\x03org\0"), "a.b");
        assert_eq!(present_relative(b"\0", b"\0"), "@");
        assert_eq!(present_relative(b"\x01a\0", b"\0"), "a");
    }
}
