//! One connection over TCP, with TLS or without: pipelined queries in, answers out (RFC 7766 section 6.2.1.1, RFC 7858).
//!
//! An idle connection owns no buffer: reading, answering and writing happen in one turn that borrows the thread's scratch
//! space; only the beginning of a message or an answer that a slow reader did not take is kept, within a budget. What an
//! upstream must answer comes when it comes, behind later answers; so many are outstanding at most, then reading waits.

use super::exchange::{LONGEST_WAIT, Shared, append};
use super::frames::{LARGEST, PREFIX, split};
use super::late::{Late, LateReplies};
use super::quota::Held;
use super::scratch::{SCRATCH, Scratch};
use super::stream::Stream;
use crate::counters::Event;
use crate::query::Verdict;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// More octets.
    Read,
    /// Room for the answers that are held.
    Write,
    /// Answers that are outstanding: the client has sent its last question, or as many as are taken at once.
    Await,
    /// Others; there is more to do here.
    Again,
    /// Nothing any more.
    Close,
}

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waited {
    /// There is something to do.
    Ready,
    /// The deadline came first.
    InVain,
    /// The connection is of no more use; why is counted.
    Broken,
}

struct Connection<S> {
    stream: S,
    client: IpAddr,
    shared: Arc<Shared>,
    /// The beginning of a message, or messages whose turn comes when the answers before them are gone.
    unread: Held,
    /// Answers that the socket did not take.
    unsent: Held,
    /// Answers that are still to come.
    late: LateReplies,
    /// Nothing more comes from the client.
    ended: bool,
    /// Until when the next message must begin.
    idle_until: Instant,
    /// Until when the answers that are outstanding are waited for; whoever owes them answers sooner.
    late_until: Instant,
    /// Until when the message that has begun must be whole.
    message_until: Option<Instant>,
    /// Until when the answers that are held must be taken.
    sent_until: Option<Instant>,
}

/// Serves one connection until either side is done or `stop` turns true; then answers what has arrived and closes.
pub(super) async fn serve<S: Stream>(stream: S, client: IpAddr, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut connection = Connection {
        stream,
        client,
        unread: shared.budget.empty(),
        unsent: shared.budget.empty(),
        late: LateReplies::new(&shared.budget),
        ended: false,
        idle_until: Instant::now() + shared.limits.idle,
        late_until: Instant::now(),
        message_until: None,
        sent_until: None,
        shared,
    };
    let mut stopped = None;
    loop {
        // A sender that is gone means that the listeners are.
        let stopping = *stop.borrow() || stop.has_changed().is_err();
        let next = connection.turn();
        if next == Turn::Close {
            return;
        }
        if stopping && matches!(next, Turn::Read | Turn::Await) {
            // What the kernel has may not have been reported yet.
            let until = *stopped.get_or_insert_with(|| Instant::now() + connection.shared.limits.message);
            let look = Instant::now() + LAST_LOOK;
            let outstanding = connection.late.outstanding() > 0;
            match connection.wait(next, look).await {
                Waited::Broken => return,
                Waited::Ready if look < until => continue,
                Waited::InVain if look < until && outstanding => continue,
                Waited::Ready | Waited::InVain => return connection.finish().await,
            }
        }
        let deadline = connection.deadline(next);
        let waited = tokio::select! {
            waited = connection.wait(next, deadline) => waited,
            _ = stop.changed(), if !stopping => continue,
        };
        match waited {
            Waited::Ready => {}
            Waited::InVain => return connection.give_up(next),
            Waited::Broken => return,
        }
    }
}

impl<S: Stream> Connection<S> {
    /// Until when to wait for `next`, and brings the clocks up to date.
    fn deadline(&mut self, next: Turn) -> Instant {
        let now = Instant::now();
        let limits = &self.shared.limits;
        let part = !self.unread.is_empty() && next == Turn::Read;
        self.message_until = part.then(|| self.message_until.unwrap_or(now + limits.message));
        self.sent_until = (!self.unsent.is_empty()).then(|| self.sent_until.unwrap_or(now + limits.write));
        match next {
            Turn::Write => self.sent_until.unwrap_or(now),
            // A client that waits for us is not idle.
            Turn::Await => self.late_until,
            _ if self.late.outstanding() > 0 => self.message_until.unwrap_or(self.idle_until.max(self.late_until)),
            _ => self.message_until.unwrap_or(self.idle_until),
        }
    }

    /// Waits for what the turn needs, or for a late answer, which is sent at once.
    async fn wait(&mut self, next: Turn, deadline: Instant) -> Waited {
        if matches!(next, Turn::Again | Turn::Close) {
            tokio::task::yield_now().await;
            return Waited::Ready;
        }
        let stream = &mut self.stream;
        let socket = async {
            match next {
                Turn::Read => stream.readable().await,
                Turn::Write => stream.writable().await,
                _ => stream.settled().await,
            }
        };
        // What the socket did not take goes first.
        let takes_more = self.unsent.is_empty();
        let late = tokio::select! {
            ready = timeout_at(deadline, socket) => {
                return if ready.is_ok() { Waited::Ready } else { Waited::InVain };
            }
            late = self.late.next(), if takes_more => late,
        };
        self.send_late(late)
    }

