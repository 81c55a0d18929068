//! Answers of upstreams: read, kept, given out.

use crate::work::{Repeat, number, query};
use horizon_dns::config;
use horizon_dns::dns::parse_name;
use horizon_dns::forward::{Cache, Key, Reader};
use std::hint::black_box;

/// Names that are asked for.
const NAMES: usize = 1000;

const A: u16 = 1;

fn pattern(at: usize) -> String {
    format!("h{}.bench.example", number(at))
}

fn key(name: &[u8]) -> Key<'_> {
    Key { tag: 1, name, rtype: A, dnssec_ok: false, checking_disabled: false }
}

/// Name in wire format, query and the upstream's reply.
fn asked() -> Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let one = |at| {
        let name = parse_name(&pattern(at)).unwrap_or_else(|error| panic!("{error}"));
        let query = query(&pattern(at), A, false);
        let mut reply = query.clone();
        (reply[2], reply[3], reply[7]) = (0x81, 0x80, 1);
        reply.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02\x01");
        (name.as_slice().to_vec(), query, reply)
    };
    (0..NAMES).map(one).collect()
}

fn keep(cache: &Cache, reader: &mut Reader, name: &[u8], reply: &[u8]) {
    let entry = reader.read(reply, &key(name), &config::Cache::default());
    let entry = entry.unwrap_or_else(|unfit| panic!("{unfit}"));
    assert!(cache.store(&key(name), entry, cache.era(), 1), "the answer is kept");
}

/// A reply out of the cache.
pub(crate) fn giving() -> Repeat {
    let asked = asked();
    let (cache, mut reader) = (Cache::new(&config::Cache::default()), Reader::new());
    asked.iter().for_each(|(name, _, reply)| keep(&cache, &mut reader, name, reply));
    let mut buffer = vec![0u8; 1232];
    Box::new(move |times| {
        for at in 0..times {
            let (name, query, _) = &asked[at % NAMES];
            assert!(black_box(cache.reply(&key(name), query, 2, &mut buffer)).is_some(), "it is there");
        }
    })
}

/// A name that is not there, while other names are known to be missing.
pub(crate) fn missing() -> Repeat {
    let asked = asked();
    let (cache, mut reader) = (Cache::new(&config::Cache::default()), Reader::new());
    let gone = b"\x04gone\x07example\0";
    let mut denial = query("gone.example", A, false);
    (denial[2], denial[3], denial[9]) = (0x81, 0x83, 1);
    denial
        .extend_from_slice(b"\0\0\x06\0\x01\0\0\x01\x2c\0\x16\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\x01\x2c");
    keep(&cache, &mut reader, gone, &denial);
    let mut buffer = vec![0u8; 1232];
    Box::new(move |times| {
        for at in 0..times {
            let (name, query, _) = &asked[at % NAMES];
            assert!(black_box(cache.reply(&key(name), query, 2, &mut buffer)).is_none(), "it is not there");
        }
    })
}

/// A reply of an upstream that is read and kept.
pub(crate) fn keeping() -> Repeat {
    let asked = asked();
    let (cache, mut reader) = (Cache::new(&config::Cache::default()), Reader::new());
    Box::new(move |times| {
        for at in 0..times {
            let (name, _, reply) = &asked[at % NAMES];
            keep(&cache, &mut reader, name, reply);
        }
    })
}
