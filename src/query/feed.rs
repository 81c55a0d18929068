//! Replies as people look at them while they are sent: every batch while little goes on or somebody listens, under load so
//! few of them that it is one to two thousand replies a second.
//!
//! Workers write through a [`Witness`] each; whoever reads does so some times a second.

use super::ring::Ring;
use crate::counters::{Carried, Count};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Under the highest load one batch of so many is looked at; a power of two.
pub const EACH: u32 = 1024;

/// Replies a second that are all looked at; twice as many, and each second batch is. To look at one takes a microsecond of the
/// core that answers.
const ALL: u64 = 2000;

/// Words of a reply in the ring.
const WORDS: usize = 37;

/// Replies that there is room for between two readings.
const SLOTS: usize = 1024;

/// Replies on their way to those who look. Takes 300 KB.
pub struct Feed {
    ring: Ring<WORDS, SLOTS>,
    /// A batch is looked at when its turn has none of these bits: one less than a power of two.
    mask: AtomicU32,
    /// How many want every reply.
    listeners: AtomicUsize,
    lost: Count,
}

/// One worker's way to the feed. Costs a worker one count and one look at a word for each batch that is passed over.
#[derive(Debug)]
pub struct Witness {
    feed: Arc<Feed>,
    turn: AtomicU32,
}

/// A batch that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    at: Instant,
    weight: u32,
}

/// A reply that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Milliseconds since 1970, as the system's clock was when the reply left.
    pub at: u64,
    /// Who asked.
    pub client: IpAddr,
    /// What carried query and reply.
    pub carried: Carried,
    /// The place of the client's horizon in [`crate::snapshot::Snapshot::places`].
    pub place: usize,
    /// The name asked for, in lower case, wire format.
    pub name: Vec<u8>,
    /// The type asked for.
    pub rtype: u16,
    /// The RCODE in the reply's header.
    pub rcode: u8,
    /// Octets of the reply.
    pub length: usize,
    /// Microseconds from the arrival of the query to the leaving of the reply, those of its batch included.
    pub micros: u64,
    /// How many replies it stands for: 1, or up to [`EACH`] when it was picked out.
    pub weight: u32,
}

/// Someone who wants every reply, until dropped.
#[derive(Debug)]
pub struct Listening {
    feed: Arc<Feed>,
}

impl Default for Feed {
    fn default() -> Self {
        Feed::new()
    }
}

impl Feed {
    /// Nobody listens.
    pub fn new() -> Self {
        Feed {
            ring: Ring::new(),
            mask: AtomicU32::new(EACH - 1),
            listeners: AtomicUsize::new(0),
            lost: Count::default(),
        }
    }

    /// The way for a worker that starts.
    pub fn witness(self: &Arc<Self>) -> Arc<Witness> {
        Arc::new(Witness { feed: Arc::clone(self), turn: AtomicU32::new(0) })
    }

    /// Every reply is fed from now on, as long as there is room and what is given lives.
    pub fn listen(self: &Arc<Self>) -> Listening {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        self.mask.store(0, Ordering::Relaxed);
        Listening { feed: Arc::clone(self) }
    }

    /// Says how many replies a second leave, so that no more are looked at than can be. To be called some times a second.
    pub fn adapt(&self, per_second: u64) {
        let each = per_second.div_ceil(ALL).next_power_of_two().min(u64::from(EACH)) as u32;
        let heard = self.listeners.load(Ordering::Relaxed) > 0;
        self.mask.store(if heard { 0 } else { each - 1 }, Ordering::Relaxed);
    }

    /// Hands over what was fed since the last reading. One reader at a time.
    pub fn read(&self, mut take: impl FnMut(Answered)) {
        let torn = self.ring.read(|words| take(unpack(words)));
        self.lost.add(torn as u64);
    }

    /// Replies that were to be fed since the start and found no room.
    pub fn lost(&self) -> u64 {
        self.lost.value()
    }
}

