//! One line of a configuration: comment, quotes and blanks as dnsmasq takes them.

use super::option::Argument;
use super::option::Known;
use super::option::known;
use super::option::offer;
use super::value::Letter;
use super::value::Value;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The file and line that something came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// As it was opened.
    pub file: Arc<Path>,
    /// Counted from 1.
    pub line: u32,
}

impl Origin {
    /// The place of a column in this line, counted from 1.
    pub(super) fn at(&self, column: u32) -> Place {
        Place::at(&self.file, self.line, column)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// An option as it was written.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) known: &'static Known,
    pub(super) value: Option<Value>,
    pub(super) origin: Origin,
    /// The whole line as it is shown, without comment.
    pub(super) text: String,
}

/// What is wrong with a part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) column: u32,
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Wrong {
    pub(super) fn new(column: u32, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Wrong { column, what: what.into(), remedy: remedy.into() }
    }

    /// As a finding on `subject`, which is the option or the line.
    pub(super) fn finding(self, origin: &Origin, subject: &str) -> Finding {
        Finding::new("IMPORT_LINE", Severity::Error, subject, self.what, self.remedy).seen_at(origin.at(self.column))
    }
}

/// Reads one line; none when nothing stands on it.
pub(super) fn read(text: &str, origin: &Origin) -> Result<Option<Line>, Wrong> {
    let letters = letters(text)?;
    let whole = Value::new(&letters, 1);
    if whole.is_empty() {
        return Ok(None);
    }
    let (name, value) = match letters.iter().position(|letter| letter.letter == '=' && !letter.quoted) {
        Some(at) => (Value::new(&letters[..at], 1), Some(Value::new(&letters[at + 1..], letters[at].column + 1))),
        None => (whole.clone(), None),
    };
    let word = name.text();
    let Some(known) = known(&word) else {
        let shown: String = word.chars().take(60).collect();
        return Err(Wrong::new(name.column(), format!("`{shown}` is no option of dnsmasq"), offer(&word)));
    };
    match (known.argument, &value) {
        (Argument::No, Some(value)) => Err(Wrong::new(
            value.column(),
            format!("`{}` takes no value", known.name),
            format!("write `{}` alone", known.name),
        )),
        (Argument::Must, None) => Err(Wrong::new(
            name.column(),
            format!("`{}` lacks its value", known.name),
            format!("write `{}=VALUE`", known.name),
        )),
        _ => Ok(Some(Line { known, value, origin: origin.clone(), text: whole.text() })),
    }
}

/// The letters of a line: quotes and the escapes in them resolved, the comment cut off, every white space a blank.
pub(super) fn letters(text: &str) -> Result<Vec<Letter>, Wrong> {
    let mut letters = Vec::with_capacity(text.len());
    let mut rest = text.chars().zip(1u32..).peekable();
    let mut white = true;
    while let Some((letter, column)) = rest.next() {
        match letter {
            '"' => {
                white = false;
                loop {
                    let Some((letter, column)) = rest.next() else {
                        return Err(Wrong::new(column, "a quote is not closed", "write a second `\"` behind the text"));
                    };
                    let letter = match (letter, rest.peek()) {
                        ('"', _) => break,
                        ('\\', Some((escaped, _))) => match unescaped(*escaped) {
                            Some(meant) => {
                                rest.next();
                                meant
                            }
                            None => letter,
                        },
                        _ => letter,
                    };
                    letters.push(Letter { letter, quoted: true, column });
                }
            }
            '#' if white => break,
            _ => {
                white = letter.is_whitespace();
                letters.push(Letter { letter: if white { ' ' } else { letter }, quoted: false, column });
            }
        }
    }
    Ok(letters)
}

/// What a letter behind a backslash means inside quotes.
fn unescaped(letter: char) -> Option<char> {
    Some(match letter {
        '"' | '\\' => letter,
        't' => '\t',
        'n' => '\n',
        'e' => '\x1b',
        'b' => '\x08',
        'r' => '\r',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        let origin = Origin { file: Arc::from(Path::new("d.conf")), line: 1 };
        match read(text, &origin) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(line)) => {
                let parts = line.value.map(|value| value.split(',').iter().map(Value::text).collect::<Vec<_>>());
                format!("{} {:?}", line.known.name, parts.unwrap_or_default())
            }
            Err(wrong) => format!("{}: {}; {}", wrong.column, wrong.what, wrong.remedy),
        }
    }

    /// Lines are taken apart as dnsmasq does it, or refused with the column.
    #[test]
    fn lines_are_read_as_dnsmasq_reads_them() {
        let table = [
            ("", "nothing"),
            ("   # no-hosts", "nothing"),
            ("no-hosts # really", "no-hosts []"),
            ("  port = 5353\t", "port [\"5353\"]"),
            ("address=/a#b/1.2.3.4", "address [\"/a#b/1.2.3.4\"]"),
            ("txt-record=a, \"x,y\" ,z", "txt-record [\"a\", \"x,y\", \"z\"]"),
            (r#"txt-record=a,"q\"b\\c\n""#, "txt-record [\"a\", \"q\\\"b\\\\c\\n\"]"),
            (r#"txt-record=a,"v=1 # 2""#, "txt-record [\"a\", \"v=1 # 2\"]"),
            ("txt-record=a,\"open", "14: a quote is not closed; write a second `\"` behind the text"),
            ("prot=53", "1: `prot` is no option of dnsmasq; did you mean `port`?"),
            (
                "--no-hosts",
                "1: `--no-hosts` is no option of dnsmasq; in a file it is written without dashes: `no-hosts`",
            ),
            ("no-hosts=yes", "10: `no-hosts` takes no value; write `no-hosts` alone"),
            ("  server", "3: `server` lacks its value; write `server=VALUE`"),
        ];
        for (text, expected) in table {
            assert_eq!(seen(text), expected, "{text}");
        }
    }
}
