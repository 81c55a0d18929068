//! The errors of one file while it is being read: collected by offset, shown by line and column.

use super::ConfigError;
use crate::finding::Place;
use std::collections::BTreeSet;
use std::path::Path;

/// Collects errors at octet offsets of one text.
#[derive(Debug)]
pub(super) struct Notes<'a> {
    file: &'a Path,
    text: &'a str,
    /// The octet offset of each line's start.
    starts: Vec<usize>,
    notes: Vec<Note>,
    /// Lines with a syntax error, counted from 1.
    broken: BTreeSet<usize>,
}

/// Nobody corrects more at once; the file is probably not a config at all.
const MOST_SHOWN: usize = 500;

#[derive(Debug)]
struct Note {
    at: usize,
    kind: Kind,
    what: String,
    remedy: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The text is no TOML here.
    Syntax,
    /// What is written is wrong.
    Wrong,
    /// Something is not written.
    Missing,
}

impl<'a> Notes<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Notes { file, text, starts, notes: Vec::new(), broken: BTreeSet::new() }
    }

    /// Notes a syntax error. Only the first of a line and the first of several equal ones in a row are kept: the others
    /// follow from it.
    pub(super) fn syntax(&mut self, at: usize, what: impl Into<String>, remedy: impl Into<String>) {
        let what = what.into();
        let repeated = self.notes.last().is_some_and(|last| last.kind == Kind::Syntax && last.what == what);
        if self.broken.insert(self.line(at)) && !repeated {
            self.push(Kind::Syntax, at, what, remedy.into());
        }
    }

    /// Notes that what stands at `at` is wrong.
    pub(super) fn wrong(&mut self, at: usize, what: impl Into<String>, remedy: impl Into<String>) {
        self.push(Kind::Wrong, at, what.into(), remedy.into());
    }

    /// Notes that something is not there which the table at `at` must hold.
    pub(super) fn missing(&mut self, at: usize, what: impl Into<String>, remedy: impl Into<String>) {
        self.push(Kind::Missing, at, what.into(), remedy.into());
    }

    /// The line of an offset, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// The errors in the order of the file.
    ///
    /// Beside syntax errors only what surely is an error of its own is said: what stands on another line, and nothing
    /// about missing things, which the parser may have skipped.
    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        let mut kept: Vec<_> = self
            .notes
            .iter()
            .filter(|note| match note.kind {
                Kind::Syntax => true,
                Kind::Wrong => !self.broken.contains(&self.line(note.at)),
                Kind::Missing => self.broken.is_empty(),
            })
            .collect();
        kept.sort_by_key(|note| (note.at, note.kind));
        let mut errors: Vec<_> = kept
            .iter()
            .take(MOST_SHOWN)
            .map(|note| ConfigError {
                place: self.place(note.at),
                what: note.what.clone(),
                remedy: note.remedy.clone(),
            })
            .collect();
        if let Some(hidden) = kept.get(MOST_SHOWN) {
            let what = format!("{} more errors from here", kept.len() - MOST_SHOWN);
            errors.push(ConfigError {
                place: self.place(hidden.at),
                what,
                remedy: "correct those above first".to_owned(),
            });
        }
        errors
    }

    fn place(&self, at: usize) -> Place {
        let line = self.line(at);
        let start = self.starts[line - 1];
        let column = 1 + self.text.get(start..at).map_or(at - start, |before| before.chars().count());
        Place::at(self.file, line as u32, column as u32)
    }

    fn push(&mut self, kind: Kind, at: usize, what: String, remedy: String) {
        let (what, remedy) = (in_one_line(what), in_one_line(remedy));
        self.notes.push(Note { at: at.min(self.text.len()), kind, what, remedy });
    }
}

/// A message quotes what the file says; a line break or a terminal's escape code in it must not get out.
fn in_one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}
