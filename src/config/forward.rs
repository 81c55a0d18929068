//! `[forward]` and `[[forward.domain]]`

use super::Forward;
use super::ForwardDomain;
use super::Policy;
use super::notes::Notes;
use super::section::Section;
use super::section::Text;
use super::section::as_word;
use super::upstream;
use crate::dns::Name;
use crate::dns::parse_name;

pub(super) const KEYS: [&str; 3] = ["upstreams", "policy", "domain"];
const DOMAIN_KEYS: [&str; 2] = ["name", "upstreams"];
const POLICIES: [(&str, Policy); 3] =
    [("ordered", Policy::Ordered), ("parallel", Policy::Parallel), ("fastest", Policy::Fastest)];

/// Reads `[forward]`; without it nothing is forwarded.
pub(super) fn read(notes: &mut Notes<'_>, section: Option<Section<'_>>) -> Forward {
    let Some(section) = section else { return Forward::default() };
    let written = section.texts(notes, "upstreams").unwrap_or_default();
    let policy = section.text(notes, "policy").and_then(|text| as_word(notes, "policy", text, &POLICIES));
    let domains = section.sections(notes, "domain", "[[forward.domain]]", &DOMAIN_KEYS);
    Forward {
        upstreams: upstreams(notes, &written),
        policy: policy.unwrap_or_default(),
        domains: read_domains(notes, &domains),
    }
}

fn read_domains(notes: &mut Notes<'_>, sections: &[Section<'_>]) -> Vec<ForwardDomain> {
    let mut domains: Vec<(ForwardDomain, usize)> = Vec::new();
    for section in sections {
        let name = section.needed_text(notes, "name", "name = \"corp.example\"");
        let written = section.needed_texts(notes, "upstreams", "upstreams = [\"10.9.0.1\"]").unwrap_or_default();
        let upstreams = upstreams(notes, &written);
        let Some((text, name)) = name.and_then(|text| Some((text, as_name(notes, text)?))) else { continue };
        match domains.iter().find(|(domain, _)| domain.name == name) {
            Some((_, first)) => {
                let line = notes.line(*first);
                notes.wrong(text.at, format!("a second domain `{name}`, the first is on line {line}"), "keep one");
            }
            None => domains.push((ForwardDomain { name, upstreams }, text.at)),
        }
    }
    domains.into_iter().map(|(domain, _)| domain).collect()
}

fn upstreams(notes: &mut Notes<'_>, texts: &[Text<'_>]) -> Vec<String> {
    for text in texts {
        if let Some((what, remedy)) = upstream::fault(text.text) {
            notes.wrong(text.at, what, remedy);
        }
    }
    texts.iter().map(|text| text.text.to_owned()).collect()
}

/// Reads a domain name and notes why it is none.
pub(super) fn as_name(notes: &mut Notes<'_>, text: Text<'_>) -> Option<Name> {
    match parse_name(text.text) {
        Ok(name) => Some(name),
        Err(error) => {
            notes.wrong(text.at, error.to_string(), "write a name such as `ca.internal.example`");
            None
        }
    }
}
