//! A million blocked names are no burden: alone in a program, so that its memory is what is measured.

use horizon_dns::config;
use horizon_dns::dns::parse_name;
use horizon_dns::forward::load_blocked;
use std::fmt::Write;
use std::time::Instant;

const CONFIG: &str = r#"
    [[horizon]]
    name = "lan"
    clients = ["any"]
    forward = true
    [forward]
    upstreams = ["192.0.2.1"]
    [[block]]
    name = "ads"
    files = ["ads.txt"]
"#;

const NAMES: usize = 1_000_000;

/// KiB of this process that are in memory, the most that ever were.
fn most_resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A million names take at most 40 MB, while a new list is made beside the old one, too.
#[test]
fn a_million_names_fit_in_forty_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("ads.txt");
    let write = |from: usize| {
        let file = std::fs::File::create(&list).unwrap();
        let mut file = std::io::BufWriter::new(file);
        let mut line = String::new();
        for index in from..from + NAMES {
            line.clear();
            writeln!(line, "0.0.0.0 host-{index}.advertising.example").unwrap();
            std::io::Write::write_all(&mut file, line.as_bytes()).unwrap();
        }
    };
    write(0);
    let settings = config::parse(CONFIG, folder.path().join("horizon.toml")).unwrap();
    let before = most_resident();
    let first = load_blocked(&settings, None);
    let alone = most_resident() - before;
    write(NAMES / 2);
    let second = load_blocked(&settings, Some(&first));
    let both = most_resident() - before;
    println!("{} KiB for one, {both} KiB at the most for two", alone);
    assert!(alone <= 40 << 10 && both <= 40 << 10, "{alone} KiB, {both} KiB");

    let wire = |index: usize| parse_name(&format!("host-{index}.advertising.example")).unwrap().as_slice().to_vec();
    assert_eq!((first.states()[0].names, second.states()[0].names), (NAMES, NAMES));
    let finds = |index: usize| (first.find(0, &wire(index)).is_some(), second.find(0, &wire(index)).is_some());
    assert_eq!(finds(0), (true, false));
    assert_eq!(finds(NAMES - 1), (true, true));
    assert_eq!(finds(NAMES + 1), (false, true));
    let (name, start) = (wire(NAMES * 3), Instant::now());
    assert!((0..10_000).all(|_| second.find(0, &name).is_none()));
    println!("{} ns for a name that is not listed", start.elapsed().as_nanos() / 10_000);
}
