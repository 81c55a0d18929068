//! What an edit is asked about before it is made, and what of it is told in which words.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod edit_lab;
mod reload_lab;

use edit_lab::{add, by, change, errand, refusal, remove, set, set_in};
use horizon_dns::control::{ChangeAnswer, ChangeRequest, Errand, LogAnswer, Refusal};
use horizon_dns::edit::{Order, Place};
use reload_lab::Lab;

const CONFIG: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "run/control.sock"
[[horizon]]
name = "guests"
clients = ["127.0.0.2/32"]
inherits = "external"
[[horizon]]
name = "internal"
clients = ["127.0.0.0/8", "10.0.0.0/8"]
[[horizon]]
name = "external"
clients = ["any"]
"#;

const ZONE: &str = "\
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 198.51.100.1
www A 198.51.100.2
www TXT hello
alias CNAME www
";

/// Only insiders have this one.
const INTERNAL: &str = "db A 10.0.0.5\n";

/// Where addresses of insiders lead back.
const REVERSE: &str = "\
$TTL 300
@ SOA ns.corp.example. hostmaster.corp.example. 1 3600 600 86400 60
@ NS ns.corp.example.
5.0.0 PTR DB.corp.example.
";

/// The inner horizon owns one name of its own.
const GUESTS: &str = "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 198.51.100.1\n";

fn lab() -> Lab {
    let internal = format!("{ZONE}{INTERNAL}");
    let files = [
        ("guests/corp.example.zone", GUESTS),
        ("internal/corp.example.zone", &internal),
        ("internal/10.in-addr.arpa.zone", REVERSE),
        ("external/corp.example.zone", ZONE),
    ];
    Lab::start(CONFIG, &files)
}

fn everywhere(name: &str, rtype: &str, data: &[&str]) -> Order {
    let mut order = set(name, rtype, data);
    if let Order::Set { place, .. } = &mut order {
        *place = Place::All;
    }
    order
}

fn with_reverse(mut order: Order) -> Order {
    if let Order::Set { reverse, .. } = &mut order {
        *reverse = true;
    }
    order
}

fn with_ttl(mut order: Order, seconds: u32) -> Order {
    if let Order::Set { ttl, .. } = &mut order {
        *ttl = Some(seconds);
    }
    order
}

fn codes(refusal: &Refusal) -> Vec<&str> {
    refusal.findings.iter().map(|finding| &*finding.code).collect()
}

