//! The reverse zones of a prefix.

use super::naming::name;
use crate::config::Prefix;
use crate::dns::Name;
use std::net::IpAddr;

/// The names that cover the prefix: one, or several when it ends inside an octet (IPv4) or a nibble (IPv6).
pub(super) fn zones(prefix: &Prefix) -> Result<Vec<Name>, String> {
    let (step, suffix) = if prefix.address().is_ipv4() { (8, "in-addr.arpa") } else { (4, "ip6.arpa") };
    let whole = prefix.length().div_ceil(step).max(1);
    let digits: Vec<u8> = match prefix.address() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().iter().flat_map(|octet| [octet >> 4, octet & 15]).collect(),
    };
    let kept = digits.get(..usize::from(whole)).unwrap_or(&digits);
    let Some((last, front)) = kept.split_last() else { return Ok(Vec::new()) };
    let free = u32::from(whole * step - prefix.length());
    (0..1u32 << free)
        .map(|number| {
            let digit = u32::from(*last) + number;
            let all = front.iter().map(|digit| u32::from(*digit)).chain([digit]);
            let words: Vec<String> =
                all.map(|digit| if step == 8 { digit.to_string() } else { format!("{digit:x}") }).collect();
            let reversed: Vec<&str> = words.iter().rev().map(String::as_str).collect();
            name(&format!("{}.{suffix}", reversed.join(".")))
        })
        .collect()
}

/// The zone that a private reverse name is put in: that of its /24 or /64; none for any other name.
pub(super) fn zone_of(reverse: &Name) -> Option<Name> {
    let text = reverse.to_string();
    let (address, length) = address_of(&text)?;
    let prefix = Prefix::new(address, length);
    if !prefix.is_private() {
        return None;
    }
    zones(&prefix).ok()?.into_iter().next()
}

/// The address that a whole reverse name stands for, and the length of its usual zone.
fn address_of(text: &str) -> Option<(IpAddr, u8)> {
    if let Some(front) = text.strip_suffix(".in-addr.arpa") {
        let octets: Vec<u8> = front.split('.').rev().map(|octet| octet.parse().ok()).collect::<Option<_>>()?;
        return Some((IpAddr::from(<[u8; 4]>::try_from(octets).ok()?), 24));
    }
    let front = text.strip_suffix(".ip6.arpa")?;
    let nibbles: Vec<u8> =
        front.split('.').rev().map(|nibble| u8::from_str_radix(nibble, 16).ok()).collect::<Option<_>>()?;
    let octets: Vec<u8> = nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    Some((IpAddr::from(<[u8; 16]>::try_from(octets).ok()?), 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix that ends inside an octet or nibble is several zones.
    #[test]
    fn prefixes_are_reverse_zones() {
        let table = [
            ("10.0.0.0/8", "10.in-addr.arpa"),
            ("10.1.2.0/24", "2.1.10.in-addr.arpa"),
            ("10.1.2.3", "3.2.1.10.in-addr.arpa"),
            (
                "172.16.4.0/22",
                "4.16.172.in-addr.arpa 5.16.172.in-addr.arpa 6.16.172.in-addr.arpa 7.16.172.in-addr.arpa",
            ),
            ("2001:db8::/32", "8.b.d.0.1.0.0.2.ip6.arpa"),
            ("fd00::/7", "c.f.ip6.arpa d.f.ip6.arpa"),
        ];
        for (prefix, expected) in table {
            let prefix: Prefix = prefix.replace("fd00::/7", "fc00::/7").parse().unwrap();
            let zones: Vec<_> = zones(&prefix).unwrap().iter().map(Name::to_string).collect();
            assert_eq!(zones.join(" "), expected, "{prefix}");
        }
        assert_eq!(zone_of(&name("5.0.0.10.in-addr.arpa").unwrap()).unwrap().to_string(), "0.0.10.in-addr.arpa");
        assert_eq!(zone_of(&name("1.1.1.1.in-addr.arpa").unwrap()), None);
    }
}
