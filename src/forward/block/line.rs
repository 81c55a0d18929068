//! One line of a list of blocked names, in any of the forms that such lists have.
//!
//! | line | what it says |
//! |---|---|
//! | `0.0.0.0 a.example b.example # why` | these names, not what is below; so with `127.0.0.1`, `::` and `::1` |
//! | `a.example` | this name, not what is below |
//! | `*.a.example`, `.a.example`, `\|\|a.example^`, `\|\|a.example^$important` | the name and everything below it |
//! | `address=/a.example/`, with `0.0.0.0`, `::`, `127.0.0.1` or `#`; `local=/a.example/`, `server=/a.example/` | the same |
//! | `@@\|\|a.example^` | the name and everything below it is let through, whatever else the list says |
//! | `# why`, `! why`, `[Adblock Plus]` | nothing |
//!
//! Everything else is not understood: rules for parts of pages, expressions, names that are not written in ASCII.

use std::net::IpAddr;

/// What a line says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Saying {
    pub(super) subtree: bool,
    pub(super) allow: bool,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// It says nothing of names.
    Empty,
    /// All its names were given.
    Read,
    /// Not understood; names before that were given.
    Unknown,
}

const EXACT: Saying = Saying { subtree: false, allow: false };
const SUBTREE: Saying = Saying { subtree: true, allow: false };
const ALLOWED: Saying = Saying { subtree: true, allow: true };

/// Reads a line without its end and gives each name in wire format, lower-cased.
pub(super) fn read_line(line: &[u8], take: impl FnMut(&[u8], Saying)) -> Line {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    if matches!(line.first(), None | Some(b'#' | b'!' | b'[')) {
        return Line::Empty;
    }
    let comment = line.windows(2).position(|pair| pair[0].is_ascii_whitespace() && pair[1] == b'#');
    let line = line[..comment.unwrap_or(line.len())].trim_ascii();
    if let Some(rule) = line.strip_prefix(b"@@||") {
        return adblock(rule, ALLOWED, take);
    }
    if let Some(rule) = line.strip_prefix(b"||") {
        return adblock(rule, SUBTREE, take);
    }
    for option in [&b"address="[..], b"local=", b"server="] {
        if let Some(value) = line.strip_prefix(option) {
            return dnsmasq(value, option == b"address=", take);
        }
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (Some(first), second) = (words.next(), words.clone().next()) else { return Line::Empty };
    match (as_address(first), second) {
        (Some(blocking), Some(_)) => hosts(words, blocking, take),
        (None, None) => plain(first, take),
        _ => Line::Unknown,
    }
}

/// Names beside an address that leads nowhere.
fn hosts<'l>(words: impl Iterator<Item = &'l [u8]>, blocking: bool, mut take: impl FnMut(&[u8], Saying)) -> Line {
    let mut line = Line::Empty;
    for word in words.filter(|word| !is_own(word)) {
        match Wire::read(word).filter(|name| blocking && name.labels > 1) {
            Some(name) => {
                take(name.octets(), EXACT);
                line = Line::Read;
            }
            None => return Line::Unknown,
        }
    }
    line
}

/// Names of one label are words of another text rather than names.
fn plain(word: &[u8], mut take: impl FnMut(&[u8], Saying)) -> Line {
    if is_own(word) {
        return Line::Empty;
    }
    let below = word.strip_prefix(b"*.").or_else(|| word.strip_prefix(b"."));
    let saying = if below.is_some() { SUBTREE } else { EXACT };
    match Wire::read(below.unwrap_or(word)).filter(|name| name.labels > 1) {
        Some(name) => {
            take(name.octets(), saying);
            Line::Read
        }
        None => Line::Unknown,
    }
}

/// `a.example^` after the bars. Of what may follow, only `$important` changes nothing for names.
fn adblock(rule: &[u8], saying: Saying, mut take: impl FnMut(&[u8], Saying)) -> Line {
    let rule = rule.strip_suffix(b"$important").unwrap_or(rule);
    let rule = rule.strip_suffix(b"|").unwrap_or(rule);
    let rule = rule.strip_suffix(b"^").unwrap_or(rule);
    let rule = rule.strip_prefix(b"*.").unwrap_or(rule);
    match Wire::read(rule) {
        Some(name) => {
            take(name.octets(), saying);
            Line::Read
        }
        None => Line::Unknown,
    }
}

/// `/a.example/b.example/`, for `address` with what is answered at the end.
fn dnsmasq(value: &[u8], address: bool, mut take: impl FnMut(&[u8], Saying)) -> Line {
    let Some((names, answer)) =
        value.strip_prefix(b"/").and_then(|rest| Some(rest.split_at(rest.iter().rposition(|octet| *octet == b'/')?)))
    else {
        return Line::Unknown;
    };
    let answer = &answer[1..];
    if !(answer.is_empty() || address && (answer == b"#" || as_address(answer) == Some(true))) {
        return Line::Unknown;
    }
    for name in names.split(|octet| *octet == b'/') {
        match Wire::read(name.strip_prefix(b"*.").unwrap_or(name)) {
            Some(name) => take(name.octets(), SUBTREE),
            None => return Line::Unknown,
        }
    }
    Line::Read
}

/// Whether a word is an address, and then whether it leads nowhere.
fn as_address(word: &[u8]) -> Option<bool> {
    if !word.iter().any(|octet| matches!(octet, b'0'..=b'9' | b':')) {
        return None;
    }
    // `fe80::1%lo0 localhost` stands in many lists.
    let word = word.split(|octet| *octet == b'%').next().unwrap_or(word);
    let address: IpAddr = std::str::from_utf8(word).ok()?.parse().ok()?;
    Some(address.is_unspecified() || address.is_loopback())
}

