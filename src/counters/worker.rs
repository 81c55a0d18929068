//! The counters of one worker: written by one thread most of the time, on cache lines of their own.

use super::latency::{Latency, Times};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many response codes are told apart: 0 to 23 (RFC 6895 section 2.3); greater ones count as the last.
pub const RCODES: usize = 24;

/// How many horizons' replies are told apart, the last place for all others: clients of no horizon, messages that were not
/// read so far, and horizons beyond.
pub const PLACES: usize = 9;

/// The last of [`PLACES`].
pub const ELSEWHERE: usize = PLACES - 1;

/// What carried a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Carried {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS (RFC 7858).
    Tls,
    /// HTTPS (RFC 8484).
    Https,
    /// QUIC (RFC 9250).
    Quic,
}

impl Carried {
    /// All of them, in the order of declaration.
    pub const ALL: [Carried; 5] = [Carried::Udp, Carried::Tcp, Carried::Tls, Carried::Https, Carried::Quic];

    /// As metrics name it.
    pub fn word(self) -> &'static str {
        match self {
            Carried::Udp => "udp",
            Carried::Tcp => "tcp",
            Carried::Tls => "tls",
            Carried::Https => "https",
            Carried::Quic => "quic",
        }
    }

    /// What a message counts as that came in over it.
    pub fn asked(self) -> Event {
        match self {
            Carried::Udp => Event::QueriesUdp,
            Carried::Tcp => Event::QueriesTcp,
            Carried::Tls => Event::QueriesTls,
            Carried::Https => Event::QueriesHttps,
            Carried::Quic => Event::QueriesQuic,
        }
    }
}

/// One number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The number now; other threads' additions show up some time later.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What can be counted beside replies by RCODE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// A message came in over UDP.
    QueriesUdp,
    /// A message came in over TCP.
    QueriesTcp,
    /// A message came in over TLS (RFC 7858).
    QueriesTls,
    /// A message came in over HTTPS (RFC 8484).
    QueriesHttps,
    /// A message came in over QUIC (RFC 9250).
    QueriesQuic,
    /// The kernel dropped a UDP message before it was received: the queue was full.
    DroppedByKernel,
    /// A message was not answered: no query, or too short to have an ID.
    Dropped,
    /// A reply left with the TC bit (RFC 1035 section 4.1.1).
    Truncated,
    /// A reply was ready and the system did not take it.
    SendFailed,
    /// A reply beyond its horizon's rate limit was not sent.
    RateDropped,
    /// A reply beyond its horizon's rate limit was sent empty with TC.
    RateSlipped,
    /// A question for an upstream found no place in the forwarder's queue, and was answered SERVFAIL.
    NotForwarded,
    /// A signed message found no place in the queue of whoever knows the keys, and was answered SERVFAIL.
    SignedNotTaken,
    /// The signature of a message was wrong: its key, its MAC or its time (RFC 8945 section 5.2).
    SignatureBad,
    /// A DNS update was made (RFC 2136).
    UpdateMade,
    /// A DNS update was not made: refused, malformed, or its prerequisites did not hold.
    UpdateRefused,
    /// A TCP connection was taken.
    TcpAccepted,
    /// A TCP connection was closed at once: a cap was reached.
    TcpRefused,
    /// A TCP connection was closed because it was idle (RFC 7766 section 6.2.3).
    TcpClosedIdle,
    /// A TCP connection was closed because a message or a reply took too long, or too much was outstanding.
    TcpClosedSlow,
    /// No TCP connection could be taken for want of file descriptors or memory; the listener waited.
    TcpAcceptPaused,
    /// An encrypted connection was ready: its handshake is done.
    SecureAccepted,
    /// An encrypted connection was refused: a cap was reached.
    SecureRefused,
    /// A TLS or QUIC handshake failed or took too long.
    HandshakeFailed,
    /// A QUIC client had to show that it is where it says (RFC 9000 section 8.1.2), because many handshakes were under way.
    QuicRetry,
    /// A client broke the rules of DNS over HTTPS or QUIC: a request that is none, a message with an ID.
    ProtocolBroken,
    /// A reload went live.
    ReloadsOk,
    /// A reload was refused, whole or in what was to be generated; the last good state serves on.
    ReloadsFailed,
    /// A question left for an upstream; repeated ones count each time.
    UpstreamAsked,
    /// An upstream did not answer a question in time.
    UpstreamTimeout,
    /// An upstream answered with something useless: SERVFAIL, REFUSED, malformed.
    UpstreamUseless,
    /// A message from an upstream's address fitted no question: wrong id, wrong name, or too late.
    UpstreamUnmatched,
    /// A client waited for a question that was under way already.
    ForwardMerged,
    /// A client was told that no upstream could answer.
    ForwardFailed,
    /// A client that waited for upstreams got an answer that had ended (RFC 8767).
    ForwardStale,
    /// A client was refused an answer because a limit on waiting questions was reached.
    ForwardRefused,
    /// An answer of an upstream was validated and is secure.
    AnswerSecure,
    /// An answer of an upstream should be signed and is not as it should be (RFC 4035).
    AnswerBogus,
    /// An answer of an upstream could not be validated: keys were not to be had.
    AnswerIndeterminate,
}

