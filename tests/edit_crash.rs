//! Nothing that was acknowledged is lost and nothing is half done, wherever the server or the editor is killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod edit_disk;

use edit_disk::{Mount, chattr, empty, fill};
use horizon_dns::control::{
    self, AskError, Author, ChangeAnswer, ChangeRequest, Errand, LogAnswer, Request, TextAnswer,
};
use horizon_dns::dns::parse_name;
use horizon_dns::edit::{Order, Place};
use horizon_dns::zone::parse_zone;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CONFIG: &str = r#"[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "control.sock"

[[horizon]]
name = "internal"
clients = ["127.0.0.0/8"]
"#;

const FORWARD: &str =
    "; Kept by hand.\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 10.0.0.1\n\n; hosts\n";
const REVERSE: &str =
    "$TTL 300\n@ SOA ns.corp.example. hostmaster.corp.example. 1 3600 600 86400 60\n@ NS ns.corp.example.\n";

/// How often the server is killed, how often while the disk fills or a file may not be changed, and how often an editor
/// without a server.
const KILLS: usize = 240;
const HINDERED_KILLS: usize = 60;
const EDITOR_KILLS: usize = 80;

/// So many, or `CRASH_ROUNDS` times as many.
fn rounds(usual: usize) -> usize {
    usual * std::env::var("CRASH_ROUNDS").map_or(1, |times| times.parse().unwrap())
}

/// A folder with two zones that every edit touches both of.
struct Place2 {
    folder: TempDir,
    random: u64,
    /// What was acknowledged: the address of each name.
    sure: BTreeMap<String, u32>,
    /// Edits that were begun and not acknowledged before the kill.
    unsure: Vec<(String, u32)>,
    next: u32,
}

