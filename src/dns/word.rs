//! The words of one record's data, taken one after the other, with errors that name the word.

use super::DataError;
use super::Token;
use super::error::shown;
use super::name_text::scan_name;

pub(super) struct Words<'t, 'a> {
    tokens: &'t [Token<'a>],
    next: usize,
    /// Relative names lie below it, in wire format.
    pub(super) origin: &'t [u8],
}

impl<'t, 'a> Words<'t, 'a> {
    pub(super) fn new(tokens: &'t [Token<'a>], origin: &'t [u8]) -> Self {
        Words { tokens, next: 0, origin }
    }

    /// A domain name, appended in wire format.
    pub(super) fn name(&mut self, name: &str, out: &mut Vec<u8>) -> Result<(), DataError> {
        let word = self.word(name)?;
        scan_name(word, self.origin, out).map_err(|error| {
            self.wrong(name, word, &format!("a domain name, at most 255 octets in labels of 1 to 63: {error}"))
        })
    }

    /// The word that comes next, left in place.
    pub(super) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next)
    }

    /// The next word, which must be there; quoted or not.
    pub(super) fn string(&mut self, name: &str) -> Result<Token<'a>, DataError> {
        match self.tokens.get(self.next) {
            Some(token) => {
                self.next += 1;
                Ok(*token)
            }
            None => Err(DataError::new(self.next, format!("the {name} is missing"), "complete the record")),
        }
    }

    /// The next word, which must be there and not be quoted.
    pub(super) fn word(&mut self, name: &str) -> Result<&'a [u8], DataError> {
        let token = self.string(name)?;
        if token.quoted {
            return Err(self.wrong(name, token.text, "a word without quotes"));
        }
        Ok(token.text)
    }

    /// The next word as `parse` takes it; `right` says what it must be.
    pub(super) fn parse<T>(
        &mut self,
        name: &str,
        right: &str,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, DataError> {
        let word = self.word(name)?;
        parse(word).ok_or_else(|| self.wrong(name, word, right))
    }

    /// An error about the word taken last.
    pub(super) fn wrong(&self, name: &str, word: &[u8], right: &str) -> DataError {
        DataError::new(self.last(), format!("`{}` is no {name}", shown(word)), format!("expected {right}"))
    }

    /// The place of the word taken last.
    pub(super) fn last(&self) -> usize {
        self.next.saturating_sub(1)
    }

    /// All words must have been taken.
    pub(super) fn end(&self) -> Result<(), DataError> {
        match self.tokens.get(self.next) {
            Some(token) => Err(surplus(self.next, token.text)),
            None => Ok(()),
        }
    }
}

/// A word that stands where the data should end, for the message.
fn surplus(token: usize, word: &[u8]) -> DataError {
    DataError::new(token, format!("`{}` is more than the data of this type takes", shown(word)), "remove it")
}
