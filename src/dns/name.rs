//! Domain names in wire format, with their case kept; comparison ignores case (RFC 4343).

use bytes::Bytes;
use std::str::FromStr;
use thiserror::Error;

/// An absolute domain name: at most 255 octets in wire format, case kept, equal to any other case of itself.
///
/// Cloning counts a reference. `Display` prints it without the final dot, with `\DDD` escapes.
pub type Name = domain::base::Name<Bytes>;

/// Why a text or some octets are not a domain name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// The text breaks the rules of RFC 1035 section 5.1; the reason is in words.
    #[error("`{text}` is not a domain name: {reason}")]
    Text {
        /// What was written.
        text: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// The octets end inside the name.
    #[error("the octets end inside a name")]
    CutShort,
    /// More than 255 octets (RFC 1035 section 2.3.4).
    #[error("a name is longer than 255 octets")]
    TooLong,
    /// A label type other than an ordinary label, such as a compression pointer where none may stand.
    #[error("a label of type {0:#04x} where only ordinary labels may stand")]
    LabelType(u8),
}

/// Reads an absolute name from text; a missing final dot is taken as written.
///
/// # Errors
/// [`NameError::Text`] with the reason in words.
pub fn parse_name(text: &str) -> Result<Name, NameError> {
    Name::from_str(text).map_err(|error| NameError::Text { text: text.to_owned(), reason: error.to_string() })
}

/// Returns the uncompressed name that `octets` are, whole.
///
/// # Errors
/// [`NameError::CutShort`], [`NameError::TooLong`], [`NameError::LabelType`].
pub fn name_from_wire(octets: &[u8]) -> Result<Name, NameError> {
    let length = wire_len(octets)?;
    if length != octets.len() {
        return Err(NameError::TooLong);
    }
    Name::from_octets(Bytes::copy_from_slice(octets)).map_err(|_| NameError::TooLong)
}

/// Returns how many octets the uncompressed name at the start of `octets` takes, its root label counted.
///
/// # Errors
/// - [`NameError::CutShort`]: no root label before the end.
/// - [`NameError::TooLong`]: more than 255 octets (RFC 1035 section 2.3.4).
/// - [`NameError::LabelType`]: a compression pointer or a reserved label type.
pub fn wire_len(octets: &[u8]) -> Result<usize, NameError> {
    let mut at = 0;
    loop {
        let &length = octets.get(at).ok_or(NameError::CutShort)?;
        if length > 63 {
            return Err(NameError::LabelType(length));
        }
        at += 1 + usize::from(length);
        if at > 255 {
            return Err(NameError::TooLong);
        }
        if length == 0 {
            return Ok(at);
        }
    }
}

/// The labels of an uncompressed name, leftmost first, the root label left out.
///
/// Octets that are no name end the iteration early.
pub fn labels(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = wire;
    std::iter::from_fn(move || {
        let (&length, after) = rest.split_first()?;
        if length == 0 || length > 63 {
            return None;
        }
        let label = after.get(..usize::from(length))?;
        rest = &after[usize::from(length)..];
        Some(label)
    })
}

/// True when the wire name `name` is `apex` or lies below it; case is ignored (RFC 4343).
pub fn is_at_or_below(name: &[u8], apex: &[u8]) -> bool {
    let Some(start) = name.len().checked_sub(apex.len()) else { return false };
    let mut at = 0;
    for label in labels(name) {
        if at >= start {
            break;
        }
        at += 1 + label.len();
    }
    at == start && name[start..].eq_ignore_ascii_case(apex)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name is at most 255 octets and holds ordinary labels only (RFC 1035 section 2.3.4).
    #[test]
    fn wire_names_are_measured_or_refused() {
        let mut long = Vec::new();
        for _ in 0..4 {
            long.push(63);
            long.extend([b'a'; 63]);
        }
        long.push(0);
        let table: [(&str, &[u8], Result<usize, NameError>); 5] = [
            ("the root is one octet", b"\0", Ok(1)),
            ("octets after the root label are not counted", b"\x01a\0rest", Ok(3)),
            ("no root label", b"\x01a", Err(NameError::CutShort)),
            ("a pointer", b"\x01a\xc0\x0c", Err(NameError::LabelType(0xc0))),
            ("four labels of 63 octets are 257", &long, Err(NameError::TooLong)),
        ];
        for (why, octets, expected) in table {
            assert_eq!(wire_len(octets), expected, "{why}");
        }
    }

    /// Only whole labels count, in any case (RFC 4343).
    #[test]
    fn names_lie_below_names_by_whole_labels() {
        let table: [(&[u8], &[u8], bool); 6] = [
            (b"\x01a\x03org\0", b"\x03ORG\0", true),
            (b"\x03org\0", b"\x03org\0", true),
            (b"\x03org\0", b"\0", true),
            (b"\x04xorg\0", b"\x03org\0", false),
            (b"\x05a\x03org\0", b"\x03org\0", false),
            (b"\x03org\0", b"\x01a\x03org\0", false),
        ];
        for (name, apex, expected) in table {
            assert_eq!(is_at_or_below(name, apex), expected, "{name:?} {apex:?}");
        }
    }
}
