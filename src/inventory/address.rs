//! Addresses as the inventory writes them: with or without a length, or a word that says they come from elsewhere.

use crate::config::Prefix;
use std::net::IpAddr;

/// What an `ip` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// An address and the network around it; the address alone when no length is written.
    Static(IpAddr, Prefix),
    /// `dhcp` and its like: the inventory does not know the address.
    Dynamic,
    /// Neither; why not.
    Bad(String),
}

/// Reads an address such as `10.0.0.10/24`, `fd00::10/64`, `10.0.0.10`, or a word such as `dhcp`.
pub(super) fn read_address(text: &str) -> Written {
    let text = text.trim();
    if ["", "dhcp", "dhcp6", "auto", "manual", "none"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Written::Dynamic;
    }
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Written::Bad(format!("`{text}` is not an address"));
    };
    // A v4-mapped address (RFC 4291 section 2.5.5.2) is one inside programs: on the wire the host has the IPv4 address.
    if address.to_canonical() != address {
        return Written::Bad(format!("`{text}` is an IPv4 address in IPv6 dress; write `{}`", address.to_canonical()));
    }
    let longest = if address.is_ipv4() { 32 } else { 128 };
    match length.map(str::parse::<u8>) {
        None => Written::Static(address, Prefix::new(address, longest)),
        Some(Ok(length)) if length <= longest => Written::Static(address, Prefix::new(address, length)),
        Some(_) => Written::Bad(format!("`{text}` has no prefix length between 0 and {longest}")),
    }
}
