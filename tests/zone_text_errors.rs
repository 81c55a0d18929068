//! A broken zone file says all that is wrong with it at once: file, line, column, what, and what would be right.

use horizon_dns::dns::parse_name;
use horizon_dns::finding::Finding;
use horizon_dns::zone::parse_zone;
use horizon_dns::zone::read_zone;
use std::path::Path;

const HEAD: &str = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.53\n";

fn findings(text: &str) -> Vec<Finding> {
    let origin = parse_name("example.org").unwrap();
    parse_zone(text.as_bytes(), Path::new("example.org.zone"), &origin).map_or_else(|findings| findings, |_| Vec::new())
}

/// Each fault is told at the word that is wrong.
#[test]
fn faults_are_told_where_they_are() {
    let table = [
        ("a number out of range", "a A 192.0.2.256", "1:5 ZONE_DATA", "IPv4 address"),
        ("the third word of the data", "a MX 10 b..c", "1:9 ZONE_DATA", "labels of 1 to 63"),
        ("columns count characters", "ä TXT \"ü\" \\9", "1:11 ZONE_DATA", "three decimal digits"),
        ("a tab is one character", "a\tIN\tFOO x", "1:6 ZONE_TYPE", "TYPE65280"),
        ("a line inside parentheses", "a TXT ( x\n  y ; )\n \\256 )", "3:2 ZONE_DATA", "000 to 255"),
        ("a missing word is told behind the last", "a MX 10", "1:8 ZONE_DATA", "complete the record"),
        ("a word too many", "a A 192.0.2.1 x", "1:15 ZONE_DATA", "remove it"),
        ("an open quote", "a TXT x \"y", "1:9 ZONE_SYNTAX", "close it"),
        ("an open parenthesis", "a TXT ( x", "1:7 ZONE_SYNTAX", "close it with `)`"),
        ("a stray parenthesis", "a TXT x )", "1:9 ZONE_SYNTAX", "remove it"),
        ("a bad owner", "a..b A 192.0.2.1", "1:1 ZONE_NAME", "labels of 1 to 63"),
        ("an owner outside", "www.example.net. A 192.0.2.1", "1:1 OUT_OF_ZONE", "final dot"),
        ("another class", "a CH TXT x", "1:3 ZONE_CLASS", "IN"),
        ("a long TTL", "a 2147483648 A 192.0.2.1", "1:3 ZONE_TTL", "2147483647"),
        ("an unknown directive", "$FOO x", "1:1 ZONE_DIRECTIVE", "$INCLUDE"),
        ("an include from memory", "$INCLUDE x", "1:10 ZONE_INCLUDE", "inside the zones directory"),
        ("a range that counts down", "$GENERATE 5-1 a$ A 192.0.2.$", "1:11 ZONE_GENERATE", "counting up"),
        ("too many generated records", "$GENERATE 0-99999999 a$ A 192.0.2.1", "1:11 ZONE_GENERATE", "smaller range"),
        ("generated data that is wrong", "$GENERATE 255-256 a$ A 192.0.2.$", "1:24 ZONE_DATA", "IPv4"),
        ("a byte order mark", "\u{feff}; x", "1:1 ZONE_SYNTAX", "save it without"),
        ("a carriage return alone", "a TXT x\ry", "1:8 ZONE_SYNTAX", "CR LF"),
        ("generic data of the wrong length", "a TYPE65280 \\# 3 0001", "1:16 ZONE_DATA", "make both agree"),
    ];
    for (why, text, place, right) in table {
        // A mark only counts at the begin of a file.
        let (text, head) =
            if text.starts_with('\u{feff}') { (text.to_owned(), 0) } else { (format!("{HEAD}{text}"), 4) };
        let findings = findings(&text);
        let [finding] = &findings[..] else { panic!("{why}: {findings:?}") };
        let seen = &finding.places[0];
        let found = format!("{}:{} {}", seen.line.unwrap() - head, seen.column.unwrap(), finding.code);
        assert_eq!(found, place, "{why}: {finding}");
        assert!(finding.remedy.contains(right), "{why}: {finding}");
        assert!(finding.refuses, "{why}");
    }
}

/// A file with a broken record among ten thousand tells that one; the good ones are not in the way.
#[test]
fn one_broken_record_among_many_is_found() {
    let mut text = HEAD.to_owned();
    for number in 0..10_000 {
        text.push_str(&format!("h{number} A 192.0.2.{}\n", if number == 7_777 { 256 } else { number % 256 }));
    }
    let findings = findings(&text);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].places[0].to_string(), "example.org.zone:7782:9");
}

