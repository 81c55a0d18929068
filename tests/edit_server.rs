//! Edits through a running server: files and answers change together or not at all, and every change can be told and undone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod edit_lab;
mod reload_lab;

use edit_lab::{add, by, change, errand, refusal, remove, set, set_in};
use horizon_dns::control::{ChangeAnswer, ChangeEntry, ChangeRequest, Errand, LogAnswer, TextAnswer};
use horizon_dns::edit::{Order, Place};
use reload_lab::{Lab, ask, wait_until};
use std::collections::HashSet;
use std::fs;

const TWO: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "run/control.sock"

[[horizon]]
name = "internal"
clients = ["127.0.0.0/8"]

[[horizon]]
name = "external"
clients = ["any"]
private_addresses = ["10.0.0.153"]
"#;

const INSIDE: &str = "\
; The inner side of it all.
$TTL 300
@       SOA ns hostmaster 7 3600 600 86400 60
@       NS  ns          ; us
ns      A   10.0.0.153

; services
app     A   10.0.0.12   ; the proxy
mail    A   10.0.0.20
@       MX  10 mail
txt     TXT \"one\" \"two\"
";

const OUTSIDE: &str = "$TTL 300\n@ SOA ns hostmaster 9 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\napp A 10.0.0.153\n";

fn lab() -> Lab {
    Lab::start(TWO, &[("internal/corp.example.zone", INSIDE), ("external/corp.example.zone", OUTSIDE)])
}

fn inside(lab: &Lab) -> String {
    fs::read_to_string(lab.path("zones/internal/corp.example.zone")).unwrap()
}

/// The lines that differ, without the serial's.
fn differing(before: &str, after: &str) -> Vec<String> {
    let known: HashSet<&str> = before.lines().collect();
    let is_new = |line: &&str| !known.contains(line);
    after.lines().filter(is_new).filter(|line| !line.contains("SOA")).map(str::to_owned).collect()
}

/// One line and the serial change; what was meant is served, on the disk and verified when the answer comes.
#[test]
fn a_set_changes_one_line_and_is_served() {
    let lab = lab();
    let answer: ChangeAnswer = change(&lab, vec![set_in("internal", "app", "A", &["10.0.0.99"])]).unwrap();
    assert_eq!(ask(lab.address(), "app.corp.example A"), ["10.0.0.99"]);
    let text = inside(&lab);
    assert_eq!(differing(INSIDE, &text), ["app     A   10.0.0.99   ; the proxy"]);
    assert!(text.contains("hostmaster 8 3600"), "{text}");
    assert_eq!(text.lines().count(), INSIDE.lines().count());
    assert!(answer.verified && answer.id == Some(1) && answer.served_after.is_some(), "{answer:?}");
    let sets: Vec<_> = answer.sets.iter().map(|set| (&*set.name, &*set.rtype, &set.before, &set.after)).collect();
    assert_eq!(
        sets,
        [("app.corp.example.", "A", &vec!["300 10.0.0.12".to_owned()], &vec!["300 10.0.0.99".to_owned()])]
    );
    assert!(lab.status().is_well());
    let again: ChangeAnswer = change(&lab, vec![set_in("internal", "app", "A", &["10.0.0.99"])]).unwrap();
    assert_eq!((again.id, again.sets.len(), inside(&lab)), (None, 0, text), "nothing to change");
}

/// A plan tells the change and changes nothing.
#[test]
fn a_plan_changes_nothing() {
    let lab = lab();
    let request = ChangeRequest::dry(vec![set_in("internal", "app", "A", &["10.0.0.99"])], by());
    let answer: ChangeAnswer = errand(&lab, Errand::Change(request)).unwrap();
    assert_eq!((answer.id, answer.sets.len(), answer.files.len()), (None, 1, 1));
    assert!(answer.files[0].diff.contains("-app     A   10.0.0.12   ; the proxy\n"), "{}", answer.files[0].diff);
    assert_eq!(
        (inside(&lab).as_str(), ask(lab.address(), "app.corp.example A")),
        (INSIDE, vec!["10.0.0.12".to_owned()])
    );
}

