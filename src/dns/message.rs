//! The octets of a query: header, question and EDNS, read without copying or allocating.

use super::name::{NameError, wire_len};
use thiserror::Error;

/// Octets in a message header (RFC 1035 section 4.1.1).
pub const HEADER: usize = 12;

/// The largest UDP payload in octets, both ways: no fragments on any link (RFC 9715).
pub const UDP_SIZE: usize = 1232;

/// One query as it came: its question and EDNS found, its octets kept.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The whole message.
    pub octets: &'a [u8],
    /// The question's name in wire format, case kept.
    pub name: &'a [u8],
    /// QTYPE.
    pub rtype: u16,
    /// QCLASS.
    pub class: u16,
    /// The octet after the question.
    pub question_end: usize,
    /// The OPT record, if there is one.
    pub edns: Option<Edns>,
    /// Whether its last record is a TSIG (RFC 8945), which nobody has looked into yet.
    pub signed: bool,
}

/// What is known of a DNS update before it is looked into (RFC 2136): its sections are whole, their records are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateFrame {
    /// The octet after the zone section, which stands where a query has its question.
    pub zone_end: usize,
    /// The OPT record, if there is one.
    pub edns: Option<Edns>,
    /// Whether its last record is a TSIG (RFC 8945).
    pub signed: bool,
}

/// What a query's OPT record says (RFC 6891 section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP payload the sender takes, in octets, as written.
    pub udp_size: u16,
    /// 0 is the only version there is.
    pub version: u8,
    /// The DO bit (RFC 3225).
    pub dnssec_ok: bool,
    /// The COOKIE option (RFC 7873), if there is one.
    pub cookie: Option<Cookie>,
}

/// A COOKIE option: what a client puts in to know its replies, and what a server gave it to know the client again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie {
    /// Eight octets of the client's choice.
    pub client: [u8; 8],
    /// What the server gave the client; none of another length than ours has (RFC 9018 section 4: 16 octets).
    pub server: Option<[u8; 16]>,
}

/// Why octets are no query that can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QueryError {
    /// Shorter than a header, or a response: never answered, or two servers could talk for ever.
    #[error("not a query")]
    NotAQuery,
    /// A DNS update (RFC 2136).
    #[error("a DNS update")]
    Update(UpdateFrame),
    /// An opcode other than QUERY and UPDATE; the question may be echoed up to this octet.
    #[error("an opcode that is not implemented")]
    Opcode(usize),
    /// The message breaks its format; the question may be echoed up to this octet ([`HEADER`] when it cannot be read).
    #[error("a malformed message")]
    Malformed(usize),
}

impl<'a> Query<'a> {
    /// Reads a query.
    ///
    /// Exactly one question is taken (RFC 9619). Answer and authority sections must be empty; of the additional section
    /// only one OPT record with the root as owner counts, and a TSIG that is the last of all (RFC 8945 section 5.2). Octets
    /// after the last record are an error.
    ///
    /// # Errors
    /// [`QueryError`], in the order of its variants.
    pub fn read(octets: &'a [u8]) -> Result<Self, QueryError> {
        let header = octets.first_chunk::<HEADER>().ok_or(QueryError::NotAQuery)?;
        if header[2] & 0x80 != 0 {
            return Err(QueryError::NotAQuery);
        }
        let count = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let one_question = count(4) == 1;
        let question = if one_question { read_question(octets) } else { None };
        match header[2] & 0x78 {
            0 => {}
            UPDATE => return Err(read_update(octets, question.map(|(_, _, _, end)| end))),
            _ => return Err(QueryError::Opcode(question.map_or(HEADER, |(_, _, _, end)| end))),
        }
        let (name, rtype, class, question_end) = question.ok_or(QueryError::Malformed(HEADER))?;
        let malformed = QueryError::Malformed(question_end);
        if count(6) != 0 || (count(8) != 0 && rtype != IXFR) {
            return Err(malformed);
        }
        // Most queries without EDNS end here.
        let Additional { edns, signed } = if header[8..12] == [0; 4] && question_end == octets.len() {
            Additional { edns: None, signed: false }
        } else {
            read_records(octets, question_end, count(8).into(), count(10).into()).ok_or(malformed)?
        };
        Ok(Query { octets, name, rtype, class, question_end, edns, signed })
    }
}

/// What the records behind the question say of the message itself.
struct Additional {
    edns: Option<Edns>,
    signed: bool,
}

/// Walks over the records from `at` to the end of the message: so many that are of no interest here, then those of the
/// additional section. None when the message ends elsewhere, or when OPT or TSIG are not as they should be.
fn read_records(octets: &[u8], mut at: usize, before: u32, additional: u32) -> Option<Additional> {
    let mut edns = None;
    let mut signed = false;
    for index in 0..before + additional {
        let record = read_record(octets, at)?;
        at = record.end;
        if record.rtype == OPT && index >= before {
            if edns.is_some() || !record.root {
                return None;
            }
            let [_, version, flags, _] = record.ttl;
            let cookie = read_cookie(&octets[record.data..record.end]).ok()?;
            edns = Some(Edns { udp_size: record.class, version, dnssec_ok: flags & 0x80 != 0, cookie });
        } else if record.rtype == TSIG {
            // In any other place, or a second time, it makes the message malformed (RFC 8945 section 5.2).
            if index < before || index + 1 != before + additional {
                return None;
            }
            signed = true;
        }
    }
    (at == octets.len()).then_some(Additional { edns, signed })
}

