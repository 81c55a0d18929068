//! Any octets as a DNS update.
#![no_main]

#[path = "../../promises/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each target keeps one of the promises")]
mod promises;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| promises::update(octets));
