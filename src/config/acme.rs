//! `[acme]`

use super::Acme;
use super::Gate;
use super::forward::as_name;
use super::notes::Notes;
use super::section::Section;
use super::section::as_word;
use super::server::path;
use std::path::Path;

pub(super) const KEYS: [&str; 4] = ["directory", "roots", "gate", "names"];
const GATES: [(&str, Gate); 3] = [("off", Gate::Off), ("warn", Gate::Warn), ("refuse", Gate::Refuse)];

/// Reads `[acme]`; without it no CA is known and the gate warns.
pub(super) fn read(notes: &mut Notes<'_>, section: Option<Section<'_>>, folder: &Path) -> Acme {
    let Some(section) = section else { return Acme::default() };
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
    let roots = section.text(notes, "roots");
    let gate = section.text(notes, "gate").and_then(|text| as_word(notes, "gate", text, &GATES));
    let names = section.texts(notes, "names").unwrap_or_default();
    Acme {
        directory: directory.map(|text| text.text.to_owned()),
        roots: roots.map(|text| path(folder, text.text)),
        gate: gate.unwrap_or_default(),
        names: names.into_iter().filter_map(|text| as_name(notes, text)).collect(),
    }
}

fn is_https(text: &str) -> bool {
    let host = text.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    host.is_some_and(|host| !host.is_empty()) && !text.contains(char::is_whitespace)
}
