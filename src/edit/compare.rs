//! Two versions of a zone: which names differ.

use super::change::NameChange;
use super::changes::same_sets;
use super::owners::sets_of;
use crate::dns::{Name, Rtype, name_from_wire, serial_at};
use crate::pace::breathe_at;
use crate::zone::{Record, Records, RrSet};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The names whose records differ between two versions of a zone, in the order of the new one, those that are gone last.
///
/// The octets of data count, case too; the order of records, equal records written twice and the serial of the SOA do
/// not: the SOA afterwards is told with the serial before. Cost: linear; memory for 24 octets a name between the first and the last record that differ.
pub fn compare(before: &Records, after: &Records) -> Vec<NameChange> {
    let candidates = candidates(before, after);
    let (old, new) = (sets_of(before, &candidates), sets_of(after, &candidates));
    let sets = old.into_iter().zip(new);
    let changes = candidates.into_iter().zip(sets).map(|(owner, (before, mut after))| {
        keep_serial(&before, &mut after);
        NameChange { owner, before, after }
    });
    changes.filter(|change| !same_sets(&change.before, &change.after)).collect()
}

/// Names that may differ: every one that does, and by chance others.
fn candidates(before: &Records, after: &Records) -> Vec<Name> {
    let same = |(old, new): &(Record<'_>, Record<'_>)| {
        (old.rtype, old.ttl) == (new.rtype, new.ttl) && old.owner == new.owner && old.data == new.data
    };
    let (old_len, new_len) = (before.len(), after.len());
    let head = before.iter().zip(after.iter()).take_while(same).enumerate().map(|(index, _)| breathe_at(index)).count();
    let most = old_len.min(new_len) - head;
    let pairs = (1..=most).map_while(|back| before.get(old_len - back).zip(after.get(new_len - back)));
    let tail = pairs.take_while(same).enumerate().map(|(index, _)| breathe_at(index)).count();

    // Sums of hashes do not depend on the order of records; only names whose sums differ are looked at closely.
    let hasher = RandomState::new();
    let mut sums: HashMap<u64, u64> = HashMap::new();
    let owner_hash = |record: &Record<'_>| hasher.hash_one(record.owner.to_ascii_lowercase());
    let record_hash = |record: &Record<'_>| hasher.hash_one((record.rtype.to_int(), record.ttl, record.data));
    for record in after.iter().skip(head).take(new_len - head - tail) {
        let sum = sums.entry(owner_hash(&record)).or_default();
        *sum = sum.wrapping_add(record_hash(&record));
    }
    for record in before.iter().skip(head).take(old_len - head - tail) {
        let sum = sums.entry(owner_hash(&record)).or_default();
        *sum = sum.wrapping_sub(record_hash(&record));
    }
    sums.retain(|_, sum| *sum != 0);
    let mut names = Vec::new();
    let new = after.iter().skip(head).take(new_len - head - tail);
    let old = before.iter().skip(head).take(old_len - head - tail);
    for record in new.chain(old) {
        if sums.is_empty() {
            break;
        }
        if sums.remove(&owner_hash(&record)).is_some() {
            names.extend(name_from_wire(record.owner));
        }
    }
    names
}

/// Gives the SOA afterwards the serial that it has before.
fn keep_serial(before: &[RrSet], after: &mut [RrSet]) {
    let soa = before.iter().find(|set| set.rtype == Rtype::SOA).and_then(|set| set.data.first());
    let Some((soa, at)) = soa.and_then(|soa| Some((soa, serial_at(soa)?))) else { return };
    for data in after.iter_mut().filter(|set| set.rtype == Rtype::SOA).flat_map(|set| &mut set.data) {
        if let Some(own) = serial_at(data) {
            data[own..own + 4].copy_from_slice(&soa[at..at + 4]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;
    use crate::zone::parse_zone;
    use std::path::Path;

    fn records(text: &str) -> Records {
        let origin = parse_name("example.org").unwrap();
        let text = format!("$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\n{text}");
        parse_zone(text.as_bytes(), Path::new("example.org.zone"), &origin).unwrap().records
    }

    fn names(before: &Records, after: &Records) -> Vec<String> {
        compare(before, after).iter().map(|change| change.owner.to_string()).collect()
    }

    /// Only names whose records differ are told, whatever the order of lines.
    #[test]
    fn names_that_differ_are_told() {
        let before = records("a A 192.0.2.1\nb A 192.0.2.2\nb A 192.0.2.3\nc CNAME Host\nd TXT x\n");
        let table: [(&str, &str, &[&str]); 7] = [
            ("order", "d TXT x\nb A 192.0.2.3\nc CNAME Host\nb A 192.0.2.2\na A 192.0.2.1\n", &[]),
            ("twice", "a A 192.0.2.1\na A 192.0.2.1\nB A 192.0.2.2\nb A 192.0.2.3\nc CNAME Host\nd TXT x\n", &[]),
            ("case", "a A 192.0.2.1\nb A 192.0.2.2\nb A 192.0.2.3\nc CNAME host\nd TXT x\n", &["c"]),
            ("ttl", "a A 192.0.2.1\nb 1 A 192.0.2.2\nb 1 A 192.0.2.3\nc CNAME Host\nd TXT x\n", &["b"]),
            ("gone", "a A 192.0.2.1\nc CNAME Host\nd TXT x\n", &["b"]),
            ("new", "a A 192.0.2.1\nb A 192.0.2.2\nb A 192.0.2.3\nc CNAME Host\nd TXT x\ne TXT y\n", &["e"]),
            ("all", "a A 192.0.2.9\nB A 192.0.2.3\nd AAAA ::1\n", &["a", "b", "d", "c"]),
        ];
        for (why, text, expected) in table {
            let expected: Vec<String> = expected.iter().map(|label| format!("{label}.example.org")).collect();
            let got: Vec<String> = names(&before, &records(text)).iter().map(|name| name.to_lowercase()).collect();
            assert_eq!(got, expected, "{why}");
        }
    }

    /// The serial alone is no change; other fields of the SOA are.
    #[test]
    fn the_serial_is_not_counted() {
        let origin = parse_name("example.org").unwrap();
        let zone = |text: &str| parse_zone(text.as_bytes(), Path::new("z"), &origin).unwrap().records;
        let before = zone("@ 60 SOA ns host 1 2 3 4 5\n");
        assert!(compare(&before, &zone("@ 60 SOA ns host 9 2 3 4 5\n")).is_empty());
        assert_eq!(compare(&before, &zone("@ 60 SOA ns host 1 2 3 4 9\n")).len(), 1);
    }
}
