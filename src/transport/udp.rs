//! UDP: one blocking loop per worker thread, a batch of messages in each system call.
//!
//! The one file with `unsafe`: `recvmmsg` and `sendmmsg` take arrays of raw pointers. Replies are written straight into the
//! buffers that are sent; the snapshot is loaded once a batch.

#![allow(unsafe_code)]

use super::ending::{Ending, Way};
use super::onward::Onward;
use super::rate::{Leave, RateTable};
use super::tally::Tally;
use crate::counters::{Carried, ELSEWHERE, Event, Worker};
use crate::forward::Return;
use crate::pace::Gather;
use crate::query::{
    Begun, Noter, Pending, Transport, UDP_SIZE, Verdict, Witness, reach_kept, reach_nodes, reach_slots, slip,
};
use crate::snapshot::{Live, Snapshot};
use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Messages in one system call at most.
const BATCH: usize = 32;

/// Octets of a query that are looked at. Longer ones are cut, so that they are answered as malformed.
const QUERY_SIZE: usize = 4096;

/// Misses in a second beyond which they are gathered: on one core, the worker and the forwarder would take it from each other
/// for each of them. Whoever asks for what is kept meanwhile waits so long, too, which is less than a busy core costs; a
/// worker that has much to do does not wait.
const GATHERED: u32 = 20_000;

/// Answers queries from `socket` until `ending` is said, then answers what is still in its queue and returns.
///
/// The one who says it sends the socket an empty message, so that a waiting loop sees it. On a socket that is bound to
/// all addresses, replies leave from the address that was asked.
pub(super) fn run(desk: &Desk, ending: &Ending) {
    let Desk { socket, live, counters, .. } = desk;
    if desk.several {
        take_larger_batches();
    } else {
        take_short_slices();
    }
    let mut batch = Batch::new(socket.local_addr().is_ok_and(|local| asks_for_addresses(&**socket, local)));
    let mut since: Option<Instant> = None;
    let mut gather = Gather::new(GATHERED, Instant::now());
    loop {
        let way = ending.said();
        if way == Some(Way::HandedOn) && since.get_or_insert_with(Instant::now).elapsed() >= LAST_ANSWERS {
            // New queries come as ever; they are the next process's.
            return;
        }
        match batch.receive(socket, way.is_some()) {
            Ok(count) => {
                let snapshot = live.load();
                batch.begun = desk.witness.begin();
                let tally = batch.answer(count, &snapshot, desk);
                let lost = batch.send(socket);
                if tally.forwarded > 0 {
                    desk.onward.begin(tally.forwarded);
                }
                tally.hand_over(counters, lost);
                if let Some(begun) = batch.begun {
                    batch.witness(begun, count, &snapshot, desk);
                }
                if tally.forwarded > 0 {
                    gather.note(Instant::now(), tally.forwarded);
                    if let Some(pause) = gather.pause().filter(|_| count < BATCH / 2) {
                        thread::sleep(pause);
                    }
                }
            }
            Err(error) if way.is_some() && error.kind() == io::ErrorKind::WouldBlock => return,
            // A time-out, a signal, or an ICMP error of an earlier reply: none of them ends the loop.
            Err(_) => {}
        }
    }
}

/// How long a queue that never gets empty is answered on after the end was said.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// What a worker works with.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) socket: Arc<UdpSocket>,
    pub(super) live: Arc<Live>,
    pub(super) counters: Arc<Worker>,
    pub(super) noter: Arc<Noter>,
    pub(super) witness: Arc<Witness>,
    pub(super) onward: Arc<Onward>,
    /// Whether other workers share the address.
    pub(super) several: bool,
}

