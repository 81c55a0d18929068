//! An answer in two parts: aliases of ours, and behind them what an upstream said about the name that the last one leads to.

use super::cache::PlainName;
use super::cache::Records;
use super::cache::Writer;
use crate::answer::Reply;
use crate::dns::HEADER;
use crate::dns::wire_len;
use std::ops::Range;

const CNAME: u16 = 5;

/// Appends answer and authority section of `foreign`, a whole reply to a question for the name that stands at `target` of
/// `reply`. Names are written anew, for what they are compressed against stands elsewhere here.
///
/// A chain that leads back to the question's own name ends there. When something does not fit, nothing of `foreign` is
/// appended, and the reply is truncated (RFC 2181 section 9); so it is when `foreign` is. Allocates nothing.
pub(crate) fn complete(reply: &mut Reply<'_>, target: usize, foreign: &[u8]) {
    let Some(question) = question_name(foreign) else { return };
    let truncated = foreign.get(2).is_some_and(|flags| flags & 0x02 != 0);
    let mut fits = !truncated;
    reply.append(|out, at| {
        let first = question_name(out)?;
        let asked = PlainName::read(out, first.start, &first)?;
        let mut writer = Writer::behind(out, at);
        writer.know(target);
        let mut counts = [0u16; 3];
        for record in Records::behind(foreign, question.end + 4) {
            let record = record.filter(|_| fits)?;
            let back = record.section == 0
                && PlainName::read(foreign, record.owner, &question).is_some_and(|owner| owner.wire() == asked.wire());
            if record.section > 1 || back {
                break;
            }
            fits = writer.push(foreign, &question, &record, record.ttl).is_some();
            counts[usize::from(record.section)] += 1;
        }
        fits.then_some((writer.length(), counts))
    });
    if !fits {
        reply.set_truncated();
    }
}

/// Where the targets of the CNAME records in the answer section of a message stand, in their order.
pub(crate) fn alias_targets(message: &[u8]) -> impl Iterator<Item = usize> {
    let behind = question_name(message).map_or(message.len(), |name| name.end + 4);
    let answers = Records::behind(message, behind).map_while(|record| record.filter(|record| record.section == 0));
    answers.filter(|record| record.rtype == CNAME).map(|record| record.data)
}

/// Where the name of the question stands.
fn question_name(message: &[u8]) -> Option<Range<usize>> {
    let length = wire_len(message.get(HEADER..)?).ok()?;
    Some(HEADER..HEADER + length)
}
