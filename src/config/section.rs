//! One TOML table with the places of its keys: reads each key as the type it must have and notes what is not so.

use super::closest;
use super::notes::Notes;
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

/// A table of the file and how an error names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    table: &'a DeTable<'a>,
    /// As a person would write it: `[server]`.
    title: &'a str,
    /// The octet offset of the table's header.
    pub(super) at: usize,
}

/// A text of the file and its octet offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Section<'a> {
    /// Opens a table and notes every key that is not `known`.
    pub(super) fn open(notes: &mut Notes<'_>, table: &'a Spanned<DeTable<'a>>, title: &'a str, known: &[&str]) -> Self {
        Section::over(notes, table.get_ref(), table.span().start, title, known)
    }

    fn over(notes: &mut Notes<'_>, table: &'a DeTable<'a>, at: usize, title: &'a str, known: &[&str]) -> Self {
        for (key, _) in table {
            if !known.contains(&&**key.get_ref()) {
                let word = key.get_ref();
                let remedy = match closest(word, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                notes.wrong(key.span().start, format!("unknown key `{word}` in {title}"), remedy);
            }
        }
        Section { table, title, at }
    }

    /// Every key and value, in the order of the alphabet.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Text<'a>, &'a Spanned<DeValue<'a>>)> {
        self.table.iter().map(|(key, value)| (Text { text: key.get_ref(), at: key.span().start }, value))
    }

    /// The offset of a key, or of the section where it is not written.
    pub(super) fn key_at(&self, key: &str) -> usize {
        self.table.get_key_value(key).map_or(self.at, |(key, _)| key.span().start)
    }

    /// A table inside; none when it is not written or no table.
    pub(super) fn section(
        &self,
        notes: &mut Notes<'_>,
        key: &str,
        title: &'a str,
        known: &[&str],
    ) -> Option<Section<'a>> {
        let value = self.table.get(key)?;
        let table = as_table(notes, value, title)?;
        Some(Section::over(notes, table, self.key_at(key), title, known))
    }

    /// A table inside whose keys may be any.
    pub(super) fn open_section(&self, notes: &mut Notes<'_>, key: &str, title: &'a str) -> Option<Section<'a>> {
        let table = as_table(notes, self.table.get(key)?, title)?;
        Some(Section { table, title, at: self.key_at(key) })
    }

    /// The tables of `[[key]]`, in the order written.
    pub(super) fn sections(
        &self,
        notes: &mut Notes<'_>,
        key: &str,
        title: &'a str,
        known: &[&str],
    ) -> Vec<Section<'a>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            notes.wrong(self.key_at(key), wrong_type(key, "a list of tables", value), format!("write `{title}`"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for value in array {
            if let Some(table) = as_table(notes, value, title) {
                sections.push(Section::over(notes, table, value.span().start, title, known));
            }
        }
        sections
    }

    /// `true` or `false`; none when not written or wrong.
    pub(super) fn boolean(&self, notes: &mut Notes<'_>, key: &str) -> Option<bool> {
        let value = self.table.get(key)?;
        let read = value.get_ref().as_bool();
        if read.is_none() {
            notes.wrong(
                value.span().start,
                wrong_type(key, "true or false", value),
                format!("write `{key} = true` or `{key} = false`"),
            );
        }
        read
    }

    /// A whole number of `least` to `most` and its offset.
    pub(super) fn number(&self, notes: &mut Notes<'_>, key: &str, least: usize, most: usize) -> Option<usize> {
        let value = self.table.get(key)?;
        let at = value.span().start;
        let remedy = format!("write a number from {least} to {most}");
        let Some(integer) = value.get_ref().as_integer() else {
            notes.wrong(at, wrong_type(key, "a whole number", value), remedy);
            return None;
        };
        match usize::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                notes.wrong(at, format!("`{key}` is {}", integer.as_str()), remedy);
                None
            }
        }
    }

    /// A text; none when not written, wrong or empty.
    pub(super) fn text(&self, notes: &mut Notes<'_>, key: &str) -> Option<Text<'a>> {
        let value = self.table.get(key)?;
        as_text(notes, key, value)
    }

    /// A list of texts; none when not written or no list. Members that are no text are noted and left out.
    pub(super) fn texts(&self, notes: &mut Notes<'_>, key: &str) -> Option<Vec<Text<'a>>> {
        let value = self.table.get(key)?;
        let Some(array) = value.get_ref().as_array() else {
            let remedy = match value.get_ref().as_str() {
                Some(text) => format!("write `{key} = [\"{text}\"]`"),
                None => format!("write `{key} = [\"...\"]`"),
            };
            notes.wrong(value.span().start, wrong_type(key, "a list of texts", value), remedy);
            return None;
        };
        Some(array.iter().filter_map(|member| as_text(notes, key, member)).collect())
    }

    /// A text that this section must hold; its absence is noted with `example` as what would be right.
    pub(super) fn needed_text(&self, notes: &mut Notes<'_>, key: &str, example: &str) -> Option<Text<'a>> {
        self.need(notes, key, example);
        self.text(notes, key)
    }

    /// A list that this section must hold with at least one member.
    pub(super) fn needed_texts(&self, notes: &mut Notes<'_>, key: &str, example: &str) -> Option<Vec<Text<'a>>> {
        self.need(notes, key, example);
        self.some_texts(notes, key, example)
    }

    /// A list that has at least one member if it is written.
    pub(super) fn some_texts(&self, notes: &mut Notes<'_>, key: &str, example: &str) -> Option<Vec<Text<'a>>> {
        let empty = self.table.get(key).and_then(|value| value.get_ref().as_array()).is_some_and(|all| all.is_empty());
        if empty {
            notes.wrong(self.key_at(key), format!("`{key}` is empty"), format!("write for example `{example}`"));
            return None;
        }
        self.texts(notes, key)
    }

    fn need(&self, notes: &mut Notes<'_>, key: &str, example: &str) {
        if !self.table.contains_key(key) {
            let title = self.title;
            notes.missing(self.at, format!("`{key}` is missing in {title}"), format!("add for example `{example}`"));
        }
    }
}

/// Reads a value as a text that is not empty and holds no control character.
pub(super) fn as_text<'a>(notes: &mut Notes<'_>, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Text<'a>> {
    let at = value.span().start;
    match value.get_ref().as_str() {
        Some("") => notes.wrong(at, format!("an empty text in `{key}`"), "write a value or leave the key out"),
        Some(text) if text.contains(char::is_control) => {
            notes.wrong(at, format!("a control character in `{key}`"), "write it without");
        }
        Some(text) => return Some(Text { text, at }),
        None => notes.wrong(at, wrong_type(key, "a text", value), "write the value in quotes"),
    }
    None
}

/// Reads one word out of `known`.
pub(super) fn as_word<T: Copy>(notes: &mut Notes<'_>, key: &str, text: Text<'_>, known: &[(&str, T)]) -> Option<T> {
    if let Some((_, found)) = known.iter().find(|(word, _)| *word == text.text) {
        return Some(*found);
    }
    let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
    let remedy = match closest(text.text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of: {}", words.join(", ")),
    };
    notes.wrong(text.at, format!("`{}` is no {key}", text.text), remedy);
    None
}

fn as_table<'a>(notes: &mut Notes<'_>, value: &'a Spanned<DeValue<'a>>, title: &str) -> Option<&'a DeTable<'a>> {
    let table = value.get_ref().as_table();
    if table.is_none() {
        let key = title.trim_matches(['[', ']']);
        notes.wrong(value.span().start, wrong_type(key, "a table", value), format!("write `{title}`"));
    }
    table
}

fn wrong_type(key: &str, expected: &str, value: &Spanned<DeValue<'_>>) -> String {
    let seen = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("`{key}` must be {expected}, not {seen}")
}
