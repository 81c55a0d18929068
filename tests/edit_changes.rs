//! Orders become names before and after, or refusals that say what is there.

mod edit_orders;

use edit_orders::{load, origin, owner, placed};
use horizon_dns::dns::{Name, Rtype, parse_data, present_data, present_rtype};
use horizon_dns::edit::{EditRefusal, Expectation, NameChange, Placed, RecordEdit, ZoneChange, changes, sets_of};
use horizon_dns::zone::RrSet;

const ZONE: &str = "\
$TTL 1h
@ SOA ns host 7 1h 15m 1w 1h
@ NS ns
ns A 10.0.0.53
a 300 A 10.0.0.1
a 300 A 10.0.0.2
a TXT x
alias CNAME A.Example.org.
mail MX 10 Mail
";

fn make(edits: &[Placed]) -> Result<Vec<ZoneChange>, Vec<EditRefusal>> {
    let zone = load(ZONE, &origin());
    let current = |horizon: &str, _: &Name, owner: &Name| match horizon {
        "internal" => sets_of(&zone.records, std::slice::from_ref(owner)).remove(0),
        _ => Vec::new(),
    };
    changes(edits, &current, &|_, _| 3600)
}

fn shown(sets: &[RrSet]) -> String {
    let set = |set: &RrSet| {
        let data: Vec<String> = set.data.iter().map(|data| present_data(set.rtype, data)).collect();
        format!("{} {} {}", set.ttl, present_rtype(set.rtype), data.join(" | "))
    };
    sets.iter().map(set).collect::<Vec<_>>().join(", ")
}

/// `owner: before => after` a name.
fn told(names: &[NameChange]) -> String {
    let one = |change: &NameChange| format!("{}: {} => {}", change.owner, shown(&change.before), shown(&change.after));
    names.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Edits are made one on the other; names that end as they were are left out.
#[test]
fn orders_become_names_before_and_after() {
    let a = "a.example.org: 300 A 10.0.0.1 | 10.0.0.2, 3600 TXT \"x\" =>";
    let table = [
        ("set keeps the TTL and what stays, in its order", "set a A 10.0.0.3 | 10.0.0.2", format!("{a} 300 A 10.0.0.2 | 10.0.0.3, 3600 TXT \"x\"")),
        ("the same records are no change", "set a A 10.0.0.2 | 10.0.0.1", String::new()),
        ("nor is another case of a name", "set alias CNAME a.EXAMPLE.org.\nset mail MX 10 MAIL", String::new()),
        ("a TTL alone is", "set a 60 TXT x", format!("{a} 300 A 10.0.0.1 | 10.0.0.2, 60 TXT \"x\"")),
        ("add takes the TTL of the set", "add a A 10.0.0.3", format!("{a} 300 A 10.0.0.1 | 10.0.0.2 | 10.0.0.3, 3600 TXT \"x\"")),
        ("or gives it another", "add a 60 A 10.0.0.1", format!("{a} 60 A 10.0.0.1 | 10.0.0.2, 3600 TXT \"x\"")),
        ("what is there already changes nothing", "add a A 10.0.0.1", String::new()),
        ("a new name takes the zone's TTL", "add new A 10.0.0.9", "new.example.org:  => 3600 A 10.0.0.9".to_owned()),
        ("one record goes", "rm a A 10.0.0.1", format!("{a} 300 A 10.0.0.2, 3600 TXT \"x\"")),
        ("a type goes", "rm a A", format!("{a} 3600 TXT \"x\"")),
        ("a name goes", "rm a", format!("{a} ")),
        ("the SOA of the apex stays", "rm @", "example.org: 3600 NS ns.example.org., 3600 SOA ns.example.org. host.example.org. 7 3600 900 604800 3600 => 3600 SOA ns.example.org. host.example.org. 7 3600 900 604800 3600".to_owned()),
        ("one on the other", "rm a\nset a CNAME ns\nrm a CNAME\nadd a A 10.0.0.7", format!("{a} 3600 A 10.0.0.7")),
        ("and back again", "rm a A\nadd a 300 A 10.0.0.2 | 10.0.0.1", String::new()),
        ("an alias may come before the address goes", "set a CNAME ns\nrm a A\nrm a TXT", format!("{a} 3600 CNAME ns.example.org.")),
        ("the serial of a SOA is the server's", "set @ SOA ns host 99 1h 15m 1w 1h", String::new()),
        ("its other fields are not", "set @ SOA ns host 99 1h 15m 1w 2h", "example.org: 3600 NS ns.example.org., 3600 SOA ns.example.org. host.example.org. 7 3600 900 604800 3600 => 3600 NS ns.example.org., 3600 SOA ns.example.org. host.example.org. 7 3600 900 604800 7200".to_owned()),
        ("a move", "mv mail post", "mail.example.org: 3600 MX 10 Mail.example.org. => \npost.example.org:  => 3600 MX 10 Mail.example.org.".to_owned()),
        ("a move that leaves an alias", "mv a b keep", format!("{a} 300 CNAME b.example.org.\nb.example.org:  => 300 A 10.0.0.1 | 10.0.0.2, 3600 TXT \"x\"")),
        ("there and back", "mv a b\nmv b a", String::new()),
    ];
    for (why, orders, expected) in table {
        let zones = make(&placed(orders, &origin())).unwrap_or_else(|refusals| panic!("{why}: {}", refusals[0]));
        assert!(zones.len() <= 1, "{why}");
        let got = zones.first().map(|zone| told(&zone.names)).unwrap_or_default();
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&got), sorted(&expected), "{why}");
    }
}

