//! Promise: an order means exactly one place, or is refused with the places that it could mean.

mod cli_lab;

use horizon_dns::control::{Published, Refusal, place};
use horizon_dns::daemon::{Source, candidate};
use horizon_dns::dns::{present_data, present_name, present_rtype};
use horizon_dns::edit::{Order, Place, Placed, RecordEdit};
use std::path::Path;
use std::sync::Arc;

/// The worked example: `internal` has two zones and a reverse zone, `external` has one of the two.
fn example() -> Arc<Published> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones/horizon.toml");
    candidate(&Source::of(config), None).unwrap().published
}

/// An order in one line: `set NAME TYPE DATA.. [in HORIZON|in all] [if CONDITION] [reverse]`, as `zonectl` would make it.
fn order(line: &str) -> Order {
    let (line, reverse) = match line.strip_suffix(" reverse") {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (line, condition) = match line.split_once(" if ") {
        Some((line, conditions)) => (line, conditions.split(", ").map(str::to_owned).collect()),
        None => (line, Vec::new()),
    };
    let (line, place) = match line.split_once(" in ") {
        Some((line, "all")) => (line, Place::All),
        Some((line, horizon)) => (line, Place::Horizon(horizon.to_owned())),
        None => (line, Place::Unsaid),
    };
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let name = words[1].clone();
    let rtype = || words[2].clone();
    let data = || words[3..].to_vec();
    match words[0].as_str() {
        "set" => Order::Set { name, rtype: rtype(), data: data(), ttl: None, place, condition, reverse },
        "add" => Order::Add { name, rtype: rtype(), data: data(), ttl: None, place, condition, reverse },
        "rm" => {
            let all = words.last().is_some_and(|word| word == "all");
            let rest = &words[2..words.len() - usize::from(all)];
            let data = rest.get(1..).unwrap_or_default().to_vec();
            Order::Remove { name, rtype: rest.first().cloned(), data, all, place, condition, reverse }
        }
        "mv" => Order::Move { from: name, to: rtype(), keep_cname: false, place },
        other => panic!("{other}"),
    }
}

fn shown(placed: &Placed) -> String {
    let name = |name: &horizon_dns::dns::Name| present_name(name.as_slice());
    let texts =
        |rtype, data: &[Vec<u8>]| data.iter().map(|data| present_data(rtype, data)).collect::<Vec<_>>().join(" + ");
    let edit = match &placed.edit {
        RecordEdit::Set { owner, rtype, data, .. } => {
            format!("set {} {} {}", name(owner), present_rtype(*rtype), texts(*rtype, data))
        }
        RecordEdit::Add { owner, rtype, data, .. } => {
            format!("add {} {} {}", name(owner), present_rtype(*rtype), texts(*rtype, data))
        }
        RecordEdit::Remove { owner, rtype, data } => {
            let rtype_text = rtype.map_or("every type".to_owned(), present_rtype);
            let data = data.as_ref().map_or("all".to_owned(), |data| present_data(rtype.unwrap(), data));
            format!("rm {} {rtype_text} {data}", name(owner))
        }
        RecordEdit::Move { from, to, .. } => format!("mv {} {}", name(from), name(to)),
    };
    let expects: String = placed
        .expects
        .iter()
        .map(|one| format!(" if {} {}", present_rtype(one.rtype), texts(one.rtype, &one.data)))
        .collect();
    format!("{}: {edit}{expects}", placed.horizon)
}

fn placed(published: &Published, lines: &[&str]) -> Result<Vec<String>, Refusal> {
    let orders: Vec<Order> = lines.iter().map(|line| order(line)).collect();
    Ok(place(published, &orders)?.iter().map(shown).collect())
}

/// Names find their zone and horizon; nothing is guessed that could be two things.
#[test]
fn orders_find_their_place() {
    let published = example();
    let table: [(&str, &str, &[&str]); 15] = [
        (
            "a name that one horizon holds",
            "set ca A 10.0.0.11",
            &["internal: set ca.internal.thinkheads.ai. A 10.0.0.11"],
        ),
        (
            "a new whole name in a zone of one horizon",
            "set printer.internal.thinkheads.ai A 10.0.0.60",
            &["internal: set printer.internal.thinkheads.ai. A 10.0.0.60"],
        ),
        (
            "a name in both, and one is said",
            "set portainer.phoenix.thinkheads.ai. A 10.0.0.153 in external",
            &["external: set portainer.phoenix.thinkheads.ai. A 10.0.0.153"],
        ),
        (
            "a name in both, and both are said",
            "set www A 10.0.0.153 in all",
            &[
                "internal: set www.phoenix.thinkheads.ai. A 10.0.0.153",
                "external: set www.phoenix.thinkheads.ai. A 10.0.0.153",
            ],
        ),
        (
            "the apex of the only zone there",
            "set @ TXT v in external",
            &["external: set phoenix.thinkheads.ai. TXT \"v\""],
        ),
        (
            "data are relative to the zone",
            "add internal.thinkheads.ai. MX 10 mail",
            &["internal: add internal.thinkheads.ai. MX 10 mail.internal.thinkheads.ai."],
        ),
        (
            "an address is its reverse name, and a PTR leads to a name as people write it",
            "set 10.0.0.12 PTR ca",
            &["internal: set 12.0.0.10.in-addr.arpa. PTR ca.internal.thinkheads.ai."],
        ),
        (
            "one record of a name",
            "rm ollama A 10.0.0.155",
            &["internal: rm ollama.internal.thinkheads.ai. A 10.0.0.155"],
        ),
        ("all of a name", "rm ollama all", &["internal: rm ollama.internal.thinkheads.ai. every type all"]),
        ("all of a type", "rm ollama A all", &["internal: rm ollama.internal.thinkheads.ai. A all"]),
        (
            "conditions of one type are one expectation",
            "set ca A 10.0.0.11 if A 10.0.0.10, A 10.0.0.9, TXT none",
            &["internal: set ca.internal.thinkheads.ai. A 10.0.0.11 if A 10.0.0.10 + 10.0.0.9 if TXT "],
        ),
        (
            "the reverse record comes along",
            "set printer.internal.thinkheads.ai. A 10.0.0.60 reverse",
            &[
                "internal: set printer.internal.thinkheads.ai. A 10.0.0.60",
                "internal: set 60.0.0.10.in-addr.arpa. PTR printer.internal.thinkheads.ai.",
            ],
        ),
        (
            "and the one of the address that goes, if it led here",
            "set granite-embedding A 10.0.0.60 reverse",
            &[
                "internal: set granite-embedding.internal.thinkheads.ai. A 10.0.0.60",
                "internal: rm 141.0.0.10.in-addr.arpa. PTR granite-embedding.internal.thinkheads.ai.",
                "internal: set 60.0.0.10.in-addr.arpa. PTR granite-embedding.internal.thinkheads.ai.",
            ],
        ),
        ("not if it led elsewhere", "rm ca all reverse", &["internal: rm ca.internal.thinkheads.ai. every type all"]),
        (
            "a move takes the reverse records along",
            "mv step-ca ca2",
            &[
                "internal: mv step-ca.internal.thinkheads.ai. ca2.internal.thinkheads.ai.",
                "internal: set 10.0.0.10.in-addr.arpa. PTR ca2.internal.thinkheads.ai.",
            ],
        ),
    ];
    for (why, line, expected) in table {
        assert_eq!(placed(&published, &[line]).unwrap(), expected, "{why}: {line}");
    }
}

/// What has no single meaning is refused, with the choices and what to do.
#[test]
fn what_could_be_two_things_is_refused_with_the_choices() {
    let published = example();
    let table: [(&str, &str, &str, &[&str], &str); 15] = [
        (
            "in both horizons",
            "set www A 10.0.0.1",
            "SEVERAL_HORIZONS",
            &["internal", "external"],
            "`internal` (A 10.0.0.12), `external` (A 10.0.0.153); say `--horizon NAME` or `--all-horizons`",
        ),
        (
            "new in a zone of both",
            "set new.phoenix.thinkheads.ai. A 10.0.0.1",
            "SEVERAL_HORIZONS",
            &["internal", "external"],
            "is new, and its zone is in several horizons",
        ),
        (
            "in two zones",
            "set portainer A 10.0.0.1",
            "AMBIGUOUS_NAME",
            &["portainer.internal.thinkheads.ai.", "portainer.phoenix.thinkheads.ai."],
            "write the full name with its final dot",
        ),
        (
            "new, and relative to which zone?",
            "set printer A 10.0.0.1",
            "AMBIGUOUS_NAME",
            &["printer.internal.thinkheads.ai.", "printer.phoenix.thinkheads.ai."],
            "write the full name",
        ),
        ("foreign", "set www.example.org. A 10.0.0.1", "NO_ZONE", &[], "www.example.org. lies in no zone"),
        (
            "a zone that the horizon has not",
            "set ca.internal.thinkheads.ai. A 10.0.0.1 in external",
            "NO_ZONE",
            &["internal"],
            "`--horizon internal`",
        ),
        ("no such horizon", "set ca A 10.0.0.1 in extern", "UNKNOWN_HORIZON", &[], "did you mean `external`?"),
        ("nothing there", "rm nope.internal.thinkheads.ai. all", "NO_SUCH_NAME", &[], "no zone file holds records of"),
        ("nothing there to move", "mv nope.internal.thinkheads.ai. n", "NO_SUCH_NAME", &[], "no zone file"),
        ("a whole name by accident", "rm ollama", "NEEDS_ALL", &[], "or `--all`"),
        ("a whole type by accident", "rm ollama A", "NEEDS_ALL", &[], "every A record of ollama"),
        ("to another zone", "mv ca ca.phoenix.thinkheads.ai.", "OTHER_ZONE", &[], "is not in the zone internal"),
        ("no type", "set ca ADDR 10.0.0.1", "BAD_TYPE", &[], "`ADDR` is not a record type"),
        ("no data", "set ca A 10.0.0.256", "BAD_DATA", &[], "IPv4 address"),
        (
            "no reverse zone",
            "set ca A 192.168.7.9 reverse",
            "NO_REVERSE_ZONE",
            &[],
            "a file internal/7.168.192.in-addr.arpa.zone",
        ),
    ];
    for (why, line, code, choices, part) in table {
        let refusal = placed(&published, &[line]).unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), refusal.choices.as_slice()),
            (code, &choices.iter().map(|choice| (*choice).to_owned()).collect::<Vec<_>>()[..]),
            "{why}: {refusal}"
        );
        assert!(refusal.to_string().contains(part), "{why}: {refusal}");
    }
    for condition in ["A", "A none, A 10.0.0.1", "A 10.0.0.1, A -"] {
        let refusal = placed(&published, &[&format!("set ca A 10.0.0.9 if {condition}")]).unwrap_err();
        assert_eq!(refusal.code, "BAD_CONDITION", "{condition}: {refusal}");
    }
}

