//! The text behind an option, with what was quoted kept apart: separators in quotes separate nothing.

/// A value, letter by letter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Value {
    letters: Vec<Letter>,
    /// Where it begins, also when it is empty.
    column: u32,
}

/// One letter and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) letter: char,
    /// It was in quotes.
    pub(super) quoted: bool,
    /// Counted from 1, in characters.
    pub(super) column: u32,
}

impl Value {
    /// A value of these letters; `column` is where it begins should it be empty.
    pub(super) fn new(letters: &[Letter], column: u32) -> Self {
        let letters = trimmed(letters);
        let column = letters.first().map_or(column, |letter| letter.column);
        Value { letters: letters.to_vec(), column }
    }

    /// The text, quotes resolved.
    pub(super) fn text(&self) -> String {
        self.letters.iter().map(|letter| letter.letter).collect()
    }

    /// True when there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Where it begins, counted from 1 in characters.
    pub(super) fn column(&self) -> u32 {
        self.column
    }

    /// The parts between separators outside of quotes, blanks round them left out; one at least.
    pub(super) fn split(&self, separator: char) -> Vec<Value> {
        let mut parts = Vec::new();
        let mut column = self.column;
        for part in self.letters.split(|letter| letter.letter == separator && !letter.quoted) {
            parts.push(Value::new(part, column));
            column = part.last().map_or(column, |letter| letter.column + 1) + 1;
        }
        parts
    }

    /// The same with quotes forgotten: domains and servers are read so, whatever was quoted.
    pub(super) fn unquoted(&self) -> Value {
        let letters = self.letters.iter().map(|letter| Letter { quoted: false, ..*letter });
        Value { letters: letters.collect(), column: self.column }
    }
}

fn trimmed(mut letters: &[Letter]) -> &[Letter] {
    let blank = |letter: &Letter| letter.letter == ' ' && !letter.quoted;
    while let Some((first, rest)) = letters.split_first()
        && blank(first)
    {
        letters = rest;
    }
    while let Some((last, rest)) = letters.split_last()
        && blank(last)
    {
        letters = rest;
    }
    letters
}
