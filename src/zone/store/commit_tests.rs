//! What a change, an undo and a look back promise.

use super::lab::{Lab, bare, commit, raised, to, undo, zone};
use super::step::injected::{Fate, forbid_exchange, plan};
use super::{NewChange, NewText, Recovered, Store, StoreError, UndoError};
use crate::files::FileError;
use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

const A: &str = "in/a.zone";
const B: &str = "out/b.zone";

/// A change of several files is in all of them and in the history; nothing is left beside them.
#[test]
fn a_change_is_in_all_its_files_and_in_the_history() {
    let lab = Lab::new();
    let (old, new) = (zone(1, &["www A 192.0.2.1"]), zone(2, &["www A 192.0.2.2"]));
    lab.write(A, &old);
    fs::set_permissions(lab.path(A), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.zone", lab.path("in/link.zone")).unwrap();
    let mut store = lab.open();
    let made = commit(&mut store, &[("in/link.zone", Some(&new)), (B, Some(&new))]).unwrap();
    assert_eq!((made.id, made.files.len()), (1, 2));
    assert_eq!((lab.read(A).unwrap(), lab.read(B).unwrap()), (new.clone(), new.clone()));
    assert_eq!(fs::metadata(lab.path(A)).unwrap().mode() & 0o7777, 0o640);
    assert!(fs::symlink_metadata(lab.path("in/link.zone")).unwrap().is_symlink());
    let hunk = &made.files[0].hunks.as_ref().unwrap()[0];
    assert_eq!((hunk.line, &*hunk.old, &*hunk.new), (4, &b"www A 192.0.2.1\n"[..], &b"www A 192.0.2.2\n"[..]));
    drop(store);
    assert_eq!(lab.listing(), [A, "in/link.zone", B]);

    let (store, recovered) = Store::open(lab.folder.path()).unwrap();
    assert_eq!(recovered, []);
    assert_eq!(store.change(1).unwrap(), made);
    assert_eq!(store.changes().map(|head| head.id).collect::<Vec<_>>(), [1]);
}

/// Each refusal leaves files and history as they were.
#[test]
fn a_refused_change_changes_nothing() {
    let lab = Lab::new();
    lab.write(A, "a\n");
    symlink("a.zone", lab.path("in/link.zone")).unwrap();
    let mut store = lab.open();
    let text = |file: &str, before: Option<&str>, after: Option<&str>| NewText {
        path: PathBuf::from(file),
        before: before.map(|text| text.as_bytes().to_vec()),
        after: after.map(|text| text.as_bytes().to_vec()),
    };
    let b = || text(B, None, Some("b\n"));
    let table: Vec<(&str, Vec<NewText>)> = vec![
        ("Conflict", vec![b(), text(A, Some("other\n"), Some("new\n"))]),
        ("Conflict", vec![b(), text(A, None, Some("new\n"))]),
        ("Conflict", vec![b(), text("in/c.zone", Some("x\n"), None)]),
        ("NotBelow", vec![b(), text("../a.zone", None, Some("new\n"))]),
        ("NotBelow", vec![b(), text(".history/journal", None, Some("new\n"))]),
        ("NotBelow", vec![b(), text("/etc/a.zone", None, Some("new\n"))]),
        ("SameFile", vec![text(A, Some("a\n"), Some("b\n")), text("in/link.zone", Some("a\n"), Some("b\n"))]),
        ("Nothing", vec![text(A, Some("a\n"), Some("a\n"))]),
    ];
    for (expected, texts) in table {
        let error = store.commit(NewChange::default(), texts).unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?} is not {expected}");
        assert_eq!(lab.listing(), [A, "in/link.zone"]);
        assert_eq!((lab.read(A).unwrap().as_str(), store.changes().count()), ("a\n", 0));
    }
}

