//! What an import is about: its names, so that both servers can be asked for them.

use super::question::Question;
use super::question::TYPES;
use super::question::Why;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::name_from_wire;
use crate::import::layout::Zones;
use crate::import::model::Model;
use crate::import::model::Says;
use crate::import::naming::is_wildcard;
use crate::import::places::Place;
use crate::import::places::Places;
use crate::import::settings::Section;
use crate::import::zones::Kind;
use std::collections::BTreeMap;

/// With more names than this, only some of them are also asked for what is below them.
const MANY: usize = 2_000;
/// Blocked names that are asked for.
const BLOCKED: usize = 50;
/// Names in each zone that nobody has heard of.
const MISSING: usize = 2;

/// The names of an import and what is known of them.
#[derive(Debug, Default)]
pub struct Subject {
    places: Places,
    names: BTreeMap<Name, Known>,
    /// Some of the names of lists of blocked ones.
    blocked: Vec<Name>,
    /// AAAA records are told by nobody.
    filters_aaaa: bool,
    /// Private addresses do not come from outside.
    guards_rebinding: bool,
    server: Option<Name>,
}

/// What is known of a name.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// An address holds for the name and everything below it.
    subtree: bool,
}

impl Subject {
    pub(in crate::import) fn new(model: &Model, places: &Places, zones: &Zones, server: &Name) -> Self {
        let covered = |name: &Name| {
            [Rtype::A, Rtype::AAAA].iter().any(|rtype| matches!(model.says(name, *rtype), Some(Says::Addresses(_))))
        };
        let mut names = BTreeMap::new();
        for (apex, nodes) in zones {
            names.insert(apex.clone(), Known { subtree: covered(apex) });
            for name in nodes.keys() {
                let bare = if is_wildcard(name) { name.parent() } else { Some(name.clone()) };
                let mut at = bare;
                // Names between this one and the apex exist, too (RFC 8020).
                while let Some(name) = at.filter(|name| !names.contains_key(name)) {
                    at = name.parent().filter(|parent| parent.ends_with(apex));
                    names.insert(name.clone(), Known { subtree: covered(&name) });
                }
            }
        }
        let blocked = model.blocks.some(BLOCKED);
        let filters_aaaa = model.settings.of(Section::Guard).any(|setting| setting.key == "filter_aaaa");
        let guards_rebinding = model.settings.value(Section::Guard, "rebind_protection") == Some("true");
        let (places, server) = (places.clone(), Some(server.clone()));
        Subject { places, names, blocked, filters_aaaa, guards_rebinding, server }
    }

    /// Whether this is a question for AAAA records that the configuration filters.
    pub(super) fn filters(&self, question: &Question) -> bool {
        self.filters_aaaa && question.rtype == Rtype::AAAA
    }

    /// Whether the configuration holds back private addresses from outside.
    pub(super) fn guards_rebinding(&self) -> bool {
        self.guards_rebinding
    }

    /// Everything to ask about the import itself: its names, names below them, names that nobody has heard of; then names
    /// outside of it.
    pub fn questions(&self, outside: &[Name]) -> Vec<Question> {
        let mut questions = Vec::new();
        let mut ask = |name: &Name, types: &[Rtype], why| {
            questions.extend(types.iter().map(|rtype| Question { name: name.clone(), rtype: *rtype, why }));
        };
        let step = self.names.len().div_ceil(MANY).max(1);
        for (at, name) in self.names.keys().enumerate() {
            if self.server.as_ref() == Some(name) {
                continue;
            }
            ask(name, &TYPES, Why::Imported);
            if at % step != 0 {
                continue;
            }
            let Some(below) = child(name, 1) else { continue };
            ask(&below, &TYPES, Why::Below);
            if let Some(deeper) = child(&below, 2) {
                ask(&deeper, &[Rtype::A, Rtype::AAAA], Why::Below);
            }
        }
        for zone in self.places.apexes.keys() {
            for name in (0..MISSING).filter_map(|number| child(zone, 10 + number as u64)) {
                ask(&name, &TYPES, Why::Missing);
            }
        }
        for domain in self.places.forwarded() {
            ask(domain, &TYPES, Why::Outside);
            if let Some(below) = child(domain, 1) {
                ask(&below, &TYPES, Why::Outside);
            }
        }
        for blocked in &self.blocked {
            ask(blocked, &TYPES, Why::Outside);
        }
        for name in outside {
            ask(name, &TYPES, if self.zone(name).is_some() { Why::Below } else { Why::Outside });
        }
        questions
    }

    /// The zone of the import that holds a name, and what it stands for.
    pub(super) fn zone(&self, name: &Name) -> Option<(&Name, Kind)> {
        match self.places.of(name) {
            Place::Zone(apex, kind) => Some((apex, kind)),
            Place::Route | Place::Nowhere => None,
        }
    }

    /// True when the old server forwarded the domain that the zone with this apex holds now.
    pub(super) fn is_held(&self, apex: &Name) -> bool {
        self.places.is_held(apex)
    }

    /// True when the name was imported, or stands between others and the apex.
    pub(super) fn exists(&self, name: &Name) -> bool {
        self.names.contains_key(name)
    }

    /// True when an address holds for the name because it lies in a subtree.
    pub(super) fn in_subtree(&self, name: &Name) -> bool {
        let mut at = Some(name.clone());
        while let Some(domain) = at {
            if let Some(known) = self.names.get(&domain) {
                return known.subtree;
            }
            at = domain.parent();
        }
        false
    }
}

/// A name below this one that nobody has, the same in every run; none where there is no room.
fn child(name: &Name, salt: u64) -> Option<Name> {
    // FNV-1a
    let hash = name.as_slice().iter().fold(0xCBF2_9CE4_8422_2325 ^ salt, |hash: u64, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01B3)
    });
    let label = format!("zq{:08x}", hash as u32);
    name_from_wire(&[&[label.len() as u8], label.as_bytes(), name.as_slice()].concat()).ok()
}
