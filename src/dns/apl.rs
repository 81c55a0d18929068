//! Lists of address prefixes, type APL (RFC 3123).

use super::DataError;
use super::number::parse_number;
use super::word::Words;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

pub(super) fn scan(words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    while words.peek().is_some() {
        let word = words.word("prefix")?;
        item(word, out).ok_or_else(|| words.wrong("prefix", word, "`[!]1:192.0.2.0/24` or `[!]2:2001:db8::/32`"))?;
    }
    Ok(())
}

fn item(word: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (negated, word) = match word.strip_prefix(b"!") {
        Some(rest) => (0x80, rest),
        None => (0, word),
    };
    let text = std::str::from_utf8(word).ok()?;
    let (family, rest) = text.split_once(':')?;
    let (address, prefix) = rest.split_once('/')?;
    let mut octets = match family {
        "1" => address.parse::<Ipv4Addr>().ok()?.octets().to_vec(),
        "2" => address.parse::<Ipv6Addr>().ok()?.octets().to_vec(),
        _ => return None,
    };
    let prefix = parse_number(prefix.as_bytes(), octets.len() as u32 * 8)?;
    // Trailing zero octets are not sent (RFC 3123 section 4).
    while octets.last() == Some(&0) {
        octets.pop();
    }
    out.extend([0, family.as_bytes()[0] - b'0', prefix as u8, negated | octets.len() as u8]);
    out.extend(octets);
    Some(())
}

/// Appends the items; `None` when the octets are no such list.
pub(super) fn present(mut data: &[u8], text: &mut String) -> Option<()> {
    while let [0, family, prefix, flags, rest @ ..] = data {
        let length = usize::from(flags & 0x7f);
        let octets = rest.get(..length)?;
        let mut whole = [0; 16];
        whole.get_mut(..length)?.copy_from_slice(octets);
        let address = match family {
            1 if length <= 4 => Ipv4Addr::new(whole[0], whole[1], whole[2], whole[3]).to_string(),
            2 => Ipv6Addr::from(whole).to_string(),
            _ => return None,
        };
        if !text.is_empty() {
            text.push(' ');
        }
        let negated = if flags & 0x80 == 0 { "" } else { "!" };
        text.push_str(&format!("{negated}{family}:{address}/{prefix}"));
        data = &rest[length..];
    }
    data.is_empty().then_some(())
}
