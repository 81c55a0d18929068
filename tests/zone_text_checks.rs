//! Checks of a zone as a whole: what refuses a zone, what is only warned of, and what is fine.

use horizon_dns::dns::parse_name;
use horizon_dns::zone::check_zone;
use horizon_dns::zone::parse_zone;
use std::path::Path;

const HEAD: &str = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.53\n";

/// Code, severity initial and places of each finding, in order.
fn check(text: &str) -> Vec<String> {
    let zone = parse_zone(text.as_bytes(), Path::new("z"), &parse_name("example.org").unwrap()).unwrap();
    let findings = check_zone(&zone.records, &zone.files);
    let show = |finding: &horizon_dns::finding::Finding| {
        let lines: Vec<_> =
            finding.places.iter().map(|place| place.line.map_or("-".to_owned(), |line| line.to_string())).collect();
        assert_eq!(finding.refuses, finding.severity == horizon_dns::finding::Severity::Error);
        format!("{} {} {} {}", finding.severity, finding.code, finding.subject, lines.join(","))
    };
    findings.iter().map(show).collect()
}

/// One fact a line; lines count from the first behind the head.
#[test]
fn zones_are_checked_as_a_whole() {
    let table: &[(&str, &str, &[&str])] = &[
        ("a plain zone is fine", "a A 192.0.2.1\nb CNAME a\nc MX 0 .", &[]),
        ("a CNAME with its proofs is fine", "a CNAME b\na NSEC b CNAME\na RRSIG CNAME 13 3 60 1 1 1 . AQID", &[]),
        ("a CNAME beside an address", "a CNAME b\nA A 192.0.2.1", &["error CNAME_NOT_ALONE a.example.org 5,6"]),
        ("two CNAMEs", "a CNAME b\na CNAME c", &["error SEVERAL_CNAMES a.example.org 5,6"]),
        (
            "the same CNAME twice is only a duplicate",
            "a CNAME b\na CNAME b",
            &["warning DUPLICATE_RECORD a.example.org 6,5"],
        ),
        ("a CNAME at the apex", "@ CNAME b", &["error CNAME_NOT_ALONE example.org 5,2,3"]),
        ("two DNAMEs", "a DNAME b\na DNAME c", &["error SEVERAL_DNAMES a.example.org 5,6"]),
        ("data beside a DNAME is fine", "a DNAME b\na TXT x", &[]),
        ("data below a DNAME", "a DNAME b\nx.y.a TXT x", &["error BELOW_DNAME x.y.a.example.org 6,5"]),
        ("a second SOA", "@ SOA ns h 2 2 3 4 5", &["error SEVERAL_SOAS example.org 2,5"]),
        ("a SOA below", "a SOA ns h 2 2 3 4 5", &["error SOA_NOT_AT_APEX a.example.org 5"]),
        (
            "the same record twice, in another case",
            "a A 192.0.2.1\nA A 192.0.2.1",
            &["warning DUPLICATE_RECORD a.example.org 6,5"],
        ),
        ("different TTLs", "a 5 A 192.0.2.1\na 6 A 192.0.2.2", &["warning MIXED_TTLS a.example.org 6"]),
        ("different TTLs of different types are fine", "a 5 A 192.0.2.1\na 6 TXT x", &[]),
        ("a delegation elsewhere", "s NS ns.example.net.", &[]),
        ("a delegation with glue", "s NS ns.s\nns.s A 192.0.2.1", &[]),
        ("a delegation whose server is its own name", "s NS s\ns A 192.0.2.1", &[]),
        ("a delegation without glue", "s NS ns.s", &["warning GLUE_MISSING s.example.org 5"]),
        ("a delegation with its DS", "s NS ns.example.net.\ns DS 1 8 9 00", &[]),
        ("data at a delegation", "s NS ns.example.net.\ns TXT x", &["warning OCCLUDED s.example.org 6,5"]),
        ("data below a delegation", "s NS ns.example.net.\nx.s TXT x", &["warning OCCLUDED x.s.example.org 6,5"]),
        (
            "an address below that is no glue",
            "s NS ns.example.net.\nx.s A 192.0.2.1",
            &["warning OCCLUDED x.s.example.org 6,5"],
        ),
        (
            "a delegation below a delegation",
            "s NS ns.example.net.\nt.s NS ns.example.net.",
            &["warning OCCLUDED t.s.example.org 6,5"],
        ),
        ("NS at a wildcard", "*.s NS ns.example.net.", &["warning WILDCARD_NS *.s.example.org 5"]),
        (
            "a final dot forgotten",
            "www.example.org A 192.0.2.1",
            &["warning DOUBLED_ORIGIN www.example.org.example.org 5"],
        ),
        ("MX to an alias", "a CNAME ns\n@ MX 1 a", &["warning TARGET_IS_CNAME example.org 6"]),
        ("MX to nothing", "@ MX 1 gone", &["warning TARGET_MISSING example.org 5"]),
        ("SRV to nothing", "_x._tcp SRV 1 1 1 gone", &["warning TARGET_MISSING _x._tcp.example.org 5"]),
        ("NS to nothing", "@ NS gone", &["warning TARGET_MISSING example.org 5"]),
        ("MX that a wildcard covers", "*.w A 192.0.2.1\n@ MX 1 x.w", &[]),
        ("MX below a delegation", "s NS ns.example.net.\n@ MX 1 x.s", &[]),
        ("MX below a DNAME", "d DNAME example.net.\n@ MX 1 x.d", &["warning TARGET_IS_CNAME example.org 6"]),
    ];
    for (why, text, expected) in table {
        assert_eq!(check(&format!("{HEAD}{text}\n")), *expected, "{why}");
    }
}

/// A zone needs a SOA and name servers at its apex.
#[test]
fn the_apex_is_needed() {
    assert_eq!(check(""), ["error NO_SOA example.org -", "error NO_APEX_NS example.org -"]);
    assert_eq!(check("@ 1 SOA . . 1 2 3 4 5\n"), ["error NO_APEX_NS example.org -"]);
    assert_eq!(
        check("a 1 SOA . . 1 2 3 4 5\n@ 1 NS x.\n"),
        ["error NO_SOA example.org -", "error SOA_NOT_AT_APEX a.example.org 1"]
    );
}

/// Findings of one kind are counted after the first hundred.
#[test]
fn findings_of_one_kind_are_counted() {
    let mut text = HEAD.to_owned();
    for number in 0..150 {
        text.push_str(&format!("m{number} MX 1 gone{number}\n"));
    }
    let findings = check(&text);
    assert_eq!(findings.len(), 101);
}
