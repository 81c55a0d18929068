//! The map from client addresses to horizons.

use super::ranges::Ranges;
use crate::config::Horizon;
use crate::config::Prefix;
use crate::finding::Finding;
use crate::finding::Severity;
use std::collections::HashMap;
use std::net::IpAddr;

/// Client prefixes of all horizons, flattened at load so that a query costs one binary search.
#[derive(Debug, Clone, Default)]
pub struct HorizonMap {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

/// Why a client belongs to a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The horizon's place in the list that the map was made from.
    pub horizon: usize,
    /// The prefix that matched.
    pub prefix: Prefix,
}

impl HorizonMap {
    /// Makes the map; costs a sort of all prefixes.
    ///
    /// # Errors
    /// `DUPLICATE_PREFIX` for each prefix that stands in two horizons.
    pub fn new(horizons: &[Horizon]) -> Result<Self, Vec<Finding>> {
        let mut owners: HashMap<Prefix, usize> = HashMap::new();
        let mut findings = Vec::new();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, horizon) in horizons.iter().enumerate() {
            for prefix in &horizon.clients {
                let owner = *owners.entry(*prefix).or_insert(index);
                if owner != index {
                    findings.push(duplicate(*prefix, &horizons[owner], horizon));
                }
                let found = Match { horizon: index, prefix: *prefix };
                match prefix.address() {
                    IpAddr::V4(address) => {
                        let first = u32::from(address);
                        v4.push((first, first | u32::MAX.checked_shr(prefix.length().into()).unwrap_or(0), found));
                    }
                    IpAddr::V6(address) => {
                        let first = u128::from(address);
                        v6.push((first, first | u128::MAX.checked_shr(prefix.length().into()).unwrap_or(0), found));
                    }
                }
            }
        }
        if findings.is_empty() {
            Ok(HorizonMap { v4: Ranges::flatten(v4), v6: Ranges::flatten(v6) })
        } else {
            Err(findings)
        }
    }

    /// Finds the horizon of a client; none when no prefix covers it. A v4-mapped IPv6 address counts as IPv4.
    ///
    /// Called for each query: no allocation, as many comparisons as the number of ranges has binary digits.
    pub fn find(&self, client: IpAddr) -> Option<Match> {
        match client.to_canonical() {
            IpAddr::V4(address) => self.v4.find(u32::from(address)),
            IpAddr::V6(address) => self.v6.find(u128::from(address)),
        }
    }

    /// A client of this horizon, whichever comes first: for those who ask as it without being it.
    pub fn client_of(&self, horizon: usize) -> Option<IpAddr> {
        let v4 = self.v4.first_of(horizon).map(|address| IpAddr::V4(address.into()));
        v4.or_else(|| self.v6.first_of(horizon).map(|address| IpAddr::V6(address.into())))
    }
}

