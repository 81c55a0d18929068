//! A disk that is full at any moment, and files and folders that may not be written: real ones, in a mount namespace.

use super::crash_tests::{is_whole, killed_at};
use super::lab::zone;
use super::step::injected::{Fate, plan, seen};
use super::{NewChange, NewText, Store};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Tells the child in the namespace what to try and where.
const ORDER: &str = "HORIZON_STORE_DISK";

/// Runs a test of this file with a small file system of its own; false, said aloud, where that cannot be made.
fn on_a_small_disk(test: &str, size: &str, then: &str) -> bool {
    if std::env::var(ORDER).is_ok() {
        return true;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let made = Command::new("unshare")
        .args(["-m", "sh", "-ec"])
        .arg(format!("mount -t tmpfs -o size={size} tmpfs {place}; mkdir {place}/in {place}/out; umount {place}"))
        .output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        eprintln!("NOT TRIED: {test} needs root and unshare: {made:?}");
        return false;
    }
    let script = format!(
        "mount -t tmpfs -o size={size} tmpfs {place}; mkdir {place}/in {place}/out; {then} exec \"$0\" --exact {test} --nocapture",
        then = then.replace("{}", &place.to_string())
    );
    let tried = Command::new("unshare")
        .args(["-m", "sh", "-ec", &script])
        .arg(std::env::current_exe().unwrap())
        .env(ORDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tried.stderr);
    assert!(tried.status.success(), "{}\n{said}", String::from_utf8_lossy(&tried.stdout));
    false
}

fn text(serial: u64, filling: usize) -> Vec<u8> {
    let lines: Vec<String> = (0..filling).map(|number| format!("host{number}-{serial} A 192.0.2.1")).collect();
    zone(serial, &lines.iter().map(String::as_str).collect::<Vec<_>>()).into_bytes()
}

fn change(folder: &Path, file: &str, after: Option<Vec<u8>>) -> NewText {
    let path = folder.join(file);
    NewText { before: fs::read(&path).ok(), path, after }
}

/// Leaves so many octets of the disk free.
fn leave(folder: &Path, free: u64) {
    let _ = fs::remove_file(folder.join("filling"));
    let stat = rustix::fs::statvfs(folder).unwrap();
    let all = stat.f_bfree * stat.f_frsize;
    let filling = vec![0; all.saturating_sub(free) as usize];
    fs::write(folder.join("filling"), filling).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for part in ["in", "out"] {
        let entries = fs::read_dir(folder.join(part)).unwrap();
        names.extend(entries.map(|entry| format!("{part}/{}", entry.unwrap().file_name().display())));
    }
    names.sort();
    names
}

/// However little is free, a change is made in all its files or in none, and one that was made can be taken back when
/// nothing is free at all.
#[test]
fn a_full_disk_changes_nothing_by_halves() {
    const NAME: &str = "zone::store::disk_tests::a_full_disk_changes_nothing_by_halves";
    if !on_a_small_disk(NAME, "2m", "") {
        return;
    }
    let folder = std::env::var(ORDER).unwrap();
    let folder = Path::new(&folder);
    let (mut store, _) = Store::open(folder).unwrap();
    let base = ["in/a.zone", "in/b.zone"].map(|file| change(folder, file, Some(text(1, 200))));
    store.commit(NewChange::default(), base.to_vec()).unwrap();
    store.settle().unwrap();
    let (mut failed, mut made) = (0, 0);
    for free in (0..20).map(|pages| pages * 2 * 4096) {
        let before = ["in/a.zone", "in/b.zone"].map(|file| fs::read(folder.join(file)).unwrap());
        let (count, listing) = (store.changes().count(), names(folder));
        let journal = fs::metadata(folder.join(".history/journal")).unwrap().len();
        let texts = vec![
            change(folder, "in/a.zone", Some(text(free + 2, 100))),
            change(folder, "in/b.zone", Some(text(free + 2, 300))),
            change(folder, "out/c.zone", Some(text(free + 2, 50))),
        ];
        leave(folder, free);
        match store.commit(NewChange::default(), texts) {
            Err(error) => {
                failed += 1;
                assert!(error.to_string().contains("No space left"), "{error}");
                assert_eq!(fs::metadata(folder.join(".history/journal")).unwrap().len(), journal);
                assert_eq!(store.changes().count(), count);
            }
            Ok(change) => {
                made += 1;
                leave(folder, 0);
                store.take_back(change.id).unwrap();
                assert!(store.head(change.id).unwrap().taken_back);
            }
        }
        let after = ["in/a.zone", "in/b.zone"].map(|file| fs::read(folder.join(file)).unwrap());
        assert!(before == after && names(folder) == listing, "{free} octets free: {:?}", names(folder));
    }
    assert!(failed > 2 && made > 2, "{failed} failed, {made} made");
    drop(store);
    leave(folder, 0);
    Store::open(folder).unwrap();
}

