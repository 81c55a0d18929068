//! Rules 1, 2, 3 and 8 of safe probing (README of this room): which names, which addresses, which ports, and the switch.

use super::super::told::told;
use crate::config::{Acme, Challenge, Prefix, Probing, Settings};
use crate::dns::{Name, present_name};
use crate::snapshot::Snapshot;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use thiserror::Error;

/// Ports by challenge (RFC 8555 section 8.3, RFC 8737 section 3). Nothing but a test has others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    http: u16,
    tls: u16,
}

impl Ports {
    /// 80 and 443.
    pub const FIXED: Ports = Ports { http: 80, tls: 443 };

    /// Those of a responder in a test.
    #[cfg(test)]
    pub(super) fn of_test(http: u16, tls: u16) -> Self {
        Ports { http, tls }
    }

    /// The port of a challenge; none for dns-01, which sends nothing to anybody.
    pub fn of(self, challenge: Challenge) -> Option<u16> {
        match challenge {
            Challenge::Http01 => Some(self.http),
            Challenge::TlsAlpn01 => Some(self.tls),
            Challenge::Dns01 => None,
        }
    }
}

/// Why something is not probed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Barred {
    /// Rule 8.
    #[error("probing of {0} is off; `probe = \"on\"` under [acme] or [acme.name.\"{0}\"] switches it on")]
    Off(String),
    /// Rule 1.
    #[error("{name} is no name of horizon `{horizon}`'s own zones")]
    NotOurs {
        /// The name.
        name: String,
        /// The horizon.
        horizon: String,
    },
    /// A wildcard has no address of its own.
    #[error("{0} is a wildcard: only dns-01 is for it")]
    Wildcard(String),
    /// Rule 2.
    #[error("{address} is {why}: such addresses are never probed")]
    Never {
        /// The address.
        address: IpAddr,
        /// What it is.
        why: &'static str,
    },
    /// Rule 2.
    #[error("{0} is in none of the prefixes of `probe_allow` in [acme]; add its network there if it may be probed")]
    NotAllowed(IpAddr),
    /// Rule 2.
    #[error("{0} is this server itself")]
    Ourselves(SocketAddr),
    /// Rule 3.
    #[error("dns-01 sends no request to an address")]
    NoPort,
}

/// An address and port that passed the rules. A probe connects to this literal and to nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    address: SocketAddr,
}

impl Target {
    /// A responder of a test, on loopback.
    #[cfg(test)]
    pub(super) fn of_test(address: SocketAddr) -> Self {
        Target { address }
    }

    /// Who is asked.
    pub fn address(self) -> SocketAddr {
        self.address
    }
}

/// Rule 8: true when probes of this name are switched on, by its own word or that for all.
pub fn is_on(acme: &Acme, name: &Name) -> bool {
    let own = acme.by_name.get(name).and_then(|own| own.probe);
    own.unwrap_or(acme.probe) == Probing::On
}

/// Rules 1 and 8: the name is switched on, and the zones of the horizon have it. `client` is an address of that horizon.
///
/// # Errors
/// [`Barred::Off`], [`Barred::NotOurs`], [`Barred::Wildcard`].
pub fn may_probe(snapshot: &Snapshot, client: IpAddr, name: &Name) -> Result<(), Barred> {
    let written = present_name(name.as_slice());
    if !is_on(&snapshot.settings.acme, name) {
        return Err(Barred::Off(written.trim_end_matches('.').to_owned()));
    }
    if written.starts_with("*.") {
        return Err(Barred::Wildcard(written));
    }
    let view = snapshot.horizons.find(client).and_then(|found| snapshot.views.get(found.horizon));
    match told(snapshot, client, name).exists {
        true => Ok(()),
        false => {
            Err(Barred::NotOurs { name: written, horizon: view.map_or_else(String::new, |view| view.name.clone()) })
        }
    }
}

