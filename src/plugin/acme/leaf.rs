//! What a certificate says of itself: names, times, who signed it, the extension of tls-alpn-01.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

/// `id-pe-acmeIdentifier` (RFC 8737 section 6.1).
const ACME_IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";
/// Names of a certificate that are kept.
const MOST_NAMES: usize = 32;
/// Letters of a text that is kept.
const LONGEST_TEXT: usize = 255;

/// A leaf certificate for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// The names and addresses that it is for, at most 32.
    pub names: Vec<String>,
    /// Whose it is, as a distinguished name.
    pub subject: String,
    /// Who signed it, as a distinguished name.
    pub issuer: String,
    /// Seconds since 1970 UTC; it is not valid before.
    pub not_before: i64,
    /// Seconds since 1970 UTC; it is not valid after.
    pub not_after: i64,
    /// SHA-256 in lower-case hexadecimal digits.
    pub fingerprint: String,
    /// Whether it holds the extension of a tls-alpn-01 challenge (RFC 8737 section 3): one is running.
    pub acme_identifier: bool,
}

impl Leaf {
    /// Reads one in DER; none when it is no certificate.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut names = Vec::new();
        let mut acme_identifier = false;
        for extension in certificate.iter_extensions() {
            acme_identifier |= extension.oid.to_id_string() == ACME_IDENTIFIER;
            if let ParsedExtension::SubjectAlternativeName(all) = extension.parsed_extension() {
                let room = MOST_NAMES.saturating_sub(names.len());
                names.extend(all.general_names.iter().filter_map(name_of).take(room));
            }
        }
        Some(Leaf {
            names,
            subject: printable(&certificate.subject().to_string()),
            issuer: printable(&certificate.issuer().to_string()),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            fingerprint: fingerprint(der),
            acme_identifier,
        })
    }

    /// How long it is valid, from its first second to its last.
    pub fn lifetime(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.not_after.saturating_sub(self.not_before)).unwrap_or(0))
    }

    /// How long it is valid from `now` on; none when its time is over.
    pub fn left(&self, now: SystemTime) -> Option<Duration> {
        let left = self.not_after.saturating_sub(seconds(now));
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_secs)
    }

    /// True when less than a third of its life is left: whoever renews it should have done so.
    pub fn is_late(&self, now: SystemTime) -> bool {
        self.left(now).is_none_or(|left| left < self.lifetime() / 3)
    }
}

/// Seconds since 1970 UTC.
pub(super) fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// SHA-256 of octets, in lower-case hexadecimal digits.
pub(super) fn fingerprint(octets: &[u8]) -> String {
    digest(&SHA256, octets).as_ref().iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(printable(name)),
        GeneralName::IPAddress(octets) => address(octets).map(|address| address.to_string()),
        _ => None,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => octets.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        16 => octets.first_chunk::<16>().map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}

/// Somebody else's text for one line of ours.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|each| if each.is_control() { '?' } else { each }).take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, CustomExtension, KeyPair};

    /// A certificate of a running challenge is told from any other, and every name of it is read (RFC 8737 section 3).
    #[test]
    fn a_leaf_is_read() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["a.example".to_owned(), "10.0.0.1".to_owned()]).unwrap();
        let plain = Leaf::read(params.self_signed(&key).unwrap().der()).unwrap();
        assert_eq!(plain.names, ["a.example", "10.0.0.1"]);
        assert!(!plain.acme_identifier);
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(&[7; 32])];
        let live = Leaf::read(params.self_signed(&key).unwrap().der()).unwrap();
        assert!(live.acme_identifier);
        assert_eq!(live.fingerprint.len(), 64);
        assert_ne!(live.fingerprint, plain.fingerprint);
    }

    /// Less than a third of its life left is late, and so is one that has ended.
    #[test]
    fn late_is_a_third_of_the_life() {
        let leaf = |not_before, not_after| Leaf {
            names: Vec::new(),
            subject: String::new(),
            issuer: String::new(),
            not_before,
            not_after,
            fingerprint: String::new(),
            acme_identifier: false,
        };
        let at = |second: u64| UNIX_EPOCH + Duration::from_secs(second);
        let table =
            [(0, 90, 59, false), (0, 90, 61, true), (0, 90, 90, true), (0, 90, 1000, true), (50, 20, 10, false)];
        for (from, to, now, late) in table {
            assert_eq!(leaf(from, to).is_late(at(now)), late, "{from}..{to} at {now}");
        }
        assert_eq!(leaf(0, 90).left(at(90)), None);
        assert_eq!(leaf(0, 90).left(at(80)), Some(Duration::from_secs(10)));
    }

    /// What is no certificate is none, and never a crash.
    #[test]
    fn garbage_is_no_certificate() {
        let key = KeyPair::generate().unwrap();
        let good = CertificateParams::new(vec!["a.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let der = good.der().to_vec();
        for cut in 0..der.len() {
            assert_eq!(Leaf::read(&der[..cut]), None, "cut at {cut}");
            let mut wrong = der.clone();
            wrong[cut] ^= 0x55;
            let _ = Leaf::read(&wrong);
        }
    }
}