/// A crash is put right on a disk on which nothing is free.
#[test]
fn a_crash_is_put_right_on_a_full_disk() {
    const NAME: &str = "zone::store::disk_tests::a_crash_is_put_right_on_a_full_disk";
    if !on_a_small_disk(NAME, "8m", "") {
        return;
    }
    let folder = std::env::var(ORDER).unwrap();
    let folder = Path::new(&folder);
    for seed in 1..30 {
        killed_at(folder, seed, 10 + seed as usize * 3);
        leave(folder, 0);
        is_whole(folder);
        fs::remove_file(folder.join("filling")).unwrap();
    }
}

/// A step that fails, whichever it is, leaves files and history as they were, or the change was made.
#[test]
fn a_step_that_fails_changes_nothing_by_halves() {
    for step in 0.. {
        let lab = super::lab::Lab::new();
        let folder = lab.folder.path();
        lab.write("in/a.zone", "a\n");
        lab.write("in/gone.zone", "gone\n");
        let mut store = lab.open();
        let texts = vec![
            change(folder, "in/a.zone", Some(text(2, 3))),
            change(folder, "in/gone.zone", None),
            change(folder, "out/new.zone", Some(text(2, 3))),
        ];
        plan(Some((step, Fate::Full)));
        let made = store.commit(NewChange::default(), texts);
        let came = seen() > step;
        plan(None);
        if made.is_ok() {
            assert!(!came, "step {step} failed and nobody noticed");
            break;
        }
        assert_eq!((lab.read("in/a.zone").unwrap().as_str(), store.changes().count()), ("a\n", 0), "step {step}");
        assert_eq!(lab.listing(), ["in/a.zone", "in/gone.zone"], "step {step}");
        // The same change can be made afterwards.
        let texts = vec![change(folder, "in/a.zone", Some(text(2, 3))), change(folder, "in/gone.zone", None)];
        assert_eq!(store.commit(NewChange::default(), texts).unwrap().id, 1, "step {step}");
        drop(store);
        assert_eq!(Store::open(folder).unwrap().1, [], "step {step}");
    }
}

/// A file that cannot be replaced, or a folder that cannot be written, refuses the whole change.
#[test]
fn what_may_not_be_written_refuses_the_whole_change() {
    const NAME: &str = "zone::store::disk_tests::what_may_not_be_written_refuses_the_whole_change";
    let fixed = "echo b > {}/in/b.zone; mount --bind {}/in/b.zone {}/in/b.zone; echo c > {}/out/c.zone; \
                 mount --bind {}/out {}/out; mount -o remount,bind,ro {}/out;";
    if !on_a_small_disk(NAME, "2m", fixed) {
        return;
    }
    let folder = std::env::var(ORDER).unwrap();
    let folder = Path::new(&folder);
    fs::write(folder.join("in/a.zone"), "a\n").unwrap();
    let (mut store, _) = Store::open(folder).unwrap();
    for (file, after, reason) in [
        ("in/b.zone", Some(b"B\n".to_vec()), "Device or resource busy"),
        ("in/b.zone", None, "Device or resource busy"),
        ("out/c.zone", Some(b"C\n".to_vec()), "Read-only file system"),
        ("out/c.zone", None, "Read-only file system"),
        ("out/d.zone", Some(b"D\n".to_vec()), "Read-only file system"),
    ] {
        let texts = vec![
            change(folder, "in/a.zone", Some(b"A\n".to_vec())),
            change(folder, file, after),
            change(folder, "in/e.zone", Some(b"E\n".to_vec())),
        ];
        let error = store.commit(NewChange::default(), texts).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(file), "{error}");
        assert_eq!(fs::read_to_string(folder.join("in/a.zone")).unwrap(), "a\n", "{file}");
        assert_eq!(names(folder), ["in/a.zone", "in/b.zone", "out/c.zone"], "{file}");
        assert_eq!(store.changes().count(), 0, "{file}");
    }
    drop(store);
    assert_eq!(Store::open(folder).unwrap().1, []);
}