/// Rules 2 and 3: makes a target of an address of our own data. `own` is what this process listens on.
///
/// # Errors
/// [`Barred::Never`], [`Barred::NotAllowed`], [`Barred::Ourselves`], [`Barred::NoPort`].
pub fn target(
    address: IpAddr,
    challenge: Challenge,
    ports: Ports,
    allowed: &[Prefix],
    own: &[SocketAddr],
) -> Result<Target, Barred> {
    let port = ports.of(challenge).ok_or(Barred::NoPort)?;
    // A v4-mapped address leads to the same machine: it is looked at, and called, as what it is.
    let literal = address.to_canonical();
    if let Some(why) = never(literal) {
        return Err(Barred::Never { address, why });
    }
    if !allowed.iter().any(|prefix| prefix.contains(literal)) {
        return Err(Barred::NotAllowed(literal));
    }
    let address = SocketAddr::new(literal, port);
    if own.contains(&address) && port != Ports::FIXED.http && port != Ports::FIXED.tls {
        return Err(Barred::Ourselves(address));
    }
    Ok(Target { address })
}

/// `probe_allow`, or the private prefixes that the private horizons cover.
pub fn allowed_prefixes(settings: &Settings) -> Vec<Prefix> {
    let covered = || {
        let private = settings.horizons.iter().filter(|horizon| !horizon.is_public());
        private.flat_map(|horizon| horizon.clients.iter().copied()).collect()
    };
    settings.acme.probe_allow.clone().unwrap_or_else(covered)
}

