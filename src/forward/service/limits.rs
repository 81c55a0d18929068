//! How much may wait at once, who waits for how much, and the log lines about those who wanted more.

use crate::forward::ask::Note;
use crate::forward::service::question::reason;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Clients that wait for one question.
pub(super) const WAITERS: usize = 1024;

/// Questions under way in all.
pub(super) const QUESTIONS: usize = 16_384;

/// How many questions each client waits for.
#[derive(Debug, Default)]
pub(super) struct Clients(HashMap<IpAddr, usize>);

impl Clients {
    /// True when a client waits for less than `limit` answers.
    pub(super) fn has_room(&self, client: IpAddr, limit: usize) -> bool {
        self.0.get(&client).copied().unwrap_or_default() < limit
    }

    /// One more.
    pub(super) fn take(&mut self, client: IpAddr) {
        *self.0.entry(client).or_default() += 1;
    }

    /// One less.
    pub(super) fn give(&mut self, client: IpAddr) {
        if let Entry::Occupied(mut count) = self.0.entry(client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// A limit that a client has run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// `per_client`
    Client(usize),
    /// [`WAITERS`]
    Question,
    /// [`QUESTIONS`]
    All,
    /// `per_upstream`, at every upstream.
    Upstream(usize),
}

impl Limit {
    pub(super) fn note(self) -> Note {
        Note::new(reason::OTHER, &self.to_string())
    }

    fn place(self) -> usize {
        match self {
            Limit::Client(_) => 0,
            Limit::Question => 1,
            Limit::All => 2,
            Limit::Upstream(_) => 3,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Client(limit) => write!(f, "this client waits for {limit} answers already (forward.per_client)"),
            Limit::Question => write!(f, "{WAITERS} clients wait for this answer already"),
            Limit::All => write!(f, "{QUESTIONS} questions wait for upstreams already"),
            Limit::Upstream(limit) => {
                write!(f, "each upstream has {limit} questions to answer already (forward.per_upstream)")
            }
        }
    }
}

/// Says which limits were reached, each once a minute.
#[derive(Debug, Default)]
pub(super) struct Complaints([Option<Complaint>; 4]);

#[derive(Debug, Clone, Copy)]
struct Complaint {
    said: Instant,
    unsaid: u64,
}

const PAUSE: Duration = Duration::from_secs(60);

impl Complaints {
    pub(super) fn say(&mut self, limit: Limit, client: Option<IpAddr>, now: Instant) {
        let last = &mut self.0[limit.place()];
        if let Some(last) = last
            && now.saturating_duration_since(last.said) < PAUSE
        {
            last.unsaid += 1;
            return;
        }
        let unsaid = last.map_or(0, |last| last.unsaid);
        let client = client.map_or_else(|| "the server itself".to_owned(), |client| client.to_string());
        tracing::warn!("a question of {client} was not forwarded: {limit}; {unsaid} more since this was said last");
        *last = Some(Complaint { said: now, unsaid: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client has its share and no more, and what it gives back is its own again.
    #[test]
    fn clients_have_their_share() {
        let mut clients = Clients::default();
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let other: IpAddr = "2001:db8::1".parse().unwrap();
        for client in [one, one, other] {
            assert!(clients.has_room(client, 2));
            clients.take(client);
        }
        assert!(!clients.has_room(one, 2) && clients.has_room(other, 2));
        clients.give(one);
        assert!(clients.has_room(one, 2) && !clients.has_room(one, 1));
        for client in [one, other, other] {
            clients.give(client);
        }
        assert!(clients.0.is_empty(), "nothing is kept of those who wait for nothing");
        assert!(!clients.has_room(one, 0));
    }
}
