//! `[acme]` and `[acme.name."x.example"]`

use super::Acme;
use super::AcmeName;
use super::Challenge;
use super::Gate;
use super::Prefix;
use super::Probing;
use super::forward::as_name;
use super::horizons::explain;
use super::notes::Notes;
use super::section::Section;
use super::section::Text;
use super::section::as_word;
use super::server::listen_addresses;
use super::server::path;
use crate::dns::Name;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

pub(super) const KEYS: [&str; 16] = [
    "directory",
    "roots",
    "fingerprint",
    "gate",
    "names",
    "ca_addresses",
    "state",
    "listen",
    "certificate",
    "key",
    "register",
    "relay",
    "trusted_proxies",
    "probe",
    "probe_allow",
    "name",
];
const NAME_KEYS: [&str; 3] = ["probe", "challenges", "targets"];
const GATES: [(&str, Gate); 3] = [("off", Gate::Off), ("warn", Gate::Warn), ("refuse", Gate::Refuse)];
const PROBING: [(&str, Probing); 2] = [("off", Probing::Off), ("on", Probing::On)];
const CHALLENGES: [(&str, Challenge); 3] =
    [("http-01", Challenge::Http01), ("tls-alpn-01", Challenge::TlsAlpn01), ("dns-01", Challenge::Dns01)];
/// Below the zones directory; hidden, so that it is taken for no horizon.
const DEFAULT_STATE: &str = ".acme";
/// Hexadecimal digits of a SHA-256.
const FINGERPRINT_DIGITS: usize = 64;

/// Reads `[acme]`; without it no CA is known, the gate warns and nothing is listened on.
pub(super) fn read(notes: &mut Notes<'_>, section: Option<Section<'_>>, folder: &Path, zones: &Path) -> Acme {
    let mut acme = Acme { state: zones.join(DEFAULT_STATE), ..Acme::default() };
    let Some(section) = section else { return acme };
    let directory = section.text(notes, "directory");
    if let Some(text) = directory
        && !is_https(text.text)
    {
        notes.wrong(
            text.at,
            format!("`{}` is not the URL of an ACME directory", text.text),
            "write its https URL (RFC 8555 section 6.1), such as `https://ca.internal.example:9000/acme/acme/directory`",
        );
    }
    acme.directory = directory.map(|text| text.text.to_owned());
    acme.roots = file(notes, section, "roots", folder);
    acme.fingerprint = section.text(notes, "fingerprint").and_then(|text| fingerprint(notes, text));
    acme.gate = section.text(notes, "gate").and_then(|text| as_word(notes, "gate", text, &GATES)).unwrap_or_default();
    let names = section.texts(notes, "names").unwrap_or_default();
    acme.names = names.into_iter().filter_map(|text| as_name(notes, text)).collect();
    acme.ca_addresses = ips(notes, section, "ca_addresses").unwrap_or_default();
    acme.state = file(notes, section, "state", folder).unwrap_or(acme.state);
    let listen = section.texts(notes, "listen").unwrap_or_default();
    acme.listen = listen_addresses(notes, &listen, None);
    acme.certificate = pair(notes, section, folder, "plain HTTP");
    acme.register = section.boolean(notes, "register").unwrap_or_default();
    acme.relay = section.boolean(notes, "relay").unwrap_or_default();
    acme.trusted_proxies = ips(notes, section, "trusted_proxies").unwrap_or(acme.trusted_proxies);
    let word = section.text(notes, "probe").and_then(|text| as_word(notes, "probe", text, &PROBING));
    acme.probe = word.unwrap_or_default();
    let allow = section.texts(notes, "probe_allow");
    acme.probe_allow = allow.map(|texts| texts.into_iter().filter_map(|text| prefix(notes, text)).collect());
    if let Some(names) = section.open_section(notes, "name", "[acme.name]") {
        acme.by_name = read_names(notes, names);
    }
    acme
}

fn read_names(notes: &mut Notes<'_>, section: Section<'_>) -> BTreeMap<Name, AcmeName> {
    let mut names = BTreeMap::new();
    for (key, _) in section.entries() {
        let Some(name) = as_name(notes, key) else { continue };
        let title = format!("[acme.name.\"{}\"]", key.text);
        let Some(entry) = section.section(notes, key.text, &title, &NAME_KEYS) else { continue };
        let probe = entry.text(notes, "probe").and_then(|text| as_word(notes, "probe", text, &PROBING));
        let challenges = entry
            .texts(notes, "challenges")
            .map(|texts| texts.into_iter().filter_map(|text| as_word(notes, "challenge", text, &CHALLENGES)).collect());
        let targets = ips(notes, entry, "targets");
        if names.insert(name, AcmeName { probe, challenges, targets }).is_some() {
            notes.wrong(key.at, format!("a second entry for `{}`", key.text), "keep one");
        }
    }
    names
}

fn file(notes: &mut Notes<'_>, section: Section<'_>, key: &str, folder: &Path) -> Option<PathBuf> {
    section.text(notes, key).map(|text| path(folder, text.text))
}

/// Certificate and key belong together; `without` is what there is without them.
pub(super) fn pair(
    notes: &mut Notes<'_>,
    section: Section<'_>,
    folder: &Path,
    without: &str,
) -> Option<(PathBuf, PathBuf)> {
    match (section.text(notes, "certificate"), section.text(notes, "key")) {
        (Some(certificate), Some(key)) => Some((path(folder, certificate.text), path(folder, key.text))),
        (Some(one), None) | (None, Some(one)) => {
            notes.wrong(one.at, "`certificate` and `key` go together", format!("write both, or none for {without}"));
            None
        }
        (None, None) => None,
    }
}

fn ips(notes: &mut Notes<'_>, section: Section<'_>, key: &str) -> Option<Vec<IpAddr>> {
    let texts = section.texts(notes, key)?;
    let read = texts.into_iter().filter_map(|text| {
        let address = text.text.parse().ok();
        if address.is_none() {
            let what = format!("`{}` is not an address", text.text);
            notes.wrong(text.at, what, "write an IPv4 or IPv6 address such as `10.0.0.10`");
        }
        address
    });
    Some(read.collect())
}

fn prefix(notes: &mut Notes<'_>, text: Text<'_>) -> Option<Prefix> {
    match text.text.parse() {
        Ok(prefix) => Some(prefix),
        Err(error) => {
            let (what, remedy) = explain(&error);
            notes.wrong(text.at, what, remedy);
            None
        }
    }
}

/// Sixty-four hexadecimal digits, colons between them allowed; kept in lower case without them.
fn fingerprint(notes: &mut Notes<'_>, text: Text<'_>) -> Option<String> {
    let digits: String = text.text.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    if digits.len() == FINGERPRINT_DIGITS && digits.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return Some(digits);
    }
    notes.wrong(
        text.at,
        format!("`{}` is not the SHA-256 of a certificate", text.text),
        "write its 64 hexadecimal digits, as `step certificate fingerprint root_ca.crt` prints them",
    );
    None
}

fn is_https(text: &str) -> bool {
    let host = text.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    host.is_some_and(|host| !host.is_empty()) && !text.contains(char::is_whitespace)
}
