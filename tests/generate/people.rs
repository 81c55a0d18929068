//! What a person wrote stays, to the octet; what the inventory lost goes, and nothing beside it.

use crate::scene::{Scene, coded, guest, machine, tells};
use horizon_dns::generate::{self, ApplyError};
use serde_json::json;

/// Generating again changes no octet and no serial.
#[test]
fn a_second_run_changes_nothing() {
    let scene = Scene::new();
    scene.generate();
    let zone = scene.zone("internal", "example.org");
    assert!(zone.contains("hostmaster 1 3600"), "{zone}");
    assert!(scene.plan().0.is_empty());
    scene.generate();
    assert_eq!(scene.zone("internal", "example.org"), zone);
}

/// A person's records, comments, blank lines and odd spacing survive; the serial rises by one with each change.
#[test]
fn a_persons_lines_survive_every_change() {
    let mut scene = Scene::new();
    scene.generate();
    let own = "\n; mail, by hand\nmail\t300 IN A 10.0.0.80 ; from the old server\n        MX 10   mail\n\n$GENERATE 1-2 pool$ A 10.0.0.10$\n";
    scene.edit("internal", "example.org", |zone| {
        let line = zone.lines().find(|line| line.starts_with("stepca")).unwrap().to_owned();
        zone.replace(&format!("{line}\n"), &format!("{line}\n        TXT \"by hand\"\n")) + own
    });
    assert!(scene.plan().0.is_empty(), "a person's lines alone change nothing");
    scene.containers["lxc_configs"].as_object_mut().unwrap().remove("103");
    scene.container("104", guest("new", "10.0.0.14/24", &[]));
    scene.generate();
    let zone = scene.zone("internal", "example.org");
    assert!(zone.ends_with(own), "{zone}");
    assert!(zone.contains("hostmaster 2 3600"), "{zone}");
    assert!(zone.contains("TXT \"by hand\""), "{zone}");
    let text = zone.lines().find(|line| line.contains("by hand\"")).unwrap();
    assert!(text.starts_with("stepca"), "the line that inherited its owner keeps it: {text}");
    assert_eq!(scene.addresses("internal", "example.org", "stepca"), "-");
    assert_eq!(scene.addresses("internal", "example.org", "new"), "10.0.0.14");
    assert!(scene.plan().0.is_empty());
}

/// A person's record of the same name and type wins, whatever it says; an alias wins over every type.
#[test]
fn a_persons_record_wins() {
    let mut scene = Scene::new();
    scene.container("104", guest("web", "10.0.0.14/24", &[])).container("105", guest("old", "10.0.0.15/24", &[]));
    scene.generate();
    scene.edit("internal", "example.org", |zone| zone + "web A 10.0.0.99\nold CNAME web\n");
    let findings = scene.generate();
    assert!(tells(&findings, "OVERRIDDEN", "web.example.org"));
    assert!(tells(&findings, "OVERRIDDEN", "old.example.org"));
    assert_eq!(scene.addresses("internal", "example.org", "web"), "10.0.0.99");
    assert_eq!(scene.addresses("internal", "example.org", "old"), "-");
    assert!(scene.plan().0.is_empty());
    scene.edit("internal", "example.org", |zone| zone.replace("web A 10.0.0.99\nold CNAME web\n", ""));
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "web"), "10.0.0.14", "back to the inventory");
}

/// A person's SOA and NS stay; only the digits of the serial change.
#[test]
fn a_persons_apex_stays() {
    let mut scene = Scene::new();
    let apex =
        "$TTL 1h\n@ IN SOA a.example.net. me.example.net. (\n  41 ; serial\n  1h 1h 1h 1h )\n  NS a.example.net.\n";
    scene.edit("internal", "example.org", |_| apex.to_owned());
    scene.generate();
    let zone = scene.zone("internal", "example.org");
    assert!(zone.starts_with(&apex.replace("41 ;", "42 ;")), "{zone}");
    assert!(!zone.contains("from horizon"), "no server of ours beside a person's: {zone}");
    assert!(zone.contains("300"), "the generator's TTL is written where $TTL is another: {zone}");
    scene.container("104", guest("web", "10.0.0.14/24", &[]));
    scene.generate();
    assert!(scene.zone("internal", "example.org").contains("43 ; serial"));
}

