//! What clients are told of this server's encrypted transports at `_dns.resolver.arpa` (RFC 9462 section 4).

use crate::config::Tls;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// The path of DNS over HTTPS as a URI template (RFC 9461 section 5); `transport` serves it.
const DOH_TEMPLATE: &[u8] = b"/dns-query{?dns}";

/// Keys of service parameters (RFC 9460 section 14.3.2, RFC 9461 section 5).
const ALPN: u16 = 1;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;
const DOH_PATH: u16 = 7;

/// The data of the SVCB records, one for each transport and port; none where nothing is encrypted, or the server has no name
/// for its certificate to show.
///
/// Clients prefer the lower priority: TLS, then HTTPS, then QUIC. Hints are the addresses that are listened on, so that no
/// look-up of the name is needed; one that means all addresses is no hint.
pub(super) fn designated(tls: &Tls) -> Vec<Vec<u8>> {
    let Some(name) = tls.names.first() else { return Vec::new() };
    // What clients say of the protocol in the handshake, as a list with lengths (RFC 9460 section 7.1.1).
    let transports: [(&[u8], &[SocketAddr], &[u8]); 3] = [
        (b"\x03dot", &tls.listen_tls, &[]),
        (b"\x02h2\x08http/1.1", &tls.listen_https, DOH_TEMPLATE),
        (b"\x03doq", &tls.listen_quic, &[]),
    ];
    let mut all = Vec::new();
    for (priority, (alpn, listen, path)) in (1u16..).zip(transports) {
        let mut ports: BTreeMap<u16, Vec<IpAddr>> = BTreeMap::new();
        for address in listen {
            ports.entry(address.port()).or_default().push(address.ip());
        }
        for (port, addresses) in ports {
            let mut data = priority.to_be_bytes().to_vec();
            data.extend_from_slice(name.as_slice());
            let hints = |wanted: fn(&IpAddr) -> Option<Vec<u8>>| -> Vec<u8> {
                addresses.iter().filter(|address| !address.is_unspecified()).filter_map(wanted).flatten().collect()
            };
            let v4 = hints(|address| match address {
                IpAddr::V4(v4) => Some(v4.octets().to_vec()),
                IpAddr::V6(_) => None,
            });
            let v6 = hints(|address| match address {
                IpAddr::V6(v6) => Some(v6.octets().to_vec()),
                IpAddr::V4(_) => None,
            });
            let parameters: [(u16, &[u8]); 5] =
                [(ALPN, alpn), (PORT, &port.to_be_bytes()), (IPV4_HINT, &v4), (IPV6_HINT, &v6), (DOH_PATH, path)];
            for (key, value) in parameters.into_iter().filter(|(_, value)| !value.is_empty()) {
                let Ok(length) = u16::try_from(value.len()) else { continue };
                data.extend(key.to_be_bytes());
                data.extend(length.to_be_bytes());
                data.extend_from_slice(value);
            }
            all.push(data);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Rtype, parse_name, present_data};

    /// Each transport has a record with what its clients need.
    #[test]
    fn each_transport_and_port_has_a_record() {
        let mut tls = Tls {
            listen_tls: vec!["10.0.0.153:853".parse().unwrap(), "[fd00::53]:853".parse().unwrap()],
            listen_https: vec!["0.0.0.0:443".parse().unwrap(), "10.0.0.153:8443".parse().unwrap()],
            listen_quic: vec!["10.0.0.153:853".parse().unwrap()],
            ..Tls::default()
        };
        assert_eq!(designated(&tls), Vec::<Vec<u8>>::new(), "no name");
        tls.names = vec![parse_name("dns.internal.example").unwrap()];
        let shown: Vec<String> = designated(&tls).iter().map(|data| present_data(Rtype::SVCB, data)).collect();
        let expected = [
            "1 dns.internal.example. alpn=\"dot\" port=853 ipv4hint=10.0.0.153 ipv6hint=fd00::53",
            "2 dns.internal.example. alpn=\"h2,http/1.1\" port=443 dohpath=\"/dns-query{?dns}\"",
            "2 dns.internal.example. alpn=\"h2,http/1.1\" port=8443 ipv4hint=10.0.0.153 dohpath=\"/dns-query{?dns}\"",
            "3 dns.internal.example. alpn=\"doq\" port=853 ipv4hint=10.0.0.153",
        ];
        assert_eq!(shown, expected);
    }
}
