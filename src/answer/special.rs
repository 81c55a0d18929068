//! Special-use names that are always answered here and never forwarded, each from a small zone of its own.
//!
//! RFC 6761 (localhost, test, invalid), RFC 6762 (local), RFC 6303 and 7793 (private and shared reverse zones), RFC 7686
//! (onion), RFC 8375 (home.arpa), RFC 9462 (resolver.arpa), RFC 9476 (alt), RFC 9665 (service.arpa). A zone of the operator at or above one of them
//! replaces it; one below it stands beside it.

use super::compile::compile;
use super::gather::Layer;
use super::table::{SeenZone, ZoneTable};
use crate::dns::{Name, Rtype, parse_name};
use crate::zone::{Line, Records};
use std::sync::{Arc, OnceLock};

/// Seconds; as RFC 6303 section 3 suggests.
const TTL: u32 = 10_800;

/// The built-in zones, compiled once in a process.
pub(crate) fn special_zones() -> Arc<ZoneTable> {
    static ZONES: OnceLock<Arc<ZoneTable>> = OnceLock::new();
    ZONES
        .get_or_init(|| {
            Arc::new(ZoneTable::new(origins().iter().filter_map(|origin| zone(origin)).collect(), Vec::new()))
        })
        .clone()
}

/// As [`special_zones`], and `_dns.resolver.arpa` has SVCB records with these data (RFC 9462 section 4).
pub(crate) fn special_zones_designating(services: &[Vec<u8>]) -> Arc<ZoneTable> {
    let plain = special_zones();
    if services.is_empty() {
        return plain;
    }
    let zones = plain.iter().map(|seen| match seen.zone.origin().as_slice() {
        RESOLVER => zone_with("resolver.arpa", services).unwrap_or_else(|| seen.clone()),
        _ => seen.clone(),
    });
    Arc::new(ZoneTable::new(zones.collect(), Vec::new()))
}

const RESOLVER: &[u8] = b"\x08resolver\x04arpa\0";

fn origins() -> Vec<String> {
    let plain = ["localhost", "test", "invalid", "local", "onion", "alt", "home.arpa", "resolver.arpa", "service.arpa"];
    let reverse_v4 = ["10", "168.192", "0", "127", "254.169", "2.0.192", "100.51.198", "113.0.203", "255.255.255.255"];
    let reverse_v6 = ["d.f", "8.e.f", "9.e.f", "a.e.f", "b.e.f", "8.b.d.0.1.0.0.2"];
    let zeros = |count: usize| "0.".repeat(count);
    let mut origins: Vec<String> = plain.map(str::to_owned).to_vec();
    origins.extend(reverse_v4.iter().map(|prefix| format!("{prefix}.in-addr.arpa")));
    origins.extend((16..32).map(|octet| format!("{octet}.172.in-addr.arpa")));
    origins.extend((64..128).map(|octet| format!("{octet}.100.in-addr.arpa")));
    origins.extend(reverse_v6.iter().map(|prefix| format!("{prefix}.ip6.arpa")));
    origins.extend([format!("{}ip6.arpa", zeros(32)), format!("1.{}ip6.arpa", zeros(31))]);
    origins
}

fn zone(origin: &str) -> Option<SeenZone> {
    zone_with(origin, &[])
}

/// One zone; `services` are what resolver.arpa tells of this server.
fn zone_with(origin: &str, services: &[Vec<u8>]) -> Option<SeenZone> {
    let origin = parse_name(origin).ok()?;
    let mut records = Records::new(origin.clone());
    let apex = origin.as_slice();
    // RFC 6303 section 3: `@ SOA @ nobody.invalid. 1 3600 1200 604800 10800` and `@ NS @`.
    let mut soa = apex.to_vec();
    soa.extend_from_slice(b"\x06nobody\x07invalid\0");
    for number in [1u32, 3600, 1200, 604_800, TTL] {
        soa.extend(number.to_be_bytes());
    }
    let mut add = |owner: &[u8], rtype: Rtype, data: &[u8]| records.push(owner, rtype, TTL, data, Line::default()).ok();
    add(apex, Rtype::SOA, &soa)?;
    add(apex, Rtype::NS, apex)?;
    let wildcard = [b"\x01*", apex].concat();
    let mut empty: Vec<Name> = Vec::new();
    if apex == b"\x09localhost\0" {
        // RFC 6761 section 6.3: localhost and everything below it is the loopback address.
        for owner in [apex, &wildcard[..]] {
            add(owner, Rtype::A, &[127, 0, 0, 1])?;
            add(owner, Rtype::AAAA, &std::net::Ipv6Addr::LOCALHOST.octets())?;
        }
    }
    for data in services {
        add(&[b"\x04_dns", RESOLVER].concat(), Rtype::SVCB, data)?;
    }
    if apex == RESOLVER {
        // RFC 9462 section 6.4: no designated resolver is NODATA for each name below.
        empty.push(crate::dns::name_from_wire(&wildcard).ok()?);
    }
    if apex == b"\x03127\x07in-addr\x04arpa\0" {
        add(b"\x011\x010\x010\x03127\x07in-addr\x04arpa\0", Rtype::PTR, b"\x09localhost\0")?;
    }
    let zone = compile(&origin, &[Layer { records: &records, apex: true }], &empty).ok()?;
    Some(SeenZone { zone: Arc::new(zone), inherited: false })
}
