//! UDP sockets to upstreams: many, connected, and replaced often, so that nobody can guess where a reply is waited for.
//!
//! A connected socket gets nothing from other addresses, and is told by ICMP when nobody is there. Its port is the kernel's
//! choice, which is random for a socket that is bound to port 0 (`udp_lib_get_port` of Linux).

use super::random::Random;
use super::slab::Id;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

/// All UDP sockets, of all upstreams.
#[derive(Debug)]
pub(super) struct Sockets {
    registry: Registry,
    places: Vec<Option<Socket>>,
    free: Vec<u32>,
}

/// The sockets that lead to one upstream, by their place in [`Sockets`].
#[derive(Debug, Default)]
pub(super) struct Pool(Vec<u32>);

#[derive(Debug)]
struct Socket {
    udp: UdpSocket,
    /// What is waited for here.
    waiting: Vec<Waiting>,
    /// How often it may be used.
    uses: u16,
    opened: Instant,
    /// It is in no pool any more and is closed when nothing is waited for.
    retired: bool,
    owner: Id,
}

/// A try that waits at a socket for its id to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) id: u16,
    pub(super) question: Id,
}

/// Where a try waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) socket: u32,
    pub(super) id: u16,
}

/// Sockets that are shared by all upstreams; each has 8 at least.
const SOCKETS: usize = 320;
const FEWEST: usize = 8;
/// For one upstream.
const MOST: usize = 256;

/// A socket is used at least so often, and at most twice as often.
const USES: u16 = 64;

/// A socket that is older is replaced when it is used next.
const AGE: Duration = Duration::from_secs(60);

/// Sockets that wait for a last reply; beyond, used ones are used on.
const RETIRED: usize = 96;

/// Files that the forwarder may have open, with up to 40 upstreams: sockets, event queue, waker.
pub(super) const FILES: usize = SOCKETS + RETIRED + 8;

impl Sockets {
    pub(super) fn new(registry: Registry) -> Self {
        Sockets { registry, places: Vec::new(), free: Vec::new() }
    }

