//! Zone text cut into entries (lines, or several joined by parentheses) and words; every octet belongs to one entry.
//!
//! Knows RFC 1035 section 5.1 as far as white space, quotes, comments and parentheses go, and no record types.

use super::fault::Fault;
use crate::dns::Token;
use std::ops::Range;

/// More words than the longest record can take: 65,535 octets in single hex digits.
const MAX_WORDS: usize = 140_000;

/// How often the reader starts again behind a parenthesis that is never closed.
const MAX_RESTARTS: u32 = 8;

/// One entry of zone text: where it is and what was wrong with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawEntry {
    /// From its first octet past its line ending.
    pub(super) span: Range<u32>,
    /// The line of its first octet, counted from 1.
    pub(super) line: u32,
    /// True when it begins with a space or tab: its owner is the one before.
    pub(super) leading_blank: bool,
    /// The comment behind the words, from `;` to before the line ending.
    pub(super) comment: Option<Range<u32>>,
    pub(super) fault: Option<Fault>,
}

/// Cuts text of less than 4 GiB into entries.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    restarts: u32,
    /// True when the text begins where its file begins.
    whole: bool,
}

impl<'a> Lexer<'a> {
    /// `text` is less than 4 GiB; what lies beyond is not read.
    pub(super) fn new(text: &'a [u8]) -> Self {
        let text = &text[..text.len().min(u32::MAX as usize)];
        Lexer { text, at: 0, line: 1, restarts: 0, whole: true }
    }

    /// `text` is a stretch of a text that begins at this line of it.
    pub(super) fn within(text: &'a [u8], line: u32) -> Self {
        Lexer { line, whole: false, ..Lexer::new(text) }
    }

    /// The next entry, its words in `tokens`; `None` at the end of the text.
    pub(super) fn next(&mut self, tokens: &mut Vec<Token<'a>>) -> Option<RawEntry> {
        tokens.clear();
        let text = self.text;
        let start = self.at;
        let first = *text.get(start)?;
        let mut scan = Scan { text, at: start, lines: 0, depth: 0, opened: 0, comment: None, fault: None };
        if self.whole && start == 0 && text.starts_with(b"\xef\xbb\xbf") {
            scan.fail(0, "the file begins with a byte order mark", "save it without one");
        }
        scan.run(tokens);
        let line = self.line;
        if scan.depth > 0 {
            let what = "a parenthesis is not closed before the end of the file";
            scan.fault = Some(Fault::new("ZONE_SYNTAX", scan.opened as u32, what, "close it with `)`"));
            if self.restarts < MAX_RESTARTS {
                self.restarts += 1;
                scan.at = line_end(text, scan.opened);
                scan.lines = newlines(&text[start..scan.at]);
            }
        }
        self.at = scan.at;
        self.line = line.saturating_add(scan.lines);
        Some(RawEntry {
            span: start as u32..scan.at as u32,
            line,
            leading_blank: matches!(first, b' ' | b'\t'),
            comment: scan.comment,
            fault: scan.fault,
        })
    }
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    lines: u32,
    depth: u32,
    /// The offset of the parenthesis that opened the first level.
    opened: usize,
    comment: Option<Range<u32>>,
    fault: Option<Fault>,
}

impl<'a> Scan<'a> {
    fn run(&mut self, tokens: &mut Vec<Token<'a>>) {
        while let Some(&octet) = self.text.get(self.at) {
            match octet {
                b' ' | b'\t' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.lines = self.lines.saturating_add(1);
                    if self.depth == 0 {
                        return;
                    }
                }
                b'\r' => {
                    if self.text.get(self.at + 1) != Some(&b'\n') {
                        self.fail(self.at, "a carriage return without a line feed", "end lines with LF or CR LF");
                    }
                    self.at += 1;
                }
                b';' => self.comment(),
                b'(' => {
                    if self.depth == 0 {
                        self.opened = self.at;
                    }
                    self.depth = self.depth.saturating_add(1);
                    self.at += 1;
                }
                b')' => {
                    if self.depth == 0 {
                        self.fail(self.at, "`)` closes nothing", "remove it, or open a parenthesis before");
                    }
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                b'"' => self.quoted(tokens),
                _ => self.word(tokens),
            }
        }
    }

    fn comment(&mut self) {
        let begin = self.at;
        let rest = &self.text[begin..];
        let length = rest.iter().position(|&octet| octet == b'\n').unwrap_or(rest.len());
        self.at += length;
        let length = if rest[..length].ends_with(b"\r") { length - 1 } else { length };
        if self.depth == 0 {
            self.comment = Some(begin as u32..(begin + length) as u32);
        }
    }

    fn quoted(&mut self, tokens: &mut Vec<Token<'a>>) {
        let begin = self.at;
        let mut at = begin + 1;
        loop {
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') if !matches!(self.text.get(at + 1), Some(b'\n' | b'\r')) => at += 2,
                None | Some(b'\n') => {
                    self.fail(begin, "a quoted string is not closed on its line", "close it with `\"`");
                    self.at = at.min(self.text.len());
                    return;
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        if let Some(nul) = self.text[begin..at].iter().position(|&octet| octet == 0) {
            self.fail(begin + nul, "a NUL octet", "write it as \\000, or remove it");
        }
        self.push(tokens, Token { text: &self.text[begin + 1..at], at: begin as u32, quoted: true });
    }

    fn word(&mut self, tokens: &mut Vec<Token<'a>>) {
        let begin = self.at;
        let mut at = begin;
        if self.text[at] == 0 {
            self.fail(at, "a NUL octet", "write it as \\000, or remove it");
        }
        while let Some(&octet) = self.text.get(at) {
            match octet {
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'(' | b')' | b'"' => break,
                0 if at > begin => break,
                b'\\' if !matches!(self.text.get(at + 1), None | Some(b'\n' | b'\r')) => at += 2,
                _ => at += 1,
            }
        }
        self.at = at;
        self.push(tokens, Token { text: &self.text[begin..at], at: begin as u32, quoted: false });
    }

    fn push(&mut self, tokens: &mut Vec<Token<'a>>, token: Token<'a>) {
        if tokens.len() < MAX_WORDS {
            tokens.push(token);
        } else {
            let what = "more than 140,000 words in one entry";
            self.fail(token.at as usize, what, "no record is that long; look for a missing `)` or line end");
        }
    }

    fn fail(&mut self, at: usize, what: &str, right: &str) {
        if self.fault.is_none() {
            self.fault = Some(Fault::new("ZONE_SYNTAX", at as u32, what, right));
        }
    }
}

fn line_end(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|&octet| octet == b'\n').map_or(text.len(), |length| at + length + 1)
}

fn newlines(text: &[u8]) -> u32 {
    text.iter().filter(|&&octet| octet == b'\n').count() as u32
}