/// Orders for several files are one change: an order that fails keeps all others out.
#[test]
fn several_edits_are_all_or_none() {
    let lab = lab();
    let orders = vec![set_in("internal", "app", "A", &["10.0.0.30"]), set_in("external", "app", "A", &["10.0.0.31"])];
    let refused = refusal(&lab, orders);
    assert_eq!(refused.code, "NOT_ALLOWED_BY_CHECKS", "a private address in the public horizon: {refused:?}");
    assert!(refused.findings.iter().any(|finding| finding.code == "PRIVATE_ADDRESS_PUBLISHED"), "{refused:?}");
    assert_eq!(inside(&lab), INSIDE);
    assert_eq!(ask(lab.address(), "app.corp.example A"), ["10.0.0.12"]);

    let orders = vec![set_in("internal", "app", "A", &["10.0.0.30"]), set_in("external", "app", "A", &["192.0.2.1"])];
    let answer: ChangeAnswer = change(&lab, orders).unwrap();
    assert_eq!(answer.files.len(), 2);
    let entry = &log(&lab)[0];
    assert_eq!((entry.id, entry.files.len(), entry.by.as_ref().unwrap().user.as_str()), (1, 2, "alice"));
}

/// A name of two horizons needs to be told which; the choices are named.
#[test]
fn a_name_of_two_horizons_is_not_guessed() {
    let lab = lab();
    let refused = refusal(&lab, vec![set("app", "A", &["10.0.0.30"])]);
    assert_eq!(refused.code, "SEVERAL_HORIZONS");
    let told = format!("{refused:?}");
    assert!(told.contains("internal") && told.contains("external"), "{told}");
}

/// A warning that was not there before stops the change until somebody says yes; one that was there does not.
#[test]
fn new_warnings_need_a_yes() {
    let lab = lab();
    let orders = vec![add("internal", "@", "MX", &["20 nowhere"])];
    let refused = refusal(&lab, orders.clone());
    assert_eq!(refused.code, "NEEDS_YES");
    assert_eq!(refused.findings[0].code, "TARGET_MISSING", "{refused:?}");
    assert_eq!(inside(&lab), INSIDE);
    let request = ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(orders, by()) };
    let answer: ChangeAnswer = errand(&lab, Errand::Change(request)).unwrap();
    assert_eq!(answer.id, Some(1));
    let answer: ChangeAnswer = change(&lab, vec![set_in("internal", "app", "A", &["10.0.0.98"])]).unwrap();
    assert_eq!(answer.id, Some(2), "the old warning is nobody's concern now");
}

/// An undo brings back every octet but the serial; a later change of the same line must be undone first.
#[test]
fn undo_restores_the_octets() {
    let lab = lab();
    let _: ChangeAnswer = change(&lab, vec![set_in("internal", "app", "A", &["10.0.0.40"])]).unwrap();
    let _: ChangeAnswer = change(&lab, vec![set_in("internal", "app", "A", &["10.0.0.41"])]).unwrap();
    let _: ChangeAnswer = change(&lab, vec![remove("internal", "txt", Some("TXT"))]).unwrap();
    let refused = refusal(&lab, vec![Order::Undo { id: 1 }]);
    assert!(refused.code == "CONFLICT" && refused.what.contains('2'), "{refused:?}");
    for id in [3, 2, 1] {
        let _: ChangeAnswer = change(&lab, vec![Order::Undo { id }]).unwrap();
    }
    let text = inside(&lab);
    assert_eq!(text, INSIDE.replace("hostmaster 7", "hostmaster 13"));
    assert_eq!(ask(lab.address(), "app.corp.example A"), ["10.0.0.12"]);
    let undone: Vec<_> = log(&lab).iter().map(|entry| (entry.id, entry.undoes, entry.undone_by)).collect();
    assert_eq!(
        undone,
        [
            (6, Some(1), None),
            (5, Some(2), None),
            (4, Some(3), None),
            (3, None, Some(4)),
            (2, None, Some(5)),
            (1, None, Some(6))
        ]
    );
}

/// A change decided on a plan that is out of date is refused.
#[test]
fn a_change_on_an_old_plan_is_refused() {
    let lab = lab();
    let orders = vec![set_in("internal", "app", "A", &["10.0.0.50"])];
    let plan: ChangeAnswer = errand(&lab, Errand::Change(ChangeRequest::dry(orders.clone(), by()))).unwrap();
    let _: ChangeAnswer = change(&lab, vec![set_in("internal", "app", "A", &["10.0.0.51"])]).unwrap();
    let request = ChangeRequest { dry: false, base: Some(plan.base), ..ChangeRequest::dry(orders, by()) };
    assert_eq!(errand::<ChangeAnswer>(&lab, Errand::Change(request)).unwrap_err().code, "BASE_MOVED");
    assert_eq!(ask(lab.address(), "app.corp.example A"), ["10.0.0.51"]);
}

