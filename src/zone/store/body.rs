//! A text without the digits of its SOA's serial: what changes are about. Nothing is copied.

use crate::dns::Token;
use crate::zone::lex::Lexer;
use std::borrow::Cow;
use std::ops::Range;

/// The octets before and behind the serial. Offsets into a body do not count its digits.
#[derive(Debug, Clone)]
pub(super) struct Body<'a> {
    text: &'a [u8],
    /// The digits in the text.
    digits: Option<Range<usize>>,
}

impl<'a> Body<'a> {
    /// Looks for the serial; the cost is that of reading the text up to its first SOA.
    pub(super) fn of(text: &'a [u8]) -> Self {
        Body { text, digits: serial(text) }
    }

    /// A text whose serial is known.
    pub(super) fn with(text: &'a [u8], hole: Option<(usize, &str)>) -> Self {
        let digits = hole.map(|(at, digits)| at.min(text.len())..(at + digits.len()).min(text.len()));
        Body { text, digits }
    }

    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    pub(super) fn serial(&self) -> Option<&'a [u8]> {
        self.text.get(self.digits.clone()?)
    }

    /// Where the digits stand.
    pub(super) fn hole(&self) -> Option<usize> {
        self.digits.as_ref().map(|digits| digits.start)
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() - self.digits.as_ref().map_or(0, Range::len)
    }

    /// The octets in two pieces.
    pub(super) fn pieces(&self) -> [&'a [u8]; 2] {
        match &self.digits {
            Some(digits) => [&self.text[..digits.start], &self.text[digits.end..]],
            None => [self.text, b""],
        }
    }

    pub(super) fn slice(&self, range: Range<usize>) -> Cow<'a, [u8]> {
        let [head, tail] = self.pieces();
        if range.end <= head.len() {
            return Cow::Borrowed(&head[range]);
        }
        if range.start >= head.len() {
            return Cow::Borrowed(&tail[range.start - head.len()..range.end - head.len()]);
        }
        Cow::Owned([&head[range.start..], &tail[..range.end - head.len()]].concat())
    }

    pub(super) fn octet(&self, at: usize) -> u8 {
        let [head, tail] = self.pieces();
        if at < head.len() { head[at] } else { tail[at - head.len()] }
    }

    /// True at the beginning of a line.
    pub(super) fn line_begins(&self, at: usize) -> bool {
        at == 0 || self.octet(at - 1) == b'\n'
    }

    /// From `at` as far as octets lie together.
    fn piece_from(&self, at: usize) -> &'a [u8] {
        let [head, tail] = self.pieces();
        if at < head.len() { &head[at..] } else { &tail[at - head.len()..] }
    }

    /// Up to `end` as far back as octets lie together.
    fn piece_to(&self, end: usize) -> &'a [u8] {
        let [head, tail] = self.pieces();
        if end > head.len() { &tail[..end - head.len()] } else { &head[..end] }
    }
}

/// How many octets at the beginning of both are the same.
pub(super) fn common_prefix(a: &Body<'_>, b: &Body<'_>) -> usize {
    let mut at = 0;
    loop {
        let (left, right) = (a.piece_from(at), b.piece_from(at));
        let length = left.len().min(right.len());
        let same = same_prefix(&left[..length], &right[..length]);
        at += same;
        if same < length || length == 0 {
            return at;
        }
    }
}

/// How many octets at the end of both are the same, at most `limit`.
pub(super) fn common_suffix(a: &Body<'_>, b: &Body<'_>, limit: usize) -> usize {
    let mut found = 0;
    loop {
        let (left, right) = (a.piece_to(a.len() - found), b.piece_to(b.len() - found));
        let length = left.len().min(right.len()).min(limit - found);
        let same = same_suffix(&left[left.len() - length..], &right[right.len() - length..]);
        found += same;
        if same < length || length == 0 {
            return found;
        }
    }
}

/// Octets that are compared at once.
const BLOCK: usize = 4096;