/// Orders of one change see what those before them leave: names that came, moved and went, and their reverse records.
#[test]
fn later_orders_see_earlier_ones() {
    let published = example();
    let lines = [
        "add printer.internal.thinkheads.ai. A 10.0.0.60 reverse",
        "add printer TXT room",
        "mv printer laser",
        "rm laser A 10.0.0.60 reverse",
    ];
    let expected = [
        "internal: add printer.internal.thinkheads.ai. A 10.0.0.60",
        "internal: set 60.0.0.10.in-addr.arpa. PTR printer.internal.thinkheads.ai.",
        "internal: add printer.internal.thinkheads.ai. TXT \"room\"",
        "internal: mv printer.internal.thinkheads.ai. laser.internal.thinkheads.ai.",
        "internal: set 60.0.0.10.in-addr.arpa. PTR laser.internal.thinkheads.ai.",
        "internal: rm laser.internal.thinkheads.ai. A 10.0.0.60",
        "internal: rm 60.0.0.10.in-addr.arpa. PTR laser.internal.thinkheads.ai.",
    ];
    assert_eq!(placed(&published, &lines).unwrap(), expected);
    let gone = placed(&published, &["rm ollama all", "rm ollama.internal.thinkheads.ai. A 10.0.0.155"]).unwrap_err();
    assert_eq!(gone.code, "NO_SUCH_NAME");
    let text = Order::Undo { id: 3 };
    assert_eq!(place(&published, &[text]), Ok(Vec::new()), "not this function's business");
}