/// What a person saved a moment ago, not even loaded yet, is never written over.
#[test]
fn a_save_of_an_editor_is_not_lost() {
    let lab = lab();
    lab.write("zones/internal/corp.example.zone", &INSIDE.replace("mail    A   10.0.0.20", "mail    A   10.0.0.21"));
    let _: ChangeAnswer = change(&lab, vec![set_in("internal", "app", "A", &["10.0.0.60"])]).unwrap();
    let text = inside(&lab);
    assert!(text.contains("10.0.0.21") && text.contains("10.0.0.60"), "{text}");
    lab.wait_for("mail.corp.example A", &["10.0.0.21"]);

    lab.write("zones/internal/corp.example.zone", "this is no zone\n");
    let refused = refusal(&lab, vec![set_in("internal", "app", "A", &["10.0.0.61"])]);
    assert_eq!(refused.code, "FILE_NOT_SERVED", "{refused:?}");
    assert_eq!(inside(&lab), "this is no zone\n");
    assert_eq!(ask(lab.address(), "app.corp.example A"), ["10.0.0.60"], "what served serves on");
}

/// A whole text takes the place of a file, mends a broken one, and is refused when the file moved meanwhile.
#[test]
fn a_whole_text_replaces_a_file() {
    let lab = lab();
    let text: TextAnswer = errand(
        &lab,
        Errand::Text { zone: "corp.example".into(), horizon: Some("internal".into()), after: None, at: None },
    )
    .unwrap();
    assert_eq!((text.text.as_str(), text.exact), (INSIDE, true));
    let order = |text: &str, was: Option<String>| Order::Text {
        zone: "corp.example".into(),
        horizon: "internal".into(),
        text: text.into(),
        was,
    };
    lab.write("zones/internal/corp.example.zone", "broken\n");
    let refused = refusal(&lab, vec![order(INSIDE, Some(text.mark))]);
    assert_eq!(refused.code, "CONFLICT", "{refused:?}");
    let new = INSIDE.replace("10.0.0.12 ", "10.0.0.13 ");
    let _: ChangeAnswer = change(&lab, vec![order(&new, None)]).unwrap();
    assert_eq!(inside(&lab), new.replace("hostmaster 7", "hostmaster 8"), "content changed, so the serial rose");
    assert_eq!(ask(lab.address(), "app.corp.example A"), ["10.0.0.13"]);
    assert!(lab.status().is_well());
    let refused = refusal(&lab, vec![order("@ SOA ns h 1 2 3 4 5\nwww A 300.1.1.1\n", None)]);
    assert_eq!(refused.code, "NOT_ALLOWED_BY_CHECKS");
    assert!(refused.findings.iter().any(|finding| finding.places[0].line == Some(2)), "{refused:?}");
}

/// A change that is not confirmed in time takes itself back, also when the server was not there at that time.
#[test]
fn an_unconfirmed_change_goes_by_itself() {
    let mut lab = lab();
    let waiting = |address: &str, seconds: u64| ChangeRequest {
        dry: false,
        confirm: Some(seconds),
        ..ChangeRequest::dry(vec![set_in("internal", "app", "A", &[address])], by())
    };
    let answer: ChangeAnswer = errand(&lab, Errand::Change(waiting("10.0.0.70", 1))).unwrap();
    assert!(answer.reverts_at.is_some());
    assert_eq!(ask(lab.address(), "app.corp.example A"), ["10.0.0.70"]);
    lab.wait_for("app.corp.example A", &["10.0.0.12"]);

    let answer: ChangeAnswer = errand(&lab, Errand::Change(waiting("10.0.0.71", 1))).unwrap();
    let kept: ChangeEntry = errand(&lab, Errand::Confirm { id: None }).unwrap();
    assert_eq!(Some(kept.id), answer.id);
    assert_eq!(errand::<ChangeEntry>(&lab, Errand::Confirm { id: None }).unwrap_err().code, "NOTHING_TO_CONFIRM");

    let _: ChangeAnswer = errand(&lab, Errand::Change(waiting("10.0.0.72", 1))).unwrap();
    lab.stop();
    let due = std::time::Instant::now() + std::time::Duration::from_millis(1100);
    wait_until("the time is over", || std::time::Instant::now() > due);
    assert!(inside(&lab).contains("10.0.0.72"));
    lab.restart();
    lab.wait_for("app.corp.example A", &["10.0.0.71"]);
    assert!(inside(&lab).contains("10.0.0.71"));
}

