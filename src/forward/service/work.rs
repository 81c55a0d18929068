//! The loop: waits for sockets, timers and the queue, and hands each event to what knows what to do.

use super::alarm::Alarm;
use super::forwarder::{Asking, Tools};
use super::limits::{Clients, Complaints};
use super::question::Question;
use super::queue::{Delivery, Inbox, Queue};
use super::random::Random;
use super::server::Servers;
use super::slab::{Id, Slab};
use super::sockets::Sockets;
use super::wheel::Wheel;
use crate::forward::cache::Reader;
use crate::pace::Gather;
use mio::{Events, Poll, Token};
use std::collections::HashMap;
use std::hash::RandomState;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The token of the queue's waker; sockets have theirs by their place.
pub(super) const WAKER: Token = Token(usize::MAX);

/// The token of the alarm.
const ALARM: Token = Token(usize::MAX - 1);

/// Everything that the loop works on. It belongs to one thread at a time: that of the loop while it works, not while it
/// waits.
pub(super) struct Work {
    pub(super) tools: Tools,
    pub(super) asking: Asking,
    pub(super) queue: Arc<Queue>,
    pub(super) questions: Slab<Question>,
    /// Questions of clients by their mark; of two with one mark the second is not in here, and not merged with others.
    pub(super) marks: HashMap<u64, Id>,
    pub(super) hashes: RandomState,
    /// Marks of what was answered lately, each at its own place: asked again at once, it is in the cache.
    pub(super) lately: Box<[u64]>,
    pub(super) servers: Servers,
    pub(super) sockets: Sockets,
    pub(super) wheel: Wheel<Timer>,
    alarm: Alarm,
    pub(super) clients: Clients,
    pub(super) complaints: Complaints,
    pub(super) random: Random,
    pub(super) reader: Reader,
    /// What is received, and what is sent to clients.
    pub(super) buffer: Box<[u8]>,
    pub(super) message: Vec<u8>,
    /// Of the event that is being worked on.
    pub(super) now: Instant,
    /// Names that go out to see whether they come back.
    pub(super) loop_checks: Vec<(Box<[u8]>, Id)>,
    /// Sockets that had more to read than was read in one turn.
    again: Vec<u32>,
}

/// What a timer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    Question(Id),
    /// An upstream is to be probed.
    Probe(Id),
    /// Sockets that grew old, upstreams that nobody wants.
    Sweep,
}

/// Places in [`Work::lately`].
pub(super) const LATELY: usize = 1024;

/// Messages read from one socket before others have their turn.
const READS: usize = 64;

/// How often things are swept.
const SWEEP: Duration = Duration::from_secs(10);

/// Events in a second beyond which they are gathered; a question makes two. Upstreams take longer than that by far, so no
/// client sees it.
const GATHERED: u32 = 40_000;

/// Octets that a message can have.
const LARGEST: usize = u16::MAX as usize;

/// Works until the queue is closed; then everybody who waits is told that there will be no answer.
pub(super) fn run(work: &Mutex<Work>, poll: &mut Poll) {
    let mut events = Events::with_capacity(1024);
    let mut inbox = Inbox::default();
    let mut due = Vec::new();
    let mut gather = Gather::new(GATHERED, Instant::now());
    while !inbox.closed {
        if let Some(pause) = gather.pause() {
            thread::sleep(pause);
        }
        let wait = lock(work).limit();
        // A signal ends the wait early; other errors would be faults of ours.
        let _ = poll.poll(&mut events, wait);
        lock(work).turn(&events, &mut inbox, &mut due, &mut gather);
    }
}

