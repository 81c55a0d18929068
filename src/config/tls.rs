//! `[tls]`: where encrypted DNS is listened for, and where its certificate comes from.

use super::Acme;
use super::Server;
use super::Tls;
use super::acme::pair;
use super::forward::as_name;
use super::notes::Notes;
use super::section::Section;
use super::server::listen_addresses;
use std::net::SocketAddr;
use std::path::Path;

pub(super) const KEYS: [&str; 7] = ["listen_tls", "listen_https", "listen_quic", "names", "certificate", "key", "acme"];

const TLS_PORT: u16 = 853;
const HTTPS_PORT: u16 = 443;
const QUIC_PORT: u16 = 853;

/// Reads `[tls]`; without it nothing is encrypted. `server` and `acme` are what else listens.
pub(super) fn read(
    notes: &mut Notes<'_>,
    section: Option<Section<'_>>,
    folder: &Path,
    server: &Server,
    acme: &Acme,
) -> Tls {
    let mut tls = Tls::default();
    let Some(section) = section else { return tls };
    let mut listen = |key: &str, port: u16, taken: &[(&str, &[SocketAddr])]| {
        let texts = section.some_texts(notes, key, &format!("{key} = [\"10.0.0.153:{port}\"]")).unwrap_or_default();
        let addresses = listen_addresses(notes, &texts, Some(port));
        for text in &texts {
            let address = text.text.parse().ok().or_else(|| Some(SocketAddr::new(text.text.parse().ok()?, port)));
            let other =
                taken.iter().find(|(_, others)| address.is_some_and(|it| it.port() != 0 && others.contains(&it)));
            if let Some((other, _)) = other {
                notes.wrong(
                    text.at,
                    format!("`{}` is listened on already by {other}", text.text),
                    "write another address or port",
                );
            }
        }
        addresses
    };
    let plain: (&str, &[SocketAddr]) = ("`listen` of [server]", &server.listen);
    let doors: (&str, &[SocketAddr]) = ("`listen` of [acme]", &acme.listen);
    tls.listen_tls = listen("listen_tls", TLS_PORT, &[plain, doors]);
    tls.listen_https = listen("listen_https", HTTPS_PORT, &[plain, doors, ("`listen_tls`", &tls.listen_tls)]);
    tls.listen_quic = listen("listen_quic", QUIC_PORT, &[plain]);
    let names = section.texts(notes, "names").unwrap_or_default();
    tls.names = names.into_iter().filter_map(|text| as_name(notes, text)).collect();
    tls.certificate = pair(notes, section, folder, "no listener of [tls]");
    tls.acme = section.boolean(notes, "acme").unwrap_or_default();
    let written = |key: &str| section.key_at(key) != section.at;
    if tls.acme && written("certificate") {
        notes.wrong(
            section.key_at("acme"),
            "both `acme = true` and a `certificate`",
            "keep one: the certificate comes from the CA or from files",
        );
    }
    if tls.acme && tls.names.is_empty() && !written("names") {
        notes.wrong(
            section.key_at("acme"),
            "`acme = true` without `names`",
            "add the server's own DNS names, such as `names = [\"dns.internal.example\"]`",
        );
    }
    if tls.acme && acme.directory.is_none() {
        notes.wrong(
            section.key_at("acme"),
            "`acme = true`, and no `directory` in [acme]",
            "add the URL of the CA's directory to [acme]",
        );
    }
    let listens = ["listen_tls", "listen_https", "listen_quic"].into_iter().find(|key| written(key));
    if let Some(key) = listens
        && !tls.acme
        && !written("certificate")
        && !written("key")
    {
        notes.wrong(
            section.key_at(key),
            format!("`{key}` without a certificate"),
            "add `certificate` and `key`, the paths of two PEM files, or `acme = true`",
        );
    }
    tls
}