/// Lets the thread that wakes this one go on with what it is at (SCHED_BATCH of sched(7)).
///
/// With a worker on every core, those who ask run on the same cores. A worker that took the core for the first message of
/// many would answer each alone, at the cost of two changes of threads: measured with the load beside two workers on two
/// cores, a query then costs a fifth more. On an idle core a worker runs at once as ever.
fn take_larger_batches() {
    // SAFETY: an all-zero sched_param is valid, and priority 0 is the only one of this policy; it lives during the call.
    unsafe {
        let param: libc::sched_param = std::mem::zeroed();
        // Where it is not allowed nothing changes but the cost.
        libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const param);
    }
}

/// Asks the system to take turns in short slices with this thread, so that one who works long on the same core, such as the
/// thread that reloads, does not keep it waiting (`sched_runtime` of sched_setattr(2) is that to the usual policy since Linux
/// 6.12; before, nothing changes). Threads that both did so let each other go on.
fn take_short_slices() {
    /// Nanoseconds; the least that the system allows.
    const SLICE: u64 = 100_000;
    // SAFETY: an all-zero sched_attr is valid; its size is said, it lives during the call, and 0 is the calling thread. What
    // the thread has as niceness it keeps: getpriority takes no pointers.
    unsafe {
        let mut attr: libc::sched_attr = std::mem::zeroed();
        attr.size = size_of::<libc::sched_attr>() as u32;
        attr.sched_policy = libc::SCHED_OTHER as u32;
        attr.sched_nice = libc::getpriority(libc::PRIO_PROCESS, 0);
        attr.sched_runtime = SLICE;
        // Where it is not allowed nothing changes but how soon it runs.
        libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0);
    }
}

/// Buffers for one batch, and the structures through which the kernel finds them.
struct Batch {
    queries: Box<[[u8; QUERY_SIZE]]>,
    replies: Box<[[u8; UDP_SIZE]]>,
    clients: Box<[Address]>,
    controls: Box<[Control]>,
    query_parts: Box<[libc::iovec]>,
    reply_parts: Box<[libc::iovec]>,
    incoming: Box<[libc::mmsghdr]>,
    outgoing: Box<[libc::mmsghdr]>,
    pending: Box<[Pending]>,
    rates: RateTable,
    /// How many of `outgoing` are filled.
    replied: usize,
    /// Whether this batch is looked at.
    begun: Option<Begun>,
    /// Octets of control data to ask for; 0 on a socket that is bound to one address.
    control_size: usize,
}

/// Room for a `sockaddr_in` or `sockaddr_in6`, as octets.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(8))]
struct Address([u8; 32]);

/// Room for one `IP_PKTINFO` or `IPV6_PKTINFO` control message, as octets.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; Control::SIZE]);

impl Control {
    const SIZE: usize = 64;
    /// Octets of a `cmsghdr` on a 64-bit system; on others replies leave by the system's choice of address.
    const HEADER: usize = size_of::<libc::cmsghdr>();
}

impl Batch {
    fn new(addresses_wanted: bool) -> Self {
        // SAFETY: an all-zero msghdr is valid: null pointers with zero lengths.
        let empty: libc::mmsghdr = unsafe { std::mem::zeroed() };
        let no_part = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        let mut batch = Batch {
            queries: vec![[0; QUERY_SIZE]; BATCH].into_boxed_slice(),
            replies: vec![[0; UDP_SIZE]; BATCH].into_boxed_slice(),
            clients: vec![Address([0; 32]); BATCH].into_boxed_slice(),
            controls: vec![Control([0; Control::SIZE]); BATCH].into_boxed_slice(),
            query_parts: vec![no_part; BATCH].into_boxed_slice(),
            reply_parts: vec![no_part; BATCH].into_boxed_slice(),
            incoming: vec![empty; BATCH].into_boxed_slice(),
            outgoing: vec![empty; BATCH].into_boxed_slice(),
            pending: vec![Pending::new(); BATCH].into_boxed_slice(),
            rates: RateTable::new(),
            replied: 0,
            begun: None,
            control_size: if addresses_wanted { Control::SIZE } else { 0 },
        };
        for index in 0..BATCH {
            batch.query_parts[index] =
                libc::iovec { iov_base: batch.queries[index].as_mut_ptr().cast(), iov_len: QUERY_SIZE };
            let header = &mut batch.incoming[index].msg_hdr;
            header.msg_name = batch.clients[index].0.as_mut_ptr().cast();
            header.msg_iov = &raw mut batch.query_parts[index];
            header.msg_iovlen = 1;
        }
        batch
    }

