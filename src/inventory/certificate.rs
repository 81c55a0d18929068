//! `certificate-manifest.json`, and whether each name in it can be found by the CA that is asked to certify it.

use super::claims::{Claims, Undecided};
use super::hostname::read_hostname;
use super::json::{At, Json};
use super::load::{Loaded, load};
use super::model::{Certificate, Guest, Inventory};
use crate::config::Settings;
use crate::dns::Name;
use crate::finding::{Finding, Place, Severity};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

/// Reads the manifest; no name hangs on it, so its faults are told and the load goes on.
pub(super) fn read_manifest(file: &Path, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    let first = findings.len();
    if let Loaded::Json(json) = load(file, findings) {
        let at = At { json: &json, file, pointer: String::new() };
        for item in at.items(findings) {
            inventory.certificates.extend(read_certificate(&item, findings));
        }
    }
    for finding in &mut findings[first..] {
        finding.refuses = false;
        "correct it; until then its certificates are not checked".clone_into(&mut finding.remedy);
    }
}

fn read_certificate(at: &At<'_>, findings: &mut Vec<Finding>) -> Option<Certificate> {
    at.entries(findings);
    let common = at.needed("common_name", findings)?;
    let mut names = vec![(common.text(findings)?.to_owned(), common.place())];
    let sans = at.key("sans").map(|sans| sans.items(findings)).unwrap_or_default();
    for san in &sans {
        if let Some(text) = san.text(findings)
            && !names.iter().any(|(known, _)| known == text)
        {
            names.push((text.to_owned(), san.place()));
        }
    }
    let path = match at.key("cert_path").map(|path| path.json) {
        Some(Json::Text(path)) => path.clone(),
        _ => String::new(),
    };
    Some(Certificate { names, path, place: at.place() })
}

/// Checks every certificate name, and the names of `[acme]`, against what is published where the CA looks.
pub(super) fn check(inventory: &Inventory, settings: &Settings, seat: Option<usize>, claims: &mut Claims) {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for certificate in &inventory.certificates {
        let client = certificate.client_reason();
        if let Some(reason) = &client {
            claims.findings.push(client_only(certificate, reason));
        }
        for (text, place) in &certificate.names {
            let single = !text.trim_end_matches('.').contains('.');
            if !names_a_host(text) || (single && client.is_some()) || !told.insert(text.to_ascii_lowercase()) {
                continue;
            }
            let owner = certificate.owner(inventory);
            check_name(text, place, owner, settings, seat, claims);
        }
    }
    for name in &settings.acme.names {
        if told.insert(name.to_string().to_ascii_lowercase()) {
            check_name(&name.to_string(), &Place::file(&settings.file), None, settings, seat, claims);
        }
    }
}

/// Addresses and `localhost` stand in certificates beside names; nobody looks them up.
pub fn names_a_host(text: &str) -> bool {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    text.parse::<IpAddr>().is_err() && lower != "localhost" && !lower.ends_with(".localhost")
}

fn check_name(
    text: &str,
    place: &Place,
    owner: Option<&Guest>,
    settings: &Settings,
    seat: Option<usize>,
    claims: &mut Claims,
) {
    let name = match read_hostname(text, true) {
        Ok(name) => name,
        Err(reason) => {
            let what = format!("a certificate is wanted for a text that is no host name: {reason}");
            let finding = Finding::new("BAD_HOSTNAME", Severity::Warning, text, what, "correct the name");
            claims.findings.push(finding.seen_at(place.clone()));
            return;
        }
    };
    if claims.zone_of(&name).is_none() {
        let what =
            "a certificate is wanted for a name that lies in none of the inventory's zones: no CA can find it here";
        let remedy = "correct the name, or take it out of the manifest";
        let finding = Finding::new("NAME_OUTSIDE_ZONES", Severity::Warning, name.to_string(), what, remedy);
        claims.findings.push(finding.seen_at(place.clone()));
        return;
    }
    // A wildcard is certified by dns-01, which asks for a TXT record, not for an address (RFC 8555 section 8.4).
    let Some(seat) = seat.filter(|_| !text.starts_with("*.")) else { return };
    if is_published(&name, seat, settings, claims) {
        return;
    }
    let horizon = &settings.horizons[seat].name;
    let what = format!(
        "a certificate is wanted for this name, but nothing publishes it in horizon `{horizon}`, where the CA looks"
    );
    let remedy = match owner.map(|guest| (guest, guest.addresses.first())) {
        Some((guest, Some(own))) => format!(
            "write `\"dns_records\": [{{\"hostname\": \"{name}\", \"ip\": \"{}\"}}]` in {}, or take it out of the manifest",
            own.address, guest.id
        ),
        _ => format!(
            "write `\"dns_records\": [{{\"hostname\": \"{name}\", \"ip\": \"...\"}}]` in the guest that has the certificate, or take it out of the manifest"
        ),
    };
    let finding = Finding::new("CERTIFICATE_NAME_UNPUBLISHED", Severity::Warning, name.to_string(), what, remedy)
        .seen_at(place.clone())
        .because("http-01 and tls-alpn-01 need an address, so the certificate cannot be renewed by them");
    claims.undecided.push(Undecided { name, horizons: vec![seat], finding });
}

/// Whether the horizon has the name: its own, by a wildcard, or inherited.
fn is_published(name: &Name, seat: usize, settings: &Settings, claims: &Claims) -> bool {
    let mut next = Some(seat);
    // Each horizon is looked at once, so that a circle of `inherits` ends.
    for _ in 0..settings.horizons.len() {
        let Some(index) = next else { return false };
        if claims.horizons[index].covers(name) {
            return true;
        }
        let outer = settings.horizons[index].inherits.as_deref();
        next = outer.and_then(|outer| settings.horizons.iter().position(|horizon| horizon.name == outer));
    }
    false
}

impl Certificate {
    /// The guest whose id is a part of the path to the certificate, such as `.../vm-persistent-data/1001/...`.
    pub fn owner<'a>(&self, inventory: &'a Inventory) -> Option<&'a Guest> {
        let named = |guest: &&Guest| self.path.split('/').any(|part| part == guest.id.id);
        let mut owners = inventory.guests.iter().filter(named);
        owners.next().filter(|_| owners.next().is_none())
    }

    /// Why a certificate seems to be a client's, where it does: no ACME client asks for it.
    pub fn client_reason(&self) -> Option<String> {
        let common = &self.names[0].0;
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let first = common.split('.').next().unwrap_or_default().to_ascii_lowercase();
        if first == "client" || first.ends_with("-client") {
            return Some(format!("`{common}` names a client"));
        }
        let stem = file.to_ascii_lowercase();
        let word = stem.split(['.', '-', '_']).any(|word| word == "client");
        word.then(|| format!("the certificate is written to `{file}`"))
    }
}

fn client_only(certificate: &Certificate, reason: &str) -> Finding {
    let (common, place) = &certificate.names[0];
    Finding::new(
        "CLIENT_ONLY_CERTIFICATE",
        Severity::Info,
        common,
        "the certificate is only ever shown by a client; nobody connects to this name",
        "let the CA issue it by another provisioner than ACME (`step ca certificate` with a JWK token), for which no name need resolve",
    )
    .seen_at(place.clone())
    .because(reason)
}
