//! Files that change are served at once, each save is one reload, and a bad file changes nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;

use horizon_dns::daemon::Server;
use horizon_dns::dns::parse_name;
use reload_lab::{CONFIG, Lab, ask, replace, wait_until, zone};
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    let mut numbers = 2..;
    for (how, save) in table {
        // A machine that is so busy that the editor itself pauses shows nothing; it gets another try.
        let saved_at_once = (0..10).any(|_| {
            let before = lab.loads();
            let n = numbers.next().unwrap();
            let address = format!("192.0.2.{n}");
            let start = Instant::now();
            save(&lab, &zone(n, &address));
            let quick = start.elapsed() < Duration::from_millis(50);
            lab.wait_for("www.example.org A", &[&address]);
            let loads = lab.settled() - before;
            assert!(!quick || loads == 1, "{how}: {loads} loads");
            quick
        });
        assert!(saved_at_once, "{how}");
        assert!(lab.status().is_well(), "{how}");
    }
    assert_eq!(ask(lab.address(), "www.b.example A"), ask(lab.address(), "www.example.org A"));
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

/// Zone files where no horizon looks for them are named: a mistyped folder looks like no zones at all.
#[test]
fn zone_files_in_the_wrong_place_are_told() {
    let lab = lab();
    let strays = || {
        let status = lab.status();
        let findings = status.serving.findings.iter().filter(|finding| finding.code == "STRAY_ZONE_FILES");
        findings.map(|finding| finding.subject.clone()).collect::<Vec<_>>()
    };
    assert_eq!(strays(), [""; 0]);
    lab.write("zones/intrenal/a.example.zone", &zone(1, "192.0.2.9"));
    lab.write("zones/b.example.zone", &zone(1, "192.0.2.9"));
    lab.write("zones/notes/readme.txt", "no zone");
    lab.write("zones/shared/www.zone", "shared A 192.0.2.8\n");
    lab.write(FILE, &format!("{}$INCLUDE ../shared/www.zone\n", zone(2, "192.0.2.2")));
    lab.wait_for("shared.example.org A", &["192.0.2.8"]);
    wait_until("the strays are told", || strays() == ["b.example.zone", "intrenal"]);
    assert!(lab.status().is_well(), "nothing is refused for it");
}

/// Files that come and go in the middle of reloads do no harm; what is there at the end serves.
#[test]
fn files_that_vanish_during_a_reload_do_no_harm() {
    let lab = lab();
    let end = Instant::now() + Duration::from_secs(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while Instant::now() < end {
                n += 1;
                let path = lab.path(&format!("zones/internal/z{}.example.zone", n % 40));
                let _ = if n % 3 == 0 { fs::remove_file(path) } else { fs::write(path, zone(n, "192.0.2.77")) };
            }
            for n in 0..40 {
                fs::write(lab.path(&format!("zones/internal/z{n}.example.zone")), zone(n, "192.0.2.78")).unwrap();
            }
        });
        while Instant::now() < end {
            lab.server().reload();
            assert_eq!(ask(lab.address(), "www.example.org A"), ["192.0.2.1"]);
        }
    });
    for n in 0..40 {
        lab.wait_for(&format!("www.z{n}.example A"), &["192.0.2.78"]);
    }
    wait_until("all is well", || lab.status().is_well());
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

/// What failed for a passing reason is tried again without any file changing: here an address that comes free.
#[test]
fn a_passing_fault_is_tried_again() {
    let lab = lab();
    lab.settled();
    // Connections of other tests may linger on the same port over TCP.
    let free = || {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        TcpListener::bind(taken.local_addr().unwrap()).is_ok().then_some(taken)
    };
    let taken = std::iter::repeat_with(free).flatten().next().unwrap();
    let wanted = taken.local_addr().unwrap();
    lab.write("horizon.toml", &CONFIG.replace("\"127.0.0.1:0\"", &format!("\"127.0.0.1:0\", \"{wanted}\"")));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("LISTEN_FAILED"), "{failure}");
    drop(taken);
    wait_until("the address is listened on", || lab.server().addresses().contains(&wanted));
    assert!(lab.status().is_well());
    assert_eq!(ask(wanted, "www.example.org A"), ["192.0.2.1"]);
}

/// Zones whose files did not change are neither read into records nor compiled again; the control socket may move.
#[test]
fn only_what_changed_is_made_again() {
    let lab = Lab::start(
        CONFIG,
        &[("internal/example.org.zone", &zone(1, "192.0.2.1")), ("internal/example.net.zone", &zone(1, "192.0.2.2"))],
    );
    lab.settled();
    let compiled = |origin: &str| {
        let status = lab.status();
        let zones = &status.serving.published.snapshot.views[0].zones;
        let origin = parse_name(origin).unwrap();
        let zone = zones.iter().find(|seen| *seen.zone.origin() == origin).unwrap();
        Arc::clone(&zone.zone)
    };
    let before = (compiled("example.org"), compiled("example.net"));
    replace(&lab.path(FILE), &zone(2, "192.0.2.3"));
    lab.wait_for("www.example.org A", &["192.0.2.3"]);
    lab.write("horizon.toml", &CONFIG.replace("run/control.sock", "run/moved.sock"));
    wait_until("the control socket moved", || {
        lab.path("run/moved.sock").exists() && !lab.path("run/control.sock").exists()
    });
    lab.settled();
    assert!(!Arc::ptr_eq(&before.0, &compiled("example.org")), "this one changed");
    assert!(Arc::ptr_eq(&before.1, &compiled("example.net")), "this one is the very same");
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

/// Nor by what it inherits, nor by the hints of HTTPS records (RFC 9460 section 7.3).
#[test]
fn a_private_address_that_a_public_horizon_inherits_is_refused() {
    let inside = "[[horizon]]\nname = \"inside\"\nclients = [\"10.0.0.0/8\"]\n";
    let public = format!("{inside}{}", CONFIG.replace("\"127.0.0.0/8\"", "\"any\""));
    let open = zone(1, "192.0.2.1").replace("127.0.0.1", "192.0.2.53");
    let inner = open.clone() + "db A 10.0.0.4\n";
    let lab = Lab::start(&public, &[(FILE, &open), ("inside/example.org.zone", &inner)]);
    lab.settled();
    lab.write("horizon.toml", &format!("{public}inherits = \"inside\"\n"));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("PRIVATE_ADDRESS_PUBLISHED") && failure.contains("db.example.org"), "{failure}");
    lab.write(FILE, &(open.clone() + "db A 192.0.2.4\n"));
    lab.wait_for("db.example.org A", &["192.0.2.4"]);
    lab.write(FILE, &(open + "db HTTPS 1 . ipv4hint=192.0.2.4,10.0.0.4\n"));
    let failure = lab.wait_for_failure();
    assert!(failure.contains("the private address 10.0.0.4"), "{failure}");
}
