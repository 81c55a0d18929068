//! The process is killed between any two steps that reach the disk, and everything is whole afterwards.

use super::lab::{Lab, raised, zone};
use super::property_tests::Random;
use super::step::injected::{Fate, plan, plan_both};
use super::{NewChange, NewText, Recovered, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

const FILES: [&str; 4] = ["in/a.zone", "in/b.zone", "out/a.zone", "out/c.zone"];

/// Tells the child what to do: `<folder> <seed> <step>`.
const ORDER: &str = "HORIZON_STORE_CRASH";

/// A process that edits until it is killed. What was acknowledged to it stands in `acknowledged`.
#[test]
fn child_that_is_killed() {
    // A test like any other finds nothing to do here.
    let Ok(order) = std::env::var(ORDER) else { return };
    let words: Vec<&str> = order.split(' ').collect();
    let (folder, seed, step) = (Path::new(words[0]), words[1].parse().unwrap(), words[2].parse().unwrap());
    plan(Some((step, Fate::Killed)));
    let (mut store, _) = Store::open(folder).unwrap();
    let random = &mut Random::new(seed);
    let mut said = OpenOptions::new().create(true).append(true).open(folder.join("acknowledged")).unwrap();
    for _ in 0..12 {
        let newest = store.changes().next().map_or(0, |head| head.id);
        match random.below(6) {
            0 if newest > 0 => {
                if store.take_back(newest).is_ok() {
                    writeln!(said, "back {newest}").unwrap();
                }
            }
            1 if newest > 0 => {
                let id = 1 + random.below(newest as usize) as u64;
                if let Ok(texts) = store.undo(id).map(|texts| texts.into_iter().map(higher).collect()) {
                    let asked = NewChange { undoes: Some(id), ..NewChange::default() };
                    if let Ok(made) = store.commit(asked, texts) {
                        writeln!(said, "made {}", made.id).unwrap();
                    }
                }
            }
            2 if newest > 0 => {
                store.confirm(newest).unwrap();
                writeln!(said, "confirmed {newest}").unwrap();
            }
            _ => {
                let mut texts = Vec::new();
                for file in FILES {
                    let before = fs::read(folder.join(file)).ok();
                    let line = format!("x{} A {}", random.below(4), random.below(4));
                    let after = match random.below(5) {
                        0 => before.clone(),
                        1 => None,
                        _ => Some(zone(random.below(1 << 30) as u64, &["first", &line, "last"]).into_bytes()),
                    };
                    texts.push(NewText { path: folder.join(file), before, after });
                }
                let asked = NewChange { reverts_at: Some(5), ..NewChange::default() };
                if let Ok(made) = store.commit(asked, texts) {
                    writeln!(said, "made {}", made.id).unwrap();
                }
            }
        }
    }
}

fn higher(text: NewText) -> NewText {
    NewText { after: text.after.map(raised), ..text }
}

/// Lets a child edit in a folder until it is killed at a step; true when it was.
pub(super) fn killed_at(folder: &Path, seed: u64, step: usize) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "zone::store::crash_tests::child_that_is_killed"])
        .env(ORDER, format!("{} {seed} {step}", folder.display()))
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success() || status.signal() == Some(9), "{status}");
    !status.success()
}

/// Opens what is left and compares it with what was acknowledged.
pub(super) fn is_whole(folder: &Path) -> Vec<Recovered> {
    let (store, recovered) = Store::open(folder).unwrap();
    let acknowledged = fs::read_to_string(folder.join("acknowledged")).unwrap_or_default();
    for line in acknowledged.lines() {
        let (what, id) = line.split_once(' ').unwrap();
        let head = store.head(id.parse().unwrap()).unwrap_or_else(|| panic!("{line} is lost"));
        match what {
            "back" => assert!(head.taken_back, "{line}"),
            "confirmed" => assert!(head.confirmed, "{line}"),
            _ => {}
        }
    }
    let newest = store.changes().next().map_or(0, |head| head.id);
    for file in FILES {
        let path = folder.join(file);
        let now = fs::read(&path).ok();
        match store.text_after(&path, newest) {
            Ok(text) => assert_eq!(text, now, "{file} is not what the history says"),
            Err(error) => assert_eq!(now, None, "{error}"),
        }
        // Each text of the past can be told, so no line of the journal is missing.
        for id in (0..newest).rev().take(8) {
            if now.is_some() || store.changes().any(|head| head.files.iter().any(|known| **known == *file)) {
                store.text_after(&path, id).unwrap();
            }
        }
    }
    recovered
}

/// At 340 random moments, also while an earlier crash is being put right: files are whole and as the history says, and
/// nothing that was acknowledged is missing.
#[test]
fn nothing_is_lost_when_the_process_is_killed() {
    let halves: Vec<_> = [1, 1001].map(|seed| thread::spawn(move || kill_often(170, seed))).into_iter().collect();
    let mut seen = BTreeMap::new();
    for half in halves {
        for (what, count) in half.join().unwrap() {
            *seen.entry(what).or_insert(0) += count;
        }
    }
    println!("put right: {seen:?}");
    for what in ["half a line", "finished", "removed"] {
        assert!(seen.get(what).is_some_and(|count| *count > 5), "{what} was hardly tried: {seen:?}");
    }
}

