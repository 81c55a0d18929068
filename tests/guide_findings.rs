//! The guide's list of findings holds every code that the program can say, and no other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Words in capitals that are no codes: variables of the environment, and of the build.
const OTHERS: [&str; 7] = [
    "CARGO_PKG_VERSION",
    "LISTEN_FDNAMES",
    "NOTIFY_SOCKET",
    "NO_COLOR",
    "SUDO_USER",
    "XDG_RUNTIME_DIR",
    "WATCHDOG_USEC",
];

/// Each code of the sources is explained, and each that is explained is one of the sources.
#[test]
fn every_finding_is_explained() {
    let mut said = BTreeSet::new();
    sources(Path::new("src"), &mut |text| said.extend(codes(text)));
    OTHERS.iter().for_each(|other| {
        said.remove(*other);
    });
    let guide = fs::read_to_string("packaging/guide/findings.md").unwrap();
    let table = guide.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split(" | ").next());
    let told: Vec<_> = table.flat_map(|cell| cell.split(", ")).map(|code| code.trim_matches('`').to_owned()).collect();
    let explained: BTreeSet<_> = told.iter().cloned().collect();
    assert_eq!(told.len(), explained.len(), "a code is explained twice");
    let missing: Vec<_> = said.difference(&explained).collect();
    assert!(missing.is_empty(), "packaging/guide/findings.md lacks {missing:?}");
    let gone: Vec<_> = explained.difference(&said).collect();
    assert!(gone.is_empty(), "no program says {gone:?} of packaging/guide/findings.md");
    assert!(said.len() > 200, "{}", said.len());
}

fn sources(folder: &Path, look: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            sources(&path, look);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && !name.ends_with("lab.rs") {
            let text = fs::read_to_string(&path).unwrap();
            look(text.split("#[cfg(test)]").next().unwrap());
        }
    }
}

/// Words in quotes, all capitals with an underline between two of them; and, where a finding or a refusal is made, also those
/// of one word.
fn codes(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    let capital = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'_';
    // Every piece between two quotes is looked at, also those that stand outside of a text: they are no such words.
    for word in text.split('"') {
        if word.contains('_') && word.as_bytes()[0].is_ascii_uppercase() && word.bytes().all(capital) {
            codes.push(word.to_owned());
        }
    }
    for made in ["Finding::new(", "Refusal::new("] {
        for rest in text.split(made).skip(1) {
            let Some(code) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            codes.push(code.to_owned());
        }
    }
    codes
}
