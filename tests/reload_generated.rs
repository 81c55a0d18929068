//! Zones generated out of the inventory while the server runs, and an inventory that must not be used.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;

use horizon_dns::daemon::{Server, Source};
use reload_lab::{Lab, ask, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

const CONFIG: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "run/control.sock"
[zones]
directory = "zones"
[[horizon]]
name = "internal"
clients = ["10.0.0.0/24", "127.0.0.0/8"]
[inventory]
phoenix = "phoenix"
[routes]
internal = { service = "direct", guest = "direct", stack = "traefik" }
"#;

const ZONE: &str = "zones/internal/example.org.zone";
const CONTAINERS: &str = "phoenix/etc/phoenix_lxc_configs.json";

fn guest(name: &str, address: &str) -> Value {
    json!({"name": name, "network_config": {"name": "eth0", "ip": format!("{address}/24"), "gw": "10.0.0.1"}})
}

/// As many guests as are asked for: `host0` at 10.0.0.20 and so on.
fn containers(count: usize) -> String {
    let guests = (0..count).map(|n| ((200 + n).to_string(), guest(&format!("host{n}"), &format!("10.0.0.{}", 20 + n))));
    json!({"lxc_configs": guests.collect::<serde_json::Map<_, _>>()}).to_string()
}

fn inventory(folder: &Path, count: usize) {
    let etc = folder.join("phoenix/etc");
    fs::create_dir_all(&etc).unwrap();
    let hypervisor = json!({
        "domain_name": "example.org",
        "network": {"default_subnet": "10.0.0.0/24", "interfaces": {"address": "10.0.0.13/24"}},
        "dns_server": {"authoritative_zones": []},
    });
    fs::write(etc.join("phoenix_hypervisor_config.json"), hypervisor.to_string()).unwrap();
    fs::write(etc.join("phoenix_vm_configs.json"), json!({"vms": []}).to_string()).unwrap();
    fs::write(etc.join("phoenix_lxc_configs.json"), containers(count)).unwrap();
}

fn lab(count: usize) -> Lab {
    Lab::prepared(CONFIG, |folder| inventory(folder, count))
}

/// A changed inventory is served at once; what the server writes itself is no reason to load again.
#[test]
fn a_changed_inventory_is_generated_and_served_once() {
    let lab = lab(3);
    assert_eq!(ask(lab.address(), "host2.example.org A"), ["10.0.0.22"]);
    assert_eq!(ask(lab.address(), "22.0.0.10.in-addr.arpa PTR"), ["host2.example.org."]);
    assert_eq!(lab.settled(), 0, "the zone files that the start wrote are known");
    lab.write(CONTAINERS, &containers(4));
    lab.wait_for("host3.example.org A", &["10.0.0.23"]);
    assert_eq!(lab.settled(), 1);
    assert!(fs::read_to_string(lab.path(ZONE)).unwrap().contains("host3"));
    assert!(lab.status().is_well(), "{:?}", lab.status().failing);
}

/// A half-written or empty inventory takes no name away, is told with its place, and does not keep a person's edit from
/// going live.
#[test]
fn a_broken_inventory_leaves_the_zones_as_they_are() {
    let lab = lab(3);
    lab.settled();
    let whole = containers(4);
    for broken in [&whole[..whole.len() / 2], "", "{}"] {
        let before = fs::read_to_string(lab.path(ZONE)).unwrap();
        lab.write(CONTAINERS, broken);
        wait_until("the status tells", || !lab.status().is_well());
        let told: Vec<String> = lab.status().failing.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|line| line.contains("phoenix_lxc_configs.json")), "{broken:?}: {told:#?}");
        assert_eq!(fs::read_to_string(lab.path(ZONE)).unwrap(), before);
        fs::write(lab.path(ZONE), format!("{before}mine{} A 10.0.0.99\n", broken.len())).unwrap();
        lab.wait_for(&format!("mine{}.example.org A", broken.len()), &["10.0.0.99"]);
        assert!(!lab.status().is_well(), "still failing");
    }
    lab.write(CONTAINERS, &whole);
    lab.wait_for("host3.example.org A", &["10.0.0.23"]);
    wait_until("all is well again", || lab.status().is_well());
    assert_eq!(ask(lab.address(), "mine0.example.org A"), ["10.0.0.99"], "a person's record survives");
}

/// A broken zone file stops its loading and the generating; it is told once.
#[test]
fn a_fault_is_told_once() {
    let lab = lab(3);
    lab.settled();
    let before = fs::read_to_string(lab.path(ZONE)).unwrap();
    fs::write(lab.path(ZONE), format!("{before}mail MX not-a-number mail\n")).unwrap();
    lab.wait_for_failure();
    let place = format!("example.org.zone:{}:", before.lines().count() + 1);
    let told: Vec<String> = lab.status().failing.iter().map(ToString::to_string).collect();
    assert_eq!(told.iter().filter(|line| line.contains(&place)).count(), 1, "{told:#?}");
}

