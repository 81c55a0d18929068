//! The sockets of a scripted upstream.

use super::asked::Asked;
use super::say::say;
use super::script::{Act, Script, Twist, at_or_below};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A scripted upstream; its threads end with it.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    asked: Mutex<Vec<Asked>>,
    /// Takes questions and says nothing, as a machine that is gone.
    silent: AtomicBool,
    /// Keeps nothing of what it is asked.
    forgetful: AtomicBool,
    stopping: AtomicBool,
}

/// How often a thread looks whether it shall end.
const LOOK: Duration = Duration::from_millis(20);

impl Upstream {
    /// Starts one at a free port of 127.0.0.1.
    pub(crate) fn start(script: Script) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, script)
    }

    /// Starts one at a free port of this address.
    pub(crate) fn start_at(ip: Ipv4Addr, script: Script) -> Self {
        let shared = Arc::new(Shared { script: Mutex::new(script), ..Shared::default() });
        let (udp, tcp) = free_port(ip);
        let mut upstream = Upstream { address: udp.local_addr().unwrap(), shared, threads: Vec::new() };
        upstream.serve(udp, tcp);
        upstream
    }

    /// Does something else from now on.
    pub(crate) fn set(&self, script: Script) {
        *lock(&self.shared.script) = script;
    }

    /// Says nothing any more, or again what the script says.
    pub(crate) fn silence(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::SeqCst);
    }

    /// Keeps nothing of what it is asked from now on, for loads that would fill the memory.
    pub(crate) fn keep_nothing(&self) {
        self.shared.forgetful.store(true, Ordering::SeqCst);
    }

    /// Closes its port, as a program that was killed: who asks is told by ICMP.
    pub(crate) fn kill(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        self.shared.stopping.store(false, Ordering::SeqCst);
    }

    /// Opens the port again after [`Upstream::kill`].
    pub(crate) fn revive(&mut self) {
        let udp = UdpSocket::bind(self.address).unwrap();
        let tcp = TcpListener::bind(self.address).unwrap();
        self.serve(udp, tcp);
    }

    /// Everything that was asked so far, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// What was asked at and below a name.
    pub(crate) fn asked_for(&self, name: &str) -> Vec<Asked> {
        let name = if name.ends_with('.') { name.to_owned() } else { format!("{name}.") };
        lock(&self.shared.asked).iter().filter(|asked| at_or_below(&asked.name, &name)).cloned().collect()
    }

    /// How often it was asked at and below a name.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.asked_for(name).len()
    }

    /// Forgets what it was asked.
    pub(crate) fn forget(&self) {
        lock(&self.shared.asked).clear();
    }

    fn serve(&mut self, udp: UdpSocket, tcp: TcpListener) {
        udp.set_read_timeout(Some(LOOK)).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let shared = Arc::clone(&self.shared);
        self.threads.push(thread::spawn(move || datagrams(&Arc::new(udp), &shared)));
        let shared = Arc::clone(&self.shared);
        self.threads.push(thread::spawn(move || connections(&tcp, &shared)));
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.kill();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A port below those that the system gives away by itself, so that it can be opened again.
fn free_port(ip: Ipv4Addr) -> (UdpSocket, TcpListener) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16 % 12_000;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if let (Ok(udp), Ok(tcp)) = (UdpSocket::bind((ip, port)), TcpListener::bind((ip, port))) {
            return (udp, tcp);
        }
    }
}

fn datagrams(socket: &Arc<UdpSocket>, shared: &Arc<Shared>) {
    let mut buffer = vec![0; 65_535];
    while !shared.stopping.load(Ordering::SeqCst) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let Some(asked) = Asked::read(&buffer[..length], from, false) else { continue };
        let socket = Arc::clone(socket);
        answer(asked, shared, move |asked, twist, reply| {
            let other = match twist {
                Some(Twist::Port) => Some(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()),
                Some(Twist::Address) => {
                    Some(UdpSocket::bind(("127.9.9.9", socket.local_addr().unwrap().port())).unwrap())
                }
                _ => None,
            };
            let reply = fitting(asked, twist, reply);
            let _ = other.as_ref().unwrap_or(&socket).send_to(&reply, asked.from);
            true
        });
    }
}

fn connections(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut open = Vec::new();
    while !shared.stopping.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((stream, from)) => {
                let shared = Arc::clone(shared);
                open.push(thread::spawn(move || connection(stream, from, &shared)));
            }
            Err(_) => thread::sleep(LOOK / 10),
        }
    }
    for thread in open {
        thread.join().unwrap();
    }
}

