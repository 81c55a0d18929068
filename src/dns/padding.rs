//! The EDNS option PADDING (RFC 7830): how long a reply is tells nobody what was asked, when all are multiples of one size.

use super::message::{HEADER, read_record, skip_name};

/// Octets of which the length of a padded reply is a multiple (RFC 8467 section 4.1).
pub const PADDING_BLOCK: usize = 468;

const OPT: u16 = 41;
const PADDING: u16 = 12;
/// Octets of an option without its data.
const OPTION_HEAD: usize = 4;

/// Whether a query holds the option PADDING, of any length. Octets that are no message do not.
pub fn wants_padding(query: &[u8]) -> bool {
    let Some((data, end, _)) = opt(query) else { return false };
    let mut options = &query[data..end];
    while let Some([c0, c1, l0, l1]) = options.first_chunk::<OPTION_HEAD>() {
        if u16::from_be_bytes([*c0, *c1]) == PADDING {
            return true;
        }
        let length = OPTION_HEAD + usize::from(u16::from_be_bytes([*l0, *l1]));
        options = options.get(length..).unwrap_or_default();
    }
    false
}

/// Pads the reply that the first `length` octets of `buffer` are to the next multiple of [`PADDING_BLOCK`], or as far as the
/// buffer goes; gives its new length.
///
/// A reply whose last record is no OPT stays as it is: one without EDNS must have no option, and one that is signed must not
/// change.
pub fn pad(buffer: &mut [u8], length: usize) -> usize {
    let Some((data, end, last)) = buffer.get(..length).and_then(opt) else { return length };
    if !last || end != length {
        return length;
    }
    let bare = length + OPTION_HEAD;
    let padded = bare.next_multiple_of(PADDING_BLOCK).min(buffer.len()).min(usize::from(u16::MAX));
    let Some(filling) = padded.checked_sub(bare) else { return length };
    let (Ok(rdlength), Ok(option)) = (u16::try_from(padded - data), u16::try_from(filling)) else { return length };
    buffer[length..length + 2].copy_from_slice(&PADDING.to_be_bytes());
    buffer[length + 2..bare].copy_from_slice(&option.to_be_bytes());
    buffer[bare..padded].fill(0);
    buffer[data - 2..data].copy_from_slice(&rdlength.to_be_bytes());
    padded
}

/// Where the data of the first OPT record begins and ends, and whether it is the last record; none where there is none, or
/// the message is not whole.
fn opt(message: &[u8]) -> Option<(usize, usize, bool)> {
    let count = |at: usize| message.get(at..at + 2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
    let mut at = HEADER;
    for _ in 0..count(4)? {
        at = skip_name(message, at).ok()? + 4;
    }
    let records = count(6)? + count(8)? + count(10)?;
    for index in 0..records {
        let record = read_record(message, at)?;
        if record.rtype == OPT {
            return Some((record.data, record.end, index + 1 == records));
        }
        at = record.end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x01a\0\0\x01\0\x01";

    fn message(additional: u8, records: &[u8]) -> Vec<u8> {
        [&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, additional], QUESTION, records].concat()
    }

    /// Only a query that holds the option asks for padding.
    #[test]
    fn a_query_asks_for_padding_with_the_option() {
        let table: [(&str, Vec<u8>, bool); 6] = [
            ("no EDNS", message(0, b""), false),
            ("no option", message(1, b"\0\0\x29\x04\xd0\0\0\0\0\0\0"), false),
            ("an empty one", message(1, b"\0\0\x29\x04\xd0\0\0\0\0\0\x04\0\x0c\0\0"), true),
            ("behind another", message(1, b"\0\0\x29\x04\xd0\0\0\0\0\0\x09\0\x03\0\x01x\0\x0c\0\0"), true),
            ("cut short", message(1, b"\0\0\x29\x04\xd0\0\0\0\0\0\x04\0\x0c"), false),
            ("nothing", Vec::new(), false),
        ];
        for (why, query, expected) in table {
            assert_eq!(wants_padding(&query), expected, "{why}");
        }
    }

    /// A padded reply is a multiple of the block, as far as there is room, and says how long its option is.
    #[test]
    fn a_reply_is_padded_to_the_block() {
        let reply = message(1, b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
        for (room, expected) in
            [(2000, PADDING_BLOCK), (100, 100), (reply.len() + 4, reply.len() + 4), (reply.len() + 3, reply.len())]
        {
            let mut buffer = vec![0xff; room];
            buffer[..reply.len()].copy_from_slice(&reply);
            let length = pad(&mut buffer, reply.len());
            assert_eq!(length, expected, "room for {room}");
            let (data, end, last) = opt(&buffer[..length]).unwrap();
            assert!(end == length && last);
            if length > reply.len() {
                let filling = (length - data - OPTION_HEAD) as u16;
                assert_eq!(buffer[data..data + OPTION_HEAD], [0, 12, (filling >> 8) as u8, filling as u8]);
                assert!(buffer[data + OPTION_HEAD..length].iter().all(|octet| *octet == 0));
            }
        }
        let mut signed = message(2, b"\0\0\x29\x04\xd0\0\0\0\0\0\0\0\0\xfa\0\xff\0\0\0\0\0\0");
        let length = signed.len();
        signed.resize(1000, 0);
        assert_eq!(pad(&mut signed, length), length, "a signature stands behind OPT");
    }

    /// Whatever octets come, nothing is read or written beyond them, and what is padded ends with its OPT record.
    #[test]
    fn no_octets_break_it() {
        let whole = message(1, b"\0\0\x29\x04\xd0\0\0\0\0\0\x09\0\x03\0\x01x\0\x0c\0\0");
        for length in 0..=whole.len() {
            for at in 0..length {
                for octet in [0, 1, 0x29, 0x3f, 0x40, 0x7f, 0xc0, 0xff] {
                    let mut buffer = [0; 700];
                    buffer[..length].copy_from_slice(&whole[..length]);
                    buffer[at] = octet;
                    wants_padding(&buffer[..length]);
                    super::super::freshness(&buffer[..length]);
                    let padded = pad(&mut buffer, length);
                    let whole = opt(&buffer[..padded]).is_some_and(|(_, end, last)| last && end == padded);
                    assert!(padded == length || padded == PADDING_BLOCK && whole, "{length} {at} {octet}");
                }
            }
        }
    }
}