    /// Waits for at least one message, or with `now` only looks. Returns how many came.
    fn receive(&mut self, socket: &UdpSocket, now: bool) -> io::Result<usize> {
        for (message, control) in self.incoming.iter_mut().zip(&mut self.controls) {
            message.msg_hdr.msg_namelen = size_of::<Address>() as libc::socklen_t;
            message.msg_hdr.msg_control =
                if self.control_size > 0 { control.0.as_mut_ptr().cast() } else { std::ptr::null_mut() };
            message.msg_hdr.msg_controllen = self.control_size;
        }
        let flags = libc::MSG_WAITFORONE | if now { libc::MSG_DONTWAIT } else { 0 };
        // SAFETY: `incoming` holds BATCH headers; each points to a name, one part and maybe control data in boxed slices of
        // this struct, which never move and are not borrowed while the kernel writes them; lengths are those of the slices.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.incoming.as_mut_ptr(),
                BATCH as libc::c_uint,
                flags,
                std::ptr::null_mut(),
            )
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }

    /// Writes the replies to the first `count` messages and queues them to be sent.
    ///
    /// In steps over the whole batch: a zone that is larger than the caches costs one wait for memory a batch, not one a
    /// query.
    fn answer(&mut self, count: usize, snapshot: &Snapshot, desk: &Desk) -> Tally {
        let mut tally = Tally { received: count as u64, ..Tally::default() };
        let mut now = None;
        self.replied = 0;
        if self.begun.is_some() {
            // What leaves has QR set: the rest of the batch is told by that.
            self.replies[..count].iter_mut().for_each(|reply| reply[2] = 0);
        }
        let lengths: [usize; BATCH] =
            std::array::from_fn(|index| (self.incoming[index].msg_len as usize).min(QUERY_SIZE));
        let pending = &mut self.pending[..count];
        for (index, pending) in pending.iter_mut().enumerate() {
            // A client without an IP address cannot be: such a message is read as empty, and dropped.
            let client = self.clients[index].ip();
            let octets = client.map_or(&[][..], |_| &self.queries[index][..lengths[index]]);
            pending.read(snapshot, client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), octets);
        }
        reach_slots(pending, snapshot);
        // Before the nodes: what was reached for last is on its way meanwhile.
        desk.noter.note(snapshot, pending);
        if desk.noter.is_watching() {
            for (client, pending) in self.clients.iter().zip(pending.iter()) {
                client.ip().into_iter().for_each(|client| desk.noter.saw(snapshot, client, pending));
            }
        }
        reach_kept(pending, snapshot, |index| &self.queries[index][..lengths[index]]);
        reach_nodes(pending, snapshot);
        for (index, length) in lengths.into_iter().enumerate().take(count) {
            let query = &self.queries[index][..length];
            let reply = &mut self.replies[index];
            let verdict = self.pending[index].answer(snapshot, Transport::Udp, query, reply);
            let mut length = match verdict {
                Verdict::Reply(length) | Verdict::Refresh(length) | Verdict::Forward(length) => length,
                Verdict::Signed => {
                    let header = self.incoming[index].msg_hdr;
                    let late = || {
                        LateReply::new(
                            desk,
                            &self.clients[index],
                            &self.controls[index],
                            &header,
                            ELSEWHERE,
                            self.begun,
                        )
                    };
                    let client = self.clients[index].ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
                    if desk.onward.submit_signed(client, Transport::Udp, query, || Box::new(late())) {
                        continue;
                    }
                    tally.signed_not_taken += 1;
                    match self.pending[index].not_taken(Transport::Udp, query, reply) {
                        Some(length) => length,
                        None => continue,
                    }
                }
                Verdict::Drop => {
                    // The message that wakes a worker is empty and not a query of anybody.
                    if query.is_empty() {
                        tally.received -= 1;
                    } else {
                        tally.dropped += 1;
                    }
                    continue;
                }
            };
            // Beyond its rate limit a question that would be forwarded is not: its reply is held back before it is had.
            let mut forwards = matches!(verdict, Verdict::Forward(_));
            let client = self.clients[index].ip();
            let charge = client.and_then(|client| self.pending[index].charge(snapshot, client, &reply[..length]));
            if let Some(charge) = charge {
                match self.rates.take(charge, *now.get_or_insert_with(Instant::now)) {
                    Leave::Send => {}
                    Leave::Slip => {
                        tally.slipped += 1;
                        forwards = false;
                        length = slip(&mut reply[..length]);
                    }
                    Leave::Drop => {
                        tally.held += 1;
                        reply[2] = 0;
                        continue;
                    }
                }
            }
            let header = self.incoming[index].msg_hdr;
            if forwards {
                let pending = &self.pending[index];
                let place = pending.place(snapshot);
                let late =
                    LateReply::new(desk, &self.clients[index], &self.controls[index], &header, place, self.begun);
                let client = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
                let miss = pending.miss(snapshot, client, Transport::Udp, query, &reply[..length], Box::new(late));
                if miss.is_some_and(|miss| desk.onward.lay(miss)) {
                    tally.forwarded += 1;
                    reply[2] = 0;
                    continue;
                }
                tally.not_forwarded += 1;
                let Some(failed) = pending.not_forwarded(Transport::Udp, query, reply) else { continue };
                length = failed;
            }
            tally.count(self.pending[index].place(snapshot), &reply[..length]);
            if matches!(verdict, Verdict::Refresh(_))
                && let Some(miss) = self.pending[index].refresh(snapshot, query, &reply[..length])
            {
                tally.forwarded += usize::from(desk.onward.lay(miss));
            }
            self.controls[index].answer_by_any_route(header.msg_controllen);
            self.reply_parts[index] = libc::iovec { iov_base: reply.as_mut_ptr().cast(), iov_len: length };
            let outgoing = &mut self.outgoing[self.replied].msg_hdr;
            *outgoing = header;
            outgoing.msg_iov = &raw mut self.reply_parts[index];
            if header.msg_controllen == 0 {
                outgoing.msg_control = std::ptr::null_mut();
            }
            outgoing.msg_flags = 0;
            self.replied += 1;
        }
        tally
    }

    /// Feeds those who look with what has left.
    #[cold]
    #[inline(never)]
    fn witness(&self, begun: Begun, count: usize, snapshot: &Snapshot, desk: &Desk) {
        let micros = begun.micros();
        let mut left = 0;
        for index in 0..count {
            let reply = &self.replies[index];
            if reply[2] & 0x80 == 0 {
                continue;
            }
            left += 1;
            let length = self.reply_parts[index].iov_len.min(reply.len());
            let client = self.clients[index].ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            desk.witness.feed(begun, Carried::Udp, self.pending[index].place(snapshot), client, &reply[..length]);
        }
        desk.counters.add_latency(micros, left);
    }

    /// Sends what [`Batch::answer`] queued. Returns how many replies the system did not take.
    fn send(&mut self, socket: &UdpSocket) -> u64 {
        let (mut sent, mut lost) = (0, 0);
        while sent < self.replied {
            let rest = &mut self.outgoing[sent..self.replied];
            // SAFETY: `rest` holds as many headers as are said; each points to a client address, one part and maybe control
            // data in boxed slices of this struct that nobody changes during the call.
            let count = unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as libc::c_uint, 0) };
            match usize::try_from(count) {
                Ok(count) => sent += count.max(1),
                Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                // The first of the rest cannot be sent: a client that is gone, a route that is not there.
                Err(_) => {
                    sent += 1;
                    lost += 1;
                }
            }
        }
        lost
    }
}