fn duplicate(prefix: Prefix, first: &Horizon, second: &Horizon) -> Finding {
    Finding::new(
        "DUPLICATE_PREFIX",
        Severity::Error,
        prefix.to_string(),
        format!("clients of both horizon `{}` and horizon `{}`", first.name, second.name),
        "keep the prefix in one of them",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::net::Ipv6Addr;

    fn horizon(name: &str, clients: Vec<Prefix>) -> Horizon {
        Horizon {
            name: name.to_owned(),
            clients,
            forward: false,
            upstreams: Vec::new(),
            inherits: None,
            private_addresses: Vec::new(),
            rate: None,
        }
    }

    fn map(table: &[(&str, &[&str])]) -> HorizonMap {
        let horizons: Vec<_> = table
            .iter()
            .map(|(name, clients)| horizon(name, clients.iter().map(|text| text.parse().unwrap()).collect()))
            .collect();
        HorizonMap::new(&horizons).unwrap()
    }

    /// The longest prefix wins, whatever the order in the file.
    #[test]
    fn the_longest_prefix_wins() {
        let map = map(&[
            ("external", &["0.0.0.0/0", "::/0"]),
            ("internal", &["10.0.0.0/24", "::1/128", "255.255.255.255/32"]),
            ("traefik", &["10.0.0.12/32", "10.0.0.255/32"]),
        ]);
        let table = [
            ("inside", "10.0.0.7", Some((1, "10.0.0.0/24"))),
            ("the first address of a prefix", "10.0.0.0", Some((1, "10.0.0.0/24"))),
            ("the one before it", "9.255.255.255", Some((0, "0.0.0.0/0"))),
            ("a single host", "10.0.0.12", Some((2, "10.0.0.12/32"))),
            ("after a single host its network goes on", "10.0.0.13", Some((1, "10.0.0.0/24"))),
            ("a host that ends its network", "10.0.0.255", Some((2, "10.0.0.255/32"))),
            ("after both", "10.0.1.0", Some((0, "0.0.0.0/0"))),
            ("the last address there is", "255.255.255.255", Some((1, "255.255.255.255/32"))),
            ("IPv4 in IPv6 dress is IPv4", "::ffff:10.0.0.12", Some((2, "10.0.0.12/32"))),
            ("IPv6", "::1", Some((1, "::1/128"))),
            ("IPv6 of everyone else", "2001:db8::1", Some((0, "::/0"))),
        ];
        for (why, client, expected) in table {
            let expected = expected.map(|(horizon, text)| Match { horizon, prefix: text.parse().unwrap() });
            assert_eq!(map.find(client.parse().unwrap()), expected, "{why}");
        }
        let clients = [0, 1, 2].map(|horizon| map.client_of(horizon).unwrap().to_string());
        assert_eq!(clients, ["0.0.0.0", "10.0.0.0", "10.0.0.12"]);
    }

    /// A client of nobody has no horizon, and a prefix of two is refused by name.
    #[test]
    fn uncovered_clients_and_doubled_prefixes_are_known() {
        let narrow = map(&[("internal", &["10.0.0.0/24"])]);
        for client in ["0.0.0.0", "9.9.9.9", "10.0.1.0", "255.255.255.255", "::", "::1"] {
            assert_eq!(narrow.find(client.parse().unwrap()), None, "{client}");
        }
        assert_eq!(HorizonMap::default().find(IpAddr::V4(Ipv4Addr::LOCALHOST)), None);
        let prefix: Prefix = "10.0.0.0/8".parse().unwrap();
        let findings = HorizonMap::new(&[horizon("a", vec![prefix]), horizon("b", vec![prefix])]).unwrap_err();
        assert_eq!(
            findings[0].to_string(),
            "error DUPLICATE_PREFIX 10.0.0.0/8: clients of both horizon `a` and horizon `b`; keep the prefix in one of them"
        );
    }

    /// Whatever the prefixes, the search finds what comparing with each of them finds.
    #[test]
    fn the_search_equals_comparing_with_every_prefix() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..200 {
            // Few high bits, so that prefixes nest and meet often.
            let mut address = |wide: bool| {
                let bits = u128::from(random()) << 64 | u128::from(random());
                match (wide, random() % 4) {
                    (false, 0) => IpAddr::V4(Ipv4Addr::from(bits as u32)),
                    (false, _) => IpAddr::V4(Ipv4Addr::from(bits as u32 & 0xc000_000f)),
                    (true, 0) => IpAddr::V6(Ipv6Addr::from(bits)),
                    (true, _) => IpAddr::V6(Ipv6Addr::from(bits & (0xc << 124 | 0xf))),
                }
            };
            let mut prefixes: Vec<Prefix> = Vec::new();
            for count in 0..round % 40 {
                let base = address(count % 2 == 0);
                let bits = if base.is_ipv4() { 33 } else { 129 };
                let pick = address(true);
                let IpAddr::V6(pick) = pick else { unreachable!() };
                prefixes.push(Prefix::new(base, (u128::from(pick).count_ones() * 7 % bits) as u8));
            }
            prefixes.sort_unstable();
            prefixes.dedup();
            let horizons: Vec<_> =
                prefixes.iter().enumerate().map(|(index, prefix)| horizon(&index.to_string(), vec![*prefix])).collect();
            let map = HorizonMap::new(&horizons).unwrap();
            for horizon in 0..horizons.len() {
                if let Some(client) = map.client_of(horizon) {
                    assert_eq!(map.find(client).map(|found| found.horizon), Some(horizon), "{client} in {prefixes:?}");
                }
            }
            let edges = prefixes.iter().map(|prefix| prefix.address()).collect::<Vec<_>>();
            for client in edges.into_iter().chain((0..400).map(|count| address(count % 2 == 0))) {
                let client = client.to_canonical();
                let longest = (0..prefixes.len())
                    .filter(|index| prefixes[*index].contains(client))
                    .max_by_key(|index| prefixes[*index].length());
                assert_eq!(map.find(client).map(|found| found.horizon), longest, "{client} in {prefixes:?}");
            }
        }
    }
}
