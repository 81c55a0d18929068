//! Hot files allocate nothing after start: a counting allocator watches the whole query path.

#![allow(unsafe_code)]

mod ask;

use ask::{query, snapshot};
use horizon_dns::query::{Pending, Recent, Transport, Verdict, respond};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Answers of every kind are written, and their questions noted, without one allocation.
#[test]
fn answering_allocates_nothing() {
    let zone = "www A 192.0.2.1\na CNAME b\nb CNAME www\n*.w A 192.0.2.2\nd DNAME w\nsub NS ns.sub\nns.sub A 192.0.2.53\n\
                m MX 5 www\nm MX 6 b\nx.y TXT z";
    let snapshot = snapshot(&[("example", zone), ("second", "www A 192.0.2.8")]);
    let questions = [
        "www.example A",
        "www.example AAAA",
        "nix.example A",
        "a.example A",
        "q.w.example A",
        "q.d.example A",
        "q.sub.example A",
        "m.example MX",
        "y.example A",
        "www.second ANY",
        "example.com A",
        "localhost A",
        "www.test A",
        "1.0.0.10.in-addr.arpa PTR",
        "example AXFR",
    ];
    let queries: Vec<_> = questions
        .iter()
        .map(|question| {
            let (name, rtype) = question.split_once(' ').unwrap();
            query(name, rtype)
        })
        .collect();
    let client = "192.0.2.77".parse().unwrap();
    let mut reply = vec![0; 65_535];
    let recent = Recent::new();
    let noter = recent.noter();
    let mut pending = [Pending::new()];
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut octets = 0;
    for query in &queries {
        pending[0].read(&snapshot, client, query);
        for _ in 0..2 {
            noter.note(&snapshot, &pending);
        }
        for transport in [Transport::Udp, Transport::Stream] {
            for length in [query.len(), query.len() - 1] {
                if let Verdict::Reply(length) = respond(&snapshot, client, transport, &query[..length], &mut reply) {
                    octets += length;
                }
            }
        }
    }
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    assert!(octets > 1000, "there were answers");
    assert!(before > 0, "the allocator is watched");
    assert_eq!(after - before, 0, "allocations while answering");
    assert_eq!(recent.questions(&snapshot).len(), 10, "each question that our zones have a say in was noted once");
}
