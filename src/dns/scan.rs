//! Record data from text to wire format, for every type of the table in `fields`, and `\#` for any type.

use super::DataError;
use super::Name;
use super::Rtype;
use super::Token;
use super::apl;
use super::base::Base64Reader;
use super::base::HexReader;
use super::base::read_base32;
use super::bitmap;
use super::escape::unescape;
use super::fields::ALGORITHMS;
use super::fields::CERTIFICATE_TYPES;
use super::fields::DIGEST_TYPES;
use super::fields::Field;
use super::fields::digest_len;
use super::fields::fields;
use super::hip;
use super::loc;
use super::number::parse_number;
use super::number::parse_seconds;
use super::number::parse_time;
use super::present::is_well_formed;
use super::rtype::parse_rtype;
use super::rtype::present_rtype;
use super::svcb;
use super::word::Words;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// Reads the data of a record from its words and appends it to `out` in wire format, names uncompressed.
///
/// Relative names lie below `origin`. Any type may be written as `\# LENGTH HEX` (RFC 3597 section 5); a type without
/// a form of its own must be.
///
/// # Errors
/// [`DataError`] with the word that is wrong; `out` stays as it was.
pub fn scan_data(rtype: Rtype, tokens: &[Token<'_>], origin: &Name, out: &mut Vec<u8>) -> Result<(), DataError> {
    let begin = out.len();
    let mut words = Words::new(tokens, origin.as_slice());
    let result = scan(rtype, &mut words, out).and_then(|()| {
        words.end()?;
        if out.len() - begin > usize::from(u16::MAX) {
            let what = format!("the data takes {} octets", out.len() - begin);
            return Err(DataError::new(0, what, "at most 65535 octets fit into a record"));
        }
        Ok(())
    });
    if result.is_err() {
        out.truncate(begin);
    }
    result
}

/// Reads the data of a record from one line of text, such as `10 mail.example.org.`, into wire format.
///
/// # Errors
/// [`DataError`], as [`scan_data`].
pub fn parse_data(rtype: Rtype, text: &str, origin: &Name) -> Result<Vec<u8>, DataError> {
    let tokens = super::token::split_data(text.as_bytes())?;
    let mut data = Vec::new();
    scan_data(rtype, &tokens, origin, &mut data)?;
    Ok(data)
}

fn scan(rtype: Rtype, words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    if words.peek().is_some_and(|token| !token.quoted && token.text == b"\\#") {
        return generic(rtype, words, out);
    }
    let Some(fields) = fields(rtype) else {
        let mnemonic = present_rtype(rtype);
        let what = format!("the data of type {mnemonic} has no form of its own here");
        return Err(DataError::new(0, what, "write `\\#`, the number of octets and the octets in hex (RFC 3597)"));
    };
    let begin = out.len();
    for &(field, name) in fields {
        scan_field(field, name, words, out)?;
    }
    check_digest(rtype, &out[begin..], words)
}

fn scan_field(field: Field, name: &'static str, words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    match field {
        Field::U8 => out.push(number(words, name, u32::from(u8::MAX))? as u8),
        Field::U16 => out.extend((number(words, name, u32::from(u16::MAX))? as u16).to_be_bytes()),
        Field::U32 => out.extend(number(words, name, u32::MAX)?.to_be_bytes()),
        Field::Seconds => {
            let right = "a number of seconds below 4294967296, units w d h m s allowed";
            out.extend(words.parse(name, right, parse_seconds)?.to_be_bytes());
        }
        Field::Time => {
            let right = "a time as YYYYMMDDHHmmSS or in seconds since 1970";
            out.extend(words.parse(name, right, parse_time)?.to_be_bytes());
        }
        Field::Name => words.name(name, out)?,
        Field::Ip4 => {
            out.extend(words.parse(name, "an IPv4 address such as 192.0.2.1", parse_ip4)?);
        }
        Field::Ip6 => {
            let parse = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<Ipv6Addr>().ok();
            out.extend(words.parse(name, "an IPv6 address such as 2001:db8::1", parse)?.octets());
        }
        Field::String => scan_string(name, words, out)?,
        Field::Strings => {
            scan_string(name, words, out)?;
            while words.peek().is_some() {
                scan_string(name, words, out)?;
            }
        }
        Field::Text => {
            let token = words.string(name)?;
            unescape(token.text, out).map_err(|error| words.wrong(name, token.text, &error.to_string()))?;
        }
        Field::Tag => {
            let word = words.word(name)?;
            if word.len() > 255 || !word.iter().all(u8::is_ascii_alphanumeric) {
                return Err(words.wrong(name, word, "up to 255 ASCII letters and digits"));
            }
            out.push(word.len() as u8);
            out.extend_from_slice(word);
        }
        Field::Hex => scan_hex(name, words, out)?,
        Field::Base64 => scan_base64(name, words, out)?,
        Field::Salt => scan_salt(name, words, out)?,
        Field::Hash => {
            let word = words.word(name)?;
            let length_at = out.len();
            out.push(0);
            if word.len() > 408 || !read_base32(word, out) {
                return Err(words.wrong(name, word, "base 32 with the digits 0-9 a-v, without padding"));
            }
            out[length_at] = (out.len() - length_at - 1) as u8;
        }
        Field::Type => {
            let rtype = words.parse(name, "a record type such as A or TYPE65280", parse_rtype)?;
            out.extend(rtype.to_int().to_be_bytes());
        }
        Field::Types => bitmap::scan(name, words, out, false)?,
        Field::MaybeTypes => bitmap::scan(name, words, out, true)?,
        Field::Algorithm => out.push(mnemonic(words, name, 255, ALGORITHMS)? as u8),
        Field::DigestType => out.push(mnemonic(words, name, 255, DIGEST_TYPES)? as u8),
        Field::CertificateType => {
            out.extend((mnemonic(words, name, 65_535, CERTIFICATE_TYPES)? as u16).to_be_bytes());
        }
        Field::Eui(octets) => scan_groups(name, words, out, usize::from(octets), 2, b'-')?,
        Field::Node => scan_groups(name, words, out, 4, 4, b':')?,
        Field::Location => loc::scan(words, out)?,
        Field::Prefixes => apl::scan(words, out)?,
        Field::Parameters => svcb::scan(words, out)?,
        Field::HostIdentity => hip::scan(words, out)?,
    }
    Ok(())
}