impl Witness {
    /// To be called when a batch has come: whether it is looked at.
    pub fn begin(&self) -> Option<Begun> {
        // Workers that share a witness may lose a turn to each other, which changes nothing but the choice.
        let turn = self.turn.load(Ordering::Relaxed).wrapping_add(1);
        self.turn.store(turn, Ordering::Relaxed);
        let mask = self.feed.mask.load(Ordering::Relaxed);
        if turn & mask == 0 { Some(begun(mask + 1)) } else { None }
    }

    /// Feeds one reply of a batch that is looked at; gives the microseconds that it took. A reply that echoes no question is
    /// left out.
    pub fn feed(&self, begun: Begun, carried: Carried, place: usize, client: IpAddr, reply: &[u8]) -> u64 {
        let micros = begun.micros();
        if let Some((name, rtype)) = question(reply) {
            let fed = self.feed.ring.has_room() && {
                let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
                let what = Packed { at, client, carried, place, name, rtype, reply, micros, weight: begun.weight };
                self.feed.ring.write(&pack(&what))
            };
            if !fed {
                self.feed.lost.add(1);
            }
        }
        micros
    }
}

impl Begun {
    /// Microseconds since the batch came.
    pub fn micros(self) -> u64 {
        self.at.elapsed().as_micros() as u64
    }
}

#[cold]
#[inline(never)]
fn begun(weight: u32) -> Begun {
    Begun { at: Instant::now(), weight }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.feed.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

/// Octets of a header (RFC 1035 section 4.1.1).
const HEADER: usize = 12;
/// Octets of the longest name (RFC 1035 section 2.3.4).
const LONGEST: usize = 255;
/// Words before the name.
const HEAD: usize = WORDS - LONGEST.div_ceil(8);

/// The name, as it is written, and the type of a message's one question; none when there is none, or when it is cut.
fn question(message: &[u8]) -> Option<(&[u8], u16)> {
    if message.get(4..6)? != [0, 1] {
        return None;
    }
    let mut end = HEADER;
    loop {
        let length = *message.get(end)?;
        end += 1 + usize::from(length);
        if length == 0 {
            break;
        }
        if length > 63 || end - HEADER > LONGEST {
            return None;
        }
    }
    let name = message.get(HEADER..end).filter(|name| name.len() <= LONGEST)?;
    let rtype = message.get(end..end + 2)?;
    Some((name, u16::from_be_bytes([rtype[0], rtype[1]])))
}

struct Packed<'a> {
    at: u64,
    client: IpAddr,
    carried: Carried,
    place: usize,
    name: &'a [u8],
    rtype: u16,
    reply: &'a [u8],
    micros: u64,
    weight: u32,
}

