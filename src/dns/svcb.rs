//! Service parameters of SVCB and HTTPS (RFC 9460 section 2 and appendix A).

use super::DataError;
use super::base::Base64Reader;
use super::base::push_base64;
use super::escape::push_quoted;
use super::escape::unescape;
use super::number::parse_number;
use super::word::Words;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

const KEYS: &[&str] = &[
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
    "tls-supported-groups",
];

pub(super) fn scan(words: &mut Words<'_, '_>, out: &mut Vec<u8>) -> Result<(), DataError> {
    let mut params: Vec<(u16, Vec<u8>)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    while words.peek().is_some() {
        let param = scan_param(words)?;
        if !seen.insert(param.0) {
            return Err(DataError::new(words.last(), format!("the key {} twice", key_text(param.0)), "write it once"));
        }
        params.push(param);
    }
    params.sort_unstable_by_key(|param| param.0);
    consistent(&params).map_err(|what| DataError::new(words.last(), what, "see RFC 9460 section 8"))?;
    for (key, value) in params {
        // A longer value is refused with the data as a whole, which is then too long as well.
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        out.extend(key.to_be_bytes());
        out.extend(length.to_be_bytes());
        out.extend(value);
    }
    Ok(())
}

/// `key`, `key=value` or `key="value"`; the quoted value is a word of its own that touches the `=`.
fn scan_param(words: &mut Words<'_, '_>) -> Result<(u16, Vec<u8>), DataError> {
    let whole = words.string("parameter")?;
    if whole.quoted {
        return Err(words.wrong("parameter", whole.text, "key, key=value or key=\"value\""));
    }
    let (name, value) = match whole.text.iter().position(|&octet| octet == b'=') {
        None => (whole.text, None),
        Some(at) => (&whole.text[..at], Some(&whole.text[at + 1..])),
    };
    let Some(key) = parse_key(name) else {
        return Err(words.wrong("parameter", name, "a key of RFC 9460 or `key` and its number"));
    };
    let touching = words.peek().filter(|next| next.quoted && next.at == whole.end() && value == Some(b""));
    let value = match touching {
        Some(_) => Some(words.string("value")?.text),
        None => value,
    };
    let mut octets = Vec::new();
    if let Some(value) = value {
        unescape(value, &mut octets).map_err(|error| words.wrong("value", value, &error.to_string()))?;
    }
    let wire = if name.starts_with(b"key") {
        // The number in place of the name says that the value is written as it is on the wire (RFC 9460 section 2.1).
        push_value(key, &octets, &mut String::new())
            .map(|()| octets.clone())
            .ok_or("its octets as they are on the wire")
    } else {
        read_value(key, value.is_some(), &octets)
    };
    let wire = wire.map_err(|right| words.wrong(&format!("value of {}", key_text(key)), &octets, right))?;
    Ok((key, wire))
}

fn parse_key(name: &[u8]) -> Option<u16> {
    if let Some(known) = KEYS.iter().position(|key| name == key.as_bytes()) {
        return Some(known as u16);
    }
    let digits = name.strip_prefix(b"key")?;
    if digits.len() > 1 && digits[0] == b'0' {
        return None;
    }
    parse_number(digits, 65_534).map(|key| key as u16)
}

fn key_text(key: u16) -> String {
    KEYS.get(usize::from(key)).map_or_else(|| format!("key{key}"), |&text| text.to_owned())
}

/// The wire form of a value whose escapes are resolved; the error says what would be right.
fn read_value(key: u16, given: bool, value: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut wire = Vec::new();
    match key {
        2 | 8 if given && !value.is_empty() => return Err("no value"),
        0 | 1 | 3..=7 if value.is_empty() => return Err("a value"),
        0 => {
            let mut keys = Vec::new();
            for item in value.split(|&octet| octet == b',') {
                keys.push(parse_key(item).ok_or("keys with commas between")?);
            }
            keys.sort_unstable();
            wire.extend(keys.iter().flat_map(|key| key.to_be_bytes()));
        }
        1 => {
            for item in split_list(value)? {
                let length = u8::try_from(item.len()).map_err(|_| "identifiers of at most 255 octets")?;
                wire.push(length);
                wire.extend(item);
            }
        }
        3 => wire.extend((parse_number(value, 65_535).ok_or("a port from 0 to 65535")? as u16).to_be_bytes()),
        4 => {
            for item in text_list(value) {
                wire.extend(item.parse::<Ipv4Addr>().map_err(|_| "IPv4 addresses with commas between")?.octets());
            }
        }
        5 => {
            let mut reader = Base64Reader::default();
            if !(reader.feed(value, &mut wire) && reader.finish(&mut wire)) {
                return Err("base 64");
            }
        }
        6 => {
            for item in text_list(value) {
                wire.extend(item.parse::<Ipv6Addr>().map_err(|_| "IPv6 addresses with commas between")?.octets());
            }
        }
        9 => {
            for item in value.split(|&octet| octet == b',') {
                wire.extend((parse_number(item, 65_535).ok_or("numbers with commas between")? as u16).to_be_bytes());
            }
        }
        _ => wire.extend_from_slice(value),
    }
    Ok(wire)
}

