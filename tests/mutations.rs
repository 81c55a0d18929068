//! Nothing from outside brings the server down: the fuzz targets' promises on octets changed at random, always the same.
//!
//! `tests/fuzz/run` looks further with coverage; this is what runs with every other test, in seconds.

mod promises;
#[path = "peers/random.rs"]
mod random;

use promises::{message, update, upstream, whole_path, zone_text};
use random::Random;
use std::fs;

/// One to six changes: an octet set, flipped, taken out, put in, a part doubled, the end cut off.
fn mutate(random: &mut Random, seed: &[u8], words: &[&[u8]]) -> Vec<u8> {
    let mut octets = seed.to_vec();
    for _ in 0..1 + random.below(6) {
        let at = random.below(octets.len() + 1);
        match random.below(7) {
            0 if at < octets.len() => octets[at] = random.below(256) as u8,
            1 if at < octets.len() => octets[at] ^= 1 << random.below(8),
            2 if at < octets.len() => drop(octets.remove(at)),
            3 => octets.insert(at, random.below(256) as u8),
            4 => {
                let end = (at + random.below(20)).min(octets.len());
                let part = octets[at..end].to_vec();
                octets.splice(at..at, part);
            }
            5 if random.chance(25) => octets.truncate(at),
            _ => {
                let word = random.pick(words).to_vec();
                octets.splice(at..at, word);
            }
        }
    }
    octets
}

fn query(name: &[u8], rtype: u8, edns: bool) -> Vec<u8> {
    let opt = [0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 4, 0, 10, 0, 0];
    let mut octets = [&[0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns)][..], name, &[0, rtype, 0, 1]].concat();
    octets.extend(opt.iter().filter(|_| edns));
    octets
}

const ZONE: &[u8] = b"$TTL 1h\n$ORIGIN sub\nwww 300 IN A 192.0.2.1 ; a comment\n\tAAAA 2001:db8::1\n* CNAME www\n\
d DNAME other.example.\nc NS ns.c\nns.c A 192.0.2.2\nt TXT ( \"one; two\" three\n \\006\\\" )\nm 5m MX 10 www\n\
x TYPE65280 \\# 3 abcdef\n$GENERATE 1-3 h$ A 192.0.2.${10,2,d}\n@ CAA 0 issue \"ca.example\"\ns SRV 0 0 443 www\n\
h HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1\nl LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m\n";

/// Every query gets a sound reply or none.
#[test]
fn no_message_breaks_the_query_path() {
    let names: [&[u8]; 8] = [
        b"\x03www\x07example\x03org\0",
        b"\x07nothing\x07example\x03org\0",
        b"\x05alias\x07example\x03ORG\0",
        b"\x01a\x04tree\x07example\x03org\0",
        b"\x01a\x04grow\x07example\x03org\0",
        b"\x01b\x05child\x07example\x03org\0",
        b"\x03big\x07example\x03org\0",
        b"\0",
    ];
    let words: [&[u8]; 6] = [b"\xc0\x0c", b"\0\x29", b"\x3f", b"\xff\xff", b"\0\0\0\0", b"\x07example\x03org\0"];
    let mut random = Random::new(1);
    for round in 0..40_000 {
        let types = [1, 2, 5, 6, 16, 28, 33, 39, 41, 43, 250, 252, 255];
        let seed = query(random.pick::<&[u8]>(&names), *random.pick(&types), random.chance(50));
        message(&if round < 400 { seed.clone() } else { mutate(&mut random, &seed, &words) });
    }
}

/// Whatever an upstream says, what is kept of it answers soundly; from the seeds of the fuzz target.
#[test]
fn no_reply_of_an_upstream_breaks_the_cache() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/seeds/upstream");
    let mut seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    let seeds: Vec<_> = seeds.iter().map(|path| fs::read(path).unwrap()).collect();
    let words: [&[u8]; 7] =
        [b"\xc0\x0c", b"\xc0\x10", b"\0\x29", b"\0\x05\0\x01", b"\xff\xff", b"\0\0\0\0", b"\x07example\x03org\0"];
    let mut random = Random::new(4);
    seeds.iter().for_each(|seed| upstream(seed));
    for _ in 0..40_000 {
        let seed = random.pick(&seeds).clone();
        upstream(&mutate(&mut random, &seed, &words));
    }
}

/// Whatever is sent as an update stays within its zone and its key's scope; from the seeds of the fuzz target.
#[test]
fn no_update_leaves_its_scope() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/seeds/update");
    let mut seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    let seeds: Vec<_> = seeds.iter().map(|path| fs::read(path).unwrap()).collect();
    let words: [&[u8]; 8] = [
        b"\xc0\x0c",
        b"\xc0\x1d",
        b"\0\xfa\0\xff",
        b"\0\xff\0\xff\0\0\0\0\0\0",
        b"\0\x01\0\xfe",
        b"\xff\xff",
        b"\0\0\0\0",
        b"\x03www\xc0\x0c",
    ];
    let mut random = Random::new(5);
    seeds.iter().for_each(|seed| update(seed));
    for _ in 0..40_000 {
        let seed = random.pick(&seeds).clone();
        let octets = mutate(&mut random, &seed, &words);
        update(&octets);
        message(&octets);
    }
}

/// Every text is kept octet for octet, and read or refused.
#[test]
fn no_text_breaks_the_zone_parser() {
    let words: [&[u8]; 10] =
        [b"(", b")", b"\"", b"\\", b"\n", b";", b"$INCLUDE x\n", b"$GENERATE 1-9 ", b"\\# 4 ", b" 99999999999 "];
    let mut random = Random::new(2);
    zone_text(ZONE);
    for _ in 0..15_000 {
        zone_text(&mutate(&mut random, ZONE, &words));
    }
}

/// A zone that loads answers, whatever stands in it.
#[test]
fn no_zone_breaks_the_whole_path() {
    let mut random = Random::new(3);
    let words: [&[u8]; 8] = [b"*.", b"\n@ ", b" CNAME ", b" DNAME ", b" NS ", b"\\000", b"www", b"sub.example.org."];
    for _ in 0..4_000 {
        let mut octets = mutate(&mut random, ZONE, &words);
        octets.push(0);
        let asked = query(b"\x01a\x03www\x03sub\x07example\x03org\0", 1, true);
        octets.push(asked.len() as u8);
        octets.extend(mutate(&mut random, &asked, &words));
        whole_path(&octets);
    }
}
