//! Which addresses an answer from outside has no business to tell: those that mean a machine of the client's own network.

use crate::config::Prefix;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// True for private, shared (RFC 6598), link-local, loopback, unspecified and broadcast addresses, and for IPv6 addresses
/// that lead to such an IPv4 address: v4-mapped and v4-compatible (RFC 4291 section 2.5.5), 6to4 (RFC 3056) and NAT64
/// (RFC 6052, and all of RFC 8215's local prefix).
///
/// 192.0.0.0/24 is none: RFC 7050 looks for NAT64 with its addresses. Nor are those for documentation: nothing is there.
/// With `loopback_allowed`, 127.0.0.0/8 and `::1` are none either.
pub(super) fn is_private(address: IpAddr, loopback_allowed: bool) -> bool {
    let private = |address: IpAddr| {
        !(loopback_allowed && address.is_loopback())
            && (Prefix::new(address, u8::MAX).is_private() || address == IpAddr::V4(Ipv4Addr::BROADCAST))
    };
    match address {
        IpAddr::V4(_) => private(address),
        IpAddr::V6(six) => {
            let site_local = six.segments()[0] & 0xFFC0 == 0xFEC0;
            let local_nat64 = six.segments()[..3] == [0x64, 0xFF9B, 1];
            let inner = embedded(six).is_some_and(|four| private(IpAddr::V4(four)));
            private(address) || site_local || local_nat64 || (inner && !(loopback_allowed && six.is_loopback()))
        }
    }
}

/// The IPv4 address to which packets for this one go.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let four = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xFFFF, high, low] | [0x64, 0xFF9B, 0, 0, 0, 0, high, low] => Some(four(high, low)),
        [0x2002, high, low, ..] => Some(four(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way to write an address of the inside is known for one.
    #[test]
    fn addresses_of_the_inside_are_known() {
        let table = [
            ("10.1.2.3", true, true),
            ("172.31.255.255", true, true),
            ("172.32.0.0", false, false),
            ("192.168.0.1", true, true),
            ("100.64.1.1", true, true),
            ("100.128.0.1", false, false),
            ("169.254.169.254", true, true),
            ("127.0.0.1", true, false),
            ("0.0.0.0", true, true),
            ("0.1.2.3", true, true),
            ("255.255.255.255", true, true),
            ("192.0.0.170", false, false),
            ("192.0.2.1", false, false),
            ("8.8.8.8", false, false),
            ("::", true, true),
            ("::1", true, false),
            ("fd00::1", true, true),
            ("fe80::1", true, true),
            ("fec0::1", true, true),
            ("::ffff:192.168.1.1", true, true),
            ("::ffff:127.0.0.1", true, false),
            ("::ffff:8.8.8.8", false, false),
            ("::10.0.0.1", true, true),
            ("64:ff9b::10.0.0.1", true, true),
            ("64:ff9b::8.8.8.8", false, false),
            ("64:ff9b:1::1", true, true),
            ("2002:a00:1::1", true, true),
            ("2002:808:808::1", false, false),
            ("2001:db8::1", false, false),
        ];
        for (text, expected, loopback_allowed) in table {
            let address = text.parse().unwrap();
            assert_eq!(is_private(address, false), expected, "{text}");
            assert_eq!(is_private(address, true), loopback_allowed, "{text} with loopback allowed");
        }
    }
}
