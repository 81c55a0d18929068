//! The addresses that SVCB and HTTPS records hint at (RFC 9460 section 7.3).

use std::net::IpAddr;

const IPV4HINT: u16 = 4;
const IPV6HINT: u16 = 6;

/// Octets of a record's priority, which stands before its target.
const PRIORITY: usize = 2;

/// The target of SVCB or HTTPS data and the addresses of its `ipv4hint` and `ipv6hint`, in the order written.
///
/// None when the data is cut short, or when its target is compressed, which RFC 9460 section 2.2 forbids.
pub fn service_hints(data: &[u8]) -> Option<(&[u8], impl Iterator<Item = IpAddr> + '_)> {
    let after_priority = data.get(PRIORITY..)?;
    let length = super::name::wire_len(after_priority).ok()?;
    let (target, parameters) = after_priority.split_at(length);
    let mut rest = parameters;
    while !rest.is_empty() {
        rest = parameter(rest)?.2;
    }
    let mut rest = parameters;
    let read = std::iter::from_fn(move || {
        let (key, value, after) = parameter(rest)?;
        rest = after;
        Some((key, value))
    });
    Some((target, read.flat_map(|(key, value)| addresses(key, value))))
}

/// Key, value, and what follows.
fn parameter(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let ([k0, k1, l0, l1], rest) = octets.split_first_chunk::<4>()?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l0, *l1])))?;
    Some((u16::from_be_bytes([*k0, *k1]), value, rest))
}

fn addresses(key: u16, value: &[u8]) -> impl Iterator<Item = IpAddr> {
    let four = if key == IPV4HINT { value.as_chunks::<4>().0 } else { &[] };
    let six = if key == IPV6HINT { value.as_chunks::<16>().0 } else { &[] };
    four.iter().map(|octets| IpAddr::from(*octets)).chain(six.iter().map(|octets| IpAddr::from(*octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hints of both families are found behind other parameters; data that is cut short has none at all.
    #[test]
    fn hints_are_found_or_the_data_is_refused() {
        let six = [&[0, 6, 0, 16][..], &[0xFD; 16]].concat();
        let table: [(&str, Vec<u8>, Option<usize>); 6] = [
            ("alias mode", b"\0\0\x01a\0".to_vec(), Some(0)),
            ("two addresses", b"\0\x01\0\0\x01\0\x03\x02h2\0\x04\0\x08\x0a\0\0\x01\x0a\0\0\x02".to_vec(), Some(2)),
            ("IPv6", [b"\0\x01\0".as_slice(), &six].concat(), Some(1)),
            ("cut inside a value", b"\0\x01\0\0\x04\0\x08\x0a\0\0\x01".to_vec(), None),
            ("a compressed target", b"\0\x01\xc0\x0c".to_vec(), None),
            ("nothing", Vec::new(), None),
        ];
        for (why, data, expected) in table {
            assert_eq!(service_hints(&data).map(|(_, hints)| hints.count()), expected, "{why}");
        }
    }
}
