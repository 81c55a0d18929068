//! Updates that come twice: each signature is good for one update (RFC 8945 section 10, RFC 3007 section 3).

use crate::dns::Rcode;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;

/// The signatures that are still in time, by key.
#[derive(Debug, Default)]
pub(super) struct Replays {
    keys: HashMap<String, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// In the order in which they came.
    updates: VecDeque<Known>,
}

/// What a signature is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The key's name in lower case.
    pub(super) key: String,
    /// When it was signed, in seconds since 1970.
    pub(super) time: u64,
    /// Seconds for which it is good before and after that.
    pub(super) fudge: u16,
    pub(super) mac: Vec<u8>,
    pub(super) client: IpAddr,
}

#[derive(Debug)]
struct Known {
    time: u64,
    /// The last second at which it would be in time.
    until: u64,
    mac: Vec<u8>,
    client: IpAddr,
    /// None while it is at work.
    outcome: Option<Rcode>,
}

/// What to do with an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Novelty {
    /// It is new: do it.
    New,
    /// It is at work: its client asks again because it waits, and will have the answer.
    AtWork,
    /// The key's last update, from the same client: it asks again because the answer was lost. Nothing is done twice.
    Again(Rcode),
    /// Somebody sends again what was done before.
    Replayed,
    /// The key has signed as many updates as are kept in so short a time.
    TooMany,
}

/// Updates of one key that are remembered while they are in time: with the usual fudge of 300 s, seven in each second.
const MOST: usize = 4096;

impl Replays {
    /// Looks at an update, and remembers it when it is new; `now` in seconds since 1970.
    pub(super) fn look(&mut self, stamp: &Stamp, now: u64) -> Novelty {
        self.forget(now);
        let seen = self.keys.entry(stamp.key.clone()).or_default();
        let same = |known: &Known| known.time == stamp.time && known.mac == stamp.mac;
        if let Some(at) = seen.updates.iter().position(same) {
            let last = at + 1 == seen.updates.len();
            let known = &seen.updates[at];
            return match known.outcome {
                None => Novelty::AtWork,
                Some(rcode) if last && known.client == stamp.client => Novelty::Again(rcode),
                Some(_) => Novelty::Replayed,
            };
        }
        if seen.updates.len() >= MOST {
            return Novelty::TooMany;
        }
        let until = stamp.time.saturating_add(stamp.fudge.into());
        let Stamp { time, client, .. } = *stamp;
        seen.updates.push_back(Known { time, until, mac: stamp.mac.clone(), client, outcome: None });
        Novelty::New
    }

    /// Notes what became of an update.
    pub(super) fn done(&mut self, stamp: &Stamp, outcome: Rcode) {
        let Some(seen) = self.keys.get_mut(&stamp.key) else { return };
        let same = |known: &&mut Known| known.time == stamp.time && known.mac == stamp.mac;
        if let Some(known) = seen.updates.iter_mut().find(same) {
            known.outcome = Some(outcome);
        }
    }

    /// Forgets an update that was not begun: it may come again.
    pub(super) fn undone(&mut self, stamp: &Stamp) {
        let Some(seen) = self.keys.get_mut(&stamp.key) else { return };
        seen.updates.retain(|known| known.time != stamp.time || known.mac != stamp.mac);
    }

    /// Drops what is out of time: its signature is refused for that.
    fn forget(&mut self, now: u64) {
        for seen in self.keys.values_mut() {
            seen.updates.retain(|known| known.until >= now);
        }
        self.keys.retain(|_, seen| !seen.updates.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(time: u64, mac: &[u8], client: &str) -> Stamp {
        Stamp { key: "k".to_owned(), time, fudge: 300, mac: mac.to_vec(), client: client.parse().unwrap() }
    }

    /// One signature does one update: a lost answer is said again, anything else that comes twice is refused.
    #[test]
    fn a_signature_is_good_once() {
        let mut replays = Replays::default();
        let first = stamp(1000, b"a", "192.0.2.1");
        assert_eq!(replays.look(&first, 1000), Novelty::New);
        assert_eq!(replays.look(&first, 1001), Novelty::AtWork);
        replays.done(&first, Rcode::NOERROR);
        assert_eq!(replays.look(&first, 1002), Novelty::Again(Rcode::NOERROR));
        let elsewhere = stamp(1000, b"a", "192.0.2.2");
        assert_eq!(replays.look(&elsewhere, 1002), Novelty::Replayed, "from another machine");
        let second = stamp(1001, b"b", "192.0.2.1");
        assert_eq!(replays.look(&second, 1003), Novelty::New);
        replays.done(&second, Rcode::NXRRSET);
        assert_eq!(replays.look(&first, 1004), Novelty::Replayed, "it would undo what came after it");
        assert_eq!(replays.look(&second, 1004), Novelty::Again(Rcode::NXRRSET));
        assert_eq!(replays.look(&stamp(1001, b"c", "192.0.2.1"), 1004), Novelty::New, "another one of the same second");
    }

    /// What was not begun may come again; what is out of time takes no memory; one key has so many and no more.
    #[test]
    fn what_is_remembered_is_bounded() {
        let mut replays = Replays::default();
        let first = stamp(1000, b"a", "192.0.2.1");
        assert_eq!(replays.look(&first, 1000), Novelty::New);
        replays.undone(&first);
        for number in 0..MOST as u32 {
            assert_eq!(replays.look(&stamp(1000, &number.to_be_bytes(), "192.0.2.1"), 1000), Novelty::New);
        }
        assert_eq!(replays.look(&first, 1300), Novelty::TooMany);
        assert_eq!(replays.look(&first, 1301), Novelty::New);
        assert_eq!(replays.keys["k"].updates.len(), 1);
    }
}
