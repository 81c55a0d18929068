//! How many TCP connections there may be: in all, and from one client network. And how many octets they may hold together.
//!
//! Everything is given back when the guard is dropped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Connections that are open now.
#[derive(Debug)]
pub(super) struct Quota {
    in_all: usize,
    per_client: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    clients: HashMap<IpAddr, usize>,
}

/// One connection's place; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    quota: Arc<Quota>,
    client: IpAddr,
}

impl Quota {
    pub(super) fn new(in_all: usize, per_client: usize) -> Self {
        Quota { in_all, per_client, open: Mutex::default() }
    }

    /// Takes a place for a client; none when a cap is reached.
    pub(super) fn take(self: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let client = network(client);
        let mut open = self.open();
        if open.count >= self.in_all {
            return None;
        }
        let here = open.clients.entry(client).or_default();
        if *here >= self.per_client {
            return None;
        }
        *here += 1;
        open.count += 1;
        Some(Place { quota: Arc::clone(self), client })
    }

    /// How many are open.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.open().count
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // No code that could panic runs under this lock; the numbers are whole whatever happened.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.quota.open();
        open.count -= 1;
        if let Some(here) = open.clients.get_mut(&self.client) {
            *here -= 1;
            if *here == 0 {
                open.clients.remove(&self.client);
            }
        }
    }
}

/// Whom a client counts as: an IPv4 address itself, an IPv6 address its /56, which one household or guest network gets
/// (RFC 6177 section 2).
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !(u128::MAX >> 56))),
        v4 => v4,
    }
}

/// Octets that all connections hold together while they wait for the rest of a message or for a slow reader.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicUsize,
}

/// Octets of the budget that somebody is about to fill; dropping it gives them back.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    octets: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.swap(self.octets, 0);
    }
}

/// Octets held by one connection, within the budget.
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    octets: Vec<u8>,
}

impl Budget {
    pub(super) fn new(octets: usize) -> Self {
        Budget { left: AtomicUsize::new(octets) }
    }

    /// Nothing held yet.
    pub(super) fn empty(self: &Arc<Self>) -> Held {
        Held { budget: Arc::clone(self), octets: Vec::new() }
    }

    /// Takes so many octets without holding any yet; none when there is no room.
    pub(super) fn share(self: &Arc<Self>, octets: usize) -> Option<Share> {
        self.swap(0, octets).then(|| Share { budget: Arc::clone(self), octets })
    }

    fn swap(&self, back: usize, wanted: usize) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left + back).checked_sub(wanted)).is_ok()
    }
}

impl Held {
    /// Holds these octets instead of those before; false when the budget has no room: then nothing is held.
    pub(super) fn replace(&mut self, octets: &[u8]) -> bool {
        if octets.is_empty() {
            self.clear();
            return true;
        }
        if !self.budget.swap(self.octets.len(), octets.len()) {
            self.clear();
            return false;
        }
        self.octets = octets.to_vec();
        true
    }

    /// Lets everything go, its memory too.
    pub(super) fn clear(&mut self) {
        if !self.octets.is_empty() {
            self.budget.swap(self.octets.len(), 0);
            self.octets = Vec::new();
        }
    }

    /// What is held.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// True when nothing is held.
    pub(super) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client reaches its own cap first; an IPv6 client counts with its whole /56.
    #[test]
    fn caps_hold_and_places_come_back() {
        let quota = Arc::new(Quota::new(4, 2));
        let take = |text: &str| quota.take(text.parse().unwrap());
        let first = take("192.0.2.1").unwrap();
        let mapped = take("::ffff:192.0.2.1").unwrap();
        assert!(take("192.0.2.1").is_none(), "two from one address");
        let sixes = [take("2001:db8:0:1::1").unwrap(), take("2001:db8:0:ff::1").unwrap()];
        assert!(take("2001:db8:0:2::1").is_none(), "the same /56");
        assert!(take("2001:db8:0:100::1").is_none(), "four in all");
        drop(sixes);
        drop(first);
        assert!(take("192.0.2.1").is_some());
        drop(mapped);
        assert_eq!(quota.count(), 0);
    }

    /// The budget is whole again after every use.
    #[test]
    fn held_octets_count_once_and_come_back() {
        let budget = Arc::new(Budget::new(10));
        let mut one = budget.empty();
        let mut two = budget.empty();
        assert!(one.replace(b"123456"));
        assert!(one.replace(b"12345678"), "replacing gives the old ones back first");
        assert!(!two.replace(b"123"));
        assert!(two.is_empty());
        drop(one);
        assert!(two.replace(b"1234567890"));
        assert_eq!(two.octets(), b"1234567890");
        two.clear();
        let share = budget.share(10).unwrap();
        assert!(budget.share(1).is_none());
        drop(share);
        assert_eq!(budget.left.load(Ordering::Relaxed), 10);
    }
}
