//! The lines that differ between two texts (Myers, "An O(ND) Difference Algorithm", 1986).

/// One line that goes or comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// True for a line of the new text, false for one of the old.
    pub added: bool,
    /// Its number in its own text, counted from 1.
    pub number: u32,
    /// Without its line ending.
    pub text: String,
}

/// More differences than this are shown as one block: the search costs their square.
const MOST: usize = 2000;

/// The lines that differ, in the order of the texts, removals before additions.
pub fn lines(old: &[u8], new: &[u8]) -> Vec<DiffLine> {
    let old: Vec<&[u8]> = old.split_inclusive(|octet| *octet == b'\n').collect();
    let new: Vec<&[u8]> = new.split_inclusive(|octet| *octet == b'\n').collect();
    let same = |pairs: usize, (one, other): (&&[u8], &&[u8])| if one == other { Ok(pairs + 1) } else { Err(pairs) };
    let head = old.iter().zip(&new).try_fold(0, same).unwrap_or_else(|count| count);
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).try_fold(0, same).unwrap_or_else(|count| count);
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let (gone, come) = script(old, new);
    let shown = |added: bool, index: usize, text: &[u8]| DiffLine {
        added,
        number: u32::try_from(head + index + 1).unwrap_or(u32::MAX),
        text: String::from_utf8_lossy(text).trim_end_matches(['\r', '\n']).to_owned(),
    };
    let mut lines = Vec::new();
    let (mut x, mut y) = (0, 0);
    while x < old.len() || y < new.len() {
        if x < old.len() && gone[x] {
            lines.push(shown(false, x, old[x]));
            x += 1;
        } else if y < new.len() && come[y] {
            lines.push(shown(true, y, new[y]));
            y += 1;
        } else {
            (x, y) = (x + 1, y + 1);
        }
    }
    lines
}

/// Which old lines go and which new ones come; all of them when there are too many.
fn script(old: &[&[u8]], new: &[&[u8]]) -> (Vec<bool>, Vec<bool>) {
    let (mut gone, mut come) = (vec![true; old.len()], vec![true; new.len()]);
    let Some(trace) = furthest(old, new) else { return (gone, come) };
    let (mut x, mut y) = (old.len(), new.len());
    for depth in (0..trace.len()).rev() {
        let (from_x, from_y) = if depth == 0 { (0, 0) } else { previous(&trace[depth - 1], depth, x, y) };
        // What is left of the diagonal after the one step down or right.
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            (gone[x], come[y]) = (false, false);
        }
        (x, y) = (from_x, from_y);
    }
    (gone, come)
}

/// For each number of differences the furthest old line on each diagonal; none when there are more than [`MOST`].
fn furthest(old: &[&[u8]], new: &[&[u8]]) -> Option<Vec<Vec<usize>>> {
    let mut trace: Vec<Vec<usize>> = Vec::new();
    for depth in 0..=MOST.min(old.len() + new.len()) {
        let mut reached = vec![0; 2 * depth + 1];
        for slot in (0..=2 * depth).step_by(2) {
            let mut x = match trace.last() {
                None => 0,
                Some(last) => step(last, slot).0,
            };
            // Diagonal k = x - y is slot - depth.
            while let Some(y) = (x + depth).checked_sub(slot).filter(|y| x < old.len() && *y < new.len()) {
                if old[x] != new[y] {
                    break;
                }
                x += 1;
            }
            reached[slot] = x;
            if x >= old.len() && x + depth >= slot && x + depth - slot >= new.len() {
                trace.push(reached);
                return Some(trace);
            }
        }
        trace.push(reached);
    }
    None
}

/// From the last round's diagonals the better step onto this one: its old line, and whether it went down (a new line).
fn step(last: &[usize], slot: usize) -> (usize, bool) {
    // Slot s of this round is diagonal s - depth; the last round's slot of the same diagonal is s - 1.
    let down = last.get(slot).copied();
    let right = slot.checked_sub(2).and_then(|below| last.get(below)).copied();
    match (right, down) {
        (Some(right), Some(down)) if right < down => (down, true),
        (Some(right), _) => (right + 1, false),
        (None, Some(down)) => (down, true),
        (None, None) => (0, true),
    }
}

/// The point before the step that led to the diagonal of (x, y).
fn previous(last: &[usize], depth: usize, x: usize, y: usize) -> (usize, usize) {
    let slot = x + depth - y;
    let (reached, down) = step(last, slot);
    let start_y = (reached + depth).saturating_sub(slot);
    if down { (reached, start_y.saturating_sub(1)) } else { (reached - 1, start_y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let signed = |line: DiffLine| format!("{}{}:{}", if line.added { '+' } else { '-' }, line.number, line.text);
        lines(old.as_bytes(), new.as_bytes()).into_iter().map(signed).collect::<Vec<_>>().join(" ")
    }

    /// A diff shows what changed and nothing else.
    #[test]
    fn only_lines_that_differ_are_shown() {
        let table = [
            ("a\nb\nc\n", "a\nb\nc\n", ""),
            ("", "a\n", "+1:a"),
            ("a\n", "", "-1:a"),
            ("a\nb\nc\n", "a\nx\nc\n", "-2:b +2:x"),
            ("a\nb\nc\nd\ne\n", "b\nc\nx\nd\n", "-1:a +3:x -5:e"),
            ("a\r\n", "a\n", "-1:a +1:a"),
            ("a", "a\nb", "-1:a +1:a +2:b"),
        ];
        for (old, new, expected) in table {
            assert_eq!(shown(old, new), expected, "{old:?} {new:?}");
        }
    }

    /// Any two texts: taking the lines away and putting the others in gives the new one.
    #[test]
    fn a_diff_leads_from_one_text_to_the_other() {
        let mut state = 7u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for _ in 0..500 {
            let mut text = |length: u32| (0..random(length)).map(|_| format!("{}\n", random(4))).collect::<Vec<_>>();
            let (old, new) = (text(12), text(12));
            let diff = lines(old.concat().as_bytes(), new.concat().as_bytes());
            let mut left: Vec<String> = old.clone();
            for line in diff.iter().rev().filter(|line| !line.added) {
                left.remove(line.number as usize - 1);
            }
            for line in diff.iter().filter(|line| line.added) {
                left.insert(line.number as usize - 1, format!("{}\n", line.text));
            }
            assert_eq!(left, new, "{old:?}");
        }
    }
}