impl Event {
    /// Every event, in the order of declaration.
    pub const ALL: [Event; 39] = [
        Event::QueriesUdp,
        Event::QueriesTcp,
        Event::QueriesTls,
        Event::QueriesHttps,
        Event::QueriesQuic,
        Event::DroppedByKernel,
        Event::Dropped,
        Event::Truncated,
        Event::SendFailed,
        Event::RateDropped,
        Event::RateSlipped,
        Event::NotForwarded,
        Event::SignedNotTaken,
        Event::SignatureBad,
        Event::UpdateMade,
        Event::UpdateRefused,
        Event::TcpAccepted,
        Event::TcpRefused,
        Event::TcpClosedIdle,
        Event::TcpClosedSlow,
        Event::TcpAcceptPaused,
        Event::SecureAccepted,
        Event::SecureRefused,
        Event::HandshakeFailed,
        Event::QuicRetry,
        Event::ProtocolBroken,
        Event::ReloadsOk,
        Event::ReloadsFailed,
        Event::UpstreamAsked,
        Event::UpstreamTimeout,
        Event::UpstreamUseless,
        Event::UpstreamUnmatched,
        Event::ForwardMerged,
        Event::ForwardFailed,
        Event::ForwardStale,
        Event::ForwardRefused,
        Event::AnswerSecure,
        Event::AnswerBogus,
        Event::AnswerIndeterminate,
    ];
}

/// The counters of one worker; 128 octets apart because neighbouring cache lines are fetched in pairs.
#[derive(Debug)]
#[repr(align(128))]
pub struct Worker {
    events: [Count; Event::ALL.len()],
    /// By what carried them, by horizon, by RCODE.
    replies: [[[Count; RCODES]; PLACES]; Carried::ALL.len()],
    latency: Latency,
}

impl Default for Worker {
    fn default() -> Self {
        Worker {
            events: std::array::from_fn(|_| Count::default()),
            replies: Default::default(),
            latency: Latency::default(),
        }
    }
}

impl Worker {
    /// Counts an event once.
    pub fn count(&self, event: Event) {
        self.add(event, 1);
    }

    /// Counts an event `n` times.
    pub fn add(&self, event: Event, n: u64) {
        self.events[event as usize].add(n);
    }

    /// Counts a reply by the RCODE and the TC bit of its header (RFC 1035 section 4.1.1); octets without a header are
    /// not counted. The upper bits of an extended RCODE are not looked at. `place` is that of the client's horizon.
    pub fn count_reply(&self, carried: Carried, place: usize, reply: &[u8]) {
        let (Some(flags), Some(rcode)) = (reply.get(2), reply.get(3)) else { return };
        self.add_rcode(carried, place, u16::from(rcode & 0x0f), 1);
        if flags & 0x02 != 0 {
            self.count(Event::Truncated);
        }
    }

    /// Counts `n` replies with this RCODE.
    pub fn add_rcode(&self, carried: Carried, place: usize, rcode: u16, n: u64) {
        let of_carrier = &self.replies[carried as usize];
        of_carrier[place.min(ELSEWHERE)][usize::from(rcode).min(RCODES - 1)].add(n);
    }

    /// Counts `n` replies that took so many microseconds each, from the arrival of the query.
    pub fn add_latency(&self, micros: u64, n: u64) {
        self.latency.add(micros, n);
    }

    /// How often an event was counted here.
    pub fn events(&self, event: Event) -> u64 {
        self.events[event as usize].value()
    }

    /// How many replies were counted here.
    pub fn replies(&self, carried: Carried, place: usize, rcode: usize) -> u64 {
        self.replies[carried as usize].get(place).and_then(|row| row.get(rcode)).map_or(0, Count::value)
    }

    pub(super) fn add_times(&self, times: &mut Times) {
        self.latency.add_to(times);
    }
}
