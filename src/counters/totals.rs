//! All workers' counters and their sum.

use super::latency::Times;
use super::worker::{Carried, Event, PLACES, RCODES, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The counters of all workers.
#[derive(Debug)]
pub struct Counters {
    workers: Box<[Arc<Worker>]>,
    next: AtomicUsize,
}

/// The sum over all workers at about one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    events: [u64; Event::ALL.len()],
    /// Replies by RCODE (RFC 6895 section 2.3); greater codes count as the last.
    pub replies: [u64; RCODES],
    /// The same by what carried them and by the place of the client's horizon.
    pub by_horizon: [[[u64; RCODES]; PLACES]; Carried::ALL.len()],
    /// How long those took that were looked at.
    pub times: Times,
}

impl Counters {
    /// Counters for about so many workers; further workers share, which is right but slower.
    pub fn new(workers: usize) -> Self {
        let workers = (0..workers.max(1)).map(|_| Arc::default()).collect();
        Counters { workers, next: AtomicUsize::new(0) }
    }

    /// The counters for the next worker to start, in turn.
    pub fn worker(&self) -> Arc<Worker> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.workers[next % self.workers.len()])
    }

    /// Counts an event of the server as a whole.
    pub fn count(&self, event: Event) {
        self.workers[0].count(event);
    }

    /// Counts an event of the server as a whole `n` times.
    pub fn add(&self, event: Event, n: u64) {
        self.workers[0].add(event, n);
    }

    /// Sums up; costs one load per counter and worker.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            events: [0; Event::ALL.len()],
            replies: [0; RCODES],
            by_horizon: [[[0; RCODES]; PLACES]; Carried::ALL.len()],
            times: Times::default(),
        };
        for worker in &self.workers {
            for (sum, event) in totals.events.iter_mut().zip(Event::ALL) {
                *sum += worker.events(event);
            }
            for carried in Carried::ALL {
                for place in 0..PLACES {
                    for rcode in 0..RCODES {
                        let count = worker.replies(carried, place, rcode);
                        totals.by_horizon[carried as usize][place][rcode] += count;
                        totals.replies[rcode] += count;
                    }
                }
            }
            worker.add_times(&mut totals.times);
        }
        totals
    }
}

impl Totals {
    /// How often an event was counted.
    pub fn of(&self, event: Event) -> u64 {
        self.events[event as usize]
    }

    /// Messages received over all transports.
    pub fn queries(&self) -> u64 {
        Carried::ALL.into_iter().map(|carried| self.of(carried.asked())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum holds what every worker counted, also when workers share.
    #[test]
    fn totals_are_the_sum_over_workers() {
        let counters = Counters::new(2);
        for _ in 0..5 {
            let worker = counters.worker();
            worker.count(Event::QueriesUdp);
            worker.add(Event::QueriesTcp, 2);
            worker.count(Carried::Quic.asked());
            worker.count_reply(Carried::Tcp, 1, &[0, 0, 0x82, 0x03]);
        }
        counters.worker().add_rcode(Carried::Udp, 99, 999, 1);
        counters.worker().add_latency(9, 2);
        let totals = counters.totals();
        assert_eq!(totals.queries(), 20, "over every transport");
        assert_eq!(totals.replies[3], 5);
        assert_eq!(totals.replies[RCODES - 1], 1);
        assert_eq!(totals.by_horizon[Carried::Tcp as usize][1][3], 5);
        assert_eq!(
            totals.by_horizon[Carried::Udp as usize][PLACES - 1][RCODES - 1],
            1,
            "what is beyond shares the last"
        );
        assert_eq!((totals.times.count(), totals.times.sum), (2, 18));
        assert_eq!(totals.of(Event::Truncated), 5);
        assert_eq!(totals.of(Event::Dropped), 0);
    }

    /// `Event::ALL` is in the order of declaration, so that an event is its own index.
    #[test]
    fn each_event_is_its_own_index() {
        for (index, event) in Event::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, index);
        }
    }
}