/// What cannot be made is refused, with its code, its edit and what is there.
#[test]
fn impossible_orders_are_refused() {
    let table = [
        ("EDIT_NOT_THERE", 0, "rm a A 10.0.0.9", "a.example.org A is 10.0.0.1, 10.0.0.2; there is no 10.0.0.9"),
        ("EDIT_NOT_THERE", 0, "rm a AAAA", "a.example.org has no AAAA record, but A and TXT"),
        ("EDIT_NOT_THERE", 0, "rm nobody", "nobody.example.org has no records that can go"),
        ("EDIT_NOT_THERE", 0, "mv nobody b", "nobody.example.org has no records"),
        ("EDIT_CNAME", 0, "set a CNAME ns", "a.example.org has A and TXT; a CNAME cannot stand beside that"),
        (
            "EDIT_CNAME",
            1,
            "rm a TXT\nadd alias A 10.0.0.1",
            "alias.example.org is an alias of A.Example.org.; A cannot stand beside it",
        ),
        (
            "EDIT_SEVERAL",
            0,
            "add alias CNAME ns",
            "alias.example.org would have several CNAME records: A.Example.org., ns.example.org.",
        ),
        ("EDIT_SOA", 0, "rm @ SOA", "the SOA of example.org cannot be added, removed or moved"),
        ("EDIT_SOA", 0, "add @ SOA ns host 1 2 3 4 5", "the SOA of example.org cannot be added, removed or moved"),
        ("EDIT_SOA", 0, "set a SOA ns host 1 2 3 4 5", "a.example.org is not the apex of its zone example.org"),
        ("EDIT_MOVE", 0, "mv a ns", "ns.example.org has records already: A"),
        ("EDIT_MOVE", 0, "mv a A", "a.example.org and A.example.org are the same name"),
        ("EDIT_MOVE", 0, "mv @ b", "example.org is the apex of its zone"),
    ];
    for (code, edit, orders, what) in table {
        let refusals = make(&placed(orders, &origin())).unwrap_err();
        assert_eq!(refusals.len(), 1, "{orders}");
        let refusal = &refusals[0];
        assert_eq!((refusal.code, refusal.edit, refusal.what.as_str()), (code, edit, what), "{orders}");
        assert!(!refusal.remedy.is_empty());
    }
    let outside = Placed { origin: owner("sub", &origin()), ..placed("set a A 10.0.0.1", &origin()).remove(0) };
    assert_eq!(make(&[outside]).unwrap_err()[0].code, "EDIT_OUT_OF_ZONE");
    let all = make(&placed("rm x\nrm a A 10.0.0.1\nrm y", &origin())).unwrap_err();
    assert_eq!(all.iter().map(|refusal| refusal.edit).collect::<Vec<_>>(), [0, 2]);
}

/// Compare and set: only the exact records pass, in any order, as the edits before left them.
#[test]
fn expectations_hold_exactly() {
    let expecting = |orders: &str, name: &str, rtype: Rtype, data: &[&str]| {
        let mut edits = placed(orders, &origin());
        let data = data.iter().map(|data| parse_data(rtype, data, &origin()).unwrap()).collect();
        let expectation = Expectation { owner: owner(name, &origin()), rtype, data };
        edits.last_mut().unwrap().expects.push(expectation);
        make(&edits).map(|_| ()).map_err(|mut refusals| refusals.remove(0))
    };
    assert_eq!(expecting("rm a A", "a", Rtype::A, &["10.0.0.2", "10.0.0.1"]), Ok(()));
    assert_eq!(expecting("set alias CNAME ns", "alias", Rtype::CNAME, &["a"]), Ok(()));
    assert_eq!(expecting("add new A 10.0.0.1", "new", Rtype::A, &[]), Ok(()));
    assert_eq!(expecting("set a A 10.0.0.5\nset a A 10.0.0.6", "a", Rtype::A, &["10.0.0.5"]), Ok(()));
    let refusal = expecting("rm a A", "a", Rtype::A, &["10.0.0.2"]).unwrap_err();
    assert_eq!(refusal.code, "EDIT_CONFLICT");
    assert_eq!(refusal.what, "a.example.org A is 10.0.0.1, 10.0.0.2 and not 10.0.0.2");
    let refusal = expecting("rm a A", "a", Rtype::AAAA, &["::1"]).unwrap_err();
    assert_eq!(refusal.what, "a.example.org AAAA is nothing and not ::1");
    assert_eq!(expecting("rm a A", "a", Rtype::A, &[]).unwrap_err().code, "EDIT_CONFLICT");
}

/// Zones come in the order in which they were asked for, each once, and names in theirs.
#[test]
fn zones_and_names_come_in_order() {
    let mut edits = placed("add z A 10.0.0.1\nadd a A 10.0.0.1\nadd b A 10.0.0.2\nadd z TXT x", &origin());
    edits[1].horizon = "external".to_owned();
    let data = vec![vec![10, 0, 0, 1]];
    edits[1].edit = RecordEdit::Set { owner: owner("a", &origin()), rtype: Rtype::A, ttl: Some(9), data };
    let zones = make(&edits).unwrap();
    let told: Vec<String> = zones.iter().map(|zone| format!("{} {}", zone.horizon, told(&zone.names))).collect();
    let expected = [
        "internal z.example.org:  => 3600 A 10.0.0.1, 3600 TXT \"x\"\nb.example.org:  => 3600 A 10.0.0.2",
        "external a.example.org:  => 9 A 10.0.0.1",
    ];
    assert_eq!(told, expected);
}
