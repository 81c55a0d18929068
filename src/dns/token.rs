//! The words of record data, as the text has them: quotes stripped, escapes still in place.

use super::DataError;

/// One word of master-file text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// The octets as written, without the quotes round them; escapes are not yet resolved.
    pub text: &'a [u8],
    /// The offset of its first octet (the opening quote counts) in the text that it comes from.
    pub at: u32,
    /// True when it stood in double quotes.
    pub quoted: bool,
}

impl Token<'_> {
    /// The offset of the first octet after it, a closing quote counted.
    pub fn end(&self) -> u32 {
        self.at + self.text.len() as u32 + if self.quoted { 2 } else { 0 }
    }
}

/// Splits one line of record data, such as `10 mail.example.org.`, into its words.
///
/// No parentheses and no comments: those belong to zone text. Texts of 4 GiB and more are refused.
///
/// # Errors
/// [`DataError`] when a quoted string is not closed; its `token` counts the words before it.
pub fn split_data(text: &[u8]) -> Result<Vec<Token<'_>>, DataError> {
    let mut tokens = Vec::new();
    if u32::try_from(text.len()).is_err() {
        return Err(DataError::new(0, "more than 4 GiB of text", "shorten it"));
    }
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b' ' | b'\t' => at += 1,
            b'"' => {
                let Some(end) = string_end(text, at + 1) else {
                    return Err(DataError::new(tokens.len(), "a quoted string is not closed", "close it with `\"`"));
                };
                tokens.push(Token { text: &text[at + 1..end], at: at as u32, quoted: true });
                at = end + 1;
            }
            _ => {
                let end = word_end(text, at);
                tokens.push(Token { text: &text[at..end], at: at as u32, quoted: false });
                at = end;
            }
        }
    }
    Ok(tokens)
}

fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn word_end(text: &[u8], mut at: usize) -> usize {
    while let Some(octet) = text.get(at) {
        match octet {
            b' ' | b'\t' | b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}