/// All errors come at once, the first hundred in full, the rest as a number.
#[test]
fn all_errors_come_at_once() {
    let text = format!("{HEAD}{}", "a A x\n".repeat(250));
    let findings = findings(&text);
    assert_eq!(findings.len(), 101);
    assert_eq!(findings[99].places[0].line, Some(104));
    assert_eq!((&*findings[100].code, &findings[100].what[..]), ("ZONE_MORE_ERRORS", "150 more errors are not shown"));
}

/// A parenthesis that is never closed does not hide the errors below it.
#[test]
fn an_open_parenthesis_hides_nothing() {
    let text = format!("{HEAD}a TXT ( x\nb A 192.0.2.1\nc A 192.0.2.300\n");
    let places: Vec<_> = findings(&text).iter().map(|finding| finding.places[0].line.unwrap()).collect();
    assert_eq!(places, [5, 7]);
}

/// Files are included from below the zones directory only, by a way that ends.
#[test]
fn includes_stay_inside_and_end() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "a A 192.0.2.1\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("zones");
    std::fs::create_dir_all(root.join("sub")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), root.join("link")).unwrap();
    std::fs::write(folder.path().join("beside"), "a A 192.0.2.1\n").unwrap();
    std::fs::write(root.join("sub/good"), "$INCLUDE other\n").unwrap();
    std::fs::write(root.join("sub/other"), "a A 192.0.2.1\nb A 192.0.2.256\n").unwrap();
    std::fs::write(root.join("one"), "$INCLUDE ./two\n").unwrap();
    std::fs::write(root.join("two"), "$INCLUDE sub/../one\n").unwrap();
    for depth in 0..20 {
        std::fs::write(root.join(format!("deep{depth}")), format!("$INCLUDE deep{}\n", depth + 1)).unwrap();
    }
    // Each level includes the next twice: 2^20 files unless they are counted.
    for depth in 0..15 {
        let line = format!("$INCLUDE wide{}\n", depth + 1);
        std::fs::write(root.join(format!("wide{depth}")), line.repeat(2)).unwrap();
    }
    std::fs::write(root.join("wide15"), "").unwrap();
    let table = [
        ("above the directory", "../beside", "zone:5:10", "lies outside the zones directory"),
        ("an absolute path", "/etc/hostname", "zone:5:10", "outside the zones directory"),
        ("a link that leads out", "link", "zone:5:10", "outside the zones directory"),
        ("a folder", "sub", "zone:5:10", "not a plain file"),
        ("a missing file", "gone", "zone:5:10", "gone"),
        ("a device", "/dev/zero", "zone:5:10", "outside the zones directory"),
        ("an error in a file that an included file includes", "sub/good", "zones/sub/other:2:5", "192.0.2.256"),
        ("a circle", "one", "two:1:10", "includes itself"),
        ("too deep", "deep0", "deep15:1:10", "more than 16 deep"),
        ("too many", "wide0", "wide", "more than 1000 files"),
    ];
    let path = root.join("zone");
    for (why, name, place, what) in table {
        std::fs::write(&path, format!("{HEAD}$INCLUDE {name}\n")).unwrap();
        let findings = read_zone(&path, &parse_name("example.org").unwrap(), &root).unwrap_err();
        let finding = &findings[0];
        assert!(finding.places[0].to_string().contains(place), "{why}: {finding}");
        assert!(finding.what.contains(what), "{why}: {finding}");
    }
}

/// Records say which file and line they come from.
#[test]
fn records_know_their_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zone");
    std::fs::write(&path, format!("{HEAD}$INCLUDE more sub\nb A 192.0.2.2\n")).unwrap();
    std::fs::write(folder.path().join("more"), "; first\na A 192.0.2.1\n").unwrap();
    let zone = read_zone(&path, &parse_name("example.org").unwrap(), folder.path()).unwrap();
    let places: Vec<_> = zone.records.iter().map(|record| (record.line.file, record.line.number)).collect();
    assert_eq!(places, [(0, 2), (0, 3), (0, 4), (1, 2), (0, 6)]);
    assert_eq!(zone.files, [path.clone(), folder.path().join("more")]);
}

/// A file that cannot be read is named with the reason of the system.
#[test]
fn unreadable_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone.zone");
    let findings = read_zone(&path, &parse_name("example.org").unwrap(), folder.path()).unwrap_err();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].code, "ZONE_READ");
    assert!(findings[0].to_string().contains("gone.zone"), "{}", findings[0]);
}
