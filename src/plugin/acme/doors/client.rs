//! Who speaks: the other end of the connection, or whom a trusted proxy names.

use http::HeaderMap;
use http::HeaderName;
use std::net::IpAddr;
use std::net::SocketAddr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Both ends of a connection; whoever serves the routes puts it into the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The other end.
    pub client: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
}

/// The client of a request that came from `peer`.
///
/// Only a trusted proxy is believed: then the last address of `X-Forwarded-For` that is no trusted proxy counts, for
/// everything left of it may be the client's own invention; without that header the address of `X-Real-IP`. What cannot be
/// read makes the proxy itself the client.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.contains(&peer) {
        return peer;
    }
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or_default()).collect();
    if lines.is_empty() {
        let named = headers.get(REAL_IP).and_then(|line| address(line.to_str().ok()?));
        return named.unwrap_or(peer);
    }
    let mut client = peer;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(hop) = address(hop) else { return peer };
        client = hop;
        if !trusted.contains(&hop) {
            break;
        }
    }
    client
}

/// An address, with a port behind it or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// Nobody becomes another one by writing a header, but for trusted proxies.
    #[test]
    fn only_a_trusted_proxy_names_the_client() {
        let trusted: Vec<IpAddr> = ["127.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap()).to_vec();
        type Row<'a> = (&'static str, &'a [(HeaderName, &'static str)], &'static str, &'static str);
        let table: [Row<'_>; 12] = [
            ("10.0.0.9", &[(FORWARDED_FOR, "10.0.0.10")], "10.0.0.9", "a stranger names nobody"),
            ("10.0.0.9", &[(REAL_IP, "10.0.0.10")], "10.0.0.9", "not this way either"),
            ("127.0.0.1", &[], "127.0.0.1", "nobody is named"),
            ("::ffff:127.0.0.1", &[(REAL_IP, "10.0.0.10")], "10.0.0.10", "mapped"),
            ("127.0.0.1", &[(FORWARDED_FOR, "10.0.0.10")], "10.0.0.10", "one hop"),
            (
                "127.0.0.1",
                &[(FORWARDED_FOR, "10.0.0.10, 10.0.0.9")],
                "10.0.0.9",
                "the first one is the client's own word",
            ),
            ("127.0.0.1", &[(FORWARDED_FOR, "10.0.0.10, 10.0.0.2")], "10.0.0.10", "through two trusted ones"),
            ("127.0.0.1", &[(FORWARDED_FOR, "10.0.0.10"), (FORWARDED_FOR, "10.0.0.9")], "10.0.0.9", "two lines"),
            ("127.0.0.1", &[(FORWARDED_FOR, "ten"), (REAL_IP, "10.0.0.10")], "127.0.0.1", "garbage"),
            ("127.0.0.1", &[(FORWARDED_FOR, "10.0.0.10:4711")], "10.0.0.10", "with a port"),
            ("127.0.0.1", &[(FORWARDED_FOR, "[2001:db8::1]:4711")], "2001:db8::1", "with a port"),
            ("127.0.0.1", &[(FORWARDED_FOR, "10.0.0.2")], "10.0.0.2", "a proxy that speaks for itself"),
        ];
        for (peer, lines, expected, why) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(name, HeaderValue::from_static(value));
            }
            let found = client(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{why}: {peer} {lines:?}");
        }
    }
}
