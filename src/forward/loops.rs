//! Upstreams that are this server itself: found in the settings, before a question goes round for ever.

use crate::config::Settings;
use crate::config::Upstream;
use crate::config::Way;
use crate::finding::{Finding, Severity};
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::UdpSocket;

/// Every upstream that is an address which the server listens on. Opens and closes sockets to learn which addresses are
/// this machine's own; sends nothing.
pub fn loop_findings(settings: &Settings) -> Vec<Finding> {
    // Port 0 is any that is free.
    check(settings, |ip| UdpSocket::bind((ip, 0)).is_ok())
}

fn check(settings: &Settings, is_local: impl Fn(IpAddr) -> bool) -> Vec<Finding> {
    let forward = &settings.forward;
    let common = forward.upstreams.iter().map(|upstream| (upstream, "[forward]".to_owned()));
    let domains = forward.domains.iter().flat_map(|domain| {
        domain.upstreams.iter().map(move |upstream| (upstream, format!("[[forward.domain]] {}", domain.name)))
    });
    let horizons = settings.horizons.iter().flat_map(|horizon| {
        horizon.upstreams.iter().map(move |upstream| (upstream, format!("[[horizon]] {}", horizon.name)))
    });
    let all = common.chain(domains).chain(horizons);
    let ours = all.filter_map(|(upstream, place)| {
        let listener = settings.server.listen.iter().find(|listener| leads_to(upstream, **listener, &is_local))?;
        Some(finding(upstream, *listener, &place))
    });
    ours.collect()
}

/// True when a question to the upstream comes in at the listener.
fn leads_to(upstream: &Upstream, listener: SocketAddr, is_local: impl Fn(IpAddr) -> bool) -> bool {
    // TLS and HTTPS are not what is listened for at these addresses.
    let Way::Plain(address) = upstream.way else { return false };
    let (ip, own) = (address.ip().to_canonical(), listener.ip().to_canonical());
    if address.port() != listener.port() {
        return false;
    }
    // What is sent to the unspecified address goes to this machine.
    let reaches_here = ip.is_unspecified() || is_local(ip);
    // A listener on `::` may take IPv4 as well.
    ip == own || reaches_here && (own.is_unspecified() && (own.is_ipv6() || ip.is_ipv4()) || ip.is_unspecified())
}

fn finding(upstream: &Upstream, listener: SocketAddr, place: &str) -> Finding {
    let what = format!("it is this server itself, which listens on {listener}: questions would go round for ever");
    let remedy = "write the address of another server";
    Finding::new("UPSTREAM_LOOP", Severity::Error, format!("the upstream {upstream} of {place}"), what, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    /// An upstream is refused when what is sent to it comes in here, however either is written.
    #[test]
    fn own_addresses_are_no_upstreams() {
        let table = [
            ("the same address", "192.0.2.1:53", "192.0.2.1", true),
            ("another port", "192.0.2.1:53", "192.0.2.1:5353", false),
            ("another address", "192.0.2.1:53", "192.0.2.2", false),
            ("all addresses, one of ours", "0.0.0.0:53", "192.0.2.1", true),
            ("all addresses, loopback", "0.0.0.0:53", "127.9.9.9", true),
            ("all addresses, a stranger's", "0.0.0.0:53", "198.51.100.1", false),
            ("all addresses of IPv6 and maybe IPv4", "[::]:53", "192.0.2.1", true),
            ("all addresses of IPv4 only", "0.0.0.0:53", "[::1]:53", false),
            ("a mapped address", "192.0.2.1:53", "[::ffff:192.0.2.1]:53", true),
            ("TLS at another port", "192.0.2.1:53", "tls://192.0.2.1#dns.example", false),
        ];
        for (why, listen, upstream, expected) in table {
            let text = format!(
                "[server]\nlisten = [\"{listen}\"]\n[[horizon]]\nname = \"lan\"\nclients = [\"any\"]\nforward = true\n\
                 [forward]\nupstreams = [\"198.51.100.7\"]\n\
                 [[forward.domain]]\nname = \"corp.example\"\nupstreams = [\"{upstream}\"]\n"
            );
            let settings = config::parse(&text, "horizon.toml").unwrap();
            let local = |ip: IpAddr| ip.is_loopback() || ip == "192.0.2.1".parse::<IpAddr>().unwrap();
            let findings = check(&settings, local);
            assert_eq!(findings.len(), usize::from(expected), "{why}: {findings:?}");
            assert!(findings.iter().all(|finding| finding.to_string().contains(upstream)), "{why}: {findings:?}");
        }
    }
}