/// What an address is that is never called, whatever is allowed.
fn never(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => Some("loopback"),
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("unspecified"),
        IpAddr::V4(v4) if v4.is_link_local() => Some("link-local"),
        IpAddr::V4(v4) if v4.is_multicast() => Some("multicast"),
        IpAddr::V4(v4) if v4 == Ipv4Addr::BROADCAST || v4.octets()[0] >= 240 => Some("broadcast or reserved"),
        IpAddr::V6(v6) if v6.is_loopback() => Some("loopback"),
        IpAddr::V6(v6) if v6.is_unspecified() => Some("unspecified"),
        IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80 => Some("link-local"),
        IpAddr::V6(v6) if v6.is_multicast() => Some("multicast"),
        IpAddr::V6(v6) => match v6.segments() {
            // IPv4-compatible (RFC 4291 section 2.5.5.1), NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to an IPv4 address
            // that is not seen here.
            [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, ..] | [0x2002, ..] => Some("an IPv4 address in disguise"),
            _ => None,
        },
        IpAddr::V4(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::snapshot;
    use super::*;
    use crate::dns::parse_name;

    /// Rules 1 and 8: only names of the horizon's own zones that are switched on.
    #[test]
    fn only_our_own_names_that_are_switched_on() {
        let switched = |acme: &str| snapshot(&format!("[acme]\n{acme}"));
        let table = [
            ("on for all", "probe = \"on\"", "app.example.org", "10.0.0.9", true),
            ("off is the default", "", "app.example.org", "10.0.0.9", false),
            (
                "off for one",
                "probe = \"on\"\n[acme.name.\"app.example.org\"]\nprobe = \"off\"",
                "app.example.org",
                "10.0.0.9",
                false,
            ),
            ("on for one", "[acme.name.\"app.example.org\"]\nprobe = \"on\"", "app.example.org", "10.0.0.9", true),
            (
                "on for one only",
                "[acme.name.\"www.example.org\"]\nprobe = \"on\"",
                "app.example.org",
                "10.0.0.9",
                false,
            ),
            ("a name of nobody", "probe = \"on\"", "nobody.example.org", "10.0.0.9", false),
            ("a foreign name", "probe = \"on\"", "www.example.com", "10.0.0.9", false),
            ("another horizon has it", "probe = \"on\"", "app.example.org", "198.51.100.1", false),
            ("covered by a wildcard of ours", "probe = \"on\"", "x.apps.example.org", "10.0.0.9", true),
            ("the wildcard itself", "probe = \"on\"", "*.apps.example.org", "10.0.0.9", false),
            ("no address, but ours", "probe = \"on\"", "text.example.org", "10.0.0.9", true),
        ];
        for (why, acme, name, client, may) in table {
            let snapshot = switched(acme);
            let name = parse_name(name).unwrap();
            let outcome = may_probe(&snapshot, client.parse().unwrap(), &name);
            assert_eq!(outcome.is_ok(), may, "{why}: {outcome:?}");
        }
    }

    /// Rule 2: only allowed networks, and some addresses never, in whatever dress.
    #[test]
    fn some_addresses_are_never_called() {
        let everything: Vec<Prefix> = ["0.0.0.0/0", "::/0"].iter().map(|text| text.parse().unwrap()).collect();
        let narrow: Vec<Prefix> = ["10.0.0.0/24", "fd00::/64"].iter().map(|text| text.parse().unwrap()).collect();
        let table = [
            ("10.0.0.12", true, true),
            ("fd00::12", true, true),
            ("::ffff:10.0.0.12", true, true),
            ("10.0.1.12", true, false),
            ("192.0.2.1", true, false),
            ("fd00:0:0:1::12", true, false),
            ("127.0.0.1", false, false),
            ("127.9.9.9", false, false),
            ("0.0.0.0", false, false),
            ("0.1.2.3", false, false),
            ("169.254.1.1", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("240.0.0.1", false, false),
            ("::1", false, false),
            ("::", false, false),
            ("fe80::1", false, false),
            ("febf::1", false, false),
            ("ff02::1", false, false),
            ("::ffff:127.0.0.1", false, false),
            ("::ffff:169.254.1.1", false, false),
            ("::ffff:0.0.0.0", false, false),
            ("::127.0.0.1", false, false),
            ("64:ff9b::7f00:1", false, false),
            ("2002:7f00:1::", false, false),
        ];
        for (address, by_everything, by_narrow) in table {
            let address: IpAddr = address.parse().unwrap();
            for (allowed, expected) in [(&everything, by_everything), (&narrow, by_narrow)] {
                for challenge in [Challenge::Http01, Challenge::TlsAlpn01] {
                    let made = target(address, challenge, Ports::FIXED, allowed, &[]);
                    assert_eq!(made.is_ok(), expected, "{address}: {made:?}");
                    assert!(made.is_err() || made.unwrap().address().ip() == address.to_canonical());
                }
            }
            assert!(
                target(address, Challenge::Http01, Ports::FIXED, &[], &[]).is_err(),
                "{address}: nothing is allowed"
            );
        }
    }

    /// Rule 2: this process is not called, but on 80 and 443, where it may stand for the gateway.
    #[test]
    fn we_do_not_call_ourselves() {
        let allowed = ["10.0.0.0/8".parse().unwrap()];
        let address: IpAddr = "10.0.0.153".parse().unwrap();
        let own = [SocketAddr::new(address, 8053), SocketAddr::new(address, 80)];
        let call = |ports| target(address, Challenge::Http01, ports, &allowed, &own);
        assert_eq!(call(Ports::of_test(8053, 0)), Err(Barred::Ourselves(own[0])));
        assert_eq!(call(Ports::FIXED).unwrap().address(), own[1]);
    }

    /// Rule 3: the port follows from the challenge, and dns-01 has none.
    #[test]
    fn ports_are_fixed() {
        let allowed = ["10.0.0.0/8".parse().unwrap()];
        let call = |challenge| target("10.0.0.1".parse().unwrap(), challenge, Ports::FIXED, &allowed, &[]);
        assert_eq!(call(Challenge::Http01).unwrap().address().port(), 80);
        assert_eq!(call(Challenge::TlsAlpn01).unwrap().address().port(), 443);
        assert_eq!(call(Challenge::Dns01), Err(Barred::NoPort));
    }

    /// Without `probe_allow`, the private horizons' own networks are allowed, and no public one.
    #[test]
    fn private_networks_are_allowed_by_default() {
        let default = allowed_prefixes(&snapshot("[acme]\n").settings);
        assert_eq!(default.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/24"]);
        let written = allowed_prefixes(&snapshot("[acme]\nprobe_allow = [\"10.9.0.0/16\"]\n").settings);
        assert_eq!(written.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.9.0.0/16"]);
    }
}
