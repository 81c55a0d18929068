//! Where a new name stands in a zone text: among neighbours that are in order, in their order.

use crate::zone::Records;
use std::cmp::Ordering;

/// Of larger zones only so many records, evenly spaced, are looked at to find out what is in order.
const SAMPLES: usize = 8_192;

/// So many names one after the other are no accident; fewer count when they are half of all.
const SURE: usize = 8;
const FEWEST: usize = 3;

/// The place of a new line beside an old one, told by its line number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// Behind the record of this line.
    After(u32),
    /// Before the record of this line.
    Before(u32),
}

/// How people put names in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By labels from the right, numbers by their value: 2 before 10.
    Numeric,
    /// By labels from the right, letter by letter (RFC 4034 section 6.1).
    Canonical,
    /// As the text reads, from the left.
    Text,
}

/// Which parts of a zone text are in order.
pub(super) struct Neighbours<'r> {
    records: &'r Records,
    /// The octets of the apex.
    apex: usize,
    step: usize,
    /// Those of most names first.
    sorted: Vec<Sorted>,
}

/// Samples one after the other that are in order.
struct Sorted {
    kind: Kind,
    first: usize,
    last: usize,
    names: usize,
}

impl<'r> Neighbours<'r> {
    /// Looks at the order of the owners; linear up to some thousand records, constant beyond.
    pub(super) fn of(records: &'r Records) -> Neighbours<'r> {
        let step = records.len().div_ceil(SAMPLES).max(1);
        let mut neighbours = Neighbours { records, apex: records.origin().as_slice().len(), step, sorted: Vec::new() };
        for kind in [Kind::Numeric, Kind::Canonical, Kind::Text] {
            let sorted = neighbours.sorted(kind);
            neighbours.sorted.extend(sorted);
        }
        // Stable: of equal ones the first kind, and what stands first.
        neighbours.sorted.sort_by_key(|sorted| std::cmp::Reverse(sorted.names));
        neighbours
    }

    /// The place that ordered neighbours leave for a new owner, in wire format.
    pub(super) fn place(&self, owner: &[u8]) -> Option<Spot> {
        let new = self.below_apex(owner);
        let compare = |sorted: &Sorted, record: usize| compare(sorted.kind, self.owner(record), new);
        let sorted = self.sorted.iter().find(|sorted| {
            let ends = sorted.last == self.samples() - 1;
            compare(sorted, sorted.first * self.step) == Ordering::Less
                && (ends || compare(sorted, sorted.last * self.step) == Ordering::Greater)
        })?;
        let (mut low, mut high) = (sorted.first, sorted.last + 1);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if compare(sorted, middle * self.step) == Ordering::Greater {
                high = middle;
            } else {
                low = middle;
            }
        }
        let mut before = low * self.step;
        while before + 1 < self.records.len() && compare(sorted, before + 1) != Ordering::Greater {
            before += 1;
        }
        let line = |record: usize| self.records.get(record).map(|record| record.line.number);
        // What stands between the apex and the first name is about the names.
        match line(before + 1).filter(|_| self.owner(before).is_empty()) {
            Some(next) => Some(Spot::Before(next)),
            None => line(before).map(Spot::After),
        }
    }

    /// The order of two new names that found the same place.
    pub(super) fn order(&self, left: &[u8], right: &[u8]) -> Ordering {
        compare(Kind::Numeric, self.below_apex(left), self.below_apex(right))
    }

    fn samples(&self) -> usize {
        self.records.len().div_ceil(self.step)
    }

