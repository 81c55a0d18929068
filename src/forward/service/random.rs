//! Randomness that nobody outside can guess: ids, the case of letters, the choice of sockets.
//!
//! It is the kernel's own, fetched in blocks: a generator of ours could be no better, and a block costs 30 ns a question.

/// Octets fetched at once.
const BLOCK: usize = 4096;

/// The kernel's randomness, a block ahead.
#[derive(Debug)]
pub(super) struct Random {
    block: Box<[u8; BLOCK]>,
    at: usize,
}

impl Random {
    pub(super) fn new() -> Self {
        Random { block: Box::new([0; BLOCK]), at: BLOCK }
    }

    /// So many octets.
    pub(super) fn octets<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= BLOCK) };
        if self.at + N > BLOCK {
            // Old octets serve once more when the kernel has none, which it says only before it has started up.
            let _ = getrandom::fill(&mut self.block[..]);
            self.at = 0;
        }
        let mut octets = [0; N];
        octets.copy_from_slice(&self.block[self.at..self.at + N]);
        self.at += N;
        octets
    }

    /// A message id.
    pub(super) fn id(&mut self) -> u16 {
        u16::from_be_bytes(self.octets())
    }

    /// A number below `end`, which is small against 2^32; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((u64::from(u32::from_be_bytes(self.octets())) * end as u64) >> 32) as usize
    }

    /// Gives each letter of a name in wire format a case by chance (draft-vixie-dnsext-dns0x20).
    pub(super) fn shuffle_case(&mut self, name: &mut [u8]) {
        for part in name.chunks_mut(32) {
            let bits = u32::from_be_bytes(self.octets());
            // Lengths of labels are at most 63, which is no letter.
            for (place, octet) in part.iter_mut().enumerate() {
                if octet.is_ascii_alphabetic() {
                    *octet = octet.to_ascii_lowercase() ^ (((bits >> place & 1) as u8) << 5);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only letters change, and both cases come.
    #[test]
    fn only_letters_change_their_case() {
        let mut random = Random::new();
        let name = b"\x0dabcdefgh-1234\x0cklmnopqrstuv\x07example\0";
        let mut spelled = [0usize; 2];
        for _ in 0..200 {
            let mut octets = *name;
            random.shuffle_case(&mut octets);
            assert!(octets.eq_ignore_ascii_case(name));
            spelled[0] += octets.iter().filter(|octet| octet.is_ascii_uppercase()).count();
            spelled[1] += octets.iter().filter(|octet| octet.is_ascii_lowercase()).count();
        }
        // 5400 letters; a fair coin stays within nine deviations of the middle.
        assert!(spelled.iter().all(|count| (2370..=3030).contains(count)), "{spelled:?}");
    }

    /// Numbers lie below their end, and all of them come.
    #[test]
    fn numbers_lie_below_their_end() {
        let mut random = Random::new();
        let mut seen = [false; 256];
        for _ in 0..20_000 {
            seen[random.below(256)] = true;
        }
        assert!(seen.iter().all(|seen| *seen));
        assert_eq!(random.below(0), 0);
    }
}