fn text_list(value: &[u8]) -> impl Iterator<Item = &str> {
    value.split(|&octet| octet == b',').map(|item| std::str::from_utf8(item).unwrap_or("?"))
}

/// Splits at commas that no backslash escapes (RFC 9460 appendix A.1).
fn split_list(value: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut items = vec![Vec::new()];
    let mut octets = value.iter();
    while let Some(&octet) = octets.next() {
        let item = items.last_mut().ok_or("identifiers")?;
        match octet {
            b',' => items.push(Vec::new()),
            b'\\' => match octets.next() {
                Some(&escaped @ (b',' | b'\\')) => item.push(escaped),
                _ => return Err("`\\,` and `\\\\` only, escaped inside a list"),
            },
            _ => item.push(octet),
        }
    }
    if items.iter().any(Vec::is_empty) {
        return Err("identifiers with commas between, none empty");
    }
    Ok(items)
}

/// The rules between parameters (RFC 9460 sections 7.1.1 and 8); keys are in order.
fn consistent(params: &[(u16, Vec<u8>)]) -> Result<(), String> {
    let has = |key: u16| params.iter().any(|param| param.0 == key);
    if has(2) && !has(1) {
        return Err("no-default-alpn without alpn".to_owned());
    }
    let Some((0, mandatory)) = params.first() else { return Ok(()) };
    let mut before = None;
    for pair in mandatory.chunks_exact(2) {
        let key = u16::from_be_bytes([pair[0], pair[1]]);
        if key == 0 || before.is_some_and(|before| before >= key) {
            return Err(format!("mandatory lists {} where it may not", key_text(key)));
        }
        if !has(key) {
            return Err(format!("mandatory lists {}, which is not there", key_text(key)));
        }
        before = Some(key);
    }
    Ok(())
}

/// Appends the parameters with a space before each; `None` when the octets are no parameters in order.
pub(super) fn present(mut data: &[u8], text: &mut String) -> Option<()> {
    let mut params = Vec::new();
    while let [k1, k2, l1, l2, rest @ ..] = data {
        let key = u16::from_be_bytes([*k1, *k2]);
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l1, *l2])))?;
        if params.last().is_some_and(|(before, _)| *before >= key) {
            return None;
        }
        text.push(' ');
        text.push_str(&key_text(key));
        push_value(key, value, text)?;
        params.push((key, value.to_vec()));
        data = rest;
    }
    consistent(&params).ok()?;
    data.is_empty().then_some(())
}

fn push_value(key: u16, value: &[u8], text: &mut String) -> Option<()> {
    let wrong_size = |size: usize| value.is_empty() || !value.len().is_multiple_of(size);
    let pairs = || value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let list: Vec<String> = match key {
        2 | 8 => return value.is_empty().then_some(()),
        0 | 3 | 9 if wrong_size(2) => return None,
        4 if wrong_size(4) => return None,
        6 if wrong_size(16) => return None,
        3 if value.len() != 2 => return None,
        0 => pairs().map(key_text).collect(),
        3 | 9 => pairs().map(|number| number.to_string()).collect(),
        4 => value.chunks_exact(4).map(|part| Ipv4Addr::new(part[0], part[1], part[2], part[3]).to_string()).collect(),
        6 => value
            .chunks_exact(16)
            .filter_map(|part| <[u8; 16]>::try_from(part).ok())
            .map(|part| Ipv6Addr::from(part).to_string())
            .collect(),
        5 => {
            text.push('=');
            push_base64(text, value);
            return (!value.is_empty()).then_some(());
        }
        1 => {
            text.push('=');
            return push_alpn(value, text);
        }
        7 if value.is_empty() => return None,
        _ if value.is_empty() => return Some(()),
        _ => {
            text.push('=');
            push_quoted(text, value);
            return Some(());
        }
    };
    text.push('=');
    text.push_str(&list.join(","));
    Some(())
}

fn push_alpn(mut value: &[u8], text: &mut String) -> Option<()> {
    let mut list = Vec::new();
    while let Some((&length, rest)) = value.split_first() {
        let (item, rest) = rest.split_at_checked(usize::from(length))?;
        if item.is_empty() {
            return None;
        }
        if !list.is_empty() {
            list.push(b',');
        }
        for &octet in item {
            if matches!(octet, b',' | b'\\') {
                list.push(b'\\');
            }
            list.push(octet);
        }
        value = rest;
    }
    push_quoted(text, &list);
    (!list.is_empty()).then_some(())
}
