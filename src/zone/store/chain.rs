//! The row of texts that one file has held, as fingerprints.

use super::fingerprint::Fingerprint;

/// What a file held at first and after each of its changes; none where there was no file.
#[derive(Debug)]
pub(super) struct Chain {
    first: Option<Fingerprint>,
    /// When the store met the file, where that was before any change.
    pub(super) seen_at: Option<u64>,
    /// The newest change at that time.
    pub(super) seen_after: u64,
    links: Vec<Link>,
}

/// One change of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) id: u64,
    pub(super) after: Option<Fingerprint>,
    /// The text before cannot be had from the one after.
    pub(super) opaque: bool,
}

impl Chain {
    pub(super) fn new(first: Option<Fingerprint>) -> Self {
        Chain { first, seen_at: None, seen_after: 0, links: Vec::new() }
    }

    pub(super) fn seen(first: Fingerprint, at: u64, after: u64) -> Self {
        Chain { first: Some(first), seen_at: Some(at), seen_after: after, links: Vec::new() }
    }

    /// A change that does not begin where the last one ended has a gap before it.
    pub(super) fn push(&mut self, before: Option<Fingerprint>, mut link: Link) {
        link.opaque |= before != self.latest();
        self.links.push(link);
    }

    pub(super) fn drop_last(&mut self, id: u64) {
        self.links.pop_if(|last| last.id == id);
    }

    /// What the file holds as far as the history knows.
    pub(super) fn latest(&self) -> Option<Fingerprint> {
        self.links.last().map_or(self.first, |last| last.after)
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// How many changes lead to this text, or to no file; the last time when it was there several times.
    pub(super) fn version(&self, text: Option<Fingerprint>) -> Option<usize> {
        let last = self.links.iter().rposition(|link| link.after == text).map(|index| index + 1);
        last.or((self.first == text).then_some(0))
    }
}
