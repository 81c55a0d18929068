//! Zone text after edits: only the lines that must change do, and new ones stand where a person would look for them.

mod edit_orders;

use edit_orders::{FILE, load, origin, placed};
use horizon_dns::dns::{Name, parse_name};
use horizon_dns::edit::{Hints, NameChange, RewriteError, changes, rewrite, sets_of};
use horizon_dns::zone::{Below, LoadedZone, parse_zone_with};
use std::path::Path;

/// The names that the orders change.
fn names(zone: &LoadedZone, orders: &str, origin: &Name) -> Vec<NameChange> {
    let current = |_: &str, _: &Name, owner: &Name| sets_of(&zone.records, std::slice::from_ref(owner)).remove(0);
    let changes = changes(&placed(orders, origin), &current, &|_, _| 3600);
    let changes = changes.unwrap_or_else(|refusals| panic!("{orders}: {}", refusals[0]));
    changes.into_iter().next().map(|change| change.names).unwrap_or_default()
}

fn hints(zone: &LoadedZone) -> Hints<'_> {
    Hints { records: &zone.records, files: &zone.files, checkpoints: &zone.checkpoints }
}

/// The text after the orders, the same with and without what loading told.
fn edited(text: &str, orders: &str, origin: &Name) -> String {
    let zone = load(text, origin);
    let names = names(&zone, orders, origin);
    let write = |hints| rewrite(text.as_bytes().to_vec(), Path::new(FILE), origin, &names, None, hints).unwrap();
    let (with, without) = (write(Some(hints(&zone))), write(None));
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
        let after = edited(ZONE, orders, &origin());
        assert_eq!(difference(ZONE, &after), expected, "{why}");
    }
}

/// A new name goes where the eye looks for it: orders by number, by text, in blocks; no order, no guess.
#[test]
fn new_names_stand_where_they_are_looked_for() {
    let head = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns.example.net.\n";
    let table = [
        ("by number", "h1 A 10.0.0.1\nh2 A 10.0.0.2\nh10 A 10.0.0.10\nh11 A 10.0.0.11\n", "h3", "h2"),
        ("beyond by number", "h1 A 10.0.0.1\nh2 A 10.0.0.2\nh9 A 10.0.0.9\nq TXT x\n", "h10", "h9"),
        (
            "letter by letter",
            "h1 A 10.0.0.1\nh10 A 10.0.0.2\nh11 A 10.0.0.2\nh2 A 10.0.0.2\nh20 A 10.0.0.2\nh3 A 10.0.0.3\n",
            "h19",
            "h11",
        ),
        ("as text", "a A 10.0.0.1\na.x A 10.0.0.2\nb A 10.0.0.3\nb.a A 10.0.0.2\nc A 10.0.0.2\n", "b.b", "b.a"),
        ("by labels", "a A 10.0.0.1\nz.a A 10.0.0.2\nb A 10.0.0.3\ny.b A 10.0.0.2\nc A 10.0.0.2\n", "x.b", "b"),
        ("no order", "q A 10.0.0.1\nd A 10.0.0.2\nz A 10.0.0.3\na A 10.0.0.2\n; end\n", "e", "a"),
        ("two names are no order", "a A 10.0.0.1\nz A 10.0.0.2\n", "m", "z"),
        (
            "the longer block",
            "z A 10.0.0.1\ny A 10.0.0.1\na A 10.0.0.1\nd A 10.0.0.1\n; more\na1 A 10.0.0.1\nb1 A 10.0.0.1\nc1 A 10.0.0.1\nf1 A 10.0.0.1\n",
            "e",
            "c1",
        ),
    ];
    for (why, body, name, above) in table {
        let after = edited(&format!("{head}{body}"), &format!("add {name} A 192.0.2.1"), &origin());
        let lines: Vec<&str> = after.lines().collect();
        let at = lines.iter().position(|line| line.starts_with(&format!("{name} "))).unwrap();
        assert_eq!(lines[at - 1].split(' ').next(), Some(above), "{why}\n{after}");
    }
    let reverse = parse_name("0.10.in-addr.arpa").unwrap();
    let text = format!(
        "{head}9.0 PTR a.example.org.\n10.0 PTR b.example.org.\n2.1 PTR c.example.org.\n10.1 PTR d.example.org.\n"
    );
    let after = edited(&text, "add 9.1 PTR new.example.org.\nadd 11.0 PTR new.example.org.", &reverse);
    let owners: Vec<&str> = after.lines().skip(3).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(owners, ["9.0", "10.0", "11.0", "2.1", "9.1", "10.1"]);
}

/// Several new names at once stand in order among each other, too.
#[test]
fn new_names_stand_in_order_among_each_other() {
    let text = "$TTL 60\n@ SOA ns host 1 2 3 4 5\nh1 A 10.0.0.1\nh5 A 10.0.0.5\nh20 A 10.0.0.20\n";
    let after = edited(
        text,
        "add h10 A 10.0.0.10\nadd h9 A 10.0.0.9\nadd h30 A 10.0.0.30\nadd h29 A 10.0.0.29\nadd h5 TXT x",
        &origin(),
    );
    let owners: Vec<&str> = after.lines().skip(2).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(owners, ["h1", "h5", "h5", "h9", "h10", "h20", "h29", "h30"]);
}

