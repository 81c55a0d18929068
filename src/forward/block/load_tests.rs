//! Lists out of files, and what they block for whom.

use super::Blocked;
use super::load_blocked;
use crate::config;
use crate::config::Settings;
use crate::dns::parse_name;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const CONFIG: &str = r#"
    [zones]
    directory = "zones"
    [[horizon]]
    name = "lan"
    clients = ["10.0.0.0/8"]
    forward = true
    [[horizon]]
    name = "kids"
    clients = ["10.9.0.0/16"]
    forward = true
    [[horizon]]
    name = "out"
    clients = ["any"]
    [forward]
    upstreams = ["192.0.2.1"]
    [[block]]
    name = "ads"
    files = ["ads.txt"]
    allow = ["shop.ads.example"]
    [[block]]
    name = "games"
    files = ["games.txt"]
    horizons = ["kids"]
    answer = "zero"
"#;

fn settings(folder: &Path) -> Settings {
    config::parse(CONFIG, folder.join("horizon.toml")).unwrap()
}

/// `list rule`, with `*.` for a subtree; empty for none.
fn found(blocked: &Blocked, horizon: usize, name: &str) -> String {
    let by = blocked.find(horizon, parse_name(name).unwrap().as_slice());
    by.map_or(String::new(), |by| format!("{} {}{}", by.list, if by.subtree { "*." } else { "" }, by.rule))
}

/// A list blocks in its horizons what it names and nothing else, and an exception is one for its own list only.
#[test]
fn lists_block_what_they_name_for_whom_they_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ads.txt"), "0.0.0.0 ads.example\n||track.example^\n@@||good.track.example^\n")
        .unwrap();
    fs::write(folder.path().join("games.txt"), "*.games.example\n*.good.track.example\r\nnot a name\n").unwrap();
    let blocked = load_blocked(&settings(folder.path()), None);
    let table = [
        (0, "ads.example", "ads ads.example"),
        (0, "x.ads.example", ""),
        (0, "a.b.track.example", "ads *.track.example"),
        (0, "good.track.example", ""),
        (1, "x.good.track.example", "games *.good.track.example"),
        (0, "games.example", ""),
        (1, "games.example", "games *.games.example"),
        (2, "ads.example", ""),
        (9, "ads.example", ""),
        (0, "example", ""),
    ];
    for (horizon, name, expected) in table {
        assert_eq!(found(&blocked, horizon, name), expected, "{horizon} {name}");
    }
    let findings: Vec<String> = blocked.findings().map(ToString::to_string).collect();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        findings[0].contains("games.txt:3:1: info BLOCKLIST_LINES games: 1 lines are not understood"),
        "{findings:?}"
    );
    assert!(findings[0].contains("`not a name`"), "{findings:?}");
}

/// What did not change is not made again; what cannot be read stays what it was.
#[test]
fn a_list_that_vanishes_still_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let (ads, games) = (folder.path().join("ads.txt"), folder.path().join("games.txt"));
    fs::write(&ads, "ads.example\n").unwrap();
    fs::write(&games, "games.example\n").unwrap();
    let settings = settings(folder.path());
    let first = load_blocked(&settings, None);
    assert!(Arc::ptr_eq(&first, &load_blocked(&settings, Some(&first))), "nothing changed");

    fs::remove_file(&ads).unwrap();
    fs::write(&games, "games.example\nmore.example\n").unwrap();
    let second = load_blocked(&settings, Some(&first));
    assert_eq!(found(&second, 0, "ads.example"), "ads ads.example");
    assert_eq!(found(&second, 1, "more.example"), "games more.example");
    let findings: Vec<_> = second.findings().collect();
    assert!(findings.iter().any(|finding| finding.code == "BLOCKLIST_UNREADABLE" && !finding.refuses), "{findings:?}");

    fs::write(&ads, "other.example\n").unwrap();
    let third = load_blocked(&settings, Some(&second));
    assert_eq!(
        (found(&third, 0, "ads.example"), found(&third, 0, "other.example")),
        (String::new(), "ads other.example".into())
    );
    assert_eq!(third.findings().count(), 0);

    let mut fewer = settings.clone();
    fewer.blocks.remove(0);
    let fourth = load_blocked(&fewer, Some(&third));
    assert_eq!(
        (found(&fourth, 1, "games.example"), found(&fourth, 1, "other.example")),
        ("games games.example".into(), String::new())
    );
}
