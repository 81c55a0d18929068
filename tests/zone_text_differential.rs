//! Zone text means to Horizon what it means to BIND: snippets and random zones through both, compared octet for octet.

mod zone_text;

use horizon_dns::dns::parse_name;
use horizon_dns::zone::check_zone;
use horizon_dns::zone::read_zone;
use std::path::Path;
use zone_text::bind;
use zone_text::bind::Row;
use zone_text::cases;
use zone_text::random;
use zone_text::random::Random;

/// A folder with the files that snippets include.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("plain.inc", include_str!("zone_text/include/plain.inc")),
        ("origin.inc", include_str!("zone_text/include/origin.inc")),
        ("nested.inc", include_str!("zone_text/include/nested.inc")),
        ("ttl.inc", include_str!("zone_text/include/ttl.inc")),
        ("head.inc", include_str!("zone_text/include/head.inc")),
        ("last.inc", include_str!("zone_text/include/last.inc")),
        ("empty.inc", include_str!("zone_text/include/empty.inc")),
        ("broken.inc", include_str!("zone_text/include/broken.inc")),
        ("loop.inc", include_str!("zone_text/include/loop.inc")),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Our reading: the records sorted and each once, or the findings that refuse the zone.
fn ours(text: &[u8], folder: &Path) -> Result<Vec<Row>, String> {
    let path = folder.join("ours.txt");
    std::fs::write(&path, text).unwrap();
    let show = |findings: Vec<horizon_dns::finding::Finding>| {
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let zone = read_zone(&path, &parse_name("example.org").unwrap(), folder).map_err(show)?;
    let mut findings = check_zone(&zone.records, &zone.files);
    findings.retain(|finding| finding.refuses);
    if !findings.is_empty() {
        return Err(show(findings));
    }
    let row = |record: horizon_dns::zone::Record<'_>| {
        (record.owner.to_ascii_lowercase(), record.rtype.to_int(), record.data.to_vec(), record.ttl)
    };
    let mut rows: Vec<Row> = zone.records.iter().map(row).collect();
    rows.sort();
    rows.dedup();
    Ok(rows)
}

fn shown(rows: &Result<Vec<Row>, String>) -> String {
    match rows {
        Err(error) => format!("  refused: {error}"),
        Ok(rows) => {
            let line = |(owner, rtype, data, ttl): &Row| {
                let rtype = horizon_dns::dns::Rtype::from_int(*rtype);
                format!(
                    "  {} {ttl} {} {}",
                    horizon_dns::dns::present_name(owner),
                    horizon_dns::dns::present_rtype(rtype),
                    horizon_dns::dns::present_data(rtype, data)
                )
            };
            rows.iter().filter(|row| row.1 != 6).map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

fn same(ours: &Result<Vec<Row>, String>, theirs: &Result<Vec<Row>, String>) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// Every snippet loads with the same records in both, or both refuse it.
#[test]
fn snippets_mean_the_same_to_both() {
    let folder = folder();
    let cases = cases::agreed();
    assert!(cases.len() >= 150, "{} snippets", cases.len());
    let mut faults = Vec::new();
    for case in &cases {
        let theirs = bind::compile(&case.text, "example.org", folder.path());
        let ours = ours(&case.text, folder.path());
        if ours.is_ok() != case.good || !same(&ours, &theirs) {
            let text = String::from_utf8_lossy(&case.text).into_owned();
            faults.push(format!("# {}\n{text}\nours:\n{}\nBIND:\n{}\n", case.why, shown(&ours), shown(&theirs)));
        }
    }
    println!("{} snippets", cases.len());
    assert!(faults.is_empty(), "{} of {} differ:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Each exception has a reason and still differs; one that no longer does must go to the other snippets.
#[test]
fn exceptions_still_differ() {
    let folder = folder();
    for case in cases::cases(cases::EXCEPTIONS) {
        assert!(case.why.contains(" | "), "no reason: {}", case.why);
        let theirs = bind::compile(&case.text, "example.org", folder.path());
        let ours = ours(&case.text, folder.path());
        assert_eq!(ours.is_ok(), case.good, "{}\nours:\n{}", case.why, shown(&ours));
        // Debian's updates bring both to machines that run this.
        let either = case.why.contains("| newer BIND");
        assert!(either || !same(&ours, &theirs), "no longer differs, move it: {}\n{}", case.why, shown(&ours));
    }
}

/// Random zones have the same records in both.
#[test]
fn random_zones_mean_the_same_to_both() {
    let folder = folder();
    let mut records = 0;
    for seed in 0..40 {
        let text = random::zone(&mut Random::new(seed), 300);
        let theirs = bind::compile(&text, "example.org", folder.path());
        let ours = ours(&text, folder.path());
        if let (Ok(ours), Ok(theirs)) = (&ours, &theirs) {
            let only_ours = ours.iter().filter(|row| !theirs.contains(row)).cloned().collect();
            let only_theirs = theirs.iter().filter(|row| !ours.contains(row)).cloned().collect();
            let (left, right) = (shown(&Ok(only_ours)), shown(&Ok(only_theirs)));
            assert!(ours == theirs, "seed {seed}: only ours:\n{left}\nonly BIND:\n{right}");
            records += ours.len();
        } else {
            panic!("seed {seed}\nours: {}\nBIND: {}", shown(&ours.map(|_| vec![])), shown(&theirs.map(|_| vec![])));
        }
    }
    println!("{records} records");
}
