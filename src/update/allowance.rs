//! How many replies to wrong signatures a client network gets, so that nobody can make this server talk for them.

use std::net::IpAddr;
use std::time::Duration;
use std::time::Instant;

/// Replies to wrong signatures, counted for each client network (IPv4 /24, IPv6 /56). Networks that share a place share its
/// count; memory is fixed.
///
/// Whether a signature is right is looked at all the same: or else whoever forges a client's address could lock it out.
#[derive(Debug)]
pub(super) struct Allowance {
    places: Box<[Place]>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    since: Instant,
    replies: u32,
}

/// Networks that are told apart; a power of two.
const PLACES: usize = 4096;

/// Replies to one network within [`PERIOD`]: a person who tries keys gets every one, a program in a loop does not.
pub(super) const MOST: u32 = 50;

/// After so long a network starts anew.
const PERIOD: Duration = Duration::from_secs(10);

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Allowance { places: vec![Place { since: now, replies: 0 }; PLACES].into_boxed_slice() }
    }

    /// Takes one reply off what the client's network may have; false when it has had all.
    pub(super) fn take(&mut self, client: IpAddr, now: Instant) -> bool {
        let network = match client.to_canonical() {
            IpAddr::V4(address) => u64::from(u32::from(address) >> 8),
            IpAddr::V6(address) => (u128::from(address) >> 72) as u64 | 1 << 63,
        };
        let at = network.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PLACES.trailing_zeros());
        let Some(place) = self.places.get_mut(at as usize) else { return false };
        if now.saturating_duration_since(place.since) >= PERIOD {
            *place = Place { since: now, replies: 0 };
        }
        place.replies = place.replies.saturating_add(1);
        place.replies <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network gets so many replies in a while and then none; others, and the same one later, do.
    #[test]
    fn replies_to_wrong_signatures_end() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        let taken = (0..3 * MOST).filter(|_| allowance.take(client, start)).count();
        assert_eq!(taken, MOST as usize);
        assert!(!allowance.take("192.0.2.99".parse().unwrap(), start), "the same network");
        assert!(!allowance.take("::ffff:192.0.2.7".parse().unwrap(), start), "the same, over an IPv6 socket");
        assert!(allowance.take("198.51.100.1".parse().unwrap(), start), "another one");
        assert!(allowance.take("2001:db8::1".parse().unwrap(), start));
        assert!(allowance.take(client, start + PERIOD), "later");
    }
}