fn number(words: &mut Words<'_, '_>, name: &str, max: u32) -> Result<u32, DataError> {
    let word = words.word(name)?;
    parse_number(word, max).ok_or_else(|| words.wrong(name, word, &format!("a decimal number from 0 to {max}")))
}

fn mnemonic(words: &mut Words<'_, '_>, name: &str, max: u32, table: &[(u32, &str)]) -> Result<u32, DataError> {
    let word = words.word(name)?;
    if let Some(value) = parse_number(word, max) {
        return Ok(value);
    }
    let known = table.iter().find(|(_, text)| word.eq_ignore_ascii_case(text.as_bytes()));
    known
        .map(|&(value, _)| value)
        .ok_or_else(|| words.wrong(name, word, &format!("a number from 0 to {max} or a registered mnemonic")))
}

fn parse_ip4(word: &[u8]) -> Option<[u8; 4]> {
    std::str::from_utf8(word).ok()?.parse::<Ipv4Addr>().ok().map(|address| address.octets())
}

fn scan_string(name: &str, words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let token = words.string(name)?;
    let length_at = out.len();
    out.push(0);
    unescape(token.text, out).map_err(|error| words.wrong(name, token.text, &error.to_string()))?;
    let length = out.len() - length_at - 1;
    out[length_at] = u8::try_from(length).map_err(|_| {
        words.wrong(name, token.text, &format!("strings of at most 255 octets (this one has {length}); split it"))
    })?;
    Ok(())
}

fn scan_hex(name: &str, words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let begin = out.len();
    let mut reader = HexReader::default();
    let mut word = words.word(name)?;
    loop {
        if !reader.feed(word, out) {
            return Err(words.wrong(name, word, "hex digits"));
        }
        if words.peek().is_none() {
            break;
        }
        word = words.word(name)?;
    }
    if !reader.finish() || out.len() == begin {
        return Err(words.wrong(name, word, "an even number of hex digits"));
    }
    Ok(())
}

