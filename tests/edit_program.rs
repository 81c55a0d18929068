//! Promise: editing with `zonectl` shows what it does, does exactly that, can be undone, and says by its exit code what came of it.

mod cli_program;

use cli_program::{Folder, Ran, run};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const INSIDE: &str = "zones/internal/corp.example.zone";
const OUTSIDE: &str = "zones/external/corp.example.zone";
const REVERSE: &str = "zones/internal/0.0.10.in-addr.arpa.zone";

/// Both horizons, a zone that only the inner one has, and a reverse zone.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write(
        INSIDE,
        "; the inner side\n$TTL 300\n@       SOA ns admin 1 3600 600 86400 60\n@       NS  ns\n\nns      A   10.0.0.153\n\
         app     A   10.0.0.12   ; the proxy\nold     A   10.0.0.13\n",
    );
    folder.write(
        REVERSE,
        "$TTL 300\n@ SOA ns.corp.example. admin.corp.example. 1 3600 600 86400 60\n@ NS ns.corp.example.\n",
    );
    folder
}

fn zonectl(folder: &Folder, arguments: &[&str]) -> Ran {
    run(command(folder).args(arguments))
}

fn command(folder: &Folder) -> Command {
    let mut command = folder.command(env!("CARGO_BIN_EXE_zonectl"));
    command.env("USER", "ana").env_remove("SUDO_USER").env("TZ", "UTC");
    command
}

