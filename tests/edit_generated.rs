//! Edits beside the generator, and of horizons that show what another one has.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod edit_lab;
mod reload_lab;

use edit_lab::{add, by, change, errand, refusal, remove, set, set_in};
use horizon_dns::control::{ChangeAnswer, ChangeRequest, Errand};
use horizon_dns::edit::{Order, Place};
use reload_lab::{Lab, ask, wait_until};
use serde_json::json;
use std::fs;
use std::path::Path;

const GENERATED: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "run/control.sock"
[[horizon]]
name = "internal"
clients = ["10.0.0.0/24", "127.0.0.0/8"]
[inventory]
phoenix = "phoenix"
[routes]
internal = { service = "direct", guest = "direct", stack = "traefik" }
"#;

const GUESTS: &str = "phoenix/etc/phoenix_lxc_configs.json";

fn guests(count: usize) -> String {
    let guest = |n: usize| {
        let network = json!({"name": "eth0", "ip": format!("10.0.0.{}/24", 20 + n), "gw": "10.0.0.1"});
        ((200 + n).to_string(), json!({"name": format!("host{n}"), "network_config": network}))
    };
    json!({"lxc_configs": (0..count).map(guest).collect::<serde_json::Map<_, _>>()}).to_string()
}

fn generated(count: usize) -> Lab {
    Lab::prepared(GENERATED, |folder: &Path| {
        let etc = folder.join("phoenix/etc");
        fs::create_dir_all(&etc).unwrap();
        let hypervisor = json!({
            "domain_name": "example.org",
            "network": {"default_subnet": "10.0.0.0/24", "interfaces": {"address": "10.0.0.13/24"}},
            "dns_server": {"authoritative_zones": []},
        });
        fs::write(etc.join("phoenix_hypervisor_config.json"), hypervisor.to_string()).unwrap();
        fs::write(etc.join("phoenix_vm_configs.json"), json!({"vms": []}).to_string()).unwrap();
        fs::write(folder.join(GUESTS), guests(count)).unwrap();
    })
}

#[allow(clippy::needless_pass_by_value, reason = "orders are made where they are given")]
fn yes(lab: &Lab, order: Order) -> ChangeAnswer {
    let request = ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(vec![order.clone()], by()) };
    errand(lab, Errand::Change(request)).unwrap_or_else(|refused| panic!("{order:?}: {refused:?}"))
}

/// A person's `set` wins over the generator until it is removed; then the generated record is back at once.
#[test]
fn a_set_over_a_generated_record_wins_until_it_is_removed() {
    let mut lab = generated(4);
    let host1 = |lab: &Lab| ask(lab.address(), "host1.example.org A");
    assert_eq!(host1(&lab), ["10.0.0.21"]);
    yes(&lab, set("host1.example.org.", "A", &["10.0.0.99"]));
    assert_eq!(host1(&lab), ["10.0.0.99"]);
    lab.write(GUESTS, &guests(6));
    lab.wait_for("host5.example.org A", &["10.0.0.25"]);
    assert_eq!(host1(&lab), ["10.0.0.99"], "a generation later it still wins");
    lab.stop();
    lab.restart();
    assert_eq!(host1(&lab), ["10.0.0.99"]);
    yes(&lab, remove("internal", "host1.example.org.", Some("A")));
    assert_eq!(host1(&lab), ["10.0.0.21"], "the generated one is back at once");
    assert!(lab.status().is_well(), "{:?}", lab.status().failing);
}

/// What the generator would write again is not taken away, added to or renamed; where it comes from is told.
#[test]
fn a_generated_record_is_refused_with_its_source() {
    let lab = generated(3);
    let place = || Place::Horizon("internal".to_owned());
    let move_it = Order::Move {
        from: "host1.example.org.".to_owned(),
        to: "guest1.example.org.".to_owned(),
        keep_cname: false,
        place: place(),
    };
    let file = lab.path("zones/internal/example.org.zone");
    let before = fs::read(&file).unwrap();
    for order in [
        remove("internal", "host1.example.org.", Some("A")),
        add("internal", "host1.example.org.", "A", &["10.0.0.98"]),
        move_it,
    ] {
        let refused = refusal(&lab, vec![order]);
        assert_eq!(refused.code, "GENERATED", "{refused:?}");
        assert!(refused.what.contains("201"), "the guest is named: {refused:?}");
    }
    assert_eq!(fs::read(&file).unwrap(), before);
}

/// An edit while the inventory changes: both are there in the end.
#[test]
fn edits_and_generation_at_the_same_time_lose_nothing() {
    let lab = generated(3);
    for round in 0..6 {
        lab.write(GUESTS, &guests(24 + round));
        yes(&lab, set_in("internal", &format!("hand{round}.example.org."), "A", &["10.0.0.77"]));
    }
    lab.wait_for("host28.example.org A", &["10.0.0.48"]);
    for round in 0..6 {
        assert_eq!(ask(lab.address(), &format!("hand{round}.example.org A")), ["10.0.0.77"]);
    }
    // The brake: an inventory that is all but gone takes nothing away, and does not stop edits.
    lab.write(GUESTS, &guests(1));
    wait_until("the brake is told", || !lab.status().is_well());
    yes(&lab, set_in("internal", "hand0.example.org.", "A", &["10.0.0.78"]));
    assert_eq!(ask(lab.address(), "hand0.example.org A"), ["10.0.0.78"]);
    assert_eq!(ask(lab.address(), "host28.example.org A"), ["10.0.0.48"], "an edit does not release the brake");
}

