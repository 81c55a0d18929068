//! What is read is written back the same: documents octet for octet, record data of every type, edited zones.

mod zone_text;

use domain::base::Name as DomainName;
use domain::base::Rtype;
use domain::base::rdata::ComposeRecordData;
use domain::zonefile::inplace::Entry as DomainEntry;
use domain::zonefile::inplace::Zonefile;
use horizon_dns::dns::parse_data;
use horizon_dns::dns::parse_name;
use horizon_dns::dns::present_data;
use horizon_dns::dns::present_rtype;
use horizon_dns::zone::Document;
use horizon_dns::zone::Edit;
use horizon_dns::zone::EntryKind;
use horizon_dns::zone::RecordLine;
use horizon_dns::zone::parse_zone;
use std::path::Path;
use zone_text::cases;
use zone_text::random;
use zone_text::random::Random;

fn origin() -> horizon_dns::dns::Name {
    parse_name("example.org").unwrap()
}

fn document(text: &[u8]) -> Document {
    Document::parse(text.to_vec(), Path::new("z"), &origin())
}

/// The entries follow each other without a gap and the octets are those that were read.
fn assert_whole(text: &[u8]) {
    let document = document(text);
    assert_eq!(document.text(), text);
    let mut at = 0;
    let mut line = 1;
    for entry in document.entries() {
        assert_eq!((entry.span.start, entry.line), (at, line));
        assert!(entry.span.end > at);
        line += document.text_of(entry).iter().filter(|&&octet| octet == b'\n').count() as u32;
        at = entry.span.end;
        let _ = document.comment_of(entry);
    }
    assert_eq!(at, text.len());
}

/// Snippets good and bad, random zones and random octets come out as they went in.
#[test]
fn documents_keep_every_octet() {
    for case in cases::agreed().iter().chain(&cases::cases(cases::EXCEPTIONS)) {
        assert_whole(&case.text);
    }
    for seed in 0..50 {
        let mut random = Random::new(seed);
        assert_whole(&random::zone(&mut random, 100));
        let octets: Vec<u8> = (0..2_000).map(|_| random.octet()).collect();
        assert_whole(&octets);
        let marks: Vec<u8> = (0..2_000).map(|_| b"() \t\"\\;\n\r$@.a1"[random.below(14)]).collect();
        assert_whole(&marks);
    }
}

/// The document and the loader find the same records.
#[test]
fn documents_and_the_loader_agree() {
    let mut texts: Vec<_> = cases::agreed().into_iter().map(|case| case.text).collect();
    for seed in 0..20 {
        let text = random::zone(&mut Random::new(seed), 200);
        let lines = text.split_inclusive(|&octet| octet == b'\n').filter(|line| !line.starts_with(b"$GENERATE"));
        texts.push(lines.flatten().copied().collect());
    }
    let mut compared = 0;
    for text in texts {
        let upper = text.to_ascii_uppercase();
        let opens = |word: &[u8]| upper.windows(word.len()).any(|window| window == word);
        if opens(b"$INCLUDE") {
            continue;
        }
        let document = document(&text);
        let loaded = parse_zone(&text, Path::new("z"), &origin());
        let broken = document.findings().cloned().collect::<Vec<_>>();
        match loaded {
            Ok(zone) => {
                assert_eq!(broken, []);
                if opens(b"$GENERATE") {
                    continue;
                }
                let found: Vec<_> = document
                    .records()
                    .map(|(_, record)| (record.owner.as_slice(), record.rtype, record.ttl, &record.data[..]))
                    .collect();
                let expected: Vec<_> =
                    zone.records.iter().map(|record| (record.owner, record.rtype, record.ttl, record.data)).collect();
                assert_eq!(found, expected);
                compared += found.len();
            }
            Err(findings) if !opens(b"$GENERATE") => assert_eq!(broken, findings),
            Err(_) => {}
        }
    }
    assert!(compared > 1_000, "{compared}");
}

/// Data of every type is written as text that reads back as the same octets; nothing panics on data that is wrong.
#[test]
fn data_is_written_and_read_back() {
    let mut random = Random::new(7);
    let mut own_form = std::collections::BTreeSet::new();
    for case in cases::agreed() {
        let Ok(zone) = parse_zone(&case.text, Path::new("z"), &origin()) else { continue };
        for record in zone.records.iter() {
            let mut data = record.data.to_vec();
            let text = present_data(record.rtype, &data);
            assert_eq!(parse_data(record.rtype, &text, &origin()).as_deref(), Ok(&data[..]), "{text}");
            if !text.starts_with("\\#") {
                own_form.insert(present_rtype(record.rtype));
            }
            for _ in 0..40 {
                mutate(&mut random, &mut data);
                assert_read_back(record.rtype, &data);
            }
        }
    }
    let wanted = "SOA NS A AAAA CNAME DNAME PTR MX TXT SPF SRV NAPTR CAA SSHFP TLSA SMIMEA SVCB HTTPS DS DNSKEY CDS CDNSKEY RRSIG \
                  NSEC NSEC3 NSEC3PARAM LOC URI CERT HINFO RP AFSDB KX OPENPGPKEY EUI48 EUI64 APL HIP CSYNC ZONEMD";
    for rtype in wanted.split_whitespace() {
        assert!(own_form.contains(rtype), "{rtype} is only written in generic form");
    }
    for number in (0..400).chain([32_768, 32_769, 65_535]) {
        for _ in 0..60 {
            let length = random.below(40);
            let data: Vec<u8> = (0..length).map(|_| random.octet()).collect();
            assert_read_back(Rtype::from_int(number), &data);
        }
    }
}

