//! `[routes]` and `[routes.name."x.example"]`

use super::Horizon;
use super::KindRoutes;
use super::Route;
use super::Routes;
use super::forward::as_name;
use super::horizons::offer;
use super::notes::Notes;
use super::section::Section;
use super::section::Text;
use super::section::as_text;
use super::section::as_word;
use crate::dns::Name;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::DeValue;

const KINDS: [&str; 3] = ["service", "guest", "stack"];
const ROUTES: [(&str, Route); 4] =
    [("direct", Route::Direct), ("traefik", Route::Traefik), ("gateway", Route::Gateway), ("none", Route::None)];

/// Reads `[routes]`; every horizon gets an entry, filled from [`KindRoutes::default_for`].
pub(super) fn read(notes: &mut Notes<'_>, section: Option<Section<'_>>, horizons: &[Horizon]) -> Routes {
    let mut routes = Routes::default();
    for horizon in horizons {
        routes.horizons.insert(horizon.name.clone(), KindRoutes::default_for(horizon));
    }
    routes.inheriting = inheriting(section, horizons);
    let Some(section) = section else { return routes };
    for (key, _) in section.entries().filter(|(key, _)| key.text != "name") {
        let Some(entry) = routes.horizons.get_mut(key.text) else {
            notes.wrong(
                key.at,
                format!("routes for an unknown horizon `{}`", key.text),
                offer(key.text, horizons.iter().map(|horizon| horizon.name.as_str())),
            );
            continue;
        };
        let title = format!("[routes.{}]", key.text);
        let Some(kinds) = section.section(notes, key.text, &title, &KINDS) else { continue };
        for (kind, place) in [("service", &mut entry.service), ("guest", &mut entry.guest), ("stack", &mut entry.stack)]
        {
            let word = kinds.text(notes, kind).and_then(|text| as_word(notes, "route", text, &ROUTES));
            *place = word.unwrap_or(*place);
        }
    }
    if let Some(names) = section.open_section(notes, "name", "[routes.name]") {
        routes.names = read_names(notes, names, horizons);
    }
    routes
}

/// A private horizon that inherits from a public one claims by the defaults: what it inherits says nothing of the inside.
fn inheriting(section: Option<Section<'_>>, horizons: &[Horizon]) -> BTreeSet<String> {
    let written = |name: &str| section.is_some_and(|section| section.entries().any(|(key, _)| key.text == name));
    let alike = |horizon: &&Horizon| {
        let outer = horizons.iter().find(|outer| horizon.inherits.as_ref() == Some(&outer.name));
        outer.is_some_and(|outer| outer.is_public() == horizon.is_public())
    };
    let silent = horizons.iter().filter(|horizon| !written(&horizon.name)).filter(alike);
    silent.map(|horizon| horizon.name.clone()).collect()
}

fn read_names(
    notes: &mut Notes<'_>,
    section: Section<'_>,
    horizons: &[Horizon],
) -> BTreeMap<Name, BTreeMap<String, Route>> {
    let mut names = BTreeMap::new();
    let mut places: BTreeMap<Name, usize> = BTreeMap::new();
    for (key, _) in section.entries() {
        let Some(name) = as_name(notes, key) else { continue };
        if let Some(first) = places.insert(name.clone(), key.at) {
            let line = notes.line(first.min(key.at));
            notes.wrong(
                first.max(key.at),
                format!("a second entry for `{name}`, the first is on line {line}"),
                "keep one",
            );
        }
        let title = format!("[routes.name.\"{}\"]", key.text);
        let Some(entries) = section.open_section(notes, key.text, &title) else { continue };
        let mut routes = BTreeMap::new();
        for (horizon, value) in entries.entries() {
            if let Some(route) = one_route(notes, key, horizon, value, horizons) {
                routes.insert(horizon.text.to_owned(), route);
            }
        }
        names.insert(name, routes);
    }
    names
}

fn one_route(
    notes: &mut Notes<'_>,
    name: Text<'_>,
    horizon: Text<'_>,
    value: &Spanned<DeValue<'_>>,
    horizons: &[Horizon],
) -> Option<Route> {
    if value.get_ref().is_table() {
        notes.wrong(
            horizon.at,
            format!("`{}.{}` is read as tables inside each other", name.text, horizon.text),
            "write a name with dots in quotes: `[routes.name.\"ca.internal.example\"]`",
        );
        return None;
    }
    if !horizons.iter().any(|known| known.name == horizon.text) {
        notes.wrong(
            horizon.at,
            format!("a route for an unknown horizon `{}`", horizon.text),
            offer(horizon.text, horizons.iter().map(|horizon| horizon.name.as_str())),
        );
        return None;
    }
    let text = as_text(notes, horizon.text, value)?;
    as_word(notes, "route", text, &ROUTES)
}

impl KindRoutes {
    /// What a horizon gets that `[routes]` does not mention, and each kind that its entry leaves out.
    ///
    /// A horizon of private clients only sees services and guests themselves and stacks through Traefik; one that the public
    /// may be in sees stacks at the gateway and nothing else.
    pub fn default_for(horizon: &Horizon) -> Self {
        if horizon.is_public() {
            KindRoutes { service: Route::None, guest: Route::None, stack: Route::Gateway }
        } else {
            KindRoutes { service: Route::Direct, guest: Route::Direct, stack: Route::Traefik }
        }
    }
}
