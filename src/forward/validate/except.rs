//! Names at and below which nothing is validated: negative trust anchors (RFC 7646).

use crate::config::Forward;
use crate::config::Upstream;
use crate::config::Way;
use crate::dns::Name;
use std::net::IpAddr;

/// Whether a name, in wire format and lower-cased, lies at or below a name that is not validated: one of `dnssec_except`,
/// or a domain that is forwarded to private addresses, where zones are rarely signed and never delegated to with a key.
pub(super) fn is_excepted(forward: &Forward, name: &[u8]) -> bool {
    let is_private = |upstream: &Upstream| match &upstream.way {
        Way::Plain(address) | Way::Tls { address, .. } => is_private(address.ip()),
        Way::Https { .. } => upstream.way.address().is_some_and(|address| is_private(address.ip())),
    };
    let routed = forward.domains.iter().filter(|domain| domain.upstreams.iter().any(is_private));
    forward.dnssec_except.iter().chain(routed.map(|domain| &domain.name)).any(|top| lies_below(name, top))
}

fn lies_below(name: &[u8], top: &Name) -> bool {
    let top = top.as_slice();
    let mut rest = name;
    loop {
        if rest.eq_ignore_ascii_case(top) {
            return true;
        }
        let Some(parent) = rest.first().and_then(|length| rest.get(1 + usize::from(*length)..)) else { return false };
        rest = parent;
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || (first == 100 && second & 0xC0 == 64)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    /// What the settings except, and domains that lead to private addresses, with all that is below.
    #[test]
    fn exceptions_are_names_and_private_domains() {
        let text = r#"
            [[horizon]]
            name = "lan"
            clients = ["any"]
            [forward]
            upstreams = ["192.0.2.1"]
            dnssec_except = ["Broken.example"]
            [[forward.domain]]
            name = "corp.example"
            upstreams = ["10.0.0.1"]
            [[forward.domain]]
            name = "far.example"
            upstreams = ["203.0.113.9", "tls://203.0.113.10#dns.far.example"]
        "#;
        let forward = config::parse(text, "horizon.toml").unwrap().forward;
        let table: [(&[u8], bool); 7] = [
            (b"\x06broken\x07example\0", true),
            (b"\x01a\x06broken\x07example\0", true),
            (b"\x07xbroken\x07example\0", false),
            (b"\x04corp\x07example\0", true),
            (b"\x03far\x07example\0", false),
            (b"\x07example\0", false),
            (b"\0", false),
        ];
        for (name, expected) in table {
            assert_eq!(is_excepted(&forward, name), expected, "{name:?}");
        }
    }
}
