//! Hot files allocate nothing after start: a counting allocator watches the whole query path.

#![allow(unsafe_code)]

mod ask;

use ask::{query, settings, snapshot, source};
use horizon_dns::answer::{OverlaySet, OverlayValue};
use horizon_dns::config;
use horizon_dns::forward::{Key, Reader};
use horizon_dns::query::{Pending, Recent, Transport, Verdict, respond};
use horizon_dns::snapshot::build;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

struct Counting;

thread_local! {
    /// Of this thread: tests run side by side.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
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

/// What is kept of upstreams' answers leaves without one allocation: as it is, behind an alias of ours, and what guards say.
#[test]
fn cached_answers_allocate_nothing() {
    let mut settings = settings(&[("all", &["0.0.0.0/0", "::/0"], None)]);
    settings.horizons[0].forward = true;
    let upstreams = "[forward]\nupstreams = [\"192.0.2.53\"]\n[[horizon]]\nname = \"x\"\nclients = [\"any\"]\n";
    settings.forward = config::parse(upstreams, Path::new("x.toml")).unwrap().forward;
    let zone = source("all", "example", "out CNAME www.other.net.\nd DNAME other.net.");
    let snapshot = build(&settings, &[zone], None).unwrap();
    let cache = snapshot.plan.cache();
    let name = b"\x03www\x05other\x03net\0";
    let key = Key { tag: snapshot.plan.tag(0).unwrap(), name, rtype: 1, dnssec_ok: false, checking_disabled: false };
    let question = [name, &b"\0\x01\0\x01"[..]].concat();
    let answer = b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\x0b\0\0\x01";
    let message = [&b"\0\0\x81\x80\0\x01\0\x01\0\0\0\0"[..], &question, answer].concat();
    let entry = Reader::new().read(&message, &key, &settings.forward.cache).unwrap();
    assert!(cache.store(&key, entry, cache.era(), cache.now()));
    let client = "192.0.2.77".parse().unwrap();
    let mut reply = vec![0; 65_535];
    let queries = ["www.other.net", "out.example", "www.d.example", "plain"].map(|name| {
        let mut query = query(name, "A");
        query[2] = 1;
        query
    });
    let before = ALLOCATIONS.with(Cell::get);
    for query in &queries {
        for transport in [Transport::Udp, Transport::Stream] {
            let verdict = respond(&snapshot, client, transport, query, &mut reply);
            assert!(matches!(verdict, Verdict::Reply(_)), "{verdict:?}");
        }
    }
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0, "allocations while answering");
    assert_eq!(cache.stats(cache.now()).hits, 6);
}

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
        "_acme-challenge.www.example TXT",
        "_acme-challenge.www.example A",
        "_acme-challenge.m.example TXT",
        "z.example TXT",
        "y.x.example ANY",
    ];
    let value = OverlayValue {
        data: b"\x05value"[..].into(),
        horizons: Some(vec!["none".to_owned(), "all".to_owned()]),
        until: SystemTime::now(),
    };
    let owners = [&b"\x0f_acme-challenge\x03www\x07example\0"[..], b"\x01z\x07example\0", b"\x01y\x01x\x07example\0"];
    let set = Arc::new(OverlaySet { values: vec![value; 3], expected: false });
    snapshot.overlay.set(owners.iter().map(|owner| ((*owner).into(), Arc::clone(&set))).collect());
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
    // A thread that reads the overlay for the first time gets a place of its own to say so: once, at its start.
    respond(&snapshot, client, Transport::Udp, &queries[0], &mut reply);
    let before = ALLOCATIONS.with(Cell::get);
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
    let after = ALLOCATIONS.with(Cell::get);
    assert!(octets > 1000, "there were answers");
    assert!(before > 0, "the allocator is watched");
    assert_eq!(after - before, 0, "allocations while answering");
    assert_eq!(recent.questions(&snapshot).len(), 15, "each question that our zones have a say in was noted once");
}
