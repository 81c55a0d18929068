//! The load over UDP: as many questions under way as the window holds, each answer replaced by the next question.

use crate::asking::{Asking, Expected, fault};
use crate::histogram::Histogram;
use crate::kernel::{Datagrams, interrupted, wait};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A load that goes on where it stopped.
pub(crate) struct Load<'a> {
    /// Socket after socket takes the next of these; one for all, or one for each horizon that the clients are in.
    askings: &'a [Asking],
    judge: Judge,
    channels: Vec<Channel>,
    started: Instant,
}

/// What is checked of each answer beside its ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    /// Nothing: the echo answers with the question.
    Id,
    /// The RCODE of all, everything of each thousandth.
    Answer,
    /// The RCODE of all; of each answer, two addresses that begin with the same octet: both of one version of the zone.
    Pair,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    pub(crate) answered: u64,
    /// No answer within [`PATIENCE`].
    pub(crate) lost: u64,
    /// Answers with a wrong RCODE or, of the sample, anything wrong.
    pub(crate) wrong: u64,
    /// Answers of two versions of a zone in one.
    pub(crate) mixed: u64,
    pub(crate) first_fault: Option<String>,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Histogram,
}

struct Channel {
    socket: Datagrams,
    slots: Vec<Slot>,
    asking: usize,
    /// The next question.
    next: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    sent: u64,
    query: u32,
    id: u16,
}

/// After this a question counts as lost and its place is taken by the next.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// One answer of so many is checked whole.
const SAMPLE: u64 = 997;

impl<'a> Load<'a> {
    /// Opens a socket from each of `clients` to `server`; about `window` questions in all will be under way.
    pub(crate) fn new(
        askings: &'a [Asking],
        judge: Judge,
        server: SocketAddr,
        clients: &[IpAddr],
        window: usize,
    ) -> io::Result<Self> {
        let places = (window / clients.len()).max(1);
        let channels = clients.iter().enumerate().map(|(index, client)| {
            let socket = UdpSocket::bind((*client, 0))?;
            socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20)?;
            socket.connect(server)?;
            let slots = (0..places).map(|at| Slot { sent: 0, query: u32::MAX, id: at as u16 }).collect();
            let asking = index % askings.len();
            // Each socket begins elsewhere, so that all of them together go through the questions at random.
            let next = askings[asking].len() * index / clients.len();
            Ok(Channel { socket: Datagrams::new(socket)?, slots, asking, next })
        });
        let channels = channels.collect::<io::Result<_>>()?;
        Ok(Load { askings, judge, channels, started: Instant::now() })
    }

    /// Asks for so long. Questions under way at the end stay so.
    pub(crate) fn run(&mut self, duration: Duration) -> io::Result<Tally> {
        self.run_until(duration, || false)
    }

    /// Asks until `done` says so, which is looked at every few milliseconds, and for `longest` at most.
    pub(crate) fn run_until(&mut self, longest: Duration, done: impl Fn() -> bool) -> io::Result<Tally> {
        let mut tally = Tally::new();
        let begun = Instant::now();
        let mut looked = self.clock();
        let sockets: Vec<_> = self.channels.iter().map(|channel| (channel.socket.descriptor(), false)).collect();
        loop {
            let mut quiet = true;
            for index in 0..self.channels.len() {
                quiet &= self.serve(index, &mut tally)? == 0;
            }
            let now = self.clock();
            if now - looked > LOOK {
                looked = now;
                self.replace_lost(now, &mut tally)?;
                if begun.elapsed() >= longest || done() || interrupted() {
                    break;
                }
            }
            if quiet {
                wait(&sockets, Duration::from_millis(1));
            }
        }
        tally.elapsed = begun.elapsed();
        Ok(tally)
    }

    /// Takes answers from one socket and asks the next questions on it.
    fn serve(&mut self, index: usize, tally: &mut Tally) -> io::Result<usize> {
        let count = self.channels[index].socket.receive()?;
        if count == 0 {
            return Ok(0);
        }
        let now = self.clock();
        for message in 0..count {
            let channel = &mut self.channels[index];
            let reply = channel.socket.message(message);
            let [high, low, ..] = *reply else { continue };
            let id = u16::from_be_bytes([high, low]);
            let at = usize::from(id) % channel.slots.len();
            let slot = channel.slots[at];
            // An answer that comes after its time was counted as lost, and its place is taken.
            if slot.id != id || slot.query == u32::MAX {
                continue;
            }
            tally.answered += 1;
            tally.latency.add(now - slot.sent);
            judge(self.judge, &self.askings[channel.asking], slot.query as usize, reply, tally);
            self.ask(index, at, now)?;
        }
        self.channels[index].socket.flush()?;
        Ok(count)
    }

    fn ask(&mut self, index: usize, at: usize, now: u64) -> io::Result<()> {
        let channel = &mut self.channels[index];
        let asking = &self.askings[channel.asking];
        let query = channel.next;
        channel.next = if query + 1 == asking.len() { 0 } else { query + 1 };
        let places = channel.slots.len() as u16;
        let slot = &mut channel.slots[at];
        // Whatever the generation, the ID leads back to the slot.
        let id = slot.id.checked_add(places).unwrap_or(at as u16);
        *slot = Slot { sent: now, query: query as u32, id };
        channel.socket.queue(asking.octets(query), id)
    }

    /// Fills places that are empty, at first, or whose question got no answer.
    fn replace_lost(&mut self, now: u64, tally: &mut Tally) -> io::Result<()> {
        for index in 0..self.channels.len() {
            for at in 0..self.channels[index].slots.len() {
                let slot = self.channels[index].slots[at];
                let empty = slot.query == u32::MAX;
                if empty || now - slot.sent > PATIENCE.as_nanos() as u64 {
                    tally.lost += u64::from(!empty);
                    self.ask(index, at, now)?;
                }
            }
            self.channels[index].socket.flush()?;
        }
        Ok(())
    }

    /// Nanoseconds since the load was made.
    fn clock(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        Tally {
            answered: 0,
            lost: 0,
            wrong: 0,
            mixed: 0,
            first_fault: None,
            elapsed: Duration::ZERO,
            latency: Histogram::new(),
        }
    }
}

