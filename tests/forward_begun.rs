//! Who begins a miss: whoever brings only a few does it on his own thread while the forwarder waits; and whoever begins it,
//! its client is answered once and in time, also when the forwarder stops.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bare_forwarder;
mod upstream_lab;

use bare_forwarder::{Back, CLIENT, Lab, PATIENCE, miss};
use horizon_dns::config;
use horizon_dns::forward::{Carry, Done, StreamError};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use upstream_lab::Act::Say;
use upstream_lab::{Query, Script, Upstream, show};

/// Tells on which thread it is asked, and says that it is busy.
struct Threads(Mutex<Sender<thread::ThreadId>>);

impl Carry for Threads {
    fn ask(&self, _upstream: &config::Upstream, _message: Vec<u8>, _deadline: Instant, done: Done) {
        self.0.lock().unwrap().send(thread::current().id()).unwrap();
        done(Err(StreamError::Busy("for the test")));
    }
}

/// Lays misses that no other is equal to, and says so.
fn begin(lab: &Lab, names: impl Iterator<Item = String>) -> Vec<Receiver<Vec<u8>>> {
    let plan = Arc::clone(&lab.plan.lock().unwrap());
    let receivers: Vec<_> = names
        .filter_map(|name| {
            let (sender, receiver) = channel();
            let octets = Query::new(&format!("{name}.example.net A")).octets();
            let laid = lab.forwarder.lay(miss(Arc::clone(&plan), &octets, CLIENT, Box::new(Back(sender))));
            laid.is_ok().then_some(receiver)
        })
        .collect();
    lab.forwarder.begin(receivers.len());
    receivers
}

/// A miss that comes alone is asked for by the thread that brings it, many at once by the forwarder's own.
#[test]
fn a_lone_miss_changes_no_thread() {
    let (sender, asked) = channel();
    let lab = Lab::carried_by(Arc::new(Threads(Mutex::new(sender))), "\"tls://127.0.0.1#dns.example.net\"");
    let mut own = 0;
    for turn in 0..50 {
        let replies = begin(&lab, [format!("lone{turn}")].into_iter());
        replies[0].recv_timeout(PATIENCE).unwrap();
        own += asked.try_iter().filter(|thread| *thread == thread::current().id()).count();
    }
    // The forwarder may be at work for the last one still, now and then.
    assert!(own >= 5, "{own} of 50");
    for turn in 0..5 {
        let replies = begin(&lab, (0..20).map(|n| format!("heap{turn}-{n}")));
        replies.iter().for_each(|reply| drop(reply.recv_timeout(PATIENCE).unwrap()));
    }
    assert!(asked.try_iter().all(|thread| thread != thread::current().id()));
}

/// Threads that bring misses alone and in heaps, all at once: each client gets its answer, once.
#[test]
fn everybody_is_answered_once() {
    const THREADS: usize = 6;
    const TURNS: usize = 300;
    let upstream = Upstream::start(Script::default().on(".", &[Say("NOERROR; @ 300 A 11.0.0.1")]));
    let lab = Lab::start(&[&upstream], "timeout = 5000");
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (lab, start) = (&lab, &start);
            scope.spawn(move || {
                start.wait();
                for turn in 0..TURNS {
                    let names: Vec<_> = (0..turn % 4 + 1).map(|n| format!("n{thread}-{turn}-{n}")).collect();
                    for (name, reply) in names.iter().zip(begin(lab, names.iter().cloned())) {
                        let seen = show(&reply.recv_timeout(PATIENCE).unwrap());
                        assert_eq!(seen, format!("NOERROR; {name}.example.net. 300 A 11.0.0.1"));
                        assert!(reply.recv().is_err(), "a second answer");
                    }
                }
            });
        }
    });
}

/// The time-out of a question that a sleeping forwarder did not see begin wakes it.
#[test]
fn its_time_out_is_kept() {
    let silent = Upstream::start(Script::default().on(".", &[]));
    let other = Upstream::start(Script::default().on(".", &[Say("NOERROR; @ 300 A 11.0.0.2")]));
    let lab = Lab::start(&[&silent, &other], "policy = \"ordered\"\ntimeout = 300");
    // The forwarder has long gone to sleep when the question comes.
    assert!(lab.forwarder.upstreams().is_empty());
    thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    let reply = begin(&lab, ["late".to_owned()].into_iter()).remove(0).recv_timeout(PATIENCE).unwrap();
    let took = start.elapsed();
    assert!(show(&reply).contains("11.0.0.2"), "{}", show(&reply));
    // Without the alarm nothing wakes it but its own sweep, after seconds.
    assert!(took >= Duration::from_millis(250) && took < Duration::from_secs(5), "{took:?}");
}

/// Whoever brings misses while the forwarder stops gets an answer for each that was taken.
#[test]
fn a_stop_forgets_nobody() {
    for _ in 0..20 {
        let silent = Upstream::start(Script::default().on(".", &[]));
        let lab = Lab::start(&[&silent], "timeout = 10000");
        let taken = AtomicUsize::new(0);
        thread::scope(|scope| {
            let bringers: Vec<_> = (0..3)
                .map(|thread| {
                    let (lab, taken) = (&lab, &taken);
                    scope.spawn(move || {
                        let mut waiting = Vec::new();
                        for turn in 0.. {
                            let replies = begin(lab, [format!("n{thread}-{turn}")].into_iter());
                            if replies.is_empty() {
                                break;
                            }
                            taken.fetch_add(1, Ordering::Relaxed);
                            waiting.extend(replies);
                        }
                        waiting
                    })
                })
                .collect();
            while taken.load(Ordering::Relaxed) < 30 {
                thread::yield_now();
            }
            lab.forwarder.stop();
            let mut seen = HashSet::new();
            for reply in bringers.into_iter().flat_map(|bringer| bringer.join().unwrap()) {
                seen.insert(show(&reply.recv_timeout(PATIENCE).unwrap()));
            }
            assert!(seen.contains("SERVFAIL ! 0 the server stops"), "{seen:?}");
        });
    }
}
