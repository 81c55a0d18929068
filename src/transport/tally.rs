//! What one batch of a UDP worker counted, so that the shared counters are written once for all of it.

use crate::counters::Event;
use crate::counters::RCODES;
use crate::counters::Worker;

/// Counts of one batch, added to the shared counters once.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) received: u64,
    pub(super) dropped: u64,
    pub(super) truncated: u64,
    pub(super) held: u64,
    pub(super) slipped: u64,
    pub(super) not_forwarded: u64,
    pub(super) signed_not_taken: u64,
    /// Questions laid before the forwarder, which is to be woken.
    pub(super) forwarded: usize,
    pub(super) replies: [u32; RCODES],
}

impl Tally {
    pub(super) fn count(&mut self, reply: &[u8]) {
        let [_, _, flags, rcode, ..] = *reply else { return };
        self.replies[usize::from(rcode & 0x0F)] += 1;
        self.truncated += u64::from(flags >> 1 & 1);
    }

    pub(super) fn hand_over(&self, counters: &Worker, lost: u64) {
        let events = [
            (Event::QueriesUdp, self.received),
            (Event::Dropped, self.dropped),
            (Event::Truncated, self.truncated),
            (Event::SendFailed, lost),
            (Event::RateDropped, self.held),
            (Event::RateSlipped, self.slipped),
            (Event::NotForwarded, self.not_forwarded),
            (Event::SignedNotTaken, self.signed_not_taken),
        ];
        for (event, count) in events.into_iter().filter(|(_, count)| *count > 0) {
            counters.add(event, count);
        }
        for (rcode, count) in (0u16..).zip(self.replies).filter(|(_, count)| *count > 0) {
            counters.add_rcode(rcode, u64::from(count));
        }
    }
}
