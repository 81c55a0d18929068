//! The two-octet length before each message on a stream (RFC 1035 section 4.2.2, RFC 7766 section 8). No I/O.

/// How many octets the length takes.
pub(super) const PREFIX: usize = 2;

/// The largest message with its length.
pub(super) const LARGEST: usize = PREFIX + u16::MAX as usize;

/// Splits the first whole message off; none when it has not all arrived. Gives the message and what follows it.
pub(super) fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, rest) = octets.split_first_chunk::<PREFIX>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages come out whole or not at all.
    #[test]
    fn a_message_is_split_off_only_when_it_is_whole() {
        type Case = (&'static str, &'static [u8], Option<(&'static [u8], &'static [u8])>);
        let table: [Case; 6] = [
            ("nothing", b"", None),
            ("half a length", b"\0", None),
            ("one octet short", b"\0\x03ab", None),
            ("just whole", b"\0\x03abc", Some((b"abc", b""))),
            ("the next one begins", b"\0\x01a\0\x01", Some((b"a", b"\0\x01"))),
            ("an empty message", b"\0\0\0", Some((b"", b"\0"))),
        ];
        for (why, octets, expected) in table {
            assert_eq!(split(octets), expected, "{why}");
        }
    }
}