fn scan_base64(name: &str, words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let mut reader = Base64Reader::default();
    let mut word = words.word(name)?;
    loop {
        if !reader.feed(word, out) {
            return Err(words.wrong(name, word, "base 64"));
        }
        if words.peek().is_none() {
            break;
        }
        word = words.word(name)?;
    }
    if !reader.finish(out) {
        return Err(words.wrong(name, word, "base 64 with its padding, in whole octets"));
    }
    Ok(())
}

fn scan_salt(name: &str, words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let word = words.word(name)?;
    let length_at = out.len();
    out.push(0);
    if word != b"-" {
        let mut reader = HexReader::default();
        if word.len() > 510 || !reader.feed(word, out) || !reader.finish() {
            return Err(words.wrong(name, word, "`-`, or 1 to 255 octets in hex without spaces"));
        }
        out[length_at] = (out.len() - length_at - 1) as u8;
    }
    Ok(())
}

fn scan_groups(
    name: &str,
    words: &mut Words<'_, '_>,
    out: &mut Vec<u8>,
    groups: usize,
    digits: usize,
    separator: u8,
) -> Result<(), DataError> {
    let word = words.word(name)?;
    let mut count = 0;
    let mut right = true;
    for group in word.split(|&octet| octet == separator) {
        count += 1;
        let mut reader = HexReader::default();
        // A node identifier may leave out leading zeros (RFC 6742 section 2.1.2).
        let short = digits == 4 && (1..4).contains(&group.len());
        let padding = if short { &b"000"[..4 - group.len()] } else { b"" };
        right &= group.len() == digits || short;
        right = right && reader.feed(padding, out) && reader.feed(group, out) && reader.finish();
    }
    if !right || count != groups {
        let separator = char::from(separator);
        return Err(words.wrong(name, word, &format!("{groups} groups of {digits} hex digits, `{separator}` between")));
    }
    Ok(())
}

/// RFC 3597 section 5; for a type that has a form, the octets must be right for it.
fn generic(rtype: Rtype, words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let begin = out.len();
    words.word("`\\#`")?;
    let length = number(words, "number of octets", 65_535)? as usize;
    if length > 0 || words.peek().is_some() {
        scan_hex("data", words, out)?;
    }
    if out.len() - begin != length {
        let found = out.len() - begin;
        return Err(DataError::new(
            1,
            format!("`\\#` announces {length} octets and {found} follow"),
            "make both agree",
        ));
    }
    if fields(rtype).is_some() && !is_well_formed(rtype, &out[begin..]) {
        let mnemonic = present_rtype(rtype);
        return Err(DataError::new(
            1,
            format!("these octets are no {mnemonic} data"),
            "write it in the type's own form",
        ));
    }
    Ok(())
}

/// The fewest octets of a ZONEMD digest of any type (RFC 8976 section 2.2.4).
const SHORTEST_ZONE_DIGEST: usize = 12;

/// A digest whose type fixes its length has that length.
fn check_digest(rtype: Rtype, data: &[u8], words: &Words<'_, '_>) -> Result<(), DataError> {
    let (kind, begin) = match rtype.to_int() {
        43 | 59 | 32768 | 32769 => (data[3], 4),
        44 => (data[1], 2),
        50 => return check_hash(data, words),
        63 => (data[5], 6),
        _ => return Ok(()),
    };
    let found = data.len() - begin;
    if rtype.to_int() == 63 && found < SHORTEST_ZONE_DIGEST {
        let what = format!("a digest with {found} octets");
        return Err(DataError::new(words.last(), what, "it has at least 12 octets"));
    }
    match digest_len(rtype, kind) {
        Some(length) if length != found => {
            let what = format!("a digest of type {kind} with {found} octets");
            Err(DataError::new(words.last(), what, format!("it has {length} octets")))
        }
        _ => Ok(()),
    }
}

/// The hashed owner of NSEC3 is a SHA-1 hash where the algorithm says so (RFC 5155 section 11).
fn check_hash(data: &[u8], words: &Words<'_, '_>) -> Result<(), DataError> {
    let found = data.get(5 + usize::from(data[4])).map_or(0, |&length| usize::from(length));
    if data[0] == 1 && found != 20 {
        let what = format!("a hashed owner with {found} octets");
        return Err(DataError::new(words.last(), what, "a SHA-1 hash has 20 octets, 32 digits in base 32"));
    }
    Ok(())
}