fn connection(mut stream: TcpStream, from: SocketAddr, shared: &Arc<Shared>) {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(LOOK)).unwrap();
    let writer = Arc::new(Mutex::new(stream.try_clone().unwrap()));
    let mut filled = Vec::new();
    let mut buffer = [0; 4096];
    while !shared.stopping.load(Ordering::SeqCst) {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => filled.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        while let Some(size) = filled.first_chunk::<2>().map(|size| usize::from(u16::from_be_bytes(*size))) {
            if filled.len() < 2 + size {
                break;
            }
            let message: Vec<u8> = filled.drain(..2 + size).skip(2).collect();
            let Some(asked) = Asked::read(&message, from, true) else { continue };
            let writer = Arc::clone(&writer);
            answer(asked, shared, move |_, twist, reply| {
                let reply = twisted_length(twist, reply);
                let framed = [&(reply.len() as u16).to_be_bytes()[..], &reply].concat();
                let mut writer = lock(&writer);
                match reply.is_empty() {
                    true => writer.shutdown(std::net::Shutdown::Both).is_ok(),
                    false => writer.write_all(&framed).is_ok(),
                }
            });
        }
    }
}

/// Notes the query and does what the script says; in a thread of its own if that takes time.
fn answer(asked: Asked, shared: &Arc<Shared>, send: impl Fn(&Asked, Option<Twist>, Vec<u8>) -> bool + Send + 'static) {
    let silent = shared.silent.load(Ordering::SeqCst);
    if !shared.forgetful.load(Ordering::SeqCst) {
        lock(&shared.asked).push(asked.clone());
    }
    if silent {
        return;
    }
    let acts = lock(&shared.script).next(&asked);
    let slow = acts.iter().any(|act| matches!(act, Act::Wait(_)));
    let act = move || {
        for act in acts {
            let (twist, reply) = match act {
                Act::Wait(milliseconds) => {
                    thread::sleep(Duration::from_millis(milliseconds));
                    continue;
                }
                Act::Say(line) => (None, say(&asked, line)),
                Act::Wrong(twist, line) => (Some(twist), twisted(twist, &asked, say(&asked, line))),
                Act::Octets(octets) => (Some(Twist::Oversized), [&asked.id.to_be_bytes(), octets].concat()),
                Act::Addresses(count) => (None, say(&asked, &addresses(count))),
                Act::Texts(count) => (None, say(&asked, &texts(count))),
                Act::Close if asked.stream => (None, Vec::new()),
                Act::Close => continue,
            };
            send(&asked, twist, reply);
        }
    };
    match slow {
        true => drop(thread::spawn(act)),
        false => act(),
    }
}

fn addresses(count: u32) -> String {
    let records = (0..count).map(|n| format!("; @ 300 A 11.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255));
    format!("NOERROR{}", records.collect::<String>())
}

fn texts(count: u16) -> String {
    let records = (0..count).map(|n| format!("; @ 300 TXT {n:0>250}"));
    format!("NOERROR{}", records.collect::<String>())
}

/// The reply with what is wrong in its octets.
fn twisted(twist: Twist, asked: &Asked, mut reply: Vec<u8>) -> Vec<u8> {
    let name = 12..12 + asked.spelled.len();
    match twist {
        Twist::Id => reply[1] ^= 1,
        Twist::Question => reply[13] = if reply[13] == b'z' { b'y' } else { b'z' },
        Twist::Type => reply[name.end + 1] ^= 0x1F,
        Twist::Case => {
            for octet in reply[name].iter_mut().filter(|octet| octet.is_ascii_alphabetic()) {
                *octet ^= 0x20;
            }
        }
        Twist::Lower => reply[name].make_ascii_lowercase(),
        Twist::NoQuestion => {
            reply[5] = 0;
            reply.drain(12..asked.question_end());
        }
        Twist::Query => reply[2] &= 0x7F,
        Twist::Opcode => reply[2] |= 0x10,
        // Behind a pointer to the question's name, type and class.
        Twist::Ttl => reply[asked.question_end() + 6] |= 0x80,
        Twist::Count(more) => {
            let count = u16::from_be_bytes([reply[6], reply[7]]).wrapping_add(more);
            reply[6..8].copy_from_slice(&count.to_be_bytes());
        }
        Twist::Cut(_) | Twist::Port | Twist::Address | Twist::Oversized => {}
    }
    twisted_length(Some(twist), reply)
}

fn twisted_length(twist: Option<Twist>, mut reply: Vec<u8>) -> Vec<u8> {
    if let Some(Twist::Cut(length)) = twist {
        reply.truncate(length);
    }
    reply
}

/// What fits into the UDP size of the query: else only the question, with TC.
fn fitting(asked: &Asked, twist: Option<Twist>, mut reply: Vec<u8>) -> Vec<u8> {
    let limit = asked.edns.as_ref().map_or(512, |edns| usize::from(edns.size.max(512)));
    if reply.len() > limit && twist != Some(Twist::Oversized) {
        reply.truncate(asked.question_end());
        reply[2] |= 2;
        reply[6..12].fill(0);
    }
    reply
}
