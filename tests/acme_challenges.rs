//! Promise: a challenge value that was acknowledged is answered at once, after a reload, and after kill -9 until its hour is over.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
mod forward_lab;
mod reload_lab;
mod upstream_lab;

use cli_program::Folder;
use horizon_dns::dns::parse_name;
use horizon_dns::plugin::acme::{ChallengeChange, Challenges, Scope};
use reload_lab::{Lab, ask, wait_until};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use upstream_lab::Act::Say;
use upstream_lab::{Script, Upstream};

const OWNER: &str = "_acme-challenge.app.corp.example";
const VALUE: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

/// Writes values as a door would, in the place of a server that does not run.
fn write(state: &Path, changes: &[ChallengeChange]) {
    Challenges::open(state, Arc::default()).unwrap().0.apply(changes).unwrap();
}

fn add(owner: &str, value: &str, horizons: Option<&[&str]>) -> ChallengeChange {
    let horizons = horizons.map(|horizons| horizons.iter().map(|one| (*one).to_owned()).collect());
    ChallengeChange::Add { owner: parse_name(owner).unwrap(), value: value.into(), scope: Scope { horizons } }
}

/// A server reads what lives, tells of it without telling it whole, and keeps it over a reload, a kill and a start.
#[test]
fn a_server_shows_and_keeps_what_lives() {
    let folder = Folder::new();
    let state = folder.path().join("zones/.acme");
    let inside = Some(&["internal"][..]);
    write(
        &state,
        &[add(OWNER, VALUE, None), add(OWNER, "second", inside), add("other.corp.example", "x", Some(&["external"]))],
    );
    let server = folder.serve();
    let quoted = format!("\"{VALUE}\"");
    assert_eq!(ask(server.address, &format!("{OWNER} TXT")), [quoted.as_str(), "\"second\""]);
    assert_eq!(ask(server.address, "other.corp.example TXT"), ["NXDOMAIN"], "meant for the other horizon");

    let shown = folder.zonectl("acme challenges");
    assert_eq!(shown.exit, 0, "{}", shown.stderr);
    let lines: Vec<Vec<&str>> = shown.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "VALUE", "HORIZONS", "AGE", "LEFT"]);
    let found = lines.iter().find(|line| line[1] == "LoqXcY...").unwrap();
    assert_eq!((found[0], found[2]), ("_acme-challenge.app.corp.example.", "all"));
    assert!(!shown.stdout.contains("LoqXcYV"), "never the whole value: {}", shown.stdout);
    let json: Value =
        serde_json::from_str(&folder.zonectl("acme challenges --horizon external -o json").stdout).unwrap();
    assert_eq!(json["challenges"].as_array().unwrap().len(), 2, "{json}");
    let left = json["challenges"][0]["left"].as_u64().unwrap();
    assert!((3500..=3600).contains(&left), "{json}");
    let status: Value = serde_json::from_str(&folder.zonectl("status -o json").stdout).unwrap();
    assert_eq!(status["challenges"], 3);
    assert!(folder.zonectl("status").stdout.contains("3 live challenge values; `zonectl acme challenges` shows them"));

    let explained = folder.zonectl(&format!("explain {OWNER}. TXT --from 10.0.0.7")).stdout;
    assert!(
        explained.contains("rule overlay: short-lived values") && explained.contains("; the first of 2 goes in 3"),
        "{explained}"
    );
    assert!(explained.contains("ACME challenge in the overlay, 3"), "{explained}");
    let explained = folder.zonectl(&format!("explain {OWNER}. A --from 10.0.0.7")).stdout;
    assert!(explained.contains("they are no A records; the first of 2 goes in 3"), "{explained}");
    let explained = folder.zonectl("explain _acme-challenge.ns.corp.example. TXT --from 10.0.0.7").stdout;
    assert!(explained.contains("rule no-data: no challenge value is set; where one may come"), "{explained}");
    let got = folder.zonectl(&format!("get {OWNER}.")).stdout;
    assert!(got.contains("\"second\"") && got.contains("overlay"), "{got}");

    let zone = folder.read("zones/internal/corp.example.zone");
    folder.write("zones/internal/corp.example.zone", &format!("{zone}new A 10.0.0.9\n"));
    wait_until("the new name is served", || ask(server.address, "new.corp.example A") == ["10.0.0.9"]);
    assert_eq!(ask(server.address, &format!("{OWNER} TXT")).len(), 2, "kept over a reload");
    assert!(Command::new("kill").args(["-KILL", &server.id().to_string()]).status().unwrap().success());
    drop(server);
    let server = folder.serve();
    assert_eq!(ask(server.address, &format!("{OWNER} TXT")), [quoted.as_str(), "\"second\""], "kept over a kill");
    assert_eq!(server.terminate(), 0);
    write(&state, &[ChallengeChange::RemoveAll { owner: parse_name(OWNER).unwrap() }]);
}

/// A folder for values that cannot be used keeps no name from being served, and is told until it is mended.
#[test]
fn a_state_folder_that_cannot_be_used_is_told() {
    let folder = Folder::new();
    folder.write("zones/.acme", "a file where the folder should be");
    let server = folder.serve();
    assert_eq!(ask(server.address, "app.corp.example A"), ["10.0.0.12"]);
    let status = folder.zonectl("status");
    assert_eq!(status.exit, 0, "{}", status.stderr);
    assert!(
        status.stdout.contains("CHALLENGES_NOT_KEPT") && status.stdout.contains("zones/.acme"),
        "{}",
        status.stdout
    );
    assert_eq!(server.terminate(), 0);
}

