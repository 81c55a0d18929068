//! System calls that the standard library does not have: batches of datagrams, cores, a child's end with its parent's.
//!
//! The one file of the bench with `unsafe`. Knows nothing of DNS.

#![allow(unsafe_code)]

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Messages in one system call at most.
pub(crate) const BATCH: usize = 32;

/// Octets of a reply that are looked at.
const LARGEST: usize = 2048;

/// Octets of a query.
const LARGEST_QUERY: usize = 300;

/// A connected socket that sends and receives many messages in one call.
pub(crate) struct Datagrams {
    socket: UdpSocket,
    received: Box<[[u8; LARGEST]]>,
    sent: Box<[[u8; LARGEST_QUERY]]>,
    incoming: Box<[libc::mmsghdr]>,
    outgoing: Box<[libc::mmsghdr]>,
    _parts: Box<[libc::iovec]>,
    out_parts: Box<[libc::iovec]>,
    queued: usize,
}

// SAFETY: the raw pointers lead into boxed slices that the struct owns and that do not move with it.
unsafe impl Send for Datagrams {}

impl Datagrams {
    /// Takes a connected socket; it no longer waits.
    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let mut received = vec![[0; LARGEST]; BATCH].into_boxed_slice();
        let mut sent = vec![[0; LARGEST_QUERY]; BATCH].into_boxed_slice();
        let mut parts: Box<[libc::iovec]> = received.iter_mut().map(|buffer| part(buffer)).collect();
        let mut out_parts: Box<[libc::iovec]> = sent.iter_mut().map(|buffer| part(buffer)).collect();
        let incoming = headers(&mut parts);
        let outgoing = headers(&mut out_parts);
        Ok(Datagrams { socket, received, sent, incoming, outgoing, _parts: parts, out_parts, queued: 0 })
    }

    /// Takes what is there, at most [`BATCH`] messages; 0 when there is nothing.
    pub(crate) fn receive(&mut self) -> io::Result<usize> {
        // SAFETY: `incoming` holds BATCH headers whose parts point into boxed slices of this struct; no name, no control data.
        let count = unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                self.incoming.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        match usize::try_from(count) {
            Ok(count) => Ok(count),
            Err(_) => match io::Error::last_os_error() {
                error if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
                error => Err(error),
            },
        }
    }

    /// One of the messages that the last [`Datagrams::receive`] took.
    pub(crate) fn message(&self, index: usize) -> &[u8] {
        &self.received[index][..(self.incoming[index].msg_len as usize).min(LARGEST)]
    }

    /// Queues a message with another ID; sends the queue when it is full.
    pub(crate) fn queue(&mut self, octets: &[u8], id: u16) -> io::Result<()> {
        if self.queued == BATCH {
            self.flush()?;
        }
        let buffer = &mut self.sent[self.queued];
        buffer[..octets.len()].copy_from_slice(octets);
        buffer[..2].copy_from_slice(&id.to_be_bytes());
        self.out_parts[self.queued].iov_len = octets.len();
        self.queued += 1;
        Ok(())
    }

    /// Sends what is queued.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut from = 0;
        while from < self.queued {
            let rest = &mut self.outgoing[from..self.queued];
            // SAFETY: `rest` holds as many headers as are said; their parts point into boxed slices of this struct.
            let count =
                unsafe { libc::sendmmsg(self.socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as libc::c_uint, 0) };
            match usize::try_from(count) {
                Ok(count) => from += count.max(1),
                Err(_) => match io::Error::last_os_error() {
                    error if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                    error => return Err(error),
                },
            }
        }
        self.queued = 0;
        Ok(())
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn part(buffer: &mut [u8]) -> libc::iovec {
    libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() }
}

fn headers(parts: &mut [libc::iovec]) -> Box<[libc::mmsghdr]> {
    let fill = |part: &mut libc::iovec| {
        // SAFETY: an all-zero msghdr is valid: null pointers with zero lengths.
        let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        header
    };
    parts.iter_mut().map(fill).collect()
}