/// Names of the machine itself that stand in hosts files.
fn is_own(word: &[u8]) -> bool {
    const OWN: [&str; 5] = ["localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"];
    OWN.iter().any(|own| word.eq_ignore_ascii_case(own.as_bytes())) || word.starts_with(b"ip6-")
}

/// A name in wire format, lower-cased, in room of its own.
struct Wire {
    room: [u8; 255],
    length: usize,
    labels: usize,
}

impl Wire {
    /// Reads labels of letters, digits, `-` and `_` with dots between; a final dot is no matter.
    fn read(text: &[u8]) -> Option<Self> {
        let text = text.strip_suffix(b".").unwrap_or(text);
        let mut wire = Wire { room: [0; 255], length: 0, labels: 0 };
        for label in text.split(|octet| *octet == b'.') {
            let fit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
            if !matches!(label.len(), 1..=63) || !label.iter().all(fit) {
                return None;
            }
            // One octet stays for the root.
            let end = wire.length + 1 + label.len();
            let room = wire.room.get_mut(wire.length..end).filter(|_| end < 255)?;
            room[0] = label.len() as u8;
            room[1..].copy_from_slice(label);
            room[1..].make_ascii_lowercase();
            wire.length = end;
            wire.labels += 1;
        }
        wire.length += 1;
        Some(wire)
    }

    fn octets(&self) -> &[u8] {
        &self.room[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::name_from_wire;

    fn said(line: &[u8]) -> String {
        let mut said = Vec::new();
        let kind = read_line(line, |name, saying| {
            let name = name_from_wire(name).unwrap();
            let mark = if saying.allow { "+" } else { "" };
            said.push(format!("{mark}{}{name}", if saying.subtree { "*." } else { "" }));
        });
        format!("{kind:?} {}", said.join(" ")).trim_end().to_owned()
    }

    /// Every form of the table above, and what is none of them.
    #[test]
    fn lines_say_what_the_table_says() {
        let table: [(&[u8], &str); 44] = [
            (b"0.0.0.0 Ads.Example", "Read ads.example"),
            (b"127.0.0.1\ta.example b.example # c.example", "Read a.example b.example"),
            (b"::1 a.example", "Read a.example"),
            (b":: a.example", "Read a.example"),
            (b"0.0.0.0 a.example#x", "Unknown"),
            (b"127.0.0.1 localhost", "Empty"),
            (b"127.0.0.1 localhost a.example", "Read a.example"),
            (b"fe80::1%lo0 localhost", "Empty"),
            (b"255.255.255.255 broadcasthost", "Empty"),
            (b"ff02::1 ip6-allnodes", "Empty"),
            (b"0.0.0.0 0.0.0.0", "Empty"),
            (b"192.168.1.5 nas.example", "Unknown"),
            (b"0.0.0.0 word", "Unknown"),
            (b"0.0.0.0", "Unknown"),
            (b"a.example", "Read a.example"),
            (b"a.example.\r", "Read a.example"),
            (b"  a.example  # why", "Read a.example"),
            (b"\xef\xbb\xbfa.example", "Read a.example"),
            (b"_dmarc.a-b.example", "Read _dmarc.a-b.example"),
            (b"123.example", "Read 123.example"),
            (b"word", "Unknown"),
            (b"a.example b.example", "Unknown"),
            (b"a..example", "Unknown"),
            (b"b\xc3\xbccher.example", "Unknown"),
            (b"xn--bcher-kva.example", "Read xn--bcher-kva.example"),
            (b"*.a.example", "Read *.a.example"),
            (b".a.example", "Read *.a.example"),
            (b"a.*.example", "Unknown"),
            (b"||a.example^", "Read *.a.example"),
            (b"||zip^", "Read *.zip"),
            (b"||a.example^$important", "Read *.a.example"),
            (b"||a.example^$third-party", "Unknown"),
            (b"||a.example/path", "Unknown"),
            (b"@@||a.example^", "Read +*.a.example"),
            (b"@@||a.example^|", "Read +*.a.example"),
            (b"a.example##.banner", "Unknown"),
            (b"##.banner", "Empty"),
            (b"/ads[0-9]+/", "Unknown"),
            (b"address=/a.example/b.example/0.0.0.0", "Read *.a.example *.b.example"),
            (b"address=/a.example/#", "Read *.a.example"),
            (b"address=/a.example/10.0.0.1", "Unknown"),
            (b"local=/a.example/", "Read *.a.example"),
            (b"server=/a.example/8.8.8.8", "Unknown"),
            (b"! why", "Empty"),
        ];
        for (line, expected) in table {
            assert_eq!(said(line), expected, "{}", String::from_utf8_lossy(line));
        }
        let label = "a".repeat(63);
        let longest = [&label[..], &label, &label, &label[..61]].join(".");
        assert!(said(longest.as_bytes()).starts_with("Read"), "255 octets");
        assert_eq!(said(format!("{longest}a").as_bytes()), "Unknown", "256 octets");
        assert_eq!(said(format!("{label}a.example").as_bytes()), "Unknown", "a label of 64");
    }

    /// No octets bring the reader down.
    #[test]
    fn any_octets_can_be_read() {
        let seeds: [&[u8]; 4] = [b"0.0.0.0 a.example b", b"@@||a.example^$important", b"address=/a/b/#", b"*.a.b."];
        for seed in seeds {
            for at in 0..seed.len() {
                for octet in 0..=255 {
                    let mut line = seed.to_vec();
                    line[at] = octet;
                    read_line(&line, |name, _| assert!(name_from_wire(name).is_ok()));
                    read_line(&line[at..], |name, _| assert!(name_from_wire(name).is_ok()));
                }
            }
        }
    }
}