/// A guest that moves has its line changed in place; one that vanishes loses only its own lines.
#[test]
fn a_guest_moves_and_vanishes() {
    let mut scene = Scene::new();
    scene.machines = json!({"vms": [machine(1, "a", "10.0.0.21/24"), machine(2, "b", "10.0.0.22/24")]});
    scene.generate();
    let before = scene.zone("internal", "example.org");
    scene.machines = json!({"vms": [machine(1, "a", "10.0.0.31/24")]});
    let (plan, _) = scene.plan();
    let zone = plan.files.iter().find(|file| file.path.ends_with("internal/example.org.zone")).unwrap();
    assert_eq!((zone.added, zone.removed, zone.changed), (0, 1, 1));
    let diff: Vec<String> =
        zone.diff.iter().map(|line| format!("{}{}", if line.added { '+' } else { '-' }, line.text)).collect();
    assert!(
        diff.iter().any(|line| line.starts_with("-b ")) && diff.iter().any(|line| line.starts_with("+a ")),
        "{diff:?}"
    );
    assert_eq!(diff.len(), 5, "serial, a and b, nothing else: {diff:?}");
    generate::apply(&plan).unwrap();
    let after = scene.zone("internal", "example.org");
    assert_eq!(after.lines().count() + 1, before.lines().count());
    assert_eq!(scene.addresses("internal", "example.org", "a"), "10.0.0.31");
    assert!(scene.zone("internal", "0.0.10.in-addr.arpa").contains("31   PTR  a.example.org."));
}

/// More than 30 % and at least 10 of a zone's generated records never go unasked.
#[test]
fn the_brake_holds_until_it_is_forced() {
    let mut scene = Scene::new();
    for number in 0..36 {
        scene.container(
            &format!("2{number:02}"),
            guest(&format!("g{number}"), &format!("10.0.0.{}/24", 20 + number), &[]),
        );
    }
    scene.generate();
    let remove = |scene: &mut Scene, numbers: std::ops::Range<usize>| {
        for number in numbers {
            scene.containers["lxc_configs"].as_object_mut().unwrap().remove(&format!("2{number:02}"));
        }
    };
    remove(&mut scene, 0..12);
    let (plan, _) = scene.plan();
    assert!(!plan.brake(), "12 of 40 is 30 %, not more");
    remove(&mut scene, 12..13);
    let (plan, _) = scene.plan();
    assert!(plan.brake() && !plan.refused() && !plan.is_empty());
    assert!(matches!(generate::apply(&plan), Err(ApplyError::Brake)));
    assert_eq!(scene.addresses("internal", "example.org", "g0"), "10.0.0.20");
    generate::apply(&plan.forced()).unwrap();
    assert_eq!(scene.addresses("internal", "example.org", "g0"), "-");
    remove(&mut scene, 13..22);
    assert!(!scene.plan().0.brake(), "9 of 27 is more than 30 %, but fewer than 10");
}

/// A renamed domain is a zone that loses everything: the brake holds it.
#[test]
fn a_renamed_domain_meets_the_brake() {
    let mut scene = Scene::new();
    for number in 0..12 {
        scene.container(
            &format!("2{number:02}"),
            guest(&format!("g{number}"), &format!("10.0.0.{}/24", 20 + number), &[]),
        );
    }
    scene.generate();
    scene.hypervisor["domain_name"] = json!("example.net");
    assert!(scene.plan().0.brake());
}

/// A zone that nothing claims any more goes from a public horizon, so that it is refused there; a person's records keep it.
#[test]
fn a_zone_without_claims_is_withdrawn() {
    let mut scene = Scene::new();
    let record = json!([{"zone_name": "example.net", "records": [{"hostname": "www", "ip_external": "192.0.2.1"}]}]);
    scene.hypervisor["dns_server"]["authoritative_zones"] = record.clone();
    scene.generate();
    assert_eq!(scene.addresses("external", "example.net", "www"), "192.0.2.1");
    scene.hypervisor["dns_server"]["authoritative_zones"] = json!([]);
    scene.generate();
    assert!(!scene.zone_path("external", "example.net").exists());
    scene.hypervisor["dns_server"]["authoritative_zones"] = record;
    scene.generate();
    scene.edit("external", "example.net", |zone| zone + "mine A 192.0.2.7\n");
    scene.hypervisor["dns_server"]["authoritative_zones"] = json!([]);
    scene.generate();
    let zone = scene.zone("external", "example.net");
    assert!(zone.contains("mine A 192.0.2.7") && zone.contains("SOA") && !zone.contains("www"), "{zone}");
    assert!(scene.plan().0.is_empty());
}

