//! Edits where the ground gives way: full disks, files that must not be written, odd files, a history that goes, editors that
//! save in between.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod edit_disk;
mod edit_lab;
mod reload_lab;

use edit_disk::{Mount, chattr, empty, fill};
use edit_lab::{add, by, change, errand, refusal, remove, set, set_in};
use horizon_dns::control::{ChangeAnswer, ChangeEntry, ChangeRequest, Errand, LogAnswer, TextAnswer};
use horizon_dns::edit::Order;
use reload_lab::{CONFIG, Lab, ask, replace, wait_until};
use std::fs;
use std::path::Path;

const FILE: &str = "zones/internal/corp.example.zone";

const ZONE: &str = "\
; Kept by hand.
$TTL 300
@       SOA ns hostmaster 7 3600 600 86400 60
@       NS  ns          ; us
ns      A   10.0.0.153

; services
app     A   10.0.0.12   ; the proxy
mail    A   10.0.0.20
";

fn lab_of(text: &str) -> Lab {
    Lab::start(CONFIG, &[("internal/corp.example.zone", text)])
}

fn app(address: &str) -> Vec<Order> {
    vec![set("app.corp.example.", "A", &[address])]
}

fn served(lab: &Lab) -> Vec<String> {
    ask(lab.address(), "app.corp.example A")
}

fn text(lab: &Lab) -> Vec<u8> {
    fs::read(lab.path(FILE)).unwrap()
}

fn log(lab: &Lab) -> Vec<ChangeEntry> {
    let log: LogAnswer = errand(lab, Errand::Log { zone: None, horizon: None, since: None }).unwrap();
    log.changes
}

fn changed(lab: &Lab, address: &str) -> ChangeAnswer {
    let answer = change(lab, app(address)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    assert_eq!(served(lab), [address]);
    answer
}

/// On a full disk an edit is refused with the reason and leaves no trace; with room again it works, without a restart.
#[test]
fn a_full_disk_refuses_edits_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let zones = folder.path().join("zones");
    let Some(_mount) = Mount::new(&["-t", "tmpfs", "-o", "size=256k", "tmpfs"], &zones) else { return };
    let config = CONFIG.replace("directory = \"zones\"", &format!("directory = \"{}\"", zones.display()));
    let file = zones.join("internal/corp.example.zone");
    fs::create_dir(zones.join("internal")).unwrap();
    fs::write(&file, ZONE).unwrap();
    for has_history in [false, true] {
        let mut lab = Lab::prepared(&config, |_| {});
        if has_history {
            changed(&lab, "10.0.0.30");
        }
        let before = fs::read(&file).unwrap();
        let ids: Vec<u64> = if has_history { log(&lab).iter().map(|entry| entry.id).collect() } else { Vec::new() };
        let now = served(&lab);
        fill(&zones);
        for round in 0..3 {
            let refused = refusal(&lab, app(&format!("10.0.1.{round}")));
            assert!(refused.what.contains("o space left"), "{refused:?}");
            assert_eq!((fs::read(&file).unwrap(), served(&lab)), (before.clone(), now.clone()));
        }
        let yes = ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(app("10.0.2.1"), by()) };
        assert!(errand::<ChangeAnswer>(&lab, Errand::Change(yes)).is_err());
        lab.stop();
        lab.restart();
        assert_eq!((fs::read(&file).unwrap(), served(&lab)), (before.clone(), now.clone()), "it starts on a full disk");
        if has_history {
            assert_eq!(log(&lab).iter().map(|entry| entry.id).collect::<Vec<_>>(), ids);
        }
        let left: Vec<_> =
            fs::read_dir(zones.join("internal")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["corp.example.zone"], "nothing lies about");
        empty(&zones);
        changed(&lab, "10.0.0.31");
        lab.stop();
    }
}

