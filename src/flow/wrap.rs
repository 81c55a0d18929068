//! Lines that fit: long ones are broken, long lists cut with a word of how many more there are.

use super::model::Node;

/// The lines of a box, its title first; at most `most` of what stands below it.
pub(super) fn lines_of(node: &Node, most: usize) -> Vec<String> {
    let title = (!node.title.is_empty()).then(|| node.title.clone());
    let more = node.lines.len().saturating_sub(most);
    let lines = node.lines.iter().take(most).cloned();
    let rest = (more > 0).then(|| format!("and {more} more"));
    title.into_iter().chain(lines).chain(rest).map(|line| plain(&line)).collect()
}

/// Breaks a line at blanks so that none has more than `width` characters; a longer word at dots, or where it must.
pub(super) fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let last = lines.last().map_or(0, |last| last.chars().count());
            let room = width.saturating_sub(last);
            let needed = word.iter().rposition(|c| *c != ' ').map_or(0, |at| at + 1);
            if needed <= room {
                if let Some(last) = lines.last_mut() {
                    last.extend(&word);
                }
                break;
            }
            if last > 0 {
                lines.push(String::new());
                continue;
            }
            let dot =
                word[..room.min(word.len())].iter().rposition(|c| matches!(c, '.' | '/')).map_or(room, |at| at + 1);
            let rest = word.split_off(dot.clamp(1, word.len()));
            lines.pop();
            lines.extend([word.into_iter().collect(), String::new()]);
            word = rest;
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Without control characters and those that turn the direction of text: nothing in a picture moves anything.
pub(super) fn plain(text: &str) -> String {
    let moves = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if moves(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No line is longer than asked, and nothing but blanks at breaks is lost.
    #[test]
    fn broken_lines_fit_and_lose_nothing() {
        let table = [
            "",
            "a",
            "one two three",
            "vllm-qwen2-7b-fp8-gpu1.internal.thinkheads.ai.",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaa b c",
            "größer als 漢字 gedacht",
        ];
        for line in table {
            for width in 1..30 {
                let broken = wrap(line, width);
                assert!(broken.iter().all(|part| part.chars().count() <= width), "{width}: {broken:?}");
                let bare = |text: &str| text.replace(' ', "");
                assert_eq!(bare(&broken.concat()), bare(line), "{width}");
            }
        }
    }
}
