//! The name that is being searched: lower-cased once, its labels found, hashed from the root so that each suffix has a hash.

use super::fold::{lower, word as first_word};
use crate::dns::{NameError, wire_len};

/// The name under search (SNAME of RFC 1034 section 5.3.3) and where its labels stand in the reply.
///
/// Made once and read into again and again: clearing it would cost more than a look-up.
#[derive(Debug, Clone)]
pub(crate) struct SearchName {
    /// Lower-cased wire format, then room: eight octets can be read at any label.
    wire: [u8; ROOM],
    len: usize,
    labels: usize,
    /// Offset of each label in `wire`, leftmost first; the root label is not counted.
    starts: [u8; 128],
    /// Where the name stands whole in the reply; none when pointers cut it, and `positions` holds each label's place.
    whole: Option<usize>,
    /// Each label's offset in the reply, and that of the root label after them.
    positions: [u16; 129],
}

impl SearchName {
    /// A place for a name: the root, until another one is read into it.
    pub(crate) const fn blank() -> Self {
        SearchName { wire: [0; ROOM], len: 1, labels: 0, starts: [0; 128], whole: Some(0), positions: [0; 129] }
    }

    /// The name that `wire` is, standing whole at `position` of the reply.
    ///
    /// # Errors
    /// Octets that are no uncompressed name.
    pub(crate) fn new(wire: &[u8], position: usize) -> Result<Self, NameError> {
        let mut name = SearchName::blank();
        name.read(wire, position)?;
        Ok(name)
    }

    /// Becomes the name that the start of `wire` is, standing whole at `position` of the reply.
    ///
    /// # Errors
    /// Octets that are no uncompressed name; the name is then as it was.
    pub(crate) fn read(&mut self, wire: &[u8], position: usize) -> Result<(), NameError> {
        let len = wire_len(wire)?;
        self.wire[..len].copy_from_slice(&wire[..len]);
        // Length octets are below `A`, so the whole name can be folded at once.
        self.wire[..len].make_ascii_lowercase();
        let (mut at, mut labels) = (0, 0);
        while at + 1 < len {
            // A start is below 255 and a name has at most 127 labels: `wire_len` has held that.
            self.starts[labels] = at as u8;
            labels += 1;
            at += 1 + usize::from(self.wire[at]);
        }
        self.len = len;
        self.labels = labels;
        self.whole = Some(position);
        Ok(())
    }

    /// Becomes the name at `position` of a message of ours, its pointers followed.
    ///
    /// # Errors
    /// Octets that are no name; pointers must lead backwards (RFC 1035 section 4.1.4). The name is then of no use.
    pub(crate) fn read_message(&mut self, message: &[u8], position: usize) -> Result<(), NameError> {
        let (mut len, mut labels, mut at, mut bound) = (0, 0, position, position);
        loop {
            let &length = message.get(at).ok_or(NameError::CutShort)?;
            match length {
                0..=63 => {
                    let end = at + 1 + usize::from(length);
                    let label = message.get(at..end).ok_or(NameError::CutShort)?;
                    if len + label.len() > 255 {
                        return Err(NameError::TooLong);
                    }
                    self.positions[labels] = u16::try_from(at).map_err(|_| NameError::TooLong)?;
                    self.wire[len..len + label.len()].copy_from_slice(label);
                    if length == 0 {
                        len += 1;
                        break;
                    }
                    // A start is below 255, and 255 octets have at most 127 labels.
                    self.starts[labels] = len as u8;
                    len += label.len();
                    labels += 1;
                    at = end;
                }
                0xC0.. => {
                    let &low = message.get(at + 1).ok_or(NameError::CutShort)?;
                    let target = usize::from(length & 0x3F) << 8 | usize::from(low);
                    if target >= bound {
                        return Err(NameError::LabelType(length));
                    }
                    bound = target;
                    at = target;
                }
                other => return Err(NameError::LabelType(other)),
            }
        }
        self.wire[..len].make_ascii_lowercase();
        self.len = len;
        self.labels = labels;
        self.whole = None;
        Ok(())
    }

    /// How many labels there are, the root not counted.
    pub(crate) fn labels(&self) -> usize {
        self.labels
    }

    /// The whole name, lower-cased.
    pub(crate) fn wire(&self) -> &[u8] {
        &self.wire[..self.len]
    }

    /// The offset in `wire` at which the last `labels` labels (and the root) begin.
    pub(crate) fn suffix_start(&self, labels: usize) -> usize {
        if labels == 0 { self.len - 1 } else { usize::from(self.starts[self.labels - labels]) }
    }

    /// The last `labels` labels and the root, lower-cased.
    pub(crate) fn suffix(&self, labels: usize) -> &[u8] {
        &self.wire[self.suffix_start(labels)..self.len]
    }

    /// Where in the reply the last `labels` labels begin.
    pub(crate) fn position(&self, labels: usize) -> usize {
        match self.whole {
            Some(start) => start + self.suffix_start(labels),
            None => usize::from(self.positions[self.labels - labels]),
        }
    }

    /// True when the name is `apex`, which has so many labels and is lower-cased, or lies below it.
    pub(crate) fn is_at_or_below(&self, apex: &[u8], labels: usize) -> bool {
        self.labels >= labels && self.suffix(labels) == apex
    }

    /// The hash of the last `labels` labels, out of the hash of the last `labels - 1`. The root's is [`ROOT_HASH`].
    #[inline]
    pub(crate) fn extend_hash(&self, hash: u64, labels: usize) -> u64 {
        let start = usize::from(self.starts[self.labels - labels]);
        hash_label(hash, &self.wire, start)
    }
}

