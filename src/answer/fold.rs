//! Octets of names in any case, eight at once.

/// Lower-cases the ASCII letters among eight octets.
pub(super) fn lower(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 255;
    let seven_bits = word & (EACH * 0x7F);
    // The eighth bit of each octet: whether it is at least `A`, and whether it is beyond `Z`.
    let from_a = seven_bits + EACH * (0x80 - b'A' as u64);
    let beyond_z = seven_bits + EACH * (0x7F - b'Z' as u64);
    let upper = from_a & !beyond_z & !word & (EACH * 0x80);
    word | upper >> 2
}

/// The first octets as a word, as many as there are and eight at most; the rest of it is 0.
pub(super) fn word(octets: &[u8]) -> u64 {
    if let Some(eight) = octets.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    // Two parts that may overlap cost less than a copy of so few octets.
    if let (Some(first), Some(last)) = (octets.first_chunk::<4>(), octets.last_chunk::<4>()) {
        let shift = 8 * (octets.len() - 4);
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << shift;
    }
    octets.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet))
}

/// True when octets are the same.
///
/// Names are short. A call that compares them in a vector's width touches what lies behind them in memory, and waits for it:
/// for half of the names of a large zone that is a line of its own, which nobody has reached for.
#[inline]
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        // Whole words, and a last one that may overlap them.
        (Some(last), Some(other_last)) => {
            let (words, other_words) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
            last == other_last && words.iter().zip(other_words).all(|(one, other)| one == other)
        }
        _ => word(one) == word(other),
    }
}

/// True when octets are these lower-cased ones, whatever their case.
pub(super) fn is_folded(lower_cased: &[u8], octets: &[u8]) -> bool {
    let pairs = || lower_cased.chunks(8).zip(octets.chunks(8));
    lower_cased.len() == octets.len() && pairs().all(|(known, written)| word(known) == lower(word(written)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every octet at every place is folded as it is alone.
    #[test]
    fn octets_are_folded_as_ascii() {
        for octet in 0..=255u8 {
            for at in 0..8 {
                let mut octets = *b"Az[@`{Z\xDA";
                octets[at] = octet;
                assert_eq!(
                    lower(u64::from_le_bytes(octets)).to_le_bytes(),
                    octets.map(|octet| octet.to_ascii_lowercase())
                );
            }
        }
    }

    /// Slices of every length are read whole, and differ when one octet does.
    #[test]
    fn slices_of_every_length_are_compared() {
        let written = b"\x07WWW-one\x0Ethe-Other-One\x01Z\x03xyz";
        let lower_cased = written.to_ascii_lowercase();
        for length in 0..=written.len() {
            let (known, given) = (&lower_cased[..length], &written[..length]);
            let mut eight = [0; 8];
            eight[..length.min(8)].copy_from_slice(&given[..length.min(8)]);
            assert_eq!(word(given).to_le_bytes(), eight);
            assert!(is_folded(known, given), "{length}");
            assert!(is_same(known, known) && is_same(given, given), "{length}");
            assert_eq!(is_same(known, given), known == given, "{length}");
            assert!(!is_same(known, &known[..length.saturating_sub(1)]) || length == 0);
            assert!(!is_folded(known, &written[..length.saturating_sub(1)]) || length == 0);
            for at in 0..length {
                let mut other = given.to_vec();
                other[at] ^= 0x01;
                assert!(!is_folded(known, &other), "octet {at} of {length}");
                assert!(!is_same(given, &other), "octet {at} of {length}");
            }
        }
    }
}
