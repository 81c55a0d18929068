//! Claims as zones: which records each zone of each horizon should hold, whatever stands there now.

use super::mark::OWN;
use super::reverse;
use crate::config::Settings;
use crate::dns::{Name, Rtype, parse_name};
use crate::finding::{Finding, Place, Severity};
use crate::inventory::{Claims, HorizonClaims, Inventory};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The TTL of generated records, in seconds: a moved guest is found again within five minutes.
pub(super) const TTL: u32 = 300;

/// A record to be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub owner: Name,
    pub rtype: Rtype,
    /// Wire format, names uncompressed.
    pub data: Vec<u8>,
    /// What stands behind `from`.
    pub source: String,
    /// Where the source is; none for the zone's own records.
    pub place: Option<Place>,
}

/// A zone of one horizon as it should be, save its SOA.
#[derive(Debug, Clone)]
pub(super) struct WantedZone {
    pub origin: Name,
    /// The name of this server, for SOA and NS.
    pub server: Name,
    /// Sorted by owner, type and data; the NS record first.
    pub records: Vec<Wanted>,
    /// Owners whose records stay as they are.
    pub withheld: BTreeSet<Name>,
}

/// The zones of the horizon with this index, by origin.
///
/// A private horizon has every zone of the inventory and the reverse zones of its networks; a public one, and one that
/// claims only what `[routes.name]` gives it, has only zones with something in them.
pub(super) fn zones(
    index: usize,
    settings: &Settings,
    inventory: &Inventory,
    claims: &Claims,
    findings: &mut Vec<Finding>,
) -> BTreeMap<Name, WantedZone> {
    let horizon = &claims.horizons[index];
    let whole = !horizon.public && !horizon.inheriting;
    let mut zones: BTreeMap<Name, Vec<Wanted>> = BTreeMap::new();
    let mut withheld: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
    for zone in claims.zones.iter().filter(|_| whole) {
        zones.entry(zone.origin.clone()).or_default();
    }
    for (name, published) in &horizon.names {
        let records = zones.entry(published.zone.clone()).or_default();
        records.extend(published.addresses.iter().map(|(address, origin)| Wanted {
            source: origin.label().to_owned(),
            place: Some(origin.place.clone()),
            ..address_record(name, *address)
        }));
    }
    for name in &horizon.withheld {
        if let Some(zone) = claims.zone_of(name) {
            zones.entry(zone.origin.clone()).or_default();
            withheld.entry(zone.origin.clone()).or_default().insert(name.clone());
        }
    }
    if whole {
        add_reverse(inventory, claims, horizon, &mut zones);
    }
    let main = inventory.domain.as_ref().map(|domain| &domain.name).filter(|domain| zones.contains_key(*domain));
    let main = main.or_else(|| claims.zones.iter().map(|zone| &zone.origin).find(|origin| zones.contains_key(*origin)));
    let main = main.map(|origin| (origin.clone(), server_name(origin, horizon)));
    let mut finished = BTreeMap::new();
    for (origin, mut records) in zones {
        let forward = claims.zones.iter().any(|zone| zone.origin == origin);
        let server = match &main {
            Some((_, server)) if !forward => server.clone(),
            _ => server_name(&origin, horizon),
        };
        if server.ends_with(&origin) {
            records.extend(server_addresses(&origin, &server, horizon, settings, index, findings));
        }
        records.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
        records.dedup_by(|one, other| sort_key(one) == sort_key(other));
        let data = server.as_slice().to_vec();
        let ns = Wanted { owner: origin.clone(), rtype: Rtype::NS, data, source: OWN.to_owned(), place: None };
        records.insert(0, ns);
        let withheld = withheld.remove(&origin).unwrap_or_default();
        finished.insert(origin.clone(), WantedZone { origin, server, records, withheld });
    }
    finished
}

/// The order of records in a file: owners as DNSSEC sorts them (RFC 4034 section 6.1), then types, then data.
pub(super) fn sort_key(record: &Wanted) -> (&Name, u16, &[u8]) {
    (&record.owner, record.rtype.to_int(), &record.data)
}

fn address_record(name: &Name, address: IpAddr) -> Wanted {
    let (rtype, data) = match address {
        IpAddr::V4(v4) => (Rtype::A, v4.octets().to_vec()),
        IpAddr::V6(v6) => (Rtype::AAAA, v6.octets().to_vec()),
    };
    Wanted { owner: name.clone(), rtype, data, source: OWN.to_owned(), place: None }
}

fn add_reverse(
    inventory: &Inventory,
    claims: &Claims,
    horizon: &HorizonClaims,
    zones: &mut BTreeMap<Name, Vec<Wanted>>,
) {
    let networks = reverse::networks(inventory);
    for origin in reverse::whole_zones(&networks) {
        zones.entry(origin).or_default();
    }
    for (address, (target, origin)) in reverse::names(inventory, claims, horizon) {
        let Some(zone) = reverse::zone_of(&networks, address) else { continue };
        let Some(owner) = reverse::reverse_name(address, if address.is_ipv4() { 32 } else { 128 }) else { continue };
        zones.entry(zone).or_default().push(Wanted {
            owner,
            rtype: Rtype::PTR,
            data: target.as_slice().to_vec(),
            source: origin.label().to_owned(),
            place: Some(origin.place.clone()),
        });
    }
}

/// `ns` below the apex, or `ns1`, `ns2` .. when a guest or service has that name with another address.
fn server_name(origin: &Name, horizon: &HorizonClaims) -> Name {
    let free = |name: &Name| match horizon.names.get(name) {
        Some(published) => published.addresses.keys().eq(sorted(&horizon.server).iter()),
        None => !horizon.withheld.contains(name),
    };
    let below = |label: String| if origin.is_root() { label } else { format!("{label}.{origin}") };
    let names = std::iter::once("ns".to_owned()).chain((1..1000).map(|number| format!("ns{number}")));
    names.filter_map(|label| parse_name(&below(label)).ok()).find(free).unwrap_or_else(|| origin.clone())
}

fn sorted(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut sorted = addresses.to_vec();
    sorted.sort_unstable();
    sorted
}

/// The address records of this server's name; nothing when a claim gives them already.
fn server_addresses(
    origin: &Name,
    server: &Name,
    horizon: &HorizonClaims,
    settings: &Settings,
    index: usize,
    findings: &mut Vec<Finding>,
) -> Vec<Wanted> {
    if horizon.names.contains_key(server) {
        return Vec::new();
    }
    if !horizon.server.is_empty() {
        return horizon.server.iter().map(|address| address_record(server, *address)).collect();
    }
    let inside = horizon.names.values().filter(|published| published.zone == *origin);
    let stand_in = inside.flat_map(|published| published.addresses.keys()).min().copied();
    let what = match stand_in {
        Some(address) => {
            format!("no address of this server may be told in horizon `{}`; {address} stands in", horizon.name)
        }
        None => format!("no address of this server is known in horizon `{}`", horizon.name),
    };
    let listed = if settings.horizons[index].is_public() {
        "write its address outside in `private_addresses` of the horizon, or listen on a public address"
    } else {
        "write the address that clients use in `listen` under [server]"
    };
    findings.push(
        Finding::new("SERVER_ADDRESS_UNKNOWN", Severity::Warning, server.to_string(), what, listed)
            .seen_at(Place::file(&settings.file)),
    );
    stand_in.map(|address| address_record(server, address)).into_iter().collect()
}
