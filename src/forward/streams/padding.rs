//! Padding of queries that go over encrypted streams, so that their length says little of the name (RFC 8467).

use crate::dns::HEADER;
use crate::dns::skip_name;

/// Queries are padded to a multiple of this many octets (RFC 8467 section 4.1).
const BLOCK: usize = 128;

/// The option's code (RFC 7830 section 3).
const PADDING: u16 = 12;

/// Code and length of an option.
const OPTION_HEADER: usize = 4;

const OPT: u16 = 41;

/// Pads a query whose last record is its OPT record; any other stays as it is.
pub(super) fn pad(message: &mut Vec<u8>) {
    let Some(length_at) = opt_length_at(message) else { return };
    let padding = (BLOCK - (message.len() + OPTION_HEADER) % BLOCK) % BLOCK;
    let Some(length) = message.get(length_at..length_at + 2) else { return };
    let length = usize::from(u16::from_be_bytes([length[0], length[1]])) + OPTION_HEADER + padding;
    let (Ok(length), true) = (u16::try_from(length), message.len() + BLOCK + OPTION_HEADER <= usize::from(u16::MAX))
    else {
        return;
    };
    message[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
    message.extend(PADDING.to_be_bytes());
    message.extend((padding as u16).to_be_bytes());
    message.resize(message.len() + padding, 0);
}

/// Where the RDLENGTH of the OPT record stands, when that is the last record.
fn opt_length_at(message: &[u8]) -> Option<usize> {
    let count = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
    let mut at = HEADER;
    for _ in 0..count(4)? {
        at = skip_name(message, at).ok()? + 4;
    }
    let records = u32::from(count(6)?) + u32::from(count(8)?) + u32::from(count(10)?);
    let mut last = None;
    for _ in 0..records {
        let fixed = skip_name(message, at).ok()?;
        last = Some((count(fixed)?, fixed + 8));
        at = fixed + 10 + usize::from(count(fixed + 8)?);
    }
    last.filter(|(rtype, _)| *rtype == OPT && at == message.len()).map(|(_, length_at)| length_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\0\0\x01\0\0\x01\0\0\0\0\0\x01\x03www\x07example\0\0\x01\0\x01";

    /// What is padded is a multiple of the block and otherwise the same; what has no OPT record at its end stays.
    #[test]
    fn queries_with_an_opt_record_fill_whole_blocks() {
        let with = |rest: &[u8]| [QUESTION, rest].concat();
        let table = [
            ("an OPT record", with(b"\0\0\x29\x04\xd0\0\0\0\0\0\0"), Some(128)),
            ("with an option", with(b"\0\0\x29\x04\xd0\0\0\x80\0\0\x04\0\x03\0\0"), Some(128)),
            (
                "just full with an empty option",
                with(&[b"\0\0\x29\x04\xd0\0\0\0\0\0\x54\0\x03\0\x50".as_slice(), &[7; 80]].concat()),
                Some(128),
            ),
            (
                "one octet more",
                with(&[b"\0\0\x29\x04\xd0\0\0\0\0\0\x55\0\x03\0\x51".as_slice(), &[7; 81]].concat()),
                Some(256),
            ),
            ("another record at the end", with(b"\0\0\x10\0\x01\0\0\0\0\0\0"), None),
            ("octets after it", with(b"\0\0\x29\x04\xd0\0\0\0\0\0\0x"), None),
            ("cut short", with(b"\0\0\x29\x04\xd0"), None),
        ];
        for (why, message, expected) in table {
            let mut padded = message.clone();
            pad(&mut padded);
            assert_eq!(padded.len(), expected.unwrap_or(message.len()), "{why}");
            if expected.is_some() {
                let at = opt_length_at(&padded).unwrap();
                assert_eq!(
                    usize::from(u16::from_be_bytes([padded[at], padded[at + 1]])),
                    padded.len() - at - 2,
                    "{why}"
                );
            }
        }
    }
}