/// A person's save in the middle of a change is never lost, whatever the moment: the change is refused.
#[test]
fn a_save_at_any_moment_wins() {
    thread_local!(static SAVED: RefCell<PathBuf> = const { RefCell::new(PathBuf::new()) });
    fn saves() {
        SAVED.with_borrow(|path| fs::write(path, "saved\n").unwrap());
    }
    for plain in [false, true] {
        for (name, before, after) in [
            ("replace", Some("old\n"), Some("new\n")),
            ("create", None, Some("new\n")),
            ("remove", Some("old\n"), None),
        ] {
            let mut refused = 0;
            for step in 0.. {
                let lab = Lab::new();
                lab.write(A, "a\n");
                if let Some(before) = before {
                    lab.write(B, before);
                }
                let mut store = lab.open();
                // An editor makes a new file and renames it; that is another file than the one that is being switched.
                SAVED.set(lab.path(B));
                let texts = vec![to(&store, A, Some("A\n")), to(&store, B, after)];
                forbid_exchange(plain);
                plan(Some((step, Fate::Saves(saves))));
                let made = store.commit(NewChange::default(), texts);
                let came = super::step::injected::seen() > step;
                plan(None);
                forbid_exchange(false);
                let what = format!("{name}, step {step}, exchange {}", !plain);
                assert_eq!(lab.read(B).as_deref(), if came { Some("saved\n") } else { after }, "{what}");
                match made {
                    Ok(_) => assert_eq!(lab.read(A).unwrap(), "A\n", "{what}"),
                    Err(StoreError::Conflict { path }) => {
                        refused += 1;
                        assert_eq!((path, lab.read(A).unwrap().as_str()), (lab.path(B), "a\n"), "{what}");
                        assert_eq!(store.changes().count(), 0, "{what}");
                        assert_eq!(lab.listing(), [A, B], "{what}");
                    }
                    Err(other) => panic!("{what}: {other}"),
                }
                if !came {
                    break;
                }
            }
            assert!(refused > 3, "{name}: refused {refused} times");
        }
    }
}

/// An editor that had the file open before the change and writes into it afterwards, whatever the moment: the change is
/// refused or goes back, and what was written is in the file.
#[test]
fn a_write_into_the_old_file_is_kept() {
    thread_local!(static OPEN: RefCell<Option<fs::File>> = const { RefCell::new(None) });
    fn writes() {
        OPEN.with_borrow_mut(|open| open.as_mut().unwrap().write_all(b"late\n").unwrap());
    }
    for after in [Some("new\n"), None] {
        let mut refused = 0;
        for step in 0.. {
            let lab = Lab::new();
            lab.write(A, "a\n");
            lab.write(B, "old\n");
            let mut store = lab.open();
            OPEN.set(Some(fs::File::options().append(true).open(lab.path(B)).unwrap()));
            let texts = vec![to(&store, A, Some("A\n")), to(&store, B, after)];
            plan(Some((step, Fate::Saves(writes))));
            let made = store.commit(NewChange::default(), texts);
            let came = super::step::injected::seen() > step;
            plan(None);
            let what = format!("{after:?}, step {step}");
            match made {
                Ok(change) => {
                    if !came {
                        store.untouched(change.id).unwrap();
                        writes();
                    }
                    // As the server does it before the change is acknowledged.
                    let StoreError::Conflict { path } = store.untouched(change.id).unwrap_err() else {
                        panic!("{what}")
                    };
                    assert_eq!(path, lab.path(B), "{what}");
                    store.take_back(change.id).unwrap();
                }
                Err(StoreError::Conflict { path }) => {
                    refused += 1;
                    assert_eq!(path, lab.path(B), "{what}");
                }
                Err(other) => panic!("{what}: {other}"),
            }
            assert_eq!(lab.read(B).as_deref(), Some("old\nlate\n"), "{what}");
            assert_eq!(lab.read(A).as_deref(), Some("a\n"), "{what}");
            store.settle().unwrap();
            assert_eq!(lab.listing(), [A, B], "{what}");
            if !came {
                break;
            }
        }
        assert!(refused > 3, "{after:?}: refused {refused} times");
    }
}

/// The newest change goes back at once, and the journal says so; also without what lay beside the files.
#[test]
fn the_newest_change_is_taken_back() {
    for reopened in [false, true] {
        let lab = Lab::new();
        lab.write(A, &zone(1, &["a"]));
        lab.write("in/gone.zone", "gone\n");
        let mut store = lab.open();
        let new = zone(2, &["b"]);
        commit(&mut store, &[(A, Some(&new)), (B, Some("b\n")), ("in/gone.zone", None)]).unwrap();
        if reopened {
            drop(store);
            store = lab.open();
        }
        store.take_back(1).unwrap();
        let check = |store: &Store| {
            assert_eq!(lab.read(A).unwrap(), zone(1, &["a"]));
            assert_eq!(lab.listing(), [A, "in/gone.zone"]);
            assert!(store.head(1).unwrap().taken_back);
            assert!(matches!(store.undo(1), Err(UndoError::TakenBack { id: 1 })));
        };
        check(&store);
        assert!(matches!(store.take_back(1), Err(StoreError::NotNewest { id: 1 })));
        drop(store);
        let mut store = lab.open();
        check(&store);
        assert_eq!(commit(&mut store, &[(A, Some(&new))]).unwrap().id, 2);
        lab.write(A, "somebody's\n");
        assert!(matches!(store.take_back(2), Err(StoreError::Conflict { .. })));
        assert_eq!(lab.read(A).unwrap(), "somebody's\n");
    }
}

