//! Sets of record types (RFC 4034 section 4.1.2).

use super::DataError;
use super::Rtype;
use super::rtype::parse_rtype;
use super::rtype::present_rtype;
use super::word::Words;

pub(super) fn scan(
    name: &str,
    words: &mut Words<'_, '_>,
    out: &mut Vec<u8>,
    may_be_empty: bool,
) -> Result<(), DataError> {
    let mut types = Vec::new();
    if may_be_empty && words.peek().is_none() {
        return Ok(());
    }
    loop {
        types.push(words.parse(name, "a record type such as A or TYPE65280", parse_rtype)?.to_int());
        if words.peek().is_none() {
            break;
        }
    }
    types.sort_unstable();
    types.dedup();
    for window in types.chunk_by(|left, right| left >> 8 == right >> 8) {
        let mut map = [0u8; 32];
        for rtype in window {
            map[usize::from(rtype & 0xff) / 8] |= 0x80 >> (rtype & 7);
        }
        let length = window.last().map_or(0, |last| usize::from(last & 0xff) / 8 + 1);
        out.extend([(window[0] >> 8) as u8, length as u8]);
        out.extend_from_slice(&map[..length]);
    }
    Ok(())
}

/// Appends the types with a space before each; `None` when the octets are no such set.
pub(super) fn present(mut data: &[u8], text: &mut String) -> Option<()> {
    let mut before = None;
    while let [window, length, rest @ ..] = data {
        let map = rest.get(..usize::from(*length))?;
        if before.is_some_and(|before| before >= *window) || map.is_empty() || map.len() > 32 || map.last() == Some(&0)
        {
            return None;
        }
        for (index, octet) in map.iter().enumerate() {
            for bit in (0..8).filter(|bit| octet & (0x80 >> bit) != 0) {
                let number = u16::from(*window) << 8 | (index as u16 * 8 + bit);
                text.push(' ');
                text.push_str(&present_rtype(Rtype::from_int(number)));
            }
        }
        before = Some(*window);
        data = &rest[map.len()..];
    }
    data.is_empty().then_some(())
}
