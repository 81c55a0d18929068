//! Keeps the copies of lists of blocked names fresh that come from URLs, on a thread of its own. It changes files only: the
//! watch notices those, and the next load takes them in.

use crate::config::Settings;
use crate::forward::FetchLimits;
use crate::forward::Kept;
use crate::forward::fetch;
use std::collections::HashMap;
use std::io;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Tells the fetching thread what to fetch; dropping it ends the thread, after the list that it is fetching.
#[derive(Debug)]
pub(super) struct Fetching {
    sender: Sender<Vec<Kept>>,
}

/// Seconds until a URL that failed is tried again: then twice as many each time, but no more than its refresh.
const FIRST_RETRY: u64 = 10;
const LONGEST_RETRY: u64 = 3600;

/// The longest wait without a look at the clock, in seconds: it may be set.
const LOOK: u64 = 600;

impl Fetching {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn start(settings: &Settings) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let fetching = Fetching { sender };
        fetching.follow(settings);
        thread::Builder::new().name("lists".to_owned()).spawn(move || {
            Rounds { wanted: Vec::new(), failures: HashMap::new() }.run(&receiver);
        })?;
        Ok(fetching)
    }

    /// Fetches what these settings name from now on.
    pub(super) fn follow(&self, settings: &Settings) {
        let _ = self.sender.send(Kept::of(settings).map(|(_, kept)| kept).collect());
    }
}

struct Rounds {
    wanted: Vec<Kept>,
    /// By URL: how often it failed in a row, and when it did last.
    failures: HashMap<String, (u32, u64)>,
}

impl Rounds {
    fn run(mut self, receiver: &Receiver<Vec<Kept>>) {
        loop {
            let now = seconds();
            let next = self.wanted.iter().map(|kept| (self.due(kept, now), kept)).min_by_key(|(due, _)| *due);
            let wait = match next {
                None => LOOK,
                Some((due, _)) => due.saturating_sub(now).min(LOOK),
            };
            match receiver.recv_timeout(Duration::from_secs(wait)) {
                Ok(wanted) => {
                    self.failures.retain(|url, _| wanted.iter().any(|kept| kept.url == *url));
                    self.wanted = wanted;
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some((due, kept)) = next
                        && due <= seconds()
                    {
                        let outcome = fetch(kept, FetchLimits::default(), seconds());
                        let url = kept.url.clone();
                        self.note(url, outcome.err().map(|error| error.to_string()));
                    }
                }
            }
        }
    }

    fn note(&mut self, url: String, failed: Option<String>) {
        match failed {
            None => {
                if self.failures.remove(&url).is_some() {
                    tracing::info!("{url} is fetched again");
                }
            }
            // The finding of the next load tells it to people.
            Some(error) => {
                tracing::debug!("{url} cannot be fetched: {error}");
                let (count, at) = self.failures.entry(url).or_default();
                (*count, *at) = (count.saturating_add(1), seconds());
            }
        }
    }

    /// When a URL is to be fetched, in seconds since 1970. A tenth more or less than it says, always the same for a URL, so
    /// that not everybody comes at once.
    fn due(&self, kept: &Kept, now: u64) -> u64 {
        let refresh = u64::from(kept.refresh);
        if let Some((count, at)) = self.failures.get(&kept.url) {
            let wait = FIRST_RETRY << (count - 1).min(16);
            return at.saturating_add(wait.min(LONGEST_RETRY).min(refresh));
        }
        let good = kept.fetched().good;
        // A clock that was set back must not put it off for ever.
        if good > now {
            return now;
        }
        let spread = kept.url.bytes().fold(0u64, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet.into()));
        good.saturating_add(refresh * (90 + spread % 21) / 100)
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A URL is fetched at once when there is no copy, about as often as it says when all is well, and ever more rarely
    /// when it fails.
    #[test]
    fn urls_are_fetched_when_they_are_due() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept {
            url: "http://a.example/list".into(),
            refresh: 86_400,
            copy: folder.path().join("a.list"),
            state: folder.path().join("a.json"),
        };
        let mut rounds = Rounds { wanted: vec![kept.clone()], failures: HashMap::new() };
        let now = 1_000_000_000;
        assert!(rounds.due(&kept, now) <= now, "never fetched");
        std::fs::write(&kept.copy, "a.example\n").unwrap();
        std::fs::write(&kept.state, format!(r#"{{"good": {now}}}"#)).unwrap();
        let due = rounds.due(&kept, now) - now;
        assert!((77_760..=95_040).contains(&due), "{due}");
        assert_eq!(rounds.due(&kept, now - 5), now - 5, "the clock went back");
        let waits: Vec<u64> = (1..=20u32)
            .map(|count| {
                rounds.failures.insert(kept.url.clone(), (count, now));
                rounds.due(&kept, now) - now
            })
            .collect();
        assert_eq!(waits[..4], [10, 20, 40, 80]);
        assert_eq!(waits[19], LONGEST_RETRY);
        rounds.note(kept.url.clone(), None);
        assert!(rounds.failures.is_empty());
    }
}