/// A name that moves without an order to follow stays on its lines, with its comments; the mark does not go along.
#[test]
fn a_move_without_order_stays_in_place() {
    let text = "$TTL 60\n@ SOA ns host 1 2 3 4 5\nzz TXT 1\nprinter A 10.0.0.5 ; floor 2\n  AAAA fd00::5 ; from lxc/7 x\nb TXT 2\n";
    let after = edited(text, "mv printer laser", &origin());
    let expected = text.replace("printer A", "laser A").replace(" ; from lxc/7 x", "");
    assert_eq!(after, expected);
}

/// A set that a person changes is the person's: no line of it carries the generator's mark.
#[test]
fn a_set_that_changes_loses_its_marks() {
    let text = "$TTL 60\n@ SOA ns host 1 2 3 4 5\na A 10.0.0.1 ; from lxc/1 service\na A 10.0.0.2 ; a person's\na AAAA ::1 ; from lxc/1 service\n";
    let added = edited(text, "add a A 10.0.0.3", &origin());
    let expected = text.replacen(" ; from lxc/1 service", "", 1).replace("person's\n", "person's\na A 10.0.0.3\n");
    assert_eq!(added, expected);
    // A TTL may be a person's on a generated record.
    let ttl = edited(text, "set a 60 A 10.0.0.1 | 10.0.0.2", &origin());
    assert_eq!(ttl, text);
    let ttl = edited(text, "set a 61 AAAA ::1", &origin());
    assert_eq!(ttl, text.replace("a AAAA", "a 61 AAAA"));
}

/// What other files and lines write is not changed here, and the error says where it is.
#[test]
fn records_from_elsewhere_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("more.inc"), "; more\nin A 10.0.0.1\n").unwrap();
    let text = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n$INCLUDE more.inc\n$GENERATE 1-3 g$ A 10.0.1.$\nown A 10.0.0.2\n";
    let path = folder.path().join(FILE);
    let zone = parse_zone_with(text.as_bytes(), &path, &origin(), &Below::new(folder.path())).unwrap();
    let table = [
        ("rm in A", "EDIT_INCLUDED", Some(("more.inc", 2)), (FILE, 3)),
        ("rm g2 A", "EDIT_GENERATED", Some((FILE, 4)), (FILE, 3)),
        ("set in A 10.0.0.9", "EDIT_INCLUDED", Some(("more.inc", 2)), (FILE, 3)),
    ];
    for (orders, code, with, without) in table {
        let names = names(&zone, orders, &origin());
        let write = |hints| rewrite(text.as_bytes().to_vec(), &path, &origin(), &names, Some(2), hints).unwrap_err();
        let place = |error: &RewriteError| match error {
            RewriteError::Included { file, line, .. } | RewriteError::Generated { file, line, .. } => {
                (file.file_name().unwrap().to_str().unwrap().to_owned(), *line)
            }
            other => panic!("{other}"),
        };
        let error = write(Some(hints(&zone)));
        assert_eq!(error.code(), code, "{orders}: {error}");
        assert_eq!(Some(place(&error)), with.map(|(file, line)| (file.to_owned(), line)), "{orders}: {error}");
        assert_eq!(place(&write(None)), (without.0.to_owned(), without.1), "{orders}");
    }
    let names = names(&zone, "set own A 10.0.0.3\nadd in TXT x", &origin());
    let after = rewrite(text.as_bytes().to_vec(), &path, &origin(), &names, Some(2), Some(hints(&zone))).unwrap();
    let expected = text.replace("host 1", "host 2").replace("own A 10.0.0.2", "own A 10.0.0.3") + "in 3600 TXT \"x\"\n";
    assert_eq!(String::from_utf8(after).unwrap(), expected);
}

/// A text that somebody changed meanwhile is not overwritten with what was planned for another.
#[test]
fn a_text_that_changed_meanwhile_is_refused() {
    let before = "$TTL 60\n@ SOA ns host 1 2 3 4 5\na A 10.0.0.1\n";
    let zone = load(before, &origin());
    let names = names(&zone, "set a A 10.0.0.3", &origin());
    for now in [before.replace("10.0.0.1", "10.0.0.2"), before.replace("a A 10.0.0.1", "b A 10.0.0.11")] {
        let error =
            rewrite(now.into_bytes(), Path::new(FILE), &origin(), &names, None, Some(hints(&zone))).unwrap_err();
        assert_eq!(error.code(), "EDIT_STALE", "{error}");
    }
}

/// The SOA that serves may have a higher serial than the text; its other fields change all the same.
#[test]
fn a_served_serial_ahead_of_the_text_is_no_hindrance() {
    let text = "$TTL 60\n@ SOA ns host 1 2 3 4 5 ; serial first\na A 10.0.0.1\n";
    let (written, served) = (load(text, &origin()), load(&text.replace("host 1", "host 9"), &origin()));
    let names = names(&served, "set @ SOA ns host 0 2 3 4 6", &origin());
    let hints = Hints { records: &served.records, ..hints(&written) };
    for (serial, shown) in [(Some(10), "10"), (Some(9), "9")] {
        for hints in [Some(hints), None] {
            let after = rewrite(text.as_bytes().to_vec(), Path::new(FILE), &origin(), &names, serial, hints).unwrap();
            let expected = text.replace("host 1 2 3 4 5", &format!("host {shown} 2 3 4 6"));
            assert_eq!(String::from_utf8(after).unwrap(), expected);
        }
    }
}
