//! Zone text after edits: only the lines that must change do, and new ones stand where a person would look for them.

use horizon_dns::dns::{Name, Rtype, parse_data, parse_name, parse_rtype};
use horizon_dns::edit::{Expectation, Hints, Placed, RecordEdit, RewriteError, changes, rewrite, sets_of};
use horizon_dns::zone::{LoadedZone, parse_zone};
use std::path::Path;

const FILE: &str = "example.org.zone";

fn origin() -> Name {
    parse_name("example.org").unwrap()
}

fn load(text: &str, origin: &Name) -> LoadedZone {
    match parse_zone(text.as_bytes(), Path::new(FILE), origin) {
        Ok(zone) => zone,
        Err(findings) => panic!("{}\n{text}", findings[0]),
    }
}

fn owner(text: &str, origin: &Name) -> Name {
    let text = text.trim_end_matches('.');
    parse_name(&if text == "@" { origin.to_string() } else { format!("{text}.{origin}") }).unwrap()
}

/// One edit a line: `set OWNER [TTL] TYPE DATA | DATA`, `add ...`, `rm OWNER [TYPE [DATA]]`, `mv OLD NEW [keep]`.
fn placed(orders: &str, origin: &Name) -> Vec<Placed> {
    let lines = orders.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| Placed {
            horizon: "internal".into(),
            origin: origin.clone(),
            edit: edit(line, origin),
            expects: Vec::new(),
        })
        .collect()
}

fn edit(line: &str, origin: &Name) -> RecordEdit {
    let mut words = line.splitn(3, ' ');
    let (verb, name) = (words.next().unwrap(), words.next().unwrap());
    let rest = words.next().unwrap_or("");
    let name = owner(name, origin);
    if verb == "mv" {
        let (to, keep) = rest.split_once(' ').map_or((rest, false), |(to, _)| (to, true));
        return RecordEdit::Move { from: name, to: owner(to, origin), keep_cname: keep };
    }
    let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
    let ttl: Option<u32> = first.parse().ok();
    let (rtype, data) = if ttl.is_some() { after.split_once(' ').unwrap() } else { (first, after) };
    let rtype = parse_rtype(rtype.as_bytes());
    let data: Vec<Vec<u8>> = data
        .split(" | ")
        .filter(|data| !data.is_empty())
        .map(|data| parse_data(rtype.unwrap(), data, origin).unwrap())
        .collect();
    match verb {
        "set" => RecordEdit::Set { owner: name, rtype: rtype.unwrap(), ttl, data },
        "add" => RecordEdit::Add { owner: name, rtype: rtype.unwrap(), ttl, data },
        "rm" => RecordEdit::Remove { owner: name, rtype, data: data.into_iter().next() },
        _ => panic!("{line}"),
    }
}

/// The text after the orders, the same with and without what loading told.
fn edited(text: &str, orders: &str, serial: Option<u32>, origin: &Name) -> String {
    let zone = load(text, origin);
    let current = |_: &str, _: &Name, owner: &Name| sets_of(&zone.records, std::slice::from_ref(owner)).remove(0);
    let changes =
        changes(&placed(orders, origin), &current, &|_, _| 3600).unwrap_or_else(|refusals| panic!("{}", refusals[0]));
    let names = changes.into_iter().next().map(|change| change.names).unwrap_or_default();
    let hints = Hints { records: &zone.records, files: &zone.files, checkpoints: &zone.checkpoints };
    let write = |hints| rewrite(text.as_bytes().to_vec(), Path::new(FILE), origin, &names, serial, hints);
    let (with, without) = (write(Some(hints)).unwrap(), write(None).unwrap());
    assert_eq!(String::from_utf8_lossy(&with), String::from_utf8_lossy(&without), "{orders}");
    String::from_utf8(with).unwrap()
}

/// The lines that differ, as `-old` and `+new`; both texts are otherwise the same, in the same order.
fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut table = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for left in (0..old.len()).rev() {
        for right in (0..new.len()).rev() {
            table[left][right] = if old[left] == new[right] {
                table[left + 1][right + 1] + 1
            } else {
                table[left + 1][right].max(table[left][right + 1])
            };
        }
    }
    let (mut left, mut right, mut out) = (0, 0, String::new());
    while left < old.len() || right < new.len() {
        if left < old.len() && right < new.len() && old[left] == new[right] {
            (left, right) = (left + 1, right + 1);
        } else if right == new.len() || (left < old.len() && table[left + 1][right] >= table[left][right + 1]) {
            out.push_str(&format!("-{}", old[left]));
            left += 1;
        } else {
            let above = right.checked_sub(1).map_or("", |above| new[above].split(' ').next().unwrap_or(""));
            out.push_str(&format!("+[{}] {}", above.trim_end(), new[right]));
            right += 1;
        }
    }
    out
}