/// What a message with the opcode UPDATE is. Its four sections have the places of question, answer, authority and
/// additional section (RFC 2136 section 2.2).
#[cold]
fn read_update(octets: &[u8], zone_end: Option<usize>) -> QueryError {
    let Some(zone_end) = zone_end else { return QueryError::Malformed(HEADER) };
    let count = |at: usize| octets.get(at..at + 2).map_or(0, |two| u32::from(two[0]) << 8 | u32::from(two[1]));
    match read_records(octets, zone_end, count(6) + count(8), count(10)) {
        Some(Additional { edns, signed }) => QueryError::Update(UpdateFrame { zone_end, edns, signed }),
        None => QueryError::Malformed(zone_end),
    }
}

/// The opcode UPDATE (RFC 2136 section 2.2) in its place in the header.
const UPDATE: u8 = 5 << 3;
const OPT: u16 = 41;
const TSIG: u16 = 250;
const IXFR: u16 = 251;

fn read_question(octets: &[u8]) -> Option<(&[u8], u16, u16, usize)> {
    let rest = &octets[HEADER..];
    let length = wire_len(rest).ok()?;
    let fixed = rest.get(length..)?.first_chunk::<4>()?;
    let [type_high, type_low, class_high, class_low] = *fixed;
    let rtype = u16::from_be_bytes([type_high, type_low]);
    let class = u16::from_be_bytes([class_high, class_low]);
    Some((&rest[..length], rtype, class, HEADER + length + 4))
}

pub(super) struct RecordFrame {
    root: bool,
    pub(super) rtype: u16,
    class: u16,
    pub(super) ttl: [u8; 4],
    pub(super) data: usize,
    pub(super) end: usize,
}

pub(super) fn read_record(octets: &[u8], at: usize) -> Option<RecordFrame> {
    let after_name = skip_name(octets, at).ok()?;
    let fixed = octets.get(after_name..)?.first_chunk::<10>()?;
    let [t0, t1, c0, c1, a, b, c, d, l0, l1] = *fixed;
    let end = after_name + 10 + usize::from(u16::from_be_bytes([l0, l1]));
    if end > octets.len() {
        return None;
    }
    Some(RecordFrame {
        root: octets[at] == 0,
        rtype: u16::from_be_bytes([t0, t1]),
        class: u16::from_be_bytes([c0, c1]),
        ttl: [a, b, c, d],
        data: after_name + 10,
        end,
    })
}

/// Finds the first COOKIE among EDNS options; one with a length that RFC 7873 section 5.2.2 forbids, or options that do not
/// end where the record does, are an error.
fn read_cookie(mut options: &[u8]) -> Result<Option<Cookie>, ()> {
    const COOKIE: u16 = 10;
    let mut found = None;
    while !options.is_empty() {
        let [c0, c1, l0, l1] = *options.first_chunk::<4>().ok_or(())?;
        let end = 4 + usize::from(u16::from_be_bytes([l0, l1]));
        let data = options.get(4..end).ok_or(())?;
        options = &options[end..];
        if u16::from_be_bytes([c0, c1]) == COOKIE && found.is_none() {
            if !matches!(data.len(), 8 | 16..=40) {
                return Err(());
            }
            let (client, server) = data.split_first_chunk::<8>().ok_or(())?;
            found = Some(Cookie { client: *client, server: server.try_into().ok() });
        }
    }
    Ok(found)
}