fn same_prefix(a: &[u8], b: &[u8]) -> usize {
    let whole = a.chunks(BLOCK).zip(b.chunks(BLOCK)).take_while(|(a, b)| a == b).count() * BLOCK;
    let start = whole.min(a.len());
    start + a[start..].iter().zip(&b[start..]).take_while(|(a, b)| a == b).count()
}

fn same_suffix(a: &[u8], b: &[u8]) -> usize {
    let whole = a.rchunks(BLOCK).zip(b.rchunks(BLOCK)).take_while(|(a, b)| a == b).count() * BLOCK;
    let end = a.len().saturating_sub(whole);
    (a.len() - end) + a[..end].iter().rev().zip(b[..end].iter().rev()).take_while(|(a, b)| a == b).count()
}

/// The digits of the serial of the first SOA record (RFC 1035 section 3.3.13: behind two names).
fn serial(text: &[u8]) -> Option<Range<usize>> {
    let mut lexer = Lexer::new(text);
    let mut words: Vec<Token<'_>> = Vec::new();
    while let Some(entry) = lexer.next(&mut words) {
        let first = usize::from(!entry.leading_blank);
        // The type stands behind the owner, and behind a TTL and a class in any order.
        let Some(skipped) = words.iter().skip(first).position(|word| !is_ttl_or_class(word)) else { continue };
        let soa = first + skipped;
        if words[soa].quoted || !words[soa].text.eq_ignore_ascii_case(b"SOA") {
            continue;
        }
        let word = words.get(soa + 3).filter(|_| words.len() >= soa + 8)?;
        let start = word.at as usize;
        let plain = !word.quoted && word.text.iter().all(u8::is_ascii_digit);
        return plain.then(|| start..start + word.text.len());
    }
    None
}

fn is_ttl_or_class(word: &Token<'_>) -> bool {
    let text = word.text;
    let named = |name: &[u8]| text.eq_ignore_ascii_case(name);
    !word.quoted && (text.first().is_some_and(u8::is_ascii_digit) || named(b"IN") || named(b"CLASS1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The serial is found wherever an SOA may be written, and nothing else is taken for it.
    #[test]
    fn the_serial_is_found() {
        let table = [
            ("@ SOA ns h 7 1 2 3 4\n", Some("7")),
            ("$TTL 5\n; SOA a b 1 2 3 4 5\n\n@ 1h IN SOA ns h (\n  0012 ; serial\n 1 2 3 4 )\n", Some("0012")),
            (" IN 5 soa ns h 99 1 2 3 4", Some("99")),
            ("soa A 192.0.2.1\nx TXT SOA a b 5 1 2 3 4\n", None),
            ("@ SOA ns h 7 1 2 3", None),
            ("@ SOA ns h x 1 2 3 4", None),
            ("", None),
        ];
        for (text, expected) in table {
            let body = Body::of(text.as_bytes());
            assert_eq!(body.serial().map(|digits| std::str::from_utf8(digits).unwrap()), expected, "{text:?}");
        }
    }

    /// What two bodies have in common does not end at their serials, wherever these stand.
    #[test]
    fn serials_do_not_count() {
        let a = Body::of(b"@ SOA ns h 7 1 2 3 4\nx A 1\ny A 1\n");
        let b = Body::of(b"@ SOA ns h 123456 1 2 3 4\nx A 2\ny A 1\n");
        let prefix = common_prefix(&a, &b);
        assert_eq!(a.slice(0..prefix).as_ref(), b"@ SOA ns h  1 2 3 4\nx A ");
        assert_eq!(common_suffix(&a, &b, usize::MAX), "\ny A 1\n".len());
        assert_eq!(common_suffix(&a, &b, 3), 3);
        let long = [vec![b'x'; 3 * BLOCK + 5], b"1".to_vec(), vec![b'y'; 2 * BLOCK + 3]].concat();
        let mut other = long.clone();
        other[3 * BLOCK + 5] = b'2';
        let (a, b) = (Body::of(&long), Body::of(&other));
        assert_eq!((common_prefix(&a, &b), common_suffix(&a, &b, usize::MAX)), (3 * BLOCK + 5, 2 * BLOCK + 3));
    }
}