    /// Sends an answer that came late, and those that are there by now.
    fn send_late(&mut self, first: Late) -> Waited {
        self.idle_until = Instant::now() + self.shared.limits.idle;
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.used = 0;
            let mut next = Some(first);
            while let Some(late) = next {
                match late {
                    Late::Reply(reply, counted) => {
                        if scratch.frame(reply.octets(), &self.shared.counters) {
                            self.shared.count(counted, self.client, reply.octets());
                        }
                    }
                    Late::Nothing => {}
                    Late::NoRoom => {
                        self.shared.counters.count(Event::TcpClosedSlow);
                        return Waited::Broken;
                    }
                }
                let room = scratch.used + LARGEST <= scratch.output.len();
                next = if room { self.late.ready() } else { None };
            }
            if self.send(scratch) == Some(Turn::Close) { Waited::Broken } else { Waited::Ready }
        })
    }

    fn give_up(&self, next: Turn) {
        let idle = next == Turn::Read && self.unread.is_empty();
        self.shared.counters.count(if idle { Event::TcpClosedIdle } else { Event::TcpClosedSlow });
    }

    /// Says that nothing more will come and reads on for a moment: a socket closed with unread octets resets the
    /// connection, and the client would lose answers that it has not read yet.
    async fn finish(mut self) {
        let until = Instant::now() + self.shared.limits.linger;
        if !matches!(timeout_at(until, self.stream.finish()).await, Ok(Ok(()))) {
            return;
        }
        while timeout_at(until, self.stream.readable()).await.is_ok() {
            match SCRATCH.with_borrow_mut(|scratch| self.stream.try_read(&mut scratch.input)) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    /// Sends what is held, then reads, answers and writes until the socket has no more or takes no more.
    fn turn(&mut self) -> Turn {
        SCRATCH.with_borrow_mut(|scratch| {
            if !self.unsent.is_empty() {
                scratch.output[..self.unsent.octets().len()].copy_from_slice(self.unsent.octets());
                scratch.used = self.unsent.octets().len();
                self.unsent.clear();
                if let Some(next) = self.send(scratch) {
                    return next;
                }
            }
            let mut filled = self.unread.octets().len();
            scratch.input[..filled].copy_from_slice(self.unread.octets());
            for _ in 0..TURNS {
                let rest = match self.answer(scratch, filled) {
                    Ok(rest) => rest,
                    Err(next) => return next,
                };
                scratch.input.copy_within(filled - rest..filled, 0);
                filled = rest;
                if self.ended {
                    // Its last questions may still be under way: a client can end its side and read on.
                    let next = if self.late.outstanding() > 0 { Turn::Await } else { Turn::Close };
                    return self.hold(scratch, 0, 0, next);
                }
                match self.stream.try_read(&mut scratch.input[filled..]) {
                    Ok(0) => self.ended = true,
                    Ok(length) => filled += length,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        return self.hold(scratch, 0, filled, Turn::Read);
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return Turn::Close,
                }
            }
            self.hold(scratch, 0, filled, Turn::Again)
        })
    }

    /// Answers each whole message of the first `filled` octets and sends the answers; gives how many octets at the end
    /// are no whole message yet. The snapshot is loaded once.
    fn answer(&mut self, scratch: &mut Scratch, filled: usize) -> Result<usize, Turn> {
        let shared = Arc::clone(&self.shared);
        let snapshot = shared.live.load();
        let mut at = 0;
        while let Some((message, _)) = split(&scratch.input[at..filled]) {
            if self.late.outstanding() >= MOST_OUTSTANDING {
                let next = self.send(scratch).unwrap_or(Turn::Await);
                return Err(self.hold(scratch, at, filled, next));
            }
            at += PREFIX + message.len();
            let (client, output) = (self.client, &mut scratch.output);
            match append(&snapshot, client, message, output, &mut scratch.used, &shared, &mut self.late) {
                Verdict::Reply(_) | Verdict::Refresh(_) => self.idle_until = Instant::now() + shared.limits.idle,
                Verdict::Forward(_) | Verdict::Signed => self.late_until = Instant::now() + LONGEST_WAIT,
                Verdict::Drop => {}
            }
            self.message_until = None;
            if scratch.used + LARGEST > scratch.output.len()
                && let Some(next) = self.send(scratch)
            {
                return Err(self.hold(scratch, at, filled, next));
            }
        }
        match self.send(scratch) {
            Some(next) => Err(self.hold(scratch, at, filled, next)),
            None => Ok(filled - at),
        }
    }

    /// Writes the answers in the scratch space; holds those that the socket does not take.
    fn send(&mut self, scratch: &mut Scratch) -> Option<Turn> {
        let used = std::mem::take(&mut scratch.used);
        let mut sent = 0;
        while sent < used {
            match self.stream.try_write(&scratch.output[sent..used]) {
                Ok(0) => return Some(Turn::Close),
                Ok(length) => sent += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.unsent.replace(&scratch.output[sent..used]) {
                        return Some(Turn::Write);
                    }
                    self.shared.counters.count(Event::TcpClosedSlow);
                    return Some(Turn::Close);
                }
                Err(_) => {
                    self.shared.counters.count(Event::SendFailed);
                    return Some(Turn::Close);
                }
            }
        }
        None
    }

    /// Keeps what was read and not answered; closes when too much is held by all connections together.
    fn hold(&mut self, scratch: &Scratch, from: usize, to: usize, next: Turn) -> Turn {
        if next == Turn::Close || self.unread.replace(&scratch.input[from..to]) {
            return next;
        }
        self.shared.counters.count(Event::TcpClosedSlow);
        Turn::Close
    }
}

/// Questions of one connection that wait for upstreams; more are read when one of these is answered.
const MOST_OUTSTANDING: usize = 128;

/// How long a stopping connection waits for word of octets that have arrived.
const LAST_LOOK: Duration = Duration::from_millis(50);

/// How many reads one turn makes before other connections have theirs.
const TURNS: usize = 16;
