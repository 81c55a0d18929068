//! What a public horizon may tell: the one check for generated records and for those that a person wrote.

use crate::config::{Horizon, Prefix};
use crate::dns::Name;
use crate::finding::{Finding, Severity};
use std::net::IpAddr;

/// True when the horizon may publish the address: it is private itself, or the address is public or listed.
pub fn may_publish(horizon: &Horizon, address: IpAddr) -> bool {
    let address = address.to_canonical();
    !horizon.is_public()
        || !is_private_address(address)
        || horizon.private_addresses.iter().any(|prefix| prefix.contains(address))
}

/// True when the address is of a range that [`Prefix::is_private`] knows; a v4-mapped one counts as IPv4.
pub(super) fn is_private_address(address: IpAddr) -> bool {
    let address = address.to_canonical();
    Prefix::new(address, if address.is_ipv4() { 32 } else { 128 }).is_private()
}

/// PRIVATE_ADDRESS_PUBLISHED: a private address in a public horizon that its `private_addresses` do not list.
///
/// The finding refuses the load and has no place yet: the caller knows where the record is written.
pub fn private_address_published(horizon: &Horizon, name: &Name, address: IpAddr) -> Option<Finding> {
    if may_publish(horizon, address) {
        return None;
    }
    let mut listed: Vec<String> = horizon.private_addresses.iter().map(|prefix| format!("\"{prefix}\"")).collect();
    let address = address.to_canonical();
    listed.push(format!("\"{address}/{}\"", if address.is_ipv4() { 32 } else { 128 }));
    Some(
        Finding::new(
            "PRIVATE_ADDRESS_PUBLISHED",
            Severity::Error,
            name.to_string(),
            format!("horizon `{}` is public, and would publish the private address {address}", horizon.name),
            format!(
                "give the name another route or address there, or write `private_addresses = [{}]` in horizon `{}`",
                listed.join(", "),
                horizon.name
            ),
        )
        .because("nobody outside can reach it, and it tells how the inside is built"),
    )
}
