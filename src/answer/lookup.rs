//! A question on its way to an answer, so that a batch can be brought on its way step by step.

use super::ahead::Ahead;
use super::name::{SearchName, hash_name};
use super::node::{Node, rtype};
use super::table::{Found, Located};
use super::zones::Zones;
use crate::dns::HEADER;

/// A question on its way to an answer: hashed and its zone found, nothing of the zone read yet.
///
/// It borrows nothing, so that a worker keeps one for each message of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Lookup {
    name: SearchName,
    rtype: u16,
    /// None when no zone holds the name.
    found: Option<Found>,
    /// What is reached beyond it.
    ahead: Ahead,
}

impl Lookup {
    pub(crate) const fn blank() -> Self {
        Lookup { name: SearchName::blank(), rtype: 0, found: None, ahead: Ahead::blank() }
    }

    /// Becomes the look-up of a question, whose name stands behind the header of query and reply.
    pub(crate) fn start(&mut self, zones: &Zones, name: &[u8], rtype: u16) {
        self.rtype = rtype;
        let read = self.name.read(name, HEADER);
        self.ahead.start();
        self.found = read.ok().and_then(|()| zones.locate(&self.name, rtype == rtype::DS)).map(Found::from);
    }

    /// Where the name is to be searched; none when no zone holds it.
    pub(super) fn located<'z>(&self, zones: &'z Zones) -> Option<Located<'z>> {
        self.found.and_then(|found| zones.recall(found))
    }

    /// The question's name.
    pub(super) fn name(&self) -> &SearchName {
        &self.name
    }

    /// QTYPE.
    pub(super) fn rtype(&self) -> u16 {
        self.rtype
    }

    /// The hash of the question's name; 0 when no zone holds it.
    pub(crate) fn name_hash(&self) -> u64 {
        self.found.map_or(0, |found| found.hash())
    }

    /// The hash of the question's name with its type; none when no zone holds the name.
    pub(crate) fn question_hash(&self) -> Option<u64> {
        self.found.map(|found| found.hash() ^ u64::from(self.rtype))
    }

    /// The question's name, lower-cased, and its type; none when no zone holds the name, or one of the built-in ones.
    pub(crate) fn own_question(&self) -> Option<(&[u8], u16)> {
        self.found.filter(|found| !found.is_special()).map(|_| (self.name.wire(), self.rtype))
    }

    /// True when no zone holds the question's name.
    pub(crate) fn is_foreign(&self) -> bool {
        self.found.is_none()
    }

    /// The question's name, lower-cased, and its type, whoever holds it.
    pub(crate) fn question(&self) -> (&[u8], u16) {
        (self.name.wire(), self.rtype)
    }

    /// The hash of the question's name, whoever holds it.
    pub(crate) fn whole_hash(&self) -> u64 {
        hash_name(&self.name)
    }

    /// The hash of the zone's origin; 0 when no zone holds the name.
    pub(crate) fn zone_hash(&self, zones: &Zones) -> u64 {
        self.located(zones).map_or(0, |located| located.zone.origin_hash())
    }

    /// The slot where the search for the name begins; nothing is read for it.
    pub(crate) fn slot<'z>(&self, zones: &'z Zones) -> Option<&'z u8> {
        let located = self.located(zones)?;
        Some(located.zone.first_slot(located.hash))
    }

    /// Octets of the name's node; only slots are read for it.
    pub(crate) fn node<'z>(&mut self, zones: &'z Zones) -> impl Iterator<Item = &'z u8> {
        let located = self.located(zones).map(Located::looked_for);
        self.found = located.map(Found::from);
        located.and_then(|located| located.likely()).into_iter().flat_map(Node::reached)
    }

    /// Looks at what was reached so far: true when there is more that the answer will need. See [`Ahead`].
    pub(crate) fn look_ahead(&mut self, zones: &Zones) -> bool {
        match self.located(zones).filter(|located| !located.special) {
            Some(located) => self.ahead.look(located.zone, &self.name, located.likely(), self.rtype),
            None => {
                self.ahead.end();
                false
            }
        }
    }

    /// The slots of that; nothing is read for it.
    pub(crate) fn slots_ahead<'z>(&self, zones: &'z Zones) -> impl Iterator<Item = &'z u8> {
        self.located(zones).into_iter().flat_map(|located| self.ahead.slots(located.zone))
    }

    /// The nodes of that; only slots are read for it.
    pub(crate) fn nodes_ahead<'z>(&self, zones: &'z Zones) -> impl Iterator<Item = &'z u8> {
        self.located(zones).into_iter().flat_map(|located| self.ahead.nodes(located.zone))
    }
}
