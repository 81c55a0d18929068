//! Host identities, type HIP (RFC 8005 sections 5 and 6).

use super::DataError;
use super::base::Base64Reader;
use super::base::HexReader;
use super::base::push_base64;
use super::base::push_hex;
use super::name_text::push_name;
use super::number::parse_number;
use super::wire_len;
use super::word::Words;

pub(super) fn scan(words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let algorithm =
        words.parse("public key algorithm", "a decimal number from 0 to 255", |word| parse_number(word, 255))?;
    let mut tag = Vec::new();
    let word = words.word("host identity tag")?;
    let mut reader = HexReader::default();
    if word.len() > 510 || !reader.feed(word, &mut tag) || !reader.finish() || tag.is_empty() {
        return Err(words.wrong("host identity tag", word, "1 to 255 octets in hex, without spaces"));
    }
    let mut key = Vec::new();
    let word = words.word("public key")?;
    let mut reader = Base64Reader::default();
    if word.len() > 80_000 || !reader.feed(word, &mut key) || !reader.finish(&mut key) || key.is_empty() {
        return Err(words.wrong("public key", word, "base 64, without spaces"));
    }
    out.extend([tag.len() as u8, algorithm as u8]);
    out.extend((key.len() as u16).to_be_bytes());
    out.extend(tag);
    out.extend(key);
    while words.peek().is_some() {
        words.name("rendezvous server", out)?;
    }
    Ok(())
}

/// Appends the data; `None` when the octets are no such data.
pub(super) fn present(data: &[u8], text: &mut String) -> Option<()> {
    let [tag_len, algorithm, high, low, rest @ ..] = data else { return None };
    let key_len = usize::from(u16::from_be_bytes([*high, *low]));
    let (tag, rest) = rest.split_at_checked(usize::from(*tag_len))?;
    let (key, mut rest) = rest.split_at_checked(key_len)?;
    if tag.is_empty() || key.is_empty() {
        return None;
    }
    text.push_str(&format!("{algorithm} "));
    push_hex(text, tag);
    text.push(' ');
    push_base64(text, key);
    while !rest.is_empty() {
        let length = wire_len(rest).ok()?;
        text.push(' ');
        push_name(text, &rest[..length]);
        rest = &rest[length..];
    }
    Some(())
}
