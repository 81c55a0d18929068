//! Memory for work that passes: it leaves no holes among what stays.

use std::ops::Range;

/// As [`Vec::with_capacity`] for work that passes: what is large goes back to the system as a whole when it is dropped. Where
/// the system has not so much, the room is less.
///
/// glibc learns of pieces that are freed, from 128 KiB to 32 MiB (M_MMAP_THRESHOLD of mallopt(3)), to take such ones from among
/// all that is allocated for longer, where they leave holes. So it is asked for more than that; what is not written takes no
/// memory.
pub(crate) fn passing<T>(length: usize) -> Vec<T> {
    let size = size_of::<T>().max(1);
    let asked = if length.saturating_mul(size) < LEARNED.start { length } else { length.max(LEARNED.end / size + 1) };
    let mut room = Vec::new();
    let _ = room.try_reserve_exact(asked).or_else(|_| room.try_reserve_exact(length));
    room
}

/// Octets of a piece that glibc learns from.
const LEARNED: Range<usize> = 128 << 10..32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// There is room for what was asked for; for more than that only where it would leave a hole.
    #[test]
    fn large_rooms_are_mappings_of_their_own() {
        assert_eq!(passing::<u64>(0).capacity(), 0);
        assert_eq!(passing::<u64>(1000).capacity(), 1000);
        for length in [LEARNED.start / 8, 1 << 20, LEARNED.end / 8 + 5] {
            let room = passing::<u64>(length).capacity();
            assert!(room >= length && room * 8 > LEARNED.end, "{room} for {length}");
        }
    }
}
