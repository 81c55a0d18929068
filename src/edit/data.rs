//! Record data as the arguments of a command line have it.

use crate::dns::{
    DataUsage, Name, Rtype, Token, data_usage, is_at_or_below, is_meta, present_rtype, same_data, scan_data, scan_name,
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
    if is_meta(rtype) {
        let what = format!("records of type {} never stand in a zone", present_rtype(rtype));
        return Err(DataError { what, remedy: "name another type (RFC 6895 section 3.1)".to_owned() });
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{parse_name, parse_rtype, present_data};

    fn read(zone: &str, rtype: &str, words: &[&str]) -> Result<Vec<String>, String> {
        let rtype = parse_rtype(rtype.as_bytes()).unwrap();
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let data = data_of(rtype, &words, &parse_name(zone).unwrap()).map_err(|error| error.to_string())?;
        Ok(data.iter().map(|data| present_data(rtype, data)).collect())
    }

    /// Arguments become records as a person means them.
    #[test]
    fn arguments_become_records() {
        let table: [(&str, &[&str], &[&str]); 24] = [
            ("A", &["10.0.0.1", "10.0.0.2"], &["10.0.0.1", "10.0.0.2"]),
            ("A", &["10.0.0.1 10.0.0.2"], &["10.0.0.1", "10.0.0.2"]),
            ("A", &["10.0.0.1", "10.0.0.1"], &["10.0.0.1"]),
            ("CNAME", &["www"], &["www.example.org."]),
            ("CNAME", &["www.example.org"], &["www.example.org."]),
            ("CNAME", &["www.example.net"], &["www.example.net.example.org."]),
            ("CNAME", &["www.example.net."], &["www.example.net."]),
            ("NS", &["@", "example.org"], &["example.org."]),
            ("MX", &["10", "mail", "20", "Mail2.Example.Org"], &["10 mail.example.org.", "20 Mail2.Example.Org."]),
            ("MX", &["10 mail"], &["10 mail.example.org."]),
            ("MX", &["10 mail", "20 mail2"], &["10 mail.example.org.", "20 mail2.example.org."]),
            ("SRV", &["1", "2", "443", "."], &["1 2 443 ."]),
            ("TXT", &["v=spf1 mx -all"], &["\"v=spf1 mx -all\""]),
            ("TXT", &["a\\b \"q\" ; c", ""], &["\"a\\\\b \\\"q\\\" ; c\" \"\""]),
            ("CAA", &["0", "issue", "letsencrypt.org; x=y"], &["0 issue \"letsencrypt.org; x=y\""]),
            ("CAA", &["0 issue \"letsencrypt.org\""], &["0 issue \"letsencrypt.org\""]),
            ("HINFO", &["\"a b\"", "c"], &["\"a b\" \"c\""]),
            ("HTTPS", &["1", ".", "alpn=h2,h3"], &["1 . alpn=\"h2,h3\""]),
            ("HTTPS", &["1", "www.example.org"], &["1 www.example.org."]),
            (
                "SSHFP",
                &["4", "2", &"ab".repeat(16), &"cd".repeat(16)],
                &[&format!("4 2 {}{}", "ab".repeat(16), "cd".repeat(16))],
            ),
            ("LOC", &["52", "N", "4", "E", "0"], &["52 0 0.000 N 4 0 0.000 E 0.00m 1.00m 10000.00m 10.00m"]),
            (
                "SOA",
                &["ns", "host", "-", "1h", "15m", "1w", "1h"],
                &["ns.example.org. host.example.org. 0 3600 900 604800 3600"],
            ),
            ("TYPE65280", &["\\#", "2", "abcd"], &["\\# 2 abcd"]),
            ("A", &["\\# 4 0a000001"], &["10.0.0.1"]),
        ];
        for (rtype, words, expected) in table {
            let got = read("example.org", rtype, words).unwrap_or_else(|error| panic!("{rtype} {words:?}: {error}"));
            let lower = |all: Vec<String>| all.iter().map(|text| text.to_ascii_lowercase()).collect::<Vec<_>>();
            let expected = expected.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(lower(got), lower(expected), "{rtype} {words:?}");
        }
    }

    /// Texts are cut at 255 octets, and nothing in them is read as zone text.
    #[test]
    fn texts_are_cut_by_us() {
        let word = "x".repeat(600);
        let data = data_of(Rtype::TXT, &[word, "\\065".to_owned()], &Name::root_bytes()).unwrap();
        let lengths: Vec<u8> = vec![data[0][0], data[0][256], data[0][512], data[0][603]];
        assert_eq!(lengths, [255, 255, 90, 4]);
        assert_eq!(&data[0][604..], b"\\065");
        let long: Vec<String> = vec!["x".repeat(65_535)];
        assert!(data_of(Rtype::TXT, &long, &Name::root_bytes()).is_err());
    }

    /// Host names in a reverse zone are whole; classless delegations are not (RFC 2317).
    #[test]
    fn reverse_zones_point_outside() {
        let zone = "0.0.10.in-addr.arpa";
        assert_eq!(read(zone, "PTR", &["printer.example.org"]), Ok(vec!["printer.example.org.".to_owned()]));
        assert_eq!(read(zone, "CNAME", &["5.0-25"]), Ok(vec!["5.0-25.0.0.10.in-addr.arpa.".to_owned()]));
        let error = read(zone, "PTR", &["printer"]).unwrap_err();
        let expected = "`printer` would be printer.0.0.10.in-addr.arpa, which is no host; PTR wants NAME, such as printer.example.org.";
        assert_eq!(error, expected);
    }

    /// Errors name the word, what the type wants, and an example.
    #[test]
    fn errors_say_what_is_wanted() {
        let table: [(&str, &[&str], &str); 8] = [
            ("ANY", &["x"], "records of type ANY never stand in a zone; name another type (RFC 6895 section 3.1)"),
            (
                "A",
                &["10.0.0"],
                "`10.0.0` is no address: expected an IPv4 address such as 192.0.2.1; A wants ADDRESS, such as 10.0.0.5",
            ),
            ("A", &[], "no data for A is given; A wants ADDRESS, such as 10.0.0.5"),
            (
                "MX",
                &["mail"],
                "1 word of data for MX, which takes 2 words a record; MX wants PREFERENCE MAIL-SERVER, such as 10 mail",
            ),
            (
                "MX",
                &["mail", "10"],
                "`mail` is no preference: expected a decimal number from 0 to 65535; MX wants PREFERENCE MAIL-SERVER, such as 10 mail",
            ),
            (
                "SRV",
                &["1", "2", "3"],
                "3 words of data for SRV, which takes 4 words a record; SRV wants PRIORITY WEIGHT PORT TARGET, such as 10 5 5060 sip",
            ),
            (
                "TYPE65280",
                &["abcd"],
                "the data of type TYPE65280 has no form of its own here: write `\\#`, the number of octets and the octets in hex (RFC 3597); TYPE65280 wants \\# LENGTH HEX, such as '\\# 4 c0000201'",
            ),
            (
                "CNAME",
                &["\"www"],
                "`\"www`: a quoted string is not closed; close it with `\"`; CNAME wants CANONICAL-NAME, such as www.example.org.",
            ),
        ];
        for (rtype, words, expected) in table {
            assert_eq!(read("example.org", rtype, words), Err(expected.to_owned()), "{rtype} {words:?}");
        }
    }

    /// The example of every type is data of that type.
    #[test]
    fn examples_can_be_typed() {
        let origin = parse_name("example.org").unwrap();
        for rtype in (1..=261).map(Rtype::from_int).filter(|&rtype| !is_meta(rtype)) {
            let example = example(rtype);
            if example.contains("-IN-") || example.contains("BASE64") {
                continue;
            }
            let words: Vec<String> = match example.split_once('\'') {
                Some((before, rest)) => {
                    let (quoted, after) = rest.split_once('\'').unwrap();
                    let words = before.split_whitespace().chain([quoted]).chain(after.split_whitespace());
                    words.map(str::to_owned).collect()
                }
                None => example.split_whitespace().map(str::to_owned).collect(),
            };
            let generic = data_usage(rtype).is_some() && example.contains("\\#");
            if !generic {
                assert!(data_of(rtype, &words, &origin).is_ok(), "{} {words:?}", present_rtype(rtype));
            }
        }
    }
}