/// Runs `zonectl` at a terminal of its own, with these keys typed.
fn at_terminal(folder: &Folder, arguments: &str, keys: &str) -> Ran {
    let editor = folder.path().join("editor.sh");
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_zonectl"));
    let mut script = folder.command("script");
    script.args(["-qefc", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    script.env("NO_COLOR", "1").env("USER", "ana").env("SHELL", "/bin/sh").env_remove("VISUAL");
    let mut child = script.env("EDITOR", format!("sh {}", editor.display())).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(keys.as_bytes()).unwrap();
    // It stays open: its end would be typed, too.
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    Ran {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).replace('\r', ""),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// The data of a name's records as the server answers a horizon's clients.
fn answers(folder: &Folder, name: &str, rtype: &str, horizon: &str) -> Vec<String> {
    let got = json(&zonectl(folder, &["get", name, rtype, "--horizon", horizon, "-o", "json"]));
    let records = got["horizons"][0]["records"].as_array().unwrap().clone();
    records.iter().map(|record| record["data"].as_str().unwrap().to_owned()).collect()
}

/// The whole way of the worked example: a printer in both directions, a move, its undo, a wrong edit.
#[test]
fn edits_are_shown_made_verified_and_undone() {
    let folder = folder();
    let server = folder.serve();
    let before = folder.read(INSIDE);

    let printer =
        zonectl(&folder, &["set", "printer", "A", "10.0.0.60", "--reverse", "--horizon", "internal", "-m", "room 2"]);
    assert_eq!((printer.exit, printer.stdout.as_str()), (0, "change 1\n"), "{printer:?}");
    for part in [
        "printer.corp.example. A in internal\n  + 300 10.0.0.60\n",
        "60.0.0.10.in-addr.arpa. PTR in internal\n  + 300 printer.corp.example.\n",
        "2 records change",
        "verified on the wire, served after ",
    ] {
        assert!(printer.stderr.contains(part), "{part}: {}", printer.stderr);
    }
    assert_eq!(answers(&folder, "10.0.0.60", "PTR", "internal"), ["printer.corp.example."]);
    assert_eq!(answers(&folder, "printer.corp.example.", "A", "external"), [""; 0], "only where it was meant");

    let moved = zonectl(&folder, &["mv", "printer", "laser", "--keep-cname"]);
    assert_eq!(moved.exit, 0, "{moved:?}");
    assert!(moved.stderr.contains("nobody asked anything"), "the server's own look is no client's: {moved:?}");
    assert_eq!(answers(&folder, "10.0.0.60", "PTR", "internal"), ["laser.corp.example."], "it went along");
    assert_eq!(answers(&folder, "printer", "A", "internal"), ["laser.corp.example.", "10.0.0.60"]);

    let depends = zonectl(&folder, &["undo", "1"]);
    assert!(depends.exit == 4 && depends.stderr.contains("the later change 2"), "{depends:?}");
    for id in ["2", "1"] {
        assert_eq!(zonectl(&folder, &["undo", id]).exit, 0, "{id}");
    }
    let serial = |text: &str| text.replace("admin 5 ", "admin 1 ");
    assert_eq!(serial(&folder.read(INSIDE)), before, "every octet but the serial");

    let wrong = zonectl(&folder, &["add", "old", "CNAME", "app"]);
    assert_eq!((wrong.exit, wrong.stdout.as_str()), (3, ""), "{wrong:?}");
    assert!(wrong.stderr.contains("old.corp.example has A; a CNAME cannot stand beside that"), "{wrong:?}");
    assert_eq!(serial(&folder.read(INSIDE)), before);

    let same = zonectl(&folder, &["set", "old", "A", "10.0.0.13"]);
    assert_eq!((same.exit, same.stdout.as_str()), (0, ""), "{same:?}");
    assert!(same.stderr.contains("nothing to change"), "{same:?}");

    let log = zonectl(&folder, &["log"]);
    let rows: Vec<&str> = log.stdout.lines().collect();
    assert_eq!(rows.len(), 5, "{log:?}");
    assert!(rows[0].starts_with("ID  WHEN") && rows[1].starts_with("4 ") && rows[1].contains("undoes 1"), "{log:?}");
    assert!(rows[4].contains("UTC") && rows[4].contains("ana@") && rows[4].ends_with("room 2"), "{log:?}");
    let since = json(&zonectl(&folder, &["log", "--since", "3", "-o", "json"]));
    assert_eq!(since["changes"].as_array().unwrap().len(), 2);
    assert!(zonectl(&folder, &["log", "--zone", "corp.example", "-o", "wide"]).stdout.contains("  + 300 10.0.0.60\n"));
    drop(server);
}

/// A script knows from the exit code whether it was done, pending, refused by a check or by somebody who came between.
#[test]
fn exit_codes_of_edits_are_fixed() {
    let folder = folder();
    let server = folder.serve();
    // Arguments; exit code; what stderr holds.
    let table: [(&str, &[&str], i32, &str); 18] = [
        ("in both horizons", &["set", "app", "A", "10.0.0.9"], 1, "--horizon NAME"),
        ("the choices are printed", &["set", "app", "A", "10.0.0.9"], 1, "--all-horizons`\n  internal\n  external\n"),
        ("only shown", &["set", "old", "A", "10.0.0.9", "-n"], 2, "  - 300 10.0.0.13\n  + 300 10.0.0.9\n"),
        ("not what it was", &["set", "old", "A", "10.0.0.9", "--if", "A 10.0.0.8"], 4, "10.0.0.13"),
        ("what it was", &["set", "old", "A", "10.0.0.9", "--if", "A 10.0.0.13"], 0, "verified"),
        ("no data", &["set", "old", "A", "10.0.0.999"], 1, "10.0.0.999"),
        ("a private address outside", &["add", "old", "A", "10.0.0.7", "--horizon", "external"], 3, "PRIVATE"),
        ("doubtful, and nobody to ask", &["set", "old", "MX", "10", "nowhere"], 3, "--yes"),
        ("doubtful, and meant", &["set", "old", "MX", "10", "nowhere", "--yes"], 0, "change"),
        ("not there", &["rm", "old", "A", "10.0.0.77"], 1, "10.0.0.77"),
        ("no such change", &["undo", "99"], 1, "99"),
        ("nothing waits", &["confirm"], 1, "confirm"),
        ("no zone", &["set", "app.example.org.", "A", "10.0.0.9"], 1, "app.example.org. lies in no zone"),
        ("nothing to apply", &["apply"], 1, "zone files with `-f`"),
        ("nothing there", &["plan", "-f", "nothing"], 1, "nothing: there is no such file"),
        ("no such past", &["export", "corp.example", "--horizon", "internal", "--at", "99"], 1, "no change 99"),
        ("nothing to compare with", &["diff", "--since", "99"], 1, "zonectl: there is no change 99"),
        ("no history so old", &["diff", "--since", "1d"], 1, "reaches back to"),
    ];
    for (why, arguments, exit, part) in table {
        let ran = zonectl(&folder, arguments);
        assert_eq!(ran.exit, exit, "{why}: {ran:?}");
        assert!(ran.stderr.contains(part), "{why}: {ran:?}");
        assert_eq!(ran.stdout.is_empty(), exit != 0, "{why}: only a change that was made is data: {ran:?}");
    }
    drop(server);
}

/// Long text is split, both horizons change as one, and JSON says all of it.
#[test]
fn texts_are_split_and_horizons_change_together() {
    let folder = folder();
    let server = folder.serve();
    let long = "k=".to_owned() + &"x".repeat(600);
    let ran = zonectl(&folder, &["set", "app", "TXT", &long, "--all-horizons", "-o", "json", "--ttl", "1h"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let answer = json(&ran);
    assert_eq!((answer["id"].as_u64(), answer["verified"].as_bool()), (Some(1), Some(true)));
    let horizons: Vec<_> = answer["sets"].as_array().unwrap().iter().map(|set| set["horizon"].clone()).collect();
    assert_eq!(horizons, ["internal", "external"]);
    let text = &answers(&folder, "app", "TXT", "external")[0];
    let strings: Vec<usize> = text.trim_matches('"').split("\" \"").map(str::len).collect();
    assert_eq!(strings, [255, 255, 92]);
    for file in [INSIDE, OUTSIDE] {
        assert!(folder.read(file).contains("3600"), "{file}: {}", folder.read(file));
    }
    let exported = zonectl(&folder, &["export", "corp.example", "--horizon", "external", "--at", "1"]);
    assert_eq!(exported.stdout, folder.read(OUTSIDE));
    assert_eq!(zonectl(&folder, &["undo", "1"]).exit, 0);
    assert_eq!(answers(&folder, "app", "TXT", "internal"), [""; 0]);
    assert_eq!(answers(&folder, "app", "TXT", "external"), [""; 0]);
    drop(server);
}

/// Several edits wait in a draft and become one change, or none.
#[test]
fn a_draft_becomes_one_change_or_none() {
    let folder = folder();
    let server = folder.serve();
    let before = folder.files();
    let zones = |files: Vec<(String, Vec<u8>)>| {
        files.into_iter().filter(|(name, _)| name.ends_with(".zone")).collect::<Vec<_>>()
    };
    assert_eq!(zonectl(&folder, &["diff"]).exit, 1, "there is none yet");
    assert_eq!(zonectl(&folder, &["begin"]).exit, 0);
    assert_eq!(zonectl(&folder, &["begin"]).exit, 1, "one at a time");
    for edit in [
        &["set", "new", "A", "10.0.0.70", "--horizon", "internal"][..],
        &["add", "new", "TXT", "two words"],
        &["rm", "old", "--all"],
    ] {
        let ran = zonectl(&folder, edit);
        assert_eq!(ran.exit, 0, "{edit:?}: {ran:?}");
        assert!(ran.stderr.contains("added to your draft") && ran.stderr.contains("new.corp.example. A"), "{ran:?}");
    }
    let diff = zonectl(&folder, &["diff"]);
    for part in ["+ 300 10.0.0.70", "+ 300 \"two words\"", "- 300 10.0.0.13", "3 records change"] {
        assert!(diff.stdout.contains(part), "{part}: {diff:?}");
    }
    assert_eq!(zones(folder.files()), zones(before), "nothing is changed before the commit");
    let ran = zonectl(&folder, &["commit", "-m", "all at once"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "change 1\n"), "{ran:?}");
    assert_eq!(answers(&folder, "new", "TXT", "internal"), ["\"two words\""]);
    assert_eq!(zonectl(&folder, &["commit"]).exit, 1, "the draft is closed");

    assert_eq!(zonectl(&folder, &["begin"]).exit, 0);
    assert_eq!(zonectl(&folder, &["rm", "new", "--all"]).exit, 0);
    assert_eq!(zonectl(&folder, &["abort"]).exit, 0);
    assert_eq!(answers(&folder, "new", "A", "internal"), ["10.0.0.70"]);
    drop(server);
}

/// What an edit in a draft was shown to mean, it means at the commit, whatever came to be or went meanwhile.
#[test]
fn a_draft_keeps_the_names_that_it_showed() {
    let folder = folder();
    let server = folder.serve();
    assert_eq!(zonectl(&folder, &["begin"]).exit, 0);
    assert_eq!(zonectl(&folder, &["diff"]).stderr.lines().next().map(|line| line.contains("is empty")), Some(true));
    // Only the inner horizon has the name.
    assert_eq!(zonectl(&folder, &["add", "old", "TXT", "kept"]).exit, 0);
    assert_eq!(zonectl(&folder, &["mv", "old", "older"]).exit, 0);
    let text = folder.read(OUTSIDE) + "old A 192.0.2.9\n";
    folder.write("mine/external/corp.example.zone", &text);
    assert_eq!(zonectl(&folder, &["apply", "-f", "mine"]).exit, 0);
    let ran = zonectl(&folder, &["commit"]);
    assert!(ran.exit == 3 && ran.stderr.contains("NAME_HIDDEN old.corp.example"), "the outer one has it now: {ran:?}");
    let ran = zonectl(&folder, &["commit", "--yes"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert_eq!(answers(&folder, "older.corp.example.", "TXT", "internal"), ["\"kept\""]);
    assert_eq!(answers(&folder, "old.corp.example.", "A", "external"), ["192.0.2.9"]);
    drop(server);
}

/// A zone that a horizon does not have begins with its first import, and goes with the undo of that.
#[test]
fn a_zone_begins_with_its_import() {
    let folder = folder();
    let server = folder.serve();
    let text = "$TTL 300\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\n";
    folder.write("lab.example.zone", text);
    let import = |arguments: &[&str]| zonectl(&folder, &[&["import"], arguments].concat());
    let nowhere = import(&["lab.example.zone"]);
    assert!(nowhere.exit == 1 && nowhere.stderr.contains("--horizon NAME"), "{nowhere:?}");
    let astray = import(&["lab.example.zone", "--horizon", "internl"]);
    assert!(astray.exit == 1 && astray.stderr.contains("did you mean `internal`?"), "{astray:?}");
    for (part, why) in [("@ SOA", "has no SOA record"), ("@ NS", "NO_APEX_NS")] {
        let lines = text.lines().filter(|line| !line.starts_with(part));
        folder.write("bare.zone", &(lines.collect::<Vec<_>>().join("\n") + "\n"));
        let bare = import(&["bare.zone", "--zone", "lab.example", "--horizon", "internal"]);
        assert!(bare.exit == 3 && bare.stderr.contains(why), "{bare:?}");
    }
    let file = folder.path().join("zones/internal/lab.example.zone");
    assert!(!file.exists());
    let made = import(&["lab.example.zone", "--horizon", "internal"]);
    assert_eq!((made.exit, made.stdout.as_str()), (0, "change 1\n"), "{made:?}");
    assert_eq!(folder.read("zones/internal/lab.example.zone"), text);
    assert_eq!(answers(&folder, "ns.lab.example.", "A", "internal"), ["10.0.0.153"]);
    assert_eq!(zonectl(&folder, &["undo", "1"]).exit, 0);
    assert!(!file.exists());
    drop(server);
}

/// What an editor did to a zone file is in the history with its lines, before any other edit follows.
#[test]
fn edits_beside_the_server_are_in_the_log() {
    let folder = folder();
    let server = folder.serve();
    assert_eq!(zonectl(&folder, &["set", "old", "A", "10.0.0.14"]).exit, 0);
    folder.write(INSIDE, &folder.read(INSIDE).replace("10.0.0.14", "10.0.0.15"));
    let log = zonectl(&folder, &["log", "--since", "2"]);
    let row = log.stdout.lines().nth(1).unwrap_or_default();
    assert!(row.contains("beside the server") && row.contains("internal"), "{log:?}");
    assert!(row.contains("a zone file was edited: 1 line went, 1 came"), "{log:?}");
    let wide = zonectl(&folder, &["log", "-o", "wide", "--since", "2"]);
    assert!(wide.stdout.contains("\n-old     A   10.0.0.14\n+old     A   10.0.0.15\n"), "{wide:?}");
    assert_eq!(zonectl(&folder, &["log"]).stdout.lines().count(), 3, "noted once");
    assert_eq!(zonectl(&folder, &["undo", "2"]).exit, 0);
    assert_eq!(answers(&folder, "old", "A", "internal"), ["10.0.0.14"]);
    drop(server);
}

/// A kept plan is made exactly, or not at all when somebody came between.
#[test]
fn a_plan_is_made_exactly_or_not_at_all() {
    let folder = folder();
    let server = folder.serve();
    let text = folder.read(INSIDE);
    folder.write("mine/internal/corp.example.zone", &text.replace("10.0.0.13", "10.0.0.14"));
    let plan = |file: &str| zonectl(&folder, &["plan", "-f", "mine", "--out", file]);
    let planned = plan("plan.json");
    assert_eq!(planned.exit, 2, "{planned:?}");
    assert!(
        planned.stdout.contains("old.corp.example. A in internal\n  - 300 10.0.0.13\n  + 300 10.0.0.14\n"),
        "{planned:?}"
    );
    assert_eq!(zonectl(&folder, &["set", "old", "A", "10.0.0.15"]).exit, 0);
    let moved = zonectl(&folder, &["apply", "plan.json"]);
    assert_eq!(moved.exit, 4, "{moved:?}");
    assert_eq!(answers(&folder, "old", "A", "internal"), ["10.0.0.15"]);
    assert_eq!(plan("plan.json").exit, 2);
    let made = zonectl(&folder, &["apply", "plan.json", "-m", "as reviewed"]);
    assert_eq!((made.exit, made.stdout.as_str()), (0, "change 2\n"), "{made:?}");
    assert!(made.stderr.contains("planned by ana"), "{made:?}");
    assert_eq!(answers(&folder, "old", "A", "internal"), ["10.0.0.14"]);
    let again = zonectl(&folder, &["plan", "-f", "mine/internal/corp.example.zone"]);
    assert_eq!(again.exit, 0, "{again:?}");

    folder.write("other.zone", &text.replace("10.0.0.13", "10.0.0.16"));
    let import = zonectl(&folder, &["import", "other.zone", "--zone", "corp.example", "--horizon", "internal"]);
    assert_eq!((import.exit, import.stdout.as_str()), (0, "change 3\n"), "{import:?}");
    assert_eq!(answers(&folder, "old", "A", "internal"), ["10.0.0.16"]);
    let broken = zonectl(&folder, &["apply", "-f", "other.zone"]);
    assert_eq!(broken.exit, 1, "a folder that is no horizon: {broken:?}");
    drop(server);
}

/// The same edits work on the files when no server runs; they only cannot be seen on the wire.
#[test]
fn edits_work_without_a_server() {
    let folder = folder();
    let ran = zonectl(&folder, &["set", "old", "A", "10.0.0.99", "-m", "nobody home"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "change 1\n"), "{ran:?}");
    assert_eq!(ran.stderr.matches("no server at").count(), 1, "{ran:?}");
    assert!(ran.stderr.contains("not verified on the wire"), "{ran:?}");
    assert!(folder.read(INSIDE).contains("old     A   10.0.0.99\n"), "{}", folder.read(INSIDE));
    assert!(zonectl(&folder, &["log"]).stdout.contains("nobody home"));
    assert_eq!(zonectl(&folder, &["undo", "1", "--offline"]).exit, 0);
    assert!(folder.read(INSIDE).contains("old     A   10.0.0.13\n"));
}

/// Nothing that was written in an editor is lost or overwrites what somebody else wrote meanwhile.
#[test]
fn an_editor_never_overwrites_what_came_between() {
    let folder = folder();
    let server = folder.serve();
    let zonectl_path = env!("CARGO_BIN_EXE_zonectl");
    folder.write(
        "editor.sh",
        &format!(
            "{zonectl_path} set old A 10.0.0.50 >/dev/null 2>&1 || exit 9\nsed -i s/10.0.0.13/10.0.0.30/ \"$1\"\n"
        ),
    );
    let edit = |editor: &str| {
        let arguments = ["edit", "corp.example", "--horizon", "internal"];
        run(command(&folder).args(arguments).env("VISUAL", format!("sh {}/{editor}", folder.path().display())))
    };
    let late = edit("editor.sh");
    assert_eq!((late.exit, late.stdout.as_str()), (4, ""), "{late:?}");
    let kept = late.stderr.lines().find_map(|line| line.strip_prefix("what you wrote is in ")).unwrap();
    assert!(std::fs::read_to_string(kept).unwrap().contains("10.0.0.30"));
    std::fs::remove_dir_all(std::path::Path::new(kept).parent().unwrap()).unwrap();
    assert_eq!(answers(&folder, "old", "A", "internal"), ["10.0.0.50"]);

    folder.write("well.sh", "sed -i 's/10.0.0.50/10.0.0.51/; s/inner side/inner side of it/' \"$1\"\n");
    let well = edit("well.sh");
    assert_eq!((well.exit, well.stdout.as_str()), (0, "change 2\n"), "{well:?}");
    assert!(folder.read(INSIDE).starts_with("; the inner side of it\n"));
    folder.write("comment.sh", "echo '; the end' >> \"$1\"\n");
    let comment = edit("comment.sh");
    assert!(comment.exit == 0 && comment.stderr.contains("written; clients get what they got before"), "{comment:?}");
    folder.write("bare.sh", "sed -i /SOA/d \"$1\"\n");
    let bare = edit("bare.sh");
    assert!(bare.exit == 3 && bare.stderr.contains("has no SOA record"), "{bare:?}");
    let kept = bare.stderr.lines().find_map(|line| line.strip_prefix("what you wrote is in ")).unwrap();
    std::fs::remove_dir_all(std::path::Path::new(kept).parent().unwrap()).unwrap();
    folder.write("nothing.sh", "true\n");
    let nothing = edit("nothing.sh");
    assert!(nothing.exit == 0 && nothing.stderr.contains("nothing to change"), "{nothing:?}");
    folder.write("fails.sh", "exit 3\n");
    assert_eq!(edit("fails.sh").exit, 1);
    drop(server);
}

/// A change that nobody confirms is taken back; one that is confirmed stays.
#[test]
fn unconfirmed_changes_are_taken_back() {
    let folder = folder();
    let server = folder.serve();
    let ran = zonectl(&folder, &["set", "old", "A", "10.0.0.50", "--confirm", "1h"]);
    assert!(ran.exit == 0 && ran.stderr.contains("unless you say `zonectl confirm 1`"), "{ran:?}");
    let over = zonectl(&folder, &["set", "old", "A", "10.0.0.52"]);
    assert!(over.exit == 3 && over.stderr.contains("say `zonectl confirm 1` or `zonectl undo 1` first"), "{over:?}");
    let kept = zonectl(&folder, &["confirm"]);
    assert_eq!((kept.exit, kept.stdout.as_str()), (0, "change 1\n"), "{kept:?}");
    assert_eq!(zonectl(&folder, &["set", "old", "A", "10.0.0.51", "--confirm", "1"]).exit, 0);
    let begun = Instant::now();
    while answers(&folder, "old", "A", "internal") != ["10.0.0.50"] {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", zonectl(&folder, &["log"]));
    }
    let log = zonectl(&folder, &["log"]);
    assert!(log.stdout.contains("undoes 2") && log.stdout.contains("undone by 3"), "{log:?}");
    drop(server);
}

/// At a terminal doubtful edits are asked about, and an editor's text goes live only after a yes and is never lost.
#[test]
fn people_are_asked_at_a_terminal() {
    let folder = folder();
    let server = folder.serve();
    let no = at_terminal(&folder, "set old MX 10 nowhere", "n\n");
    assert!(no.exit == 3 && no.stdout.contains("apply? [y/N]") && no.stdout.contains("nothing was changed"), "{no:?}");
    let yes = at_terminal(&folder, "set old MX 10 nowhere", "y\n");
    assert!(yes.exit == 0 && yes.stdout.contains("change 1\n"), "{yes:?}");

    // The first time the editor makes a mistake, the second time it mends it.
    folder.write(
        "editor.sh",
        "if grep -q 10.0.0.300 \"$1\"; then sed -i s/10.0.0.300/10.0.0.30/ \"$1\"; else sed -i s/10.0.0.13/10.0.0.300/ \"$1\"; fi\n",
    );
    let edit = "--horizon internal edit corp.example";
    let quit = at_terminal(&folder, edit, "q\n");
    assert!(quit.exit == 2 && quit.stdout.contains("what you wrote is in "), "{quit:?}");
    let kept = quit.stdout.lines().find_map(|line| line.strip_prefix("what you wrote is in ")).unwrap().trim();
    assert!(std::fs::read_to_string(kept).unwrap().contains("10.0.0.300"), "{quit:?}");
    std::fs::remove_dir_all(std::path::Path::new(kept).parent().unwrap()).unwrap();
    assert_eq!(answers(&folder, "old", "A", "internal"), ["10.0.0.13"]);

    let applied = at_terminal(&folder, edit, "e\na\n");
    assert!(applied.exit == 0 && applied.stdout.contains("change 2\n"), "{applied:?}");
    assert!(applied.stdout.contains("[e]dit again, [q]uit?") && applied.stdout.contains("[a]pply"), "{applied:?}");
    assert_eq!(answers(&folder, "old", "A", "internal"), ["10.0.0.30"]);
    drop(server);
}

/// A person's record stands in place of a generated one until it is removed; both are shown, and nobody edits the generated one.
#[test]
fn a_persons_record_wins_until_it_is_removed() {
    let folder = Folder::with_inventory(3);
    let server = folder.serve();
    let refused = zonectl(&folder, &["rm", "g1", "A", "10.0.0.2", "--horizon", "internal"]);
    assert_eq!(refused.exit, 1, "{refused:?}");
    assert!(refused.stderr.contains("lxc/201") && refused.stderr.contains("zonectl set"), "{refused:?}");
    let set = zonectl(&folder, &["set", "g1", "A", "10.0.0.99", "--horizon", "internal", "-m", "for now"]);
    assert_eq!(set.exit, 0, "{set:?}");
    assert!(set.stderr.contains("takes the place of the generated one from lxc/201"), "{set:?}");
    assert_eq!(answers(&folder, "g1", "A", "internal"), ["10.0.0.99"]);
    let both = zonectl(&folder, &["get", "g1", "-o", "wide", "--horizon", "internal"]);
    assert!(
        both.stdout.contains("10.0.0.99") && both.stdout.contains("in place of A 10.0.0.2 from lxc/201"),
        "{both:?}"
    );
    let back = zonectl(&folder, &["rm", "g1", "A", "10.0.0.99", "--horizon", "internal"]);
    assert_eq!(back.exit, 0, "{back:?}");
    assert_eq!(answers(&folder, "g1", "A", "internal"), ["10.0.0.2"], "the inventory counts again");
    drop(server);
}
