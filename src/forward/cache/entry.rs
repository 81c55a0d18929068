//! One answer of an upstream as it is handed out and kept.

use super::body::{Body, Ttl};
use super::write::Writer;
use crate::answer::{Reply, flag};
use crate::dns::HEADER;
use crate::forward::Note;

/// What an upstream said to one question: a [`super::Reader`] made it, or [`Entry::failure`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) body: Body,
    pub(super) rcode: u16,
    /// INFO-CODE of the extended error; its text is in the body.
    pub(super) note: Option<u16>,
    /// Seconds that it may be kept; 0 for an answer that only those get who wait for it.
    pub(super) lifetime: u32,
    pub(super) authentic: bool,
    pub(super) negative: bool,
    pub(super) failure: bool,
    /// NXDOMAIN of the question's own name: nothing exists below it either (RFC 8020).
    pub(super) cut: bool,
    /// Where its aliases lead to, in wire format and lower-cased, when the upstream said nothing of that.
    pub(super) target: Option<Box<[u8]>>,
}

const SERVFAIL: u16 = 2;

impl Entry {
    /// No answer could be had: `rcode` without records. The name is the question's, in wire format and lower-cased.
    pub fn failure(name: &[u8], rcode: u16, note: Option<Note>) -> Self {
        Entry {
            body: Body::new(name, [0; 3], &[], 0, &[], note.as_ref().map_or("", Note::text)),
            rcode,
            note: note.map(|note| note.code),
            lifetime: 0,
            authentic: false,
            negative: false,
            failure: true,
            cut: false,
            target: None,
        }
    }

    /// As [`Entry::failure`], with SERVFAIL.
    pub fn servfail(name: &[u8], note: Option<Note>) -> Self {
        Entry::failure(name, SERVFAIL, note)
    }

    /// The name of the question in wire format, lower-cased.
    pub fn name(&self) -> &[u8] {
        self.body.name()
    }

    /// The RCODE, its upper bits included.
    pub fn rcode(&self) -> u16 {
        self.rcode
    }

    /// Seconds that it may be kept; 0 for an answer that only those get who wait for it.
    pub fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// Neither an answer nor a denial, but an RCODE that says that the upstream could not tell.
    pub fn is_failure(&self) -> bool {
        self.failure
    }

    /// The name or its type does not exist.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// AD: all of it was validated.
    pub fn is_authentic(&self) -> bool {
        self.authentic
    }

    /// Says whether all of it was validated; the upstream's own word counts until then.
    pub fn set_authentic(&mut self, authentic: bool) {
        self.authentic = authentic;
    }

    /// Where its aliases lead to, in wire format and lower-cased, when the upstream said nothing of that: to be asked for
    /// before the answer is whole. Such an entry is not kept.
    pub fn target(&self) -> Option<&[u8]> {
        self.target.as_deref()
    }

    /// Cuts the lifetime, such as to the end of the signatures (RFC 4035 section 5.3.3).
    pub fn live_at_most(&mut self, seconds: u32) {
        self.lifetime = self.lifetime.min(seconds);
    }

    /// The denial is one of a filter, not of the zone: names below this one may exist (RFC 8020 does not count for it).
    pub fn set_filtered(&mut self) {
        self.cut = false;
    }

    /// The extended error.
    pub fn note(&self) -> Option<Note> {
        self.note.map(|code| Note::new(code, self.body.text()))
    }

    /// Gives it another extended error.
    pub fn set_note(&mut self, note: Note) {
        let body = &self.body;
        self.note = Some(note.code);
        self.body = body.with_text(note.text());
    }

    /// Writes it as a whole message of its own, with the question for its name and this type, without OPT. Returns its length;
    /// none when it does not fit.
    pub(in crate::forward) fn message(&self, rtype: u16, out: &mut [u8]) -> Option<usize> {
        let question_end = Writer::new(out, self.name(), rtype)?.length();
        let question = &mut [0; HEADER + 255 + 4];
        let question = question.get_mut(..question_end)?;
        question.copy_from_slice(&out[..question_end]);
        question[5] = 1;
        let limit = out.len();
        let mut reply = Reply::new(out, question, limit, 0)?;
        self.write(Ttl::Aged(0), &mut reply);
        if reply.is_truncated() {
            return None;
        }
        Some(reply.finish(if self.authentic { flag::AUTHENTIC_DATA } else { 0 }, None))
    }

    /// Writes its records behind the question of `reply`, which must be for the same name.
    pub(in crate::forward) fn write(&self, ttl: Ttl, reply: &mut Reply<'_>) {
        reply.rcode = (self.rcode & 0x0F) as u8;
        self.body.write(ttl, 0, reply);
    }
}
