//! How long evidence counts, and when to look again. All in seconds.

use super::Basis;
use super::Key;

/// A probe that met the server, or met it with a fault.
pub const PROBED_FRESH: u64 = 6 * 3600;
/// The same while a certificate of the name expires within a third of its life.
pub const PROBED_FRESH_EXPIRING: u64 = 15 * 60;
/// After the first failed probe in a row, the second ..; the last holds for all further ones.
pub const BACK_OFF: [u64; 6] = [30, 60, 120, 300, 900, 3600];
/// After so many failed probes in a row a key is suspended.
pub const SUSPENDED_AFTER: u32 = 8;
/// Between probes of a suspended key.
pub const SUSPENDED: u64 = 6 * 3600;
/// What was seen of the CA.
pub const CA_OBSERVED_FRESH: u64 = 24 * 3600;
/// An issued certificate at most; half of its life when that is less.
pub const ISSUED_FRESH: u64 = 24 * 3600;
/// A CA may use a connection that it kept for so long, whatever the DNS says since: after a change nothing is concluded
/// from where it goes.
pub const KEPT_CONNECTION: u64 = 180;

/// How long a probe that met the server counts, before jitter.
pub fn probed_fresh(expiring: bool) -> u64 {
    if expiring { PROBED_FRESH_EXPIRING } else { PROBED_FRESH }
}

/// How long to wait after so many failed probes in a row, at least one, before jitter.
pub fn back_off(fails: u32) -> u64 {
    if fails >= SUSPENDED_AFTER {
        return SUSPENDED;
    }
    let place = usize::try_from(fails.saturating_sub(1)).unwrap_or(usize::MAX).min(BACK_OFF.len() - 1);
    BACK_OFF[place]
}

/// `seconds` made longer or shorter by up to a fifth, so that keys do not fall into step. The same for the same key and time.
pub fn spread(seconds: u64, key: &Key, now: u64) -> u64 {
    let fifth = seconds / 5;
    let dice = Basis::hash(&(key, now)) % (2 * fifth + 1);
    seconds - fifth + dice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Challenge;

    /// 30 s, 1, 2, 5, 15, 60 min; after eight failures 6 h.
    #[test]
    fn failed_probes_come_further_and_further_apart() {
        let table = [(0, 30), (1, 30), (2, 60), (3, 120), (4, 300), (5, 900), (6, 3600), (7, 3600), (8, 21600)];
        for (fails, expected) in table {
            assert_eq!(back_off(fails), expected, "{fails} failures");
        }
        assert_eq!(back_off(u32::MAX), 21600);
    }

    /// A fifth to either side, no more, and not all the same.
    #[test]
    fn jitter_is_a_fifth() {
        let key = |name: &str| Key {
            ca: String::new(),
            name: name.to_owned(),
            horizon: "internal".to_owned(),
            challenge: Challenge::Http01,
        };
        let mut seen = std::collections::BTreeSet::new();
        for at in 0..200 {
            let spread = spread(PROBED_FRESH, &key(&format!("n{at}.example")), 1000 + at);
            assert!((17280..=25920).contains(&spread), "{spread}");
            seen.insert(spread);
        }
        assert!(seen.len() > 150, "only {} different spans of 200", seen.len());
        assert_eq!(spread(0, &key("a"), 1), 0);
        assert_eq!(spread(4, &key("a"), 1), 4, "too short to spread");
    }
}
