//! Record data as the arguments of a command line have it.

use crate::dns::{
    DataUsage, Name, Rtype, Token, data_usage, is_at_or_below, present_rtype, same_data, scan_data, scan_name,
    split_data,
};
use thiserror::Error;

/// Why arguments are no data of their type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}; {remedy}")]
pub struct DataError {
    /// What is wrong, the argument named.
    pub what: String,
    /// What the type wants, with an example.
    pub remedy: String,
}

/// Reads the arguments behind a type as one or more records, in wire format, each once.
///
/// Types with a fixed number of words take them record by record: `A` one, `MX` two. The words of texts are plain: each
/// is one character-string, cut at 255 octets where longer, without quotes or escapes, and all are one record. For all
/// other types the words are one record as zone text has it. An argument with blanks that can be no string, and one that
/// is alone, is cut into words as in zone text. Names lie below `origin`, the zone's apex, unless they end in a dot or
/// in the labels of the apex; NS and PTR names in a reverse zone are whole. Any type may be given as `\#` (RFC 3597).
/// The serial of a SOA may be any word.
///
/// # Errors
/// [`DataError`].
pub fn data_of(rtype: Rtype, words: &[String], origin: &Name) -> Result<Vec<Vec<u8>>, DataError> {
    let fail = |what: String| DataError { what, remedy: remedy(rtype) };
    if words.is_empty() {
        return Err(fail(format!("no data for {} is given", present_rtype(rtype))));
    }
    let usage = data_usage(rtype).filter(|_| words[0].trim_start().split([' ', '\t']).next() != Some("\\#"));
    if matches!(rtype.to_int(), 16 | 56 | 99 | 258 | 261) && usage.is_some() {
        return text_data(words)
            .map(|data| vec![data])
            .ok_or_else(|| fail("more than 65535 octets of text".to_owned()));
    }
    let tokens = tokens(words, usage.as_ref()).map_err(fail)?;
    let per_record = usage.as_ref().filter(|usage| usage.fixed).map_or(tokens.len(), |usage| usage.words.len());
    if tokens.is_empty() || tokens.len() % per_record != 0 {
        return Err(fail(count_wrong(rtype, tokens.len(), per_record)));
    }
    let mut records: Vec<Vec<u8>> = Vec::new();
    for record in tokens.chunks(per_record) {
        let whole: Vec<Option<String>> = record
            .iter()
            .enumerate()
            .map(|(index, token)| {
                if usage.as_ref().is_some_and(|usage| usage.names.contains(&index)) {
                    whole_name(rtype, token, origin)
                } else {
                    // The server writes its own serial.
                    let serial = rtype == Rtype::SOA && index == 2;
                    Ok((serial && !token.text.iter().all(u8::is_ascii_digit)).then(|| "0".to_owned()))
                }
            })
            .collect::<Result<_, _>>()
            .map_err(fail)?;
        let replaced: Vec<Token<'_>> = record
            .iter()
            .zip(&whole)
            .map(|(token, whole)| match whole {
                Some(text) => Token { text: text.as_bytes(), ..*token },
                None => *token,
            })
            .collect();
        let mut data = Vec::new();
        scan_data(rtype, &replaced, origin, &mut data)
            .map_err(|error| fail(format!("{}: {}", error.what, error.right)))?;
        if !records.iter().any(|other| same_data(rtype, other, &data)) {
            records.push(data);
        }
    }
    Ok(records)
}

fn text_data(words: &[String]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    for word in words {
        let mut rest = word.as_bytes();
        loop {
            let (string, after) = rest.split_at(rest.len().min(255));
            data.push(string.len() as u8);
            data.extend_from_slice(string);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    (data.len() <= usize::from(u16::MAX)).then_some(data)
}

/// The words of the arguments; what may be a string keeps its blanks.
fn tokens<'w>(words: &'w [String], usage: Option<&DataUsage>) -> Result<Vec<Token<'w>>, String> {
    let strings = usage.is_some_and(|usage| usage.strings);
    let mut tokens = Vec::new();
    for word in words {
        let text = word.as_bytes();
        let quoted = text.len() > 1 && text.starts_with(b"\"") && text.ends_with(b"\"") && !text.ends_with(b"\\\"");
        let blank = text.iter().any(|octet| matches!(octet, b' ' | b'\t'));
        if words.len() == 1 || (!strings && blank) {
            tokens.extend(split_data(text).map_err(|error| format!("`{word}`: {error}"))?);
        } else if quoted {
            tokens.push(Token { text: &text[1..text.len() - 1], at: 0, quoted });
        } else {
            let quoted = text.is_empty() || text.iter().any(|octet| matches!(octet, b' ' | b'\t' | b'"' | b';'));
            tokens.push(Token { text, at: 0, quoted });
        }
    }
    Ok(tokens)
}

