//! Whether any client is left for a prefix once more specific ones have taken theirs.

use super::Prefix;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// True when every address of `prefix` lies inside one of `others`.
///
/// Halves the prefix until a half is inside one of them or touches none, so the cost is at most the number of `others`
/// times the bits of an address.
pub(super) fn is_covered(prefix: Prefix, others: &[Prefix]) -> bool {
    if others.iter().any(|other| other.covers(&prefix)) {
        return true;
    }
    let inside: Vec<_> = others.iter().copied().filter(|other| prefix.covers(other)).collect();
    match halves(prefix) {
        Some((low, high)) if !inside.is_empty() => is_covered(low, &inside) && is_covered(high, &inside),
        _ => false,
    }
}

fn halves(prefix: Prefix) -> Option<(Prefix, Prefix)> {
    let length = prefix.length() + 1;
    let high = match prefix.address() {
        IpAddr::V4(v4) => {
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) | 1u32.checked_shl(32u32.checked_sub(length.into())?)?))
        }
        IpAddr::V6(v6) => {
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) | 1u128.checked_shl(128u32.checked_sub(length.into())?)?))
        }
    };
    Some((Prefix::new(prefix.address(), length), Prefix::new(high, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix is covered when its parts together are, and only then.
    #[test]
    fn covered_means_no_address_is_left() {
        let table = [
            ("by itself", "10.0.0.0/24", &["10.0.0.0/24"][..], true),
            ("by a wider one", "10.0.0.0/24", &["10.0.0.0/8"], true),
            ("by its halves", "10.0.0.0/24", &["10.0.0.0/25", "10.0.0.128/25"], true),
            ("a quarter is left", "10.0.0.0/24", &["10.0.0.0/25", "10.0.0.128/26"], false),
            ("all of IPv4", "0.0.0.0/0", &["0.0.0.0/1", "128.0.0.0/1"], true),
            ("a single address", "10.0.0.1/32", &[], false),
            ("the other family does not count", "0.0.0.0/0", &["::/0"], false),
            ("the whole of IPv6", "::/0", &["::/1", "8000::/1"], true),
        ];
        for (why, prefix, others, expected) in table {
            let others: Vec<Prefix> = others.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(is_covered(prefix.parse().unwrap(), &others), expected, "{why}");
        }
    }
}
