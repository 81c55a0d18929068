//! Zone text that somebody broke: nothing panics, every octet is kept, and the work stays bounded.

mod zone_text;

use horizon_dns::dns::parse_name;
use horizon_dns::zone::Document;
use horizon_dns::zone::Edit;
use horizon_dns::zone::EntryKind;
use horizon_dns::zone::check_zone;
use horizon_dns::zone::parse_zone;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;
use zone_text::cases;
use zone_text::random::Random;

/// What a mutation puts in, beside random octets: the marks that mean something.
const MARKS: [&str; 20] = [
    "(", ")", "\"", "\\", ";", "\n", "\r", "\r\n", "$", "@", ".", " ", "\t", "\\000", "\\#", "$ORIGIN ", "IN", "${",
    "}", "\0",
];

/// Thirty thousand broken snippets from fixed seeds.
#[test]
fn nothing_panics_on_broken_text() {
    let origin = parse_name("example.org").unwrap();
    let cases = cases::agreed();
    let mut loaded = 0;
    for seed in 0..30_000 {
        let mut random = Random::new(seed);
        let mut text = cases[random.below(cases.len())].text.clone();
        for _ in 0..1 + random.below(4) {
            mutate(&mut random, &mut text);
        }
        let mut document = Document::parse(text.clone(), Path::new("z"), &origin);
        assert_eq!(document.text(), &text[..], "seed {seed}");
        let ends: Vec<_> = document.entries().iter().map(|entry| entry.span.end).collect();
        let begins: Vec<_> = document.entries().iter().map(|entry| entry.span.start).collect();
        assert_eq!(begins.get(1..).unwrap_or(&[]), &ends[..ends.len().saturating_sub(1)], "seed {seed}");
        assert_eq!(ends.last().copied().unwrap_or(0), text.len(), "seed {seed}");
        let broken = document.findings().count();
        if let Ok(zone) = parse_zone(&text, Path::new("z"), &origin) {
            assert_eq!(broken, 0, "seed {seed}");
            let _ = check_zone(&zone.records, &zone.files);
            loaded += 1;
        }
        let records = document.records().count();
        let first = document.entries().iter().position(|entry| matches!(entry.kind, EntryKind::Record(_)));
        if let Some(first) = first
            && document.edit(&[Edit::Remove(first)]).is_ok()
        {
            assert_eq!(document.records().count(), records - 1, "seed {seed}");
        }
        let _ = document.set_serial(9);
    }
    assert!(loaded > 1_000, "{loaded}");
}

fn mutate(random: &mut Random, text: &mut Vec<u8>) {
    let at = random.below(text.len() + 1);
    match random.below(5) {
        0 if at < text.len() => text[at] = random.octet(),
        1 => {
            let end = (at + random.below(12)).min(text.len());
            text.drain(at..end);
        }
        2 => {
            let end = (at + random.below(40)).min(text.len());
            let copy = text[at..end].to_vec();
            let to = random.below(text.len() + 1);
            text.splice(to..to, copy);
        }
        _ => {
            let mark: &str = MARKS[random.below(MARKS.len())];
            text.splice(at..at, mark.bytes());
        }
    }
}

/// Lines of many megabytes, whatever they hold, cost linear time and end in one error or a record.
#[test]
fn long_lines_are_bounded() {
    let origin = parse_name("example.org").unwrap();
    let many = 3_000_000;
    let table: [(&str, Vec<u8>); 12] = [
        ("a word of 100 MB", b"a".repeat(100_000_000)),
        ("a word of escapes", b"\\0".repeat(many)),
        ("many words", b"a ".repeat(many)),
        ("blanks", b" ".repeat(many)),
        ("a comment", [&b";"[..], &b"x".repeat(many)].concat()),
        ("open parentheses", b"(\n".repeat(many)),
        ("open parentheses, one line each", b"a ( b\n".repeat(many / 4)),
        ("closed parentheses", b")".repeat(many)),
        ("quotes", b"\"".repeat(many)),
        ("a string", [&b"a 1 TXT \""[..], &b"x".repeat(many), b"\""].concat()),
        ("empty lines", b"\n".repeat(many)),
        ("NUL", b"\0".repeat(many)),
    ];
    for (why, text) in table {
        let begin = Instant::now();
        let result = parse_zone(&text, Path::new("z"), &origin);
        assert!(result.map_or_else(|findings| findings.len() <= 101, |zone| zone.records.is_empty()), "{why}");
        let document = Document::parse(text.clone(), Path::new("z"), &origin);
        assert_eq!(document.text().len(), text.len(), "{why}");
        assert!(begin.elapsed() < Duration::from_secs(60), "{why}: {:?}", begin.elapsed());
        println!("{why}: {:?}", begin.elapsed());
    }
}
