//! Files that change are served at once, each save is one reload, and a bad file changes nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;

use horizon_dns::daemon::Server;
use reload_lab::{CONFIG, Lab, ask, replace, wait_until, zone};
use std::fs;

const FILE: &str = "zones/internal/example.org.zone";

fn lab() -> Lab {
    Lab::start(CONFIG, &[("internal/example.org.zone", &zone(1, "192.0.2.1"))])
}

/// However an editor saves, the new answer comes after exactly one reload.
#[test]
fn each_save_is_one_reload() {
    type Save = fn(&Lab, &str);
    let table: [(&str, Save); 5] = [
        ("truncate and write", |lab, text| fs::write(lab.path(FILE), text).unwrap()),
        ("write beside and rename over", |lab, text| replace(&lab.path(FILE), text)),
        ("move to a backup and write anew", |lab, text| {
            fs::rename(lab.path(FILE), lab.path(&format!("{FILE}~"))).unwrap();
            fs::write(lab.path(FILE), text).unwrap();
        }),
        ("swap file, write in small pieces, remove the swap file", |lab, text| {
            let swap = lab.path("zones/internal/.example.org.zone.swp");
            fs::write(&swap, "b0VIM").unwrap();
            let mut written = String::new();
            for line in text.lines() {
                written.push_str(line);
                written.push('\n');
                fs::write(lab.path(FILE), &written).unwrap();
            }
            fs::remove_file(swap).unwrap();
        }),
        ("several zones at once", |lab, text| {
            for other in ["a", "b", "c"] {
                lab.write(&format!("zones/internal/{other}.example.zone"), text);
            }
            replace(&lab.path(FILE), text);
        }),
    ];
    let lab = lab();
    lab.settled();
    for (n, (how, save)) in (2..).zip(table) {
        let before = lab.loads();
        let address = format!("192.0.2.{n}");
        save(&lab, &zone(n, &address));
        lab.wait_for("www.example.org A", &[&address]);
        assert_eq!(lab.settled(), before + 1, "{how}");
        assert!(lab.status().is_well(), "{how}");
    }
    lab.wait_for("www.b.example A", &["192.0.2.6"]);
}

/// Files that are not read, and reading, are no reason to load.
#[test]
fn left_overs_and_readers_are_no_reload() {
    let lab = lab();
    let before = lab.settled();
    for file in ["example.org.zone~", ".example.org.zone.swp", "#example.org.zone#", "example.org.zone.bak"] {
        lab.write(&format!("zones/internal/{file}"), "not a zone");
    }
    fs::read(lab.path(FILE)).unwrap();
    fs::write(lab.path(FILE), zone(1, "192.0.2.1")).unwrap();
    assert_eq!(lab.settled(), before, "the same octets again are nothing new either");
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
}

/// A broken edit keeps the old answer, and the status names file and line; the mended file serves.
#[test]
fn a_broken_edit_keeps_the_old_answer() {
    let lab = lab();
    lab.settled();
    lab.write(FILE, &zone(2, "192.0.2.2\nmail MX not-a-number mail"));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("zones/internal/example.org.zone:6:"), "{failure}");
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
    assert_eq!(lab.status().refused, 1);
    lab.write(FILE, &zone(3, "192.0.2.3"));
    lab.wait_for("www.example.org A", &["192.0.2.3"]);
    wait_until("the status is well again", || lab.status().is_well());
}

/// A config that cannot be read changes nothing and says where.
#[test]
fn a_broken_config_keeps_everything() {
    let lab = lab();
    lab.settled();
    lab.write("horizon.toml", &CONFIG.replace("workers", "wrokers"));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("horizon.toml:4:"), "{failure}");
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
    lab.write("horizon.toml", CONFIG);
    wait_until("the status is well again", || lab.status().is_well());
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
}

/// Zones come and go with their files; the folder of a horizon that vanishes as a whole keeps serving until it is back.
#[test]
fn zones_come_and_go_and_a_vanished_folder_loses_nothing() {
    let lab = lab();
    lab.settled();
    lab.write("zones/internal/example.net.zone", &zone(1, "192.0.2.9"));
    lab.wait_for("www.example.net A", &["192.0.2.9"]);
    fs::remove_file(lab.path("zones/internal/example.net.zone")).unwrap();
    lab.wait_for("www.example.net A", &["REFUSED"]);
    let mut address = "192.0.2.1".to_owned();
    for gone in ["zones/internal", "zones"] {
        fs::rename(lab.path(gone), lab.path("away")).unwrap();
        let failure = lab.wait_for_failure();
        assert!(failure.contains("ZONE_FOLDER_GONE"), "{failure}");
        assert_eq!(ask(lab.address(), "www.example.org A"), [address]);
        fs::rename(lab.path("away"), lab.path(gone)).unwrap();
        wait_until("the folder is back", || lab.status().is_well());
        address = format!("192.0.2.{}", gone.len());
        replace(&lab.path(FILE), &zone(9, &address));
        lab.wait_for("www.example.org A", &[&address]);
    }
}

