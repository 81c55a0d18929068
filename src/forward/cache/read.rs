//! A reply of an upstream becomes an entry: what was asked is kept, everything else falls out.

use super::body::Body;
use super::entry::Entry;
use super::frames::{Frame, frames};
use super::key::Key;
use super::layout::rtype;
use super::sort::{Few, Sorting};
use super::write::Writer;
use crate::config;
use crate::dns::{HEADER, wire_len};
use crate::forward::Note;
use thiserror::Error;

/// Why a message is no answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// It breaks the format of messages, or denies what it gives.
    #[error("a malformed reply")]
    Malformed,
    /// It is no reply, or one to another question.
    #[error("a reply to another question")]
    OtherQuestion,
    /// TC: it must be asked for over a stream.
    #[error("a reply that was cut")]
    Truncated,
    /// It names other servers to ask: the upstream does not resolve names for us.
    #[error("a referral to other servers")]
    Referral,
    /// Aliases lead in a circle, or on and on.
    #[error("aliases that have no end")]
    Loop,
}

/// Makes entries of replies; keeps its buffers from one to the next. One for a thread.
///
/// What is kept of a reply:
/// - of the answer section the records asked for and the aliases (CNAME, and the DNAME that makes one) that lead to them
///   from the question's name on;
/// - of the authority section the SOA record of a denial, if the denied name lies at or below it;
/// - for questions with DO the signatures of all that, and NSEC and NSEC3 records of the zones whose signatures these are;
/// - of the additional section the addresses of the names that MX, SRV, NS, SVCB and HTTPS records of the answer lead to.
///
/// The rest (NS records beside an answer, OPT, TSIG, other classes, other names) is dropped (RFC 2181 section 5.4.1).
#[derive(Debug)]
pub struct Reader {
    out: Box<[u8]>,
    records: Vec<Frame>,
    ttls: Vec<u16>,
}

pub(super) const NOERROR: u16 = 0;
pub(super) const NXDOMAIN: u16 = 3;
pub(super) const YXDOMAIN: u16 = 6;

impl Default for Reader {
    fn default() -> Self {
        Reader::new()
    }
}

impl Reader {
    /// With buffers for the largest message.
    pub fn new() -> Self {
        Reader { out: vec![0; usize::from(u16::MAX)].into(), records: Vec::new(), ttls: Vec::new() }
    }

    /// Reads the reply to the question of `key`; id and case of the question are the caller's affair. An RCODE other than
    /// NOERROR, NXDOMAIN and YXDOMAIN makes an [`Entry::failure`] with the upstream's extended error.
    ///
    /// # Errors
    /// [`Unfit`]; then the next upstream may know more.
    pub fn read(&mut self, message: &[u8], key: &Key<'_>, limits: &config::Cache) -> Result<Entry, Unfit> {
        let header = message.first_chunk::<HEADER>().ok_or(Unfit::Malformed)?;
        let [_, _, flags, low, q0, q1, ..] = *header;
        if flags & 0xF8 != 0x80 || [q0, q1] != [0, 1] {
            return Err(Unfit::OtherQuestion);
        }
        let length = wire_len(&message[HEADER..]).map_err(|_| Unfit::Malformed)?;
        let question = HEADER..HEADER + length;
        let rest = message.get(question.end..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Unfit::Malformed)?;
        let [t0, t1] = key.rtype.to_be_bytes();
        if !message[question.clone()].eq_ignore_ascii_case(key.name) || *rest != [t0, t1, 0, 1] {
            return Err(Unfit::OtherQuestion);
        }
        if flags & 0x02 != 0 {
            return Err(Unfit::Truncated);
        }
        frames(message, question.end + 4, &mut self.records).ok_or(Unfit::Malformed)?;
        let (upper, note) = read_opt(message, &self.records);
        let rcode = upper << 4 | u16::from(low & 0x0F);
        if !matches!(rcode, NOERROR | NXDOMAIN | YXDOMAIN) {
            return Ok(Entry::failure(key.name, rcode, note));
        }
        self.ttls.clear();
        let out = Writer::new(&mut self.out, key.name, key.rtype).ok_or(Unfit::Malformed)?;
        let mut sorting = Sorting {
            message,
            question,
            records: &mut self.records,
            key,
            limits,
            sections: out.length(),
            out,
            ttls: &mut self.ttls,
            counts: [0; 3],
            lifetime: u32::MAX,
            signers: Few::default(),
            targets: Few::default(),
        };
        let found = sorting.sort(rcode)?;
        let (counts, lifetime, sections) = (sorting.counts, sorting.lifetime, sorting.sections);
        let written = &sorting.out.octets()[sections..];
        let additional = (found.additional - sections) as u16;
        let text = note.as_ref().map_or("", Note::text);
        let filtered = note.is_some_and(|note| says_filtered(note.code));
        Ok(Entry {
            body: Body::new(key.name, counts, written, additional, sorting.ttls, text),
            rcode,
            note: note.map(|note| note.code),
            lifetime: if lifetime == u32::MAX { 0 } else { lifetime },
            authentic: low & 0x20 != 0,
            negative: found.negative,
            failure: false,
            cut: found.cut && !filtered,
            target: found.target,
        })
    }
}

impl Note {
    /// Reads the first extended error of a message; none when there is none, or the message breaks its format.
    pub fn of_message(message: &[u8]) -> Option<Note> {
        let length = wire_len(message.get(HEADER..)?).ok()?;
        let mut records = Vec::new();
        frames(message, HEADER + length + 4, &mut records)?;
        read_opt(message, &records).1
    }
}

/// The upper bits of the RCODE, and the first extended error (RFC 8914 section 2).
fn read_opt(message: &[u8], records: &[Frame]) -> (u16, Option<Note>) {
    const EXTENDED_ERROR: u16 = 15;
    let Some(opt) = records.iter().find(|record| record.section == 2 && record.rtype == rtype::OPT) else {
        return (0, None);
    };
    let mut options = opt.data(message);
    let mut note = None;
    while let (Some([c0, c1, l0, l1, ..]), None) = (options.first_chunk::<4>(), note) {
        let end = 4 + usize::from(u16::from_be_bytes([*l0, *l1]));
        let Some(data) = options.get(4..end) else { break };
        if u16::from_be_bytes([*c0, *c1]) == EXTENDED_ERROR
            && let Some((code, text)) = data.split_first_chunk::<2>()
        {
            let text = String::from_utf8_lossy(&text[..text.len().min(255)]);
            // A C program may end its text with a NUL, and nothing in it shall move a terminal's cursor.
            let text: String = text.chars().filter(|character| !character.is_control()).collect();
            note = Some(Note::new(u16::from_be_bytes(*code), &text));
        }
        options = &options[end..];
    }
    ((opt.ttl >> 24) as u16, note)
}

/// Forged, blocked, censored, filtered, prohibited, or stale: no word of the zone about the names below.
fn says_filtered(code: u16) -> bool {
    matches!(code, 3 | 4 | 15..=19)
}