    fn sorted(&self, kind: Kind) -> Vec<Sorted> {
        let mut all = Vec::new();
        let (mut names, mut total) = (0, 0);
        let mut first = 0;
        for sample in 0..self.samples() {
            let owner = self.owner(sample * self.step);
            let order = match sample.checked_sub(1) {
                Some(last) => compare(kind, self.owner(last * self.step), owner),
                None => Ordering::Less,
            };
            if order == Ordering::Greater {
                all.push(Sorted { kind, first, last: sample - 1, names });
                (first, names) = (sample, 0);
            }
            if order != Ordering::Equal && !owner.is_empty() {
                names += 1;
                total += 1;
            }
        }
        if let Some(last) = self.samples().checked_sub(1) {
            all.push(Sorted { kind, first, last, names });
        }
        all.retain(|sorted| sorted.names >= SURE || (sorted.names >= FEWEST && 2 * sorted.names >= total));
        all
    }

    fn owner(&self, record: usize) -> &'r [u8] {
        self.records.get(record).map_or(&[], |record| self.below_apex(record.owner))
    }

    /// The labels of an owner before those of the apex; none for the apex, which so goes before all others.
    fn below_apex<'o>(&self, owner: &'o [u8]) -> &'o [u8] {
        &owner[..owner.len().saturating_sub(self.apex)]
    }
}

fn compare(kind: Kind, left: &[u8], right: &[u8]) -> Ordering {
    if kind == Kind::Text {
        let letters = |name: &[u8]| {
            let mut text = [0; 256];
            let mut at = 0;
            for label in crate::dns::labels(name) {
                text[at + 1..=at + label.len()].copy_from_slice(label);
                text[at] = if at == 0 { 0 } else { b'.' };
                at += 1 + label.len();
            }
            text.make_ascii_lowercase();
            (text, at)
        };
        let ((left, left_len), (right, right_len)) = (letters(left), letters(right));
        return left[..left_len].cmp(&right[..right_len]);
    }
    let (left_labels, right_labels) = (starts(left), starts(right));
    let pairs = left_labels.iter().rev().zip(right_labels.iter().rev());
    for (&at, &other) in pairs {
        let order = label_order(kind, label(left, at), label(right, other));
        if order != Ordering::Equal {
            return order;
        }
    }
    left_labels.len().cmp(&right_labels.len())
}

/// Where the labels of a name begin.
fn starts(name: &[u8]) -> Starts {
    let mut starts = Starts { at: [0; 128], len: 0 };
    let mut at = 0;
    while let Some(&length) = name.get(at).filter(|_| starts.len < 128) {
        starts.at[starts.len] = at as u8;
        starts.len += 1;
        at += 1 + usize::from(length);
    }
    starts
}

struct Starts {
    at: [u8; 128],
    len: usize,
}

impl std::ops::Deref for Starts {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.at[..self.len]
    }
}

fn label(name: &[u8], at: u8) -> &[u8] {
    let at = usize::from(at);
    let length = usize::from(name[at]);
    name.get(at + 1..at + 1 + length).unwrap_or(&[])
}

fn label_order(kind: Kind, left: &[u8], right: &[u8]) -> Ordering {
    let lower = |label: &[u8], at: usize| label.get(at).map(u8::to_ascii_lowercase);
    let (mut l, mut r) = (0, 0);
    loop {
        let (a, b) = (lower(left, l), lower(right, r));
        let digits = |octet: Option<u8>| octet.is_some_and(|octet| octet.is_ascii_digit());
        if kind == Kind::Numeric && digits(a) && digits(b) {
            let (a, b) = (number(&left[l..]), number(&right[r..]));
            let order = a.1.len().cmp(&b.1.len()).then_with(|| a.1.cmp(b.1));
            if order != Ordering::Equal {
                return order;
            }
            (l, r) = (l + a.0, r + b.0);
            continue;
        }
        match a.cmp(&b) {
            // Only leading zeros can differ.
            Ordering::Equal if a.is_none() => return left.len().cmp(&right.len()),
            Ordering::Equal => (l, r) = (l + 1, r + 1),
            order => return order,
        }
    }
}

/// The digits at the begin of a text: how many, and those that count.
fn number(text: &[u8]) -> (usize, &[u8]) {
    let length = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let zeros = text[..length].iter().take_while(|&&octet| octet == b'0').count();
    (length, &text[zeros..length])
}
