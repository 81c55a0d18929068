//! The promise of the reload: under full load no query is lost, and every answer is wholly of one state.
//!
//! The senders keep a bounded number of queries outstanding and ask as fast as the machine lets them: 50,000 queries in a
//! second and more in a release build. A slower machine asks less often; what is demanded of the answers is the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;

use horizon_dns::dns::Rtype;
use reload_lab::{CONFIG, Lab, query, replace};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const RELOADS: u32 = 100;
/// Queries that one UDP sender has outstanding.
const WINDOW: u16 = 32;

/// A zone whose four addresses carry its generation, with enough beside them that a load takes a while.
fn zone(generation: u32) -> String {
    let [_, _, high, low] = generation.to_be_bytes();
    let mut text = format!("$TTL 60\n@ SOA ns hostmaster {generation} 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n");
    for n in 1..=4 {
        text.push_str(&format!("www A 10.{high}.{low}.{n}\n"));
    }
    for n in 0..200 {
        text.push_str(&format!("host{n} A 10.{high}.{low}.{n}\n"));
    }
    text
}

/// The generation that all four addresses of an answer carry.
fn generation(message: &[u8], asked: usize) -> u32 {
    assert_eq!(message[3] & 0x0f, 0, "an error in the answer");
    assert_eq!(&message[6..8], [0, 4], "four addresses");
    let records: Vec<_> = message[asked..].chunks(16).take(4).map(|record| &record[12..16]).collect();
    let first = [records[0][1], records[0][2]];
    for record in &records {
        assert_eq!([record[1], record[2]], first, "one answer out of two states: {records:?}");
    }
    u32::from(u16::from_be_bytes(first))
}

/// How far the reloads are: what is begun may be seen, what is done must be seen.
#[derive(Default)]
struct Progress {
    begun: AtomicU32,
    done: AtomicU32,
    answered: AtomicU32,
    over: AtomicBool,
}

impl Progress {
    fn check(&self, done_before: u32, message: &[u8], asked: usize) {
        let generation = generation(message, asked);
        let begun = self.begun.load(Ordering::SeqCst);
        assert!(
            (done_before..=begun).contains(&generation),
            "an answer of generation {generation} while {done_before} to {begun} could be"
        );
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks in windows until all is over; every query of a window must be answered.
    fn ask_over_udp(&self, server: SocketAddr) {
        let question = query(0, "www.example.org", Rtype::A);
        let mut octets = [0; 1232];
        while !self.over.load(Ordering::Relaxed) {
            // A new socket meets another worker.
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.connect(server).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            for _ in 0..50 {
                let done = self.done.load(Ordering::SeqCst);
                let mut open = [false; WINDOW as usize];
                for id in 0..WINDOW {
                    let mut question = question.clone();
                    question[..2].copy_from_slice(&id.to_be_bytes());
                    socket.send(&question).unwrap();
                    open[usize::from(id)] = true;
                }
                for _ in 0..WINDOW {
                    let length = socket.recv(&mut octets).unwrap_or_else(|error| panic!("a query was lost: {error}"));
                    let id = usize::from(u16::from_be_bytes([octets[0], octets[1]]));
                    assert!(std::mem::take(&mut open[id]), "answered twice");
                    self.check(done, &octets[..length], question.len());
                }
            }
        }
    }

    fn ask_over_tcp(&self, server: SocketAddr) {
        let question = query(9, "www.example.org", Rtype::A);
        let framed = [&u16::try_from(question.len()).unwrap().to_be_bytes()[..], &question].concat();
        let all = framed.repeat(20);
        while !self.over.load(Ordering::Relaxed) {
            let mut stream = TcpStream::connect(server).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            for _ in 0..50 {
                let done = self.done.load(Ordering::SeqCst);
                stream.write_all(&all).unwrap();
                for _ in 0..20 {
                    let mut length = [0; 2];
                    stream.read_exact(&mut length).unwrap();
                    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
                    stream.read_exact(&mut message).unwrap();
                    self.check(done, &message, question.len());
                }
            }
        }
    }
}

/// 100 reloads that each change every record, under as many queries as the machine can ask.
#[test]
fn a_reload_under_load_loses_no_query_and_mixes_no_states() {
    let lab = Lab::start(CONFIG, &[("internal/example.org.zone", &zone(0))]);
    let server = lab.address();
    let progress = Progress::default();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| stop_on_panic(&progress, || progress.ask_over_udp(server)));
        }
        scope.spawn(|| stop_on_panic(&progress, || progress.ask_over_tcp(server)));
        stop_on_panic(&progress, || {
            for generation in 1..=RELOADS {
                let before = progress.answered.load(Ordering::Relaxed);
                progress.begun.store(generation, Ordering::SeqCst);
                replace(&lab.path("zones/internal/example.org.zone"), &zone(generation));
                let outcome = lab.server().reload();
                assert!(outcome.failing.is_empty(), "{:?}", outcome.failing);
                progress.done.store(generation, Ordering::SeqCst);
                // Some load on every state.
                while progress.answered.load(Ordering::Relaxed).wrapping_sub(before) < 2000
                    && !progress.over.load(Ordering::Relaxed)
                {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        progress.over.store(true, Ordering::Relaxed);
    });
    let answered = progress.answered.load(Ordering::Relaxed);
    let rate = f64::from(answered) / start.elapsed().as_secs_f64();
    eprintln!("{answered} queries, none lost, {rate:.0} in a second, over {RELOADS} reloads");
    assert_eq!(lab.status().reloads, u64::from(RELOADS), "each change went live once");
    assert!(answered >= RELOADS * 2000);
}

/// One failure ends all senders, so that the test fails at once and not by their time-outs.
fn stop_on_panic(progress: &Progress, work: impl FnOnce()) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    if let Err(panic) = result {
        progress.over.store(true, Ordering::Relaxed);
        std::panic::resume_unwind(panic);
    }
}