/// A change whose time is over while the disk is full goes when there is room again; it does not stay for good.
#[test]
fn an_unconfirmed_change_goes_when_the_disk_has_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let zones = folder.path().join("zones");
    let Some(_mount) = Mount::new(&["-t", "tmpfs", "-o", "size=256k", "tmpfs"], &zones) else { return };
    let config = CONFIG.replace("directory = \"zones\"", &format!("directory = \"{}\"", zones.display()));
    fs::create_dir(zones.join("internal")).unwrap();
    fs::write(zones.join("internal/corp.example.zone"), ZONE).unwrap();
    let lab = Lab::prepared(&config, |_| {});
    changed(&lab, "10.0.0.30");
    let waiting = ChangeRequest { dry: false, confirm: Some(1), ..ChangeRequest::dry(app("10.0.0.31"), by()) };
    let waiting: ChangeAnswer = errand(&lab, Errand::Change(waiting)).unwrap();
    fill(&zones);
    let due = std::time::Instant::now() + std::time::Duration::from_millis(2200);
    wait_until("the time is over", || std::time::Instant::now() > due);
    let entry = log(&lab).into_iter().find(|entry| Some(entry.id) == waiting.id).unwrap();
    assert!(entry.reverts_at.is_some() || entry.undone_by.is_some(), "it was kept though nobody said so: {entry:?}");
    empty(&zones);
    lab.wait_for("app.corp.example A", &["10.0.0.30"]);
}

/// Where the zone files must not be written, the reason is told; what is served stays.
#[test]
fn a_read_only_zones_directory_refuses_edits() {
    let folder = tempfile::tempdir().unwrap();
    let zones = folder.path().join("zones");
    let Some(mount) = Mount::new(&["-t", "tmpfs", "tmpfs"], &zones) else { return };
    let config = CONFIG.replace("directory = \"zones\"", &format!("directory = \"{}\"", zones.display()));
    fs::create_dir(zones.join("internal")).unwrap();
    fs::write(zones.join("internal/corp.example.zone"), ZONE).unwrap();
    let mut lab = Lab::prepared(&config, |_| {});
    for round in 0..2 {
        let now = served(&lab);
        lab.stop();
        mount.again("remount,ro");
        lab.restart();
        let refused = refusal(&lab, app("10.0.0.50"));
        assert!(refused.what.contains("ead-only"), "{refused:?}");
        let plan: ChangeAnswer = errand(&lab, Errand::Change(ChangeRequest::dry(app("10.0.0.50"), by()))).unwrap();
        assert_eq!((plan.sets.len(), served(&lab)), (1, now), "a plan writes nothing, so it works");
        mount.again("remount,rw");
        changed(&lab, &format!("10.0.0.6{round}"));
    }
}

/// A zone file or folder that even root must not change.
#[test]
fn an_immutable_file_refuses_edits() {
    let lab = lab_of(ZONE);
    changed(&lab, "10.0.0.30");
    let before = text(&lab);
    for path in [FILE, "zones/internal", "zones/.history"] {
        let path = lab.path(path);
        if !chattr("+i", &path) {
            eprintln!("SKIPPED: {} cannot be made immutable here", path.display());
            continue;
        }
        let outcome = change(&lab, app("10.0.0.31"));
        assert!(chattr("-i", &path));
        if path.ends_with(".history") {
            continue;
        }
        let refused = outcome.unwrap_err();
        assert!(refused.what.contains("not permitted"), "{refused:?}");
        assert_eq!((text(&lab), served(&lab)), (before.clone(), vec!["10.0.0.30".to_owned()]));
        let left = fs::read_dir(lab.path("zones/internal")).unwrap().count();
        assert_eq!(left, 1, "nothing lies about");
    }
    changed(&lab, "10.0.0.32");
}

/// Something else in the history's place is told, and is no reason not to serve.
#[test]
fn a_history_that_is_no_folder_is_told() {
    let lab = lab_of(ZONE);
    lab.write("zones/.history", "mine\n");
    let refused = refusal(&lab, app("10.0.0.30"));
    assert!(refused.what.contains(".history"), "{refused:?}");
    assert_eq!((text(&lab), served(&lab)), (ZONE.into(), vec!["10.0.0.12".to_owned()]));
    assert_eq!(fs::read_to_string(lab.path("zones/.history")).unwrap(), "mine\n");
    fs::remove_file(lab.path("zones/.history")).unwrap();
    changed(&lab, "10.0.0.31");
}

/// A history that somebody removes while the server runs begins anew: what is edited then is in it.
#[test]
fn a_history_that_was_removed_begins_anew() {
    let mut lab = lab_of(ZONE);
    changed(&lab, "10.0.0.30");
    fs::remove_dir_all(lab.path("zones/.history")).unwrap();
    changed(&lab, "10.0.0.31");
    lab.stop();
    lab.restart();
    assert_eq!((served(&lab), log(&lab).len()), (vec!["10.0.0.31".to_owned()], 1));
}

