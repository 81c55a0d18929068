//! What wakes the loop for its next timer.
//!
//! A wait with a time limit sets a timer of the system and takes it back each time something comes before, which is nearly
//! always; on a virtual machine each of the two may cost as much as the rest of the wait. An alarm stays as it is until it
//! goes off or has to go off earlier.

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// A timer of the system that makes an event.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: OwnedFd,
    /// When it goes off, unless it has.
    at: Option<Instant>,
}

/// An alarm never waits for nothing: to set one to no time at all would take it back.
const SOONEST: Duration = Duration::from_micros(1);

impl Alarm {
    /// An alarm that is not set. It makes events with this token.
    ///
    /// # Errors
    /// The system has no timer for it.
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Alarm { timer, at: None })
    }

    /// Sees to it that there is an event then, or before.
    pub(super) fn set(&mut self, at: Instant) {
        if self.at.is_some_and(|set| set <= at) {
            return;
        }
        let wait = at.saturating_duration_since(Instant::now()).max(SOONEST);
        let wait =
            Timespec { tv_sec: wait.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: wait.subsec_nanos().into() };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: wait };
        if timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once).is_ok() {
            self.at = Some(at);
        }
    }

    /// Says that its event has come. It need not be read: the next setting makes it quiet.
    pub(super) fn went_off(&mut self) {
        self.at = None;
    }

    /// False when it could not be set, so that a wait needs a limit of its own.
    pub(super) fn is_set(&self) -> bool {
        self.at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Events, Poll};

    /// It goes off at the earliest time that was set, each time that it is set.
    #[test]
    fn it_goes_off_in_time() {
        let mut poll = Poll::new().unwrap();
        let mut alarm = Alarm::new(poll.registry(), Token(7)).unwrap();
        let mut events = Events::with_capacity(4);
        for _ in 0..3 {
            let start = Instant::now();
            alarm.set(start + Duration::from_secs(60));
            alarm.set(start + Duration::from_millis(20));
            alarm.set(start + Duration::from_secs(30));
            poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            assert!(
                events.iter().any(|event| event.token() == Token(7)) && start.elapsed() >= Duration::from_millis(20)
            );
            alarm.went_off();
            // A time that has passed.
            alarm.set(start);
            poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            assert!(events.iter().any(|event| event.token() == Token(7)));
            alarm.went_off();
        }
    }
}
