//! What is done once a second while the server serves: the notes of what was asked are taken in, and what the kernel dropped
//! is counted. Both would cost the workers a look at each query.

use super::udp;
use crate::counters::{Counters, Event};
use crate::query::{Feed, Recent};
use std::net::UdpSocket;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// What the listeners have looked after.
#[derive(Debug)]
pub(super) struct Pulse {
    pub(super) recent: Arc<Recent>,
    pub(super) feed: Arc<Feed>,
    counters: Arc<Counters>,
    watched: Mutex<Vec<Watched>>,
}

#[derive(Debug)]
struct Watched {
    socket: Weak<UdpSocket>,
    /// What the kernel had dropped there when it was asked last.
    dropped: u32,
}

const PERIOD: Duration = Duration::from_secs(1);

/// Looks after things until nobody else holds them.
pub(super) async fn beat(pulse: Weak<Pulse>) {
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        let Some(pulse) = pulse.upgrade() else { return };
        pulse.recent.tick();
        pulse.count_drops();
    }
}

impl Pulse {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Pulse { recent: Arc::new(Recent::new()), feed: Arc::new(Feed::new()), counters, watched: Mutex::default() }
    }

    /// Counts from now on what the kernel drops at a socket.
    pub(super) fn watch(&self, socket: &Arc<UdpSocket>) {
        let watched = Watched { socket: Arc::downgrade(socket), dropped: 0 };
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).push(watched);
    }

    /// Adds what the kernel has dropped since it was asked last.
    pub(super) fn count_drops(&self) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain_mut(|watched| {
            let Some(socket) = watched.socket.upgrade() else { return false };
            if let Some(dropped) = udp::dropped(&*socket) {
                // The kernel counts in 32 bits.
                let new = dropped.wrapping_sub(watched.dropped);
                watched.dropped = dropped;
                if new > 0 {
                    self.counters.add(Event::DroppedByKernel, u64::from(new));
                }
            }
            true
        });
    }
}