/// A zone that changed without a higher serial is served with one; the file stays as the person wrote it.
#[test]
fn a_forgotten_serial_is_raised() {
    let lab = lab();
    lab.settled();
    let serial = || ask(lab.address(), "example.org SOA")[0].split(' ').nth(2).unwrap().parse::<u32>().unwrap();
    assert_eq!(serial(), 1);
    for (written, address, expected) in
        [(1, "192.0.2.2", 2), (1, "192.0.2.3", 3), (2, "192.0.2.4", 4), (9, "192.0.2.5", 9)]
    {
        let text = zone(written, address);
        replace(&lab.path(FILE), &text);
        lab.wait_for("www.example.org A", &[address]);
        assert_eq!(serial(), expected, "{address}");
        assert_eq!(fs::read_to_string(lab.path(FILE)).unwrap(), text);
    }
    replace(&lab.path(FILE), &format!("; a comment\n{}", zone(9, "192.0.2.5")));
    lab.settled();
    assert_eq!(serial(), 9, "a comment is no content");
}

/// Included files are watched like the zone that includes them.
#[test]
fn an_included_file_is_part_of_the_zone() {
    let text = format!("{}$INCLUDE ../shared/hosts.inc\n", zone(1, "192.0.2.1"));
    let lab = Lab::start(CONFIG, &[("shared/hosts.inc", "h1 A 192.0.2.11\n"), ("internal/example.org.zone", &text)]);
    lab.wait_for("h1.example.org A", &["192.0.2.11"]);
    lab.settled();
    lab.write("zones/shared/hosts.inc", "h1 A 192.0.2.12\n");
    lab.wait_for("h1.example.org A", &["192.0.2.12"]);
    fs::remove_file(lab.path("zones/shared/hosts.inc")).unwrap();
    let failure = lab.wait_for_failure();
    assert!(failure.contains("hosts.inc"), "{failure}");
    assert_eq!(ask(lab.address(), "h1.example.org A"), ["192.0.2.12"]);
}

/// Horizons, clients, listeners and the zones directory change without a restart; an address that cannot be opened refuses
/// the whole change.
#[test]
fn the_whole_config_changes_live() {
    let lab = lab();
    lab.settled();
    let old = lab.address();
    let two = CONFIG
        .replace("[\"127.0.0.1:0\"]", "[\"127.0.0.1:0\", \"[::1]:0\"]")
        .replace("directory = \"zones\"", "directory = \"other\"");
    lab.write("other/internal/example.org.zone", &zone(5, "192.0.2.5"));
    lab.write("horizon.toml", &two);
    lab.wait_for("www.example.org A", &["192.0.2.5"]);
    wait_until("the second address is listened on", || lab.server().addresses().len() == 2);
    let addresses = lab.server().addresses();
    assert_eq!((addresses.len(), addresses[0]), (2, old), "the address that stays keeps its port");
    assert_eq!(ask(addresses[1], "www.example.org A"), ["192.0.2.5"]);
    lab.write("other/internal/example.org.zone", &zone(6, "192.0.2.6"));
    lab.wait_for("www.example.org A", &["192.0.2.6"]);

    lab.write("horizon.toml", &two.replace("[::1]:0", "192.0.2.1:53"));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("LISTEN_FAILED 192.0.2.1:53"), "{failure}");
    assert_eq!(lab.server().addresses(), addresses);

    let split = format!("{two}\n[[horizon]]\nname = \"guests\"\nclients = [\"127.0.0.1\"]\n");
    lab.write("other/guests/example.org.zone", &zone(1, "192.0.2.66"));
    lab.write("horizon.toml", &split);
    lab.wait_for("www.example.org A", &["192.0.2.66"]);
    assert_eq!(ask(addresses[1], "www.example.org A"), ["192.0.2.6"]);
}

/// Two servers never share a control socket, nor do two files one zone.
#[test]
fn a_second_server_is_refused_with_reasons() {
    let lab = lab();
    let findings = Server::start(lab.source()).unwrap_err();
    assert!(findings[0].to_string().contains("belongs to a running server"), "{}", findings[0]);
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);

    lab.write("zones/internal/EXAMPLE.org.zone", &zone(1, "192.0.2.2"));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("DUPLICATE_ORIGIN"), "{failure}");
}

/// A public horizon does not tell private addresses unless they are listed, whoever wrote them.
#[test]
fn a_private_address_in_a_public_horizon_is_refused() {
    let public = CONFIG.replace("\"127.0.0.0/8\"", "\"any\"");
    let lab =
        Lab::start(&public, &[("internal/example.org.zone", &zone(1, "192.0.2.1").replace("127.0.0.1", "192.0.2.53"))]);
    lab.settled();
    lab.write(FILE, &zone(2, "10.0.0.1").replace("127.0.0.1", "192.0.2.53"));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("PRIVATE_ADDRESS_PUBLISHED") && failure.contains("example.org.zone:5"), "{failure}");
    assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
    lab.write("horizon.toml", &format!("{public}private_addresses = [\"10.0.0.0/24\"]\n"));
    lab.wait_for("www.example.org A", &["10.0.0.1"]);
}
