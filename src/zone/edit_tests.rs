//! What edits change and what they leave.

use super::Document;
use super::Edit;
use super::EditError;
use super::EntryKind;
use super::RecordLine;
use crate::dns::Rtype;
use crate::dns::parse_data;
use crate::dns::parse_name;
use std::path::Path;

fn document(text: &str) -> Document {
    let origin = parse_name("example.org").unwrap();
    let document = Document::parse(text.as_bytes().to_vec(), Path::new("example.org.zone"), &origin);
    assert_eq!(document.text(), text.as_bytes());
    document
}

fn line(owner: &str, ttl: u32, rtype: Rtype, data: &str, comment: Option<&str>) -> RecordLine {
    let origin = parse_name("example.org").unwrap();
    let data = parse_data(rtype, data, &origin).unwrap();
    RecordLine { owner: parse_name(owner).unwrap(), ttl, rtype, data, comment: comment.map(str::to_owned) }
}

fn text(document: &Document) -> &str {
    std::str::from_utf8(document.text()).unwrap()
}

const ZONE: &str = "\
$TTL 1h
@       IN SOA ns hostmaster ( 7 ; serial
                1h 15m 1w 1h )
        IN NS  ns
ns      IN A   192.0.2.1   ; by hand
www     IN A   192.0.2.2   ; from lxc/103
        IN AAAA 2001:db8::2
ftp     300 IN A 192.0.2.3
";

/// The entries of a zone are found with their owners, TTLs and comments.
#[test]
fn entries_are_read() {
    let document = document(ZONE);
    let lines: Vec<u32> = document.entries().iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [1, 2, 4, 5, 6, 7, 8]);
    assert!(matches!(&document.entries()[0].kind, EntryKind::Directive(keyword) if keyword == "$TTL"));
    let records: Vec<_> = document.records().map(|(_, record)| (record.owner.to_string(), record.ttl)).collect();
    assert_eq!(records[3], ("www.example.org".to_owned(), 3600));
    assert_eq!(records[4], ("www.example.org".to_owned(), 3600));
    assert_eq!(records[5], ("ftp.example.org".to_owned(), 300));
    assert_eq!(document.comment_of(&document.entries()[4]), Some(&b"from lxc/103"[..]));
    assert_eq!(document.serial(), Some(7));
}

/// Only the digits of the serial change.
#[test]
fn the_serial_changes_in_place() {
    let mut document = document(ZONE);
    document.set_serial(4_000_000_000).unwrap();
    assert_eq!(text(&document), ZONE.replace("( 7 ;", "( 4000000000 ;"));
}

/// A line that is gone leaves its owner to the lines that inherited it.
#[test]
fn a_removed_line_leaves_its_owner() {
    let mut document = document(ZONE);
    document.edit(&[Edit::Remove(4)]).unwrap();
    let expected =
        ZONE.replace("www     IN A   192.0.2.2   ; from lxc/103\n", "").replace("        IN AAAA", "www     IN AAAA");
    assert_eq!(text(&document), expected);
}

/// A new line stands in the columns of its neighbours, and the blank owner below it keeps its own.
#[test]
fn a_new_line_stands_like_its_neighbours() {
    let mut document = document(ZONE);
    let new = line("api.example.org", 3600, Rtype::A, "192.0.2.9", Some("from vm/1001"));
    document.edit(&[Edit::Insert(5, new)]).unwrap();
    let expected = ZONE.replace("        IN AAAA", "api     IN A   192.0.2.9   ; from vm/1001\nwww     IN AAAA");
    assert_eq!(text(&document), expected);
}

/// A replaced record keeps the words that are the same, and its comment column.
#[test]
fn a_replaced_record_keeps_what_is_the_same() {
    let mut document = document(ZONE);
    let new = line("www.example.org", 3600, Rtype::A, "10.0.0.153", Some("from lxc/103"));
    document.edit(&[Edit::Replace(4, new)]).unwrap();
    assert_eq!(text(&document), ZONE.replace("192.0.2.2   ;", "10.0.0.153  ;"));
}

/// Of a record over several lines only the words that differ change; its comments and line breaks stay.
#[test]
fn a_joined_record_keeps_its_lines() {
    let mut document = document(ZONE);
    let new = line("example.org", 3600, Rtype::SOA, "ns2 hostmaster 8 3600 900 604800 3600", None);
    document.edit(&[Edit::Replace(1, new)]).unwrap();
    assert_eq!(text(&document), ZONE.replace("SOA ns hostmaster ( 7", "SOA ns2.example.org. hostmaster ( 8"));
}

/// CR LF files stay CR LF, and a missing final line ending is written when a line follows.
#[test]
fn line_endings_are_those_of_the_file() {
    let mut document = document("$TTL 60\r\na A 192.0.2.1");
    let new = line("b.example.org", 60, Rtype::A, "192.0.2.2", None);
    document.edit(&[Edit::Insert(2, new)]).unwrap();
    assert_eq!(text(&document), "$TTL 60\r\na A 192.0.2.1\r\nb A 192.0.2.2\r\n");
}

/// What an included file may set is not guessed: records without a TTL stay so, new lines write theirs.
#[test]
fn an_included_file_may_set_the_ttl() {
    let mut document = document("$INCLUDE head.inc\na A 192.0.2.1\nb A 192.0.2.2\n");
    assert_eq!(document.findings().count(), 0);
    document.edit(&[Edit::Insert(2, line("c.example.org", 60, Rtype::A, "192.0.2.3", None)), Edit::Remove(1)]).unwrap();
    assert_eq!(text(&document), "$INCLUDE head.inc\nc 60 A 192.0.2.3\nb A 192.0.2.2\n");
}

/// Changes that cannot be made leave the document as it was.
#[test]
fn impossible_edits_are_refused() {
    let mut document = document(ZONE);
    assert_eq!(document.edit(&[Edit::Remove(0)]), Err(EditError::NotARecord(1)));
    assert_eq!(document.edit(&[Edit::Remove(3), Edit::Remove(3)]), Err(EditError::Twice(5)));
    assert_eq!(document.edit(&[Edit::Remove(99)]), Err(EditError::NoEntry(99)));
    let directive = Edit::InsertText(3, b"$ORIGIN elsewhere.example.org.\n".to_vec());
    assert_eq!(document.edit(&[directive]), Err(EditError::WouldAlter(6)));
    assert_eq!(text(&document), ZONE);
}
