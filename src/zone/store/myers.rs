//! The fewest lines that differ (E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986), bounded.
//!
//! Where two texts differ in more than a thousand lines, lines that stand once in both cut them into smaller ones first.

use std::collections::HashMap;
use std::ops::Range;

/// Lines that may differ before the texts are cut.
const MOST: usize = 1000;

/// How often parts are cut again.
const DEPTH: u32 = 24;

/// The ranges of `a` that went and those of `b` that came in their place, ascending and not touching each other.
pub(super) fn changed(a: &[u32], b: &[u32]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut kept = Vec::new();
    keep(a, b, (0, 0), DEPTH, &mut kept);
    kept.push((a.len(), b.len(), 0));
    let mut changed = Vec::new();
    let (mut from_a, mut from_b) = (0, 0);
    for (at_a, at_b, length) in kept {
        if from_a < at_a || from_b < at_b {
            changed.push((from_a..at_a, from_b..at_b));
        }
        (from_a, from_b) = (at_a + length, at_b + length);
    }
    changed
}

/// Runs of lines that stay: where in `a`, where in `b`, how many.
type Runs = Vec<(usize, usize, usize)>;

fn keep(a: &[u32], b: &[u32], (base_a, base_b): (usize, usize), depth: u32, kept: &mut Runs) {
    let prefix = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    if prefix > 0 {
        kept.push((base_a, base_b, prefix));
    }
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let (base_a, base_b) = (base_a + prefix, base_b + prefix);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (inner_a, inner_b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if !inner_a.is_empty() && !inner_b.is_empty() {
        if let Some(runs) = shortest(inner_a, inner_b) {
            kept.extend(runs.into_iter().map(|(at_a, at_b, length)| (base_a + at_a, base_b + at_b, length)));
        } else if depth > 0 {
            let (mut from_a, mut from_b) = (0, 0);
            for (at_a, at_b) in anchors(inner_a, inner_b) {
                let parts = (&inner_a[from_a..at_a], &inner_b[from_b..at_b]);
                keep(parts.0, parts.1, (base_a + from_a, base_b + from_b), depth - 1, kept);
                kept.push((base_a + at_a, base_b + at_b, 1));
                (from_a, from_b) = (at_a + 1, at_b + 1);
            }
            // Without an anchor everything is replaced: to look again would find nothing.
            if from_a > 0 {
                keep(&inner_a[from_a..], &inner_b[from_b..], (base_a + from_a, base_b + from_b), depth - 1, kept);
            }
        }
    }
    if suffix > 0 {
        kept.push((base_a + inner_a.len(), base_b + inner_b.len(), suffix));
    }
}

/// The runs that stay when the fewest lines change; none when more than [`MOST`] do.
fn shortest(a: &[u32], b: &[u32]) -> Option<Runs> {
    let (n, m) = (a.len() as isize, b.len() as isize);
    let most = (a.len() + b.len()).min(MOST) as isize;
    if (n - m).abs() > most {
        return None;
    }
    // furthest[k + most + 1]: how far in `a` the diagonal k was reached.
    let middle = most + 1;
    let mut furthest = vec![0_isize; 2 * most as usize + 3];
    let mut trace: Vec<Vec<isize>> = Vec::new();
    for edits in 0..=most {
        trace.push(furthest[(middle - edits - 1) as usize..=(middle + edits + 1) as usize].to_vec());
        for k in (-edits..=edits).step_by(2) {
            let at = (middle + k) as usize;
            let down = k == -edits || (k != edits && furthest[at - 1] < furthest[at + 1]);
            let mut x = if down { furthest[at + 1] } else { furthest[at - 1] + 1 };
            let mut y = x - k;
            while x < n && y < m && x >= 0 && y >= 0 && a[x as usize] == b[y as usize] {
                x += 1;
                y += 1;
            }
            furthest[at] = x;
            if x >= n && y >= m {
                return Some(backtrack(&trace, n, m));
            }
        }
    }
    None
}

fn backtrack(trace: &[Vec<isize>], n: isize, m: isize) -> Runs {
    let (mut x, mut y) = (n, m);
    let mut runs = Vec::new();
    for (edits, before) in trace.iter().enumerate().rev() {
        let edits = edits as isize;
        let reached = |k: isize| before[(k + edits + 1) as usize];
        let k = x - y;
        let (from_x, from_y) = if edits == 0 {
            (0, 0)
        } else {
            let down = k == -edits || (k != edits && reached(k - 1) < reached(k + 1));
            let previous = if down { k + 1 } else { k - 1 };
            (reached(previous), reached(previous) - previous)
        };
        // The diagonal begins behind the one line that went or came.
        let (start_x, start_y) = match edits {
            0 => (0, 0),
            _ if from_x - from_y > k => (from_x, from_y + 1),
            _ => (from_x + 1, from_y),
        };
        if x > start_x {
            runs.push((start_x as usize, start_y as usize, (x - start_x) as usize));
        }
        (x, y) = (from_x, from_y);
    }
    runs.reverse();
    runs
}

/// Lines that stand once in both, as many as can stay in this order.
fn anchors(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let mut places: HashMap<u32, (u32, usize, u32, usize)> = HashMap::new();
    for (at, line) in a.iter().enumerate() {
        let place = places.entry(*line).or_default();
        (place.0, place.1) = (place.0 + 1, at);
    }
    for (at, line) in b.iter().enumerate() {
        if let Some(place) = places.get_mut(line) {
            (place.2, place.3) = (place.2 + 1, at);
        }
    }
    let mut pairs: Vec<_> =
        places.into_values().filter(|place| place.0 == 1 && place.2 == 1).map(|place| (place.1, place.3)).collect();
    pairs.sort_unstable();
    // The longest ascending row of places in `b`: the last pair of the best row of each length, and who came before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < pair.1);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut row = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(index) = next {
        row.push(pairs[index]);
        next = before[index];
    }
    row.reverse();
    row
}
