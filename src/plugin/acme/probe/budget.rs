//! Rule 5 of safe probing: how much at once, how often one, how often all. Pure: the caller brings the time.

use crate::config::Challenge;
use crate::dns::Name;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Requests under way to one address, and in all.
const AT_ONCE: usize = 4;
/// Between two probes of one name and challenge in a horizon.
const KEY_REST: Duration = Duration::from_secs(60);
/// Between two requests to one address.
const ADDRESS_REST: Duration = Duration::from_secs(5);
/// Requests a minute in all, and how many may come at once after a rest.
const PER_MINUTE: u32 = 30;
/// What was probed longer ago than this is forgotten.
const MEMORY: Duration = Duration::from_secs(120);
/// The first probes after a start, or after a reload that changes many names, are spread over this time.
pub const SPREAD: Duration = Duration::from_secs(600);

/// What is probed: a name in a horizon by a challenge.
type Key = (String, Name, Challenge);

/// Who may be asked now.
#[derive(Debug)]
pub struct Budget {
    tokens: f64,
    filled: Instant,
    under_way: HashSet<IpAddr>,
    keys: HashMap<Key, Instant>,
    addresses: HashMap<IpAddr, Instant>,
}

/// A request that may go out; it counts as under way until it is given back.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "give it back when the answer is there"]
pub struct Pass {
    address: IpAddr,
}

/// Why not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// So long at least.
    For(Duration),
    /// Until something that is under way has ended.
    ForOthers,
}

impl Budget {
    /// With a full bucket.
    pub fn new(now: Instant) -> Self {
        Budget {
            tokens: f64::from(PER_MINUTE),
            filled: now,
            under_way: HashSet::new(),
            keys: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    /// A probe of this name begins: its addresses are asked one after the other.
    ///
    /// # Errors
    /// [`Wait::For`] less than 60 seconds after the one before.
    pub fn begin(&mut self, horizon: &str, name: &Name, challenge: Challenge, now: Instant) -> Result<(), Wait> {
        self.forget(now);
        let key = (horizon.to_owned(), name.clone(), challenge);
        if let Some(wait) = self.keys.get(&key).and_then(|last| rest(*last, KEY_REST, now)) {
            return Err(Wait::For(wait));
        }
        self.keys.insert(key, now);
        Ok(())
    }

    /// A request to this address.
    ///
    /// # Errors
    /// [`Wait`].
    pub fn take(&mut self, address: IpAddr, now: Instant) -> Result<Pass, Wait> {
        self.forget(now);
        if self.under_way.len() >= AT_ONCE || self.under_way.contains(&address) {
            return Err(Wait::ForOthers);
        }
        if let Some(wait) = self.addresses.get(&address).and_then(|last| rest(*last, ADDRESS_REST, now)) {
            return Err(Wait::For(wait));
        }
        let per_second = f64::from(PER_MINUTE) / 60.0;
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * per_second;
        self.tokens = (self.tokens + gained).min(f64::from(PER_MINUTE));
        self.filled = now;
        if self.tokens < 1.0 {
            return Err(Wait::For(Duration::from_secs_f64((1.0 - self.tokens) / per_second)));
        }
        self.tokens -= 1.0;
        self.under_way.insert(address);
        self.addresses.insert(address, now);
        Ok(Pass { address })
    }

    /// The answer is there, or none will come.
    pub fn give_back(&mut self, pass: &Pass, now: Instant) {
        self.under_way.remove(&pass.address);
        // A rest counts from the end.
        self.addresses.insert(pass.address, now);
    }

    fn forget(&mut self, now: Instant) {
        self.keys.retain(|_, last| now.saturating_duration_since(*last) < MEMORY);
        self.addresses.retain(|_, last| now.saturating_duration_since(*last) < MEMORY);
    }
}

/// How much of a rest is left.
fn rest(last: Instant, rest: Duration, now: Instant) -> Option<Duration> {
    rest.checked_sub(now.saturating_duration_since(last)).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// Rule 5: one request to an address at a time, four in all.
    #[test]
    fn few_at_once() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let passes: Vec<Pass> = (0..4).map(|last| budget.take(address(last), now).unwrap()).collect();
        assert_eq!(budget.take(address(9), now), Err(Wait::ForOthers), "four are under way");
        budget.give_back(&passes[0], now);
        assert_eq!(budget.take(address(1), now), Err(Wait::ForOthers), "this one is under way");
        assert_eq!(budget.take(address(0), now), Err(Wait::For(Duration::from_secs(5))), "it was asked just now");
        assert!(budget.take(address(9), now).is_ok());
    }

    /// Rule 5: an address rests for 5 seconds, a name with its challenge for 60.
    #[test]
    fn each_rests() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let after = |seconds| now + Duration::from_secs(seconds);
        let pass = budget.take(address(1), now).unwrap();
        budget.give_back(&pass, after(2));
        assert_eq!(budget.take(address(1), after(6)), Err(Wait::For(Duration::from_secs(1))), "counted from its end");
        assert!(budget.take(address(1), after(7)).is_ok());
        let name = parse_name("a.example").unwrap();
        budget.begin("internal", &name, Challenge::Http01, now).unwrap();
        assert!(budget.begin("internal", &name, Challenge::TlsAlpn01, now).is_ok(), "another challenge");
        assert!(budget.begin("external", &name, Challenge::Http01, now).is_ok(), "another horizon");
        let wait = budget.begin("internal", &name, Challenge::Http01, after(59));
        assert_eq!(wait, Err(Wait::For(Duration::from_secs(1))));
        assert!(budget.begin("internal", &name, Challenge::Http01, after(60)).is_ok());
    }

    /// Rule 5: 30 requests a minute, whatever is asked for: over ten minutes at most 330, and never more than 60 in one.
    #[test]
    fn the_bucket_holds_a_flood_back() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        let mut sent: Vec<Duration> = Vec::new();
        for step in 0..6_000u32 {
            let now = start + Duration::from_millis(u64::from(step) * 100);
            for last in 0..=255 {
                if let Ok(pass) = budget.take(address(last), now) {
                    sent.push(now - start);
                    budget.give_back(&pass, now);
                }
            }
        }
        assert!((300..=330).contains(&sent.len()), "{}", sent.len());
        let window = Duration::from_secs(60);
        let most =
            sent.iter().map(|begin| sent.iter().filter(|at| *at >= begin && **at < *begin + window).count()).max();
        assert!(most <= Some(60), "{most:?}");
    }

    /// What is remembered has an end, however many names come.
    #[test]
    fn memory_is_bounded_in_time() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        for second in 0..1_000u64 {
            let name = parse_name(&format!("n{second}.example")).unwrap();
            let _ = budget.begin("internal", &name, Challenge::Http01, start + Duration::from_secs(second));
        }
        assert!(budget.keys.len() <= 121, "{}", budget.keys.len());
    }
}
