//! Which names need a certificate, who says so, and which challenges can prove them.

use crate::config::{Challenge, Settings};
use crate::dns::Name;
use crate::finding::Place;
use crate::inventory::{Guest, Inventory, names_a_host, read_hostname};
use crate::plugin::acme::reach::Reason;
use std::collections::BTreeMap;

/// A source that wants a certificate for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Half a sentence, such as `certificate manifest`.
    pub by: String,
    /// Where it is written.
    pub place: Place,
}

/// A name that needs a certificate.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// In lower case without a final dot, as written otherwise; `*.` stands before a wildcard's base.
    pub text: String,
    /// The name that is asked for: of a wildcard what the star stands below. The reason in words when it is no host name.
    pub base: Result<Name, String>,
    /// True for `*.x`.
    pub wildcard: bool,
    /// Who wants it, each once.
    pub needs: Vec<Need>,
    /// The guest whose certificate it is, where a path says so.
    pub owner: Option<&'a Guest>,
}

/// More names are not looked at: a manifest of that size is a mistake.
pub(super) const MOST_NAMES: usize = 10_000;

/// All names that need a certificate, sorted: of the manifest, without those that only clients show; of Traefik's routers with
/// TLS; `names` of `[acme]`; and those of `also`.
pub fn wanted<'a>(settings: &Settings, inventory: Option<&'a Inventory>, also: &[String]) -> Vec<Wanted<'a>> {
    let mut found: BTreeMap<String, Wanted<'a>> = BTreeMap::new();
    let mut add = |text: &str, need: Need, owner: Option<&'a Guest>| {
        let text = match text.ends_with("..") {
            true => text.to_ascii_lowercase(),
            false => text.trim_end_matches('.').to_ascii_lowercase(),
        };
        if found.len() >= MOST_NAMES && !found.contains_key(&text) {
            return;
        }
        let wanted = found.entry(text).or_insert_with_key(|text| {
            let base = text.strip_prefix("*.");
            let read = read_hostname(base.unwrap_or(text), false);
            Wanted { text: text.clone(), base: read, wildcard: base.is_some(), needs: Vec::new(), owner }
        });
        wanted.owner = wanted.owner.or(owner);
        if !wanted.needs.contains(&need) {
            wanted.needs.push(need);
        }
    };
    for certificate in inventory.into_iter().flat_map(|inventory| &inventory.certificates) {
        if certificate.client_reason().is_some() {
            continue;
        }
        let owner = inventory.and_then(|inventory| certificate.owner(inventory));
        for (text, place) in certificate.names.iter().filter(|(text, _)| names_a_host(text)) {
            add(text, Need { by: "certificate manifest".to_owned(), place: place.clone() }, owner);
        }
    }
    for stack in inventory.into_iter().flat_map(|inventory| &inventory.stacks) {
        for host in stack.hosts.iter().filter(|host| host.tls && names_a_host(&host.name)) {
            let by = format!("router {} of stack {}", host.router, stack.name);
            add(&host.name, Need { by, place: host.place.clone() }, None);
        }
    }
    for name in &settings.acme.names {
        let need = Need { by: "`names` of [acme]".to_owned(), place: Place::file(&settings.file) };
        add(&name.to_string(), need, None);
    }
    for text in also {
        add(text, Need { by: "asked for".to_owned(), place: Place::file(&settings.file) }, None);
    }
    found.into_values().collect()
}

impl Wanted<'_> {
    /// Why a challenge does not apply; none when it does. Wildcards are proven by dns-01 only, whatever is written.
    pub(super) fn not_applicable(&self, settings: &Settings, challenge: Challenge) -> Option<Reason> {
        if self.wildcard && challenge != Challenge::Dns01 {
            return Some(Reason::Wildcard);
        }
        let used = self.of_config(settings).and_then(|own| own.challenges.as_ref());
        used.filter(|used| !used.contains(&challenge) && !self.wildcard).map(|_| Reason::NotUsed)
    }

    /// What `[acme.name]` says of it.
    pub(super) fn of_config<'s>(&self, settings: &'s Settings) -> Option<&'s crate::config::AcmeName> {
        let name = crate::dns::parse_name(&self.text).ok()?;
        settings.acme.by_name.get(&name)
    }
}