const INHERITING: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "run/control.sock"
[[horizon]]
name = "internal"
clients = ["127.0.0.0/8"]
inherits = "external"
[[horizon]]
name = "external"
clients = ["any"]
private_addresses = ["10.0.0.153"]
"#;

/// What the inner horizon inherits changes with the outer one; a name of its own hides it, and its removal shows it again. A
/// start anew answers the same.
#[test]
fn edits_of_the_outer_horizon_show_through() {
    let outside =
        "$TTL 300\n@ SOA ns h 9 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\napp A 192.0.2.1\nold A 192.0.2.9\n";
    let inside = "$TTL 300\n@ SOA ns h 7 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\nown A 10.0.0.20\n";
    let mut lab =
        Lab::start(INHERITING, &[("internal/corp.example.zone", inside), ("external/corp.example.zone", outside)]);
    let app = |lab: &Lab| ask(lab.address(), "app.corp.example A");
    assert_eq!(app(&lab), ["192.0.2.1"]);
    let answer = yes(&lab, set_in("external", "app.corp.example.", "A", &["192.0.2.2"]));
    assert!(answer.verified);
    assert_eq!(app(&lab), ["192.0.2.2"], "through the inner horizon");
    yes(&lab, set_in("internal", "app.corp.example.", "A", &["10.0.0.2"]));
    assert_eq!(app(&lab), ["10.0.0.2"]);
    yes(&lab, set_in("external", "app.corp.example.", "TXT", &["hidden"]));
    assert_eq!(ask(lab.address(), "app.corp.example TXT"), [""; 0], "a name of its own hides all types");
    yes(&lab, set_in("external", "deep.new.corp.example.", "A", &["192.0.2.3"]));
    yes(&lab, remove("external", "old.corp.example.", None));
    let questions = ["app A", "app TXT", "deep.new A", "new A", "old A", "own A", "none A", "ns A"];
    let see = |lab: &Lab| questions.map(|question| ask(lab.address(), &question.replacen(' ', ".corp.example ", 1)));
    let live = see(&lab);
    assert_eq!((&live[2], &live[4]), (&vec!["192.0.2.3".to_owned()], &vec!["NXDOMAIN".to_owned()]));
    lab.stop();
    lab.restart();
    assert_eq!(see(&lab), live);
    yes(&lab, remove("internal", "app.corp.example.", None));
    assert_eq!(app(&lab), ["192.0.2.2"], "shown again");
    let undone: ChangeAnswer = change(&lab, vec![Order::Undo { id: 1 }]).unwrap();
    assert!(undone.verified);
    assert_eq!(app(&lab), ["192.0.2.1"]);
}

/// Lines of the generator that somebody edits in a whole text go back to what the inventory says; that is told and needs a
/// yes, and where nothing else was edited nothing changes at all.
#[test]
fn edited_lines_of_the_generator_are_not_swallowed() {
    let lab = generated(4);
    let file = lab.path("zones/internal/example.org.zone");
    let before = fs::read_to_string(&file).unwrap();
    let text =
        |text: String| Order::Text { zone: "example.org".to_owned(), horizon: "internal".to_owned(), text, was: None };
    let moved = before.replace("10.0.0.21", "10.0.0.99");
    let without: String = before.split_inclusive('\n').filter(|line| !line.starts_with("host1 ")).collect();
    assert!(moved != before && without != before, "{before}");
    for (edited, told) in [(&moved, "puts back"), (&without, "writes again")] {
        let plan: ChangeAnswer =
            errand(&lab, Errand::Change(ChangeRequest::dry(vec![text(edited.clone())], by()))).unwrap();
        let [finding] = plan.findings.as_slice() else { panic!("{plan:?}") };
        assert!(finding.code == "GENERATED" && finding.what.contains(told), "{finding}");
        assert!(finding.what.contains("host1 A 10.0.0."), "{finding}");
        assert!(plan.files.is_empty() && plan.sets.is_empty(), "{plan:?}");
        assert_eq!(yes(&lab, text(edited.clone())).id, None);
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "not even the serial");
    }
    let with_more = format!("{moved}mine A 10.0.0.77\n");
    assert_eq!(refusal(&lab, vec![text(with_more.clone())]).code, "NEEDS_YES");
    assert!(yes(&lab, text(with_more)).id.is_some());
    assert_eq!(ask(lab.address(), "mine.example.org A"), ["10.0.0.77"]);
    assert_eq!(ask(lab.address(), "host1.example.org A"), ["10.0.0.21"]);
    // Without its mark the line is a person's, and so is what it says.
    let now = fs::read_to_string(&file).unwrap();
    let taken: String = now
        .split_inclusive('\n')
        .map(|line| if line.starts_with("host1 ") { "host1 A 10.0.0.99\n" } else { line })
        .collect();
    assert!(change(&lab, vec![text(taken)]).unwrap().id.is_some());
    assert_eq!(ask(lab.address(), "host1.example.org A"), ["10.0.0.99"]);
}

/// An alias beside a generated record is refused with where that comes from: it cannot be removed first.
#[test]
fn an_alias_beside_a_generated_record_names_its_source() {
    let lab = generated(3);
    let refused = refusal(&lab, vec![set("host1.example.org.", "CNAME", &["host2"])]);
    assert_eq!(refused.code, "NOT_ALLOWED_BY_CHECKS");
    assert!(refused.remedy.contains("its A comes from lxc/201"), "{refused:?}");
    yes(&lab, set("host1.example.org.", "A", &["10.0.0.99"]));
    let refused = refusal(&lab, vec![set("host1.example.org.", "CNAME", &["host2"])]);
    assert!(refused.remedy.contains("remove those first"), "a person's can: {refused:?}");
}
