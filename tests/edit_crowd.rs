//! Many who edit at once: the tool by hand, scripts, editors that save; nobody's work is lost, and who must wait is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;

use cli_program::Folder;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const FILE: &str = "zones/internal/corp.example.zone";

fn zonectl(folder: &Folder, arguments: &[&str]) -> Child {
    let mut command = folder.command(env!("CARGO_BIN_EXE_zonectl"));
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn sixteen_at_once(folder: &Folder, what: &str) -> usize {
    let children: Vec<_> = (0..16)
        .map(|writer| {
            let (name, address) = (format!("{what}{writer}.corp.example."), format!("10.0.7.{writer}"));
            zonectl(folder, &["set", &name, "A", &address, "--horizon", "internal", "--yes"])
        })
        .collect();
    let mut made = 0;
    let outcomes: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let text = folder.read(FILE);
    for (writer, output) in outcomes.iter().enumerate() {
        let line = text.lines().filter(|line| line.starts_with(&format!("{what}{writer} "))).count();
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => made += 1,
            Some(4) => assert!(said.contains("process ") || said.contains("meanwhile"), "{said}"),
            other => panic!("{other:?}: {said}"),
        }
        assert_eq!(line, usize::from(output.status.success()), "writer {writer}: {said}\n{text}");
    }
    made
}

/// Sixteen tools at one server, then at the files: each edit is in or is refused with exit 4, none is lost.
#[test]
fn sixteen_tools_at_once_lose_nothing() {
    let folder = Folder::new();
    let server = folder.serve();
    assert_eq!(sixteen_at_once(&folder, "on"), 16, "with a server each waits its turn");
    drop(server);
    assert!(sixteen_at_once(&folder, "off") > 0);
    let log = folder.zonectl("log");
    assert_eq!(log.exit, 0, "{}", log.stderr);
}

/// Replaces a word as an editor does that has no idea of anybody else: reads, thinks, saves if nobody else has saved.
fn save(file: &Path, number: usize, in_place: bool, overrun: &mut String) -> bool {
    let Ok(text) = fs::read_to_string(file) else { return false };
    let line = format!("; saved {number}\n");
    let beside = file.with_file_name(".editor.tmp~");
    if in_place {
        let mut open = fs::File::options().append(true).open(file).unwrap();
        return std::io::Write::write_all(&mut open, line.as_bytes()).is_ok();
    }
    fs::write(&beside, text.clone() + &line).unwrap();
    // A careful editor looks again before it renames; what happens between is its own race, of which it leaves a trace here.
    if fs::read_to_string(file).is_ok_and(|now| now != text) {
        return false;
    }
    if renameat_with(CWD, &beside, CWD, file, RenameFlags::EXCHANGE).is_err() {
        return false;
    }
    match fs::read_to_string(&beside) {
        Ok(replaced) if replaced != text => overrun.push_str(&replaced),
        _ => {}
    }
    true
}

/// An editor that saves by rename while edits are made: an edit is in, or refused with exit 4; a save that was acknowledged is
/// there unless the editor itself wrote over it.
#[test]
fn an_editor_that_saves_in_between_loses_nothing() {
    for in_place in [false, true] {
        let folder = Folder::new();
        let server = folder.serve();
        let file = folder.path().join(FILE);
        let end = AtomicBool::new(false);
        let ((saves, overrun), edits) = thread::scope(|scope| {
            let saver = scope.spawn(|| {
                let (mut saves, mut overrun) = (Vec::new(), String::new());
                for number in 0..=500 {
                    if end.load(Ordering::Relaxed) || number == 500 {
                        break;
                    }
                    if save(&file, number, in_place, &mut overrun) {
                        saves.push(number);
                    }
                    thread::sleep(Duration::from_millis(7));
                }
                (saves, overrun)
            });
            let mut edits = Vec::new();
            for number in 0..30 {
                let name = format!("e{number}.corp.example.");
                let child = zonectl(&folder, &["set", &name, "A", "10.0.7.1", "--horizon", "internal", "--yes"]);
                let output = child.wait_with_output().unwrap();
                match output.status.code() {
                    Some(0) => edits.push(number),
                    Some(4) => {}
                    other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
                }
            }
            end.store(true, Ordering::Relaxed);
            (saver.join().unwrap(), edits)
        });
        let text = folder.read(FILE);
        let kept: BTreeSet<&str> = text.lines().collect();
        let lost_edits: Vec<_> = edits
            .iter()
            .map(|number| (number, format!("e{number} ")))
            .filter(|(_, owner)| !text.contains(owner) && !overrun.contains(owner))
            .collect();
        let lost_saves: Vec<_> = saves.iter().filter(|number| !kept.contains(&*format!("; saved {number}"))).collect();
        eprintln!(
            "in place {in_place}: {} saves, {} edits, lost {lost_saves:?} {lost_edits:?}",
            saves.len(),
            edits.len()
        );
        assert!(!edits.is_empty() || in_place, "no edit came through");
        assert!(lost_saves.is_empty(), "{lost_saves:?}");
        assert!(lost_edits.is_empty(), "{lost_edits:?}");
        drop(server);
    }
}

/// A change that nobody confirms goes, whoever is killed meanwhile; a later edit of the same name keeps it.
#[test]
fn unconfirmed_changes_survive_kills() {
    let folder = Folder::new();
    let set = |address: &str, more: &str| {
        let done = folder.zonectl(&format!("set app.corp.example. A {address} --horizon internal --yes {more}"));
        assert_eq!(done.exit, 0, "{}", done.stderr);
    };
    let wait = |what: &str, wanted: &dyn Fn(&str) -> bool| {
        let until = Instant::now() + Duration::from_secs(20);
        while !wanted(&folder.read(FILE)) {
            assert!(Instant::now() < until, "{what}: {}\n{}", folder.read(FILE), folder.zonectl("log").stdout);
            thread::sleep(Duration::from_millis(5));
        }
    };
    let server = folder.serve();
    set("10.0.0.60", "--confirm 2s");
    drop(server); // by SIGKILL
    let server = folder.serve();
    wait("it goes after a kill", &|text| text.contains("10.0.0.12") && !text.contains("10.0.0.60"));
    set("10.0.0.61", "--confirm 2s");
    set("10.0.0.62", "");
    drop(server);
    let _server = folder.serve();
    let until = Instant::now() + Duration::from_secs(4);
    while Instant::now() < until && folder.read(FILE).contains("10.0.0.62") {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(folder.read(FILE).contains("10.0.0.62"), "what was edited later is not taken away: {}", folder.read(FILE));
    let log = folder.zonectl("log").stdout;
    assert!(!log.contains("reverts"), "nothing waits any more: {log}");
}