/// The text reads back as the data, or is in generic form and refused because the data is wrong for its type.
fn assert_read_back(rtype: Rtype, data: &[u8]) {
    let text = present_data(rtype, data);
    match parse_data(rtype, &text, &origin()) {
        Ok(back) => assert_eq!(back, data, "{text}"),
        Err(error) => assert!(text.starts_with("\\# ") && error.what.starts_with("these octets are no"), "{error}"),
    }
}

fn mutate(random: &mut Random, data: &mut Vec<u8>) {
    let at = random.below(data.len() + 1);
    match random.below(3) {
        0 if at < data.len() => data[at] = random.octet(),
        1 if at < data.len() => {
            data.remove(at);
        }
        _ => data.insert(at, random.octet()),
    }
}

/// What we write, the reader of the `domain` crate reads as the same octets, for the types that it knows.
#[test]
fn another_reader_reads_what_is_written() {
    // Not known to it, or read otherwise: it refuses `no-default-alpn` and keys with their values in quotes.
    let unknown = "SPF LOC URI CERT SMIMEA AFSDB KX CSYNC EUI48 EUI64 APL HIP SVCB HTTPS NID L32 L64 LP DHCID MB MG MR \
                   MINFO RT PX NSAP-PTR KEY";
    let mut compared = 0;
    for case in cases::agreed().iter().filter(|case| case.good) {
        let Ok(zone) = parse_zone(&case.text, Path::new("z"), &origin()) else { continue };
        for record in zone.records.iter() {
            let rtype = present_rtype(record.rtype);
            if unknown.split_whitespace().any(|unknown| unknown == rtype) {
                continue;
            }
            let line = format!("x. 60 IN {rtype} {}\n", present_data(record.rtype, record.data));
            let mut file = Zonefile::from(line.as_bytes());
            file.set_origin(DomainName::root());
            let entry = file.next_entry().unwrap_or_else(|error| panic!("{line}: {error}"));
            let Some(DomainEntry::Record(read)) = entry else { panic!("{line}: no record") };
            let mut wire = Vec::new();
            read.data().compose_rdata(&mut wire).unwrap();
            assert_eq!(wire, record.data, "{line}");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

/// Random edits leave all other records and all other lines as they were.
#[test]
fn edits_change_only_what_they_must() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let text = random::zone(&mut random, 60);
        let before = document(&text);
        let mut edits = Vec::new();
        let mut expected: Vec<RecordLine> = Vec::new();
        let mut touched = std::collections::BTreeSet::new();
        for (index, entry) in before.entries().iter().enumerate() {
            if random.below(8) == 0 {
                let line = new_line(&mut random, seed as usize * 1_000 + index);
                edits.push(Edit::Insert(index, line.clone()));
                expected.push(line);
            }
            let EntryKind::Record(record) = &entry.kind else { continue };
            let same = RecordLine {
                owner: record.owner.clone(),
                ttl: record.ttl,
                rtype: record.rtype,
                data: record.data.clone(),
                comment: None,
            };
            match random.below(8) {
                0 if record.rtype != Rtype::SOA => {
                    edits.push(Edit::Remove(index));
                    touched.insert(index);
                }
                1 => {
                    let line = new_line(&mut random, index);
                    edits.push(Edit::Replace(index, line.clone()));
                    expected.push(line);
                    touched.insert(index);
                }
                _ => expected.push(same),
            }
        }
        let mut after = before.clone();
        after.edit(&edits).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let found: Vec<_> = after
            .records()
            .map(|(_, record)| (record.owner.clone(), record.ttl, record.rtype, record.data.clone()))
            .collect();
        let wanted: Vec<_> = expected.into_iter().map(|line| (line.owner, line.ttl, line.rtype, line.data)).collect();
        assert_eq!(found, wanted, "seed {seed}");
        // A kept line changes only where it inherited its owner or TTL.
        for (index, entry) in before.entries().iter().enumerate().filter(|(index, _)| !touched.contains(index)) {
            let inherits =
                matches!(&entry.kind, EntryKind::Record(record) if !record.owner_written || !record.ttl_written);
            let octets = before.text_of(entry);
            let kept = after.text().windows(octets.len()).any(|window| window == octets);
            assert!(kept || inherits, "seed {seed}, entry {index}: {}", String::from_utf8_lossy(octets));
        }
    }
}

fn new_line(random: &mut Random, number: usize) -> RecordLine {
    let owner: &str = random.pick(&["new.example.org", "example.org", "a.b.sub.example.org", "n1.example.org"]);
    let data = format!("TXT-{number}");
    RecordLine {
        owner: parse_name(owner).unwrap(),
        ttl: [60, 3_600, 77][random.below(3)],
        rtype: Rtype::TXT,
        data: parse_data(Rtype::TXT, &data, &origin()).unwrap(),
        comment: (random.below(2) == 0).then(|| "from lxc/103 traefik_service".to_owned()),
    }
}

/// Edits that say what is there already change nothing.
#[test]
fn equal_edits_change_nothing() {
    for seed in 0..20 {
        let text = random::zone(&mut Random::new(seed), 60);
        let before = document(&text);
        let mut edits = Vec::new();
        for (index, record) in before.records() {
            let comment = before.comment_of(&before.entries()[index]);
            edits.push(Edit::Replace(
                index,
                RecordLine {
                    owner: record.owner.clone(),
                    ttl: record.ttl,
                    rtype: record.rtype,
                    data: record.data.clone(),
                    comment: comment.map(|comment| String::from_utf8(comment.to_vec()).unwrap()),
                },
            ));
        }
        let mut after = before.clone();
        after.edit(&edits).unwrap();
        assert_eq!(after.text(), &text[..], "seed {seed}");
    }
}