impl Place2 {
    fn new() -> Self {
        // In memory where that can be: a kill loses nothing that was written, flushed or not, and flushing takes its time.
        Place2::in_folder(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn in_folder(folder: TempDir) -> Self {
        fs::create_dir_all(folder.path().join("zones/internal")).unwrap();
        fs::write(folder.path().join("horizon.toml"), CONFIG).unwrap();
        let place = Place2 { folder, random: 0x9e37_79b9, sure: BTreeMap::new(), unsure: Vec::new(), next: 0 };
        fs::write(place.forward(), FORWARD).unwrap();
        fs::write(place.reverse(), REVERSE).unwrap();
        place
    }

    fn forward(&self) -> PathBuf {
        self.folder.path().join("zones/internal/corp.example.zone")
    }

    fn reverse(&self) -> PathBuf {
        self.folder.path().join("zones/internal/10.in-addr.arpa.zone")
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    /// A name and its new address; names come back, so that sets are replaced, too.
    fn edit(&mut self) -> (String, u32) {
        self.next += 1;
        (format!("h{}", self.random(12)), self.next)
    }

    fn server(&self) -> Server {
        let child = Command::new(env!("CARGO_BIN_EXE_horizond"))
            .args(["serve", "--config", "horizon.toml"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Server { child, socket: self.folder.path().join("control.sock") };
        let until = Instant::now() + Duration::from_secs(20);
        // Nothing of the history is asked for: it grows with each round.
        while server.ask::<LogAnswer>(Errand::Log { zone: None, horizon: None, since: Some(u64::MAX) }).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "{}", self.log());
            assert!(Instant::now() < until, "the server does not come up: {}", self.log());
            thread::sleep(Duration::from_millis(2));
        }
        server
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        text.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }

    /// What the files say: of each name the address, of each address the name.
    fn read(&self) -> (BTreeMap<String, u32>, BTreeMap<u32, String>) {
        let mut names = BTreeMap::new();
        let origin = parse_name("corp.example").unwrap();
        let text = fs::read(self.forward()).unwrap();
        let zone = parse_zone(&text, &self.forward(), &origin).unwrap_or_else(|findings| panic!("{findings:?}"));
        for record in zone
            .records
            .iter()
            .filter(|record| record.owner.starts_with(b"\x02h") || record.owner.starts_with(b"\x03h"))
        {
            let label = String::from_utf8_lossy(&record.owner[1..1 + usize::from(record.owner[0])]).into_owned();
            let [_, a, b, c] = *record.data.first_chunk::<4>().unwrap();
            let twice = names.insert(label, u32::from_be_bytes([0, a, b, c]));
            assert_eq!(twice, None, "a half edit: {}", String::from_utf8_lossy(&text));
        }
        let mut addresses = BTreeMap::new();
        let origin = parse_name("10.in-addr.arpa").unwrap();
        let text = fs::read(self.reverse()).unwrap();
        let zone = parse_zone(&text, &self.reverse(), &origin).unwrap_or_else(|findings| panic!("{findings:?}"));
        for record in zone.records.iter().filter(|record| record.rtype.to_int() == 12) {
            let labels: Vec<u32> =
                parse_labels(record.owner).iter().take(3).map(|label| label.parse().unwrap()).collect();
            let target = parse_labels(record.data).remove(0);
            addresses.insert(labels[2] << 16 | labels[1] << 8 | labels[0], target);
        }
        (names, addresses)
    }

    /// Holds the files against what was acknowledged, and both files against each other.
    fn check(&mut self) {
        let (names, addresses) = self.read();
        for (name, address) in std::mem::take(&mut self.unsure) {
            if names.get(&name) == Some(&address) {
                self.sure.insert(name, address);
            }
        }
        assert_eq!(
            names,
            self.sure,
            "an acknowledged edit is missing, or one that was refused is there: {}",
            self.log()
        );
        let mirrored: BTreeMap<u32, String> = names.iter().map(|(name, address)| (*address, name.clone())).collect();
        assert_eq!(addresses, mirrored, "half an edit: {}", self.log());
    }
}

fn parse_labels(wire: &[u8]) -> Vec<String> {
    let mut labels = Vec::new();
    let mut at = 0;
    while wire[at] > 0 {
        let end = at + 1 + usize::from(wire[at]);
        labels.push(String::from_utf8_lossy(&wire[at + 1..end]).into_owned());
        at = end;
    }
    labels
}

struct Server {
    child: Child,
    socket: PathBuf,
}

impl Server {
    fn ask<T: serde::de::DeserializeOwned>(&self, errand: Errand) -> Result<T, AskError> {
        control::ask(&self.socket, &Request::Errand(errand), Duration::from_secs(30))
    }

    fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn dotted(address: u32) -> String {
    let [_, a, b, c] = address.to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

fn order(name: &str, address: u32) -> Order {
    Order::Set {
        name: format!("{name}.corp.example."),
        rtype: "A".to_owned(),
        data: vec![dotted(address)],
        ttl: None,
        place: Place::Unsaid,
        condition: Vec::new(),
        reverse: true,
    }
}

fn request(name: &str, address: u32) -> ChangeRequest {
    let by = Author { user: "alice".to_owned(), host: "desk".to_owned() };
    ChangeRequest { dry: false, yes: true, ..ChangeRequest::dry(vec![order(name, address)], by) }
}

/// The server is killed at random moments of edits that touch two files; files and history are whole each time.
#[test]
fn a_killed_server_loses_no_acknowledged_edit() {
    let mut place = Place2::new();
    let kills = rounds(KILLS);
    for round in 0..kills {
        let server = place.server();
        place.check();
        if round % 20 == 0 {
            history_agrees(&place, &server);
        }
        let moment = Duration::from_micros(place.random(80_000));
        let refusals = killed_while_editing(&mut place, server, || thread::sleep(moment));
        assert_eq!(refusals, Vec::<String>::new(), "{}", place.log());
    }
    let server = place.server();
    place.check();
    history_agrees(&place, &server);
    let log: LogAnswer = server.ask(Errand::Log { zone: None, horizon: None, since: None }).unwrap();
    eprintln!("{kills} kills, {} edits came through", log.changes.len());
    assert!(log.changes.len() > kills / 8, "too few edits came through to prove anything: {}", log.changes.len());
}

/// The same while the disk fills and empties and a file may not be changed, and with starts on a full disk.
#[test]
fn a_killed_server_loses_nothing_on_a_full_disk_or_beside_a_read_only_file() {
    let folder = tempfile::tempdir().unwrap();
    let zones = folder.path().join("zones");
    let Some(mount) = Mount::new(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"], &zones) else { return };
    let mut place = Place2::in_folder(folder);
    let (mut full, mut read_only) = (0, 0);
    let kills = rounds(HINDERED_KILLS);
    for round in 0..kills {
        let server = place.server();
        place.check();
        empty(&zones);
        let target = if place.random(2) == 0 { place.forward() } else { place.reverse() };
        let fills = place.random(3) > 0;
        let [first, second, third] = [15_000, 20_000, 20_000].map(|most| Duration::from_micros(place.random(most)));
        let mut locked = false;
        let refusals = killed_while_editing(&mut place, server, || {
            thread::sleep(first);
            if fills {
                fill(&zones);
            } else {
                locked = chattr("+i", &target);
            }
            thread::sleep(second);
            // Some kills come while there is room again.
            if round % 2 == 0 {
                empty(&zones);
            }
            thread::sleep(third);
        });
        if locked {
            // Its place may have been taken meanwhile: then the old one stands beside it under another name.
            for file in fs::read_dir(target.parent().unwrap()).unwrap() {
                assert!(chattr("-i", &file.unwrap().path()));
            }
        }
        for refusal in refusals {
            match (refusal.contains("o space left"), refusal.contains("not permitted")) {
                (true, _) => full += 1,
                (_, true) => read_only += 1,
                _ => panic!("{refusal} {}", place.log()),
            }
        }
    }
    empty(&zones);
    let server = place.server();
    place.check();
    history_agrees(&place, &server);
    let log: LogAnswer = server.ask(Errand::Log { zone: None, horizon: None, since: None }).unwrap();
    let made = log.changes.len();
    eprintln!(
        "{kills} kills, {made} edits came through, {full} refused for the full disk, {read_only} for the read-only file"
    );
    assert!(made > kills / 8 && full > 0, "that proves too little: {made} made, {full} refused");
    drop(server);
    // Before its folder is removed.
    drop(mount);
}

/// Edits one after the other until the server is gone, which is killed after `meanwhile`. Takes note of what was acknowledged
/// and of what is open, and returns the refusals.
fn killed_while_editing(place: &mut Place2, server: Server, meanwhile: impl FnOnce()) -> Vec<String> {
    // More than can be made in that time: each kill comes while something is edited.
    let edits: Vec<(String, u32)> = (0..200).map(|_| place.edit()).collect();
    let socket = server.socket.clone();
    let asker = thread::spawn(move || {
        let mut outcomes = Vec::new();
        for (name, address) in edits {
            let errand = Request::Errand(Errand::Change(request(&name, address)));
            let outcome = control::ask::<ChangeAnswer>(&socket, &errand, Duration::from_secs(30));
            let broken = matches!(
                outcome,
                Err(AskError::Broken { .. } | AskError::NotAReply { .. } | AskError::NoServer { .. })
            );
            outcomes.push((name, address, outcome));
            if broken {
                break;
            }
        }
        outcomes
    });
    meanwhile();
    server.kill();
    let mut refusals = Vec::new();
    for (name, address, outcome) in asker.join().unwrap() {
        match outcome {
            Ok(answer) => {
                assert!(answer.id.is_some());
                place.sure.insert(name, address);
            }
            Err(AskError::Refused(refusal)) => refusals.push(refusal.to_string()),
            Err(_) => place.unsure.push((name, address)),
        }
    }
    refusals
}

/// An editor that works on the files without a server is killed at random moments.
#[test]
fn a_killed_editor_leaves_no_half_edit() {
    let mut place = Place2::new();
    let mut made = 0;
    let kills = rounds(EDITOR_KILLS);
    for _ in 0..kills {
        let (name, address) = place.edit();
        let mut child = zonectl(place.folder.path(), &name, address);
        let begun = Instant::now();
        let moment = Duration::from_micros(place.random(120_000));
        while begun.elapsed() < moment && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_micros(200));
        }
        let _ = child.kill();
        match child.wait().unwrap().code() {
            Some(0) => {
                made += 1;
                place.sure.insert(name, address);
            }
            _ => place.unsure.push((name, address)),
        }
        // The next one to look puts things in order.
        let looked = Command::new(env!("CARGO_BIN_EXE_zonectl"))
            .args(["log", "--config", "horizon.toml"])
            .current_dir(place.folder.path())
            .output()
            .unwrap();
        assert!(looked.status.success(), "{}", String::from_utf8_lossy(&looked.stderr));
        place.check();
    }
    eprintln!("{kills} kills, {made} edits came through");
    assert!(made > 0 && made < kills, "{made} of {kills} came through: that proves too little");
}

fn zonectl(folder: &Path, name: &str, address: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_zonectl"))
        .args([
            "set",
            &format!("{name}.corp.example."),
            "A",
            &dotted(address),
            "--reverse",
            "--yes",
            "--config",
            "horizon.toml",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Each file is what the history says it became, and its first text is the one that was written by hand.
fn history_agrees(place: &Place2, server: &Server) {
    let log: LogAnswer = server.ask(Errand::Log { zone: None, horizon: None, since: None }).unwrap();
    let Some(newest) = log.changes.first() else { return };
    for (zone, file) in [("corp.example", place.forward()), ("10.in-addr.arpa", place.reverse())] {
        let text = |after: Option<u64>| -> TextAnswer {
            server.ask(Errand::Text { zone: zone.to_owned(), horizon: None, after, at: None }).unwrap()
        };
        let now = fs::read_to_string(file).unwrap();
        assert_eq!(text(None).text, now);
        assert_eq!(text(Some(newest.id)).text, now, "the history ends elsewhere");
        let oldest = text(Some(log.changes.last().unwrap().id)).text;
        assert_eq!(oldest.matches("PTR").count() + oldest.matches("\nh").count(), 1, "{oldest}");
    }
}
