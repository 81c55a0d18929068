//! Which lines differ between two texts, serials apart.

use super::body::{Body, common_prefix, common_suffix};
use super::hunk::Hunk;
use super::myers::changed;
use std::collections::HashMap;

/// The lines that lead from `before` to `after`; none when only the serials differ.
///
/// The cost is linear in the texts, and that of the search for the fewest lines counts only between the first and last
/// line that differ.
pub(super) fn hunks(before: &Body<'_>, after: &Body<'_>) -> Vec<Hunk> {
    let shortest = before.len().min(after.len());
    let mut prefix = common_prefix(before, after);
    if prefix == before.len() && prefix == after.len() {
        return Vec::new();
    }
    while !(before.line_begins(prefix) && after.line_begins(prefix)) {
        prefix -= 1;
    }
    let mut suffix = common_suffix(before, after, shortest - prefix);
    while suffix > 0 && !(before.line_begins(before.len() - suffix) && after.line_begins(after.len() - suffix)) {
        suffix -= 1;
    }
    let old = before.slice(prefix..before.len() - suffix);
    let new = after.slice(prefix..after.len() - suffix);
    let (old_lines, new_lines) = (lines(&old), lines(&new));
    let (old_numbers, new_numbers) = numbers(&old_lines, &new_lines);

    let [head, tail] = before.pieces();
    let head_part = prefix.min(head.len());
    let mut line = 1 + newlines(&head[..head_part]) + newlines(&tail[..prefix - head_part]);
    let mut at = prefix;
    let mut done = 0;
    let mut hunks = Vec::new();
    for (went, came) in changed(&old_numbers, &new_numbers) {
        at += octets(&old_lines[done..went.start]);
        line += (went.start - done) as u64;
        let taken = &old_lines[went.clone()];
        hunks.push(Hunk { line, at: at as u64, old: taken.concat(), new: new_lines[came].concat() });
        at += octets(taken);
        line += taken.len() as u64;
        done = went.end;
    }
    hunks
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|octet| *octet == b'\n').collect()
}

/// Equal lines get equal numbers.
fn numbers<'a>(old: &[&'a [u8]], new: &[&'a [u8]]) -> (Vec<u32>, Vec<u32>) {
    let mut seen: HashMap<&'a [u8], u32> = HashMap::new();
    let mut number = |line: &&'a [u8]| {
        let next = seen.len() as u32;
        *seen.entry(line).or_insert(next)
    };
    let old = old.iter().map(&mut number).collect();
    (old, new.iter().map(&mut number).collect())
}

fn octets(lines: &[&[u8]]) -> usize {
    lines.iter().map(|line| line.len()).sum()
}

fn newlines(text: &[u8]) -> u64 {
    text.iter().filter(|octet| **octet == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::store::hunk;
    use crate::zone::store::rope::Rope;

    fn shown(before: &str, after: &str) -> Vec<String> {
        let (a, b) = (Body::of(before.as_bytes()), Body::of(after.as_bytes()));
        let hunks = hunks(&a, &b);
        let mut rope = Rope::of(&a.pieces());
        assert!(hunk::apply(&mut rope, &hunks));
        assert_eq!(rope.octets(None), b.pieces().concat(), "{before:?} -> {after:?}");
        assert!(hunk::take_back(&mut rope, &hunks));
        assert_eq!(rope.octets(None), a.pieces().concat(), "{before:?} <- {after:?}");
        let show = |octets: &[u8]| String::from_utf8_lossy(octets).replace('\n', "|");
        hunks.iter().map(|hunk| format!("{}: {} -> {}", hunk.line, show(&hunk.old), show(&hunk.new))).collect()
    }

    /// The fewest whole lines, and not the serial.
    #[test]
    fn only_the_lines_that_differ() {
        const SOA: &str = "@ SOA ns h 1 1 2 3 4\n";
        const NEXT: &str = "@ SOA ns h 22 1 2 3 4\n";
        let with = |soa: &str, rest: &str| format!("{soa}{rest}");
        assert_eq!(shown(&with(SOA, "a\n"), &with(NEXT, "a\n")), [""; 0]);
        assert_eq!(shown(&with(SOA, "a\nb\nc\n"), &with(NEXT, "a\nB\nc\n")), ["3: b| -> B|"]);
        assert_eq!(shown(&with(SOA, "ab\n"), &with(NEXT, "ab\nac\n")), ["3:  -> ac|"]);
        assert_eq!(shown("a\nb", "a\nb\nc\n"), ["2: b -> b|c|"]);
        assert_eq!(shown("a\nb\nc\nd\n", "b\nc\nx\nd\n"), ["1: a| -> ", "4:  -> x|"]);
        assert_eq!(shown("", "a"), ["1:  -> a"]);
        assert_eq!(shown("a\n", ""), ["1: a| -> "]);
        assert_eq!(shown("x 1\nx 1\n", "x 1\n"), ["2: x 1| -> "]);
        assert_eq!(shown(&with("", SOA), &with("x A 1\n", SOA)), ["1:  -> x A 1|"]);
        assert_eq!(shown(SOA, "@ SOA ns2 h 5 1 2 3 4\n"), ["1: @ SOA ns h  1 2 3 4| -> @ SOA ns2 h  1 2 3 4|"]);
    }

    /// Texts that have nothing in common are no longer work than others.
    #[test]
    fn large_rewrites_stay_linear() {
        let before: String = (0..12_000).map(|number| format!("a{number} A 192.0.2.1\n")).collect();
        let after: String = (0..12_000).map(|number| format!("a{} A 192.0.2.2\n", number * 7 % 12_000)).collect();
        assert_eq!(shown(&before, &after).len(), 1);
        let turned: String = before.lines().rev().map(|line| format!("{line}\n")).collect();
        shown(&before, &turned);
        let every: String =
            before.lines().enumerate().map(|(n, line)| format!("{line}{}\n", [" ", ""][n % 2])).collect();
        assert_eq!(shown(&before, &every).len(), 6_000);
    }
}
