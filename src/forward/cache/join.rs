//! An alias and what it leads to, in one message.

use super::entry::Entry;
use super::frames::Records;
use super::key::Key;
use super::read::{Reader, Unfit};
use super::write::Writer;
use crate::answer::flag;
use crate::config;
use crate::dns::{HEADER, wire_len};

/// Writes the question and the answer section of `first`, then answer and authority section of `next`, whose question is
/// what the aliases of `first` lead to. The RCODE is that of `next` (RFC 6604 section 2.1), AD is set if both have it; the
/// other flags are those of `first`. Returns the length; allocates nothing.
///
/// None when one of them breaks its format, or all does not fit: `out` must not be taken for a message then.
pub(super) fn join(first: &[u8], next: &[u8], out: &mut [u8]) -> Option<usize> {
    let end = HEADER + wire_len(first.get(HEADER..)?).ok()? + 4;
    let mut answers = 0u16;
    let mut at = end;
    for record in Records::behind(first, end) {
        let record = record?;
        if record.section > 0 {
            break;
        }
        (answers, at) = (answers + 1, record.end);
    }
    out.get_mut(..at)?.copy_from_slice(first.get(..at)?);
    let question = HEADER..HEADER + wire_len(next.get(HEADER..)?).ok()?;
    let mut writer = Writer::behind(out, at);
    let mut counts = [answers, 0];
    for record in Records::behind(next, question.end + 4) {
        let record = record?;
        let Some(count) = counts.get_mut(usize::from(record.section)) else { break };
        writer.push(next, &(0..0), &record, record.ttl)?;
        *count = count.checked_add(1)?;
    }
    let length = writer.length();
    out[3] = out[3] & 0xD0 | (out[3] & next[3] & flag::AUTHENTIC_DATA) | next[3] & 0x0F;
    for (at, count) in [(6, counts[0]), (8, counts[1]), (10, 0)] {
        out[at..at + 2].copy_from_slice(&count.to_be_bytes());
    }
    Some(length)
}

impl Reader {
    /// What `first` says, whose aliases lead to a target it does not answer, and `next`, the answer to that target, as one
    /// answer to the question of `key`. A failure of `next` fails the whole.
    ///
    /// # Errors
    /// [`Unfit`]: as for one message that holds all of it.
    pub fn joined(
        &mut self,
        key: &Key<'_>,
        first: &Entry,
        next: &Entry,
        limits: &config::Cache,
    ) -> Result<Entry, Unfit> {
        if next.is_failure() {
            return Ok(Entry::failure(key.name, next.rcode(), next.note()));
        }
        let mut octets = vec![0; 3 * usize::from(u16::MAX)];
        let (one, rest) = octets.split_at_mut(usize::from(u16::MAX));
        let (other, whole) = rest.split_at_mut(usize::from(u16::MAX));
        let length = first.message(key.rtype, one).ok_or(Unfit::Malformed)?;
        let other_length = next.message(key.rtype, other).ok_or(Unfit::Malformed)?;
        let length = join(&one[..length], &other[..other_length], whole).ok_or(Unfit::Malformed)?;
        let mut entry = self.read(&whole[..length], key, limits)?;
        // What lives for no second does not live longer for being joined.
        entry.live_at_most(first.lifetime().min(next.lifetime()));
        if let Some(note) = next.note().or_else(|| first.note()) {
            entry.set_note(note);
        }
        Ok(entry)
    }
}
