//! `[web]` and `[log]`

use super::Horizon;
use super::QueryLog;
use super::Web;
use super::closest;
use super::forward::as_name;
use super::notes::Notes;
use super::section::Section;
use super::section::as_text;
use super::section::as_word;
use super::server::listen_addresses;

pub(super) const KEYS: [&str; 2] = ["listen", "canary"];
pub(super) const LOG_KEYS: [&str; 1] = ["queries"];
const QUERIES: [(&str, QueryLog); 3] =
    [("off", QueryLog::Off), ("sampled", QueryLog::Sampled), ("full", QueryLog::Full)];

/// Reads `[web]`; without it nothing is listened on.
pub(super) fn read(notes: &mut Notes<'_>, section: Option<Section<'_>>, horizons: &[Horizon]) -> Web {
    let mut web = Web::default();
    let Some(section) = section else { return web };
    let listen = section.texts(notes, "listen").unwrap_or_default();
    web.listen = listen_addresses(notes, &listen, None);
    let Some(canaries) = section.open_section(notes, "canary", "[web.canary]") else { return web };
    for (horizon, value) in canaries.entries() {
        if !horizons.iter().any(|known| known.name == horizon.text) {
            let remedy = match closest(horizon.text, horizons.iter().map(|known| known.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write the `name` of a [[horizon]]".to_owned(),
            };
            notes.wrong(horizon.at, format!("there is no horizon `{}`", horizon.text), remedy);
            continue;
        }
        if let Some(name) = as_text(notes, horizon.text, value).and_then(|text| as_name(notes, text)) {
            web.canaries.insert(horizon.text.to_owned(), name);
        }
    }
    web
}

/// Reads `[log]`; without it no query is logged.
pub(super) fn read_log(notes: &mut Notes<'_>, section: Option<Section<'_>>) -> QueryLog {
    let word = section.and_then(|section| section.text(notes, "queries"));
    word.and_then(|text| as_word(notes, "queries", text, &QUERIES)).unwrap_or_default()
}