/// A name that is meant whole though it has no final dot, with one; `None` when the word stands as it is.
fn whole_name(rtype: Rtype, token: &Token<'_>, origin: &Name) -> Result<Option<String>, String> {
    let text = token.text;
    if token.quoted || text.is_empty() || text == b"@" {
        return Ok(None);
    }
    let Ok(text) = std::str::from_utf8(text) else { return Ok(None) };
    let mut wire = Vec::new();
    let dotted = format!("{text}.");
    if scan_name(dotted.as_bytes(), b"\0", &mut wire).is_err() {
        return Ok(None);
    }
    let apex = origin.as_slice();
    let whole = apex.len() > 1 && is_at_or_below(&wire, apex);
    let reverse = is_at_or_below(apex, b"\x07in-addr\x04arpa\0") || is_at_or_below(apex, b"\x03ip6\x04arpa\0");
    let host = reverse && matches!(rtype, Rtype::PTR | Rtype::NS);
    if host && !whole && !text.contains('.') {
        return Err(format!("`{text}` would be {text}.{origin}, which is no host"));
    }
    Ok((whole || host).then_some(dotted))
}

fn count_wrong(rtype: Rtype, found: usize, wanted: usize) -> String {
    let words = |count: usize| if count == 1 { "1 word".to_owned() } else { format!("{count} words") };
    format!("{} of data for {}, which takes {} a record", words(found), present_rtype(rtype), words(wanted))
}

/// `MX wants PREFERENCE MAIL-SERVER, such as 10 mail`.
fn remedy(rtype: Rtype) -> String {
    let mnemonic = present_rtype(rtype);
    let words = data_usage(rtype).map_or_else(|| "\\# LENGTH HEX".to_owned(), |usage| usage.words.join(" "));
    format!("{mnemonic} wants {words}, such as {}", example(rtype))
}

/// The data of a type as it may be typed in a shell.
fn example(rtype: Rtype) -> &'static str {
    match rtype.to_int() {
        1 => "10.0.0.5",
        2 => "ns1.example.org.",
        5 | 39 => "www.example.org.",
        6 => "ns1 hostmaster 1 1h 15m 1w 1h",
        12 => "printer.example.org.",
        13 => "PC Linux",
        15 => "10 mail",
        16 | 99 => "'v=spf1 mx -all'",
        17 => "hostmaster info",
        18 | 21 | 36 | 107 => "10 host",
        28 => "2001:db8::5",
        29 => "52 22 23 N 4 53 32 E -2m",
        33 => "10 5 5060 sip",
        35 => "100 10 u E2U+sip '!^.*$!sip:info@example.org!' .",
        37 => "PKIX 1 8 BASE64",
        42 => "1:192.0.2.0/24 '!1:192.0.2.64/28'",
        43 | 59 => "12345 13 2 DIGEST-IN-HEX",
        44 => "4 2 FINGERPRINT-IN-HEX",
        52 | 53 => "3 1 1 DIGEST-IN-HEX",
        25 | 48 | 60 => "257 3 13 KEY-IN-BASE64",
        49 | 61 => "DATA-IN-BASE64",
        64 | 65 => "1 . alpn=h2,h3",
        104 | 106 => "10 0014:4fff:ff20:ee64",
        105 => "10 192.0.2.1",
        108 => "00-00-5e-00-53-2a",
        109 => "00-00-5e-ef-10-00-00-2a",
        256 => "10 1 https://www.example.org/",
        257 => "0 issue letsencrypt.org",
        _ => "'\\# 4 c0000201'",
    }
}