/// Exactly one change is taken back, not those before or after it, and not the serial.
#[test]
fn undo_takes_back_one_change() {
    let lab = Lab::new();
    lab.write(A, &zone(1, &["a", "b", "c"]));
    let mut store = lab.open();
    let step = |store: &mut Store, serial, lines: &[&str]| {
        commit(store, &[(A, Some(&zone(serial, lines)))]).unwrap();
    };
    step(&mut store, 2, &["a", "B", "c"]);
    step(&mut store, 3, &["a", "B", "c", "d"]);
    step(&mut store, 4, &["a", "B2", "c", "d"]);
    match store.undo(1) {
        Err(error @ UndoError::Later { .. }) => assert_eq!(
            error.to_string(),
            "change 1 cannot be undone: the later change 3 touches the same lines; undo it first"
        ),
        other => panic!("{other:?}"),
    }
    let undone = store.undo(2).unwrap();
    assert_eq!(undone[0].after.as_deref(), Some(zone(4, &["a", "B2", "c"]).as_bytes()));
    undo(&mut store, 3);
    assert!(matches!(store.undo(3), Err(UndoError::AlreadyUndone { id: 3, by: 4 })));
    undo(&mut store, 1);
    assert_eq!(lab.read(A).unwrap(), zone(6, &["a", "b", "c", "d"]));
    undo(&mut store, 5);
    assert_eq!(lab.read(A).unwrap(), zone(7, &["a", "B", "c", "d"]), "undoing an undo makes the change again");
    assert_eq!(store.head(1).unwrap().undone_by, None);
    drop(store);
    let mut store = lab.open();
    undo(&mut store, 1);
    undo(&mut store, 2);
    assert_eq!(lab.read(A).unwrap(), zone(9, &["a", "b", "c"]));
    assert!(matches!(store.undo(77), Err(UndoError::Unknown { id: 77 })));
}

/// Removed neighbours come back in their order, in whatever order that is asked for.
#[test]
fn neighbours_come_back_in_their_order() {
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let lab = Lab::new();
        lab.write(A, "l\nx\ny\nz\n");
        let mut store = lab.open();
        for text in ["l\nx\nz\n", "l\nz\n", "l\n"] {
            commit(&mut store, &[(A, Some(text))]).unwrap();
        }
        for id in order {
            undo(&mut store, id);
        }
        assert_eq!(lab.read(A).unwrap(), "l\nx\ny\nz\n", "{order:?}");
    }
}

/// What the file was after each change and at each time can be told, across edits beside the store.
#[test]
fn earlier_texts_can_be_told() {
    let lab = Lab::new();
    let mut texts = vec![zone(1, &["a"])];
    lab.write(A, &texts[0]);
    let mut store = lab.open();
    assert!(matches!(store.text_after(&lab.path(A), 0), Err(StoreError::BeforeHistory { .. })));
    assert!(store.notice(&lab.path(A), Some(texts[0].as_bytes())).unwrap().is_none());
    for number in 1..12_u64 {
        let text = zone(number * 7, &["a", &format!("n{number}"), "z"][..2 + number as usize % 2]);
        if number % 3 == 0 {
            lab.write(A, &text);
            let noticed = store.notice(&lab.path(A), Some(text.as_bytes())).unwrap().unwrap();
            assert!(noticed.outside && noticed.files[0].hunks.is_some());
        } else {
            commit(&mut store, &[(A, Some(&text))]).unwrap();
        }
        texts.push(text);
    }
    commit(&mut store, &[(A, None)]).unwrap();
    drop(store);
    let store = lab.open();
    for (id, text) in texts.iter().enumerate() {
        let told = store.text_after(&lab.path(A), id as u64).unwrap();
        assert_eq!(told.as_deref(), Some(text.as_bytes()), "after {id}");
    }
    assert_eq!(store.text_after(&lab.path(A), 12).unwrap(), None);
    assert_eq!(store.text_at(&lab.path(A), u64::MAX).unwrap(), None);
    assert!(matches!(store.text_at(&lab.path(A), 5), Err(StoreError::BeforeHistory { .. })));
}

