//! One record's lines, written again with only those words changed that must be.

use super::carried::Carried;
use super::document::Document;
use super::document::Entry;
use super::document::RecordEntry;
use super::layout::Parts;
use super::line::RecordLine;
use crate::dns::Name;
use crate::dns::Token;
use crate::dns::present_data;
use crate::dns::present_relative;
use crate::dns::present_rtype;
use crate::dns::scan_data;
use crate::dns::split_data;
use std::ops::Range;

/// Octets of an entry and what stands there instead.
type Change = (Range<usize>, String);

impl Document {
    /// A record's lines with only those words changed that must be.
    pub(super) fn rewritten(&self, entry: &Entry, old: &RecordEntry, line: &RecordLine, carried: &Carried) -> Vec<u8> {
        let text = self.text_of(entry);
        let Some(parts) = Parts::of(text) else { return text.to_vec() };
        let same_data = old.rtype == line.rtype && old.data == line.data;
        let comment = self.comment_of(entry).map(|comment| String::from_utf8_lossy(comment).into_owned());
        let same_comment = comment.as_deref().map(str::trim) == line.comment_text().as_deref().map(str::trim);
        let words = if same_data { Some(Vec::new()) } else { changed_words(text, &parts, &entry.origin, old, line) };
        if parts.joined && words.is_none() {
            let index = self.entries.partition_point(|other| other.span.start < entry.span.start);
            let mut whole = self.new_line(line, index, &entry.origin, carried, false).into_bytes();
            let ending = text.len() - line_ending_len(text);
            whole.extend_from_slice(&text[ending..]);
            return whole;
        }
        let mut changes: Vec<Change> = Vec::new();
        let owner = || present_relative(line.owner.as_slice(), entry.origin.as_slice());
        match &parts.owner {
            Some(range) if old.owner != line.owner => changes.push((range.clone(), owner())),
            None if carried.owner.as_ref() != Some(&line.owner) => {
                let blank = text.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
                if text[..blank].contains(&b'\t') {
                    changes.push((0..0, owner()));
                } else {
                    changes.push((0..blank, format!("{:<1$} ", owner(), blank.saturating_sub(1))));
                }
            }
            _ => {}
        }
        match &parts.ttl {
            Some(range) if old.ttl != line.ttl => changes.push((range.clone(), line.ttl.to_string())),
            None if !carried.gives(line.ttl, line.rtype, &line.data) => {
                let at = parts.class.as_ref().unwrap_or(&parts.rtype).start;
                changes.push((at..at, format!("{} ", line.ttl)));
            }
            _ => {}
        }
        if old.rtype != line.rtype {
            changes.push((parts.rtype.clone(), present_rtype(line.rtype)));
        }
        changes.extend(words.unwrap_or_else(|| {
            let begin = parts.data.first().map_or(parts.rtype.end, |first| first.start);
            let end = parts.data.last().map_or(parts.rtype.end, |last| last.end);
            let space = if begin == parts.rtype.end { " " } else { "" };
            vec![(begin..end, format!("{space}{}", present_data(line.rtype, &line.data)))]
        }));
        if !same_comment {
            let end = text.len() - line_ending_len(text);
            match (&parts.comment, line.comment_text()) {
                (Some(range), Some(comment)) => changes.push((range.clone(), format!("; {comment}"))),
                (Some(range), None) => {
                    let from = text[..range.start].trim_ascii_end().len();
                    changes.push((from..end, String::new()));
                }
                (None, Some(comment)) => changes.push((end..end, format!(" ; {comment}"))),
                (None, None) => {}
            }
        }
        apply(text, changes)
    }
}

/// The words of the data that differ, where the old and the new data have the same words otherwise, so that relative
/// names, units, comments between and line breaks stay; `None` when the data must be written whole.
fn changed_words(
    text: &[u8],
    parts: &Parts,
    origin: &Name,
    old: &RecordEntry,
    line: &RecordLine,
) -> Option<Vec<Change>> {
    let (before_text, after_text) = (present_data(old.rtype, &old.data), present_data(line.rtype, &line.data));
    let (before, after) = (split_data(before_text.as_bytes()).ok()?, split_data(after_text.as_bytes()).ok()?);
    if old.rtype != line.rtype || before.len() != after.len() || after.len() != parts.data.len() {
        return None;
    }
    let mut changes = Vec::new();
    let mut words = Vec::new();
    for ((range, before), after) in parts.data.iter().zip(&before).zip(&after) {
        if before.text == after.text {
            let word = &text[range.clone()];
            let quoted = word.starts_with(b"\"");
            let inner = if quoted { &word[1..word.len() - 1] } else { word };
            words.push(Token { text: inner, at: range.start as u32, quoted });
        } else {
            words.push(*after);
            changes.push((range.clone(), after_text[after.at as usize..after.end() as usize].to_owned()));
        }
    }
    let mut data = Vec::new();
    scan_data(line.rtype, &words, origin, &mut data).ok()?;
    (data == line.data).then_some(changes)
}

/// Makes the changes, in order and apart from each other; blanks behind a word give or take what the word did.
fn apply(text: &[u8], changes: Vec<Change>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 32);
    let mut at = 0;
    let mut changes = changes.into_iter().peekable();
    while let Some((range, new)) = changes.next() {
        out.extend_from_slice(&text[at..range.start.max(at)]);
        out.extend_from_slice(new.as_bytes());
        at = range.end.max(at);
        let spaces = text[at..].iter().take_while(|&&octet| octet == b' ').count();
        let grown = new.len() as i64 - range.len() as i64;
        // A change right behind takes the blanks itself.
        let free = changes.peek().is_none_or(|(next, _)| next.start >= at + spaces);
        if spaces > 1 && !range.is_empty() && free {
            let wanted = (spaces as i64 - grown).max(1) as usize;
            out.extend(std::iter::repeat_n(b' ', wanted));
            at += spaces;
        }
    }
    out.extend_from_slice(&text[at..]);
    out
}

fn line_ending_len(text: &[u8]) -> usize {
    match text {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}