/// How often places are looked over.
const LOOK: u64 = 5_000_000;

/// Counts what is wrong with an answer.
pub(crate) fn judge(judge: Judge, asking: &Asking, query: usize, reply: &[u8], tally: &mut Tally) {
    let expected: Expected = asking.expected(query);
    let found = match judge {
        Judge::Id => None,
        Judge::Answer if tally.answered % SAMPLE == 1 => fault(asking.octets(query), expected, reply),
        Judge::Answer | Judge::Pair if reply.len() < 12 || reply[3] & 15 != expected.rcode => {
            Some(format!("RCODE {} instead of {}", reply.get(3).map_or(99, |octet| octet & 15), expected.rcode))
        }
        Judge::Answer => None,
        Judge::Pair => {
            let versions = pair(asking.octets(query).len(), reply);
            tally.mixed += u64::from(matches!(versions, Some((one, two)) if one != two));
            versions.is_none().then(|| format!("not two addresses in {reply:02x?}"))
        }
    };
    if let Some(found) = found {
        tally.wrong += 1;
        tally.first_fault.get_or_insert(found);
    }
}

/// The first octets of the two addresses of an answer to a question of so many octets.
fn pair(question: usize, reply: &[u8]) -> Option<(u8, u8)> {
    // Every server points back to the question's name, so that a record is 12 octets and the address.
    const RECORD: usize = 16;
    if reply.get(6..8)? != [0, 2] {
        return None;
    }
    let record = |at: usize| reply.get(question + at * RECORD..question + (at + 1) * RECORD);
    let first = |record: &[u8]| (record[..2] == [0xC0, 12] && record[10..12] == [0, 4]).then_some(record[12]);
    Some((first(record(0)?)?, first(record(1)?)?))
}

/// The first octet of every address in each of two versions of a zone.
pub(crate) const VERSIONS: [u8; 2] = [11, 12];