/// Octets of a name, and room behind it: eight octets can be read at any label.
const ROOM: usize = 255 + 8;

/// The hash of the root name.
pub(crate) const ROOT_HASH: u64 = 0x243F_6A88_85A3_08D3;

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

const LENGTH_FACTOR: u64 = 0xA076_1D64_78BD_642F;

/// The hash of the wildcard child of a name, out of the name's.
pub(crate) fn wildcard_hash(hash: u64) -> u64 {
    fold(hash ^ LENGTH_FACTOR ^ u64::from(b'*'))
}

/// Adds the label whose length octet is at `start` to the hash of the labels to its right.
#[inline]
fn hash_label(hash: u64, wire: &[u8; ROOM], start: usize) -> u64 {
    let mut left = usize::from(wire[start]);
    let mut at = start + 1;
    let mut hash = hash ^ (left as u64).wrapping_mul(LENGTH_FACTOR);
    while left > 8 {
        hash = fold(hash ^ word(wire, at));
        at += 8;
        left -= 8;
    }
    if left > 0 {
        hash = fold(hash ^ (word(wire, at) & (u64::MAX >> (64 - 8 * left))));
    }
    hash
}

fn word(wire: &[u8; ROOM], at: usize) -> u64 {
    wire[at..].first_chunk::<8>().map_or(0, |octets| u64::from_le_bytes(*octets))
}

fn fold(value: u64) -> u64 {
    let product = u128::from(value) * u128::from(FACTOR);
    (product as u64) ^ (product >> 64) as u64
}

/// The hash of a name of which these are the labels below the name of another hash, in any case.
pub(crate) fn hash_below(above: u64, labels: &[u8]) -> u64 {
    let Some((&length, rest)) = labels.split_first() else { return above };
    let Some((label, right)) = rest.split_at_checked(usize::from(length)) else { return above };
    // As deep as there are labels, 127 at most.
    let above = if right.is_empty() { above } else { hash_below(above, right) };
    let mut hash = above ^ u64::from(length).wrapping_mul(LENGTH_FACTOR);
    for octets in label.chunks(8) {
        hash = fold(hash ^ lower(first_word(octets)));
    }
    hash
}

/// The hash of a whole name.
pub(crate) fn hash_name(name: &SearchName) -> u64 {
    (1..=name.labels()).fold(ROOT_HASH, |hash, labels| name.extend_hash(hash, labels))
}

/// Two labels that have the same hash below a name of this one.
#[cfg(test)]
pub(crate) fn labels_that_collide(above: u64) -> [[u8; 16]; 2] {
    let start = above ^ 16u64.wrapping_mul(LENGTH_FACTOR);
    let second = u64::from_le_bytes(*b"a-second");
    let one = fold(start ^ u64::from_le_bytes(*b"any-word"));
    let other = |word: u64| {
        let words = [word, second ^ one ^ fold(start ^ word)];
        words.map(u64::to_le_bytes).concat().try_into().unwrap_or([0; 16])
    };
    let lower = |label: &[u8; 16]| !label.iter().any(u8::is_ascii_uppercase);
    [*b"any-worda-second", (0..u64::MAX).map(other).find(lower).unwrap_or([0; 16])]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that was written with a pointer knows where each of its labels stands in the message.
    #[test]
    fn labels_are_found_behind_pointers() {
        let message = b"\x07EXAMPLE\x03org\0\x03www\xc0\x00";
        let mut name = SearchName::blank();
        name.read_message(message, 13).unwrap();
        assert_eq!(name.wire(), b"\x03www\x07example\x03org\0");
        assert_eq!([0, 1, 2, 3].map(|labels| name.position(labels)), [12, 8, 0, 13]);
        assert_eq!(hash_name(&name), hash_name(&SearchName::new(b"\x03WWW\x07example\x03ORG\0", 0).unwrap()));
        assert!(name.read_message(b"\x01a\xc0\x02", 0).is_err(), "a pointer to itself");
        let star = SearchName::new(b"\x01*\x07example\x03org\0", 0).unwrap();
        let parent = SearchName::new(b"\x07example\x03org\0", 0).unwrap();
        assert_eq!(wildcard_hash(hash_name(&parent)), hash_name(&star));
    }

    /// The hash of labels in any case below another name is that of the whole name.
    #[test]
    fn labels_below_a_name_hash_as_the_whole_name() {
        let origin = SearchName::new(b"\x07example\x03org\0", 0).unwrap();
        for labels in [&b""[..], b"\x03WwW", b"\x08EightOct", b"\x09nine-Octs\x01A\x0FfifteeN-oCtets-"] {
            let whole = SearchName::new(&[labels, origin.wire()].concat(), 0).unwrap();
            assert_eq!(hash_below(hash_name(&origin), labels), hash_name(&whole), "{labels:?}");
        }
    }

    /// Labels are hashed with their lengths: other cuts of the same octets are other names.
    #[test]
    fn other_names_have_other_hashes() {
        let names: [&[u8]; 6] =
            [b"\0", b"\x01a\0", b"\x02aa\0", b"\x01a\x01a\0", b"\x08aaaaaaaa\0", b"\x09aaaaaaaaa\0"];
        let mut hashes: Vec<u64> = names.iter().map(|wire| hash_name(&SearchName::new(wire, 0).unwrap())).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), names.len());
    }
}
