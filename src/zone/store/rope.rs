//! A text in pieces, so that thousands of small changes of a large text cost little each.

/// The most octets of a piece.
const MOST: usize = 128 * 1024;

/// A text that is changed here and there.
#[derive(Debug, Default)]
pub(super) struct Rope {
    pieces: Vec<Vec<u8>>,
}

impl Rope {
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let pieces = parts.iter().flat_map(|part| part.chunks(MOST / 2)).map(<[u8]>::to_vec).collect();
        Rope { pieces }
    }

    /// Replaces `old`, which must stand at `at`, by `new`; false, and nothing changed, when something else stands there.
    pub(super) fn splice(&mut self, at: usize, old: &[u8], new: &[u8]) -> bool {
        let mut piece = 0;
        let mut offset = at;
        while let Some(octets) = self.pieces.get(piece) {
            if offset < octets.len() || (offset == octets.len() && (old.is_empty() || piece + 1 == self.pieces.len())) {
                break;
            }
            offset -= octets.len();
            piece += 1;
        }
        if !self.stands_at(piece, offset, old) {
            return false;
        }
        if self.pieces.is_empty() {
            self.pieces.push(Vec::new());
        }
        let mut left = old.len();
        let (mut from, mut index) = (offset, piece);
        while left > 0 {
            let octets = &mut self.pieces[index];
            let here = left.min(octets.len() - from);
            octets.drain(from..from + here);
            left -= here;
            from = 0;
            index += 1;
        }
        let target = &mut self.pieces[piece];
        if target.len() + new.len() <= MOST {
            target.splice(offset..offset, new.iter().copied());
        } else {
            let tail = target.split_off(offset);
            let added = new.chunks(MOST / 2).map(<[u8]>::to_vec).chain([tail]);
            self.pieces.splice(piece + 1..piece + 1, added);
        }
        true
    }

    /// The text, with something put into it.
    pub(super) fn octets(&self, insert: Option<(usize, &str)>) -> Vec<u8> {
        let mut text = self.pieces.concat();
        if let Some((at, digits)) = insert.filter(|(at, _)| *at <= text.len()) {
            text.splice(at..at, digits.bytes());
        }
        text
    }

    fn stands_at(&self, mut piece: usize, mut offset: usize, mut old: &[u8]) -> bool {
        if old.is_empty() {
            return piece < self.pieces.len() || (self.pieces.is_empty() && offset == 0);
        }
        while !old.is_empty() {
            let Some(octets) = self.pieces.get(piece).and_then(|octets| octets.get(offset..)) else { return false };
            let length = octets.len().min(old.len());
            if octets[..length] != old[..length] {
                return false;
            }
            old = &old[length..];
            piece += 1;
            offset = 0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rope is changed as a plain text would be, across the ends of its pieces too.
    #[test]
    fn a_rope_is_a_text() {
        let mut plain: Vec<u8> = (0..3 * MOST).map(|at| (at % 251) as u8).collect();
        let mut rope = Rope::of(&[&plain]);
        let cuts = [(0, 5, 3), (MOST / 2 - 3, 9, 0), (MOST, 0, MOST + 7), (17, 2 * MOST, 1), (0, 0, 4)];
        for (at, take, give) in cuts {
            let new = vec![b'n'; give];
            let old = plain[at..at + take].to_vec();
            assert!(rope.splice(at, &old, &new));
            plain.splice(at..at + take, new);
            assert!(rope.octets(None) == plain, "at {at}");
        }
        let end = plain.len();
        assert!(rope.splice(end, b"", b"end") && !rope.splice(0, b"other", b"") && !rope.splice(end + 4, b"", b"x"));
        plain.extend(b"end");
        assert!(rope.octets(None) == plain);
        let mut empty = Rope::default();
        assert!(empty.splice(0, b"", b"a") && empty.splice(0, b"a", b"") && empty.splice(0, b"", b"bc"));
        assert_eq!(empty.octets(Some((1, "7"))), b"b7c");
    }
}