/// Writers at the same time wait for each other: every edit that was acknowledged is there.
#[test]
fn no_edit_of_many_writers_is_lost() {
    let lab = lab();
    std::thread::scope(|scope| {
        for writer in 0..16 {
            let lab = &lab;
            scope.spawn(move || {
                for edit in 0..4 {
                    let name = format!("w{writer}-{edit}");
                    let order = set_in("internal", &name, "A", &[&format!("10.1.{writer}.{edit}")]);
                    let answer: ChangeAnswer = change(lab, vec![order]).unwrap();
                    assert!(answer.id.is_some() && answer.verified);
                }
            });
        }
    });
    let text = inside(&lab);
    for writer in 0..16 {
        for edit in 0..4 {
            let name = format!("w{writer}-{edit}.corp.example A");
            assert_eq!(ask(lab.address(), &name), [format!("10.1.{writer}.{edit}")]);
            assert!(text.contains(&format!("10.1.{writer}.{edit}\n")), "{text}");
        }
    }
    let ids: Vec<u64> = log(&lab).iter().map(|entry| entry.id).collect();
    assert_eq!(ids, (1..=64).rev().collect::<Vec<_>>());
}

/// A large zone is patched, served ahead of its file, and in the end the same as after a start anew.
#[test]
fn a_large_zone_changes_without_being_compiled() {
    let mut text = String::from("$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\n");
    for number in 0..25_000 {
        text.push_str(&format!("h{number} A 10.{}.{}.1\n", number / 250, number % 250));
    }
    let mut lab = Lab::start(reload_lab::CONFIG, &[("internal/big.example.zone", &text)]);
    let place = || Place::Unsaid;
    let request = |orders: Vec<Order>| ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(orders, by()) };
    let mut new = set("h77.big.example.", "A", &["192.0.2.77"]);
    if let Order::Set { place: old, .. } = &mut new {
        *old = place();
    }
    let _: ChangeAnswer = errand(&lab, Errand::Change(request(vec![new]))).unwrap();
    let _: ChangeAnswer =
        errand(&lab, Errand::Change(request(vec![set("a.b.big.example.", "A", &["192.0.2.78"])]))).unwrap();
    let _: ChangeAnswer = errand(
        &lab,
        Errand::Change(request(vec![Order::Remove {
            name: "h9.big.example.".into(),
            rtype: None,
            data: Vec::new(),
            all: true,
            place: place(),
            condition: Vec::new(),
            reverse: false,
        }])),
    )
    .unwrap();
    let see = |lab: &Lab| {
        ["h77 A", "h78 A", "a.b A", "b A", "h9 A", "@ SOA"].map(|question| {
            let (name, rtype) = question.split_once(' ').unwrap();
            let name = if name == "@" { "big.example".to_owned() } else { format!("{name}.big.example") };
            ask(lab.address(), &format!("{name} {rtype}"))
        })
    };
    let live = see(&lab);
    assert_eq!(live[0], ["192.0.2.77"]);
    assert_eq!(live[2], ["192.0.2.78"]);
    assert_eq!(lab.status().serving.published.snapshot.views[0].zones.iter().next().unwrap().zone.serial(), 4);
    lab.stop();
    lab.restart();
    assert_eq!(see(&lab), live);
    let written = fs::read_to_string(lab.path("zones/internal/big.example.zone")).unwrap();
    let differ: Vec<_> = differing(&text, &written);
    assert_eq!(differ.len(), 2, "{differ:?}");
}

fn log(lab: &Lab) -> Vec<ChangeEntry> {
    let log: LogAnswer = errand(lab, Errand::Log { zone: None, horizon: None, since: None }).unwrap();
    log.changes
}
