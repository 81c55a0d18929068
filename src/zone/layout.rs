//! Where the words of a record stand on their line, and lines that stand like their neighbours.

use super::lex::Lexer;
use crate::dns::parse_rtype;
use std::ops::Range;

/// The words of one record entry by what they are; ranges count from the begin of the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) owner: Option<Range<usize>>,
    pub(super) ttl: Option<Range<usize>>,
    pub(super) class: Option<Range<usize>>,
    pub(super) rtype: Range<usize>,
    pub(super) data: Vec<Range<usize>>,
    pub(super) comment: Option<Range<usize>>,
    /// True when parentheses or several lines take part.
    pub(super) joined: bool,
}

impl Parts {
    /// Takes the text of a record entry apart; `None` when it is no record.
    pub(super) fn of(text: &[u8]) -> Option<Parts> {
        let mut tokens = Vec::new();
        let raw = Lexer::new(text).next(&mut tokens)?;
        let mut words = tokens.iter().peekable();
        let range = |token: &crate::dns::Token<'_>| token.at as usize..token.end() as usize;
        let owner = if raw.leading_blank { None } else { Some(range(words.next()?)) };
        let (mut ttl, mut class) = (None, None);
        let rtype = loop {
            let token = words.next()?;
            if ttl.is_none() && token.text.first()?.is_ascii_digit() {
                ttl = Some(range(token));
            } else if class.is_none() && parse_rtype(token.text).is_none() {
                class = Some(range(token));
            } else {
                break range(token);
            }
        };
        let data: Vec<_> = words.map(range).collect();
        let end = raw.comment.as_ref().map_or(text.len(), |comment| comment.start as usize);
        let mut before = 0;
        let mut joined = false;
        for range in tokens.iter().map(range).chain(std::iter::once(end..end)) {
            joined |=
                text.get(before..range.start).is_none_or(|gap| gap.iter().any(|octet| matches!(octet, b'(' | b')')));
            before = range.end;
        }
        let comment = raw.comment.map(|comment| comment.start as usize..comment.end as usize);
        Some(Parts { owner, ttl, class, rtype, data, comment, joined })
    }
}

/// The columns of a line, taken from a neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    ttl: Option<usize>,
    class: Option<usize>,
    rtype: usize,
    data: usize,
    comment: Option<usize>,
    tabs: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Layout { ttl: None, class: Some(24), rtype: 27, data: 34, comment: None, tabs: false }
    }
}

impl Layout {
    /// The layout of a record entry on one line; `None` when it is joined over several or has no data.
    pub(super) fn of(text: &[u8]) -> Option<Layout> {
        let parts = Parts::of(text)?;
        if parts.joined {
            return None;
        }
        let column = |range: &Range<usize>| width(&text[..range.start]);
        let first = parts.data.first()?;
        Some(Layout {
            ttl: parts.ttl.as_ref().map(column),
            class: parts.class.as_ref().map(column),
            rtype: column(&parts.rtype),
            data: column(first),
            comment: parts.comment.as_ref().map(column),
            tabs: text[..first.start].contains(&b'\t'),
        })
    }

    /// True when the neighbour writes its TTL.
    pub(super) fn writes_ttl(&self) -> bool {
        self.ttl.is_some()
    }

    /// One line, without its ending.
    pub(super) fn line(&self, owner: &str, ttl: Option<u32>, rtype: &str, data: &str, comment: Option<&str>) -> String {
        let mut line = owner.to_owned();
        if let Some(ttl) = ttl {
            let column = self.ttl.or(self.class).unwrap_or(self.rtype);
            // Without a column of its own the TTL ends in front of the next word.
            let text = ttl.to_string();
            let column = if self.ttl.is_some() { column } else { column.saturating_sub(text.len() + 1) };
            self.pad(&mut line, column);
            line.push_str(&text);
        }
        if let Some(column) = self.class {
            self.pad(&mut line, column);
            line.push_str("IN");
        }
        self.pad(&mut line, self.rtype);
        line.push_str(rtype);
        if !data.is_empty() {
            self.pad(&mut line, self.data);
            line.push_str(data);
        }
        if let Some(comment) = comment {
            self.pad(&mut line, self.comment.unwrap_or(0));
            line.push_str("; ");
            line.push_str(comment);
        }
        line
    }

    fn pad(&self, line: &mut String, column: usize) {
        let mut at = width(line.as_bytes());
        if at >= column {
            line.push(' ');
            return;
        }
        while self.tabs && at / 8 * 8 + 8 <= column {
            line.push('\t');
            at = at / 8 * 8 + 8;
        }
        line.extend(std::iter::repeat_n(' ', column - at));
    }
}

/// The width of text on a screen, in characters, tab stops every 8.
fn width(text: &[u8]) -> usize {
    text.iter().fold(0, |width, octet| match octet {
        b'\t' => width / 8 * 8 + 8,
        octet if octet & 0xc0 == 0x80 => width,
        _ => width + 1,
    })
}