/// A zone file that a person wrote for a zone of their own is never touched.
#[test]
fn a_persons_own_zone_is_left_alone() {
    let scene = Scene::new();
    scene.edit("internal", "person.example", |_| "@ 60 SOA a b 7 1 1 1 1\n".to_owned());
    scene.edit("external", "broken.example", |_| "@ 60 SOA a b (((\n".to_owned());
    let findings = scene.generate();
    assert_eq!(scene.zone("internal", "person.example"), "@ 60 SOA a b 7 1 1 1 1\n");
    assert_eq!(scene.zone("external", "broken.example"), "@ 60 SOA a b (((\n");
    assert!(coded(&findings, "ZONE_FILE_BROKEN").is_empty(), "its loader tells that");
}

/// One broken line in a zone: the file is not touched, and nothing else is written either.
#[test]
fn a_broken_zone_file_stays_as_it_is() {
    let mut scene = Scene::new();
    scene.generate();
    scene.edit("internal", "example.org", |zone| zone + "web A 10.0.0.999\n");
    let before = scene.zone("internal", "example.org");
    scene.container("104", guest("new", "10.0.0.14/24", &[]));
    let (plan, _) = scene.plan();
    assert!(plan.refused());
    let broken = coded(&plan.findings, "ZONE_FILE_BROKEN");
    assert_eq!(broken[0].places[0].line, Some(before.lines().count() as u32));
    assert!(matches!(generate::apply(&plan), Err(ApplyError::Refused)));
    assert_eq!(scene.zone("internal", "example.org"), before);
}

/// A file that changed after the plan was made is not overwritten.
#[test]
fn a_plan_does_not_overwrite_what_it_has_not_seen() {
    let mut scene = Scene::new();
    scene.generate();
    scene.container("104", guest("new", "10.0.0.14/24", &[]));
    let (plan, _) = scene.plan();
    scene.edit("internal", "example.org", |zone| zone + "mine A 10.0.0.77\n");
    assert!(matches!(generate::apply(&plan), Err(ApplyError::Changed(_))));
    assert!(scene.zone("internal", "example.org").ends_with("mine A 10.0.0.77\n"));
    assert!(!scene.zone("internal", "0.0.10.in-addr.arpa").contains("new.example.org"), "no other file either");
}

/// CR LF files stay so.
#[test]
fn line_endings_stay() {
    let mut scene = Scene::new();
    scene.generate();
    scene.edit("internal", "example.org", |zone| zone.replace('\n', "\r\n"));
    assert!(scene.plan().0.is_empty());
    scene.container("104", guest("new", "10.0.0.14/24", &[]));
    scene.generate();
    let zone = scene.zone("internal", "example.org");
    assert_eq!(zone.matches('\n').count(), zone.matches("\r\n").count());
    assert_eq!(scene.addresses("internal", "example.org", "new"), "10.0.0.14");
}

/// A large inventory is generated, and looked through again, in a moment; each answer is still the guest's own.
#[test]
fn a_thousand_guests_are_no_burden() {
    let mut scene = Scene::new();
    scene.hypervisor["network"]["default_subnet"] = json!("10.0.0.0/16");
    for number in 0..1000 {
        let ip = format!("10.0.{}.{}/16", 1 + number / 250, 1 + number % 250);
        scene.container(&(1000 + number).to_string(), guest(&format!("g{number}"), &ip, &[]));
    }
    scene.generate();
    assert_eq!(scene.addresses("internal", "example.org", "g999"), "10.0.4.250");
    assert!(scene.zone("internal", "0.10.in-addr.arpa").contains("g999.example.org."));
    let begin = std::time::Instant::now();
    assert!(scene.plan().0.is_empty());
    println!("1000 guests planned in {:?}", begin.elapsed());
}
