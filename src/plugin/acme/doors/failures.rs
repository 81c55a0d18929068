//! Wrong credentials: counted by client, told in the log once in a while.
//!
//! Right credentials are taken whatever happened before: behind one address there may be many containers, and one with a
//! wrong password must not lock out the others. Passwords hold too many bits to be guessed; what is bounded is what wrong
//! ones cost: each costs the same small work, beyond the pace also the connection, and the log a line a minute.

use crate::config::Prefix;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// Wrong credentials at once from one client.
const BURST: f64 = 10.0;
/// And from then on one in so many seconds.
const REFILL: f64 = 6.0;
/// Clients that are told apart; others share what is left.
const CLIENTS: usize = 1024;
/// Between two lines in the log about one client.
const QUIET: Duration = Duration::from_secs(60);

/// Whether a client fails more often than a person would who corrects a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Slow,
    TooFast,
}

/// What failed lately.
#[derive(Debug, Default)]
pub(super) struct Failures {
    clients: Mutex<HashMap<Prefix, Failed>>,
}

#[derive(Debug)]
struct Failed {
    left: f64,
    at: Instant,
    told: Option<Instant>,
    untold: u64,
}

impl Failures {
    /// Notes one failure of `client`, an IPv6 one with its /56.
    pub(super) fn note(&self, client: IpAddr, door: &str) -> Pace {
        self.note_at(client, door, Instant::now()).0
    }

    /// The same at some time; also how many failures the log was told of.
    fn note_at(&self, client: IpAddr, door: &str, now: Instant) -> (Pace, u64) {
        let client = client.to_canonical();
        let network = Prefix::new(client, if client.is_ipv4() { 32 } else { 56 });
        // No code that could panic runs under this lock.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CLIENTS && !clients.contains_key(&network) {
            clients.retain(|_, failed| now.saturating_duration_since(failed.at) < QUIET);
            if clients.len() >= CLIENTS {
                return (Pace::TooFast, 0);
            }
        }
        let failed = clients.entry(network).or_insert(Failed { left: BURST, at: now, told: None, untold: 0 });
        let since = now.saturating_duration_since(failed.at).as_secs_f64();
        failed.left = (failed.left + since / REFILL).min(BURST);
        failed.at = now;
        failed.untold += 1;
        let mut told = 0;
        if failed.told.is_none_or(|told| now.saturating_duration_since(told) >= QUIET) {
            told = std::mem::take(&mut failed.untold);
            failed.told = Some(now);
        }
        let pace = if failed.left >= 1.0 { Pace::Slow } else { Pace::TooFast };
        failed.left = (failed.left - 1.0).max(0.0);
        drop(clients);
        if told > 0 {
            tracing::warn!("{told} wrong credentials for {door} from {client}; see `zonectl acme token list`");
        }
        (pace, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pace is bounded for each client, the log for each minute, memory for all.
    #[test]
    fn failures_are_paced_and_told_once_a_minute() {
        let failures = Failures::default();
        let start = Instant::now();
        let note = |client: &str, second: u64| {
            failures.note_at(client.parse().unwrap(), "httpreq", start + Duration::from_secs(second))
        };
        assert_eq!(note("192.0.2.1", 0), (Pace::Slow, 1), "the first one is told at once");
        for _ in 0..9 {
            assert_eq!(note("192.0.2.1", 0), (Pace::Slow, 0));
        }
        assert_eq!(note("192.0.2.1", 0), (Pace::TooFast, 0));
        assert_eq!(note("192.0.2.2", 0).0, Pace::Slow, "others are others");
        assert_eq!(note("192.0.2.1", 7).0, Pace::Slow, "one more after six seconds");
        assert_eq!(note("192.0.2.1", 7).0, Pace::TooFast);
        assert_eq!(note("192.0.2.1", 61), (Pace::Slow, 13), "the others are told together");
        for count in 0..2000u32 {
            note(&format!("10.1.{}.{}", count / 256, count % 256), 62);
        }
        assert!(failures.clients.lock().unwrap().len() <= CLIENTS);
        assert_eq!(note("2001:db8:0:1::1", 200).0, Pace::Slow, "room is made of what is over");
        for _ in 0..9 {
            note("2001:db8:0:2::1", 200);
        }
        assert_eq!(note("2001:db8:0:3::1", 200).0, Pace::TooFast, "one /56");
    }
}
