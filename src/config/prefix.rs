//! Address prefixes: `10.0.0.0/24`, `::1/128`, a bare address as its longest prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use thiserror::Error;

/// An address prefix without host bits. IPv4 and IPv6 prefixes are never equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

/// Why a text is no prefix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// No address before the slash.
    #[error("`{0}` is not an IPv4 or IPv6 address")]
    Address(String),
    /// No number after the slash, or one that is too large.
    #[error("`/{0}` is not a prefix length; an IPv4 prefix has 0 to 32, an IPv6 prefix 0 to 128")]
    Length(String),
    /// Bits beyond the length are set.
    #[error("`{written}` has bits set beyond its length; `{masked}` would be right")]
    HostBits {
        /// What was written.
        written: String,
        /// The same with the host bits cleared.
        masked: Prefix,
    },
}

impl Prefix {
    /// The prefix of `length` bits that holds `address`; host bits are cleared, a length beyond the family's is cut to it.
    pub fn new(address: IpAddr, length: u8) -> Self {
        match address {
            IpAddr::V4(v4) => {
                let length = length.min(32);
                let mask = u32::MAX.checked_shl(u32::from(32 - length)).unwrap_or(0);
                Prefix { address: IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask)), length }
            }
            IpAddr::V6(v6) => {
                let length = length.min(128);
                let mask = u128::MAX.checked_shl(u32::from(128 - length)).unwrap_or(0);
                Prefix { address: IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask)), length }
            }
        }
    }

    /// The first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits count: 0 to 32 or 0 to 128.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// True when `address` is of the same family and inside. A v4-mapped IPv6 address is not an IPv4 address here.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && Prefix::new(address, self.length) == *self
    }

    /// True when `other` lies wholly inside.
    pub fn covers(&self, other: &Prefix) -> bool {
        other.length >= self.length && self.contains(other.address)
    }

    /// True when every address in it is private, loopback, link-local, shared (RFC 6598) or unique local (RFC 4193).
    pub fn is_private(&self) -> bool {
        let inside = |(network, length): &(IpAddr, u8)| {
            *length <= self.length
                && match (self.address, network) {
                    (IpAddr::V4(own), IpAddr::V4(network)) => {
                        (u32::from(own) ^ u32::from(*network)).leading_zeros() >= u32::from(*length)
                    }
                    (IpAddr::V6(own), IpAddr::V6(network)) => {
                        (u128::from(own) ^ u128::from(*network)).leading_zeros() >= u32::from(*length)
                    }
                    _ => false,
                }
        };
        PRIVATE.iter().any(inside)
    }
}

const PRIVATE: [(IpAddr, u8); 11] = [
    (IpAddr::V4(Ipv4Addr::new(0, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().map_err(|_| PrefixError::Address(address.to_owned()))?;
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => longest,
            Some(digits) => match digits.parse::<u8>() {
                Ok(length) if length <= longest && digits.bytes().all(|octet| octet.is_ascii_digit()) => length,
                _ => return Err(PrefixError::Length(digits.to_owned())),
            },
        };
        let prefix = Prefix::new(ip, length);
        if prefix.address != ip {
            return Err(PrefixError::HostBits { written: text.to_owned(), masked: prefix });
        }
        Ok(prefix)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prefixes are refused with what would be right.
    #[test]
    fn prefixes_are_read_or_refused_in_words() {
        let table = [
            ("10.0.0.0/24", "10.0.0.0/24"),
            ("10.0.0.12", "10.0.0.12/32"),
            ("::1", "::1/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("10.0.0.1/24", "`10.0.0.1/24` has bits set beyond its length; `10.0.0.0/24` would be right"),
            ("10.0.0.0/33", "`/33` is not a prefix length; an IPv4 prefix has 0 to 32, an IPv6 prefix 0 to 128"),
            ("ten/8", "`ten` is not an IPv4 or IPv6 address"),
        ];
        for (text, expected) in table {
            let seen = match text.parse::<Prefix>() {
                Ok(prefix) => prefix.to_string(),
                Err(error) => error.to_string(),
            };
            assert_eq!(seen, expected, "{text}");
        }
    }

    /// `any` reaches the public; the private ranges do not.
    #[test]
    fn private_prefixes_are_known() {
        let table = [
            ("10.0.0.0/24", true),
            ("172.16.0.0/12", true),
            ("172.0.0.0/8", false),
            ("0.0.0.0/0", false),
            ("fd00::/8", true),
            ("::/0", false),
        ];
        for (text, private) in table {
            assert_eq!(text.parse::<Prefix>().unwrap().is_private(), private, "{text}");
        }
    }
}
