//! Very many names in little room: eight octets each.
//!
//! A name is kept as 56 bits of a hash over its labels from the root, keyed at random in each process (nobody can write a
//! list whose names meet), with the list that it comes from and what it says. The hashes stand sorted; a table of where
//! each group of some eight begins leads to them in one step. Of a million names, one in 70 billion names that were never
//! listed is taken for one of them.

use crate::pace::breathe;
use crate::pace::breathe_at;
use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::sync::OnceLock;

/// Names with what lists say of them.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Sorted: hash, list, rule.
    entries: Box<[u64]>,
    /// Where the entries with each value of the upper `bits` begin; one more for their end.
    starts: Box<[u32]>,
    bits: u32,
    depths: Depths,
}

/// What one list says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rule {
    /// Which list, by its place; below [`MOST_LISTS`].
    pub(super) list: u8,
    /// Of everything below the name, too.
    pub(super) subtree: bool,
    /// It is let through, whatever else the list says.
    pub(super) allow: bool,
}

/// Lists, one bit each in a mask.
pub(super) const MOST_LISTS: usize = 64;

/// How many labels names have of which something is said: bit by bit, so that other names are not even looked for.
#[derive(Debug, Clone, Copy, Default)]
struct Depths {
    exact: u128,
    subtree: u128,
}

/// Bits of an entry below the hash.
const RULE_BITS: u32 = 8;
const ALLOW: u64 = 2;
const SUBTREE: u64 = 1;

/// Entries in a group, about.
const GROUP: usize = 8;

impl Names {
    /// How many entries there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What the lists say of a name in wire format and lower-cased: each rule for it or for a name above it, with where in
    /// it the rule's name begins. Those of the shortest name come first, and those of one name in the order of the lists.
    #[inline]
    pub(super) fn rules(&self, name: &[u8], mut found: impl FnMut(Rule, usize)) {
        let mut begins = [0u8; 128];
        let mut count = 0;
        let mut at = 0;
        while let Some(&length @ 1..=63) = name.get(at) {
            let Some(begin) = begins.get_mut(count) else { return };
            *begin = at as u8;
            count += 1;
            at += 1 + usize::from(length);
        }
        let mut hasher = key().build_hasher();
        let mut end = at;
        for depth in 1..=count {
            let begin = usize::from(begins[count - depth]);
            let Some(label) = name.get(begin..end) else { return };
            hasher.write(label);
            end = begin;
            let whole = depth == count;
            let bit = 1u128.checked_shl(depth as u32).unwrap_or(0);
            if self.depths.subtree & bit != 0 || (whole && self.depths.exact & bit != 0) {
                for entry in self.group(hasher.finish()) {
                    if whole || entry & SUBTREE != 0 {
                        found(Rule::of(*entry), begin);
                    }
                }
            }
        }
    }

    /// The entries with this hash.
    fn group(&self, hash: u64) -> &[u64] {
        let bucket = hash.checked_shr(64 - self.bits).unwrap_or(0) as usize;
        let (Some(&start), Some(&end)) = (self.starts.get(bucket), self.starts.get(bucket + 1)) else { return &[] };
        let group = self.entries.get(start as usize..end as usize).unwrap_or_default();
        let same = |entry: &u64| entry >> RULE_BITS == hash >> RULE_BITS;
        let Some(first) = group.iter().position(same) else { return &[] };
        let group = &group[first..];
        &group[..group.iter().position(|entry| !same(entry)).unwrap_or(group.len())]
    }
}

impl Rule {
    fn of(entry: u64) -> Self {
        Rule { list: (entry >> 2 & 0x3F) as u8, subtree: entry & SUBTREE != 0, allow: entry & ALLOW != 0 }
    }

    fn bits(self) -> u64 {
        u64::from(self.list & 0x3F) << 2 | if self.allow { ALLOW } else { 0 } | if self.subtree { SUBTREE } else { 0 }
    }
}

/// Names being collected.
#[derive(Debug, Default)]
pub(super) struct Collected {
    entries: Vec<u64>,
    depths: Depths,
}

impl Collected {
    /// How many there are, those that are there twice counted twice.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a name in wire format and lower-cased.
    pub(super) fn add(&mut self, name: &[u8], rule: Rule) {
        let mut labels = [&[][..]; 128];
        let mut count = 0;
        let mut rest = name;
        while let Some(&length @ 1..=63) = rest.first()
            && let Some((label, after)) = rest.split_at_checked(1 + usize::from(length))
            && let Some(room) = labels.get_mut(count)
        {
            *room = label;
            count += 1;
            rest = after;
        }
        let mut hasher = key().build_hasher();
        labels[..count].iter().rev().for_each(|label| hasher.write(label));
        self.entries.push(hasher.finish() >> RULE_BITS << RULE_BITS | rule.bits());
        let depths = if rule.subtree { &mut self.depths.subtree } else { &mut self.depths.exact };
        *depths |= 1u128.checked_shl(count as u32).unwrap_or(0);
    }

    /// Takes over what a list said, as what it says under another place.
    pub(super) fn keep(&mut self, old: &Names, old_list: usize, list: usize) {
        let of_list = |entry: &&u64| usize::from(Rule::of(**entry).list) == old_list;
        for (index, entry) in old.entries.iter().enumerate().filter(|(_, entry)| of_list(entry)) {
            breathe_at(index);
            let rule = Rule { list: list as u8, ..Rule::of(*entry) };
            self.entries.push(entry >> RULE_BITS << RULE_BITS | rule.bits());
        }
        self.depths.exact |= old.depths.exact;
        self.depths.subtree |= old.depths.subtree;
    }

