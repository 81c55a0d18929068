//! How long a reply may be kept by who carries it (RFC 8484 section 5.1).

use super::message::{HEADER, read_record, skip_name};

/// The least TTL, in seconds, of the records in the answer section, or where that is empty of those in the authority
/// section, which hold the SOA of a negative answer (RFC 2308 section 5). 0 for replies that tell of a failure, for those
/// that are truncated, and for octets that are no reply.
pub fn freshness(reply: &[u8]) -> u32 {
    least_ttl(reply).unwrap_or(0)
}

fn least_ttl(reply: &[u8]) -> Option<u32> {
    const TRUNCATED: u8 = 0x02;
    let count = |at: usize| reply.get(at..at + 2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    let (flags, rcode) = (*reply.get(2)?, *reply.get(3)? & 0x0F);
    if flags & TRUNCATED != 0 || !matches!(rcode, 0 | 3) {
        return None;
    }
    let mut at = HEADER;
    for _ in 0..count(4)? {
        at = skip_name(reply, at).ok()? + 4;
    }
    let (answers, authority) = (count(6)?, count(8)?);
    let mut least = None;
    for _ in 0..if answers > 0 { answers } else { authority } {
        let record = read_record(reply, at)?;
        let ttl = u32::from_be_bytes(record.ttl);
        least = Some(least.map_or(ttl, |least: u32| least.min(ttl)));
        at = record.end;
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least TTL of what answers the question counts.
    #[test]
    fn a_reply_is_fresh_as_long_as_its_shortest_record() {
        let record = |ttl: u32| [&b"\xc0\x0c\0\x01\0\x01"[..], &ttl.to_be_bytes(), b"\0\x04\x0a\0\0\x01"].concat();
        let message = |flags: [u8; 2], counts: [u8; 2], records: &[Vec<u8>]| {
            let head = [&[0, 0], &flags[..], &[0, 1, 0, counts[0], 0, counts[1], 0, 0]].concat();
            [head, b"\x01a\0\0\x01\0\x01".to_vec(), records.concat()].concat()
        };
        let table = [
            ("two answers", message([0x84, 0], [2, 0], &[record(300), record(60)]), 60),
            (
                "the authority section does not count beside",
                message([0x84, 0], [1, 1], &[record(300), record(60)]),
                300,
            ),
            ("a name that does not exist", message([0x84, 3], [0, 1], &[record(30)]), 30),
            ("a failure", message([0x84, 2], [0, 1], &[record(30)]), 0),
            ("truncated", message([0x86, 0], [1, 0], &[record(30)]), 0),
            ("cut short", message([0x84, 0], [2, 0], &[record(30)]), 0),
            ("nothing", Vec::new(), 0),
        ];
        for (why, reply, expected) in table {
            assert_eq!(freshness(&reply), expected, "{why}");
        }
    }
}