    /// Sends a question of which `message` gives the octets for an id. Returns where its reply is waited for.
    ///
    /// # Errors
    /// No socket can be opened, or the message cannot be sent. Those who waited at a socket that says that nobody is
    /// there are moved to `refused`.
    pub(super) fn send<'m>(
        &mut self,
        mut route: Route<'_>,
        question: Id,
        random: &mut Random,
        message: impl FnOnce(u16) -> &'m [u8],
        refused: &mut Vec<Waiting>,
    ) -> io::Result<Spot> {
        let place = self.choose(&mut route, question, random)?;
        let Some(socket) = self.places[place as usize].as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let mut id = random.id();
        // Few wait here, so the first or second id is free; were all taken, the question would fail, not loop.
        for _ in 0..64 {
            if socket.waiting.iter().all(|waiting| waiting.id != id) {
                break;
            }
            id = random.id();
        }
        let message = message(id);
        let mut sent = socket.udp.send(message);
        // What ICMP said about an earlier message is told once, and this one has not been sent.
        if sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            refused.append(&mut socket.waiting);
            sent = socket.udp.send(message);
        }
        sent?;
        socket.waiting.push(Waiting { id, question });
        Ok(Spot { socket: place, id })
    }

    /// Receives one message at a socket; none when there is none, or nobody waits there any more.
    ///
    /// # Errors
    /// Nobody is at the other end.
    pub(super) fn receive(&mut self, place: u32, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(socket) = self.places.get_mut(place as usize).and_then(Option::as_mut) else { return Ok(None) };
        // What comes now fits nothing; it is seen, and counted, when somebody waits here again.
        if socket.waiting.is_empty() {
            return Ok(None);
        }
        loop {
            match socket.udp.recv(buffer) {
                Ok(length) => return Ok(Some(length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The question that waits at a socket for this id.
    pub(super) fn find(&self, place: u32, id: u16) -> Option<Id> {
        let socket = self.places.get(place as usize)?.as_ref()?;
        socket.waiting.iter().find(|waiting| waiting.id == id).map(|waiting| waiting.question)
    }

    /// Everything that waits at a socket.
    pub(super) fn waiting(&self, place: u32) -> &[Waiting] {
        self.places.get(place as usize).and_then(Option::as_ref).map_or(&[], |socket| &socket.waiting)
    }

    /// The upstream that a socket leads to.
    pub(super) fn owner(&self, place: u32) -> Option<Id> {
        self.places.get(place as usize)?.as_ref().map(|socket| socket.owner)
    }

    /// Nobody waits any more.
    pub(super) fn forget(&mut self, spot: Spot) {
        let Some(socket) = self.places.get_mut(spot.socket as usize).and_then(Option::as_mut) else { return };
        socket.waiting.retain(|waiting| waiting.id != spot.id);
        if socket.retired && socket.waiting.is_empty() {
            self.close(spot.socket);
        }
    }

    /// Closes the sockets of an upstream that is not asked any more.
    pub(super) fn drain(&mut self, pool: &mut Pool) {
        for place in pool.0.drain(..) {
            self.close(place);
        }
    }

    /// Some socket of the pool, or a new one in the place of one that was used often enough.
    fn choose(&mut self, route: &mut Route<'_>, question: Id, random: &mut Random) -> io::Result<u32> {
        let room = (SOCKETS / route.upstreams.max(1)).clamp(FEWEST, MOST);
        let now = route.now;
        // Until there are as many as there may be, each question has a new one.
        let index = if route.pool.0.len() < room { room } else { random.below(room) };
        // More upstreams than before leave fewer sockets for each.
        if route.pool.0.len() > room
            && let Some(place) = route.pool.0.pop()
        {
            self.retire(place);
        }
        let crowded = self.places.len() - self.free.len() > SOCKETS.max(room * route.upstreams) + RETIRED;
        if let Some(&place) = route.pool.0.get(index) {
            let Some(socket) = self.places[place as usize].as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
            let fresh = socket.uses > 0 && now.saturating_duration_since(socket.opened) < AGE;
            // Two tries of one question at one socket would tell each other's ids.
            let own = socket.waiting.iter().any(|waiting| waiting.question == question);
            if (fresh && !own) || crowded {
                socket.uses = socket.uses.saturating_sub(1);
                return Ok(place);
            }
            route.pool.0.swap_remove(index);
            self.retire(place);
        }
        if crowded && !route.pool.0.is_empty() {
            return Ok(route.pool.0[random.below(route.pool.0.len())]);
        }
        match self.open(route.address, route.owner, now, random) {
            Ok(place) => {
                route.pool.0.push(place);
                Ok(place)
            }
            // Descriptors may have run out: any socket is better than none.
            Err(error) => route.pool.0.get(random.below(route.pool.0.len())).copied().ok_or(error),
        }
    }

    fn open(&mut self, address: SocketAddr, owner: Id, now: Instant, random: &mut Random) -> io::Result<u32> {
        let any = match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let mut udp = UdpSocket::bind(SocketAddr::new(any, 0))?;
        udp.connect(address)?;
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() as u32 - 1
        });
        if let Err(error) = self.registry.register(&mut udp, Token(place as usize), Interest::READABLE) {
            self.free.push(place);
            return Err(error);
        }
        let uses = USES + random.below(usize::from(USES)) as u16;
        let socket = Socket { udp, waiting: Vec::new(), uses, opened: now, retired: false, owner };
        self.places[place as usize] = Some(socket);
        Ok(place)
    }

    /// Closes a socket that is in no pool any more, now or when nothing is waited for.
    fn retire(&mut self, place: u32) {
        let Some(socket) = self.places.get_mut(place as usize).and_then(Option::as_mut) else { return };
        socket.retired = true;
        if socket.waiting.is_empty() {
            self.close(place);
        }
    }

    fn close(&mut self, place: u32) {
        // Closing takes it out of the poll as well (epoll(7)).
        if self.places.get_mut(place as usize).and_then(Option::take).is_some() {
            self.free.push(place);
        }
    }
}

/// Whom to send to.
#[derive(Debug)]
pub(super) struct Route<'p> {
    pub(super) pool: &'p mut Pool,
    pub(super) owner: Id,
    pub(super) address: SocketAddr,
    /// How many upstreams share the sockets.
    pub(super) upstreams: usize,
    pub(super) now: Instant,
}