fn pack(what: &Packed<'_>) -> [u64; WORDS] {
    let client = match what.client {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    let client = u128::from(client);
    let rcode = what.reply.get(3).map_or(0, |octet| u64::from(octet & 0x0F));
    let mut words = [0; WORDS];
    words[0] = what.at;
    words[1] = (client >> 64) as u64;
    words[2] = client as u64;
    words[3] = u64::from(what.rtype) << 32
        | (what.name.len() as u64) << 24
        | rcode << 16
        | (what.place as u64 & 0xFF) << 8
        | what.carried as u64;
    words[4] = what.micros.min(u64::from(u32::MAX)) << 32
        | (what.reply.len() as u64 & 0xFFFF) << 16
        | u64::from(what.weight & 0xFFFF);
    for (word, octets) in words[HEAD..].iter_mut().zip(what.name.chunks(8)) {
        let mut whole = [0; 8];
        whole[..octets.len()].copy_from_slice(octets);
        // Length octets are below 64, so that they stay as they are.
        whole.make_ascii_lowercase();
        *word = u64::from_le_bytes(whole);
    }
    words
}

fn unpack(words: &[u64; WORDS]) -> Answered {
    let client = Ipv6Addr::from(u128::from(words[1]) << 64 | u128::from(words[2]));
    let length = (words[3] >> 24) as usize & 0xFF;
    let mut name = Vec::with_capacity(length.next_multiple_of(8));
    words[HEAD..].iter().take(length.div_ceil(8)).for_each(|word| name.extend_from_slice(&word.to_le_bytes()));
    name.truncate(length);
    Answered {
        at: words[0],
        client: IpAddr::V6(client).to_canonical(),
        carried: Carried::ALL.into_iter().find(|one| *one as u64 == words[3] & 0xFF).unwrap_or(Carried::Udp),
        place: (words[3] >> 8) as usize & 0xFF,
        name,
        rtype: (words[3] >> 32) as u16,
        rcode: (words[3] >> 16) as u8,
        length: (words[4] >> 16) as usize & 0xFFFF,
        micros: words[4] >> 32,
        weight: words[4] as u32 & 0xFFFF,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(name: &[u8]) -> Vec<u8> {
        let mut reply = vec![0, 1, 0x84, 3, 0, 1, 0, 0, 0, 0, 0, 0];
        reply.extend(name);
        reply.extend([0, 28, 0, 1]);
        reply
    }

    /// One batch of so many is looked at, and each while somebody listens; what is read is what was fed.
    #[test]
    fn replies_are_picked_out_or_all_heard() {
        let feed = Arc::new(Feed::new());
        let witness = feed.witness();
        assert_eq!((0..10 * EACH).filter(|_| witness.begin().is_some()).count(), 10);
        let listening = feed.listen();
        assert_eq!((0..EACH).filter(|_| witness.begin().is_some()).count(), EACH as usize);
        let longest: Vec<u8> = [[&[63][..], &[b'x'; 63]].concat(), [&[62][..], &[b'Y'; 62]].concat()].concat();
        let longest = [&longest[..], &longest, &[0]].concat();
        assert_eq!(longest.len(), 255);
        for (client, name) in [("192.0.2.1", &b"\x03WwW\x07example\0"[..]), ("2001:db8::1", &longest), ("::1", b"\0")] {
            let begun = witness.begin().unwrap();
            let reply = reply(name);
            witness.feed(begun, Carried::Tcp, 7, client.parse().unwrap(), &reply);
            let mut seen = Vec::new();
            feed.read(|one| seen.push(one));
            let [one] = seen.as_slice() else { panic!("{seen:?}") };
            assert_eq!(one.name, name.to_ascii_lowercase());
            assert_eq!((one.client, one.carried, one.place), (client.parse().unwrap(), Carried::Tcp, 7));
            assert_eq!((one.rtype, one.rcode, one.length, one.weight), (28, 3, reply.len(), 1));
        }
        drop(listening);
        for (per_second, each) in [(0, 1), (2000, 1), (2001, 2), (100_000, 64), (300_000, 256), (u64::MAX, EACH)] {
            feed.adapt(per_second);
            let begun: Vec<_> = (0..EACH).filter_map(|_| witness.begin()).collect();
            assert_eq!(begun.len() as u32, EACH / each, "{per_second} a second");
            assert!(begun.iter().all(|one| one.weight == each));
        }
    }

    /// Replies without a whole question are passed over, whatever they hold; what finds no room is counted.
    #[test]
    fn what_cannot_be_read_or_kept_is_no_harm() {
        let feed = Arc::new(Feed::new());
        let witness = feed.witness();
        let _listening = feed.listen();
        let whole = reply(b"\x03www\0");
        let mut bad: Vec<Vec<u8>> = (0..whole.len() - 2).map(|end| whole[..end].to_vec()).collect();
        bad.push(reply(&[63; 300]));
        bad.push(reply(b"\xc0\x0c"));
        for message in bad {
            witness.feed(witness.begin().unwrap(), Carried::Udp, 0, IpAddr::from([127, 0, 0, 1]), &message);
        }
        feed.read(|one| panic!("{one:?}"));
        for _ in 0..2000 {
            witness.feed(witness.begin().unwrap(), Carried::Udp, 0, IpAddr::from([127, 0, 0, 1]), &whole);
        }
        let mut read = 0;
        feed.read(|_| read += 1);
        assert_eq!(read + feed.lost(), 2000);
        assert!(feed.lost() > 0);
    }
}