/// An edit that would remove most of a zone's generated records waits for somebody to say so.
#[test]
fn the_brake_holds_while_serving() {
    let lab = lab(30);
    lab.settled();
    lab.write(CONTAINERS, &containers(5));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("BRAKE"), "{failure}");
    assert_eq!(ask(lab.address(), "host29.example.org A"), ["10.0.0.49"]);
    lab.write(CONTAINERS, &containers(29));
    lab.wait_for("host28.example.org A", &["10.0.0.48"]);
    lab.wait_for("host29.example.org A", &["NXDOMAIN"]);
    wait_until("all is well again", || lab.status().is_well());
}

/// After a reboot with a broken inventory, the zone files that are there serve, and the status says that they may be old;
/// without any zone file there is nothing to start for.
#[test]
fn a_start_with_a_broken_inventory_serves_the_zone_files_that_are_there() {
    let mut lab = lab(3);
    lab.stop();
    lab.write(CONTAINERS, "{\"lxc_configs\": ");
    lab.restart();
    assert_eq!(ask(lab.address(), "host2.example.org A"), ["10.0.0.22"]);
    assert!(!lab.status().is_well());
    lab.stop();
    fs::remove_dir_all(lab.path("zones")).unwrap();
    let findings = Server::start(Source::of(lab.path("horizon.toml"))).unwrap_err();
    assert!(
        findings.iter().any(|finding| finding.to_string().contains("phoenix_lxc_configs.json:1:")),
        "{findings:#?}"
    );
}

/// A zone file that is still being written is neither read nor replaced by the generator: the edit is not lost.
#[test]
fn a_slow_edit_of_a_generated_zone_is_not_lost() {
    let lab = lab(3);
    lab.settled();
    let before = fs::read_to_string(lab.path(ZONE)).unwrap();
    let mut file = fs::File::create(lab.path(ZONE)).unwrap();
    let (begin, end) = before.split_at(before.len() / 2);
    for part in ["", begin, end] {
        let loads = lab.loads();
        file.write_all(part.as_bytes()).unwrap();
        assert_eq!(lab.settled(), loads, "half a file is not read");
        assert_eq!(ask(lab.address(), "host2.example.org A"), ["10.0.0.22"]);
    }
    file.write_all(b"mine A 10.0.0.99\n").unwrap();
    drop(file);
    lab.wait_for("mine.example.org A", &["10.0.0.99"]);
    assert_eq!(ask(lab.address(), "host2.example.org A"), ["10.0.0.22"]);
    assert!(fs::read_to_string(lab.path(ZONE)).unwrap().starts_with(&before), "nobody else wrote it");
}

/// A full disk keeps the old zone files whole and the old answers serving, until there is room. Needs a file system of its own, so root.
#[test]
fn a_full_disk_changes_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: no small file system can be mounted here");
        return;
    };
    let config = CONFIG.replace("directory = \"zones\"", &format!("directory = \"{}\"", disk.0.path().display()));
    let mut lab = Lab::prepared(&config, |folder| inventory(folder, 3));
    lab.settled();
    let zone = disk.0.path().join("internal/example.org.zone");
    let before = fs::read(&zone).unwrap();
    let filler = disk.0.path().join("filler");
    let mut size = 1 << 20;
    while size > 0 {
        let filled = fs::metadata(&filler).map_or(0, |metadata| metadata.len());
        let _ = fs::write(&filler, vec![0; filled as usize + size]);
        size /= 2;
    }
    lab.write(CONTAINERS, &containers(100));
    wait_until("the status tells", || !lab.status().is_well());
    let told = lab.status().failing[0].to_string();
    assert!(told.contains("ZONE_FILE_NOT_WRITTEN") && told.contains("No space left"), "{told}");
    assert_eq!(fs::read(&zone).unwrap(), before);
    assert_eq!(ask(lab.address(), "host2.example.org A"), ["10.0.0.22"]);
    // A generated zone whose file is lost and cannot be written again serves on, and a start serves it out of memory.
    fs::remove_file(&zone).unwrap();
    assert!(!lab.server().reload().failing.is_empty());
    assert_eq!(ask(lab.address(), "host2.example.org A"), ["10.0.0.22"], "without its file");
    lab.stop();
    lab.restart();
    assert!(!lab.status().is_well());
    assert_eq!(ask(lab.address(), "host99.example.org A"), ["10.0.0.119"], "out of memory");
    assert!(!lab.server().reload().failing.is_empty());
    assert_eq!(ask(lab.address(), "host99.example.org A"), ["10.0.0.119"], "still");
    // Room on the disk is noticed without any file changing.
    fs::remove_file(filler).unwrap();
    lab.wait_for("host99.example.org A", &["10.0.0.119"]);
    wait_until("all is well again", || lab.status().is_well());
    lab.write(CONTAINERS, &containers(98));
    lab.wait_for("host99.example.org A", &["NXDOMAIN"]);
    lab.write(CONTAINERS, &containers(99));
    lab.wait_for("host98.example.org A", &["10.0.0.118"]);
    wait_until("all is well again", || lab.status().is_well());
}

/// A file system of 128 KiB.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=128k", "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(SmallDisk(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