/// Set in a process that writes until it is killed: the folder to write into.
const WRITER: &str = "HORIZON_TEST_CHALLENGE_WRITER";

/// No test of its own: writes values and says each that was acknowledged, when told to by the next test.
#[test]
fn writes_until_it_is_killed() {
    let Some(state) = std::env::var_os(WRITER) else { return };
    let (challenges, _) = Challenges::open(Path::new(&state), Arc::default()).unwrap();
    let process = std::process::id();
    for number in 0.. {
        let owner = format!("_acme-challenge.n{}.example", number % 40);
        let value = format!("{process}-{number}");
        challenges
            .apply(&[ChallengeChange::RemoveAll { owner: parse_name(&owner).unwrap() }, add(&owner, &value, None)])
            .unwrap();
        println!("acknowledged {owner} {value}");
    }
}

/// Killed at any moment, a writer loses no value that it acknowledged, and leaves no half of a write.
#[test]
fn a_kill_loses_no_acknowledged_value() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut last: Vec<(String, String)> = Vec::new();
    for round in 0..12u64 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
            .env(WRITER, &state)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = BufReader::new(writer.stdout.take().unwrap());
        let reading = thread::spawn(move || {
            let lines = told.lines().map_while(Result::ok);
            let words = lines.filter_map(|line| {
                let (owner, value) = line.split_once("acknowledged ")?.1.split_once(' ')?;
                Some((owner.to_owned(), value.to_owned()))
            });
            words.collect::<Vec<_>>()
        });
        // Any moment will do: nothing is waited for.
        thread::sleep(Duration::from_millis(60 + round * 23));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let told = reading.join().unwrap();
        for (owner, value) in told {
            last.retain(|(known, _)| *known != owner);
            last.push((owner, value));
        }
        let (challenges, findings) = Challenges::open(&state, Arc::default()).unwrap();
        assert_eq!(findings, []);
        let live = challenges.live();
        let mut others = 0;
        for (owner, value) in &last {
            let here: Vec<_> = live.iter().filter(|one| one.owner.to_string() == *owner).collect();
            assert_eq!(here.len(), 1, "{owner}: each write replaced the one before: {here:?}");
            others += usize::from(here[0].value != value.as_bytes());
        }
        // The write that was under way may have been done and not said.
        assert!(others <= 1, "{others} values are not those that were acknowledged");
        last = live.iter().map(|one| (one.owner.to_string(), String::from_utf8(one.value.clone()).unwrap())).collect();
    }
    assert!(last.len() > 10, "the writers wrote: {last:?}");
}

/// What upstreams said of a name, or above it, is forgotten when a value is written there: a horizon without the zone asks
/// again at once.
#[test]
fn a_cached_denial_goes_when_a_value_is_written() {
    let denial = "NXDOMAIN | example.net. 300 SOA ns. hostmaster. 1 3600 600 86400 300";
    let upstream = Upstream::start(Script::default().on("example.net", &[Say(denial)]));
    let config = forward_lab::config(&[upstream.address], "");
    let lab = Lab::start(&config, &[("internal/example.org.zone", &reload_lab::zone(1, "10.0.0.1"))]);
    let client = upstream_lab::Client::new(lab.address());
    let owner = "_acme-challenge.www.example.net";
    let questions = [format!("{owner} TXT"), format!("{owner} CNAME")];
    for _ in 0..2 {
        for question in &questions {
            assert!(client.ask(question).starts_with("NXDOMAIN"), "{question}");
        }
    }
    let asked = || upstream.asked().len();
    assert_eq!(asked(), 1, "NXDOMAIN is kept for all types");
    let challenges = lab.server().challenges();
    challenges.present(&parse_name("_acme-challenge.other.example.net").unwrap(), b"x", &Scope::default()).unwrap();
    assert!(client.ask(&questions[0]).starts_with("NXDOMAIN"));
    assert_eq!(asked(), 1, "another name stays");
    challenges.present(&parse_name(owner).unwrap(), b"x", &Scope::default()).unwrap();
    upstream.set(Script::default().on("example.net", &[Say("NOERROR; @ 60 TXT x")]));
    assert!(client.ask(&questions[0]).contains("TXT"), "asked again");
    assert_eq!(asked(), 2);
    // In the horizon's own zone the value itself is the answer, over UDP and TCP.
    let ours = "_acme-challenge.www.example.org";
    assert_eq!(ask(lab.address(), &format!("{ours} TXT")), [""; 0]);
    challenges.present(&parse_name(ours).unwrap(), VALUE.as_bytes(), &Scope::default()).unwrap();
    let expected = format!("\"{VALUE}\"");
    assert_eq!(ask(lab.address(), &format!("{ours} TXT")), [expected.as_str()]);
    let tcp = upstream_lab::show(&client.tcp(&upstream_lab::Query::new(&format!("{ours} TXT"))));
    assert!(tcp.contains(VALUE), "{tcp}");
    challenges.withdraw(&parse_name(ours).unwrap(), None).unwrap();
    assert_eq!(ask(lab.address(), &format!("{ours} TXT")), [""; 0]);
    assert!(fs::read_dir(lab.path("zones/.acme")).unwrap().count() >= 1);
    assert_eq!(lab.loads(), 0, "writing values loads nothing anew");
}