/// The way back to a client whose answer comes from an upstream: the same socket, from the address that was asked.
#[derive(Debug)]
struct LateReply {
    socket: Arc<UdpSocket>,
    counters: Arc<Worker>,
    witness: Arc<Witness>,
    /// That of the client's horizon among the counters.
    place: usize,
    /// Whether those who look want it.
    begun: Option<Begun>,
    client: Address,
    client_length: libc::socklen_t,
    control: Control,
    /// Octets of control data; 0 for none.
    control_length: usize,
}

impl LateReply {
    fn new(
        desk: &Desk,
        client: &Address,
        control: &Control,
        header: &libc::msghdr,
        place: usize,
        begun: Option<Begun>,
    ) -> Self {
        let mut control = *control;
        control.answer_by_any_route(header.msg_controllen);
        LateReply {
            socket: Arc::clone(&desk.socket),
            counters: Arc::clone(&desk.counters),
            witness: Arc::clone(&desk.witness),
            place,
            begun,
            client: *client,
            client_length: header.msg_namelen.min(size_of::<Address>() as libc::socklen_t),
            control,
            control_length: header.msg_controllen.min(Control::SIZE),
        }
    }
}

impl Return for LateReply {
    fn send(self: Box<Self>, reply: &[u8]) {
        self.counters.count_reply(Carried::Udp, self.place, reply);
        if let Some(begun) = self.begun {
            let client = self.client.ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            self.counters.add_latency(self.witness.feed(begun, Carried::Udp, self.place, client, reply), 1);
        }
        let late = OUTBOX.with_borrow_mut(|outbox| match outbox {
            Some(outbox) => {
                outbox.push(*self, reply);
                None
            }
            None => Some(self),
        });
        if let Some(late) = late {
            let mut outbox = Outbox::default();
            outbox.push(*late, reply);
            outbox.send();
        }
    }
}