/// Kills so many children and looks at what each left; what had to be put right how often.
fn kill_often(times: usize, first: u64) -> BTreeMap<&'static str, usize> {
    let mut seen = BTreeMap::new();
    let mut killed = 0;
    let mut lab = Lab::new();
    for seed in first.. {
        assert!(seed < first + 1000, "the child was killed {killed} times only");
        if killed >= times {
            break;
        }
        if seed % 16 == 0 {
            lab = Lab::new();
        }
        let random = &mut Random::new(seed);
        let steps: &[usize] = match random.below(3) {
            // The second is killed while it puts right what the first left.
            0 => &[random.below(60), random.below(8)],
            _ => &[random.below(160)],
        };
        killed += steps.iter().filter(|step| killed_at(lab.folder.path(), seed, **step)).count();
        for what in is_whole(lab.folder.path()) {
            let name = match what {
                Recovered::CutTail { .. } => "half a line",
                Recovered::Finished { .. } => "finished",
                Recovered::TakenBack { .. } => "taken back",
                Recovered::Removed { .. } => "removed",
            };
            *seen.entry(name).or_insert(0) += 1;
        }
        assert!(!lab.listing().iter().any(|file| file.ends_with(".tmp")), "{:?}", lab.listing());
    }
    seen
}

/// Tells the child that changes two files while somebody saves one: `<folder> <when they save> <when it is killed>`.
const SAVED: &str = "HORIZON_STORE_SAVED";

/// A process that makes one change. Somebody saves a file at a step of it, and some steps later it is killed.
#[test]
fn child_that_is_killed_while_somebody_saves() {
    thread_local!(static FOLDER: RefCell<PathBuf> = const { RefCell::new(PathBuf::new()) });
    fn saves() {
        FOLDER.with_borrow(|folder| save(folder));
    }
    let Ok(order) = std::env::var(SAVED) else { return };
    let words: Vec<&str> = order.split(' ').collect();
    let folder = Path::new(words[0]);
    FOLDER.set(folder.to_path_buf());
    let (mut store, _) = Store::open(folder).unwrap();
    let save = words[1].parse().ok().map(|step| (step, Fate::Saves(saves)));
    let kill = Some((words[2].parse().unwrap(), Fate::Killed));
    plan_both(if save.is_some() { [save, kill] } else { [kill, None] });
    let _ = store.commit(NewChange::default(), two_files(folder));
}

/// As editors do it: a new file in the place of the old one.
fn save(folder: &Path) {
    fs::write(folder.join("new"), "saved\n").unwrap();
    fs::rename(folder.join("new"), folder.join(FILES[1])).unwrap();
}

fn two_files(folder: &Path) -> Vec<NewText> {
    let text = |file: &str| NewText {
        path: folder.join(file),
        before: Some(b"old\n".to_vec()),
        after: Some(b"new\n".to_vec()),
    };
    FILES[..2].iter().map(|file| text(file)).collect()
}

/// Somebody saves one of two files, before the crash or between it and the next start: their text is there afterwards, and
/// the other file is as the history says.
#[test]
fn a_save_round_a_crash_is_never_lost() {
    let mut tried = 0;
    let mut taken_back = 0;
    for save_at in [None, Some(2), Some(6), Some(9), Some(10), Some(11), Some(12), Some(13), Some(14)] {
        for kill_at in 0..if save_at.is_some() { 6 } else { 20 } {
            let lab = Lab::new();
            let folder = lab.folder.path();
            FILES[..2].iter().for_each(|file| lab.write(file, "old\n"));
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "zone::store::crash_tests::child_that_is_killed_while_somebody_saves"])
                .env(
                    SAVED,
                    format!("{} {} {kill_at}", folder.display(), save_at.map_or("-".into(), |at: i32| at.to_string())),
                )
                .stdout(Stdio::null())
                .status()
                .unwrap();
            if status.signal() == Some(9) {
                tried += 1;
            }
            if save_at.is_none() {
                save(folder);
            }
            let what = format!("saved {save_at:?}, killed {kill_at}");
            let (mut store, recovered) = Store::open(folder).unwrap();
            taken_back += usize::from(recovered.iter().any(|what| matches!(what, Recovered::TakenBack { .. })));
            assert_eq!(lab.read(FILES[1]).unwrap(), "saved\n", "{what}");
            let made = store.changes().count() == 1;
            assert_eq!(lab.read(FILES[0]).unwrap(), if made { "new\n" } else { "old\n" }, "{what}");
            assert_eq!(lab.listing(), FILES[..2], "{what}");
            for file in &FILES[..2] {
                store.notice(&lab.path(file), fs::read(lab.path(file)).ok().as_deref()).unwrap();
                assert!(store.text_after(&lab.path(file), u64::MAX).is_ok(), "{what}");
            }
        }
    }
    assert!(tried > 40 && taken_back > 5, "{tried} times killed, {taken_back} times taken back");
}