/// An outside edit stands in the way like any other, and one whose text before is lost ends the history.
#[test]
fn outside_edits_are_part_of_the_history() {
    let lab = Lab::new();
    lab.write(A, "a\nb\n");
    let mut store = lab.open();
    store.notice(&lab.path(A), Some(b"a\nb\n")).unwrap();
    commit(&mut store, &[(A, Some("a\nB\n"))]).unwrap();
    lab.write(A, "a\nB!\n");
    assert!(matches!(store.undo(1), Err(UndoError::Store { error: StoreError::Unnoticed { .. }, .. })));
    assert!(store.notice(&lab.path(A), Some(b"a\nB!\n")).unwrap().unwrap().outside);
    let error = store.undo(1).unwrap_err().to_string();
    assert!(error.contains("later change 2 (an edit beside the server) touches"), "{error}");
    undo(&mut store, 2);
    undo(&mut store, 1);
    assert_eq!(lab.read(A).unwrap(), "a\nb\n");

    drop(store);
    fs::remove_dir_all(lab.path(".history/known")).unwrap();
    lab.write(A, "lost\n");
    let mut store = lab.open();
    // Not told by anybody: the commit itself sees it.
    let made = commit(&mut store, &[(A, Some("lost\nmore\n"))]).unwrap();
    assert_eq!((made.id, store.change(5).unwrap().files[0].hunks.clone()), (6, None));
    assert_eq!(store.text_after(&lab.path(A), 5).unwrap().as_deref(), Some(&b"lost\n"[..]));
    assert!(matches!(store.text_after(&lab.path(A), 4), Err(StoreError::Opaque { id: 5, .. })));
    undo(&mut store, 6);
}

/// A change that waits to be confirmed waits across restarts.
#[test]
fn waiting_changes_are_remembered() {
    let lab = Lab::new();
    let mut store = lab.open();
    for name in ["in/1.zone", "in/2.zone", "in/3.zone", "in/4.zone"] {
        let asked = NewChange { reverts_at: Some(99), ..NewChange::default() };
        let texts = vec![to(&store, name, Some("x\n"))];
        store.commit(asked, texts).unwrap();
    }
    store.take_back(4).unwrap();
    store.confirm(2).unwrap();
    undo(&mut store, 3);
    drop(store);
    let store = lab.open();
    assert_eq!(store.waiting().iter().map(|head| (head.id, head.reverts_at)).collect::<Vec<_>>(), [(1, Some(99))]);
}

/// One process edits at a time; the other is told who.
#[test]
fn a_second_store_is_told_who_has_the_lock() {
    let lab = Lab::new();
    let _store = lab.open();
    match Store::open(lab.folder.path()) {
        Err(StoreError::File(FileError::Locked { holder, .. })) => assert_eq!(holder, Some(std::process::id())),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

/// What a crash left beside files is removed; other hidden files are not.
#[test]
fn left_overs_are_removed() {
    let lab = Lab::new();
    lab.write(A, "a\n");
    lab.write("in/.a.zone.change-1.tmp", "x");
    lab.write("in/.hidden", "x");
    let (_, recovered) = Store::open(lab.folder.path()).unwrap();
    assert_eq!(recovered, [Recovered::Removed { path: lab.path("in/.a.zone.change-1.tmp") }]);
    assert_eq!(lab.listing(), ["in/.hidden", A]);
}

/// Text that is no UTF-8 comes back octet for octet, and a serial is never put back.
#[test]
fn octets_and_serials_are_kept() {
    let lab = Lab::new();
    let mut text = zone(7, &["a"]).into_bytes();
    text.extend(b"; \xff\xfe \x80\n");
    fs::write(lab.path(A), &text).unwrap();
    let mut store = lab.open();
    let after = raised([&text[..], b"; \x81 more"].concat());
    let change = NewText { path: A.into(), before: Some(text.clone()), after: Some(after) };
    store.commit(NewChange::default(), vec![change]).unwrap();
    let back = store.undo(1).unwrap();
    assert_eq!(back[0].after, Some(raised(text.clone())));
    assert_eq!(store.text_after(&lab.path(A), 0).unwrap(), Some(text.clone()));
    assert_eq!(bare(back[0].after.as_deref()), bare(Some(&text)));
}