/// A name is edited where it is owned: a horizon that only inherits it is no choice.
#[test]
fn inherited_names_count_where_they_are_owned() {
    let folder = tempfile::tempdir().unwrap();
    let published = cli_lab::corp(folder.path());
    let table = [
        ("inherited", "set only-outside A 10.0.0.153", "external: set only-outside.corp.example. A 10.0.0.153"),
        ("owned by the inner one alone", "set www CNAME ns", "internal: set www.corp.example. CNAME ns.corp.example."),
        ("at a cut", "rm sub all", "external: rm sub.corp.example. every type all"),
        ("a wildcard is a name", "add *.dyn TXT x", "internal: add *.dyn.corp.example. TXT \"x\""),
        (
            "hiding an inherited name is said",
            "set only-outside A 10.0.0.9 in internal",
            "internal: set only-outside.corp.example. A 10.0.0.9",
        ),
    ];
    for (why, line, expected) in table {
        assert_eq!(placed(&published, &[line]).unwrap(), [expected], "{why}: {line}");
    }
    assert_eq!(placed(&published, &["set app A 10.0.0.9"]).unwrap_err().code, "SEVERAL_HORIZONS");
    let covered = placed(&published, &["set any.dyn.corp.example. TXT y"]).unwrap_err();
    assert_eq!(covered.code, "SEVERAL_HORIZONS", "a wildcard does not make the name exist: {covered}");
}