const ZONE: &str = "\
$TTL 1h
@       IN SOA ns hostmaster ( 7 ; serial
                1h 15m 1w 1h )
        IN NS  ns

; machines
alpha   IN A   10.0.0.1    ; first
bravo   IN A   10.0.0.2    ; from lxc/103 service
        IN AAAA fd00::2    ; by hand
charlie IN A   10.0.0.3
charlie IN A   10.0.0.33
ns      IN A   10.0.0.53
zulu    IN TXT \"last one\"
; the end
";

/// Each edit changes the lines that it must, and no other.
#[test]
fn edits_change_the_fewest_lines() {
    let table = [
        (
            "a changed record keeps its comment",
            "set alpha A 10.0.0.9",
            "-alpha   IN A   10.0.0.1    ; first\n+[;] alpha   IN A   10.0.0.9    ; first\n",
        ),
        (
            "the generator's mark goes, its columns stay",
            "set bravo A 10.0.0.9",
            "-bravo   IN A   10.0.0.2    ; from lxc/103 service\n+[alpha] bravo   IN A   10.0.0.9\n",
        ),
        (
            "a heir gets its owner",
            "rm bravo A",
            "-bravo   IN A   10.0.0.2    ; from lxc/103 service\n-        IN AAAA fd00::2    ; by hand\n+[alpha] bravo   IN AAAA fd00::2    ; by hand\n",
        ),
        ("one of two", "rm charlie A 10.0.0.3", "-charlie IN A   10.0.0.3\n"),
        (
            "one of two changes",
            "set charlie A 10.0.0.33 | 10.0.0.34",
            "-charlie IN A   10.0.0.3\n+[] charlie IN A   10.0.0.34\n",
        ),
        ("behind its set", "add charlie A 10.0.0.34", "+[charlie] charlie IN A   10.0.0.34\n"),
        ("beside a heir as a heir", "add bravo TXT x", "+[]         IN TXT  \"x\"\n"),
        ("among neighbours in order", "add delta A 10.0.0.4", "+[charlie] delta   IN A   10.0.0.4\n"),
        ("before the first", "add aa A 10.0.0.4", "+[;] aa      IN A   10.0.0.4\n"),
        ("behind the last, before the end", "add zz A 10.0.0.4", "+[zulu] zz      IN A   10.0.0.4\n"),
        (
            "a TTL is for the set",
            "set charlie 60 A 10.0.0.3 | 10.0.0.33",
            "-charlie IN A   10.0.0.3\n-charlie IN A   10.0.0.33\n+[] charlie 60 IN A   10.0.0.3\n+[charlie] charlie 60 IN A   10.0.0.33\n",
        ),
        (
            "an alias in the place of addresses",
            "rm charlie\nset charlie CNAME alpha",
            "-charlie IN A   10.0.0.3\n-charlie IN A   10.0.0.33\n+[] charlie IN CNAME alpha.example.org.\n",
        ),
        ("nothing at all", "set charlie A 10.0.0.33 | 10.0.0.3", ""),
        (
            "the SOA in its lines",
            "set @ SOA ns2 hostmaster 99 1h 15m 1w 1h",
            "-@       IN SOA ns hostmaster ( 7 ; serial\n+[$TTL] @       IN SOA ns2.example.org. hostmaster ( 7 ; serial\n",
        ),
        (
            "a move takes the comment along",
            "mv alpha echo",
            "-alpha   IN A   10.0.0.1    ; first\n+[charlie] echo    IN A   10.0.0.1 ; first\n",
        ),
        (
            "a move with an alias",
            "mv alpha echo keep",
            "-alpha   IN A   10.0.0.1    ; first\n+[;] alpha   IN CNAME echo.example.org.\n+[charlie] echo    IN A   10.0.0.1 ; first\n",
        ),
    ];
    for (why, orders, expected) in table {
        let after = edited(ZONE, orders, None, &origin());
        assert_eq!(difference(ZONE, &after), expected, "{why}");
    }
}
