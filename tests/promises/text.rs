//! Any octets as zone text.

use horizon_dns::dns::{Name, parse_name};
use horizon_dns::zone::{Document, parse_zone};
use std::path::Path;
use std::sync::OnceLock;

/// A document keeps every octet, reading it never panics, and each error names a line of the text.
pub(crate) fn zone_text(text: &[u8]) {
    static ORIGIN: OnceLock<Name> = OnceLock::new();
    let origin = ORIGIN.get_or_init(|| parse_name("example.org").expect("a name"));
    let path = Path::new("fuzz.zone");
    let document = Document::parse(text.to_vec(), path, origin);
    assert_eq!(document.text(), text, "the document keeps every octet");
    let entries: usize = document.entries().iter().map(|entry| document.text_of(entry).len()).sum();
    assert!(entries <= text.len(), "no octet belongs to two entries");
    let lines = text.split(|octet| *octet == b'\n').count() as u32;
    let findings = match parse_zone(text, path, origin) {
        Ok(zone) => {
            let inside = |owner: &[u8]| owner.len() >= origin.as_slice().len();
            assert!(zone.records.iter().all(|record| inside(record.owner)), "each owner is in the zone");
            zone.findings
        }
        Err(findings) => {
            assert!(!findings.is_empty(), "what refuses a zone says why");
            findings
        }
    };
    for line in findings.iter().flat_map(|finding| &finding.places).filter_map(|place| place.line) {
        assert!((1..=lines).contains(&line), "line {line} of {lines}");
    }
}