thread_local! {
    /// Where late replies of this thread wait to be sent together; none where each is sent at once.
    static OUTBOX: RefCell<Option<Outbox>> = const { RefCell::new(None) };
}

/// What the forwarder's thread does first: it asks for short slices, and its late replies wait for [`send_late_replies`].
///
/// One system call for those of a turn: the client that the first of them wakes finds the others as well.
pub fn begin_to_forward() {
    take_short_slices();
    OUTBOX.set(Some(Outbox::default()));
}

/// Sends the late replies that wait on this thread.
pub fn send_late_replies() {
    OUTBOX.with_borrow_mut(|outbox| outbox.iter_mut().for_each(Outbox::send));
}

/// Late replies that leave in one system call.
#[derive(Default)]
struct Outbox {
    waiting: Vec<LateReply>,
    /// Where the octets of each end.
    ends: Vec<usize>,
    octets: Vec<u8>,
}

impl Outbox {
    fn push(&mut self, late: LateReply, reply: &[u8]) {
        self.octets.extend_from_slice(reply);
        self.ends.push(self.octets.len());
        self.waiting.push(late);
        if self.waiting.len() == BATCH {
            self.send();
        }
    }

    /// Sends what waits, message by message where they leave through other sockets, and is empty then.
    fn send(&mut self) {
        let Outbox { waiting, ends, octets } = self;
        // SAFETY: an all-zero msghdr is valid: null pointers with zero lengths.
        let empty: libc::mmsghdr = unsafe { std::mem::zeroed() };
        let mut parts = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; BATCH];
        let mut headers = [empty; BATCH];
        let mut begin = 0;
        for (at, (late, end)) in waiting.iter_mut().zip(ends.iter()).enumerate() {
            parts[at] = libc::iovec { iov_base: octets[begin..*end].as_mut_ptr().cast(), iov_len: end - begin };
            begin = *end;
            let header = &mut headers[at].msg_hdr;
            header.msg_name = late.client.0.as_mut_ptr().cast();
            header.msg_namelen = late.client_length;
            header.msg_iov = &raw mut parts[at];
            header.msg_iovlen = 1;
            if late.control_length > 0 {
                header.msg_control = late.control.0.as_mut_ptr().cast();
                header.msg_controllen = late.control_length;
            }
        }
        let mut sent = 0;
        while let Some(first) = waiting.get(sent) {
            let socket = first.socket.as_raw_fd();
            let alike = waiting[sent..].iter().take_while(|late| late.socket.as_raw_fd() == socket).count();
            let rest = &mut headers[sent..sent + alike];
            // SAFETY: `rest` holds as many headers as are said, and there are BATCH at most; each points to a client address
            // and maybe control data in `waiting` and to one part in `octets`, which nobody touches before the call has
            // returned, and the lengths are theirs. MSG_DONTWAIT: a full queue loses replies, as it would on the wire, and
            // keeps nobody waiting.
            let count = unsafe { libc::sendmmsg(socket, rest.as_mut_ptr(), alike as libc::c_uint, libc::MSG_DONTWAIT) };
            match usize::try_from(count) {
                Ok(count) => sent += count.max(1),
                Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    first.counters.count(Event::SendFailed);
                    sent += 1;
                }
            }
        }
        waiting.clear();
        ends.clear();
        octets.clear();
    }
}

