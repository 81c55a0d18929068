//! Long histories and large files; the times are printed, for they are those of an unoptimised build on a shared machine.

use super::change::{Change, FileChange, Stamp};
use super::history::Line;
use super::hunk::Hunk;
use super::journal::Journal;
use super::lab::{Lab, undo};
use super::{NewChange, NewText, body::Body};
use std::fs;
use std::time::Instant;

/// A history of 20,000 changes is opened at once, and any of them is found.
#[test]
fn a_long_history_opens() {
    let lab = Lab::new();
    drop(lab.open());
    let texts: Vec<_> = (0..2).map(|n| super::lab::zone(n, &[&format!("www A 192.0.2.{n}")])).collect();
    let stamps: Vec<_> = texts.iter().map(|text| Stamp::of(&Body::of(text.as_bytes()))).collect();
    let line = |id: u64| {
        let hunk = |n: u64| format!("www A 192.0.2.{}\n", n % 2).into_bytes();
        let file = FileChange {
            path: format!("in/{}.zone", id / 2 % 50),
            before: Some(stamps[id as usize % 2].clone()),
            after: Some(stamps[(id as usize + 1) % 2].clone()),
            hunks: Some(vec![Hunk { line: 4, at: 60, old: hunk(id), new: hunk(id + 1) }]),
        };
        let asked = NewChange { user: "root".to_owned(), reason: Some("one more".to_owned()), ..NewChange::default() };
        let change = Change { id, at: 1_700_000_000 + id, asked, outside: false, exact: false, files: vec![file] };
        Line { change: Some(&change), ..Line::default() }.octets().unwrap()
    };
    let lines: Vec<_> = (1..=20_000).map(line).collect();
    let journal = lab.path(".history/journal");
    Journal::open(&journal, |_, _| Ok(())).unwrap().0.append(&lines).unwrap();
    // The newest one is looked at for a crash.
    fs::write(lab.path("in/0.zone"), &texts[1]).unwrap();
    let start = Instant::now();
    let store = lab.open();
    println!("opened in {:?}, {} octets", start.elapsed(), fs::metadata(&journal).unwrap().len());
    assert_eq!(store.changes().count(), 20_000);
    let start = Instant::now();
    assert_eq!(store.change(7_777).unwrap().at, 1_700_007_777);
    println!("one read in {:?}", start.elapsed());
}

/// One line of a large file: the history holds that line, and the change is undone and looked back over.
#[test]
fn one_line_of_a_large_file_is_one_line_of_history() {
    let lab = Lab::new();
    let mut lines: Vec<String> = (0..100_000).map(|n| format!("host{n} IN A 192.0.2.{}", n % 250)).collect();
    let text = |serial: u64, lines: &[String]| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        super::lab::zone(serial, &lines).into_bytes()
    };
    let first = text(1, &lines);
    fs::write(lab.path("in/a.zone"), &first).unwrap();
    let mut store = lab.open();
    store.notice(&lab.path("in/a.zone"), Some(&first)).unwrap();
    lines[50_000] = "host50000 IN A 198.51.100.1".to_owned();
    let second = text(2, &lines);
    let texts = vec![NewText { path: "in/a.zone".into(), before: Some(first.clone()), after: Some(second) }];
    let start = Instant::now();
    let made = store.commit(NewChange::default(), texts).unwrap();
    println!("{} octets committed in {:?}", first.len(), start.elapsed());
    assert_eq!(made.files[0].hunks.as_ref().unwrap().len(), 1);
    assert!(fs::metadata(lab.path(".history/journal")).unwrap().len() < 2000);
    let start = Instant::now();
    assert!(store.text_after(&lab.path("in/a.zone"), 0).unwrap().as_ref() == Some(&first));
    undo(&mut store, 1);
    println!("looked back and undone in {:?}", start.elapsed());
    lines[50_000] = format!("host50000 IN A 192.0.2.{}", 50_000 % 250);
    assert!(fs::read(lab.path("in/a.zone")).unwrap() == text(3, &lines));
}
