//! Whom a request means. A page from elsewhere can have its own name lead to this server's address and then read what it
//! pleases as if it were its own (DNS rebinding): such a request carries that name in `Host`, and is refused.

use crate::dns::parse_name;
use crate::snapshot::Snapshot;
use std::net::IpAddr;

/// True for an address, for `localhost`, and for a name of our own zones, each with or without a port.
pub(super) fn is_meant(host: &str, snapshot: &Snapshot) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    if name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let Ok(name) = parse_name(name) else { return false };
    let mut zones = snapshot.views.iter().flat_map(|view| view.zones.iter());
    zones.any(|seen| name.ends_with(seen.zone.origin()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::snapshot::{ZoneSource, build};
    use std::sync::Arc;

    /// Addresses and own names are meant, any other name is not.
    #[test]
    fn other_names_are_not_meant() {
        let settings = config::parse("[[horizon]]\nname = 'lan'\nclients = ['any']\n", "h.toml").unwrap();
        let origin = parse_name("corp.example").unwrap();
        let text = b"$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n";
        let zone = crate::zone::parse_zone(text, std::path::Path::new("zone"), &origin).unwrap();
        let source = ZoneSource { horizon: "lan".into(), file: None, records: Arc::new(zone.records) };
        let snapshot = build(&settings, &[source], None).unwrap();
        let table = [
            ("10.0.0.153", true),
            ("10.0.0.153:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("localhost:8080", true),
            ("dns.Corp.example:8080", true),
            ("corp.example", true),
            ("evil.example", false),
            ("corp.example.evil.example:80", false),
            ("", false),
            ("[evil.example]", false),
            ("a..b", false),
        ];
        for (host, meant) in table {
            assert_eq!(is_meant(host, &snapshot), meant, "{host}");
        }
    }
}
