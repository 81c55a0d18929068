//! Two versions of one zone's records, compared as they stand: made for versions that are nearly the same.

use super::change::NameChange;
use super::owners::sets_of;
use crate::dns::name_from_wire;
use crate::pace::breathe_at;
use crate::zone::{Record, Records};
use std::collections::HashSet;

/// How far apart the two versions are looked at to find where they are the same again, in records.
const AHEAD: usize = 64;

/// The names whose records differ, serials counted, in the order in which they first differ; none when there are more than
/// `most` of them or the two versions have little in common.
///
/// Linear in the records: both are walked side by side, and once more for the records of the names that differ.
pub fn differing_names(before: &Records, after: &Records, most: usize) -> Option<Vec<NameChange>> {
    let mut owners = Vec::new();
    let mut known = HashSet::new();
    let (mut left, mut right) = (0, 0);
    loop {
        breathe_at(left);
        match (before.get(left), after.get(right)) {
            (None, None) => break,
            (Some(a), Some(b)) if same(&a, &b) => (left, right) = (left + 1, right + 1),
            (a, b) => {
                let (gone, come) = if a.is_some() && b.is_some() {
                    apart(before, left, after, right)?
                } else {
                    ((before.len() - left).min(AHEAD * most), (after.len() - right).min(AHEAD * most))
                };
                let gone = (left..left + gone).filter_map(|index| before.get(index));
                let come = (right..right + come).filter_map(|index| after.get(index));
                let (mut removed, mut added) = (0, 0);
                for record in gone.inspect(|_| removed += 1).chain(come.inspect(|_| added += 1)) {
                    let lower = record.owner.to_ascii_lowercase();
                    if known.insert(lower) {
                        owners.push(name_from_wire(record.owner).ok()?);
                    }
                    if owners.len() > most {
                        return None;
                    }
                }
                (left, right) = (left + removed, right + added);
            }
        }
    }
    let mut old = sets_of(before, &owners);
    let mut new = sets_of(after, &owners);
    let changes = owners.into_iter().enumerate().map(|(index, owner)| NameChange {
        owner,
        before: std::mem::take(&mut old[index]),
        after: std::mem::take(&mut new[index]),
    });
    Some(changes.filter(|change| change.before != change.after).collect())
}

fn same(a: &Record<'_>, b: &Record<'_>) -> bool {
    a.data == b.data && a.rtype == b.rtype && a.ttl == b.ttl && a.owner == b.owner
}

/// How many records of each side lie before the next place where both are the same; none when that is too far away.
fn apart(before: &Records, left: usize, after: &Records, right: usize) -> Option<(usize, usize)> {
    for distance in 1..=2 * AHEAD {
        for gone in distance.saturating_sub(AHEAD)..=distance.min(AHEAD) {
            let come = distance - gone;
            match (before.get(left + gone), after.get(right + come)) {
                (Some(a), Some(b)) if same(&a, &b) => return Some((gone, come)),
                (None, None) => return Some((gone, come)),
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;
    use crate::zone::{RrSet, parse_zone};
    use std::path::Path;

    fn records(lines: &str) -> Records {
        let text = format!("$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n{lines}");
        let origin = parse_name("example.org").unwrap();
        parse_zone(text.as_bytes(), Path::new("zone"), &origin).unwrap().records
    }

    fn differ(before: &str, after: &str, most: usize) -> Option<String> {
        let names = differing_names(&records(before), &records(after), most)?;
        let count = |sets: &[RrSet]| sets.iter().map(|set| set.data.len()).sum::<usize>();
        let shown = names.iter().map(|name| {
            let first = name.owner.to_string().split('.').next().unwrap_or_default().to_owned();
            format!("{first} {}>{}", count(&name.before), count(&name.after))
        });
        Some(shown.collect::<Vec<_>>().join(", "))
    }

    /// Every name that differs is found with all its records, wherever they stand; order and repeats do not hide any.
    #[test]
    fn names_that_differ_are_found() {
        const BASE: &str = "ns A 192.0.2.1\na A 192.0.2.2\nb A 192.0.2.3\na TXT x\nc A 192.0.2.4\n";
        let table = [
            ("nothing", BASE, Some("")),
            ("one changed", "ns A 192.0.2.1\na A 192.0.2.9\nb A 192.0.2.3\na TXT x\nc A 192.0.2.4\n", Some("a 2>2")),
            ("one gone", "ns A 192.0.2.1\na A 192.0.2.2\na TXT x\nc A 192.0.2.4\n", Some("b 1>0")),
            ("one come", &format!("{BASE}d A 192.0.2.7\n"), Some("d 0>1")),
            ("at both ends", "ns A 192.0.2.8\na A 192.0.2.2\nb A 192.0.2.3\na TXT x\n", Some("ns 1>1, c 1>0")),
            ("only another order", "ns A 192.0.2.1\nb A 192.0.2.3\na A 192.0.2.2\na TXT x\nc A 192.0.2.4\n", Some("")),
            ("too many", "", None),
        ];
        for (why, after, expected) in table {
            assert_eq!(differ(BASE, after, 3), expected.map(str::to_owned), "{why}");
        }
    }

    /// With much in common, what differs in many places is found as well as by comparing every name.
    #[test]
    fn scattered_changes_equal_a_comparison_of_all_names() {
        let line = |index: usize, address: usize| format!("n{index} A 192.0.2.{address}\n");
        let before: String = (0..2000).map(|index| line(index, index % 200)).collect();
        let mut state = 7usize;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for _ in 0..20 {
            let mut expected = Vec::new();
            let after: String = (0..2000)
                .map(|index| match random() % 100 {
                    0 => {
                        expected.push(index);
                        line(index, 250)
                    }
                    1 => {
                        expected.push(index);
                        String::new()
                    }
                    _ => line(index, index % 200),
                })
                .collect();
            let found = differing_names(&records(&before), &records(&after), 500).unwrap();
            let found: Vec<usize> = found
                .iter()
                .map(|change| change.owner.to_string()[1..].split('.').next().unwrap().parse().unwrap())
                .collect();
            assert_eq!(found, expected);
        }
    }
}