    /// Sorts them where they stand: no second copy is made.
    pub(super) fn finish(self) -> Names {
        let Collected { mut entries, depths } = self;
        let bits = (entries.len() / GROUP).checked_ilog2().unwrap_or(0).min(24);
        let bucket = |entry: u64| entry.checked_shr(64 - bits).unwrap_or(0) as usize;
        let mut starts = starts(&entries, bits);
        // Each entry goes to its group (an "American flag sort" on the upper bits), then each group is sorted.
        let mut next: Vec<u32> = starts[..starts.len() - 1].to_vec();
        for group in 0..next.len() {
            breathe_at(group);
            while next[group] < starts[group + 1] {
                let at = next[group] as usize;
                let home = bucket(entries[at]);
                entries.swap(at, next[home] as usize);
                next[home] += 1;
            }
            entries[starts[group] as usize..starts[group + 1] as usize].sort_unstable();
        }
        drop(next);
        let before = entries.len();
        entries.dedup();
        breathe();
        if entries.len() < before {
            starts = self::starts(&entries, bits);
        }
        Names { entries: entries.into_boxed_slice(), starts, bits, depths }
    }
}

/// Counts how many entries have each value of the upper bits, and adds up.
fn starts(entries: &[u64], bits: u32) -> Box<[u32]> {
    let mut starts = vec![0u32; (1 << bits) + 1].into_boxed_slice();
    for (index, entry) in entries.iter().enumerate() {
        breathe_at(index);
        starts[entry.checked_shr(64 - bits).unwrap_or(0) as usize + 1] += 1;
    }
    for group in 1..starts.len() {
        starts[group] += starts[group - 1];
    }
    starts
}

/// The same for all names of a process, so that hashes outlive a reload.
fn key() -> &'static RandomState {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    KEY.get_or_init(RandomState::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;

    fn found(names: &Names, name: &str) -> Vec<(u8, bool)> {
        let mut found = Vec::new();
        names.rules(parse_name(name).unwrap().as_slice(), |rule, _| found.push((rule.list, rule.allow)));
        found
    }

    fn add(names: &mut Collected, name: &str, list: u8, subtree: bool, allow: bool) {
        names.add(parse_name(name).unwrap().as_slice(), Rule { list, subtree, allow });
    }

    /// Each rule is found for its name, those of a subtree below it, and nothing else is, whatever the number of names.
    #[test]
    fn what_was_added_is_found_and_nothing_else() {
        for count in [0, 1, 7, 16, 1000, 20_000] {
            let mut names = Collected::default();
            for index in 0..count {
                add(&mut names, &format!("n{index}.example"), (index % 64) as u8, index % 2 == 0, index % 3 == 0);
                add(&mut names, &format!("n{index}.example"), (index % 64) as u8, index % 2 == 0, index % 3 == 0);
            }
            let first = names.finish();
            let mut moved = Collected::default();
            (0..64).for_each(|list| moved.keep(&first, list, 63 - list));
            let moved = moved.finish();
            assert_eq!((first.len(), moved.len()), (count, count), "each once");
            for index in 0..count {
                let rule = ((index % 64) as u8, index % 3 == 0);
                let name = format!("n{index}.example");
                assert_eq!(found(&first, &name), [rule]);
                assert_eq!(found(&moved, &name), [(63 - rule.0, rule.1)]);
                let below = found(&first, &format!("a.b.{name}"));
                assert_eq!(below, if index % 2 == 0 { vec![rule] } else { vec![] }, "{name}");
                assert!(found(&first, &format!("x{name}")).is_empty());
            }
            assert!(found(&first, "example").is_empty() && found(&first, ".").is_empty());
        }
    }

    /// Of one name, the first list comes first; of the names above, the shortest.
    #[test]
    fn rules_come_in_order() {
        let mut names = Collected::default();
        add(&mut names, "www.ads.example", 3, false, false);
        add(&mut names, "www.ads.example", 1, true, true);
        add(&mut names, "example", 9, true, false);
        let names = names.finish();
        assert_eq!(found(&names, "www.ads.example"), [(9, false), (1, true), (3, false)]);
        let mut begins = Vec::new();
        names.rules(b"\x03www\x03ads\x07example\0", |_, at| begins.push(at));
        assert_eq!(begins, [8, 0, 0]);
    }

    /// A million names take 8 octets each and half an octet for the table, also while a second set is made.
    #[test]
    fn a_million_names_take_nine_megabytes() {
        let mut names = Collected::default();
        for index in 0..1_000_000u32 {
            let text = index.to_be_bytes().map(|octet| octet | 1 << 7);
            names.add(&[&[4][..], &text, &index.to_le_bytes().map(|_| 3)[..1], b"com\0"].concat(), ANY);
        }
        assert!(names.entries.capacity() * 8 <= 17 << 20, "the collected ones: {}", names.entries.capacity() * 8);
        let names = names.finish();
        let octets = names.entries.len() * 8 + names.starts.len() * 4;
        assert!(octets <= 9 << 20, "{octets}");
    }

    const ANY: Rule = Rule { list: 0, subtree: false, allow: false };
}
