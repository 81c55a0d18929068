//! Replies to updates and to wrong signatures: header, the question or zone section, OPT; a signature comes behind it.

use crate::answer::{OptRecord, Reply};
use crate::dns::{Edns, HEADER, Query, QueryError, UDP_SIZE};
use crate::query::Transport;

/// What a reply needs to know of the message that it answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// The octet after the question or zone section.
    pub(super) question_end: usize,
    /// The message's OPT record.
    pub(super) edns: Option<Edns>,
    /// Whether it is an update.
    pub(super) update: bool,
}

impl Asked {
    /// Of a whole message.
    pub(super) fn of(message: &[u8]) -> Self {
        match Query::read(message) {
            Ok(query) => Asked { question_end: query.question_end, edns: query.edns, update: false },
            Err(QueryError::Update(update)) => Asked { question_end: update.zone_end, edns: update.edns, update: true },
            Err(_) => Asked { question_end: HEADER, edns: None, update: false },
        }
    }

    /// The largest reply in octets, its signature counted.
    pub(super) fn limit(&self, transport: Transport) -> usize {
        match (transport, self.edns) {
            (Transport::Stream, _) => usize::from(u16::MAX),
            (Transport::Udp, None) => PLAIN_UDP_SIZE,
            (Transport::Udp, Some(edns)) => usize::from(edns.udp_size).clamp(PLAIN_UDP_SIZE, UDP_SIZE),
        }
    }

    /// A reply without records, not signed. `why` goes into an extended error (RFC 8914), for clients that know EDNS.
    pub(super) fn bare(&self, message: &[u8], rcode: u8, why: Option<(u16, &str)>) -> Vec<u8> {
        let mut buffer = vec![0; HEADER + LONGEST_QUESTION + OPT_ROOM];
        let question = message.get(..self.question_end).unwrap_or_default();
        let Some(mut reply) = Reply::new(&mut buffer, question, usize::MAX, 0) else { return Vec::new() };
        reply.rcode = rcode;
        let opt = self.edns.map(|edns| OptRecord {
            udp_size: UDP_SIZE as u16,
            extended_rcode: 0,
            dnssec_ok: edns.dnssec_ok,
            cookie: None,
            extended_error: why,
        });
        let length = reply.finish(0, opt.as_ref());
        if question.len() == HEADER {
            buffer[4..6].fill(0);
        }
        buffer.truncate(length);
        buffer
    }
}

/// The largest UDP payload without EDNS (RFC 1035 section 2.3.4).
const PLAIN_UDP_SIZE: usize = 512;

/// Octets of a question: name, type and class.
const LONGEST_QUESTION: usize = 255 + 4;

/// Octets for OPT with an extended error; a longer text is left out.
const OPT_ROOM: usize = 200;

/// INFO-CODEs of RFC 8914 section 5.2.
pub(super) mod ede {
    pub(in crate::update) const OTHER: u16 = 0;
    pub(in crate::update) const PROHIBITED: u16 = 18;
}
