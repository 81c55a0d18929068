//! The octets of an entry, in one allocation: name, sections, where their TTLs stand, the text of the extended error.

use super::layout::move_pointers;
use crate::answer::Reply;
use crate::dns::HEADER;

/// One boxed slice:
/// `name length u8, text length u8, records of answer, authority and additional section 3 x u16, octets before the
/// additional section u16, TTLs u16`, then the name, the sections, the offset of each TTL from the start of the sections as
/// u16, and the text. Integers are big-endian.
///
/// The sections are those of a message whose question has this very name: their pointers are right behind any question for
/// the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::forward) struct Body(Box<[u8]>);

/// What becomes of the TTLs of a body that is written into a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::forward) enum Ttl {
    /// They are lowered by so many seconds, to 0 at least.
    Aged(u32),
    /// They are all this many seconds.
    Fixed(u32),
}

/// The largest offset that a pointer can hold (RFC 1035 section 4.1.4).
const REACH: usize = 0x3FFF;

/// Octets before the name.
const FIXED: usize = 12;

/// The longest text that is kept, in octets.
const TEXT: usize = 120;

impl Body {
    /// `ttls` are offsets from the start of `sections`; `additional` is where in them the additional section begins.
    pub(super) fn new(
        name: &[u8],
        counts: [u16; 3],
        sections: &[u8],
        additional: u16,
        ttls: &[u16],
        text: &str,
    ) -> Self {
        let text = &text.as_bytes()[..text.len().min(TEXT)];
        let length = FIXED + name.len() + sections.len() + 2 * ttls.len() + text.len();
        let mut octets = Vec::with_capacity(length);
        octets.extend_from_slice(&[name.len() as u8, text.len() as u8]);
        for number in [counts[0], counts[1], counts[2], additional, ttls.len() as u16] {
            octets.extend_from_slice(&number.to_be_bytes());
        }
        octets.extend_from_slice(name);
        octets.extend_from_slice(sections);
        ttls.iter().for_each(|at| octets.extend_from_slice(&at.to_be_bytes()));
        octets.extend_from_slice(text);
        Body(octets.into_boxed_slice())
    }

    /// The same with another text.
    pub(super) fn with_text(&self, text: &str) -> Self {
        let text = &text.as_bytes()[..text.len().min(TEXT)];
        let mut octets = [&self.0[..self.text_start()], text].concat();
        octets[1] = text.len() as u8;
        Body(octets.into_boxed_slice())
    }

    /// Octets that it takes in memory: what the allocator adds is counted too.
    pub(super) fn size(&self) -> usize {
        (self.0.len() + 8).next_multiple_of(16).max(32)
    }

    /// Something of its first and last octets: who has it has waited for both.
    pub(super) fn ends(&self) -> u8 {
        self.0.first().copied().unwrap_or_default() ^ self.0.last().copied().unwrap_or_default()
    }

    pub(in crate::forward) fn name(&self) -> &[u8] {
        &self.0[FIXED..FIXED + usize::from(self.0[0])]
    }

    pub(in crate::forward) fn counts(&self) -> [u16; 3] {
        [self.number(2), self.number(4), self.number(6)]
    }

    pub(in crate::forward) fn sections(&self) -> &[u8] {
        &self.0[FIXED + usize::from(self.0[0])..self.ttls_start()]
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.0[self.text_start()..]).unwrap_or_default()
    }

    /// Writes the sections behind the question of `reply`, which must be for the body's name or, with `shift`, for one that
    /// is so many octets longer. When all does not fit, the additional section is left out; when that is not enough, all is,
    /// with TC (RFC 2181 section 9). Allocates nothing.
    pub(super) fn write(&self, ttl: Ttl, shift: usize, reply: &mut Reply<'_>) {
        debug_assert_eq!(reply.octets().len(), HEADER + self.name().len() + shift + 4);
        let sections = self.sections();
        let counts = self.counts();
        let required = &sections[..usize::from(self.number(8)).min(sections.len())];
        let written = if sections.len() <= reply.room() {
            reply.push_sections(sections, counts)
        } else {
            reply.push_sections(required, [counts[0], counts[1], 0])
        };
        let Some(written) = written else {
            reply.set_truncated();
            return;
        };
        for at in self.0[self.ttls_start()..self.text_start()].chunks_exact(2) {
            let at = usize::from(u16::from_be_bytes([at[0], at[1]]));
            let Some(field) = written.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) else { break };
            *field = match ttl {
                Ttl::Aged(age) => u32::from_be_bytes(*field).saturating_sub(age),
                Ttl::Fixed(seconds) => seconds,
            }
            .to_be_bytes();
        }
        if shift > 0 {
            move_pointers(written, shift);
        }
    }

    /// True when it can be written with this shift: its pointers reach so far.
    pub(super) fn can_shift(&self, shift: usize) -> bool {
        HEADER + self.name().len() + 4 + shift + self.sections().len() <= REACH
    }

    fn number(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.0[at], self.0[at + 1]])
    }

    fn ttls_start(&self) -> usize {
        self.text_start() - 2 * usize::from(self.number(10))
    }

    fn text_start(&self) -> usize {
        self.0.len() - usize::from(self.0[1])
    }
}