/// Whoever panicked did so outside of a guard, after what he had begun: the work is whole.
fn lock(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    pub(super) fn new(tools: Tools, queue: Arc<Queue>, poll: &Poll) -> io::Result<Self> {
        let now = Instant::now();
        let mut wheel = Wheel::new(now);
        wheel.set(now + SWEEP, Timer::Sweep);
        Ok(Work {
            tools,
            asking: Asking { queue: Arc::clone(&queue) },
            queue,
            questions: Slab::new(),
            marks: HashMap::new(),
            hashes: RandomState::new(),
            lately: vec![0; LATELY].into(),
            servers: Servers::new(),
            sockets: Sockets::new(poll.registry().try_clone()?),
            wheel,
            alarm: Alarm::new(poll.registry(), ALARM)?,
            clients: Clients::default(),
            complaints: Complaints::default(),
            random: Random::new(),
            reader: Reader::new(),
            buffer: vec![0; LARGEST].into(),
            message: Vec::new(),
            now,
            loop_checks: Vec::new(),
            again: Vec::new(),
        })
    }

    /// Does what there is to do, everybody's: what sockets and others have brought, new misses, timers.
    fn turn(&mut self, events: &Events, inbox: &mut Inbox, due: &mut Vec<Timer>, gather: &mut Gather) {
        self.queue.awake();
        self.now = Instant::now();
        for place in std::mem::take(&mut self.again) {
            self.guard(None, |work| work.listen(place));
        }
        for event in events {
            match event.token() {
                WAKER => {}
                ALARM => self.alarm.went_off(),
                Token(place) => self.guard(None, |work| work.listen(place as u32)),
            }
        }
        self.queue.take(inbox);
        let handled = events.iter().count() + inbox.deliveries.len() + inbox.misses.len();
        for delivery in inbox.deliveries.drain(..) {
            self.deliver(delivery);
        }
        (self.tools.turned)();
        for miss in inbox.misses.drain(..) {
            self.guard(None, |work| work.take(miss));
        }
        if inbox.closed {
            self.close();
            return (self.tools.turned)();
        }
        gather.note(self.now, handled);
        self.now = Instant::now();
        self.wheel.turn(self.now, due);
        for timer in due.drain(..) {
            self.ring(timer);
        }
        (self.tools.turned)();
    }

    /// How long the loop may wait at most; none where the alarm wakes it for the next timer. Says that it is going to.
    fn limit(&mut self) -> Option<Duration> {
        if !self.again.is_empty() || !self.queue.sleep() {
            return Some(Duration::ZERO);
        }
        let next = self.wheel.next()?;
        self.alarm.set(next);
        (!self.alarm.is_set()).then(|| next.saturating_duration_since(Instant::now()))
    }

    /// Takes up to `most` misses out of their turn, on the thread of whoever calls, while the loop waits. False when the
    /// loop must be woken: it waits for longer than it may now.
    pub(super) fn begin_few(&mut self, most: usize) -> bool {
        self.now = Instant::now();
        for _ in 0..most {
            let Some(miss) = self.queue.pop() else { break };
            self.guard(None, |work| work.take(miss));
        }
        if let Some(next) = self.wheel.next() {
            self.alarm.set(next);
        }
        self.alarm.is_set()
    }

    /// Does one thing. A panic in it is a fault of ours that costs the question concerned, not the forwarder.
    pub(super) fn guard(&mut self, question: Option<Id>, act: impl FnOnce(&mut Work)) {
        if catch_unwind(AssertUnwindSafe(|| act(self))).is_err() {
            tracing::error!("the forwarder failed and goes on; this is a fault of the program, please report it");
            if let Some(id) = question {
                let _ = catch_unwind(AssertUnwindSafe(|| self.abandon(id, "a fault of the server")));
            }
        }
    }

    fn listen(&mut self, place: u32) {
        for _ in 0..READS {
            match self.sockets.receive(place, &mut self.buffer) {
                Ok(None) => return,
                Ok(Some(length)) => self.hear(place, length),
                Err(error) => self.hear_error(place, &error),
            }
        }
        self.again.push(place);
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Stream { question, serial, outcome } => {
                self.guard(Some(question), |work| work.hear_stream(question, serial, outcome));
            }
            Delivery::Validated { question, serial, validity } => {
                self.guard(Some(question), |work| work.validated(question, serial, validity));
            }
            // Whoever asked may have given up.
            Delivery::States(asker) => drop(asker.send(self.servers.states())),
        }
    }

    fn ring(&mut self, timer: Timer) {
        match timer {
            Timer::Question(id) => self.guard(Some(id), |work| work.question_due(id)),
            Timer::Probe(server) => self.guard(None, |work| work.probe_due(server)),
            Timer::Sweep => {
                self.wheel.set(self.now + SWEEP, Timer::Sweep);
                for mut pool in self.servers.sweep(self.now) {
                    self.sockets.drain(&mut pool);
                }
            }
        }
    }

    fn close(&mut self) {
        for id in self.questions.ids() {
            self.guard(None, |work| work.abandon(id, "the server stops"));
        }
    }
}