/// Sends every message back to where it came from, for ever: what a server that does nothing costs.
pub(crate) fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut buffers = vec![[0u8; LARGEST]; BATCH].into_boxed_slice();
    let mut names = vec![[0u64; 4]; BATCH].into_boxed_slice();
    let mut parts: Box<[libc::iovec]> = buffers.iter_mut().map(|buffer| part(buffer)).collect();
    let mut messages = headers(&mut parts);
    loop {
        for index in 0..BATCH {
            parts[index].iov_len = LARGEST;
            messages[index].msg_hdr.msg_name = names[index].as_mut_ptr().cast();
            messages[index].msg_hdr.msg_namelen = 32;
        }
        // SAFETY: BATCH headers, each with a name of 32 octets and one part of LARGEST octets in slices that live here.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                messages.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_WAITFORONE,
                std::ptr::null_mut(),
            )
        };
        let Ok(count) = usize::try_from(count) else { continue };
        for index in 0..count {
            parts[index].iov_len = messages[index].msg_len as usize;
        }
        let mut sent = 0;
        while sent < count {
            let rest = &mut messages[sent..count];
            // SAFETY: as above, with the lengths that came in.
            let done = unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as libc::c_uint, 0) };
            sent += usize::try_from(done).unwrap_or(1).max(1);
        }
    }
}

/// Waits until one of the sockets can be read, or for writing those marked so.
pub(crate) fn wait(sockets: &[(RawFd, bool)], at_most: Duration) {
    let mut polled: Vec<libc::pollfd> = sockets
        .iter()
        .map(|(fd, write)| libc::pollfd {
            fd: *fd,
            events: if *write { libc::POLLIN | libc::POLLOUT } else { libc::POLLIN },
            revents: 0,
        })
        .collect();
    let milliseconds = at_most.as_millis().clamp(1, 1000) as libc::c_int;
    // SAFETY: the list is as long as is said and lives during the call.
    unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, milliseconds) };
}

/// Waits until a socket can be read, or until so much time has passed, to the microsecond.
pub(crate) fn wait_exactly(socket: RawFd, at_most: Duration) {
    let mut polled = libc::pollfd { fd: socket, events: libc::POLLIN, revents: 0 };
    let time = libc::timespec { tv_sec: at_most.as_secs() as libc::time_t, tv_nsec: at_most.subsec_nanos().into() };
    // SAFETY: one entry and one time that live during the call; no signal mask.
    unsafe { libc::ppoll(&raw mut polled, 1, &raw const time, std::ptr::null()) };
}

/// Lets waits of this thread end when they should: by default the system may add 50 us.
pub(crate) fn exact_sleeps() {
    // SAFETY: one system call with plain numbers.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
}

/// Lets every other thread go before this one and what it starts (SCHED_IDLE of sched(7)).
pub(crate) fn give_way() -> io::Result<()> {
    scheduled(libc::SCHED_IDLE)
}

/// This thread takes its turns like others.
pub(crate) fn take_turns() -> io::Result<()> {
    scheduled(libc::SCHED_OTHER)
}

fn scheduled(policy: libc::c_int) -> io::Result<()> {
    // SAFETY: an all-zero sched_param is valid, and priority 0 is the only one of these policies; it lives during the call.
    let result = unsafe {
        let param: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(0, policy, &raw const param)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps this thread, and what it starts, on these cores.
pub(crate) fn stay_on(cores: &[usize]) -> io::Result<()> {
    keep_on(0, cores)
}

/// Keeps every thread of a process on these cores, whatever it has chosen itself.
pub(crate) fn keep_all_on(pid: u32, cores: &[usize]) -> io::Result<()> {
    for entry in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        if let Some(thread) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            keep_on(thread, cores)?;
        }
    }
    Ok(())
}

fn keep_on(thread: libc::pid_t, cores: &[usize]) -> io::Result<()> {
    // SAFETY: an all-zero set is the empty set; CPU_SET checks its range; the size is that of the set.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for core in cores {
            libc::CPU_SET(*core, &mut set);
        }
        libc::sched_setaffinity(thread, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Makes a command's process stay on these cores and end when this thread ends.
pub(crate) fn bind(command: &mut Command, cores: Vec<usize>) {
    let prepare = move || {
        // SAFETY: one system call with plain numbers.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) };
        stay_on(&cores)
    };
    // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
    unsafe { command.pre_exec(prepare) };
}

/// Sends a signal to one process.
pub(crate) fn signal(pid: u32, signal: libc::c_int) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        // SAFETY: one system call with plain numbers.
        unsafe { libc::kill(pid, signal) };
    }
}

/// Lets this process and what it starts open many files.
pub(crate) fn raise_open_files() {
    let limit = libc::rlimit { rlim_cur: 65_536, rlim_max: 65_536 };
    // SAFETY: the structure lives during the call.
    unsafe {
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) != 0 {
            let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut now);
            now.rlim_cur = now.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const now);
        }
    }
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_interrupt(_: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Notes Ctrl-C instead of ending at once, so that the children are ended.
pub(crate) fn watch_interrupts() {
    let handler = note_interrupt as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler only stores to an atomic.
    unsafe {
        libc::signal(libc::SIGINT, handler);
        libc::signal(libc::SIGTERM, handler);
    }
}

/// True once Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
