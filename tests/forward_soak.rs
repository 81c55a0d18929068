//! A steady load while upstreams stop, die and come back: every query is answered, and memory does not grow.
//!
//! Ten seconds with the other tests. Longer, and faster, with a release build:
//! `SOAK_SECONDS=300 SOAK_RATE=20000 cargo test --release --test forward_soak -- --nocapture`

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
mod forward_lab;
#[allow(dead_code, reason = "a part of it is used here")]
#[path = "peers/random.rs"]
mod random;
mod reload_lab;
mod upstream_lab;

use cli_program::Folder;
use forward_lab::config;
use random::Random;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use upstream_lab::Act::{Say, Wait};
use upstream_lab::{Query, Script, Upstream};

/// Names that are asked again and again; the others are asked once.
const KNOWN: usize = 2_000;

/// Of a hundred questions, those for known names.
const OFTEN: usize = 70;

/// Longer than any client waits; the server gives up before.
const PATIENCE: Duration = Duration::from_secs(10);

const SOCKETS: usize = 16;

/// What came of the load.
#[derive(Debug, Default)]
struct Figures {
    asked: u64,
    good: u64,
    failed: u64,
    /// Neither: nothing that may come.
    wrong: Vec<String>,
    unanswered: u64,
    /// Microseconds.
    latencies: Vec<u32>,
}

/// Under a steady load, with upstreams that stop, are killed, are slow and come back, one and both at a time.
#[test]
fn every_query_is_answered_and_memory_is_flat() {
    let seconds = number("SOAK_SECONDS", 10);
    let rate = number("SOAK_RATE", 2_000);
    let mut upstreams = [Upstream::start(script()), Upstream::start(script())];
    upstreams.iter().for_each(Upstream::keep_nothing);
    let addresses = upstreams.each_ref().map(|upstream| upstream.address);
    let folder = Folder { folder: tempfile::tempdir().unwrap() };
    let more = "timeout = 300\nper_client = 20000\n\n[forward.cache]\nsize = 4000000";
    folder.write("horizon.toml", &config(&addresses, more).replace("run/control.sock", "control.sock"));
    folder.write("zones/internal/example.org.zone", &reload_lab::zone(1, "10.0.0.1"));
    let server = folder.serve();
    let (address, process) = (server.address, server.id());

    let done = AtomicBool::new(false);
    let (figures, memory) = thread::scope(|scope| {
        let load = scope.spawn(|| load(address, rate, Duration::from_secs(seconds)));
        scope.spawn(|| trouble(&mut upstreams, &done));
        let mut memory = Vec::new();
        while !load.is_finished() {
            memory.push(resident(process));
            thread::sleep(Duration::from_millis(250));
        }
        done.store(true, Ordering::SeqCst);
        (load.join().unwrap(), memory)
    });

    let mut latencies = figures.latencies;
    latencies.sort_unstable();
    let quantile = |share: f64| latencies[((latencies.len() as f64 * share) as usize).min(latencies.len() - 1)];
    // The cache is full by then.
    let settled = memory[memory.len() * 4 / 10];
    let most = memory[memory.len() * 4 / 10..].iter().max().unwrap();
    println!(
        "{seconds} s at {rate} q/s: {} asked, {} answered well, {} told why not, {} not answered; \
         latency p50 {} us, p99 {} us, p99.9 {} us, most {} us; resident {:.1} MB after 0.4 of it, {:.1} MB at most, {:.1} MB at its end",
        figures.asked,
        figures.good,
        figures.failed,
        figures.unanswered,
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        quantile(1.0),
        settled as f64 / 1e6,
        *most as f64 / 1e6,
        *memory.last().unwrap() as f64 / 1e6,
    );
    assert_eq!(figures.unanswered, 0, "of {} questions", figures.asked);
    assert!(figures.wrong.is_empty(), "{:?}", figures.wrong.first());
    assert!(figures.good * 2 > figures.asked, "most are answered well: {} of {}", figures.good, figures.asked);
    assert!(*most < settled + 8_000_000, "memory grows: {settled} octets, then {most}");
}

/// Short TTLs, so that there is always something that ends.
fn script() -> Script {
    Script::default()
        .on("example.net", &[Say("NOERROR; @ 2 A 11.0.0.1")])
        .on("slow.example.net", &[Wait(30), Say("NOERROR; @ 2 A 11.0.0.1")])
}

/// One step after the other, half a second each, for as long as the load goes on; in the end both are well.
fn trouble(upstreams: &mut [Upstream; 2], done: &AtomicBool) {
    let mut step = 0;
    while !done.load(Ordering::SeqCst) {
        let [first, second] = &mut *upstreams;
        match step % 10 {
            0 => first.silence(true),
            1 => second.set(Script::default().on(".", &[Say("SERVFAIL")])),
            2 => second.set(script()),
            3 => first.silence(false),
            4 => first.kill(),
            5 => second.silence(true),
            6 => second.silence(false),
            7 => first.revive(),
            8 => second.kill(),
            _ => second.revive(),
        }
        step += 1;
        thread::sleep(Duration::from_millis(500));
    }
}

/// A question is sent when its time has come, whether those before it were answered or not.
fn load(server: SocketAddr, rate: u64, time: Duration) -> Figures {
    let sockets: Vec<_> = (0..SOCKETS).map(|_| client(server)).collect();
    // By socket and ID: when it was asked.
    let mut open = vec![vec![None::<Instant>; 1 << 16]; SOCKETS];
    let mut figures = Figures::default();
    let mut random = Random::new(7);
    let (mut waiting, begun) = (0_u64, Instant::now());
    let mut buffer = [0; 1232];
    loop {
        let elapsed = begun.elapsed();
        let due = (elapsed.min(time).as_nanos() * u128::from(rate) / 1_000_000_000) as u64;
        while figures.asked < due {
            let (socket, id) = (figures.asked as usize % SOCKETS, (figures.asked as usize / SOCKETS) as u16);
            let name = match random.below(100) {
                below if below < OFTEN => format!("k{}", random.below(KNOWN)),
                below if below < OFTEN + 5 => format!("s{:x}.slow", random.next()),
                _ => format!("m{:x}", random.next()),
            };
            let query = Query { id, ..Query::new(&format!("{name}.example.net A")) };
            if sockets[socket].send(&query.octets()).is_ok() {
                figures.unanswered += u64::from(open[socket][usize::from(id)].replace(Instant::now()).is_some());
                waiting += 1;
            }
            figures.asked += 1;
        }
        let mut quiet = true;
        for (socket, open) in sockets.iter().zip(&mut open) {
            while let Ok(length) = socket.recv(&mut buffer) {
                quiet = false;
                let id = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
                let Some(asked) = open[id].take() else { continue };
                waiting -= 1;
                figures.latencies.push(asked.elapsed().as_micros() as u32);
                figures.judge(&buffer[..length]);
            }
        }
        if elapsed > time && (waiting == 0 || elapsed > time + PATIENCE) {
            figures.unanswered += waiting;
            return figures;
        }
        if quiet {
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Figures {
    /// An address, or SERVFAIL with an extended error.
    fn judge(&mut self, reply: &[u8]) {
        match (reply[3] & 15, reply[7]) {
            (0, 1) => self.good += 1,
            (2, 0) if upstream_lab::show(reply).contains(" ! ") => self.failed += 1,
            _ => self.wrong.push(upstream_lab::show(reply)),
        }
    }
}

fn client(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.connect(server).unwrap();
    socket
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// Octets.
fn resident(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