/// Each kind of doubt stops an edit until somebody says yes, and nothing else does.
#[test]
fn each_kind_of_doubt_needs_a_yes() {
    let lab = lab();
    let doubts = [
        ("a TTL of 0", with_ttl(set_in("internal", "db.corp.example.", "A", &["10.0.0.6"]), 0), "TTL_ZERO"),
        ("an alias of nothing", set_in("internal", "a.corp.example.", "CNAME", &["nowhere"]), "TARGET_MISSING"),
        (
            "a mail server that is nothing",
            set_in("internal", "a.corp.example.", "MX", &["10", "nowhere"]),
            "TARGET_MISSING",
        ),
        (
            "a mail server that is an alias",
            set_in("internal", "a.corp.example.", "MX", &["10", "alias"]),
            "TARGET_IS_CNAME",
        ),
        (
            "a service at an alias",
            set_in("internal", "_x._tcp.corp.example.", "SRV", &["1", "1", "1", "alias"]),
            "TARGET_IS_CNAME",
        ),
        ("a name server that is an alias", set_in("internal", "a.corp.example.", "NS", &["alias"]), "TARGET_IS_CNAME"),
        (
            "a name that nobody asks for",
            set_in("internal", "b\u{fc}ro.corp.example.", "A", &["10.0.0.6"]),
            "NAME_NOT_ASCII",
        ),
        (
            "everybody has it, insiders do not",
            set_in("external", "shop.corp.example.", "A", &["198.51.100.3"]),
            "NAME_HIDDEN",
        ),
        ("insiders lose what everybody has", remove("internal", "www.corp.example.", None), "NAME_HIDDEN"),
        (
            "it hides the inherited text",
            set_in("guests", "www.corp.example.", "A", &["198.51.100.9"]),
            "HIDES_INHERITED",
        ),
        (
            "its reverse record is left behind",
            set_in("internal", "db.corp.example.", "A", &["10.0.0.6"]),
            "REVERSE_LEFT",
        ),
        ("and when it goes", remove("internal", "db.corp.example.", None), "REVERSE_LEFT"),
    ];
    for (why, order, code) in doubts {
        let refused = refusal(&lab, vec![order]);
        assert_eq!(refused.code, "NEEDS_YES", "{why}: {refused:?}");
        assert!(codes(&refused).contains(&code), "{why}: {:?}", codes(&refused));
    }
    let plain = [
        ("insiders have more than others", set_in("internal", "nas.corp.example.", "A", &["10.0.0.7"])),
        ("all horizons with the zone get it", everywhere("shop.corp.example.", "A", &["198.51.100.3"])),
        ("its address changes where it is", set_in("external", "www.corp.example.", "A", &["198.51.100.4"])),
        ("its reverse record stays right", add("internal", "db.corp.example.", "A", &["10.0.0.6"])),
        ("its reverse record follows", with_reverse(set_in("internal", "db.corp.example.", "A", &["10.0.0.9"]))),
        ("what only insiders have goes", remove("internal", "nas.corp.example.", None)),
    ];
    for (why, order) in plain {
        assert!(change(&lab, vec![order]).unwrap().id.is_some(), "{why}");
    }
    let yes = |order: Order| ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(vec![order], by()) };
    let hidden = yes(remove("internal", "shop.corp.example.", None));
    let made: ChangeAnswer = errand(&lab, Errand::Change(hidden)).unwrap();
    assert!(made.id.is_some() && made.verified, "{made:?}");
    let again = change(&lab, vec![set_in("external", "shop.corp.example.", "TXT", &["new"])]).unwrap();
    assert!(again.id.is_some(), "what is hidden already is not told again: {again:?}");
}

/// A private address in a public horizon and a CNAME beside other data are refused, yes or no.
#[test]
fn errors_refuse_whatever_is_said() {
    let lab = lab();
    let errors = [
        (set_in("external", "www.corp.example.", "A", &["10.0.0.5"]), "PRIVATE_ADDRESS_PUBLISHED"),
        (set_in("internal", "www.corp.example.", "CNAME", &["db"]), "cannot stand beside"),
        (set_in("internal", "corp.example.", "CNAME", &["db"]), "cannot stand beside"),
        (remove("internal", "corp.example.", Some("NS")), "NO_APEX_NS"),
    ];
    for (order, expected) in errors {
        let request = ChangeRequest { yes: true, dry: false, ..ChangeRequest::dry(vec![order.clone()], by()) };
        let refused = errand::<ChangeAnswer>(&lab, Errand::Change(request)).unwrap_err();
        assert_eq!(refused.code, "NOT_ALLOWED_BY_CHECKS", "{order:?}: {refused:?}");
        assert!(refused.what.contains(expected) || codes(&refused).contains(&expected), "{order:?}: {refused:?}");
    }
    let log: LogAnswer = errand(&lab, Errand::Log { zone: None, horizon: None, since: None }).unwrap();
    assert!(log.changes.is_empty(), "{log:?}");
}

/// The history keeps a reason, not a document; what it keeps is told as it was said.
#[test]
fn reasons_are_bounded() {
    let lab = lab();
    let with = |reason: String, user: String| {
        let order = set_in("internal", "why.corp.example.", "A", &["10.0.0.8"]);
        let mut by = by();
        by.user = user;
        let request = ChangeRequest { dry: false, reason: Some(reason), ..ChangeRequest::dry(vec![order], by) };
        errand::<ChangeAnswer>(&lab, Errand::Change(request))
    };
    for (reason, user) in [("x".repeat(4097), "ana".to_owned()), ("why".to_owned(), "u".repeat(256))] {
        assert_eq!(with(reason, user).unwrap_err().code, "TOO_LONG");
    }
    let kept = "y".repeat(4096);
    assert!(with(kept.clone(), "ana".to_owned()).unwrap().id.is_some());
    let log: LogAnswer = errand(&lab, Errand::Log { zone: None, horizon: None, since: None }).unwrap();
    assert_eq!(log.changes[0].reason.as_deref(), Some(kept.as_str()));
}