/// The zones directory may be a link, and the link may lead elsewhere one day.
#[test]
fn edits_follow_a_linked_zones_directory() {
    let link = |lab: &Path, to: &str| {
        let _ = fs::remove_file(lab.join("new"));
        std::os::unix::fs::symlink(to, lab.join("new")).unwrap();
        fs::rename(lab.join("new"), lab.join("zones")).unwrap();
    };
    let mut lab = Lab::prepared(CONFIG, |folder| {
        for release in ["one", "two"] {
            fs::create_dir_all(folder.join(release).join("internal")).unwrap();
            fs::write(folder.join(release).join("internal/corp.example.zone"), ZONE).unwrap();
        }
        link(folder, "one");
    });
    changed(&lab, "10.0.0.30");
    link(lab.folder.path(), "two");
    lab.wait_for("app.corp.example A", &["10.0.0.12"]);
    changed(&lab, "10.0.0.31");
    assert!(lab.path("two/.history").is_dir());
    lab.stop();
    lab.restart();
    assert_eq!((served(&lab), log(&lab).len()), (vec!["10.0.0.31".to_owned()], 1));
    assert!(fs::read_to_string(lab.path("one/internal/corp.example.zone")).unwrap().contains("10.0.0.30"));
}

/// A config that names another zones directory takes edits and their history there.
#[test]
fn edits_follow_the_configured_zones_directory() {
    let lab = lab_of(ZONE);
    changed(&lab, "10.0.0.30");
    lab.write("other/internal/corp.example.zone", &ZONE.replace("10.0.0.12", "10.0.0.77"));
    lab.write("horizon.toml", &CONFIG.replace("directory = \"zones\"", "directory = \"other\""));
    lab.wait_for("app.corp.example A", &["10.0.0.77"]);
    changed(&lab, "10.0.0.31");
    assert!(fs::read_to_string(lab.path("other/internal/corp.example.zone")).unwrap().contains("10.0.0.31"));
    assert_eq!(log(&lab).len(), 1);
    lab.write("horizon.toml", CONFIG);
    lab.wait_for("app.corp.example A", &["10.0.0.30"]);
    let _: ChangeAnswer = change(&lab, vec![Order::Undo { id: 1 }]).unwrap();
    assert_eq!(served(&lab), ["10.0.0.12"]);
}

/// A zone file that is a link: what it leads to changes, and the link stays.
#[test]
fn a_linked_zone_file_stays_a_link_or_is_refused() {
    let lab = Lab::prepared(CONFIG, |folder| {
        fs::create_dir_all(folder.join("zones/internal")).unwrap();
        fs::write(folder.join("real.zone"), ZONE).unwrap();
        std::os::unix::fs::symlink(folder.join("real.zone"), folder.join(FILE)).unwrap();
    });
    match change(&lab, app("10.0.0.30")) {
        Ok(_) => {
            assert_eq!(served(&lab), ["10.0.0.30"]);
            assert!(fs::read_to_string(lab.path("real.zone")).unwrap().contains("10.0.0.30"), "the link's end changes");
            let _: ChangeAnswer = change(&lab, vec![Order::Undo { id: 1 }]).unwrap();
        }
        Err(refused) => assert!(refused.what.contains("link"), "{refused:?}"),
    }
    assert!(fs::symlink_metadata(lab.path(FILE)).unwrap().is_symlink(), "the link stays a link");
    assert_eq!(served(&lab), ["10.0.0.12"]);
}

/// Line endings, a last line without one and octets that are no UTF-8 stay as they are.
#[test]
fn odd_octets_stay_as_they_are() {
    let crlf = ZONE.replace('\n', "\r\n");
    let endless = ZONE.trim_end().to_owned();
    let mut latin = ZONE.as_bytes().to_vec();
    latin.splice(2..2, [0xe4, 0xf6, 0xfc, b' ']);
    let proxy = latin.windows(9).position(|window| window == b"the proxy").unwrap();
    latin.splice(proxy..proxy, [0xdf, b' ']);
    for octets in [crlf.into_bytes(), endless.into_bytes(), latin] {
        let mut lab = Lab::prepared(CONFIG, |folder| {
            fs::create_dir_all(folder.join("zones/internal")).unwrap();
            fs::write(folder.join(FILE), &octets).unwrap();
        });
        changed(&lab, "10.0.0.99");
        let replaced = |octets: &[u8], from: &str, to: &str| -> Vec<u8> {
            let at = octets.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            [&octets[..at], to.as_bytes(), &octets[at + from.len()..]].concat()
        };
        let wanted = replaced(&replaced(&octets, "10.0.0.12", "10.0.0.99"), "hostmaster 7", "hostmaster 8");
        assert_eq!(String::from_utf8_lossy(&text(&lab)), String::from_utf8_lossy(&wanted));
        assert_eq!(text(&lab), wanted);
        let _: ChangeAnswer = change(&lab, vec![set_in("internal", "new.corp.example.", "A", &["10.0.0.44"])]).unwrap();
        let _: ChangeAnswer = change(&lab, vec![remove("internal", "mail.corp.example.", Some("A"))]).unwrap();
        for id in [3, 2, 1] {
            let _: ChangeAnswer = change(&lab, vec![Order::Undo { id }]).unwrap();
        }
        assert_eq!(text(&lab), replaced(&octets, "hostmaster 7", "hostmaster 13"));
        lab.stop();
        lab.restart();
        assert_eq!((served(&lab), log(&lab).len()), (vec!["10.0.0.12".to_owned()], 6));
    }
}

