//! Where the CA is: the literal of its URL, what our own zones say of its name, or what the config says. The system's
//! resolver is never asked: it may be us, or be wrong in the way that is looked for.

use super::super::told::told;
use crate::config::Acme;
use crate::dns::parse_name;
use crate::snapshot::Snapshot;
use http::Uri;
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

/// A CA's directory, and the addresses to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaPlace {
    /// The URL as written.
    pub url: String,
    /// Its host: a name or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its path.
    pub path: String,
    /// Where to call, in the order to try; never empty.
    pub addresses: Vec<SocketAddr>,
    /// Who says so, for a sentence.
    pub source: String,
}

/// Why it is not known where the CA is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// `directory` is not set.
    #[error("no CA is known: write its URL as `directory` under [acme]")]
    NoDirectory,
    /// The URL cannot be taken apart.
    #[error("`{0}` is not the URL of an ACME directory; correct `directory` under [acme]")]
    BadUrl(String),
    /// No zone of ours has an address for it.
    #[error(
        "no zone of ours has an address for `{0}`, and nobody else is asked; add one, or write `ca_addresses` under [acme]"
    )]
    NoAddress(String),
}

/// Finds the CA of `[acme]`.
///
/// # Errors
/// [`PlaceError`].
pub fn place(snapshot: &Snapshot) -> Result<CaPlace, PlaceError> {
    let acme = &snapshot.settings.acme;
    let url = acme.directory.clone().ok_or(PlaceError::NoDirectory)?;
    let bad = || PlaceError::BadUrl(url.clone());
    let parsed: Uri = url.parse().map_err(|_| bad())?;
    let host = parsed.host().ok_or_else(bad)?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = parsed.port_u16().unwrap_or(443);
    let (ips, source) = addresses(snapshot, acme, &host).ok_or_else(|| PlaceError::NoAddress(host.clone()))?;
    let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip.to_canonical(), port)).collect();
    Ok(CaPlace { path: parsed.path().to_owned(), host, port, addresses, source, url })
}

impl CaPlace {
    /// `Host` of requests: with the port, unless it is that of https.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 443 { host } else { format!("{host}:{}", self.port) }
    }

    /// The provisioner that step-ca's and Caddy's path `/acme/NAME/directory` names.
    pub fn provisioner(&self) -> Option<String> {
        let name = self.path.strip_suffix("/directory")?.rsplit_once("/acme/")?.1;
        (!name.is_empty() && !name.contains('/')).then(|| unescaped(name))
    }
}

fn addresses(snapshot: &Snapshot, acme: &Acme, host: &str) -> Option<(Vec<IpAddr>, String)> {
    if let Ok(literal) = host.parse::<IpAddr>() {
        return Some((vec![literal], "its URL".to_owned()));
    }
    let name = parse_name(host).ok()?;
    let private = |index: usize| snapshot.settings.horizons.get(index).is_some_and(|horizon| !horizon.is_public());
    let mut order: Vec<usize> = (0..snapshot.views.len()).collect();
    order.sort_by_key(|index| !private(*index));
    for index in order {
        let Some(client) = snapshot.horizons.client_of(index) else { continue };
        let found = told(snapshot, client, &name).addresses;
        if !found.is_empty() {
            return Some((found, format!("our zones in horizon `{}`", snapshot.views[index].name)));
        }
    }
    (!acme.ca_addresses.is_empty()).then(|| (acme.ca_addresses.clone(), "`ca_addresses`".to_owned()))
}

/// `%20` and its like in a path become what they stand for.
fn unescaped(text: &str) -> String {
    let octets = text.as_bytes();
    let mut plain = Vec::with_capacity(octets.len());
    let mut at = 0;
    while at < octets.len() {
        let code = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (octets[at], code) {
            (b'%', Some(octet)) => {
                plain.push(octet);
                at += 3;
            }
            (octet, _) => {
                plain.push(octet);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::super::probe::lab_snapshot;
    use super::*;

    /// The literal, then our zones, then the config; the system's resolver never.
    #[test]
    fn the_ca_is_found_without_asking_anybody() {
        let table = [
            ("directory = \"https://10.0.0.10:9000/acme/acme/directory\"", "10.0.0.10:9000 by its URL"),
            ("directory = \"https://[fd00::10]/acme/a%20b/directory\"", "[fd00::10]:443 by its URL"),
            (
                "directory = \"https://ca.example.org:9000/acme/acme/directory\"",
                "10.0.0.10:9000 by our zones in horizon `internal`",
            ),
            (
                "directory = \"https://ca.example.net/acme\"\nca_addresses = [\"10.0.0.7\"]",
                "10.0.0.7:443 by `ca_addresses`",
            ),
            ("directory = \"https://ca.example.net/acme\"", "NoAddress(\"ca.example.net\")"),
            ("directory = \"https://text.example.org/acme\"", "NoAddress(\"text.example.org\")"),
            ("", "NoDirectory"),
        ];
        for (acme, expected) in table {
            let said = match place(&lab_snapshot(&format!("[acme]\n{acme}\n"))) {
                Ok(place) => format!("{} by {}", place.addresses[0], place.source),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(said, expected, "{acme}");
        }
    }

    /// The provisioner stands in the path of step-ca and Caddy, and nowhere else.
    #[test]
    fn the_provisioner_is_read_off_the_path() {
        let table = [
            ("/acme/acme/directory", Some("acme")),
            ("/2.0/acme/my%20acme/directory", Some("my acme")),
            ("/acme/local/directory", Some("local")),
            ("/dir", None),
            ("/directory", None),
            ("/acme//directory", None),
            ("/acme/%zz/directory", Some("%zz")),
        ];
        for (path, expected) in table {
            let place = CaPlace {
                url: String::new(),
                host: "ca".to_owned(),
                port: 9000,
                path: path.to_owned(),
                addresses: Vec::new(),
                source: String::new(),
            };
            assert_eq!(place.provisioner().as_deref(), expected, "{path}");
            assert_eq!(place.authority(), "ca:9000");
        }
    }
}