impl Address {
    /// The address in a `sockaddr_in` or `sockaddr_in6`; a v4-mapped one as IPv4.
    fn ip(&self) -> Option<IpAddr> {
        let octets = &self.0;
        match i32::from(u16::from_ne_bytes([octets[0], octets[1]])) {
            libc::AF_INET => octets[4..].first_chunk::<4>().map(|ip| IpAddr::V4(Ipv4Addr::from(*ip))),
            libc::AF_INET6 => octets[8..].first_chunk::<16>().map(|ip| IpAddr::V6(Ipv6Addr::from(*ip)).to_canonical()),
            _ => None,
        }
    }
}

impl Control {
    /// Makes packet information that came in good for sending: the address stays, the interface is left to the routes,
    /// but for link-local addresses, which mean nothing without it.
    fn answer_by_any_route(&mut self, length: usize) {
        const V4: usize = 12;
        const V6: usize = 20;
        if length >= Control::HEADER + V6 {
            let data = &mut self.0[Control::HEADER..];
            let link_local = data[0] == 0xFE && data[1] & 0xC0 == 0x80;
            if !link_local {
                data[16..20].fill(0);
            }
        } else if length >= Control::HEADER + V4 {
            self.0[Control::HEADER..Control::HEADER + 4].fill(0);
        }
    }
}

/// Asks the kernel to say which address each message was sent to, when the socket is bound to all, or is about to be: a
/// message that comes before this is asked is answered from another address. Returns whether the kernel will.
pub(super) fn asks_for_addresses(socket: &impl AsRawFd, local: SocketAddr) -> bool {
    if !local.ip().is_unspecified() {
        return false;
    }
    let (level, name) = if local.is_ipv4() {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    } else {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    };
    let on: libc::c_int = 1;
    // SAFETY: the option value is one c_int that lives during the call, and its size is said.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    result == 0
}

/// How many messages the kernel has dropped at a socket since it was opened, because its queue was full or a checksum was
/// wrong; modulo 2^32. None where the kernel does not tell.
pub(super) fn dropped(socket: &impl AsRawFd) -> Option<u32> {
    /// Numbers that SO_MEMINFO gives (linux/sock_diag.h).
    const NUMBERS: usize = libc::SK_MEMINFO_DROPS as usize + 1;
    let mut numbers = [0u32; NUMBERS];
    let mut size = size_of_val(&numbers) as libc::socklen_t;
    // SAFETY: the kernel writes at most `size` octets into `numbers`, and how many into `size`; both live during the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            numbers.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    (result == 0 && size as usize == size_of_val(&numbers)).then(|| numbers[NUMBERS - 1])
}
