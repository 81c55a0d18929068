//! What the cache costs: octets for each answer, as the allocator counts them, and no allocation to give one out.

#![allow(unsafe_code)]

use horizon_dns::config;
use horizon_dns::dns::parse_name;
use horizon_dns::forward::{Cache, Entry, Key, Reader};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static OCTETS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        OCTETS.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        OCTETS.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time, for they share what is counted.
static ALONE: Mutex<()> = Mutex::new(());

const A: u16 = 1;

fn wire(name: &str) -> Vec<u8> {
    parse_name(name).unwrap().as_slice().to_vec()
}

fn key(name: &[u8]) -> Key<'_> {
    Key { tag: 1, name, rtype: A, dnssec_ok: false, checking_disabled: false }
}

fn query(name: &[u8]) -> Vec<u8> {
    [&b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0"[..], name, &[0, 1, 0, 1]].concat()
}

/// What an upstream says: one address, or with `rcode` that there is none.
fn reply(name: &[u8], rcode: u8) -> Vec<u8> {
    let mut reply = query(name);
    (reply[2], reply[3]) = (0x81, 0x80 | rcode);
    if rcode == 0 {
        reply[7] = 1;
        reply.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02\x01");
    } else {
        reply[9] = 1;
        reply.extend_from_slice(
            b"\x03com\0\0\x06\0\x01\0\0\x01\x2c\0\x16\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\x01\x2c",
        );
    }
    reply
}

/// A hundred thousand ordinary answers take less than 200 octets each, and the cache knows how many: it counts what the
/// allocator adds as well.
#[test]
fn a_hundred_thousand_answers_fit() {
    const ANSWERS: usize = 100_000;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let limits = config::Cache::default();
    let mut reader = Reader::new();
    let before = OCTETS.load(Ordering::Relaxed);
    let cache = Cache::new(&limits);
    for number in 0..ANSWERS {
        let name = wire(&format!("host-{number:06}.some.example.com"));
        let entry = reader.read(&reply(&name, 0), &key(&name), &limits).unwrap();
        assert!(cache.store(&key(&name), entry, cache.era(), 1));
    }
    let stats = cache.stats(1);
    let taken = OCTETS.load(Ordering::Relaxed) - before;
    assert_eq!(stats.entries, ANSWERS);
    assert!(stats.octets < 200 * ANSWERS, "{} octets each", stats.octets / ANSWERS);
    // The reader's list of records may have grown, and the table of cut names is not counted: 64 KiB are.
    assert!(taken < stats.octets + (64 << 10), "{taken} octets taken, {} counted", stats.octets);
}

/// Answers of every kind are given out, or missed, without one allocation.
#[test]
fn giving_out_allocates_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let limits = config::Cache::default();
    let mut reader = Reader::new();
    let cache = Cache::new(&limits);
    let [found, gone, below, failed, missed] =
        ["www.example.com", "gone.com", "a.b.gone.com", "failed.com", "missed.com"].map(wire);
    for (name, rcode) in [(&found, 0), (&gone, 3)] {
        let entry = reader.read(&reply(name, rcode), &key(name), &limits).unwrap();
        assert!(cache.store(&key(name), entry, cache.era(), 1));
    }
    assert!(cache.failed(&key(&failed), Entry::servfail(&failed, None), cache.era(), 1).is_none());
    let asked = [found, gone, below, failed, missed].map(|name| (query(&name), name));
    let mut buffer = vec![0; 1232];
    let mut ask = |now| asked.each_ref().map(|(query, name)| cache.reply(&key(name), query, now, &mut buffer));
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    // A first failure is known for a second.
    let fresh = [ask(1), ask(1), ask(1)];
    let ended = ask(1000);
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    assert_eq!(after - before, 0);
    assert_eq!(fresh[2].map(|length| length.is_some()), [true, true, true, true, false]);
    assert_eq!(ended, [None; 5]);
}
