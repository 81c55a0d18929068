//! What one batch of a UDP worker counted, so that the shared counters are written once for all of it.

use crate::counters::Carried;
use crate::counters::ELSEWHERE;
use crate::counters::Event;
use crate::counters::PLACES;
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
    /// By horizon and by RCODE.
    pub(super) replies: [[u16; 16]; PLACES],
    /// One bit for each horizon that has any.
    pub(super) touched: u16,
}

impl Tally {
    /// Counts a reply to a client of the horizon with this place; there are fewer in a batch than 65,536.
    pub(super) fn count(&mut self, place: usize, reply: &[u8]) {
        let [_, _, flags, rcode, ..] = *reply else { return };
        let place = place.min(ELSEWHERE);
        self.replies[place][usize::from(rcode & 0x0F)] += 1;
        self.touched |= 1 << place;
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
        let mut touched = self.touched;
        while touched != 0 {
            let place = touched.trailing_zeros() as usize;
            touched &= touched - 1;
            for (rcode, count) in (0u16..).zip(self.replies[place]).filter(|(_, count)| *count > 0) {
                counters.add_rcode(Carried::Udp, place, rcode, u64::from(count));
            }
        }
    }
}