/// Records out of other files or templates are refused with their place; those beside them are edited.
#[test]
fn included_and_templated_records_are_refused_with_their_place() {
    let lab = Lab::prepared(CONFIG, |folder| {
        fs::create_dir_all(folder.join("zones/shared")).unwrap();
        fs::create_dir_all(folder.join("zones/internal")).unwrap();
        fs::write(folder.join("zones/shared/www.inc"), "www A 10.0.0.80\n").unwrap();
        let text = format!("{ZONE}$INCLUDE ../shared/www.inc\n$GENERATE 1-3 h$ A 10.0.3.$\n");
        fs::write(folder.join(FILE), text).unwrap();
    });
    let before = text(&lab);
    for (name, place) in [("www.corp.example.", "www.inc"), ("h2.corp.example.", "GENERATE")] {
        for orders in [
            vec![set(name, "A", &["10.0.0.81"])],
            vec![remove("internal", name, Some("A"))],
            vec![add("internal", name, "A", &["10.0.0.82"])],
        ] {
            match change(&lab, orders.clone()) {
                Err(refused) => assert!(format!("{refused:?}").contains(place), "{refused:?}"),
                Ok(answer) => assert!(matches!(orders[0], Order::Add { .. }), "{orders:?} {answer:?}"),
            }
            if let Some(id) = log(&lab).first().filter(|entry| entry.undone_by.is_none() && entry.undoes.is_none()) {
                let _: ChangeAnswer = change(&lab, vec![Order::Undo { id: id.id }]).unwrap();
            }
        }
    }
    let strip = |text: Vec<u8>| {
        String::from_utf8(text).unwrap().lines().filter(|line| !line.contains("SOA")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(strip(text(&lab)), strip(before));
    changed(&lab, "10.0.0.83");
    assert_eq!(ask(lab.address(), "www.corp.example A"), ["10.0.0.80"]);
    assert_eq!(ask(lab.address(), "h2.corp.example A"), ["10.0.3.2"]);
}

/// What people do to the files beside the server is in the history, each save by itself, also what they did while no server
/// ran; it can be told and undone around.
#[test]
fn hand_edits_are_in_the_history() {
    let mut lab = lab_of(ZONE);
    changed(&lab, "10.0.0.30");
    let save = |from: &str, to: &str| {
        let text = fs::read_to_string(lab.path(FILE)).unwrap();
        assert!(text.contains(from), "{text}");
        replace(&lab.path(FILE), &text.replace(from, to));
    };
    save("10.0.0.20", "10.0.0.21");
    lab.wait_for("mail.corp.example A", &["10.0.0.21"]);
    save("10.0.0.21", "10.0.0.22");
    lab.wait_for("mail.corp.example A", &["10.0.0.22"]);
    let told = |lab: &Lab| log(lab).iter().map(|entry| (entry.id, entry.by.is_some())).collect::<Vec<_>>();
    assert_eq!(told(&lab), [(3, false), (2, false), (1, true)]);
    lab.stop();
    let text_now = fs::read_to_string(lab.path(FILE)).unwrap();
    fs::write(lab.path(FILE), text_now.replace("; services", "; our services")).unwrap();
    lab.restart();
    assert_eq!(told(&lab), [(4, false), (3, false), (2, false), (1, true)]);
    let _: ChangeAnswer = change(&lab, vec![Order::Undo { id: 1 }]).unwrap();
    assert_eq!(
        (served(&lab), ask(lab.address(), "mail.corp.example A")),
        (vec!["10.0.0.12".into()], vec!["10.0.0.22".to_owned()])
    );
    let _: ChangeAnswer = change(&lab, vec![Order::Undo { id: 5 }]).unwrap();
    assert_eq!(served(&lab), ["10.0.0.30"], "an undo can be undone");
    let _: ChangeAnswer = change(&lab, vec![Order::Undo { id: 3 }]).unwrap();
    assert_eq!(ask(lab.address(), "mail.corp.example A"), ["10.0.0.21"], "a hand edit can be undone, too");
}

/// A zone file that is gone can still be had as it was, and undoing its removal brings it back.
#[test]
fn a_zone_that_is_gone_can_be_had_as_it_was() {
    let lab = lab_of(ZONE);
    let id = changed(&lab, "10.0.0.30").id.unwrap();
    let then = text(&lab);
    fs::remove_file(lab.path(FILE)).unwrap();
    let export = |after: Option<u64>| {
        let zone = "corp.example".to_owned();
        errand::<TextAnswer>(&lab, Errand::Text { zone, horizon: None, after, at: None })
    };
    assert_eq!(export(None).unwrap_err().code, "NO_ZONE");
    let was = export(Some(id)).unwrap();
    assert_eq!((was.text.as_bytes(), was.horizon.as_str()), (then.as_slice(), "internal"));
    assert!(export(Some(id + 1)).unwrap_err().what.contains("was not there then"));
    let removal = log(&lab)[0].id;
    let yes = ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(vec![Order::Undo { id: removal }], by()) };
    errand::<ChangeAnswer>(&lab, Errand::Change(yes)).unwrap();
    assert_eq!(served(&lab), ["10.0.0.30"]);
}

/// What the server writes, history included, is no reason to load.
#[test]
fn edits_are_no_reason_to_load() {
    let lab = lab_of(ZONE);
    changed(&lab, "10.0.0.30");
    let loads = lab.settled();
    for number in 31..36 {
        changed(&lab, &format!("10.0.0.{number}"));
    }
    assert_eq!(lab.settled(), loads + 5, "each edit once");
    let tried = lab.status().tried;
    lab.settled();
    assert_eq!(lab.status().tried, tried);
}

/// Any row of edits and undos ends, when all is undone, in the octets of the beginning.
#[test]
fn edits_and_undos_return_to_the_same_octets() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut lab = lab_of(ZONE);
    for _ in 0..4 {
        let mut open = Vec::new();
        for _ in 0..25 {
            let name = ["app", "mail", "new", "a.b", "*.wild", "x"][next(6) as usize].to_owned() + ".corp.example.";
            let data = format!("10.9.{}.{}", next(3), next(250));
            let order = match next(6) {
                0 | 1 => set(&name, "A", &[&data]),
                2 => add("internal", &name, "A", &[&data]),
                3 => remove("internal", &name, None),
                4 => set(&name, "TXT", &["some words", &data]),
                _ => match open.pop() {
                    Some(id) => Order::Undo { id },
                    None => continue,
                },
            };
            let request = ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(vec![order.clone()], by()) };
            match errand::<ChangeAnswer>(&lab, Errand::Change(request)) {
                Ok(ChangeAnswer { id: Some(id), .. }) if !matches!(order, Order::Undo { .. }) => open.push(id),
                Ok(_) => {}
                Err(refused) => assert!(matches!(order, Order::Remove { .. }), "{order:?}: {refused:?}"),
            }
        }
        let see = |lab: &Lab| {
            ["app A", "mail A", "mail TXT", "new A", "a.b A", "b A", "q.wild A", "x TXT", "nothing A"].map(|question| {
                let (name, rtype) = question.split_once(' ').unwrap();
                ask(lab.address(), &format!("{name}.corp.example {rtype}"))
            })
        };
        let live = see(&lab);
        lab.stop();
        lab.restart();
        assert_eq!(see(&lab), live, "a start anew answers as the patched zone did");
        while let Some(id) = open.pop() {
            let request = ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(vec![Order::Undo { id }], by()) };
            let _: ChangeAnswer = errand(&lab, Errand::Change(request)).unwrap_or_else(|refused| panic!("{refused:?}"));
        }
        let strip = |text: &str| {
            text.lines().filter(|line| !line.contains("SOA")).map(|line| format!("{line}\n")).collect::<String>()
        };
        assert_eq!(strip(&String::from_utf8(text(&lab)).unwrap()), strip(ZONE));
    }
}