/// Returns the offset of the first octet after the name that starts at `start`.
///
/// `message` is one whole DNS message without the TCP length prefix; both offsets count octets from its first header octet.
/// Pointers are not followed: a pointer ends the name (RFC 1035 section 4.1.4), so the cost is at most 128 labels.
///
/// # Errors
/// - [`NameError::CutShort`]: the message ends inside the name.
/// - [`NameError::TooLong`]: more than 255 octets (RFC 1035 section 2.3.4).
/// - [`NameError::LabelType`]: a label type that is neither ordinary nor a pointer.
pub fn skip_name(message: &[u8], start: usize) -> Result<usize, NameError> {
    let mut at = start;
    loop {
        let &length = message.get(at).ok_or(NameError::CutShort)?;
        match length {
            0 => return Ok(at + 1),
            1..=63 => at += 1 + usize::from(length),
            0xC0.. => return if at + 2 <= message.len() { Ok(at + 2) } else { Err(NameError::CutShort) },
            other => return Err(NameError::LabelType(other)),
        }
        if at - start > 254 {
            return Err(NameError::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(flags: u8, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
        let mut octets = vec![0x12, 0x34, flags, 0];
        octets.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        octets.extend_from_slice(rest);
        octets
    }

    /// Only a whole query with one question is taken; what else comes is dropped or refused as RFC 1035, 6891 and 9619 say.
    #[test]
    fn queries_are_taken_whole_or_refused() {
        const QUESTION: &[u8] = b"\x01a\0\0\x01\0\x01";
        const EDNS: &[u8] = b"\0\0\x29\x10\0\0\0\x80\0\0\0";
        const NOTHING: &[u8] = b"\xc0\x0c\0\xff\0\xff\0\0\0\0\0\0";
        const SIGNATURE: &[u8] = b"\x01k\0\0\xfa\0\xff\0\0\0\0\0\0";
        let with = |parts: &[&[u8]]| parts.concat();
        type Expected = Result<Option<Edns>, QueryError>;
        let table: Vec<(&str, Vec<u8>, Expected)> = vec![
            ("plain", message(1, [1, 0, 0, 0], QUESTION), Ok(None)),
            (
                "EDNS with DO",
                message(1, [1, 0, 0, 1], &with(&[QUESTION, EDNS])),
                Ok(Some(Edns { udp_size: 4096, version: 0, dnssec_ok: true, cookie: None })),
            ),
            (
                "a client cookie",
                message(1, [1, 0, 0, 1], &with(&[QUESTION, b"\0\0\x29\x10\0\0\0\0\0\0\x0c\0\x0a\0\x0812345678"])),
                Ok(Some(Edns {
                    udp_size: 4096,
                    version: 0,
                    dnssec_ok: false,
                    cookie: Some(Cookie { client: *b"12345678", server: None }),
                })),
            ),
            (
                "a cookie of nine octets",
                message(1, [1, 0, 0, 1], &with(&[QUESTION, b"\0\0\x29\x10\0\0\0\0\0\0\x0d\0\x0a\0\x09123456789"])),
                Err(QueryError::Malformed(19)),
            ),
            (
                "options that end early",
                message(1, [1, 0, 0, 1], &with(&[QUESTION, b"\0\0\x29\x10\0\0\0\0\0\0\x03\0\x0a\0"])),
                Err(QueryError::Malformed(19)),
            ),
            ("two OPT", message(1, [1, 0, 0, 2], &with(&[QUESTION, EDNS, EDNS])), Err(QueryError::Malformed(19))),
            ("a header cut short", vec![0; 11], Err(QueryError::NotAQuery)),
            ("a response", message(0x80, [1, 0, 0, 0], QUESTION), Err(QueryError::NotAQuery)),
            ("no question", message(0, [0, 0, 0, 0], b""), Err(QueryError::Malformed(12))),
            ("two questions", message(0, [2, 0, 0, 0], &with(&[QUESTION, QUESTION])), Err(QueryError::Malformed(12))),
            (
                "a pointer in the question",
                message(0, [1, 0, 0, 0], b"\xc0\x0c\0\x01\0\x01"),
                Err(QueryError::Malformed(12)),
            ),
            ("an answer in a query", message(0, [1, 1, 0, 0], QUESTION), Err(QueryError::Malformed(19))),
            ("trailing octets", message(0, [1, 0, 0, 0], &with(&[QUESTION, b"x"])), Err(QueryError::Malformed(19))),
            ("NOTIFY", message(0x20, [1, 0, 0, 0], QUESTION), Err(QueryError::Opcode(19))),
            ("an UPDATE without a zone", message(0x28, [0, 0, 0, 0], b""), Err(QueryError::Malformed(12))),
            (
                "an UPDATE cut short",
                message(0x28, [1, 0, 1, 0], &with(&[QUESTION, b"\0\0\x10\0\x01"])),
                Err(QueryError::Malformed(19)),
            ),
            (
                "an UPDATE without a signature",
                message(0x28, [1, 0, 1, 1], &with(&[QUESTION, NOTHING, EDNS])),
                Err(QueryError::Update(UpdateFrame {
                    zone_end: 19,
                    edns: Some(Edns { udp_size: 4096, version: 0, dnssec_ok: true, cookie: None }),
                    signed: false,
                })),
            ),
            (
                "a signed UPDATE",
                message(0x28, [1, 0, 1, 1], &with(&[QUESTION, NOTHING, SIGNATURE])),
                Err(QueryError::Update(UpdateFrame { zone_end: 19, edns: None, signed: true })),
            ),
            (
                "a signature before the last record",
                message(1, [1, 0, 0, 2], &with(&[QUESTION, SIGNATURE, EDNS])),
                Err(QueryError::Malformed(19)),
            ),
            (
                "a signature among the updates",
                message(0x28, [1, 0, 1, 0], &with(&[QUESTION, SIGNATURE])),
                Err(QueryError::Malformed(19)),
            ),
            (
                "two signatures",
                message(1, [1, 0, 0, 2], &with(&[QUESTION, SIGNATURE, SIGNATURE])),
                Err(QueryError::Malformed(19)),
            ),
        ];
        for (why, octets, expected) in table {
            assert_eq!(Query::read(&octets).map(|query| query.edns), expected, "{why}");
        }
    }
}
